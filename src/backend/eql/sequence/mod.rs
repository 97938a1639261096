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

mod orders;
mod roles;
mod scene;
mod terms;

use minijinja::{Value, context};

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Plan, Timeline};
use crate::source::Span;

use self::roles::{Reading, Reason, Ties};
use self::scene::{Draft, Limit, Note};
use self::terms::{Sequence, Terms};
use super::predicate::Printer;
use super::syntax;
use super::{Query, filter_query, query};

/// Queries that one rule may become; each is a rule of its own in Elastic.
const MAX_QUERIES: usize = 16;

/// The clock that Elasticsearch uses unless it is told another.
const CLOCK: &str = "@timestamp";

const TOO_MANY: Reason = Reason(
    "EQL would need more than 16 sequences for all the orders in which the events may come",
    "say the order with `then`, ask for fewer events, or split the rule",
);

/// The queries of a correlation.
pub(super) fn queries(plan: &Plan, timeline: &Timeline) -> Result<Vec<Query>, Vec<Diagnostic>> {
    let rule = plan.meta.span;
    let accepted = plan.meta.accept.contains(&Code::SimultaneousEvents);
    let ties = if accepted { Ties::Ignored } else { Ties::Count };
    let drafts = drafts(timeline, Reading { window: timeline.window, ties })
        .map_err(|reason| vec![refusal(rule, reason)])?;
    let mut printer = Printer::new(rule);
    let mut terms = Terms::new(timeline, &mut printer, rule);
    let mut queries: Vec<Query> = Vec::new();
    let mut problems = Vec::new();
    for draft in &drafts {
        match draft_queries(draft, &mut terms, rule) {
            Ok(found) => {
                let approximate = match draft.note {
                    Note::Accepted | Note::Sorted => vec![Code::SimultaneousEvents],
                    Note::None => Vec::new(),
                };
                for Query { text, .. } in found {
                    push_new(&mut queries, Query { text, approximate: approximate.clone() });
                }
            }
            // The other orders would only repeat it.
            Err(problem) => {
                problems.push(problem);
                break;
            }
        }
    }
    if queries.len() > MAX_QUERIES {
        problems.push(refusal(rule, TOO_MANY));
    }
    printer.into_problems().into_iter().for_each(|problem| push_new(&mut problems, problem));
    if problems.is_empty() { Ok(queries) } else { Err(problems) }
}

fn push_new<T: PartialEq>(all: &mut Vec<T>, new: T) {
    if !all.contains(&new) {
        all.push(new);
    }
}

/// The sequences of a condition, over patterns.
fn drafts(timeline: &Timeline, reading: Reading) -> Result<Vec<Draft>, Reason> {
    let scenes = roles::scenes(&timeline.cond, reading)?;
    scene::check_together(&scenes)?;
    let mut found = Vec::new();
    for scene in &scenes {
        found.extend(scene::drafts(scene, timeline, reading)?);
        if found.len() > MAX_QUERIES {
            return Err(TOO_MANY);
        }
    }
    Ok(found)
}

fn draft_queries(
    draft: &Draft,
    terms: &mut Terms<'_>,
    rule: Span,
) -> Result<Vec<Query>, Diagnostic> {
    let mut notes: Vec<String> = draft.note.text().into_iter().map(str::to_owned).collect();
    let clock = terms.clock()?;
    if clock.name != CLOCK {
        notes.push(format!("timestamp_field: {}", clock.name));
    }
    if let Some(event) = draft.single() {
        let events = terms.single(event);
        return Ok(events
            .map(|events| filter_query(&events, &notes, rule))
            .transpose()?
            .into_iter()
            .collect());
    }
    let sequences = terms.sequences(draft)?;
    sequences.iter().map(|sequence| render(sequence, draft.limit, &notes, rule)).collect()
}

fn render(
    sequence: &Sequence,
    limit: Limit,
    notes: &[String],
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
    let text = include_str!("../../../../templates/eql/sequence.eql.j2");
    query("sequence.eql.j2", text, context, rule)
}

fn refusal(rule: Span, Reason(message, help): Reason) -> Diagnostic {
    Diagnostic::new(Code::NotExpressible, rule, message).help(help)
}

#[cfg(test)]
mod tests;
