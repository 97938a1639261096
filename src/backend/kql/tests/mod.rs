//! What KQL is written for plans built by hand; that it means the same is checked by running it
//! (`tests/tools/kql_meaning.py`).

mod filters;
mod meaning;
mod timelines;

use super::Kql;
use crate::backend::Backend;
use crate::backend::template::Templates;
use crate::diagnostic::Code;
use crate::ir::{Meta, Op, PatternId, Predicate, Test, TextTest};
use crate::plan::{Leg, Plan, PlanBody};
use crate::platform::{Column, ColumnType, Condition, Place};
use crate::source::Span;

fn column(name: &str, ty: ColumnType) -> Column {
    Column { name: name.to_owned(), ty, multi: false }
}

fn text_column(name: &str) -> Column {
    column(name, ColumnType::Text)
}

fn condition(name: &str, any_of: &[&str]) -> Condition {
    let any_of = any_of.iter().map(|&value| value.to_owned()).collect();
    Condition { column: text_column(name), any_of, negated: false }
}

fn test(field: Column, op: Op<Column>) -> Predicate<Column> {
    Predicate::Test(Test { field, op, span: Span::default() })
}

fn text(name: &str, test_of: TextTest) -> Predicate<Column> {
    test(text_column(name), Op::Text { test: test_of, cased: false })
}

fn equals(name: &str, value: &str) -> Predicate<Column> {
    text(name, TextTest::Equals(value.to_owned()))
}

fn ends(name: &str, value: &str) -> Predicate<Column> {
    text(name, TextTest::EndsWith(value.to_owned()))
}

fn leg(table: &str, conditions: Vec<Condition>, predicate: Predicate<Column>) -> Leg {
    let place = Place {
        table: table.to_owned(),
        category: "any".to_owned(),
        conditions,
        among: None,
        lookup: None,
        time: column("Timestamp", ColumnType::Time),
        identity: vec![
            column("ReportId", ColumnType::Integer),
            text_column("DeviceId"),
            text_column("DeviceName"),
        ],
    };
    let flags = vec![(PatternId(0), predicate)];
    Leg {
        place: place.into(),
        firings: None,
        lets: Vec::new(),
        flags,
        keys: Vec::new(),
        bound: Vec::new(),
        shows: Vec::new(),
        values: Vec::new(),
    }
}

fn plan(body: PlanBody) -> Plan {
    Plan {
        rule: "rule".to_owned(),
        meta: Meta::default().into(),
        accept: Vec::new(),
        platform: "defender-xdr".to_owned(),
        body,
        report: None,
    }
}

fn query(body: PlanBody) -> String {
    let queries = Kql.render(&plan(body), &Templates::default()).unwrap();
    assert_eq!(queries.len(), 1);
    queries.into_iter().next().unwrap().text
}

fn refusals(body: PlanBody) -> Vec<Code> {
    Kql.render(&plan(body), &Templates::default())
        .unwrap_err()
        .into_iter()
        .map(|refusal| refusal.code)
        .collect()
}

/// The condition for a predicate alone.
fn condition_of(predicate: Predicate<Column>) -> String {
    let text = query(PlanBody::Filter(vec![leg("T", vec![], predicate)]));
    text.strip_prefix("T\n| where ").unwrap_or(&text).replace("\n| where ", " and ")
}
