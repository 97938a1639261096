//! `sigweave templates list|show`, and `--templates DIR`: the user's own templates of artifacts.
//!
//! A file of the folder replaces the shipped template of the same path, such as
//! `DIR/kql/sentinel.yml.j2`. One that replaces none is an error (E0720), so that a misspelt name is
//! noticed. What a template may do is checked when it is rendered (E0704).

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ignore::WalkBuilder;

use crate::backend::template::Templates;
use crate::diagnostic::{Code, nearest};
use crate::emit::ENVELOPES;

use super::convert::usage;
use super::files;
use super::output::Output;

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
    /// Names of the templates that may be replaced.
    List,
    /// The text of a template.
    Show {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    match &arguments.what {
        What::List => {
            names().for_each(|name| output.line(name));
            0
        }
        What::Show { name } => match ENVELOPES.iter().find(|template| template.name == name) {
            Some(template) => {
                output.line(template.text.trim_end());
                0
            }
            None => usage(output, &[unknown(name)]),
        },
    }
}

/// The templates of a folder.
///
/// # Errors
/// A file cannot be read, or replaces no template; a line for each.
pub(super) fn load(folder: Option<&Path>) -> Result<Templates, Vec<String>> {
    let mut templates = Templates::default();
    let Some(folder) = folder else { return Ok(templates) };
    if !folder.is_dir() {
        let code = Code::FileUnreadable.id();
        return Err(vec![format!("error[{code}]: {}: no such folder", folder.display())]);
    }
    let mut problems = Vec::new();
    let entries = WalkBuilder::new(folder).require_git(false).build().flatten();
    let paths: Vec<PathBuf> =
        entries.map(ignore::DirEntry::into_path).filter(|path| path.is_file()).collect();
    for path in paths {
        let inside = path.strip_prefix(folder).unwrap_or(&path);
        let parts = inside.components().map(|part| part.as_os_str().to_string_lossy());
        let name = parts.collect::<Vec<_>>().join("/");
        if !names().any(|known| known == name) {
            problems.push(unknown(&name));
            continue;
        }
        match files::read(&path) {
            Ok(bytes) => templates.replace(name, String::from_utf8_lossy(&bytes)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(templates) } else { Err(problems) }
}

fn names() -> impl Iterator<Item = &'static str> {
    ENVELOPES.iter().map(|template| template.name)
}

fn unknown(name: &str) -> String {
    let help = match nearest(name, names()) {
        Some(near) => format!("the nearest name is `{near}`"),
        None => "`sigweave templates list` lists them".to_owned(),
    };
    format!("error[{}]: there is no template `{name}`; {help}", Code::UnknownTemplate.id())
}
