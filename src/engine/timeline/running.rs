//! Aggregates of a window that only moves forward: each value enters once and leaves once.
//!
//! What is kept is exact, so that the result is that of looking at the whole window again: counts of
//! equal values, and sums of whole numbers. Where values are fractions the sum is made anew, in the
//! order of the values.

use std::collections::{BTreeMap, HashMap};

use crate::ir::Aggregate;

use super::aggregate::nearest_rank;
use super::state::Entry;

/// Whole numbers up to which every sum is exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The values of an aggregate within a window.
#[derive(Debug, Clone, Default)]
pub(super) struct Running {
    /// Number of the occurrence of the track that enters next, counted from the first ever.
    pub(super) next: u64,
    /// Number of the first occurrence that is in.
    pub(super) first: u64,
    texts: HashMap<Vec<String>, u64>,
    numbers: BTreeMap<Ordered, u64>,
    len: u64,
    whole: i128,
    fractions: u64,
}

/// A number with a total order.
#[derive(Debug, Clone, Copy)]
struct Ordered(f64);

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Running {
    /// Takes in what the next occurrence gives.
    pub(super) fn enter(&mut self, entries: &[Entry]) {
        self.next += 1;
        self.add(entries);
    }

    /// Takes out what the first occurrence gave.
    pub(super) fn leave(&mut self, entries: &[Entry]) {
        self.first += 1;
        self.remove(entries);
    }

    /// The track forgets an occurrence, whether it is in or never was.
    pub(super) fn forget(&mut self, number: u64, entries: &[Entry]) {
        if (self.first..self.next).contains(&number) {
            self.leave(entries);
        } else if number == self.next {
            (self.next, self.first) = (number + 1, number + 1);
        }
    }

    fn add(&mut self, entries: &[Entry]) {
        for text in entries.iter().flat_map(|entry| &entry.texts) {
            match self.texts.get_mut(text) {
                Some(count) => *count += 1,
                None => drop(self.texts.insert(text.clone(), 1)),
            }
        }
        for number in entries.iter().flat_map(|entry| &entry.numbers) {
            *self.numbers.entry(Ordered(*number)).or_default() += 1;
            self.len += 1;
            match whole(*number) {
                Some(number) => self.whole += number,
                None => self.fractions += 1,
            }
        }
    }

    fn remove(&mut self, entries: &[Entry]) {
        for text in entries.iter().flat_map(|entry| &entry.texts) {
            if let Some(count) = self.texts.get_mut(text) {
                *count -= 1;
                if *count == 0 {
                    self.texts.remove(text);
                }
            }
        }
        for number in entries.iter().flat_map(|entry| &entry.numbers) {
            if let Some(count) = self.numbers.get_mut(&Ordered(*number)) {
                *count -= 1;
                if *count == 0 {
                    self.numbers.remove(&Ordered(*number));
                }
                self.len -= 1;
                match whole(*number) {
                    Some(number) => self.whole -= number,
                    None => self.fractions -= 1,
                }
            }
        }
    }

    /// The aggregate of what is in; of no number there is none.
    #[expect(clippy::cast_precision_loss, reason = "numbers of events are far below 2^52")]
    pub(super) fn value(&self, function: Aggregate) -> Option<f64> {
        if function == Aggregate::Distinct {
            return Some(self.texts.len() as f64);
        }
        if self.len == 0 {
            return None;
        }
        match function {
            Aggregate::Distinct => None,
            Aggregate::Sum => Some(self.sum()),
            Aggregate::Avg => Some(self.sum() / self.len as f64),
            Aggregate::Min => self.numbers.keys().next().map(|number| number.0),
            Aggregate::Max => self.numbers.keys().next_back().map(|number| number.0),
            Aggregate::Percentile(percent) => self.ranked(nearest_rank(percent, self.len)),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "sums compare as 64-bit floats")]
    fn sum(&self) -> f64 {
        if self.fractions == 0 {
            return self.whole as f64;
        }
        self.numbers.iter().map(|(number, count)| number.0 * *count as f64).sum()
    }

    /// The number at a rank, from 0.
    fn ranked(&self, rank: u64) -> Option<f64> {
        let mut before = 0;
        for (number, count) in &self.numbers {
            before += count;
            if rank < before {
                return Some(number.0);
            }
        }
        None
    }
}

/// The whole number that a number is, if it is one.
#[expect(clippy::cast_possible_truncation, reason = "the magnitude is checked")]
fn whole(number: f64) -> Option<i128> {
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbers: &[f64]) -> Vec<Entry> {
        vec![Entry { patterns: Vec::new(), texts: Vec::new(), numbers: numbers.to_vec() }]
    }

    #[test]
    fn what_left_leaves_no_trace() {
        let mut running = Running::default();
        running.enter(&numbers(&[1.0, 0.1, 5.0]));
        running.enter(&numbers(&[2.0, 4.0]));
        assert!((running.value(Aggregate::Sum).unwrap() - 12.1).abs() < 1e-9);
        running.leave(&numbers(&[1.0, 0.1, 5.0]));
        for (function, result) in [
            (Aggregate::Sum, 6.0),
            (Aggregate::Avg, 3.0),
            (Aggregate::Min, 2.0),
            (Aggregate::Max, 4.0),
            (Aggregate::Percentile(50.0), 2.0),
            (Aggregate::Percentile(51.0), 4.0),
            (Aggregate::Percentile(0.0), 2.0),
            (Aggregate::Percentile(100.0), 4.0),
        ] {
            assert_eq!(running.value(function), Some(result), "{function:?}");
        }
        running.leave(&numbers(&[2.0, 4.0]));
        assert_eq!(running.value(Aggregate::Sum), None);
        assert_eq!(running.value(Aggregate::Distinct), Some(0.0));
    }
}
