//! Random correlations over random streams of events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::backend::template::Templates;
use crate::ir::{
    Body, Class, Cond, Correlation, FieldRef, Key, Pattern, PatternSource, Rule, Step, Transform,
};
use crate::taxonomy::Type;

/// An event of a timeline: its time, its log source, its hosts, and the letters in its image.
struct Occurrence {
    time: u64,
    micros: &'static str,
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
                micros: ["", "", "001", "999"][dice.roll(4)],
                code: dice.roll(SOURCES.len()),
                hosts: dice.pick(hosts).to_vec(),
                image,
            }
        })
        .collect()
}

/// A correlation, events, and what it finds per key; none if there is no plan for it.
pub(super) fn case(dice: &mut Dice) -> Option<Value> {
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
        meta: Meta::default().into(),
        emitted: true,
        body: Body::Correlation(correlation.clone()),
    };
    let query = timeline_query(&rule, keyed)?;
    let events = some_occurrences(dice, keyed);
    let expected = expected(&correlation, &letters, &events);
    let events: Vec<Value> = events
        .iter()
        .map(|event| {
            // A part of a millisecond does not count.
            let seconds =
                format!("{}.{:03}{}", event.time / 1_000, event.time % 1_000, event.micros);
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
    Some(Splunk.render(&plan, &Templates::default()).unwrap().remove(0).text)
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
