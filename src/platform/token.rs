//! Patterns of characters, in which neither case nor place in the alphabet of a class counts.
//!
//! Texts and the ends that rewritings replace are such patterns: `^HKU(\\\\)` matches `H K U \\`. Two
//! characters that are the same but for their case are one here.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// This character.
    Char(char),
    /// One of these characters.
    Class(ClassUnicode),
    /// Any one character.
    One,
    /// Any text.
    Any,
}

/// A pattern; a value must fit it as a whole.
pub type Tokens = Vec<Token>;

/// The pattern from its end to its beginning.
#[must_use]
pub fn reversed(tokens: &[Token]) -> Tokens {
    tokens.iter().rev().cloned().collect()
}

/// Whether no value begins with both.
pub(super) fn apart(one: &[Token], other: &[Token]) -> bool {
    one.iter().zip(other).any(|(one, other)| within(one, other) == Some(false))
}

/// Whether every character of one is among those of the other; `None`: some are, some are not.
#[must_use]
pub fn within(one: &Token, other: &Token) -> Option<bool> {
    if let Some(same) = same(one, other) {
        return Some(same);
    }
    let (one, other) = (folded(one), folded(other));
    let mut common = one.clone();
    common.intersect(&other);
    match (common.ranges().is_empty(), common == one) {
        (true, _) => Some(false),
        (false, true) => Some(true),
        (false, false) => None,
    }
}

/// Whether every character of one is among those of the other.
#[must_use]
pub fn covered(one: &Token, other: &Token) -> bool {
    same(one, other).unwrap_or_else(|| {
        let mut rest = folded(one);
        rest.difference(&folded(other));
        rest.ranges().is_empty()
    })
}

/// Whether two characters of ASCII are the same but for their case; `None` of other tokens.
fn same(one: &Token, other: &Token) -> Option<bool> {
    match (one, other) {
        (Token::Char(one), Token::Char(other)) if one.is_ascii() && other.is_ascii() => {
            Some(one.eq_ignore_ascii_case(other))
        }
        (Token::Char(_) | Token::Class(_) | Token::One | Token::Any, _) => None,
    }
}

/// The characters of a token, in either case.
fn folded(token: &Token) -> ClassUnicode {
    let mut class = match token {
        Token::Char(one) => ClassUnicode::new([ClassUnicodeRange::new(*one, *one)]),
        Token::Class(class) => class.clone(),
        Token::One | Token::Any => {
            return ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)]);
        }
    };
    class.case_fold_simple();
    class
}
