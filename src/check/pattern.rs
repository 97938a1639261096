//! Value texts → pieces of literals and wildcards → the simplest test that says the same.
//!
//! `\Temp\*` → `[Literal("\Temp\"), Any]` → `StartsWith("\Temp\")`.

use std::mem::take;

use crate::ir::{Part, TextCmp, TextTest};
use crate::syntax::ast::{Value, ValueKind};
use crate::syntax::sigma::value::{Piece, parse_pattern};

/// What a text with wildcards asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// Any text at all: the field is there.
    Anything,
    /// A test.
    Test(TextTest),
}

/// The pieces of a value as Sigma reads them; numbers and booleans are their text.
pub(super) fn parts(value: &Value) -> Vec<Part> {
    match value.kind {
        ValueKind::Text => read(&value.text),
        ValueKind::Glob => glob(&value.text),
        ValueKind::Literal
        | ValueKind::Integer(_)
        | ValueKind::Float(_)
        | ValueKind::Boolean(_)
        | ValueKind::Null => literal(&value.text),
    }
}

/// A text without wildcards.
pub(super) fn literal(text: &str) -> Vec<Part> {
    if text.is_empty() { Vec::new() } else { vec![Part::Literal(text.to_owned())] }
}

/// Text with wildcards, but without escapes.
fn glob(text: &str) -> Vec<Part> {
    let part = |piece: &str| match piece {
        "*" => Part::Any,
        "?" => Part::One,
        text => Part::Literal(text.to_owned()),
    };
    let mut pieces = Vec::new();
    for piece in text.split_inclusive(['*', '?']) {
        let literal = piece.trim_end_matches(['*', '?']);
        let wildcard = piece.strip_prefix(literal).unwrap_or_default();
        pieces.extend([literal, wildcard].into_iter().filter(|piece| !piece.is_empty()).map(part));
    }
    pieces
}

/// Text with wildcards and escapes (specification: "Escaping").
fn read(text: &str) -> Vec<Part> {
    let part = |piece| match piece {
        Piece::Literal(text) => Part::Literal(text),
        Piece::Any => Part::Any,
        Piece::One => Part::One,
    };
    parse_pattern(text).into_iter().map(part).collect()
}

/// The text without its wildcards, if it has none.
pub(super) fn plain(parts: &[Part]) -> Option<&str> {
    match parts {
        [] => Some(""),
        [Part::Literal(text)] => Some(text),
        _ => None,
    }
}

/// Whether it is `*` alone.
pub(super) fn is_star(parts: &[Part]) -> bool {
    !parts.is_empty() && parts.iter().all(|part| *part == Part::Any)
}

/// The test for a text that compares like this with the pieces.
pub(super) fn test(parts: Vec<Part>, cmp: TextCmp) -> Asked {
    let before = matches!(cmp, TextCmp::EndsWith | TextCmp::Contains).then_some(Part::Any);
    let after = matches!(cmp, TextCmp::StartsWith | TextCmp::Contains).then_some(Part::Any);
    let parts = merged(before.into_iter().chain(parts).chain(after));
    simplest(parts)
}

/// The pieces with neighbours of the same kind merged.
fn merged(parts: impl Iterator<Item = Part>) -> Vec<Part> {
    let mut merged: Vec<Part> = Vec::with_capacity(parts.size_hint().0);
    for part in parts {
        match (merged.last_mut(), part) {
            (Some(Part::Any), Part::Any) => {}
            (Some(Part::Literal(text)), Part::Literal(more)) => text.push_str(&more),
            (_, part) => merged.push(part),
        }
    }
    merged
}

/// The simplest test that says the same as these pieces.
fn simplest(mut parts: Vec<Part>) -> Asked {
    let test = match parts.as_mut_slice() {
        [] => TextTest::Equals(String::new()),
        [Part::Any] => return Asked::Anything,
        [Part::Literal(text)] => TextTest::Equals(take(text)),
        [Part::Literal(text), Part::Any] => TextTest::StartsWith(take(text)),
        [Part::Any, Part::Literal(text)] => TextTest::EndsWith(take(text)),
        [Part::Any, Part::Literal(text), Part::Any] => TextTest::Contains(take(text)),
        _ => TextTest::Like(parts),
    };
    Asked::Test(test)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn asked(text: &str, cmp: TextCmp) -> String {
        let value = Value { span: Span::default(), text: text.into(), kind: ValueKind::Text };
        match test(parts(&value), cmp) {
            Asked::Anything => "anything".into(),
            Asked::Test(TextTest::Equals(text)) => format!("= {text}"),
            Asked::Test(TextTest::StartsWith(text)) => format!("^ {text}"),
            Asked::Test(TextTest::EndsWith(text)) => format!("$ {text}"),
            Asked::Test(TextTest::Contains(text)) => format!("~ {text}"),
            Asked::Test(TextTest::Like(parts)) => parts.iter().fold("like ".into(), |acc, part| {
                acc + match part {
                    Part::Literal(text) => text,
                    Part::Any => "<*>",
                    Part::One => "<?>",
                }
            }),
        }
    }

    #[test]
    fn each_pattern_becomes_its_simplest_test() {
        use TextCmp::{Contains, EndsWith, Equals, StartsWith};
        let cases = [
            ("", Equals, "= "),
            ("*", Equals, "anything"),
            ("***", Equals, "anything"),
            ("", Contains, "anything"),
            ("a", Equals, "= a"),
            ("a*", Equals, "^ a"),
            ("*a", Equals, "$ a"),
            ("**a*", Equals, "~ a"),
            ("a*b", Equals, "like a<*>b"),
            ("a?", Equals, "like a<?>"),
            ("a", Contains, "~ a"),
            ("*a", Contains, "~ a"),
            ("a*b", Contains, "like <*>a<*>b<*>"),
            ("?", EndsWith, "like <*><?>"),
            ("a", StartsWith, "^ a"),
            ("a", EndsWith, "$ a"),
            (r"C:\a\*", Equals, r"= C:\a*"),
            (r"C:\a\\*", Equals, r"^ C:\a\"),
            (r"\\\\srv\x\?", Equals, r"= \\srv\x?"),
            (r"a\", Equals, r"= a\"),
            (r"\n\\n", Equals, r"= \n\n"),
        ];
        for (text, cmp, expected) in cases {
            assert_eq!(asked(text, cmp), expected, "{text} {cmp:?}");
        }
    }
}
