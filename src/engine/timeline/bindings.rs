//! Bindings: parts of a key that only some patterns carry, such as `root.thumb == change.thumb`.
//!
//! A valuation gives each binding a value. Under it, an occurrence of a pattern that carries the
//! binding counts only with that value; others are not affected. The condition holds if it holds
//! under some valuation. A missing value equals nothing but itself, so it leaves only that binding
//! unmet.

use super::state::{Hit, Occurrence};

/// Valuations that are tried for one occurrence.
pub(super) const MOST_VALUATIONS: usize = 4_096;

/// A value for each binding.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Valuation {
    bound: Vec<Bound>,
}

/// The value of a binding.
#[derive(Debug, Clone, PartialEq)]
enum Bound {
    /// This one.
    Value(String),
    /// The missing value of this event.
    Missing(u64),
    /// One that no event has.
    Other,
}

impl Valuation {
    /// Whether a hit of an event counts.
    pub(super) fn admits(&self, hit: &Hit, seq: u64) -> bool {
        self.bound.iter().zip(&hit.bound).all(|(bound, carried)| match (carried, bound) {
            (None, _) => true,
            (Some(values), Bound::Value(value)) => values.contains(value),
            (Some(values), Bound::Missing(of)) => values.is_empty() && *of == seq,
            (Some(_), Bound::Other) => false,
        })
    }

    /// Whether there are no bindings at all.
    pub(super) fn is_empty(&self) -> bool {
        self.bound.is_empty()
    }
}

/// The valuations worth trying, given the occurrences that a condition may look at; at most
/// [`MOST_VALUATIONS`], and whether that left some out.
pub(super) fn valuations<'o>(
    bindings: usize,
    occurrences: impl Iterator<Item = &'o Occurrence>,
) -> (Vec<Valuation>, bool) {
    let mut choices = vec![vec![Bound::Other]; bindings];
    for occurrence in occurrences {
        for hit in &occurrence.hits {
            for (choice, carried) in choices.iter_mut().zip(&hit.bound) {
                if let Some(values) = carried {
                    add(choice, values, occurrence.seq);
                }
            }
        }
    }
    let mut all = vec![Valuation::default()];
    let mut cut = false;
    for choice in choices {
        let longer = all.iter().flat_map(|valuation| {
            choice.iter().map(|bound| {
                let mut valuation = valuation.clone();
                valuation.bound.push(bound.clone());
                valuation
            })
        });
        let longer: Vec<_> = longer.take(MOST_VALUATIONS + 1).collect();
        cut |= longer.len() > MOST_VALUATIONS;
        all = longer;
        all.truncate(MOST_VALUATIONS);
    }
    (all, cut)
}

fn add(choice: &mut Vec<Bound>, values: &[String], seq: u64) {
    let mut add = |bound| {
        if !choice.contains(&bound) {
            choice.push(bound);
        }
    };
    match values {
        [] => add(Bound::Missing(seq)),
        values => values.iter().cloned().map(Bound::Value).for_each(add),
    }
}
