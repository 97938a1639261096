//! `sigweave convert --to weave` and `--to sigma`: rules in the other rule language.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;

use crate::diagnostic::Severity;
use crate::ir::Rule;
use crate::print::{self, Said};
use crate::syntax::ast::Document;

use super::FINDINGS;
use super::convert::usage;
use super::output::{Output, counted, tally};
use super::workspace::Workspace;

/// A language of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// Sigma's YAML.
    Sigma,
    /// Weave.
    Weave,
}

/// Prints the rules in the other language, sound ones only.
pub(super) fn run(paths: &[PathBuf], language: Language, output: &mut Output) -> u8 {
    let workspace = match Workspace::load(paths) {
        Ok(workspace) => workspace,
        Err(problems) => return usage(output, &problems),
    };
    let mut refused = Vec::new();
    let (mut said, mut is_first) = (0, true);
    let mut total = 0;
    let references = References::new(&workspace);
    for (document, rule) in workspace.selection() {
        let is_filter = matches!(document, Document::Filter(_));
        if rule.is_none() && !is_filter {
            continue;
        }
        total += 1;
        let (translated, separator) = match language {
            Language::Sigma => (print::to_sigma(document), "---"),
            Language::Weave if references.is_within(document) => {
                said += 1;
                continue;
            }
            Language::Weave => (print::to_weave(document, |name| references.said(name)), ""),
        };
        match translated {
            Ok(text) => {
                if is_first {
                    is_first = false;
                } else {
                    output.line(separator);
                }
                output.line(text.trim_end());
                said += 1;
            }
            Err(refusal) => refused.push(refusal),
        }
    }
    output.findings(workspace.reported().chain(&refused), &workspace.sources);
    let found = workspace.reported().chain(&refused);
    output.remark(&format!("{said} of {} said: {}", counted(total, "rule"), tally(found)));
    let errors = workspace.reported().any(|found| found.severity() == Severity::Error)
        || !refused.is_empty();
    if errors { FINDINGS } else { 0 }
}

/// Sigma's rules that are said together, by which correlations find each other.
struct References<'w> {
    documents: Vec<(&'w Document, Option<&'w Arc<Rule>>)>,
    /// Names and ids that correlations refer to.
    referred: BTreeSet<&'w str>,
}

impl<'w> References<'w> {
    fn new(workspace: &'w Workspace) -> Self {
        let documents: Vec<_> = workspace.selection().collect();
        let correlations = documents.iter().filter_map(|(document, rule)| match document {
            Document::Correlation(correlation) if rule.is_some() => Some(&correlation.rules),
            Document::Correlation(_)
            | Document::Rule(_)
            | Document::Filter(_)
            | Document::Weave(_) => None,
        });
        let referred = correlations.flatten().map(|name| name.node.as_str()).collect();
        Self { documents, referred }
    }

    /// How the rule with a name or an id is said: one that only serves correlations, within them.
    fn said(&self, name: &str) -> Said<'w> {
        let found = self.documents.iter().find(|(document, _)| is_called(document, name));
        match found {
            Some((Document::Rule(rule), Some(checked))) if !checked.emitted => Said::Within(rule),
            Some((Document::Rule(_) | Document::Correlation(_), Some(checked))) => {
                Said::InWeave(&checked.name)
            }
            Some(_) | None => Said::InSigma,
        }
    }

    /// Whether a document is said within the correlations that refer to it.
    fn is_within(&self, document: &Document) -> bool {
        let is_same = |name: &&&str| is_called(document, name);
        let name = self.referred.iter().find(is_same);
        name.is_some_and(|name| matches!(self.said(name), Said::Within(_)))
    }
}

fn is_called(document: &Document, name: &str) -> bool {
    let meta = document.meta();
    let id = meta.id.as_ref().is_some_and(|id| id.node.eq_ignore_ascii_case(name));
    id || meta.name.as_ref().is_some_and(|own| own.node == name)
}
