//! How far a rule looks before and after its firings.
//!
//! `a and not x within 24h before` over an hour → 24 h back, and nothing ahead; `not x within 5m after`
//! → decided 5 min after the firing. What is looked at beyond the events that were read would be
//! taken for absent.

use crate::ir::{Anchor, Cond, Correlation};

use super::Timeline;

/// Times beside a firing, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// How far before a firing the condition looks.
    pub back: u64,
    /// How far after a firing the condition looks: so long it cannot be decided.
    pub ahead: u64,
}

impl Reach {
    /// Of a correlation, without those whose firings it reads.
    #[must_use]
    pub fn of(correlation: &Correlation) -> Self {
        of(&correlation.cond, correlation.window, correlation.skew)
    }
}

impl Timeline {
    /// How far it looks, without the correlations whose firings it reads.
    #[must_use]
    pub fn reach(&self) -> Reach {
        of(&self.cond, self.window, self.skew)
    }
}

fn of(cond: &Cond, window: u64, skew: u64) -> Reach {
    let mut reach = Reach { back: window, ahead: 0 };
    if let Cond::Chain(steps) = cond.top() {
        let steps = u64::try_from(steps.len()).unwrap_or(u64::MAX);
        reach.ahead = skew.saturating_mul(steps.saturating_sub(1));
    }
    absences(cond, window, &mut reach);
    reach
}

fn absences(cond: &Cond, window: u64, reach: &mut Reach) {
    match cond {
        Cond::Absent { span, anchor, of, .. } => {
            let (before, after) = match anchor {
                Anchor::Before => (*span, 0),
                Anchor::After => (0, *span),
                Anchor::Around => (*span, *span),
            };
            let anchored = if of.is_some() { window } else { 0 };
            reach.back = reach.back.max(anchored.saturating_add(before));
            reach.ahead = reach.ahead.max(after);
        }
        Cond::AtLeast(_, parts) | Cond::All(parts) | Cond::Any(parts) => {
            parts.iter().for_each(|part| absences(part, window, reach));
        }
        Cond::Not(inner) => absences(inner, window, reach),
        Cond::Seen(_)
        | Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Chain(_)
        | Cond::Score { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{PatternId, Step};

    const HOUR: u64 = 3_600_000;

    #[test]
    fn absences_look_beyond_the_window() {
        let absent = |span, anchor, of| {
            let seen = Cond::Seen(PatternId(0));
            let absent = Cond::Absent { pattern: PatternId(1), span, anchor, of };
            let reach = of_hour(&Cond::All(vec![seen, absent]));
            (reach.back / HOUR, reach.ahead / HOUR)
        };
        assert_eq!(absent(24 * HOUR, Anchor::Before, None), (24, 0));
        assert_eq!(absent(2 * HOUR, Anchor::After, None), (1, 2));
        assert_eq!(absent(2 * HOUR, Anchor::Around, Some(PatternId(0))), (3, 2));
    }

    #[test]
    fn an_order_at_the_top_waits_for_its_skew() {
        let step = |at| Step { pattern: PatternId(at), within: None, without: Vec::new() };
        let order = Cond::Chain(vec![step(0), step(1)]);
        assert_eq!(of(&order, HOUR, 5_000), Reach { back: HOUR, ahead: 5_000 });
        let beside = Cond::All(vec![order, Cond::Seen(PatternId(0))]);
        assert_eq!(of(&beside, HOUR, 5_000), Reach { back: HOUR, ahead: 0 });
    }

    fn of_hour(cond: &Cond) -> Reach {
        of(cond, HOUR, 0)
    }
}
