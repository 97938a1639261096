//! The engine on the cases of `tests/corpus`: their events, and what must fire.
//!
//! `events.ndjson` holds neutral events (`t`: seconds, `ls`: the log source, the rest are fields),
//! `expect.json` the keys for which the rule fires, or the numbers of the events. The same files
//! judge the queries that are emitted, so the engine and the back ends cannot drift apart.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

/// When second 0 of a case is, in milliseconds since 1970.
const EPOCH: f64 = 1_772_366_400_000.0;

fn cases() -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let folders = fs::read_dir(corpus).unwrap().flatten().map(|entry| entry.path());
    let mut cases: Vec<_> =
        folders.filter(|folder| folder.join("events.ndjson").is_file()).collect();
    cases.sort();
    cases
}

/// A neutral event as the engine reads it.
fn shaped(line: &str) -> String {
    let mut event: Map<String, Value> = serde_json::from_str(line).unwrap();
    let seconds = event.remove("t").unwrap().as_f64().unwrap();
    let millis = (EPOCH + seconds * 1_000.0).round();
    event.insert("@timestamp".to_owned(), millis.into());
    let logsource = event.remove("ls").unwrap();
    event.insert("logsource".to_owned(), logsource);
    Value::Object(event).to_string()
}

/// The file of a case's rules.
fn rules(case: &Path) -> PathBuf {
    let weave = case.join("rule.weave");
    if weave.is_file() { weave } else { case.join("rule.yml") }
}

/// The results of a case's rules.
fn results(case: &Path, events: &Path) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_sigweave"))
        .args(["run", "--format", "json"])
        .args([rules(case).as_path(), events])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Keys (or numbers of events) that must fire, and that do.
fn outcome(case: &Path, folder: &Path) -> (BTreeSet<Vec<String>>, BTreeSet<Vec<String>>) {
    let expect: Value =
        serde_json::from_str(&fs::read_to_string(case.join("expect.json")).unwrap()).unwrap();
    let events = fs::read_to_string(case.join("events.ndjson")).unwrap();
    let events: Vec<String> = events.lines().map(shaped).collect();
    let path = folder.join(case.file_name().unwrap());
    fs::write(&path, events.join("\n")).unwrap();
    let of_rule = |result: &Value| result["rule"] == expect["rule"];
    let results: Vec<Value> = results(case, &path).into_iter().filter(of_rule).collect();
    if let Some(numbers) = expect["events"].as_array() {
        let line = |result: &Value| result["events"][0]["line"].as_u64().unwrap() - 1;
        let wanted = numbers.iter().map(|number| vec![number.to_string()]);
        let found = results.iter().map(|result| vec![line(result).to_string()]);
        return (wanted.collect(), found.collect());
    }
    let names = expect["names"].as_array().unwrap();
    let key = |result: &Value| -> Vec<String> {
        names.iter().map(|name| text(&result["key"][name.as_str().unwrap()])).collect()
    };
    let wanted = expect["keys"].as_array().unwrap();
    let wanted = wanted.iter().map(|key| key.as_array().unwrap().iter().map(text).collect());
    (wanted.collect(), results.iter().map(key).collect())
}

#[test]
fn the_engine_fires_as_the_cases_of_the_corpus_say() {
    let folder = tempfile::tempdir().unwrap();
    let (cases, mut wrong) = (cases(), Vec::new());
    assert!(cases.len() >= 40, "{} cases", cases.len());
    for case in cases {
        let (wanted, found) = outcome(&case, folder.path());
        if wanted != found {
            wrong.push(format!("{}: expected {wanted:?}, found {found:?}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_shipped_rules_pass_their_tests_and_none_lacks_one() {
    let output = Command::new(env!("CARGO_BIN_EXE_sigweave"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["test", "--coverage"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.ends_with("0 errors, 0 warnings\n"), "{said}");
    assert!(!said.starts_with("0 cases"), "{said}");
}
