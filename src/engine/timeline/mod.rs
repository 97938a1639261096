//! A correlation over a stream of events: which keys fire, when and how often.
//!
//! Events come in time order ([`Timeline::push`]); [`Timeline::advance`] says that all events before
//! a time have come, which decides the firings that waited for it. Simultaneous events have no
//! order, so nothing at a time is decided before all of that time is there. What no window can
//! hold any more is forgotten.
//!
//! `a and b` over 60 s with `a` at 0 s, `b` at 60 s and `a` at 61 s of one host → the host, first
//! and last firing at 60 s and 61 s, two firings.

mod aggregate;
mod alerts;
mod bindings;
mod chain;
mod firing;
mod intake;
mod lists;
mod moment;
mod running;
mod shape;
mod state;

pub use intake::Sighting;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use crate::ir::{Correlation, Suppress};

use super::event::{Event, Value};
use super::key::KeyValues;
use super::result::{Seen, Verdict};
use alerts::Alerts;
use bindings::{Trial, Valuation};
use firing::{Firing, Shown};
use intake::Intake;
use lists::Lists;
use moment::Moment;
use shape::{Shape, millis};
use state::{KeyState, Occurrence};

/// Limits and range of a run, as far as a timeline cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Firings before this time are not reported.
    pub from: i64,
    /// Firings at or after this time are not reported.
    pub to: i64,
    /// Keys that are remembered at once; beyond, the key with the oldest event is forgotten.
    pub keys: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { from: i64::MIN, to: i64::MAX, keys: 1_000_000 }
    }
}

/// What limited a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    /// Keys that were forgotten because there were too many.
    pub evicted_keys: u64,
    /// Conditions that were not decided because that would have taken too long.
    pub undecided: u64,
}

/// Events that the searches for orders of a rule look at before they give up, for one firing and
/// for all.
const MOST_VISITS_ONCE: u64 = 2_000_000;
const MOST_VISITS: u64 = 200_000_000;

/// The firings of a key.
#[derive(Debug)]
struct Found {
    first: i64,
    last: i64,
    count: u64,
    alerts: u64,
    /// The patterns, by index, of which an event lay in the window of any.
    seen: BTreeSet<usize>,
    /// The last one, and all of the same time.
    latest: Firing,
}

impl Found {
    /// None yet; the first will be at this time.
    fn at(time: i64) -> Self {
        let (seen, latest) = (BTreeSet::new(), Firing::default());
        Self { first: time, last: time, count: 0, alerts: 0, seen, latest }
    }
}

/// What a correlation makes of events one by one: a copy costs nothing.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<(Shape, Intake)>);

/// What a correlation remembers of an event: an occurrence for each key that it takes part in.
#[derive(Debug, Clone, Default)]
pub struct Recorded(Vec<(KeyValues, Occurrence)>);

impl Recorder {
    /// What is remembered of an event that satisfies some of the patterns; of an event without a time
    /// nothing.
    #[must_use]
    pub fn record(&self, event: &Event, sightings: &[Sighting]) -> Recorded {
        let Some(time) = event.time else { return Recorded::default() };
        let (shape, intake) = self.0.as_ref();
        Recorded(intake.occurrences(shape, time, event, sightings))
    }
}

/// A correlation at work.
#[derive(Debug)]
pub struct Timeline {
    correlation: Arc<Correlation>,
    recorder: Recorder,
    /// Number of the next event.
    next: u64,
    window: i64,
    skew: i64,
    bounds: Bounds,
    keys: HashMap<Arc<KeyValues>, KeyState>,
    /// Times of occurrences and their keys, oldest first, to find what is to be forgotten.
    expiry: VecDeque<(i64, Arc<KeyValues>)>,
    /// Occurrences at which the rule may fire and is not decided yet, oldest first.
    waiting: VecDeque<(Arc<KeyValues>, Arc<Occurrence>)>,
    found: BTreeMap<Arc<KeyValues>, Found>,
    /// The alerts that were raised, if the rule says that not every firing raises one.
    alerts: Option<Alerts>,
    /// Events that searches for orders may still look at.
    budget: u64,
    losses: Losses,
}

impl Timeline {
    /// A correlation before the first event.
    #[must_use]
    pub fn new(correlation: &Arc<Correlation>, bounds: Bounds) -> Self {
        let recorder = Recorder(Arc::new((Shape::new(correlation), Intake::new(correlation))));
        Self {
            recorder,
            next: 0,
            window: millis(correlation.window),
            skew: millis(correlation.skew),
            correlation: Arc::clone(correlation),
            bounds,
            keys: HashMap::new(),
            expiry: VecDeque::new(),
            waiting: VecDeque::new(),
            found: BTreeMap::new(),
            alerts: None,
            budget: MOST_VISITS,
            losses: Losses::default(),
        }
    }

    /// The same with alerts that are not repeated.
    #[must_use]
    pub fn suppressing(self, suppress: Option<&Suppress>) -> Self {
        let alerts = suppress.map(|suppress| Alerts::new(suppress, self.key_names()));
        Self { alerts, ..self }
    }

    /// By how many milliseconds a firing may be decided later than it happens.
    #[must_use]
    pub fn delay(&self) -> i64 {
        self.shape().ahead
    }

    /// What it makes of events one by one.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    fn shape(&self) -> &Shape {
        &self.recorder.0.0
    }

    fn intake(&self) -> &Intake {
        &self.recorder.0.1
    }

    /// Adds an event that satisfies some of the patterns; not earlier than any before. An event
    /// without a time takes no part.
    pub fn push(&mut self, event: &Event, sightings: &[Sighting]) {
        let recorded = self.recorder.record(event, sightings);
        self.take(recorded);
    }

    /// Adds what is remembered of an event; not earlier than any before.
    pub fn take(&mut self, recorded: Recorded) {
        for (key, mut occurrence) in recorded.0 {
            occurrence.seq = self.next;
            self.add(key, Arc::new(occurrence));
        }
        self.next += 1;
    }

    /// Decides what can be decided once all events before `now` have come. A firing is an event
    /// for other rules: the key's parts by name, and the fields to show, at its own time.
    pub fn advance(&mut self, now: i64) -> Vec<Event> {
        let mut firings = Vec::new();
        let decidable = now.saturating_sub(self.shape().ahead);
        while self.waiting.front().is_some_and(|(_, occurrence)| occurrence.time < decidable) {
            if let Some((key, occurrence)) = self.waiting.pop_front() {
                firings.extend(self.decide(&key, &occurrence));
            }
        }
        self.forget(decidable.saturating_sub(self.shape().back));
        firings
    }

    /// Decides the rest: no more events will come.
    pub fn finish(&mut self) -> Vec<Event> {
        self.advance(i64::MAX)
    }

    /// What was found so far, by key.
    pub fn verdicts(&self) -> impl Iterator<Item = (&KeyValues, Verdict)> {
        self.found.iter().map(|(key, found)| {
            let verdict = Verdict {
                first: Some(found.first),
                last: Some(found.last),
                count: found.count,
                alerts: self.alerts.as_ref().map(|_| found.alerts),
                events: self.named(&found.latest.events),
                seen: self.names(&found.seen),
                show: self.shown(&found.latest.shown),
            };
            (key.as_ref(), verdict)
        })
    }

    /// Names of the parts of the key, as in the verdicts' keys.
    #[must_use]
    pub fn key_names(&self) -> &[String] {
        self.intake().key_names()
    }

    /// What was lost to limits so far.
    #[must_use]
    pub fn losses(&self) -> Losses {
        self.losses
    }

    /// Occurrences that are remembered at the moment, over all keys.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.expiry.len()
    }

    fn add(&mut self, key: KeyValues, occurrence: Arc<Occurrence>) {
        let known = self.keys.get_key_value(&key).map(|(known, _)| Arc::clone(known));
        let key = known.unwrap_or_else(|| Arc::new(key));
        let shape = &self.recorder.0.0;
        let state = self.keys.entry(Arc::clone(&key)).or_insert_with(|| KeyState::new(shape));
        state.push(&shape.tracks, &occurrence);
        self.expiry.push_back((occurrence.time, Arc::clone(&key)));
        if occurrence.hits.iter().any(|hit| shape.fires.0.contains(&hit.pattern)) {
            self.waiting.push_back((key, occurrence));
        }
        while self.keys.len() > self.bounds.keys {
            let Some((_, oldest)) = self.expiry.pop_front() else { return };
            if self.keys.remove(&oldest).is_some() {
                self.losses.evicted_keys += 1;
            }
        }
    }

    fn decide(&mut self, key: &Arc<KeyValues>, occurrence: &Arc<Occurrence>) -> Option<Event> {
        let firing = self.fires(key, occurrence)?;
        let time = occurrence.time;
        let event = self.event(key, occurrence, self.shown(&firing.shown));
        let raises = self.alerts.as_mut().is_some_and(|alerts| alerts.raise(key, time));
        if (self.bounds.from..self.bounds.to).contains(&time) {
            let found = self.found.entry(Arc::clone(key)).or_insert_with(|| Found::at(time));
            found.seen.extend(&firing.seen);
            found.latest = match found.last == time {
                true => std::mem::take(&mut found.latest).and(firing),
                false => firing,
            };
            (found.last, found.count) = (time, found.count + 1);
            found.alerts += u64::from(raises);
        }
        Some(event)
    }

    /// By what the rule fires at an occurrence.
    fn fires(&mut self, key: &Arc<KeyValues>, occurrence: &Arc<Occurrence>) -> Option<Firing> {
        let state = self.keys.get(key)?;
        let allowed = self.budget.min(MOST_VISITS_ONCE);
        let (budget, given_up) = (Cell::new(allowed), Cell::new(false));
        let moment = |valuation: &Valuation| {
            let moment = Moment {
                shape: self.shape(),
                state,
                lists: Lists::under(state, self.shape(), valuation),
                valuation,
                patterns: self.correlation.patterns.len(),
                show: &self.correlation.show,
                skew: self.skew,
                from: occurrence.time.saturating_sub(self.window),
                at: occurrence.time,
                budget: &budget,
                given_up: &given_up,
            };
            moment.fires(occurrence)
        };
        let mut cut = false;
        let firing = if self.shape().carried.is_empty() {
            moment(&Valuation::default())
        } else {
            let reach = self.reach(occurrence.time);
            let trial =
                Trial { shape: self.shape(), at: occurrence, state, reach, budget: &budget };
            let (valuations, some_cut) = trial.valuations();
            cut = some_cut;
            valuations.iter().filter_map(moment).reduce(Firing::and)
        };
        self.budget -= allowed - budget.get();
        if firing.is_none() && (cut || given_up.get()) {
            self.losses.undecided += 1;
        }
        firing
    }

    /// The times that a condition at `at` may look at.
    fn reach(&self, at: i64) -> (i64, i64) {
        (at.saturating_sub(self.shape().back), at.saturating_add(self.shape().ahead))
    }

    /// Events as results name them.
    fn named(&self, seen: &[Arc<Occurrence>]) -> Vec<Seen> {
        let named = seen.iter().flat_map(|occurrence| {
            occurrence.hits.iter().filter_map(|hit| {
                let pattern = self.correlation.patterns.get(hit.pattern.0)?;
                Some(Seen { name: pattern.name.clone(), origin: occurrence.origin.clone() })
            })
        });
        named.collect()
    }

    /// Names of patterns.
    fn names(&self, seen: &BTreeSet<usize>) -> Vec<String> {
        let patterns = seen.iter().filter_map(|at| self.correlation.patterns.get(*at));
        patterns.map(|pattern| pattern.name.clone()).collect()
    }

    /// The values to show that are there, by name.
    fn shown(&self, values: &[Option<Shown>]) -> Vec<(String, Value)> {
        let shown = self.correlation.show.iter().zip(values);
        let shown = shown.filter_map(|((pattern, field), value)| {
            let pattern = self.correlation.patterns.get(pattern.0)?;
            Some((format!("{}.{}", pattern.name, field.name), value.as_ref()?.value.clone()))
        });
        shown.collect()
    }

    /// The firing as an event.
    fn event(
        &self,
        key: &KeyValues,
        occurrence: &Occurrence,
        shown: Vec<(String, Value)>,
    ) -> Event {
        let names = self.intake().key_names().iter().cloned();
        let parts = names.zip(key.iter().cloned().map(Value::Text));
        let fields = parts.chain(shown).collect();
        let mut event = Event::new(occurrence.origin.clone(), fields);
        event.time = Some(occurrence.time);
        event
    }

    fn forget(&mut self, before: i64) {
        while self.expiry.front().is_some_and(|(time, _)| *time < before) {
            let Some((_, key)) = self.expiry.pop_front() else { return };
            if let Some(state) = self.keys.get_mut(&key) {
                state.forget(before);
                if state.is_empty() {
                    self.keys.remove(&key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
