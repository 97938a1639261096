//! The `sigweave` command; everything is in the library.

use std::process::ExitCode;

/// A run makes millions of small texts, which glibc's allocator takes a third of the time for.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sigweave::cli::main()
}
