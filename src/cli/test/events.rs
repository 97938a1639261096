//! The events of a case: those written in the test file, and those of the files it names.
//!
//! `{at: 5m, Image: 'C:\a.exe'}` → an event five minutes after the case's base time. Events of a
//! case are looked at more closely than recordings: a log source or a field that does not exist is
//! an error, since a case with a misspelt name would pass for the wrong reason.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::cli::events::placed;
use crate::cli::files::project_file;
use crate::diagnostic::{Code, Diagnostic};
use crate::engine::event::{Belongs, Event, Origin};
use crate::engine::read::{EventReader, ReadOptions, TIMES};
use crate::ir::{Body, Pattern, PatternSource, Rule};
use crate::source::{SourceMap, Spanned};
use crate::taxonomy::{Parts, Taxonomy};

use super::case::{At, Case, Inline};

/// Where a case stands.
pub(crate) struct Place<'p> {
    /// The test file.
    pub file: &'p Path,
    /// All texts, to name lines.
    pub sources: &'p SourceMap,
}

/// The events of a case for a rule, as they stand.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn read(
    case: &Case,
    rule: &Rule,
    place: &Place<'_>,
) -> Result<Vec<Event>, Vec<Diagnostic>> {
    let logsource = case.logsource.clone().or_else(|| only_logsource(rule));
    let options = ReadOptions { logsource, ..ReadOptions::default() };
    let (mut events, mut found) = inline(case, place, &options);
    for name in &case.files {
        match recorded(case, name, place, &options) {
            Ok(recorded) => events.extend(recorded),
            Err(problem) => {
                let message = format!("case `{}` cannot be tried: {problem}", case.name.node);
                found.push(Diagnostic::new(Code::FileUnreadable, name.span, message));
            }
        }
    }
    if found.is_empty() { Ok(events) } else { Err(found) }
}

/// The log source of all events that a rule looks at, if it is one.
fn only_logsource(rule: &Rule) -> Option<String> {
    let mut known = BTreeSet::new();
    match &rule.body {
        Body::Events(pattern) => logsources(pattern, &mut known),
        Body::Correlation(of) => of.patterns.iter().for_each(|of| logsources(of, &mut known)),
    }
    if known.len() == 1 { known.pop_first() } else { None }
}

/// Recurses along chains of rules, which `check` bounds.
fn logsources(pattern: &Pattern, known: &mut BTreeSet<String>) {
    match &pattern.source {
        PatternSource::Events { logsource, .. } => {
            known.insert(logsource.clone());
        }
        PatternSource::Firings(rule) => match &rule.body {
            Body::Events(pattern) => logsources(pattern, known),
            Body::Correlation(of) => of.patterns.iter().for_each(|of| logsources(of, known)),
        },
    }
}

fn inline(case: &Case, place: &Place<'_>, options: &ReadOptions) -> (Vec<Event>, Vec<Diagnostic>) {
    let taxonomy = Taxonomy::standard();
    let mut before = case.base.saturating_sub(1_000);
    let (mut events, mut found) = (Vec::new(), Vec::new());
    for written in &case.events {
        let text = serde_json::Value::from(written.fields.clone()).to_string();
        let Some(mut event) = EventReader::new(text.as_bytes(), "", options).next() else {
            continue;
        };
        found.extend(unknown(written, &event, &taxonomy));
        let time = match written.at {
            Some(At::Offset(offset)) => case.base.saturating_add(offset),
            Some(At::Time(time)) => time,
            None => event.time.unwrap_or(before.saturating_add(1_000)),
        };
        event.time = Some(time);
        before = time;
        let source = place.sources.get(written.span.source);
        let line = source.map_or(0, |source| source.position(written.span.start).0);
        event.origin = Origin { file: place.file.display().to_string().into(), line: line as u64 };
        events.push(event);
    }
    (events, found)
}

/// What no event of its log sources holds.
fn unknown(written: &Inline, event: &Event, taxonomy: &Taxonomy) -> Vec<Diagnostic> {
    let names = event.belongs.iter().map(|belongs| belongs.logsource.as_ref());
    let Some(logsource) = names.max_by_key(|name| precision(name)) else {
        let message = "the event has no log source, so no rule looks at it";
        let found = Diagnostic::new(Code::UnknownLogSource, written.span, message);
        return vec![found.help("add `logsource:` to the event, the case or the test file")];
    };
    let known: BTreeSet<&str> =
        event.belongs.iter().flat_map(|belongs| fields(belongs, taxonomy)).collect();
    let is_unknown = |name: &&Spanned<String>| {
        !known.contains(name.node.as_str()) && !TIMES.contains(&name.node.as_str())
    };
    let unknown = written.names.iter().filter(is_unknown).map(|name| {
        let message = format!("no field `{}` in `{logsource}`", name.node);
        Diagnostic::new(Code::UnknownField, name.span, message)
            .nearest(&name.node, known.iter().copied())
    });
    unknown.collect()
}

/// How many parts of a log source its key names.
fn precision(key: &str) -> usize {
    let Parts { product, category, service } = Parts::of(key);
    [product, category, service].into_iter().flatten().count()
}

/// The fields of a log source, by the taxonomy's names and by the event's own.
fn fields<'t>(
    belongs: &'t Belongs,
    taxonomy: &'t Taxonomy,
) -> impl Iterator<Item = &'t str> + use<'t> {
    let source = taxonomy.get(&belongs.logsource);
    let fields = source.into_iter().flat_map(|source| source.fields.keys().map(String::as_str));
    fields.chain(belongs.renames.iter().map(|(_, own)| *own))
}

/// The events of a file that a case names.
fn recorded(
    case: &Case,
    name: &Spanned<String>,
    place: &Place<'_>,
    options: &ReadOptions,
) -> Result<Vec<Event>, String> {
    let found = find(place.file, &case.alternatives(name))?;
    let file = File::open(&found).map_err(|error| error.to_string())?;
    let mut reader = EventReader::new(file, &found.display().to_string(), options);
    let events = reader.by_ref().collect();
    match reader.report().problems.first() {
        Some(problem) => Err(placed(&name.node, problem)),
        None => Ok(events),
    }
}

/// The first of some files that is there: relative to the test file's folder, or to a folder above
/// it within the project.
fn find(test: &Path, names: &[String]) -> Result<PathBuf, String> {
    let test = std::fs::canonicalize(test).map_err(|error| error.to_string())?;
    let root = root(&test);
    for name in names {
        let folders = test.ancestors().skip(1).take_while(|folder| folder.starts_with(&root));
        let candidates: Vec<PathBuf> = folders.map(|folder| folder.join(name)).collect();
        if let Some(found) = candidates.iter().find_map(|path| std::fs::canonicalize(path).ok()) {
            return match found.starts_with(&root) {
                true if found.is_file() => Ok(found),
                true => Err(format!("`{name}` is no file")),
                false => Err(format!("`{name}` lies outside of the project")),
            };
        }
    }
    let name = names.first().map_or("", String::as_str);
    Err(format!("there is no event file `{name}` beside the test file or above it"))
}

/// The folder that the files of a test must lie in: that of `sigweave.toml`, else of the
/// repository, else the folder in which the program runs, else that of the test file.
fn root(test: &Path) -> PathBuf {
    let folder = test.parent().unwrap_or(test);
    let project = project_file(folder).and_then(|file| file.parent().map(Path::to_path_buf));
    let repository = || folder.ancestors().find(|folder| folder.join(".git").exists());
    let here = || {
        let here = std::env::current_dir().ok()?;
        let here = std::fs::canonicalize(here).ok()?;
        folder.starts_with(&here).then_some(here)
    };
    project
        .or_else(|| repository().map(Path::to_path_buf))
        .or_else(here)
        .unwrap_or_else(|| folder.to_path_buf())
}
