//! Tests on values that are known when the rule is compiled.
//!
//! A platform may give a field a constant (`Initiated` is `true` for outbound connections); a test
//! on it is decided here. The meaning is that of `docs/semantics.md`.

use regex::RegexBuilder;

use crate::ir::{Cmp, Op, Part, TextTest};

/// Whether `op` holds of the text; `None` if it cannot be decided here.
pub(super) fn holds<F>(op: &Op<F>, text: &str) -> Option<bool> {
    match op {
        Op::Text { test, cased } => Some(text_holds(test, text, *cased)),
        Op::Number { cmp, value } => {
            let number = text.parse::<f64>();
            Some(number.map_or(*cmp == Cmp::Neq, |number| cmp.holds(number, *value)))
        }
        Op::Boolean(wanted) => {
            Some(text.eq_ignore_ascii_case(if *wanted { "true" } else { "false" }))
        }
        Op::Regex(regex) => RegexBuilder::new(&regex.ascii())
            .case_insensitive(regex.ignore_case)
            .multi_line(regex.multiline)
            .dot_matches_new_line(regex.dotall)
            .build()
            .ok()
            .map(|regex| regex.is_match(text)),
        Op::Cidr(net) => {
            Some(text.parse().is_ok_and(|address: std::net::IpAddr| net.contains(&address)))
        }
        Op::Exists => Some(true),
        Op::Null => Some(false),
        Op::Field { .. } | Op::Listed { .. } | Op::TimePart { .. } => None,
    }
}

/// Whether the test holds of the text.
pub(super) fn text_holds(test: &TextTest, text: &str, cased: bool) -> bool {
    let fold = |text: &str| if cased { text.to_owned() } else { text.to_lowercase() };
    let text = fold(text);
    match test {
        TextTest::Equals(other) => text == fold(other),
        TextTest::StartsWith(other) => text.starts_with(&fold(other)),
        TextTest::EndsWith(other) => text.ends_with(&fold(other)),
        TextTest::Contains(other) => text.contains(&fold(other)),
        TextTest::Like(parts) => like(parts, &text, &fold),
    }
}

/// The literal texts that a test asks for.
pub(super) fn literals(test: &TextTest) -> Vec<&str> {
    match test {
        TextTest::Equals(text)
        | TextTest::StartsWith(text)
        | TextTest::EndsWith(text)
        | TextTest::Contains(text) => vec![text],
        TextTest::Like(parts) => parts
            .iter()
            .filter_map(|part| match part {
                Part::Literal(text) => Some(text.as_str()),
                Part::Any | Part::One => None,
            })
            .collect(),
    }
}

fn like(parts: &[Part], text: &str, fold: &impl Fn(&str) -> String) -> bool {
    let mut pattern = String::from("^");
    for part in parts {
        match part {
            Part::Literal(literal) => pattern.push_str(&regex::escape(&fold(literal))),
            Part::Any => pattern.push_str(".*"),
            Part::One => pattern.push('.'),
        }
    }
    pattern.push('$');
    RegexBuilder::new(&pattern)
        .dot_matches_new_line(true)
        .build()
        .is_ok_and(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_tests_fold_case_unless_cased() {
        let equals = |text: &str, cased| text_holds(&TextTest::Equals("True".into()), text, cased);
        assert!(equals("true", false));
        assert!(!equals("true", true));
        let parts = vec![Part::Literal("A".into()), Part::One, Part::Any];
        assert!(text_holds(&TextTest::Like(parts.clone()), "ab\nc", false));
        assert!(!text_holds(&TextTest::Like(parts), "a", false));
    }
}
