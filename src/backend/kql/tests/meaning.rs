//! Random rules and their queries, for the interpreter that compares what they find with the meaning
//! of the rules: `tests/tools/kql_meaning.py` runs these and reads `target/kql-meaning`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::*;
use crate::backend::template::Templates;
use crate::ir::{
    Anchor, Body, Class, Cmp, Cond, Correlation, FieldRef, Key, Part, Pattern, PatternSource,
    Regex, Rule, Step, TextCmp, TimePart, Transform,
};
use crate::plan;
use crate::platform;
use crate::taxonomy::Type;

/// How many rules of each kind are made.
const RULES: u64 = 400;

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.roll(of.len())]
    }
}

/// Writes the lines into the folder that `SIGWEAVE_KQL_CASES` names, if it does.
fn write(name: &str, lines: &[Value]) {
    let Ok(folder) = std::env::var("SIGWEAVE_KQL_CASES") else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let mut text = String::new();
    lines.iter().for_each(|line| writeln!(text, "{line}").unwrap());
    std::fs::write(format!("{folder}/{name}.ndjson"), text).unwrap();
}

/// How many rules are made: few, unless they are written.
fn rules() -> u64 {
    if std::env::var_os("SIGWEAVE_KQL_CASES").is_some() { RULES } else { 20 }
}

#[test]
fn random_predicates_print() {
    let lines = (0..rules() * 4).map(|seed| {
        let dice = &mut Dice(seed);
        let (predicate, meaning) = predicate(dice, 3);
        let filter = leg("Events", vec![], predicate);
        json!({"query": query(PlanBody::Filter(vec![filter])), "predicate": meaning})
    });
    let lines: Vec<Value> = lines.collect();
    assert!(lines.iter().all(|line| line["query"].as_str().unwrap().starts_with("Events")));
    write("predicates", &lines);
}

const TEXTS: &[&str] = &[
    "", "a", "A", "ab", "aB", "abc", r"a\b", r"\", "a\"b", "a'b", "a*b", "a?b", "a%b", "ÄÖ", "äö",
    "a\nb", "a.b", "5", "10", "-3", "true", "10.1.2.3", "fe80::1", "(x)", "[a]", "^a$", "a b", " ",
];

/// A predicate and the same for the interpreter, nested at most `depth` deep.
fn predicate(dice: &mut Dice, depth: usize) -> (Predicate<Column>, Value) {
    let kind = if depth == 0 { 3 } else { dice.roll(6) };
    match kind {
        0 | 1 => {
            let parts = (0..1 + dice.roll(4)).map(|_| predicate(dice, depth - 1));
            let (parts, meanings): (Vec<_>, Vec<_>) = parts.unzip();
            match kind {
                0 => (Predicate::all(parts), json!(["all", meanings])),
                _ => (Predicate::any(parts), json!(["any", meanings])),
            }
        }
        2 => {
            let (inner, meaning) = predicate(dice, depth - 1);
            (inner.negate(), json!(["not", meaning]))
        }
        _ => leaf(dice),
    }
}

fn leaf(dice: &mut Dice) -> (Predicate<Column>, Value) {
    let cmps = [Cmp::Eq, Cmp::Neq, Cmp::Lt, Cmp::Lte, Cmp::Gt, Cmp::Gte];
    let cmp = cmps[dice.roll(6)];
    let said = format!("{cmp:?}");
    let text_name = dice.one(&["A", "B"]);
    let number = [("N", ColumnType::Integer), ("R", ColumnType::Real), ("A", ColumnType::Text)];
    let (field, op, meaning) = match dice.roll(12) {
        0..=4 => return text_test(dice),
        5 => {
            let (name, ty) = number[dice.roll(3)];
            let value = [5.0, 10.0, -3.0, 0.5][dice.roll(4)];
            (column(name, ty), Op::Number { cmp, value }, json!(["number", name, said, value]))
        }
        6 => {
            let value = dice.roll(2) == 0;
            let name = dice.one(&["F", "A"]);
            let ty = if name == "F" { ColumnType::Boolean } else { ColumnType::Text };
            (column(name, ty), Op::Boolean(value), json!(["boolean", name, value]))
        }
        7 => {
            let pattern = dice.one(&["a", "^a.b$", "B", r"a\\b", "^$", "x*", "(a|ä)+b?", r"\d+"]);
            let (ignore_case, dotall) = (dice.roll(2) == 0, dice.roll(2) == 0);
            let regex =
                Regex { pattern: pattern.to_owned(), ignore_case, multiline: false, dotall };
            let meaning = json!(["regex", text_name, pattern, ignore_case, dotall]);
            (text_column(text_name), Op::Regex(regex), meaning)
        }
        8 => {
            let net = dice.one(&["10.0.0.0/8", "10.1.2.3/32", "fe80::/10", "::/0", "0.0.0.0/0"]);
            (
                text_column(text_name),
                Op::Cidr(net.parse().unwrap()),
                json!(["cidr", text_name, net]),
            )
        }
        9 => {
            let all =
                [("A", ColumnType::Text), ("N", ColumnType::Integer), ("F", ColumnType::Boolean)];
            let (name, ty) = all[dice.roll(3)];
            match dice.roll(2) {
                0 => (column(name, ty), Op::Null, json!(["null", name])),
                _ => (column(name, ty), Op::Exists, json!(["exists", name])),
            }
        }
        10 => {
            let cmps = [TextCmp::Equals, TextCmp::StartsWith, TextCmp::EndsWith, TextCmp::Contains];
            let (cmp, cased) = (cmps[dice.roll(4)], dice.roll(2) == 0);
            let meaning = json!(["field", "A", format!("{cmp:?}"), "B", cased]);
            (text_column("A"), Op::Field { cmp, other: text_column("B"), cased }, meaning)
        }
        _ => {
            let parts = [TimePart::Minute, TimePart::Hour, TimePart::Day, TimePart::Week];
            let (part, value) = (parts[dice.roll(4)], dice.roll(30) as i64);
            let meaning = json!(["time", "T", format!("{part:?}"), said, value]);
            (column("T", ColumnType::Time), Op::TimePart { part, cmp, value }, meaning)
        }
    };
    (test(field, op), meaning)
}

fn text_test(dice: &mut Dice) -> (Predicate<Column>, Value) {
    let value = dice.one(TEXTS).to_owned();
    let cased = dice.roll(3) == 0;
    let (name, ty) = [("A", ColumnType::Text), ("B", ColumnType::Text), ("N", ColumnType::Integer)]
        [dice.roll(3)];
    let (kind, said, parts) = match dice.roll(6) {
        0 | 1 => ("Equals", json!(value), TextTest::Equals(value)),
        2 => ("StartsWith", json!(value), TextTest::StartsWith(value)),
        3 => ("EndsWith", json!(value), TextTest::EndsWith(value)),
        4 => ("Contains", json!(value), TextTest::Contains(value)),
        _ => {
            let parts = (0..1 + dice.roll(4)).map(|_| match dice.roll(3) {
                0 => Part::Any,
                1 => Part::One,
                _ => Part::Literal(dice.one(&["a", "B", r"\", ".", "*", "b\"", "ä"]).to_owned()),
            });
            let mut parts: Vec<Part> = parts.collect();
            parts.dedup_by(|a, b| *a == Part::Any && *b == Part::Any);
            let said = parts.iter().map(|part| match part {
                Part::Any => json!(["any"]),
                Part::One => json!(["one"]),
                Part::Literal(literal) => json!(["literal", literal]),
            });
            ("Like", said.collect(), TextTest::Like(parts))
        }
    };
    let op = Op::Text { test: parts, cased };
    (test(column(name, ty), op), json!(["text", name, kind, said, cased]))
}

#[test]
fn random_correlations_print() {
    let xdr = platform::load("defender-xdr").unwrap();
    let lines = (0..rules() * 2).filter_map(|seed| {
        let dice = &mut Dice(seed);
        let (rule, meaning) = correlation(dice);
        let plan = plan::plan(&rule, &xdr).ok()?;
        let query = Kql.render(&plan, &Templates::default()).ok()?.into_iter().next()?.text;
        Some(json!({"query": query, "rule": meaning}))
    });
    let lines: Vec<Value> = lines.collect();
    assert!(lines.len() as u64 > rules(), "too few could be planned");
    write("correlations", &lines);
}

/// Patterns are words in command lines (`p0`, `p1`, `p2`) and in paths of images (`p3`), so that
/// the first three may be seen in one event and the last in none of theirs.
fn correlation(dice: &mut Dice) -> (Rule, Value) {
    let patterns = (0..4).map(pattern).collect::<Vec<_>>();
    let window = 1000 * (2 + dice.roll(4) as u64);
    let (cond, meaning) = match dice.roll(3) {
        0 => chain(dice),
        _ => cond(dice, 2),
    };
    let keyed = dice.roll(4) > 0;
    let field = || FieldRef { name: "Computer".to_owned(), ty: Type::Domain };
    let fields = (0..4).map(|_| Some((field(), Transform::None))).collect();
    let keys = if keyed { vec![Key { name: "Computer".to_owned(), fields }] } else { vec![] };
    let body =
        Body::Correlation(Correlation { patterns, keys, window, skew: 0, cond, show: Vec::new() });
    let rule = Rule { name: "rule".to_owned(), meta: Meta::default().into(), emitted: true, body };
    (rule, json!({"window": window, "keyed": keyed, "cond": meaning}))
}

fn pattern(number: usize) -> Pattern {
    let (logsource, field, ty) = match number {
        3 => ("windows/image_load", "ImageLoaded", Type::Path),
        _ => ("windows/process_creation", "CommandLine", Type::Command),
    };
    let contains = TextTest::Contains(format!("p{number}"));
    let predicate = Predicate::Test(Test {
        field: FieldRef { name: field.to_owned(), ty },
        op: Op::Text { test: contains, cased: false },
        span: Span::default(),
    });
    Pattern {
        name: format!("p{number}"),
        source: PatternSource::Events { logsource: logsource.to_owned(), predicate },
        span: Span::default(),
    }
}

fn id(dice: &mut Dice) -> PatternId {
    PatternId(dice.roll(4))
}

fn chain(dice: &mut Dice) -> (Cond, Value) {
    let steps: Vec<PatternId> = (0..2 + dice.roll(3)).map(|_| id(dice)).collect();
    let meaning = json!(["chain", steps.iter().map(|step| step.0).collect::<Vec<_>>()]);
    let step = |pattern| Step { pattern, within: None, without: Vec::new() };
    (Cond::Chain(steps.into_iter().map(step).collect()), meaning)
}

fn cond(dice: &mut Dice, depth: usize) -> (Cond, Value) {
    let kinds = if depth == 0 { 4 } else { 9 };
    match dice.roll(kinds) {
        0 | 1 => {
            let seen = id(dice);
            (Cond::Seen(seen), json!(["seen", seen.0]))
        }
        2 => {
            let of: Vec<PatternId> = (0..4).map(PatternId).filter(|_| dice.roll(2) == 0).collect();
            let of = if of.is_empty() { vec![id(dice)] } else { of };
            let cmps = [Cmp::Gte, Cmp::Gt, Cmp::Eq, Cmp::Lt, Cmp::Lte, Cmp::Neq];
            let (cmp, value) = (cmps[dice.roll(6)], 1 + dice.roll(3) as u64);
            let ids: Vec<usize> = of.iter().map(|pattern| pattern.0).collect();
            let meaning = json!(["count", ids, format!("{cmp:?}"), value]);
            (Cond::Count { of, cmp, value }, meaning)
        }
        3 => chain(dice),
        4 => {
            let (inner, meaning) = cond(dice, depth - 1);
            (Cond::Not(Box::new(inner)), json!(["not", meaning]))
        }
        5 => {
            let (pattern, span) = (id(dice), 1000 * (1 + dice.roll(3) as u64));
            let absent = Cond::Absent { pattern, span, anchor: Anchor::Before, of: None };
            (absent, json!(["absent", pattern.0, span]))
        }
        6 => {
            let classes = vec![
                Class { weights: vec![(PatternId(0), 2.0), (PatternId(1), 1.0)] },
                Class { weights: vec![(PatternId(2), 1.0)] },
                Class { weights: vec![(PatternId(3), 1.0)] },
            ];
            let threshold = 1.0 + dice.roll(4) as f64;
            (Cond::Score { classes, threshold }, json!(["score", threshold]))
        }
        kind => {
            let parts = (0..2 + dice.roll(2)).map(|_| cond(dice, depth - 1));
            let (parts, meanings): (Vec<_>, Vec<_>) = parts.unzip();
            match kind {
                7 => (Cond::All(parts), json!(["all", meanings])),
                _ => (Cond::Any(parts), json!(["any", meanings])),
            }
        }
    }
}
