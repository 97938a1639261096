//! Random rules and events, with what they should find, for an independent interpreter of SPL.
//!
//! `tests/tools/splunk_oracle.py` runs this test with `SIGWEAVE_SPL_CASES=FILE` and then every query
//! of the file over its events. Without the variable the test only proves that every case prints.
//! What they should find is computed here from the rule by brute force, without plan and back end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::*;
use crate::ir::{
    Body, Class, Cond, Correlation, FieldRef, Key, Part, Pattern, PatternSource, Rule, Step,
    TextCmp, Transform,
};
use crate::taxonomy::Type;

/// A small generator of numbers, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

#[test]
fn cases_for_the_oracle_print() {
    let rounds = std::env::var("SIGWEAVE_SPL_ROUNDS").map_or(60, |text| text.parse().unwrap());
    let seed = std::env::var("SIGWEAVE_SPL_SEED").map_or(7, |text| text.parse().unwrap());
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ seed);
    let mut lines = String::new();
    for _ in 0..rounds {
        writeln!(lines, "{}", filter_case(&mut dice)).unwrap();
        if let Some(case) = timeline_case(&mut dice) {
            writeln!(lines, "{case}").unwrap();
        }
    }
    assert!(lines.lines().count() > rounds + rounds / 2, "too few timelines could be planned");
    if let Ok(path) = std::env::var("SIGWEAVE_SPL_CASES") {
        std::fs::write(path, lines).unwrap();
    }
}

// Filters

type Event = BTreeMap<String, Vec<String>>;

const PIECES: &[&str] = &[
    "a", "B", "\\", "\"", "*", "?", " ", "ä", "Ä", "%", "_", "|", "x", "1", ".", "(", "\n", "`",
    "$", "foo", "日", "k",
];
const WHOLE: &[&str] = &["", "1", "10", "-", "7", "4.5", "10.1.2.3", "::1", "true"];
const FIELDS: &[&str] = &["a", "b", "c.d", "e f{}"];
const REGEXES: &[&str] = &["^a", "a$", r"\\", r#""[\\"|]?"#, "a|B", r"\d+\.?", "(?i)Ä", "foo."];

fn some_text(dice: &mut Dice) -> String {
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

fn some_event(dice: &mut Dice) -> Event {
    let mut event = Event::new();
    for name in FIELDS {
        let values = if name.ends_with("{}") { dice.roll(4) } else { 1 };
        if dice.roll(5) > 0 && values > 0 {
            event.insert((*name).to_owned(), (0..values).map(|_| some_text(dice)).collect());
        }
    }
    event.insert("_raw".to_owned(), vec![some_text(dice) + &some_text(dice)]);
    event
}

fn filter_case(dice: &mut Dice) -> Value {
    let predicate = some_predicate(dice, 2);
    let events: Vec<Event> = (0..30).map(|_| some_event(dice)).collect();
    let expected: Vec<usize> =
        (0..events.len()).filter(|at| holds(&predicate, &events[*at])).collect();
    let events: Vec<Value> = events
        .iter()
        .enumerate()
        .map(|(at, event)| {
            let mut object = json!({ "id": at, "_time": 1_700_000_000 + at });
            for (name, values) in event {
                object[name] = match values.as_slice() {
                    [one] => json!(one),
                    several => json!(several),
                };
            }
            object
        })
        .collect();
    json!({
        "kind": "filter", "query": spl(predicate.clone()), "events": events,
        "expected": expected, "rule": format!("{predicate:?}"),
    })
}

/// Whether the predicate holds; missing and empty values are the same on Splunk.
fn holds(predicate: &Predicate<Column>, event: &Event) -> bool {
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
        Op::TimePart { .. } => unreachable!("not made here"),
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

// Timelines

/// An event of a timeline: its time, its log source, its hosts, and the letters in its image.
struct Occurrence {
    time: u64,
    code: usize,
    hosts: Vec<&'static str>,
    image: String,
}

/// A pattern: a log source and a letter of the image.
type Letter = (usize, char);

const SOURCES: &[(&str, u32)] = &[("windows/process_creation", 1), ("windows/image_load", 7)];
const WINDOW: u64 = 10_000;
const HOSTS: &[&[&str]] =
    &[&["h1"], &["h1"], &["h1"], &["h1"], &["H1"], &["h2"], &[""], &[], &["h2", "h1", "h2", ""]];

/// What the key of a case is.
#[derive(Clone, Copy, PartialEq)]
enum Keyed {
    /// Nothing.
    No,
    /// `Computer` in all events.
    Same,
    /// `Computer`, which may hold several values.
    Several,
    /// `Computer` in the events of one log source, `User` in those of the other.
    Alias,
}

fn some_pattern(dice: &mut Dice) -> Letter {
    (dice.roll(SOURCES.len()), *dice.pick(&['p', 'q', 'r']))
}

fn field(name: &str) -> FieldRef {
    FieldRef { name: name.to_owned(), ty: Type::Text }
}

fn pattern(at: usize, (source, letter): Letter) -> Pattern {
    let test = Test {
        field: field("Image"),
        op: Op::Text { test: TextTest::Contains(letter.to_string()), cased: false },
        span: Span::default(),
    };
    Pattern {
        name: format!("event {at} \"{letter}\""),
        source: PatternSource::Events {
            logsource: SOURCES[source].0.to_owned(),
            predicate: Predicate::Test(test),
        },
        span: Span::default(),
    }
}

fn some_cond(dice: &mut Dice, patterns: usize, depth: usize) -> Cond {
    let one = |dice: &mut Dice| PatternId(dice.roll(patterns));
    match dice.roll(if depth == 0 { 5 } else { 9 }) {
        0 | 1 => Cond::Seen(one(dice)),
        2 => Cond::Count {
            of: (0..=dice.roll(2))
                .map(|_| one(dice))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            cmp: *dice.pick(&[Cmp::Gte, Cmp::Gt, Cmp::Eq, Cmp::Lt, Cmp::Lte, Cmp::Neq]),
            value: dice.roll(4) as u64,
        },
        3 => some_chain(dice, patterns),
        4 => Cond::Absent {
            pattern: one(dice),
            span: *dice.pick(&[2_000, WINDOW, 15_000]),
            anchor: crate::ir::Anchor::Before,
            of: None,
        },
        5 => Cond::All((0..2).map(|_| some_cond(dice, patterns, depth - 1)).collect()),
        6 => Cond::Any((0..2).map(|_| some_cond(dice, patterns, depth - 1)).collect()),
        7 => Cond::Not(Box::new(some_cond(dice, patterns, depth - 1))),
        _ => {
            let weights = (0..patterns).map(|at| (PatternId(at), 10.0 + at as f64)).collect();
            let class = Class { weights };
            let other = Class { weights: vec![(PatternId(0), 5.0)] };
            Cond::Score { classes: vec![class, other], threshold: 15.0 }
        }
    }
}

fn some_chain(dice: &mut Dice, patterns: usize) -> Cond {
    let step = |dice: &mut Dice| Step {
        pattern: PatternId(dice.roll(patterns)),
        within: None,
        without: Vec::new(),
    };
    Cond::Chain((0..2 + dice.roll(3)).map(|_| step(dice)).collect())
}

fn some_occurrences(dice: &mut Dice, keyed: Keyed) -> Vec<Occurrence> {
    let count = 4 + dice.roll(25);
    let spread = *dice.pick(&[8, 40, 200]);
    let several = usize::from(keyed != Keyed::Several);
    let hosts = &HOSTS[..HOSTS.len() - several];
    (0..count)
        .map(|_| {
            let step = *dice.pick(&[0, 1, 500, 1_000]);
            let image: String =
                (0..1 + dice.roll(2)).map(|_| *dice.pick(&['p', 'Q', 'r', 'x'])).collect();
            Occurrence {
                time: 1_700_000_000_000 + dice.roll(spread) as u64 * 1_000 + step,
                code: dice.roll(SOURCES.len()),
                hosts: dice.pick(hosts).to_vec(),
                image,
            }
        })
        .collect()
}

fn timeline_case(dice: &mut Dice) -> Option<Value> {
    let letters: Vec<Letter> = (0..1 + dice.roll(4)).map(|_| some_pattern(dice)).collect();
    let cond = match dice.roll(3) {
        0 => some_chain(dice, letters.len()),
        _ => some_cond(dice, letters.len(), 2),
    };
    let keyed = *dice.pick(&[Keyed::No, Keyed::Same, Keyed::Several, Keyed::Alias]);
    let host =
        |source: usize| if keyed == Keyed::Alias && source == 1 { "User" } else { "Computer" };
    let key = Key {
        name: if keyed == Keyed::Alias { "User".to_owned() } else { "Computer".to_owned() },
        fields: letters
            .iter()
            .map(|(source, _)| Some((field(host(*source)), Transform::None)))
            .collect(),
    };
    let correlation = Correlation {
        patterns: letters.iter().enumerate().map(|(at, letter)| pattern(at, *letter)).collect(),
        keys: if keyed == Keyed::No { Vec::new() } else { vec![key] },
        window: WINDOW,
        skew: 0,
        cond,
        show: Vec::new(),
    };
    let rule = Rule {
        name: "r".to_owned(),
        meta: Meta::default(),
        emitted: true,
        body: Body::Correlation(correlation.clone()),
    };
    let query = timeline_query(&rule, keyed)?;
    let events = some_occurrences(dice, keyed);
    let expected = expected(&correlation, &letters, &events);
    let events: Vec<Value> = events
        .iter()
        .map(|event| {
            let seconds = format!("{}.{:03}", event.time / 1_000, event.time % 1_000);
            let mut object = json!({
                "_time": seconds.parse::<f64>().unwrap(),
                "source": "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational",
                "EventCode": SOURCES[event.code].1,
                "Image": event.image,
            });
            match event.hosts.as_slice() {
                [] => {}
                [one] => object[host(event.code)] = json!(one),
                several => object[host(event.code)] = json!(several),
            }
            object
        })
        .collect();
    Some(json!({
        "kind": "timeline", "query": query, "events": events, "expected": expected,
        "rule": format!("{:?}", correlation.cond),
        "key": correlation.keys.first().map(|key| &key.name),
    }))
}

fn timeline_query(rule: &Rule, keyed: Keyed) -> Option<String> {
    let platform = crate::platform::load("splunk-ta")?;
    let mut plan = crate::plan::plan(rule, &platform).ok()?;
    if keyed == Keyed::Several {
        let PlanBody::Timeline(timeline) = &mut plan.body else { return None };
        for key in timeline.legs.iter_mut().flat_map(|leg| leg.keys.iter_mut().flatten()) {
            key.multi = true;
        }
    }
    Some(Splunk.render(&plan).unwrap().remove(0).text)
}

/// Per key the first and last firing, their number, and the patterns seen.
fn expected(correlation: &Correlation, letters: &[Letter], events: &[Occurrence]) -> Value {
    let matches = |event: &Occurrence, (source, letter): Letter| {
        event.code == source && event.image.to_lowercase().contains(letter)
    };
    let mut by_key: BTreeMap<&str, Vec<&Occurrence>> = BTreeMap::new();
    for event in events {
        if correlation.keys.is_empty() {
            by_key.entry("").or_default().push(event);
            continue;
        }
        let hosts: BTreeSet<&str> = event.hosts.iter().copied().collect();
        for host in hosts.into_iter().filter(|host| !host.is_empty()) {
            by_key.entry(host).or_default().push(event);
        }
    }
    let mut rows = Vec::new();
    for (key, events) in by_key {
        let all: Vec<Seen> = events
            .iter()
            .enumerate()
            .map(|(id, event)| Seen {
                id,
                time: event.time,
                patterns: letters.iter().map(|letter| matches(event, *letter)).collect(),
            })
            .collect();
        let firings: Vec<&Seen> =
            all.iter().filter(|at| fires(&correlation.cond, at, &all)).collect();
        if firings.is_empty() {
            continue;
        }
        let names = correlation.patterns.iter().enumerate().filter(|(pattern, _)| {
            firings.iter().any(|at| window(at, WINDOW, &all).any(|seen| seen.patterns[*pattern]))
        });
        let names: BTreeSet<&str> = names.map(|(_, pattern)| pattern.name.as_str()).collect();
        let times = || firings.iter().map(|at| at.time);
        rows.push(json!({
            "key": key, "first": times().min(), "last": times().max(), "firings": firings.len(),
            "seen": names,
        }));
    }
    json!(rows)
}

/// An event with the patterns that it satisfies.
#[derive(PartialEq)]
struct Seen {
    id: usize,
    time: u64,
    patterns: Vec<bool>,
}

fn window<'a>(at: &Seen, span: u64, all: &'a [Seen]) -> impl Iterator<Item = &'a Seen> {
    let (from, to) = (at.time - span, at.time);
    all.iter().filter(move |event| (from..=to).contains(&event.time))
}

fn fires(cond: &Cond, at: &Seen, all: &[Seen]) -> bool {
    if let Cond::Chain(steps) = cond {
        let here: Vec<&Seen> = window(at, WINDOW, all).collect();
        let (last, before) = steps.split_last().unwrap();
        return at.patterns[last.pattern.0] && ordered(before, &here, &mut vec![at], 0, at.time);
    }
    let mut positive = Vec::new();
    positives(cond, &mut positive);
    positive.iter().any(|pattern| at.patterns[pattern.0]) && cond_holds(cond, at, all)
}

fn cond_holds(cond: &Cond, at: &Seen, all: &[Seen]) -> bool {
    let any =
        |pattern: &PatternId, span| window(at, span, all).any(|seen| seen.patterns[pattern.0]);
    match cond {
        Cond::Seen(pattern) => any(pattern, WINDOW),
        Cond::Count { of, cmp, value } => {
            let counts = |seen: &&Seen| of.iter().any(|pattern| seen.patterns[pattern.0]);
            let count = window(at, WINDOW, all).filter(counts).count() as u64;
            match cmp {
                Cmp::Eq => count == *value,
                Cmp::Neq => count != *value,
                Cmp::Lt => count < *value,
                Cmp::Lte => count <= *value,
                Cmp::Gt => count > *value,
                Cmp::Gte => count >= *value,
            }
        }
        Cond::Chain(steps) => {
            let here: Vec<&Seen> = window(at, WINDOW, all).collect();
            ordered(steps, &here, &mut Vec::new(), 0, u64::MAX)
        }
        Cond::Absent { pattern, span, .. } => !any(pattern, *span),
        Cond::All(parts) => parts.iter().all(|part| cond_holds(part, at, all)),
        Cond::Any(parts) => parts.iter().any(|part| cond_holds(part, at, all)),
        Cond::Not(inner) => !cond_holds(inner, at, all),
        Cond::Score { classes, threshold } => {
            let best = |class: &Class| {
                let present = class.weights.iter().filter(|(pattern, _)| any(pattern, WINDOW));
                present.map(|(_, weight)| *weight).fold(0.0, f64::max)
            };
            classes.iter().map(best).sum::<f64>() >= *threshold
        }
        Cond::Aggregate { .. } | Cond::AtLeast(..) => unreachable!("not made here"),
    }
}

/// Whether the steps are met by different events in order, none before `from` or after `to`.
fn ordered<'a>(
    steps: &[Step],
    events: &[&'a Seen],
    used: &mut Vec<&'a Seen>,
    from: u64,
    to: u64,
) -> bool {
    let Some((first, rest)) = steps.split_first() else { return true };
    events.iter().any(|event| {
        let fits = event.patterns[first.pattern.0] && (from..=to).contains(&event.time);
        if !fits || used.iter().any(|other| other.id == event.id) {
            return false;
        }
        used.push(event);
        let found = ordered(rest, events, used, event.time, to);
        used.pop();
        found
    })
}

fn positives(cond: &Cond, into: &mut Vec<PatternId>) {
    match cond {
        Cond::Seen(pattern) => into.push(*pattern),
        Cond::Count { of, .. } => into.extend(of),
        Cond::Chain(steps) => into.extend(steps.iter().map(|step| step.pattern)),
        Cond::Score { classes, .. } => {
            into.extend(classes.iter().flat_map(|class| &class.weights).map(|(of, _)| *of));
        }
        Cond::All(parts) | Cond::Any(parts) | Cond::AtLeast(_, parts) => {
            parts.iter().for_each(|part| positives(part, into));
        }
        Cond::Not(_) | Cond::Absent { .. } => {}
        Cond::Aggregate { .. } => unreachable!("not made here"),
    }
}
