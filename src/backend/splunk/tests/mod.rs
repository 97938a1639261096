//! What is printed, by example; `oracle.rs` makes cases for an independent interpreter of SPL.

mod filters;
mod oracle;
mod quotes;
mod timelines;

use crate::backend::Backend;
use crate::backend::template::Templates;
use crate::diagnostic::Diagnostic;
use crate::ir::{Cmp, Meta, Op, PatternId, Predicate, Regex, Test, TextTest};
use crate::plan::{Leg, Let, Plan, PlanBody};
use crate::platform::{Column, ColumnType, Condition, Place};
use crate::source::Span;

use super::Splunk;

pub(super) fn column(name: &str) -> Column {
    Column { name: name.to_owned(), ty: ColumnType::Text, multi: false }
}

pub(super) fn place(conditions: &[(&str, &[&str])]) -> Place {
    Place {
        table: String::new(),
        category: String::new(),
        conditions: conditions
            .iter()
            .map(|(name, values)| Condition {
                column: column(name),
                any_of: values.iter().map(|value| (*value).to_owned()).collect(),
                negated: false,
            })
            .collect(),
        among: None,
        lookup: None,
        time: Column { name: "_time".to_owned(), ty: ColumnType::Time, multi: false },
        identity: Vec::new(),
    }
}

pub(super) fn leg(place: Place, flag: Predicate<Column>) -> Leg {
    Leg {
        place: place.into(),
        firings: None,
        lets: Vec::new(),
        flags: vec![(PatternId(0), flag)],
        keys: Vec::new(),
        values: Vec::new(),
        bound: Vec::new(),
        shows: Vec::new(),
    }
}

pub(super) fn plan(body: PlanBody) -> Plan {
    Plan {
        rule: "r".to_owned(),
        meta: Meta::default().into(),
        accept: Vec::new(),
        platform: "splunk-ta".to_owned(),
        body,
        report: None,
    }
}

pub(super) fn render(legs: Vec<Leg>) -> Result<String, Vec<Diagnostic>> {
    let queries = Splunk.render(&plan(PlanBody::Filter(legs)), &Templates::default())?;
    Ok(queries.into_iter().map(|query| query.text).collect())
}

/// The query for a predicate in a place without conditions.
pub(super) fn spl(predicate: Predicate<Column>) -> String {
    render(vec![leg(place(&[]), predicate)]).unwrap()
}

pub(super) fn test(name: &str, op: Op<Column>) -> Predicate<Column> {
    Predicate::Test(Test { field: column(name), op, span: Span::default() })
}

pub(super) fn text(name: &str, test_: TextTest) -> Predicate<Column> {
    test(name, Op::Text { test: test_, cased: false })
}

pub(super) fn cased(name: &str, test_: TextTest) -> Predicate<Column> {
    test(name, Op::Text { test: test_, cased: true })
}

pub(super) fn equals(name: &str, value: &str) -> Predicate<Column> {
    text(name, TextTest::Equals(value.to_owned()))
}

pub(super) fn contains(name: &str, value: &str) -> Predicate<Column> {
    text(name, TextTest::Contains(value.to_owned()))
}

pub(super) fn ends(name: &str, value: &str) -> Predicate<Column> {
    text(name, TextTest::EndsWith(value.to_owned()))
}

pub(super) fn number(name: &str, cmp: Cmp, value: f64) -> Predicate<Column> {
    test(name, Op::Number { cmp, value })
}

pub(super) fn regex(pattern: &str) -> Regex {
    Regex { pattern: pattern.to_owned(), ignore_case: false, multiline: false, dotall: false }
}

pub(super) fn not(predicate: Predicate<Column>) -> Predicate<Column> {
    predicate.negate()
}

pub(super) fn computed(name: &str, value: crate::platform::Scalar) -> Let {
    Let { column: column(name), value }
}
