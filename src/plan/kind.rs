//! What plans are called, what they cost and where they end.
//!
//! `a then b` and a count → `order and count timeline`. A back end may carry a plan out in another
//! way and then has names of its own.

use std::collections::BTreeSet;

use crate::ir::Cond;

use super::{Plan, PlanBody};

/// A way to find what a rule means; a timeline may need several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Single events.
    Filter,
    /// Events that lie in one window.
    Presence,
    /// Events one after the other.
    Order,
    /// The number of events.
    Count,
    /// Values of fields in several events.
    Value,
    /// Events that do not occur.
    Absence,
    /// Values that only some of the events share.
    Binding,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Filter,
        Self::Presence,
        Self::Order,
        Self::Count,
        Self::Value,
        Self::Absence,
        Self::Binding,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Presence => "presence",
            Self::Order => "order",
            Self::Count => "count",
            Self::Value => "value",
            Self::Absence => "absence",
            Self::Binding => "binding",
        }
    }

    /// How it finds what it looks for.
    #[must_use]
    pub fn does(self) -> &'static str {
        match self {
            Self::Filter => "tests each event by itself",
            Self::Presence => "carries the last time of each event along, per key",
            Self::Order => "carries the latest start of each beginning of the order along, per key",
            Self::Count => "looks back, per key, at the time of the nth latest event",
            Self::Value => {
                "keeps numbers per key, raised by each value that comes, lowered by each that leaves \
                 the window"
            }
            Self::Absence => {
                "carries the last time of the event along, or the next one backwards, and negates"
            }
            Self::Binding => {
                "gives each value a timeline of its own, with the events that do not carry it in each"
            }
        }
    }

    /// Beyond what it is refused on every target.
    #[must_use]
    pub fn limits(self) -> &'static str {
        match self {
            Self::Filter | Self::Count | Self::Value | Self::Absence => "none",
            Self::Binding => "three bindings",
            Self::Presence => "4,096 alternatives of a score or an `n of`",
            Self::Order => "eight steps, four of which one event may be",
        }
    }

    /// What it costs, for `n` events that satisfy a pattern.
    #[must_use]
    pub fn cost(self) -> &'static str {
        match self {
            Self::Filter => "one pass, no state",
            Self::Presence => "one sort of n rows, one pass, a time per event and key",
            Self::Absence => {
                "one sort of n rows, one pass, a time per event and key; twice to look after an event"
            }
            Self::Binding => "the events that do not carry it, times the values of their key",
            Self::Order => "one sort of n rows, one pass, a time per step and key",
            Self::Count => "one sort of n rows, one pass, the times of n events back",
            Self::Value => "a sort of 2n rows, another for `distinct`, one pass, no value kept",
        }
    }
}

impl Plan {
    /// In which ways it finds what the rule means, in order; at least one.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        match &self.body {
            PlanBody::Filter(_) => vec![Kind::Filter],
            PlanBody::Timeline(timeline) => {
                let binding = (!timeline.bindings.is_empty()).then_some(Kind::Binding);
                of(&timeline.cond).into_iter().chain(binding).collect()
            }
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.kinds())
    }
}

fn name(kinds: &[Kind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    match kinds {
        [Kind::Filter] => Kind::Filter.name().to_owned(),
        _ => format!("{} timeline", names.join(" and ")),
    }
}

fn of(cond: &Cond) -> Vec<Kind> {
    let mut found = BTreeSet::new();
    collect(cond, &mut found);
    let needs_more = found.iter().any(|kind| !matches!(kind, Kind::Presence | Kind::Absence));
    if needs_more {
        // Events that are merely present are carried along by the same pass.
        found.remove(&Kind::Presence);
    }
    found.into_iter().collect()
}

fn collect(cond: &Cond, into: &mut BTreeSet<Kind>) {
    match cond {
        Cond::Seen(_) | Cond::Score { .. } => {
            into.insert(Kind::Presence);
        }
        Cond::Count { .. } => {
            into.insert(Kind::Count);
        }
        Cond::Aggregate { .. } => {
            into.insert(Kind::Value);
        }
        Cond::Chain(steps) => {
            into.insert(Kind::Order);
            if steps.iter().any(|step| !step.without.is_empty()) {
                into.insert(Kind::Absence);
            }
        }
        Cond::Absent { .. } => {
            into.insert(Kind::Absence);
        }
        Cond::AtLeast(_, parts) | Cond::All(parts) | Cond::Any(parts) => {
            parts.iter().for_each(|part| collect(part, into));
        }
        Cond::Not(inner) => {
            into.insert(Kind::Absence);
            collect(inner, into);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Cmp, PatternId};

    fn named(cond: &Cond) -> String {
        name(&of(cond))
    }

    #[test]
    fn plans_are_called_by_what_they_need() {
        let seen = |at| Cond::Seen(PatternId(at));
        assert_eq!(named(&Cond::All(vec![seen(0), seen(1)])), "presence timeline");
        let without = Cond::All(vec![seen(0), Cond::Not(Box::new(seen(1)))]);
        assert_eq!(named(&without), "presence and absence timeline");
        let count = Cond::Count { of: vec![PatternId(0)], cmp: Cmp::Gte, value: 3 };
        assert_eq!(named(&count), "count timeline");
    }
}
