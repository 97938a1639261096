//! The `sigweave` command; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    sigweave::cli::main()
}
