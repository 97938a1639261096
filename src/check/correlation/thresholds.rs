//! `gte: 10, lt: 20` → comparisons, and whether any number passes them all.

use crate::ir::Cmp;
use crate::syntax::ast::Threshold;

/// Whether what is counted is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::check) enum Numbers {
    /// A number of events or values: 0, 1, 2, …
    Counts,
    /// Any number.
    Reals,
}

/// The comparison with this name.
pub(in crate::check) fn cmp(name: &str) -> Option<Cmp> {
    Some(match name {
        "eq" => Cmp::Eq,
        "neq" => Cmp::Neq,
        "lt" => Cmp::Lt,
        "lte" => Cmp::Lte,
        "gt" => Cmp::Gt,
        "gte" => Cmp::Gte,
        _ => return None,
    })
}

/// The comparisons; for counts with whole numbers (`gt: 2.5` is `gt: 2`, `gte: 2.5` is `gte: 3`).
pub(in crate::check) fn read(thresholds: &[Threshold], numbers: Numbers) -> Vec<(Cmp, f64)> {
    let read = |threshold: &Threshold| {
        let cmp = cmp(&threshold.operator.node)?;
        let value = match (numbers, cmp) {
            (Numbers::Counts, Cmp::Gte | Cmp::Lt) => threshold.value.ceil(),
            (Numbers::Counts, Cmp::Gt | Cmp::Lte) => threshold.value.floor(),
            (Numbers::Counts, Cmp::Eq | Cmp::Neq) | (Numbers::Reals, _) => threshold.value,
        };
        Some((cmp, value))
    };
    thresholds.iter().filter_map(read).collect()
}

/// What a set of comparisons lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::check) enum Passing {
    /// No number.
    None,
    /// Some numbers.
    Some,
    /// Every number.
    All,
}

/// Which numbers pass all comparisons. Enough to try what lies at, between and around the limits.
pub(in crate::check) fn passing(comparisons: &[(Cmp, f64)], numbers: Numbers) -> Passing {
    let mut limits: Vec<f64> = comparisons.iter().map(|(_, limit)| *limit).collect();
    limits.sort_by(f64::total_cmp);
    let between = limits.iter().zip(limits.iter().skip(1)).map(|(a, b)| (a + b) / 2.0);
    let step = |limit: &f64| [limit - 1.0, *limit, limit + 1.0];
    let mut tries: Vec<f64> = limits.iter().flat_map(step).chain(between).collect();
    tries.push(0.0);
    if numbers == Numbers::Counts {
        tries.retain(|try_| *try_ >= 0.0 && try_.fract() == 0.0);
    }
    let passed = tries
        .iter()
        .filter(|number| comparisons.iter().all(|(cmp, limit)| cmp.holds(**number, *limit)));
    match passed.count() {
        0 => Passing::None,
        count if count == tries.len() => Passing::All,
        _ => Passing::Some,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_and_empty_thresholds_are_found() {
        use Cmp::{Eq, Gt, Gte, Lt, Lte, Neq};
        use Numbers::{Counts, Reals};
        type Case<'a> = (&'a [(Cmp, f64)], Numbers, Passing);
        let cases: [Case<'_>; 13] = [
            (&[(Gte, 10.0)], Counts, Passing::Some),
            (&[(Gte, 0.0)], Counts, Passing::All),
            (&[(Gte, 0.0)], Reals, Passing::Some),
            (&[(Lt, 0.0)], Counts, Passing::None),
            (&[(Lt, 0.0)], Reals, Passing::Some),
            (&[(Eq, -1.0)], Counts, Passing::None),
            (&[(Eq, 2.5)], Counts, Passing::None),
            (&[(Neq, 2.5)], Counts, Passing::All),
            (&[(Gt, 5.0), (Lt, 6.0)], Counts, Passing::None),
            (&[(Gt, 5.0), (Lt, 6.0)], Reals, Passing::Some),
            (&[(Gt, 5.0), (Lte, 6.0)], Counts, Passing::Some),
            (&[(Gt, 10.0), (Lt, 5.0)], Reals, Passing::None),
            (&[(Gte, 5.0), (Neq, 5.0), (Lte, 5.0)], Reals, Passing::None),
        ];
        for (comparisons, numbers, expected) in cases {
            assert_eq!(passing(comparisons, numbers), expected, "{comparisons:?} {numbers:?}");
        }
    }
}
