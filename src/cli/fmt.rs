//! `sigweave fmt`: Weave files in their one style.
//!
//! A file is written only if it changes, by way of a temporary file beside it, so that it is never
//! half written. A file with mistakes is left as it is.

use std::path::{Path, PathBuf};

use clap::Args;
use similar::TextDiff;

use crate::diagnostic::Diagnostics;
use crate::print;
use crate::source::SourceMap;
use crate::syntax::weave;

use super::convert::usage;
use super::files;
use super::output::{Output, counted};
use super::{FINDINGS, workspace};

/// Arguments of `fmt`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave fmt                    all .weave files of the project
  sigweave fmt --check rules      does any file need it? (exit code 1)
  sigweave fmt --diff x.weave     what would change
  sigweave fmt - < x.weave        to standard output")]
pub(super) struct Arguments {
    /// Weave files or folders; `-` is standard input. Without any, the project's rule folders.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Writes nothing; fails if a file would change.
    #[arg(long)]
    check: bool,
    /// Writes nothing; prints what would change.
    #[arg(long)]
    diff: bool,
}

/// What became of a file.
enum Outcome {
    Same(String),
    Changed { before: String, after: String },
    Broken,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    let files = match workspace::rule_files(&arguments.paths) {
        Ok(files) => files.into_iter().filter(|file| is_weave(file)),
        Err(problems) => return usage(output, &problems),
    };
    let (mut seen, mut changed, mut broken) = (0, 0, 0);
    for file in files {
        seen += 1;
        match format(&file, output) {
            Err(problem) => return usage(output, &[problem]),
            Ok(Outcome::Broken) => broken += 1,
            Ok(Outcome::Same(text)) => {
                let shown = file == Path::new("-") && !arguments.check && !arguments.diff;
                if shown {
                    output.line(text.trim_end_matches('\n'));
                }
            }
            Ok(Outcome::Changed { before, after }) => {
                changed += 1;
                if let Err(problem) = put(arguments, &file, &before, &after, output) {
                    return usage(output, &[problem]);
                }
            }
        }
    }
    let verb = if arguments.check || arguments.diff { "to be formatted" } else { "formatted" };
    let left = if broken > 0 { format!(", {broken} with errors") } else { String::new() };
    output.remark(&format!("{}: {changed} {verb}{left}", counted(seen, "Weave file")));
    let stale = changed > 0 && (arguments.check || arguments.diff);
    if stale || broken > 0 { FINDINGS } else { 0 }
}

fn is_weave(file: &Path) -> bool {
    file == Path::new("-") || files::is_weave(&file.to_string_lossy(), "")
}

/// The file's text and how it should be; mistakes are printed.
fn format(file: &Path, output: &mut Output) -> Result<Outcome, String> {
    let bytes = files::read(file)?;
    let name = if file == Path::new("-") { "<stdin>".into() } else { file.display().to_string() };
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(format!("{name}: not valid UTF-8"));
    };
    let mut sources = SourceMap::default();
    let id = sources.add(name, text.as_str());
    let mut diagnostics = Diagnostics::default();
    let script = weave::script(id, sources.text(id), &mut diagnostics);
    if !script.complete {
        let found = diagnostics.into_sorted();
        output.findings(&found, &sources);
        return Ok(Outcome::Broken);
    }
    let after = print::weave(&script);
    let same = after == text;
    Ok(if same { Outcome::Same(after) } else { Outcome::Changed { before: text, after } })
}

/// Writes or shows what changed.
fn put(
    arguments: &Arguments,
    file: &Path,
    before: &str,
    after: &str,
    output: &mut Output,
) -> Result<(), String> {
    if arguments.diff {
        let diff = TextDiff::from_lines(before, after);
        let name = file.display().to_string();
        let shown = diff.unified_diff().header(&name, &name).to_string();
        if !shown.is_empty() {
            output.line(shown.trim_end());
        }
        return Ok(());
    }
    if arguments.check {
        output.line(&file.display().to_string());
        return Ok(());
    }
    if file == Path::new("-") {
        output.line(after.trim_end_matches('\n'));
        return Ok(());
    }
    files::replace(file, after)
}
