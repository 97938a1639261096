//! Quoting of SPL: search values, eval strings, field names, numbers. No other file knows quotes.
//!
//! SPL reads `\\` as `\`, `\"` as `"` and `\|` as `|` in quotes and leaves other escapes alone; `*` is
//! a wildcard in every search value and cannot be escaped; field names take double quotes in
//! `search` and single quotes in `eval` and `where`.
//!
//! `C:\a "b"` → `"C:\\a \"b\""`; the field `a.b` → `a.b` in search, `'a.b'` in where.

use std::fmt::Write as _;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::backend::Fragment;
use crate::backend::infix::Operators;
use crate::ir::{Part, TextTest};

/// The language of the `search` command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {}

/// The language of `eval` and `where`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Eval {}

/// Boolean operators of `search`: NOT binds tighter than OR, OR tighter than AND.
pub(super) const SEARCH: Operators =
    Operators { and: " ", or: " OR ", not: "NOT ", always: "*", never: "NOT *" };

/// Boolean operators of `where`: NOT binds tighter than AND, AND tighter than OR.
pub(super) const EVAL: Operators =
    Operators { and: " AND ", or: " OR ", not: "NOT ", always: "true()", never: "false()" };

/// A value of the `search` command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SearchValue {
    /// It, quoted unless it is made of digits.
    pub text: Fragment<Search>,
    /// Whether it matches what the test matches; else it matches more.
    pub exact: bool,
}

/// The value that matches what `test` matches with case folded, or more where `*` has to stand for
/// what the search command cannot say.
pub(super) fn search_value(test: &TextTest) -> SearchValue {
    let mut value = Wildcards { text: String::with_capacity(64), exact: true };
    match test {
        TextTest::Equals(text) => {
            value.literal(text);
            value.exact &= text.parse::<ipnet::IpNet>().is_err();
        }
        TextTest::StartsWith(text) => {
            value.literal(text);
            value.any();
        }
        TextTest::EndsWith(text) => {
            value.any();
            value.literal(text);
        }
        TextTest::Contains(text) => {
            value.any();
            value.literal(text);
            value.any();
        }
        TextTest::Like(parts) => parts.iter().for_each(|part| value.part(part)),
    }
    let number = !value.text.is_empty() && value.text.chars().all(|c| c.is_ascii_digit());
    let text = if number { value.text } else { ["\"", &value.text, "\""].concat() };
    SearchValue { text: Fragment::trusted(text), exact: value.exact }
}

/// A search value in the making.
struct Wildcards {
    text: String,
    exact: bool,
}

impl Wildcards {
    fn part(&mut self, part: &Part) {
        match part {
            Part::Literal(text) => self.literal(text),
            Part::Any => self.any(),
            Part::One => self.wider(),
        }
    }

    fn literal(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                c if searchable(c) => self.text.push(c),
                _ => self.wider(),
            }
        }
    }

    fn any(&mut self) {
        if !self.text.ends_with('*') {
            self.text.push('*');
        }
    }

    fn wider(&mut self) {
        self.exact = false;
        self.any();
    }
}

/// Whether a search value can hold the character and fold its case. A literal `*` cannot be
/// escaped, control characters and back-ticks (macros) do not survive every way into Splunk, and
/// folding beyond ASCII is not documented.
pub(super) fn searchable(c: char) -> bool {
    let special = matches!(c, '*' | '`') || breaks_lines(c);
    !special && (c.is_ascii() || case_variants(c).is_empty())
}

/// Whether the character is a control character or ends a line.
pub(super) fn breaks_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The other characters that are equal to it under simple Unicode case folding.
pub(super) fn case_variants(c: char) -> Vec<char> {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
    if class.try_case_fold_simple().is_err() {
        return Vec::new();
    }
    let folded = class.iter().flat_map(|range| range.start()..=range.end());
    folded.filter(|variant| *variant != c).collect()
}

/// A quoted string of `eval` and `where`. Text that quotes cannot hold safely is URL-encoded.
pub(super) fn string(text: &str) -> Fragment<Eval> {
    if text.chars().any(|c| breaks_lines(c) || c == '`') {
        return Fragment::trusted(format!("urldecode(\"{}\")", url_encoded(text)));
    }
    Fragment::trusted(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn url_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// A field in `search`; none if the command cannot name it.
pub(super) fn search_field(name: &str) -> Option<Fragment<Search>> {
    if !nameable(name) || TIME_MODIFIERS.contains(&name) {
        return None;
    }
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    if first && rest && !reserved(name) {
        return Some(Fragment::trusted(name));
    }
    Some(Fragment::trusted(format!("\"{name}\"")))
}

/// A field in `eval`, `where` and lists of fields; none if they cannot name it.
pub(super) fn eval_field(name: &str) -> Option<Fragment<Eval>> {
    if !nameable(name) {
        return None;
    }
    if plain(name) {
        return Some(Fragment::trusted(name));
    }
    Some(Fragment::trusted(format!("'{name}'")))
}

/// A field in the `by` clause of a command, in `rename` and the like.
pub(super) fn list_field(name: &str) -> Option<Fragment<Eval>> {
    if !nameable(name) {
        return None;
    }
    if plain(name) {
        return Some(Fragment::trusted(name));
    }
    Some(Fragment::trusted(format!("\"{name}\"")))
}

/// Whether the name needs no quotes anywhere.
fn plain(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && chars.all(|c| c.is_ascii_alphanumeric() || c == '_') && !reserved(name)
}

/// Whether quotes can hold the name: there are no escapes for quotes in field names.
fn nameable(name: &str) -> bool {
    let special = |c: char| matches!(c, '"' | '\'' | '\\' | '`' | '*' | '|' | '[' | ']');
    !name.is_empty() && !name.chars().any(|c| breaks_lines(c) || special(c))
}

fn reserved(name: &str) -> bool {
    RESERVED.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// Words that some command reads as something else than a field.
const RESERVED: &[&str] =
    &["and", "or", "not", "xor", "in", "like", "true", "false", "null", "by", "as", "term", "case"];

/// Names that `search` reads as a time range.
const TIME_MODIFIERS: &[&str] = &[
    "earliest",
    "latest",
    "_index_earliest",
    "_index_latest",
    "starttime",
    "endtime",
    "timeformat",
];

/// The number in plain decimals.
pub(super) fn number(value: f64) -> String {
    format!("{value}")
}

/// The whole number as canonical decimal text, if it is one that every reader takes exactly.
pub(super) fn whole(value: f64) -> Option<String> {
    (value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0).then(|| format!("{value:.0}"))
}
