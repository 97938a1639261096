//! Numbers kept for the window: each value comes and, when the window has left it behind, leaves.
//!
//! `sum(a.Bytes)` over 1h → the row of an event is copied (`sw_copy`): the copy adds the value
//! (`sw_value0`), the other, an hour and a millisecond later, takes it away (`sw_sign`). Per time and
//! key `sw_delta0` is what changes, and its running total `sw_total0` the sum in the window. For
//! `distinct` a value changes the total where the number of its copies (`sw_held0`) leaves or reaches 0.

use minijinja::{Value, context};

use super::expression::{collect, comparison, name};
use super::syntax::{EVAL, Eval, number};
use super::trusted;
use super::value::Assignments;
use crate::backend::infix::{Expr, any};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Cmp, PatternId};
use crate::plan::{Amount, Are, Giver, Leg, Of, Timeline, Total, Values};
use crate::platform::Column;
use crate::source::Span;

/// A decimal number; Splunk's own reading of text as numbers takes more.
const NUMBER: &str = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?\z";

/// Assigns each event's values, as they are.
///
/// # Errors
/// Refusals at `span` of columns that SPL cannot name or count together.
pub(super) fn assign(
    timeline: &Timeline,
    steps: &mut Assignments,
    span: Span,
) -> Result<(), Vec<Diagnostic>> {
    for (at, values) in timeline.values.iter().enumerate() {
        let givers = values.givers.iter().enumerate();
        let given = givers.map(|(of, giver)| given(timeline, (at, of), giver, span));
        let given = collect(given)?;
        let value = match given.as_slice() {
            [only] => only.clone(),
            several if values.is_single(&timeline.masks) => {
                format!("coalesce({})", several.join(", "))
            }
            several => format!("mvappend({})", several.join(", ")),
        };
        steps.assign(&format!("sw_value{at}"), &value);
    }
    Ok(())
}

/// What a giver's events give, whatever leg they are of.
fn given(
    timeline: &Timeline,
    (at, of): (usize, usize),
    giver: &Giver,
    span: Span,
) -> Result<String, Vec<Diagnostic>> {
    let legs = timeline.legs.iter().enumerate();
    let held = legs.filter_map(|(leg, found)| {
        let columns = found.values.get(at)?.get(of)?;
        (!columns.is_empty()).then_some((leg, columns))
    });
    let held = held.map(|(leg, columns)| Ok((leg, together(columns, span)?)));
    let held = collect(held)?;
    let value = match held.as_slice() {
        [] => return Ok("null()".to_owned()),
        [(_, first), rest @ ..] if rest.iter().all(|(_, value)| value == first) => first.clone(),
        several => {
            let cases = several.iter().map(|(leg, value)| format!("sw_leg={leg}, {value}"));
            format!("case({})", cases.collect::<Vec<_>>().join(", "))
        }
    };
    if timeline.legs.iter().all(|leg| gives_only(leg, &giver.patterns)) {
        return Ok(value);
    }
    let is = giver.patterns.iter().map(|pattern| Expr::atom(format!("sw_is{}=1", pattern.0)));
    Ok(format!("if({}, {value}, null())", any::<Eval>(is.collect(), &EVAL).text))
}

/// Whether all of a leg's events satisfy one of the patterns.
fn gives_only(leg: &Leg, patterns: &[PatternId]) -> bool {
    leg.flags.iter().all(|(pattern, _)| patterns.contains(pattern))
}

/// Columns as one value: each with its length, so that different ones never look the same.
fn together(columns: &[Column], span: Span) -> Result<String, Vec<Diagnostic>> {
    let several = columns.iter().find(|column| column.multi && columns.len() > 1);
    if let Some(Column { name, .. }) = several {
        let message = format!("`{name}` may hold several values, and SPL cannot pair them");
        let help = "count the field by itself: `distinct(a.Field)`";
        return Err(vec![Diagnostic::new(Code::NotExpressible, span, message).help(help)]);
    }
    let names = columns.iter().map(|column| name(column, span).map_err(|refusal| vec![refusal]));
    let names = collect(names)?;
    Ok(match names.as_slice() {
        [only] => only.clone(),
        names => {
            let there = names.iter().map(|name| format!("isnotnull({name}) AND {name}!=\"\""));
            let parts = names.iter().map(|name| format!("len({name}).\":\".{name}"));
            let (there, parts): (Vec<_>, Vec<_>) = (there.collect(), parts.collect());
            format!("if({}, {}, null())", there.join(" AND "), parts.join(".\":\"."))
        }
    })
}

/// Columns of rows that hold them.
pub(super) fn columns(timeline: &Timeline) -> Vec<Value> {
    (0..timeline.values.len()).map(|at| trusted(format!("sw_value{at}"))).collect()
}

/// What is done before events are grouped; `false` without any total.
pub(super) fn before_groups(timeline: &Timeline) -> Value {
    if timeline.totals.is_empty() {
        return Value::from(false);
    }
    let different = timeline.totals.iter().enumerate();
    let different = different.filter(|(_, total)| total.of == Of::Different);
    let different = different.map(|(at, total)| {
        let (value, delta) = (format!("sw_value{}", total.values), format!("sw_delta{at}"));
        let held = format!("sw_held{}", total.values);
        context! {
            value => trusted(&value),
            held => trusted(&held),
            change => trusted(format!(
                "{delta}=case({value}=\"\", 0, sw_sign=1 AND {held}=1, 1, \
                 sw_sign=-1 AND {held}=0, -1, true(), 0)"
            )),
        }
    });
    context! {
        copies => trusted(copies(timeline)),
        steps => copied(timeline).into_iter().map(trusted).collect::<Vec<_>>(),
        different => different.collect::<Vec<_>>(),
    }
}

/// How many copies there are of an event: two for each value, and itself.
fn copies(timeline: &Timeline) -> String {
    let values = timeline.values.iter().enumerate();
    let (several, single): (Vec<_>, Vec<_>) =
        values.partition(|(at, values)| is_several(timeline, *at, values));
    let single = single.iter().map(|(at, _)| Expr::atom(format!("isnotnull(sw_value{at})")));
    let single: Vec<Expr<Eval>> = single.collect();
    let one = (!single.is_empty()).then(|| format!("if({}, 2, 1)", any(single, &EVAL).text));
    let many = several.iter().map(|(at, _)| format!("2*coalesce(mvcount(sw_value{at}), 0)"));
    let numbers: Vec<String> = one.into_iter().chain(many).collect();
    match (numbers.as_slice(), several.as_slice()) {
        ([only], []) => only.clone(),
        (numbers, _) => format!("max(1, {})", numbers.join(", ")),
    }
}

/// Whether an event may give several values.
fn is_several(timeline: &Timeline, at: usize, values: &Values) -> bool {
    let given = timeline.legs.iter().filter_map(|leg| leg.values.get(at));
    !values.is_single(&timeline.masks) || given.flatten().flatten().any(|column| column.multi)
}

/// What each copy has: its sign, its value, its time; only the first is the event.
fn copied(timeline: &Timeline) -> Vec<String> {
    let mut steps = vec!["sw_sign=if(sw_copy%2=0, 1, -1)".to_owned()];
    let mut sets = timeline.values.iter().enumerate();
    let any_several = sets.any(|(at, values)| is_several(timeline, at, values));
    for (at, values) in timeline.values.iter().enumerate() {
        let value = format!("sw_value{at}");
        if any_several {
            steps.push(format!("{value}=mvindex({value}, floor(sw_copy/2))"));
        }
        steps.push(match values.are {
            Are::Texts => format!("{value}=coalesce({value}, \"\")"),
            Are::Numbers => {
                format!("{value}=if(match({value}, \"{NUMBER}\"), tonumber({value}), null())")
            }
        });
    }
    let changes = timeline.totals.iter().enumerate();
    steps.extend(changes.filter_map(|(at, total)| {
        let value = format!("sw_value{}", total.values);
        let there = format!("isnull({value}), 0");
        Some(match total.of {
            Of::Different => return None,
            Of::Number => format!("sw_delta{at}=if(isnull({value}), 0, sw_sign)"),
            Of::Compared(cmp, limit) => {
                let limit = number(limit);
                let test = format!("{value}{}{limit}", comparison(cmp));
                format!("sw_delta{at}=case({there}, {test}, sw_sign, true(), 0)")
            }
            Of::Sum => format!("sw_delta{at}=if(isnull({value}), 0, sw_sign*{value})"),
        })
    }));
    let after = timeline.window.saturating_add(1);
    steps.push(format!("sw_time=if(sw_sign=1, sw_time, sw_time+{after})"));
    steps.push("sw_mask=if(sw_copy=0, sw_mask, 0)".to_owned());
    let shows = (0..timeline.shows.len()).map(|at| format!("sw_show{at}"));
    steps.extend(shows.map(|name| format!("{name}=if(sw_copy=0, {name}, null())")));
    steps
}

/// What is kept of a group.
pub(super) fn of_group(timeline: &Timeline) -> Vec<String> {
    totals(timeline, |at| format!("sum(sw_delta{at}) as sw_delta{at}"))
}

/// The running totals.
pub(super) fn running(timeline: &Timeline) -> String {
    totals(timeline, |at| format!("sum(sw_delta{at}) as sw_total{at}")).join(" ")
}

fn totals(timeline: &Timeline, each: impl Fn(usize) -> String) -> Vec<String> {
    timeline.totals.iter().enumerate().map(|(at, _): (usize, &Total)| each(at)).collect()
}

/// That amounts compare so.
pub(super) fn compare(left: Amount, cmp: Cmp, right: Amount) -> Expr<Eval> {
    Expr::atom(format!("{}{}{}", amount(left), comparison(cmp), amount(right)))
}

fn amount(amount: Amount) -> String {
    match amount {
        Amount::Number(value) => number(value),
        Amount::Total(total) => format!("sw_total{total}"),
        Amount::Ratio(total, by) => format!("sw_total{total}/max(1, sw_total{by})"),
        Amount::Share(total, share) => format!("{}*sw_total{total}", number(share)),
    }
}
