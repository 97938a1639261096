//! AST + taxonomy → IR: names are resolved, modifiers become typed steps, every comparison is
//! checked against its field's type.
//!
//! `Imgae|endswith: '\a.exe'` in a rule of `windows/registry_set` → E0301 with the nearest name;
//! with `Image` → a [`crate::ir::Rule`] whose predicate is `Test(Image ends with \a.exe)`.
//!
//! One run checks all documents of all files together, so that rules can refer to each other.

mod correlation;
mod detection;
mod encode;
mod index;
mod item;
mod lint;
mod logsource;
mod meta;
mod modifiers;
mod names;
mod pattern;
mod regex;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::ir::{Body, Pattern, PatternSource, Rule};
use crate::syntax::ast::{self, Document};
use crate::taxonomy::Taxonomy;

use index::Index;

/// What a check needs beside the rules.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Values of placeholders (`%name%`, modifier `expand`), by name.
    pub lists: BTreeMap<String, Vec<String>>,
}

/// Checks all documents of a run together. One result per document: `None` for what has errors,
/// which are reported, and for filters.
pub fn check(
    documents: &[Document],
    taxonomy: &Taxonomy,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Vec<Option<Arc<Rule>>> {
    let (index, twice) = Index::new(documents, diagnostics);
    let silent = silent(documents, &index);
    let mut checked: Vec<Option<Arc<Rule>>> = vec![None; documents.len()];
    for (at, document) in documents.iter().enumerate() {
        let Document::Rule(rule) = document else { continue };
        let emitted = !silent.contains(&at);
        let found = base_rule(rule, emitted, taxonomy, options, diagnostics);
        if let (Some(slot), false) = (checked.get_mut(at), twice.contains(&at)) {
            *slot = found.map(Arc::new);
        }
    }
    for at in index.correlations(diagnostics) {
        let Some(Document::Correlation(correlation)) = documents.get(at) else { continue };
        let emitted = !silent.contains(&at);
        let mut scope =
            correlation::Scope { index: &index, checked: &checked, taxonomy, diagnostics };
        let found = correlation::check(correlation, emitted, &mut scope);
        if let (Some(slot), false) = (checked.get_mut(at), twice.contains(&at)) {
            *slot = found.map(Arc::new);
        }
    }
    checked
}

/// The rules that are not emitted because a correlation refers to them without `generate: true`.
fn silent(documents: &[Document], index: &Index<'_>) -> BTreeSet<usize> {
    let mut silent = BTreeSet::new();
    let mut generated = BTreeSet::new();
    for document in documents {
        let Document::Correlation(correlation) = document else { continue };
        let base = index::references(correlation);
        let base = base.into_iter().filter_map(|reference| index.find(&reference.node));
        if correlation.generate { generated.extend(base) } else { silent.extend(base) }
    }
    silent.difference(&generated).copied().collect()
}

/// A rule over single events.
fn base_rule(
    rule: &ast::Rule,
    emitted: bool,
    taxonomy: &Taxonomy,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Option<Rule> {
    let mark = diagnostics.len();
    let broken = rule.detection.conditions.iter().any(|found| detection::has_error(&found.node));
    let meta = meta::check(&rule.meta, diagnostics);
    let source = match (broken, logsource::parts(&rule.logsource).key().is_empty()) {
        (true, true) => None,
        _ => logsource::resolve(&rule.logsource, taxonomy, diagnostics),
    };
    let found = source.map(|source| (source, rule.logsource.span));
    let predicate = detection::check(&rule.detection, found, options, diagnostics);
    let source = source.filter(|_| !broken && !diagnostics.errors_since(mark))?;
    let name = meta::name(&rule.meta);
    let pattern = Pattern {
        name: name.clone(),
        source: PatternSource::Events { logsource: source.key.clone(), predicate },
        span: rule.meta.span,
    };
    Some(Rule { name, meta, emitted, body: Body::Events(pattern) })
}

#[cfg(test)]
mod tests;
