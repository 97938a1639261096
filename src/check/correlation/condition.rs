//! `type` and `condition` of a correlation → [`Cond`].

use super::atoms::names_positively;
use super::thresholds::{self, Numbers, Passing};
use super::{Leg, Scope, report};
use crate::check::detection::nothing;
use crate::check::names;
use crate::check::value::{self, Kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Aggregate, Cmp, Cond, FieldRef, PatternId, Step};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Condition, Correlation, CorrelationCondition, Quantifier, Threshold};

/// Steps that an order may have: what it costs to find one grows with them.
pub(in crate::check) const MOST_STEPS: usize = 32;

/// What `type` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    EventCount,
    ValueCount,
    ValueSum,
    ValueAvg,
    ValuePercentile,
    ValueMedian,
    Temporal,
    TemporalOrdered,
}

const TYPES: &[(&str, Type)] = &[
    ("event_count", Type::EventCount),
    ("value_count", Type::ValueCount),
    ("value_sum", Type::ValueSum),
    ("value_avg", Type::ValueAvg),
    ("value_percentile", Type::ValuePercentile),
    ("value_median", Type::ValueMedian),
    ("temporal", Type::Temporal),
    ("temporal_ordered", Type::TemporalOrdered),
];

/// `condition` with thresholds, taken apart.
#[derive(Clone, Copy)]
struct Limits<'a> {
    span: Span,
    fields: &'a [Spanned<String>],
    percentile: Option<&'a Spanned<f64>>,
    thresholds: &'a [Threshold],
}

/// The condition; `None` if something is wrong, which was reported.
pub(super) fn check(
    correlation: &Correlation,
    legs: &[Leg],
    scope: &mut Scope<'_, '_>,
) -> Option<Cond> {
    let written = correlation.kind.as_ref()?;
    let Some((_, kind)) = TYPES.iter().find(|(name, _)| *name == written.node) else {
        let message = format!("there is no correlation type `{}`", written.node);
        let found = Diagnostic::new(Code::CorrelationShape, written.span, message);
        scope.diagnostics.push(found.nearest(&written.node, TYPES.iter().map(|(name, _)| *name)));
        return None;
    };
    let span = written.span;
    match (kind, &correlation.condition) {
        (Type::Temporal, None) => Some(Cond::All(ids(legs).map(Cond::Seen).collect())),
        (Type::Temporal, Some(CorrelationCondition::Boolean(condition))) => {
            boolean(condition, legs, scope)
        }
        (Type::TemporalOrdered, None) => order(span, legs, scope),
        (_, Some(CorrelationCondition::Boolean(condition))) => {
            let message = format!("`{}` takes no condition over rules", written.node);
            report(scope, condition.span, message, "use `type: temporal`");
            None
        }
        (_, Some(CorrelationCondition::Thresholds { span, fields, percentile, thresholds })) => {
            let percentile = percentile.as_ref();
            let limits = Limits { span: *span, fields, percentile, thresholds };
            limited(*kind, limits, legs, scope)
        }
        (_, None) => {
            let message = format!("`{}` needs a `condition`", written.node);
            report(scope, span, message, "add one, such as `condition: {gte: 10}`");
            None
        }
    }
}

/// Reports an order with too many steps.
pub(in crate::check) fn too_many_steps(span: Span, steps: usize, scope: &mut Scope<'_, '_>) {
    let message = format!("the order has {steps} steps; {MOST_STEPS} are the most");
    report(scope, span, message, "leave steps out, or make a rule of its beginning and chain it");
}

fn ids(legs: &[Leg]) -> impl Iterator<Item = PatternId> {
    (0..legs.len()).map(PatternId)
}

/// One after the other, as listed.
fn order(span: Span, legs: &[Leg], scope: &mut Scope<'_, '_>) -> Option<Cond> {
    if legs.len() < 2 {
        report(scope, span, "an order needs at least two rules", "list more in `rules`");
        return None;
    }
    if legs.len() > MOST_STEPS {
        too_many_steps(span, legs.len(), scope);
        return None;
    }
    let step = |pattern| Step { pattern, within: None, without: Vec::new() };
    Some(Cond::Chain(ids(legs).map(step).collect()))
}

/// A condition with thresholds.
fn limited(
    kind: Type,
    limits: Limits<'_>,
    legs: &[Leg],
    scope: &mut Scope<'_, '_>,
) -> Option<Cond> {
    let of: Vec<PatternId> = ids(legs).collect();
    let aggregate = match kind {
        Type::EventCount => {
            no_fields(limits, scope)?;
            let comparisons = comparisons(limits, Numbers::Counts, scope)?;
            // The comparisons of counts are whole and not negative, or pass nothing.
            let count =
                |(cmp, value): (Cmp, f64)| Cond::Count { of: of.clone(), cmp, value: value as u64 };
            return Some(all(comparisons.into_iter().map(count).collect()));
        }
        Type::Temporal => return seen(limits, &of, scope),
        Type::TemporalOrdered => {
            let complete = limits.thresholds.iter().all(|threshold| {
                threshold.operator.node == "gte" && threshold.value == legs.len() as f64
            });
            if complete && limits.fields.is_empty() {
                return order(limits.span, legs, scope);
            }
            let help = "leave the condition out: all rules have to occur, in their order";
            report(scope, limits.span, "`temporal_ordered` takes no thresholds", help);
            return None;
        }
        Type::ValueCount => Aggregate::Distinct,
        Type::ValueSum => Aggregate::Sum,
        Type::ValueAvg => Aggregate::Avg,
        Type::ValueMedian => Aggregate::Percentile(50.0),
        Type::ValuePercentile => Aggregate::Percentile(percentile(limits, scope)?),
    };
    if let (Some(percentile), false) = (limits.percentile, kind == Type::ValuePercentile) {
        let help = "remove it, or use `type: value_percentile`";
        report(scope, percentile.span, "this type takes no `percentile`", help);
    }
    let numbers = match aggregate {
        Aggregate::Distinct => Numbers::Counts,
        Aggregate::Sum
        | Aggregate::Avg
        | Aggregate::Min
        | Aggregate::Max
        | Aggregate::Percentile(_) => Numbers::Reals,
    };
    let of = values(limits, numbers, legs, scope)?;
    let comparisons = comparisons(limits, numbers, scope)?;
    let aggregate =
        |(cmp, value)| Cond::Aggregate { function: aggregate, of: of.clone(), cmp, value };
    Some(all(comparisons.into_iter().map(aggregate).collect()))
}

/// All of the parts, or the only one.
pub(in crate::check) fn all(mut parts: Vec<Cond>) -> Cond {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            Cond::All(parts)
        }
    }
}

/// The fields that are summed up, in each leg.
fn values(
    limits: Limits<'_>,
    numbers: Numbers,
    legs: &[Leg],
    scope: &mut Scope<'_, '_>,
) -> Option<Vec<(PatternId, Vec<FieldRef>)>> {
    if limits.fields.is_empty() {
        let help = "say whose values count, such as `field: User`";
        report(scope, limits.span, "the condition lacks a `field`", help);
        return None;
    }
    let mark = scope.diagnostics.len();
    let mut of = Vec::new();
    for (at, leg) in legs.iter().enumerate() {
        let mut fields = Vec::new();
        for name in limits.fields {
            let Some(field) = leg.known_field(name, scope.taxonomy, scope.diagnostics) else {
                continue;
            };
            if numbers == Numbers::Reals && value::kind(&field.ty) != Kind::Number {
                let message = format!("`{}` is of type {}, not a number", name.node, field.ty);
                let help = "sums, means and percentiles are of numbers; `value_count` counts any";
                let found = Diagnostic::new(Code::OperatorType, name.span, message);
                scope.diagnostics.push(found.help(help));
            }
            fields.push(field);
        }
        of.push((PatternId(at), fields));
    }
    (!scope.diagnostics.errors_since(mark)).then_some(of)
}

fn percentile(limits: Limits<'_>, scope: &mut Scope<'_, '_>) -> Option<f64> {
    let help = "write one from 0 to 100, such as `percentile: 95`";
    match limits.percentile {
        Some(found) if (0.0..=100.0).contains(&found.node) => Some(found.node),
        Some(found) => {
            report(scope, found.span, format!("there is no percentile {}", found.node), help);
            None
        }
        None => {
            report(scope, limits.span, "the condition lacks a `percentile`", help);
            None
        }
    }
}

fn no_fields(limits: Limits<'_>, scope: &mut Scope<'_, '_>) -> Option<()> {
    let spare = limits.fields.first().map(|field| (field.span, "field"));
    let spare = spare.or(limits.percentile.map(|found| (found.span, "percentile")));
    let Some((span, key)) = spare else { return Some(()) };
    let help = "events are counted here; for values use `value_count` and its kin";
    report(scope, span, format!("this type takes no `{key}`"), help);
    None
}

/// The comparisons of a condition; those that pass nothing or everything are reported.
fn comparisons(
    limits: Limits<'_>,
    numbers: Numbers,
    scope: &mut Scope<'_, '_>,
) -> Option<Vec<(Cmp, f64)>> {
    let comparisons = thresholds::read(limits.thresholds, numbers);
    if comparisons.is_empty() {
        report(scope, limits.span, "the condition compares with nothing", "add `gte: 10`");
        return None;
    }
    match thresholds::passing(&comparisons, numbers) {
        Passing::None => {
            let help = "no number passes it: check the direction of its comparisons";
            report(scope, limits.span, "the condition can never hold", help);
            return None;
        }
        Passing::All => {
            let help = "every number passes it: `gte: 1` is the first event";
            report(scope, limits.span, "the condition always holds", help);
            return None;
        }
        Passing::Some => {}
    }
    let upward = |(cmp, _): &(Cmp, f64)| matches!(cmp, Cmp::Gt | Cmp::Gte);
    if numbers == Numbers::Counts && !comparisons.iter().all(upward) {
        scope.diagnostics.push(
            Diagnostic::new(
                Code::CountOnTheWay,
                limits.span,
                "this holds as soon as the first events have come, before more do",
            )
            .help("a count only grows while events come: use `gte` or `gt`"),
        );
    }
    Some(comparisons)
}

/// `temporal` with thresholds: how many of the rules have to occur.
fn seen(limits: Limits<'_>, of: &[PatternId], scope: &mut Scope<'_, '_>) -> Option<Cond> {
    no_fields(limits, scope)?;
    let seen: Vec<Cond> = of.iter().copied().map(Cond::Seen).collect();
    let least = |count: f64| Cond::AtLeast(count as u32, seen.clone());
    let mut parts = Vec::new();
    let mut comparisons = comparisons(limits, Numbers::Counts, scope)?;
    // At least one is seen whenever the condition is evaluated, at most all of them.
    comparisons.extend([(Cmp::Gte, 1.0), (Cmp::Lte, of.len() as f64)]);
    if thresholds::passing(&comparisons, Numbers::Counts) == Passing::None {
        let message = format!("the condition can never hold: there are {} rules", of.len());
        report(scope, limits.span, message, "compare with the number of rules or less");
        return None;
    }
    comparisons.truncate(comparisons.len().saturating_sub(2));
    for (cmp, value) in comparisons {
        parts.push(match cmp {
            Cmp::Gte => least(value),
            Cmp::Gt => least(value + 1.0),
            Cmp::Lt => Cond::Not(Box::new(least(value))),
            Cmp::Lte => Cond::Not(Box::new(least(value + 1.0))),
            Cmp::Eq => Cond::All(vec![least(value), Cond::Not(Box::new(least(value + 1.0)))]),
            Cmp::Neq => Cond::Any(vec![Cond::Not(Box::new(least(value))), least(value + 1.0)]),
        });
    }
    Some(all(parts))
}

/// A condition over rules.
fn boolean(
    condition: &Spanned<Condition>,
    legs: &[Leg],
    scope: &mut Scope<'_, '_>,
) -> Option<Cond> {
    let mark = scope.diagnostics.len();
    let mut used = vec![false; legs.len()];
    let cond = lower(condition, legs, &mut used, scope);
    if scope.diagnostics.errors_since(mark) {
        return None;
    }
    if !names_positively(&cond) {
        let help = "a rule fires at an event: name one without `not`";
        report(scope, condition.span, "the condition names no event that it fires at", help);
        return None;
    }
    for (leg, _) in legs.iter().zip(&used).filter(|(_, used)| !**used) {
        let message = format!("the condition does not use the rule `{}`", leg.reference.node);
        let found = Diagnostic::new(Code::UnusedSelection, leg.reference.span, message);
        scope.diagnostics.push(found.help("use it or remove it"));
    }
    Some(cond)
}

fn lower(
    condition: &Spanned<Condition>,
    legs: &[Leg],
    used: &mut [bool],
    scope: &mut Scope<'_, '_>,
) -> Cond {
    match &condition.node {
        Condition::Name(name) => named(name, legs, used, scope),
        Condition::Of(quantifier, pattern) => {
            let references = legs.iter().map(|leg| leg.reference.node.as_str());
            let found = names::matching(&pattern.node, references.clone());
            if found.is_empty() {
                scope.diagnostics.push(nothing(pattern, references));
                return Cond::All(Vec::new());
            }
            let mut seen = Vec::new();
            for ((at, leg), used) in legs.iter().enumerate().zip(used) {
                if found.contains(&leg.reference.node.as_str()) {
                    *used = true;
                    seen.push(Cond::Seen(PatternId(at)));
                }
            }
            at_least(*quantifier, seen, condition.span, scope)
        }
        Condition::Not(inner) => Cond::Not(Box::new(lower(inner, legs, used, scope))),
        Condition::And(parts) => {
            Cond::All(parts.iter().map(|part| lower(part, legs, used, scope)).collect())
        }
        Condition::Or(parts) => {
            Cond::Any(parts.iter().map(|part| lower(part, legs, used, scope)).collect())
        }
        Condition::Error => Cond::All(Vec::new()),
    }
}

fn at_least(
    quantifier: Quantifier,
    seen: Vec<Cond>,
    span: Span,
    scope: &mut Scope<'_, '_>,
) -> Cond {
    match quantifier {
        Quantifier::All => Cond::All(seen),
        Quantifier::AtLeast(1) => Cond::Any(seen),
        Quantifier::AtLeast(least) => {
            if least as usize > seen.len() {
                let message =
                    format!("only {} rules are meant, of which {least} never occur", seen.len());
                report(scope, span, message, "ask for fewer");
            }
            Cond::AtLeast(least, seen)
        }
    }
}

/// The rule of a condition: as `rules` lists it, or by its other name.
fn named(
    name: &Spanned<String>,
    legs: &[Leg],
    used: &mut [bool],
    scope: &mut Scope<'_, '_>,
) -> Cond {
    let document = scope.index.find(&name.node);
    let listed = legs.iter().position(|leg| {
        leg.reference.node == name.node || document.is_some() && document == leg.document
    });
    let Some(at) = listed else {
        let message = format!("the correlation does not list the rule `{}`", name.node);
        let known = legs.iter().map(|leg| leg.reference.node.as_str());
        let found = Diagnostic::new(Code::UnknownSelection, name.span, message);
        scope.diagnostics.push(found.nearest(&name.node, known));
        return Cond::All(Vec::new());
    };
    used.get_mut(at).into_iter().for_each(|used| *used = true);
    Cond::Seen(PatternId(at))
}
