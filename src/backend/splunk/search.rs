//! Predicates as terms of the `search` command, exactly or wider.
//!
//! The search command reads only the events that its terms allow, so as much as possible goes there.
//! Its comparisons are those of the rule language: case-insensitive, `*` as wildcard, any element of
//! several values, and `NOT field=value` keeps events without the field. What it cannot say bounds
//! the events from above ([`Bound::exact`] is false) and is tested again by `where`.
//!
//! `Image` ends with `\a.exe` or `\b.exe` → `Image IN ("*\\a.exe", "*\\b.exe")`.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::syntax::{SEARCH, Search, breaks_lines, search_field, search_value, searchable, whole};
use crate::backend::Fragment;
use crate::backend::infix::{Expr, Top, all, any};
use crate::ir::{Cmp, Op, Predicate, Test, TextTest};
use crate::platform::{Column, Condition};
use crate::source::Span;

/// Terms that hold of every event that satisfies a predicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    /// The terms; none: of every event.
    pub terms: Option<Expr<Search>>,
    /// Whether they hold of no other event.
    pub exact: bool,
}

/// The terms for a predicate. Columns in `computed` do not exist yet when the search runs.
pub(super) fn bound(predicate: &Predicate<Column>, computed: &BTreeSet<&str>) -> Bound {
    match predicate {
        Predicate::All(parts) => every(parts.iter().map(|part| bound(part, computed)).collect()),
        Predicate::Any(parts) => some(alternatives(parts, computed)),
        Predicate::Not(inner) => negation(inner, computed),
        Predicate::Test(test) => of_test(test, computed),
        Predicate::Keyword(test) => keyword(test),
        Predicate::KeywordRegex(_) => Bound::wider(None),
    }
}

/// The terms for a condition of a place.
pub(super) fn condition(condition: &Condition) -> Bound {
    bound(&predicate(condition), &BTreeSet::new())
}

/// The condition as a predicate.
pub(super) fn predicate(condition: &Condition) -> Predicate<Column> {
    let values = condition.any_of.iter().map(|value| {
        Predicate::Test(Test {
            field: condition.column.clone(),
            op: Op::Text { test: TextTest::Equals(value.clone()), cased: false },
            span: Span::default(),
        })
    });
    let any = Predicate::any(values);
    if condition.negated { any.negate() } else { any }
}

/// All of the bounds.
pub(super) fn every(parts: Vec<Bound>) -> Bound {
    let exact = parts.iter().all(|part| part.exact);
    let terms: Vec<Expr<Search>> = parts.into_iter().filter_map(|part| part.terms).collect();
    let terms = (!terms.is_empty()).then(|| all(distinct(terms), &SEARCH));
    Bound { terms, exact }
}

/// Any of the bounds.
pub(super) fn some(parts: Vec<Bound>) -> Bound {
    let everything = parts.iter().any(|part| part.terms.is_none() && part.exact);
    let exact = everything || parts.iter().all(|part| part.exact);
    let terms: Option<Vec<Expr<Search>>> = parts.into_iter().map(|part| part.terms).collect();
    Bound { terms: terms.map(|terms| any(distinct(terms), &SEARCH)), exact }
}

/// Each term once.
fn distinct(terms: Vec<Expr<Search>>) -> Vec<Expr<Search>> {
    if terms.len() < 2 {
        return terms;
    }
    let mut seen = BTreeSet::new();
    terms.into_iter().filter(|term| seen.insert(term.text.as_str().to_owned())).collect()
}

/// Of a negated disjunction that the search cannot say, it may say the negation of some parts.
fn negation(inner: &Predicate<Column>, computed: &BTreeSet<&str>) -> Bound {
    match inner {
        Predicate::Any(parts) => {
            let parts = alternatives(parts, computed);
            if parts.iter().all(|part| part.exact) {
                return negated(some(parts));
            }
            every(parts.into_iter().map(negated).collect())
        }
        Predicate::All(_)
        | Predicate::Not(_)
        | Predicate::Test(_)
        | Predicate::Keyword(_)
        | Predicate::KeywordRegex(_) => negated(bound(inner, computed)),
    }
}

impl Bound {
    fn exact(term: String) -> Self {
        Self { terms: Some(Expr::atom(term)), exact: true }
    }

    fn wider(term: Option<String>) -> Self {
        Self { terms: term.map(Expr::atom), exact: false }
    }
}

fn negated(bound: Bound) -> Bound {
    if !bound.exact {
        return Bound::wider(None);
    }
    let Some(inner) = bound.terms else { return Bound::exact(SEARCH.never.to_owned()) };
    let text = match inner.top {
        Top::Atom => format!("NOT {}", inner.text),
        Top::And | Top::Or | Top::Not => format!("NOT ({})", inner.text),
    };
    Bound { terms: Some(Expr { text: Fragment::trusted(text), top: Top::Not }), exact: true }
}

/// The parts of a disjunction; exact equalities of one field become a list.
fn alternatives(parts: &[Predicate<Column>], computed: &BTreeSet<&str>) -> Vec<Bound> {
    let mut lists: IndexMap<String, Vec<String>> = IndexMap::new();
    let mut others = Vec::new();
    for part in parts {
        match listable(part, computed) {
            Some((field, value)) => lists.entry(field).or_default().push(value),
            None => others.push(bound(part, computed)),
        }
    }
    let lists = lists.into_iter().map(|(field, values)| match values.as_slice() {
        [only] => Bound::exact(format!("{field}={only}")),
        several => Bound::exact(format!("{field} IN ({})", several.join(", "))),
    });
    lists.chain(others).collect()
}

/// The field and the value if the part is an exact `field=value`.
fn listable(part: &Predicate<Column>, computed: &BTreeSet<&str>) -> Option<(String, String)> {
    let Predicate::Test(test) = part else { return None };
    let field = field(&test.field, computed)?;
    let value = match &test.op {
        Op::Text { test, cased: false } if !is_empty(test) => {
            let value = search_value(test);
            value.exact.then(|| value.text.into_string())
        }
        Op::Number { cmp: Cmp::Eq, value } => whole(*value),
        Op::Text { .. }
        | Op::Number { .. }
        | Op::Boolean(_)
        | Op::Regex(_)
        | Op::Cidr(_)
        | Op::Exists
        | Op::Null
        | Op::Field { .. }
        | Op::Listed { .. }
        | Op::TimePart { .. } => None,
    };
    Some((field, value?))
}

fn field(column: &Column, computed: &BTreeSet<&str>) -> Option<String> {
    if computed.contains(column.name.as_str()) {
        return None;
    }
    search_field(&column.name).map(Fragment::into_string)
}

/// Whether it is a comparison with the empty text, which Splunk does not tell from a missing value.
pub(super) fn is_empty(test: &TextTest) -> bool {
    matches!(test, TextTest::Equals(text) if text.is_empty())
}

fn of_test(test: &Test<Column>, computed: &BTreeSet<&str>) -> Bound {
    let Some(field) = field(&test.field, computed) else { return Bound::wider(None) };
    let present = || format!("{field}=*");
    match &test.op {
        Op::Text { test, .. } if is_empty(test) => missing(&field),
        Op::Text { test, cased } => {
            let value = search_value(test);
            Bound {
                exact: value.exact && !cased,
                ..Bound::exact(format!("{field}={}", value.text))
            }
        }
        Op::Number { cmp: Cmp::Eq, value } => match whole(*value) {
            Some(value) => Bound::exact(format!("{field}={value}")),
            None => Bound::wider(Some(present())),
        },
        Op::Number { cmp: Cmp::Neq, value } => match whole(*value) {
            Some(value) => negated(Bound::exact(format!("{field}={value}"))),
            None => Bound::wider(None),
        },
        Op::Number { cmp: Cmp::Lt | Cmp::Lte | Cmp::Gt | Cmp::Gte, .. }
        | Op::Regex(_)
        | Op::Listed { .. }
        | Op::Field { .. } => Bound::wider(Some(present())),
        Op::TimePart { .. } => Bound::wider(None),
        Op::Boolean(value) => Bound::exact(format!("{field}=\"{value}\"")),
        Op::Cidr(network) => Bound::exact(format!("{field}=\"{network}\"")),
        Op::Exists => Bound::exact(present()),
        Op::Null => missing(&field),
    }
}

/// Missing or empty: Splunk's own field extractions drop empty values (`KEEP_EMPTY_VALS`).
fn missing(field: &str) -> Bound {
    let parts = vec![Expr::atom(format!("{field}=\"\"")), absent(field)];
    Bound { terms: Some(any(parts, &SEARCH)), exact: true }
}

fn absent(field: &str) -> Expr<Search> {
    Expr { text: Fragment::trusted(format!("NOT {field}=*")), top: Top::Not }
}

/// A keyword within one indexed term is a term with wildcards. Of a keyword over several terms,
/// each of its stretches without a breaker lies within a term.
fn keyword(test: &TextTest) -> Bound {
    let text = match test {
        TextTest::Equals(text)
        | TextTest::StartsWith(text)
        | TextTest::EndsWith(text)
        | TextTest::Contains(text) => text,
        TextTest::Like(_) => return Bound::wider(None),
    };
    let stretches =
        text.split(|c| breaks_terms(c) || !searchable(c)).filter(|part| !part.is_empty());
    let parts: Vec<Bound> = stretches
        .map(|part| {
            let value = search_value(&TextTest::Contains(part.to_owned()));
            let exact = value.exact && part.len() == text.len();
            Bound { exact, ..Bound::exact(value.text.into_string()) }
        })
        .collect();
    if parts.is_empty() { Bound::wider(None) } else { every(parts) }
}

/// Whether the character separates indexed terms, wholly or as a minor breaker.
fn breaks_terms(c: char) -> bool {
    c.is_whitespace() || breaks_lines(c) || (c.is_ascii_punctuation())
}
