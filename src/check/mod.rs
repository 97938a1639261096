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
mod filter;
mod index;
mod item;
mod lint;
mod logsource;
mod meta;
mod modifiers;
mod names;
mod pattern;
mod regex;
mod suspect;
mod value;
mod weave;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::ir::{Body, List, Pattern, PatternSource, Predicate, Rule};
use crate::source::Span;
use crate::syntax::ast::{self, Document};
use crate::taxonomy::Taxonomy;

pub use logsource::parts as logsource_parts;

use filter::{Applied, Filters};
use index::Index;

/// What a check needs beside the rules.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Values of placeholders (`%name%`, modifier `expand`), by name.
    pub lists: BTreeMap<String, Vec<String>>,
    /// Lists that platforms keep, by name.
    pub kept: BTreeMap<String, Arc<List>>,
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
    let mut filters = Filters::new(&index, taxonomy, options, diagnostics);
    let mut checked: Vec<Option<Arc<Rule>>> = vec![None; documents.len()];
    // Filters by document, to say where they widen a correlation.
    let mut filtered = BTreeMap::new();
    for (at, document) in documents.iter().enumerate() {
        let Document::Rule(rule) = document else { continue };
        let found = base_rule(rule, taxonomy, options, diagnostics);
        let on_rule = filters.on_rule(at, rule, diagnostics);
        let (Some(mut found), Some(on_rule)) = (found, on_rule) else { continue };
        filtered.insert(at, on_rule.iter().map(|filter| filter.span).collect::<Vec<Span>>());
        filter_events(&mut found, on_rule, diagnostics);
        found.emitted = !silent.contains(&at);
        place(&mut checked, at, found, &twice);
    }
    for at in index.correlations(diagnostics) {
        let mut scope = correlation::Scope {
            index: &index,
            checked: &checked,
            filters: &mut filters,
            filtered: &filtered,
            taxonomy,
            diagnostics,
        };
        let found = match documents.get(at) {
            Some(Document::Correlation(written)) => correlation::check(at, written, &mut scope),
            Some(Document::Weave(rule)) => weave::check(at, rule, options, &mut scope),
            Some(Document::Rule(_) | Document::Filter(_)) | None => None,
        };
        let Some(mut found) = found else { continue };
        found.emitted = !silent.contains(&at);
        place(&mut checked, at, found, &twice);
    }
    filters.finish(diagnostics);
    checked
}

/// Puts a checked rule in its place, unless another has its name.
fn place(checked: &mut [Option<Arc<Rule>>], at: usize, rule: Rule, twice: &BTreeSet<usize>) {
    if let (Some(slot), false) = (checked.get_mut(at), twice.contains(&at)) {
        *slot = Some(Arc::new(rule));
    }
}

/// Ands filters to a rule over events.
fn filter_events(rule: &mut Rule, filters: Vec<Applied>, diagnostics: &mut Diagnostics) {
    if let Body::Events(Pattern { source: PatternSource::Events { predicate, .. }, .. }) =
        &mut rule.body
    {
        let before = std::mem::replace(predicate, Predicate::always());
        *predicate = filter::apply(before, filters, diagnostics);
    }
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
        span: rule.logsource.span,
    };
    Some(Rule { name, meta: Arc::new(meta), emitted: true, body: Body::Events(pattern) })
}

#[cfg(test)]
mod tests;
