//! The shapes that Sigma's keys ask for: texts, lists of texts, mappings; everything else is
//! reported with what was expected and what was found.
//!
//! `rules: a` and `rules: [a, b]` → one and two texts; `rules: {a: b}` → E0110.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, nearest};
use crate::source::{Span, Spanned};
use crate::yaml::{Kind, Node, Places, limits};

/// Reads nodes and collects what is wrong with them.
pub(super) struct Reader<'a> {
    text: &'a str,
    diagnostics: &'a mut Diagnostics,
    errors: usize,
    warnings: usize,
}

impl<'a> Reader<'a> {
    /// A reader of nodes of this text.
    pub(super) fn new(text: &'a str, diagnostics: &'a mut Diagnostics) -> Self {
        Self { text, diagnostics, errors: 0, warnings: 0 }
    }

    /// Adds a finding, unless the file has too many already.
    pub(super) fn report(&mut self, finding: Diagnostic) {
        let count = match finding.severity() {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count <= limits::FINDINGS {
            self.diagnostics.push(finding);
        }
    }

    /// Reads a scalar by a grammar of its own and adds what it finds.
    pub(super) fn within<T>(&mut self, grammar: impl FnOnce(&mut Diagnostics) -> T) -> T {
        let mut found = Diagnostics::default();
        let read = grammar(&mut found);
        found.into_iter().for_each(|finding| self.report(finding));
        read
    }

    /// The number of errors so far, reported or not.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// Where the text of a scalar stands.
    pub(super) fn places(&self, scalar: &Node) -> Places {
        Places::of(scalar, self.text)
    }

    /// Reports a required key that is not there.
    pub(super) fn missing(&mut self, at: Span, key: &str, help: &str) {
        let message = format!("the key `{key}` is missing");
        self.report(Diagnostic::new(Code::MissingKey, at, message).help(help));
    }

    /// Reports another shape than expected.
    pub(super) fn wrong(&mut self, key: &Node, value: &Node, expected: &str) {
        let key = key.text().unwrap_or("…");
        let message = format!("`{key}` must be {expected}, found {}", value.describe());
        self.report(Diagnostic::new(Code::WrongShape, value.span, message));
    }

    /// Reports a list, map or text without content.
    pub(super) fn empty(&mut self, key: &Node, value: &Node, help: &str) {
        let key = key.text().unwrap_or("…");
        let message = format!("`{key}` is empty");
        self.report(Diagnostic::new(Code::EmptyValue, value.span, message).help(help));
    }

    /// The text of an optional key; absent if it is null.
    pub(super) fn text(&mut self, owner: &Node, key: &str) -> Option<Spanned<String>> {
        let (key, value) = owner.entry(key)?;
        if value.is_null() {
            return None;
        }
        let text = value.spanned_text();
        if text.is_none() {
            self.wrong(key, value, "text");
        }
        text
    }

    /// The texts of an optional key: one, or a list of them.
    pub(super) fn texts(&mut self, owner: &Node, key: &str) -> Vec<Spanned<String>> {
        match owner.entry(key) {
            Some((_, value)) if value.is_null() => Vec::new(),
            Some((key, value)) => self.each_text(key, value),
            None => Vec::new(),
        }
    }

    /// The texts of a key that must hold at least one.
    pub(super) fn some_texts(&mut self, key: &Node, value: &Node) -> Vec<Spanned<String>> {
        let nothing = value.is_null() || value.items().is_some_and(<[Node]>::is_empty);
        if nothing {
            self.empty(key, value, "name at least one");
            return Vec::new();
        }
        self.each_text(key, value)
    }

    fn each_text(&mut self, key: &Node, value: &Node) -> Vec<Spanned<String>> {
        let single = std::slice::from_ref(value);
        let mut texts = Vec::new();
        for entry in value.items().unwrap_or(single) {
            match entry.spanned_text() {
                Some(text) => texts.push(text),
                None => self.wrong(key, entry, "text or a list of texts"),
            }
        }
        texts
    }

    /// The pairs of a mapping that must hold at least one.
    pub(super) fn mapping<'n>(
        &mut self,
        key: &Node,
        value: &'n Node,
    ) -> Option<&'n [(Node, Node)]> {
        match value.pairs() {
            Some([]) => self.empty(key, value, "give it at least one key, or remove it"),
            Some(pairs) => return Some(pairs),
            None if value.is_null() => {
                self.empty(key, value, "its keys must be indented more than itself");
            }
            None => self.wrong(key, value, "a mapping"),
        }
        None
    }

    /// Refuses keys that are none of these, where a key decides what the rule means. Where the
    /// specification allows further keys, only those are refused that look like a known one.
    pub(super) fn known_parts(
        &mut self,
        owner: &Node,
        within: &str,
        known: &[&str],
        others: Others,
    ) {
        for (key, _) in owner.pairs().unwrap_or_default() {
            let Some(name) = key.text().filter(|name| !known.contains(name)) else { continue };
            let near = nearest(name, known.iter().copied());
            let help = match (near, others) {
                (Some(near), _) => format!("the nearest name is `{near}`"),
                (None, Others::Refused) => format!("it takes `{}`", known.join("`, `")),
                (None, Others::Allowed) => continue,
            };
            let message = format!("`{within}` has no key `{name}`");
            self.report(Diagnostic::new(Code::UnknownPart, key.span, message).help(help));
        }
    }

    /// Warns of keys that look like a known one; others are the author's own, which Sigma allows.
    pub(super) fn near_misses(&mut self, owner: &Node, known: &[&str]) {
        for (key, _) in owner.pairs().unwrap_or_default() {
            let Some(name) = key.text().filter(|name| !known.contains(name)) else { continue };
            let Some(near) = nearest(name, known.iter().copied()) else { continue };
            let message = format!("the specification has no key `{name}` here, it is not read");
            self.report(
                Diagnostic::new(Code::UnknownKey, key.span, message)
                    .help(format!("the nearest name is `{near}`")),
            );
        }
    }
}

/// What becomes of keys that look like none that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// They are the author's own.
    Allowed,
    /// They are mistakes.
    Refused,
}

/// The first key of a mapping: where to point when something is missing from it. The first entry of
/// a list, and a scalar as a whole.
pub(super) fn head(node: &Node) -> Span {
    match &node.kind {
        Kind::Mapping(pairs) => pairs.first().map_or(node.span, |(key, _)| key.span),
        Kind::Sequence(items) => items.first().map_or(node.span, head),
        Kind::Scalar { .. } => node.span,
    }
}
