//! Numbers of events → chains of as many events.
//!
//! `count(a) >= 3` → `a a a`. A number that is also bounded from above is met on the way up, since
//! the first event of a window is alone in it: `count(a) == 3` → `a a a`, too, unless several events
//! come at once and skip the number.

use crate::ir::Cmp;

use super::reason::{self, Reason};
use super::roles::{self, Chain, Kind, Role, Scene};

/// How many events a sequence may count (`with runs`).
const MAX_COUNT: u64 = 100;

/// Numbers from `least` to `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    least: u64,
    most: Option<u64>,
}

impl Range {
    /// The numbers that compare so.
    pub(super) fn of(cmp: Cmp, value: u64) -> Result<Self, Reason> {
        let range = |least, most| Ok(Self { least, most });
        match cmp {
            Cmp::Gte => range(value, None),
            Cmp::Gt => range(value.saturating_add(1), None),
            Cmp::Eq => range(value, Some(value)),
            Cmp::Lte => range(0, Some(value)),
            Cmp::Lt => range(0, Some(value.checked_sub(1).ok_or(reason::NEVER)?)),
            Cmp::Neq if value == 0 => range(1, None),
            Cmp::Neq => Err(reason::SMALL_NUMBER),
        }
    }

    /// The numbers that are in both.
    pub(super) fn and(self, other: Self) -> Self {
        let most = [self.most, other.most].into_iter().flatten().min();
        Self { least: self.least.max(other.least), most }
    }
}

/// So many events of a role in the window.
pub(super) fn scenes(role: Role, range: Range, window: u64) -> Result<Vec<Scene>, Reason> {
    let kind = match (range.least, range.most) {
        (least, Some(most)) if most < least => return Err(reason::NEVER),
        (0, Some(0)) => return Ok(roles::absent(role, window)),
        (0, Some(_)) => return Err(reason::SMALL_NUMBER),
        (0, None) => return Err(reason::ALWAYS),
        (_, None) => Kind::Number,
        (_, Some(_)) => Kind::Exactly,
    };
    match usize::try_from(range.least) {
        Ok(number) if range.least <= MAX_COUNT => {
            let roles = std::iter::repeat_n(role, number).collect();
            Ok(vec![Scene::of(Chain { kind, ..Chain::of(roles) })])
        }
        _ => Err(reason::LARGE_NUMBER),
    }
}
