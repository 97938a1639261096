//! Aggregates over values: nulls are left out, and of no value at all only `distinct` has a result.

use std::collections::BTreeSet;

use crate::engine::event::{Event, Rename};
use crate::engine::key::canonical;
use crate::engine::predicate::compare;
use crate::ir::{Aggregate, Cmp, FieldRef, PatternId};

use super::shape::Operand;
use super::state::Entry;

/// Tuples that one event with several values in several fields gives at most.
const MOST_TUPLES: usize = 1_024;

/// What an aggregate will look at in an event that satisfies these patterns.
pub(super) fn entries(
    operand: &Operand,
    event: &Event,
    matched: &[(PatternId, &[Rename])],
) -> Vec<Entry> {
    let entry = |(fields, patterns): &(Vec<FieldRef>, Vec<PatternId>)| {
        let named = matched.iter().filter(|(pattern, _)| patterns.contains(pattern));
        let (_, renames) = named.clone().next()?;
        let patterns = named.map(|(pattern, _)| *pattern).collect();
        let (texts, numbers) = match operand.function {
            Aggregate::Distinct => (tuples(fields, event, renames), Vec::new()),
            Aggregate::Sum
            | Aggregate::Avg
            | Aggregate::Min
            | Aggregate::Max
            | Aggregate::Percentile(_) => (Vec::new(), numbers(fields, event, renames)),
        };
        Some(Entry { patterns, texts, numbers })
    };
    operand.fields.iter().filter_map(entry).collect()
}

/// The values of the fields together; none if one of them has none.
fn tuples(fields: &[FieldRef], event: &Event, renames: &[Rename]) -> Vec<Vec<String>> {
    let mut tuples: Vec<Vec<String>> = vec![Vec::new()];
    for field in fields {
        let mut values = Vec::new();
        if let Some(value) = event.field(renames, &field.name) {
            value.scalars(&mut |scalar| {
                values.extend(scalar.text().map(|text| canonical(field.ty.element(), &text)));
            });
        }
        let longer = tuples.iter().flat_map(|tuple| {
            values.iter().map(move |value| [tuple.as_slice(), &[value.clone()]].concat())
        });
        tuples = longer.take(MOST_TUPLES).collect();
    }
    tuples
}

fn numbers(fields: &[FieldRef], event: &Event, renames: &[Rename]) -> Vec<f64> {
    let mut numbers = Vec::new();
    for value in fields.iter().filter_map(|field| event.field(renames, &field.name)) {
        value.scalars(&mut |scalar| numbers.extend(scalar.number()));
    }
    numbers
}

/// Whether an aggregate over the entries compares so.
pub(super) fn holds<'e>(
    function: Aggregate,
    entries: impl Iterator<Item = &'e Entry>,
    cmp: Cmp,
    wanted: f64,
) -> bool {
    let value = value(function, entries);
    match cmp {
        Cmp::Neq => !value.is_some_and(|value| compare(value, Cmp::Eq, wanted)),
        Cmp::Eq | Cmp::Lt | Cmp::Lte | Cmp::Gt | Cmp::Gte => {
            value.is_some_and(|value| compare(value, cmp, wanted))
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of events are far below 2^52")]
fn value<'e>(function: Aggregate, entries: impl Iterator<Item = &'e Entry>) -> Option<f64> {
    if function == Aggregate::Distinct {
        let texts: BTreeSet<&Vec<String>> = entries.flat_map(|entry| &entry.texts).collect();
        return Some(texts.len() as f64);
    }
    let mut numbers: Vec<f64> = entries.flat_map(|entry| &entry.numbers).copied().collect();
    if numbers.is_empty() {
        return None;
    }
    let sum = || numbers.iter().sum::<f64>();
    match function {
        Aggregate::Distinct => None,
        Aggregate::Sum => Some(sum()),
        Aggregate::Avg => Some(sum() / numbers.len() as f64),
        Aggregate::Min => numbers.into_iter().reduce(f64::min),
        Aggregate::Max => numbers.into_iter().reduce(f64::max),
        Aggregate::Percentile(percent) => {
            numbers.sort_by(f64::total_cmp);
            numbers.get(nearest_rank(percent, numbers.len())).copied()
        }
    }
}

/// Index of the nearest-rank percentile among so many sorted values.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the rank is clamped to the number of values"
)]
fn nearest_rank(percent: f64, len: usize) -> usize {
    let rank = (percent / 100.0 * len as f64).ceil().max(1.0) as usize;
    rank.min(len) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbers: &[f64]) -> Vec<Entry> {
        vec![Entry { patterns: Vec::new(), texts: Vec::new(), numbers: numbers.to_vec() }]
    }

    #[test]
    fn each_function_computes_what_it_says() {
        let values = numbers(&[4.0, 1.0, 3.0, 2.0]);
        for (function, result) in [
            (Aggregate::Sum, 10.0),
            (Aggregate::Avg, 2.5),
            (Aggregate::Min, 1.0),
            (Aggregate::Max, 4.0),
            (Aggregate::Percentile(50.0), 2.0),
            (Aggregate::Percentile(51.0), 3.0),
            (Aggregate::Percentile(0.0), 1.0),
            (Aggregate::Percentile(100.0), 4.0),
        ] {
            assert_eq!(value(function, values.iter()), Some(result), "{function:?}");
        }
    }

    #[test]
    fn of_nothing_nothing_compares_but_not_equal() {
        let none = numbers(&[]);
        assert!(!holds(Aggregate::Sum, none.iter(), Cmp::Lt, 5.0));
        assert!(holds(Aggregate::Sum, none.iter(), Cmp::Neq, 5.0));
        assert!(holds(Aggregate::Distinct, none.iter(), Cmp::Eq, 0.0));
    }
}
