//! `sigweave init`: a project that passes check, test and build at once, with hook and CI files.
//!
//! No file that is there is touched: it is left as it is, and said so. If a file cannot be written, none
//! stays: what was written goes again.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::diagnostic::Code;

use super::convert::usage;
use super::files;
use super::output::{Output, counted};

/// Files with their texts.
const FILES: [(&str, &str); 9] = [
    ("sigweave.toml", include_str!("../../templates/init/sigweave.toml")),
    ("rules/certutil_root_added.yml", include_str!("../../templates/init/certutil_root_added.yml")),
    (
        "rules/certutil_root_added.test.yml",
        include_str!("../../templates/init/certutil_root_added.test.yml"),
    ),
    (
        "rules/root_then_unknown_program.weave",
        include_str!("../../templates/init/root_then_unknown_program.weave"),
    ),
    (
        "rules/root_then_unknown_program.test.yml",
        include_str!("../../templates/init/root_then_unknown_program.test.yml"),
    ),
    (".pre-commit-config.yaml", include_str!("../../templates/init/pre-commit-config.yaml")),
    (".github/workflows/sigweave.yml", include_str!("../../templates/init/github-workflow.yml")),
    (".gitlab-ci.yml", include_str!("../../templates/init/gitlab-ci.yml")),
    (".gitattributes", include_str!("../../templates/init/gitattributes")),
];

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave init                     in the current folder
  sigweave init detections          in a new folder")]
pub(super) struct Arguments {
    /// The folder of the project; it is made if it is not there.
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    match made(&arguments.folder, output) {
        Ok(()) => 0,
        Err(problem) => usage(output, &[problem]),
    }
}

fn made(folder: &Path, output: &mut Output) -> Result<(), String> {
    let problem = |path: &Path, error: &std::io::Error| {
        format!("error[{}]: {}: {error}", Code::FileUnreadable.id(), path.display())
    };
    if folder.join(crate::project::FILE_NAME).exists() {
        return Err(format!("`{}` is a project already", folder.display()));
    }
    fs::create_dir_all(folder).map_err(|error| problem(folder, &error))?;
    if let Some(outer) = files::project_file(folder) {
        output.remark(&format!("note: this folder lies in the project of {}", outer.display()));
    }
    let mut written = Vec::new();
    let mut left = 0;
    for (name, text) in FILES {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        let made = fs::create_dir_all(parent).and_then(|()| files::create(&path, text));
        match made {
            Ok(()) => {
                written.push(path);
                output.line(&format!("wrote {name}"));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                left += 1;
                output.line(&format!("left  {name}, which is there already"));
            }
            Err(error) => {
                for path in &written {
                    let _ = fs::remove_file(path);
                }
                return Err(format!("{}\nnothing was written", problem(&path, &error)));
            }
        }
    }
    let left = if left > 0 { format!(", {left} left as they were") } else { String::new() };
    output.remark(&format!("{} written{left}", counted(written.len(), "file")));
    output.remark("next: sigweave check && sigweave test && sigweave build");
    Ok(())
}
