//! The command line as users and scripts see it: exit codes, formats, projects, bad input.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "cli/artifacts.rs"]
mod artifacts;
#[path = "cli/build.rs"]
mod build;
#[path = "cli/certificates.rs"]
mod certificates;
#[path = "cli/coverage.rs"]
mod coverage;
#[path = "cli/faults.rs"]
mod faults;
#[path = "cli/filters.rs"]
mod filters;
#[path = "cli/injection.rs"]
mod injection;
#[path = "cli/lints.rs"]
mod lints;
#[path = "cli/lookups.rs"]
mod lookups;
#[path = "cli/machine.rs"]
mod machine;
#[path = "cli/templates.rs"]
mod templates;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const RULE: &str = "title: Certutil\nname: certutil\nstatus: test\nlogsource:\n    product: windows\n    \
                    category: process_creation\ndetection:\n    sel:\n        Image|endswith: '\\certutil.exe'\n    \
                    condition: sel\n";

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sigweave"));
    command.current_dir(folder).args(arguments).env("NO_COLOR", "1");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn objects(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_sound_rule_converts_with_exit_code_0() {
    let folder = folder_with(&[("rule.yml", RULE.as_bytes())]);
    let output = run(folder.path(), &["convert", "rule.yml", "-t", "kql", "-p", "defender-xdr"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).starts_with("DeviceProcessEvents\n"), "{}", stdout(&output));
}

#[test]
fn json_has_one_object_per_rule_and_line_with_the_documented_keys() {
    let folder = folder_with(&[("rule.yml", RULE.as_bytes())]);
    let output = run(folder.path(), &["convert", ".", "-t", "splunk", "--format", "json"]);
    let objects = objects(&output);
    assert_eq!(objects.len(), 1);
    let keys: Vec<&String> = objects[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["rule", "id", "file", "target", "platform", "queries", "diagnostics"]);
    assert_eq!(objects[0]["rule"], "certutil");
    assert_eq!(objects[0]["platform"], "splunk-ta");
}

#[test]
fn a_refused_rule_has_no_queries_its_diagnostics_and_exit_code_1() {
    let refused = RULE.replace("Image|", "Imgae|").replace("name: certutil", "name: other");
    let folder = folder_with(&[("bad.yml", refused.as_bytes()), ("good.yml", RULE.as_bytes())]);
    let output = run(folder.path(), &["convert", ".", "-t", "kql", "--format", "json"]);
    assert_eq!(code(&output), 1);
    let objects = objects(&output);
    let bad =
        objects.iter().find(|one| !one["diagnostics"].as_array().unwrap().is_empty()).unwrap();
    assert_eq!(bad["queries"].as_array().unwrap().len(), 0);
    let found = &bad["diagnostics"][0];
    assert_eq!((&found["code"], &found["line"]), (&"E0301".into(), &9.into()));
    assert_eq!(found["column"], 9);
    assert_eq!(
        objects.iter().filter(|one| one["queries"].as_array().unwrap().len() == 1).count(),
        1
    );
}

#[test]
fn what_cannot_be_read_as_rules_gives_one_object_without_a_rule() {
    let broken: [&[u8]; 5] =
        [b"\xff\xfe\x00a", b"title: [unclosed", b"just text", b"", b"- a\n- b\n"];
    for bytes in broken {
        let folder = folder_with(&[("rule.yml", bytes)]);
        let output = run(folder.path(), &["convert", "rule.yml", "-t", "eql", "--format", "json"]);
        let objects = objects(&output);
        assert_eq!((objects.len(), code(&output)), (1, 1), "{bytes:?}: {objects:?}");
        assert_eq!(objects[0]["rule"], Value::Null, "{bytes:?}");
        assert!(!objects[0]["diagnostics"].as_array().unwrap().is_empty(), "{bytes:?}");
    }
}

#[test]
fn a_wrong_command_line_is_exit_code_2_with_a_suggestion() {
    let folder = folder_with(&[("rule.yml", RULE.as_bytes())]);
    let wrong: [(&[&str], &str); 8] = [
        (&["convert", "rule.yml", "-t", "kqk"], "the nearest name is `kql`"),
        (&["convert", "rule.yml", "-t", "kql", "-p", "defender-xrd"], "defender-xdr"),
        (&["convert", "rule.yml", "-t", "kql", "-p", "splunk-ta"], "`splunk`"),
        (&["convert", "missing.yml", "-t", "kql"], "missing.yml"),
        (&["convert", "rule.yml"], "which query language"),
        (&["convert", "-t", "kql"], "which rules?"),
        (&["convert", "rule.yml", "-t", "kql", "-e", "soc"], "either targets"),
        (&["convert", "rule.yml", "-t", "kql", "--accept", "E0301"], "no approximation `E0301`"),
    ];
    for (arguments, said) in wrong {
        let output = run(folder.path(), arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stderr(&output).contains(said), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn standard_input_is_a_dash() {
    let folder = folder_with(&[]);
    let mut child = command(folder.path(), &["convert", "-", "-t", "eql"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(RULE.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(stdout(&output).contains("certutil.exe"));
}

const CORRELATION: &str = "title: Often\nname: often\ncorrelation:\n    type: event_count\n    rules:\n        - certutil\n    \
                           group-by:\n        - Computer\n    timespan: 5m\n    condition:\n        gte: 3\n";

#[test]
fn a_project_is_found_from_any_sub_folder_and_resolves_references() {
    let project =
        "rules = ['rules']\n[environments.soc]\ntarget = 'kql'\nplatform = 'defender-xdr'\n";
    let folder = folder_with(&[
        ("sigweave.toml", project.as_bytes()),
        ("rules/base/certutil.yml", RULE.as_bytes()),
        ("rules/deep/er/often.yml", CORRELATION.as_bytes()),
    ]);
    let below = folder.path().join("rules/deep/er");
    let output = run(&below, &["convert", "often.yml"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("DeviceProcessEvents"));
    let all = run(&below, &["convert", "--format", "json"]);
    let rules: Vec<Value> = objects(&all).into_iter().map(|one| one["rule"].clone()).collect();
    assert_eq!(rules, ["often"], "a base rule is emitted only with `generate: true`");
}

#[test]
fn a_correlation_of_a_broken_rule_says_why_it_is_not_emitted() {
    let broken = RULE.replace("Image|", "Imgae|");
    let folder = folder_with(&[("rule.yml", format!("{broken}---\n{CORRELATION}").as_bytes())]);
    let output = run(folder.path(), &["convert", ".", "-t", "kql", "--format", "json"]);
    assert_eq!(code(&output), 1);
    for one in objects(&output) {
        assert_eq!(one["queries"].as_array().unwrap().len(), 0);
        assert!(!one["diagnostics"].as_array().unwrap().is_empty(), "{one}");
    }
}

#[test]
fn several_mistakes_are_reported_in_one_run_sorted_by_place() {
    let rule = RULE
        .replace("Image|endswith", "Imgae|endswiht")
        .replace("process_creation", "proces_creation");
    let rule = rule.replace("condition: sel", "condition: sel or sle");
    let folder = folder_with(&[("rule.yml", rule.as_bytes())]);
    let output = run(folder.path(), &["check", "rule.yml", "--format", "json"]);
    let lines: Vec<u64> =
        objects(&output).iter().map(|one| one["line"].as_u64().unwrap()).collect();
    assert!(lines.len() >= 2 && lines.is_sorted(), "{lines:?}");
}

#[test]
fn hostile_rules_end_quickly_with_a_diagnostic() {
    let deep = |text: &str| RULE.replace("condition: sel", &format!("condition: {text}"));
    let hostile = [
        deep(&format!("{}sel{}", "(".repeat(100_000), ")".repeat(100_000))),
        deep(&format!("{}sel", "not ".repeat(100_000))),
        "[".repeat(100_000),
        format!("a: {}", "{a: ".repeat(50_000)),
        "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n".to_owned(),
        RULE.replace(r"'\certutil.exe'", &format!("'{}'", "*a".repeat(100_000))),
        RULE.replace("Image|endswith", "CommandLine|re")
            .replace(r"'\certutil.exe'", "'(a{1000}){1000}'"),
    ];
    for text in hostile {
        let folder = folder_with(&[("rule.yml", text.as_bytes())]);
        for target in ["splunk", "kql", "eql"] {
            let output =
                run(folder.path(), &["convert", "rule.yml", "-t", target, "--format", "json"]);
            let start: String = text.chars().take(60).collect();
            assert!(
                matches!(code(&output), 0 | 1),
                "{start}: {:?} {}",
                output.status,
                stderr(&output)
            );
            assert!(stderr(&output).len() < 100_000);
        }
    }
}

#[test]
fn names_cannot_begin_a_line_of_their_own() {
    let hostile = RULE.replace("name: certutil", "name: \"x\\nDeviceEvents | take 1\\e[31m\"");
    let other = RULE.replace("name: certutil", "name: other");
    let folder = folder_with(&[("a.yml", hostile.as_bytes()), ("b.yml", other.as_bytes())]);
    let text = stdout(&run(folder.path(), &["convert", ".", "-t", "kql"]));
    assert!(!text.contains('\u{1b}') && !text.contains("\nDeviceEvents |"), "{text}");
}

#[test]
fn a_window_beyond_what_the_platform_keeps_is_refused() {
    let long = CORRELATION.replace("timespan: 5m", "timespan: 5M");
    let folder = folder_with(&[("rule.yml", format!("{RULE}---\n{long}").as_bytes())]);
    let output = run(folder.path(), &["convert", ".", "-t", "kql"]);
    assert!(
        code(&output) == 1 && stderr(&output).contains("looks back 30 days"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn lists_name_what_there_is() {
    let folder = folder_with(&[]);
    let targets = stdout(&run(folder.path(), &["list", "targets"]));
    let names: Vec<&str> =
        targets.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["eql", "esql", "kql", "splunk"]);
    let fields = stdout(&run(folder.path(), &["list", "fields", "windows/registry_set"]));
    assert!(fields.lines().any(|line| line.starts_with("TargetObject ")), "{fields}");
    let unknown = run(folder.path(), &["list", "fields", "windows/registry_sett"]);
    assert!(code(&unknown) == 2 && stderr(&unknown).contains("windows/registry_set"));
}

/// Three rules for two environments: one that both take, one order that Elastic takes with W0606,
/// and one that Defender XDR lacks a field for, as the project knows.
fn portable() -> tempfile::TempDir {
    let project = "rules = ['rules']\n[environments.soc]\ntarget = 'kql'\nplatform = 'defender-xdr'\n\
                   [environments.soc.refused]\nimphash = 'E0503'\n[environments.lab]\ntarget = 'eql'\n\
                   platform = 'elastic-winlogbeat'\naccept = ['W0606']\n";
    let order = CORRELATION
        .replace("often", "order")
        .replace("Often", "Order")
        .replace("event_count", "temporal_ordered")
        .replace("        - certutil\n", "        - certutil\n        - one\n        - two\n")
        .replace("    condition:\n        gte: 3\n", "");
    let named = |name: &str| {
        RULE.replace("name: certutil", &format!("name: {name}"))
            .replace("certutil.exe", &format!("{name}.exe"))
    };
    let imphash = RULE
        .replace("name: certutil", "name: imphash")
        .replace("Image|endswith", "Hashes|contains");
    let imphash = imphash.replace("\\certutil.exe", "IMPHASH=0");
    folder_with(&[
        ("sigweave.toml", project.as_bytes()),
        ("rules/often.yml", format!("{RULE}---\n{CORRELATION}").as_bytes()),
        (
            "rules/order.yml",
            format!("{}---\n{}---\n{order}", named("one"), named("two")).as_bytes(),
        ),
        ("rules/imphash.yml", imphash.as_bytes()),
    ])
}

#[test]
fn the_portability_report_says_exact_approximate_or_refused_and_why() {
    let folder = portable();
    let output = run(folder.path(), &["check", "--report"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    let expected = "\
rule     lab     soc
imphash  exact   E0503*
often    exact   exact
order    ~W0606  exact
Marks: ~ approximate; * refused as sigweave.toml says

imphash
  soc: E0503: `Hashes` of `defender-xdr` never holds `IMPHASH`; leave the value out on this platform: \
the test could never hold

order
  lab: ~W0606: events of the same millisecond are not told apart

environment  target  platform            exact  approximate  refused  why
lab          eql     elastic-winlogbeat      2            1        0  W0606 1
soc          kql     defender-xdr            2            0        1  E0503 1, all agreed
";
    assert_eq!(text, expected);
    let plain = stdout(&run(folder.path(), &["check"]));
    assert!(expected.ends_with(&plain) && plain.lines().count() == 3, "{plain}");
}

#[test]
fn the_portability_report_is_json_or_markdown_too() {
    let folder = portable();
    let objects = objects(&run(folder.path(), &["check", "--report", "--format", "json"]));
    let verdicts: Vec<String> = objects
        .iter()
        .map(|one| {
            let field = |name: &str| one[name].as_str().unwrap().to_owned();
            format!("{} {} {}", field("rule"), field("environment"), field("verdict"))
        })
        .collect();
    let expected = [
        "imphash lab exact",
        "imphash soc refused",
        "often lab exact",
        "often soc exact",
        "order lab approximate",
        "order soc exact",
    ];
    assert_eq!(verdicts, expected);
    assert_eq!((&objects[1]["agreed"], &objects[0]["agreed"]), (&true.into(), &false.into()));
    assert_eq!(objects[1]["diagnostics"][0]["code"], "E0503");
    assert_eq!(objects[4]["approximations"][0]["code"], "W0606");
    let markdown = stdout(&run(folder.path(), &["check", "--format", "markdown"]));
    assert!(markdown.contains("\n| order | ~W0606 | exact |\n"), "{markdown}");
    assert!(markdown.contains("\n* **imphash** on soc: E0503: `Hashes`"), "{markdown}");
}

#[test]
fn rules_with_errors_are_unsound_in_the_report_and_a_report_needs_targets() {
    let broken = RULE.replace("Image|", "Imgae|");
    let folder = folder_with(&[("rule.yml", broken.as_bytes())]);
    let output = run(folder.path(), &["check", "rule.yml", "--report", "-t", "kql,splunk"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).starts_with("rule      kql      splunk\ncertutil  unsound  unsound\n"));
    assert!(stderr(&output).contains("error[E0301]"));
    let output = run(folder.path(), &["check", "rule.yml", "--report"]);
    assert!(code(&output) == 2 && stderr(&output).contains("a report on which languages?"));
}

#[test]
fn a_rule_is_explained_by_file_name_id_or_title_in_an_environment_of_the_project() {
    let folder = portable();
    for what in ["often", "OFTEN", "rules/often.yml"] {
        let output = run(folder.path(), &["explain", what, "-e", "soc"]);
        assert_eq!(code(&output), 0, "{what}: {}", stderr(&output));
        let text = stdout(&output);
        let parts = [
            "  for       soc: kql on defender-xdr\n",
            "  condition: count(certutil) >= 3\n",
            "    Image (path) is FolderPath (line ",
            "Plan: count timeline\n",
            "\nQuery\n  let _never",
        ];
        for part in parts {
            assert!(text.contains(part), "{what}: no {part:?} in {text}");
        }
    }
    let refused = run(folder.path(), &["explain", "imphash", "-e", "soc"]);
    assert_eq!(code(&refused), 1);
    let text = stdout(&refused);
    assert!(text.contains("→ refused: E0503: ") && text.contains("    way out: leave"), "{text}");
}

#[test]
fn an_explanation_is_json_too_and_what_is_unknown_has_a_nearest_name() {
    let folder = portable();
    let output = run(folder.path(), &["explain", "order", "--format", "json"]);
    let objects = objects(&output);
    let verdicts: Vec<&str> = objects.iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["approximate", "exact"]);
    let test = &objects[1]["events"][0]["places"][0]["fields"][0]["tests"][0];
    assert_eq!(test["asked"], "endswith '\\certutil.exe'");
    assert_eq!(test["how"], "as it is");
    assert_eq!(objects[0]["plan"]["name"], "sequence");
    let unknown: [(&[&str], &str); 4] = [
        (&["explain", "oftn"], "the nearest is `often`"),
        (&["explain", "E031"], "the nearest is `E0310`"),
        (&["explain", "unknown-feild"], "the nearest is `unknown-field`"),
        (&["explain", "order", "-e", "socc"], "the nearest name is `soc`"),
    ];
    for (arguments, said) in unknown {
        let output = run(folder.path(), arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stderr(&output).contains(said), "{arguments:?}: {}", stderr(&output));
    }
    assert!(stdout(&run(folder.path(), &["explain", "e0301"])).starts_with("# E0301"));
    let elsewhere = run(folder_with(&[]).path(), &["explain", "oftn"]);
    assert!(stderr(&elsewhere).contains("no code, file or rule `oftn`"), "{}", stderr(&elsewhere));
}

#[test]
fn environments_select_rules_and_the_command_line_replaces_keys() {
    let project = b"[environments.soc]\ntarget = 'kql'\nplatform = 'defender-xdr'\n\
                    select = { status = 'stable' }\n";
    let files: [(&str, &[u8]); 2] =
        [("sigweave.toml", project), ("rules/a/r.yml", RULE.as_bytes())];
    let folder = folder_with(&files);
    let deep = folder.path().join("rules/a");
    let output = run(&deep, &["convert"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, ""));
    let output = run(&deep, &["convert", "--set", "environments.soc.select.status=test"]);
    assert!(stdout(&output).starts_with("DeviceProcessEvents"), "{}", stderr(&output));
    let output = run(&deep, &["convert", "--set", "environments.soc.selekt.status=test"]);
    assert!(stderr(&output).contains("--set:1:"), "{}", stderr(&output));
}

#[test]
fn a_refusal_of_any_rule_may_be_agreed_by_its_code() {
    let project = b"[environments.soc]\ntarget = 'kql'\nplatform = 'defender-xdr'\n\
                    refused = { '*' = 'E0502' }\n";
    let rule = RULE.replace("windows", "zeek").replace("process_creation", "ssl");
    let rule = rule
        .replace("category: ssl", "service: ssl")
        .replace("Image|endswith: '\\certutil.exe'", "version: TLSv10");
    let files: [(&str, &[u8]); 2] = [("sigweave.toml", project), ("rules/r.yml", rule.as_bytes())];
    let folder = folder_with(&files);
    let output = run(folder.path(), &["check"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let output = run(folder.path(), &["check", "--set", "environments.soc.refused.\"*\"=E0503"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
}

#[test]
fn a_refusal_of_a_rule_and_of_the_chain_over_it_is_said_once() {
    let failures = "title: Failures\nname: failures\nstatus: test\nlogsource: {product: windows, service: security}\n\
                    detection: {sel: {EventID: 4625}, condition: sel}\n";
    let many = "title: Many\nname: many\ncorrelation: {type: event_count, rules: [failures], \
                group-by: [TargetUserName], timespan: 5m, condition: {gte: 3}}\n";
    let waves = "title: Waves\nname: waves\ncorrelation: {type: event_count, rules: [many], \
                 group-by: [TargetUserName], timespan: 1h, condition: {gte: 2}, generate: true}\n";
    let rules = format!("{failures}---\n{many}---\n{waves}");
    let folder = folder_with(&[("waves.yml", rules.as_bytes())]);
    let output = run(folder.path(), &["convert", "waves.yml", "-t", "kql"]);
    assert_eq!(code(&output), 1);
    let places: Vec<_> =
        stderr(&output).lines().filter(|line| line.contains("-->")).map(str::to_owned).collect();
    let mut once = places.clone();
    once.dedup();
    assert!(!places.is_empty() && places == once, "{places:?}");
}
