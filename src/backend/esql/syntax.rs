//! Words of ES|QL: strings, patterns, field names, numbers, spans. The only place that knows its
//! quoting.
//!
//! `C:\Temp\"x"` → `"C:\\Temp\\\"x\""`; the field `a.b-c` → `` a.`b-c` ``; the pattern `*\cmd.exe`,
//! whose backslash has to be escaped for `LIKE`, too → `"""*\\cmd.exe"""`; 300000 ms → `5 minutes`.

use crate::backend::{Fragment, infix};
use crate::ir::Part;

/// Marks fragments of ES|QL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Esql {}

/// Text that is valid ES|QL.
pub(super) type Text = Fragment<Esql>;

/// A boolean expression.
pub(super) type Expr = infix::Expr<Esql>;

/// Words of the language, in any case, of any version so far: no identifiers without quotes.
const KEYWORDS: &[&str] = &[
    "and", "as", "asc", "by", "desc", "false", "first", "group", "in", "info", "is", "join", "key",
    "last", "like", "metadata", "not", "null", "nulls", "on", "or", "rlike", "score", "true",
    "using", "where", "with",
];

/// How ES|QL writes boolean operators.
pub(super) const OPERATORS: infix::Operators =
    infix::Operators { and: " AND ", or: " OR ", not: "NOT ", always: "TRUE", never: "FALSE" };

/// A string literal. The language has no escape for characters that do not show.
pub(super) fn string(text: &str) -> Text {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    Text::trusted(out)
}

/// What a raw string begins and ends with.
const RAW: &str = "\"\"\"";

/// A string literal that holds an expression with escapes of its own: raw where that spares
/// backslashes.
pub(super) fn raw(text: &str) -> Text {
    let fits = text.contains('\\') && !text.contains(['"', '\n', '\r', '\t']);
    if fits { Text::trusted([RAW, text, RAW].concat()) } else { string(text) }
}

/// A pattern for `LIKE`, in which `*`, `?` and `\` stand for themselves after a `\`.
pub(super) fn like(parts: &[Part]) -> Text {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Any => out.push('*'),
            Part::One => out.push('?'),
            Part::Literal(text) => {
                for c in text.chars() {
                    if matches!(c, '*' | '?' | '\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }
            }
        }
    }
    raw(&out)
}

/// A field, or a name that a query makes up.
pub(super) fn name(name: &str) -> Text {
    if name.split('.').any(str::is_empty) {
        return Text::trusted(quoted(name));
    }
    if name.split('.').all(is_plain) {
        return Text::trusted(name);
    }
    let part = |part: &str| if is_plain(part) { part.to_owned() } else { quoted(part) };
    let parts: Vec<String> = name.split('.').map(part).collect();
    Text::trusted(parts.join("."))
}

/// An index pattern, or several with commas between.
pub(super) fn index(pattern: &str) -> Text {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_*".contains(c);
    let each = pattern.split(',').map(str::trim).map(|one| {
        if !one.is_empty() && one.chars().all(plain) { Text::trusted(one) } else { string(one) }
    });
    Text::join(each, ", ")
}

/// A number; `None` if ES|QL has no literal for it.
pub(super) fn number(value: f64) -> Option<Text> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if !value.is_finite() {
        return None;
    }
    if value.fract() != 0.0 {
        return Some(Text::trusted(format!("{value:?}")));
    }
    (value.abs() <= EXACT).then(|| Text::trusted(format!("{value:.0}")))
}

/// A length of time in the largest unit that says it exactly; days would follow the calendar.
pub(super) fn span(milliseconds: u64) -> Text {
    const UNITS: &[(u64, &str)] = &[(3_600_000, "hour"), (60_000, "minute"), (1000, "second")];
    let unit = UNITS.iter().find(|(length, _)| milliseconds.is_multiple_of(*length));
    let (length, name) = unit.copied().unwrap_or((1, "millisecond"));
    let count = milliseconds / length;
    let plural = if count == 1 { "" } else { "s" };
    Text::trusted(format!("{count} {name}{plural}"))
}

/// The text of a `//` comment: one line.
pub(super) fn comment(text: &str) -> Text {
    Text::trusted(
        text.replace(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'), " "),
    )
}

/// Whether a part of a name needs no quotes.
fn is_plain(part: &str) -> bool {
    let mut chars = part.chars();
    let head = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '@'));
    let body = chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    let lone = part.len() == 1 && !part.starts_with(|c: char| c.is_ascii_alphabetic());
    let known = KEYWORDS.iter().any(|word| part.eq_ignore_ascii_case(word));
    head && body && !lone && !known
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a string literal, written after the documentation of ES|QL; `None` if it is not one.
    fn lex(literal: &str) -> Option<String> {
        if let Some(rest) = literal.strip_prefix("\"\"\"").filter(|rest| rest.len() >= 3) {
            let body = rest.strip_suffix("\"\"\"")?;
            return (!body.contains(['"', '\n', '\r'])).then(|| body.to_owned());
        }
        let mut chars = literal.strip_prefix('"')?.strip_suffix('"')?.chars();
        let mut out = String::new();
        while let Some(c) = chars.next() {
            match c {
                '"' | '\n' | '\r' => return None,
                '\\' => out.push(match chars.next()? {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    c @ ('"' | '\\') => c,
                    _ => return None,
                }),
                c => out.push(c),
            }
        }
        Some(out)
    }

    /// Reads a pattern as `LIKE` does.
    fn wildcards(pattern: &str) -> Vec<Part> {
        let mut found: Vec<Part> = Vec::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            let literal = match c {
                '*' => {
                    found.push(Part::Any);
                    continue;
                }
                '?' => {
                    found.push(Part::One);
                    continue;
                }
                '\\' => chars.next().expect("something is escaped"),
                c => c,
            };
            match found.last_mut() {
                Some(Part::Literal(text)) => text.push(literal),
                Some(Part::Any | Part::One) | None => found.push(Part::Literal(literal.into())),
            }
        }
        found
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in any::<String>()) {
            prop_assert_eq!(lex(string(&text).as_str()), Some(text.clone()));
            prop_assert_eq!(lex(raw(&text).as_str()), Some(text));
        }

        #[test]
        fn quotes_and_backslashes_read_back(text in r#"[\\"'`*?\n\r\t\x00-\x1f{}u0-9a]{0,12}"#) {
            prop_assert_eq!(lex(string(&text).as_str()), Some(text.clone()));
            prop_assert_eq!(lex(raw(&text).as_str()), Some(text));
        }

        #[test]
        fn literals_of_patterns_read_back(start in any::<String>(), end in r#"[\\"*?a\n]{1,9}"#) {
            let mut parts = vec![Part::Any, Part::Literal(end), Part::One];
            if !start.is_empty() {
                parts.insert(0, Part::Literal(start));
            }
            let pattern = lex(like(&parts).as_str()).unwrap();
            prop_assert_eq!(wildcards(&pattern), parts);
        }
    }

    #[test]
    fn fields_are_quoted_part_by_part() {
        let cases = [
            ("process.name", "process.name"),
            ("@timestamp", "@timestamp"),
            ("a.b-c.d", "a.`b-c`.d"),
            ("a.By.9x", "a.`By`.`9x`"),
            ("a`b", "`a``b`"),
            ("a..b", "`a..b`"),
            ("last", "`last`"),
            ("_", "`_`"),
            ("_id", "_id"),
        ];
        for (field, printed) in cases {
            assert_eq!(name(field).as_str(), printed);
        }
    }

    #[test]
    fn index_patterns_are_quoted_where_they_need_it() {
        assert_eq!(index("winlogbeat-*,logs-*").as_str(), "winlogbeat-*, logs-*");
        assert_eq!(index("a:b|c").as_str(), "\"a:b|c\"");
    }

    #[test]
    fn spans_take_the_largest_exact_unit() {
        let cases = [(86_400_000, "24 hours"), (3_600_000, "1 hour"), (1500, "1500 milliseconds")];
        for (length, printed) in cases {
            assert_eq!(span(length).as_str(), printed);
        }
    }

    #[test]
    fn numbers_are_exact_or_nothing() {
        let cases = [(3.0, Some("3")), (-5.0, Some("-5")), (1.5, Some("1.5"))];
        for (value, printed) in cases {
            assert_eq!(number(value).map(|text| text.to_string()).as_deref(), printed);
        }
        assert_eq!(number(1e300), None);
        assert_eq!(number(f64::NAN), None);
    }
}
