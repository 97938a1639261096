//! The command line: the only room that opens files, reads the environment and prints.
//!
//! `sigweave convert rule.yml -t kql` → parse, check, plan, render, print. Exit codes: 0 clean,
//! 1 findings, 2 usage, 3 internal.

mod build;
mod check;
mod completions;
mod convert;
mod coverage;
mod events;
mod explain;
mod files;
mod fmt;
mod goal;
mod init;
mod lints;
mod list;
mod lists;
mod mend;
mod output;
mod pivot;
mod platforms;
mod portability;
mod report;
mod run;
mod samples;
mod schema;
mod silence;
mod stats;
mod table;
mod templates;
mod test;
mod translate;
mod variants;
mod workspace;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use output::Output;

/// Findings were reported.
const FINDINGS: u8 = 1;
/// The command line was wrong.
const USAGE: u8 = 2;
/// Sigweave failed.
const INTERNAL: u8 = 3;

/// One detection rule in git, the same detection in Splunk, Microsoft KQL and Elastic.
#[derive(Debug, Parser)]
#[command(name = "sigweave", version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sigweave init                                 a project with rules, tests, hook and CI files
  sigweave check rules                          parse, resolve and type-check every rule
  sigweave build                                every rule for every environment, as files
  sigweave convert rule.yml -t kql              one rule as KQL for Defender XDR
  sigweave convert rules -t splunk,kql,eql      a folder, three languages
  sigweave run rules events.ndjson              what would have fired, without a SIEM
  sigweave test rules                           the cases beside the rules
  sigweave fmt rules                            Weave files in their one style
  sigweave list fields windows/registry_set     what a rule may ask for
  sigweave coverage AN1246                      where platforms and rules are blind, and why
  sigweave pivot evil.pem                       certificate to indicators and hunting queries
  sigweave explain E0301                        what an error means and what to do
  sigweave explain rule.yml -t kql              why the query of a rule is what it is";

#[derive(Debug, Subcommand)]
enum Command {
    /// Parse, resolve and type-check rules; with targets, also see whether each can say them.
    Check(check::Arguments),
    /// Make a project that passes check, test and build at once, with hook and CI files.
    Init(init::Arguments),
    /// Write every rule for every environment, as files.
    Build(build::Arguments),
    /// Print the queries that mean the rules.
    Convert(convert::Arguments),
    /// Run rules over event files; prints what fired, for whom, when and by which events.
    Run(run::Arguments),
    /// Run the tests beside the rules.
    Test(test::Arguments),
    /// Write Weave files in their one style.
    Fmt(fmt::Arguments),
    /// Explain a code such as E0301, or how a rule becomes a query.
    Explain(explain::Arguments),
    /// Count the rules, and how many each target takes on each platform.
    Stats(stats::Arguments),
    /// What an analytic asks for, and where platforms and rules are blind.
    Coverage(coverage::Arguments),
    /// Turn certificates into indicators, scores and hunting queries.
    Pivot(pivot::Arguments),
    /// List targets, platforms, log sources, fields or rules.
    List(list::Arguments),
    /// Import schemas of one's own tables.
    Schema(schema::Arguments),
    /// List or show the templates of queries and artifacts, which a project may replace.
    Templates(templates::Arguments),
    /// Print a script that completes commands and options in a shell.
    Completions(completions::Arguments),
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Which queries are asked for.
#[derive(Debug, Clone, Args)]
struct GoalArguments {
    /// Query languages, separated by commas: splunk, kql, eql, esql.
    #[arg(short, long, value_delimiter = ',', value_name = "TARGET")]
    target: Vec<String>,
    /// Where the data lives: a platform (see `list platforms`) or a platform file of your own;
    /// without it, the target's first platform.
    #[arg(short, long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// Overlays to put on the platform, separated by commas: what is called otherwise in one's own
    /// environment.
    #[arg(long, value_delimiter = ',', value_name = "FILE")]
    overlay: Vec<std::path::PathBuf>,
    /// Environments of sigweave.toml, separated by commas; without targets, all of them.
    #[arg(short, long, value_delimiter = ',', value_name = "NAME")]
    environment: Vec<String>,
    /// Approximations to accept, by code, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "CODE")]
    accept: Vec<String>,
    /// Sets a key of sigweave.toml, such as `environments.soc.index=win`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// A folder with templates that replace the shipped ones of the same path; instead of that of
    /// sigweave.toml.
    #[arg(long, value_name = "FOLDER")]
    templates: Option<std::path::PathBuf>,
}

/// Runs the command of the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    guarded(|| {
        let mut output = Output::new();
        let code = dispatch(cli.command, &mut output);
        output.flush();
        code
    })
}

/// The exit code of the work; that of an internal error if it panics, which is a bug of ours.
fn guarded(work: impl FnOnce() -> u8) -> ExitCode {
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    ExitCode::from(done.unwrap_or_else(|_| {
        Output::new()
            .remark("this is a bug in Sigweave: please report it with the files that show it");
        INTERNAL
    }))
}

fn dispatch(command: Command, output: &mut Output) -> u8 {
    match command {
        Command::Check(arguments) => check::run(&arguments, output),
        Command::Init(arguments) => init::run(&arguments, output),
        Command::Build(arguments) => build::run(&arguments, output),
        Command::Convert(arguments) => convert::run(&arguments, output),
        Command::Run(arguments) => run::run(&arguments, output),
        Command::Test(arguments) => test::run(&arguments, output),
        Command::Fmt(arguments) => fmt::run(&arguments, output),
        Command::Explain(arguments) => explain::run(&arguments, output),
        Command::Stats(arguments) => stats::run(&arguments, output),
        Command::Coverage(arguments) => coverage::run(&arguments, output),
        Command::Pivot(arguments) => pivot::run(&arguments, output),
        Command::List(arguments) => list::run(&arguments, output),
        Command::Schema(arguments) => schema::run(&arguments, output),
        Command::Templates(arguments) => templates::run(&arguments, output),
        Command::Completions(arguments) => completions::run(&arguments, output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_of_ours_has_an_exit_code_of_its_own() {
        let code = |code: ExitCode| format!("{code:?}");
        let failed: Vec<u8> = Vec::new();
        let bug = || failed.iter().copied().max().unwrap();
        assert_eq!(code(guarded(bug)), code(ExitCode::from(INTERNAL)));
        assert_eq!(code(guarded(|| FINDINGS)), code(ExitCode::from(1)));
    }
}
