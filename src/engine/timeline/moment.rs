//! A condition at one occurrence: does it hold, and by which events?

use std::cell::Cell;
use std::sync::Arc;

use crate::ir::{Aggregate, Cmp, FieldRef, PatternId};

use super::aggregate;
use super::bindings::Valuation;
use super::chain::{Found, Search, is_greedy};
use super::firing::{Firing, Shown};
use super::lists::Lists;
use super::running::Running;
use super::shape::{Link, Node, Shape};
use super::state::{Entry, KeyState, Occurrence, Order, TrackId, entries};

/// Events that a firing names at most.
const MOST_SEEN: usize = 100;

/// A key's state as of an occurrence.
pub(super) struct Moment<'s> {
    /// The condition's shape.
    pub shape: &'s Shape,
    /// What is remembered of the key.
    pub state: &'s KeyState,
    /// What of it may count.
    pub lists: Lists<'s>,
    /// Which occurrences count.
    pub valuation: &'s Valuation,
    /// How many patterns there are.
    pub patterns: usize,
    /// What is shown of a firing.
    pub show: &'s [(PatternId, FieldRef)],
    /// By how much an event may precede the one it follows.
    pub skew: i64,
    /// Where the window begins.
    pub from: i64,
    /// The occurrence's time, where the window ends.
    pub at: i64,
    /// Events that searches may look at before they give up.
    pub budget: &'s Cell<u64>,
    /// Whether one did.
    pub given_up: &'s Cell<bool>,
}

impl Moment<'_> {
    /// Whether the rule fires at an occurrence that it names positively, and by what.
    pub(super) fn fires(&self, occurrence: &Arc<Occurrence>) -> Option<Firing> {
        if !occurrence.is_any(&self.shape.fires.0, self.valuation) {
            return None;
        }
        let events = match &self.shape.root {
            Node::Chain { steps, .. } => {
                let latest = self.at.saturating_add(self.shape.ahead);
                self.path(self.search(steps, latest).ending_at(occurrence))?
            }
            root @ (Node::Seen(_)
            | Node::Count { .. }
            | Node::Aggregate { .. }
            | Node::Absent { .. }
            | Node::Score { .. }
            | Node::AtLeast(..)
            | Node::All(_)
            | Node::Any(_)
            | Node::Not(_)) => self.holds(root).then(|| self.seen())?,
        };
        let patterns = 0..self.patterns;
        let seen = patterns.filter(|pattern| self.any(TrackId(*pattern), self.from, self.at));
        let shown = self.show.iter().enumerate();
        let shown = shown.map(|(index, (pattern, _))| self.shown(index, *pattern));
        Some(Firing { events, seen: seen.collect(), shown: shown.collect() })
    }

    /// The value to show: of the latest event of the pattern in the window that has one.
    fn shown(&self, index: usize, pattern: PatternId) -> Option<Shown> {
        let mut latest: Option<Shown> = None;
        for occurrence in self.admitted(TrackId(pattern.0), self.from, self.at).rev() {
            let enough = latest.as_ref().is_some_and(|found| found.is_after(occurrence.time));
            if enough || self.budget.get() == 0 {
                break;
            }
            self.budget.set(self.budget.get() - 1);
            let value = occurrence.show.iter().find(|(shown, _)| *shown == index);
            let found = value.and_then(|(_, value)| Shown::of(occurrence.time, value));
            latest = Shown::later(latest, found);
        }
        latest
    }

    /// The latest occurrences in the window of the patterns that are named positively, in order.
    fn seen(&self) -> Vec<Arc<Occurrence>> {
        let patterns = &self.shape.fires.0;
        let each = (MOST_SEEN / patterns.len().max(1)).max(1);
        let latest = patterns.iter().flat_map(|pattern| {
            self.admitted(TrackId(pattern.0), self.from, self.at).rev().take(each)
        });
        let mut seen: Vec<_> = latest.map(Arc::clone).collect();
        seen.sort_by_key(|occurrence| (occurrence.time, occurrence.seq));
        seen.dedup_by_key(|occurrence| occurrence.seq);
        seen
    }

    /// Whether a condition holds. Recurses as deep as the condition, which `check` bounds.
    pub(super) fn holds(&self, node: &Node) -> bool {
        match node {
            Node::Seen(track) => self.any(*track, self.from, self.at),
            Node::Count { track, cmp, value } => self.count(*track, *cmp, *value),
            Node::Aggregate { track, index, function, cmp, value } => {
                self.aggregate(*track, *index, *function, (*cmp, *value))
            }
            Node::Chain { index, steps } => self.ordered(*index, steps),
            Node::Absent { track, before, after, of: None } => {
                self.absent(*track, *before, *after, self.at)
            }
            Node::Absent { track, before, after, of: Some(of) } => {
                let mut anchors = self.admitted(*of, self.from, self.at);
                anchors.any(|anchor| self.absent(*track, *before, *after, anchor.time))
            }
            Node::Score { classes, threshold } => {
                let score: f64 = classes.iter().map(|class| self.weight(class)).sum();
                score >= *threshold
            }
            Node::AtLeast(least, parts) => {
                let held = parts.iter().filter(|part| self.holds(part)).take(*least as usize);
                held.count() == *least as usize
            }
            Node::All(parts) => parts.iter().all(|part| self.holds(part)),
            Node::Any(parts) => parts.iter().any(|part| self.holds(part)),
            Node::Not(part) => !self.holds(part),
        }
    }

    fn admitted(
        &self,
        track: TrackId,
        from: i64,
        to: i64,
    ) -> impl DoubleEndedIterator<Item = &Arc<Occurrence>> {
        let patterns = self.shape.tracks.patterns(track);
        self.lists.within(track, from, to).filter(move |occurrence| {
            self.valuation.is_empty() || occurrence.is_any(patterns, self.valuation)
        })
    }

    fn any(&self, track: TrackId, from: i64, to: i64) -> bool {
        self.admitted(track, from, to).next().is_some()
    }

    fn absent(&self, track: TrackId, before: i64, after: i64, at: i64) -> bool {
        !self.any(track, at.saturating_sub(before), at.saturating_add(after))
    }

    fn count(&self, track: TrackId, cmp: Cmp, value: u64) -> bool {
        let events = if self.valuation.is_empty() {
            self.lists.within(track, self.from, self.at).len()
        } else {
            self.admitted(track, self.from, self.at).count()
        };
        cmp.holds(events as u64, value)
    }

    fn aggregate(
        &self,
        track: TrackId,
        index: usize,
        function: Aggregate,
        (cmp, value): (Cmp, f64),
    ) -> bool {
        if self.valuation.is_empty() {
            let found = self.state.aggregate(index, function, self.from, self.at);
            return aggregate::holds(found, cmp, value);
        }
        let mut running = Running::default();
        for occurrence in self.admitted(track, self.from, self.at) {
            let admits = |entry: &&Entry| occurrence.is_any(&entry.patterns, self.valuation);
            let admitted: Vec<Entry> =
                entries(occurrence, index).iter().filter(admits).cloned().collect();
            running.enter(&admitted);
        }
        aggregate::holds(running.value(function), cmp, value)
    }

    /// The largest weight of a class among what occurs in the window.
    fn weight(&self, class: &[(TrackId, f64)]) -> f64 {
        let present = class.iter().filter(|(track, _)| self.any(*track, self.from, self.at));
        present.map(|(_, weight)| *weight).reduce(f64::max).unwrap_or(0.0)
    }

    /// Whether an order lies in the window. As windows only move forward, events that were found do
    /// until the first of them is out, and where no order ended once, none ever will: unless an event
    /// that comes later may precede (skew), or other events count (bindings).
    fn ordered(&self, index: usize, steps: &[Link]) -> bool {
        let search = self.search(steps, self.at);
        if self.skew > 0 || !self.valuation.is_empty() {
            return self.path(search.ending_after(self.from)).is_some();
        }
        let known = self.state.order(index);
        if known.first.is_some_and(|first| first >= self.from) {
            return true;
        }
        let after = known.none_until.map_or(self.from, |until| self.from.max(until + 1));
        let found = search.ending_after(after);
        let is_decided = !matches!(found, Found::TooMuch);
        let first = self.path(found).and_then(|path| path.first().map(|event| event.time));
        if is_decided {
            let none_until = if first.is_some() { known.none_until } else { Some(self.at) };
            self.state.learn(index, Order { first, none_until });
        }
        first.is_some()
    }

    fn search<'a>(&'a self, steps: &'a [Link], to: i64) -> Search<'a> {
        Search {
            lists: &self.lists,
            tracks: &self.shape.tracks,
            valuation: self.valuation,
            steps,
            skew: self.skew,
            from: self.from,
            to,
            is_greedy: is_greedy(self.state, steps, self.skew),
            budget: self.budget,
        }
    }

    fn path(&self, found: Found) -> Option<Vec<Arc<Occurrence>>> {
        match found {
            Found::Path(path) => Some(path),
            Found::Nothing => None,
            Found::TooMuch => {
                self.given_up.set(true);
                None
            }
        }
    }
}
