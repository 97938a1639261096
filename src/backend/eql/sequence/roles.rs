//! Conditions → alternatives of what has to occur: chains of roles and absences.
//!
//! A role is "an event that satisfies one of these patterns". `count(a) >= 2 and (b or c)` is one
//! [`Scene`] with the chains `a a` and `b|c`; `a or (b then c)` is two scenes.
//!
//! What holds of some window holds of the window that ends at the last event needed for it; so
//! only the set of keys matters, and every condition without absences is a set of scenes.

use std::collections::BTreeSet;

use crate::ir::{Anchor, Class, Cmp, Cond, PatternId, Step};

/// Alternatives that a condition may be spread over.
const MAX_SCENES: usize = 64;

/// Patterns of a score whose combinations are tried.
const MAX_WEIGHED: usize = 10;

/// How many events a count may ask for (`with runs` goes up to 100).
const MAX_COUNT: u64 = 100;

/// Any of these patterns.
pub(super) type Role = BTreeSet<PatternId>;

/// Different events, one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// What they are.
    pub(super) roles: Vec<Role>,
    /// At most so many milliseconds from the first to the second of two.
    pub(super) within: Option<u64>,
    /// What does not occur before the last one.
    pub(super) without: Role,
    /// Whether it stands for something that simultaneous events would make different.
    pub(super) ties: Ties,
}

impl Chain {
    fn of(roles: Vec<Role>) -> Self {
        Self { roles, within: None, without: Role::new(), ties: Ties::Count }
    }
}

/// No such event in the span that ends at the firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Absence {
    /// What does not occur.
    pub(super) role: Role,
    /// In milliseconds.
    pub(super) span: u64,
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

/// Why a condition is no set of scenes, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reason(pub(super) &'static str, pub(super) &'static str);

/// How a condition is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// The window in milliseconds.
    pub(super) window: u64,
    /// Whether simultaneous events may be ignored.
    pub(super) ties: Ties,
}

/// What happens where only simultaneous events make a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ties {
    /// They count: the condition is refused.
    Count,
    /// The author accepts the difference.
    Ignored,
}

/// The scenes of a condition: it holds where one of them does.
pub(super) fn scenes(cond: &Cond, reading: Reading) -> Result<Vec<Scene>, Reason> {
    let mut scenes = alternatives(cond, reading)?;
    scenes.iter_mut().for_each(simplify);
    let mut distinct: Vec<Scene> = Vec::new();
    for scene in scenes {
        if !distinct.contains(&scene) {
            distinct.push(scene);
        }
    }
    Ok(distinct)
}

fn alternatives(cond: &Cond, reading: Reading) -> Result<Vec<Scene>, Reason> {
    match cond {
        Cond::Seen(pattern) => Ok(seen(Role::from([*pattern]))),
        Cond::Count { of, cmp, value } => count(of, *cmp, *value, reading),
        Cond::Chain(steps) => chain(steps),
        Cond::All(parts) => all(parts.iter().map(|part| alternatives(part, reading))),
        Cond::Any(parts) => any(parts, reading),
        Cond::AtLeast(number, parts) => at_least(*number, parts, reading),
        Cond::Score { classes, threshold } => score(classes, *threshold),
        Cond::Not(inner) => negated(inner, reading),
        Cond::Absent { pattern, span, anchor: Anchor::Before, of } => {
            Ok(absent(Role::from([*pattern]), *span, *of))
        }
        Cond::Absent { anchor: Anchor::After | Anchor::Around, .. } => Err(Reason(
            "EQL reports an absence after an event before its time is over",
            "look for the absence before the event, or keep this rule to the other targets",
        )),
        Cond::Aggregate { .. } => Err(Reason(
            "EQL cannot compute with the values of several events",
            "keep this rule to the other targets",
        )),
    }
}

fn seen(role: Role) -> Vec<Scene> {
    vec![Scene { chains: vec![Chain::of(vec![role])], absences: Vec::new() }]
}

fn absent(role: Role, span: u64, of: Option<PatternId>) -> Vec<Scene> {
    vec![Scene { chains: Vec::new(), absences: vec![Absence { role, span, of }] }]
}

fn count(of: &[PatternId], cmp: Cmp, value: u64, reading: Reading) -> Result<Vec<Scene>, Reason> {
    let role: Role = of.iter().copied().collect();
    let number = match (cmp, reading.ties) {
        (Cmp::Gte, _) => value,
        (Cmp::Gt, _) => value.saturating_add(1),
        // It holds on the way up, unless several events at once skip it.
        (Cmp::Eq, Ties::Ignored) => value,
        (Cmp::Eq, Ties::Count) => {
            return Err(Reason(
                "EQL counts up to a number, not to exactly one where several events come at once",
                "use `>=`, or say `accept: [W0606]` to ignore simultaneous events",
            ));
        }
        (Cmp::Neq | Cmp::Lt | Cmp::Lte, _) => {
            return Err(Reason(
                "EQL cannot tell that a count is small",
                "use `>=`, or keep this rule to the other targets",
            ));
        }
    };
    match number {
        0 => Err(Reason("a count of 0 always holds, and EQL reports events", "use `>= 1`")),
        1..=MAX_COUNT => {
            let roles = std::iter::repeat_n(role, usize::try_from(number).unwrap_or(0)).collect();
            let ties = if cmp == Cmp::Eq { Ties::Ignored } else { Ties::Count };
            let chain = Chain { ties, ..Chain::of(roles) };
            Ok(vec![Scene { chains: vec![chain], absences: Vec::new() }])
        }
        _ => Err(Reason("EQL counts up to 100", "use a smaller number, or another target")),
    }
}

fn chain(steps: &[Step]) -> Result<Vec<Scene>, Reason> {
    let roles: Vec<Role> = steps.iter().map(|step| Role::from([step.pattern])).collect();
    let (last, before) = steps.split_last().unzip();
    let within = steps.iter().skip(1).filter_map(|step| step.within).min();
    if within.is_some() && roles.len() > 2 {
        return Err(Reason(
            "EQL has one `maxspan` for a whole sequence",
            "leave out the `within` of single steps, or split the rule",
        ));
    }
    if before.unwrap_or_default().iter().any(|step| !step.without.is_empty()) {
        return Err(Reason(
            "EQL may report nothing although a sequence without the event in between exists",
            "put `not` before the last step only",
        ));
    }
    let without = last.iter().flat_map(|step| step.without.iter().copied()).collect();
    let chain = Chain { within, without, ..Chain::of(roles) };
    Ok(vec![Scene { chains: vec![chain], absences: Vec::new() }])
}

/// The scenes of a conjunction.
fn all(parts: impl Iterator<Item = Result<Vec<Scene>, Reason>>) -> Result<Vec<Scene>, Reason> {
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

/// The scenes of a disjunction: single events that are alternatives share a role.
fn any(parts: &[Cond], reading: Reading) -> Result<Vec<Scene>, Reason> {
    let (mut role, mut others) = (Role::new(), Vec::new());
    for part in parts {
        for scene in alternatives(part, reading)? {
            match single(&scene) {
                Some(patterns) => role.extend(patterns.iter().copied()),
                None => others.push(scene),
            }
        }
    }
    let merged = if role.is_empty() { Vec::new() } else { seen(role) };
    bounded(merged.into_iter().chain(others).collect())
}

fn at_least(number: u32, parts: &[Cond], reading: Reading) -> Result<Vec<Scene>, Reason> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    if number <= 1 {
        return any(parts, reading);
    }
    if parts.len() > MAX_WEIGHED {
        return Err(too_many());
    }
    let each =
        parts.iter().map(|part| alternatives(part, reading)).collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    for chosen in subsets(each.len()).filter(|chosen| chosen.len() == number) {
        let chosen = chosen.into_iter().filter_map(|at| each.get(at).cloned());
        found.extend(all(chosen.map(Ok))?);
        found = bounded(found)?;
    }
    Ok(found)
}

/// The smallest sets of patterns that reach the threshold.
fn score(classes: &[Class], threshold: f64) -> Result<Vec<Scene>, Reason> {
    let weights = || classes.iter().flat_map(|class| class.weights.iter());
    let patterns: Role = weights().map(|(pattern, _)| *pattern).collect();
    let patterns: Vec<PatternId> = patterns.into_iter().collect();
    if patterns.len() > MAX_WEIGHED || threshold <= 0.0 || weights().any(|(_, w)| *w < 0.0) {
        return Err(Reason(
            "EQL cannot add up weights; a small score without negative weights can be spelled out",
            "use fewer events, or keep this rule to the other targets",
        ));
    }
    let mut sets: Vec<Role> = Vec::new();
    for chosen in subsets(patterns.len()) {
        let chosen: Role = chosen.into_iter().filter_map(|at| patterns.get(at).copied()).collect();
        let enough = total(classes, &chosen) >= threshold;
        if enough && !sets.iter().any(|smaller| smaller.is_subset(&chosen)) {
            sets.push(chosen);
        }
    }
    let scene = |set: Role| all(set.into_iter().map(|pattern| Ok(seen(Role::from([pattern])))));
    let found = sets.into_iter().map(scene).collect::<Result<Vec<_>, _>>()?;
    bounded(found.concat())
}

fn total(classes: &[Class], present: &Role) -> f64 {
    let largest = classes.iter().map(|class| {
        let weights = class.weights.iter().filter(|(pattern, _)| present.contains(pattern));
        weights.map(|(_, weight)| *weight).fold(0.0, f64::max)
    });
    largest.sum()
}

/// The subsets of `0..size`, the smaller ones first; `size` is small.
fn subsets(size: usize) -> impl Iterator<Item = Vec<usize>> {
    let of = move |bits: u32| (0..size).filter(|at| bits & (1 << at) != 0).collect::<Vec<_>>();
    let mut found: Vec<Vec<usize>> = (0..1_u32 << size.min(MAX_WEIGHED)).map(of).collect();
    found.sort_by_key(Vec::len);
    found.into_iter()
}

fn negated(inner: &Cond, reading: Reading) -> Result<Vec<Scene>, Reason> {
    match inner {
        Cond::Seen(pattern) => Ok(absent(Role::from([*pattern]), reading.window, None)),
        Cond::Count { of, cmp: Cmp::Gte, value: 1 }
        | Cond::Count { of, cmp: Cmp::Gt, value: 0 } => {
            Ok(absent(of.iter().copied().collect(), reading.window, None))
        }
        Cond::Not(inner) => alternatives(inner, reading),
        Cond::Any(parts) => all(parts.iter().map(|part| negated(part, reading))),
        Cond::All(parts) => {
            let each = parts.iter().map(|part| negated(part, reading));
            bounded(each.collect::<Result<Vec<_>, _>>()?.concat())
        }
        Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Chain(_)
        | Cond::Absent { .. }
        | Cond::Score { .. }
        | Cond::AtLeast(..) => Err(Reason(
            "EQL can negate the presence of events, but not a count, an order or a score",
            "use `not` on single events, or keep this rule to the other targets",
        )),
    }
}

/// The patterns of a scene that a single event makes.
fn single(scene: &Scene) -> Option<&Role> {
    match (scene.chains.as_slice(), scene.absences.as_slice()) {
        ([chain], []) => match chain.roles.as_slice() {
            [role] => Some(role),
            _ => None,
        },
        _ => None,
    }
}

/// Drops single events that another chain brings along.
fn simplify(scene: &mut Scene) {
    let chains = std::mem::take(&mut scene.chains);
    let implied = |at: usize, chain: &Chain| {
        let [role] = chain.roles.as_slice() else { return false };
        chains.iter().enumerate().any(|(other, brings)| {
            let same = brings.roles == chain.roles;
            let found = brings.roles.iter().any(|brought| brought.is_subset(role));
            other != at && found && (!same || other < at)
        })
    };
    let kept = chains.iter().enumerate().filter(|(at, chain)| !implied(*at, chain));
    scene.chains = kept.map(|(_, chain)| chain.clone()).collect();
}

fn bounded(scenes: Vec<Scene>) -> Result<Vec<Scene>, Reason> {
    if scenes.len() > MAX_SCENES { Err(too_many()) } else { Ok(scenes) }
}

fn too_many() -> Reason {
    Reason(
        "EQL would need too many sequences for all the combinations",
        "say the order with `then`, or split the rule",
    )
}
