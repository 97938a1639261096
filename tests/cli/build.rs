//! `sigweave build`: what it writes, what it leaves alone, and what happens when it cannot.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{code, folder_with, objects, run, stderr, stdout};

/// A rule with all that artifacts need.
pub(super) const RULE: &str = "title: Certutil
name: certutil
id: 0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10
status: test
description: Certutil was started.
author: Us
date: 2026-11-28
tags: [attack.t1553.004]
logsource: {product: windows, category: process_creation}
detection:
    sel:
        Image|endswith: '\\certutil.exe'
    condition: sel
falsepositives: [Administration]
level: high
";

/// An environment that writes queries.
const PROJECT: &str = "[environments.soc]\ntarget = 'kql'\nplatform = 'defender-xdr'\n";

pub(super) fn project(toml: &str, rules: &[(&str, &str)]) -> tempfile::TempDir {
    let mut files: Vec<(String, &[u8])> = vec![("sigweave.toml".to_owned(), toml.as_bytes())];
    files.extend(rules.iter().map(|(name, text)| (format!("rules/{name}"), text.as_bytes())));
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    folder_with(&files)
}

/// The files below a folder that are not the build's own, with their texts.
pub(super) fn tree(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with(".sigweave") {
            found.extend(tree(&path));
        } else if path.is_file() {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found.sort();
    found
}

fn other(name: &str) -> String {
    let id = format!("{:08x}", name.len());
    RULE.replace("name: certutil", &format!("name: {name}")).replace("0f0c7bd2", &id)
}

fn build(folder: &Path, arguments: &[&str]) -> std::process::Output {
    run(folder, &[&["build"], arguments].concat())
}

/// The only environment's summary.
fn summary(folder: &Path, arguments: &[&str]) -> Value {
    let output = build(folder, &[&["--format", "json"], arguments].concat());
    objects(&output).pop().unwrap_or_else(|| panic!("{}", stderr(&output)))
}

#[test]
fn a_build_writes_files_named_after_rules_and_a_manifest_the_same_every_time() {
    let [one, two] = [(), ()].map(|()| {
        let folder = project(PROJECT, &[("a.yml", RULE), ("b/c.yml", &other("second"))]);
        let output = build(folder.path(), &[]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let files = tree(&folder.path().join("build/soc"));
        files
            .into_iter()
            .map(|(path, text)| (path.file_name().unwrap().to_owned(), text))
            .collect::<Vec<_>>()
    });
    assert_eq!(one, two);
    let names: Vec<_> = one.iter().map(|(name, _)| name.to_str().unwrap()).collect();
    assert_eq!(names, ["certutil.kql", "manifest.json", "second.kql"]);
    let manifest: Value = serde_json::from_str(&one[1].1).unwrap();
    let rule = &manifest["rules"][0];
    assert_eq!(rule["source"], "rules/a.yml");
    assert_eq!((&rule["exactness"], &rule["plan"]), (&"exact".into(), &"filter".into()));
    assert_eq!(rule["files"], serde_json::json!(["certutil.kql"]));
    assert_eq!(manifest["files"]["certutil.kql"].as_str().unwrap().len(), 64);
}

#[test]
fn an_unchanged_tree_is_not_compiled() {
    let folder = project(PROJECT, &[("a.yml", RULE)]);
    assert_eq!(summary(folder.path(), &[])["compiled"], 1);
    let again = summary(folder.path(), &[]);
    assert_eq!((&again["compiled"], &again["rules"]), (&0.into(), &1.into()));
    // Whatever changes, an input or an output, is noticed.
    fs::write(folder.path().join("build/soc/certutil.kql"), "edited").unwrap();
    let mended = summary(folder.path(), &[]);
    assert_eq!(mended["written"], serde_json::json!(["build/soc/certutil.kql"]));
    fs::write(folder.path().join("rules/a.yml"), RULE.replace("certutil.exe", "x.exe")).unwrap();
    assert_eq!(summary(folder.path(), &[])["written"].as_array().unwrap().len(), 2);
    fs::write(folder.path().join("sigweave.toml"), format!("{PROJECT}delay = '10m'\n")).unwrap();
    assert_eq!(summary(folder.path(), &[])["compiled"], 1);
    let delay = "environments.soc.delay=15m";
    assert_eq!(summary(folder.path(), &["--set", delay])["compiled"], 1);
}

#[test]
fn outputs_of_removed_rules_go_and_other_files_stay() {
    let folder = project(PROJECT, &[("a.yml", RULE), ("b.yml", &other("second"))]);
    build(folder.path(), &[]);
    fs::write(folder.path().join("build/soc/notes.txt"), "mine").unwrap();
    fs::remove_file(folder.path().join("rules/b.yml")).unwrap();
    assert_eq!(summary(folder.path(), &[])["removed"], serde_json::json!(["build/soc/second.kql"]));
    let names: Vec<_> =
        tree(&folder.path().join("build/soc")).into_iter().map(|(path, _)| path).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().any(|name| name.ends_with("notes.txt")));
}

#[test]
fn an_environment_is_built_as_a_whole_or_not_at_all() {
    let two = format!("{PROJECT}[environments.z]\ntarget = 'splunk'\nplatform = 'splunk-ta'\n");
    let folder = project(&two, &[("a.yml", RULE), ("b.yml", &other("second"))]);
    build(folder.path(), &[]);
    let before = tree(&folder.path().join("build/soc"));
    // The new rule is refused on Defender XDR, where nothing holds Zeek's logs.
    let zeek = other("third")
        .replace("{product: windows, category: process_creation}", "{product: zeek, service: ssl}")
        .replace("Image|endswith: '\\certutil.exe'", "version: TLSv10");
    fs::write(folder.path().join("rules/c.yml"), zeek).unwrap();
    fs::write(folder.path().join("rules/a.yml"), RULE.replace("certutil.exe", "x.exe")).unwrap();
    let output = build(folder.path(), &[]);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("soc: not built, build/soc is as it was"),
        "{}",
        stderr(&output)
    );
    assert_eq!(tree(&folder.path().join("build/soc")), before);
    assert!(folder.path().join("build/z/third.spl").exists());
}

#[test]
fn a_check_writes_nothing_and_shows_what_is_stale() {
    let folder = project(PROJECT, &[("a.yml", RULE), ("b.yml", &other("second"))]);
    let output = build(folder.path(), &["--check"]);
    assert_eq!(code(&output), 1);
    assert!(!folder.path().join("build").exists());
    build(folder.path(), &[]);
    assert_eq!(code(&build(folder.path(), &["--check"])), 0);
    let changed = RULE.replace("certutil.exe", "x.exe");
    fs::write(folder.path().join("rules/a.yml"), changed).unwrap();
    fs::remove_file(folder.path().join("rules/b.yml")).unwrap();
    let before = tree(&folder.path().join("build"));
    let output = build(folder.path(), &["--check"]);
    assert_eq!(code(&output), 1);
    let said = stdout(&output);
    assert!(said.contains("-| where FolderPath endswith @\"\\certutil.exe\""), "{said}");
    assert!(said.contains("+| where FolderPath endswith @\"\\x.exe\""), "{said}");
    assert!(said.contains("+++ /dev/null"), "{said}");
    assert!(stderr(&output).contains("E0719"), "{}", stderr(&output));
    assert_eq!(tree(&folder.path().join("build")), before);
}

#[test]
fn a_check_does_not_trust_the_manifest() {
    let folder = project(PROJECT, &[("a.yml", RULE)]);
    build(folder.path(), &[]);
    let file = folder.path().join("build/soc/certutil.kql");
    let query = fs::read_to_string(&file).unwrap();
    let manifest = folder.path().join("build/soc/manifest.json");
    let (old, new) = (sha256(&query), sha256("forged"));
    fs::write(&file, "forged").unwrap();
    let text = fs::read_to_string(&manifest).unwrap().replace(&old, &new);
    fs::write(&manifest, &text).unwrap();
    let state = folder.path().join("build/soc/.sigweave/state.json");
    let mut known: Value = serde_json::from_str(&fs::read_to_string(&state).unwrap()).unwrap();
    known["manifest"] = sha256(&text).into();
    fs::write(&state, known.to_string()).unwrap();
    assert_eq!(code(&build(folder.path(), &["--check"])), 1);
}

fn sha256(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn paths_choose_the_rules_whose_outputs_change() {
    let folder = project(PROJECT, &[("a.yml", RULE), ("b.yml", &other("second"))]);
    build(folder.path(), &[]);
    for file in ["a.yml", "b.yml"] {
        let path = folder.path().join("rules").join(file);
        let text = fs::read_to_string(&path).unwrap().replace("certutil.exe", "x.exe");
        fs::write(path, text).unwrap();
    }
    let chosen = summary(folder.path(), &["rules/a.yml"]);
    let written = serde_json::json!(["build/soc/certutil.kql", "build/soc/manifest.json"]);
    assert_eq!((&chosen["compiled"], &chosen["written"]), (&1.into(), &written));
    assert_eq!(summary(folder.path(), &[])["written"].as_array().unwrap().len(), 2);
    fs::write(folder.path().join("elsewhere.yml"), RULE).unwrap();
    fs::write(folder.path().join("rules/a.test.yml"), "").unwrap();
    for (path, why) in [
        ("elsewhere.yml", "`elsewhere.yml` is in none of the project's rule folders"),
        ("rules/a.test.yml", "`rules/a.test.yml` is a test file"),
    ] {
        let output = build(folder.path(), &[path]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
}

#[test]
fn a_dry_run_lists_what_would_be_written() {
    let folder = project(PROJECT, &[("a.yml", RULE)]);
    let output = build(folder.path(), &["--dry-run"]);
    assert!(stderr(&output).contains("write build/soc/certutil.kql"), "{}", stderr(&output));
    assert!(!folder.path().join("build").exists());
}

#[test]
fn builds_from_anywhere_in_the_project_and_with_crlf_and_bom() {
    let toml = format!("\u{feff}{}", PROJECT.replace('\n', "\r\n"));
    let rule = format!("\u{feff}{}", RULE.replace('\n', "\r\n"));
    let folder = project(&toml, &[("deep/er/a.yml", &rule)]);
    let output = build(&folder.path().join("rules/deep"), &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let query = fs::read_to_string(folder.path().join("build/soc/certutil.kql")).unwrap();
    assert!(!query.contains('\r'));
    let manifest = fs::read_to_string(folder.path().join("build/soc/manifest.json")).unwrap();
    assert!(manifest.contains("\"source\": \"rules/deep/er/a.yml\""), "{manifest}");
    // Another checkout has other line ends: the outputs are current all the same.
    fs::write(folder.path().join("rules/deep/er/a.yml"), RULE).unwrap();
    let output = build(folder.path(), &["--check"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn a_setting_makes_no_environment() {
    let folder = project(PROJECT, &[("a.yml", RULE)]);
    let output = build(folder.path(), &["--set", "environments.sok.schedule=15m"]);
    assert_eq!(code(&output), 1);
    let said = stderr(&output);
    assert!(said.contains("error[E0707]: there is no environment `sok`"), "{said}");
    assert!(said.contains("the nearest name is `soc`"), "{said}");
    assert!(!folder.path().join("build").exists());
    let whole = "environments.x={target='kql', platform='defender-xdr'}";
    let output = build(folder.path(), &["--set", whole]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(folder.path().join("build/x/certutil.kql").is_file());
}

#[cfg(unix)]
#[test]
fn outputs_do_not_leave_the_project_by_a_link_and_do_not_follow_one() {
    let folder = project(PROJECT, &[("a.yml", RULE)]);
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("build")).unwrap();
    let output = build(folder.path(), &[]);
    assert!(stderr(&output).contains("E0715"), "{}", stderr(&output));
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    fs::remove_file(folder.path().join("build")).unwrap();
    fs::create_dir_all(folder.path().join("build/soc")).unwrap();
    let victim = elsewhere.path().join("victim");
    fs::write(&victim, "x").unwrap();
    std::os::unix::fs::symlink(&victim, folder.path().join("build/soc/certutil.kql")).unwrap();
    let output = build(folder.path(), &[]);
    assert!(stderr(&output).contains("E0716"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "x");
}

#[test]
fn a_project_without_environments_and_no_project_are_usage() {
    let folder = project("rules = ['rules']\n", &[("a.yml", RULE)]);
    assert_eq!(code(&build(folder.path(), &[])), 2);
    let nothing = tempfile::tempdir().unwrap();
    let output = build(nothing.path(), &[]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("sigweave init"), "{}", stderr(&output));
}
