//! Values that only some of the events share: each gets a timeline of its own, of which `sw_bound0` is
//! a part of the key.
//!
//! An event that carries it has `=value`, or `#12`, the number of its row, if it lacks the value. The
//! others are copied (`mvexpand`) to each value of their key (`eventstats values(…)`) and to `-`, the
//! timeline without any of these events. What fires in several timelines counts once: of an event's
//! copies, the first that fires.

use minijinja::{Value, context};

use super::expression::{collect, name};
use super::syntax::{EVAL, Eval};
use super::timeline::{completes, holds, sum};
use super::trusted;
use super::value::Assignments;
use crate::backend::infix::{Expr, all, any};
use crate::diagnostic::Diagnostic;
use crate::plan::{Binding, Fire, Holds, Timeline};
use crate::source::Span;

/// The columns of the bindings.
pub(super) fn columns(timeline: &Timeline) -> Vec<String> {
    (0..timeline.bindings.len()).map(column).collect()
}

fn column(number: usize) -> String {
    format!("sw_bound{number}")
}

/// Assigns the value of each binding to events that carry it.
///
/// # Errors
/// Refusals at `span` of columns that SPL cannot name.
pub(super) fn assign(
    timeline: &Timeline,
    steps: &mut Assignments,
    span: Span,
) -> Result<(), Vec<Diagnostic>> {
    for number in 0..timeline.bindings.len() {
        let held = timeline.legs.iter().enumerate();
        let held = held.filter_map(|(leg, of)| Some((leg, of.bound.get(number)?.as_ref()?)));
        let held =
            collect(held.map(|(leg, column)| {
                Ok((leg, name(column, span).map_err(|refusal| vec![refusal])?))
            }))?;
        let value = match held.as_slice() {
            [] => "null()".to_owned(),
            [(_, only)] if timeline.legs.len() == 1 => only.clone(),
            several => {
                let cases = several.iter().map(|(leg, value)| format!("sw_leg={leg}, {value}"));
                format!("case({})", cases.collect::<Vec<_>>().join(", "))
            }
        };
        steps.assign(&column(number), &value);
    }
    Ok(())
}

/// How events are unfolded, for the template.
pub(super) fn context(timeline: &Timeline) -> Vec<Value> {
    let each = timeline.bindings.iter().enumerate().map(|(number, binding)| {
        let carries = carries(timeline, binding);
        let bound = column(number);
        let own = format!("if(isnotnull({bound}) AND {bound}!=\"\", \"=\".{bound}, \"#\".sw_row)");
        context! {
            column => trusted(&bound),
            values => trusted(format!("sw_values{number}")),
            own => trusted(format!("{bound}=if({carries}, {own}, null())")),
            all => trusted(format!(
                "{bound}=if({carries}, {bound}, mvappend(sw_values{number}, \"-\"))"
            )),
        }
    });
    each.collect()
}

fn carries(timeline: &Timeline, binding: &Binding) -> String {
    let carriers = timeline.carriers(binding);
    let masks = carriers.iter().filter_map(|mask| timeline.masks.get(*mask));
    let tests = masks.map(|mask| Expr::<Eval>::atom(format!("sw_mask={}", mask.number())));
    any(tests.collect(), &EVAL).text.to_string()
}

/// How many events of each mask fire, each counted once, for the template; none without bindings.
pub(super) fn fired(timeline: &Timeline, keys: &[String]) -> Vec<Value> {
    if timeline.bindings.is_empty() {
        return Vec::new();
    }
    let each = timeline.fires.iter().enumerate().map(|(number, fire)| {
        let condition = fires(timeline, fire);
        let fired = format!("sw_fired{number}");
        let carried = timeline.carried(fire.mask);
        let by = std::iter::once("sw_time".to_owned()).chain(keys.iter().cloned());
        let by = by.chain(carried.iter().map(|binding| column(*binding))).collect::<Vec<_>>();
        context! {
            fired => trusted(&fired),
            assigned => trusted(format!(
                "{fired}=if({}, {}, 0)", condition.text, sum(&[fire.mask])
            )),
            copied => carried.len() < timeline.bindings.len(),
            by => trusted(by.join(", ")),
        }
    });
    each.collect()
}

/// Whether the events of a mask fire.
fn fires(timeline: &Timeline, fire: &Fire) -> Expr<Eval> {
    let links = fire.links.iter().map(|link| completes(link, timeline.window));
    let links = any(links.collect(), &EVAL);
    let always = matches!(&timeline.holds, Holds::All(parts) if parts.is_empty());
    match (fire.links.as_slice(), always) {
        ([], _) => holds(&timeline.holds),
        (_, true) => links,
        (_, false) => all(vec![holds(&timeline.holds), links], &EVAL),
    }
}
