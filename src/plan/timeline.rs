//! Conditions over time, ready to be printed as a pipeline (see the module above).

use crate::ir::{Cmp, Cond, PatternId};

use super::Leg;
use super::bindings::Binding;
use super::totals::{Amount, Total, Values};

/// The patterns that an event satisfies, all of them; never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mask(pub Vec<PatternId>);

impl Mask {
    /// Its number: the sum of `2^pattern`.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.iter().map(|pattern| 1_u64 << pattern.0.min(62)).sum()
    }
}

/// A correlation as a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// What is read; an event is in one leg only.
    pub legs: Vec<Leg>,
    /// Correlations whose firings are events of this one, of the whole chain; each reads firings
    /// only of those before it. Empty but for the last of a chain.
    pub chained: Vec<Timeline>,
    /// Names of the patterns.
    pub patterns: Vec<String>,
    /// Names of the parts of the key, also as columns of the result.
    pub keys: Vec<String>,
    /// Values that some of the events share only.
    pub bindings: Vec<Binding>,
    /// The window in milliseconds.
    pub window: u64,
    /// The tolerated disorder in milliseconds.
    pub skew: u64,
    /// The condition, for back ends that do not lower to a pipeline.
    pub cond: Cond,
    /// Pairs of patterns that one event may satisfy, the smaller first; all others exclude each
    /// other, by log source or by predicate.
    pub overlaps: Vec<(PatternId, PatternId)>,
    /// The masks that events may have.
    pub masks: Vec<Mask>,
    /// Atoms of the condition; the first ones are `Seen` of each pattern, in order.
    pub starts: Vec<Start>,
    /// Masks (indexes) of events whose next occurrence after each group is looked for.
    pub nexts: Vec<Vec<usize>>,
    /// What aggregates look at in events.
    pub values: Vec<Values>,
    /// Numbers that are kept for the window; comparisons of them are parts of `holds`.
    pub totals: Vec<Total>,
    /// The condition over them; `true` for an order at the top, whose `fires` say it all.
    pub holds: Holds,
    /// Which events of a group fire.
    pub fires: Vec<Fire>,
    /// What is shown of the last firing.
    pub shows: Vec<Show>,
}

impl Timeline {
    /// The masks of events that satisfy a pattern, as indexes.
    pub fn masks_of(&self, pattern: PatternId) -> impl Iterator<Item = usize> {
        let masks = self.masks.iter().enumerate();
        masks.filter(move |(_, mask)| mask.0.contains(&pattern)).map(|(index, _)| index)
    }

    /// The masks of events that carry a binding, as indexes.
    ///
    /// INVARIANT: of the patterns that one event may satisfy, all carry it or none does; they share
    /// a leg.
    #[must_use]
    pub fn carriers(&self, binding: &Binding) -> Vec<usize> {
        let carries = |mask: &Mask| mask.0.iter().any(|pattern| binding.patterns.contains(pattern));
        let masks = self.masks.iter().enumerate();
        masks.filter(|(_, mask)| carries(mask)).map(|(index, _)| index).collect()
    }

    /// The bindings, by number, that events of a mask carry.
    #[must_use]
    pub fn carried(&self, mask: usize) -> Vec<usize> {
        let bindings = self.bindings.iter().enumerate();
        let carried = bindings.filter(|(_, binding)| self.carriers(binding).contains(&mask));
        carried.map(|(number, _)| number).collect()
    }
}

/// A value that is shown of a firing: that of the latest event of the pattern in the window that has
/// one; of simultaneous events, the largest as text.
#[derive(Debug, Clone, PartialEq)]
pub struct Show {
    /// Of which events.
    pub pattern: PatternId,
    /// Its name in the result, such as `root.TargetObject`.
    pub name: String,
}

/// The latest start of an atom, as of a group at time `t`: the larger of what the group gives and
/// what earlier groups gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// `t` if the group has an event of one of these masks (indexes into [`Timeline::masks`]).
    Seen(Vec<usize>),
    /// The time of the `nth` latest event, counted over these masks, the group included.
    Nth {
        /// The masks that count.
        masks: Vec<usize>,
        /// From 1.
        nth: u64,
    },
    /// The latest start of a chain that ends in the group: the best of its links.
    Chain(Vec<Link>),
    /// `t` if a chain with these links ends in the group: when it was completed last.
    End(Vec<Link>),
    /// `t` if the group has an event of one of these masks and something holds there.
    When {
        /// The masks.
        masks: Vec<usize>,
        /// What holds, over atoms that stand before this one.
        holds: Holds,
    },
}

/// One way in which a chain's last steps lie in a group and the steps before in earlier groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Sums of event counts (by mask) that must reach a number; all must hold.
    pub needs: Vec<(Vec<usize>, u64)>,
    /// Sums of event counts (by mask) that must not exceed a number; all must hold.
    pub limits: Vec<(Vec<usize>, u64)>,
    /// What is extended. `None`: the chain starts here.
    pub from: Option<Before>,
    /// What must come soon after the group: an index into [`Timeline::nexts`], and within how many
    /// milliseconds. Only where it is asked what fires.
    pub soon: Option<(usize, u64)>,
}

/// The beginning of a chain, as of earlier groups only.
#[derive(Debug, Clone, PartialEq)]
pub struct Before {
    /// The atom whose start is taken over.
    pub start: usize,
    /// The atom whose start is the time when the beginning was completed last; `start` itself for a
    /// single step.
    pub end: usize,
    /// At most so many milliseconds ago.
    pub within: Option<u64>,
    /// The atom of what has not occurred in any earlier group after that.
    pub without: Option<usize>,
}

impl Before {
    /// The atoms that are read as of earlier groups, the first of them for its start alone.
    pub fn atoms(&self) -> impl Iterator<Item = usize> {
        let end = (self.within.is_some() || self.without.is_some()).then_some(self.end);
        [Some(self.start), end, self.without].into_iter().flatten()
    }
}

impl Holds {
    /// The atoms that it asks.
    #[must_use]
    pub fn atoms(&self) -> Vec<usize> {
        match self {
            Self::Within(atom, _) => vec![*atom],
            Self::Soon(..) | Self::Compare(..) => Vec::new(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::atoms).collect(),
            Self::Not(inner) => inner.atoms(),
        }
    }
}

/// Events of a group that fire.
#[derive(Debug, Clone, PartialEq)]
pub struct Fire {
    /// Which events: those of this mask.
    pub mask: usize,
    /// For an order at the top: one of these must hold with a start inside the window. Otherwise
    /// empty: [`Timeline::holds`] decides.
    pub links: Vec<Link>,
}

/// A boolean expression over atoms and totals.
#[derive(Debug, Clone, PartialEq)]
pub enum Holds {
    /// The latest start of the atom (index into [`Timeline::starts`]) is at most so many
    /// milliseconds ago.
    Within(usize, u64),
    /// The next event (index into [`Timeline::nexts`]) of a later group is at most so many
    /// milliseconds away.
    Soon(usize, u64),
    /// Numbers that are kept for the window compare so.
    Compare(Amount, Cmp, Amount),
    /// All of them; of none: true.
    All(Vec<Holds>),
    /// Any of them; of none: false.
    Any(Vec<Holds>),
    /// Not.
    Not(Box<Holds>),
}
