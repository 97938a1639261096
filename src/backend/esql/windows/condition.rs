//! Conditions → what must hold of the totals of a window.
//!
//! `a and not b` → `a > 0 AND NOT (b > 0)`, where `a` and `b` are numbers of events;
//! `a then b` → `first_a <= last_b`: some `a` is not later than some `b`.

use std::collections::BTreeSet;

use crate::backend::esql::predicate::Printer;
use crate::backend::esql::syntax::{self, Expr, OPERATORS, Text};
use crate::backend::infix;
use crate::ir::words::comparison;
use crate::ir::{Class, Cmp, Cond, PatternId, Step};
use crate::plan::{Of, Timeline};

use super::events::Events;
use super::values::{self, Source};
use super::{Reason, assigned};

const LONG_ORDER: Reason = Reason {
    message: "ES|QL compares the first and the last times of events, which tells an order of two \
              events and no more",
    help: "use the target `eql`",
};

const BOUND_ORDER: Reason = Reason {
    message: "ES|QL cannot tell how far apart two events of an order are, or what lies between",
    help: "leave `within`, `not` and `skew` out of the order; or use the target `eql`",
};

const SAME_EVENT: Reason = Reason {
    message: "ES|QL cannot tell an event from itself where both steps of an order may be one",
    help: "write steps that exclude each other; or use the target `eql`",
};

const ABSENCE: Reason = Reason {
    message: "ES|QL does not look beyond the window of an event",
    help: "write a plain `not`, which is about the window; or use the target `eql`",
};

const WEIGHT: Reason = Reason {
    message: "ES|QL has no literal for one of the weights",
    help: "use numbers below 2^53",
};

/// What is computed of a window.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Total {
    /// The number of events that satisfy one of the patterns.
    Count(Vec<PatternId>),
    /// The time of the first event of the pattern.
    First(PatternId),
    /// The time of the last event of the pattern.
    Last(PatternId),
    /// The time of the first event.
    FirstOfAll,
    /// The time of the last event.
    LastOfAll,
    /// What is said of values.
    Values(Source, Of),
}

/// A column of values.
pub(super) struct Given {
    source: Source,
    name: Text,
    value: Text,
}

impl Given {
    /// As the skeleton shows it.
    pub(super) fn assigned(&self) -> Text {
        assigned(&self.name, self.value.as_str())
    }
}

/// The column of a window's begin. Artifacts know it by this name, too.
pub(super) fn window(timeline: &Timeline) -> String {
    let mut name = "window".to_owned();
    while timeline.keys.contains(&name) {
        name.push('_');
    }
    name
}

/// What is computed of a window, with names that hide no column.
pub(super) struct Totals<'a> {
    /// Whose.
    pub(super) timeline: &'a Timeline,
    taken: BTreeSet<String>,
    found: Vec<(Total, Text)>,
}

impl<'a> Totals<'a> {
    /// Nothing yet.
    pub(super) fn new(timeline: &'a Timeline) -> Self {
        let columns = timeline.legs.iter().flat_map(|leg| leg.columns());
        let rows = timeline.keys.iter().cloned().chain([window(timeline)]);
        let taken = columns.map(str::to_owned).chain(rows).collect();
        Self { timeline, taken, found: Vec::new() }
    }

    /// A name that is new.
    pub(super) fn name(&mut self, wanted: &str) -> Text {
        let mut name = wanted.to_owned();
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        syntax::name(&name)
    }

    /// The times of the first and the last event, for the reader of the result.
    pub(super) fn add_times(&mut self) {
        self.get(&Total::FirstOfAll);
        self.get(&Total::LastOfAll);
    }

    /// The names so far.
    pub(super) fn names(&self) -> Vec<Text> {
        self.found.iter().map(|(_, name)| name.clone()).collect()
    }

    /// Whether it is asked how many different values there are.
    pub(super) fn has_estimates(&self) -> bool {
        self.found.iter().any(|(total, _)| matches!(total, Total::Values(_, Of::Different)))
    }

    /// The columns of values that are asked for, and what each is.
    pub(super) fn columns(&mut self, events: &Events, printer: &mut Printer) -> Vec<Given> {
        let asked = self.found.iter().filter_map(|(total, _)| match total {
            Total::Values(source, _) => Some(*source),
            Total::Count(_)
            | Total::First(_)
            | Total::Last(_)
            | Total::FirstOfAll
            | Total::LastOfAll => None,
        });
        let mut sources: Vec<Source> = asked.collect();
        sources.dedup();
        let mut given: Vec<Given> = Vec::new();
        for source in sources {
            if given.iter().all(|known| known.source != source) {
                let value = source.value(self.timeline, events, printer);
                let name = self.name(&format!("value_{}", source.name(self.timeline)));
                given.push(Given { source, name, value });
            }
        }
        given
    }

    /// As the skeleton shows them.
    pub(super) fn shown(&self, events: &Events, given: &[Given], clock: &Text) -> Vec<Text> {
        self.found
            .iter()
            .map(|(total, name)| assigned(name, &self.stated(total, events, given, clock)))
            .collect()
    }

    fn stated(&self, total: &Total, events: &Events, given: &[Given], clock: &Text) -> String {
        let mut rows: Vec<Expr> = Vec::new();
        let (value, of): (String, Vec<PatternId>) = match total {
            Total::Count(of) => ("COUNT(*)".to_owned(), of.clone()),
            Total::First(of) => (format!("MIN({clock})"), vec![*of]),
            Total::Last(of) => (format!("MAX({clock})"), vec![*of]),
            Total::FirstOfAll => (format!("MIN({clock})"), Vec::new()),
            Total::LastOfAll => (format!("MAX({clock})"), Vec::new()),
            Total::Values(source, of) => {
                let known = given.iter().find(|known| known.source == *source);
                let name = known.map_or("NULL", |known| known.name.as_str());
                let value = match of {
                    Of::Different => format!("COUNT_DISTINCT({name})"),
                    Of::Number => format!("COUNT({name})"),
                    Of::Sum => format!("SUM({name})"),
                    Of::Compared(cmp, limit) => {
                        let limit = syntax::number(*limit).unwrap_or_else(|| Text::trusted("NULL"));
                        rows.push(Expr::atom(format!("{name} {} {limit}", comparison(*cmp))));
                        "COUNT(*)".to_owned()
                    }
                };
                (value, source.patterns(self.timeline))
            }
        };
        let only = if of.is_empty() { None } else { events.only(&of) };
        rows.splice(0..0, only);
        match rows.is_empty() {
            true => value,
            false => format!("{value} WHERE {}", infix::all(rows, &OPERATORS).text),
        }
    }

    /// The name of what is computed.
    pub(super) fn get(&mut self, wanted: &Total) -> Text {
        if let Some((_, name)) = self.found.iter().find(|(known, _)| known == wanted) {
            return name.clone();
        }
        let pattern =
            |of: &PatternId| self.timeline.patterns.get(of.0).cloned().unwrap_or_default();
        let name = match wanted {
            Total::Count(of) => match of.as_slice() {
                [only] => pattern(only),
                _ => "events".to_owned(),
            },
            Total::First(of) => format!("first_{}", pattern(of)),
            Total::Last(of) => format!("last_{}", pattern(of)),
            Total::FirstOfAll => "first_event".to_owned(),
            Total::LastOfAll => "last_event".to_owned(),
            Total::Values(source, of) => {
                let says = match of {
                    Of::Different => "distinct",
                    Of::Number => "number",
                    Of::Sum => "sum",
                    Of::Compared(Cmp::Lt, _) => "below",
                    Of::Compared(..) => "up_to",
                };
                format!("{says}_{}", source.name(self.timeline))
            }
        };
        let name = self.name(&name);
        self.found.push((wanted.clone(), name.clone()));
        name
    }

    fn seen(&mut self, pattern: PatternId) -> Expr {
        Expr::atom(format!("{} > 0", self.get(&Total::Count(vec![pattern]))))
    }
}

/// What must hold of the totals: the parts of a conjunction. An event that the condition names
/// positively has to be there: rules fire at such events.
pub(super) fn holds(timeline: &Timeline, totals: &mut Totals<'_>) -> Result<Vec<Expr>, Reason> {
    let cond = timeline.cond.top();
    let mut parts = match cond {
        Cond::All(parts) => {
            parts.iter().map(|part| print(part, totals)).collect::<Result<Vec<_>, _>>()?
        }
        Cond::Seen(_)
        | Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Chain(_)
        | Cond::Absent { .. }
        | Cond::Score { .. }
        | Cond::AtLeast(..)
        | Cond::Any(_)
        | Cond::Not(_) => vec![print(cond, totals)?],
    };
    let named = cond.named();
    if named.len() < timeline.patterns.len() {
        let seen = named.iter().map(|pattern| totals.seen(*pattern)).collect();
        let seen = infix::any(seen, &OPERATORS);
        if !parts.contains(&seen) && !needs_one(cond, &named) {
            parts.push(seen);
        }
    }
    Ok(parts)
}

/// Whether the condition does not hold without one of the events.
fn needs_one(cond: &Cond, named: &[PatternId]) -> bool {
    match cond {
        Cond::Seen(pattern) => named.contains(pattern),
        Cond::All(parts) => parts.iter().any(|part| needs_one(part, named)),
        Cond::Any(parts) => parts.iter().all(|part| needs_one(part, named)),
        Cond::Chain(_) => true,
        Cond::Count { cmp: Cmp::Gte, value, .. } => *value > 0,
        Cond::Count { cmp: Cmp::Gt, .. } => true,
        Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Absent { .. }
        | Cond::Score { .. }
        | Cond::AtLeast(..)
        | Cond::Not(_) => false,
    }
}

fn print(cond: &Cond, totals: &mut Totals<'_>) -> Result<Expr, Reason> {
    match cond {
        Cond::Seen(pattern) => Ok(totals.seen(*pattern)),
        Cond::Count { of, cmp, value } => {
            let count = totals.get(&Total::Count(of.clone()));
            Ok(Expr::atom(format!("{count} {} {value}", comparison(*cmp))))
        }
        Cond::Aggregate { function, of, cmp, value } => {
            values::aggregate(*function, of, (*cmp, *value), totals)
        }
        Cond::Chain(steps) => order(steps, totals),
        Cond::Absent { .. } => Err(ABSENCE),
        Cond::Score { classes, threshold } => {
            let sum = classes.iter().map(|class| weight(class, totals));
            let sum = sum.collect::<Result<Vec<_>, _>>()?;
            let threshold = syntax::number(*threshold).ok_or(WEIGHT)?;
            Ok(Expr::atom(format!("{} >= {threshold}", Text::join(sum, " + "))))
        }
        Cond::AtLeast(number, parts) => {
            let ones = parts.iter().map(|part| {
                let holds = print(part, totals)?.text;
                Ok(Text::trusted(format!("CASE({holds}, 1, 0)")))
            });
            let sum = Text::join(ones.collect::<Result<Vec<_>, Reason>>()?, " + ");
            Ok(Expr::atom(format!("{sum} >= {number}")))
        }
        Cond::All(parts) => {
            let parts = parts.iter().map(|part| print(part, totals));
            Ok(infix::all(parts.collect::<Result<Vec<_>, _>>()?, &OPERATORS))
        }
        Cond::Any(parts) => {
            let parts = parts.iter().map(|part| print(part, totals));
            Ok(infix::any(parts.collect::<Result<Vec<_>, _>>()?, &OPERATORS))
        }
        Cond::Not(inner) => {
            if let Cond::Seen(pattern) = inner.as_ref() {
                let count = totals.get(&Total::Count(vec![*pattern]));
                return Ok(Expr::atom(format!("{count} == 0")));
            }
            Ok(infix::not(&print(inner, totals)?, &OPERATORS))
        }
    }
}

/// The largest weight present of a class.
fn weight(class: &Class, totals: &mut Totals<'_>) -> Result<Text, Reason> {
    let mut weights = class.weights.clone();
    weights.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let mut cases = Vec::new();
    for (pattern, weight) in weights {
        cases.push(totals.seen(pattern).text);
        cases.push(syntax::number(weight).ok_or(WEIGHT)?);
    }
    cases.push(Text::trusted("0"));
    Ok(Text::trusted(format!("CASE({})", Text::join(cases, ", "))))
}

/// An order of two steps; of one, the event itself.
fn order(steps: &[Step], totals: &mut Totals<'_>) -> Result<Expr, Reason> {
    let bound = |step: &Step| step.within.is_some() || !step.without.is_empty();
    if steps.iter().any(bound) || totals.timeline.skew > 0 {
        return Err(BOUND_ORDER);
    }
    let (first, second) = match steps {
        [only] => return Ok(totals.seen(only.pattern)),
        [first, second] => (first.pattern, second.pattern),
        _ => return Err(LONG_ORDER),
    };
    if first == second {
        // The later of two is not before the other.
        return Ok(Expr::atom(format!("{} >= 2", totals.get(&Total::Count(vec![first])))));
    }
    if totals.timeline.overlaps.contains(&(first.min(second), first.max(second))) {
        return Err(SAME_EVENT);
    }
    let parts = vec![
        totals.seen(first),
        totals.seen(second),
        Expr::atom(format!(
            "{} <= {}",
            totals.get(&Total::First(first)),
            totals.get(&Total::Last(second))
        )),
    ];
    Ok(infix::all(parts, &OPERATORS))
}
