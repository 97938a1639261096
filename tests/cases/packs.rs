//! The shipped packs' `*.test.yml`, counted: what kinds of case each rule was tried with.
//!
//! A rule over several events has a case of every kind, or its file says under `lacks` why there is none. A rule
//! over single events has two events that fire, in two telemetries, and two that do not; crt.sh is the only telemetry
//! of its rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_yaml::Value;

use super::root;

/// The kinds that a rule over several events needs.
const KINDS: [&str; 10] = [
    "positive",
    "wrong-order",
    "outside-window",
    "border",
    "missing-leg",
    "null-value",
    "other-host",
    "approved-change",
    "allow-listed",
    "skewed-clocks",
];

/// The test files of the packs, each with its rule's text.
fn files() -> Vec<(String, Value, String)> {
    let folders = ["rules/an1246", "rules/an1976"].map(|folder| root().join(folder));
    let mut paths: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(stem) = name.strip_suffix(".test.yml") else { continue };
        let beside = ["weave", "yml"].map(|ending| path.with_file_name(format!("{stem}.{ending}")));
        let rule = beside.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap();
        found.push((
            stem.to_owned(),
            serde_yaml::from_str(&fs::read_to_string(&path).unwrap()).unwrap(),
            rule,
        ));
    }
    found
}

fn is_over_several_events(rule: &str) -> bool {
    rule.contains("\n    over ") || rule.contains("\ncorrelation:")
}

fn items<'v>(of: &'v Value, key: &str) -> Vec<&'v Value> {
    match of.get(key) {
        Some(Value::Sequence(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

#[test]
fn rules_over_several_events_have_a_case_of_each_kind_or_a_reason() {
    let mut lacking = Vec::new();
    let mut counted = 0;
    for (stem, file, rule) in files() {
        if !is_over_several_events(&rule) {
            continue;
        }
        counted += 1;
        let shown: BTreeSet<&str> = items(&file, "cases")
            .into_iter()
            .flat_map(|case| items(case, "kinds"))
            .map(|kind| kind.as_str().unwrap())
            .collect();
        for kind in KINDS {
            let reason =
                file.get("lacks").and_then(|lacks| lacks.get(kind)).and_then(Value::as_str);
            match (shown.contains(kind), reason) {
                (true, None) => {}
                (false, Some(reason)) if reason.len() > 20 => {}
                (true, Some(_)) => lacking.push(format!("{stem}: has `{kind}`, and says why not")),
                (false, _) => lacking.push(format!("{stem}: no case `{kind}`, and no reason")),
            }
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
    assert_eq!(counted, 19);
}

/// How an event reaches Sigweave: as Windows renders it, laid out flat by a shipper, as Zeek writes it, nested
/// as Suricata writes it, or with the names of the taxonomy.
fn telemetry(event: &Value) -> &'static str {
    let nested = || event.as_mapping().is_some_and(|of| of.values().any(Value::is_mapping));
    if event.get("Event").is_some() {
        "rendered"
    } else if event.get("_path").is_some() {
        "zeek"
    } else if event.get("Channel").is_some() {
        "shipped"
    } else if nested() {
        "nested"
    } else {
        "plain"
    }
}

#[test]
fn rules_over_single_events_fire_in_two_telemetries_and_stay_silent_twice() {
    let mut lacking = Vec::new();
    for (stem, file, rule) in files() {
        if is_over_several_events(&rule) {
            continue;
        }
        let (mut fires, mut silent, mut telemetries) = (0, 0, BTreeSet::new());
        for case in items(&file, "cases") {
            let events = items(case, "events");
            let fired: Vec<usize> = match case.get("fires") {
                Some(Value::Sequence(numbers)) => numbers
                    .iter()
                    .map(|number| usize::try_from(number.as_u64().unwrap()).unwrap())
                    .collect(),
                Some(_) => (1..=events.len()).collect(),
                None => Vec::new(),
            };
            fires += fired.len();
            silent += events.len() - fired.len();
            telemetries.extend(fired.into_iter().map(|number| telemetry(events[number - 1])));
        }
        let telemetries_wanted = if stem == "watched_name_issued" { 1 } else { 2 };
        if fires < 2 || silent < 2 || telemetries.len() < telemetries_wanted {
            lacking.push(format!("{stem}: {fires} fire in {telemetries:?}, {silent} do not"));
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}
