//! What a firing is told by: its events, which patterns lay in the window, and the values to show.
//!
//! A value to show is that of the latest event of its pattern in the window that has one; of
//! simultaneous events, the largest as text. So it does not depend on the order of such events, and
//! every target can say the same. Where a rule fires under several valuations of its bindings, or
//! by several events at the same time, what they see is put together.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::event::Value;

use super::state::Occurrence;

/// A firing, or several of the same time.
#[derive(Debug, Clone, Default)]
pub(super) struct Firing {
    /// Its events, in order.
    pub events: Vec<Arc<Occurrence>>,
    /// The patterns, by index, of which an event lay in the window.
    pub seen: BTreeSet<usize>,
    /// The values to show, by their index.
    pub shown: Vec<Option<Shown>>,
}

/// A value to show.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    time: i64,
    text: String,
    /// The value.
    pub value: Value,
}

impl Shown {
    /// A value at a time; `None` if there is nothing to show.
    pub(super) fn of(time: i64, value: &Value) -> Option<Self> {
        let mut texts = Vec::new();
        value.scalars(&mut |one| texts.extend(one.text().map(std::borrow::Cow::into_owned)));
        let text = texts.join(", ");
        (!text.is_empty()).then(|| Self { time, text, value: value.clone() })
    }

    /// Whether it is later than a time.
    pub(super) fn is_after(&self, time: i64) -> bool {
        self.time > time
    }

    /// The later one; of the same time, the larger one.
    pub(super) fn later(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let rank = |shown: &Self| (shown.time, shown.text.clone());
        match (one, other) {
            (Some(one), Some(other)) if rank(&other) > rank(&one) => Some(other),
            (Some(one), _) => Some(one),
            (None, other) => other,
        }
    }
}

impl Firing {
    /// Both together; the events are those of `self` and the others of `more`, by time.
    pub(super) fn and(mut self, more: Self) -> Self {
        if self.events.is_empty() {
            return more;
        }
        let known: BTreeSet<u64> = self.events.iter().map(|event| event.seq).collect();
        let new: Vec<_> = more.events.into_iter().filter(|new| !known.contains(&new.seq)).collect();
        if !new.is_empty() {
            self.events.extend(new);
            self.events.sort_by_key(|event| (event.time, event.seq));
        }
        self.seen.extend(more.seen);
        let both = self.shown.into_iter().zip(more.shown);
        self.shown = both.map(|(one, other)| Shown::later(one, other)).collect();
        self
    }
}
