//! `sigweave completions SHELL`: a script that completes commands and options.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::Cli;
use super::output::Output;

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sigweave completions bash > /etc/bash_completion.d/sigweave
  sigweave completions zsh > ~/.zfunc/_sigweave
  sigweave completions fish > ~/.config/fish/completions/sigweave.fish")]
pub(super) struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    let mut script = Vec::new();
    generate(arguments.shell, &mut Cli::command(), "sigweave", &mut script);
    output.line(String::from_utf8_lossy(&script).trim_end());
    0
}
