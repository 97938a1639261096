//! Splunk's Search Processing Language.
//!
//! A filter is one search, with what the `search` command can say exactly in front, so that Splunk
//! reads few events, and the rest in `| where`. A correlation is one search over the events of all of
//! its patterns and a pipeline that follows the algorithm of [`crate::plan`].
//!
//! `search` and `where` are two languages: [`search`] and [`expression`] print predicates for each;
//! [`syntax`] and [`regex`] know their quotes.

mod bindings;
mod expression;
mod firings;
mod legs;
mod lookups;
mod nexts;
mod regex;
mod search;
mod shows;
mod spelling;
mod syntax;
mod timeline;
mod totals;
mod value;

use minijinja::{Value, context};

use super::template::{Template, Templates, template};
use super::{Backend, Fragment, Query};
use crate::diagnostic::Diagnostic;
use crate::plan::{Kind, Leg, Plan, PlanBody};
use crate::source::Span;
use expression::{collect, expression};
use legs::Legs;
use syntax::Eval;
use value::Assignments;

/// The skeleton of a search for single events.
const FILTER: Template = template!("splunk/filter.j2");

/// Splunk's Search Processing Language.
#[derive(Debug, Clone, Copy)]
pub struct Splunk;

impl Backend for Splunk {
    fn target(&self) -> &'static str {
        "splunk"
    }

    fn title(&self) -> &'static str {
        "Splunk Search Processing Language"
    }

    fn skeletons(&self) -> &'static [Template] {
        &[FILTER, timeline::TIMELINE]
    }

    fn lower(&self, plan: &Plan, templates: &Templates) -> Result<Vec<Query>, Vec<Diagnostic>> {
        let span = plan.meta.span;
        let (skeleton, text) = match &plan.body {
            PlanBody::Filter(legs) => (FILTER, filter(legs, templates, span)?),
            PlanBody::Timeline(found) => {
                (timeline::TIMELINE, timeline::timeline(found, plan.report, templates, span)?)
            }
        };
        let overridden = templates.is_replaced(&skeleton);
        Ok(vec![Query { text, approximate: Vec::new(), overridden }])
    }

    /// At the end: a search that begins with a comment is not searched everywhere.
    fn commented(&self, query: &str, comment: &str) -> String {
        format!("{query}\n```{comment}```")
    }

    fn limits(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Count => "counts up to 10,000 (`max_stream_window`)",
            Kind::Value => "rows that `mvexpand` copies within `max_mem_usage_mb`",
            Kind::Binding => {
                "three bindings; memory of `eventstats` and `mvexpand` (`max_mem_usage_mb`)"
            }
            Kind::Filter | Kind::Presence | Kind::Order | Kind::Absence => kind.limits(),
        }
    }
}

/// The search, then computed columns and tests that the search could not say.
fn filter(legs: &[Leg], templates: &Templates, span: Span) -> Result<String, Vec<Diagnostic>> {
    let (search, exact) = legs::base(legs.iter());
    let mut steps = Assignments::default();
    let mut condition = None;
    if !exact {
        lookups::look_up(Legs::of(legs), &mut steps)?;
        legs::number_places(Legs::of(legs), &mut steps, span)?;
        legs::compute(Legs::of(legs), &mut steps, span)?;
        let rests = legs.iter().map(|leg| expression(&legs::remainder(leg), span));
        let rests = collect(rests)?.into_iter().enumerate().collect();
        condition = Some(legs::by_place(rests, Legs::of(legs).rows));
    }
    let context = context! {
        search => search,
        steps => values(steps.steps),
        filtered => condition.is_some(),
        condition => condition.map_or_else(|| Value::from(0), |condition| condition.text.into()),
        scratch => values(steps.scratch),
    };
    templates.fill(&FILTER, context, span).map_err(|problem| vec![problem])
}

/// Text put together here from names made here and fragments.
fn trusted(text: impl Into<String>) -> Value {
    Fragment::<Eval>::trusted(text).into()
}

/// Fragments for a template.
fn values<L>(fragments: impl IntoIterator<Item = Fragment<L>>) -> Vec<Value> {
    fragments.into_iter().map(Value::from).collect()
}

#[cfg(test)]
mod tests;
