//! What a scalar means: as the authors of Sigma rules mean it, not as a YAML version does.
//!
//! YAML 1.1 readers take `010` for 8, `12:30:45` for 45045 and `yes` for true; YAML 1.2 readers
//! disagree. Here only what looks the same to everyone is more than text: decimal numbers without
//! leading zeros, `true`, `false`, `null`. Everything else is text, exactly as written, and
//! [`ambiguous`] tells where another reader would see something else. Quoted scalars are text.
//!
//! `4624` → `Integer(4624)`; `010`, `0x1f`, `1e3`, `2024-01-01` → `Text`; `'4624'` → `Text`.

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`, line breaks kept.
    Literal,
    /// `>`, line breaks folded to spaces.
    Folded,
}

/// What a scalar means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning {
    /// Text: the scalar as written.
    Text,
    /// A whole number.
    Integer(i64),
    /// A number with a decimal point.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`, `~` or nothing.
    Null,
}

/// What the scalar means; quoted and block scalars are always text.
#[must_use]
pub fn meaning(text: &str, style: Style) -> Meaning {
    match style {
        Style::SingleQuoted | Style::DoubleQuoted | Style::Literal | Style::Folded => Meaning::Text,
        Style::Plain => plain(text),
    }
}

/// What another YAML reader may take a plain scalar for that is text here: `a number`, `a date`, …
#[must_use]
pub fn ambiguous(text: &str, style: Style) -> Option<&'static str> {
    if style != Style::Plain || meaning(text, style) != Meaning::Text {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_str(), "yes" | "no" | "on" | "off") {
        return Some("a boolean");
    }
    let unsigned = lower.strip_prefix(['-', '+']).unwrap_or(&lower);
    if matches!(unsigned, ".inf" | ".nan") || is_number_elsewhere(unsigned) {
        return Some("a number");
    }
    if is_sexagesimal(unsigned) {
        return Some("a number in base 60");
    }
    is_date(text).then_some("a date")
}

fn plain(text: &str) -> Meaning {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "true" | "True" | "TRUE" => Meaning::Boolean(true),
        "false" | "False" | "FALSE" => Meaning::Boolean(false),
        _ => number(text),
    }
}

/// A decimal number without leading zeros that fits its type; anything else is text.
fn number(text: &str) -> Meaning {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    if !is_digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
        return Meaning::Text;
    }
    match fraction {
        None => text.parse().map_or(Meaning::Text, Meaning::Integer),
        Some(digits) if is_digits(digits) => text.parse().map_or(Meaning::Text, Meaning::Float),
        Some(_) => Meaning::Text,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `010`, `0x1f`, `0o17`, `0b11`, `1_000`, `.5`, `5.`, `1e3`. An integer beyond 64 bits is its
/// digits to everyone.
fn is_number_elsewhere(unsigned: &str) -> bool {
    if is_digits(unsigned) && !unsigned.starts_with('0') {
        return false;
    }
    let radix = [("0x", 16), ("0o", 8), ("0b", 2)];
    if let Some((digits, radix)) =
        radix.iter().find_map(|(prefix, radix)| Some((unsigned.strip_prefix(prefix)?, *radix)))
    {
        return !digits.is_empty() && digits.chars().all(|c| c == '_' || c.is_digit(radix));
    }
    let (mantissa, exponent) = match unsigned.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_fits =
        exponent.is_none_or(|digits| is_digits(digits.strip_prefix(['-', '+']).unwrap_or(digits)));
    let digits = mantissa.replace(['_', '.'], "");
    let starts = mantissa.starts_with('.') || mantissa.starts_with(|c: char| c.is_ascii_digit());
    exponent_fits && starts && is_digits(&digits) && mantissa.matches('.').count() <= 1
}

/// `1:30`, `12:30:45`, `1:30.5`: digits and groups below 60.
fn is_sexagesimal(unsigned: &str) -> bool {
    let whole = unsigned.split_once('.').map_or(unsigned, |(whole, _)| whole);
    let mut groups = whole.split(':');
    let first = groups.next().is_some_and(is_digits);
    let mut rest = groups.peekable();
    first
        && rest.peek().is_some()
        && rest.all(|group| is_digits(group) && group.parse::<u32>().is_ok_and(|value| value < 60))
}

/// `2024-01-01`, with or without a time after it.
fn is_date(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else { return is_short_date(text) };
    let time = rest.starts_with(['T', 't', ' ']) && rest.contains(':');
    is_short_date(date) && (rest.is_empty() || time)
}

fn is_short_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    match parts.as_slice() {
        [year, month, day] => {
            [year, month, day].iter().all(|part| is_digits(part))
                && year.len() == 4
                && month.len() <= 2
                && day.len() <= 2
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_their_authors_mean() {
        let table = [
            ("", Meaning::Null),
            ("~", Meaning::Null),
            ("null", Meaning::Null),
            ("Null", Meaning::Null),
            ("nUll", Meaning::Text),
            ("true", Meaning::Boolean(true)),
            ("TRUE", Meaning::Boolean(true)),
            ("False", Meaning::Boolean(false)),
            ("0", Meaning::Integer(0)),
            ("-7", Meaning::Integer(-7)),
            ("+7", Meaning::Integer(7)),
            ("4624", Meaning::Integer(4624)),
            ("9223372036854775808", Meaning::Text),
            ("1.5", Meaning::Float(1.5)),
            ("-0.25", Meaning::Float(-0.25)),
            ("10.0.0.1", Meaning::Text),
            ("-", Meaning::Text),
            ("1.", Meaning::Text),
            (".5", Meaning::Text),
        ];
        for (text, expected) in table {
            assert_eq!(meaning(text, Style::Plain), expected, "{text}");
            assert_eq!(meaning(text, Style::SingleQuoted), Meaning::Text, "'{text}'");
        }
    }

    #[test]
    fn what_another_reader_takes_for_something_else_is_ambiguous_text() {
        let table = [
            ("010", "a number"),
            ("00000429", "a number"),
            ("0x1F", "a number"),
            ("0o17", "a number"),
            ("0b11", "a number"),
            ("1e3", "a number"),
            ("1.5e+3", "a number"),
            ("1_000", "a number"),
            (".5", "a number"),
            ("-.inf", "a number"),
            ("12:30:45", "a number in base 60"),
            ("1:30", "a number in base 60"),
            ("yes", "a boolean"),
            ("Off", "a boolean"),
            ("2024-01-01", "a date"),
            ("2024-1-1", "a date"),
            ("2024-01-01T00:00:00Z", "a date"),
        ];
        for (text, other) in table {
            assert_eq!(meaning(text, Style::Plain), Meaning::Text, "{text}");
            assert_eq!(ambiguous(text, Style::Plain), Some(other), "{text}");
            assert_eq!(ambiguous(text, Style::DoubleQuoted), None, "\"{text}\"");
        }
    }

    #[test]
    fn ordinary_text_and_clear_scalars_are_not_ambiguous() {
        let table = [
            "4624",
            "99999999999999999999",
            "1.5",
            "true",
            "~",
            "10.0.0.1",
            "::1",
            "fe80::1",
            "1.2.3",
            "e3",
            "0xzz",
            "y",
            "n",
            "a:30",
            "1:99",
            "2024-01",
            "_",
            ".",
            "é",
            "-",
            "12:",
            "2024-01-01x",
            "日本語の文",
        ];
        for text in table {
            assert_eq!(ambiguous(text, Style::Plain), None, "{text}");
        }
    }
}
