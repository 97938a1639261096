//! `sigweave run`: rules over event files → what fired, for whom, when and by which events.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::diagnostic::{Severity, nearest};
use crate::engine::event::Value;
use crate::engine::read::{ReadOptions, rfc3339, time};
use crate::engine::timeline::Bounds;
use crate::engine::{Engine, Options, Outcome, RuleResult};
use crate::ir::Rule;
use crate::taxonomy::Taxonomy;

use super::convert::usage;
use super::events::{Progress, Sifted, event_files, open, report};
use super::output::{Output, counted};
use super::workspace::Workspace;
use super::{FINDINGS, Format, silence};

/// Events of a result that are printed for people.
const MOST_PRINTED: usize = 10;

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave run rules events.ndjson
  sigweave run rule.yml sysmon.json security.json.gz --format json
  sigweave run rules zeek/ --from 2026-11-01T00:00:00Z --to 2026-11-02T00:00:00Z
  sigweave run rule.yml flat.ndjson --logsource linux/process_creation --explain")]
pub(super) struct Arguments {
    /// A rule file or a folder of rules.
    #[arg(value_name = "RULES")]
    rules: PathBuf,
    /// Event files or folders; `-` is standard input.
    #[arg(value_name = "EVENTS", required = true)]
    events: Vec<PathBuf>,
    /// Log source of events that do not say theirs, such as windows/process_creation.
    #[arg(long, value_name = "KEY")]
    logsource: Option<String>,
    /// Report only firings at or after this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Report only firings before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Keys that a rule remembers at once; beyond, the oldest are forgotten, counted and reported.
    #[arg(long, value_name = "N", default_value = "1000000")]
    max_keys: NonZeroUsize,
    /// Exit with 1 if a rule fired.
    #[arg(long)]
    fail_on_match: bool,
    /// For each rule that stayed silent, say which of its parts held and which did not.
    #[arg(long)]
    explain: bool,
    /// How results are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// A result, as machines read it.
#[derive(Debug, Serialize)]
struct Found<'a> {
    rule: &'a str,
    id: Option<&'a str>,
    key: Map<String, Json>,
    first: Option<String>,
    last: Option<String>,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<u64>,
    events: Vec<FoundEvent<'a>>,
    /// Names of the patterns that lay in the window of any firing.
    seen: &'a [String],
    #[serde(skip_serializing_if = "Map::is_empty")]
    show: Map<String, Json>,
}

#[derive(Debug, Serialize)]
struct FoundEvent<'a> {
    name: &'a str,
    file: &'a str,
    line: u64,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    match outcome(arguments, output) {
        Ok(code) => code,
        Err(problems) => usage(output, &problems),
    }
}

fn outcome(arguments: &Arguments, output: &mut Output) -> Result<u8, Vec<String>> {
    let bounds = bounds(arguments).map_err(|problem| vec![problem])?;
    known(arguments.logsource.as_deref()).map_err(|problem| vec![problem])?;
    let workspace = Workspace::load(std::slice::from_ref(&arguments.rules))?;
    let files = event_files(&arguments.events)?;
    let read = ReadOptions { logsource: arguments.logsource.clone(), ..ReadOptions::default() };
    let rules = emitted(&workspace);
    output.findings(workspace.reported(), &workspace.sources);
    let mut engine = Engine::new(&rules, Options { bounds })
        .map_err(|problem| vec![format!("{}: {}", problem.rule, problem.regex.reason)])?;
    let (sieve, progress) = (engine.sieve(), Progress::start());
    let mut events = open(&files, &read, |reader| Sifted::new(reader, &sieve, &progress))?;
    events.by_ref().for_each(|caught| engine.take(caught));
    progress.end();
    let outcome = engine.finish();
    for result in &outcome.results {
        if let Some(rule) = rules.get(result.rule) {
            print(arguments.format, rule, result, output);
        }
    }
    let totals = report(&events, output);
    losses(&outcome, output);
    if arguments.explain && files.iter().any(|file| file == Path::new("-")) {
        output.remark("standard input cannot be read again: `--explain` needs files");
    } else if arguments.explain {
        let silent = |at: usize| !outcome.results.iter().any(|result| result.rule == at);
        let silent: Vec<_> =
            (0..rules.len()).filter(|at| silent(*at)).filter_map(|at| rules.get(at)).collect();
        silence::explain(
            &silent,
            &workspace.sources,
            || open(&files, &read, |reader| reader),
            output,
        )?;
    }
    output.remark(&format!(
        "{} over {}: {}",
        counted(rules.len(), "rule"),
        counted(usize::try_from(totals.events).unwrap_or(usize::MAX), "event"),
        counted(outcome.results.len(), "result"),
    ));
    let errors = workspace.reported().any(|found| found.severity() == Severity::Error);
    let matched = arguments.fail_on_match && !outcome.results.is_empty();
    Ok(if errors || matched || totals.late > 0 { FINDINGS } else { 0 })
}

/// The rules that report: not those that only serve others.
pub(super) fn emitted(workspace: &Workspace) -> Vec<Arc<Rule>> {
    let rules = workspace.selection().filter_map(|(_, rule)| rule);
    rules.filter(|rule| rule.emitted).map(Arc::clone).collect()
}

/// Whether there is such a log source.
fn known(logsource: Option<&str>) -> Result<(), String> {
    let taxonomy = Taxonomy::standard();
    let Some(key) = logsource.filter(|key| taxonomy.get(key).is_none()) else { return Ok(()) };
    let begun: Vec<&str> = taxonomy.keys().filter(|known| known.starts_with(key)).collect();
    let near = match begun.as_slice() {
        [] => nearest(key, taxonomy.keys())
            .map_or(String::new(), |near| format!("; the nearest name is `{near}`")),
        names => format!("; such names are `{}`", names.join("`, `")),
    };
    Err(format!("--logsource: there is no log source `{key}`{near}"))
}

fn bounds(arguments: &Arguments) -> Result<Bounds, String> {
    let mut bounds = Bounds { keys: arguments.max_keys.get(), ..Bounds::default() };
    for (text, name, bound) in
        [(&arguments.from, "--from", &mut bounds.from), (&arguments.to, "--to", &mut bounds.to)]
    {
        if let Some(text) = text {
            *bound = time(&Value::from(text.as_str())).ok_or_else(|| {
                format!("{name}: `{text}` is no time; expected one like 2026-11-21T00:00:00Z")
            })?;
        }
    }
    if bounds.from >= bounds.to {
        return Err("`--from` is not before `--to`".to_owned());
    }
    Ok(bounds)
}

fn print(format: Format, rule: &Rule, result: &RuleResult, output: &mut Output) {
    match format {
        Format::Json => {
            let found = found(rule, result);
            output.line(&serde_json::to_string(&found).unwrap_or_default());
        }
        Format::Text => print_text(rule, result, output),
    }
}

fn found<'a>(rule: &'a Rule, result: &'a RuleResult) -> Found<'a> {
    let verdict = &result.verdict;
    let events = verdict.events.iter().map(|seen| FoundEvent {
        name: &seen.name,
        file: &seen.origin.file,
        line: seen.origin.line,
    });
    Found {
        rule: &rule.name,
        id: rule.meta.id.as_deref(),
        key: result.key.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect(),
        first: verdict.first.map(rfc3339),
        last: verdict.last.map(rfc3339),
        count: verdict.count,
        alerts: verdict.alerts,
        events: events.collect(),
        seen: &verdict.seen,
        show: verdict.show.iter().map(|(name, value)| (name.clone(), json(value))).collect(),
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Text(text) => text.clone().into(),
        Value::Integer(number) => match i64::try_from(*number) {
            Ok(number) => number.into(),
            Err(_) => number.to_string().into(),
        },
        Value::Real(number) => (*number).into(),
        Value::Boolean(value) => (*value).into(),
        Value::List(values) => values.iter().map(json).collect(),
    }
}

fn print_text(rule: &Rule, result: &RuleResult, output: &mut Output) {
    let verdict = &result.verdict;
    let time = |time: Option<i64>| time.map_or_else(|| "at an unknown time".to_owned(), rfc3339);
    let mut line = format!("{}  {}", time(verdict.first), rule.name);
    if verdict.count > 1 {
        let count = usize::try_from(verdict.count).unwrap_or(usize::MAX);
        line.push_str(&format!("  ({}, last {})", counted(count, "firing"), time(verdict.last)));
    }
    if let Some(alerts) = verdict.alerts {
        line.push_str(&format!("  {}", counted(usize::try_from(alerts).unwrap_or(0), "alert")));
    }
    for (name, value) in &result.key {
        line.push_str(&format!("  {name}={value}"));
    }
    output.told(&line);
    for (name, value) in &verdict.show {
        output.told(&format!("    {name} = {}", json(value)));
    }
    let more = verdict.events.len().saturating_sub(MOST_PRINTED);
    for seen in verdict.events.iter().skip(more) {
        output.told(&format!("    {}:{}  {}", seen.origin.file, seen.origin.line, seen.name));
    }
    if more > 0 {
        output.told(&format!("    and {more} more"));
    }
}

fn losses(outcome: &Outcome, output: &mut Output) {
    for (count, what) in [
        (
            outcome.losses.evicted_keys,
            "keys were forgotten because a rule had too many at once: see `--max-keys`",
        ),
        (outcome.losses.undecided, "occurrences were too much work to decide and did not fire"),
    ] {
        if count > 0 {
            output.remark(&format!("warning: {count} {what}"));
        }
    }
}
