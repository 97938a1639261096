//! Plans → ES|QL, Elastic's piped language.
//!
//! A rule over single events becomes `FROM … | WHERE …`, exactly. A rule over several events has no
//! exact counterpart: ES|QL has no sliding windows, so it becomes `STATS … BY key, BUCKET(…)`, if the
//! author accepts windows that begin at fixed times.
//!
//! `Image endswith '\cmd.exe'` →
//! `FROM winlogbeat-* … | WHERE TO_LOWER(winlog.event_data.Image) LIKE """*\\cmd.exe"""`.
//!
//! * [`syntax`]: strings, patterns, fields, numbers: the only place that knows quoting
//! * [`operand`], [`leaf`], [`predicate`]: values, tests and boolean structure
//! * [`filter`], [`windows`]: single events, and several

mod filter;
mod leaf;
mod operand;
mod predicate;
mod syntax;
mod windows;

use minijinja::Value;

use super::infix::Top;
use super::template::{Template, Templates};
use super::{Backend, Query, Strategy};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Plan, PlanBody, describe_events};

use self::syntax::{Expr, OPERATORS, Text};

/// Elastic's piped query language.
pub struct Esql;

impl Backend for Esql {
    fn target(&self) -> &'static str {
        "esql"
    }

    fn title(&self) -> &'static str {
        "Elastic ES|QL"
    }

    fn skeletons(&self) -> &'static [Template] {
        &[filter::SKELETON, windows::SKELETON]
    }

    fn lower(&self, plan: &Plan, templates: &Templates) -> Result<Vec<Query>, Vec<Diagnostic>> {
        match &plan.body {
            PlanBody::Filter(legs) => filter::queries(legs, templates, plan.meta.span),
            PlanBody::Timeline(timeline) if !timeline.bindings.is_empty() => {
                let message =
                    "ES|QL groups all events by the same keys, but only some share a value here";
                let refusal = Diagnostic::new(Code::NotExpressible, plan.meta.span, message)
                    .help("make it a key of all events; or keep this rule to `splunk` and `kql`");
                Err(vec![refusal])
            }
            PlanBody::Timeline(timeline) => windows::queries(plan, timeline, templates),
        }
    }

    fn strategies(&self, plan: &Plan) -> Vec<Strategy> {
        match &plan.body {
            PlanBody::Filter(_) => vec![filter::FILTER],
            PlanBody::Timeline(_) => vec![windows::WINDOWS],
        }
    }

    fn plan_name(&self, plan: &Plan) -> String {
        self.strategies(plan).iter().map(|strategy| strategy.name).collect()
    }

    fn describe(&self, plan: &Plan) -> Vec<String> {
        describe_events(plan)
    }
}

/// The parts of a conjunction, a line each, without those that say nothing.
fn lines(parts: Vec<Expr>) -> Vec<Value> {
    let stated: Vec<Expr> =
        parts.into_iter().filter(|part| part.text.as_str() != OPERATORS.always).collect();
    let several = stated.len() > 1;
    let line = |part: Expr| match part.top {
        Top::Or if several => Text::trusted(format!("({})", part.text)),
        Top::Or | Top::Atom | Top::And | Top::Not => part.text,
    };
    stated.into_iter().map(|part| line(part).into()).collect()
}

#[cfg(test)]
mod tests;
