//! Filters: what they apply to and what they mean there.

use super::*;

const RULE: &str = "
title: A
name: a
logsource: {product: windows, category: process_creation}
detection: {s: {Image: a}, condition: s}
---
title: B
name: b
logsource: {product: windows, category: registry_set}
detection: {s: {Image: b}, condition: s}
";

fn filter(logsource: &str, rules: &str, selection: &str, condition: &str) -> String {
    format!(
        "---\ntitle: F\nlogsource: {logsource}\nfilter:\n    rules: {rules}\n    selection: {selection}\n    condition: {condition}\n"
    )
}

const A_THEN_B: &str =
    "---\ntitle: X\nname: x\ncorrelation: {type: temporal_ordered, rules: [a, b], timespan: 5m}\n";

/// The predicates of all events of a rule.
fn events(rule: &Rule) -> Vec<String> {
    let of = |pattern: &Pattern| match &pattern.source {
        PatternSource::Events { predicate, .. } => vec![short(predicate)],
        PatternSource::Firings(rule) => events(rule),
    };
    match &rule.body {
        Body::Events(pattern) => of(pattern),
        Body::Correlation(correlation) => correlation.patterns.iter().flat_map(of).collect(),
    }
}

fn short(predicate: &Predicate) -> String {
    line(predicate).replace(" Text { test: Equals(", " = ").replace("), cased: false }", "")
}

fn all(text: &str) -> Vec<Vec<String>> {
    let (rules, found) = run(text);
    assert!(found.is_empty(), "{text}\n{found:#?}");
    rules.iter().flatten().map(|rule| events(rule)).collect()
}

const CREATION: &str = "{product: windows, category: process_creation}";

#[test]
fn filters_are_anded_to_the_rules_they_name() {
    let (a, b) = (r#"Image = "a""#, r#"Image = "b""#);
    let filtered = r#"all(Image = "a", not(User = "u"))"#;
    let one = filter(CREATION, "[a]", "{User: u}", "not selection");
    assert_eq!(all(&format!("{RULE}{one}")), [[filtered], [b]]);
    let any = filter(
        "{product: windows, category: process_creation}",
        "any",
        "{User: u}",
        "not selection",
    );
    assert_eq!(all(&format!("{RULE}{any}")), [[filtered], [b]]);
    let product = filter("{product: windows}", "any", "{User: u}", "selection");
    let both = format!(r#"all({b}, User = "u")"#);
    assert_eq!(all(&format!("{RULE}{product}"))[1], [both]);
    assert_eq!(all(&format!("{RULE}{A_THEN_B}{one}"))[2], [filtered, b]);
    assert_eq!(all(RULE), [[a], [b]]);
}

#[test]
fn filters_on_a_correlation_apply_to_its_events_only() {
    let filtered = r#"all(Image = "a", not(User = "u"))"#;
    let (a, b) = (r#"Image = "a""#, r#"Image = "b""#);
    let on = filter(CREATION, "[x]", "{User: u}", "not selection");
    assert_eq!(all(&format!("{RULE}{A_THEN_B}{on}")), [vec![a], vec![b], vec![filtered, b]]);
    let on_both = filter(CREATION, "[x, a]", "{User: u}", "not selection");
    assert_eq!(all(&format!("{RULE}{A_THEN_B}{on_both}"))[2], [filtered, b]);
    let outer =
        "---\ntitle: Y\nname: y\ncorrelation: {type: temporal, rules: [x, b], timespan: 5m}\n";
    let on_outer = filter(CREATION, "[y]", "{User: u}", "not selection");
    let found = all(&format!("{RULE}{A_THEN_B}{outer}{on_outer}"));
    assert_eq!(found[2], [a, b]);
    assert_eq!(found[3], [filtered, b, b]);
}

#[test]
fn mistakes_of_filters_are_reported() {
    let not = "not selection";
    let registry = "{product: windows, category: registry_set}";
    let dns = "{product: windows, category: dns_query}";
    let cases: [(String, &[&str]); 9] = [
        (filter(CREATION, "[nope]", "{User: u}", not), &["E0305"]),
        (filter(CREATION, "[b]", "{User: u}", not), &["E0310"]),
        (filter(CREATION, "[a]", "{Usr: u}", not), &["E0301"]),
        (filter("{product: windows}", "any", "{TargetObject: u}", not), &["E0301"]),
        (filter(dns, "any", "{User: u}", not), &["W0302"]),
        (filter(dns, "any", "{Usr: u}", not), &["W0302", "E0301"]),
        (filter(CREATION, "[a]", "{Image: z}", not), &["W0302"]),
        (format!("{A_THEN_B}{}", filter(dns, "[x]", "{User: u}", not)), &["E0310"]),
        (
            "---\ntitle: X\nname: x\ncorrelation: {type: temporal, timespan: 5m, condition: a and not b}\n"
                .to_owned()
                + &filter(registry, "[b]", "{User: u}", not),
            &["W0602"],
        ),
    ];
    for (text, expected) in cases {
        let found: Vec<_> = run(&format!("{RULE}{text}")).1;
        let codes: Vec<_> = found.iter().map(|found| found.code.id()).collect();
        assert_eq!(codes, expected, "{text}\n{found:#?}");
    }
}

#[test]
fn a_filter_with_errors_takes_its_rules_along() {
    let broken = filter(CREATION, "[a]", "{Usr: u}", "not selection");
    let (rules, _) = run(&format!("{RULE}{broken}"));
    assert!(rules[0].is_none() && rules[1].is_some() && rules[2].is_none());
}
