//! `sigweave check`: parse, resolve, type-check; with targets, try every rule on them, too.

use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Severity, render_json};

use super::convert::usage;
use super::goal::load;
use super::output::{Output, counted, tally};
use super::{FINDINGS, Format, GoalArguments};

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave check                            the project's rules, for its environments
  sigweave check rule.yml                   one file
  sigweave check rules -t splunk,kql,eql    also: can these languages say them exactly?")]
pub(super) struct Arguments {
    /// Rule files or folders; `-` is standard input. Without any, the project's rule folders.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    goal: GoalArguments,
    /// How findings are printed; as JSON, one object per line on standard output.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    let (workspace, goals) = match load(&arguments.paths, &arguments.goal) {
        Ok(loaded) => loaded,
        Err(problems) => return usage(output, &problems),
    };
    let rules: Vec<_> = workspace.selection().filter_map(|(_, rule)| rule).collect();
    let emitted: Vec<_> = rules.iter().filter(|rule| rule.emitted).collect();
    let refused: Vec<Diagnostic> = emitted
        .par_iter()
        .flat_map_iter(|rule| {
            once(goals.iter().flat_map(|goal| match goal.compile(rule) {
                Ok(queries) => goal.remarks(rule, &queries),
                Err(refused) if goal.agreed(&rule.name, &refused) => Vec::new(),
                Err(refused) => refused,
            }))
        })
        .collect();
    let found: Vec<&Diagnostic> = workspace.reported().chain(&refused).collect();
    match arguments.format {
        Format::Json => {
            for diagnostic in &found {
                output.line(&render_json(diagnostic, &workspace.sources));
            }
        }
        Format::Text => {
            output.findings(found.iter().copied(), &workspace.sources);
            let checked = counted(workspace.selection().count(), "rule");
            let on = if goals.is_empty() {
                String::new()
            } else {
                format!(" on {}", counted(goals.len(), "target"))
            };
            output.remark(&format!("{checked} checked{on}: {}", tally(found.iter().copied())));
        }
    }
    let errors = found.iter().any(|found| found.code.severity() == Severity::Error);
    if errors { FINDINGS } else { 0 }
}

/// What several environments say alike is said once.
fn once(found: impl Iterator<Item = Diagnostic>) -> Vec<Diagnostic> {
    let mut different = Vec::new();
    for diagnostic in found {
        if !different.contains(&diagnostic) {
            different.push(diagnostic);
        }
    }
    different
}
