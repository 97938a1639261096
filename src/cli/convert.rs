//! `sigweave convert`: rules → queries on standard output.

use std::collections::HashSet;
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use serde::Serialize;

use crate::diagnostic::{Diagnostic, Rendered, rendered};
use crate::ir::Rule;
use crate::source::SourceId;
use crate::syntax::ast::Document;

use super::goal::{Goal, load};
use super::output::{Output, counted, tally};
use super::translate::{self, Language};
use super::workspace::Workspace;
use super::{FINDINGS, Format, GoalArguments, USAGE};

/// Arguments of `convert`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave convert rule.yml -t kql
  sigweave convert rules -t splunk -p splunk-ta --format json
  sigweave convert rule.yml --to weave      in the other rule language
  sigweave convert rules                    every environment of sigweave.toml")]
pub(super) struct Arguments {
    /// Rule files or folders; `-` is standard input. Without any, the project's rule folders.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Say the rules in the other rule language instead of a query language.
    #[arg(long, value_enum, value_name = "LANGUAGE", conflicts_with_all = ["target", "platform"])]
    to: Option<Language>,
    #[command(flatten)]
    goal: GoalArguments,
    /// How results are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// A rule on a goal, as machines read it.
#[derive(Debug, Serialize)]
struct Converted {
    rule: Option<String>,
    id: Option<String>,
    file: String,
    target: &'static str,
    platform: String,
    queries: Vec<String>,
    diagnostics: Vec<Rendered>,
}

/// What became of a document on a goal.
struct Outcome<'a> {
    document: Option<&'a Document>,
    file: SourceId,
    goal: &'a Goal,
    queries: Vec<String>,
    /// What was already found when the rule was checked, then what the target says.
    found: Vec<Diagnostic>,
    /// Why the target cannot say it, or what is to be said about its queries.
    refused: Vec<Diagnostic>,
    /// Whether the project has agreed to the refusal.
    agreed: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    if let Some(language) = arguments.to {
        return translate::run(&arguments.paths, language, output);
    }
    let (workspace, goals) = match load(&arguments.paths, &arguments.goal) {
        Ok(loaded) => loaded,
        Err(problems) => return usage(output, &problems),
    };
    if goals.is_empty() {
        let problem = "which query language? say `-t splunk`, `-t kql`, `-t eql` or `-t esql`";
        return usage(output, &[problem.to_owned()]);
    }
    // The process ends with the command: nothing is torn down piece by piece.
    let (workspace, goals) = (ManuallyDrop::new(workspace), ManuallyDrop::new(goals));
    let outcomes = ManuallyDrop::new(convert(&workspace, &goals));
    match arguments.format {
        Format::Text => print_text(&workspace, &outcomes, goals.len(), output),
        Format::Json => print_json(&workspace, &outcomes, output),
    }
    let errors = workspace.reported().any(is_error) || complaints(&outcomes).any(is_error);
    if errors { FINDINGS } else { 0 }
}

/// Prints usage problems.
pub(super) fn usage(output: &mut Output, problems: &[String]) -> u8 {
    for problem in problems {
        let prefix = if problem.starts_with("error") { "" } else { "error: " };
        output.remark(&format!("{prefix}{problem}"));
    }
    USAGE
}

fn is_error(found: &Diagnostic) -> bool {
    found.severity() == crate::diagnostic::Severity::Error
}

/// What the targets say, without the refusals that the project has agreed to.
fn complaints<'a>(outcomes: &'a [Outcome<'_>]) -> impl Iterator<Item = &'a Diagnostic> {
    outcomes.iter().filter(|outcome| !outcome.agreed).flat_map(|outcome| &outcome.refused)
}

/// Every selected document on every goal, by document, then files that hold none.
fn convert<'a>(workspace: &'a Workspace, goals: &'a [Goal]) -> Vec<Outcome<'a>> {
    let selection: Vec<_> = workspace.selection().collect();
    let of_document = |(document, rule): &(&'a Document, Option<_>)| {
        let rule: Option<&std::sync::Arc<Rule>> = *rule;
        let outcome = |goal| outcome(workspace, document, rule.map(|rule| &**rule), goal);
        goals.iter().filter_map(outcome).collect::<Vec<_>>()
    };
    let mut outcomes: Vec<Outcome<'a>> = selection.par_iter().flat_map_iter(of_document).collect();
    let holding = selection.iter().map(|(document, _)| document.meta().span.source);
    let holding: HashSet<SourceId> = holding.collect();
    for file in &workspace.files {
        let found = workspace.about_file(*file);
        let holds_none = !holding.contains(file);
        if found.iter().any(is_error) || holds_none && !found.is_empty() {
            outcomes.extend(goals.iter().map(|goal| Outcome {
                document: None,
                file: *file,
                goal,
                queries: Vec::new(),
                found: found.clone(),
                refused: Vec::new(),
                agreed: false,
            }));
        }
    }
    outcomes
}

/// What becomes of a document; nothing of a filter or of a rule that only serves others.
fn outcome<'a>(
    workspace: &'a Workspace,
    document: &'a Document,
    rule: Option<&Rule>,
    goal: &'a Goal,
) -> Option<Outcome<'a>> {
    let span = document.meta().span;
    let found = workspace.about(span);
    let is_filter = matches!(document, Document::Filter(_));
    if rule.is_some_and(|rule| !rule.emitted || !goal.takes(rule))
        || is_filter && !found.iter().any(is_error)
    {
        return None;
    }
    let (queries, refused) = match rule.map(|rule| (rule, goal.compile(rule))) {
        Some((rule, Ok(queries))) => {
            let remarks = workspace.settled(goal.remarks(rule, &queries));
            (queries, remarks)
        }
        Some((_, Err(refused))) => (Vec::new(), refused),
        None => (Vec::new(), Vec::new()),
    };
    let agreed = queries.is_empty() && rule.is_some_and(|rule| goal.agreed(&rule.name, &refused));
    let queries = queries.into_iter().map(|query| query.text).collect();
    let (document, file) = (Some(document), span.source);
    Some(Outcome { document, file, goal, queries, found, refused, agreed })
}

fn name(document: &Document) -> Option<String> {
    let meta = document.meta();
    meta.name.as_ref().or(meta.title.as_ref()).map(|name| name.node.clone())
}

fn print_json(workspace: &Workspace, outcomes: &[Outcome<'_>], output: &mut Output) {
    for outcome in outcomes {
        let found = outcome.found.iter().chain(&outcome.refused);
        let source = workspace.sources.get(outcome.file);
        let converted = Converted {
            rule: outcome.document.and_then(name),
            id: outcome.document.and_then(|document| document.meta().id.clone()).map(|id| id.node),
            file: source.map_or_else(String::new, |source| source.name.clone()),
            target: outcome.goal.backend.target(),
            platform: outcome.goal.platform.name.clone(),
            queries: outcome.queries.clone(),
            diagnostics: found.map(|found| rendered(found, &workspace.sources)).collect(),
        };
        output.line(&serde_json::to_string(&converted).unwrap_or_default());
    }
}

fn print_text(workspace: &Workspace, outcomes: &[Outcome<'_>], goals: usize, output: &mut Output) {
    let printed: usize = outcomes.iter().map(|outcome| outcome.queries.len()).sum();
    let mut first = true;
    for outcome in outcomes.iter().filter(|outcome| !outcome.queries.is_empty()) {
        if printed > 1 {
            let name = outcome.document.and_then(name).unwrap_or_default();
            let (target, platform) = (outcome.goal.backend.target(), &outcome.goal.platform.name);
            if !first {
                output.line("");
            }
            output.told(&format!("=== {name} ({target}, {platform})"));
        }
        first = false;
        let separator = if outcome.queries.len() > 1 { "\n\n" } else { "" };
        output.line(&outcome.queries.join(separator));
    }
    // A chain is refused for what its parts are, too.
    let mut known = HashSet::new();
    let refused: Vec<_> = complaints(outcomes).filter(|found| known.insert(*found)).collect();
    let agreed = outcomes.iter().filter(|outcome| outcome.agreed).count();
    output.findings(workspace.reported().chain(refused.iter().copied()), &workspace.sources);
    let rules = outcomes.len() / goals.max(1);
    let silent = workspace.selection().filter_map(|(_, rule)| rule).filter(|rule| !rule.emitted);
    let silent = match silent.count() {
        0 => String::new(),
        count => format!(" ({} only for correlations)", counted(count, "more rule")),
    };
    let found = workspace.reported().chain(refused.iter().copied());
    output.remark(&format!(
        "{}{silent} to {}: {}{}; {}",
        counted(rules, "rule"),
        counted(goals, "target"),
        counted_queries(printed),
        if agreed > 0 { format!(", {agreed} refused as agreed") } else { String::new() },
        tally(found)
    ));
}

fn counted_queries(count: usize) -> String {
    if count == 1 { "1 query".to_owned() } else { format!("{count} queries") }
}
