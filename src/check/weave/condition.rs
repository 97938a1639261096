//! `condition` → [`Cond`]: events are looked up, numbers and spans read, and what can never or will
//! always hold is found.
//!
//! `(root or sip) and count(module) >= 10` → `All([Any([Seen(0), Seen(1)]), Count{…}])`.

use std::collections::BTreeSet;

use super::names::Names;
use super::{event, event_field, report};
use crate::check::correlation::atoms::names_positively;
use crate::check::correlation::condition::{MOST_STEPS, too_many_steps};
use crate::check::correlation::thresholds::{self, Numbers, Passing};
use crate::check::correlation::{Leg, Scope};
use crate::check::value::{self, Kind};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Aggregate, Anchor, Class, Cmp, Cond, FieldRef, PatternId, Step};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Threshold, WeaveRule};
use crate::syntax::weave::tree::{Compare, EventField, Expr, Link, Operator, Quantity, Value};

/// The condition; `None` if something is wrong, which was reported.
pub(super) fn check(
    rule: &WeaveRule,
    legs: &[Leg],
    window: Option<u64>,
    names: &Names<'_>,
    scope: &mut Scope<'_, '_>,
) -> Option<Cond> {
    let Some(written) = &rule.condition else {
        let name = rule.meta.name.as_ref().map_or(rule.meta.span, |name| name.span);
        let found = Diagnostic::new(Code::MissingKey, name, "the rule has no condition");
        scope.diagnostics.push(found.help("add a section `condition:`"));
        return None;
    };
    let mark = scope.diagnostics.len();
    let used = BTreeSet::new();
    let mut lowering = Lowering { legs, window, names, used, scope };
    let cond = lowering.lower(written);
    let used = lowering.used;
    if scope.diagnostics.errors_since(mark) {
        return None;
    }
    let cond = cond?;
    if !names_positively(&cond) {
        let help = "a rule fires at an event: name one without `not`";
        report(scope, written.span, "the condition names no event that it fires at", help);
        return None;
    }
    let unused = legs.iter().enumerate().filter(|(at, _)| !used.contains(&PatternId(*at)));
    for (_, leg) in unused {
        let message = format!("the condition does not use the event `{}`", leg.reference.node);
        let found = Diagnostic::new(Code::UnusedSelection, leg.reference.span, message);
        scope.diagnostics.push(found.help("use it or remove it"));
    }
    Some(cond)
}

struct Lowering<'a, 'n, 's, 'd, 'e> {
    legs: &'a [Leg],
    window: Option<u64>,
    names: &'a Names<'n>,
    used: BTreeSet<PatternId>,
    scope: &'e mut Scope<'s, 'd>,
}

impl Lowering<'_, '_, '_, '_, '_> {
    fn lower(&mut self, written: &Spanned<Expr>) -> Option<Cond> {
        match &written.node {
            Expr::Name(name) => {
                self.event(&Spanned::new(name.clone(), written.span)).map(Cond::Seen)
            }
            Expr::And(parts) => self.each(parts).map(Cond::All),
            Expr::Or(parts) => self.each(parts).map(Cond::Any),
            Expr::Not(inner) => Some(Cond::Not(Box::new(self.lower(inner)?))),
            Expr::Of(quantity, parts) => self.of(*quantity, parts, written.span),
            Expr::Chain(links) => self.chain(links, written.span),
            Expr::Compare(compare) => self.compare(compare, written.span),
            Expr::Score { classes, operator, value } => {
                self.score(classes, operator, value, written.span)
            }
            Expr::Absent { event, span, anchor, of } => {
                let pattern = self.event(event);
                let span = self.names.span(span, self.scope.diagnostics);
                let of = of.as_ref().map(|of| self.event(of));
                let anchor = match anchor.node.as_str() {
                    "before" => Anchor::Before,
                    "after" => Anchor::After,
                    _ => Anchor::Around,
                };
                if let (Some(Some(of)), Some(pattern)) = (of, pattern)
                    && of == pattern
                {
                    let help = "name another event after `before`, `after` or `around`";
                    self.report(event.span, "an event is never absent around itself", help);
                }
                let of = match of {
                    Some(found) => Some(found?),
                    None => None,
                };
                Some(Cond::Absent { pattern: pattern?, span: span?, anchor, of })
            }
        }
    }

    /// All of the parts; every one is tried.
    fn each(&mut self, parts: &[Spanned<Expr>]) -> Option<Vec<Cond>> {
        let found: Vec<Option<Cond>> = parts.iter().map(|part| self.lower(part)).collect();
        found.into_iter().collect()
    }

    fn event(&mut self, name: &Spanned<String>) -> Option<PatternId> {
        let found = event(name, self.legs, self.scope);
        self.used.extend(found);
        found
    }

    fn report(&mut self, span: Span, message: impl Into<String>, help: &str) {
        report(self.scope, span, message, help);
    }

    fn of(&mut self, quantity: Quantity, parts: &[Spanned<Expr>], span: Span) -> Option<Cond> {
        let conds = self.each(parts)?;
        if conds.is_empty() {
            self.report(span, "nothing stands in the parentheses", "list events in them");
            return None;
        }
        match quantity {
            Quantity::All => Some(Cond::All(conds)),
            Quantity::Any | Quantity::AtLeast(1) => Some(Cond::Any(conds)),
            Quantity::AtLeast(0) => {
                self.report(span, "`0 of` always holds", "ask for at least one");
                None
            }
            Quantity::AtLeast(least) if least as usize > conds.len() => {
                let message =
                    format!("only {} are listed, of which {least} never hold", conds.len());
                self.report(span, message, "ask for fewer");
                None
            }
            Quantity::AtLeast(least) => Some(Cond::AtLeast(least, conds)),
        }
    }

    fn chain(&mut self, links: &[Link], span: Span) -> Option<Cond> {
        if links.len() > MOST_STEPS {
            too_many_steps(span, links.len(), self.scope);
            return None;
        }
        let steps: Vec<Option<Step>> = links.iter().map(|link| self.step(link)).collect();
        let steps: Vec<Step> = steps.into_iter().collect::<Option<_>>()?;
        let window = self.window?;
        for (link, step) in links.iter().zip(&steps) {
            let (Some(written), Some(within)) = (&link.within, step.within) else { continue };
            if within > window {
                let message = format!(
                    "`{}` cannot follow so late: the whole order has to lie within `over`",
                    link.event.node
                );
                self.report(written.span, message, "write a shorter span, or a longer `over`");
            }
        }
        Some(Cond::Chain(steps))
    }

    fn step(&mut self, link: &Link) -> Option<Step> {
        let pattern = self.event(&link.event);
        let within = link.within.as_ref().map(|span| self.names.span(span, self.scope.diagnostics));
        let without: Vec<Option<PatternId>> =
            link.without.iter().map(|name| self.event(name)).collect();
        let within = match within {
            Some(found) => Some(found?),
            None => None,
        };
        Some(Step {
            pattern: pattern?,
            within,
            without: without.into_iter().collect::<Option<_>>()?,
        })
    }

    fn compare(&mut self, compare: &Compare, span: Span) -> Option<Cond> {
        let aggregate = match compare.function.node.as_str() {
            "count" => return self.count(compare, span),
            "distinct" => Aggregate::Distinct,
            "sum" => Aggregate::Sum,
            "avg" => Aggregate::Avg,
            "min" => Aggregate::Min,
            "max" => Aggregate::Max,
            "median" => Aggregate::Percentile(50.0),
            _ => Aggregate::Percentile(self.percentile(compare)?),
        };
        let numbers = match aggregate {
            Aggregate::Distinct => Numbers::Counts,
            Aggregate::Sum
            | Aggregate::Avg
            | Aggregate::Min
            | Aggregate::Max
            | Aggregate::Percentile(_) => Numbers::Reals,
        };
        let of = self.fields(compare, numbers);
        let (cmp, value) = self.limit(&compare.operator, &compare.value, numbers, span)?;
        Some(Cond::Aggregate { function: aggregate, of: of?, cmp, value })
    }

    fn count(&mut self, compare: &Compare, span: Span) -> Option<Cond> {
        let of: Vec<Option<PatternId>> =
            compare.events.iter().map(|name| self.event(name)).collect();
        if of.is_empty() {
            self.report(compare.function.span, "`count` counts nothing", "name events in it");
        }
        let limit = self.limit(&compare.operator, &compare.value, Numbers::Counts, span);
        let (cmp, value) = limit?;
        // The comparisons of counts are whole and not negative, or pass nothing.
        Some(Cond::Count { of: of.into_iter().collect::<Option<_>>()?, cmp, value: value as u64 })
    }

    fn percentile(&mut self, compare: &Compare) -> Option<f64> {
        let help = "write one from 0 to 100, such as `percentile(a.Bytes, 95)`";
        let Some(written) = &compare.percentile else {
            self.report(compare.function.span, "which percentile is meant?", help);
            return None;
        };
        let number = self.names.number(written, self.scope.diagnostics)?;
        if (0.0..=100.0).contains(&number) {
            return Some(number);
        }
        self.report(written.span, format!("there is no percentile {number}"), help);
        None
    }

    /// The fields that are summed up, by event.
    fn fields(
        &mut self,
        compare: &Compare,
        numbers: Numbers,
    ) -> Option<Vec<(PatternId, Vec<FieldRef>)>> {
        let mark = self.scope.diagnostics.len();
        let mut of: Vec<(PatternId, Vec<FieldRef>)> = Vec::new();
        for written in &compare.fields {
            let Some((at, field)) = self.field(written, numbers) else { continue };
            match of.iter_mut().find(|(known, _)| *known == at) {
                Some((_, fields)) => fields.push(field),
                None => of.push((at, vec![field])),
            }
        }
        if compare.fields.is_empty() {
            let message = format!("`{}` lacks a field", compare.function.node);
            self.report(compare.function.span, message, "say whose values count: `sum(a.Bytes)`");
        }
        let width = of.first().map_or(0, |(_, fields)| fields.len());
        if of.iter().any(|(_, fields)| fields.len() != width) {
            let message = "the events have different numbers of fields here";
            self.report(compare.function.span, message, "name as many of each event");
        }
        if numbers == Numbers::Reals && width > 1 {
            let message = format!("`{}` takes one field of each event", compare.function.node);
            self.report(compare.function.span, message, "name one");
        }
        (!self.scope.diagnostics.errors_since(mark)).then_some(of)
    }

    fn field(&mut self, written: &EventField, numbers: Numbers) -> Option<(PatternId, FieldRef)> {
        if let Some(transform) = &written.field.transform {
            let message = "values are computed of fields as they are";
            self.report(transform.span, message, "name the field without a transform");
        }
        let (at, field) = event_field(written, self.legs, self.scope)?;
        self.used.insert(at);
        if numbers == Numbers::Reals && value::kind(&field.ty) != Kind::Number {
            let message = format!("`{}` is of type {}, not a number", field.name, field.ty);
            let help = "sums, means and percentiles are of numbers; `distinct` counts any";
            let found = Diagnostic::new(Code::OperatorType, written.span, message);
            self.scope.diagnostics.push(found.help(help));
        }
        Some((at, field))
    }

    /// A comparison with a number; one that passes nothing or everything is reported.
    fn limit(
        &mut self,
        operator: &Spanned<Operator>,
        value: &Spanned<Value>,
        numbers: Numbers,
        span: Span,
    ) -> Option<(Cmp, f64)> {
        let value = self.names.number(value, self.scope.diagnostics);
        let Some(name) = threshold_name(operator.node) else {
            let help = "compare by `==`, `!=`, `<`, `<=`, `>` or `>=`";
            self.report(operator.span, "numbers do not compare like this", help);
            return None;
        };
        let operator = Spanned::new(name.to_owned(), operator.span);
        let read = thresholds::read(&[Threshold { span, operator, value: value? }], numbers);
        let found = read.first().copied()?;
        match thresholds::passing(&read, numbers) {
            Passing::None => {
                let help = "no number passes it: check the direction of the comparison";
                self.report(span, "the comparison can never hold", help);
                return None;
            }
            Passing::All => {
                let help = "every number passes it: `>= 1` is the first event";
                self.report(span, "the comparison always holds", help);
                return None;
            }
            Passing::Some => {}
        }
        if numbers == Numbers::Counts && !matches!(found.0, Cmp::Gt | Cmp::Gte) {
            let message = "this holds as soon as the first events have come, before more do";
            let warning = Diagnostic::new(Code::CountOnTheWay, span, message);
            let help = "a count only grows while events come: use `>=` or `>`";
            self.scope.diagnostics.push(warning.help(help));
        }
        Some(found)
    }

    fn score(
        &mut self,
        classes: &[Vec<(Spanned<String>, Spanned<Value>)>],
        operator: &Spanned<Operator>,
        value: &Spanned<Value>,
        span: Span,
    ) -> Option<Cond> {
        let mark = self.scope.diagnostics.len();
        if operator.node != Operator::Gte {
            let message = "a score compares by `>=`";
            self.report(operator.span, message, "write `>=` and the smallest score that counts");
        }
        let threshold = self.names.number(value, self.scope.diagnostics)?;
        let mut lowered: Vec<Class> = Vec::new();
        for class in classes {
            let weights =
                class.iter().filter_map(|(name, weight)| self.weight(name, weight, &lowered));
            let weights: Vec<(PatternId, f64)> = weights.collect();
            lowered.push(Class { weights });
        }
        let weights = || lowered.iter().flat_map(|class| class.weights.iter().map(|(_, w)| *w));
        let largest = |class: &Class| class.weights.iter().fold(0.0, |most, (_, w)| w.max(most));
        let most: f64 = lowered.iter().map(largest).sum();
        let least = weights().fold(f64::INFINITY, f64::min);
        if self.scope.diagnostics.errors_since(mark) {
            return None;
        }
        if most < threshold {
            let message = format!("the score can never be reached: it is {most} at most");
            self.report(span, message, "lower the threshold, or raise the weights");
        } else if least >= threshold {
            let message = "the score is always reached: every event alone suffices";
            self.report(span, message, "raise the threshold, or write `any of (…)`");
        }
        Some(Cond::Score { classes: lowered, threshold })
    }

    /// An event and its weight.
    fn weight(
        &mut self,
        name: &Spanned<String>,
        weight: &Spanned<Value>,
        before: &[Class],
    ) -> Option<(PatternId, f64)> {
        let at = self.event(name);
        let number = self.names.number(weight, self.scope.diagnostics)?;
        let at = at?;
        if number <= 0.0 {
            let help = "weigh events that make the rule less likely with `not` instead";
            self.report(weight.span, "a weight is a positive number", help);
            return None;
        }
        let twice = before.iter().any(|class| class.weights.iter().any(|(known, _)| *known == at));
        if twice {
            let message = format!("`{}` has a weight already", name.node);
            self.report(name.span, message, "an event counts in one class");
        }
        Some((at, number))
    }
}

/// What Sigma calls a comparison.
fn threshold_name(operator: Operator) -> Option<&'static str> {
    match operator {
        Operator::Eq => Some("eq"),
        Operator::Neq => Some("neq"),
        Operator::Lt => Some("lt"),
        Operator::Lte => Some("lte"),
        Operator::Gt => Some("gt"),
        Operator::Gte => Some("gte"),
        Operator::In
        | Operator::Contains
        | Operator::StartsWith
        | Operator::EndsWith
        | Operator::Like
        | Operator::Matches
        | Operator::Cidr
        | Operator::Exists
        | Operator::Null
        | Operator::NotNull => None,
    }
}
