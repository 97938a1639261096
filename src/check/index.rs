//! References between rules: by `id` or `name`, across all files of a run.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Spanned;
use crate::syntax::ast::{Condition, Correlation, CorrelationCondition, Document};
use crate::syntax::weave::tree::EventSource;

/// Where rules that are referred to come from.
const ELSEWHERE: &str = "rules are looked up in the given paths and in the project's rule folders: \
                         give the path of the rule, too";

/// How deeply correlations may build on each other.
const MAX_CHAIN: usize = 16;

/// Where the rules are.
pub(super) struct Index<'a> {
    documents: &'a [Document],
    /// Ids (lower case) and names.
    by_name: BTreeMap<String, usize>,
}

impl<'a> Index<'a> {
    /// Finds the ids and names of all rules; those that stand twice are reported. The second
    /// result: the documents that are out because of that.
    pub(super) fn new(
        documents: &'a [Document],
        diagnostics: &mut Diagnostics,
    ) -> (Self, BTreeSet<usize>) {
        let mut index = Self { documents, by_name: BTreeMap::new() };
        let mut twice = BTreeSet::new();
        for (at, document) in documents.iter().enumerate() {
            let meta = document.meta();
            let id = meta.id.as_ref().map(|id| ("id", id, id.node.to_lowercase()));
            let name = meta.name.as_ref().map(|name| ("name", name, name.node.clone()));
            for (kind, written, key) in [id, name].into_iter().flatten() {
                let Some(first) = index.by_name.get(&key).copied() else {
                    index.by_name.insert(key, at);
                    continue;
                };
                if first != at {
                    twice.insert(at);
                    diagnostics.push(index.duplicate(kind, written, first));
                }
            }
        }
        (index, twice)
    }

    fn duplicate(&self, kind: &str, written: &Spanned<String>, first: usize) -> Diagnostic {
        let message = format!("another rule has the {kind} `{}`", written.node);
        let found = Diagnostic::new(Code::DuplicateRule, written.span, message)
            .help(format!("every rule has an {kind} of its own").replace("an name", "a name"));
        let meta = self.documents.get(first).map(Document::meta);
        let parts = meta.into_iter().flat_map(|meta| [&meta.id, &meta.name]).flatten();
        let same = |part: &&Spanned<String>| part.node.eq_ignore_ascii_case(&written.node);
        match parts.into_iter().find(same) {
            Some(part) => found.label(part.span, "it stands here first"),
            None => found,
        }
    }

    /// The document with this id or name.
    pub(super) fn find(&self, reference: &str) -> Option<usize> {
        if let Some(at) = self.by_name.get(reference) {
            return Some(*at);
        }
        let at = *self.by_name.get(&reference.to_lowercase())?;
        let id = self.document(at)?.meta().id.as_ref()?;
        id.node.eq_ignore_ascii_case(reference).then_some(at)
    }

    /// All documents.
    pub(super) fn documents(&self) -> &'a [Document] {
        self.documents
    }

    /// The document with this index.
    pub(super) fn document(&self, at: usize) -> Option<&'a Document> {
        self.documents.get(at)
    }

    /// The rule or correlation that is meant; reported if there is none.
    pub(super) fn resolve(
        &self,
        reference: &Spanned<String>,
        diagnostics: &mut Diagnostics,
    ) -> Option<usize> {
        let found = self.find(&reference.node);
        let filter = found.and_then(|at| self.document(at)).is_some_and(is_filter);
        if !filter && found.is_some() {
            return found;
        }
        let message = format!("no rule has the id or name `{}`", reference.node);
        let found = Diagnostic::new(Code::UnknownRule, reference.span, message);
        let titled = self.documents.iter().find_map(|document| {
            let meta = document.meta();
            let title = meta.title.as_ref().filter(|title| title.node == reference.node)?;
            meta.name.as_ref().or(meta.id.as_ref()).or(Some(title))
        });
        diagnostics.push(match titled {
            _ if filter => found.note("a filter has it, which is no rule"),
            Some(known) => {
                found.help(format!("rules are named by `name` or `id`: `{}`", known.node))
            }
            None => found
                .help(ELSEWHERE)
                .nearest(&reference.node, self.by_name.keys().map(String::as_str)),
        });
        None
    }

    /// The correlations in an order in which each comes after those it builds on; circles and
    /// chains that are too long are reported and left out.
    pub(super) fn correlations(&self, diagnostics: &mut Diagnostics) -> Vec<usize> {
        let mut waiting: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, document) in self.documents.iter().enumerate() {
            if builds(document) {
                waiting.insert(at, self.needs(document));
            }
        }
        let mut ordered = Vec::new();
        for _ in 0..MAX_CHAIN {
            let done: BTreeSet<usize> = ordered.iter().copied().collect();
            let ready = |needs: &Vec<usize>| {
                needs.iter().all(|need| !waiting.contains_key(need) || done.contains(need))
            };
            let next: Vec<usize> = waiting
                .iter()
                .filter(|(at, needs)| !done.contains(at) && ready(needs))
                .map(|(at, _)| *at)
                .collect();
            if next.is_empty() {
                break;
            }
            ordered.extend(next);
        }
        let done: BTreeSet<usize> = ordered.iter().copied().collect();
        waiting.retain(|at, _| !done.contains(at));
        for at in waiting.keys() {
            self.report_circle(*at, &waiting, diagnostics);
        }
        ordered
    }

    /// The correlations and Weave rules that a document builds on.
    fn needs(&self, document: &Document) -> Vec<usize> {
        let correlations = |at: &usize| self.document(*at).is_some_and(builds);
        referred(document)
            .into_iter()
            .filter_map(|reference| self.find(&reference.node))
            .filter(correlations)
            .collect()
    }

    /// Follows the first open reference from each until it comes back, or does not.
    fn report_circle(
        &self,
        start: usize,
        waiting: &BTreeMap<usize, Vec<usize>>,
        diagnostics: &mut Diagnostics,
    ) {
        let Some(document) = self.document(start) else { return };
        let circle = reaches(start, waiting);
        let message = if circle {
            "the rule refers to itself, directly or through others"
        } else {
            "the rule builds on a circle or on too long a chain of correlations"
        };
        let guilty = referred(document).into_iter().find(|reference| {
            self.find(&reference.node).is_some_and(|at| at == start || waiting.contains_key(&at))
        });
        let span = guilty.map_or(document.meta().span, |reference| reference.span);
        diagnostics
            .push(Diagnostic::new(Code::RuleCycle, span, message).help(format!(
                "build on rules over events, at most {MAX_CHAIN} correlations deep"
            )));
    }
}

fn is_filter(document: &Document) -> bool {
    matches!(document, Document::Filter(_))
}

/// Whether a document builds on others.
fn builds(document: &Document) -> bool {
    match document {
        Document::Correlation(_) | Document::Weave(_) => true,
        Document::Rule(_) | Document::Filter(_) => false,
    }
}

/// The rules that a document builds on.
fn referred(document: &Document) -> Vec<&Spanned<String>> {
    match document {
        Document::Correlation(correlation) => references(correlation),
        Document::Weave(rule) => {
            let references = rule.events.iter().filter_map(|event| match &event.source {
                EventSource::Sigma(name) | EventSource::Weave(name) => Some(name),
                EventSource::Inline { .. } => None,
            });
            references.collect()
        }
        Document::Rule(_) | Document::Filter(_) => Vec::new(),
    }
}

/// Whether a path of references leads from `start` back to it.
fn reaches(start: usize, waiting: &BTreeMap<usize, Vec<usize>>) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        for next in waiting.get(&at).into_iter().flatten() {
            if *next == start {
                return true;
            }
            if seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    false
}

/// The rules that a correlation refers to: those of `rules`; where that is left out, the names in
/// its condition.
pub(super) fn references(correlation: &Correlation) -> Vec<&Spanned<String>> {
    match &correlation.condition {
        Some(CorrelationCondition::Boolean(condition)) if correlation.rules.is_empty() => {
            let mut found = Vec::new();
            named(&condition.node, &mut found);
            found
        }
        _ => correlation.rules.iter().collect(),
    }
}

/// The names in a condition, each once, in order.
fn named<'a>(condition: &'a Condition, found: &mut Vec<&'a Spanned<String>>) {
    match condition {
        Condition::Name(name) => {
            if !found.iter().any(|known| known.node == name.node) {
                found.push(name);
            }
        }
        Condition::Not(inner) => named(&inner.node, found),
        Condition::And(parts) | Condition::Or(parts) => {
            parts.iter().for_each(|part| named(&part.node, found));
        }
        Condition::Of(_, _) | Condition::Error => {}
    }
}
