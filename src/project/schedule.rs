//! When a rule runs and how far it looks back: `schedule = "1h"`, `"*/15 * * * *"`; `delay = "5m"`.
//!
//! Every run reports the firings of one interval, so the runs of a cron expression must be evenly
//! spaced: `0 * * * *` → 1 h; `0,10 * * * *` is refused. All durations are in milliseconds.

use std::collections::BTreeSet;

/// A second in milliseconds.
pub const SECOND: u64 = 1000;
/// A minute in milliseconds.
pub const MINUTE: u64 = 60 * SECOND;
/// An hour in milliseconds.
pub const HOUR: u64 = 60 * MINUTE;
/// A day in milliseconds.
pub const DAY: u64 = 24 * HOUR;

/// Minutes of a week.
const WEEK: u32 = 7 * 24 * 60;

/// How often a rule runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Every {
    /// Between two runs, in milliseconds.
    pub interval: u64,
    /// The cron expression, if the project gives one.
    pub cron: Option<String>,
}

/// `90s`, `5m`, `24h`, `14d` in milliseconds; `None` for anything else and for zero.
#[must_use]
pub fn duration(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse::<u64>().ok().filter(|number| is_number && *number > 0)?;
    number.checked_mul(unit).filter(|length| *length <= 366 * DAY)
}

impl Every {
    /// Reads an interval or a cron expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(interval) = duration(text) {
            if !interval.is_multiple_of(MINUTE) {
                return Err(format!("`{text}` is no whole number of minutes"));
            }
            return Ok(Self { interval, cron: None });
        }
        let interval = u64::from(spacing(text)?) * MINUTE;
        Ok(Self { interval, cron: Some(text.split_whitespace().collect::<Vec<_>>().join(" ")) })
    }

    /// The cron expression that runs as often; `None` if there is none.
    #[must_use]
    pub fn to_cron(&self) -> Option<String> {
        if let Some(cron) = &self.cron {
            return Some(cron.clone());
        }
        let (minutes, hours) = (self.interval / MINUTE, self.interval / HOUR);
        match minutes {
            1 => Some("* * * * *".to_owned()),
            2..60 if 60 % minutes == 0 => Some(format!("*/{minutes} * * * *")),
            60 => Some("0 * * * *".to_owned()),
            61..1440 if minutes % 60 == 0 && 24 % hours == 0 => Some(format!("0 */{hours} * * *")),
            1440 => Some("0 0 * * *".to_owned()),
            10080 => Some("0 0 * * 0".to_owned()),
            _ => None,
        }
    }
}

/// The minutes between two runs of a cron expression.
fn spacing(text: &str) -> Result<u32, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return Err(format!("`{text}` is neither a duration nor a cron expression"));
    };
    if (*day, *month) != ("*", "*") {
        return Err(format!("the runs of `{text}` are not evenly spaced: months differ in length"));
    }
    let (minutes, hours) = (field(minute, 0..=59)?, field(hour, 0..=23)?);
    let days: BTreeSet<u32> = field(weekday, 0..=7)?.into_iter().map(|day| day % 7).collect();
    let runs: Vec<u32> = (0..WEEK)
        .filter(|at| {
            minutes.contains(&(at % 60))
                && hours.contains(&(at / 60 % 24))
                && days.contains(&(at / 1440))
        })
        .collect();
    let later = runs.iter().skip(1).copied().chain(runs.first().map(|first| first + WEEK));
    let gaps: BTreeSet<u32> = runs.iter().zip(later).map(|(one, next)| next - one).collect();
    match (gaps.first(), gaps.last()) {
        (Some(least), Some(most)) if least == most => Ok(*least),
        (Some(least), Some(most)) => Err(format!(
            "the runs of `{text}` are not evenly spaced: {least} to {most} minutes apart"
        )),
        (None, _) | (_, None) => Err(format!("`{text}` never runs")),
    }
}

/// The numbers of a cron field: `*`, `*/15`, `1,2`, `0-30/10`.
fn field(text: &str, range: std::ops::RangeInclusive<u32>) -> Result<BTreeSet<u32>, String> {
    let problem = || {
        let (from, to) = (range.start(), range.end());
        format!("`{text}` is no cron field of numbers from {from} to {to}")
    };
    let mut numbers = BTreeSet::new();
    for part in text.split(',') {
        let (span, step) = part.split_once('/').unwrap_or((part, "1"));
        let number = |text: &str| text.parse::<u32>().map_err(|_| problem());
        let (from, to) = match span.split_once('-') {
            _ if span == "*" => (*range.start(), *range.end()),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(span)?, *range.end()),
            None => (number(span)?, number(span)?),
        };
        let step = number(step)?;
        if step == 0 || !range.contains(&from) || !range.contains(&to) || from > to {
            return Err(problem());
        }
        numbers.extend((from..=to).step_by(step as usize));
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        assert_eq!(duration("90s"), Some(90 * SECOND));
        assert_eq!(duration("14d"), Some(14 * DAY));
        for wrong in ["", "5", "m", "-5m", "+5m", "0m", "5M", "5 m", "1.5h", "999999999999d", "5ü"]
        {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn runs_of_a_cron_expression_are_evenly_spaced() {
        let interval = |text| Every::parse(text).map(|every| every.interval / MINUTE);
        assert_eq!(interval("1h"), Ok(60));
        assert_eq!(interval("*/15 * * * *"), Ok(15));
        assert_eq!(interval("7-59/10 * * * *"), Ok(10));
        assert_eq!(interval("30 4 * * *"), Ok(1440));
        assert_eq!(interval("30 4 * * 0,7"), Ok(10080));
        for wrong in
            ["0,10 * * * *", "0 0 1 * *", "61 * * * *", "* * *", "*/0 * * * *", "5-1 * * * *"]
        {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
        assert!(interval("*/7 * * * *").unwrap_err().contains("4 to 7 minutes"));
    }

    #[test]
    fn an_interval_is_a_cron_expression_where_there_is_one() {
        let cron = |text| Every::parse(text).unwrap().to_cron();
        assert_eq!(cron("5m").as_deref(), Some("*/5 * * * *"));
        assert_eq!(cron("60m").as_deref(), Some("0 * * * *"));
        assert_eq!(cron("4h").as_deref(), Some("0 */4 * * *"));
        assert_eq!(cron("1d").as_deref(), Some("0 0 * * *"));
        assert_eq!(cron("7 * * * *").as_deref(), Some("7 * * * *"));
        assert_eq!(cron("7m"), None);
        for text in ["1m", "5m", "1h", "4h", "1d", "7d"] {
            let cron = Every::parse(&cron(text).unwrap()).unwrap();
            assert_eq!(cron.interval, Every::parse(text).unwrap().interval, "{text}");
        }
    }
}
