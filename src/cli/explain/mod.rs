//! `sigweave explain`: the page of a code, or how a rule becomes a query.
//!
//! `explain E0301` → the page; `explain certutil -e soc` → events, mapping, plan and query of the
//! rule `certutil` in the environment `soc`.

mod rule;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::diagnostic::{CODES, Code, Severity, nearest, page};
use crate::ir::Rule;

use super::convert::usage;
use super::goal::{Goal, load};
use super::output::Output;
use super::workspace::Workspace;
use super::{FINDINGS, Format, GoalArguments};

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave explain E0301                     what an error means and what to do
  sigweave explain rule.yml -t kql           why the query of a rule is what it is
  sigweave explain an1246_autostart_created -e soc
  sigweave explain rule.weave -t eql --format json")]
pub(super) struct Arguments {
    /// A code or its name, such as E0301 or unknown-field; or a rule: a file, or the name, id or
    /// title of a rule of the project.
    what: String,
    #[command(flatten)]
    goal: GoalArguments,
    /// How a rule is explained.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    let path = Path::new(&arguments.what);
    let is_file = arguments.what == "-" || path.exists();
    if let Some(code) = Code::find(&arguments.what).filter(|_| !is_file) {
        output.line(page(code).trim_end());
        return 0;
    }
    let paths: Vec<PathBuf> = if is_file { vec![path.to_owned()] } else { Vec::new() };
    match load(&paths, &arguments.goal) {
        Ok((workspace, goals)) => explain(arguments, is_file, &workspace, &goals, output),
        Err(problems) if is_file || in_project() => usage(output, &problems),
        Err(_) => usage(output, &[unknown(&arguments.what, &[])]),
    }
}

/// Whether there is a project here, whose rules may be meant.
fn in_project() -> bool {
    super::files::project_file(Path::new(".")).is_some()
}

fn explain(
    arguments: &Arguments,
    is_file: bool,
    workspace: &Workspace,
    goals: &[Goal],
    output: &mut Output,
) -> u8 {
    let all: Vec<&Arc<Rule>> = workspace.selection().filter_map(|(_, rule)| rule).collect();
    let rules = if is_file { emitted(&all) } else { called(&arguments.what, &all) };
    if is_file {
        output.findings(workspace.reported(), &workspace.sources);
    }
    if rules.is_empty() {
        let errors = workspace.reported().any(|found| found.severity() == Severity::Error);
        if is_file && errors {
            return FINDINGS;
        }
        return usage(output, &[unknown(&arguments.what, &all)]);
    }
    if goals.is_empty() {
        let problem =
            "explained for which query language? say `-t splunk`, `-t kql`, `-t eql` or `-t esql`";
        return usage(output, &[problem.to_owned()]);
    }
    let mut refused = false;
    let mut first = true;
    for rule in rules {
        for goal in goals {
            let explained = rule::explain(rule, goal, &workspace.sources);
            refused |= explained.is_refused();
            match arguments.format {
                Format::Json => {
                    output.line(&serde_json::to_string(&explained).unwrap_or_default());
                }
                Format::Text => {
                    if !first {
                        output.line("");
                    }
                    text::lines(&explained).iter().for_each(|line| output.told(line));
                }
            }
            first = false;
        }
    }
    if refused { FINDINGS } else { 0 }
}

/// The rules of a file: those that queries are made of, else all.
fn emitted<'a>(all: &[&'a Arc<Rule>]) -> Vec<&'a Arc<Rule>> {
    let emitted: Vec<_> = all.iter().copied().filter(|rule| rule.emitted).collect();
    if emitted.is_empty() { all.to_vec() } else { emitted }
}

/// The rules with this name, id or title.
fn called<'a>(what: &str, all: &[&'a Arc<Rule>]) -> Vec<&'a Arc<Rule>> {
    let is = |name: &str| name.eq_ignore_ascii_case(what);
    let called = |rule: &&Arc<Rule>| {
        is(&rule.name) || is(&rule.meta.title) || rule.meta.id.as_deref().is_some_and(is)
    };
    all.iter().copied().filter(called).collect()
}

/// There is nothing called so; what is called nearly so.
fn unknown(what: &str, rules: &[&Arc<Rule>]) -> String {
    let codes = CODES.iter().flat_map(|entry| [entry.id, entry.name]);
    let names = rules.iter().map(|rule| rule.name.as_str());
    let titles = rules.iter().filter(|rule| !rule.meta.title.eq_ignore_ascii_case(&rule.name));
    let titles = titles.map(|rule| rule.meta.title.as_str());
    let near = nearest(what, codes.chain(names).chain(titles));
    let near = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
    format!("there is no code, file or rule `{what}`{near}")
}
