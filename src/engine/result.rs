//! What a run finds: one result per rule and key, or per event of a single-event rule.

use super::event::{Origin, Value};

/// An event that a result rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// The pattern it satisfies: the name of the rule or of the event.
    pub name: String,
    /// Where it was read.
    pub origin: Origin,
}

/// When and how often a rule fired for a key, and by which events the last time.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The first firing, in milliseconds since 1970; `None` for an event without a time.
    pub first: Option<i64>,
    /// The last firing.
    pub last: Option<i64>,
    /// The number of firings.
    pub count: u64,
    /// How many of them raise an alert, if the rule says that not every one does.
    pub alerts: Option<u64>,
    /// The events of the last firing, in time order (of an order: in the order of its steps).
    pub events: Vec<Seen>,
    /// Names of the patterns of which an event lay in the window of some firing.
    pub seen: Vec<String>,
    /// The fields to show, each of the latest event in the window of the last firing that has it.
    pub show: Vec<(String, Value)>,
}
