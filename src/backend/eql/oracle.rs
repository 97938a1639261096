//! Queries for `tests/tools/eql_oracle.py`, which runs them against events and a reading of the
//! rules of its own. Reads plans as JSON lines from the file named by `EQL_PLANS` and writes
//! `{"queries": […]}` or `{"codes": […]}` for each to the one named by `EQL_QUERIES`.
//!
//! `{"filter": {"field": "tag", "type": "text", "op": "equals", "value": "a"}}` → `any where …`.

use serde_json::{Value, json};

use super::tests::column;
use super::{Backend, Eql};
use crate::backend::template::Templates;
use crate::diagnostic::CODES;
use crate::ir::{
    Anchor, Class, Cmp, Cond, Meta, Op, Part, PatternId, Predicate, Regex, Step, Test, TextTest,
};
use crate::plan::{Holds, Leg, Plan, PlanBody, Timeline};
use crate::platform::{Column, ColumnType, Place};
use crate::source::Span;

/// What stands in for the file when the oracle does not ask.
const EXAMPLE: &str =
    r#"{"filter": {"field": "tag", "type": "text", "op": "equals", "value": "a"}}"#;

#[test]
fn queries_for_the_oracle() {
    let file = std::env::var("EQL_PLANS");
    let plans = file.map_or(EXAMPLE.to_owned(), |path| std::fs::read_to_string(path).unwrap());
    let lines = plans.lines().map(|line| {
        let spec: Value = serde_json::from_str(line).unwrap();
        let answer = match Eql.render(&plan(&spec), &Templates::default()) {
            Ok(queries) => {
                json!({"queries": queries.into_iter().map(|query| query.text).collect::<Vec<_>>()})
            }
            Err(problems) => {
                let codes: Vec<&str> = problems.iter().map(|problem| problem.code.id()).collect();
                json!({"codes": codes, "message": problems[0].message})
            }
        };
        answer.to_string() + "\n"
    });
    let text: String = lines.collect();
    assert_eq!(text.lines().count(), plans.lines().count());
    match std::env::var("EQL_QUERIES") {
        Ok(path) => std::fs::write(path, text).unwrap(),
        Err(_) => assert_eq!(text, "{\"queries\":[\"any where tag : \\\"a\\\"\"]}\n"),
    }
}

fn plan(spec: &Value) -> Plan {
    let accepts = |code: &str| list(&spec["accept"]).iter().any(|accepted| accepted == code);
    let accept = CODES.iter().filter(|entry| accepts(entry.id)).map(|entry| entry.code).collect();
    let body = match spec.get("filter") {
        Some(filter) => PlanBody::Filter(vec![leg(vec![predicate(filter)])]),
        None => PlanBody::Timeline(Box::new(timeline(spec))),
    };
    let meta = Meta::default().into();
    Plan { rule: "rule".into(), meta, accept, platform: "test".into(), body, report: None }
}

fn leg(flags: Vec<Predicate<Column>>) -> Leg {
    let place = Place {
        table: "t".into(),
        category: "any".into(),
        conditions: Vec::new(),
        among: None,
        lookup: None,
        time: Column { ty: ColumnType::Time, ..column("@timestamp") },
        identity: Vec::new(),
    };
    let flags = flags.into_iter().enumerate().map(|(id, flag)| (PatternId(id), flag)).collect();
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

fn timeline(spec: &Value) -> Timeline {
    let flags = list(&spec["patterns"]).iter().map(predicate).collect();
    let pair = |pair: &Value| (pattern(&pair[0]), pattern(&pair[1]));
    Timeline {
        legs: vec![Leg { keys: vec![Some(column("g"))], ..leg(flags) }],
        chained: Vec::new(),
        patterns: Vec::new(),
        keys: vec!["g".into()],
        bindings: Vec::new(),
        window: spec["window"].as_u64().unwrap(),
        skew: spec["skew"].as_u64().unwrap(),
        cond: cond(&spec["cond"]),
        overlaps: list(&spec["overlaps"]).iter().map(pair).collect(),
        masks: Vec::new(),
        starts: Vec::new(),
        nexts: Vec::new(),
        values: Vec::new(),
        totals: Vec::new(),
        holds: Holds::All(Vec::new()),
        fires: Vec::new(),
        shows: Vec::new(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn pattern(value: &Value) -> PatternId {
    PatternId(usize::try_from(value.as_u64().unwrap()).unwrap())
}

fn patterns(value: &Value) -> Vec<PatternId> {
    list(value).iter().map(pattern).collect()
}

fn cmp(value: &Value) -> Cmp {
    match value.as_str().unwrap() {
        "==" => Cmp::Eq,
        "!=" => Cmp::Neq,
        "<" => Cmp::Lt,
        "<=" => Cmp::Lte,
        ">" => Cmp::Gt,
        _ => Cmp::Gte,
    }
}

/// `["seen", 0]`, `["count", [0], ">=", 2]`, `["chain", [[0, null, []], …]]`, `["all", […]]`, …
fn cond(spec: &Value) -> Cond {
    let conds = |value: &Value| list(value).iter().map(cond).collect();
    match spec[0].as_str().unwrap() {
        "seen" => Cond::Seen(pattern(&spec[1])),
        "count" => {
            let value = spec[3].as_u64().unwrap();
            Cond::Count { of: patterns(&spec[1]), cmp: cmp(&spec[2]), value }
        }
        "chain" => Cond::Chain(list(&spec[1]).iter().map(step).collect()),
        "all" => Cond::All(conds(&spec[1])),
        "any" => Cond::Any(conds(&spec[1])),
        "not" => Cond::Not(Box::new(cond(&spec[1]))),
        "at_least" => {
            Cond::AtLeast(u32::try_from(spec[1].as_u64().unwrap()).unwrap(), conds(&spec[2]))
        }
        "score" => {
            let weight = |pair: &Value| (pattern(&pair[0]), pair[1].as_f64().unwrap());
            let class = |class: &Value| Class { weights: list(class).iter().map(weight).collect() };
            let classes = list(&spec[1]).iter().map(class).collect();
            Cond::Score { classes, threshold: spec[2].as_f64().unwrap() }
        }
        "absent" => Cond::Absent {
            pattern: pattern(&spec[1]),
            span: spec[2].as_u64().unwrap(),
            anchor: match spec[3].as_str().unwrap() {
                "before" => Anchor::Before,
                "after" => Anchor::After,
                _ => Anchor::Around,
            },
            of: spec[4].is_u64().then(|| pattern(&spec[4])),
        },
        other => panic!("no condition {other}"),
    }
}

fn step(spec: &Value) -> Step {
    Step { pattern: pattern(&spec[0]), within: spec[1].as_u64(), without: patterns(&spec[2]) }
}

fn predicate(spec: &Value) -> Predicate<Column> {
    let predicates = |value: &Value| list(value).iter().map(predicate).collect();
    if let Some(parts) = spec.get("all") {
        return Predicate::All(predicates(parts));
    }
    if let Some(parts) = spec.get("any") {
        return Predicate::Any(predicates(parts));
    }
    if let Some(inner) = spec.get("not") {
        return Predicate::Not(Box::new(predicate(inner)));
    }
    let ty = match spec["type"].as_str().unwrap() {
        "long" => ColumnType::Integer,
        "double" => ColumnType::Real,
        "boolean" => ColumnType::Boolean,
        "ip" => ColumnType::Ip,
        _ => ColumnType::Text,
    };
    let multi = spec["multi"].as_bool() == Some(true);
    let field = Column { name: text(&spec["field"]), ty, multi };
    Predicate::Test(Test { field, op: op(spec), span: Span::default() })
}

fn op(spec: &Value) -> Op<Column> {
    let value = &spec["value"];
    let cased = spec["cased"].as_bool() == Some(true);
    let flags = spec["flags"].as_str().unwrap_or_default();
    let test = match spec["op"].as_str().unwrap() {
        "equals" => TextTest::Equals(text(value)),
        "startswith" => TextTest::StartsWith(text(value)),
        "endswith" => TextTest::EndsWith(text(value)),
        "contains" => TextTest::Contains(text(value)),
        "like" => TextTest::Like(list(value).iter().map(part).collect()),
        "regex" => {
            return Op::Regex(Regex {
                pattern: text(value),
                ignore_case: flags.contains('i'),
                multiline: false,
                dotall: flags.contains('s'),
            });
        }
        "number" => {
            return Op::Number { cmp: cmp(&spec["cmp"]), value: value.as_f64().unwrap() };
        }
        "boolean" => return Op::Boolean(value.as_bool().unwrap()),
        "cidr" => return Op::Cidr(value.as_str().unwrap().parse().unwrap()),
        "exists" => return Op::Exists,
        "null" => return Op::Null,
        other => panic!("no operator {other}"),
    };
    Op::Text { test, cased }
}

/// `0`: any text; `1`: any character; else the text.
fn part(spec: &Value) -> Part {
    match spec.as_u64() {
        Some(0) => Part::Any,
        Some(_) => Part::One,
        None => Part::Literal(text(spec)),
    }
}
