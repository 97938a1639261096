//! Schedule + reach of a rule → what one run reports and how far it looks back ([`Run`]).
//!
//! A run at time `R` reports the firings of `[R - delay - after - interval, R - delay - after)`, so
//! that runs do not overlap, and needs events from `lookback` before `R` on (`docs/semantics.md`).

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Reach, Rule};
use crate::plan::Report;
use crate::platform::Platform;
use crate::project::{DAY, Environment, HOUR, MINUTE, SECOND};
use crate::source::{Span, Spanned};

/// How often rules run unless the project says otherwise.
const INTERVAL: u64 = HOUR;

/// One run of a rule; all in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Between two runs.
    pub(super) interval: u64,
    /// How late events may come.
    pub(super) delay: u64,
    /// How long after a firing its events may lie.
    pub(super) after: u64,
    /// How far the run looks back, a whole number of minutes.
    pub(super) lookback: u64,
    /// The longest window of the rule; 0 for a rule over single events.
    pub(super) window: u64,
}

impl Run {
    /// The run of a rule.
    ///
    /// # Errors
    /// E0711 if the project's look-back is too short, or the platform does not look back so far.
    pub(super) fn of(
        rule: &Rule,
        environment: &Environment,
        platform: &Platform,
    ) -> Result<Self, Diagnostic> {
        let schedule = &environment.schedule;
        let every = schedule.every.as_ref();
        let interval = every.map_or(INTERVAL, |every| every.node.interval);
        let delay = schedule.delay.node;
        let Reach { back, after, window } = Reach::of(rule);
        let need = interval.saturating_add(delay).saturating_add(back).saturating_add(after);
        let need = need.next_multiple_of(MINUTE);
        if window == 0 {
            // Single events: what is not reported need not be read.
            return Ok(Self { interval, delay, after, lookback: need, window });
        }
        if let Some(given) = schedule.lookback.as_ref().filter(|given| given.node < need) {
            return Err(too_short(rule, given, need));
        }
        let lookback =
            schedule.lookback.as_ref().map_or(need, |given| given.node).next_multiple_of(MINUTE);
        match platform.lookback {
            Some(days) if lookback > days.saturating_mul(DAY) => {
                let most = format!("`{}` looks back {days} days at most", platform.name);
                Err(too_far(rule.meta.span, lookback, &most))
            }
            Some(_) | None => Ok(Self { interval, delay, after, lookback, window }),
        }
    }

    /// What the query has to say about it.
    pub(super) fn report(&self) -> Report {
        Report { interval: self.interval, delay: self.delay, after: self.after }
    }

    /// The look-back in minutes.
    pub(super) fn lookback_minutes(&self) -> u64 {
        self.lookback / MINUTE
    }
}

fn too_short(rule: &Rule, given: &Spanned<u64>, need: u64) -> Diagnostic {
    let message = format!(
        "a look-back of {} cannot cover `{}`, which needs {}",
        told(given.node),
        rule.name,
        told(need)
    );
    Diagnostic::new(Code::LookbackTooShort, given.span, message)
        .label(rule.meta.span.head(), "this rule")
        .note("a run needs the interval, the delay, and what the rule looks back")
        .help("leave `lookback` out, and each rule gets what it needs")
}

/// E0711 where a platform does not look back so far.
pub(super) fn too_far(span: Span, lookback: u64, most: &str) -> Diagnostic {
    let message = format!("a run has to look back {}, but {most}", told(lookback));
    Diagnostic::new(Code::LookbackTooShort, span.head(), message)
        .note("a run needs the interval, the delay, and what the rule looks back")
        .help("shorten the timespan of the rule, or the schedule")
}

/// `90s`, `15m`, `26h`, `14d`: the largest unit that is exact.
pub(super) fn short(length: u64) -> String {
    match length {
        0 => "0s".to_owned(),
        days if days % DAY == 0 => format!("{}d", days / DAY),
        hours if hours % HOUR == 0 => format!("{}h", hours / HOUR),
        minutes if minutes % MINUTE == 0 => format!("{}m", minutes / MINUTE),
        other => format!("{}s", other.div_ceil(1000)),
    }
}

/// `7d 1h 5m`, for people.
pub(super) fn told(length: u64) -> String {
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")];
    let mut rest = length;
    let mut parts = Vec::new();
    for (unit, name) in units {
        if rest >= unit {
            parts.push(format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    parts.join(" ")
}

/// `PT15M`, `PT26H`, `P14D`.
pub(super) fn iso(length: u64) -> String {
    let text = short(length).to_uppercase();
    if text.ends_with('D') { format!("P{text}") } else { format!("PT{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_the_largest_unit() {
        assert_eq!(told(7 * DAY + HOUR + 5 * MINUTE), "7d 1h 5m");
        assert_eq!(short(90_000), "90s");
        assert_eq!(short(26 * HOUR), "26h");
        assert_eq!(iso(14 * DAY), "P14D");
        assert_eq!(iso(15 * MINUTE), "PT15M");
    }
}
