//! Correlations and references between rules.

use super::*;
use crate::ir::{Cond, Correlation};

/// Three rules: two over Windows registry and processes, one over Zeek.
const BASE: &str = "
title: A
name: a
id: 00000000-0000-0000-0000-00000000000A
logsource: {product: windows, category: process_creation}
detection: {s: {Image: a}, condition: s}
---
title: B
name: b
logsource: {product: windows, category: registry_set}
detection: {s: {Image: b}, condition: s}
---
title: C
name: c
logsource: {product: zeek, service: ssl}
detection: {s: {server_name: c}, condition: s}
---
";

fn correlation(body: &str) -> String {
    let lines: String = body.lines().map(|line| format!("    {line}\n")).collect();
    format!("{BASE}title: X\nname: x\ncorrelation:\n{lines}")
}

fn checked(body: &str) -> Correlation {
    let (rules, found) = run(&correlation(body));
    let Some(Some(rule)) = rules.last() else { panic!("{body}: {found:#?}") };
    match &rule.body {
        Body::Correlation(correlation) => correlation.clone(),
        Body::Events(_) => panic!("{body}"),
    }
}

/// A condition in a line.
fn cond(cond: &Cond) -> String {
    let list = |parts: &[Cond]| parts.iter().map(self::cond).collect::<Vec<_>>().join(", ");
    match cond {
        Cond::Seen(id) => format!("{}", id.0),
        Cond::Count { of, cmp, value } => format!("count of {} {cmp:?} {value}", of.len()),
        Cond::Aggregate { function, of, cmp, value } => {
            let fields: Vec<_> = of.iter().map(|(_, fields)| fields.len()).collect();
            format!("{function:?} of {fields:?} {cmp:?} {value}")
        }
        Cond::Chain(steps) => {
            format!("chain {:?}", steps.iter().map(|step| step.pattern.0).collect::<Vec<_>>())
        }
        Cond::AtLeast(least, parts) => format!("{least} of ({})", list(parts)),
        Cond::All(parts) => format!("all({})", list(parts)),
        Cond::Any(parts) => format!("any({})", list(parts)),
        Cond::Not(inner) => format!("not({})", self::cond(inner)),
        Cond::Absent { .. } | Cond::Score { .. } => format!("{cond:?}"),
    }
}

#[test]
fn every_type_becomes_its_condition() {
    let cases = [
        ("type: event_count\nrules: [a, b]\ncondition: {gte: 10}", "count of 2 Gte 10"),
        ("type: event_count\nrules: a\ncondition: {gt: 2.5}", "count of 1 Gt 2"),
        ("type: event_count\nrules: a\ncondition: {gte: 2.5}", "count of 1 Gte 3"),
        (
            "type: event_count\nrules: a\ncondition: {gt: 10, lte: 20}",
            "all(count of 1 Gt 10, count of 1 Lte 20)",
        ),
        ("type: value_count\nrules: a\ncondition: {field: User, gte: 3}", "Distinct of [1] Gte 3"),
        (
            "type: value_count\nrules: [a, b]\ncondition: {field: [User, Image], gte: 3}",
            "Distinct of [2, 2] Gte 3",
        ),
        (
            "type: value_sum\nrules: a\ncondition: {field: ProcessId, gt: 0.75}",
            "Sum of [1] Gt 0.75",
        ),
        ("type: value_avg\nrules: a\ncondition: {field: ProcessId, lt: 0}", "Avg of [1] Lt 0"),
        (
            "type: value_percentile\nrules: a\ncondition: {field: ProcessId, percentile: 95, gte: 1}",
            "Percentile(95.0) of [1] Gte 1",
        ),
        (
            "type: value_median\nrules: a\ncondition: {field: ProcessId, gte: 1}",
            "Percentile(50.0) of [1] Gte 1",
        ),
        ("type: temporal\nrules: [a, b, c]", "all(0, 1, 2)"),
        ("type: temporal\nrules: [a, b, c]\ncondition: {gte: 2}", "2 of (0, 1, 2)"),
        (
            "type: temporal\nrules: [a, b, c]\ncondition: {eq: 2}",
            "all(2 of (0, 1, 2), not(3 of (0, 1, 2)))",
        ),
        (
            "type: temporal\nrules: [a, b, c]\ncondition: a and (b or not c)",
            "all(0, any(1, not(2)))",
        ),
        ("type: temporal\nrules: [a, b, c]\ncondition: 2 of them", "2 of (0, 1, 2)"),
        ("type: temporal\ncondition: b and not a", "all(0, not(1))"),
        ("type: temporal_ordered\nrules: [b, a]", "chain [0, 1]"),
        ("type: temporal_ordered\nrules: [b, a]\ncondition: {gte: 2}", "chain [0, 1]"),
    ];
    for (body, expected) in cases {
        let found = checked(&format!("{body}\ntimespan: 5m"));
        assert_eq!(cond(&found.cond), expected, "{body}");
        assert_eq!((found.window, found.skew, found.keys.len()), (300_000, 0, 0));
    }
}

#[test]
fn legs_are_named_and_found_by_id_in_any_case() {
    let found = checked(
        "type: temporal\nrules: [00000000-0000-0000-0000-00000000000a, b]\ntimespan: 1h\ngroup-by: [Computer, User]",
    );
    let names: Vec<_> = found.patterns.iter().map(|pattern| pattern.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    let keys: Vec<_> = found.keys.iter().map(|key| (key.name.as_str(), key.fields.len())).collect();
    assert_eq!(keys, [("Computer", 2), ("User", 2)]);
}

#[test]
fn aliases_bring_fields_of_different_names_together() {
    let found = checked(
        "type: temporal\nrules: [a, c]\ntimespan: 1h\ngroup-by: [who]\naliases:\n    who: {a: User, c: server_name}",
    );
    let fields: Vec<_> =
        found.keys[0].fields.iter().flatten().map(|(field, _)| &field.name).collect();
    assert_eq!(fields, ["User", "server_name"]);
}

#[test]
fn base_rules_are_emitted_only_if_asked_for() {
    let emitted = |extra: &str| -> Vec<bool> {
        let text = correlation(&format!("type: temporal\nrules: [a, b]\ntimespan: 5m\n{extra}"));
        run(&text).0.iter().map(|rule| rule.as_ref().unwrap().emitted).collect()
    };
    assert_eq!(emitted(""), [false, false, true, true]);
    assert_eq!(emitted("generate: true"), [true, true, true, true]);
}

#[test]
fn correlations_build_on_correlations() {
    let inner =
        "type: event_count\nrules: a\ngroup-by: [Computer]\ntimespan: 5m\ncondition: {gte: 3}";
    let outer = |key: &str| {
        format!(
            "{}---\ntitle: Y\ncorrelation:\n    type: temporal_ordered\n    rules: [x, b]\n    timespan: 1h\n    group-by: [{key}]\n",
            correlation(inner)
        )
    };
    let (rules, found) = run(&outer("Computer"));
    assert!(found.is_empty(), "{found:#?}");
    let Some(Some(rule)) = rules.last() else { panic!() };
    let Body::Correlation(outer_rule) = &rule.body else { panic!() };
    assert!(matches!(outer_rule.patterns[0].source, PatternSource::Firings(_)));
    assert!(!rules[3].as_ref().unwrap().emitted);
    assert_eq!(codes(&outer("User")), ["E0604"]);
}

/// Correlation without its timespan, codes.
const MISTAKES: &[(&str, &[&str])] = &[
    ("type: event_cuont\nrules: a\ncondition: {gte: 1}", &["E0601"]),
    ("type: event_count\nrules: a", &["E0601"]),
    ("type: event_count\nrules: a\ncondition: {field: User, gte: 2}", &["E0601"]),
    ("type: event_count\nrules: a\ncondition: {gt: 10, lt: 5}", &["E0601"]),
    ("type: event_count\nrules: a\ncondition: {gte: 0}", &["E0601"]),
    ("type: event_count\nrules: a\ncondition: {lt: 5}", &["W0601"]),
    ("type: event_count\nrules: a\ncondition: a", &["E0601"]),
    ("type: value_count\nrules: a\ncondition: {gte: 2}", &["E0601"]),
    ("type: value_count\nrules: a\ncondition: {field: Usr, gte: 2}", &["E0301"]),
    ("type: value_sum\nrules: a\ncondition: {field: User, gte: 2}", &["E0402"]),
    ("type: value_percentile\nrules: a\ncondition: {field: ProcessId, gte: 2}", &["E0601"]),
    (
        "type: value_percentile\nrules: a\ncondition: {field: ProcessId, gte: 2, percentile: 101}",
        &["E0601"],
    ),
    (
        "type: value_median\nrules: a\ncondition: {field: ProcessId, gte: 2, percentile: 9}",
        &["E0601"],
    ),
    ("type: temporal\nrules: [a, nope]", &["E0305"]),
    ("type: temporal\nrules: [a, A]", &["E0305"]),
    ("type: temporal\nrules: [a, a]", &["E0601"]),
    ("type: temporal\nrules: [a, 00000000-0000-0000-0000-00000000000a]", &["E0601"]),
    ("type: temporal\nrules: [a, b]\ncondition: {gte: 3}", &["E0601"]),
    ("type: temporal\nrules: [a, b]\ncondition: not a", &["E0601"]),
    ("type: temporal\nrules: [a, b]\ncondition: a and c", &["E0303"]),
    ("type: temporal\nrules: [a, b]\ncondition: a", &["W0301"]),
    ("type: temporal\nrules: [a, b]\ncondition: 1 of z*", &["E0308"]),
    ("type: temporal\nrules: [a, b]\ncondition: 3 of them", &["E0601"]),
    ("type: temporal_ordered\nrules: [a]", &["E0601"]),
    ("type: temporal_ordered\nrules: [a, b]\ncondition: {gte: 1}", &["E0601"]),
    ("type: temporal_ordered\nrules: [a, b]\ncondition: a and b", &["E0601"]),
    ("type: temporal\nrules: [a, c]\ngroup-by: [Computer]", &["E0604"]),
    ("type: temporal\nrules: [a, b]\ngroup-by: [Computer, Computer]", &["E0601"]),
    ("type: temporal\nrules: [a, b]\ngroup-by: [k]\naliases: {k: {a: User}}", &["E0604"]),
    ("type: temporal\nrules: [a, b]\ngroup-by: [k]\naliases: {k: {a: User, b: Usr}}", &["E0301"]),
    (
        "type: temporal\nrules: [a, b]\ngroup-by: [k]\naliases: {k: {a: User, b: User, c: ts}}",
        &["E0601"],
    ),
    (
        "type: temporal\nrules: [a, b]\ngroup-by: [k]\naliases: {k: {a: User, b: User, z: ts}}",
        &["E0305"],
    ),
    (
        "type: temporal\nrules: [a, c]\ngroup-by: [k]\naliases: {k: {a: sha1, c: cert_chain_fps}}",
        &["E0608"],
    ),
    (
        "type: temporal\nrules: [a, c]\ngroup-by: [k]\naliases: {k: {a: User, c: id.orig_h}}",
        &["E0608"],
    ),
    ("type: temporal\nrules: [a, x]", &["E0307"]),
];

#[test]
fn mistakes_are_reported_by_code() {
    for (body, expected) in MISTAKES {
        let text = correlation(&format!("{body}\ntimespan: 5m"));
        let (rules, found) = run(&text);
        let codes: Vec<_> = found.iter().map(|found| found.code.id()).collect();
        assert_eq!(codes, *expected, "{body} {found:#?}");
        let warned = expected.iter().all(|code| code.starts_with('W'));
        assert_eq!(rules.last().unwrap().is_some(), warned, "{body}");
    }
}

#[test]
fn timespans_out_of_range_are_refused() {
    for timespan in ["0s", "367d", "2y", "5", "1h30m", "5x", "1s2"] {
        let text = correlation(&format!("type: temporal\nrules: [a, b]\ntimespan: {timespan}"));
        assert_eq!(codes(&text), ["E0603"], "{timespan}");
    }
}

#[test]
fn circles_and_long_chains_are_refused() {
    let link = |name: &str, of: &str| {
        format!(
            "---\ntitle: {name}\nname: {name}\ncorrelation: {{type: temporal, rules: [{of}, a], timespan: 5m}}\n"
        )
    };
    let circle = BASE.trim_end_matches("---\n").to_owned() + &link("k", "l") + &link("l", "k");
    assert_eq!(codes(&circle), ["E0307", "E0307"]);
    let mut chain = BASE.trim_end_matches("---\n").to_owned() + &link("k0", "b");
    for at in 1..40 {
        chain += &link(&format!("k{at}"), &format!("k{}", at - 1));
    }
    let found = codes(&chain);
    assert_eq!(found.len(), 24);
    assert!(found.iter().all(|code| *code == "E0307"));
}

#[test]
fn ids_and_names_stand_once() {
    let twice = format!(
        "{BASE}title: D\nname: a\nlogsource: {CREATION}\ndetection: {{s: {{Image: a}}, condition: s}}\n"
    );
    assert_eq!(codes(&twice), ["E0306"]);
    let twice =
        twice.replace("name: a\nlogsource", "id: 00000000-0000-0000-0000-00000000000a\nlogsource");
    assert_eq!(codes(&twice), ["E0306"]);
}

#[test]
fn a_rule_with_errors_takes_its_correlations_along() {
    let text = correlation("type: temporal\nrules: [a, b]\ntimespan: 5m")
        .replace("{Image: b}", "{Imgae: b}");
    assert_eq!(codes(&text), ["E0301", "E0305"]);
}
