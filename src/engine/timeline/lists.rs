//! The occurrences of each track that may count under a valuation of the bindings: without one, all;
//! else, of a pattern that carries a binding, those with the binding's value.
//!
//! Who asks for a track's occurrences still has to ask the valuation: of two bindings, only the one
//! with fewer occurrences is looked up.

use std::ops::Range;
use std::sync::Arc;

use super::bindings::Valuation;
use super::shape::Shape;
use super::state::{KeyState, List, NONE, Occurrence, TrackId};

/// A list per track, in time order each.
#[derive(Debug, Clone)]
pub(super) enum Lists<'s> {
    /// Everything that is remembered.
    All(&'s [List]),
    /// What is left of each track.
    Some(Vec<&'s List>),
}

impl<'s> Lists<'s> {
    /// All occurrences of a key.
    pub(super) fn all(state: &'s KeyState) -> Self {
        Self::All(state.tracks())
    }

    /// Those that may count under a valuation.
    pub(super) fn under(state: &'s KeyState, shape: &Shape, valuation: &Valuation) -> Self {
        if valuation.is_empty() {
            return Self::all(state);
        }
        let narrowed = state.tracks().iter().enumerate().map(|(at, all)| {
            match shape.tracks.patterns(TrackId(at)) {
                [pattern] => {
                    let carries = |binding| shape.carries(*pattern, binding);
                    state.narrowest(*pattern, valuation, carries)
                }
                _ => all,
            }
        });
        Self::Some(narrowed.collect())
    }

    /// The occurrences of a track with `from <= time <= to`, in time order.
    pub(super) fn within(
        &self,
        track: TrackId,
        from: i64,
        to: i64,
    ) -> impl DoubleEndedIterator<Item = &'s Arc<Occurrence>> + ExactSizeIterator + use<'s> {
        self.list(track).range(self.places(track, from, to))
    }

    /// The places of these occurrences in the track.
    pub(super) fn places(&self, track: TrackId, from: i64, to: i64) -> Range<usize> {
        let list = self.list(track);
        let start = list.partition_point(|occurrence| occurrence.time < from);
        let end = list.partition_point(|occurrence| occurrence.time <= to);
        start..end.max(start)
    }

    /// The occurrence at a place of a track.
    pub(super) fn at(&self, track: TrackId, place: usize) -> Option<&'s Arc<Occurrence>> {
        self.list(track).get(place)
    }

    fn list(&self, track: TrackId) -> &'s List {
        let list = match self {
            Self::All(lists) => lists.get(track.0),
            Self::Some(lists) => lists.get(track.0).copied(),
        };
        list.unwrap_or(NONE)
    }
}
