//! Conditions over the occurrences of several patterns within a sliding window.
//!
//! A window is trailing and closed: at an occurrence `o` it holds the occurrences of the same key
//! with `o.time - window <= time <= o.time`. Times and durations are in milliseconds.

use super::{Cmp, FieldRef, Pattern};

/// Index of a pattern in [`Correlation::patterns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatternId(pub usize);

/// Several events that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// The patterns, each with a different name.
    pub patterns: Vec<Pattern>,
    /// What must be equal in all of them; empty: everything belongs together.
    pub keys: Vec<Key>,
    /// Length of the window in milliseconds, 1 s to 366 d.
    pub window: u64,
    /// By how much an event may precede the one that it follows, in milliseconds.
    pub skew: u64,
    /// What must hold.
    pub cond: Cond,
    /// Fields to show of the last firing: pattern and field.
    pub show: Vec<(PatternId, FieldRef)>,
}

/// A part of the key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its name: the field or the alias.
    pub name: String,
    /// The field of each pattern (by index), with what is done to its value. `None`: the pattern
    /// does not carry this part (a per-event binding).
    pub fields: Vec<Option<(FieldRef, Transform)>>,
}

/// What is done to a key's value before it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transform {
    /// Nothing.
    None,
    /// Its case is folded.
    Lower,
    /// The last part of a path.
    Basename,
    /// All but the last part of a path.
    Dirname,
    /// Without surrounding quotes and arguments.
    Unquote,
    /// Forty hexadecimal digits found in it, lower case.
    Hex40,
    /// The first label of a host name, lower case.
    Hostname,
}

/// What holds of the occurrences in a window.
#[derive(Debug, Clone, PartialEq)]
pub enum Cond {
    /// At least one occurrence of the pattern.
    Seen(PatternId),
    /// The number of events that satisfy any of the patterns; an event counts once.
    Count {
        /// The patterns.
        of: Vec<PatternId>,
        /// How it compares.
        cmp: Cmp,
        /// With what.
        value: u64,
    },
    /// An aggregate over a field's values in the events that satisfy any of the patterns.
    Aggregate {
        /// What is computed.
        function: Aggregate,
        /// The patterns, each with its fields.
        of: Vec<(PatternId, Vec<FieldRef>)>,
        /// How it compares.
        cmp: Cmp,
        /// With what.
        value: f64,
    },
    /// The steps occur in this order, each a different event, not before the one it follows.
    Chain(Vec<Step>),
    /// No occurrence of the pattern within a span of the anchor.
    Absent {
        /// Of what.
        pattern: PatternId,
        /// Length in milliseconds.
        span: u64,
        /// Where the span lies.
        anchor: Anchor,
        /// The event it lies at; none: the firing.
        of: Option<PatternId>,
    },
    /// The sum, over the classes, of the largest weight present reaches the threshold.
    Score {
        /// The classes.
        classes: Vec<Class>,
        /// The threshold.
        threshold: f64,
    },
    /// At least so many of them hold.
    AtLeast(u32, Vec<Cond>),
    /// All of them hold.
    All(Vec<Cond>),
    /// Any of them holds.
    Any(Vec<Cond>),
    /// It does not hold.
    Not(Box<Cond>),
}

/// What is computed of a field's values; nulls are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aggregate {
    /// The number of different values, exactly.
    Distinct,
    /// The sum.
    Sum,
    /// The mean.
    Avg,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The nearest-rank percentile, 0 to 100; the median is 50.
    Percentile(f64),
}

/// A step of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What occurs.
    pub pattern: PatternId,
    /// At most so many milliseconds after the step before.
    pub within: Option<u64>,
    /// What does not occur between the step before and this one, ends included.
    pub without: Vec<PatternId>,
}

/// Where the span of an absence lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// It ends at the anchor.
    Before,
    /// It begins at the anchor.
    After,
    /// Both.
    Around,
}

/// A class of a score: the largest weight among the patterns that occurred counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Patterns and their weights.
    pub weights: Vec<(PatternId, f64)>,
}

impl Cond {
    /// The condition without conjunctions and disjunctions of a single part around it.
    #[must_use]
    pub fn top(&self) -> &Self {
        match self {
            Self::All(parts) | Self::Any(parts) => match parts.as_slice() {
                [only] => only.top(),
                _ => self,
            },
            Self::Seen(_)
            | Self::Count { .. }
            | Self::Aggregate { .. }
            | Self::Chain(_)
            | Self::Absent { .. }
            | Self::Score { .. }
            | Self::AtLeast(..)
            | Self::Not(_) => self,
        }
    }

    /// Whether the whole condition is an order, which fires at its last step only.
    #[must_use]
    pub fn is_order(&self) -> bool {
        matches!(self.top(), Self::Chain(_))
    }

    /// The patterns that the condition names positively, in order: it is evaluated at their
    /// occurrences, unless it is an order.
    #[must_use]
    pub fn named(&self) -> Vec<PatternId> {
        let mut named = Vec::new();
        name(self, Polarity::Positive, &mut named);
        named.sort_unstable();
        named.dedup();
        named
    }
}

/// Whether a part of a condition stands under an even or an odd number of negations.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Polarity {
    Positive,
    Negative,
}

impl Polarity {
    fn flip(self) -> Self {
        match self {
            Self::Positive => Self::Negative,
            Self::Negative => Self::Positive,
        }
    }
}

/// Collects the patterns that a condition names positively.
fn name(cond: &Cond, polarity: Polarity, named: &mut Vec<PatternId>) {
    let mut add = |pattern: PatternId, at: Polarity| {
        if at == Polarity::Positive {
            named.push(pattern);
        }
    };
    match cond {
        Cond::Seen(pattern) => add(*pattern, polarity),
        Cond::Count { of, .. } => of.iter().for_each(|pattern| add(*pattern, polarity)),
        Cond::Aggregate { of, .. } => of.iter().for_each(|(pattern, _)| add(*pattern, polarity)),
        Cond::Chain(steps) => {
            for step in steps {
                add(step.pattern, polarity);
                step.without.iter().for_each(|pattern| add(*pattern, polarity.flip()));
            }
        }
        Cond::Absent { pattern, of, .. } => {
            add(*pattern, polarity.flip());
            of.iter().for_each(|pattern| add(*pattern, polarity));
        }
        Cond::Score { classes, .. } => {
            let weights = classes.iter().flat_map(|class| &class.weights);
            weights.for_each(|(pattern, _)| add(*pattern, polarity));
        }
        Cond::AtLeast(_, parts) | Cond::All(parts) | Cond::Any(parts) => {
            parts.iter().for_each(|part| name(part, polarity, named));
        }
        Cond::Not(part) => name(part, polarity.flip(), named),
    }
}
