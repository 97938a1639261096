//! `sigweave check`: parse, resolve, type-check; with targets, try every rule on them, too.

use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Severity};
use crate::ir::Rule;
use crate::project::list;
use crate::source::SourceMap;
use crate::syntax::ast::Document;

use super::convert::usage;
use super::goal::{Goal, load, platform_of};
use super::lints::LintArguments;
use super::mend::{self, Mode};
use super::output::{Output, counted, tally};
use super::portability::{self, Row, Verdict};
use super::workspace::Workspace;
use super::{FINDINGS, GoalArguments, report, samples};

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave check                            the project's rules, for its environments
  sigweave check rule.yml                   one file
  sigweave check rules -t splunk,kql,eql    also: can these languages say them exactly?
  sigweave check --report                   each rule on each environment: exact, approximate,
                                            refused, and why
  sigweave check --strict                   also what only a style guide objects to
  sigweave check --fix --dry-run            what could be mended; without --dry-run, mends it
  sigweave check --format markdown          the same report for a comment on a change
  sigweave check --format sarif > s.sarif   the findings for code scanning
  sigweave check --events rows.ndjson -p defender-xdr --table DeviceFileEvents
                                            does the platform describe these events?")]
pub(super) struct Arguments {
    /// Rule files or folders; `-` is standard input. Without any, the project's rule folders.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    goal: GoalArguments,
    #[command(flatten)]
    lints: LintArguments,
    /// Mend what can be mended without changing what a rule means, and show each difference.
    #[arg(long)]
    fix: bool,
    /// With `--fix`: show the differences, write nothing.
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// The day on which entries of lists expire or not; today unless said otherwise. Nothing that is
    /// built depends on it.
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
    /// Compare a platform (`-p`) with sample events instead, as it stores them: one JSON object a line,
    /// a list, or what a search returned; fields that none has, and values of another type.
    #[arg(long, value_delimiter = ',', value_name = "FILE")]
    events: Vec<PathBuf>,
    /// The table or index that the sample events are of, if they do not say (`Type`, `_index`).
    #[arg(long, value_name = "NAME", requires = "events")]
    table: Option<String>,
    /// Print what each environment makes of each rule, with the reasons, instead of the findings of
    /// targets.
    #[arg(long)]
    report: bool,
    /// How results are printed. As JSON, one object per line on standard output: findings, or with
    /// `--report` a rule on an environment. Markdown is always the report.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
    /// For a comment on a change.
    Markdown,
    /// A SARIF 2.1.0 log of the findings, for code scanning.
    Sarif,
    /// The findings as annotations of GitHub's workflows.
    Github,
    /// The findings as a JUnit report.
    Junit,
}

/// What is printed.
enum Shown {
    Findings,
    FindingsAs(report::Format),
    Report,
    ReportAsJson,
    ReportAsMarkdown,
}

impl Shown {
    fn of(arguments: &Arguments) -> Self {
        match (arguments.format, arguments.report) {
            (Format::Text, false) => Self::Findings,
            (Format::Json, false) => Self::FindingsAs(report::Format::Json),
            (Format::Sarif, _) => Self::FindingsAs(report::Format::Sarif),
            (Format::Github, _) => Self::FindingsAs(report::Format::Github),
            (Format::Junit, _) => Self::FindingsAs(report::Format::Junit),
            (Format::Text, true) => Self::Report,
            (Format::Json, true) => Self::ReportAsJson,
            (Format::Markdown, _) => Self::ReportAsMarkdown,
        }
    }
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    if !arguments.events.is_empty() {
        return compare(arguments, output);
    }
    let loaded = load(&arguments.paths, &arguments.goal).and_then(|(mut workspace, goals)| {
        workspace.lint(&arguments.lints)?;
        if arguments.fix {
            fix(arguments, &mut workspace, output)?;
        }
        Ok((workspace, goals))
    });
    let (workspace, goals) = match loaded {
        Ok(loaded) => loaded,
        Err(problems) => return usage(output, &problems),
    };
    // The process ends with the command: nothing is torn down piece by piece.
    let (workspace, goals) = (ManuallyDrop::new(workspace), ManuallyDrop::new(goals));
    let shown = Shown::of(arguments);
    if goals.is_empty() && !matches!(shown, Shown::Findings | Shown::FindingsAs(_)) {
        let problem = "a report on which languages? say `-t splunk,kql,eql`, or name environments \
                       in sigweave.toml";
        return usage(output, &[problem.to_owned()]);
    }
    let (rows, mut said) = tried(&workspace, &goals);
    let today = arguments.today.unwrap_or_else(today);
    said.extend(list::review(&workspace.entries, today));
    let (rows, said) = (ManuallyDrop::new(rows), workspace.settled(said));
    match shown {
        Shown::FindingsAs(format) => {
            let found: Vec<&Diagnostic> = workspace.reported().chain(&said).collect();
            report::print(format, &found, &workspace.file_names(), &workspace.sources, output);
        }
        Shown::Findings => {
            output.findings(workspace.reported().chain(&said), &workspace.sources);
            if !goals.is_empty() {
                let summary = portability::summary(&rows, &goals);
                summary.text().iter().for_each(|line| output.line(line));
            }
            remark(&workspace, &goals, &said, output);
        }
        Shown::Report => {
            output.findings(workspace.reported(), &workspace.sources);
            portability::print_text(&rows, &goals, output);
            remark(&workspace, &goals, &said, output);
        }
        Shown::ReportAsJson => {
            output.findings(workspace.reported(), &workspace.sources);
            portability::print_json(&rows, &goals, &workspace.sources, output);
        }
        Shown::ReportAsMarkdown => {
            output.findings(workspace.reported(), &workspace.sources);
            portability::print_markdown(&rows, &goals, output);
        }
    }
    let mut found = workspace.reported().chain(&said);
    let errors = found.any(|found| found.severity() == Severity::Error);
    if errors { FINDINGS } else { 0 }
}

/// Mends the selected files.
fn fix(
    arguments: &Arguments,
    workspace: &mut Workspace,
    output: &mut Output,
) -> Result<(), Vec<String>> {
    let (mine, others) = std::mem::take(&mut workspace.found)
        .into_iter()
        .partition(|found| workspace.files.contains(&found.primary.span.source));
    let mode = if arguments.dry_run { Mode::Show } else { Mode::Write };
    let (left, mended) = mend::run(mine, &workspace.sources, mode, output)?;
    let verb = if arguments.dry_run { "would be mended" } else { "mended" };
    output.remark(&format!("{} {verb}", counted(mended, "finding")));
    workspace.found = others;
    workspace.found.extend(left);
    workspace.found.sort_by_key(|found| (found.primary.span, found.code));
    Ok(())
}

/// The day it is, in UTC.
fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Compares a platform with sample events.
fn compare(arguments: &Arguments, output: &mut Output) -> u8 {
    let mut sources = SourceMap::default();
    match platform_of(&arguments.goal, &mut sources) {
        Ok(platform) => {
            let table = arguments.table.as_deref();
            samples::run(&arguments.events, &platform, table, &mut sources, output)
        }
        Err(problems) => usage(output, &problems),
    }
}

/// The closing line that counts.
fn remark(workspace: &Workspace, goals: &[Goal], said: &[Diagnostic], output: &mut Output) {
    let checked = counted(workspace.selection().count(), "rule");
    let on = match goals.len() {
        0 => String::new(),
        count => format!(" on {}", counted(count, "target")),
    };
    let found = workspace.reported().chain(said);
    output.remark(&format!("{checked} checked{on}: {}", tally(found)));
}

/// What each goal makes of each selected rule, and what is to be said about that.
pub(super) fn tried<'a>(
    workspace: &'a Workspace,
    goals: &[Goal],
) -> (Vec<Row<'a>>, Vec<Diagnostic>) {
    let selection: Vec<_> = workspace.selection().filter(is_converted).collect();
    let tried: Vec<(Row<'a>, Vec<Diagnostic>)> =
        selection.par_iter().map(|(document, rule)| row(document, *rule, goals)).collect();
    let (rows, said): (Vec<_>, Vec<_>) = tried.into_iter().unzip();
    (rows, said.into_iter().flatten().collect())
}

/// Whether a document is one that queries are made of: no filter, and no rule for others only.
fn is_converted((document, rule): &(&Document, Option<&Arc<Rule>>)) -> bool {
    !matches!(document, Document::Filter(_)) && rule.is_none_or(|rule| rule.emitted)
}

fn row<'a>(
    document: &'a Document,
    rule: Option<&Arc<Rule>>,
    goals: &[Goal],
) -> (Row<'a>, Vec<Diagnostic>) {
    let Some(rule) = rule else {
        let verdicts = goals.iter().map(|_| Verdict::Unsound).collect();
        return (Row { document, verdicts }, Vec::new());
    };
    let mut verdicts = Vec::with_capacity(goals.len());
    let mut said: Vec<Diagnostic> = Vec::new();
    for goal in goals {
        if !goal.takes(rule) {
            verdicts.push(Verdict::LeftOut);
            continue;
        }
        let compiled = goal.compile(rule);
        verdicts.push(Verdict::of(&compiled, rule, goal));
        let found = match compiled {
            Ok(queries) => goal.remarks(rule, &queries),
            Err(refused) if goal.agreed(&rule.name, &refused) => Vec::new(),
            Err(refused) => refused,
        };
        // What several environments say alike is said once.
        for diagnostic in found {
            if !said.contains(&diagnostic) {
                said.push(diagnostic);
            }
        }
    }
    (Row { document, verdicts }, said)
}
