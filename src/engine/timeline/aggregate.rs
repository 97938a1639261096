//! Aggregates over values: what they look at in an event, and how their result compares.
//!
//! Nulls are left out, and of no value at all only `distinct` has a result.

use crate::engine::event::{Event, Rename};
use crate::engine::key::canonical;
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
                // Empty text is no value, as of a key: several platforms store none.
                let text = scalar.text().filter(|text| !text.is_empty());
                values.extend(text.map(|text| canonical(field.ty.element(), &text)));
            });
        }
        let longer = tuples.iter().flat_map(|tuple| {
            values.iter().map(move |value| [tuple.as_slice(), std::slice::from_ref(value)].concat())
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

/// Whether an aggregate with this result, if it has one, compares so.
pub(super) fn holds(value: Option<f64>, cmp: Cmp, wanted: f64) -> bool {
    match cmp {
        Cmp::Neq => !value.is_some_and(|value| Cmp::Eq.holds(value, wanted)),
        Cmp::Eq | Cmp::Lt | Cmp::Lte | Cmp::Gt | Cmp::Gte => {
            value.is_some_and(|value| cmp.holds(value, wanted))
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
pub(super) fn nearest_rank(percent: f64, len: u64) -> u64 {
    let rank = (percent / 100.0 * len as f64).ceil().max(1.0) as u64;
    rank.min(len).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_nothing_nothing_compares_but_not_equal() {
        assert!(!holds(None, Cmp::Lt, 5.0));
        assert!(!holds(None, Cmp::Eq, 5.0));
        assert!(holds(None, Cmp::Neq, 5.0));
        assert!(holds(Some(5.0), Cmp::Gte, 5.0));
        assert!(!holds(Some(5.0), Cmp::Neq, 5.0));
    }

    #[test]
    fn the_nearest_rank_is_the_smallest_that_enough_values_do_not_exceed() {
        for (percent, len, rank) in
            [(0.0, 4, 0), (25.0, 4, 0), (25.1, 4, 1), (50.0, 5, 2), (100.0, 4, 3), (95.0, 1, 0)]
        {
            assert_eq!(nearest_rank(percent, len), rank, "{percent} {len}");
        }
    }
}
