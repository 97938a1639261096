//! Findings in the formats of machines, with paths relative to the repository.

use std::path::{Component, Path, PathBuf};

use clap::ValueEnum;

use crate::diagnostic::machine::{Places, github, junit, sarif};
use crate::diagnostic::{Diagnostic, render_json};
use crate::source::SourceMap;

use super::output::Output;

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
    /// A SARIF 2.1.0 log, for code scanning.
    Sarif,
    /// Annotations of GitHub's workflows.
    Github,
    /// A JUnit report.
    Junit,
}

/// Prints findings; `files` are those that were looked at.
pub(super) fn print(
    format: Format,
    found: &[&Diagnostic],
    files: &[String],
    sources: &SourceMap,
    output: &mut Output,
) {
    let root = repository();
    let name = |name: &str| relative(&root, Path::new(name));
    let places = Places { sources, name: &name };
    match format {
        Format::Text => output.findings(found.iter().copied(), sources),
        Format::Json => found.iter().for_each(|found| output.line(&render_json(found, sources))),
        Format::Sarif => output.line(&sarif(found, &places)),
        Format::Github => found.iter().for_each(|found| output.line(&github(found, &places))),
        Format::Junit => output.line(&junit(found, files, &places)),
    }
}

/// The folder of the repository, else of the project, else the current one.
fn repository() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let above = |name: &str| here.ancestors().find(|folder| folder.join(name).exists());
    above(".git").or_else(|| above(crate::project::FILE_NAME)).unwrap_or(&here).to_owned()
}

/// A path from a folder on, with `/` between; the path itself if it lies elsewhere.
pub(super) fn relative(root: &Path, path: &Path) -> String {
    let (root, path) = (plain(root), plain(path));
    let Ok(inside) = path.strip_prefix(&root) else {
        return path.display().to_string().replace('\\', "/");
    };
    let parts = inside.components();
    parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
}

/// A path from the root of the disk on, without `..`.
fn plain(path: &Path) -> PathBuf {
    let path = if path == Path::new("") { Path::new(".") } else { path };
    let mut plain = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}
