//! IR + platform → [`Plan`]: where to read, what to test there, how events are put together.
//!
//! A plan knows columns but no query language. For a rule over single events it is one [`Leg`] per
//! place; for a correlation it is a [`Timeline`].
//!
//! # How a timeline finds firings
//!
//! 1. Each leg yields *one row per event* with its time, its key and its *mask*: the set of patterns
//!    that the event satisfies. Rows with a missing or empty key part are dropped.
//! 2. Rows of the same key and the same millisecond form a *group*, with the number of events of
//!    each mask. Simultaneous events have no order, so nothing may depend on it.
//! 3. Every atom of the condition has a *latest start*: the largest `s` such that the atom is
//!    satisfied by events in `[s, t]` (`t`: the group's time). It only grows with `t`, so it is
//!    carried along by a running maximum per key. The atom holds at `t` iff `t - s <= window`.
//! 4. The condition is a boolean expression over atoms; where it holds, the groups' events that may
//!    fire are counted. Results are summed up per key.

mod timeline;

pub use timeline::{Fire, Holds, Link, Mask, Start, Timeline};

use crate::ir::{Meta, PatternId, Predicate};
use crate::platform::{Column, Place, Scalar};

/// How a rule becomes a query on a platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The rule's name.
    pub rule: String,
    /// What the rule says about itself.
    pub meta: Meta,
    /// The platform's name.
    pub platform: String,
    /// What is done.
    pub body: PlanBody,
}

/// What a plan does.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanBody {
    /// Events of one or several places that satisfy a predicate; each leg has one flag.
    Filter(Vec<Leg>),
    /// Events put together over time.
    Timeline(Box<Timeline>),
}

/// What is read from one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// The place. Its conditions are not part of the flags; a back end adds them.
    pub place: Place,
    /// Computed columns that the flags and keys use, in order; none refers to a later one.
    pub lets: Vec<Let>,
    /// The patterns and what holds of their events here, over columns only.
    pub flags: Vec<(PatternId, Predicate<Column>)>,
    /// The value of each part of the key, if the leg carries it.
    pub keys: Vec<Option<Column>>,
}

/// A computed column.
#[derive(Debug, Clone, PartialEq)]
pub struct Let {
    /// The new column; its name is no column of the place.
    pub column: Column,
    /// Its value.
    pub value: Scalar,
}
