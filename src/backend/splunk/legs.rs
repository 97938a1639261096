//! The places of a plan as one search: what all of its shapes begin with.
//!
//! Each place's conditions and a bound on its patterns go into the search, places are or-ed. Where
//! there are several places and more to test than a search can, rows are told apart by `sw_leg`,
//! the number of their place.

use std::collections::BTreeSet;

use super::expression::{collect, expression};
use super::search::{Bound, bound, condition, every, predicate, some};
use super::syntax::{EVAL, Eval, Search, eval_field};
use super::value::{Assignments, value};
use crate::backend::Fragment;
use crate::backend::infix::{Expr, all, any};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{PatternId, Predicate};
use crate::plan::{Leg, Let, share_rows};
use crate::platform::Column;
use crate::source::Span;

/// Legs of one search.
#[derive(Debug, Clone, Copy)]
pub(super) struct Legs<'a> {
    /// The legs, of events or of firings of the rules before.
    pub(super) legs: &'a [Leg],
    /// What rows they are found among.
    pub(super) rows: Rows,
}

/// What rows a pipeline begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// Those of a single place: the search has tested what it could.
    One,
    /// Those of several places.
    Several,
    /// Those of several places, and firings of other rules, whose `sw_fired` is their number.
    Firings,
}

impl<'a> Legs<'a> {
    /// Legs that the search finds and nothing else.
    pub(super) fn of(legs: &'a [Leg]) -> Self {
        let rows = if legs.len() > 1 { Rows::Several } else { Rows::One };
        Self { legs, rows }
    }
}

/// The search for events of any of the legs, and whether it finds nothing else.
pub(super) fn base<'a>(legs: impl Iterator<Item = &'a Leg>) -> (Fragment<Search>, bool) {
    let bound = some(legs.map(leg_bound).collect());
    let terms = bound.terms.map_or_else(|| Fragment::trusted("*"), |terms| terms.text);
    (terms, bound.exact)
}

/// Columns that do not exist yet when the search runs.
fn computed(leg: &Leg) -> BTreeSet<&str> {
    leg.lets.iter().map(|found| found.column.name.as_str()).collect()
}

fn leg_bound(leg: &Leg) -> Bound {
    let computed = computed(leg);
    let patterns = leg.flags.iter().map(|(_, flag)| bound(flag, &computed)).collect();
    let conditions = leg.place.conditions.iter().map(condition);
    every(conditions.chain([some(patterns)]).collect())
}

/// What the search leaves to test of a leg's only pattern, place included.
pub(super) fn remainder(leg: &Leg) -> Predicate<Column> {
    let computed = computed(leg);
    let conditions = leg.place.conditions.iter().filter(|found| !condition(found).exact);
    let rest = leg.flags.iter().flat_map(|(_, flag)| conjuncts(flag));
    let rest = rest.filter(|part| !bound(part, &computed).exact);
    Predicate::all(conditions.map(predicate).chain(rest))
}

/// What must all hold; a negated disjunction is the negations of its parts.
fn conjuncts(predicate: &Predicate<Column>) -> Vec<Predicate<Column>> {
    match predicate {
        Predicate::All(parts) => parts.iter().flat_map(conjuncts).collect(),
        Predicate::Not(inner) => match inner.as_ref() {
            Predicate::Any(parts) => parts.iter().cloned().map(Predicate::negate).collect(),
            Predicate::All(_)
            | Predicate::Not(_)
            | Predicate::Test(_)
            | Predicate::Keyword(_)
            | Predicate::KeywordRegex(_) => vec![predicate.clone()],
        },
        Predicate::Any(_)
        | Predicate::Test(_)
        | Predicate::Keyword(_)
        | Predicate::KeywordRegex(_) => vec![predicate.clone()],
    }
}

/// The leg's place as an expression.
fn place(leg: &Leg, rows: Rows, span: Span) -> Result<Expr<Eval>, Vec<Diagnostic>> {
    if let Some(number) = leg.firings {
        return Ok(Expr::atom(format!("sw_fired={number}")));
    }
    let place = expression(&Predicate::all(leg.place.conditions.iter().map(predicate)), span)?;
    let event = Expr::atom("isnull(sw_fired)");
    Ok(match rows {
        Rows::One | Rows::Several => place,
        Rows::Firings if place.text.as_str() == EVAL.always => event,
        Rows::Firings => all(vec![event, place], &EVAL),
    })
}

/// Whether no row may belong to the places of two legs.
fn apart(legs: &[Leg]) -> bool {
    let share = |one: &Leg, other: &Leg| match (one.firings, other.firings) {
        (None, None) => share_rows(&one.place, &other.place),
        (one, other) => one == other,
    };
    legs.iter()
        .enumerate()
        .all(|(at, one)| !legs.iter().skip(at + 1).any(|other| share(one, other)))
}

/// Assigns the columns of legs whose events are told apart by their patterns, not by their places.
fn compute_each(
    legs: &[Leg],
    places: &[Expr<Eval>],
    steps: &mut Assignments,
    span: Span,
) -> Result<(), Vec<Diagnostic>> {
    for (at, (leg, place)) in legs.iter().zip(places).enumerate() {
        let others = || legs.iter().enumerate().filter(|(other, _)| *other != at);
        for Let { column, value: scalar } in &leg.lets {
            let hides = |(_, other): (usize, &Leg)| other.columns().contains(column.name.as_str());
            if others().any(hides) {
                return Err(vec![hidden(column, span)]);
            }
            let name = eval_field(&column.name).ok_or_else(|| vec![unnameable(column, span)])?;
            let text = value(scalar, steps, span)?;
            steps.assign(name.as_str(), &format!("if({}, {text}, {name})", place.text));
        }
    }
    Ok(())
}

fn hidden(column: &Column, span: Span) -> Diagnostic {
    let message = format!("`{}` is computed for some events and stored in others", column.name);
    Diagnostic::new(Code::NotExpressible, span, message)
        .help("give the events the same key fields, or test them so that their log sources differ")
}

/// Assigns the number of its place to each row, if there are several. Where one row may belong to
/// several, those patterns decide that exclude each other.
pub(super) fn number_places(
    Legs { legs, rows }: Legs<'_>,
    steps: &mut Assignments,
    span: Span,
) -> Result<(), Vec<Diagnostic>> {
    if rows == Rows::One {
        return Ok(());
    }
    let mut places = collect(legs.iter().map(|leg| place(leg, rows, span)))?;
    if !apart(legs) {
        compute_each(legs, &places, steps, span)?;
        let flags = legs.iter().map(|leg| {
            let flags = leg.flags.iter().map(|(_, flag)| flag.clone());
            expression(&Predicate::any(flags), span)
        });
        let both = places.into_iter().zip(collect(flags)?);
        places = both.map(|(place, flags)| all(vec![place, flags], &EVAL)).collect();
    }
    let cases = places.iter().enumerate().map(|(at, place)| format!("{}, {at}", place.text));
    steps.assign("sw_leg", &format!("case({})", cases.collect::<Vec<_>>().join(", ")));
    steps.scratch.push(Fragment::trusted("sw_leg"));
    Ok(())
}

/// Assigns the computed columns of each leg to its rows.
pub(super) fn compute(
    Legs { legs, rows }: Legs<'_>,
    steps: &mut Assignments,
    span: Span,
) -> Result<(), Vec<Diagnostic>> {
    if rows != Rows::One && !apart(legs) {
        return Ok(());
    }
    for (at, leg) in legs.iter().enumerate() {
        for Let { column, value: scalar } in &leg.lets {
            let name = eval_field(&column.name).ok_or_else(|| vec![unnameable(column, span)])?;
            let text = value(scalar, steps, span)?;
            match rows {
                Rows::One => steps.assign(name.as_str(), &text),
                Rows::Several | Rows::Firings => {
                    steps.assign(name.as_str(), &format!("if(sw_leg={at}, {text}, {name})"));
                }
            }
        }
    }
    Ok(())
}

fn unnameable(column: &Column, span: Span) -> Diagnostic {
    let message = format!("SPL has no quotes for the field name `{}`", column.name);
    Diagnostic::new(Code::ColumnOperator, span, message)
}

/// Whether a row satisfies a pattern. Of a single place, the search has tested what it could.
pub(super) fn flag(
    of: Legs<'_>,
    pattern: PatternId,
    span: Span,
) -> Result<Expr<Eval>, Vec<Diagnostic>> {
    let parts = of.legs.iter().enumerate().flat_map(|(at, leg)| {
        let flags = leg.flags.iter().filter(|(id, _)| *id == pattern);
        flags.map(move |(_, flag)| {
            let untested = leg.place.conditions.iter().filter(|found| !condition(found).exact);
            let untested = match of.rows {
                Rows::One => untested.collect(),
                Rows::Several | Rows::Firings => Vec::new(),
            };
            let all = untested.into_iter().map(predicate).chain([flag.clone()]);
            Ok((at, expression(&Predicate::all(all), span)?))
        })
    });
    Ok(by_place(collect(parts)?, of.rows))
}

/// Any of the expressions, each for the rows of its leg.
pub(super) fn by_place(parts: Vec<(usize, Expr<Eval>)>, rows: Rows) -> Expr<Eval> {
    let parts = parts.into_iter().map(|(at, part)| {
        if rows == Rows::One {
            return part;
        }
        let here = Expr::atom(format!("sw_leg={at}"));
        if part.text.as_str() == EVAL.always { here } else { all(vec![here, part], &EVAL) }
    });
    any(parts.collect(), &EVAL)
}
