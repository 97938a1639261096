//! A query per place that a rule reads: do its events arrive, how many, and when was the last?

use minijinja::{Value, context};

use crate::backend::{self, Fragment};
use crate::diagnostic::Diagnostic;
use crate::ir::{PatternId, Predicate};
use crate::plan::{Leg, Plan, PlanBody};

use super::envelope::{PROBES, Syntax, render};
use super::{Emitted, Format, Piece, Subject};

/// Text that is a query already, or part of one.
struct Query;

/// The probes of a rule, numbered from 1; equal ones are asked once.
pub(super) fn emit(subject: &Subject<'_>) -> Result<Emitted, Vec<Diagnostic>> {
    let target = subject.environment.target.node.as_str();
    let template = PROBES.iter().find(|template| template.name.starts_with(&format!("{target}/")));
    let (Some(backend), Some(template)) = (backend::find(target), template) else {
        return Ok(Emitted::default());
    };
    let mut texts: Vec<String> = Vec::new();
    for leg in legs(subject.plan) {
        let body = PlanBody::Filter(vec![everything(leg)]);
        let plan = Plan { body, ..subject.plan.clone() };
        for query in backend.render(&plan, subject.templates)? {
            let context = context! {
                query => Value::from(Fragment::<Query>::trusted(query.text)),
                time => Value::from(Fragment::<Query>::trusted(leg.place.time.name.as_str())),
            };
            let text = render(
                template,
                Syntax::Query,
                subject.templates,
                context,
                subject.rule.meta.span,
            )?;
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    let ending = Format::ending(target);
    let piece = |(number, text): (usize, String)| Piece {
        path: format!("probe/{}.{}.{ending}", subject.stem, number + 1),
        text,
    };
    Ok(Emitted { pieces: texts.into_iter().enumerate().map(piece).collect(), warnings: Vec::new() })
}

/// The places of events that the plan reads.
fn legs(plan: &Plan) -> Vec<&Leg> {
    let legs: Vec<&Leg> = match &plan.body {
        PlanBody::Filter(legs) => legs.iter().collect(),
        PlanBody::Timeline(timeline) => {
            timeline.chained.iter().flat_map(|inner| &inner.legs).chain(&timeline.legs).collect()
        }
    };
    legs.into_iter().filter(|leg| leg.firings.is_none()).collect()
}

/// The leg with no test but those of its place.
fn everything(leg: &Leg) -> Leg {
    Leg {
        lets: Vec::new(),
        flags: vec![(PatternId(0), Predicate::All(Vec::new()))],
        keys: Vec::new(),
        shows: Vec::new(),
        ..leg.clone()
    }
}
