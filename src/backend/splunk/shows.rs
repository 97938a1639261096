//! What is shown of the last firing, carried along from event to event.
//!
//! `root.TargetObject` → `sw_show0`, the value in the latest event of `root`, and `sw_showat0`, its
//! time; of simultaneous events the largest (`values` sorts them). `streamstats last(…)` leaves out
//! events without a value.

use minijinja::{Value, context};

use super::expression::{collect, name};
use super::syntax::list_field;
use super::trusted;
use super::value::Assignments;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Leg, Show, Timeline};
use crate::source::Span;

/// Assigns each event's values to show.
///
/// # Errors
/// Refusals at `span` of columns that SPL cannot name.
pub(super) fn assign(
    timeline: &Timeline,
    steps: &mut Assignments,
    span: Span,
) -> Result<(), Vec<Diagnostic>> {
    for (at, show) in timeline.shows.iter().enumerate() {
        let value = value(&timeline.legs, at, span)?;
        let is = show.pattern.0;
        steps.assign(&format!("sw_show{at}"), &format!("if(sw_is{is}=1, {value}, null())"));
    }
    Ok(())
}

/// The value to show, whatever leg an event is of; several values as one text.
fn value(legs: &[Leg], at: usize, span: Span) -> Result<String, Vec<Diagnostic>> {
    let held =
        legs.iter().enumerate().filter_map(|(leg, of)| Some((leg, of.shows.get(at)?.as_ref()?)));
    let held = collect(held.map(|(leg, column)| {
        let field = name(column, span).map_err(|refusal| vec![refusal])?;
        Ok((leg, if column.multi { format!("mvjoin({field}, \", \")") } else { field }))
    }))?;
    Ok(match held.as_slice() {
        [] => "null()".to_owned(),
        [(_, first), rest @ ..] if rest.iter().all(|(_, value)| value == first) => {
            format!("nullif({first}, \"\")")
        }
        several => {
            let cases = several.iter().map(|(leg, value)| format!("sw_leg={leg}, {value}"));
            format!("nullif(case({}), \"\")", cases.collect::<Vec<_>>().join(", "))
        }
    })
}

/// Columns of rows that hold them.
pub(super) fn columns(timeline: &Timeline) -> Vec<Value> {
    (0..timeline.shows.len()).map(|at| trusted(format!("sw_show{at}"))).collect()
}

/// What is kept of a group.
pub(super) fn of_group(timeline: &Timeline) -> Vec<String> {
    let shows = 0..timeline.shows.len();
    shows.map(|at| format!("values(sw_show{at}) as sw_show{at}")).collect()
}

/// Per value, how the template carries it along and names it in the result.
///
/// # Errors
/// E0602 at `span` for a name that SPL has no quotes for.
pub(super) fn context(timeline: &Timeline, span: Span) -> Result<Vec<Value>, Vec<Diagnostic>> {
    let show = |(at, show): (usize, &Show)| {
        let Some(named) = list_field(&show.name) else {
            let message = format!("SPL has no quotes for the name `{}`", show.name);
            return Err(vec![Diagnostic::new(Code::NotExpressible, span, message)]);
        };
        Ok(context! {
            value => trusted(format!("sw_show{at}")),
            at => trusted(format!("sw_showat{at}")),
            window => timeline.window,
            name => Value::from(named),
        })
    };
    collect(timeline.shows.iter().enumerate().map(show))
}
