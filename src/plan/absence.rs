//! Absences: what does not occur before, after or around a firing, or an event of the condition.
//!
//! At a group of time `t`, an `x` lies within `D` before iff its latest start is at most `D` ago,
//! and within `D` after iff the group has one (`D` = 0 ago) or the next group with one is at most
//! `D` away. The next event is found by a pass from the latest group to the earliest.
//!
//! `not x within D after root` asks for a `root` in the window of which this is true: an atom that
//! starts at the latest such `root`, and is decided at its group.

use crate::ir::{Anchor, PatternId};

use super::atoms::{Atoms, masks_of};
use super::timeline::{Holds, Start};

/// That the pattern does not occur in a span at the firing, or at an event of another pattern.
pub(super) fn holds(
    atoms: &mut Atoms,
    pattern: PatternId,
    span: (Anchor, u64),
    of: Option<PatternId>,
) -> Holds {
    let absent = Holds::Not(Box::new(present(atoms, pattern, span)));
    match of {
        None => absent,
        Some(of) => {
            let masks = masks_of(&atoms.masks, &[of]);
            atoms.within(Start::When { masks, holds: absent })
        }
    }
}

/// That the pattern occurs in a span at a group.
fn present(atoms: &mut Atoms, pattern: PatternId, (anchor, span): (Anchor, u64)) -> Holds {
    let before = |span| Holds::Within(pattern.0, span);
    let mut after = || Holds::Soon(atoms.next(pattern), span);
    match anchor {
        Anchor::Before => before(span),
        Anchor::After => Holds::Any(vec![before(0), after()]),
        Anchor::Around => Holds::Any(vec![before(span), after()]),
    }
}
