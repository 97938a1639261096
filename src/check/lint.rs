//! Predicates that hold for every event or for none.
//!
//! Only what is plain is found: a conjunction of tests on one field that exclude each other
//! (`Image: a` and `Image: b`), a part and its negation, nothing at all.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{Cmp, Op, Predicate, Test, TextTest};
use crate::source::Span;
use crate::taxonomy::Type;

/// Conjunctions and disjunctions with more parts than this are not compared part by part.
const MAX_PARTS: usize = 64;

/// Reports a condition that is always or never true.
pub(super) fn check(predicate: &Predicate, condition: Span, diagnostics: &mut Diagnostics) {
    if always(predicate) {
        diagnostics.push(
            Diagnostic::new(Code::AlwaysTrue, condition, "the condition holds for every event")
                .help("add a test, or remove the `or` that makes it hold"),
        );
    }
    if let Some((a, b)) = never(predicate) {
        let message = "the condition can never hold";
        let mut found = Diagnostic::new(Code::NeverTrue, condition, message)
            .help("two parts exclude each other: use `or`, or one list for both");
        for (span, text) in [(a, "this"), (b, "excludes this")] {
            if let Some(span) = span.filter(|span| span.source == condition.source) {
                found = found.label(span, text);
            }
        }
        diagnostics.push(found);
    }
}

/// Whether no event satisfies both.
pub(super) fn exclusive(a: &Predicate, b: &Predicate) -> bool {
    never(&Predicate::all([a.clone(), b.clone()])).is_some()
}

/// Whether it holds for every event.
fn always(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::All(parts) => parts.iter().all(always),
        Predicate::Any(parts) => {
            parts.iter().any(always)
                || pairs(parts).any(|(a, b)| is_negation(a, b) || is_negation(b, a))
        }
        Predicate::Not(inner) => never(inner).is_some(),
        Predicate::Test(_) | Predicate::Keyword(_) | Predicate::KeywordRegex(_) => false,
    }
}

/// The two places that exclude each other, if it holds for no event.
fn never(predicate: &Predicate) -> Option<(Option<Span>, Option<Span>)> {
    match predicate {
        Predicate::All(parts) => {
            parts.iter().find_map(never).or_else(|| pairs(parts).find_map(|(a, b)| exclude(a, b)))
        }
        Predicate::Any(parts) => {
            let mut last = (None, None);
            for part in parts {
                last = never(part)?;
            }
            Some(last)
        }
        Predicate::Not(inner) => always(inner).then_some((None, None)),
        Predicate::Test(_) | Predicate::Keyword(_) | Predicate::KeywordRegex(_) => None,
    }
}

fn pairs(parts: &[Predicate]) -> impl Iterator<Item = (&Predicate, &Predicate)> {
    let parts = if parts.len() > MAX_PARTS { &[] } else { parts };
    parts.iter().enumerate().flat_map(move |(at, a)| parts.iter().skip(at + 1).map(move |b| (a, b)))
}

fn is_negation(a: &Predicate, b: &Predicate) -> bool {
    matches!(b, Predicate::Not(inner) if **inner == *a)
}

/// The places of two parts that cannot both hold.
fn exclude(a: &Predicate, b: &Predicate) -> Option<(Option<Span>, Option<Span>)> {
    if is_negation(a, b) || is_negation(b, a) {
        return Some((first(a), first(b)));
    }
    match (a, b) {
        (Predicate::Test(a), Predicate::Test(b)) => {
            excluded(a, b).then_some((Some(a.span), Some(b.span)))
        }
        (Predicate::Any(any), other @ Predicate::Test(_))
        | (other @ Predicate::Test(_), Predicate::Any(any)) => {
            let all = !any.is_empty() && any.iter().all(|part| exclude(part, other).is_some());
            all.then(|| (first(a), first(b)))
        }
        (Predicate::Any(left), Predicate::Any(right)) => {
            let small = left.len().saturating_mul(right.len()) <= MAX_PARTS * MAX_PARTS;
            let all = small
                && !left.is_empty()
                && left.iter().all(|part| exclude(part, b).is_some() && !right.is_empty());
            all.then(|| (first(a), first(b)))
        }
        _ => None,
    }
}

/// Where a predicate's first test stands.
fn first(predicate: &Predicate) -> Option<Span> {
    let mut span = None;
    predicate.tests(&mut |test| {
        span.get_or_insert(test.span);
    });
    span
}

/// Whether two tests on one field, which holds one value, cannot both hold.
fn excluded(a: &Test, b: &Test) -> bool {
    let single = !matches!(a.field.ty, Type::List(_));
    a.field == b.field && single && (excludes(&a.op, &b.op) || excludes(&b.op, &a.op))
}

fn excludes(a: &Op, b: &Op) -> bool {
    match (a, b) {
        // Where a platform stores no difference, `null` and `''` mean the same.
        (Op::Null, Op::Null) => false,
        (Op::Null, Op::Text { test: TextTest::Equals(text), .. }) => !text.is_empty(),
        (Op::Null, _) => true,
        (Op::Boolean(a), Op::Boolean(b)) => a != b,
        (Op::Number { cmp: Cmp::Eq, value }, Op::Number { cmp, value: other }) => {
            !cmp.holds(*value, *other)
        }
        (Op::Text { test: TextTest::Equals(value), .. }, Op::Text { test, .. }) => {
            !passes(&value.to_lowercase(), test)
        }
        (
            Op::Text { test: TextTest::StartsWith(a), .. },
            Op::Text { test: TextTest::StartsWith(b), .. },
        ) => {
            let (a, b) = (a.to_lowercase(), b.to_lowercase());
            !a.starts_with(&b) && !b.starts_with(&a)
        }
        (
            Op::Text { test: TextTest::EndsWith(a), .. },
            Op::Text { test: TextTest::EndsWith(b), .. },
        ) => {
            let (a, b) = (a.to_lowercase(), b.to_lowercase());
            !a.ends_with(&b) && !b.ends_with(&a)
        }
        _ => false,
    }
}

/// Whether a text in lower case may pass a test; patterns are taken to be passed.
fn passes(value: &str, test: &TextTest) -> bool {
    match test {
        TextTest::Equals(text) => value == text.to_lowercase(),
        TextTest::StartsWith(text) => value.starts_with(&text.to_lowercase()),
        TextTest::EndsWith(text) => value.ends_with(&text.to_lowercase()),
        TextTest::Contains(text) => value.contains(&text.to_lowercase()),
        TextTest::Like(_) => true,
    }
}
