//! What is remembered of a key: the occurrences that a window can still hold, by track.
//!
//! A track holds, in time order, the occurrences of any of a set of patterns. Every pattern has
//! one; conditions that count over several patterns have one more, in which an event is once.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::engine::event::{Origin, Value};
use crate::ir::{Aggregate, PatternId};

use super::bindings::{Bound, Valuation, bounds};
use super::lists::Lists;
use super::running::Running;
use super::shape::Shape;

/// An event as an occurrence of one or several patterns, under one key.
#[derive(Debug, Clone)]
pub(super) struct Occurrence {
    /// Milliseconds since 1970.
    pub time: i64,
    /// Which event it is: two occurrences with the same number are one event.
    pub seq: u64,
    /// Where it was read.
    pub origin: Origin,
    /// The patterns, by index.
    pub hits: Vec<Hit>,
    /// What the aggregates of the condition look at, by their index.
    pub values: Vec<Vec<Entry>>,
    /// The fields to show, by their index.
    pub show: Vec<(usize, Value)>,
}

/// A pattern that an event satisfies.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    /// The pattern.
    pub pattern: PatternId,
    /// Its values of the bindings. `None`: it does not carry it; empty: the event lacks it.
    pub bound: Vec<Option<Vec<Arc<str>>>>,
}

/// Values of a field, or of several fields together, that an aggregate looks at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The patterns of the event on whose behalf they are looked at.
    pub patterns: Vec<PatternId>,
    /// The values in canonical form (distinct), one per field.
    pub texts: Vec<Vec<String>>,
    /// The values that are numbers (all others).
    pub numbers: Vec<f64>,
}

impl Occurrence {
    /// Whether it is an occurrence of any of the patterns under a valuation of the bindings.
    pub(super) fn is_any(&self, patterns: &[PatternId], valuation: &Valuation) -> bool {
        self.hits
            .iter()
            .any(|hit| patterns.contains(&hit.pattern) && valuation.admits(hit, self.seq))
    }
}

/// Index of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TrackId(pub usize);

/// Which patterns each track holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Tracks {
    sets: Vec<Vec<PatternId>>,
}

impl Tracks {
    /// One track for each of so many patterns.
    pub(super) fn new(patterns: usize) -> Self {
        Self { sets: (0..patterns).map(|pattern| vec![PatternId(pattern)]).collect() }
    }

    /// The track of a set of patterns.
    pub(super) fn of(&mut self, patterns: &[PatternId]) -> TrackId {
        let mut set = patterns.to_vec();
        set.sort_unstable();
        set.dedup();
        let found = self.sets.iter().position(|known| *known == set);
        TrackId(found.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        }))
    }

    /// The patterns of a track.
    pub(super) fn patterns(&self, track: TrackId) -> &[PatternId] {
        self.sets.get(track.0).map_or(&[], Vec::as_slice)
    }
}

/// What is known of an order under one key.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Order {
    /// The time of the first of the events that were found last.
    pub first: Option<i64>,
    /// Up to when no order ends whose events lie in the window.
    pub none_until: Option<i64>,
}

/// Occurrences in time order.
pub(super) type List = VecDeque<Arc<Occurrence>>;

/// What is remembered of one key.
#[derive(Debug)]
pub(super) struct KeyState {
    tracks: Vec<List>,
    /// By pattern and binding, the pattern's occurrences with each value.
    bound: Vec<Vec<HashMap<Bound, List>>>,
    /// Occurrences that each track has forgotten.
    forgotten: Vec<u64>,
    /// What each aggregate looks at, and its values. Deciding only reads a state otherwise.
    running: RefCell<Vec<(TrackId, Running)>>,
    /// What is known of each order.
    orders: RefCell<Vec<Order>>,
    /// Times of events that satisfy several patterns.
    mixed: VecDeque<i64>,
}

impl KeyState {
    /// Nothing yet.
    pub(super) fn new(shape: &Shape) -> Self {
        let aggregates = shape.aggregates.iter();
        Self {
            forgotten: vec![0; shape.tracks.sets.len()],
            tracks: vec![List::new(); shape.tracks.sets.len()],
            bound: Vec::new(),
            running: RefCell::new(aggregates.map(|of| (*of, Running::default())).collect()),
            orders: RefCell::new(vec![Order::default(); shape.orders]),
            mixed: VecDeque::new(),
        }
    }

    /// Adds an occurrence, not earlier than any before.
    pub(super) fn push(&mut self, tracks: &Tracks, occurrence: &Arc<Occurrence>) {
        if occurrence.hits.len() > 1 {
            self.mixed.push_back(occurrence.time);
        }
        for (track, set) in self.tracks.iter_mut().zip(&tracks.sets) {
            if occurrence.hits.iter().any(|hit| set.contains(&hit.pattern)) {
                track.push_back(Arc::clone(occurrence));
            }
        }
        for hit in &occurrence.hits {
            for (at, bound) in carried(hit, occurrence.seq) {
                let lists = slot(&mut self.bound, hit.pattern.0);
                slot(lists, at).entry(bound).or_default().push_back(Arc::clone(occurrence));
            }
        }
    }

    /// Forgets what is before a time.
    pub(super) fn forget(&mut self, before: i64) {
        while self.mixed.front().is_some_and(|time| *time < before) {
            self.mixed.pop_front();
        }
        let tracks = self.tracks.iter_mut().zip(&mut self.forgotten);
        for (at, (track, forgotten)) in tracks.enumerate() {
            while track.front().is_some_and(|occurrence| occurrence.time < before) {
                let Some(occurrence) = track.pop_front() else { break };
                let running = self.running.get_mut().iter_mut().enumerate();
                for (index, (_, running)) in running.filter(|(_, (of, _))| of.0 == at) {
                    running.forget(*forgotten, entries(&occurrence, index));
                }
                let hits = occurrence.hits.iter().filter(|hit| hit.pattern.0 == at);
                hits.for_each(|hit| unbind(&mut self.bound, hit, occurrence.seq));
                *forgotten += 1;
            }
        }
    }

    /// The value of an aggregate over its track from `from` to `to`, neither of which may ever be
    /// smaller than the last time.
    pub(super) fn aggregate(
        &self,
        index: usize,
        function: Aggregate,
        from: i64,
        to: i64,
    ) -> Option<f64> {
        let mut running = self.running.borrow_mut();
        let (of, running) = running.get_mut(index)?;
        let (track, forgotten) = (self.tracks.get(of.0)?, *self.forgotten.get(of.0)?);
        let get = |number: u64| {
            let at = usize::try_from(number.checked_sub(forgotten)?).ok()?;
            track.get(at)
        };
        while let Some(occurrence) = get(running.next).filter(|of| of.time <= to) {
            running.enter(entries(occurrence, index));
        }
        while running.first < running.next
            && let Some(occurrence) = get(running.first).filter(|of| of.time < from)
        {
            running.leave(entries(occurrence, index));
        }
        running.value(function)
    }

    /// What is known of an order.
    pub(super) fn order(&self, index: usize) -> Order {
        self.orders.borrow().get(index).copied().unwrap_or_default()
    }

    /// Remembers what was learnt of an order.
    pub(super) fn learn(&self, index: usize, order: Order) {
        if let Some(known) = self.orders.borrow_mut().get_mut(index) {
            *known = order;
        }
    }

    /// Whether nothing is remembered.
    pub(super) fn is_empty(&self) -> bool {
        self.tracks.iter().all(VecDeque::is_empty)
    }

    /// Whether no remembered event satisfies several patterns.
    pub(super) fn is_pure(&self) -> bool {
        self.mixed.is_empty()
    }

    /// All occurrences with `from <= time <= to`, some more than once.
    pub(super) fn all(&self, from: i64, to: i64) -> impl Iterator<Item = &Occurrence> {
        let lists = Lists::all(self);
        let tracks = (0..self.tracks.len()).map(TrackId);
        tracks.flat_map(move |track| lists.within(track, from, to)).map(Arc::as_ref)
    }

    /// The lists of all tracks.
    pub(super) fn tracks(&self) -> &[List] {
        &self.tracks
    }

    /// The shortest list that holds all occurrences of a pattern that count under a valuation;
    /// `carries` says which bindings the pattern carries.
    pub(super) fn narrowest(
        &self,
        pattern: PatternId,
        valuation: &Valuation,
        carries: impl Fn(usize) -> bool,
    ) -> &List {
        let bound = self.bound.get(pattern.0);
        let carried = valuation.known().filter(|(at, _)| carries(*at));
        let lists = carried.map(|(at, value)| bound?.get(at)?.get(value));
        let narrowest = lists.min_by_key(|list| list.map_or(0, VecDeque::len));
        narrowest.unwrap_or_else(|| self.tracks.get(pattern.0)).unwrap_or(NONE)
    }
}

/// No occurrences.
pub(super) const NONE: &List = const { &List::new() };

/// The bindings that a hit carries, and its values of them.
fn carried(hit: &Hit, seq: u64) -> impl Iterator<Item = (usize, Bound)> {
    let carried = hit.bound.iter().enumerate();
    let carried = carried.filter_map(|(at, values)| Some((at, values.as_ref()?)));
    carried.flat_map(move |(at, values)| bounds(values, seq).map(move |bound| (at, bound)))
}

/// Takes the first occurrence of a pattern out of the lists of its values.
fn unbind(bound: &mut [Vec<HashMap<Bound, List>>], hit: &Hit, seq: u64) {
    for (at, value) in carried(hit, seq) {
        let lists = bound.get_mut(hit.pattern.0).and_then(|lists| lists.get_mut(at));
        if let Some(lists) = lists
            && let Some(list) = lists.get_mut(&value)
        {
            list.pop_front();
            if list.is_empty() {
                lists.remove(&value);
            }
        }
    }
}

/// The element at an index, after as many empty ones as need be.
fn slot<T: Default>(all: &mut Vec<T>, at: usize) -> &mut T {
    if all.len() <= at {
        all.resize_with(at + 1, T::default);
    }
    #[expect(clippy::indexing_slicing, reason = "it was made long enough")]
    &mut all[at]
}

/// What an aggregate looks at in an occurrence.
pub(super) fn entries(occurrence: &Occurrence, index: usize) -> &[Entry] {
    occurrence.values.get(index).map_or(&[], Vec::as_slice)
}
