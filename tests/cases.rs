//! Cases in folders, run through the command line as users run it.
//!
//! `tests/errors/<CODE>-<slug>/rule.yml` (or `rule.weave`): what is said about a mistake (`rendered.snap`); the first
//! case of a code is also the example of its page. A first line `# convert: TARGET PLATFORM` asks
//! for a conversion, `# run: ARGUMENTS` for another command; otherwise the file is checked.
//!
//! `tests/corpus/<case>/rule.yml` (or `rule.weave`): what a rule becomes on every target (`<target>.snap`),
//! and a rule over several events on every platform (`plans.snap`, `<target>-<platform>.snap`).
//!
//! `tests/samples`: events as each platform stores them, which its mappings have to find.
//!
//! `tests/capabilities`: a rule per construct, from which the tables of `docs/targets` are made.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "cases/capabilities.rs"]
mod capabilities;
#[path = "cases/library.rs"]
mod library;
#[path = "cases/lints.rs"]
mod lints;
#[path = "cases/mutations.rs"]
mod mutations;
#[path = "cases/packs.rs"]
mod packs;
#[path = "cases/plans.rs"]
mod plans;
#[path = "cases/platforms.rs"]
mod platforms;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sigweave::backend::BACKENDS;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sigweave(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sigweave"))
        .current_dir(folder)
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn folders(below: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(root().join(below))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn snapshot(folder: &Path, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// What the command says on standard error, without the closing line that counts.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let mut lines: Vec<&str> = text.lines().collect();
    let counts = |line: &str| line.contains(" error, ") || line.contains(" errors, ");
    if lines.last().is_some_and(|last| counts(last)) {
        lines.pop();
    }
    lines.join("\n").trim_end().to_owned()
}

/// The file of a case: `rule.weave`, else `rule.yml`.
fn rule_file(folder: &Path) -> &'static str {
    if folder.join("rule.weave").is_file() { "rule.weave" } else { "rule.yml" }
}

/// What is said about an error case, whatever the folder that the project lies in.
fn rendered(folder: &Path) -> String {
    let file = rule_file(folder);
    let rule = fs::read(folder.join(file)).unwrap();
    let rule = String::from_utf8_lossy(&rule);
    let first = rule.lines().next().unwrap_or_default();
    let output = if let Some(goal) = first.strip_prefix("# convert: ") {
        let (target, platform) = goal.split_once(' ').unwrap();
        sigweave(folder, &["convert", file, "-t", target, "-p", platform.trim()])
    } else if let Some(arguments) = first.strip_prefix("# run: ") {
        sigweave(folder, &arguments.split_whitespace().collect::<Vec<_>>())
    } else {
        sigweave(folder, &["check", file])
    };
    said(&output).replace(&format!("{}/", folder.display()), "")
}

fn code_of(folder: &Path) -> String {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    name.split('-').next().unwrap().to_owned()
}

#[test]
fn mistakes_are_explained() {
    let mut wrong = Vec::new();
    for folder in folders("tests/errors") {
        let text = rendered(&folder);
        let code = code_of(&folder);
        if !text.contains(&format!("[{code}]")) {
            wrong.push(format!("{}: does not say {code}:\n{text}", folder.display()));
            continue;
        }
        snapshot(&folder, "rendered", &text);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The example of a page: the rule and what is said about it.
fn example(folder: &Path) -> Option<String> {
    let file = rule_file(folder);
    let rule = String::from_utf8(fs::read(folder.join(file)).ok()?).ok()?;
    if rule.len() > 2000 {
        return None;
    }
    let text = rendered(folder);
    let language = if file.ends_with(".weave") { "weave" } else { "yaml" };
    Some(format!("```{language}\n{}\n```\n\n```text\n{text}\n```\n", rule.trim_end()))
}

/// Puts `content` between the marks of a page, or says that the page is stale; with
/// `UPDATE_PAGES=1`, writes the page instead.
fn keep_current(page: &Path, name: &str, content: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let text = fs::read_to_string(page).unwrap();
    let (head, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{}", page.display()));
    let (_, tail) = rest.split_once(&end).unwrap();
    let current = format!("{head}{begin}{content}{end}{tail}");
    if current == text {
        return None;
    }
    if std::env::var_os("UPDATE_PAGES").is_none() {
        return Some(page.display().to_string());
    }
    fs::write(page, current).unwrap();
    None
}

#[test]
fn the_readme_shows_one_rule_three_queries_and_what_mistakes_look_like() {
    let folder = root().join("tests/corpus/readme");
    let rule = fs::read_to_string(folder.join("rule.yml")).unwrap();
    let mut example = format!("```yaml\n{rule}```\n\n");
    let languages =
        [("splunk", "Splunk", "spl"), ("kql", "Defender XDR", "kusto"), ("eql", "Elastic", "eql")];
    for (target, name, language) in languages {
        let output = sigweave(&folder, &["convert", "rule.yml", "-t", target]);
        let query = String::from_utf8(output.stdout).unwrap();
        example += &format!("{name}:\n\n```{language}\n{query}```\n\n");
    }
    let broken = rule
        .replace("Image|endswith: '\\cert", "Imgae|endswith: '\\cert")
        .replace("contains|all", "contain|all")
        .replace("not installer", "not instaler");
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("rule.yml"), broken).unwrap();
    let mistake = said(&sigweave(scratch.path(), &["check", "rule.yml"]));
    let readme = root().join("README.md");
    let stale = [
        keep_current(&readme, "example", &example),
        keep_current(&readme, "mistake", &format!("```text\n{mistake}\n```\n")),
    ];
    assert_eq!(stale, [None, None], "run the tests with UPDATE_PAGES=1");
}

#[test]
fn pages_show_the_first_case_of_their_code() {
    let mut done = std::collections::BTreeSet::new();
    let mut stale = Vec::new();
    for folder in folders("tests/errors") {
        let code = code_of(&folder);
        let page = root().join(format!("docs/errors/{code}.md"));
        let Some(example) = example(&folder).filter(|_| done.insert(code)) else { continue };
        stale.extend(keep_current(&page, "example", &example));
    }
    assert_eq!(stale, Vec::<String>::new(), "run the tests with UPDATE_PAGES=1");
}

/// All queries of an object of `convert --format json`, with what was said.
fn conversion(object: &Value) -> String {
    let mut text = format!("# {}\n", object["rule"].as_str().unwrap_or("-"));
    for query in object["queries"].as_array().unwrap() {
        text += &format!("{}\n\n", query.as_str().unwrap());
    }
    for diagnostic in object["diagnostics"].as_array().unwrap() {
        let field = |name: &str| diagnostic[name].as_str().unwrap_or_default().to_owned();
        // What has to be collected first is not about the query.
        if field("code") == "W0503" {
            continue;
        }
        text += &format!("{} {}\n", field("code"), field("message"));
    }
    text
}

#[test]
fn rules_become_queries() {
    for folder in folders("tests/corpus") {
        for target in BACKENDS.iter().map(|backend| backend.target()) {
            let mut arguments = vec!["convert", ".", "-t", target, "--format", "json"];
            arguments
                .extend(library::accepted(target).iter().flat_map(|code| ["--accept", code.id()]));
            let output = sigweave(&folder, &arguments);
            let text = String::from_utf8(output.stdout).unwrap();
            let objects: Vec<Value> =
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert!(!objects.is_empty(), "{}: nothing for {target}", folder.display());
            let parts: Vec<String> = objects.iter().map(conversion).collect();
            snapshot(&folder, target, &parts.join("\n"));
        }
    }
}

#[test]
fn the_shipped_rules_convert_the_same_way_every_time() {
    let runs = [1, 2].map(|_| {
        let output = sigweave(&root(), &["convert", "--format", "json"]);
        String::from_utf8(output.stdout).unwrap()
    });
    assert!(runs[0].lines().count() > 10);
    assert_eq!(runs[0], runs[1]);
}

/// Which of the shipped rules each environment takes, and by which code it refuses the others.
#[test]
fn what_the_packs_emit_is_agreed() {
    let output = sigweave(&root(), &["convert", "--format", "json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let mut agreed = std::collections::BTreeMap::<String, Vec<String>>::new();
    for line in text.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        let queries = object["queries"].as_array().unwrap().len();
        let mut codes: Vec<&str> = object["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|found| found["code"].as_str())
            .collect();
        codes.dedup();
        let outcome = if queries > 0 { format!("{queries}") } else { codes.join(" ") };
        let platform = object["platform"].as_str().unwrap();
        let rule = object["rule"].as_str().unwrap().to_owned();
        agreed.entry(rule).or_default().push(format!("{platform} {outcome}"));
    }
    let lines: Vec<String> =
        agreed.iter().map(|(rule, on)| format!("{rule}: {}", on.join(", "))).collect();
    snapshot(&root().join("tests"), "packs", &lines.join("\n"));
}

/// The blocks of a page that begin with this fence.
fn blocks(page: &str, fence: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line == fence {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push(block.join("\n") + "\n");
        }
    }
    found
}

/// The file that is to be checked, without errors, and in the one style if it is a whole one.
fn assert_sound(folder: &Path, text: &str, commands: &[&[&str]]) {
    fs::write(folder.join("example.weave"), text).unwrap();
    for command in commands {
        let output = sigweave(folder, &[command, &["example.weave"][..]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{command:?}:\n{said}\n{shown}\n{text}");
    }
}

#[test]
fn the_grammar_of_weave_is_described_by_examples_that_hold() {
    let page = fs::read_to_string(root().join("docs/weave.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let whole = blocks(&page, "```weave");
    assert!(whole.len() >= 6);
    for text in whole {
        assert_sound(folder.path(), &text, &[&["check"], &["fmt", "--diff"]]);
    }
    let rule = |at: usize, events: &str, rest: &str| {
        format!("rule example_{at} {{\n  events:\n{events}\n{rest}}}\n")
    };
    let mut text = String::new();
    for (at, test) in blocks(&page, "```weave predicate").concat().lines().enumerate() {
        let event = format!("e = windows/process_creation where {test}");
        text += &rule(at, &event, "condition: e\n");
    }
    let mut events = String::new();
    for (at, name) in ["a", "b", "c", "x"].iter().enumerate() {
        let source = "windows/network_connection where DestinationPort";
        events += &format!("{name} = {source} == {at}\n");
    }
    for (at, condition) in blocks(&page, "```weave condition").concat().lines().enumerate() {
        let rest = format!("match: host = Computer over 1h\ncondition: {condition}\n");
        text += &rule(1000 + at, &events, &rest);
    }
    assert!(text.lines().filter(|line| line.starts_with("rule ")).count() > 30);
    assert_sound(folder.path(), &text, &[&["check"]]);
}
