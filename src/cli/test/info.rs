//! SigmaHQ's `info.yml` → cases: a recording beside it must fire the rules it names.
//!
//! The recordings are EVTX files, most with a twin in JSON, which is read where it is there. Their
//! paths are relative to the repository, so every folder above is tried.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span, Spanned};
use crate::yaml::{self, Meaning, Node};

use super::case::{Case, Expect};

/// Whether a text is such a file and not some other `info.yml`.
pub(crate) fn is_info(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("regression_tests_info:"))
}

/// Reads the file; what is wrong with it is reported.
pub(crate) fn parse(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Vec<Case> {
    let documents = yaml::parse(source, text, diagnostics);
    documents.iter().flat_map(|document| cases(document, diagnostics)).collect()
}

fn cases(document: &Node, diagnostics: &mut Diagnostics) -> Vec<Case> {
    let entries = |key: &str| document.get(key).and_then(Node::items).unwrap_or_default();
    let rules = entries("rule_metadata").iter().filter_map(|rule| rule.get("id")?.spanned_text());
    let rules: Vec<Spanned<String>> = rules.collect();
    if rules.is_empty() {
        let message = "no entry of `rule_metadata` has an `id`";
        diagnostics.push(Diagnostic::new(Code::MissingKey, document.span, message));
    }
    let mut cases = Vec::new();
    for test in entries("regression_tests_info") {
        let Some(path) = test.get("path").and_then(Node::spanned_text) else {
            let message = "a recording needs the key `path`";
            diagnostics.push(Diagnostic::new(Code::MissingKey, test.span, message));
            continue;
        };
        cases.extend(rules.iter().map(|rule| case(rule, test, &path)));
    }
    cases
}

fn case(rule: &Spanned<String>, test: &Node, path: &Spanned<String>) -> Case {
    let count = test.get("match_count");
    let least = count.and_then(Node::meaning).and_then(|meaning| match meaning {
        Meaning::Integer(count) => u64::try_from(count).ok(),
        Meaning::Text | Meaning::Float(_) | Meaning::Boolean(_) | Meaning::Null => None,
    });
    let name = test.get("name").and_then(Node::spanned_text);
    let place: Span = count.map_or(path.span, |count| count.span);
    Case {
        name: name.unwrap_or_else(|| path.clone()),
        rule: Some(rule.clone()),
        logsource: None,
        parameters: BTreeMap::new(),
        base: 0,
        events: Vec::new(),
        files: vec![path.clone()],
        has_twins: true,
        expect: match least {
            Some(0) => Expect::Silent,
            Some(least) => Expect::AtLeast(least),
            None => Expect::Fires,
        },
        place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_must_fire_each_rule_it_names() {
        let text = "rule_metadata:\n  - id: a\n  - id: b\nregression_tests_info:\n  - name: n\n    \
            type: evtx\n    match_count: 2\n    path: x/y.evtx\n";
        assert!(is_info(text) && !is_info("title: x\n"));
        let mut diagnostics = Diagnostics::default();
        let cases = parse(SourceId(0), text, &mut diagnostics);
        assert!(diagnostics.is_empty());
        let rules: Vec<_> = cases.iter().map(|case| case.rule.clone().unwrap().node).collect();
        assert_eq!(rules, ["a", "b"]);
        assert_eq!(cases[0].expect, Expect::AtLeast(2));
        let alternatives = cases[0].alternatives(&cases[0].files[0]);
        assert_eq!(alternatives, ["x/y.json", "x/y.evtx"]);
    }
}
