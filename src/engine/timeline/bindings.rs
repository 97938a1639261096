//! Bindings: parts of a key that only some patterns carry, such as `root.thumb == change.thumb`.
//!
//! A valuation gives each binding a value. Under it, an occurrence of a pattern that carries the
//! binding counts only with that value; others are not affected. The condition holds if it holds
//! under some valuation. A missing value equals nothing but itself, so it leaves only that binding
//! unmet.

use indexmap::IndexMap;

use crate::ir::PatternId;

use super::state::{Hit, Occurrence};

/// Valuations that are tried for one occurrence.
pub(super) const MOST_VALUATIONS: usize = 4_096;

/// A value for each binding.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Valuation {
    bound: Vec<Bound>,
}

/// The value of a binding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

/// What decides which valuations are worth trying at an occurrence.
pub(super) struct Trial<'o> {
    /// The number of bindings.
    pub bindings: usize,
    /// The patterns without which the condition does not hold.
    pub needed: &'o [PatternId],
    /// The patterns at whose occurrences it fires.
    pub fires: &'o [PatternId],
    /// The occurrence.
    pub at: &'o Occurrence,
}

/// The values of a binding in the order in which they are met, and the patterns that have each.
type Choice = IndexMap<Bound, Vec<PatternId>>;

impl Trial<'_> {
    /// The valuations worth trying, given the occurrences that a condition may look at; at most
    /// [`MOST_VALUATIONS`], and whether that left some out. Those under which the occurrence itself
    /// does not count, or a pattern that is needed does not occur, are not.
    pub(super) fn valuations<'o>(
        &self,
        occurrences: impl Iterator<Item = &'o Occurrence>,
    ) -> (Vec<Valuation>, bool) {
        let mut choices: Vec<Choice> = vec![Choice::new(); self.bindings];
        let mut carriers: Vec<Vec<PatternId>> = vec![Vec::new(); self.bindings];
        let mut seen = Vec::new();
        for occurrence in occurrences {
            for hit in &occurrence.hits {
                note(&mut seen, hit.pattern);
                let carried = hit.bound.iter().zip(choices.iter_mut().zip(&mut carriers));
                for (values, (choice, carriers)) in carried {
                    if let Some(values) = values {
                        note(carriers, hit.pattern);
                        bounds(values, occurrence.seq).for_each(|of| add(choice, of, hit.pattern));
                    }
                }
            }
        }
        if !self.needed.iter().all(|pattern| seen.contains(pattern)) {
            return (Vec::new(), false);
        }
        let possible: Vec<Vec<Bound>> = choices
            .into_iter()
            .zip(&carriers)
            .map(|(choice, carriers)| self.possible(choice, carriers))
            .collect();
        let (mut all, mut cut) = (Vec::new(), false);
        for hit in self.at.hits.iter().filter(|hit| self.fires.contains(&hit.pattern)) {
            let (of_hit, some_cut) = products(&possible, hit, self.at.seq);
            all.extend(of_hit);
            cut |= some_cut;
        }
        (all, cut)
    }

    /// The values of a binding that all patterns have that are needed and carry it.
    fn possible(&self, choice: Choice, carriers: &[PatternId]) -> Vec<Bound> {
        let needed: Vec<_> = self.needed.iter().filter(|of| carriers.contains(of)).collect();
        let other = needed.is_empty().then_some(Bound::Other);
        let fits = choice
            .into_iter()
            .filter(|(_, patterns)| needed.iter().all(|pattern| patterns.contains(pattern)));
        other.into_iter().chain(fits.map(|(bound, _)| bound)).collect()
    }
}

/// Every combination of possible values under which a hit counts.
fn products(possible: &[Vec<Bound>], hit: &Hit, seq: u64) -> (Vec<Valuation>, bool) {
    let (mut all, mut cut) = (vec![Valuation::default()], false);
    for (possible, carried) in possible.iter().zip(&hit.bound) {
        let own = carried.as_ref().map(|values| bounds(values, seq).collect::<Vec<_>>());
        let counts = |bound: &&Bound| own.as_ref().is_none_or(|own| own.contains(bound));
        let choice: Vec<&Bound> = possible.iter().filter(counts).collect();
        let longer = all.iter().flat_map(|valuation| {
            choice.iter().map(|bound| {
                let mut valuation = valuation.clone();
                valuation.bound.push((*bound).clone());
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

/// What an event's values of a binding are.
fn bounds(values: &[String], seq: u64) -> impl Iterator<Item = Bound> {
    let missing = values.is_empty().then_some(Bound::Missing(seq));
    missing.into_iter().chain(values.iter().cloned().map(Bound::Value))
}

fn add(choice: &mut Choice, bound: Bound, pattern: PatternId) {
    note(choice.entry(bound).or_default(), pattern);
}

fn note(patterns: &mut Vec<PatternId>, pattern: PatternId) {
    if !patterns.contains(&pattern) {
        patterns.push(pattern);
    }
}
