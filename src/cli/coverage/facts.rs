//! The rules of a project → what coverage asks of each: tags, parameters, log sources, tests, verdicts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::coverage::{Fact, Verdict};
use crate::ir::{Body, PatternSource, Rule};
use crate::syntax::ast::Document;
use crate::syntax::weave::tree::EventSource;

use super::super::files;
use super::super::goal::Goal;
use super::super::workspace::Workspace;

/// What is known of every sound rule of the project.
pub(super) fn facts(workspace: &Workspace, goals: &[Goal]) -> Vec<Fact> {
    let tested = tested(&workspace.folders);
    let documents: BTreeMap<String, &Document> = workspace
        .selection()
        .filter_map(|(document, rule)| rule.map(|rule| (rule.name.clone(), document)))
        .collect();
    let fact = |(document, rule): (&Document, Option<&Arc<Rule>>)| {
        let rule = rule?;
        let verdict = |goal: &Goal| match goal.compile(rule) {
            Ok(_) => Verdict::Taken,
            Err(refused) => {
                let codes: BTreeSet<&str> = refused.iter().map(|found| found.code.id()).collect();
                Verdict::Refused(codes.into_iter().map(str::to_owned).collect())
            }
        };
        let (mut parameters, mut logsources) = (BTreeSet::new(), BTreeSet::new());
        gather_parameters(document, &documents, workspace, &mut parameters, 0);
        gather_logsources(rule, &mut logsources);
        Some(Fact {
            name: rule.name.clone(),
            tags: rule.meta.tags.iter().map(|tag| tag.to_lowercase()).collect(),
            parameters,
            logsources,
            window: match &rule.body {
                Body::Events(_) => None,
                Body::Correlation(correlation) => Some(correlation.window),
            },
            tested: tested.contains(&rule.name) || tested.contains(&stem(document, workspace)),
            verdicts: goals.iter().map(verdict).collect(),
        })
    };
    workspace.selection().filter_map(fact).collect()
}

/// Deepest reference that is followed for parameters.
const DEEPEST: usize = 16;

/// The parameters of a rule and of those it refers to.
fn gather_parameters(
    document: &Document,
    documents: &BTreeMap<String, &Document>,
    workspace: &Workspace,
    found: &mut BTreeSet<String>,
    depth: usize,
) {
    let follow = |name: &str, found: &mut BTreeSet<String>| {
        if let Some(next) = documents.get(name).filter(|_| depth < DEEPEST) {
            gather_parameters(next, documents, workspace, found, depth + 1);
        }
    };
    match document {
        Document::Weave(rule) => {
            found.extend(rule.params.iter().map(|param| param.name.node.clone()));
            for event in &rule.events {
                match &event.source {
                    EventSource::Sigma(name) | EventSource::Weave(name) => {
                        follow(&name.node, found);
                    }
                    EventSource::Inline { .. } => {}
                }
            }
        }
        Document::Correlation(correlation) => {
            correlation.rules.iter().for_each(|rule| follow(&rule.node, found));
        }
        Document::Rule(rule) => {
            let span = rule.meta.span;
            let text = workspace.sources.text(span.source).get(span.range()).unwrap_or_default();
            let names = workspace.project.parameters.keys();
            found.extend(names.filter(|name| text.contains(&format!("%{name}%"))).cloned());
        }
        Document::Filter(_) => {}
    }
}

fn gather_logsources(rule: &Rule, found: &mut BTreeSet<String>) {
    let patterns = match &rule.body {
        Body::Events(pattern) => std::slice::from_ref(pattern),
        Body::Correlation(correlation) => correlation.patterns.as_slice(),
    };
    for pattern in patterns {
        match &pattern.source {
            PatternSource::Events { logsource, .. } => {
                found.insert(logsource.clone());
            }
            PatternSource::Firings(inner) => gather_logsources(inner, found),
        }
    }
}

/// The path of a rule's file without its ending.
fn stem(document: &Document, workspace: &Workspace) -> String {
    let name = workspace.sources.get(document.meta().span.source).map_or("", |of| of.name.as_str());
    Path::new(name).with_extension("").display().to_string()
}

/// Rules with tests: by the file beside, or by the name in it.
fn tested(folders: &[PathBuf]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in folders.iter().flat_map(|folder| files::tests(folder)) {
        let text = files::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let named = text.lines().find_map(|line| line.strip_prefix("rule: "));
        match named {
            Some(name) => found.insert(name.trim().to_owned()),
            None => {
                let beside = path.display().to_string();
                let stem = beside.strip_suffix(".test.yml").or(beside.strip_suffix(".test.yaml"));
                found.insert(stem.unwrap_or(&beside).to_owned())
            }
        };
    }
    found
}
