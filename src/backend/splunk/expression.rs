//! Predicates as expressions of `where` and `eval`, always exactly or not at all.
//!
//! Comparisons there are case-sensitive, mind types, and are null where a field is missing. So text
//! is compared by `match()`, numbers by `tonumber()`, and every test says that its field is there:
//! it is true or false, never null, and `NOT` may stand before it. A field with several values is
//! tested by `mvfilter()`: any of them.
//!
//! `User|cased: Bob` → `isnotnull(User) AND match(User, "^Bob\z")`.

use std::collections::BTreeSet;

use super::lookups;
use super::regex::{of_keyword, of_texts, portable};
use super::search::is_empty;
use super::syntax::{EVAL, Eval, eval_field, number};
use crate::backend::infix::{Expr, all, any, not};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Cmp, Op, Predicate, Regex, Test, TextCmp, TextTest, TimePart};
use crate::platform::{Column, ColumnType};
use crate::source::Span;

/// The expression for a predicate.
///
/// # Errors
/// A refusal for each test that SPL cannot say exactly; `span` is the place of what has none.
pub(super) fn expression(
    predicate: &Predicate<Column>,
    span: Span,
) -> Result<Expr<Eval>, Vec<Diagnostic>> {
    Ok(conjunction(conjuncts(predicate, span)?))
}

/// What must all hold.
type Conjuncts = Vec<Expr<Eval>>;

fn conjuncts(predicate: &Predicate<Column>, span: Span) -> Result<Conjuncts, Vec<Diagnostic>> {
    match predicate {
        Predicate::All(parts) => {
            Ok(collect(parts.iter().map(|part| conjuncts(part, span)))?.concat())
        }
        Predicate::Any(parts) => Ok(vec![either(parts, span)?]),
        Predicate::Not(inner) => Ok(vec![not(&expression(inner, span)?, &EVAL)]),
        Predicate::Test(test) => of_test(test).map_err(|refusal| vec![refusal]),
        Predicate::Keyword(test) => Ok(guarded("_raw", matches("_raw", &of_keyword(test)))),
        Predicate::KeywordRegex(regex) => {
            let pattern = regular(regex, span).map_err(|refusal| vec![refusal])?;
            Ok(guarded("_raw", matches("_raw", &pattern)))
        }
    }
}

/// All of the parts, each once; several tests of a field ask only once whether it is there.
fn conjunction(parts: Conjuncts) -> Expr<Eval> {
    all(distinct(parts), &EVAL)
}

fn distinct(parts: Vec<Expr<Eval>>) -> Vec<Expr<Eval>> {
    let mut seen = BTreeSet::new();
    parts.into_iter().filter(|part| seen.insert(part.text.to_string())).collect()
}

/// All results, or all refusals.
pub(super) fn collect<T>(
    results: impl IntoIterator<Item = Result<T, Vec<Diagnostic>>>,
) -> Result<Vec<T>, Vec<Diagnostic>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => good.push(value),
            Err(refusals) => bad.extend(refusals),
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

/// The column's name in an expression.
///
/// # Errors
/// If no quotes can hold it.
pub(super) fn name(column: &Column, span: Span) -> Result<String, Diagnostic> {
    eval_field(&column.name).map(|field| field.to_string()).ok_or_else(|| {
        let message = format!("SPL has no quotes for the field name `{}`", column.name);
        Diagnostic::new(Code::ColumnOperator, span, message)
            .help("give the field an alias without quotes, brackets, `*`, `|` and backslashes")
    })
}

/// How many characters of text one `match()` may test: PCRE limits the size of an expression.
const MATCH_SIZE: usize = 4_000;

/// Any of the parts; neighbouring text tests of one field share a `match()`.
fn either(parts: &[Predicate<Column>], span: Span) -> Result<Expr<Eval>, Vec<Diagnostic>> {
    let mut results = Vec::new();
    let mut rest = parts;
    while let Some(first) = rest.first() {
        let run = mergeable(rest);
        let (taken, left) = rest.split_at_checked(run.len().max(1)).unwrap_or((rest, &[]));
        rest = left;
        results.push(match (text_test(first), run.as_slice()) {
            (Some((column, cased, _)), [_, _, ..]) => {
                merged(column, cased, &run, first_span(first, span))
            }
            (Some(_) | None, _) => collect(taken.iter().map(|part| expression(part, span)))
                .map(|parts| any(parts, &EVAL)),
        });
    }
    Ok(any(distinct(collect(results)?), &EVAL))
}

fn merged(
    column: &Column,
    cased: bool,
    tests: &[&TextTest],
    span: Span,
) -> Result<Expr<Eval>, Vec<Diagnostic>> {
    let pattern = of_texts(tests.iter().copied(), cased);
    leaf(column, span, |field| matches(field, &pattern))
        .map(conjunction)
        .map_err(|refusal| vec![refusal])
}

/// The text tests at the front that test the same field in the same way, up to a size.
fn mergeable(parts: &[Predicate<Column>]) -> Vec<&TextTest> {
    let Some((column, cased, _)) = parts.first().and_then(text_test) else { return Vec::new() };
    let mut size = 0;
    parts
        .iter()
        .map_while(text_test)
        .take_while(|(other, same, _)| *other == column && *same == cased)
        .map(|(_, _, test)| test)
        .take_while(|test| {
            size += text_size(test);
            size <= MATCH_SIZE
        })
        .collect()
}

fn text_size(test: &TextTest) -> usize {
    match test {
        TextTest::Equals(text)
        | TextTest::StartsWith(text)
        | TextTest::EndsWith(text)
        | TextTest::Contains(text) => text.len(),
        TextTest::Like(parts) => parts.len().saturating_mul(8),
    }
}

fn text_test(part: &Predicate<Column>) -> Option<(&Column, bool, &TextTest)> {
    match part {
        Predicate::Test(Test { field, op: Op::Text { test, cased }, .. }) if !is_empty(test) => {
            Some((field, *cased, test))
        }
        Predicate::Test(_)
        | Predicate::All(_)
        | Predicate::Any(_)
        | Predicate::Not(_)
        | Predicate::Keyword(_)
        | Predicate::KeywordRegex(_) => None,
    }
}

fn first_span(part: &Predicate<Column>, otherwise: Span) -> Span {
    match part {
        Predicate::Test(test) => test.span,
        Predicate::All(_)
        | Predicate::Any(_)
        | Predicate::Not(_)
        | Predicate::Keyword(_)
        | Predicate::KeywordRegex(_) => otherwise,
    }
}

fn of_test(test: &Test<Column>) -> Result<Conjuncts, Diagnostic> {
    let column = &test.field;
    let span = test.span;
    match &test.op {
        Op::Text { test, .. } if is_empty(test) => missing(column, span),
        Op::Text { test, cased } => {
            let pattern = of_texts([test], *cased);
            leaf(column, span, |field| matches(field, &pattern))
        }
        Op::Regex(regex) => {
            let pattern = regular(regex, span)?;
            leaf(column, span, |field| matches(field, &pattern))
        }
        Op::Number { cmp: Cmp::Neq, value } => {
            let equal = compare_number(column, span, Cmp::Eq, *value)?;
            Ok(vec![not(&conjunction(equal), &EVAL)])
        }
        Op::Number { cmp, value } => compare_number(column, span, *cmp, *value),
        Op::Boolean(value) => {
            leaf(column, span, |field| matches(field, &format!("(?i)^{value}\\z")))
        }
        Op::Cidr(network) => {
            leaf(column, span, |field| format!("cidrmatch(\"{network}\", {field})"))
        }
        Op::Exists => Ok(vec![there(&name(column, span)?)]),
        Op::Null => missing(column, span),
        Op::Field { cmp, other, cased } => compare_fields(column, *cmp, other, *cased, span),
        Op::Listed { list, cased } => lookups::test(column, list, *cased, span),
        Op::TimePart { part, cmp, value } => time_part(column, *part, *cmp, *value, span),
    }
}

/// A comparison of one value, made two-valued; of several values: of any.
fn leaf(
    column: &Column,
    span: Span,
    test: impl FnOnce(&str) -> String,
) -> Result<Conjuncts, Diagnostic> {
    let field = name(column, span)?;
    let test = test(&field);
    if column.multi {
        return Ok(vec![Expr::atom(format!("isnotnull(mvfilter({test}))"))]);
    }
    Ok(guarded(&field, test))
}

/// The test, and that its field is there.
fn guarded(field: &str, test: String) -> Conjuncts {
    vec![there(field), Expr::atom(test)]
}

fn there(field: &str) -> Expr<Eval> {
    Expr::atom(format!("isnotnull({field})"))
}

fn matches(field: &str, pattern: &str) -> String {
    format!("match({field}, \"{pattern}\")")
}

/// Missing or empty, see `search::missing`.
fn missing(column: &Column, span: Span) -> Result<Conjuncts, Diagnostic> {
    let field = name(column, span)?;
    let none = Expr::atom(format!("isnull({field})"));
    let empty = conjunction(leaf(column, span, |field| matches(field, "^\\z"))?);
    Ok(vec![any(vec![none, empty], &EVAL)])
}

/// False for what is no number.
fn compare_number(
    column: &Column,
    span: Span,
    cmp: Cmp,
    value: f64,
) -> Result<Conjuncts, Diagnostic> {
    let (operator, value) = (comparison(cmp), number(value));
    if column.multi {
        return leaf(column, span, |field| format!("tonumber({field}){operator}{value}"));
    }
    let number = format!("tonumber({})", name(column, span)?);
    Ok(guarded(&number, format!("{number}{operator}{value}")))
}

pub(super) fn comparison(cmp: Cmp) -> &'static str {
    match cmp {
        Cmp::Eq => "=",
        Cmp::Neq => "!=",
        Cmp::Lt => "<",
        Cmp::Lte => "<=",
        Cmp::Gt => ">",
        Cmp::Gte => ">=",
    }
}

/// An underscore before each side makes `=` compare text even where both sides are numbers.
fn compare_fields(
    column: &Column,
    cmp: TextCmp,
    other: &Column,
    cased: bool,
    span: Span,
) -> Result<Conjuncts, Diagnostic> {
    if column.multi || other.multi {
        let several = if column.multi { column } else { other };
        let message = format!("`{}` may hold several values", several.name);
        return Err(Diagnostic::new(Code::ColumnOperator, span, message)
            .at("compared with another field")
            .help("SPL compares fields with a single value only"));
    }
    let (field, with) = (name(column, span)?, name(other, span)?);
    let (a, b) = if cased {
        (format!("tostring({field})"), format!("tostring({with})"))
    } else {
        (format!("lower({field})"), format!("lower({with})"))
    };
    let test = match cmp {
        TextCmp::Equals => format!("(\"_\".{a})=(\"_\".{b})"),
        TextCmp::StartsWith => format!("substr(\"_\".{a}, 1, len({b})+1)=(\"_\".{b})"),
        TextCmp::EndsWith => {
            format!("len({a})>=len({b}) AND substr({a}.\"_\", -1-len({b}))=({b}.\"_\")")
        }
        TextCmp::Contains => format!("(len({b})=0 OR mvcount(split({a}, {b}))>1)"),
    };
    Ok(vec![there(&field), there(&with), Expr::atom(test)])
}

/// Splunk's own time functions use the time zone of the user, so the parts are counted or cut out.
fn time_part(
    column: &Column,
    part: TimePart,
    cmp: Cmp,
    value: i64,
    span: Span,
) -> Result<Conjuncts, Diagnostic> {
    let field = name(column, span)?;
    let (written, taken) = if column.is_written_time() {
        (Some(UTC), cut_out(&field, part, span)?)
    } else if column.ty == ColumnType::Time && !column.multi {
        (None, counted(&field, part, span)?)
    } else {
        let message = format!("`{}` is no epoch time on this platform", column.name);
        return Err(Diagnostic::new(Code::ColumnOperator, span, message)
            .help("SPL takes parts of `_time`, and of `UtcTime` and its like"));
    };
    let compared = |cmp: Cmp| {
        let written = written.map(|pattern| Expr::atom(matches(&field, pattern)));
        let test = Expr::atom(format!("{taken}{}{value}", comparison(cmp)));
        std::iter::once(there(&field)).chain(written).chain([test]).collect::<Conjuncts>()
    };
    Ok(match cmp {
        Cmp::Neq => vec![not(&conjunction(compared(Cmp::Eq)), &EVAL)],
        Cmp::Eq | Cmp::Lt | Cmp::Lte | Cmp::Gt | Cmp::Gte => compared(cmp),
    })
}

/// A time in UTC as Sysmon and Windows write it.
const UTC: &str = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?Z?\z";

/// A part of an epoch time.
fn counted(field: &str, part: TimePart, span: Span) -> Result<String, Diagnostic> {
    match part {
        TimePart::Minute => Ok(format!("floor({field}/60)%60")),
        TimePart::Hour => Ok(format!("floor({field}/3600)%24")),
        TimePart::Day | TimePart::Week | TimePart::Month | TimePart::Year => {
            let message = "SPL reads days, weeks, months and years in the user's time zone";
            Err(Diagnostic::new(Code::NotExpressible, span, message)
                .help("compare the hour or the minute, or leave the test to the schedule"))
        }
    }
}

/// A part of a time that is written in UTC.
fn cut_out(field: &str, part: TimePart, span: Span) -> Result<String, Diagnostic> {
    let (from, length) = match part {
        TimePart::Year => (1, 4),
        TimePart::Month => (6, 2),
        TimePart::Day => (9, 2),
        TimePart::Hour => (12, 2),
        TimePart::Minute => (15, 2),
        TimePart::Week => {
            let message = "SPL has no number for the ISO week of a time in UTC";
            return Err(Diagnostic::new(Code::NotExpressible, span, message)
                .help("compare the month, the day or the hour"));
        }
    };
    Ok(format!("tonumber(substr({field}, {from}, {length}))"))
}

/// The expression in Splunk's syntax.
fn regular(regex: &Regex, span: Span) -> Result<String, Diagnostic> {
    portable(regex).map_err(|construct| {
        let message = format!("Splunk's regular expressions cannot say `{construct}`");
        Diagnostic::new(Code::RegexNotPortable, span, message).note("Splunk reads PCRE").help(
            "write it without nested classes, class arithmetic, long property names and `(?-u)`",
        )
    })
}
