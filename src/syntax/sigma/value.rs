//! Value strings: literal text, wildcards and escapes (specification: "Escaping").
//!
//! `*` is any text and `?` any one character. A backslash escapes `*`, `?` and itself, and is an
//! ordinary character before anything else and at the end, as pySigma reads it. So `\\*` is a
//! backslash and a wildcard, and a value that must hold `\\` says `\\\\`.
//!
//! `C:\Temp\\*.ex?` → `C:\Temp\`, `Any`, `.ex`, `One`.

use std::borrow::Cow;

use nom::branch::alt;
use nom::bytes::complete::{is_not, tag};
use nom::combinator::value;
use nom::multi::fold_many0;
use nom::{IResult, Parser};

/// A part of a value string.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// This text, its escapes resolved; never empty, never two in a row.
    Literal(String),
    /// `*`: any text, even none; never two in a row.
    Any,
    /// `?`: any one character.
    One,
}

/// Reads a value string; every text is one. The empty text has no pieces.
#[must_use]
pub fn parse_pattern(text: &str) -> Vec<Piece> {
    match pieces(text) {
        Ok((_, pieces)) => pieces,
        // The grammar accepts every text; this arm keeps the function total.
        Err(_) => vec![Piece::Literal(text.to_owned())],
    }
}

/// The value string that means this text literally: `parse_pattern(&escape(text))` is the text.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['*', '?', '\\']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '*' | '?' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    Cow::Owned(escaped)
}

/// The smallest things a value string is made of.
#[derive(Clone)]
enum Token<'a> {
    Text(&'a str),
    Any,
    One,
}

fn token(text: &str) -> IResult<&str, Token<'_>> {
    alt((
        is_not("*?\\").map(Token::Text),
        value(Token::Any, tag("*")),
        value(Token::One, tag("?")),
        value(Token::Text("*"), tag(r"\*")),
        value(Token::Text("?"), tag(r"\?")),
        value(Token::Text(r"\"), tag(r"\\")),
        value(Token::Text(r"\"), tag(r"\")),
    ))
    .parse(text)
}

fn pieces(text: &str) -> IResult<&str, Vec<Piece>> {
    fold_many0(token, Vec::new, add).parse(text)
}

fn add(mut pieces: Vec<Piece>, token: Token<'_>) -> Vec<Piece> {
    match (token, pieces.last_mut()) {
        (Token::Text(more), Some(Piece::Literal(text))) => text.push_str(more),
        (Token::Text(text), _) => pieces.push(Piece::Literal(text.to_owned())),
        (Token::Any, Some(Piece::Any)) => {}
        (Token::Any, _) => pieces.push(Piece::Any),
        (Token::One, _) => pieces.push(Piece::One),
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.to_owned())
    }

    #[test]
    fn escapes_are_read_as_the_specification_and_pysigma_read_them() {
        let table: &[(&str, &[Piece])] = &[
            ("", &[]),
            ("plain", &[literal("plain")]),
            (r"C:\Windows\a.exe", &[literal(r"C:\Windows\a.exe")]),
            (r"\*", &[literal("*")]),
            (r"\?", &[literal("?")]),
            (r"\\", &[literal(r"\")]),
            (r"\\*", &[literal(r"\"), Piece::Any]),
            (r"\\\*", &[literal(r"\*")]),
            (r"\\\\*", &[literal(r"\\"), Piece::Any]),
            (r"\\server\share", &[literal(r"\server\share")]),
            (r"\\\\server\share", &[literal(r"\\server\share")]),
            (r"\Temp\", &[literal(r"\Temp\")]),
            ("*a?*", &[Piece::Any, literal("a"), Piece::One, Piece::Any]),
            ("a**b", &[literal("a"), Piece::Any, literal("b")]),
            ("??", &[Piece::One, Piece::One]),
        ];
        for (text, expected) in table {
            assert_eq!(parse_pattern(text), *expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_escaped_text_means_itself(text in r"[\\*?a-c\PC]{0,20}") {
            let expected = if text.is_empty() { vec![] } else { vec![literal(&text)] };
            prop_assert_eq!(parse_pattern(&escape(&text)), expected);
        }

        #[test]
        fn literals_and_wildcards_never_repeat(text in r"[\\*?ab]{0,20}") {
            for pair in parse_pattern(&text).windows(2) {
                let both = |test: fn(&Piece) -> bool| pair.iter().all(test);
                prop_assert!(!both(|piece| matches!(piece, Piece::Literal(_))));
                prop_assert!(!both(|piece| matches!(piece, Piece::Any)));
            }
        }
    }
}
