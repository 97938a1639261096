//! Orders: which latest starts a chain needs, and which events complete it.
//!
//! The last `m` steps of a chain may lie in one group of simultaneous events, the steps before in
//! earlier groups. Within a group the steps need as many different events; by Hall's theorem they
//! exist iff every set of steps is met by at least as many events as it has steps.
//!
//! # Qualified steps
//!
//! `a then b within D` and `a then not x then b` ask when the step before, `a`, was: so a beginning
//! of a chain carries, beside its latest start, when it was completed last (its *end*). If the latest
//! end is too long ago, or an `x` lies after it, all earlier ends are and have it, too; and a later
//! end never has an earlier start (of two ways through the same steps that cross, the later
//! beginning can be joined to the later end). So the latest end decides.
//!
//! `x` is an event other than the two steps. How many events `x` the group of each end may have is
//! known once it is known which steps are events `x` themselves: each step is tried as an event that
//! is one and as an event that is not, which are disjoint sets of masks. A beginning whose next step
//! is qualified by `x` thus is an atom of its own: complete, and without an `x` in its last group
//! that is not its last step. Crossing ways can be joined as above unless one event is both steps
//! and `x`; where that could matter, the order is refused.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Cond, Step};

use super::atoms::{Atoms, masks_of};
use super::skewed;
use super::timeline::{Before, Fire, Link, Mask, Start};

/// How many steps a chain may have.
const MAX_STEPS: usize = 8;
/// How many masks the plan of an order may have: four steps that may all match one event.
const MAX_MASKS: usize = 16;
/// How many links an atom may have.
const MAX_LINKS: usize = 64;

/// The steps, if the condition is nothing but an order.
pub(super) fn only(cond: &Cond) -> Option<&[Step]> {
    match cond {
        Cond::Chain(steps) => Some(steps),
        Cond::All(parts) | Cond::Any(parts) => match parts.as_slice() {
            [part] => only(part),
            _ => None,
        },
        Cond::Seen(_)
        | Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Absent { .. }
        | Cond::Score { .. }
        | Cond::AtLeast(..)
        | Cond::Not(_) => None,
    }
}

/// The atom for the whole chain.
pub(super) fn start(atoms: &mut Atoms, steps: &[Step]) -> Result<usize, Vec<Diagnostic>> {
    let late = skewed::completed_late(atoms, steps)?;
    let stages = stages(atoms, steps)?;
    if let Some(late) = late {
        let first = beginnings(atoms, stages.get(..1).unwrap_or_default())?;
        let mut links = links(atoms, &stages, &first)?;
        links.push(late);
        return Ok(atoms.start(Start::Chain(links)));
    }
    let beginnings = beginnings(atoms, &stages)?;
    beginnings.last().map(|last| last.start).ok_or_else(|| empty(atoms))
}

/// Which events complete the chain, and how.
pub(super) fn fires(atoms: &mut Atoms, steps: &[Step]) -> Result<Vec<Fire>, Vec<Diagnostic>> {
    let early = skewed::fired_early(atoms, steps)?;
    let mut stages = stages(atoms, steps)?;
    let Some(last) = stages.pop() else { return Err(empty(atoms)) };
    let beginnings = beginnings(atoms, &stages)?;
    let mut fires = Vec::new();
    for mask in last.masks.clone() {
        stages.push(Stage { masks: vec![mask], ..last.clone() });
        let mut links = links(atoms, &stages, &beginnings)?;
        // Without an event of the mask, none of them fires anyway.
        let given = (vec![mask], 1);
        links.iter_mut().for_each(|link| link.needs.retain(|need| *need != given));
        links.extend(early.clone());
        fires.push(Fire { mask, links });
        stages.pop();
    }
    Ok(fires)
}

fn empty(atoms: &Atoms) -> Vec<Diagnostic> {
    atoms.refuse("an order without steps", "`a then b`")
}

/// A step over masks.
#[derive(Debug, Clone)]
struct Stage {
    /// The masks of its events.
    masks: Vec<usize>,
    /// At most so long after the step before.
    within: Option<u64>,
    /// The masks of what must not lie between it and the step before.
    without: Vec<usize>,
    /// The masks of what must not lie between it and the step after.
    closes: Vec<usize>,
}

/// A beginning of a chain as atoms.
#[derive(Debug, Clone, Copy)]
struct Beginning {
    start: usize,
    end: usize,
}

fn stages(atoms: &Atoms, steps: &[Step]) -> Result<Vec<Stage>, Vec<Diagnostic>> {
    if steps.len() > MAX_STEPS {
        let message = format!("an order has more than {MAX_STEPS} steps");
        return Err(vec![Diagnostic::new(Code::OverLimit, atoms.span, message)]);
    }
    if atoms.masks.len() > MAX_MASKS && steps.len() > 2 {
        return Err(overlapping(atoms));
    }
    let without = |step: Option<&Step>| {
        step.map(|step| masks_of(&atoms.masks, &step.without)).unwrap_or_default()
    };
    let stage = |(at, step): (usize, &Step)| Stage {
        masks: masks_of(&atoms.masks, &[step.pattern]),
        within: step.within.filter(|_| at > 0).map(|within| within.min(atoms.window)),
        without: without((at > 0).then_some(step)),
        closes: without(steps.get(at + 1)),
    };
    let stages: Vec<Stage> = steps.iter().enumerate().map(stage).collect();
    joins(atoms, steps, &stages)?;
    Ok(stages)
}

/// E0602 where a beginning that was completed later might have an earlier start.
fn joins(atoms: &Atoms, steps: &[Step], stages: &[Stage]) -> Result<(), Vec<Diagnostic>> {
    let qualified = |stage: &Stage| stage.within.is_some() || !stage.without.is_empty();
    let Some(last) = stages.iter().rposition(qualified) else { return Ok(()) };
    for (at, pair) in stages.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        let shared = |mask: &usize| after.without.contains(mask) && before.masks.contains(mask);
        if at + 1 < last && after.masks.iter().any(shared) {
            let name = |step: usize| {
                let id = steps.get(step).map(|step| step.pattern);
                id.and_then(|id| atoms.names.get(id.0)).cloned().unwrap_or_default()
            };
            let what = format!(
                "an order in which one event may be `{}`, `{}` and what is not between them",
                name(at),
                name(at + 1)
            );
            return Err(atoms.refuse(&what, "tests by which these events exclude each other"));
        }
    }
    Ok(())
}

fn overlapping(atoms: &Atoms) -> Vec<Diagnostic> {
    let message = "too many steps of an order may match the same event";
    vec![
        Diagnostic::new(Code::OverLimit, atoms.span, message)
            .help("add tests by which the steps exclude each other; four may overlap"),
    ]
}

/// The atoms of each beginning of the chain, the shortest first.
fn beginnings(atoms: &mut Atoms, stages: &[Stage]) -> Result<Vec<Beginning>, Vec<Diagnostic>> {
    let mut known: Vec<Beginning> = Vec::new();
    for length in 1..=stages.len() {
        let Some(stages) = stages.get(..length) else { break };
        let beginning = match stages {
            [only] if only.closes.is_empty() => {
                let start = atoms.start(Start::Seen(only.masks.clone()));
                Beginning { start, end: start }
            }
            stages => {
                let links = links(atoms, stages, &known)?;
                let ends_at_once = links.iter().all(|link| link.from.is_none());
                let start = atoms.start(Start::Chain(links.clone()));
                let end = if ends_at_once { start } else { atoms.start(Start::End(links)) };
                Beginning { start, end }
            }
        };
        known.push(beginning);
    }
    Ok(known)
}

/// The ways to place the steps: the last ones in the group, the others as the atoms in `known` say.
fn links(
    atoms: &mut Atoms,
    stages: &[Stage],
    known: &[Beginning],
) -> Result<Vec<Link>, Vec<Diagnostic>> {
    let mut links = Vec::new();
    for before in (0..stages.len()).rev() {
        let Some((_, here)) = stages.split_at_checked(before) else { continue };
        let from = before.checked_sub(1).and_then(|index| known.get(index)).copied();
        let from = from.zip(here.first()).map(|(from, first)| extended(atoms, from, first));
        for placed in placements(atoms, here)? {
            let needs = needs(&atoms.masks, &placed);
            let limits = limits(here, &placed);
            let link = Link { needs, limits, from: from.clone(), soon: None };
            if !links.contains(&link) {
                links.push(link);
            }
        }
        if links.len() > MAX_LINKS {
            return Err(overlapping(atoms));
        }
    }
    Ok(links)
}

fn extended(atoms: &mut Atoms, from: Beginning, by: &Stage) -> Before {
    let without = match by.without.as_slice() {
        [] => None,
        masks => Some(atoms.start(Start::Seen(masks.to_vec()))),
    };
    Before { start: from.start, end: from.end, within: by.within, without }
}

/// The masks of each step in the group, in all ways in which it is known of every step whether it is
/// one of the events that must not lie beside it.
fn placements(atoms: &Atoms, here: &[Stage]) -> Result<Vec<Vec<Vec<usize>>>, Vec<Diagnostic>> {
    let mut ways: Vec<Vec<Vec<usize>>> = vec![Vec::new()];
    for stage in here {
        let mut kinds: Vec<((bool, bool), Vec<usize>)> = Vec::new();
        for mask in &stage.masks {
            let kind = (stage.without.contains(mask), stage.closes.contains(mask));
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, masks)) => masks.push(*mask),
                None => kinds.push((kind, vec![*mask])),
            }
        }
        let longer = ways.iter().flat_map(|way| {
            kinds.iter().map(|(_, masks)| way.iter().chain([masks]).cloned().collect())
        });
        ways = longer.collect();
        if ways.len() > MAX_LINKS {
            return Err(overlapping(atoms));
        }
    }
    Ok(ways)
}

/// How many of the events that must not lie between two steps the group may have: those that are
/// the steps.
fn limits(here: &[Stage], placed: &[Vec<usize>]) -> Vec<(Vec<usize>, u64)> {
    let is = |step: Option<&Vec<usize>>, what: &[usize]| {
        let inside = |masks: &Vec<usize>| masks.iter().all(|mask| what.contains(mask));
        u64::from(step.is_some_and(inside))
    };
    let mut limits: Vec<(Vec<usize>, u64)> = Vec::new();
    for (at, stage) in here.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| placed.get(before));
        if !stage.without.is_empty() {
            let own = is(before, &stage.without) + is(placed.get(at), &stage.without);
            limits.push((stage.without.clone(), own));
        }
    }
    if let Some(last) = here.last().filter(|last| !last.closes.is_empty()) {
        limits.push((last.closes.clone(), is(placed.last(), &last.closes)));
    }
    limits.sort();
    limits.dedup_by(|looser, tighter| looser.0 == tighter.0);
    limits
}

/// Hall's condition for the steps that lie in the group.
fn needs(masks: &[Mask], steps: &[Vec<usize>]) -> Vec<(Vec<usize>, u64)> {
    let mut needs: Vec<(Vec<usize>, u64)> = Vec::new();
    for chosen in 1..1_usize << steps.len() {
        let picked = steps.iter().enumerate().filter(|(index, _)| chosen >> index & 1 == 1);
        let set: Vec<&Vec<usize>> = picked.map(|(_, step)| step).collect();
        if !connected(&set) {
            continue;
        }
        let any = |mask: &usize| set.iter().any(|step| step.contains(mask));
        let need = ((0..masks.len()).filter(any).collect(), set.len() as u64);
        match needs.iter_mut().find(|(known, _)| *known == need.0) {
            Some(known) => known.1 = known.1.max(need.1),
            None => needs.push(need),
        }
    }
    needs
}

/// Whether the steps hang together by shared events; else the condition follows from its parts.
fn connected(set: &[&Vec<usize>]) -> bool {
    let touch = |one: &[usize], other: &[usize]| one.iter().any(|mask| other.contains(mask));
    let Some((first, rest)) = set.split_first() else { return false };
    let mut reached = vec![*first];
    let mut left: Vec<&Vec<usize>> = rest.to_vec();
    while let Some(at) = left.iter().position(|one| reached.iter().any(|other| touch(one, other))) {
        reached.push(left.remove(at));
    }
    left.is_empty()
}
