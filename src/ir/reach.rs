//! How far from a firing the events lie that it depends on.
//!
//! `a then b` over 1 h, and `not x within 24 h after` → back 1 h, after 24 h. Of a chain, the firings
//! that a rule reads reach further themselves.

use super::{Anchor, Body, Cond, Correlation, PatternSource, Rule};

/// How far a rule looks from a firing, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// Into the past.
    pub back: u64,
    /// Into the future.
    pub after: u64,
    /// The window; 0 for single events.
    pub window: u64,
}

impl Reach {
    /// The reach of a rule.
    #[must_use]
    pub fn of(rule: &Rule) -> Self {
        match &rule.body {
            Body::Events(_) => Self::default(),
            Body::Correlation(correlation) => Self::of_correlation(correlation),
        }
    }

    fn of_correlation(correlation: &Correlation) -> Self {
        let window = correlation.window;
        let mut own = Self { back: 0, after: 0, window };
        absences(&correlation.cond, &mut own);
        let chained = correlation.patterns.iter().map(|pattern| match &pattern.source {
            PatternSource::Events { .. } => Self::default(),
            PatternSource::Firings(rule) => Self::of(rule),
        });
        let chained = chained.fold(Self::default(), |most, one| Self {
            back: most.back.max(one.back),
            after: most.after.max(one.after),
            window,
        });
        let add = |parts: [u64; 4]| parts.into_iter().fold(0, u64::saturating_add);
        Self {
            // An absence may lie at an event at the far end of the window.
            back: add([window, own.back, correlation.skew, chained.back]),
            after: add([own.after, correlation.skew, chained.after, 0]),
            window,
        }
    }
}

/// Extends the reach by the absences of a condition.
fn absences(cond: &Cond, reach: &mut Reach) {
    match cond {
        Cond::Absent { span, anchor, .. } => {
            let (back, after) = match anchor {
                Anchor::Before => (*span, 0),
                Anchor::After => (0, *span),
                Anchor::Around => (*span, *span),
            };
            reach.back = reach.back.max(back);
            reach.after = reach.after.max(after);
        }
        Cond::AtLeast(_, parts) | Cond::All(parts) | Cond::Any(parts) => {
            parts.iter().for_each(|part| absences(part, reach));
        }
        Cond::Not(part) => absences(part, reach),
        Cond::Seen(_)
        | Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Chain(_)
        | Cond::Score { .. } => {}
    }
}
