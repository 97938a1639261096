//! What is shown of the last firing, carried along from group to group.
//!
//! `root.TargetObject` → `_show0`, the largest value among a group's events of `root`; the scan keeps
//! the latest (`_shown0`) and its time (`_showntime0`). All are text; empty means that there is none.

use super::names::Names;
use super::scan::Scan;
use super::syntax::{self, Kusto};
use super::{OPERATORS, scalar};
use crate::plan::{Leg, Show, Timeline};
use crate::platform::ColumnType;

/// The values to show and how their columns are called.
#[derive(Clone, Copy)]
pub(super) struct Shows<'a> {
    /// What is printed.
    pub(super) timeline: &'a Timeline,
    /// How columns are called.
    pub(super) names: &'a Names,
}

impl Shows<'_> {
    /// The columns of a leg's events.
    pub(super) fn of_leg(&self, leg: &Leg) -> Vec<Kusto> {
        let column = |number: usize| {
            let held = leg.shows.get(number).and_then(Option::as_ref);
            let value = held.map_or_else(
                || syntax::text(""),
                |column| scalar::convert(&syntax::name(&column.name), column.ty, ColumnType::Text),
            );
            Kusto::trusted(format!("{} = {value}", self.name("show", number)))
        };
        self.numbers().map(column).collect()
    }

    /// What is kept of a group.
    pub(super) fn of_group(&self, scan: &Scan<'_>) -> Vec<Kusto> {
        let shows = self.timeline.shows.iter().enumerate();
        let kept = shows.map(|(number, show): (usize, &Show)| {
            let value = self.name("show", number);
            let masks: Vec<usize> = self.timeline.masks_of(show.pattern).collect();
            let is = scan.one_of(&masks);
            match is == OPERATORS.always {
                true => Kusto::trusted(format!("{value} = max({value})")),
                false => Kusto::trusted(format!("{value} = max(iff({is}, {value}, \"\"))")),
            }
        });
        kept.collect()
    }

    /// The columns that the scan adds.
    pub(super) fn declared(&self) -> Vec<Kusto> {
        let declare = |number: usize| {
            let (shown, time) = (self.name("shown", number), self.name("showntime", number));
            [Kusto::trusted(format!("{shown}:string")), Kusto::trusted(format!("{time}:datetime"))]
        };
        self.numbers().flat_map(declare).collect()
    }

    /// What each group assigns to them.
    pub(super) fn assignments(&self) -> Vec<Kusto> {
        let names = self.names;
        let (same, step) = (names.one("same"), names.one("step"));
        let assign = |number: usize| {
            let here = self.name("show", number);
            [
                (self.name("shown", number), here.clone(), syntax::text("")),
                (self.name("showntime", number), names.one("time"), names.one("never")),
            ]
            .map(|(name, new, none)| {
                let carried = format!("iff({same}, {step}.{name}, {none})");
                Kusto::trusted(format!("{name} = iff(isnotempty({here}), {new}, {carried})"))
            })
        };
        self.numbers().flat_map(assign).collect()
    }

    /// The values that lie in the window, at a firing.
    pub(super) fn at_firing(&self) -> Option<Kusto> {
        let window = syntax::timespan(self.timeline.window);
        let time = self.names.one("time");
        let value = |number: usize| {
            let (shown, since) = (self.name("shown", number), self.name("showntime", number));
            // Of several timelines the latest value counts, so they are compared with their times.
            let value = match self.timeline.bindings.as_slice() {
                [] => shown.clone(),
                _ => Kusto::trusted(format!("strcat(tolong({since}), {shown})")),
            };
            let there = match self.timeline.bindings.as_slice() {
                [] => String::new(),
                _ => format!("isnotempty({shown}) and "),
            };
            Kusto::trusted(format!(
                "{shown} = iff({there}{time} - {since} <= {window}, {value}, \"\")"
            ))
        };
        let values: Vec<Kusto> = self.numbers().map(value).collect();
        (!values.is_empty()).then(|| Kusto::join(values, ", "))
    }

    /// The values without the times that they were compared with: the ticks since the year 1, of
    /// eighteen digits from 317 to 3169.
    pub(super) fn without_times(&self) -> Option<Kusto> {
        let columns = self.columns();
        let cut =
            columns.iter().map(|shown| Kusto::trusted(format!("{shown} = substring({shown}, 18)")));
        (!columns.is_empty()).then(|| Kusto::join(cut.collect::<Vec<_>>(), ", "))
    }

    /// The columns of the values at a firing.
    pub(super) fn columns(&self) -> Vec<Kusto> {
        self.numbers().map(|number| self.name("shown", number)).collect()
    }

    fn numbers(&self) -> std::ops::Range<usize> {
        0..self.timeline.shows.len()
    }

    fn name(&self, what: &str, number: usize) -> Kusto {
        self.names.of(what, number)
    }
}
