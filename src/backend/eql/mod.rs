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
use super::template::{Template, Templates, template};
use super::{Backend, Query, Strategy};

/// The skeleton of a query for single events.
const FILTER: Template = template!("eql/filter.eql.j2");

/// Elastic's event query language.
pub struct Eql;

impl Backend for Eql {
    fn target(&self) -> &'static str {
        "eql"
    }

    fn title(&self) -> &'static str {
        "Elastic EQL"
    }

    fn skeletons(&self) -> &'static [Template] {
        &[FILTER, sequence::SEQUENCE]
    }

    fn lower(&self, plan: &Plan, templates: &Templates) -> Result<Vec<Query>, Vec<Diagnostic>> {
        match &plan.body {
            PlanBody::Filter(legs) => filter(legs, templates, plan.meta.span),
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
                sequence::queries(plan, &timeline, templates)
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
fn filter(legs: &[Leg], templates: &Templates, rule: Span) -> Result<Vec<Query>, Vec<Diagnostic>> {
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
    let found = filter_query(&events, &[], templates, rule);
    found.map(|query| vec![query]).map_err(|problem| vec![problem])
}

/// The query for single events.
fn filter_query(
    events: &Events,
    notes: &[String],
    templates: &Templates,
    rule: Span,
) -> Result<Query, Diagnostic> {
    let context = context! {
        notes => comments(notes),
        category => events.category.clone(),
        parts => events.lines(),
    };
    query(&FILTER, context, templates, rule)
}

fn comments(notes: &[String]) -> Vec<Value> {
    notes.iter().map(|note| syntax::comment(note).into()).collect()
}

/// Renders a skeleton.
fn query(
    skeleton: &Template,
    context: Value,
    templates: &Templates,
    rule: Span,
) -> Result<Query, Diagnostic> {
    let text = templates.fill(skeleton, context, rule)?;
    let overridden = templates.is_replaced(skeleton);
    Ok(Query { text, approximate: Vec::new(), overridden })
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
