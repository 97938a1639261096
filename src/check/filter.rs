//! Filter documents: conditions and-ed to the rules they name.
//!
//! A filter is checked against the log source of each rule that it applies to, once per log source.
//! On a correlation it applies to the correlation's events.
//!
//! `{rules: [a], selection: {User|startswith: adm}, condition: not selection}` → the predicate of
//! `a` becomes `All([…, Not(User starts with adm)])`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::index::Index;
use super::{Options, detection, lint, logsource};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Body, PatternSource, Predicate, Rule};
use crate::source::Span;
use crate::syntax::ast::{self, Document, Filter};
use crate::taxonomy::{Parts, Taxonomy};

/// The filters of a run and what they apply to.
pub(super) struct Filters<'a> {
    taxonomy: &'a Taxonomy,
    options: &'a Options,
    entries: Vec<Entry<'a>>,
    /// Document → the filters that name it, each with the place where it does.
    named: BTreeMap<usize, Vec<(usize, Span)>>,
    /// What a filter means on a log source; `None`: it has errors.
    lowered: BTreeMap<(usize, String), Option<Predicate>>,
}

struct Entry<'a> {
    filter: &'a Filter,
    /// Whether it applied to anything.
    used: bool,
}

/// A filter that was applied: its predicate and the place where it names the rule.
pub(super) struct Applied {
    pub(super) predicate: Predicate,
    pub(super) span: Span,
}

impl<'a> Filters<'a> {
    /// Finds what the filters name; unknown rules are reported.
    pub(super) fn new(
        index: &Index<'a>,
        taxonomy: &'a Taxonomy,
        options: &'a Options,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut entries = Vec::new();
        let mut named: BTreeMap<usize, Vec<(usize, Span)>> = BTreeMap::new();
        for document in index.documents() {
            let Document::Filter(filter) = document else { continue };
            let mut seen = BTreeSet::new();
            for reference in &filter.rules {
                let Some(at) = index.resolve(reference, diagnostics) else { continue };
                if seen.insert(at) {
                    named.entry(at).or_default().push((entries.len(), reference.span));
                }
            }
            entries.push(Entry { filter, used: !filter.any });
        }
        Self { taxonomy, options, entries, named, lowered: BTreeMap::new() }
    }

    /// The filters on a rule over events, checked against its log source. `None`: one has errors,
    /// so the rule cannot be used.
    pub(super) fn on_rule(
        &mut self,
        at: usize,
        rule: &ast::Rule,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Applied>> {
        let parts = logsource::parts(&rule.logsource);
        let mut chosen: Vec<(usize, Span)> = Vec::new();
        for (filter, span) in self.named.get(&at).cloned().unwrap_or_default() {
            let Some(entry) = self.entries.get(filter) else { continue };
            if matches(entry.filter, parts) {
                chosen.push((filter, span));
            } else {
                diagnostics.push(mismatch(entry.filter, span, rule));
            }
        }
        chosen.extend(self.on_all(parts));
        let key = parts.key();
        let apply = |(filter, span): (usize, Span)| {
            let predicate = self.lower(filter, &key, rule.logsource.span, diagnostics)?;
            Some(Applied { predicate, span })
        };
        chosen.into_iter().map(apply).collect()
    }

    /// The filters on a correlation, for the events of a rule that it refers to; without those that
    /// name that rule, too, and are in it already.
    pub(super) fn on_correlation(
        &mut self,
        (at, rule): (usize, Option<usize>),
        logsource: &str,
        place: Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Applied>> {
        let chosen = self.named.get(&at).cloned().unwrap_or_default();
        let already = rule.and_then(|rule| self.named.get(&rule)).map_or(&[][..], Vec::as_slice);
        let fits = |(filter, _): &(usize, Span)| {
            let entry = self.entries.get(*filter);
            let again = already.iter().any(|(known, _)| known == filter);
            !again && entry.is_some_and(|entry| matches(entry.filter, Parts::of(logsource)))
        };
        let chosen: Vec<(usize, Span)> = chosen.into_iter().filter(fits).collect();
        let apply = |(filter, span): (usize, Span)| {
            let predicate = self.lower(filter, logsource, place, diagnostics)?;
            Some(Applied { predicate, span })
        };
        chosen.into_iter().map(apply).collect()
    }

    /// The filters on all rules, for events that a rule describes itself.
    pub(super) fn on_events(
        &mut self,
        logsource: &str,
        place: Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Applied>> {
        let chosen = self.on_all(Parts::of(logsource));
        let apply = |(filter, span): (usize, Span)| {
            let predicate = self.lower(filter, logsource, place, diagnostics)?;
            Some(Applied { predicate, span })
        };
        chosen.into_iter().map(apply).collect()
    }

    /// The filters on all rules of a log source (`rules: any`), each with its place.
    fn on_all(&mut self, parts: Parts<'_>) -> Vec<(usize, Span)> {
        let mut chosen = Vec::new();
        for (filter, entry) in self.entries.iter_mut().enumerate() {
            if entry.filter.any && matches(entry.filter, parts) {
                entry.used = true;
                chosen.push((filter, entry.filter.meta.span));
            }
        }
        chosen
    }

    /// Whether filters name this document.
    pub(super) fn name(&self, at: usize) -> bool {
        self.named.contains_key(&at)
    }

    /// Reports that the filters on a correlation fit none of its events.
    pub(super) fn report_useless(&self, at: usize, diagnostics: &mut Diagnostics) {
        for (filter, span) in self.named.get(&at).into_iter().flatten() {
            let source =
                self.entries.get(*filter).and_then(|entry| entry.filter.logsource.as_ref());
            let message = "the filter is for another log source than all events of this rule";
            let mut found = Diagnostic::new(Code::FilterMismatch, *span, message)
                .help("correct the filter's `logsource`, or remove the rule from the filter");
            if let Some(source) = source {
                found = found.label(source.span, "the filter is for this one");
            }
            diagnostics.push(found);
        }
    }

    /// What a filter means on a log source.
    fn lower(
        &mut self,
        filter: usize,
        key: &str,
        place: Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<Predicate> {
        let known = (filter, key.to_owned());
        if let Some(found) = self.lowered.get(&known) {
            return found.clone();
        }
        let mark = diagnostics.len();
        let detection = &self.entries.get(filter)?.filter.detection;
        let broken = detection.conditions.iter().any(|found| detection::has_error(&found.node));
        let source = self.taxonomy.get(key).map(|source| (source, place));
        let predicate = detection::check(detection, source, self.options, diagnostics);
        let usable = source.is_some() && !broken && !diagnostics.errors_since(mark);
        let lowered = usable.then_some(predicate);
        self.lowered.insert(known, lowered.clone());
        lowered
    }

    /// Reports filters that apply to no rule; their mistakes are found all the same.
    pub(super) fn finish(&mut self, diagnostics: &mut Diagnostics) {
        for at in 0..self.entries.len() {
            let Some(Entry { filter, used }) = self.entries.get(at) else { continue };
            let source = filter.logsource.as_ref();
            let place = source.map_or(filter.meta.span, |source| source.span);
            if !*used {
                diagnostics.push(
                    Diagnostic::new(Code::FilterIdle, place, "the filter applies to no rule")
                        .help("no rule of this run has its log source"),
                );
            }
            let key = source.map(|source| logsource::parts(source).key()).unwrap_or_default();
            let checked = self.lowered.keys().any(|(filter, _)| *filter == at);
            if !checked && self.taxonomy.get(&key).is_some() {
                let _ = self.lower(at, &key, place, diagnostics);
            }
        }
    }
}

/// Whether a filter is for rules of a log source: it may leave parts out.
fn matches(filter: &Filter, rule: Parts<'_>) -> bool {
    let Some(source) = &filter.logsource else { return true };
    let of = logsource::parts(source);
    let fits = |wanted: Option<&str>, found: Option<&str>| wanted.is_none() || wanted == found;
    fits(of.product, rule.product)
        && fits(of.category, rule.category)
        && fits(of.service, rule.service)
}

fn mismatch(filter: &Filter, span: Span, rule: &ast::Rule) -> Diagnostic {
    let message = "the filter is for another log source than this rule";
    let mut found = Diagnostic::new(Code::FilterMismatch, span, message)
        .label(rule.logsource.span, "the rule is for this one")
        .help("remove the rule from the filter, or correct the filter's `logsource`");
    if let Some(source) = &filter.logsource {
        found = found.label(source.span, "the filter is for this one");
    }
    found
}

/// The predicate with the filters and-ed to it; filters that exclude nothing are reported.
pub(super) fn apply(
    predicate: Predicate,
    filters: Vec<Applied>,
    diagnostics: &mut Diagnostics,
) -> Predicate {
    let mut parts = vec![predicate];
    for filter in filters {
        if let (Some(rule), Predicate::Not(excluded)) = (parts.first(), &filter.predicate)
            && lint::exclusive(rule, excluded)
        {
            diagnostics.push(
                Diagnostic::new(Code::FilterIdle, filter.span, "the filter excludes nothing here")
                    .help("no event that the rule finds can be one that the filter excludes"),
            );
        }
        parts.push(filter.predicate);
    }
    Predicate::all(parts)
}

/// A correlation whose events are filtered as `filter` says, however deep they lie.
pub(super) fn within(
    rule: &Arc<Rule>,
    filter: &mut impl FnMut(&str, Predicate) -> Option<Predicate>,
) -> Option<Arc<Rule>> {
    let mut rule = Rule::clone(rule);
    if let Body::Correlation(correlation) = &mut rule.body {
        for pattern in &mut correlation.patterns {
            pattern.source = source(pattern.source.clone(), filter)?;
        }
    }
    Some(Arc::new(rule))
}

/// A pattern's source with its events filtered.
pub(super) fn source(
    source: PatternSource,
    filter: &mut impl FnMut(&str, Predicate) -> Option<Predicate>,
) -> Option<PatternSource> {
    match source {
        PatternSource::Events { logsource, predicate } => {
            let predicate = filter(&logsource, predicate)?;
            Some(PatternSource::Events { logsource, predicate })
        }
        PatternSource::Firings(rule) => within(&rule, filter).map(PatternSource::Firings),
    }
}
