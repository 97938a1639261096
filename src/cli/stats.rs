//! `sigweave stats`: how many rules there are, and how many each target takes on each platform:
//! exactly, approximately, or refused by which code.
//!
//! Without `-t` and `-e` it asks every language on every shipped platform that is queried in it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::diagnostic::{Code, Severity};
use crate::syntax::ast::Document;

use super::check::tried;
use super::convert::usage;
use super::goal::{Goal, everywhere, load};
use super::output::{Output, counted};
use super::portability::Tally;
use super::table::Table;
use super::workspace::Workspace;
use super::{FINDINGS, Format, GoalArguments};

/// Arguments of `stats`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave stats rules                   every language on every shipped platform
  sigweave stats rules -t kql            one language on its first platform
  sigweave stats rules --format json     one object with the rules, one per target and platform")]
pub(super) struct Arguments {
    /// Rule files or folders; `-` is standard input. Without any, the project's rule folders.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    goal: GoalArguments,
    /// How results are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What was read.
#[derive(Serialize)]
struct Read {
    files: usize,
    rules: usize,
    correlations: usize,
    filters: usize,
    weave: usize,
    files_with_errors: usize,
    errors: BTreeMap<&'static str, usize>,
}

/// What a target makes of the rules on a platform; a refused rule may count for several codes.
#[derive(Serialize)]
struct Taken<'a> {
    target: &'a str,
    platform: &'a str,
    environment: Option<&'a str>,
    exact: usize,
    approximate: usize,
    refused: usize,
    unsound: usize,
    approximate_by_code: BTreeMap<&'static str, usize>,
    refused_by_code: BTreeMap<&'static str, usize>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    let loaded = load(&arguments.paths, &arguments.goal).and_then(|(workspace, goals)| {
        let asked = !arguments.goal.target.is_empty() || !arguments.goal.environment.is_empty();
        Ok((workspace, if asked { goals } else { everywhere(&arguments.goal)? }))
    });
    let (workspace, goals) = match loaded {
        Ok(loaded) => loaded,
        Err(problems) => return usage(output, &problems),
    };
    let (rows, _) = tried(&workspace, &goals);
    let read = read(&workspace);
    let tallies: Vec<Tally> = (0..goals.len()).map(|at| Tally::of(&rows, at)).collect();
    match arguments.format {
        Format::Json => print_json(&read, &goals, &tallies, output),
        Format::Text => print_text(&read, &goals, &tallies, output),
    }
    if read.files_with_errors > 0 { FINDINGS } else { 0 }
}

fn read(workspace: &Workspace) -> Read {
    let mut read = Read {
        files: workspace.files.len(),
        rules: 0,
        correlations: 0,
        filters: 0,
        weave: 0,
        files_with_errors: 0,
        errors: BTreeMap::new(),
    };
    for (document, _) in workspace.selection() {
        match document {
            Document::Rule(_) => read.rules += 1,
            Document::Correlation(_) => read.correlations += 1,
            Document::Filter(_) => read.filters += 1,
            Document::Weave(_) => read.weave += 1,
        }
    }
    let mut last = None;
    let errors = workspace.reported().filter(|found| found.severity() == Severity::Error);
    for found in errors {
        *read.errors.entry(found.code.id()).or_default() += 1;
        // Findings are sorted by place.
        let source = Some(found.primary.span.source);
        read.files_with_errors += usize::from(source != last);
        last = source;
    }
    read
}

fn print_json(read: &Read, goals: &[Goal], tallies: &[Tally], output: &mut Output) {
    output.line(&serde_json::to_string(read).unwrap_or_default());
    let by_code = |counts: &BTreeMap<Code, usize>| {
        counts.iter().map(|(code, count)| (code.id(), *count)).collect()
    };
    for (goal, tally) in goals.iter().zip(tallies) {
        let taken = Taken {
            target: goal.backend.target(),
            platform: &goal.platform.name,
            environment: goal.environment.as_deref(),
            exact: tally.exact,
            approximate: tally.approximate,
            refused: tally.refused,
            unsound: tally.unsound,
            approximate_by_code: by_code(&tally.given_up),
            refused_by_code: by_code(&tally.reasons),
        };
        output.line(&serde_json::to_string(&taken).unwrap_or_default());
    }
}

fn print_text(read: &Read, goals: &[Goal], tallies: &[Tally], output: &mut Output) {
    let kinds = [
        (read.rules, "rule"),
        (read.correlations, "correlation"),
        (read.filters, "filter"),
        (read.weave, "Weave rule"),
    ];
    let there = kinds.iter().filter(|(count, _)| *count > 0);
    let there: Vec<String> = there.map(|(count, noun)| counted(*count, noun)).collect();
    let files = counted(read.files, "file");
    let broken = match read.files_with_errors {
        0 => "no file with errors".to_owned(),
        count => {
            let codes = read.errors.iter().map(|(code, count)| format!("{code} {count}"));
            let codes = codes.collect::<Vec<_>>().join(", ");
            format!("{} with errors ({codes})", counted(count, "file"))
        }
    };
    output.line(&format!("{files}: {}; {broken}", there.join(", ")));
    output.line("");
    let head = ["target", "platform", "exact", "approximate", "refused", "unsound"];
    let mut table = Table::new(head);
    for (goal, tally) in goals.iter().zip(tallies) {
        let counts = [tally.exact, tally.approximate, tally.refused, tally.unsound];
        let names = [goal.backend.target().to_owned(), goal.platform.name.clone()];
        table.row(names.into_iter().chain(counts.map(|count| count.to_string())).collect());
    }
    table.text().iter().for_each(|line| output.line(line));
    for (goal, tally) in goals.iter().zip(tallies) {
        let reasons = tally.given_up.iter().chain(&tally.reasons);
        let mut reasons = reasons.peekable();
        if reasons.peek().is_some() {
            output.line("");
            output.line(&format!("{} on {}:", goal.backend.target(), goal.platform.name));
        }
        for (code, count) in reasons {
            output.line(&format!("  {} {count:>6}  {}", code.id(), code.title()));
        }
    }
}
