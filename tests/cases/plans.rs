//! What plans look like: a snapshot for each case over several events and each platform.

use sigweave::backend::Backend;
use sigweave::diagnostic::Diagnostic;
use sigweave::ir::{Body, Rule};
use sigweave::platform::Platform;

use super::library::{accepted, case, compile, goals, rules};
use super::{folders, snapshot};

/// The plan in words, or why there is none.
fn planned(rule: &Rule, backend: &dyn Backend, platform: &Platform) -> String {
    let said = |found: &Diagnostic| format!("{} {}\n", found.code.id(), found.message);
    match compile(rule, backend, platform, &[]) {
        Ok((plan, queries)) => {
            let mut codes: Vec<&str> =
                queries.iter().flat_map(|query| &query.approximate).map(|code| code.id()).collect();
            codes.dedup();
            let exact = if codes.is_empty() { "exact".to_owned() } else { codes.join(" ") };
            let name = backend.plan_name(&plan);
            format!("{name}, {exact}\n{}\n", backend.describe(&plan).join("\n"))
        }
        Err(found) => found.iter().map(said).collect(),
    }
}

#[test]
fn correlations_have_a_plan_on_every_platform() {
    let goals = goals();
    for folder in folders("tests/corpus") {
        let rules = rules(&[case(&folder)]);
        let correlations: Vec<_> =
            rules.iter().filter(|rule| matches!(rule.body, Body::Correlation(_))).collect();
        let mut text = String::new();
        for rule in &correlations {
            for (backend, platform) in &goals {
                let (target, name) = (backend.target(), &platform.name);
                text += &format!("# {}: {target} on {name}\n", rule.name);
                text += &format!("{}\n", planned(rule, *backend, platform));
            }
        }
        if !correlations.is_empty() {
            snapshot(&folder, "plans", text.trim_end());
        }
    }
}

/// Queries for platforms other than the first of each language, which have snapshots of their own.
#[test]
fn correlations_have_a_query_on_every_platform() {
    let goals = goals();
    let mut known = std::collections::BTreeSet::new();
    let others: Vec<_> =
        goals.iter().filter(|(backend, _)| !known.insert(backend.target())).collect();
    for folder in folders("tests/corpus") {
        for (backend, platform) in &others {
            let mut text = String::new();
            for rule in rules(&[case(&folder)]) {
                if !matches!(rule.body, Body::Correlation(_)) {
                    continue;
                }
                text += &format!("# {}\n", rule.name);
                match compile(&rule, *backend, platform, accepted(backend.target())) {
                    Ok((_, queries)) => {
                        queries.iter().for_each(|query| text += &format!("{}\n\n", query.text));
                    }
                    Err(found) => found.iter().for_each(|found| {
                        text += &format!("{} {}\n", found.code.id(), found.message);
                    }),
                }
            }
            if !text.is_empty() {
                let name = format!("{}-{}", backend.target(), platform.name);
                snapshot(&folder, &name, text.trim_end());
            }
        }
    }
}

/// Where a product makes alerts of rows, each row says of which event and of what: those of single
/// events are whole, and those of correlations end with what the platform lists.
#[test]
fn rows_for_alerts_name_an_event_and_an_entity() {
    let mut correlations = 0;
    for (backend, platform) in goals() {
        for folder in folders("tests/corpus") {
            for rule in rules(&[case(&folder)]) {
                let Ok((_, queries)) = compile(&rule, backend, &platform, &[]) else { continue };
                for query in queries.iter().filter(|_| !platform.alerts.is_empty()) {
                    let last = query.text.lines().last().unwrap_or_default();
                    let Some(columns) = last.strip_prefix("| project ") else {
                        assert!(matches!(rule.body, Body::Events(_)), "{}: {last}", rule.name);
                        let mut lines = query.text.lines();
                        assert!(!lines.any(|line| line.starts_with("| project")), "{}", query.text);
                        continue;
                    };
                    correlations += 1;
                    let columns: Vec<&str> = columns.split(", ").collect();
                    for needed in &platform.alerts {
                        let returned = needed.iter().any(|name| columns.contains(&name.as_str()));
                        assert!(returned, "{}: {last}", rule.name);
                    }
                }
            }
        }
    }
    assert!(correlations > 40, "{correlations}");
}

/// Each rule with its plan: how one asks why a query is what it is.
#[test]
fn rules_are_explained() {
    let cases = [
        ("kql", "readme"),
        ("splunk", "registry_hives_and_control_sets"),
        ("eql", "temporal_three"),
    ];
    for (target, case) in cases {
        let folder = super::root().join("tests/corpus").join(case);
        let output = super::sigweave(&folder, &["explain", "rule.yml", "-t", target]);
        let text = String::from_utf8(output.stdout).unwrap();
        snapshot(&folder, &format!("explain-{target}"), text.trim_end());
    }
}
