//! Orders: whether events can be found for all steps, each a different one.
//!
//! The search goes backwards from the last step and tries later events first. What failed once is
//! not tried again; events that are alike (same time, same patterns) are tried once. Where no event
//! satisfies two patterns and no step is qualified, the latest event of each step is the best
//! choice, so there is nothing to try again at all.

use std::cell::Cell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::ir::PatternId;

use super::bindings::Valuation;
use super::lists::Lists;
use super::shape::Link;
use super::state::{KeyState, Occurrence, TrackId, Tracks};

/// Where an order may lie.
pub(super) struct Search<'s> {
    /// What is remembered and may count.
    pub lists: &'s Lists<'s>,
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
    /// Whether the latest event of each step is the best choice.
    pub is_greedy: bool,
    /// Events that it may look at before it gives up.
    pub budget: &'s Cell<u64>,
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

/// A search under way: a frame per step that has an event, the last step first.
struct Progress {
    frames: Vec<Frame>,
    dead: HashSet<Dead>,
}

/// A step that has an event, and where events for the step before are looked for.
struct Frame {
    step: usize,
    event: Arc<Occurrence>,
    /// Its place in the step's track.
    place: usize,
    /// Events of the step before that were not tried yet, by their place in the track.
    untried: Range<usize>,
    /// What was tried of the same time.
    tried: Vec<Likeness>,
}

impl Search<'_> {
    /// Events for all steps, the last one not before a time.
    pub(super) fn ending_after(&self, earliest: i64) -> Found {
        let Some(last) = self.steps.last() else { return Found::Path(Vec::new()) };
        let occurs = |step: &Link| !self.lists.places(step.track, self.from, self.to).is_empty();
        if !self.steps.iter().all(occurs) {
            return Found::Nothing;
        }
        let mut progress = Progress { frames: Vec::new(), dead: HashSet::new() };
        let ends = self.lists.within(last.track, earliest, self.to).rev();
        for end in ends.filter(|end| self.admits(end, last.track)) {
            if !self.visit() {
                return Found::TooMuch;
            }
            match self.ending(end, &mut progress) {
                Found::Nothing if !self.is_greedy => {}
                found @ (Found::Path(_) | Found::Nothing | Found::TooMuch) => return found,
            }
        }
        Found::Nothing
    }

    /// Events for all steps, the last one being `end`.
    pub(super) fn ending_at(&self, end: &Arc<Occurrence>) -> Found {
        self.ending(end, &mut Progress { frames: Vec::new(), dead: HashSet::new() })
    }

    fn ending(&self, end: &Arc<Occurrence>, progress: &mut Progress) -> Found {
        let Some(last) = self.steps.last() else { return Found::Nothing };
        if !self.admits(end, last.track) {
            return Found::Nothing;
        }
        progress.frames.push(self.frame(self.steps.len() - 1, end, usize::MAX));
        while let Some(mut frame) = progress.frames.pop() {
            if frame.step == 0 {
                progress.frames.push(frame);
                return Found::Path(progress.frames.drain(..).rev().map(|of| of.event).collect());
            }
            let Some((place, earlier)) = self.earlier(&mut frame, &progress.frames) else {
                if self.budget.get() == 0 {
                    return Found::TooMuch;
                }
                if self.is_greedy {
                    progress.frames.clear();
                    return Found::Nothing;
                }
                let situation = self.situation(frame.step, &frame.event, &progress.frames);
                progress.dead.insert(situation);
                continue;
            };
            let next = self.frame(frame.step - 1, &earlier, place);
            frame.tried.retain(|(time, _)| *time == earlier.time);
            progress.frames.push(frame);
            if next.step > 0 && !self.is_greedy {
                let situation = self.situation(next.step, &earlier, &progress.frames);
                if progress.dead.contains(&situation) {
                    continue;
                }
            }
            progress.frames.push(next);
        }
        Found::Nothing
    }

    fn frame(&self, step: usize, event: &Arc<Occurrence>, place: usize) -> Frame {
        let range = |link: &Link, before: &Link| {
            let earliest = link.within.map_or(i64::MIN, |within| event.time.saturating_sub(within));
            let latest = event.time.saturating_add(self.skew).min(self.to);
            self.lists.places(before.track, earliest.max(self.from), latest)
        };
        let before = step.checked_sub(1).and_then(|before| self.steps.get(before));
        let untried = self.steps.get(step).zip(before).map(|(link, before)| range(link, before));
        let untried = untried.unwrap_or_default();
        Frame { step, event: Arc::clone(event), place, untried, tried: Vec::new() }
    }

    /// The next event that may precede that of a frame; `later` are the frames of later steps.
    fn earlier(&self, frame: &mut Frame, later: &[Frame]) -> Option<(usize, Arc<Occurrence>)> {
        let link = self.steps.get(frame.step)?;
        let track = self.steps.get(frame.step - 1)?.track;
        if self.is_greedy && track == link.track {
            // The same track was tried from its end, so what stands behind is used up.
            frame.untried.end = frame.untried.end.min(frame.place);
        }
        while let Some(place) = frame.untried.next_back() {
            if !self.visit() {
                return None;
            }
            let Some(earlier) = self.lists.at(track, place) else { continue };
            if !self.admits(earlier, track) || uses(frame, later, earlier, self.skew) {
                continue;
            }
            match self.between(link, earlier, &frame.event) {
                Between::Clear => {}
                Between::Blocked => continue,
                Between::BlockedForAll => return None,
            }
            let likeness = self.likeness(earlier);
            if !frame.tried.contains(&likeness) {
                frame.tried.push(likeness);
                return Some((place, Arc::clone(earlier)));
            }
        }
        None
    }

    /// Counts an event that is looked at; whether there may be more.
    fn visit(&self) -> bool {
        self.budget.set(self.budget.get().saturating_sub(1));
        self.budget.get() > 0
    }

    /// Whether what must not occur between two steps does not.
    fn between(&self, link: &Link, earlier: &Occurrence, later: &Occurrence) -> Between {
        let (from, to) = (earlier.time.min(later.time), earlier.time.max(later.time));
        for track in &link.without {
            let admitted = |other: &&Arc<Occurrence>| self.admits(other, *track);
            let others = self.lists.within(*track, from, to).filter(admitted);
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

    /// What decides whether the steps before one can be found: its event, and what is used up of
    /// the events that they may use.
    fn situation(&self, step: usize, event: &Occurrence, later: &[Frame]) -> Dead {
        let steps = i64::try_from(step).unwrap_or(i64::MAX);
        let reach = event.time.saturating_add(self.skew.saturating_mul(steps));
        let used = later.iter().rev().map(|frame| &frame.event);
        let used = used.filter(|used| used.time <= reach).map(|used| self.likeness(used));
        let mut used: Vec<Likeness> = used.collect();
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
}

/// Whether the latest event of each step is the best choice: where no event satisfies two patterns
/// and no step is qualified.
pub(super) fn is_greedy(state: &KeyState, steps: &[Link], skew: i64) -> bool {
    let is_plain = |step: &Link| step.within.is_none() && step.without.is_empty();
    skew == 0 && state.is_pure() && steps.iter().all(is_plain)
}

enum Between {
    Clear,
    Blocked,
    /// By so many that no earlier candidate is clear, either.
    BlockedForAll,
}

/// Whether an event is that of a frame or of a later step. Without skew, later steps have later
/// events, so only those of the same time matter.
fn uses(frame: &Frame, later: &[Frame], event: &Occurrence, skew: i64) -> bool {
    let used = std::iter::once(frame).chain(later.iter().rev()).map(|frame| &frame.event);
    let mut near = used.take_while(|used| skew > 0 || used.time <= event.time);
    near.any(|used| used.seq == event.seq)
}
