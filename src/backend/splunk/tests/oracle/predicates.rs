//! Random predicates over random events with odd values.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::ir::{Part, TextCmp};

/// Values by field.
pub(super) type Event = BTreeMap<String, Vec<String>>;

const PIECES: &[&str] = &[
    "a", "B", "\\", "\"", "*", "?", " ", "ä", "Ä", "%", "_", "|", "x", "1", ".", "(", "\n", "`",
    "$", "foo", "日", "k",
];
const WHOLE: &[&str] = &["", "1", "10", "-", "7", "4.5", "10.1.2.3", "::1", "true"];
const FIELDS: &[&str] = &["a", "b", "c.d", "e f{}"];
const REGEXES: &[&str] = &["^a", "a$", r"\\", r#""[\\"|]?"#, "a|B", r"\d+\.?", "(?i)Ä", "foo."];

pub(super) fn some_text(dice: &mut Dice) -> String {
    if dice.roll(4) == 0 {
        return (*dice.pick(WHOLE)).to_owned();
    }
    (0..dice.roll(4)).map(|_| *dice.pick(PIECES)).collect()
}

fn some_column(dice: &mut Dice) -> Column {
    let name = *dice.pick(FIELDS);
    Column { multi: name.ends_with("{}"), ..column(name) }
}

fn some_text_test(dice: &mut Dice) -> TextTest {
    let text = match dice.roll(20) {
        0 => "10.0.0.0/8".to_owned(),
        _ => some_text(dice),
    };
    match dice.roll(5) {
        0 => TextTest::Equals(text),
        1 => TextTest::StartsWith(text),
        2 => TextTest::EndsWith(text),
        3 => TextTest::Contains(text),
        _ => {
            let one = if dice.roll(2) == 0 { Part::One } else { Part::Any };
            TextTest::Like(vec![
                Part::Literal(text),
                one,
                Part::Literal(some_text(dice)),
                Part::Any,
            ])
        }
    }
}

fn some_cmp(dice: &mut Dice) -> Cmp {
    *dice.pick(&[Cmp::Eq, Cmp::Neq, Cmp::Lt, Cmp::Lte, Cmp::Gt, Cmp::Gte])
}

fn some_test(dice: &mut Dice) -> Predicate<Column> {
    let mut field = some_column(dice);
    let op = match dice.roll(12) {
        0..=4 => Op::Text { test: some_text_test(dice), cased: dice.roll(3) == 0 },
        5 => Op::Number { cmp: some_cmp(dice), value: *dice.pick(&[1.0, 7.0, 4.5, 10.0, -3.0]) },
        6 => Op::Regex(Regex {
            pattern: (*dice.pick(REGEXES)).to_owned(),
            ignore_case: dice.roll(2) == 0,
            multiline: dice.roll(4) == 0,
            dotall: dice.roll(4) == 0,
        }),
        7 => Op::Cidr(dice.pick(&["10.0.0.0/8", "::/64", "10.1.2.3/32"]).parse().unwrap()),
        8 => Op::Exists,
        9 => Op::Null,
        10 => Op::Boolean(dice.roll(2) == 0),
        _ => {
            field = column("a");
            let cmp = *dice.pick(&[
                TextCmp::Equals,
                TextCmp::StartsWith,
                TextCmp::EndsWith,
                TextCmp::Contains,
            ]);
            let other = column(["b", "c.d"][dice.roll(2)]);
            Op::Field { cmp, other, cased: dice.roll(2) == 0 }
        }
    };
    Predicate::Test(Test { field, op, span: Span::default() })
}

fn some_predicate(dice: &mut Dice, depth: usize) -> Predicate<Column> {
    match dice.roll(if depth == 0 { 5 } else { 9 }) {
        0..=3 => some_test(dice),
        4 => match some_text(dice) {
            text if text.is_empty() => some_test(dice),
            text => Predicate::Keyword(TextTest::Contains(text)),
        },
        5 | 6 => Predicate::all((0..2 + dice.roll(2)).map(|_| some_predicate(dice, depth - 1))),
        7 => Predicate::any((0..2 + dice.roll(2)).map(|_| some_predicate(dice, depth - 1))),
        _ => some_predicate(dice, depth - 1).negate(),
    }
}

/// Numbers are stored in one spelling.
fn canonical(text: String) -> String {
    text.trim().parse::<f64>().map_or(text, |number| number.to_string())
}

pub(super) fn some_event(dice: &mut Dice) -> Event {
    let mut event = Event::new();
    for name in FIELDS {
        let values = if name.ends_with("{}") { dice.roll(4) } else { 1 };
        if dice.roll(5) > 0 && values > 0 {
            event.insert(
                (*name).to_owned(),
                (0..values).map(|_| canonical(some_text(dice))).collect(),
            );
        }
    }
    event.insert("_raw".to_owned(), vec![some_text(dice) + &some_text(dice)]);
    event
}

/// A predicate, events, and which of them it holds of.
pub(super) fn case(dice: &mut Dice) -> Value {
    let predicate = some_predicate(dice, 2);
    let events: Vec<Event> = (0..30).map(|_| some_event(dice)).collect();
    let expected: Vec<usize> =
        (0..events.len()).filter(|at| holds(&predicate, &events[*at])).collect();
    json!({
        "kind": "filter", "query": spl(predicate.clone()), "events": objects(&events),
        "expected": expected, "rule": format!("{predicate:?}"),
    })
}

/// The events as Splunk has them.
pub(super) fn objects(events: &[Event]) -> Vec<Value> {
    let object = |(at, event): (usize, &Event)| {
        let mut object = json!({ "id": at, "_time": 1_700_000_000 + at });
        for (name, values) in event {
            object[name] = match values.as_slice() {
                [one] => json!(one),
                several => json!(several),
            };
        }
        object
    };
    events.iter().enumerate().map(object).collect()
}

/// Whether the predicate holds; missing and empty values are the same on Splunk.
pub(super) fn holds(predicate: &Predicate<Column>, event: &Event) -> bool {
    match predicate {
        Predicate::All(parts) => parts.iter().all(|part| holds(part, event)),
        Predicate::Any(parts) => parts.iter().any(|part| holds(part, event)),
        Predicate::Not(inner) => !holds(inner, event),
        Predicate::Keyword(TextTest::Contains(text)) => {
            text_holds(&TextTest::Contains(text.clone()), false, &event["_raw"][0])
        }
        Predicate::Keyword(_) | Predicate::KeywordRegex(_) => unreachable!("not made here"),
        Predicate::Test(test) => test_holds(test, event),
    }
}

fn test_holds(test: &Test<Column>, event: &Event) -> bool {
    let values = event.get(&test.field.name).map_or(&[][..], Vec::as_slice);
    let any = |holds: &dyn Fn(&str) -> bool| values.iter().any(|value| holds(value));
    match &test.op {
        Op::Text { test: TextTest::Equals(text), .. } if text.is_empty() => {
            values.is_empty() || any(&str::is_empty)
        }
        Op::Text { test, cased } => any(&|value| text_holds(test, *cased, value)),
        Op::Number { cmp: Cmp::Neq, value } => !any(&|text| text.trim().parse() == Ok(*value)),
        Op::Number { cmp, value } => any(&|text| {
            text.trim().parse::<f64>().is_ok_and(|number| match cmp {
                Cmp::Eq => number == *value,
                Cmp::Neq => number != *value,
                Cmp::Lt => number < *value,
                Cmp::Lte => number <= *value,
                Cmp::Gt => number > *value,
                Cmp::Gte => number >= *value,
            })
        }),
        Op::Boolean(wanted) => any(&|value| value == wanted.to_string()),
        Op::Regex(regex) => {
            let built = ::regex::RegexBuilder::new(&regex.pattern)
                .case_insensitive(regex.ignore_case)
                .multi_line(regex.multiline)
                .dot_matches_new_line(regex.dotall)
                .build()
                .unwrap();
            any(&|value| built.is_match(value))
        }
        Op::Cidr(net) => any(&|value| {
            value.parse::<std::net::IpAddr>().is_ok_and(|address| net.contains(&address))
        }),
        Op::Exists => !values.is_empty(),
        Op::Null => values.is_empty() || any(&str::is_empty),
        Op::Field { cmp, other, cased } => {
            let others = event.get(&other.name).map_or(&[][..], Vec::as_slice);
            any(&|value| {
                others.iter().any(|other| {
                    let other = other.clone();
                    let test = match cmp {
                        TextCmp::Equals => TextTest::Equals(other),
                        TextCmp::StartsWith => TextTest::StartsWith(other),
                        TextCmp::EndsWith => TextTest::EndsWith(other),
                        TextCmp::Contains => TextTest::Contains(other),
                    };
                    text_holds(&test, *cased, value)
                })
            })
        }
        Op::Listed { .. } | Op::TimePart { .. } => unreachable!("not made here"),
    }
}

fn text_holds(test: &TextTest, cased: bool, value: &str) -> bool {
    let escape = ::regex::escape;
    let pattern = match test {
        TextTest::Equals(text) => format!("^{}$", escape(text)),
        TextTest::StartsWith(text) => format!("^{}", escape(text)),
        TextTest::EndsWith(text) => format!("{}$", escape(text)),
        TextTest::Contains(text) => escape(text),
        TextTest::Like(parts) => {
            let parts = parts.iter().map(|part| match part {
                Part::Literal(text) => escape(text),
                Part::Any => ".*".to_owned(),
                Part::One => ".".to_owned(),
            });
            format!("^{}$", parts.collect::<String>())
        }
    };
    let flags = if cased { "(?s)" } else { "(?is)" };
    ::regex::Regex::new(&format!("{flags}{pattern}")).unwrap().is_match(value)
}
