//! `sigweave explain E0301`: the page of a code.

use clap::Args;

use crate::diagnostic::{CODES, Code, nearest, page};

use super::convert::usage;
use super::output::Output;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A code or its name, such as E0301 or unknown-field.
    code: String,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    let Some(code) = Code::find(&arguments.code) else {
        let known = CODES.iter().flat_map(|entry| [entry.id, entry.name]);
        let near = nearest(&arguments.code, known).map(|near| format!("; the nearest is `{near}`"));
        let problem = format!("there is no code `{}`{}", arguments.code, near.unwrap_or_default());
        return usage(output, &[problem]);
    };
    output.line(page(code).trim_end());
    0
}
