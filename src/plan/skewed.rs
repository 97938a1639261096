//! Orders that tolerate disorder: with `skew s`, `a then b` holds of a `b` that precedes its `a` by
//! up to `s`, too.
//!
//! Inside a larger condition an order is complete at the later of its two events: at a group with an
//! `a`, the last `b` of an earlier group starts it if it is at most `s` ago. An order at the top fires
//! at its `b`: also if the next `a` of a later group is at most `s` away. Events of one group are
//! simultaneous, so what the order is without `skew` holds of them.

use crate::diagnostic::Diagnostic;
use crate::ir::Step;

use super::atoms::{Atoms, masks_of};
use super::timeline::{Before, Link, Start};

/// Whether `skew` matters to an order.
pub(super) fn matters(atoms: &Atoms, steps: &[Step]) -> bool {
    atoms.skew > 0 && steps.len() > 1
}

/// The way to complete an order inside a larger condition by a first step that comes last.
pub(super) fn completed_late(
    atoms: &mut Atoms,
    steps: &[Step],
) -> Result<Option<Link>, Vec<Diagnostic>> {
    let Some((first, last)) = two(atoms, steps)? else { return Ok(None) };
    let here = masks_of(&atoms.masks, &[first.pattern]);
    let seen = Start::Seen(masks_of(&atoms.masks, &[last.pattern]));
    let last = atoms.start(seen);
    let within = Some(atoms.skew.min(atoms.window));
    let from = Some(Before { start: last, end: last, within, without: None });
    Ok(Some(Link { needs: vec![(here, 1)], limits: Vec::new(), from, soon: None }))
}

/// The way in which the last step of an order fires before its first.
pub(super) fn fired_early(
    atoms: &mut Atoms,
    steps: &[Step],
) -> Result<Option<Link>, Vec<Diagnostic>> {
    let Some((first, _)) = two(atoms, steps)? else { return Ok(None) };
    let soon = Some((atoms.next(first.pattern), atoms.skew));
    Ok(Some(Link { needs: Vec::new(), limits: Vec::new(), from: None, soon }))
}

/// The two steps, if `skew` matters.
///
/// # Errors
/// E0602 for more steps, and for steps between which something must not occur.
fn two<'a>(
    atoms: &Atoms,
    steps: &'a [Step],
) -> Result<Option<(&'a Step, &'a Step)>, Vec<Diagnostic>> {
    match steps {
        _ if !matters(atoms, steps) => Ok(None),
        [_, last] if !last.without.is_empty() => {
            let what = "what does not occur between two steps, with `skew`,";
            Err(atoms.refuse(what, "`not …` without `skew`, or `not … within … before`"))
        }
        [first, last] => Ok(Some((first, last))),
        _ => Err(atoms.refuse(
            "an order of more than two steps with `skew`",
            "two steps with `skew`, such as `a then b and b then c`; or no `skew`",
        )),
    }
}
