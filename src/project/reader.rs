//! TOML values → typed ones; what has another shape is reported at its place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path};

use toml::Spanned as TomlSpanned;
use toml::de::{DeString, DeTable, DeValue};

use super::Lookup;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest};
use crate::source::{SourceId, Span, Spanned};

/// Reads values and reports what is wrong with them.
pub(super) struct Reader<'a> {
    /// The project file.
    pub(super) source: SourceId,
    /// The text of the command line, and the length of the file's, after which its places lie.
    pub(super) set: (SourceId, usize),
    /// What was found.
    pub(super) diagnostics: &'a mut Diagnostics,
}

/// A value with its place.
pub(super) type Value<'i> = TomlSpanned<DeValue<'i>>;

impl Reader<'_> {
    /// The table of a TOML text.
    pub(super) fn toml<'i>(&mut self, text: &'i str) -> DeTable<'i> {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span = self.span(&error.span().unwrap_or_default());
            self.report(span, format!("the project file is not TOML: {}", error.message()));
        }
        table.into_inner()
    }

    /// E0701.
    pub(super) fn report(&mut self, span: Span, message: String) {
        self.diagnostics.push(Diagnostic::new(Code::ProjectSyntax, span, message));
    }

    /// Values of parameters, each with the place of its name.
    pub(super) fn parameters(
        &mut self,
        value: &Value<'_>,
    ) -> BTreeMap<String, Spanned<Vec<String>>> {
        let mut parameters = BTreeMap::new();
        for (name, value) in self.keyed(value) {
            let texts = self.texts(value).into_iter().map(|text| text.node).collect();
            let span = self.span(&name.span());
            parameters.insert(name.get_ref().to_string(), Spanned::new(texts, span));
        }
        parameters
    }

    /// Lists that platforms keep.
    pub(super) fn lookups(&mut self, value: &Value<'_>) -> BTreeMap<String, Lookup> {
        let mut lookups = BTreeMap::new();
        for (name, value) in self.keyed(value) {
            if let Some(lookup) = self.lookup(value) {
                lookups.insert(name.get_ref().to_string(), lookup);
            }
        }
        lookups
    }

    /// A list that platforms keep; what is no key of its own is the name of a platform.
    fn lookup(&mut self, value: &Value<'_>) -> Option<Lookup> {
        let (mut column, mut folds, mut kept) = (None, false, BTreeMap::new());
        for (key, value) in self.keyed(value) {
            match key.get_ref().as_ref() {
                "column" => column = self.text(value).map(|text| text.node),
                "case" => {
                    let case = self.words(value, "case", &["kept", "ignored"]);
                    folds = case.iter().any(|case| case.node == "ignored");
                }
                platform => {
                    let table = self.text(value).map(|text| text.node);
                    kept.extend(table.map(|table| (platform.to_owned(), table)));
                }
            }
        }
        let Some(column) = column else {
            let span = self.span(&value.span());
            self.report(span, "a lookup needs the key `column`".to_owned());
            return None;
        };
        Some(Lookup { column, folds, kept })
    }

    /// The entries of a table.
    pub(super) fn keyed<'v, 'i>(
        &mut self,
        value: &'v Value<'i>,
    ) -> Vec<(&'v TomlSpanned<DeString<'i>>, &'v Value<'i>)> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(value, "a table");
            return Vec::new();
        };
        table.iter().collect()
    }

    /// Folders within the project.
    pub(super) fn folders(&mut self, value: &Value<'_>) -> Vec<Spanned<String>> {
        let mut folders = self.texts(value);
        folders.retain(|folder| self.is_inside(folder));
        folders
    }

    /// Whether a path stays below the project file; reported if not.
    pub(super) fn is_inside(&mut self, folder: &Spanned<String>) -> bool {
        let path = Path::new(&folder.node);
        let inside =
            path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside {
            let message = format!("`{}` leads out of the project", folder.node);
            self.diagnostics.push(
                Diagnostic::new(Code::ProjectSyntax, folder.span, message)
                    .help("name folders below that of the project file"),
            );
        }
        inside
    }

    /// Codes of approximations.
    pub(super) fn accepted(&mut self, value: &Value<'_>) -> Vec<Code> {
        let mut codes = self.codes(value);
        codes.retain(|code| {
            let approximation = code.is_approximation();
            if !approximation {
                let span = self.span(&value.span());
                let message = format!("`{}` is no approximation", code.id());
                self.diagnostics.push(
                    Diagnostic::new(Code::ProjectSyntax, span, message)
                        .help("approximations are the codes `W06xx` that a refusal names"),
                );
            }
            approximation
        });
        codes
    }

    pub(super) fn codes(&mut self, value: &Value<'_>) -> Vec<Code> {
        let mut codes = Vec::new();
        for text in self.texts(value) {
            match Code::find(&text.node) {
                Some(code) => codes.push(code),
                None => self.diagnostics.push(
                    Diagnostic::new(
                        Code::ProjectSyntax,
                        text.span,
                        format!("there is no code `{}`", text.node),
                    )
                    .help("`sigweave explain CODE` tells what a code means"),
                ),
            }
        }
        codes
    }

    /// A text or a list of texts.
    pub(super) fn texts(&mut self, value: &Value<'_>) -> Vec<Spanned<String>> {
        match value.get_ref().as_array() {
            Some(entries) => entries.iter().filter_map(|entry| self.text(entry)).collect(),
            None => self.text(value).into_iter().collect(),
        }
    }

    pub(super) fn text(&mut self, value: &Value<'_>) -> Option<Spanned<String>> {
        let span = self.span(&value.span());
        if let Some(text) = value.get_ref().as_str() {
            return Some(Spanned::new(text.to_owned(), span));
        }
        self.wrong(value, "text in quotes");
        None
    }

    /// Texts that are each one of those known.
    pub(super) fn words(
        &mut self,
        value: &Value<'_>,
        noun: &str,
        known: &[&str],
    ) -> Vec<Spanned<String>> {
        let mut texts = self.texts(value);
        texts.retain(|text| {
            let is_known = known.contains(&text.node.as_str());
            if !is_known {
                let message = format!("there is no {noun} `{}`", text.node);
                let found = Diagnostic::new(Code::ProjectSyntax, text.span, message);
                self.diagnostics.push(advise(found, &text.node, known));
            }
            is_known
        });
        texts
    }

    pub(super) fn wrong(&mut self, value: &Value<'_>, expected: &str) {
        let span = self.span(&value.span());
        self.report(span, format!("expected {expected}, found {}", kind(value.get_ref())));
    }

    pub(super) fn unknown_key(&mut self, key: &str, at: &Range<usize>, known: &[&str]) {
        let message = format!("the project file has no key `{key}` here");
        let found = Diagnostic::new(Code::ProjectKey, self.span(at), message);
        self.diagnostics.push(advise(found, key, known));
    }

    /// The place of a range of the file's text, or of what follows it.
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        let (set, end) = self.set;
        if range.start >= end && set != self.source {
            return Span::new(set, range.start - end, range.end.saturating_sub(end));
        }
        Span::new(self.source, range.start, range.end)
    }
}

/// Adds the nearest known name, or all of them.
fn advise(found: Diagnostic, name: &str, known: &[&str]) -> Diagnostic {
    match nearest(name, known.iter().copied()) {
        Some(near) => found.help(format!("the nearest name is `{near}`")),
        None => found.help(format!("known names: {}", known.join(", "))),
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
