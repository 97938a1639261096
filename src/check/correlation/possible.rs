//! Whether the condition of a correlation can hold at all: a table of which events are present, and
//! how often those that are counted.
//!
//! `a and not a`, `(a then b) and not b` and `count(a) < 1` never hold: a rule fires at an event
//! that it names, so at least one is there. What the table does not know it takes to be possible.

use super::atoms::{Sign, atoms, named};
use crate::ir::{Aggregate, Cmp, Cond, PatternId};

/// Rows of the table beyond which a condition is taken to be possible.
const MOST_ROWS: usize = 4_096;

/// Whether some events make the condition hold.
pub(in crate::check) fn can_hold(cond: &Cond) -> bool {
    let table = Table::new(cond);
    let rows = table.columns.iter().try_fold(1_usize, |rows, column| {
        rows.checked_mul(column.values.len()).filter(|rows| *rows <= MOST_ROWS)
    });
    rows.is_none_or(|rows| {
        (0..rows).map(|row| table.row(row)).any(|row| table.may_be(&row) && table.holds(cond, &row))
    })
}

/// A part of the condition that is looked up, and what it may be: a number of events, or 0 and 1.
struct Column<'c> {
    atom: Atom<'c>,
    values: Vec<u64>,
}

#[derive(PartialEq)]
enum Atom<'c> {
    /// Whether the pattern is in the window.
    Seen(PatternId),
    /// How many events of the patterns are.
    Count(&'c [PatternId]),
    /// Whether another part holds.
    Other(&'c Cond),
}

struct Table<'c> {
    columns: Vec<Column<'c>>,
    /// Patterns at whose events the rule may fire.
    fires: Vec<PatternId>,
}

impl<'c> Table<'c> {
    fn new(cond: &'c Cond) -> Self {
        let mut table = Self { columns: Vec::new(), fires: Vec::new() };
        atoms(cond, Sign::Plus, &mut |sign, atom| {
            table.fires.extend(named(sign, atom));
            for pattern in [Sign::Plus, Sign::Minus].into_iter().flat_map(|sign| named(sign, atom))
            {
                table.add(Atom::Seen(pattern), [0, 1]);
            }
            match atom {
                Cond::Count { of, value, .. } => {
                    let near = [value.saturating_sub(1), *value, value.saturating_add(1)];
                    table.add(Atom::Count(of), [0, 1].into_iter().chain(near));
                }
                Cond::Chain(_) | Cond::Aggregate { .. } | Cond::Absent { .. } => {
                    table.add(Atom::Other(atom), [0, 1]);
                }
                Cond::Seen(_)
                | Cond::Score { .. }
                | Cond::AtLeast(..)
                | Cond::All(_)
                | Cond::Any(_)
                | Cond::Not(_) => {}
            }
        });
        table
    }

    fn add(&mut self, atom: Atom<'c>, values: impl IntoIterator<Item = u64>) {
        let at = self.columns.iter().position(|column| column.atom == atom);
        let at = at.unwrap_or_else(|| {
            self.columns.push(Column { atom, values: Vec::new() });
            self.columns.len() - 1
        });
        if let Some(column) = self.columns.get_mut(at) {
            column.values.extend(values);
            column.values.sort_unstable();
            column.values.dedup();
        }
    }

    /// The values of a row, one per column.
    fn row(&self, mut number: usize) -> Vec<u64> {
        let digit = |column: &Column<'_>| {
            let len = column.values.len().max(1);
            let value = column.values.get(number % len).copied().unwrap_or_default();
            number /= len;
            value
        };
        self.columns.iter().map(digit).collect()
    }

    fn value(&self, atom: &Atom<'_>, row: &[u64]) -> u64 {
        let at = self.columns.iter().position(|column| column.atom == *atom);
        at.and_then(|at| row.get(at)).copied().unwrap_or_default()
    }

    fn is_seen(&self, pattern: PatternId, row: &[u64]) -> bool {
        self.value(&Atom::Seen(pattern), row) > 0
    }

    /// Whether the values of a row do not contradict each other.
    fn may_be(&self, row: &[u64]) -> bool {
        let any = |patterns: &[PatternId]| patterns.iter().any(|of| self.is_seen(*of, row));
        let fits = |(column, value): (&Column<'_>, &u64)| match &column.atom {
            Atom::Seen(_) => true,
            Atom::Count(of) => (*value > 0) == any(of),
            Atom::Other(_) if *value == 0 => true,
            // Whatever the anchor, the span holds the event itself: at an `a` there is an `a`.
            Atom::Other(Cond::Absent { pattern, of: None, .. }) => {
                self.fires.iter().any(|fires| fires != pattern)
            }
            Atom::Other(Cond::Absent { pattern, of: Some(of), .. }) => {
                pattern != of && self.is_seen(*of, row)
            }
            Atom::Other(Cond::Chain(steps)) => {
                steps.iter().all(|step| self.is_seen(step.pattern, row))
            }
            Atom::Other(cond @ Cond::Aggregate { function, cmp, .. }) => {
                *function == Aggregate::Distinct
                    || *cmp == Cmp::Neq
                    || any(&named(Sign::Plus, cond))
            }
            Atom::Other(_) => true,
        };
        (self.fires.is_empty() || any(&self.fires)) && self.columns.iter().zip(row).all(fits)
    }

    fn holds(&self, cond: &Cond, row: &[u64]) -> bool {
        match cond {
            Cond::Seen(pattern) => self.is_seen(*pattern, row),
            #[expect(clippy::cast_precision_loss, reason = "the numbers beside a threshold")]
            Cond::Count { of, cmp, value } => {
                cmp.holds(self.value(&Atom::Count(of), row) as f64, *value as f64)
            }
            Cond::Aggregate { .. } | Cond::Chain(_) | Cond::Absent { .. } => {
                self.value(&Atom::Other(cond), row) > 0
            }
            Cond::Score { classes, threshold } => {
                let present = |(of, weight): &(PatternId, f64)| {
                    if self.is_seen(*of, row) { *weight } else { 0.0 }
                };
                let most =
                    |of: &crate::ir::Class| of.weights.iter().map(present).fold(0.0, f64::max);
                classes.iter().map(most).sum::<f64>() >= *threshold
            }
            Cond::AtLeast(least, parts) => {
                parts.iter().filter(|part| self.holds(part, row)).count() >= *least as usize
            }
            Cond::All(parts) => parts.iter().all(|part| self.holds(part, row)),
            Cond::Any(parts) => parts.iter().any(|part| self.holds(part, row)),
            Cond::Not(part) => !self.holds(part, row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Step;

    fn seen(pattern: usize) -> Cond {
        Cond::Seen(PatternId(pattern))
    }

    fn count(cmp: Cmp, value: u64) -> Cond {
        Cond::Count { of: vec![PatternId(0)], cmp, value }
    }

    fn not(cond: Cond) -> Cond {
        Cond::Not(Box::new(cond))
    }

    fn absent(of: Option<usize>) -> Cond {
        let (anchor, of) = (crate::ir::Anchor::Before, of.map(PatternId));
        Cond::Absent { pattern: PatternId(0), span: 1, anchor, of }
    }

    fn order() -> Cond {
        let step = |of| Step { pattern: PatternId(of), within: None, without: Vec::new() };
        Cond::Chain(vec![step(0), step(1)])
    }

    #[test]
    fn contradictions_are_found() {
        for cond in [
            Cond::All(vec![seen(0), not(seen(0))]),
            Cond::All(vec![order(), not(seen(1))]),
            Cond::All(vec![order(), not(order())]),
            Cond::All(vec![count(Cmp::Gte, 3), count(Cmp::Lt, 2)]),
            Cond::All(vec![count(Cmp::Gte, 3), not(seen(0))]),
            count(Cmp::Lt, 1),
            Cond::AtLeast(2, vec![seen(0), not(seen(0))]),
            Cond::All(vec![seen(0), absent(None)]),
            Cond::All(vec![seen(1), absent(Some(0))]),
        ] {
            assert!(!can_hold(&cond), "{cond:?}");
        }
    }

    #[test]
    fn what_may_be_is_not_called_impossible() {
        let many = Cond::All((0..40).map(seen).collect());
        for cond in [
            Cond::All(vec![seen(0), not(seen(1))]),
            Cond::Any(vec![seen(0), not(seen(0))]),
            Cond::All(vec![seen(0), seen(1), not(order())]),
            Cond::All(vec![count(Cmp::Gte, 3), count(Cmp::Lt, 5)]),
            count(Cmp::Lt, 2),
            Cond::Any(vec![count(Cmp::Lt, 1), seen(1)]),
            Cond::All(vec![seen(0), seen(1), absent(None)]),
            Cond::All(vec![seen(1), absent(Some(1))]),
            Cond::All(vec![many, not(seen(0))]),
        ] {
            assert!(can_hold(&cond), "{cond:?}");
        }
    }
}
