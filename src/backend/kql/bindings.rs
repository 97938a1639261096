//! Values that only some of the events share: each gets a timeline of its own, of which `_bound0` is a
//! part of the key.
//!
//! An event that carries it has `=value`, or `#12`, the number of its row, if it lacks the value. The
//! others (`-`) are copied to each value of their key, which are as few as there are different ones,
//! and stay in the timeline without any of these events. What fires in several timelines counts
//! once: of an event's copies, the first that fires.

use minijinja::{Value, context};

use super::legs::Shape;
use super::names::Names;
use super::scan::{Class, Scan};
use super::syntax::{self, Kusto};
use crate::plan::{Leg, Timeline};
use crate::platform::ColumnType;

/// The bindings of a timeline and what its columns are called.
#[derive(Clone, Copy)]
pub(super) struct Bindings<'a> {
    pub(super) timeline: &'a Timeline,
    pub(super) names: &'a Names,
}

impl Bindings<'_> {
    /// The columns of the bindings.
    pub(super) fn columns(&self) -> Vec<Kusto> {
        let numbers = 0..self.timeline.bindings.len();
        numbers.map(|number| self.names.of("bound", number)).collect()
    }

    /// The columns of a leg's events.
    pub(super) fn of_leg(&self, leg: &Leg) -> Vec<Kusto> {
        let column = |(number, name): (usize, Kusto)| {
            let held = leg.bound.get(number).and_then(Option::as_ref);
            let value = held.map_or_else(
                || syntax::text(""),
                |column| {
                    let column_name = syntax::name(&column.name);
                    super::scalar::convert(&column_name, column.ty, ColumnType::Text)
                },
            );
            Kusto::trusted(format!("{name} = {value}"))
        };
        self.columns().into_iter().enumerate().map(column).collect()
    }

    /// How events are unfolded, for the template.
    pub(super) fn context(&self, scan: &Scan<'_>) -> Vec<Value> {
        let row = self.names.one("row");
        let bindings = self.timeline.bindings.iter().enumerate();
        let unfold = |(number, binding)| {
            let (bound, values) = (self.names.of("bound", number), self.names.of("values", number));
            let carries = scan.one_of(&self.timeline.carriers(binding));
            let own =
                format!("iff(isempty({bound}), strcat(\"#\", {row}), strcat(\"=\", {bound}))");
            context! {
                own => Value::from(Kusto::trusted(format!("{bound} = iff({carries}, {own}, \"-\")"))),
                set => Value::from(Kusto::trusted(format!("{values} = make_set({bound})"))),
                all => Value::from(Kusto::trusted(format!(
                    "{bound} = iff({carries}, pack_array({bound}), {values})"
                ))),
                column => Value::from(bound),
            }
        };
        bindings.map(unfold).collect()
    }

    /// Per class of firings whose events are copied, how each is counted once.
    pub(super) fn once(&self, classes: &[Class<'_>], keys: &[Kusto]) -> Vec<Value> {
        let copied = classes.iter().enumerate().filter_map(|(number, class)| {
            let carried = class.masks.first().map(|mask| self.timeline.carried(*mask));
            let carried = carried.unwrap_or_default();
            (carried.len() < self.timeline.bindings.len()).then_some((number, carried))
        });
        let once = |(number, carried): (usize, Vec<usize>)| {
            let bound = carried.into_iter().map(|binding| self.names.of("bound", binding));
            let time = [self.names.one("time")];
            let by: Vec<Kusto> = keys.iter().cloned().chain(time).chain(bound).collect();
            let sorted = by.iter().map(|column| Kusto::trusted(format!("{column} asc")));
            let same =
                by.iter().map(|column| Kusto::trusted(format!("prev({column}) == {column}")));
            let (fired, once) = (self.names.of("fired", number), self.names.of("once", number));
            let same_name = self.names.one("same");
            context! {
                sorted => Value::from(Kusto::join(sorted.collect::<Vec<_>>(), ", ")),
                same => Value::from(Kusto::join(same.collect::<Vec<_>>(), " and ")),
                counted => Value::from(Kusto::trusted(format!(
                    "{once} = row_cumsum(iff({fired} > 0, 1, 0), not({same_name}))"
                ))),
                fired => Value::from(Kusto::trusted(format!(
                    "{fired} = iff({once} == 1, {fired}, 0)"
                ))),
            }
        };
        copied.map(once).collect()
    }

    /// Which of the timelines that fire at the same time says by what event: a rank that the first
    /// class has the largest of, then the largest event.
    pub(super) fn rank(&self, classes: &[Class<'_>]) -> Kusto {
        let cases = (0..classes.len()).map(|class| {
            let (fired, choice) = (self.names.of("fired", class), self.names.of("choice", class));
            let first = 999_usize.saturating_sub(class);
            format!("{fired} > 0, strcat(\"{first}\", {choice}), ")
        });
        let cases: String = cases.collect();
        Kusto::trusted(format!("{} = case({cases}\"\")", self.names.one("rank")))
    }

    /// The firings of a time, put together from the timelines: the numbers, what was seen, what is
    /// shown, and the event.
    pub(super) fn together(
        &self,
        scan: &Scan<'_>,
        shape: &Shape<'_>,
        classes: &[Class<'_>],
    ) -> Kusto {
        let sum = |class: usize| {
            let fired = self.names.of("fired", class);
            Kusto::trusted(format!("{fired} = sum({fired})"))
        };
        let seen = |pattern: usize| {
            let within = scan.within(pattern, self.timeline.window);
            Kusto::trusted(format!("{} = max(iff({within}, 1, 0))", self.names.of("seen", pattern)))
        };
        let shown = shape.shows().columns().into_iter();
        let shown = shown.map(|shown| Kusto::trusted(format!("{shown} = max({shown})")));
        let event = Kusto::join(shape.event_columns(), ", ");
        let event = Kusto::trusted(format!("arg_max({}, {event})", self.names.one("rank")));
        let sums = (0..classes.len()).map(sum);
        let seen = (0..self.timeline.patterns.len()).map(seen);
        Kusto::join(sums.chain(seen).chain(shown).chain([event]).collect::<Vec<_>>(), ", ")
    }
}
