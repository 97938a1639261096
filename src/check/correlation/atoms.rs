//! The parts of a condition that are not put together of others, and the events they name.
//!
//! `a and not b`: `a` is named positively, `b` negatively. A rule fires at events that its condition
//! names positively; an event that it names negatively keeps it from firing.

use crate::ir::{Cond, PatternId};

/// Whether a part stands under an even or an odd number of negations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

/// Calls `visit` with every such part of a condition. `sign`: that of the condition itself.
pub(super) fn atoms<'c>(cond: &'c Cond, sign: Sign, visit: &mut impl FnMut(Sign, &'c Cond)) {
    match cond {
        Cond::Not(inner) => atoms(inner, sign.flip(), visit),
        Cond::All(parts) | Cond::Any(parts) | Cond::AtLeast(_, parts) => {
            parts.iter().for_each(|part| atoms(part, sign, visit));
        }
        Cond::Seen(_)
        | Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Chain(_)
        | Cond::Absent { .. }
        | Cond::Score { .. } => visit(sign, cond),
    }
}

/// The events that a part with this sign names positively.
pub(super) fn named(sign: Sign, atom: &Cond) -> Vec<PatternId> {
    match sign {
        Sign::Plus => asked_for(atom),
        Sign::Minus => forbidden(atom),
    }
}

/// Whether a condition names an event positively, so that the rule can fire.
pub(in crate::check) fn names_positively(cond: &Cond) -> bool {
    let mut any = false;
    atoms(cond, Sign::Plus, &mut |sign, atom| any |= !named(sign, atom).is_empty());
    any
}

/// Whether the occurrence of a pattern makes the condition hold less.
pub(in crate::check) fn is_negated(cond: &Cond, pattern: PatternId) -> bool {
    let mut any = false;
    atoms(cond, Sign::Minus, &mut |sign, atom| any |= named(sign, atom).contains(&pattern));
    any
}

/// The patterns whose events make a part hold.
fn asked_for(atom: &Cond) -> Vec<PatternId> {
    match atom {
        Cond::Seen(pattern) => vec![*pattern],
        Cond::Count { of, .. } => of.clone(),
        Cond::Aggregate { of, .. } => of.iter().map(|(pattern, _)| *pattern).collect(),
        Cond::Chain(steps) => steps.iter().map(|step| step.pattern).collect(),
        Cond::Absent { of, .. } => of.iter().copied().collect(),
        Cond::Score { classes, .. } => {
            classes.iter().flat_map(|class| class.weights.iter().map(|(of, _)| *of)).collect()
        }
        Cond::AtLeast(..) | Cond::All(_) | Cond::Any(_) | Cond::Not(_) => Vec::new(),
    }
}

/// The patterns whose events keep a part from holding.
fn forbidden(atom: &Cond) -> Vec<PatternId> {
    match atom {
        Cond::Chain(steps) => steps.iter().flat_map(|step| step.without.clone()).collect(),
        Cond::Absent { pattern, .. } => vec![*pattern],
        Cond::Seen(_)
        | Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Score { .. }
        | Cond::AtLeast(..)
        | Cond::All(_)
        | Cond::Any(_)
        | Cond::Not(_) => Vec::new(),
    }
}

impl Sign {
    fn flip(self) -> Self {
        match self {
            Self::Plus => Self::Minus,
            Self::Minus => Self::Plus,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Anchor, Step};

    const A: PatternId = PatternId(0);
    const X: PatternId = PatternId(1);

    #[test]
    fn what_must_not_occur_is_negated_in_every_form() {
        let absent = |of| Cond::Absent { pattern: X, span: 1, anchor: Anchor::Before, of };
        let step = |pattern, without| Step { pattern, within: None, without };
        let chain = Cond::Chain(vec![step(A, Vec::new()), step(A, vec![X])]);
        let not = |cond| Cond::Not(Box::new(cond));
        for cond in [not(Cond::Seen(X)), absent(None), absent(Some(A)), chain] {
            assert!(is_negated(&cond, X) && !is_negated(&cond, A), "{cond:?}");
            assert!(is_negated(&not(not(cond)), X));
        }
        assert!(!is_negated(&not(absent(None)), X) && names_positively(&not(absent(None))));
        assert!(!names_positively(&absent(None)) && names_positively(&absent(Some(A))));
        assert!(!names_positively(&not(Cond::Seen(A))));
    }
}
