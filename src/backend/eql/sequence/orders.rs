//! Chains of roles → every order in which events may fill them.
//!
//! The chains `a` and `b` → `[a] [b]`, `[b] [a]`, and `[a and b]` if one event can be both. An
//! event of an order takes the next role of one or several chains.

use std::collections::BTreeSet;

use crate::ir::PatternId;

use super::roles::Role;

/// The roles that one event takes.
pub(super) type Event = BTreeSet<Role>;

/// The orders of the events that fill the chains; `None` if there are more than `limit`.
pub(super) fn orders(
    chains: &[&[Role]],
    overlaps: &[(PatternId, PatternId)],
    limit: usize,
) -> Option<Vec<Vec<Event>>> {
    // Even if no event takes two roles, chains interleave in at least this many ways.
    if (1..=chains.len()).product::<usize>() > limit {
        return None;
    }
    let mut found = Vec::new();
    let mut begun = vec![(Vec::new(), chains.to_vec())];
    // Depth first, at most `limit` results; every order begun has at least one completion.
    while let Some((events, rest)) = begun.pop() {
        if rest.iter().all(|chain| chain.is_empty()) {
            if !found.contains(&events) {
                found.push(events);
            }
            if found.len() > limit {
                return None;
            }
            continue;
        }
        for (event, rest) in steps(&rest, overlaps).into_iter().rev() {
            let mut events: Vec<Event> = events.clone();
            events.push(event);
            begun.push((events, rest));
        }
    }
    Some(found)
}

/// The events that may come next, each with what remains of the chains.
fn steps<'a>(
    rest: &[&'a [Role]],
    overlaps: &[(PatternId, PatternId)],
) -> Vec<(Event, Vec<&'a [Role]>)> {
    let mut found: Vec<(Event, Vec<&[Role]>)> = Vec::new();
    let mut open: Vec<(usize, Event, Vec<&[Role]>)> = vec![(0, Event::new(), Vec::new())];
    while let Some((at, event, taken)) = open.pop() {
        let Some(chain) = rest.get(at) else {
            if !event.is_empty() {
                found.push((event, taken));
            }
            continue;
        };
        let mut skip = taken.clone();
        skip.push(chain);
        open.push((at + 1, event.clone(), skip));
        if let Some((role, others)) = chain.split_first()
            && event.iter().all(|other| may_be_one(role, other, overlaps))
        {
            let (mut event, mut taken) = (event, taken);
            event.insert(role.clone());
            taken.push(others);
            open.push((at + 1, event, taken));
        }
    }
    found.sort_by_key(|(event, _)| event.len());
    found
}

/// Whether one event can take both roles.
fn may_be_one(a: &Role, b: &Role, overlaps: &[(PatternId, PatternId)]) -> bool {
    let pairs = a.iter().flat_map(|x| b.iter().map(move |y| (*x.min(y), *x.max(y))));
    pairs.into_iter().any(|(x, y)| x == y || overlaps.contains(&(x, y)))
}
