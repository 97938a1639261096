//! Field keys: a field and its modifiers, separated by `|` (specification: "Value Modifiers").
//!
//! `Image|endswith|ALL` → field `Image`, modifiers `endswith`, `all`, each with its place;
//! `|all` → no field: keywords.

use nom::bytes::complete::take_while;
use nom::character::complete::char;
use nom::multi::separated_list1;
use nom::{IResult, Parser};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Spanned;
use crate::yaml::Places;

/// A field key, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldKey {
    /// The field; none for keywords.
    pub(super) field: Option<Spanned<String>>,
    /// The modifiers, in order, in lower case.
    pub(super) modifiers: Vec<Spanned<String>>,
}

/// Reads a field key; nothing if any of it is wrong.
pub(super) fn parse(
    text: &str,
    places: &Places,
    diagnostics: &mut Diagnostics,
) -> Option<FieldKey> {
    let mark = diagnostics.len();
    let (_, parts) = parts(text).ok()?;
    let mut at = 0;
    let mut key = FieldKey { field: None, modifiers: Vec::new() };
    let count = parts.len();
    for (index, part) in parts.into_iter().enumerate() {
        let range = at..at + part.len();
        at = range.end + 1;
        let span = places.span(range);
        let problem = if index > 0 { modifier_problem(part) } else { field_problem(part, count) };
        if let Some((message, help)) = problem {
            let span = if part.is_empty() { places.whole() } else { span };
            diagnostics.push(Diagnostic::new(Code::FieldKeySyntax, span, message).help(help));
        } else if index > 0 {
            key.modifiers.push(Spanned::new(part.to_ascii_lowercase(), span));
        } else if !part.is_empty() {
            key.field = Some(Spanned::new(part.to_owned(), span));
        }
    }
    (!diagnostics.errors_since(mark)).then_some(key)
}

fn parts(text: &str) -> IResult<&str, Vec<&str>> {
    separated_list1(char('|'), take_while(|c| c != '|')).parse(text)
}

type Problem = Option<(String, &'static str)>;

fn field_problem(field: &str, parts: usize) -> Problem {
    if field.is_empty() && parts == 1 {
        return Some(("the field name is empty".to_owned(), "name a field before the `:`"));
    }
    if field.trim() != field {
        let message = format!("spaces around the field name `{}`", field.trim());
        return Some((message, "write `Field|modifier` without spaces"));
    }
    None
}

fn modifier_problem(modifier: &str) -> Problem {
    if modifier.is_empty() {
        return Some(("a modifier is missing after `|`".to_owned(), "name one, or remove the `|`"));
    }
    if modifier.trim() != modifier {
        let message = format!("spaces around the modifier `{}`", modifier.trim());
        return Some((message, "write `Field|modifier` without spaces"));
    }
    if !modifier.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        let message = format!("`{modifier}` cannot be a modifier");
        return Some((message, "modifiers are words, separated by `|`"));
    }
    None
}
