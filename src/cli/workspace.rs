//! The rules of a run: files read, parsed and checked together.
//!
//! The paths of the command line select rules. Where one of them refers to a rule that is not among
//! them, or a filter of the project may name one of them, the rule folders of the project are read,
//! too, for reference only.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::check;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::Rule;
use crate::lint;
use crate::project::list::Entry;
use crate::project::{self, Overrides, Project};
use crate::source::{SourceId, SourceMap, Span};
use crate::syntax::ast::{CorrelationCondition, Document};
use crate::syntax::weave::tree::EventSource;
use crate::syntax::{sigma, weave};
use crate::taxonomy::{Attack, Taxonomy};

use super::lints::{Levels, LintArguments};
use super::{files, lists};

/// What was read, and what is to be said about it.
pub(super) struct Workspace {
    /// All texts.
    pub(super) sources: SourceMap,
    /// The project, or an empty one.
    pub(super) project: Project,
    /// The folder of the project's file, else the current one.
    pub(super) root: PathBuf,
    /// All documents, the selected ones first.
    pub(super) documents: Vec<Document>,
    /// What each document means, where it is sound.
    pub(super) rules: Vec<Option<Arc<Rule>>>,
    /// How many of the documents are selected.
    pub(super) selected: usize,
    /// The selected sources.
    pub(super) files: Vec<SourceId>,
    /// Sources that are there for reference only.
    references: BTreeSet<SourceId>,
    /// The entries of the project's lists.
    pub(super) entries: Vec<Entry>,
    /// The project's rule folders.
    pub(super) folders: Vec<PathBuf>,
    /// Findings, sorted by place.
    pub(super) found: Vec<Diagnostic>,
    /// How loudly lints speak.
    pub(super) levels: Levels,
}

impl Workspace {
    /// Reads and checks what the paths select; without paths, the project's rule folders.
    ///
    /// # Errors
    /// A path cannot be read; a line for each.
    pub(super) fn load(paths: &[PathBuf]) -> Result<Self, Vec<String>> {
        Self::load_with(paths, &[])
    }

    /// As [`Workspace::load`], with what the command line sets in the project (`--set`).
    ///
    /// # Errors
    /// A path or a setting cannot be read; a line for each.
    pub(super) fn load_with(paths: &[PathBuf], settings: &[String]) -> Result<Self, Vec<String>> {
        let mut sources = SourceMap::default();
        let mut diagnostics = Diagnostics::default();
        let start = paths.first().map_or(Path::new("."), PathBuf::as_path);
        let (root, mut project) = read_project(start, settings, &mut sources, &mut diagnostics)?;
        let entries = lists::read(root.as_deref(), &mut project, &mut sources, &mut diagnostics);
        if root.is_none() && paths.is_empty() {
            let problem =
                "which rules? name files or folders: there is no sigweave.toml here or above";
            return Err(vec![problem.to_owned()]);
        }
        let folders = rule_folders(root.as_deref(), &project);
        let paths = if paths.is_empty() { &folders } else { paths };
        let outputs = outputs(root.as_deref(), &project);
        let chosen = without(expand(paths)?, &outputs);
        if chosen.is_empty() {
            return Err(vec![nothing_below(paths)]);
        }
        let files = add_sources(&chosen, &mut sources, &mut diagnostics)?;
        let mut documents = parse(&readable(&files, &diagnostics), &sources, &mut diagnostics);
        report_empty(&files, &documents, &mut diagnostics);
        let selected = documents.len();
        let mut references = BTreeSet::new();
        let others = if root.is_some() {
            without(remaining(&folders, &chosen), &outputs)
        } else {
            Vec::new()
        };
        if refers_elsewhere(&documents) || others.par_iter().any(|path| files::holds_filter(path)) {
            let ids = add_sources(&others, &mut sources, &mut diagnostics)?;
            let ids = readable(&ids, &diagnostics);
            let found = parse(&ids, &sources, &mut Diagnostics::default());
            // A filter with errors takes the selected rules along: it is reported with them.
            let filter = |document: &&Document| matches!(document, Document::Filter(_));
            let filters = found.iter().filter(filter).map(|filter| filter.meta().span.source);
            let filters: BTreeSet<SourceId> = filters.collect();
            references.extend(ids.iter().copied().filter(|id| !filters.contains(id)));
            documents.extend(found);
        }
        let taxonomy = Taxonomy::standard();
        let options = lists::options(project.parameters.clone(), &project.lookups);
        let rules = check::check(&documents, &taxonomy, &options, &mut diagnostics);
        let levels = Levels::of(&project.lints, root.as_deref(), &mut sources, &mut diagnostics)
            .map_err(|problem| vec![problem])?;
        let found = levels.settle(diagnostics.into_sorted(), &sources, &documents);
        let root = root.unwrap_or_default();
        Ok(Self {
            sources,
            project,
            root,
            documents,
            rules,
            selected,
            files,
            references,
            entries,
            folders,
            found,
            levels,
        })
    }

    /// Adds what the lints find in the selected documents, as loud as the arguments ask.
    ///
    /// # Errors
    /// The arguments name no lint, or a file that cannot be read; a line for each.
    pub(super) fn lint(&mut self, arguments: &LintArguments) -> Result<(), Vec<String>> {
        let mut diagnostics = Diagnostics::default();
        let levels = std::mem::take(&mut self.levels);
        self.levels = levels.with(arguments, &mut self.sources, &mut diagnostics)?;
        let selected = self.documents.get(..self.selected).unwrap_or_default();
        let taxonomy = &Taxonomy::standard();
        let context =
            lint::Context { sources: &self.sources, taxonomy, attack: Attack::standard() };
        let of = |document| lint::document(document, &context);
        let each: Vec<Vec<Diagnostic>> = selected.par_iter().map(of).collect();
        diagnostics.extend(each.into_iter().flatten());
        diagnostics.extend(lint::together(selected, &self.sources));
        for id in &self.files {
            diagnostics.extend(lint::allowances(*id, self.sources.text(*id)).1);
        }
        diagnostics.extend(std::mem::take(&mut self.found));
        self.found = self.levels.settle(diagnostics.into_sorted(), &self.sources, &self.documents);
        Ok(())
    }

    /// Adds findings.
    pub(super) fn add(&mut self, found: Vec<Diagnostic>) {
        if !found.is_empty() {
            self.found.extend(found);
            let mut all = Diagnostics::default();
            all.extend(std::mem::take(&mut self.found));
            self.found = all.into_sorted();
        }
    }

    /// Findings about rules, as loud as the project asks.
    pub(super) fn settled(&self, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        if found.is_empty() {
            return found;
        }
        self.levels.settle(found, &self.sources, &self.documents)
    }

    /// The names of the selected files.
    pub(super) fn file_names(&self) -> Vec<String> {
        let sources = self.files.iter().filter_map(|id| self.sources.get(*id));
        sources.map(|source| source.name.clone()).collect()
    }

    /// The selected documents with what they mean.
    pub(super) fn selection(&self) -> impl Iterator<Item = (&Document, Option<&Arc<Rule>>)> {
        let rules = self.rules.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        self.documents.iter().zip(rules).take(self.selected)
    }

    /// The findings about a document.
    pub(super) fn about(&self, span: Span) -> Vec<Diagnostic> {
        let place = |found: &Diagnostic| (found.primary.span.source, found.primary.span.start);
        let from = self.found.partition_point(|found| place(found) < (span.source, span.start));
        let rest = self.found.get(from..).unwrap_or_default();
        rest.iter().take_while(|found| within(found.primary.span, span)).cloned().collect()
    }

    /// The findings of a file that are about none of its documents.
    pub(super) fn about_file(&self, file: SourceId) -> Vec<Diagnostic> {
        let from = self.found.partition_point(|found| found.primary.span.source < file);
        let rest = self.found.get(from..).unwrap_or_default();
        let here: Vec<_> =
            rest.iter().take_while(|found| found.primary.span.source == file).collect();
        if here.is_empty() {
            return Vec::new();
        }
        let documents = self.documents.iter().map(|document| document.meta().span);
        let mut spans: Vec<Span> = documents.filter(|span| span.source == file).collect();
        spans.sort_unstable();
        let elsewhere = |found: &&&Diagnostic| {
            let at = found.primary.span;
            let next = spans.partition_point(|span| span.start <= at.start);
            let before = next.checked_sub(1).and_then(|index| spans.get(index));
            !before.is_some_and(|span| within(at, *span))
        };
        here.iter().filter(elsewhere).map(|found| (*found).clone()).collect()
    }

    /// The findings about the selected files, the project and its lists, which are those to report.
    pub(super) fn reported(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter().filter(|found| !self.references.contains(&found.primary.span.source))
    }
}

/// A project as its file describes it.
pub(super) struct Loaded {
    /// The folder of its file.
    pub(super) root: PathBuf,
    /// Its file's text.
    pub(super) text: String,
    /// What it says.
    pub(super) project: Project,
    /// Its rule folders.
    pub(super) folders: Vec<PathBuf>,
    /// The texts that were read.
    pub(super) sources: SourceMap,
}

/// The project of the current folder, without its rules; what is wrong with it is said when they are
/// loaded.
///
/// # Errors
/// Its file cannot be read.
pub(super) fn project(settings: &[String]) -> Result<Option<Loaded>, Vec<String>> {
    let mut sources = SourceMap::default();
    let found = &mut Diagnostics::default();
    let (root, project) = read_project(Path::new("."), settings, &mut sources, found)?;
    let Some(root) = root else { return Ok(None) };
    let text = sources.text(SourceId::default()).to_owned();
    let folders = rule_folders(Some(&root), &project);
    Ok(Some(Loaded { root, text, project, folders, sources }))
}

/// The rule files that the paths select; without paths, those of the project's rule folders.
///
/// # Errors
/// A path cannot be read; a line for each.
pub(super) fn rule_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<String>> {
    if !paths.is_empty() {
        return expand(paths);
    }
    let mut sources = SourceMap::default();
    let (root, project) =
        read_project(Path::new("."), &[], &mut sources, &mut Diagnostics::default())?;
    let found = expand(&rule_folders(root.as_deref(), &project))?;
    Ok(without(found, &outputs(root.as_deref(), &project)))
}

/// The folders in which outputs of the project lie, which hold no rules.
fn outputs(root: Option<&Path>, project: &Project) -> Vec<PathBuf> {
    let Some(root) = root else { return Vec::new() };
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    let rules: Vec<PathBuf> = rule_folders(Some(root), project).into_iter().map(absolute).collect();
    // A folder that rules lie in is no place for outputs: `build` says so.
    let holds_rules = |output: &PathBuf| rules.iter().any(|folder| folder.starts_with(output));
    let outputs = project.environments.values().map(|environment| &environment.output.node);
    outputs
        .map(|output| absolute(root.join(output)))
        .filter(|output| !holds_rules(output))
        .collect()
}

/// The files that lie in none of the folders.
fn without(mut files: Vec<PathBuf>, folders: &[PathBuf]) -> Vec<PathBuf> {
    let lies = |file: &PathBuf| {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
        folders.iter().any(|folder| file.starts_with(folder))
    };
    files.retain(|file| !lies(file));
    files
}

fn nothing_below(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
    let code = Code::NothingToDo.id();
    format!("error[{code}]: no rule file (`*.yml`, `*.yaml`, `*.weave`) below {}", names.join(", "))
}

/// E0108 for each file that holds nothing and of which nothing was said.
fn report_empty(files: &[SourceId], documents: &[Document], diagnostics: &mut Diagnostics) {
    let told = diagnostics.iter().map(|found| found.primary.span.source);
    let holding = documents.iter().map(|document| document.meta().span.source);
    let known: BTreeSet<SourceId> = told.chain(holding).collect();
    for file in files.iter().filter(|file| !known.contains(file)) {
        let span = Span::new(*file, 0, 0);
        diagnostics.push(Diagnostic::new(Code::NotARule, span, "the file holds no rule"));
    }
}

/// Whether a place lies in a document.
pub(super) fn within(inner: Span, outer: Span) -> bool {
    inner.source == outer.source && inner.start >= outer.start && inner.start <= outer.end
}

/// The project of the current folder, and the folder of its file.
///
/// # Errors
/// The project's file or a setting cannot be read.
pub(super) fn project_here(
    sources: &mut SourceMap,
    settings: &[String],
) -> Result<(Project, PathBuf), Vec<String>> {
    let mut found = Diagnostics::default();
    let (root, project) = read_project(Path::new("."), settings, sources, &mut found)?;
    Ok((project, root.unwrap_or_default()))
}

/// The project of the folder, and the folder of its file.
fn read_project(
    start: &Path,
    settings: &[String],
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Result<(Option<PathBuf>, Project), Vec<String>> {
    let Some(path) = files::project_file(start).or_else(|| files::project_file(Path::new(".")))
    else {
        return Ok((None, Project::default()));
    };
    let path = files::as_seen_from_here(&path);
    let bytes = files::read(&path).map_err(|problem| vec![problem])?;
    let id = sources.add(path.display().to_string(), String::from_utf8_lossy(&bytes));
    let set = (!settings.is_empty()).then(|| Overrides::lines(settings)).transpose();
    let set = set.map_err(|problem| vec![problem])?;
    let overrides = set.map(|text| Overrides { source: sources.add("--set", text.clone()), text });
    let project = project::parse(id, sources.text(id), overrides.as_ref(), diagnostics);
    Ok((path.parent().map(Path::to_path_buf), project))
}

fn rule_folders(root: Option<&Path>, project: &Project) -> Vec<PathBuf> {
    let Some(root) = root else { return vec![PathBuf::from(".")] };
    project.rules.iter().map(|folder| root.join(&folder.node)).collect()
}

/// The files that the paths mean, each once, in order.
fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<String>> {
    let (mut seen, mut chosen, mut problems) = (HashSet::new(), Vec::new(), Vec::new());
    for path in paths {
        match files::rule_files(path) {
            Ok(found) => {
                let new = found.into_iter().filter(|file| seen.insert(file.clone()));
                chosen.extend(new.collect::<Vec<_>>());
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(chosen) } else { Err(problems) }
}

/// The files of the folders that were not chosen; a folder that is not there has none.
fn remaining(folders: &[PathBuf], chosen: &[PathBuf]) -> Vec<PathBuf> {
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let known: BTreeSet<PathBuf> = chosen.iter().map(absolute).collect();
    let all = folders.iter().filter_map(|folder| files::rule_files(folder).ok()).flatten();
    all.filter(|file| !known.contains(&absolute(file))).collect()
}

fn add_sources(
    paths: &[PathBuf],
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<SourceId>, Vec<String>> {
    let read: Vec<_> = paths.par_iter().map(|path| files::read(path)).collect();
    let (mut ids, mut problems) = (Vec::new(), Vec::new());
    for (path, bytes) in paths.iter().zip(read) {
        let name =
            if path == Path::new("-") { "<stdin>".into() } else { path.display().to_string() };
        match bytes {
            Ok(bytes) => ids.push(add_source(name, bytes, sources, diagnostics)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(ids) } else { Err(problems) }
}

fn add_source(
    name: String,
    bytes: Vec<u8>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> SourceId {
    let nul = bytes.iter().position(|byte| *byte == 0);
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let problem = |at: usize| match nul {
        _ if is_utf16 => "the file is UTF-16, not UTF-8".to_owned(),
        Some(nul) => format!("the file is not text: byte {} is NUL", nul + 1),
        None => format!("byte {} is not valid UTF-8", at + 1),
    };
    let (text, wrong) = match String::from_utf8(bytes) {
        Ok(text) => (text, nul),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let valid = error.as_bytes().get(..at).unwrap_or_default();
            (String::from_utf8_lossy(valid).into_owned(), Some(at))
        }
    };
    let length = text.len();
    let id = sources.add(name, text);
    if let Some(at) = wrong {
        // A byte order mark is not kept.
        let at = at.saturating_sub(length - sources.text(id).len());
        let found = Diagnostic::new(Code::NotUtf8, Span::new(id, at, at), problem(at));
        diagnostics.push(found.help("save the file as UTF-8"));
    }
    id
}

/// The sources that are text as a whole.
fn readable(files: &[SourceId], diagnostics: &Diagnostics) -> Vec<SourceId> {
    let broken = diagnostics.iter().filter(|found| found.code == Code::NotUtf8);
    let broken: BTreeSet<SourceId> = broken.map(|found| found.primary.span.source).collect();
    files.iter().copied().filter(|id| !broken.contains(id)).collect()
}

/// Parses in parallel; findings and documents keep the order of the files.
fn parse(files: &[SourceId], sources: &SourceMap, diagnostics: &mut Diagnostics) -> Vec<Document> {
    let read = |id: &SourceId| {
        let mut found = Diagnostics::default();
        let text = sources.text(*id);
        let name = sources.get(*id).map_or("", |source| source.name.as_str());
        let documents = if files::is_weave(name, text) {
            weave::parse(*id, text, &mut found)
        } else {
            sigma::parse(*id, text, &mut found)
        };
        (documents, found)
    };
    let parsed: Vec<_> = files.par_iter().map(read).collect();
    let mut documents = Vec::new();
    for (found, diagnostic) in parsed {
        documents.extend(found);
        diagnostics.extend(diagnostic);
    }
    documents
}

/// Whether a correlation or filter names a rule that is not among the documents.
fn refers_elsewhere(documents: &[Document]) -> bool {
    let mut known = BTreeSet::new();
    for meta in documents.iter().map(Document::meta) {
        known.extend([&meta.id, &meta.name].into_iter().flatten().map(|name| name.node.as_str()));
    }
    documents.iter().any(|document| match document {
        Document::Rule(_) => false,
        Document::Correlation(correlation) => {
            let boolean = matches!(correlation.condition, Some(CorrelationCondition::Boolean(_)));
            let unknown = |name: &str| !known.contains(name);
            correlation.rules.iter().any(|rule| unknown(&rule.node))
                || boolean && correlation.rules.is_empty()
        }
        Document::Weave(rule) => rule.events.iter().any(|event| match &event.source {
            EventSource::Sigma(name) | EventSource::Weave(name) => !known.contains(&*name.node),
            EventSource::Inline { .. } => false,
        }),
        Document::Filter(filter) => filter.rules.iter().any(|rule| !known.contains(&*rule.node)),
    })
}
