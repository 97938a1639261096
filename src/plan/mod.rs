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
//!    An absence that lies after a group asks for the *next* time instead: a pass from the latest
//!    group to the earliest. Beside an event of the condition, an absence is an atom that starts at
//!    the latest such event of which it is true (`absence`); an order with `skew` may be completed by
//!    its first step (`skewed`).
//!    What only some events share is no part of their key: events are unfolded before they are grouped,
//!    so that each value has a timeline of its own (`bindings`).
//! 4. What an aggregate computes does not only grow, so it is a *total*: a number that each value
//!    raises when it comes and lowers when the window leaves it behind, a millisecond after its
//!    end. Sums, numbers of values and numbers of different values are such totals; a percentile
//!    compares with a limit as the number of values below the limit does with the rank.
//! 5. The condition is a boolean expression over atoms and totals; where it holds, the groups'
//!    events that may fire are counted. Results are summed up per key.

mod absence;
mod atoms;
mod bindings;
mod chain;
mod constant;
mod describe;
mod digests;
mod disjoint;
mod firings;
mod keys;
mod kind;
mod legs;
mod listed;
mod marks;
mod push;
mod reach;
mod respell;
mod shows;
mod skewed;
mod timeline;
mod totals;
mod trace;
mod undo;

pub use bindings::Binding;
pub use describe::{describe, describe_events, describe_place};
pub use firings::part;
pub use kind::Kind;
pub use marks::remarks;
pub use reach::Reach;
pub use timeline::{Before, Fire, Holds, Link, Mask, Show, Start, Timeline};
pub use totals::{Amount, Are, Giver, Of, Total, Values};
pub use trace::{How, Pushed, Trace, TracedField, trace};

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Body, Meta, Op, Part, PatternId, Predicate, Rule, Test, TextTest};
use crate::platform::{Column, ColumnType, Condition, Place, Platform, Scalar};
use crate::source::Span;

/// How a rule becomes a query on a platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The rule's name.
    pub rule: String,
    /// What the rule says about itself.
    pub meta: Arc<Meta>,
    /// Approximations that are agreed to, by the rule or for the platform.
    pub accept: Vec<Code>,
    /// The platform's name.
    pub platform: String,
    /// What is done.
    pub body: PlanBody,
    /// Which firings one run reports; none: all that are found.
    pub report: Option<Report>,
}

/// The range of firings that a run reports, in milliseconds: a run at `R` reports those of
/// `[R - delay - after - interval, R - delay - after)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Between two runs.
    pub interval: u64,
    /// How late events may come.
    pub delay: u64,
    /// How long after a firing the events lie that decide it.
    pub after: u64,
}

impl Report {
    /// How late a run may start, for products that do not say how late: 5 minutes.
    pub const LATE: u64 = 5 * 60_000;
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
    pub place: Arc<Place>,
    /// For firings instead of events: the index into [`Timeline::chained`]. The place has no table
    /// then, and the parts of the firings' key are the columns [`part`] `0`, `1`, …
    pub firings: Option<usize>,
    /// Computed columns that the flags and keys use, in order; none refers to a later one.
    pub lets: Vec<Let>,
    /// The patterns and what holds of their events here, over columns only.
    pub flags: Vec<(PatternId, Predicate<Column>)>,
    /// The value of each part of the key, if the leg carries it.
    pub keys: Vec<Option<Column>>,
    /// The value of each of [`Timeline::bindings`], if the leg's events carry it.
    pub bound: Vec<Option<Column>>,
    /// Each of [`Timeline::shows`], if the leg has events of its pattern.
    pub shows: Vec<Option<Column>>,
    /// For each of [`Timeline::values`] and each of its givers the columns that its events give,
    /// which count together; empty if the leg has no events of the giver.
    pub values: Vec<Vec<Vec<Column>>>,
}

impl Leg {
    /// The columns that the leg reads at its place, without those it computes.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<&str> {
        let mut read = BTreeSet::from([self.place.time.name.as_str()]);
        read.extend(self.place.conditions.iter().map(|rows| rows.column.name.as_str()));
        for (_, flag) in &self.flags {
            flag.tests(&mut |test| {
                read.insert(&test.field.name);
                if let Op::Field { other, .. } = &test.op {
                    read.insert(&other.name);
                }
            });
        }
        let given = self.values.iter().flatten().flatten();
        let carried = self.keys.iter().chain(&self.bound).chain(&self.shows).flatten();
        let carried = carried.chain(given);
        read.extend(carried.map(|column| column.name.as_str()));
        for computed in self.lets.iter().rev() {
            read.remove(computed.column.name.as_str());
            read.extend(computed.value.columns());
        }
        read
    }
}

impl Plan {
    /// Names of the parts of the key; none of single events.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        match &self.body {
            PlanBody::Filter(_) => &[],
            PlanBody::Timeline(timeline) => &timeline.keys,
        }
    }
}

/// A computed column.
#[derive(Debug, Clone, PartialEq)]
pub struct Let {
    /// The new column; its name is no column that the leg reads.
    pub column: Column,
    /// Its value.
    pub value: Scalar,
}

/// Plans `rule` for `platform`.
///
/// # Errors
/// E0502 where the platform does not hold a log source, E0503 where it has no column for a field,
/// E0602, E0607 and E0608 where no plan is exact; all that apply, at the places in the rule.
pub fn plan(rule: &Rule, platform: &Platform) -> Result<Plan, Vec<Diagnostic>> {
    let body = match &rule.body {
        Body::Events(pattern) => PlanBody::Filter(legs::filter(pattern, platform)?),
        Body::Correlation(correlation) => {
            PlanBody::Timeline(Box::new(firings::chain(correlation, rule, platform)?))
        }
    };
    Ok(Plan {
        rule: rule.name.clone(),
        meta: Arc::clone(&rule.meta),
        accept: rule.meta.accept.clone(),
        platform: platform.name.clone(),
        body,
        report: None,
    })
}

/// Which rows of its table belong to a place, as a predicate.
#[must_use]
pub fn rows(place: &Place) -> Predicate<Column> {
    Predicate::all(place.conditions.iter().map(condition))
}

/// Whether one row may belong to both places.
#[must_use]
pub fn share_rows(one: &Place, other: &Place) -> bool {
    one.table == other.table && disjoint::may_overlap(&rows(one), &rows(other))
}

/// A platform's condition as a predicate.
fn condition(condition: &Condition) -> Predicate<Column> {
    let column = &condition.column;
    let tests = condition.any_of.iter().map(|value| {
        let text = Op::Text { test: wildcards(value), cased: false };
        let number =
            value.parse::<f64>().ok().map(|value| Op::Number { cmp: crate::ir::Cmp::Eq, value });
        let op = match column.ty {
            ColumnType::Integer | ColumnType::Real => number.unwrap_or(text),
            ColumnType::Boolean => Op::Boolean(value.eq_ignore_ascii_case("true")),
            ColumnType::Text | ColumnType::Time | ColumnType::Ip | ColumnType::Dynamic => text,
        };
        Predicate::Test(Test { field: column.clone(), op, span: Span::default() })
    });
    let any = Predicate::any(tests);
    if condition.negated { any.negate() } else { any }
}

/// A value of a condition; `*` is a wildcard there (`index = ["win*"]`).
fn wildcards(value: &str) -> TextTest {
    let texts: Vec<&str> = value.split('*').collect();
    match texts.as_slice() {
        [] | [_] => TextTest::Equals(value.to_owned()),
        [start, ""] => TextTest::StartsWith((*start).to_owned()),
        ["", end] => TextTest::EndsWith((*end).to_owned()),
        ["", middle, ""] => TextTest::Contains((*middle).to_owned()),
        texts => {
            let literal =
                |text: &&str| (!text.is_empty()).then(|| Part::Literal((*text).to_owned()));
            let parts = texts.iter().map(literal);
            let parts = parts.flat_map(|part| [Some(Part::Any), part]).skip(1).flatten();
            let mut parts: Vec<Part> = parts.collect();
            parts.dedup();
            TextTest::Like(parts)
        }
    }
}

/// A refusal at `span`.
fn refuse(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::NotExpressible, span, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_have_wildcards() {
        let literal = |text: &str| Part::Literal(text.to_owned());
        assert_eq!(wildcards("main"), TextTest::Equals("main".into()));
        assert_eq!(wildcards("win*"), TextTest::StartsWith("win".into()));
        assert_eq!(wildcards("*win*"), TextTest::Contains("win".into()));
        let like = TextTest::Like(vec![literal("a"), Part::Any, literal("b"), Part::Any]);
        assert_eq!(wildcards("a*b**"), like);
    }
}
