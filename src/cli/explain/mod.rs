//! `sigweave explain`: the page of a code, or how a rule becomes a query.
//!
//! `explain E0301` → the page; `explain certutil -e soc` → events, mapping, plan and query of the
//! rule `certutil` in the environment `soc`.

mod field;
mod rule;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::diagnostic::{CODES, Code, Severity, nearest, page};
use crate::ir::Rule;
use crate::source::SourceMap;
use crate::taxonomy::Taxonomy;

use super::convert::usage;
use super::goal::{Goal, load, platform_of};
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
  sigweave explain rule.weave -t eql --format json
  sigweave explain TargetObject -p defender-xdr
                                             what a field is on a platform, and who says so
  sigweave explain Image -e soc --logsource windows/image_load")]
pub(super) struct Arguments {
    /// A code or its name, such as E0301 or unknown-field; or a rule: a file, or the name, id or
    /// title of a rule of the project; or, with a platform (`-p`), a field.
    what: String,
    /// Of a field: on this log source only.
    #[arg(short, long, value_name = "LOGSOURCE")]
    logsource: Option<String>,
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
    if !is_file && is_field(arguments) {
        return explain_field(arguments, output);
    }
    let paths: Vec<PathBuf> = if is_file { vec![path.to_owned()] } else { Vec::new() };
    match load(&paths, &arguments.goal) {
        Ok((workspace, goals)) => explain(arguments, is_file, &workspace, &goals, output),
        Err(problems) if is_file || in_project() => usage(output, &problems),
        Err(_) => usage(output, &[unknown(&arguments.what, &[])]),
    }
}

/// Whether the arguments ask for a field: a platform without a language, or a log source.
fn is_field(arguments: &Arguments) -> bool {
    let goal = &arguments.goal;
    let only_platform = goal.platform.is_some() && goal.target.is_empty();
    let known = || {
        let taxonomy = Taxonomy::standard();
        let mut sources = taxonomy.keys().filter_map(|key| taxonomy.get(key));
        sources.any(|source| source.field(&arguments.what).is_some())
    };
    only_platform || arguments.logsource.is_some() || !goal.environment.is_empty() && known()
}

fn explain_field(arguments: &Arguments, output: &mut Output) -> u8 {
    let mut sources = SourceMap::default();
    let platform = match platform_of(&arguments.goal, &mut sources) {
        Ok(platform) => platform,
        Err(problems) => return usage(output, &problems),
    };
    let (field, logsource) = (arguments.what.as_str(), arguments.logsource.as_deref());
    let (mappings, missing) = match field::explain(field, logsource, &platform, &sources) {
        Ok(explained) => explained,
        Err(problem) => return usage(output, &[problem]),
    };
    match arguments.format {
        Format::Json => mappings.iter().for_each(|mapping| {
            output.line(&serde_json::to_string(mapping).unwrap_or_default());
        }),
        Format::Text => {
            let lines = field::lines(field, &platform, &mappings, &missing);
            lines.iter().for_each(|line| output.told(line));
        }
    }
    if mappings.is_empty() { FINDINGS } else { 0 }
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
