//! Aggregates over fields → numbers that are kept for the window, and comparisons of them.
//!
//! `avg(a.Bytes) > 1000` → the sum of the values and their number, each raised when a value comes
//! and lowered when the window leaves it behind; it holds where there are values and their sum, divided
//! by their number, is above 1000.
//!
//! A percentile needs no sorted values: the nearest-rank percentile `p` of `n` values is at least
//! `v` iff fewer values than its rank, the next whole number above or at `p * n`, are below `v`. The
//! smallest and the largest value are the percentiles 0 and 100.

use crate::diagnostic::Diagnostic;
use crate::ir::{Aggregate, Cmp, Cond, FieldRef, PatternId, Transform};
use crate::platform::{Column, Resolved, Scalar};

use super::push::Columns;
use super::shows::{self, Site};
use super::timeline::{Holds, Mask};
use super::{keys, refuse};

/// Values of fields in events.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// As what they are looked at.
    pub are: Are,
    /// Where they come from.
    pub givers: Vec<Giver>,
}

/// As what values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Are {
    /// Texts, which are the same or not; an empty one is none.
    Texts,
    /// Numbers; what is none is left out.
    Numbers,
}

/// Events that give values: those that satisfy any of the patterns give the fields together.
#[derive(Debug, Clone, PartialEq)]
pub struct Giver {
    /// The fields.
    pub fields: Vec<FieldRef>,
    /// The patterns.
    pub patterns: Vec<PatternId>,
}

impl Values {
    /// What an aggregate looks at, as the engine does: patterns that name the same fields give them
    /// once; fields that are not told apart together are each by itself.
    fn of(function: Aggregate, of: &[(PatternId, Vec<FieldRef>)]) -> Self {
        let are = match function {
            Aggregate::Distinct => Are::Texts,
            Aggregate::Sum
            | Aggregate::Avg
            | Aggregate::Min
            | Aggregate::Max
            | Aggregate::Percentile(_) => Are::Numbers,
        };
        let mut givers: Vec<Giver> = Vec::new();
        for (pattern, fields) in of {
            let together = match are {
                Are::Texts => fields.len().max(1),
                Are::Numbers => 1,
            };
            for fields in fields.chunks(together) {
                match givers.iter_mut().find(|giver| giver.fields == fields) {
                    Some(giver) => giver.patterns.push(*pattern),
                    None => {
                        givers.push(Giver { fields: fields.to_vec(), patterns: vec![*pattern] });
                    }
                }
            }
        }
        Self { are, givers }
    }

    /// Whether an event gives one value at most, unless a column holds several.
    #[must_use]
    pub fn is_single(&self, masks: &[Mask]) -> bool {
        let gives = |giver: &&Giver, mask: &Mask| {
            giver.patterns.iter().any(|pattern| mask.0.contains(pattern))
        };
        let count = |mask: &Mask| self.givers.iter().filter(|giver| gives(giver, mask)).count();
        masks.iter().all(|mask| count(mask) <= 1)
    }
}

/// A number that is kept for the window.
#[derive(Debug, Clone, PartialEq)]
pub struct Total {
    /// Of which values: an index into [`super::Timeline::values`].
    pub values: usize,
    /// What it says of them.
    pub of: Of,
}

/// What a total says of the values in the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Of {
    /// How many there are, equal ones counted once.
    Different,
    /// How many there are.
    Number,
    /// How many compare so with a limit: less, or less or equal.
    Compared(Cmp, f64),
    /// What they add up to.
    Sum,
}

/// What is made of totals. None is ever missing: of no values, all are 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// A number of the rule.
    Number(f64),
    /// A total (index into [`super::Timeline::totals`]).
    Total(usize),
    /// A total divided by another, which is not 0.
    Ratio(usize, usize),
    /// A total multiplied by a number.
    Share(usize, f64),
}

impl super::Timeline {
    /// When an aggregate of the condition compares so, for back ends that do not lower to a
    /// pipeline: over the totals that are returned, which begin with [`super::Timeline::totals`].
    #[must_use]
    pub fn aggregate(
        &self,
        function: Aggregate,
        of: &[(PatternId, Vec<FieldRef>)],
        cmp: Cmp,
        limit: f64,
    ) -> (Holds, Vec<Total>) {
        let mut totals = Totals { values: &self.values, totals: self.totals.clone() };
        let holds = totals.holds(function, of, cmp, limit);
        (holds, totals.totals)
    }
}

/// What the aggregates of a condition look at, the same once.
pub(super) fn values(cond: &Cond) -> Vec<Values> {
    let mut found = Vec::new();
    collect(cond, &mut found);
    found
}

fn collect(cond: &Cond, found: &mut Vec<Values>) {
    match cond {
        Cond::Aggregate { function, of, .. } => {
            let values = Values::of(*function, of);
            if !found.contains(&values) {
                found.push(values);
            }
        }
        Cond::AtLeast(_, parts) | Cond::All(parts) | Cond::Any(parts) => {
            parts.iter().for_each(|part| collect(part, found));
        }
        Cond::Not(inner) => collect(inner, found),
        Cond::Seen(_)
        | Cond::Count { .. }
        | Cond::Chain(_)
        | Cond::Absent { .. }
        | Cond::Score { .. } => {}
    }
}

/// The columns that events of a leg give for a giver; `sites` are where it reads its patterns.
pub(super) fn given(
    are: Are,
    giver: &Giver,
    sites: &[Site<'_>],
    columns: &mut Columns<'_>,
    found: &mut Vec<Diagnostic>,
) -> Vec<Column> {
    let value = |resolved: &Resolved| match are {
        Are::Texts => keys::value(resolved, Transform::None),
        Are::Numbers => keys::present(resolved),
    };
    let mut given = Vec::new();
    for field in &giver.fields {
        let cases = shows::cases(field, sites, value, columns, found);
        if let (Some(site), true) = (sites.first(), is_ambiguous(&cases)) {
            let message =
                format!("the platform holds `{}` differently in these events", field.name);
            found.push(
                refuse(site.span, message).help("aggregate the field of one kind of event only"),
            );
        }
        given.extend(shows::one_of(cases).map(|value| columns.column_of(&field.name, &value)));
    }
    given
}

/// Whether the same rows hold the value in two ways.
fn is_ambiguous(cases: &[shows::Case]) -> bool {
    let differs = |(rows, value): &(_, Scalar)| {
        cases.iter().any(|(other, held)| other == rows && held != value)
    };
    cases.iter().any(differs)
}

/// Totals in the making.
#[derive(Debug)]
pub(super) struct Totals<'a> {
    /// What the aggregates look at.
    pub(super) values: &'a [Values],
    /// The totals so far.
    pub(super) totals: Vec<Total>,
}

impl Totals<'_> {
    /// When an aggregate compares so. Of no value only `distinct` has a result; what has none is
    /// not equal to anything.
    pub(super) fn holds(
        &mut self,
        function: Aggregate,
        of: &[(PatternId, Vec<FieldRef>)],
        cmp: Cmp,
        limit: f64,
    ) -> Holds {
        if cmp == Cmp::Neq {
            return Holds::Not(Box::new(self.holds(function, of, Cmp::Eq, limit)));
        }
        let wanted = Values::of(function, of);
        let values = self.values.iter().position(|known| *known == wanted).unwrap_or_default();
        match function {
            Aggregate::Distinct => {
                let different = self.total(values, Of::Different);
                Holds::Compare(Amount::Total(different), cmp, Amount::Number(limit))
            }
            Aggregate::Sum => {
                let (any, sum) = (self.any(values), self.total(values, Of::Sum));
                let sum = Holds::Compare(Amount::Total(sum), cmp, Amount::Number(limit));
                Holds::All(vec![any, sum])
            }
            Aggregate::Avg => {
                let any = self.any(values);
                let (sum, number) = (self.total(values, Of::Sum), self.total(values, Of::Number));
                let mean = Holds::Compare(Amount::Ratio(sum, number), cmp, Amount::Number(limit));
                Holds::All(vec![any, mean])
            }
            Aggregate::Min => self.ranked(values, 0.0, cmp, limit),
            Aggregate::Max => self.ranked(values, 1.0, cmp, limit),
            Aggregate::Percentile(percent) => self.ranked(values, percent / 100.0, cmp, limit),
        }
    }

    /// The total's index; the same total is kept once.
    fn total(&mut self, values: usize, of: Of) -> usize {
        let total = Total { values, of };
        if let Some(known) = self.totals.iter().position(|known| *known == total) {
            return known;
        }
        self.totals.push(total);
        self.totals.len() - 1
    }

    /// That there is a value.
    fn any(&mut self, values: usize) -> Holds {
        Holds::Compare(Amount::Total(self.total(values, Of::Number)), Cmp::Gt, ZERO)
    }

    /// That the value at a share of all of them, in order, compares so with a limit.
    fn ranked(&mut self, values: usize, share: f64, cmp: Cmp, limit: f64) -> Holds {
        match cmp {
            Cmp::Gte => self.exceeds(values, share, (Cmp::Lt, limit)),
            Cmp::Gt => self.exceeds(values, share, (Cmp::Lte, limit)),
            Cmp::Lt => self.falls_short(values, share, (Cmp::Lt, limit)),
            Cmp::Lte => self.falls_short(values, share, (Cmp::Lte, limit)),
            Cmp::Eq | Cmp::Neq => {
                let bounds = [Cmp::Gte, Cmp::Lte];
                Holds::All(bounds.map(|cmp| self.ranked(values, share, cmp, limit)).into())
            }
        }
    }

    /// That there are values, and fewer than the rank compare so.
    fn exceeds(&mut self, values: usize, share: f64, (cmp, limit): (Cmp, f64)) -> Holds {
        let number = self.total(values, Of::Number);
        let below = Amount::Total(self.total(values, Of::Compared(cmp, limit)));
        let few = Holds::Compare(below, Cmp::Lt, rank(number, share));
        if share >= 1.0 {
            return few;
        }
        let none = Holds::Compare(below, Cmp::Eq, ZERO);
        let few = if share > 0.0 { Holds::Any(vec![none, few]) } else { none };
        Holds::All(vec![self.any(values), few])
    }

    /// That there are values, and as many as the rank compare so.
    fn falls_short(&mut self, values: usize, share: f64, (cmp, limit): (Cmp, f64)) -> Holds {
        let number = self.total(values, Of::Number);
        let below = Amount::Total(self.total(values, Of::Compared(cmp, limit)));
        let some = Holds::Compare(below, Cmp::Gt, ZERO);
        if share <= 0.0 {
            return some;
        }
        Holds::All(vec![some, Holds::Compare(below, Cmp::Gte, rank(number, share))])
    }
}

const ZERO: Amount = Amount::Number(0.0);

fn rank(number: usize, share: f64) -> Amount {
    if share >= 1.0 { Amount::Total(number) } else { Amount::Share(number, share) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::Type;

    const A: PatternId = PatternId(0);
    const B: PatternId = PatternId(1);

    fn field(name: &str) -> FieldRef {
        FieldRef { name: name.to_owned(), ty: Type::Integer }
    }

    /// Whether the condition over totals holds of these values, all of one set.
    fn holds(condition: &Holds, totals: &[Total], values: &[f64]) -> bool {
        let total = |at: usize| match totals[at].of {
            Of::Different => unreachable!("not asked for"),
            Of::Number => values.len() as f64,
            Of::Compared(cmp, limit) => {
                values.iter().filter(|value| cmp.holds(**value, limit)).count() as f64
            }
            Of::Sum => values.iter().sum(),
        };
        let amount = |amount: Amount| match amount {
            Amount::Number(number) => number,
            Amount::Total(at) => total(at),
            Amount::Ratio(at, by) => total(at) / total(by).max(1.0),
            Amount::Share(at, share) => share * total(at),
        };
        match condition {
            Holds::Compare(left, cmp, right) => cmp.holds(amount(*left), amount(*right)),
            Holds::All(parts) => parts.iter().all(|part| holds(part, totals, values)),
            Holds::Any(parts) => parts.iter().any(|part| holds(part, totals, values)),
            Holds::Not(inner) => !holds(inner, totals, values),
            Holds::Within(..) | Holds::Soon(..) => unreachable!("no event is asked for"),
        }
    }

    /// The nearest-rank percentile, from its definition: the smallest value such that at least so
    /// many percent of the values do not exceed it.
    fn nearest_rank(percent: f64, values: &[f64]) -> Option<f64> {
        let enough = |value: f64| {
            let most = values.iter().filter(|other| **other <= value).count();
            most as f64 >= percent / 100.0 * values.len() as f64
        };
        values.iter().copied().filter(|value| enough(*value)).reduce(f64::min)
    }

    #[test]
    fn counting_what_is_below_a_limit_decides_every_percentile() {
        let of = [(A, vec![field("Port")])];
        let values = values(&Cond::Aggregate {
            function: Aggregate::Min,
            of: of.to_vec(),
            cmp: Cmp::Lt,
            value: 0.0,
        });
        let percents = [0.0, 1.0, 10.0, 33.3, 50.0, 66.6, 75.0, 95.0, 99.9, 100.0];
        let cmps = [Cmp::Eq, Cmp::Neq, Cmp::Lt, Cmp::Lte, Cmp::Gt, Cmp::Gte];
        for number in 0..24_u32 {
            // 0, 1 and 2 in runs of different lengths.
            let held: Vec<f64> = (0..number).map(|at| f64::from((at * at / 7 + at) % 3)).collect();
            for (percent, cmp, limit) in percents.iter().flat_map(|percent| {
                cmps.iter()
                    .flat_map(move |cmp| [0.0, 1.0, 1.5, 2.0].map(|limit| (*percent, *cmp, limit)))
            }) {
                let mut totals = Totals { values: &values, totals: Vec::new() };
                let condition = totals.holds(Aggregate::Percentile(percent), &of, cmp, limit);
                let found = nearest_rank(percent, &held);
                let expected = match cmp {
                    Cmp::Neq => found != Some(limit),
                    Cmp::Eq | Cmp::Lt | Cmp::Lte | Cmp::Gt | Cmp::Gte => {
                        found.is_some_and(|found| cmp.holds(found, limit))
                    }
                };
                let held_so = holds(&condition, &totals.totals, &held);
                assert_eq!(held_so, expected, "{percent} of {held:?} {cmp:?} {limit}");
            }
        }
    }

    #[test]
    fn aggregates_of_the_same_values_share_totals() {
        let of = [(A, vec![field("Port")])];
        let aggregate =
            |function| Cond::Aggregate { function, of: of.to_vec(), cmp: Cmp::Gt, value: 5.0 };
        let parts = [Aggregate::Avg, Aggregate::Sum, Aggregate::Distinct, Aggregate::Max];
        let values = values(&Cond::All(parts.map(aggregate).to_vec()));
        assert_eq!(
            values.iter().map(|values| values.are).collect::<Vec<_>>(),
            [Are::Numbers, Are::Texts]
        );
        let mut totals = Totals { values: &values, totals: Vec::new() };
        for function in parts {
            totals.holds(function, &of, Cmp::Gt, 5.0);
        }
        let kept: Vec<Of> = totals.totals.iter().map(|total| total.of).collect();
        assert_eq!(kept, [Of::Number, Of::Sum, Of::Different, Of::Compared(Cmp::Lte, 5.0)]);
    }

    #[test]
    fn patterns_with_the_same_fields_give_them_once() {
        let (user, host) = (field("User"), field("Host"));
        let pairs = Values::of(
            Aggregate::Distinct,
            &[(A, vec![user.clone(), host.clone()]), (B, vec![user.clone(), host.clone()])],
        );
        assert_eq!(
            pairs.givers,
            [Giver { fields: vec![user.clone(), host.clone()], patterns: vec![A, B] }]
        );
        let numbers = Values::of(Aggregate::Sum, &[(A, vec![user.clone()]), (B, vec![host])]);
        assert_eq!(numbers.givers.len(), 2);
        assert!(numbers.is_single(&[Mask(vec![A]), Mask(vec![B])]));
        assert!(!numbers.is_single(&[Mask(vec![A]), Mask(vec![B]), Mask(vec![A, B])]));
        assert!(pairs.is_single(&[Mask(vec![A, B])]));
    }
}
