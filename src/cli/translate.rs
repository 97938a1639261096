//! `sigweave convert --to weave` and `--to sigma`: rules in the other rule language.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;

use crate::check;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::ir::Rule;
use crate::print::{self, Said};
use crate::source::Span;
use crate::syntax::ast::Document;
use crate::taxonomy::Taxonomy;

use super::convert::usage;
use super::output::{Output, counted, tally};
use super::workspace::Workspace;
use super::{FINDINGS, lists};

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
    let filtered = filtered(&workspace);
    for (document, rule) in workspace.selection() {
        let is_filter = matches!(document, Document::Filter(_));
        if rule.is_none() && !is_filter {
            continue;
        }
        total += 1;
        if let Some(filter) = filtered.get(&document.meta().span)
            && language != language_of(document)
        {
            refused.push(incomplete(document, filter));
            continue;
        }
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

fn language_of(document: &Document) -> Language {
    match document {
        Document::Rule(_) | Document::Correlation(_) | Document::Filter(_) => Language::Sigma,
        Document::Weave(_) => Language::Weave,
    }
}

/// A filter that applies to a rule: a rule said without it would find more.
fn incomplete(document: &Document, filter: &Document) -> Diagnostic {
    let title = filter.meta().title.as_ref().map_or("a filter", |title| title.node.as_str());
    let message = format!("the rule would be said without what the filter `{title}` excludes");
    Diagnostic::new(Code::NotInLanguage, document.meta().span, message)
        .label(filter.meta().span, "this filter applies to it")
        .help("and the filter's condition to the rule's own, and take the rule out of the filter")
}

/// The rules that are not the same without filters, each with a filter that makes the difference.
fn filtered(workspace: &Workspace) -> BTreeMap<Span, &Document> {
    let is_filter = |document: &&Document| matches!(document, Document::Filter(_));
    let filters: Vec<&Document> = workspace.documents.iter().filter(is_filter).collect();
    let mut found = BTreeMap::new();
    // All of them at once comes last: of two filters that say the same, neither matters alone.
    let alone = filters.iter().map(|filter| (std::slice::from_ref(filter), *filter));
    let together = filters.first().map(|first| (filters.as_slice(), *first));
    for (left_out, named) in alone.chain(together) {
        for span in changed(workspace, left_out) {
            found.entry(span).or_insert(named);
        }
    }
    found
}

/// The rules that mean something else without these filters.
fn changed(workspace: &Workspace, filters: &[&Document]) -> BTreeSet<Span> {
    let left_out: BTreeSet<Span> = filters.iter().map(|filter| filter.meta().span).collect();
    let stays = |document: &&Document| !left_out.contains(&document.meta().span);
    let documents: Vec<Document> = workspace.documents.iter().filter(stays).cloned().collect();
    let options = lists::options(workspace.project.parameters.clone(), &workspace.project.lookups);
    let taxonomy = Taxonomy::standard();
    let rules = check::check(&documents, &taxonomy, &options, &mut Diagnostics::default());
    let without: BTreeMap<Span, Arc<Rule>> =
        rules.into_iter().flatten().map(|rule| (rule.meta.span, rule)).collect();
    let known = workspace.rules.iter().flatten();
    let differs = known.filter(|rule| without.get(&rule.meta.span) != Some(rule));
    differs.map(|rule| rule.meta.span).collect()
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
