//! Conditions over selections, and the lints on them.

use super::*;

/// Three selections with one test each.
fn condition(condition: &str) -> String {
    rule(
        CREATION,
        &format!("a_1: {{Image: x}}\na_2: {{User: y}}\nb: {{Company: z}}\ncondition: {condition}"),
    )
}

fn short(text: &str) -> String {
    let long = line(&predicate(text));
    let names = [("Image", "x", "a1"), ("User", "y", "a2"), ("Company", "z", "b")];
    names.iter().fold(long, |long, (field, value, name)| {
        long.replace(&format!("{field} Text {{ test: Equals(\"{value}\"), cased: false }}"), name)
    })
}

#[test]
fn conditions_become_predicates() {
    let cases = [
        ("b and not 1 of a_*", "all(b, not(any(a1, a2)))"),
        ("all of a_* or b", "any(all(a1, a2), b)"),
        ("1 of them", "any(a1, a2, b)"),
        ("all of them", "all(a1, a2, b)"),
        ("2 of them", "any(all(a1, a2), all(a1, b), all(a2, b))"),
        ("3 of them", "all(a1, a2, b)"),
        ("a_1 or a_2 and not b", "any(a1, all(a2, not(b)))"),
        ("not not b", "b"),
    ];
    for (text, expected) in cases {
        assert_eq!(short(&condition(text)), expected, "{text}");
    }
}

#[test]
fn several_conditions_mean_any_of_them() {
    let text = condition("[a_1, a_2, b]");
    assert_eq!(short(&text), "any(a1, a2, b)");
}

#[test]
fn names_that_are_not_there_are_reported() {
    let cases: [(&str, &[&str]); 5] = [
        ("a_3 and 1 of them", &["E0303"]),
        ("1 of c_* and 1 of them", &["E0308"]),
        ("a_1 and b", &["W0301"]),
        ("4 of them", &["W0402"]),
        ("a_1", &["W0301", "W0301"]),
    ];
    for (text, expected) in cases {
        assert_eq!(codes(&condition(text)), expected, "{text}");
    }
}

#[test]
fn what_always_or_never_holds_is_pointed_out() {
    let cases: [(&str, &[&str]); 14] = [
        ("s: {Image|contains|all: [a, b]}\ncondition: s", &[]),
        ("s: {Image|all: [a, b]}\ncondition: s", &["W0402"]),
        ("s: {Image|all: [a, A]}\ncondition: s", &[]),
        ("s: {ProcessId|all: [1, 2]}\ncondition: s", &["W0402"]),
        ("s: {ProcessId: 1, ProcessId|gt: 5}\ncondition: s", &["W0402"]),
        ("s: {ProcessId: 7, ProcessId|gt: 5}\ncondition: s", &[]),
        ("s: {Image|endswith|all: [a, b]}\ncondition: s", &["W0402"]),
        ("s: {Image: null}\nt: {Image|endswith: a}\ncondition: s and t", &["W0402"]),
        ("s: {Image: null}\nt: {Image: ''}\ncondition: s and t", &[]),
        ("s: {Image: [a, b]}\nt: {Image: [c, d]}\ncondition: s and t", &["W0402"]),
        ("s: {Image: [a, b]}\nt: {Image: [b, d]}\ncondition: s and t", &[]),
        ("s: {Image: a}\ncondition: s and not s", &["W0402"]),
        ("s: {Image: a}\ncondition: s or not s", &["W0401"]),
        ("s: {Image|contains: ''}\ncondition: s", &["W0401"]),
    ];
    for (detection, expected) in cases {
        assert_eq!(codes(&rule(CREATION, detection)), expected, "{detection}");
    }
    let list = "s: {cert_chain_fps|contains|all: [ab, cd]}\ncondition: s";
    assert!(codes(&rule("{product: zeek, service: ssl}", list)).is_empty());
    let list = "s: {san.dns|all: [a.example, b.example]}\ncondition: s";
    assert!(codes(&rule("{product: zeek, service: x509}", list)).is_empty());
}

#[test]
fn the_size_of_a_rule_is_bounded() {
    let values = (0..400).map(|at| format!("v{at}")).collect::<Vec<_>>().join(", ");
    let often = vec!["s"; 300].join(" and ");
    let text = rule(CREATION, &format!("s: {{Image: [{values}]}}\ncondition: {often}"));
    assert_eq!(codes(&text), ["E0407"]);
    let many: String = (0..20).map(|at| format!("s{at}: {{Image: a{at}}}\n")).collect();
    let text = rule(CREATION, &format!("{many}condition: 9 of them"));
    assert!(codes(&text).contains(&"E0407"));
}

#[test]
fn broken_documents_yield_no_rule_and_no_further_noise() {
    for text in
        [condition("a_1 and ("), "title: t\ndetection:\n    s: {a: b}\n    condition: s\n".into()]
    {
        let (rules, found) = run(&text);
        assert!(rules.iter().all(Option::is_none));
        assert!(found.iter().all(|found| found.code.id() < "E03"), "{found:#?}");
    }
}
