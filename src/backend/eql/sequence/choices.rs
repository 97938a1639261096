//! Scores and `n of` → the smallest choices of their parts that suffice.
//!
//! `score(a: 40, b: 60 | c: 30) >= 70` → `a` with `c`, or `b` with `c`.

use crate::ir::{Class, Cond, PatternId};

use super::reason::{self, Reason};
use super::roles::{self, Role, Scene};

/// Parts whose combinations are tried.
const MAX_PARTS: usize = 10;

/// At least so many of the parts.
pub(super) fn at_least(number: u32, parts: &[Cond], window: u64) -> Result<Vec<Scene>, Reason> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    if number <= 1 {
        return roles::any(parts, window);
    }
    if parts.len() > MAX_PARTS {
        return Err(reason::TOO_MANY);
    }
    let each = parts.iter().map(|part| roles::scenes(part, window));
    let each = each.collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    for chosen in subsets(each.len()).filter(|chosen| chosen.len() == number) {
        let chosen = chosen.into_iter().filter_map(|at| each.get(at).cloned());
        found.extend(roles::all(chosen.map(Ok))?);
        found = roles::bounded(found)?;
    }
    Ok(found)
}

/// The smallest sets of patterns that reach the threshold.
pub(super) fn score(classes: &[Class], threshold: f64) -> Result<Vec<Scene>, Reason> {
    let weights = || classes.iter().flat_map(|class| class.weights.iter());
    let patterns: Role = weights().map(|(pattern, _)| *pattern).collect();
    let patterns: Vec<PatternId> = patterns.into_iter().collect();
    if patterns.len() > MAX_PARTS || threshold <= 0.0 || weights().any(|(_, w)| *w < 0.0) {
        return Err(reason::SCORE);
    }
    let mut sets: Vec<Role> = Vec::new();
    for chosen in subsets(patterns.len()) {
        let chosen: Role = chosen.into_iter().filter_map(|at| patterns.get(at).copied()).collect();
        let enough = total(classes, &chosen) >= threshold;
        if enough && !sets.iter().any(|smaller| smaller.is_subset(&chosen)) {
            sets.push(chosen);
        }
    }
    let seen = |pattern| Ok(roles::seen(Role::from([pattern])));
    let scene = |set: Role| roles::all(set.into_iter().map(seen));
    let found = sets.into_iter().map(scene).collect::<Result<Vec<_>, _>>()?;
    roles::bounded(found.concat())
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
    let mut found: Vec<Vec<usize>> = (0..1_u32 << size.min(MAX_PARTS)).map(of).collect();
    found.sort_by_key(Vec::len);
    found.into_iter()
}
