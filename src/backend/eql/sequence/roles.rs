//! Conditions → alternatives of what has to occur: chains of roles and absences.
//!
//! A role is "an event that satisfies one of these patterns". `count(a) >= 2 and (b or c)` is one
//! [`Scene`] with the chains `a a` and `b|c`; `a or (b then c)` is two scenes.
//!
//! What holds of some window holds of the window that ends at the last event needed for it; so
//! only the set of keys matters, and every condition without absences is a set of scenes.

use std::collections::BTreeSet;

use crate::ir::{Anchor, Cmp, Cond, PatternId, Step};

use super::choices;
use super::numbers::{self, Range};
use super::reason::{self, Reason};
use super::simplify;

/// Alternatives that a condition may be spread over.
const MAX_SCENES: usize = 64;

/// Any of these patterns.
pub(super) type Role = BTreeSet<PatternId>;

/// Different events, one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// What they are.
    pub(super) roles: Vec<Role>,
    /// At most so many milliseconds between two of them, if that is less than the window.
    pub(super) within: Option<u64>,
    /// What does not occur before the last one.
    pub(super) without: Role,
    /// What it stands for.
    pub(super) kind: Kind,
}

/// What a chain stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An order.
    Order,
    /// A number of events.
    Number,
    /// A number that is to be met before more of them come.
    Exactly,
}

impl Chain {
    /// So many events, which are nothing but present.
    pub(super) fn of(roles: Vec<Role>) -> Self {
        Self { roles, within: None, without: Role::new(), kind: Kind::Number }
    }

    /// Whether it is only about the presence of events, in an order or not.
    pub(super) fn is_plain(&self) -> bool {
        self.within.is_none() && self.without.is_empty() && self.kind != Kind::Exactly
    }

    /// Whether the order of the roles matters.
    pub(super) fn is_order(&self) -> bool {
        self.roles.windows(2).any(|pair| pair.first() != pair.last())
    }
}

/// No such event within a span of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Absence {
    /// What does not occur.
    pub(super) role: Role,
    /// In milliseconds.
    pub(super) span: u64,
    /// Where the span lies.
    pub(super) anchor: Anchor,
    /// The pattern it is anchored at, if not the firing.
    pub(super) of: Option<PatternId>,
}

/// What has to occur and not to occur in a window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Scene {
    /// Each of these, in any order and interleaved; an event may take part in several.
    pub(super) chains: Vec<Chain>,
    /// None of these.
    pub(super) absences: Vec<Absence>,
}

impl Scene {
    pub(super) fn of(chain: Chain) -> Self {
        Self { chains: vec![chain], absences: Vec::new() }
    }

    /// The role, if a single event is all that has to occur.
    pub(super) fn single(&self) -> Option<&Role> {
        match self.chains.as_slice() {
            [chain] if chain.is_plain() => match chain.roles.as_slice() {
                [role] => Some(role),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The scenes of a condition over a window: it holds where one of them does.
pub(super) fn scenes(cond: &Cond, window: u64) -> Result<Vec<Scene>, Reason> {
    match cond {
        Cond::Seen(pattern) => Ok(seen(Role::from([*pattern]))),
        Cond::Count { of, cmp, value } => {
            numbers::scenes(of.iter().copied().collect(), Range::of(*cmp, *value)?, window)
        }
        Cond::Chain(steps) => chain(steps, window),
        Cond::All(parts) => conjunction(parts, window),
        Cond::Any(parts) => any(parts, window),
        Cond::AtLeast(number, parts) => choices::at_least(*number, parts, window),
        Cond::Score { classes, threshold } => choices::score(classes, *threshold),
        Cond::Not(inner) => negated(inner, window),
        Cond::Absent { pattern, span, anchor, of } => {
            let role = Role::from([*pattern]);
            let absence = Absence { role, span: *span, anchor: *anchor, of: *of };
            let chains = of.iter().map(|of| Chain::of(vec![Role::from([*of])])).collect();
            Ok(vec![Scene { chains, absences: vec![absence] }])
        }
        Cond::Aggregate { .. } => Err(reason::AGGREGATE),
    }
}

pub(super) fn seen(role: Role) -> Vec<Scene> {
    vec![Scene::of(Chain::of(vec![role]))]
}

/// None of these in the window.
pub(super) fn absent(role: Role, window: u64) -> Vec<Scene> {
    let absence = Absence { role, span: window, anchor: Anchor::Before, of: None };
    vec![Scene { chains: Vec::new(), absences: vec![absence] }]
}

fn chain(steps: &[Step], window: u64) -> Result<Vec<Scene>, Reason> {
    let roles: Vec<Role> = steps.iter().map(|step| Role::from([step.pattern])).collect();
    let (last, before) = steps.split_last().unzip();
    // The whole order lies in the window, so a longer span says nothing.
    let spans = steps.iter().skip(1).filter_map(|step| step.within);
    let within = spans.filter(|within| *within < window).min();
    if within.is_some() && roles.len() > 2 {
        return Err(reason::WITHIN_IN_A_LONG_ORDER);
    }
    if before.unwrap_or_default().iter().any(|step| !step.without.is_empty()) {
        return Err(reason::NOT_EARLY_IN_AN_ORDER);
    }
    let without = last.iter().flat_map(|step| step.without.iter().copied()).collect();
    Ok(vec![Scene::of(Chain { roles, within, without, kind: Kind::Order })])
}

/// The scenes of a conjunction; numbers of the same events are one range.
fn conjunction(parts: &[Cond], window: u64) -> Result<Vec<Scene>, Reason> {
    let mut ranges: Vec<(Role, Range)> = Vec::new();
    let mut others = Vec::new();
    for part in parts {
        let Some((role, range)) = number(part) else {
            others.push(part);
            continue;
        };
        match ranges.iter_mut().find(|(known, _)| *known == role) {
            Some((_, known)) => *known = known.and(range?),
            None => ranges.push((role, range?)),
        }
    }
    let ranges = ranges.into_iter().map(|(role, range)| numbers::scenes(role, range, window));
    all(ranges.chain(others.into_iter().map(|part| scenes(part, window))))
}

/// A number of events that is a range.
fn number(cond: &Cond) -> Option<(Role, Result<Range, Reason>)> {
    match cond {
        Cond::Count { of, cmp, value } if *cmp != Cmp::Neq => {
            Some((of.iter().copied().collect(), Range::of(*cmp, *value)))
        }
        Cond::Seen(_)
        | Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Chain(_)
        | Cond::Absent { .. }
        | Cond::Score { .. }
        | Cond::AtLeast(..)
        | Cond::All(_)
        | Cond::Any(_)
        | Cond::Not(_) => None,
    }
}

/// The scenes in which all parts hold.
pub(super) fn all(
    parts: impl Iterator<Item = Result<Vec<Scene>, Reason>>,
) -> Result<Vec<Scene>, Reason> {
    let mut product = vec![Scene::default()];
    for part in parts {
        let part = part?;
        let joined = product.iter().flat_map(|left| {
            part.iter().map(|right| Scene {
                chains: [left.chains.as_slice(), &right.chains].concat(),
                absences: [left.absences.as_slice(), &right.absences].concat(),
            })
        });
        product = bounded(joined.take(MAX_SCENES + 1).collect())?;
    }
    Ok(product)
}

/// The scenes of a disjunction.
pub(super) fn any(parts: &[Cond], window: u64) -> Result<Vec<Scene>, Reason> {
    let each = parts.iter().map(|part| scenes(part, window)).collect::<Result<Vec<_>, _>>()?;
    bounded(simplify::alternatives(each.concat()))
}

fn negated(inner: &Cond, window: u64) -> Result<Vec<Scene>, Reason> {
    match inner {
        Cond::Seen(pattern) => Ok(absent(Role::from([*pattern]), window)),
        Cond::Count { of, cmp, value } => {
            let opposite = Cond::Count { of: of.clone(), cmp: opposite(*cmp), value: *value };
            scenes(&opposite, window)
        }
        Cond::Not(inner) => scenes(inner, window),
        Cond::Any(parts) => all(parts.iter().map(|part| negated(part, window))),
        Cond::All(parts) => {
            let each = parts.iter().map(|part| negated(part, window));
            bounded(each.collect::<Result<Vec<_>, _>>()?.concat())
        }
        Cond::AtLeast(number, parts) => {
            let length = u32::try_from(parts.len()).unwrap_or(u32::MAX);
            let parts = parts.iter().map(|part| Cond::Not(Box::new(part.clone())));
            let parts: Vec<Cond> = parts.collect();
            choices::at_least((length + 1).saturating_sub(*number), &parts, window)
        }
        Cond::Aggregate { .. } => Err(reason::AGGREGATE),
        Cond::Chain(_) | Cond::Absent { .. } | Cond::Score { .. } => Err(reason::NEGATED),
    }
}

fn opposite(cmp: Cmp) -> Cmp {
    match cmp {
        Cmp::Eq => Cmp::Neq,
        Cmp::Neq => Cmp::Eq,
        Cmp::Lt => Cmp::Gte,
        Cmp::Lte => Cmp::Gt,
        Cmp::Gt => Cmp::Lte,
        Cmp::Gte => Cmp::Lt,
    }
}

pub(super) fn bounded(scenes: Vec<Scene>) -> Result<Vec<Scene>, Reason> {
    if scenes.len() > MAX_SCENES { Err(reason::TOO_MANY) } else { Ok(scenes) }
}
