//! `sigweave coverage`: what an analytic asks for, and where the project's platforms and rules are blind.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::check::{self, Options};
use crate::coverage::{self, Analytic, Fact, Report, Status, Telemetry, Verdict};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest};
use crate::ir::{Body, PatternSource, Rule};
use crate::plan::PlanBody;
use crate::source::SourceMap;
use crate::syntax::ast::Document;
use crate::syntax::weave;
use crate::syntax::weave::tree::EventSource;
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
    let goals = goal::asked(&arguments.goal)?;
    let workspace = Workspace::load(&[])?;
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let all = analytics(&workspace.folders, &mut sources, &mut diagnostics);
    if diagnostics.has_errors() {
        output.findings(&diagnostics.into_sorted(), &sources);
        return Ok(FINDINGS);
    }
    let chosen = chosen(all, &arguments.subjects)?;
    let facts = facts(&workspace, &goals);
    let taxonomy = Taxonomy::standard();
    let platforms: Vec<String> = goals.iter().map(label).collect();
    let probe = |telemetry: &Telemetry, index: usize| probe(telemetry, goals.get(index), &taxonomy);
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

fn label(goal: &Goal) -> String {
    match &goal.environment {
        Some(environment) => format!("{environment}:{}", goal.platform.name),
        None => format!("{}:{}", goal.backend.target(), goal.platform.name),
    }
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

/// How the fields of a telemetry can be asked for on a platform, and why not: by planning a rule over them.
fn probe(telemetry: &Telemetry, goal: Option<&Goal>, taxonomy: &Taxonomy) -> (Status, Vec<String>) {
    let Some(goal) = goal else { return (Status::NotHeld, Vec::new()) };
    let tests: Vec<String> =
        telemetry.fields.iter().map(|field| format!("`{field}` is not null")).collect();
    let tests =
        if tests.is_empty() { String::new() } else { format!(" where {}", tests.join(" and ")) };
    let text = format!(
        "rule probe {{\n  events:\n    event = {}{tests}\n\n  condition:\n    event\n}}\n",
        telemetry.logsource
    );
    let mut sources = SourceMap::default();
    let source = sources.add("probe", text);
    let mut diagnostics = Diagnostics::default();
    let documents = weave::parse(source, sources.text(source), &mut diagnostics);
    let rules = check::check(&documents, taxonomy, &Options::default(), &mut diagnostics);
    let Some(rule) = rules.into_iter().flatten().next() else {
        return (Status::NotHeld, messages(&diagnostics.into_sorted()));
    };
    let planned = goal.plan(&rule);
    match goal.compile(&rule) {
        Ok(_) => {
            let parsed = planned.is_ok_and(|plan| match &plan.body {
                PlanBody::Filter(legs) => {
                    legs.iter().flat_map(|leg| &leg.lets).any(|computed| computed.value.is_parsed())
                }
                PlanBody::Timeline(_) => false,
            });
            (if parsed { Status::Parse } else { Status::Direct }, Vec::new())
        }
        Err(refused) => {
            let has = |code| refused.iter().any(|found| found.code == code);
            let status = if has(Code::LogSourceNotHeld) {
                Status::NotHeld
            } else if has(Code::FieldNotHeld) {
                Status::NoField
            } else {
                Status::NotExpressible
            };
            (status, messages(&refused))
        }
    }
}

fn messages(found: &[Diagnostic]) -> Vec<String> {
    found.iter().map(|found| format!("{} {}", found.code.id(), found.message)).collect()
}

/// What is known of every sound rule of the project.
fn facts(workspace: &Workspace, goals: &[Goal]) -> Vec<Fact> {
    let tested = tested(&workspace.folders);
    let documents: BTreeMap<String, &Document> = workspace
        .selection()
        .filter_map(|(document, rule)| rule.map(|rule| (rule.name.clone(), document)))
        .collect();
    let fact = |(document, rule): (&Document, Option<&Arc<Rule>>)| {
        let rule = rule?;
        let verdict = |goal: &Goal| match goal.compile(rule) {
            Ok(_) => Verdict::Taken,
            Err(refused) => {
                let codes: BTreeSet<&str> = refused.iter().map(|found| found.code.id()).collect();
                Verdict::Refused(codes.into_iter().map(str::to_owned).collect())
            }
        };
        let (mut parameters, mut logsources) = (BTreeSet::new(), BTreeSet::new());
        gather_parameters(document, &documents, workspace, &mut parameters, 0);
        gather_logsources(rule, &mut logsources);
        Some(Fact {
            name: rule.name.clone(),
            tags: rule.meta.tags.iter().map(|tag| tag.to_lowercase()).collect(),
            parameters,
            logsources,
            window: match &rule.body {
                Body::Events(_) => None,
                Body::Correlation(correlation) => Some(correlation.window),
            },
            tested: tested.contains(&rule.name) || tested.contains(&stem(document, workspace)),
            verdicts: goals.iter().map(verdict).collect(),
        })
    };
    workspace.selection().filter_map(fact).collect()
}

/// Deepest reference that is followed for parameters.
const DEEPEST: usize = 16;

/// The parameters of a rule and of those it refers to.
fn gather_parameters(
    document: &Document,
    documents: &BTreeMap<String, &Document>,
    workspace: &Workspace,
    found: &mut BTreeSet<String>,
    depth: usize,
) {
    let follow = |name: &str, found: &mut BTreeSet<String>| {
        if let Some(next) = documents.get(name).filter(|_| depth < DEEPEST) {
            gather_parameters(next, documents, workspace, found, depth + 1);
        }
    };
    match document {
        Document::Weave(rule) => {
            found.extend(rule.params.iter().map(|param| param.name.node.clone()));
            for event in &rule.events {
                match &event.source {
                    EventSource::Sigma(name) | EventSource::Weave(name) => {
                        follow(&name.node, found);
                    }
                    EventSource::Inline { .. } => {}
                }
            }
        }
        Document::Correlation(correlation) => {
            correlation.rules.iter().for_each(|rule| follow(&rule.node, found));
        }
        Document::Rule(rule) => {
            let span = rule.meta.span;
            let text = workspace.sources.text(span.source).get(span.range()).unwrap_or_default();
            let names = workspace.project.parameters.keys();
            found.extend(names.filter(|name| text.contains(&format!("%{name}%"))).cloned());
        }
        Document::Filter(_) => {}
    }
}

fn gather_logsources(rule: &Rule, found: &mut BTreeSet<String>) {
    let patterns = match &rule.body {
        Body::Events(pattern) => std::slice::from_ref(pattern),
        Body::Correlation(correlation) => correlation.patterns.as_slice(),
    };
    for pattern in patterns {
        match &pattern.source {
            PatternSource::Events { logsource, .. } => {
                found.insert(logsource.clone());
            }
            PatternSource::Firings(inner) => gather_logsources(inner, found),
        }
    }
}

/// The path of a rule's file without its ending.
fn stem(document: &Document, workspace: &Workspace) -> String {
    let name = workspace.sources.get(document.meta().span.source).map_or("", |of| of.name.as_str());
    Path::new(name).with_extension("").display().to_string()
}

/// Rules with tests: by the file beside, or by the name in it.
fn tested(folders: &[PathBuf]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in folders.iter().flat_map(|folder| files::tests(folder)) {
        let text = files::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let named = text.lines().find_map(|line| line.strip_prefix("rule: "));
        match named {
            Some(name) => found.insert(name.trim().to_owned()),
            None => {
                let beside = path.display().to_string();
                let stem = beside.strip_suffix(".test.yml").or(beside.strip_suffix(".test.yaml"));
                found.insert(stem.unwrap_or(&beside).to_owned())
            }
        };
    }
    found
}
