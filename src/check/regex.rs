//! Regular expressions: only what runs in time linear in the text, as the `regex` crate does.

use regex_syntax::ast::ErrorKind;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::modifiers::Flags;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::Regex;
use crate::syntax::ast::Value;

/// How large a compiled expression may get, in bytes.
const MAX_COMPILED: usize = 10 << 20;
/// More bytes than a state takes.
const MAX_STATE: usize = 48;
/// How deeply an expression may nest.
const MAX_DEPTH: u32 = 100;

/// The expression, if it compiles; else why not is reported.
pub(super) fn read(value: &Value, flags: Flags, diagnostics: &mut Diagnostics) -> Option<Regex> {
    let Flags { ignore_case, multiline, dotall } = flags;
    let regex = Regex { pattern: value.text.clone(), ignore_case, multiline, dotall };
    let Some(problem) = problem(&regex) else { return Some(regex) };
    let found = Diagnostic::new(Code::BadRegex, value.span, problem.message);
    diagnostics.push(found.help(problem.help));
    None
}

/// Why an expression is refused.
struct Problem {
    message: String,
    help: &'static str,
}

fn problem(expression: &Regex) -> Option<Problem> {
    let pattern = expression.pattern.as_str();
    let mut syntax = regex_syntax::ast::parse::ParserBuilder::new().nest_limit(MAX_DEPTH).build();
    if let Err(error) = syntax.parse(pattern) {
        return Some(explain(&regex_syntax::Error::Parse(error), pattern));
    }
    // A parser that has found an error cannot be used again.
    let parse = |pattern: &str| {
        regex_syntax::ParserBuilder::new()
            .nest_limit(MAX_DEPTH)
            .case_insensitive(expression.ignore_case)
            .multi_line(expression.multiline)
            .dot_matches_new_line(expression.dotall)
            .build()
            .parse(pattern)
    };
    // What runs is the form whose classes are of ASCII; those of Unicode are a hundred times larger.
    let ascii = expression.ascii();
    let parsed = match parse(&ascii) {
        Ok(parsed) => parsed,
        Err(error) => {
            // The places of the message are those of the expression as it was written.
            let written = parse(pattern).err();
            return Some(explain(&written.unwrap_or(error), pattern));
        }
    };
    if states(&parsed).saturating_mul(MAX_STATE) <= MAX_COMPILED {
        return None;
    }
    let compiled = regex::RegexBuilder::new(&ascii)
        .size_limit(MAX_COMPILED)
        .nest_limit(MAX_DEPTH)
        .case_insensitive(expression.ignore_case)
        .multi_line(expression.multiline)
        .dot_matches_new_line(expression.dotall)
        .build();
    compiled.err().map(|_| Problem {
        message: "the regular expression is too large".to_owned(),
        help: "use smaller repetitions",
    })
}

/// More states than the expression has once it is compiled; compiling is slow, so most expressions
/// are only measured.
fn states(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        // A range of characters is a few sequences of up to four bytes, most of which are shared.
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(8),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        HirKind::Repetition(repetition) => {
            let copies = repetition.max.unwrap_or(repetition.min).saturating_add(1) as usize;
            states(&repetition.sub).saturating_add(1).saturating_mul(copies)
        }
        HirKind::Capture(capture) => states(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(states).fold(1, usize::saturating_add)
        }
    }
}

fn explain(error: &regex_syntax::Error, pattern: &str) -> Problem {
    let (offset, what, kind) = match error {
        regex_syntax::Error::Parse(error) => {
            (error.span().start.offset, error.kind().to_string(), Some(error.kind()))
        }
        regex_syntax::Error::Translate(error) => {
            (error.span().start.offset, error.kind().to_string(), None)
        }
        _ => (0, "it cannot be read".to_owned(), None),
    };
    let before = pattern.get(..offset).map_or(0, |before| before.chars().count());
    let message =
        format!("the regular expression does not compile: {what}, at its character {}", before + 1);
    let help = match kind {
        Some(ErrorKind::UnsupportedLookAround) => {
            "look-around has no exact translation: write the exclusion as another selection, \
             `and not` it in the condition"
        }
        Some(ErrorKind::UnsupportedBackreference) => {
            "back-references have no exact translation: list the alternatives"
        }
        _ => "a literal character that has a meaning in expressions needs a `\\` before it",
    };
    Problem { message, help }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(pattern: &str) -> Option<Problem> {
        let pattern = pattern.to_owned();
        let regex = Regex { pattern, ignore_case: false, multiline: false, dotall: false };
        super::problem(&regex)
    }

    #[test]
    fn bad_expressions_are_refused_with_their_place() {
        let cases = [
            ("a(b", "unclosed group, at its character 2"),
            ("é[", "unclosed character class, at its character 2"),
            ("x(?!y)", "look-around"),
            (r"(a)\1", "backreferences"),
            ("(?:[a-z]{1000}){1000}", "too large"),
            (r"\p{Nope}", "Unicode property not found"),
        ];
        for (pattern, expected) in cases {
            let problem = problem(pattern).unwrap();
            assert!(problem.message.contains(expected), "{pattern}: {}", problem.message);
        }
        assert!(problem(&"(".repeat(9999)).is_some());
        assert!(problem(r"-k\s\w{1,64}(?:\s?(?:-p|-s))?").is_none());
        assert!(problem(r"(?i)^C:\\[a-z]+\.exe$|a{2,40}").is_none());
    }

    #[test]
    fn what_is_measured_as_small_compiles() {
        let expressions =
            [r"\w+\d\s\W", r"\p{L}{3,9}", ".{200}", "(a|b|c){1,300}", r"[^\x00-\x7f]*"];
        for expression in expressions {
            let parsed = regex_syntax::parse(expression).unwrap();
            assert!(states(&parsed) * MAX_STATE <= MAX_COMPILED, "{expression}");
            assert!(regex::RegexBuilder::new(expression).size_limit(MAX_COMPILED).build().is_ok());
        }
    }
}
