//! Patterns of `*` and `?`, matched without exponential behaviour.
//!
//! A mismatch goes back to the last `*` only, so the cost is at most pattern times text.

use crate::ir::Part;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(super) struct Glob {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    Char(char),
    One,
    Any,
}

impl Glob {
    /// Compiles the parts; `literal` prepares literal text.
    pub(super) fn new(parts: &[Part], literal: impl Fn(&str) -> String) -> Self {
        let mut tokens = Vec::new();
        for part in parts {
            match part {
                Part::Literal(text) => tokens.extend(literal(text).chars().map(Token::Char)),
                Part::Any => tokens.push(Token::Any),
                Part::One => tokens.push(Token::One),
            }
        }
        Self { tokens }
    }

    /// Whether the whole text fits.
    pub(super) fn fits(&self, text: &str) -> bool {
        let (mut at, mut rest) = (0, text.chars());
        // Where to go on after the last `*`, with what it has not eaten yet.
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let before = rest.clone();
            match (self.tokens.get(at).copied(), rest.next()) {
                (Some(Token::Any), _) => {
                    at += 1;
                    rest = before.clone();
                    retry = Some((at, before));
                    continue;
                }
                (None, None) => return true,
                (Some(Token::One), Some(_)) => {
                    at += 1;
                    continue;
                }
                (Some(Token::Char(wanted)), Some(found)) if wanted == found => {
                    at += 1;
                    continue;
                }
                (Some(_), None) => return false,
                (Some(_) | None, Some(_)) => {}
            }
            let Some((token, mut from)) = retry.take() else { return false };
            if from.next().is_none() {
                return false;
            }
            (at, rest) = (token, from.clone());
            retry = Some((token, from));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(pattern: &str) -> Glob {
        let part = |char| match char {
            '*' => Part::Any,
            '?' => Part::One,
            char => Part::Literal(char.to_string()),
        };
        Glob::new(&pattern.chars().map(part).collect::<Vec<_>>(), str::to_owned)
    }

    #[test]
    fn stars_take_any_text_and_question_marks_one_character() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "", false),
            ("?", "ä", true),
            ("a*b", "ab", true),
            ("a*b", "a\nb", true),
            ("a*b", "abc", false),
            ("a*b*c", "axbxbxc", true),
            ("*a?", "aab", true),
            ("*ab", "aaab", true),
            ("a?c", "ac", false),
        ] {
            assert_eq!(glob(pattern).fits(text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_do_not_blow_up() {
        let text = "a".repeat(20_000);
        assert!(!glob(&format!("{}b", "*a".repeat(30))).fits(&text));
    }

    proptest! {
        #[test]
        fn globs_are_the_regular_expressions_they_stand_for(
            pattern in "[ab*?]{0,8}", text in "[ab]{0,8}",
        ) {
            let expression = pattern.replace('?', "(?s:.)").replace('*', "(?s:.*)");
            let regex = regex::Regex::new(&format!("^(?:{expression})$")).unwrap();
            prop_assert_eq!(glob(&pattern).fits(&text), regex.is_match(&text));
        }
    }
}
