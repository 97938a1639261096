//! Correlation documents → [`ir::Correlation`]: legs, window, keys and a condition over them.
//!
//! `{type: temporal_ordered, rules: [a, b], group-by: [Computer], timespan: 5m}` → two patterns,
//! one key, a window of 300,000 ms and `Chain([a, b])`.

pub(super) mod atoms;
pub(super) mod condition;
pub(super) mod keys;
mod possible;
pub(super) mod thresholds;
pub(super) mod timespan;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::filter::{self, Filters};
use super::index::{self, Index};
use super::item::unknown_field;
use super::{detection, meta};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{self, Body, Cond, FieldRef, Pattern, PatternId, PatternSource, Rule};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Correlation, CorrelationCondition, Document};
use crate::taxonomy::Taxonomy;

/// What is known while a correlation is checked.
pub(super) struct Scope<'a, 'd> {
    /// All documents by name.
    pub(super) index: &'a Index<'a>,
    /// The rules checked so far, by document.
    pub(super) checked: &'a [Option<Arc<Rule>>],
    /// The filters.
    pub(super) filters: &'a mut Filters<'d>,
    /// Where filters name the rules over events, by document.
    pub(super) filtered: &'a BTreeMap<usize, Vec<Span>>,
    /// The log sources.
    pub(super) taxonomy: &'a Taxonomy,
    /// What was found.
    pub(super) diagnostics: &'a mut Diagnostics,
}

/// A rule that a correlation refers to, or an event of a Weave rule.
pub(super) struct Leg {
    /// How it is written there.
    pub(super) reference: Spanned<String>,
    /// Its document; none: it is described where it is used.
    pub(super) document: Option<usize>,
    /// What occurs.
    pub(super) pattern: Pattern,
    /// Where it says what its events hold: its log source or its keys.
    pub(super) place: Span,
    /// Where filters name it, or the correlation.
    pub(super) filters: Vec<Span>,
}

/// A correlation, checked; `None` if something is wrong, which was reported.
pub(super) fn check(
    at: usize,
    correlation: &Correlation,
    scope: &mut Scope<'_, '_>,
) -> Option<Rule> {
    if let Some(CorrelationCondition::Boolean(condition)) = &correlation.condition
        && detection::has_error(&condition.node)
    {
        return None;
    }
    let mark = scope.diagnostics.len();
    let meta = meta::check(&correlation.meta, scope.diagnostics);
    let window = timespan::check(correlation, scope.diagnostics);
    let mut legs = legs(correlation, scope)?;
    let filtered = filter_legs(at, &mut legs, scope);
    let keys = keys::check(correlation, &legs, scope);
    let cond = condition::check(correlation, &legs, scope);
    let (Some(window), Some(cond), Some(())) = (window, cond, filtered) else { return None };
    report_widening(&cond, &legs, scope);
    let place = match &correlation.condition {
        Some(CorrelationCondition::Boolean(condition)) => condition.span,
        Some(CorrelationCondition::Thresholds { span, .. }) => *span,
        None => correlation.meta.span,
    };
    report_impossible(&cond, place, scope);
    if scope.diagnostics.errors_since(mark) {
        return None;
    }
    let patterns = legs.into_iter().map(|leg| leg.pattern).collect();
    let body = ir::Correlation { patterns, keys, window, skew: 0, cond, show: Vec::new() };
    let name = meta::name(&correlation.meta);
    Some(Rule { name, meta: Arc::new(meta), emitted: true, body: Body::Correlation(body) })
}

/// Applies the filters that name the correlation to its events, unless they name the rule, too.
/// `None`: one has errors.
pub(super) fn filter_legs(at: usize, legs: &mut [Leg], scope: &mut Scope<'_, '_>) -> Option<()> {
    if !scope.filters.name(at) {
        return Some(());
    }
    let mut used = false;
    for leg in legs {
        let (place, document) = (leg.place, leg.document);
        let (filters, diagnostics) = (&mut *scope.filters, &mut *scope.diagnostics);
        let mut spans = Vec::new();
        let mut apply = |logsource: &str, predicate| {
            let found = filters.on_correlation((at, document), logsource, place, diagnostics)?;
            spans.extend(found.iter().map(|filter| filter.span));
            Some(filter::apply(predicate, found, diagnostics))
        };
        leg.pattern.source = filter::source(leg.pattern.source.clone(), &mut apply)?;
        leg.filters.extend(spans);
        used |= !leg.filters.is_empty();
    }
    if !used {
        scope.filters.report_useless(at, scope.diagnostics);
    }
    Some(())
}

/// Reports filters on events whose absence counts: fewer of them make the rule fire more.
pub(super) fn report_widening(cond: &Cond, legs: &[Leg], scope: &mut Scope<'_, '_>) {
    for (at, leg) in legs.iter().enumerate() {
        let Some(filter) = leg.filters.first() else { continue };
        if !atoms::is_negated(cond, PatternId(at)) {
            continue;
        }
        let message = format!(
            "the filter makes the correlation fire more: the absence of `{}` counts",
            leg.reference.node
        );
        scope.diagnostics.push(
            Diagnostic::new(Code::FilterWidens, *filter, message)
                .label(leg.reference.span, "the condition has it under `not`")
                .help("exclude events that the correlation looks for, not those that stop it"),
        );
    }
}

/// Reports a condition that no events satisfy.
pub(super) fn report_impossible(cond: &Cond, place: Span, scope: &mut Scope<'_, '_>) {
    if !possible::can_hold(cond) {
        let found = Diagnostic::new(Code::NeverTrue, place, "the condition can never hold");
        let help = "an event that it asks for and excludes, or a number that excludes another";
        scope.diagnostics.push(found.help(format!("look for {help}")));
    }
}

/// The legs; `None` if one cannot be used, which was reported.
fn legs(correlation: &Correlation, scope: &mut Scope<'_, '_>) -> Option<Vec<Leg>> {
    let references = index::references(correlation);
    let mut legs: Vec<Leg> = Vec::new();
    let mut complete = true;
    if references.is_empty() {
        report(scope, correlation.span, "the correlation names no rules", "list them in `rules`");
        complete = false;
    }
    for reference in references {
        let Some(document) = scope.index.resolve(reference, scope.diagnostics) else {
            complete = false;
            continue;
        };
        if let Some(first) = legs.iter().find(|leg| leg.document == Some(document)) {
            let message = format!("the rule `{}` is listed twice", reference.node);
            scope.diagnostics.push(
                Diagnostic::new(Code::CorrelationShape, reference.span, message)
                    .label(first.reference.span, "it stands here first")
                    .help("list it once; for several events of one kind use `event_count`"),
            );
            complete = false;
            continue;
        }
        match leg(reference, document, scope) {
            Some(leg) => legs.push(leg),
            None => complete = false,
        }
    }
    distinct_names(&mut legs);
    complete.then_some(legs)
}

/// The rule of document `at` as an event.
pub(super) fn leg(
    reference: &Spanned<String>,
    at: usize,
    scope: &mut Scope<'_, '_>,
) -> Option<Leg> {
    let Some(rule) = scope.checked.get(at).and_then(Option::as_ref) else {
        let message = format!("the rule `{}` has errors", reference.node);
        let help = "correct that rule first";
        scope
            .diagnostics
            .push(Diagnostic::new(Code::UnknownRule, reference.span, message).help(help));
        return None;
    };
    let source = match &rule.body {
        Body::Events(pattern) => pattern.source.clone(),
        Body::Correlation(_) => PatternSource::Firings(Arc::clone(rule)),
    };
    let pattern = Pattern { name: rule.name.clone(), source, span: reference.span };
    let place = match scope.index.document(at) {
        Some(Document::Rule(rule)) => rule.logsource.span,
        Some(Document::Correlation(correlation)) => {
            correlation.group_by.first().map_or(correlation.span, |key| key.span)
        }
        Some(Document::Weave(rule)) => {
            rule.meta.name.as_ref().map_or(rule.meta.span, |name| name.span)
        }
        Some(Document::Filter(_)) | None => reference.span,
    };
    let filters = scope.filtered.get(&at).cloned().unwrap_or_default();
    Some(Leg { reference: reference.clone(), document: Some(at), pattern, place, filters })
}

/// Two rules may have the same title: then the reference makes the difference.
fn distinct_names(legs: &mut [Leg]) {
    let names: Vec<String> = legs.iter().map(|leg| leg.pattern.name.clone()).collect();
    for leg in legs {
        if names.iter().filter(|name| **name == leg.pattern.name).count() > 1 {
            leg.pattern.name.clone_from(&leg.reference.node);
        }
    }
}

impl Leg {
    /// The field of its events, or the part of its firings' key, with this name.
    pub(super) fn field(&self, name: &str, taxonomy: &Taxonomy) -> Option<FieldRef> {
        match &self.pattern.source {
            PatternSource::Events { logsource, .. } => {
                let ty = taxonomy.get(logsource)?.field(name)?;
                Some(FieldRef { name: name.to_owned(), ty: ty.clone() })
            }
            PatternSource::Firings(rule) => {
                let Body::Correlation(inner) = &rule.body else { return None };
                let key = inner.keys.iter().find(|key| key.name == name)?;
                let (field, _) = key.fields.iter().flatten().next()?;
                Some(FieldRef { name: name.to_owned(), ty: field.ty.clone() })
            }
        }
    }

    /// The names of its fields.
    pub(super) fn names<'a>(&'a self, taxonomy: &'a Taxonomy) -> Vec<&'a str> {
        match &self.pattern.source {
            PatternSource::Events { logsource, .. } => taxonomy
                .get(logsource)
                .map(|source| source.fields.keys().map(String::as_str).collect())
                .unwrap_or_default(),
            PatternSource::Firings(rule) => match &rule.body {
                Body::Correlation(inner) => {
                    inner.keys.iter().map(|key| key.name.as_str()).collect()
                }
                Body::Events(_) => Vec::new(),
            },
        }
    }

    /// What messages call what it reads.
    pub(super) fn source(&self) -> String {
        match &self.pattern.source {
            PatternSource::Events { logsource, .. } => format!("`{logsource}`"),
            PatternSource::Firings(rule) => format!("the key of `{}`", rule.name),
        }
    }

    /// The field, or a report that there is none.
    pub(super) fn known_field(
        &self,
        name: &Spanned<String>,
        taxonomy: &Taxonomy,
        diagnostics: &mut Diagnostics,
    ) -> Option<FieldRef> {
        let found = self.field(&name.node, taxonomy);
        if found.is_some() {
            return found;
        }
        let source = match &self.pattern.source {
            PatternSource::Events { logsource, .. } => taxonomy.get(logsource),
            PatternSource::Firings(_) => None,
        };
        diagnostics.push(match source {
            Some(source) => unknown_field(&name.node, name.span, source, self.place),
            None => {
                let message = format!("no part `{}` in {}", name.node, self.source());
                Diagnostic::new(Code::UnknownField, name.span, message)
                    .label(self.place, "firings of this rule carry its key only")
                    .nearest(&name.node, self.names(taxonomy))
            }
        });
        None
    }
}

fn report(scope: &mut Scope<'_, '_>, span: Span, message: impl Into<String>, help: &str) {
    scope.diagnostics.push(Diagnostic::new(Code::CorrelationShape, span, message).help(help));
}
