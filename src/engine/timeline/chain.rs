//! Orders: whether events can be found for all steps, each a different one.
//!
//! The search goes backwards from the last step and tries later events first. What failed once is
//! not tried again; events that are alike (same time, same patterns) are tried once. Where no event
//! satisfies two patterns and no step is qualified, the latest event of each step is the best
//! choice, so there is nothing to try again at all.

use std::collections::HashSet;
use std::sync::Arc;

use crate::ir::PatternId;

use super::bindings::Valuation;
use super::shape::Link;
use super::state::{KeyState, Occurrence, TrackId, Tracks};

/// Events that a search looks at before it gives up.
const MOST_VISITS: u64 = 2_000_000;

/// Where an order may lie.
pub(super) struct Search<'s> {
    /// What is remembered.
    pub state: &'s KeyState,
    /// The patterns of the tracks.
    pub tracks: &'s Tracks,
    /// Which occurrences count.
    pub valuation: &'s Valuation,
    /// The steps.
    pub steps: &'s [Link],
    /// By how much an event may precede the one it follows.
    pub skew: i64,
    /// The earliest time of any step.
    pub from: i64,
    /// The latest time of any step.
    pub to: i64,
}

/// What a search found.
pub(super) enum Found {
    /// Events for all steps, in the order of the steps.
    Path(Vec<Arc<Occurrence>>),
    /// There are none.
    Nothing,
    /// It gave up.
    TooMuch,
}

/// What is known to fail: step, time and patterns of its event, and the events used up.
type Dead = (usize, Likeness, Vec<Likeness>);
type Likeness = (i64, Vec<PatternId>);

struct Progress {
    /// Events of the steps from the current one on, last step first.
    path: Vec<Arc<Occurrence>>,
    dead: HashSet<Dead>,
    visits: u64,
}

impl Search<'_> {
    /// Events for all steps, the last one ending at any time in range.
    pub(super) fn anywhere(&self) -> Found {
        let Some(last) = self.steps.last() else { return Found::Path(Vec::new()) };
        let mut progress = Progress::new();
        for end in self.state.within(last.track, self.from, self.to).rev() {
            if !self.admits(end, last.track) {
                continue;
            }
            if self.descend(self.steps.len() - 1, end, &mut progress) {
                return progress.found();
            }
            if progress.visits > MOST_VISITS {
                return Found::TooMuch;
            }
            if self.is_greedy() {
                break;
            }
        }
        Found::Nothing
    }

    /// Events for all steps, the last one being `end`.
    pub(super) fn ending_at(&self, end: &Arc<Occurrence>) -> Found {
        let Some(last) = self.steps.last() else { return Found::Nothing };
        if !self.admits(end, last.track) {
            return Found::Nothing;
        }
        let mut progress = Progress::new();
        if self.descend(self.steps.len() - 1, end, &mut progress) {
            return progress.found();
        }
        if progress.visits > MOST_VISITS { Found::TooMuch } else { Found::Nothing }
    }

    /// Whether steps up to `step` can be found if its event is `event`. Recurses once per step;
    /// `check` bounds their number.
    fn descend(&self, step: usize, event: &Arc<Occurrence>, progress: &mut Progress) -> bool {
        progress.path.push(Arc::clone(event));
        if step == 0 {
            return true;
        }
        let dead = self.situation(step, event, progress);
        if !progress.dead.contains(&dead) {
            if self.precede(step, event, progress) {
                return true;
            }
            progress.dead.insert(dead);
        }
        progress.path.pop();
        false
    }

    /// Tries the events that may precede `event`, the event of `step`.
    fn precede(&self, step: usize, event: &Arc<Occurrence>, progress: &mut Progress) -> bool {
        let (Some(link), Some(before)) = (self.steps.get(step), self.steps.get(step - 1)) else {
            return false;
        };
        let earliest = link.within.map_or(i64::MIN, |within| event.time.saturating_sub(within));
        let latest = event.time.saturating_add(self.skew).min(self.to);
        let mut tried: Vec<Likeness> = Vec::new();
        for earlier in self.state.within(before.track, earliest.max(self.from), latest).rev() {
            progress.visits += 1;
            if progress.visits > MOST_VISITS {
                return false;
            }
            if !self.admits(earlier, before.track) || progress.uses(earlier) {
                continue;
            }
            match self.between(link, earlier, event) {
                Between::Clear => {}
                Between::Blocked => continue,
                Between::BlockedForAll => return false,
            }
            tried.retain(|(time, _)| *time == earlier.time);
            let likeness = self.likeness(earlier);
            if tried.contains(&likeness) {
                continue;
            }
            if self.descend(step - 1, earlier, progress) {
                return true;
            }
            if self.is_greedy() {
                return false;
            }
            tried.push(likeness);
        }
        false
    }

    /// Whether what must not occur between two steps does not.
    fn between(&self, link: &Link, earlier: &Occurrence, later: &Occurrence) -> Between {
        let (from, to) = (earlier.time.min(later.time), earlier.time.max(later.time));
        for track in &link.without {
            let admitted = |other: &&Arc<Occurrence>| self.admits(other, *track);
            let others = self.state.within(*track, from, to).filter(admitted);
            let mut strangers = others.filter(|x| x.seq != earlier.seq && x.seq != later.seq);
            if strangers.next().is_none() {
                continue;
            }
            // A single one may be the very event that comes next as a candidate.
            let hopeless = earlier.time <= later.time && strangers.next().is_some();
            return if hopeless { Between::BlockedForAll } else { Between::Blocked };
        }
        Between::Clear
    }

    fn situation(&self, step: usize, event: &Occurrence, progress: &Progress) -> Dead {
        let steps = i64::try_from(step).unwrap_or(i64::MAX);
        let reach = event.time.saturating_add(self.skew.saturating_mul(steps));
        let used = progress.path.iter().filter(|used| used.time <= reach);
        let mut used: Vec<Likeness> = used.map(|used| self.likeness(used)).collect();
        used.sort_unstable();
        (step, self.likeness(event), used)
    }

    fn likeness(&self, event: &Occurrence) -> Likeness {
        let admitted = event.hits.iter().filter(|hit| self.valuation.admits(hit, event.seq));
        (event.time, admitted.map(|hit| hit.pattern).collect())
    }

    fn admits(&self, event: &Occurrence, track: TrackId) -> bool {
        self.valuation.is_empty() || event.is_any(self.tracks.patterns(track), self.valuation)
    }

    /// Whether the latest event of each step is the best choice.
    fn is_greedy(&self) -> bool {
        self.skew == 0
            && self.state.is_pure()
            && self.steps.iter().all(|step| step.within.is_none() && step.without.is_empty())
    }
}

enum Between {
    Clear,
    Blocked,
    /// By so many that no earlier candidate is clear, either.
    BlockedForAll,
}

impl Progress {
    fn new() -> Self {
        Self { path: Vec::new(), dead: HashSet::new(), visits: 0 }
    }

    fn uses(&self, event: &Occurrence) -> bool {
        self.path.iter().any(|used| used.seq == event.seq)
    }

    fn found(mut self) -> Found {
        self.path.reverse();
        Found::Path(self.path)
    }
}
