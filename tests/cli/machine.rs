//! What programs read: formats of findings, schemas for editors, completions; and `sigweave init`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::build::{RULE, project};
use super::{RULE as PLAIN, code, folder_with, run, stderr, stdout};

fn broken() -> tempfile::TempDir {
    let rule = PLAIN.replace("Image|", "Imgae|");
    folder_with(&[
        ("rules/a b.yml", rule.as_bytes()),
        ("rules/ok.yml", PLAIN.replace("name: certutil", "name: ok").as_bytes()),
    ])
}

fn sarif(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[arguments, &["--format", "sarif"]].concat());
    serde_json::from_str(&stdout(&output))
        .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)))
}

/// What the schema of SARIF 2.1.0 requires of the parts that we write.
fn assert_sarif(log: &Value) {
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        assert!(result["message"]["text"].is_string());
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        for location in result["locations"].as_array().unwrap() {
            let place = &location["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.starts_with('/') && !uri.contains(' ') && !uri.contains(".."), "{uri}");
            assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        }
    }
}

#[test]
fn check_test_and_build_write_sarif_with_paths_of_the_repository() {
    let folder = broken();
    fs::create_dir(folder.path().join(".git")).unwrap();
    let log = sarif(&folder.path().join("rules"), &["check", "a b.yml"]);
    assert_sarif(&log);
    let result = &log["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        (&result["ruleId"], &place["artifactLocation"]["uri"]),
        (&"E0301".into(), &"rules/a%20b.yml".into())
    );
    let test = "logsource: windows/process_creation\ncases:\n  - name: x\n    events: [{Image: 'C:\\a.exe'}]\n    fires: [1]\n";
    fs::write(folder.path().join("rules/ok.test.yml"), test).unwrap();
    let log = sarif(folder.path(), &["test", "rules/ok.test.yml"]);
    assert_sarif(&log);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|result| result["ruleId"] == "E0801"), "{log:#}");
    let toml = "[environments.soc]\ntarget = 'kql'\nplatform = 'defender-xdr'\n";
    let folder = project(toml, &[("a.yml", RULE)]);
    let log = sarif(folder.path(), &["build", "--check"]);
    assert_sarif(&log);
    assert_eq!(log["runs"][0]["results"][1]["ruleId"], "E0719");
}

#[test]
fn check_annotates_changes_on_github_and_reports_files_to_junit() {
    let folder = broken();
    let output = run(folder.path(), &["check", "rules", "--format", "github"]);
    assert_eq!(code(&output), 1);
    let said = stdout(&output);
    assert!(said.starts_with("::error file=rules/a b.yml,line=9,"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let output = run(folder.path(), &["check", "rules", "--format", "junit"]);
    let said = stdout(&output);
    assert!(
        said.contains("<testsuite name=\"rules/a b.yml\" tests=\"1\" failures=\"1\">"),
        "{said}"
    );
    assert!(said.contains("<testcase classname=\"rules/ok.yml\" name=\"sound\"/>"), "{said}");
}

#[test]
fn exit_codes_are_those_that_are_documented() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ci.md")).unwrap();
    for code in ["| 0 | clean", "| 1 | findings", "| 2 | usage", "| 3 | a bug"] {
        assert!(page.contains(code), "{code}");
    }
    let folder = broken();
    let exit = |arguments: &[&str]| code(&run(folder.path(), arguments));
    assert_eq!(exit(&["check", "rules/ok.yml"]), 0);
    assert_eq!(exit(&["check", "rules"]), 1);
    assert_eq!(exit(&["check", "nowhere"]), 2);
    assert_eq!(exit(&["check", "--nonsense"]), 2);
    assert_eq!(exit(&["build"]), 2);
}

#[test]
fn init_makes_a_project_that_passes_check_test_and_build_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("new");
    assert_eq!(code(&run(folder.path(), &["init", "new"])), 0);
    for arguments in [
        &["check"][..],
        &["fmt", "--check"],
        &["test", "--coverage"],
        &["build"],
        &["build", "--check"],
    ] {
        let output = run(&at, arguments);
        let said = format!("{}{}", stdout(&output), stderr(&output));
        assert_eq!(code(&output), 0, "{arguments:?}: {said}");
        assert!(!said.contains("warning["), "{arguments:?}: {said}");
    }
    for (environment, file) in [
        ("splunk", "sigweave_splunk/default/savedsearches.conf"),
        ("sentinel", "sentinel-yaml/certutil_root_added.yml"),
        ("defender", "defender/root_then_unknown_program.json"),
        ("elastic", "kibana-ndjson/rules.ndjson"),
    ] {
        assert!(at.join("build").join(environment).join(file).is_file(), "{file}");
    }
    assert_eq!(code(&run(&at, &["init"])), 2);
}

#[test]
fn init_leaves_files_alone_that_are_there() {
    let folder = folder_with(&[(".gitattributes", b"mine")]);
    let output = run(folder.path(), &["init"]);
    assert!(stdout(&output).contains("left  .gitattributes"), "{}", stdout(&output));
    assert_eq!(fs::read(folder.path().join(".gitattributes")).unwrap(), b"mine");
}

#[test]
fn completions_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = stdout(&run(folder.path(), &["completions", shell]));
        for command in ["build", "check", "init", "templates"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn schemas_for_editors_are_json_and_say_what_each_key_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
    for name in ["project", "rule", "test", "platform"] {
        let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        for (key, value) in schema["properties"].as_object().unwrap() {
            let described = value.get("description").is_some();
            assert!(described, "{name}: {key}");
        }
    }
}

#[test]
fn hooks_are_serial_and_come_in_both_languages() {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/.pre-commit-hooks.yaml")).unwrap();
    let hooks: Vec<Value> = serde_yaml::from_str(&text).unwrap();
    assert_eq!(hooks.len(), 8);
    for hook in &hooks {
        let id = hook["id"].as_str().unwrap();
        let language = if id.ends_with("-system") { "system" } else { "rust" };
        assert_eq!(
            (&hook["language"], &hook["require_serial"]),
            (&language.into(), &true.into()),
            "{id}"
        );
        assert!(hook["entry"].as_str().unwrap().starts_with("sigweave "));
    }
}
