//! `timespan: 5m` → milliseconds.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::syntax::ast::Correlation;

const SECOND: u64 = 1000;
const DAY: u64 = 86_400 * SECOND;
/// The shortest and the longest window.
pub(in crate::check) const RANGE: std::ops::RangeInclusive<u64> = SECOND..=366 * DAY;

/// Units with their milliseconds; months and years are mean ones, as in pySigma.
const UNITS: &[(&str, u64)] = &[
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3600 * SECOND),
    ("d", DAY),
    ("w", 7 * DAY),
    ("M", 2_629_746 * SECOND),
    ("y", 31_556_952 * SECOND),
];

/// The window of a correlation; reported if it is none.
pub(super) fn check(correlation: &Correlation, diagnostics: &mut Diagnostics) -> Option<u64> {
    let written = correlation.timespan.as_ref()?;
    let problem = match read(&written.node) {
        Some(span) if RANGE.contains(&span) => return Some(span),
        Some(_) => format!("the timespan `{}` is out of range", written.node),
        None => format!("`{}` is not a timespan", written.node),
    };
    diagnostics.push(Diagnostic::new(Code::BadTimespan, written.span, problem).help(
        "write a whole number and a unit: s, m, h, d, w, M (month) or y; 1 second to 366 days",
    ));
    None
}

/// The milliseconds of a number and a unit.
pub(in crate::check) fn read(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some(number.parse::<u64>().ok()?.saturating_mul(*unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timespans_are_a_number_and_a_unit() {
        let cases = [
            ("1s", Some(1000)),
            ("5m", Some(300_000)),
            ("24h", Some(86_400_000)),
            ("7d", Some(604_800_000)),
            ("1w", Some(604_800_000)),
            ("1M", Some(2_629_746_000)),
            ("0s", Some(0)),
            ("1y", Some(31_556_952_000)),
            ("99999999999999999999s", None),
            ("18446744073709551615d", Some(u64::MAX)),
            ("5", None),
            ("m", None),
            ("", None),
            ("5 m", None),
            ("1h30m", None),
            ("-5m", None),
            ("1.5h", None),
            ("٣s", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
        assert!(RANGE.contains(&1000) && !RANGE.contains(&999));
        assert!(RANGE.contains(&(366 * DAY)) && !RANGE.contains(&(366 * DAY + 1)));
    }
}
