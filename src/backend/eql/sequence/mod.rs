//! Timelines → sequences.
//!
//! A sequence is an order of events; a condition is the union of all orders that fulfil it
//! ([`roles`], [`orders`]): `a and b` → `[a] [b]` and `[b] [a]`, and one event that is both where
//! that can be. The *set of keys* that the queries report together is that of the rule.
//!
//! What EQL does with time: `maxspan` holds from the first to the last event, ends included; the
//! newest beginning of a sequence replaces an older one, which loses nothing where only the first
//! and the last event are bounded; simultaneous events come in an order of Elasticsearch's own. So
//! an order of two steps gets a second query for the two at once, joined by the time, and a longer
//! one a note; `![b] [a]` does not see a `b` at the time of `a`, which the author must accept.

mod choices;
mod numbers;
mod orders;
mod reason;
mod roles;
mod scene;
mod simplify;
mod strategy;
mod terms;

pub(super) use strategy::FILTER;

use std::collections::BTreeSet;

use minijinja::{Value, context};

use crate::backend::template::{Template, Templates, template};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Plan, Timeline};
use crate::source::Span;

use self::reason::{Loss, Reason};
use self::scene::{Draft, Limit, Spans};
use self::terms::{Sequence, Terms};
use super::predicate::Printer;
use super::syntax;
use super::{Query, Strategy, filter_query, query};

/// The skeleton of a sequence.
pub(super) const SEQUENCE: Template = template!("eql/sequence.eql.j2");

/// Queries that one rule may become; each is a rule of its own in Elastic.
const MAX_QUERIES: usize = 16;

/// The clock that Elasticsearch uses unless it is told another.
const CLOCK: &str = "@timestamp";

/// The queries of a correlation.
pub(super) fn queries(
    plan: &Plan,
    timeline: &Timeline,
    templates: &Templates,
) -> Result<Vec<Query>, Vec<Diagnostic>> {
    let rule = plan.meta.span;
    let drafts = drafts(timeline).map_err(|reason| vec![reason.refusal(rule)])?;
    let mut problems = unaccepted(&drafts, &plan.accept, rule);
    let mut printer = Printer::new(rule);
    let mut terms = Terms::new(timeline, &mut printer, rule);
    let mut queries: Vec<Query> = Vec::new();
    for draft in &drafts {
        match draft_queries(draft, &mut terms, templates, rule) {
            Ok(found) => found.into_iter().for_each(|query| push_new(&mut queries, query)),
            // The other orders would only repeat it.
            Err(problem) => {
                problems.push(problem);
                break;
            }
        }
    }
    if queries.len() > MAX_QUERIES {
        problems.push(reason::TOO_MANY.refusal(rule));
    }
    printer.into_problems().into_iter().for_each(|problem| push_new(&mut problems, problem));
    if problems.is_empty() { Ok(queries) } else { Err(problems) }
}

/// In which ways the queries of a correlation find it.
pub(super) fn strategies(timeline: &Timeline) -> Vec<Strategy> {
    strategy::of(&drafts(timeline).unwrap_or_default())
}

fn push_new<T: PartialEq>(all: &mut Vec<T>, new: T) {
    if !all.contains(&new) {
        all.push(new);
    }
}

/// The sequences of a condition, over patterns.
fn drafts(timeline: &Timeline) -> Result<Vec<Draft>, Reason> {
    let scenes = simplify::alternatives(roles::scenes(&timeline.cond, timeline.window)?);
    scene::check_firings(&scenes, &timeline.cond.named())?;
    let spans = Spans::of(timeline, timeline.cond.is_order());
    let mut found = Vec::new();
    for scene in &scenes {
        found.extend(scene::drafts(scene, timeline, spans)?);
        if found.len() > MAX_QUERIES {
            return Err(reason::TOO_MANY);
        }
    }
    Ok(found)
}

/// Why the sequences are refused unless their losses are accepted.
fn unaccepted(drafts: &[Draft], accepted: &[Code], rule: Span) -> Vec<Diagnostic> {
    let losses: BTreeSet<Loss> = drafts.iter().flat_map(|draft| &draft.losses).copied().collect();
    let refused = losses.into_iter().filter(|loss| !accepted.contains(&loss.code()));
    refused.map(|loss| loss.reason().refusal(rule)).collect()
}

fn draft_queries(
    draft: &Draft,
    terms: &mut Terms<'_>,
    templates: &Templates,
    rule: Span,
) -> Result<Vec<Query>, Diagnostic> {
    let codes: BTreeSet<Code> = draft.losses.iter().map(|loss| loss.code()).collect();
    let accepted = |loss: &Loss| format!("accepted ({}): {}", loss.code().id(), loss.note());
    let mut notes: Vec<String> = draft.losses.iter().map(accepted).collect();
    let clock = terms.clock()?;
    if clock.name != CLOCK {
        notes.push(format!("timestamp_field: {}", clock.name));
    }
    let mut found = Vec::new();
    if let Some(event) = draft.single() {
        if let Some(events) = terms.single(event) {
            found.push(filter_query(&events, &notes, templates, rule)?);
        }
    } else {
        for sequence in &terms.sequences(draft)? {
            found.push(render(sequence, draft.limit, &notes, templates, rule)?);
        }
    }
    let codes: Vec<Code> = codes.into_iter().collect();
    Ok(found.into_iter().map(|query| Query { approximate: codes.clone(), ..query }).collect())
}

fn render(
    sequence: &Sequence,
    limit: Limit,
    notes: &[String],
    templates: &Templates,
    rule: Span,
) -> Result<Query, Diagnostic> {
    let maxspan = match limit {
        Limit::Within(length) => Some(Value::from(syntax::span(length))),
        Limit::AtOnce => None,
    };
    let shared = sequence.shared_keys();
    let terms: Vec<Value> = sequence
        .terms
        .iter()
        .map(|term| {
            let by = if shared.is_some() { None } else { term.by.clone() };
            context! {
                absent => term.absent,
                category => term.events.category.clone(),
                predicate => term.events.line(),
                by => by.map(Value::from),
                runs => (term.runs > 1).then_some(term.runs),
            }
        })
        .collect();
    let context = context! {
        notes => super::comments(notes),
        by => shared.flatten().map(Value::from),
        maxspan => maxspan,
        terms => terms,
    };
    query(&SEQUENCE, context, templates, rule)
}

#[cfg(test)]
mod tests;
