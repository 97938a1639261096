//! Bindings: parts of a key that only some patterns carry, such as `root.thumb == change.thumb`.
//!
//! A valuation gives each binding a value. Under it, an occurrence of a pattern that carries the
//! binding counts only with that value; others are not affected. The condition holds if it holds
//! under some valuation. A missing value equals nothing but itself, so it leaves only that binding
//! unmet.
//!
//! Which valuations are worth trying at an occurrence is found by a join: its own values first, then
//! those of the needed patterns that share a binding with what is known, by the lists that a key
//! keeps per value. So the cost is that of what fits together, not that of what lies in the window.

use std::cell::Cell;
use std::sync::Arc;

use indexmap::IndexSet;

use crate::ir::PatternId;

use super::lists::Lists;
use super::shape::Shape;
use super::state::{Hit, KeyState, Occurrence, TrackId};

/// Valuations that are tried for one occurrence.
pub(super) const MOST_VALUATIONS: usize = 4_096;

/// A value for each binding; those that have none yet are open.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Valuation {
    bound: Vec<Option<Bound>>,
}

/// The value of a binding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Bound {
    /// This one.
    Value(Arc<str>),
    /// The missing value of this event.
    Missing(u64),
    /// One that no event has.
    Other,
}

impl Valuation {
    /// Whether a hit of an event counts.
    pub(super) fn admits(&self, hit: &Hit, seq: u64) -> bool {
        self.bound.iter().zip(&hit.bound).all(|(bound, carried)| match (carried, bound) {
            (None, _) | (Some(_), None) => true,
            (Some(values), Some(Bound::Value(value))) => values.contains(value),
            (Some(values), Some(Bound::Missing(of))) => values.is_empty() && *of == seq,
            (Some(_), Some(Bound::Other)) => false,
        })
    }

    /// Whether there are no bindings at all.
    pub(super) fn is_empty(&self) -> bool {
        self.bound.is_empty()
    }

    /// The bindings that have a value.
    pub(super) fn known(&self) -> impl Iterator<Item = (usize, &Bound)> {
        self.bound.iter().enumerate().filter_map(|(at, bound)| Some((at, bound.as_ref()?)))
    }

    /// The valuations that an event's hit makes of this one: its values for what is open.
    fn with(&self, hit: &Hit, seq: u64) -> Vec<Self> {
        if !self.admits(hit, seq) {
            return Vec::new();
        }
        let mut all = vec![self.clone()];
        for (at, carried) in hit.bound.iter().enumerate() {
            let is_open = self.bound.get(at).is_some_and(Option::is_none);
            let Some(values) = carried.as_ref().filter(|_| is_open) else { continue };
            let longer = all.iter().flat_map(|valuation| {
                bounds(values, seq).map(|bound| valuation.clone().set(at, bound))
            });
            all = longer.take(MOST_VALUATIONS + 1).collect();
        }
        all
    }

    fn set(mut self, at: usize, bound: Bound) -> Self {
        if let Some(open) = self.bound.get_mut(at) {
            *open = Some(bound);
        }
        self
    }
}

/// What an event's values of a binding are.
pub(super) fn bounds(values: &[Arc<str>], seq: u64) -> impl Iterator<Item = Bound> {
    let missing = values.is_empty().then_some(Bound::Missing(seq));
    missing.into_iter().chain(values.iter().cloned().map(Bound::Value))
}

/// What decides which valuations are worth trying at an occurrence.
pub(super) struct Trial<'o> {
    /// The condition's shape.
    pub shape: &'o Shape,
    /// The occurrence.
    pub at: &'o Occurrence,
    /// What is remembered of its key.
    pub state: &'o KeyState,
    /// The times that the condition may look at.
    pub reach: (i64, i64),
    /// Events that may be looked at.
    pub budget: &'o Cell<u64>,
}

/// Valuations, and whether there would be more.
#[derive(Default)]
struct Found {
    valuations: IndexSet<Valuation>,
    cut: bool,
}

impl Found {
    fn add(&mut self, valuations: impl IntoIterator<Item = Valuation>) {
        for valuation in valuations {
            if self.valuations.len() >= MOST_VALUATIONS && !self.valuations.contains(&valuation) {
                self.cut = true;
                return;
            }
            self.valuations.insert(valuation);
        }
    }
}

impl Trial<'_> {
    /// The valuations worth trying; at most [`MOST_VALUATIONS`], and whether that left some out.
    /// Those under which the occurrence itself does not count, or a pattern that is needed does not
    /// occur, are not.
    pub(super) fn valuations(&self) -> (Vec<Valuation>, bool) {
        let all = Lists::all(self.state);
        let (from, to) = self.reach;
        let occurs = |pattern: &PatternId| !all.places(TrackId(pattern.0), from, to).is_empty();
        if !self.shape.needed.iter().all(occurs) {
            return (Vec::new(), false);
        }
        let mut found = Found::default();
        for hit in self.at.hits.iter().filter(|hit| self.shape.fires.0.contains(&hit.pattern)) {
            let of_hit = self.of_hit(hit);
            found.cut |= of_hit.cut;
            found.add(of_hit.valuations);
        }
        (found.valuations.into_iter().collect(), found.cut)
    }

    /// Those under which a hit of the occurrence counts.
    fn of_hit(&self, hit: &Hit) -> Found {
        let open = Valuation { bound: vec![None; self.shape.carried.len()] };
        let mut found = Found::default();
        found.add(open.with(hit, self.at.seq));
        let mut known = vec![hit.pattern];
        let mut left: Vec<PatternId> = self.shape.needed.clone();
        left.retain(|pattern| *pattern != hit.pattern);
        while let Some(next) = self.next(&known, &left) {
            left.retain(|pattern| *pattern != next);
            known.push(next);
            found = self.joined(&found, next);
        }
        for binding in 0..self.shape.carried.len() {
            if !known.iter().any(|pattern| self.shape.carries(*pattern, binding)) {
                found = self.opened(&found, binding);
            }
        }
        found
    }

    /// The pattern to go on with: one that shares a binding with what is known, if there is one.
    fn next(&self, known: &[PatternId], left: &[PatternId]) -> Option<PatternId> {
        let is_joined = |pattern: &&PatternId| {
            (0..self.shape.carried.len()).any(|binding| {
                self.shape.carries(**pattern, binding)
                    && known.iter().any(|known| self.shape.carries(*known, binding))
            })
        };
        left.iter().find(is_joined).or_else(|| left.first()).copied()
    }

    /// The valuations with the values of a pattern that is needed.
    fn joined(&self, found: &Found, pattern: PatternId) -> Found {
        let (from, to) = self.reach;
        let mut joined = Found { cut: found.cut, ..Found::default() };
        for valuation in &found.valuations {
            let list =
                self.state.narrowest(pattern, valuation, |at| self.shape.carries(pattern, at));
            let start = list.partition_point(|occurrence| occurrence.time < from);
            for occurrence in list.range(start..).take_while(|of| of.time <= to) {
                if !self.visit() || joined.cut {
                    joined.cut = true;
                    return joined;
                }
                let hits = occurrence.hits.iter().filter(|hit| hit.pattern == pattern);
                let more: Vec<_> =
                    hits.flat_map(|hit| valuation.with(hit, occurrence.seq)).collect();
                let is_same = more.first() == Some(valuation);
                joined.add(more);
                if is_same {
                    break;
                }
            }
        }
        joined
    }

    /// The valuations with each value of a binding that no needed pattern carries, and with none.
    fn opened(&self, found: &Found, binding: usize) -> Found {
        let (from, to) = self.reach;
        let mut choice = IndexSet::from([Bound::Other]);
        let mut opened = Found { cut: found.cut, ..Found::default() };
        for occurrence in self.state.all(from, to) {
            if !self.visit() {
                opened.cut = true;
                break;
            }
            let carried = occurrence.hits.iter().filter_map(|hit| hit.bound.get(binding)?.as_ref());
            choice.extend(carried.flat_map(|values| bounds(values, occurrence.seq)));
        }
        for valuation in &found.valuations {
            opened.add(choice.iter().map(|bound| valuation.clone().set(binding, bound.clone())));
        }
        opened
    }

    /// Counts an event that is looked at; whether there may be more.
    fn visit(&self) -> bool {
        self.budget.set(self.budget.get().saturating_sub(1));
        self.budget.get() > 0
    }
}
