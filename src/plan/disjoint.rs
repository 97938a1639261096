//! Proves that two predicates cannot hold of the same event.
//!
//! `EventID == 4624 and …` and `EventID == 4625 and …` exclude each other; so do
//! `Image endswith '\a.exe'` and `Image endswith '\b.exe'`. What is not proven may overlap.

use crate::ir::{Cmp, Op, Predicate, Test, TextTest};
use crate::platform::Column;

use super::constant;

/// How many alternatives are looked at before a proof is given up.
const MAX_STEPS: u32 = 20_000;

/// Whether some event may satisfy both, as far as can be told from their tests.
pub(super) fn may_overlap(left: &Predicate<Column>, right: &Predicate<Column>) -> bool {
    let mut steps = MAX_STEPS;
    !exclude(&mut vec![left, right], &mut Vec::new(), &mut steps)
}

/// Whether the predicates cannot hold together with the facts; the facts themselves can.
///
/// Conjunctions are taken apart, and of every disjunction each alternative is tried.
fn exclude<'a>(
    open: &mut Vec<&'a Predicate<Column>>,
    facts: &mut Vec<&'a Predicate<Column>>,
    steps: &mut u32,
) -> bool {
    let Some(left) = steps.checked_sub(1) else { return false };
    *steps = left;
    // Disjunctions are kept for last, when most facts are known.
    let plain = open.iter().rposition(|predicate| !matches!(predicate, Predicate::Any(_)));
    let Some(at) = plain.or_else(|| open.len().checked_sub(1)) else { return false };
    let next = open.swap_remove(at);
    let known = facts.len();
    let excluded = match next {
        Predicate::All(parts) => {
            let mut more = open.clone();
            more.extend(parts);
            exclude(&mut more, facts, steps)
        }
        Predicate::Any(parts) => parts.iter().all(|part| {
            let mut more = open.clone();
            more.push(part);
            exclude(&mut more, facts, steps)
        }),
        Predicate::Not(_)
        | Predicate::Test(_)
        | Predicate::Keyword(_)
        | Predicate::KeywordRegex(_) => {
            let contradicts = facts.iter().any(|fact| contradict(fact, next));
            facts.push(next);
            contradicts || exclude(&mut open.clone(), facts, steps)
        }
    };
    facts.truncate(known);
    excluded
}

/// Whether two facts cannot hold together.
fn contradict(one: &Predicate<Column>, other: &Predicate<Column>) -> bool {
    match (one, other) {
        (Predicate::Test(one), Predicate::Test(other)) => tests_exclude(one, other),
        _ => negates(one, other) || negates(other, one),
    }
}

/// Whether `negation` is exactly the negation of `plain`.
fn negates(negation: &Predicate<Column>, plain: &Predicate<Column>) -> bool {
    matches!(negation, Predicate::Not(inner) if same(inner, plain))
}

/// Equality, wherever the predicates were written.
fn same(one: &Predicate<Column>, other: &Predicate<Column>) -> bool {
    let all_same = |a: &[Predicate<Column>], b: &[Predicate<Column>]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
    };
    match (one, other) {
        (Predicate::Test(a), Predicate::Test(b)) => a.field == b.field && a.op == b.op,
        (Predicate::All(a), Predicate::All(b)) | (Predicate::Any(a), Predicate::Any(b)) => {
            all_same(a, b)
        }
        (Predicate::Not(a), Predicate::Not(b)) => same(a, b),
        (a, b) => a == b,
    }
}

fn tests_exclude(one: &Test<Column>, other: &Test<Column>) -> bool {
    if one.field != other.field || one.field.multi {
        return false;
    }
    match (&one.op, &other.op) {
        (Op::Null, Op::Text { .. } | Op::Number { .. } | Op::Boolean(_) | Op::Exists)
        | (Op::Text { .. } | Op::Number { .. } | Op::Boolean(_) | Op::Exists, Op::Null) => {
            !is_empty_text(&one.op) && !is_empty_text(&other.op)
        }
        (Op::Boolean(a), Op::Boolean(b)) => a != b,
        (Op::Number { cmp: Cmp::Eq, value: a }, Op::Number { cmp: Cmp::Eq, value: b }) => a != b,
        (Op::Text { test: a, .. }, Op::Text { test: b, .. }) => texts_exclude(a, b),
        _ => false,
    }
}

/// On some platforms the empty text is the missing value.
fn is_empty_text(op: &Op<Column>) -> bool {
    matches!(op, Op::Text { test: TextTest::Equals(text), .. } if text.is_empty())
}

/// Whether no text satisfies both, whatever its case.
fn texts_exclude(one: &TextTest, other: &TextTest) -> bool {
    match (one, other) {
        (TextTest::Equals(text), test) | (test, TextTest::Equals(text)) => {
            !constant::text_holds(test, text, false)
        }
        (TextTest::StartsWith(a), TextTest::StartsWith(b)) => {
            let (a, b) = (a.to_lowercase(), b.to_lowercase());
            !a.starts_with(&b) && !b.starts_with(&a)
        }
        (TextTest::EndsWith(a), TextTest::EndsWith(b)) => {
            let (a, b) = (a.to_lowercase(), b.to_lowercase());
            !a.ends_with(&b) && !b.ends_with(&a)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ColumnType;
    use crate::source::Span;

    fn text(column: &str, test: TextTest) -> Predicate<Column> {
        let field = Column { name: column.into(), ty: ColumnType::Text, multi: false };
        let op = Op::Text { test, cased: false };
        Predicate::Test(Test { field, op, span: Span::default() })
    }

    fn equals(column: &str, value: &str) -> Predicate<Column> {
        text(column, TextTest::Equals(value.into()))
    }

    #[test]
    fn different_constants_exclude_each_other() {
        let either = Predicate::any([equals("EventCode", "1"), equals("EventCode", "2")]);
        let rest = text("Image", TextTest::EndsWith(r"\a.exe".into()));
        let left = Predicate::all([either, rest.clone()]);
        assert!(!may_overlap(&left, &equals("EventCode", "3")));
        assert!(may_overlap(&left, &equals("EventCode", "2")));
        assert!(may_overlap(&left, &equals("Other", "3")));
        assert!(!may_overlap(&left, &rest.negate()));
    }

    #[test]
    fn suffixes_exclude_each_other_unless_one_ends_with_the_other() {
        let ends = |value: &str| text("Image", TextTest::EndsWith(value.into()));
        assert!(!may_overlap(&ends(r"\a.exe"), &ends(r"\b.exe")));
        assert!(may_overlap(&ends(".exe"), &ends(r"\B.EXE")));
        assert!(!may_overlap(&ends(r"\a.exe"), &equals("Image", r"C:\b.exe")));
        assert!(may_overlap(&ends(r"\A.exe"), &equals("Image", r"C:\a.exe")));
    }
}
