//! Tests of the module above.

use super::*;
use crate::backend::template::Templates;
use crate::ir::{Meta, Op, PatternId, Predicate, Test, TextTest};
use crate::platform::{Column, ColumnType, Condition, Place};

pub(super) fn column(name: &str) -> Column {
    Column { name: name.to_owned(), ty: ColumnType::Text, multi: false }
}

pub(super) fn equals(name: &str, value: &str) -> Predicate<Column> {
    let test = TextTest::Equals(value.to_owned());
    let op = Op::Text { test, cased: false };
    Predicate::Test(Test { field: column(name), op, span: Span::default() })
}

pub(super) fn place(category: &str, code: &str) -> Place {
    let any_of = vec![code.to_owned()];
    Place {
        table: "logs-*".into(),
        category: category.into(),
        conditions: vec![Condition { column: column("event.code"), any_of, negated: false }],
        among: None,
        lookup: None,
        time: Column { name: "@timestamp".into(), ty: ColumnType::Time, multi: false },
        identity: Vec::new(),
    }
}

pub(super) fn leg(place: Place, flags: Vec<(usize, Predicate<Column>)>) -> Leg {
    let flags = flags.into_iter().map(|(id, flag)| (PatternId(id), flag)).collect();
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

pub(super) fn render(body: PlanBody) -> Result<Vec<String>, Vec<Diagnostic>> {
    let plan = Plan {
        rule: "rule".into(),
        meta: Meta::default().into(),
        accept: Vec::new(),
        platform: "elastic".into(),
        body,
        report: None,
    };
    let queries = Eql.render(&plan, &Templates::default())?;
    Ok(queries.into_iter().map(|query| query.text).collect())
}

#[test]
fn a_rule_over_single_events_is_a_filter() {
    let two = Predicate::All(vec![
        equals("process.name", "a"),
        Predicate::Any(vec![equals("x", "b"), equals("y", "c")]),
    ]);
    let found = render(PlanBody::Filter(vec![leg(place("any", "1"), vec![(0, two)])]));
    let expected = "any where event.code : \"1\" and\n  process.name : \"a\" and\n  \
                    (x : \"b\" or y : \"c\")";
    assert_eq!(found, Ok(vec![expected.to_owned()]));
}

#[test]
fn places_of_different_categories_are_told_apart() {
    let flag = || vec![(0, equals("process.name", "a"))];
    let same = vec![leg(place("process", "1"), flag()), leg(place("process", "2"), flag())];
    let expected = "process where (event.code : \"1\" and process.name : \"a\") or \
                    (event.code : \"2\" and process.name : \"a\")";
    assert_eq!(render(PlanBody::Filter(same)), Ok(vec![expected.to_owned()]));
    let mixed = vec![leg(place("process", "1"), flag()), leg(place("any", "2"), flag())];
    let expected = "any where (event.category == \"process\" and event.code : \"1\" and \
                    process.name : \"a\") or (event.code : \"2\" and process.name : \"a\")";
    assert_eq!(render(PlanBody::Filter(mixed)), Ok(vec![expected.to_owned()]));
}

#[test]
fn a_filter_without_tests_takes_every_event() {
    let everything = Place { conditions: Vec::new(), ..place("any", "") };
    let found = render(PlanBody::Filter(vec![leg(everything, vec![(0, Predicate::always())])]));
    assert_eq!(found, Ok(vec!["any where true".to_owned()]));
}
