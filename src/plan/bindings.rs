//! Bindings: parts of a key that only some events carry, such as `root.thumb == change.thumb`.
//!
//! The condition holds if it holds under some value of the binding, where an event that carries it
//! counts only with its own value and all others count with each. So a plan *unfolds* the events:
//! each value (of the same key) has a timeline of its own, which holds the events that carry it and
//! a copy of each event that carries none, and there is one with none but the latter. An event that
//! lacks its value is alone with itself: it has a value that no other event has. What fires in
//! several timelines is counted once.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Correlation, Key, PatternId};
use crate::platform::Column;
use crate::source::Span;

use super::{Leg, refuse};

/// How many bindings a plan may have.
const MAX_BINDINGS: usize = 3;

/// A value that some of the events share.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// Its name.
    pub name: String,
    /// The patterns whose events carry it.
    pub patterns: Vec<PatternId>,
}

/// Whether all events carry a part of the key.
pub(super) fn is_of_all(key: &Key) -> bool {
    key.fields.iter().all(Option::is_some)
}

/// The parts of the key that only some events carry.
pub(super) fn of(correlation: &Correlation) -> Vec<Binding> {
    let parts = correlation.keys.iter().filter(|key| !is_of_all(key));
    let binding = |key: &Key| {
        let carried = key.fields.iter().enumerate().filter(|(_, field)| field.is_some());
        Binding {
            name: key.name.clone(),
            patterns: carried.map(|(pattern, _)| PatternId(pattern)).collect(),
        }
    };
    parts.map(binding).collect()
}

/// Takes the columns of the bindings out of the legs' keys.
pub(super) fn take_out(correlation: &Correlation, legs: &mut [Leg]) {
    for leg in legs {
        let mut bound = Vec::new();
        let parts = correlation.keys.iter().zip(std::mem::take(&mut leg.keys));
        for (key, column) in parts {
            if is_of_all(key) { leg.keys.push(column) } else { bound.push(column) }
        }
        leg.bound = bound;
    }
}

/// Refuses what no plan binds.
pub(super) fn check(
    key: &Key,
    columns: &[Option<Column>],
    span: Span,
    found: &mut Vec<Diagnostic>,
) {
    if columns.iter().flatten().any(|column| column.multi) {
        let message =
            format!("no plan binds `{}`, which may hold several values, to some events", key.name);
        found.push(refuse(span, message).help("bind a field that holds one value"));
    }
}

/// E0607 for too many of them.
pub(super) fn check_number(correlation: &Correlation, span: Span) -> Option<Diagnostic> {
    let number = correlation.keys.iter().filter(|key| !is_of_all(key)).count();
    (number > MAX_BINDINGS).then(|| {
        let message = format!("the rule binds {number} values to some of the events only");
        Diagnostic::new(Code::OverLimit, span, message).help(format!(
            "{MAX_BINDINGS} such bindings are possible; or make some a key of all events"
        ))
    })
}
