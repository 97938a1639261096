//! How loudly lints speak, and what `check --fix` writes.

use std::collections::BTreeSet;
use std::fs;

use super::{code, folder_with, objects, run, stderr, stdout};

const RULE: &str = "title: Certutil adds a root certificate # as seen in 2026
id: 0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10
status: Experimental
date: 2026/11/28
tags:
  - attack.T1553.004
  - attack.t1553.005
  - attack.t1553.005
logsource:
  product: windows
  category: process_creation
detection:
  selection:
    Image:
      - '*\\certutil.exe'
      - '*\\other''s.exe'
    Description|endswith:
      - 'it''s'
      - 'IT''S' # the same
    CommandLine|contains|all: 'store'
    OriginalFileName: '**\\\\Cert**util*'
    ParentCommandLine|re: '.*a[bc]'
    Product|contains: 010
  condition: selection
";

const MENDED: &str = "title: Certutil adds a root certificate # as seen in 2026
id: 0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10
status: experimental
date: 2026-11-28
tags:
  - attack.t1553.004
  - attack.t1553.005
logsource:
  product: windows
  category: process_creation
detection:
  selection:
    Image|endswith:
      - '\\certutil.exe'
      - '\\other''s.exe'
    Description|endswith:
      - 'it''s'
    CommandLine|contains: 'store'
    OriginalFileName: '*\\\\Cert*util*'
    ParentCommandLine|re: 'a[bc]'
    Product|contains: '010'
  condition: selection
";

fn codes(folder: &std::path::Path, arguments: &[&str]) -> BTreeSet<String> {
    let output = run(folder, &[&["check", "--format", "json"], arguments].concat());
    let code = |object: serde_json::Value| object["code"].as_str().unwrap().to_owned();
    objects(&output).into_iter().map(code).collect()
}

fn set(codes: &[&str]) -> BTreeSet<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

#[test]
fn fix_mends_what_is_safe_shows_it_and_changes_no_meaning() {
    for (mark, newline) in [("", "\n"), ("\u{feff}", "\r\n")] {
        let written = |text: &str| format!("{mark}{}", text.replace('\n', newline));
        let folder = folder_with(&[("rule.yml", written(RULE).as_bytes())]);
        let query = || {
            stdout(&run(
                folder.path(),
                &["convert", "rule.yml", "-t", "splunk", "-p", "splunk-generic"],
            ))
        };
        let before = query();
        let shown = run(folder.path(), &["check", "--strict", "--fix", "--dry-run", "rule.yml"]);
        assert!(stdout(&shown).contains("+date: 2026-11-28"), "{}", stdout(&shown));
        assert_eq!(fs::read_to_string(folder.path().join("rule.yml")).unwrap(), written(RULE));
        let mended = run(folder.path(), &["check", "--strict", "--fix", "rule.yml"]);
        assert_eq!(stdout(&shown), stdout(&mended));
        assert!(stderr(&mended).contains("mended"), "{}", stderr(&mended));
        assert_eq!(fs::read_to_string(folder.path().join("rule.yml")).unwrap(), written(MENDED));
        // What is there twice, or adds nothing, is asked once.
        let once = before
            .replace("Description IN (\"*it's\", \"*IT'S\")", "Description=\"*it's\"")
            .replace("\".*a[bc]\"", "\"a[bc]\"");
        assert_eq!(once, query());
        let again = run(folder.path(), &["check", "--strict", "--fix", "rule.yml"]);
        assert!(stdout(&again).is_empty(), "{}", stdout(&again));
    }
}

#[test]
fn a_hook_is_quiet_unless_a_project_asks_for_more() {
    let rule = super::RULE;
    let folder = folder_with(&[("rule.yml", rule.as_bytes())]);
    assert_eq!(codes(folder.path(), &["rule.yml"]), set(&[]));
    assert_eq!(codes(folder.path(), &["rule.yml", "--lint", "missing-id"]), set(&["W0103"]));
    assert!(codes(folder.path(), &["rule.yml", "--strict"]).len() > 4);
    let project = "[lints]\nmissing-id = \"error\"\nW0113 = \"warn\"\n";
    let folder =
        folder_with(&[("r/rule.yml", rule.as_bytes()), ("sigweave.toml", project.as_bytes())]);
    assert_eq!(codes(folder.path(), &["r/rule.yml"]), set(&["W0103", "W0113"]));
    let output = run(folder.path(), &["check", "r/rule.yml"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("error[W0103]"), "{}", stderr(&output));
    assert_eq!(code(&run(folder.path(), &["check", "--lint", "nope", "r/rule.yml"])), 2);
}

#[test]
fn comments_silence_lints_where_they_stand() {
    let head = format!("# sigweave: allow missing-id, W0109\n{}", super::RULE);
    let folder = folder_with(&[("a.yml", head.as_bytes())]);
    let asked = ["--lint", "missing-id,missing-date,missing-level"];
    assert_eq!(codes(folder.path(), &[&["a.yml"], &asked[..]].concat()), set(&["W0113"]));
    let line = super::RULE.replace("status: test", "status: Test # sigweave: allow unknown-status");
    let folder = folder_with(&[("a.yml", line.as_bytes())]);
    assert_eq!(codes(folder.path(), &["a.yml"]), set(&[]));
}

#[test]
fn validation_files_of_sigma_cli_are_read() {
    let config = "validators:\n  - all\n  - -identifier_existence\n  - -filename_length\n  - nope\n\
                  exclusions:\n  0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10: tag_format\n";
    let files = [("rule.yml", RULE.as_bytes()), ("conf.yml", config.as_bytes())];
    let folder = folder_with(&files);
    let with = ["rule.yml", "--validation-config", "conf.yml"];
    let found = codes(folder.path(), &with);
    let (on, off) = (["W0117", "W0128", "W0406"], ["W0103", "W0118"]);
    assert!(on.iter().all(|code| found.contains(*code)), "{found:?}");
    assert!(off.iter().all(|code| !found.contains(*code)), "{found:?}");
    assert_eq!(
        code(&run(folder.path(), &["check", "rule.yml", "--validation-config", "no.yml"])),
        2
    );
}
