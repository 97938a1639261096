//! `cargo bench --bench build`: 5,000 rules built, rebuilt unchanged, and checked, as a user runs it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const RULES: usize = 5000;

fn rule(number: usize) -> String {
    format!(
        "title: Program {number} Started\nname: program_{number}\nid: 00000000-0000-4000-8000-{number:012}\n\
         status: test\ndescription: Finds program {number}.\nauthor: bench\ndate: 2026-11-21\n\
         logsource:\n    category: process_creation\n    product: windows\ndetection:\n    selection:\n        \
         Image|endswith: '\\tool{number}.exe'\n        CommandLine|contains: ' -x{number} '\n    \
         condition: selection\nlevel: high\n"
    )
}

/// Runs the program; returns the seconds and what it said last.
fn timed(folder: &Path, arguments: &[&str]) -> (f64, String) {
    let begun = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_sigweave"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    (begun.elapsed().as_secs_f64(), said.lines().next().unwrap_or_default().to_owned())
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    for number in 0..RULES {
        fs::write(folder.path().join(format!("rules/{number}.yml")), rule(number)).unwrap();
    }
    let project = "[environments.soc]\ntarget = 'kql'\nplatform = 'sentinel'\nformats = ['query', 'sentinel-yaml']\n";
    fs::write(folder.path().join("sigweave.toml"), project).unwrap();
    let steps: [(&str, &[&str]); 3] =
        [("build", &["build"]), ("unchanged", &["build"]), ("check", &["build", "--check"])];
    for (name, arguments) in steps {
        let (seconds, said) = timed(folder.path(), arguments);
        println!("{name:10} {seconds:6.2} s  {said}");
        assert!(name != "unchanged" || said.contains(" 0 compiled"), "{said}");
    }
}
