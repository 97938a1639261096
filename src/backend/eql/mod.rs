//! Plans → Elastic EQL.
//!
//! A rule over single events becomes `any where …`; a rule over several events becomes sequences,
//! one per order in which the events may come, whose results together are those of the rule.
//! `Image endswith '\cmd.exe'` → `any where event.code : "1" and process.executable : "*\\cmd.exe"`.
//!
//! * [`syntax`]: strings, fields, numbers: the only place that knows quoting
//! * [`leaf`], [`predicate`]: tests and boolean structure; [`address`]: what they need
//! * [`events`]: which events of which places satisfy something
//! * [`sequence`]: conditions over several events
//!
//! What EQL cannot say (aggregates, comparisons of fields, words anywhere) is refused.

mod address;
mod events;
mod leaf;
mod predicate;
mod sequence;
mod syntax;

use std::collections::BTreeSet;

use minijinja::{Value, context};

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Leg, Plan, PlanBody, describe_events};
use crate::platform::Scalar;
use crate::source::Span;

use self::events::Events;
use self::predicate::Printer;
use super::{Backend, Query, Strategy, template};

/// Elastic's event query language.
pub struct Eql;

impl Backend for Eql {
    fn target(&self) -> &'static str {
        "eql"
    }

    fn title(&self) -> &'static str {
        "Elastic EQL"
    }

    fn render(&self, plan: &Plan) -> Result<Vec<Query>, Vec<Diagnostic>> {
        match &plan.body {
            PlanBody::Filter(legs) => filter(legs, plan.meta.span),
            PlanBody::Timeline(timeline) if !timeline.chained.is_empty() => {
                let message = "EQL finds sequences of events, not of the firings of other rules";
                let refusal = Diagnostic::new(Code::NotExpressible, plan.meta.span, message)
                    .help("write one correlation over the events themselves");
                Err(vec![refusal])
            }
            PlanBody::Timeline(timeline) if !timeline.bindings.is_empty() => {
                let message = "EQL joins all events of a sequence by the same keys, but some carry \
                               no value that others share here";
                let refusal = Diagnostic::new(Code::NotExpressible, plan.meta.span, message)
                    .help("make it a key of all events; or keep this rule to `splunk` and `kql`");
                Err(vec![refusal])
            }
            PlanBody::Timeline(timeline) => {
                let mut timeline = timeline.clone();
                timeline.legs.iter_mut().for_each(keys_as_stored);
                sequence::queries(plan, &timeline)
            }
        }
    }

    fn strategies(&self, plan: &Plan) -> Vec<Strategy> {
        match &plan.body {
            PlanBody::Filter(_) => vec![sequence::FILTER],
            PlanBody::Timeline(timeline) => sequence::strategies(timeline),
        }
    }

    fn describe(&self, plan: &Plan) -> Vec<String> {
        describe_events(plan)
    }

    fn plan_name(&self, plan: &Plan) -> String {
        let strategies = self.strategies(plan);
        let names: Vec<&str> = strategies.iter().map(|strategy| strategy.name).collect();
        names.join(" and ")
    }
}

/// Elastic's agents write GUIDs, hashes and numbers in one spelling each, so those keys
/// compare as they are stored.
fn keys_as_stored(leg: &mut Leg) {
    for key in leg.keys.iter_mut().flatten() {
        let computed = leg.lets.iter().find(|known| known.column == *key);
        if let Some(Scalar::Spelt(inner, spelling)) = computed.map(|known| &known.value)
            && let Scalar::Column(stored) = inner.as_ref()
            && spelling.is_canonical()
        {
            *key = stored.clone();
        }
    }
}

/// The events of the legs that satisfy their flags.
fn filter(legs: &[Leg], rule: Span) -> Result<Vec<Query>, Vec<Diagnostic>> {
    let mut printer = Printer::new(rule);
    let found = legs.iter().map(|leg| {
        let lets: BTreeSet<&str> = leg.lets.iter().map(|new| new.column.name.as_str()).collect();
        let flags = leg.flags.iter();
        let tests = flags.flat_map(|(_, flag)| printer.conjunction(flag, &lets)).collect();
        (&*leg.place, tests)
    });
    let found: Vec<_> = found.collect();
    let events = Events::of(found, &mut printer);
    let problems = printer.into_problems();
    if !problems.is_empty() {
        return Err(problems);
    }
    filter_query(&events, &[], rule).map(|query| vec![query]).map_err(|problem| vec![problem])
}

/// The query for single events.
fn filter_query(events: &Events, notes: &[String], rule: Span) -> Result<Query, Diagnostic> {
    let text = include_str!("../../../templates/eql/filter.eql.j2");
    let context = context! {
        notes => comments(notes),
        category => events.category.clone(),
        parts => events.lines(),
    };
    query("filter.eql.j2", text, context, rule)
}

fn comments(notes: &[String]) -> Vec<Value> {
    notes.iter().map(|note| syntax::comment(note).into()).collect()
}

/// Renders a skeleton.
fn query(
    name: &'static str,
    text: &'static str,
    context: Value,
    rule: Span,
) -> Result<Query, Diagnostic> {
    let found = template::skeleton(name, text, context);
    found.map(|text| Query { text, approximate: Vec::new() }).map_err(|error| {
        Diagnostic::new(Code::TemplateContract, rule, format!("the template fails: {error}"))
    })
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
