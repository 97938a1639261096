//! Literals and names of KQL: the only place that knows its quoting.
//!
//! `C:\Users\` → `@"C:\Users\"`, a text with a line break → `"a\nb"`, the column `a b` → `['a b']`,
//! 600,000 milliseconds → `10m`. Nothing that a rule says can leave its quotes.

use super::Kql;
use crate::backend::Fragment;
use crate::ir::{Part, Regex};

/// Text that is valid KQL.
pub(super) type Kusto = Fragment<Kql>;

/// Words that KQL reads as something else where a column's name may stand, sorted.
const KEYWORDS: &[&str] = &[
    "and",
    "as",
    "asc",
    "assert",
    "between",
    "bool",
    "by",
    "consume",
    "contains",
    "count",
    "database",
    "datatable",
    "datetime",
    "declare",
    "desc",
    "distinct",
    "dynamic",
    "evaluate",
    "extend",
    "externaldata",
    "facet",
    "false",
    "filter",
    "find",
    "first",
    "fork",
    "from",
    "getschema",
    "graph",
    "guid",
    "has",
    "has_all",
    "has_any",
    "in",
    "int",
    "invoke",
    "join",
    "kind",
    "last",
    "let",
    "like",
    "limit",
    "long",
    "lookup",
    "materialize",
    "nulls",
    "of",
    "on",
    "or",
    "order",
    "parse",
    "partition",
    "pattern",
    "print",
    "project",
    "range",
    "real",
    "reduce",
    "render",
    "restrict",
    "sample",
    "scan",
    "search",
    "serialize",
    "set",
    "sort",
    "step",
    "string",
    "summarize",
    "take",
    "timespan",
    "to",
    "top",
    "toscalar",
    "totable",
    "true",
    "typeof",
    "union",
    "where",
    "with",
];

/// A text literal: plain where nothing needs quoting, verbatim for backslashes and quotes, escaped
/// where a control character could end a line.
pub(super) fn text(value: &str) -> Kusto {
    if value.chars().any(needs_escape) {
        return Kusto::trusted(format!("\"{}\"", value.chars().map(escape).collect::<String>()));
    }
    if value.contains(['\\', '"']) {
        return Kusto::trusted(["@\"", &value.replace('"', "\"\""), "\""].concat());
    }
    Kusto::trusted(["\"", value, "\""].concat())
}

/// The name of a table or column, bracketed where it is no plain word.
pub(super) fn name(value: &str) -> Kusto {
    let plain = value.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && value.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
        && KEYWORDS.binary_search(&value).is_err();
    if plain {
        return Kusto::trusted(value);
    }
    let quoted: String = value.chars().map(escape).collect::<String>().replace('\'', "\\'");
    Kusto::trusted(format!("['{}']", quoted.replace("\\\"", "\"")))
}

/// A number literal; whole numbers are written without a fraction. Not a number is never equal.
pub(super) fn number(value: f64) -> Kusto {
    if value.is_nan() {
        return Kusto::trusted("real(nan)");
    }
    if value.is_infinite() {
        return Kusto::trusted(if value > 0.0 { "real(+inf)" } else { "real(-inf)" });
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return Kusto::trusted(format!("{value:.0}"));
    }
    let plain = format!("{value}");
    match plain.contains('.') && plain.len() < 20 {
        true => Kusto::trusted(plain),
        false => Kusto::trusted(format!("real({value:e})")),
    }
}

/// A timespan literal of so many milliseconds, in the largest unit that divides it.
pub(super) fn timespan(milliseconds: u64) -> Kusto {
    const UNITS: &[(u64, &str)] =
        &[(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let fits = UNITS.iter().find(|(unit, _)| milliseconds.is_multiple_of(*unit));
    let (unit, suffix) = fits.copied().unwrap_or((1, "ms"));
    let written = if milliseconds == 0 {
        "0s".to_owned()
    } else {
        format!("{}{suffix}", milliseconds / unit)
    };
    Kusto::trusted(written)
}

/// The regular expression for a whole text that fits a pattern, case folded unless `cased`.
pub(super) fn pattern(parts: &[Part], flags: &str) -> Kusto {
    let body: String = parts
        .iter()
        .map(|part| match part {
            Part::Literal(literal) => regex_syntax::escape(literal),
            Part::Any => ".*".to_owned(),
            Part::One => ".".to_owned(),
        })
        .collect();
    text(&format!("(?{flags})^{body}$"))
}

/// A regular expression as written, with its flags in front.
pub(super) fn flagged(regex: &Regex) -> String {
    let flags: String = [('i', regex.ignore_case), ('m', regex.multiline), ('s', regex.dotall)]
        .into_iter()
        .filter_map(|(flag, on)| on.then_some(flag))
        .collect();
    match flags.as_str() {
        "" => regex.ascii(),
        flags => format!("(?{flags}){}", regex.ascii()),
    }
}

/// Characters that cannot stand in a literal of one line, or that hide in it.
fn needs_escape(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn escape(char: char) -> String {
    match char {
        '\\' => "\\\\".to_owned(),
        '"' => "\\\"".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        char if needs_escape(char) => format!("\\u{:04x}", u32::from(char)),
        char => char.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keywords_can_be_searched() {
        assert!(KEYWORDS.is_sorted());
        assert_eq!(name("where").as_str(), "['where']");
    }

    /// Reads one KQL text literal back, written apart from the printer.
    fn lex(literal: &str) -> Option<String> {
        if let Some(rest) = literal.strip_prefix("@\"") {
            let inner = rest.strip_suffix('"')?;
            assert!(!inner.contains(['\n', '\r']), "a verbatim literal spans lines: {literal}");
            assert!(!inner.replace("\"\"", "").contains('"'), "a quote ends {literal} early");
            return Some(inner.replace("\"\"", "\""));
        }
        let mut chars = literal.strip_prefix('"')?.strip_suffix('"')?.chars();
        let mut text = String::new();
        while let Some(char) = chars.next() {
            let read = match char {
                '"' | '\n' | '\r' => return None,
                '\\' => match chars.next()? {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => {
                        let digits: String = chars.by_ref().take(4).collect();
                        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                    }
                    same @ ('\\' | '"') => same,
                    _ => return None,
                },
                other => other,
            };
            text.push(read);
        }
        Some(text)
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_its_literal(value in r#"(\PC|[\\"'\n\r\t\x00-\x20*?]){0,20}"#) {
            prop_assert_eq!(lex(text(&value).as_str()), Some(value));
        }

        #[test]
        fn a_pattern_of_one_literal_matches_that_text_only(value in r#"(\PC|[\\"\n.*+?()|\[\]{}^$#&~-]){0,12}"#) {
            let literal = pattern(&[Part::Literal(value.clone())], "is");
            let regex = regex::Regex::new(&lex(literal.as_str()).unwrap()).unwrap();
            prop_assert!(regex.is_match(&value));
            let longer = format!("{value}x");
            prop_assert!(!regex.is_match(&longer));
        }

        #[test]
        fn any_name_stays_in_its_brackets(value in r#"(\PC|['"\\\n\]]){1,12}"#) {
            let written = name(&value);
            if let Some(inner) = written.as_str().strip_prefix("['") {
                let inner = inner.strip_suffix("']").unwrap();
                let unquoted = inner.replace("\\\\", "").replace("\\'", "");
                prop_assert!(!unquoted.contains(['\'', '\n']), "{}", written);
            }
        }
    }

    #[test]
    fn literals_choose_the_plainest_form() {
        let cases = [
            ("certutil", r#""certutil""#),
            (r"C:\Users\", r#"@"C:\Users\""#),
            (r#"say "hi""#, r#"@"say ""hi""""#),
            ("a\nb\\", r#""a\nb\\""#),
            ("", r#""""#),
        ];
        for (value, literal) in cases {
            assert_eq!(text(value).as_str(), literal);
        }
    }

    #[test]
    fn names_are_bracketed_only_where_they_must_be() {
        let cases = [("FileName", "FileName"), ("a b", "['a b']"), ("by", "['by']")];
        for (value, written) in cases {
            assert_eq!(name(value).as_str(), written);
        }
        assert_eq!(name(r#"it's "a" \"#).as_str(), r#"['it\'s "a" \\']"#);
    }

    #[test]
    fn numbers_and_timespans_are_exact() {
        for (value, written) in [(5.0, "5"), (-0.75, "-0.75"), (1e300, "real(1e300)")] {
            assert_eq!(number(value).as_str(), written);
        }
        let spans = [(600_000, "10m"), (86_400_000, "1d"), (90_000, "90s"), (1500, "1500ms")];
        for (milliseconds, written) in spans {
            assert_eq!(timespan(milliseconds).as_str(), written);
        }
    }
}
