//! `sigweave coverage`: what an analytic asks for, and where the project's platforms and rules are blind.

mod facts;
mod probe;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::coverage::{self, Analytic, Fact, Report, Telemetry};
use crate::diagnostic::{Code, Diagnostics, nearest};
use crate::source::SourceMap;
use crate::taxonomy::Taxonomy;

use super::convert::usage;
use super::goal::{self, Goal};
use super::output::{Output, tally};
use super::workspace::Workspace;
use super::{FINDINGS, GoalArguments, files};

/// Arguments of `coverage`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave coverage                                every analytic of the project
  sigweave coverage AN1246 --retention 30d         one, and whether events are kept long enough
  sigweave coverage T1553 --format layer           a layer for the ATT&CK Navigator
  sigweave coverage AN1246 --sysmon-config cfg.xml what this configuration of Sysmon lets through")]
pub(super) struct Arguments {
    /// Analytics or techniques, such as AN1246 or T1553; without any, all analytics of the project.
    #[arg(value_name = "ANALYTIC")]
    subjects: Vec<String>,
    #[command(flatten)]
    goal: GoalArguments,
    /// For how long events are kept, such as 30d.
    #[arg(long, value_name = "TIME")]
    retention: Option<String>,
    /// A configuration of Sysmon, asked whether it lets each event through.
    #[arg(long, value_name = "FILE")]
    sysmon_config: Option<PathBuf>,
    /// How results are printed. JSON is an object per analytic, a layer is for the ATT&CK Navigator.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object per analytic.
    Json,
    /// For a page or a comment on a change.
    Markdown,
    /// A layer for the ATT&CK Navigator.
    Layer,
}

/// The file that describes an analytic, in a rule folder.
const FILE: &str = "analytic.toml";

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    match covered(arguments, output) {
        Ok(code) => code,
        Err(problems) => usage(output, &problems),
    }
}

fn covered(arguments: &Arguments, output: &mut Output) -> Result<u8, Vec<String>> {
    let retention = arguments.retention.as_deref().map(|text| {
        coverage::milliseconds(text)
            .ok_or_else(|| vec![format!("`{text}` is no time, such as `30d`")])
    });
    let retention = retention.transpose()?;
    let goals = goal::on_every_platform(&arguments.goal)?;
    let workspace = Workspace::load(&[])?;
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let all = analytics(&workspace.folders, &mut sources, &mut diagnostics);
    if diagnostics.has_errors() {
        output.findings(&diagnostics.into_sorted(), &sources);
        return Ok(FINDINGS);
    }
    let chosen = chosen(all, &arguments.subjects)?;
    let facts = facts::facts(&workspace, &goals);
    let taxonomy = Taxonomy::standard();
    let platforms = labels(&goals);
    let probe =
        |telemetry: &Telemetry, index: usize| probe::probe(telemetry, goals.get(index), &taxonomy);
    let reports: Vec<Report> = chosen
        .into_iter()
        .map(|of| coverage::report(of, platforms.clone(), &facts, &probe, retention))
        .collect();
    print(arguments.format, &reports, &facts, output);
    if let Some(path) = &arguments.sysmon_config {
        sysmon(path, &reports, output)?;
    }
    let said = tally(workspace.reported());
    let count = super::output::counted(reports.len(), "analytic");
    output.remark(&format!("coverage of {count}: {said}"));
    Ok(0)
}

/// What columns are called: the platform; where several goals have it, the environment or language, too.
fn labels(goals: &[Goal]) -> Vec<String> {
    let label = |goal: &Goal| {
        let name = &goal.platform.name;
        match goals.iter().filter(|other| other.platform.name == *name).count() {
            0 | 1 => name.clone(),
            _ => format!("{}:{name}", goal.label()),
        }
    };
    goals.iter().map(label).collect()
}

fn print(format: Format, reports: &[Report], facts: &[Fact], output: &mut Output) {
    match format {
        Format::Text => {
            for report in reports {
                coverage::text(report).iter().for_each(|line| output.told(line));
                output.line("");
            }
        }
        Format::Json => {
            for report in reports {
                output.line(&serde_json::to_string(report).unwrap_or_default());
            }
        }
        Format::Markdown => {
            reports.iter().for_each(|report| output.line(&coverage::markdown(report)));
        }
        Format::Layer => output.line(&coverage::layer(reports, facts).to_string()),
    }
}

/// Says which events a configuration of Sysmon keeps away.
fn sysmon(path: &Path, reports: &[Report], output: &mut Output) -> Result<(), Vec<String>> {
    let bytes = files::read(path).map_err(|problem| vec![problem])?;
    let text = String::from_utf8_lossy(&bytes);
    for report in reports {
        let asked = coverage::sysmon::ask(&text, &report.analytic);
        let asked = asked.map_err(|error| {
            let code = Code::CoverageInput.id();
            vec![format!(
                "error[{code}]: {}: the configuration is not XML: {error}",
                path.display()
            )]
        })?;
        output.told(&format!("{} under {}:", report.analytic.id, path.display()));
        for passed in asked {
            let word = if passed.logged { "logged" } else { "BLIND " };
            output
                .told(&format!("  {word}  {} {}: {}", passed.class, passed.telemetry, passed.what));
        }
    }
    Ok(())
}

/// The analytics that the rule folders describe, by id.
fn analytics(
    folders: &[PathBuf],
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<Analytic> {
    let mut found: BTreeMap<String, Analytic> = BTreeMap::new();
    let mut paths: Vec<PathBuf> = folders.iter().map(|folder| folder.join(FILE)).collect();
    for folder in folders {
        paths.extend(files::folders(folder).into_iter().map(|inner| inner.join(FILE)));
    }
    for path in paths.into_iter().filter(|path| path.is_file()) {
        let Ok(bytes) = files::read(&path) else { continue };
        let id = sources.add(path.display().to_string(), String::from_utf8_lossy(&bytes));
        let analytic = coverage::parse(id, sources.text(id), diagnostics);
        found.extend(analytic.map(|analytic| (analytic.id.clone(), analytic)));
    }
    found.into_values().collect()
}

/// The analytics that the subjects name, by id or technique.
fn chosen(all: Vec<Analytic>, subjects: &[String]) -> Result<Vec<Analytic>, Vec<String>> {
    if all.is_empty() {
        return Err(vec![format!("no rule folder of the project has a file `{FILE}`")]);
    }
    let names = |analytic: &Analytic, subject: &String| {
        let technique = &analytic.technique;
        analytic.id.eq_ignore_ascii_case(subject)
            || technique.eq_ignore_ascii_case(subject)
            || technique
                .split('.')
                .next()
                .is_some_and(|parent| parent.eq_ignore_ascii_case(subject))
    };
    let unknown = subjects.iter().filter(|subject| !all.iter().any(|of| names(of, subject)));
    let problems: Vec<String> = unknown
        .map(|subject| {
            let known = all.iter().flat_map(|of| [of.id.as_str(), of.technique.as_str()]);
            let help = nearest(subject, known.clone()).map_or_else(
                || format!("there are: {}", known.collect::<Vec<_>>().join(", ")),
                |near| format!("the nearest name is `{near}`"),
            );
            format!("no analytic or technique `{subject}` is described in the project; {help}")
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let wanted =
        |of: &Analytic| subjects.is_empty() || subjects.iter().any(|subject| names(of, subject));
    Ok(all.into_iter().filter(wanted).collect())
}
