//! `sigweave build`: every rule for every environment, as files.
//!
//! An environment is written as a whole or not at all ([`folder`]); a rule that cannot be built leaves
//! its previous outputs as they were. What has not changed is not compiled again ([`inputs`]).
//! `--check` compiles always, writes nothing, and says which committed files are stale.

mod changes;
mod compile;
mod folder;
mod inputs;
mod manifest;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use similar::TextDiff;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::project::{Environment, Project};
use crate::source::{SourceId, SourceMap, Span};

use super::convert::usage;
use super::goal::{Goal, load};
use super::output::{Output, Progress, counted, tally};
use super::report::{self, Format, relative};
use super::workspace::{self, Workspace};
use super::{FINDINGS, GoalArguments, files, templates};
use changes::Changes;
use compile::{Built, Target, compile, formats};
use folder::{Folder, Problem};
use inputs::{Inputs, STATE, State};
use manifest::{Manifest, sha256};

/// Arguments of `build`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave build                            every environment of sigweave.toml
  sigweave build -e soc rules/an1246        one environment, some rules
  sigweave build --check                    are the committed outputs current? (exit code 1)
  sigweave build --dry-run                  what would be written
  sigweave build --set environments.soc.schedule=15m")]
pub(super) struct Arguments {
    /// Rule files or folders of the project; the outputs of other rules stay as they are. Without
    /// any, all rules.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Environments of sigweave.toml, separated by commas; without any, all of them.
    #[arg(short, long, value_delimiter = ',', value_name = "NAME")]
    environment: Vec<String>,
    /// Approximations to accept, by code, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "CODE")]
    accept: Vec<String>,
    /// Sets a key of sigweave.toml, such as `environments.soc.index=win`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Writes nothing; fails with a diff if a file is not what it would be built to.
    #[arg(long)]
    check: bool,
    /// Writes nothing; lists what would be written and removed.
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
    /// A folder with templates that replace the shipped ones of the same path; instead of that of
    /// sigweave.toml.
    #[arg(long, value_name = "FOLDER")]
    templates: Option<PathBuf>,
    /// How results are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What became of an environment, as machines read it.
#[derive(Debug, Default, Serialize)]
struct Summary {
    environment: String,
    output: String,
    rules: usize,
    compiled: usize,
    written: Vec<String>,
    removed: Vec<String>,
    failed: bool,
    #[serde(skip)]
    warnings: usize,
}

/// A build of all environments.
struct Build<'a> {
    arguments: &'a Arguments,
    root: PathBuf,
    inputs: Inputs,
    /// The files that were looked at.
    files: Vec<String>,
    progress: Progress,
    found: Vec<Diagnostic>,
    summaries: Vec<Summary>,
    diffs: Vec<String>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    match built(arguments, output) {
        Ok(code) => code,
        Err(problems) => usage(output, &problems),
    }
}

fn built(arguments: &Arguments, output: &mut Output) -> Result<u8, Vec<String>> {
    let Some(mut loaded) = workspace::project(&arguments.set)? else {
        let problem = "build needs a project: there is no sigweave.toml here or above; \
                       `sigweave init` makes one";
        return Err(vec![problem.to_owned()]);
    };
    let project = std::mem::take(&mut loaded.project);
    if project.environments.is_empty() {
        return Err(vec!["sigweave.toml has no environment: add `[environments.NAME]`".to_owned()]);
    }
    let mut inputs = Inputs::new();
    inputs.add(loaded.text.as_bytes());
    inputs.add(format!("{:?}", (&arguments.set, &arguments.accept)).as_bytes());
    inputs.add_files(&workspace::rule_files(&[])?)?;
    inputs.add_lists(&project, &loaded.root)?;
    let folder = templates::folder(arguments.templates.as_deref(), &project, &loaded.root)?;
    for file in templates::read(folder.as_deref())? {
        inputs.add(file.name.as_bytes());
        inputs.add(&file.bytes);
    }
    let mut build = Build {
        arguments,
        root: loaded.root.clone(),
        inputs,
        files: Vec::new(),
        progress: Progress::new(),
        found: Vec::new(),
        summaries: Vec::new(),
        diffs: Vec::new(),
    };
    let chosen = &arguments.environment;
    let unknown = chosen.iter().any(|name| !project.environments.contains_key(name));
    let wanted =
        project.environments.iter().filter(|(name, _)| chosen.is_empty() || chosen.contains(name));
    let mut skipped = Vec::new();
    let mut all = !unknown;
    for (name, environment) in wanted {
        match build.skip(name, environment, &loaded) {
            true => skipped.push(name.as_str()),
            false => all = false,
        }
    }
    let mut sources = loaded.sources;
    if !all {
        let (workspace, goals) = load(&[], &build.goal_arguments())?;
        let skipped =
            |goal: &&Goal| goal.environment.as_deref().is_some_and(|name| skipped.contains(&name));
        let goals: Vec<&Goal> = goals.iter().filter(|goal| !skipped(goal)).collect();
        build.files = workspace.file_names();
        build.all(&goals, &workspace)?;
        sources = workspace.sources;
    }
    Ok(build.print(&sources, output))
}

impl Build<'_> {
    /// Whether nothing has changed since the environment was built.
    fn skip(&mut self, name: &str, environment: &Environment, loaded: &workspace::Loaded) -> bool {
        let arguments = self.arguments;
        if arguments.check || arguments.dry_run || !arguments.paths.is_empty() {
            return false;
        }
        let inputs = self.inputs.of(name, environment, &self.root);
        let Ok(folder) = Folder::open(&self.root, &environment.output.node, &loaded.folders) else {
            return false;
        };
        let Some((state, manifest)) = inputs::unchanged(&folder, &inputs) else { return false };
        self.summaries.push(Summary {
            environment: name.to_owned(),
            output: folder.name,
            rules: manifest.rules.len(),
            warnings: state.warnings,
            ..Summary::default()
        });
        true
    }

    /// What is asked for, as the other commands are asked for it.
    fn goal_arguments(&self) -> GoalArguments {
        GoalArguments {
            target: Vec::new(),
            platform: None,
            overlay: Vec::new(),
            environment: self.arguments.environment.clone(),
            accept: self.arguments.accept.clone(),
            set: self.arguments.set.clone(),
            templates: self.arguments.templates.clone(),
        }
    }

    /// Builds environments.
    fn all(&mut self, goals: &[&Goal], workspace: &Workspace) -> Result<(), Vec<String>> {
        self.found.extend(workspace.reported().cloned());
        let scope = self.scope(workspace)?;
        self.overlaps(&workspace.project);
        let unsound = self.found.iter().any(is_error);
        for goal in goals {
            let Some((name, environment)) = named(goal, &workspace.project) else { continue };
            let mut found = Vec::new();
            let formats = formats(environment, &mut found);
            let root = self.root.clone();
            let target = Target { name, environment, goal, formats, root: &root };
            let mut summary = Summary {
                environment: name.to_owned(),
                output: environment.output.node.clone(),
                failed: unsound || !found.is_empty(),
                ..Summary::default()
            };
            self.found.extend(found);
            if let Err(problem) = self.one(&target, workspace, &scope, &mut summary) {
                summary.failed = true;
                self.found.push(said(problem, &target));
            }
            self.summaries.push(summary);
        }
        self.summaries.sort_by(|one, other| one.environment.cmp(&other.environment));
        Ok(())
    }

    /// Which sources the paths select; none: all.
    fn scope(&self, workspace: &Workspace) -> Result<Option<Vec<SourceId>>, Vec<String>> {
        if self.arguments.paths.is_empty() {
            return Ok(None);
        }
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let chosen = workspace::rule_files(&self.arguments.paths)?;
        let chosen: Vec<PathBuf> = chosen.iter().map(|path| absolute(path)).collect();
        let is_chosen = |id: &&SourceId| {
            let source = workspace.sources.get(**id);
            source.is_some_and(|source| chosen.contains(&absolute(Path::new(&source.name))))
        };
        let scope: Vec<SourceId> = workspace.files.iter().filter(is_chosen).copied().collect();
        let known = workspace.file_names();
        let known: Vec<PathBuf> = known.iter().map(|name| absolute(Path::new(name))).collect();
        let strange = chosen.iter().find(|path| !known.contains(path));
        match strange {
            Some(path) => Err(vec![no_rule(path, &workspace.folders)]),
            None => Ok(Some(scope)),
        }
    }

    /// E0715 for environments that write into each other's folders.
    fn overlaps(&mut self, project: &Project) {
        let environments: Vec<_> = project.environments.values().collect();
        for (number, one) in environments.iter().enumerate() {
            for other in environments.iter().skip(number + 1) {
                let (a, b) = (Path::new(&one.output.node), Path::new(&other.output.node));
                if a.starts_with(b) || b.starts_with(a) {
                    let message = format!(
                        "`{}` and `{}` lie within each other",
                        one.output.node, other.output.node
                    );
                    self.found.push(
                        Diagnostic::new(Code::OutputOutside, other.output.span, message)
                            .label(one.output.span, "the other folder")
                            .help("give each environment a folder of its own: `output = \"…\"`"),
                    );
                }
            }
        }
    }

    /// Builds an environment.
    fn one(
        &mut self,
        target: &Target<'_>,
        workspace: &Workspace,
        scope: &Option<Vec<SourceId>>,
        summary: &mut Summary,
    ) -> Result<(), Problem> {
        let known = self.found.len();
        let folder = Folder::open(&self.root, &target.environment.output.node, &workspace.folders)?;
        summary.output.clone_from(&folder.name);
        // Files that all rules share need all rules.
        let shared = target.formats.iter().any(|format| format.is_shared());
        let in_scope = |id: SourceId| scope.as_ref().is_none_or(|scope| scope.contains(&id));
        let wanted = |id: SourceId| shared || in_scope(id);
        let mut built = compile(target, workspace, &wanted, &self.progress);
        summary.compiled = built.compiled;
        summary.rules = built.manifest.rules.len();
        summary.failed |= built.has_errors();
        let failed = summary.failed;
        self.found.append(&mut built.found);
        if failed {
            return Ok(());
        }
        if self.arguments.check || self.arguments.dry_run {
            let changes = self.changes(target, &folder, workspace, &in_scope, &mut built)?;
            self.show(target, &folder, &changes, &built, summary);
            return Ok(());
        }
        let locked = folder.lock()?;
        let changes = self.changes(target, &folder, workspace, &in_scope, &mut built)?;
        if !changes.is_empty() {
            let bytes = |(file, change): (&String, &changes::Change)| {
                (file.clone(), change.after.as_bytes().to_vec())
            };
            let write: BTreeMap<String, Vec<u8>> = changes.write.iter().map(bytes).collect();
            let remove: Vec<String> = changes.remove.keys().cloned().collect();
            locked.put(&write, &remove)?;
        }
        summary.written = changes.write.keys().map(|file| folder.shown(file)).collect();
        summary.removed = changes.remove.keys().map(|file| folder.shown(file)).collect();
        let state = State {
            inputs: self.inputs.of(target.name, target.environment, &self.root),
            manifest: sha256(built.manifest.text().as_bytes()),
            warnings: self.found.len() - known,
        };
        if scope.is_none() {
            locked.remember(STATE, &serde_json::to_string(&state).unwrap_or_default())?;
        }
        Ok(())
    }

    /// What is to change in the folder; of rules that are not in scope, nothing.
    fn changes(
        &mut self,
        target: &Target<'_>,
        folder: &Folder,
        workspace: &Workspace,
        in_scope: &dyn Fn(SourceId) -> bool,
        built: &mut Built,
    ) -> Result<Changes, Problem> {
        let old = folder.manifest().map_err(|problem| {
            Problem::Manifest(format!(
                "`{}` cannot be read: {problem}",
                folder.shown(manifest::FILE)
            ))
        })?;
        let sources = workspace.sources.iter().filter(|(id, _)| !in_scope(*id));
        let left: Vec<String> =
            sources.map(|(_, source)| relative(&self.root, Path::new(&source.name))).collect();
        keep(&left, &old, built);
        let changes = Changes::find(folder, &old, &built.manifest, &built.files);
        let mut problems = changes.problems.iter();
        if let Some(first) = problems.next() {
            self.found.extend(problems.map(|problem| said(problem.clone(), target)));
            return Err(first.clone());
        }
        for file in &changes.edited {
            let message =
                format!("`{}` was changed by hand since it was built", folder.shown(file));
            let found =
                Diagnostic::new(Code::OutputEdited, target.environment.output.span, message);
            self.found.push(found.help("change the rule, or replace the template"));
        }
        Ok(changes)
    }

    /// What `--check` and `--dry-run` say.
    fn show(
        &mut self,
        target: &Target<'_>,
        folder: &Folder,
        changes: &Changes,
        built: &Built,
        summary: &mut Summary,
    ) {
        summary.written = changes.write.keys().map(|file| folder.shown(file)).collect();
        summary.removed = changes.remove.keys().map(|file| folder.shown(file)).collect();
        if !self.arguments.check {
            return;
        }
        let rule = |file: &str| built.owners.get(file).map(|span| span.head());
        let environment = target.environment.output.span;
        for (file, change) in &changes.write {
            let what = if change.before.is_some() { "stale" } else { "not there" };
            let message = format!("`{}` is {what}", folder.shown(file));
            let at = rule(file).unwrap_or(environment);
            self.found.push(stale(at, message));
            self.diff(&folder.shown(file), change.before.as_deref(), Some(&change.after));
        }
        for (file, before) in &changes.remove {
            let message = format!("`{}` is no longer built", folder.shown(file));
            self.found.push(stale(environment, message));
            self.diff(&folder.shown(file), Some(before), None);
        }
    }

    fn diff(&mut self, name: &str, before: Option<&str>, after: Option<&str>) {
        let label = |side: char, text: Option<&str>| match text {
            Some(_) => format!("{side}/{name}"),
            None => "/dev/null".to_owned(),
        };
        let diff = TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default());
        let (one, other) = (label('a', before), label('b', after));
        self.diffs.push(diff.unified_diff().header(&one, &other).to_string());
    }

    /// Prints what was found and done.
    fn print(mut self, sources: &SourceMap, output: &mut Output) -> u8 {
        self.progress.clear();
        let mut found = std::mem::take(&mut self.found);
        found.sort_by(|one, other| {
            (one.primary.span, one.code, &one.message).cmp(&(
                other.primary.span,
                other.code,
                &other.message,
            ))
        });
        // A template that fails is said once, with the first rule as the example.
        found.dedup_by(|one, before| {
            let place = |found: &Diagnostic| (found.primary.span, found.code);
            let again = place(one) == place(before) && one.message == before.message;
            one == before || (again && one.code == Code::TemplateContract)
        });
        match self.arguments.format {
            Format::Text => {
                self.diffs.iter().for_each(|diff| output.told_lines(diff));
                output.findings(&found, sources);
                self.summaries.iter().for_each(|summary| output.remark(&self.line(summary)));
                output.remark(&tally(&found));
            }
            Format::Json | Format::Sarif | Format::Github | Format::Junit => {
                let found: Vec<&Diagnostic> = found.iter().collect();
                report::print(self.arguments.format, &found, &self.files, sources, output);
            }
        }
        if self.arguments.format == Format::Json {
            for summary in &self.summaries {
                output.line(&serde_json::to_string(summary).unwrap_or_default());
            }
        }
        if found.iter().any(is_error) { FINDINGS } else { 0 }
    }

    /// `soc: 12 rules, 3 compiled: 2 files written, 1 removed in build/soc`.
    fn line(&self, summary: &Summary) -> String {
        let Summary { environment, output, rules, compiled, written, removed, .. } = summary;
        let rules = counted(*rules, "rule");
        if summary.failed {
            return format!("{environment}: not built, {output} is as it was");
        }
        let done = format!("{environment}: {rules}, {compiled} compiled");
        let (written, removed) = (counted(written.len(), "file"), removed.len());
        if self.arguments.check {
            return format!("{done}: {written} stale, {removed} to be removed in {output}");
        }
        if self.arguments.dry_run {
            let mut lines: Vec<String> =
                summary.written.iter().map(|file| format!("write {file}")).collect();
            lines.extend(summary.removed.iter().map(|file| format!("remove {file}")));
            lines
                .push(format!("{done}: {written} would be written, {removed} removed in {output}"));
            return lines.join("\n");
        }
        if *compiled == 0 && summary.warnings > 0 {
            let warnings = counted(summary.warnings, "warning");
            return format!(
                "{done}: nothing has changed in {output} ({warnings} when it was built)"
            );
        }
        format!("{done}: {written} written, {removed} removed in {output}")
    }
}

/// Why a file that was named is none of the project's rule files.
fn no_rule(path: &Path, folders: &[PathBuf]) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let is_below = folders.iter().any(|folder| path.starts_with(absolute(folder)));
    let why = if files::is_test(path) {
        "is a test file: name the rule's file, or run `sigweave test`"
    } else if is_below {
        "is no rule file (`*.yml`, `*.yaml`, `*.weave`), or is ignored"
    } else {
        "is in none of the project's rule folders (`rules` in sigweave.toml)"
    };
    let path = files::as_seen_from_here(path);
    format!("error[{}]: `{}` {why}", Code::NothingToDo.id(), path.display())
}

/// The environment that a goal is for.
fn named<'a>(goal: &Goal, project: &'a Project) -> Option<(&'a str, &'a Environment)> {
    let (name, environment) = project.environments.get_key_value(goal.environment.as_deref()?)?;
    Some((name, environment))
}

/// Keeps the outputs of rules that were not to be built.
fn keep(left: &[String], old: &Manifest, built: &mut Built) {
    for entry in old.rules.iter().filter(|entry| left.contains(&entry.source)) {
        let same =
            |known: &manifest::Entry| (&known.source, &known.name) == (&entry.source, &entry.name);
        built.manifest.rules.retain(|known| !same(known));
        built.manifest.rules.push(entry.clone());
        for file in &entry.files {
            built.files.remove(file);
            if let Some(hash) = old.files.get(file) {
                built.manifest.files.insert(file.clone(), hash.clone());
            }
        }
    }
    built.manifest.rules.sort();
}

fn is_error(found: &Diagnostic) -> bool {
    found.severity() == Severity::Error
}

fn stale(at: Span, message: String) -> Diagnostic {
    Diagnostic::new(Code::StaleOutput, at, message)
        .help("run `sigweave build` and commit what it writes")
}

/// A problem with the folder as a finding about the environment.
fn said(problem: Problem, target: &Target<'_>) -> Diagnostic {
    let output = &target.environment.output;
    let found = |code, message: String| Diagnostic::new(code, output.span, message);
    match problem {
        Problem::Outside(message) => found(Code::OutputOutside, message)
            .help("name a folder of its own below that of sigweave.toml"),
        Problem::Foreign(message) => found(Code::OutputForeign, message)
            .help("move it away, or build into another folder: `output = \"…\"`"),
        Problem::Manifest(message) => found(Code::OutputForeign, message)
            .help("restore it from git, or delete it: files with the right content are taken over"),
        Problem::Locked => {
            found(Code::OutputLocked, format!("another build writes `{}`", output.node))
                .help("wait until it has ended")
        }
        Problem::Io(message) => found(Code::FileUnreadable, message)
            .note("the previous outputs are as they were, or the next build completes this one"),
    }
}
