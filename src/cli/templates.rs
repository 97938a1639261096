//! `sigweave templates list|show`, and the user's own templates: those of the folder that
//! `templates` in sigweave.toml or `--templates` names.
//!
//! A file of the folder replaces the shipped template of the same path, such as
//! `DIR/kql/sentinel.yml.j2`. One that replaces none is an error (E0720), so that a misspelt name is
//! noticed; one that breaks the contract of its template, too, at its place in the file.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::backend::BACKENDS;
use crate::backend::template::contract::{self, Needs};
use crate::backend::template::{Template, Templates};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::emit::ENVELOPES;
use crate::project::Project;
use crate::source::{SourceMap, Span};

use super::convert::usage;
use super::output::Output;
use super::{files, workspace};

/// Arguments of `templates`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave templates list
  sigweave templates show kql/sentinel.yml.j2 > own/kql/sentinel.yml.j2
  sigweave build --templates own")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Names of the templates that may be replaced, what each is, and whether the project does.
    List,
    /// The shipped text of a template.
    Show {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// So many files that replace no template are named; of more, how many they are.
const MOST_FOREIGN: usize = 5;

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    match &arguments.what {
        What::List => match list(output) {
            Ok(()) => 0,
            Err(problems) => usage(output, &problems),
        },
        What::Show { name } => match all().find(|(template, _)| template.name == name) {
            Some((template, _)) => {
                output.line(template.text.trim_end());
                0
            }
            None => usage(output, &[unknown(name)]),
        },
    }
}

/// `kql/filter.j2    query     replaced by own/kql/filter.j2`.
fn list(output: &mut Output) -> Result<(), Vec<String>> {
    let mut sources = SourceMap::default();
    let (project, root) = workspace::project_here(&mut sources, &[])?;
    let own = match folder(None, &project, &root)? {
        Some(folder) => paths(&folder)?,
        None => Vec::new(),
    };
    let width = all().map(|(template, _)| template.name.len()).max().unwrap_or_default();
    for (template, needs) in all() {
        let kind = match needs {
            Needs::All => "query",
            Needs::Query => "artifact",
        };
        let line = format!("{:width$}  {kind}", template.name);
        let replaced = own.iter().find(|(name, _)| name == template.name);
        output.line(&match replaced {
            Some((_, path)) => {
                format!("{line:indent$}  replaced by {}", path.display(), indent = width + 10)
            }
            None => line,
        });
    }
    Ok(())
}

/// All templates with what one of the user's has to read.
fn all() -> impl Iterator<Item = (&'static Template, Needs)> {
    let skeletons = BACKENDS.iter().flat_map(|backend| backend.skeletons());
    let skeletons = skeletons.map(|template| (template, Needs::All));
    skeletons.chain(ENVELOPES.iter().map(|template| (template, Needs::Query)))
}

/// The folder of the user's own templates: the named one, else the project's.
///
/// # Errors
/// The project's leads out of the project.
pub(super) fn folder(
    named: Option<&Path>,
    project: &Project,
    root: &Path,
) -> Result<Option<PathBuf>, Vec<String>> {
    if let Some(named) = named {
        return Ok(Some(named.to_owned()));
    }
    let Some(folder) = &project.templates else { return Ok(None) };
    let path = root.join(&folder.node);
    let real = |path: &Path| path.canonicalize().ok();
    let whole = real(if root.as_os_str().is_empty() { Path::new(".") } else { root });
    match (real(&path), whole) {
        (Some(inner), Some(whole)) if !inner.starts_with(&whole) => {
            let code = Code::ProjectSyntax.id();
            let problem = format!("the link `{}` leads out of the project", folder.node);
            Err(vec![format!("error[{code}]: {problem}")])
        }
        (Some(_) | None, _) => Ok(Some(path)),
    }
}

/// The templates that are the user's.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Those that keep their contract.
    pub(super) templates: Templates,
    /// What is wrong with the others.
    pub(super) found: Vec<Diagnostic>,
}

/// The templates of a folder; their texts become sources.
///
/// # Errors
/// A file cannot be read, or replaces no template; a line for each.
pub(super) fn load(folder: Option<&Path>, sources: &mut SourceMap) -> Result<Own, Vec<String>> {
    let mut own = Own::default();
    for File { name, path, bytes } in read(folder)? {
        let Some((template, needs)) = all().find(|(template, _)| template.name == name) else {
            continue;
        };
        let (text, is_text) = match String::from_utf8(bytes) {
            Ok(text) => (text.replace("\r\n", "\n"), true),
            Err(_) => (String::new(), false),
        };
        let source = sources.add(path.display().to_string(), text);
        if !is_text {
            let message = "the file is not UTF-8 text";
            own.found.push(Diagnostic::new(Code::NotUtf8, Span::new(source, 0, 0), message));
            continue;
        }
        let text = sources.text(source);
        match contract::check(template, needs, source, text) {
            Ok(()) => own.templates.replace(template, source, text),
            Err(found) => own.found.extend(found),
        }
    }
    Ok(own)
}

/// A file of the folder, with its path in it.
pub(super) struct File {
    pub(super) name: String,
    path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// The files of a folder that replace templates.
///
/// # Errors
/// A file cannot be read, replaces no template, or lies elsewhere; a line for each.
pub(super) fn read(folder: Option<&Path>) -> Result<Vec<File>, Vec<String>> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let (known, foreign): (Vec<_>, Vec<_>) = paths(folder)?
        .into_iter()
        .partition(|(name, _)| all().any(|(template, _)| template.name == name));
    problems.extend(foreign.iter().take(MOST_FOREIGN).map(|(name, _)| unknown(name)));
    if let Some(more) = foreign.len().checked_sub(MOST_FOREIGN).filter(|more| *more > 0) {
        let code = Code::UnknownTemplate.id();
        problems.push(format!("error[{code}]: {more} more files there replace no template"));
    }
    for (name, path) in known {
        match files::read(&path) {
            Ok(bytes) => found.push(File { name, path, bytes }),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// Names and paths of the files of a folder, sorted.
///
/// # Errors
/// There is no such folder, a link leads out of it, or something there is no file.
fn paths(folder: &Path) -> Result<Vec<(String, PathBuf)>, Vec<String>> {
    let code = Code::FileUnreadable.id();
    let Ok(whole) = folder.canonicalize() else {
        return Err(vec![format!("error[{code}]: {}: no such folder", folder.display())]);
    };
    let inside = |path: &Path| {
        let inside = path.strip_prefix(folder).unwrap_or(path);
        let parts = inside.components().map(|part| part.as_os_str().to_string_lossy());
        parts.collect::<Vec<_>>().join("/")
    };
    let mut named = files::folders(folder).into_iter().map(|path| (inside(&path), path));
    if let Some((_, path)) = named.find(|(name, _)| all().any(|one| one.0.name == name)) {
        let problem = "a folder, where a template would be a file";
        return Err(vec![format!("error[{code}]: {}: {problem}", path.display())]);
    }
    let mut found = Vec::new();
    for path in files::all(folder) {
        if !path.canonicalize().is_ok_and(|real| real.starts_with(&whole)) {
            let problem = "the link leads out of the folder of templates";
            return Err(vec![format!("error[{code}]: {}: {problem}", path.display())]);
        }
        if !path.is_file() {
            let problem = "neither a file nor a folder";
            return Err(vec![format!("error[{code}]: {}: {problem}", path.display())]);
        }
        found.push((inside(&path), path));
    }
    Ok(found)
}

fn unknown(name: &str) -> String {
    let help = match nearest(name, all().map(|(template, _)| template.name)) {
        Some(near) => format!("the nearest name is `{near}`"),
        None => "`sigweave templates list` lists them".to_owned(),
    };
    format!("error[{}]: there is no template `{name}`; {help}", Code::UnknownTemplate.id())
}
