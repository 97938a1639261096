//! Rules in one language and in the other: the same meaning, or a refusal.

use std::sync::Arc;

use super::*;
use crate::check::{Options, check};
use crate::ir::{Body, Correlation, PatternSource, Predicate, Rule};
use crate::syntax::{sigma, weave};
use crate::taxonomy::Taxonomy;

fn checked(documents: &[Document], shown: &str) -> Vec<Option<Arc<Rule>>> {
    let mut diagnostics = Diagnostics::default();
    let rules = check(documents, &Taxonomy::standard(), &Options::default(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{shown}\n{:#?}", diagnostics.into_sorted());
    rules
}

fn read_weave(text: &str) -> Vec<Document> {
    weave::parse(SourceId::default(), text, &mut Diagnostics::default())
}

fn read_sigma(text: &str) -> Vec<Document> {
    sigma::parse(SourceId::default(), text, &mut Diagnostics::default())
}

/// What a rule finds, without places and names.
fn meaning(rule: &Rule) -> String {
    match &rule.body {
        Body::Events(pattern) => source(&pattern.source),
        Body::Correlation(correlation) => correlated(correlation),
    }
}

fn source(source: &PatternSource) -> String {
    match source {
        PatternSource::Events { logsource, predicate } => {
            format!("{logsource} {}", sorted(predicate))
        }
        PatternSource::Firings(rule) => meaning(rule),
    }
}

/// A predicate whose operands stand in an order of their own.
fn sorted(predicate: &Predicate) -> String {
    let list = |parts: &[Predicate]| {
        let mut parts: Vec<String> = parts.iter().map(sorted).collect();
        parts.sort();
        parts.join(", ")
    };
    match predicate {
        Predicate::All(parts) => format!("all({})", list(parts)),
        Predicate::Any(parts) => format!("any({})", list(parts)),
        Predicate::Not(inner) => format!("not({})", sorted(inner)),
        // In an expression, `\/` is `/`.
        Predicate::Test(test) => format!("{} {:?}", test.field.name, test.op).replace(r"\\/", "/"),
        Predicate::Keyword(_) | Predicate::KeywordRegex(_) => format!("{predicate:?}"),
    }
}

fn correlated(correlation: &Correlation) -> String {
    let patterns: Vec<_> =
        correlation.patterns.iter().map(|pattern| source(&pattern.source)).collect();
    let keys: Vec<_> = correlation.keys.iter().map(|key| &key.fields).collect();
    format!("{patterns:?} {keys:?} {} {:?}", correlation.window, correlation.cond)
        .replace("All([Seen(PatternId(0)), Seen(PatternId(1))])", "both")
}

fn corpus(file: &str) -> Vec<(String, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let folders = std::fs::read_dir(root).unwrap().flatten().map(|entry| entry.path().join(file));
    let files = folders.filter(|path| path.is_file());
    files.map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn sigma_said_in_weave_means_the_same() {
    let mut said = 0;
    for (name, text) in corpus("rule.yml") {
        let documents = read_sigma(&text);
        let rules = checked(&documents, &name);
        for (at, (document, rule)) in documents.iter().zip(&rules).enumerate() {
            let (Ok(text), Some(rule)) = (to_weave(document, |_| Said::InSigma), rule) else {
                continue;
            };
            // The other rules stay, so that the new one can refer to them.
            let mut others = documents.clone();
            others.splice(at..=at, read_weave(&text));
            let again = checked(&others, &text);
            assert_eq!(meaning(again[at].as_ref().unwrap()), meaning(rule), "{name}\n{text}");
            said += 1;
        }
    }
    assert!(said > 60, "{said}");
}

#[test]
fn weave_said_in_sigma_means_the_same() {
    let mut said = 0;
    for (name, text) in corpus("rule.weave") {
        let documents = read_weave(&text);
        let rules = checked(&documents, &name);
        let texts: Result<Vec<String>, _> = documents.iter().map(to_sigma).collect();
        let Ok(texts) = texts else { continue };
        let text = texts.join("---\n");
        let again = checked(&read_sigma(&text), &text);
        for rule in rules.iter().flatten() {
            let same = again.iter().flatten().find(|other| other.name == rule.name);
            assert_eq!(meaning(same.unwrap()), meaning(rule), "{name}\n{text}");
            said += 1;
        }
    }
    assert!(said >= 7, "{said}");
}

#[test]
fn what_the_other_language_lacks_is_refused() {
    let rule = |rest: &str| {
        format!(
            "rule r {{ events: a = windows/image_load where Image == 'x' \
                 b = windows/image_load where Image == 'y' match: {rest} }}"
        )
    };
    let cases = [
        "over 1h condition: score(a: 1, b: 1) >= 2",
        "over 1h condition: a then b within 5m",
        "over 1h skew 5s condition: a then b",
        "over 1h condition: b then a",
        "x = lower(Image) over 1h condition: a and b",
        "over 1h condition: a and count(b) >= 2",
        "over 1h condition: a and not b within 1h before",
        "over 1h condition: max(a.ProcessId) > 1",
        "over 1h condition: a and b alert: suppress for 1h",
        "over 1h condition: count(a) > 1 and b",
    ];
    for case in cases {
        let documents = read_weave(&rule(case));
        assert_eq!(to_sigma(&documents[0]).unwrap_err().code.id(), "E0610", "{case}");
    }
    let sigma = |detection: &str| {
        format!("title: t\nlogsource: {{product: linux}}\ndetection: {detection}\n")
    };
    for case in [
        "{s: [word], condition: s}",
        "{s: {Image: 'a\\**b*'}, condition: s}",
        "{a: {Image: x}, b: {Image: y}, condition: 2 of them}",
    ] {
        let documents = read_sigma(&sigma(case));
        assert_eq!(
            to_weave(&documents[0], |_| Said::InSigma).unwrap_err().code.id(),
            "E0610",
            "{case}"
        );
    }
}

/// The rules of the cases; `SIGMA_RULES=folder cargo test --lib every_rule_of_a_folder` takes others.
#[test]
fn every_rule_of_a_folder_means_the_same_in_weave() {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let folder = std::env::var_os("SIGMA_RULES").unwrap_or_else(|| cases.into());
    let mut open = vec![std::path::PathBuf::from(folder)];
    let (mut said, mut refused) = (0, std::collections::BTreeMap::<String, usize>::new());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        if path.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        let documents = read_sigma(&std::fs::read_to_string(&path).unwrap_or_default());
        let mut found = Diagnostics::default();
        let rules = check(&documents, &Taxonomy::standard(), &Options::default(), &mut found);
        for (document, rule) in documents.iter().zip(&rules) {
            // A correlation refers to rules that are not said in the same text.
            let (Some(rule), Document::Rule(_)) = (rule, document) else { continue };
            match to_weave(document, |_| Said::InSigma) {
                Ok(text) => {
                    let again = checked(&read_weave(&text), &text);
                    let again = again[0].as_ref().unwrap_or_else(|| panic!("{text}"));
                    assert_eq!(meaning(again), meaning(rule), "{}\n{text}", path.display());
                    let back = to_sigma(&read_weave(&text)[0]).unwrap();
                    let back_text = back;
                    let back = checked(&read_sigma(&back_text), &back_text);
                    assert!(!back.is_empty() && back[0].is_some(), "{text}\n{back_text}");
                    assert_eq!(meaning(back[0].as_ref().unwrap()), meaning(rule), "{text}");
                    said += 1;
                }
                Err(refusal) => *refused.entry(refusal.message).or_default() += 1,
            }
        }
    }
    assert!(said > 30, "{said} said, {refused:#?}");
}
