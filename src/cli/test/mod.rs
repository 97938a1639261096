//! `sigweave test`: the cases beside the rules, without a SIEM.
//!
//! `x.test.yml` beside `x.yml` lists cases ([`file`]); SigmaHQ's `info.yml` ([`info`]) is read, too.
//! A failing case is an error at its place, with what held and what did not.

mod case;
mod events;
mod file;
mod info;
mod judge;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use ignore::WalkBuilder;
use rayon::prelude::*;

use crate::check::check;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, nearest};
use crate::ir::{Body, Rule};
use crate::source::{SourceMap, Span};
use crate::taxonomy::Taxonomy;

use super::convert::usage;
use super::output::{Output, counted};
use super::report as machine;
use super::workspace::Workspace;
use super::{FINDINGS, files, lists};
use case::{Case, Expect};
use events::Place;
use judge::{Verdict, judge};

/// Arguments of `test`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave test                                 every case of the project
  sigweave test rules/an1246 --coverage         a folder, and which rules lack cases
  sigweave test rules/a.test.yml --format junit
  sigweave test sigma/regression_data --rules sigma/rules")]
pub(super) struct Arguments {
    /// Folders, rule files or test files. Without any, the project's rule folders.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where the rules are, if not beside the tests.
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Also list rules without a case that fires or without one that stays silent.
    #[arg(long)]
    coverage: bool,
    /// How results are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: what failed.
    Text,
    /// One JSON object per case.
    Json,
    /// A JUnit report: a suite per test file.
    Junit,
    /// A SARIF 2.1.0 log of what failed, for code scanning.
    Sarif,
    /// What failed as annotations of GitHub's workflows.
    Github,
}

/// A case that was tried.
struct Tried {
    case: Case,
    rule: String,
    verdict: Verdict,
}

/// A test file that was read.
struct TestFile {
    path: PathBuf,
    cases: Vec<Case>,
}

/// A case with the rule it is about, or why there is none.
type Chosen<'t> = (&'t Case, Result<Arc<Rule>, Diagnostic>, &'t TestFile);

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    match tested(arguments, output) {
        Ok(code) => code,
        Err(problems) => usage(output, &problems),
    }
}

fn tested(arguments: &Arguments, output: &mut Output) -> Result<u8, Vec<String>> {
    let rule_paths = if arguments.rules.is_empty() {
        arguments.paths.iter().map(|path| rules_of(path)).collect()
    } else {
        arguments.rules.clone()
    };
    let mut workspace = Workspace::load(&rule_paths)?;
    let folders = if arguments.paths.is_empty() { workspace.folders.clone() } else { Vec::new() };
    let mut found = Diagnostics::default();
    let paths = arguments.paths.iter().chain(&folders).flat_map(|path| test_files(path));
    let paths: Vec<PathBuf> = paths.collect::<BTreeSet<_>>().into_iter().collect();
    let tests = read(&paths, &mut workspace.sources, &mut found)?;
    let unread: Vec<Diagnostic> = found.iter().cloned().collect();
    let mut variants = Variants::default();
    let mut chosen = Vec::new();
    for test in &tests {
        for case in &test.cases {
            let rule = rule(case, test, &workspace);
            let rule = rule.and_then(|rule| variants.rule(rule, case, &workspace));
            chosen.push((case, rule, test));
        }
    }
    let tried: Vec<Tried> = chosen
        .par_iter()
        .map(|(case, rule, test)| tried(case, rule, test, &workspace.sources))
        .collect();
    found.extend(tried.iter().flat_map(failures));
    if arguments.coverage {
        found.extend(untested(&workspace, &chosen));
    }
    Ok(print(arguments.format, (&tried, &unread), found, &workspace, output))
}

fn tried(
    case: &Case,
    rule: &Result<Arc<Rule>, Diagnostic>,
    test: &TestFile,
    sources: &SourceMap,
) -> Tried {
    let (name, verdict) = match rule {
        Ok(rule) => (rule.name.clone(), judge(case, rule, &Place { file: &test.path, sources })),
        Err(problem) => {
            let named = case.rule.as_ref().map_or_else(String::new, |rule| rule.node.clone());
            (named, Verdict::Impossible(vec![problem.clone()]))
        }
    };
    Tried { case: case.clone(), rule: name, verdict }
}

fn print(
    format: Format,
    (tried, unread): (&[Tried], &[Diagnostic]),
    found: Diagnostics,
    workspace: &Workspace,
    output: &mut Output,
) -> u8 {
    let is_error = |found: &&Diagnostic| found.severity() == Severity::Error;
    let found = found.into_sorted();
    let all = || workspace.reported().filter(is_error).chain(&found);
    let machine = |format, output: &mut Output| {
        let found: Vec<&Diagnostic> = all().collect();
        machine::print(format, &found, &[], &workspace.sources, output);
    };
    match format {
        Format::Text => {}
        Format::Json => report::json(tried, unread, &workspace.sources, output),
        Format::Junit => report::junit(tried, unread, &workspace.sources, output),
        Format::Sarif => machine(machine::Format::Sarif, output),
        Format::Github => machine(machine::Format::Github, output),
    }
    output.findings(all(), &workspace.sources);
    report::summary(tried, all(), output);
    if all().any(|found| is_error(&found)) { FINDINGS } else { 0 }
}

/// Where the rules of a test are: beside it, in its folder.
fn rules_of(path: &Path) -> PathBuf {
    match (is_test(path), path.parent()) {
        (true, Some(folder)) if folder != Path::new("") => folder.to_owned(),
        (true, _) => PathBuf::from("."),
        (false, _) => path.to_owned(),
    }
}

/// The test files that a path means: itself, that of a rule file, all below a folder.
fn test_files(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = WalkBuilder::new(path).require_git(false).build().flatten();
        return entries.map(ignore::DirEntry::into_path).filter(|path| is_test(path)).collect();
    }
    let beside = [path.with_extension("test.yml"), path.with_extension("test.yaml")];
    if is_test(path) {
        vec![path.to_owned()]
    } else {
        beside.into_iter().filter(|test| test.is_file()).collect()
    }
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".test.yml") || name.ends_with(".test.yaml") || name == "info.yml"
}

fn read(
    paths: &[PathBuf],
    sources: &mut SourceMap,
    found: &mut Diagnostics,
) -> Result<Vec<TestFile>, Vec<String>> {
    let mut tests = Vec::new();
    for path in paths {
        let bytes = files::read(path).map_err(|problem| vec![problem])?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_info = path.file_name().is_some_and(|name| name == "info.yml");
        if is_info && !info::is_info(&text) {
            continue;
        }
        let id = sources.add(path.display().to_string(), text);
        let text = sources.text(id);
        let parse = if is_info { info::parse } else { file::parse };
        tests.push(TestFile { path: path.clone(), cases: parse(id, text, found) });
    }
    Ok(tests)
}

/// The rule that a case is about.
fn rule(case: &Case, test: &TestFile, workspace: &Workspace) -> Result<Arc<Rule>, Diagnostic> {
    let all = || workspace.rules.iter().flatten();
    if let Some(named) = &case.rule {
        let name = named.node.as_str();
        let is_named = |rule: &&Arc<Rule>| {
            let id = rule.meta.id.as_deref();
            rule.name == name || rule.meta.title == name || id == Some(&name.to_lowercase())
        };
        return all().find(is_named).map(Arc::clone).ok_or_else(|| {
            let message = format!("no sound rule has the name or id `{name}`");
            let found = Diagnostic::new(Code::UnknownRule, named.span, message);
            match nearest(name, all().map(|rule| rule.name.as_str())) {
                Some(near) => found.help(format!("the nearest name is `{near}`")),
                None => found.help("`sigweave check` says whether the rule is sound"),
            }
        });
    }
    let beside: Vec<&Arc<Rule>> =
        all().filter(|rule| rule.emitted && is_beside(rule, test, workspace)).collect();
    match beside.as_slice() {
        [only] => Ok(Arc::clone(only)),
        several => {
            let count = counted(several.len(), "rule");
            let message = format!("the rule file beside has {count}, so the case must name one");
            let found = Diagnostic::new(Code::MissingKey, case.name.span, message);
            Err(found.help("add `rule:` with a name or an id to the case or the test file"))
        }
    }
}

/// What the rules mean with other parameters, by these.
#[derive(Default)]
struct Variants {
    checked: BTreeMap<Parameters, Vec<Option<Arc<Rule>>>>,
}

type Parameters = BTreeMap<String, Vec<String>>;

impl Variants {
    /// The rule with the case's parameters.
    fn rule(
        &mut self,
        rule: Arc<Rule>,
        case: &Case,
        workspace: &Workspace,
    ) -> Result<Arc<Rule>, Diagnostic> {
        if case.parameters.is_empty() {
            return Ok(rule);
        }
        let mut found = Diagnostics::default();
        let checked = self.checked.entry(case.parameters.clone()).or_insert_with(|| {
            let mut lists = workspace.project.parameters.clone();
            lists.extend(case.parameters.clone());
            let options = lists::options(lists, &workspace.project.lookups);
            check(&workspace.documents, &Taxonomy::standard(), &options, &mut found)
        });
        let is_same = |other: &&Arc<Rule>| other.meta.span == rule.meta.span;
        checked.iter().flatten().find(is_same).map(Arc::clone).ok_or_else(|| {
            let message = format!("with these parameters `{}` is not sound", rule.name);
            let place = case.name.span;
            let why = found.iter().find(|found| found.severity() == Severity::Error);
            match why {
                Some(why) => Diagnostic::new(why.code, place, message).note(why.message.clone()),
                None => Diagnostic::new(Code::WrongShape, place, message),
            }
        })
    }
}

/// Whether a rule stands in the file that a test file belongs to.
fn is_beside(rule: &Rule, test: &TestFile, workspace: &Workspace) -> bool {
    let Some(source) = workspace.sources.get(rule.meta.span.source) else { return false };
    let stem = |name: &str| {
        let name = [".yml", ".yaml", ".weave"].iter().find_map(|end| name.strip_suffix(end))?;
        let name = name.strip_suffix(".test").unwrap_or(name);
        std::path::absolute(name).ok()
    };
    test.path.to_str().and_then(stem).is_some_and(|path| stem(&source.name) == Some(path))
}

fn failures(tried: &Tried) -> Vec<Diagnostic> {
    let name = &tried.case.name.node;
    match &tried.verdict {
        Verdict::Passed => Vec::new(),
        Verdict::Failed(wrong, facts) => {
            let message = format!("case `{name}`: `{}` {wrong}", tried.rule);
            let mut found = Diagnostic::new(Code::CaseFailed, tried.case.place, message);
            if !facts.is_empty() {
                found = found.note(facts.join("\n"));
            }
            vec![found.label(tried.case.name.span, "this case")]
        }
        Verdict::Impossible(problems) => problems.clone(),
    }
}

/// Rules that lack a case that fires or one that stays silent.
fn untested(workspace: &Workspace, chosen: &[Chosen<'_>]) -> Vec<Diagnostic> {
    let mut cases: BTreeMap<Span, (bool, bool)> = BTreeMap::new();
    for (case, rule, _) in chosen {
        let Ok(rule) = rule else { continue };
        let (fires, silent) = cases.entry(rule.meta.span).or_default();
        match &case.expect {
            Expect::Silent | Expect::Count(0) => *silent = true,
            Expect::Keys(keys) if keys.is_empty() => *silent = true,
            Expect::Keys(_) | Expect::Fires | Expect::Count(_) | Expect::AtLeast(_) => {
                *fires = true;
            }
        }
    }
    let rules = workspace.selection().filter_map(|(_, rule)| rule).filter(|rule| rule.emitted);
    let lacks = rules.filter_map(|rule| {
        let lacks = match cases.get(&rule.meta.span).copied().unwrap_or_default() {
            (true, true) => return None,
            (true, false) => "no case in which it stays silent",
            (false, true) => "no case in which it fires",
            (false, false) => "no case",
        };
        let kind = match &rule.body {
            Body::Events(_) => "rule",
            Body::Correlation(_) => "correlation",
        };
        let message = format!("the {kind} `{}` has {lacks}", rule.name);
        let at = Span { end: rule.meta.span.start, ..rule.meta.span };
        Some(Diagnostic::new(Code::Untested, at, message).help("add one to its test file"))
    });
    lacks.collect()
}
