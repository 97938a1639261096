//! An environment's rules → its files and manifest, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

use super::manifest::{Entry, Manifest, sha256, text_sha256};
use crate::backend::Query;
use crate::cli::goal::Goal;
use crate::cli::output::Progress;
use crate::cli::report::relative;
use crate::cli::workspace::Workspace;
use crate::diagnostic::{Code, Diagnostic, Severity, nearest};
use crate::emit::{self, Format, Piece, Subject};
use crate::ir::Rule;
use crate::plan::{Plan, Report};
use crate::project::Environment;
use crate::source::SourceId;

/// An environment to build.
pub(super) struct Target<'a> {
    pub(super) name: &'a str,
    pub(super) environment: &'a Environment,
    pub(super) goal: &'a Goal,
    pub(super) formats: Vec<Format>,
    pub(super) root: &'a Path,
}

/// What became of an environment.
#[derive(Default)]
pub(super) struct Built {
    /// Files by path.
    pub(super) files: BTreeMap<String, String>,
    /// The rule that a file is made from, unless several share it.
    pub(super) owners: BTreeMap<String, crate::source::Span>,
    pub(super) manifest: Manifest,
    /// What is to be said.
    pub(super) found: Vec<Diagnostic>,
    /// How many rules were compiled.
    pub(super) compiled: usize,
}

impl Built {
    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(|found| found.severity() == Severity::Error)
    }
}

/// The formats of an environment; E0714 where there is none of a name, or it is for other queries.
pub(super) fn formats(environment: &Environment, found: &mut Vec<Diagnostic>) -> Vec<Format> {
    let (target, platform) = (&environment.target.node, &environment.platform.node);
    let mut formats = BTreeSet::new();
    for name in &environment.formats {
        let fits = |format: &&Format| format.fits(target, platform);
        let known = || Format::ALL.iter().filter(fits).map(|format| format.name());
        match Format::find(&name.node) {
            Some(format) if format.fits(target, platform) => drop(formats.insert(format)),
            Some(_) => {
                let message = format!("`{}` is not for `{target}` on `{platform}`", name.node);
                let help = format!("there are: {}", known().collect::<Vec<_>>().join(", "));
                found.push(Diagnostic::new(Code::UnknownFormat, name.span, message).help(help));
            }
            None => {
                let message = format!("there is no format `{}`", name.node);
                let help = match nearest(&name.node, known()) {
                    Some(near) => format!("the nearest name is `{near}`"),
                    None => format!("there are: {}", known().collect::<Vec<_>>().join(", ")),
                };
                found.push(Diagnostic::new(Code::UnknownFormat, name.span, message).help(help));
            }
        }
    }
    formats.into_iter().collect()
}

/// A rule with the name of its files.
struct Job<'a> {
    rule: &'a Rule,
    stem: String,
}

/// What a rule gives.
enum Made {
    Files { pieces: Vec<Piece>, entry: Entry, found: Vec<Diagnostic> },
    Agreed(Entry),
    Refused(Vec<Diagnostic>),
}

/// Compiles the rules that `wanted` takes.
pub(super) fn compile(
    target: &Target<'_>,
    workspace: &Workspace,
    wanted: &(dyn Fn(SourceId) -> bool + Sync),
    progress: &Progress,
) -> Built {
    let jobs = jobs(target, workspace, wanted);
    let mut built = Built { found: clashes(&jobs), compiled: jobs.len(), ..Built::default() };
    let made: Vec<Made> = jobs
        .par_iter()
        .map(|job| {
            progress.step(target.name, jobs.len());
            make(target, workspace, job)
        })
        .collect();
    let taken = jobs.iter().zip(&made).filter(|(_, made)| matches!(made, Made::Files { .. }));
    built.found.extend(title_clashes(&target.formats, taken.map(|(job, _)| job)));
    let mut rules = Vec::new();
    for format in &target.formats {
        match emit::frame(*format, target.name, target.environment, &target.goal.templates) {
            Ok(pieces) => pieces.into_iter().for_each(|piece| built.add(piece, None)),
            Err(found) => built.found.extend(found),
        }
    }
    for (job, made) in jobs.iter().zip(made) {
        match made {
            Made::Files { pieces, entry, found } => {
                let span = job.rule.meta.span;
                pieces.into_iter().for_each(|piece| built.add(piece, Some(span)));
                rules.push(entry);
                built.found.extend(found);
            }
            Made::Agreed(entry) => rules.push(entry),
            Made::Refused(found) => built.found.extend(found),
        }
    }
    built.manifest = manifest(target, rules, &built.files);
    built
}

impl Built {
    /// Adds a file, or a rule's part to one that several share.
    fn add(&mut self, piece: Piece, owner: Option<crate::source::Span>) {
        if let Some(owner) = owner {
            self.owners.insert(piece.path.clone(), owner);
        }
        self.files.entry(piece.path).or_default().push_str(&piece.text);
    }
}

fn manifest(
    target: &Target<'_>,
    mut rules: Vec<Entry>,
    files: &BTreeMap<String, String>,
) -> Manifest {
    rules.sort();
    // A file that several rules name is listed once, for all of them.
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for file in rules.iter().flat_map(|rule| &rule.files) {
        *uses.entry(file).or_default() += 1;
    }
    let shared: BTreeSet<String> =
        uses.into_iter().filter(|(_, uses)| *uses > 1).map(|(file, _)| file.to_owned()).collect();
    for rule in &mut rules {
        rule.files.retain(|file| !shared.contains(file));
    }
    Manifest {
        sigweave: env!("CARGO_PKG_VERSION").to_owned(),
        environment: target.name.to_owned(),
        target: target.environment.target.node.clone(),
        platform: target.environment.platform.node.clone(),
        space: target
            .environment
            .artifact
            .get("space")
            .and_then(|space| space.first())
            .map(|space| space.node.clone()),
        rules,
        files: files.iter().map(|(file, text)| (file.clone(), sha256(text.as_bytes()))).collect(),
    }
}

fn jobs<'a>(
    target: &'a Target<'_>,
    workspace: &'a Workspace,
    wanted: &(dyn Fn(SourceId) -> bool + Sync),
) -> Vec<Job<'a>> {
    let rules = workspace.selection().filter_map(|(_, rule)| rule);
    let rules = rules.filter(|rule| rule.emitted && target.goal.takes(rule));
    let rules = rules.filter(|rule| wanted(rule.meta.span.source));
    let rules: Vec<&Rule> = rules.filter_map(|rule| target.goal.own(rule)).collect();
    let mut per_file: BTreeMap<SourceId, usize> = BTreeMap::new();
    for rule in &rules {
        *per_file.entry(rule.meta.span.source).or_default() += 1;
    }
    let job = |rule: &&'a Rule| {
        let source = rule.meta.span.source;
        let alone = per_file.get(&source).copied() == Some(1);
        // A rule without a name of its own is called like its file.
        let file = (alone && rule.name == rule.meta.title).then(|| file_stem(workspace, source));
        Job { rule, stem: emit::stem(&file.flatten().unwrap_or_else(|| rule.name.clone())) }
    };
    rules.iter().map(job).collect()
}

fn file_stem(workspace: &Workspace, source: SourceId) -> Option<String> {
    let name = &workspace.sources.get(source)?.name;
    Path::new(name).file_stem()?.to_str().map(str::to_owned)
}

/// E0718 for rules whose files have the same name.
fn clashes(jobs: &[Job<'_>]) -> Vec<Diagnostic> {
    let mut known: BTreeMap<&str, &Job<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for job in jobs {
        match known.get(job.stem.as_str()) {
            None => drop(known.insert(&job.stem, job)),
            Some(first) => {
                found.push(clash(job, first, &format!("files called `{}`", job.stem), "name"));
            }
        }
    }
    found
}

/// E0718 for rules whose titles make the same of a format.
fn title_clashes<'a>(
    formats: &[Format],
    jobs: impl Iterator<Item = &'a Job<'a>>,
) -> Vec<Diagnostic> {
    let mut known: BTreeMap<String, &Job<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for job in jobs {
        for claim in formats.iter().filter_map(|format| emit::claim(*format, job.rule)) {
            match known.get(&claim) {
                Some(first) => found.push(clash(job, first, &claim, "title")),
                None => drop(known.insert(claim, job)),
            }
        }
    }
    found
}

fn clash(job: &Job<'_>, first: &Job<'_>, what: &str, key: &str) -> Diagnostic {
    let message = format!("two rules are built to {what}");
    Diagnostic::new(Code::OutputClash, job.rule.meta.span.head(), message)
        .label(first.rule.meta.span.head(), "the other rule")
        .help(format!("give one of them another `{key}`"))
}

fn make(target: &Target<'_>, workspace: &Workspace, job: &Job<'_>) -> Made {
    match pieces(target, job.rule, &job.stem) {
        Ok(parts) => {
            let Parts { pieces, mut found, queries, plan } = parts;
            found.extend(target.goal.remarks(job.rule, &queries));
            let mut entry = entry(target, workspace, job.rule);
            entry.plan = Some(target.goal.backend.plan_name(&plan));
            entry.exactness = exactness(&queries);
            entry.files = pieces.iter().map(|piece| piece.path.clone()).collect();
            if found.iter().any(|found| found.severity() == Severity::Error) {
                return Made::Refused(found);
            }
            Made::Files { pieces, entry, found }
        }
        Err(found) if target.goal.agreed(&job.rule.name, &found) => {
            Made::Agreed(entry(target, workspace, job.rule))
        }
        Err(found) => Made::Refused(found),
    }
}

fn entry(target: &Target<'_>, workspace: &Workspace, rule: &Rule) -> Entry {
    let source = workspace.sources.get(rule.meta.span.source);
    let name = source.map_or("", |source| source.name.as_str());
    Entry {
        source: relative(target.root, Path::new(name)),
        name: rule.name.clone(),
        id: rule.meta.id.clone(),
        sha256: text_sha256(source.map_or("", |source| source.text.as_str())),
        plan: None,
        exactness: "refused".to_owned(),
        files: Vec::new(),
    }
}

/// Everything that a rule gives.
struct Parts {
    pieces: Vec<Piece>,
    found: Vec<Diagnostic>,
    queries: Vec<Query>,
    plan: Plan,
}

fn pieces(target: &Target<'_>, rule: &Rule, stem: &str) -> Result<Parts, Vec<Diagnostic>> {
    let plan = target.goal.plan(rule)?;
    let mut rendered: Vec<(Option<Report>, Vec<Query>)> = Vec::new();
    let (mut pieces, mut found) = (Vec::new(), Vec::new());
    let platform = &target.goal.platform;
    for format in &target.formats {
        let report = emit::report(*format, rule, target.environment, platform);
        let report = match report {
            Ok(report) => report,
            Err(problem) => {
                found.push(problem);
                continue;
            }
        };
        if !rendered.iter().any(|(known, _)| *known == report) {
            let plan = Plan { report, ..plan.clone() };
            rendered.push((report, target.goal.backend.render(&plan, &target.goal.templates)?));
        }
        let queries = rendered.iter().find(|(known, _)| *known == report);
        let subject = Subject {
            rule,
            plan: &plan,
            queries: queries.map_or(&[], |(_, queries)| queries),
            platform,
            environment: target.environment,
            name: target.name,
            stem,
            templates: &target.goal.templates,
        };
        match emit::emit(*format, &subject) {
            Ok(emitted) => {
                pieces.extend(emitted.pieces);
                found.extend(emitted.warnings);
            }
            Err(problems) => found.extend(problems),
        }
    }
    let queries = rendered.into_iter().next().map(|(_, queries)| queries).unwrap_or_default();
    found.dedup();
    Ok(Parts { pieces, found, queries, plan })
}

fn exactness(queries: &[Query]) -> String {
    let given_up: BTreeSet<&str> =
        queries.iter().flat_map(|query| &query.approximate).map(|code| code.id()).collect();
    let overridden = queries.iter().any(|query| query.overridden).then_some("overridden");
    let said: Vec<&str> = overridden.into_iter().chain(given_up).collect();
    if said.is_empty() { "exact".to_owned() } else { said.join(" ") }
}
