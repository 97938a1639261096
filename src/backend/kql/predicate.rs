//! Predicates over columns → KQL conditions that are true for the same rows and no others.
//!
//! Rules are two-valued; KQL is not where a number, boolean or time is null, so a test that may be
//! null is made two-valued (`coalesce(…, false)`) wherever that shows: under `not` and in flags.
//! Text is never null in KQL: missing and empty are one (`isempty`), and a test on text that holds
//! of the empty text by accident (`contains ''`, `.*`) asks for a present one.
//!
//! `not (Image endswith '\a.exe' or Port > 1024)` →
//! `not(Image endswith @"\a.exe" or coalesce(Port > 1024, false))`.

use super::leaf::{self, Leaf};
use super::{Kql, OPERATORS, boolean};
use crate::backend::infix::Expr;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Predicate, Test};
use crate::platform::Column;
use crate::source::Span;

/// What may become of a null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// It drops the row, as `where` does.
    Drop,
    /// It is false: the condition is negated or becomes a flag.
    False,
}

/// The condition that is true exactly where the predicate holds. Refusals go to `refused`, with
/// `rule` as the place of what has none.
pub(super) fn print(
    predicate: &Predicate<Column>,
    nulls: Nulls,
    rule: Span,
    refused: &mut Vec<Diagnostic>,
) -> Expr<Kql> {
    match predicate {
        Predicate::All(parts) => {
            let parts = parts.iter().map(|part| print(part, nulls, rule, refused)).collect();
            boolean::all(parts)
        }
        Predicate::Any(parts) => {
            let mut print_one = |alternative: Alternative| match alternative {
                Alternative::Tests(tests) => tests_leaf(&tests, refused).positive(nulls),
                Alternative::Other(part) => print(part, nulls, rule, refused),
            };
            let parts = alternatives(parts).into_iter().map(&mut print_one).collect();
            boolean::any(parts)
        }
        Predicate::Not(inner) => negated(inner, rule, refused),
        Predicate::Test(test) => tests_leaf(&[test], refused).positive(nulls),
        Predicate::Keyword(_) | Predicate::KeywordRegex(_) => {
            refused.push(keyword(rule));
            Expr::atom(OPERATORS.never)
        }
    }
}

/// One of several alternatives: tests that make one list, or anything else.
enum Alternative<'a> {
    /// One test, or equalities of the same column.
    Tests(Vec<&'a Test<Column>>),
    /// Another predicate.
    Other(&'a Predicate<Column>),
}

/// The alternatives, with equalities of the same column put together where the first stands.
fn alternatives(parts: &[Predicate<Column>]) -> Vec<Alternative<'_>> {
    let mut found: Vec<Alternative> = Vec::new();
    for part in parts {
        let Predicate::Test(test) = part else {
            found.push(Alternative::Other(part));
            continue;
        };
        let list = found.iter_mut().find_map(|alternative| match alternative {
            Alternative::Tests(tests) if tests.iter().all(|other| leaf::same_list(other, test)) => {
                Some(tests)
            }
            Alternative::Tests(_) | Alternative::Other(_) => None,
        });
        match list {
            Some(tests) => tests.push(test),
            None => found.push(Alternative::Tests(vec![test])),
        }
    }
    found
}

fn negated(inner: &Predicate<Column>, rule: Span, refused: &mut Vec<Diagnostic>) -> Expr<Kql> {
    match inner {
        Predicate::Test(test) => return tests_leaf(&[test], refused).negative(),
        Predicate::Any(parts) => {
            if let [Alternative::Tests(tests)] = alternatives(parts).as_slice() {
                return tests_leaf(tests, refused).negative();
            }
        }
        Predicate::All(_)
        | Predicate::Not(_)
        | Predicate::Keyword(_)
        | Predicate::KeywordRegex(_) => {}
    }
    boolean::not(&print(inner, Nulls::False, rule, refused))
}

/// The tests as one condition; a refusal yields one that never holds.
fn tests_leaf(tests: &[&Test<Column>], refused: &mut Vec<Diagnostic>) -> Leaf {
    leaf::print(tests).unwrap_or_else(|refusal| {
        refused.push(*refusal);
        Leaf::total(OPERATORS.never)
    })
}

fn keyword(rule: Span) -> Diagnostic {
    Diagnostic::new(Code::KeywordsNotHeld, rule, "KQL cannot search a whole event for a word")
        .note("`search` and `union *` are not allowed in scheduled rules and custom detections")
        .help("name the fields that the words may stand in")
}
