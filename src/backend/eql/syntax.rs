//! Words of EQL: strings, field names, numbers, spans. The only place that knows its quoting.
//!
//! `C:\Temp\"x"` → `"C:\\Temp\\\"x\""`; the field `winlog.event_data.Foo-Bar` →
//! `` ?winlog.event_data.`Foo-Bar` ``; 300000 milliseconds → `5m`.
//!
//! A field is written with `?` where Elasticsearch may not have met it yet: it maps the parts of
//! [`OPEN_OBJECTS`] as events bring them, and a query on an unmapped field fails without the `?`.
//! With it the field counts as missing, but then a test on it is null, and so is its negation: the
//! printer of predicates adds the null check that makes it two-valued.

use std::borrow::Cow;

use crate::backend::{Fragment, infix};

/// Marks fragments of EQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Eql {}

/// Text that is valid EQL.
pub(super) type Text = Fragment<Eql>;

/// A boolean expression.
pub(super) type Expr = infix::Expr<Eql>;

/// Objects whose fields Elasticsearch maps only when an event has them (Winlogbeat's mapping).
const OPEN_OBJECTS: &[&str] = &["winlog.event_data.", "winlog.user_data."];

/// Words that are no identifiers.
const KEYWORDS: &[&str] = &[
    "and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null", "of", "or",
    "regex", "sample", "sequence", "true", "until", "where", "with",
];

/// How EQL writes boolean operators.
pub(super) const OPERATORS: infix::Operators =
    infix::Operators { and: " and ", or: " or ", not: "not ", always: "true", never: "false" };

/// A string literal.
pub(super) fn string(text: &str) -> Text {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_invisible(c) => out.push_str(&format!("\\u{{{:04x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    Text::trusted(out)
}

/// A string literal that holds a regular expression: raw where that spares backslashes.
pub(super) fn pattern(regex: &str) -> Text {
    let raw = regex.contains('\\') && !regex.chars().any(|c| c == '"' || is_invisible(c));
    if raw { Text::trusted(format!("\"\"\"{regex}\"\"\"")) } else { string(regex) }
}

/// A field in a test or a key.
pub(super) fn field(name: &str) -> Text {
    let marker = if is_open(name) { "?" } else { "" };
    Text::trusted([marker, &path(name)].concat())
}

/// Whether the field may be unknown to Elasticsearch, so that a test on it may be null.
pub(super) fn is_open(name: &str) -> bool {
    OPEN_OBJECTS.iter().any(|object| name.starts_with(object))
}

/// What stands before `where`.
pub(super) fn category(name: &str) -> Text {
    if name == "any" || is_identifier(name) { Text::trusted(name) } else { string(name) }
}

/// A number; `None` if EQL has no literal for it.
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

/// A length of time in the largest unit that says it exactly.
pub(super) fn span(milliseconds: u64) -> Text {
    const UNITS: &[(u64, &str)] =
        &[(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let unit = UNITS.iter().find(|(length, _)| milliseconds.is_multiple_of(*length));
    let (length, name) = unit.copied().unwrap_or((1, "ms"));
    Text::trusted(format!("{}{name}", milliseconds / length))
}

/// The text of a `//` comment: one line.
pub(super) fn comment(text: &str) -> Text {
    Text::trusted(text.replace(|c: char| is_invisible(c), " "))
}

fn path(name: &str) -> Cow<'_, str> {
    if name.split('.').all(is_identifier) {
        return Cow::Borrowed(name);
    }
    if name.split('.').any(str::is_empty) {
        return Cow::Owned(quoted(name));
    }
    let identifier = |part: &str| if is_identifier(part) { part.to_owned() } else { quoted(part) };
    Cow::Owned(name.split('.').map(identifier).collect::<Vec<_>>().join("."))
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn is_identifier(part: &str) -> bool {
    let mut chars = part.chars();
    let head = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    head && chars.all(|c| c.is_ascii_alphanumeric() || c == '_') && !KEYWORDS.contains(&part)
}

/// Characters that would not show, would break the line, or would reorder it for the reader; not
/// the joiners that are part of written words and of emojis.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{200e}'..='\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads an EQL string literal, written after Elastic's grammar; `None` if it is not one.
    fn lex(literal: &str) -> Option<String> {
        if let Some(raw) = literal.strip_prefix("\"\"\"").filter(|rest| rest.len() >= 3) {
            let body = raw.strip_suffix("\"\"\"")?;
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
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    c @ ('"' | '\'' | '\\') => c,
                    'u' if chars.next()? == '{' => {
                        let hex: String = chars.by_ref().take_while(|c| *c != '}').collect();
                        let fits = (2..=8).contains(&hex.len());
                        char::from_u32(u32::from_str_radix(&hex, 16).ok()?).filter(|_| fits)?
                    }
                    _ => return None,
                }),
                c => out.push(c),
            }
        }
        Some(out)
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in any::<String>()) {
            prop_assert_eq!(lex(string(&text).as_str()), Some(text.clone()));
            prop_assert_eq!(lex(pattern(&text).as_str()), Some(text));
        }

        #[test]
        fn quotes_and_backslashes_read_back(text in r#"[\\"'`*?\n\r\t\x00-\x1f{}u0-9a]{0,12}"#) {
            prop_assert_eq!(lex(string(&text).as_str()), Some(text.clone()));
            prop_assert_eq!(lex(pattern(&text).as_str()), Some(text));
        }
    }

    #[test]
    fn strings_show_what_a_reader_could_not_see() {
        assert_eq!(string("a\u{202e}b").as_str(), r#""a\u{202e}b""#);
        assert_eq!(string("\u{1}").as_str(), r#""\u{0001}""#);
        assert_eq!(string("Zürich").as_str(), "\"Zürich\"");
    }

    #[test]
    fn fields_are_quoted_part_by_part() {
        let cases = [
            ("process.name", "process.name"),
            ("@timestamp", "`@timestamp`"),
            ("a.b-c.d", "a.`b-c`.d"),
            ("a.by.9x", "a.`by`.`9x`"),
            ("a`b", "`a``b`"),
            ("a..b", "`a..b`"),
            ("winlog.event_data.Foo", "?winlog.event_data.Foo"),
        ];
        for (name, printed) in cases {
            assert_eq!(field(name).as_str(), printed);
        }
    }

    #[test]
    fn spans_take_the_largest_exact_unit() {
        let cases = [(86_400_000, "1d"), (5_400_000, "90m"), (1500, "1500ms"), (30_000, "30s")];
        for (length, printed) in cases {
            assert_eq!(span(length).as_str(), printed);
        }
    }

    #[test]
    fn numbers_are_exact_or_nothing() {
        let cases = [(3.0, Some("3")), (-5.0, Some("-5")), (1.5, Some("1.5")), (-0.0, Some("-0"))];
        for (value, printed) in cases {
            assert_eq!(number(value).map(|text| text.to_string()).as_deref(), printed);
        }
        assert_eq!(number(1e300), None);
        assert_eq!(number(f64::NAN), None);
    }
}
