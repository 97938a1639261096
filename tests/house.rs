//! The order of the house: which room knows which, how large things may grow, and that the table of
//! codes, their pages and their cases belong together (`docs/architecture.md`).

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "house/limits.rs"]
mod limits;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sigweave::diagnostic::CODES;

/// Each room and the rooms that it may name.
const ARROWS: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("diagnostic", &["source"]),
    ("yaml", &["source", "diagnostic"]),
    ("syntax", &["source", "diagnostic", "yaml"]),
    ("taxonomy", &["source", "diagnostic", "yaml"]),
    ("platform", &["source", "diagnostic", "yaml", "taxonomy"]),
    ("project", &["source", "diagnostic", "yaml"]),
    ("ir", &["source", "diagnostic", "taxonomy"]),
    ("print", &["source", "diagnostic", "syntax"]),
    ("check", &["source", "diagnostic", "syntax", "taxonomy", "ir"]),
    ("lint", &["source", "diagnostic", "yaml", "syntax", "taxonomy", "check"]),
    ("plan", &["source", "diagnostic", "taxonomy", "platform", "ir"]),
    ("backend", &["source", "diagnostic", "taxonomy", "platform", "ir", "plan"]),
    ("emit", &["source", "diagnostic", "taxonomy", "ir", "plan", "platform", "backend", "project"]),
    ("engine", &["source", "diagnostic", "taxonomy", "ir"]),
    ("pivot", &["source", "diagnostic", "project"]),
    ("coverage", &["source", "diagnostic"]),
];

/// Codes that no rule can raise; `cli::build::folder` shows them.
const SHOWN_BY_A_UNIT_TEST: [&str; 1] = ["E0717"];

/// Lines that a file may have.
const MAX_FILE: usize = 600;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// The rooms that a text names as `crate::room`.
fn rooms_named(text: &str) -> BTreeSet<String> {
    let after = text.split("crate::").skip(1);
    let word = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    after.map(word).collect()
}

#[test]
fn each_room_knows_only_the_rooms_above_it() {
    let mut broken = Vec::new();
    for (room, allowed) in ARROWS {
        for file in files_below(&root().join("src").join(room), "rs") {
            if file.ends_with("tests.rs") {
                continue;
            }
            let text = read(&file);
            let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for named in rooms_named(product) {
                let known = ARROWS.iter().any(|(other, _)| *other == named);
                if known && named != *room && !allowed.contains(&named.as_str()) {
                    broken.push(format!("{} names {named}", file.display()));
                }
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn back_ends_do_not_know_each_other() {
    let backends = ["splunk", "kql", "eql", "esql"];
    for backend in backends {
        for file in files_below(&root().join("src/backend").join(backend), "rs") {
            let text = read(&file);
            for other in backends.iter().filter(|other| **other != backend) {
                let path = format!("backend::{other}");
                assert!(!text.contains(&path), "{} names {other}", file.display());
            }
        }
    }
}

#[test]
fn files_stay_small_and_say_what_they_are() {
    let mut broken = Vec::new();
    for file in files_below(&root().join("src"), "rs") {
        let text = read(&file);
        let lines = text.lines().count();
        if lines > MAX_FILE {
            broken.push(format!("{}: {lines} lines", file.display()));
        }
        if !text.starts_with("//! ") {
            broken.push(format!("{}: no `//!` at the top", file.display()));
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn there_are_at_most_four_test_binaries() {
    let binaries = fs::read_dir(root().join("tests")).unwrap().flatten();
    let count =
        binaries.filter(|entry| entry.path().extension().is_some_and(|x| x == "rs")).count();
    assert!(count <= 4, "{count} test binaries");
}

#[test]
fn nothing_needs_the_shared_folder() {
    for folder in ["src", "templates", "rules", "tests/errors", "tests/corpus"] {
        for extension in ["rs", "yml", "j2", "toml"] {
            for file in files_below(&root().join(folder), extension) {
                assert!(!read(&file).contains("../shared"), "{}", file.display());
            }
        }
    }
}

#[test]
fn codes_are_sorted_and_unique() {
    for kind in ["E", "W"] {
        let ids: Vec<_> =
            CODES.iter().map(|code| code.id).filter(|id| id.starts_with(kind)).collect();
        assert!(ids.is_sorted_by(|one, other| one < other), "{ids:?}");
    }
    let names: BTreeSet<_> = CODES.iter().map(|code| code.name).collect();
    assert_eq!(names.len(), CODES.len());
}

#[test]
fn every_code_has_a_page_and_a_case() {
    let mut missing = Vec::new();
    let cases: Vec<String> = fs::read_dir(root().join("tests/errors"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    for code in CODES {
        let page = root().join(format!("docs/errors/{}.md", code.id));
        let title = format!("# {}: {}\n", code.id, code.name);
        if !page.is_file() || !read(&page).starts_with(&title) {
            missing.push(format!("{}: no page with the title `{}`", code.id, title.trim_end()));
        }
        if !SHOWN_BY_A_UNIT_TEST.contains(&code.id)
            && !cases.iter().any(|case| case.starts_with(code.id))
        {
            missing.push(format!("{}: no case in tests/errors", code.id));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_page_is_about_a_code() {
    for page in files_below(&root().join("docs/errors"), "md") {
        let stem = page.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(CODES.iter().any(|code| code.id == stem), "{}", page.display());
    }
}
