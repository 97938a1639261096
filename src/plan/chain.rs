//! Orders: which latest starts a chain needs, and which events complete it.
//!
//! The last `m` steps of a chain may lie in one group of simultaneous events, the steps before in
//! earlier groups. Within a group the steps need as many different events; by Hall's theorem they
//! exist iff every set of steps is met by at least as many events as it has steps.

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Cond, PatternId, Step};

use super::atoms::{Atoms, masks_of};
use super::timeline::{Fire, Link, Mask, Start};

/// How many steps a chain may have.
const MAX_STEPS: usize = 8;

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
    let patterns = plain(atoms, steps)?;
    let prefixes = prefixes(atoms, &patterns);
    prefixes.last().copied().ok_or_else(|| atoms.refuse("an order without steps", "`a then b`"))
}

/// Which events complete the chain, and how.
pub(super) fn fires(atoms: &mut Atoms, steps: &[Step]) -> Result<Vec<Fire>, Vec<Diagnostic>> {
    let patterns = plain(atoms, steps)?;
    let Some((last, before)) = patterns.split_last() else {
        return Err(atoms.refuse("an order without steps", "`a then b`"));
    };
    let prefixes = prefixes(atoms, before);
    let firing = masks_of(&atoms.masks, &[*last]);
    let fire = |mask: usize| Fire {
        mask,
        links: links(&atoms.masks, before, &prefixes, atoms.masks.get(mask)),
    };
    Ok(firing.into_iter().map(fire).collect())
}

/// How many masks the plan of an order may have: four steps that may all match one event.
const MAX_MASKS: usize = 16;

/// The patterns of steps without further demands.
fn plain(atoms: &Atoms, steps: &[Step]) -> Result<Vec<PatternId>, Vec<Diagnostic>> {
    if steps.iter().any(|step| step.within.is_some() || !step.without.is_empty()) {
        return Err(atoms.refuse("a step with `within` or `not`", "`a then b over WINDOW`"));
    }
    if steps.len() > MAX_STEPS {
        let message = format!("an order has more than {MAX_STEPS} steps");
        return Err(vec![Diagnostic::new(Code::OverLimit, atoms.span, message)]);
    }
    if atoms.masks.len() > MAX_MASKS && steps.len() > 2 {
        let message = "too many steps of an order may match the same event";
        return Err(vec![
            Diagnostic::new(Code::OverLimit, atoms.span, message)
                .help("add tests by which the steps exclude each other; four may overlap"),
        ]);
    }
    Ok(steps.iter().map(|step| step.pattern).collect())
}

/// The atoms of each beginning of the chain, the shortest first.
fn prefixes(atoms: &mut Atoms, patterns: &[PatternId]) -> Vec<usize> {
    let mut known: Vec<usize> = Vec::new();
    for length in 1..=patterns.len() {
        let Some(prefix) = patterns.get(..length) else { break };
        let start = match prefix {
            [only] => Start::Seen(masks_of(&atoms.masks, &[*only])),
            prefix => Start::Chain(links(&atoms.masks, prefix, &known, None)),
        };
        known.push(atoms.start(start));
    }
    known
}

/// The ways to place the steps: the last ones in the group, the others as the atom in `known` says.
///
/// With `completing`, an event of that mask follows all of the steps, so it serves none of them,
/// and all steps may lie in earlier groups.
fn links(
    masks: &[Mask],
    steps: &[PatternId],
    known: &[usize],
    completing: Option<&Mask>,
) -> Vec<Link> {
    let fewest = usize::from(completing.is_none());
    (fewest..=steps.len())
        .filter_map(|here| {
            let before = steps.len() - here;
            let (_, in_group) = steps.split_at_checked(before)?;
            let from = before.checked_sub(1).and_then(|index| known.get(index)).copied();
            Some(Link { needs: needs(masks, in_group, completing), from })
        })
        .collect()
}

/// Hall's condition for the steps that lie in the group.
fn needs(masks: &[Mask], steps: &[PatternId], completing: Option<&Mask>) -> Vec<(Vec<usize>, u64)> {
    let mut needs: Vec<(Vec<usize>, u64)> = Vec::new();
    for chosen in 1..1_usize << steps.len() {
        let picked = steps.iter().enumerate().filter(|(index, _)| chosen >> index & 1 == 1);
        let set: Vec<PatternId> = picked.map(|(_, pattern)| *pattern).collect();
        if !connected(masks, &set) {
            continue;
        }
        let taken = completing.is_some_and(|mask| mask.0.iter().any(|member| set.contains(member)));
        let need = (masks_of(masks, &set), set.len() as u64 + u64::from(taken));
        match needs.iter_mut().find(|(known, _)| *known == need.0) {
            Some(known) => known.1 = known.1.max(need.1),
            None => needs.push(need),
        }
    }
    needs
}

/// Whether the steps hang together by shared events; else the condition follows from its parts.
fn connected(masks: &[Mask], set: &[PatternId]) -> bool {
    let touch = |one: &PatternId, other: &PatternId| {
        masks.iter().any(|mask| mask.0.contains(one) && mask.0.contains(other))
    };
    let Some((first, rest)) = set.split_first() else { return false };
    let mut reached = vec![*first];
    let mut left: Vec<PatternId> = rest.to_vec();
    while let Some(at) = left.iter().position(|one| reached.iter().any(|other| touch(one, other))) {
        reached.push(left.remove(at));
    }
    left.is_empty()
}
