//! Times as they are found in logs, in milliseconds since 1970 (UTC).
//!
//! RFC 3339 (`2026-03-29T09:34:25.019Z`), the same without an offset (UTC, as Sysmon's `UtcTime`),
//! and numbers since 1970, in seconds, milliseconds, microseconds or nanoseconds by magnitude:
//! 1e11 seconds are the year 5138, 1e11 milliseconds 1973. Finer parts are cut off. Of Windows' own
//! spellings, the number of 100 ns since 1601 (`134192503650190000`, which as nanoseconds would lie
//! between 1973 and 1976), `/Date(1774776865019)/` of PowerShell's JSON and `20260329093425.019000+000`
//! of WMI, whose offset is in minutes.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::engine::event::Value;
use crate::ir::TimePart;

/// The time that a value spells.
#[must_use]
pub fn time(value: &Value) -> Option<i64> {
    match value {
        Value::Text(text) => spelled(text.trim()),
        Value::Integer(number) => whole(*number),
        Value::Real(number) => real(*number),
        Value::Null | Value::Boolean(_) | Value::List(_) => None,
    }
}

/// A part of the time that a value spells, in UTC.
#[must_use]
pub fn part_of_time(value: &Value, part: TimePart) -> Option<i16> {
    let at = Timestamp::from_millisecond(time(value)?).ok()?.to_zoned(TimeZone::UTC).datetime();
    Some(match part {
        TimePart::Minute => at.minute().into(),
        TimePart::Hour => at.hour().into(),
        TimePart::Day => at.day().into(),
        TimePart::Week => at.date().iso_week_date().week().into(),
        TimePart::Month => at.month().into(),
        TimePart::Year => at.year(),
    })
}

/// A time as RFC 3339 with milliseconds, as results show it.
#[must_use]
pub fn rfc3339(time: i64) -> String {
    Timestamp::from_millisecond(time).map_or_else(|_| time.to_string(), |at| format!("{at:.3}"))
}

fn spelled(text: &str) -> Option<i64> {
    let first = text.bytes().next()?;
    if let Some(millis) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        return millis.parse().ok();
    }
    if !first.is_ascii_digit() {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return whole(text.parse().ok()?);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return real(text.parse().ok()?);
    }
    if let Some(at) = wmi(text) {
        return Some(at);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_microsecond().div_euclid(1_000));
    }
    let at: DateTime = text.parse().ok()?;
    let at = at.to_zoned(TimeZone::UTC).ok()?;
    Some(at.timestamp().as_microsecond().div_euclid(1_000))
}

/// WMI's spelling of a time: fourteen digits, a fraction and an offset in minutes.
fn wmi(text: &str) -> Option<i64> {
    let (digits, rest) = text.split_at_checked(14)?;
    let (fraction, offset) = rest.strip_prefix('.')?.split_at_checked(6)?;
    let at = DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?.to_zoned(TimeZone::UTC).ok()?;
    let millis = fraction.parse::<i64>().ok()?.div_euclid(1_000);
    let minutes: i64 = offset.parse().ok()?;
    Some(at.timestamp().as_millisecond() + millis - minutes * 60_000)
}

/// 100 ns from 1601 to 1970, and to a year that no log is of.
const FILETIME_1970: i128 = 116_444_736_000_000_000;
const FILETIME_2200: u128 = 189_000_000_000_000_000;

fn whole(number: i128) -> Option<i64> {
    let millis = match number.unsigned_abs() {
        0..100_000_000_000 => number * 1_000,
        100_000_000_000..100_000_000_000_000 => number,
        100_000_000_000_000..100_000_000_000_000_000 => number.div_euclid(1_000),
        100_000_000_000_000_000..FILETIME_2200 if number >= FILETIME_1970 => {
            (number - FILETIME_1970).div_euclid(10_000)
        }
        100_000_000_000_000_000..100_000_000_000_000_000_000 => number.div_euclid(1_000_000),
        _ => return None,
    };
    i64::try_from(millis).ok()
}

#[expect(clippy::cast_possible_truncation, reason = "the magnitude is checked")]
fn real(number: f64) -> Option<i64> {
    if !number.is_finite() {
        return None;
    }
    if number.fract() == 0.0 || number.abs() >= 1e11 {
        return if number.abs() < 1e20 { whole(number as i128) } else { None };
    }
    // Microseconds first: 0.123 seconds in floating point may lie just below.
    Some(((number * 1e6).round() as i64).div_euclid(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_is_read_from_every_spelling() {
        for text in [
            "2026-03-29T09:34:25.019Z",
            "2026-03-29T09:34:25.019999Z",
            "2026-03-29T09:34:25.0190000Z",
            "2026-03-29T11:34:25.019+02:00",
            "2026-03-29 09:34:25.019",
            "2026-03-29T09:34:25.019",
            "1774776865.019",
            "1774776865019",
            "1774776865019123",
            "1774776865019123456",
            "134192504650190000",
            "/Date(1774776865019)/",
            "20260329093425.019000+000",
            "20260329113425.019999+120",
        ] {
            assert_eq!(time(&text.into()), Some(1_774_776_865_019), "{text}");
        }
        assert_eq!(time(&Value::Real(1_774_776_865.019)), Some(1_774_776_865_019));
        assert_eq!(time(&Value::Integer(1_774_776_865)), Some(1_774_776_865_000));
        assert_eq!(rfc3339(1_774_776_865_019), "2026-03-29T09:34:25.019Z");
        assert_eq!(rfc3339(1_774_776_865_000), "2026-03-29T09:34:25.000Z");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in
            ["", "-", "yesterday", "2026-13-01T00:00:00Z", "99999999999999999999999", "1.2.3"]
        {
            assert_eq!(time(&text.into()), None, "{text}");
        }
        for number in [f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(time(&Value::Real(number)), None);
        }
    }

    #[test]
    fn parts_are_those_of_utc() {
        let at = Value::from("2026-01-01T01:30:00+02:00");
        for (part, value) in [
            (TimePart::Minute, 30),
            (TimePart::Hour, 23),
            (TimePart::Day, 31),
            (TimePart::Week, 1),
            (TimePart::Month, 12),
            (TimePart::Year, 2025),
        ] {
            assert_eq!(part_of_time(&at, part), Some(value), "{part:?}");
        }
    }
}
