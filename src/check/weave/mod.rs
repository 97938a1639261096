//! Weave rules → [`ir::Correlation`], by the same checks as Sigma's rules and correlations.
//!
//! `events: a = windows/image_load where ImageLoaded endswith '.dll'`, `match: host = Computer
//! over 1h`, `condition: count(a) >= 10` → one pattern, one key, 3,600,000 ms and a `Count`.

mod condition;
mod keys;
mod names;
mod predicate;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::correlation::{self, Leg, Scope};
use super::item::{self, MAX_TESTS};
use super::{Options, filter, lint, logsource, meta};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{self, Body, FieldRef, Pattern, PatternId, PatternSource, Rule, Suppress};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, Document, WeaveRule};
use crate::syntax::weave::tree::{Event, EventField, EventSource, Expr, MatchEntry, Predicate};
use crate::taxonomy::Parts;

use names::Names;

/// A Weave rule, checked; `None` if something is wrong, which was reported.
pub(super) fn check(
    at: usize,
    rule: &WeaveRule,
    options: &Options,
    scope: &mut Scope<'_, '_>,
) -> Option<Rule> {
    if !rule.complete {
        return None;
    }
    let mark = scope.diagnostics.len();
    let mut meta = meta::check(&rule.meta, scope.diagnostics);
    if rule.meta.title.is_none() {
        meta.title = meta::name(&rule.meta);
    }
    let names = Names::new(rule, &options.lists, scope.diagnostics);
    let mut legs = legs(rule, &names, options, scope)?;
    correlation::filter_legs(at, &mut legs, scope)?;
    meta.suppress = suppress(rule, &names, scope);
    let body = match single(rule, &legs) {
        Some(pattern) => Some(Body::Events(pattern)),
        None => correlated(rule, legs, &names, scope).map(Body::Correlation),
    };
    names.report_unused(rule, scope.diagnostics);
    if scope.diagnostics.errors_since(mark) {
        return None;
    }
    let name = meta::name(&rule.meta);
    Some(Rule { name, meta: Arc::new(meta), emitted: true, body: body? })
}

/// A rule over single events: one event, which is the condition, and nothing to match.
fn single(rule: &WeaveRule, legs: &[Leg]) -> Option<Pattern> {
    let ([only], true) = (legs, rule.matching.is_empty()) else { return None };
    let named = matches!(&rule.condition.as_ref()?.node, Expr::Name(name)
        if *name == only.reference.node);
    let events = matches!(only.pattern.source, PatternSource::Events { .. });
    let free = named && events && rule.suppress.is_none() && rule.show.is_empty();
    free.then(|| only.pattern.clone())
}

fn correlated(
    rule: &WeaveRule,
    legs: Vec<Leg>,
    names: &Names<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<ir::Correlation> {
    let window = window(rule, names, scope);
    let skew = skew(rule, window, names, scope);
    let keys = keys::check(rule, &legs, scope);
    let cond = condition::check(rule, &legs, window, names, scope);
    let show = show(rule, &legs, scope);
    let (window, cond) = (window?, cond?);
    correlation::report_widening(&cond, &legs, scope);
    if let Some(written) = &rule.condition {
        correlation::report_impossible(&cond, written.span, scope);
    }
    let patterns = legs.into_iter().map(|leg| leg.pattern).collect();
    Some(ir::Correlation { patterns, keys, window, skew, cond, show })
}

/// `over`; reported if it is missing.
fn window(rule: &WeaveRule, names: &Names<'_>, scope: &mut Scope<'_, '_>) -> Option<u64> {
    let mut found = rule.matching.iter().filter_map(|entry| match entry {
        MatchEntry::Over(span) => Some(span),
        MatchEntry::Key(_) | MatchEntry::Binding(..) | MatchEntry::Skew(_) => None,
    });
    let Some(first) = found.next() else {
        let name = rule.meta.name.as_ref().map_or(rule.meta.span, |name| name.span);
        let message = "the rule does not say how long its events may lie apart";
        let missing = Diagnostic::new(Code::MissingKey, name, message);
        scope.diagnostics.push(missing.help("add `over 24h` to the section `match:`"));
        return None;
    };
    if let Some(second) = found.next() {
        let message = "the rule says `over` twice";
        let twice = Diagnostic::new(Code::WeaveSyntax, second.span, message);
        scope.diagnostics.push(twice.label(first.span, "it stands here first"));
    }
    names.span(first, scope.diagnostics)
}

/// `skew`, 0 if it is not written.
fn skew(
    rule: &WeaveRule,
    window: Option<u64>,
    names: &Names<'_>,
    scope: &mut Scope<'_, '_>,
) -> u64 {
    let mut skew = None;
    for entry in &rule.matching {
        let MatchEntry::Skew(written) = entry else { continue };
        let Some(span) = names.span(written, scope.diagnostics) else { continue };
        if skew.replace(span).is_some() {
            let message = "the rule says `skew` twice";
            scope.diagnostics.push(Diagnostic::new(Code::WeaveSyntax, written.span, message));
        }
        if window.is_some_and(|window| span > window) {
            let help = "`skew` is by how much clocks differ: seconds, as a rule";
            report(scope, written.span, "`skew` is longer than `over`", help);
        }
    }
    skew.unwrap_or(0)
}

/// The events; `None` if one cannot be used, which was reported.
fn legs(
    rule: &WeaveRule,
    names: &Names<'_>,
    options: &Options,
    scope: &mut Scope<'_, '_>,
) -> Option<Vec<Leg>> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut legs = Vec::new();
    let mut complete = true;
    if rule.events.is_empty() {
        let message = "the rule names no events";
        let span = rule.meta.name.as_ref().map_or(rule.meta.span, |name| name.span);
        let found = Diagnostic::new(Code::MissingKey, span, message);
        scope.diagnostics.push(found.help("add a section `events:`"));
        complete = false;
    }
    for event in &rule.events {
        if !known.insert(&event.name.node) {
            let message = format!("another event has the name `{}`", event.name.node);
            let found = Diagnostic::new(Code::WeaveSyntax, event.name.span, message);
            scope.diagnostics.push(found.help("every event has a name of its own"));
            complete = false;
            continue;
        }
        match leg(event, names, options, scope) {
            Some(leg) => legs.push(leg),
            None => complete = false,
        }
    }
    complete.then_some(legs)
}

fn leg(
    event: &Event,
    names: &Names<'_>,
    options: &Options,
    scope: &mut Scope<'_, '_>,
) -> Option<Leg> {
    let (reference, weave) = match &event.source {
        EventSource::Inline { logsource, predicate } => {
            return inline(event, logsource, predicate.as_ref(), names, options, scope);
        }
        EventSource::Sigma(reference) => (reference, false),
        EventSource::Weave(reference) => (reference, true),
    };
    let at = scope.index.resolve(reference, scope.diagnostics)?;
    let is_weave = matches!(scope.index.document(at), Some(Document::Weave(_)));
    if is_weave != weave {
        let (found, wanted) = if is_weave { ("Weave", "weave") } else { ("Sigma", "sigma") };
        let message = format!("the rule `{}` is written in {found}", reference.node);
        let wrong = Diagnostic::new(Code::UnknownRule, reference.span, message);
        scope.diagnostics.push(wrong.help(format!("write `{wanted} \"{}\"`", reference.node)));
        return None;
    }
    let mut leg = correlation::leg(reference, at, scope)?;
    leg.reference = event.name.clone();
    leg.pattern.name.clone_from(&event.name.node);
    Some(leg)
}

/// An event that is described where it stands.
fn inline(
    event: &Event,
    logsource: &Spanned<String>,
    predicate: Option<&Spanned<Predicate>>,
    names: &Names<'_>,
    options: &Options,
    scope: &mut Scope<'_, '_>,
) -> Option<Leg> {
    let parts = Parts::of(&logsource.node);
    let part = |part: Option<&str>| part.map(|part| Spanned::new(part.to_owned(), logsource.span));
    let written = ast::LogSource {
        span: logsource.span,
        product: part(parts.product),
        category: part(parts.category),
        service: part(parts.service),
    };
    let source = logsource::resolve(&written, scope.taxonomy, scope.diagnostics)?;
    let mark = scope.diagnostics.len();
    let lowered = predicate.map(|predicate| {
        let mut fields = item::Scope {
            source,
            source_span: logsource.span,
            options,
            diagnostics: scope.diagnostics,
            at: predicate.span,
            left: MAX_TESTS,
        };
        (predicate::lower(predicate, names, &mut fields), predicate.span)
    });
    if scope.diagnostics.errors_since(mark) {
        return None;
    }
    let predicate = match lowered {
        Some((predicate, span)) => {
            lint::check(&predicate, span, scope.diagnostics);
            predicate
        }
        None => ir::Predicate::always(),
    };
    let key = source.key.clone();
    let found = scope.filters.on_events(&key, logsource.span, scope.diagnostics)?;
    let filters = found.iter().map(|filter| filter.span).collect();
    let predicate = filter::apply(predicate, found, scope.diagnostics);
    let source = PatternSource::Events { logsource: key, predicate };
    let pattern =
        Pattern { name: event.name.node.clone(), source, span: event.name.span.to(logsource.span) };
    let (reference, place) = (event.name.clone(), logsource.span);
    Some(Leg { reference, document: None, pattern, place, filters })
}

/// `show`
fn show(rule: &WeaveRule, legs: &[Leg], scope: &mut Scope<'_, '_>) -> Vec<(PatternId, FieldRef)> {
    let shown = rule.show.iter().filter_map(|field| {
        if let Some(transform) = &field.field.transform {
            let message = "fields are shown as they are";
            let found = Diagnostic::new(Code::WeaveSyntax, transform.span, message);
            scope.diagnostics.push(found.help("name the field without a transform"));
        }
        event_field(field, legs, scope)
    });
    shown.collect()
}

/// A field of an event; reported if one of them is not there.
fn event_field(
    field: &EventField,
    legs: &[Leg],
    scope: &mut Scope<'_, '_>,
) -> Option<(PatternId, FieldRef)> {
    let at = event(&field.event, legs, scope)?;
    let leg = legs.get(at.0)?;
    let found = leg.known_field(&field.field.name, scope.taxonomy, scope.diagnostics)?;
    Some((at, found))
}

/// The event with this name; reported if there is none.
fn event(name: &Spanned<String>, legs: &[Leg], scope: &mut Scope<'_, '_>) -> Option<PatternId> {
    let found = legs.iter().position(|leg| leg.reference.node == name.node);
    if found.is_none() {
        let message = format!("the rule has no event `{}`", name.node);
        let known = legs.iter().map(|leg| leg.reference.node.as_str());
        let unknown = Diagnostic::new(Code::UnknownSelection, name.span, message);
        scope.diagnostics.push(unknown.nearest(&name.node, known));
    }
    found.map(PatternId)
}

/// `alert`
fn suppress(rule: &WeaveRule, names: &Names<'_>, scope: &mut Scope<'_, '_>) -> Option<Suppress> {
    let written = rule.suppress.as_ref()?;
    let keys: Vec<&str> = rule
        .matching
        .iter()
        .filter_map(|entry| match entry {
            MatchEntry::Key(key) => Some(key.name.node.as_str()),
            MatchEntry::Binding(..) | MatchEntry::Over(_) | MatchEntry::Skew(_) => None,
        })
        .collect();
    for key in written.by.iter().filter(|key| !keys.contains(&key.node.as_str())) {
        let message = format!("the rule matches by no key `{}`", key.node);
        let found = Diagnostic::new(Code::KeyMissing, key.span, message);
        scope.diagnostics.push(found.nearest(&key.node, keys.iter().copied()));
    }
    let span = names.span(&written.span_of, scope.diagnostics)?;
    Some(Suppress { by: written.by.iter().map(|key| key.node.clone()).collect(), span })
}

/// A mistake in how the rule puts its events together.
fn report(scope: &mut Scope<'_, '_>, span: Span, message: impl Into<String>, help: &str) {
    scope.diagnostics.push(Diagnostic::new(Code::CorrelationShape, span, message).help(help));
}
