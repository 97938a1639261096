//! `sigweave run` and `sigweave test` as users and scripts see them: results, ranges, exit codes, why
//! a rule stayed silent, and what becomes of broken input.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

const ORDER: &str = r#"rule order {
  meta:
    id = "0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10"

  events:
    a = windows/process_creation where Image endswith '\a.exe' and User == 'adm'
    b = windows/process_creation where Image endswith '\b.exe'
    c = windows/process_creation where Image endswith '\c.exe'

  match:
    host = Computer
    over 1h

  condition:
    (a then b within 5m) and not c

  show: b.User

  alert: suppress for 24h
}
"#;

/// An event of the first of January 2026.
fn event(time: &str, computer: &str, program: &str, user: &str) -> String {
    let event = json!({
        "logsource": {"product": "windows", "category": "process_creation"},
        "@timestamp": format!("2026-01-01T{time}Z"),
        "Computer": computer,
        "Image": format!(r"C:\{program}.exe"),
        "User": user,
    });
    event.to_string()
}

fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn sigweave(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sigweave"));
    command.current_dir(folder).args(arguments).env("NO_COLOR", "1").output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn results(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_result_says_for_whom_when_how_often_and_by_which_events() {
    let events = [
        event("00:00:00", "h", "a", "adm"),
        event("00:05:00", "h", "b", "u"),
        event("00:05:00.001", "h", "b", "u"),
        event("00:05:00", "i", "b", "u"),
    ]
    .join("\n");
    let folder = folder_with(&[("r.weave", ORDER.as_bytes()), ("e.json", events.as_bytes())]);
    let output = sigweave(folder.path(), &["run", "r.weave", "e.json", "--format", "json"]);
    let expected = json!({
        "rule": "order",
        "id": "0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10",
        "key": {"host": "h"},
        "first": "2026-01-01T00:05:00.000Z",
        "last": "2026-01-01T00:05:00.001Z",
        "count": 2,
        "alerts": 1,
        "events": [
            {"name": "a", "file": "e.json", "line": 1},
            {"name": "b", "file": "e.json", "line": 2},
            {"name": "b", "file": "e.json", "line": 3},
        ],
        "seen": ["a", "b"],
        "show": {"b.User": "u"},
    });
    assert_eq!((results(&output), output.status.code()), (vec![expected], Some(0)));
    let failing = sigweave(folder.path(), &["run", "r.weave", "e.json", "--fail-on-match"]);
    assert_eq!(failing.status.code(), Some(1));
}

#[test]
fn a_range_reports_firings_in_it_by_events_before_it() {
    let events = [
        event("00:00:00", "h", "a", "adm"),
        event("00:01:00", "h", "b", "u"),
        event("00:02:00", "h", "b", "u"),
    ]
    .join("\n");
    let folder = folder_with(&[("r.weave", ORDER.as_bytes()), ("e.json", events.as_bytes())]);
    for (from, to, count) in [
        ("2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z", Some(1)),
        ("2026-01-01T00:01:00.001Z", "2026-01-01T00:02:00.001Z", Some(1)),
        ("2026-01-01T00:01:00Z", "2026-01-01T00:03:00Z", Some(2)),
        ("2026-01-01T00:02:00.001Z", "2026-01-02T00:00:00Z", None),
    ] {
        let range = ["run", "r.weave", "e.json", "--format", "json", "--from", from, "--to", to];
        let results = results(&sigweave(folder.path(), &range));
        let found = results.first().and_then(|result| result["count"].as_u64());
        assert_eq!(found, count, "{from} {to}");
    }
}

#[test]
fn a_silent_rule_says_which_parts_held() {
    let without_key = event("00:01:00", "", "b", "u");
    for (events, expected) in [
        (
            [event("00:00:00", "h", "a", "adm"), event("00:05:01", "h", "b", "u")].join("\n"),
            "order stayed silent:
  a: 2 events of windows/process_creation, 1 satisfies it
  b: 2 events of windows/process_creation, 1 satisfies it
  c: 2 events of windows/process_creation, none satisfies it
    never held (0 of 2): line 8: Image endswith '\\c.exe'
  held (for 1 key): a
  held (for 1 key): a then b
  never held (for 0 keys): a then b within 5m
  held (for 1 key): not c
  its parts held in that order, but not as `within` and `not` say
1 rule over 2 events: 0 results
",
        ),
        (
            [event("00:00:00", "h", "a", "u"), without_key].join("\n"),
            "order stayed silent:
  a: 2 events of windows/process_creation, none satisfies it
    held (1 of 2): line 6: Image endswith '\\a.exe'
    never held (0 of 2): line 6: User == 'adm'
  b: 2 events of windows/process_creation, 1 satisfies it, 1 without a value for the key
  c: 2 events of windows/process_creation, none satisfies it
    never held (0 of 2): line 8: Image endswith '\\c.exe'
  never held (for 0 keys): a
  never held (for 0 keys): a then b
  never held (for 0 keys): a then b within 5m
  never held (for 0 keys): not c
1 rule over 2 events: 0 results
",
        ),
    ] {
        let folder = folder_with(&[("r.weave", ORDER.as_bytes()), ("e.json", events.as_bytes())]);
        let output = sigweave(folder.path(), &["run", "r.weave", "e.json", "--explain"]);
        assert_eq!(stderr(&output), expected);
    }
}

#[test]
fn a_silent_rule_says_what_it_lacks_though_its_parts_held() {
    let rule = |condition: &str| {
        format!(
            "rule two {{\n  events:\n    a = windows/process_creation where Image endswith \
                '\\a.exe'\n    b = windows/process_creation where Image endswith '\\b.exe'\n\n  \
                match:\n    host = Computer\n    over 5m\n\n  condition:\n    {condition}\n}}\n"
        )
    };
    let pair = |b_at: &str, host: &str| {
        [event("00:10:00", "h", "a", "u"), event(b_at, host, "b", "u")].join("\n")
    };
    for (condition, events, expected) in [
        (
            "a and b",
            pair("00:16:01.5", "h"),
            "  its parts held, but never in one window of 5m: it would fire over 361500ms\n",
        ),
        ("b then a", pair("00:11:00", "h"), "  its parts held, but never in that order\n"),
        ("a and b", pair("00:11:00", "i"), "  its parts held, but never for the same host\n"),
    ] {
        let rule = rule(condition);
        let folder = folder_with(&[("r.weave", rule.as_bytes()), ("e.json", events.as_bytes())]);
        let said = stderr(&sigweave(folder.path(), &["run", "r.weave", "e.json", "--explain"]));
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn keys_beyond_the_limit_are_forgotten_counted_and_reported() {
    let events = [
        event("00:00:00", "h", "a", "adm"),
        event("00:00:01", "i", "a", "adm"),
        event("00:00:02", "j", "a", "adm"),
        event("00:00:03", "h", "b", "u"),
        event("00:00:04", "j", "b", "u"),
    ]
    .join("\n");
    let folder = folder_with(&[("r.weave", ORDER.as_bytes()), ("e.json", events.as_bytes())]);
    let keys = |arguments: &[&str]| {
        let run = ["run", "r.weave", "e.json", "--format", "json"];
        let output = sigweave(folder.path(), &[&run, arguments].concat());
        let keys: Vec<_> = results(&output).iter().map(|of| of["key"]["host"].clone()).collect();
        (keys, stderr(&output))
    };
    assert_eq!(keys(&[]).0, ["h", "j"]);
    let (few, said) = keys(&["--max-keys", "2"]);
    assert_eq!(few, ["j"]);
    assert!(said.contains("warning: 2 keys were forgotten because a rule had too many"), "{said}");
    let none = sigweave(folder.path(), &["run", "r.weave", "e.json", "--max-keys", "0"]);
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn a_silent_chain_says_how_often_the_rule_below_fired() {
    let rules = "rule inner {
  events:
    a = windows/process_creation where Image endswith '\\a.exe'

  match:
    host = Computer
    over 1m

  condition:
    count(a) >= 2
}

rule outer {
  events:
    many = weave \"inner\"

  match:
    host = host
    over 1h

  condition:
    count(many) >= 2
}
";
    let events = [event("00:00:00", "h", "a", "u"), event("00:01:00", "h", "a", "u")].join("\n");
    let folder = folder_with(&[("r.weave", rules.as_bytes()), ("e.json", events.as_bytes())]);
    let output = sigweave(folder.path(), &["run", "r.weave", "e.json", "--explain"]);
    assert!(stderr(&output).contains("outer stayed silent:\n  many: 1 firing of inner\n"));
}

#[test]
fn correlations_said_in_weave_fire_for_the_same_keys() {
    let base = |name: &str| {
        format!(
            "title: {name}\nname: {name}\nlogsource: {{product: windows, category: \
                process_creation}}\ndetection:\n  s: {{Image|endswith: '\\{name}.exe'}}\n  \
                condition: s\n"
        )
    };
    let correlation = |name: &str, kind: &str, rules: &str, rest: &str| {
        format!(
            "title: {name}\nname: {name}\ncorrelation:\n  type: {kind}\n  rules: [{rules}]\n  \
                group-by: [Computer]\n  timespan: 1h\n{rest}"
        )
    };
    let rules = [
        base("a"),
        base("b"),
        correlation("many", "event_count", "a", "  condition: {gte: 2}\n"),
        correlation("finally", "temporal_ordered", "many, b", "  generate: true\n"),
    ]
    .join("---\n");
    let events = ["a", "a", "b"].iter().enumerate();
    let events = events.map(|(at, name)| event(&format!("00:0{at}:00"), "h", name, "u"));
    let events = events.collect::<Vec<_>>().join("\n");
    let folder = folder_with(&[("r.yml", rules.as_bytes()), ("e.json", events.as_bytes())]);
    let said = stdout(&sigweave(folder.path(), &["convert", "r.yml", "--to", "weave"]));
    assert!(said.contains("a = windows/process_creation where Image endswith '\\a.exe'"), "{said}");
    assert!(said.contains("many = weave 'many'"), "{said}");
    std::fs::write(folder.path().join("r.weave"), said).unwrap();
    let fires = |rules: &str| {
        let output = sigweave(folder.path(), &["run", rules, "e.json", "--format", "json"]);
        let found = results(&output);
        let last = found.into_iter().find(|result| result["rule"] == "finally").unwrap();
        (last["key"].clone(), last["first"].clone(), last["count"].clone())
    };
    assert_eq!(fires("r.weave"), fires("r.yml"));
}

#[test]
fn what_is_wrong_with_events_is_said_with_its_place_and_survived() {
    let mut events = [
        event("00:00:00", "h", "a", "adm"),
        "{\"a\": 1,".to_owned(),
        "{\"Image\": \"no log source, no time\"}".to_owned(),
        "{\"Image\": \"again\"}".to_owned(),
        "{\"logsource\": \"windows/process_creatoin\", \"ts\": 1}".to_owned(),
    ]
    .join("\n")
    .into_bytes();
    events.extend(b"\n{\"logsource.product\": \"Windows\", \"ts\": 2, \"User\": \"\xff\"}\n");
    events.extend(event("00:01:00", "h", "b", "u").into_bytes());
    let folder = folder_with(&[("r.weave", ORDER.as_bytes()), ("e.json", &events)]);
    let output = sigweave(folder.path(), &["run", "r.weave", "e.json"]);
    let expected = "\
warning: e.json:2: the object is cut off
warning: e.json:6: 1 event not in UTF-8; the bytes in question were replaced
warning: e.json:3: 2 events, this being the first, without a log source; `--logsource` names it
warning: e.json:3: 2 events, this being the first, without a time, which only rules over single \
         events see
warning: e.json:5: 1 event of an unknown log source `windows/process_creatoin`; the nearest name is \
         `windows/process_creation`
1 rule over 6 events: 1 result
";
    assert_eq!((stderr(&output).as_str(), output.status.code()), (expected, Some(0)));
}

#[test]
fn tests_report_to_machines_and_find_rules_without_them() {
    let rule = "title: A\nname: a\nlogsource: {product: windows, category: process_creation}\n\
        detection:\n    s: {Image|endswith: '\\a.exe'}\n    condition: s\n";
    let test = "cases:\n  - name: one <a>\n    events: [{Image: 'C:\\a.exe'}]\n    fires: [1]\n  \
        - name: two\n    events: [{Image: 'C:\\b.exe'}]\n    fires: [1]\n";
    let folder = folder_with(&[
        ("a.yml", rule.as_bytes()),
        ("a.test.yml", test.as_bytes()),
        ("b.yml", rule.replace("title: A\nname: a", "title: B\nname: b").as_bytes()),
    ]);
    let output = sigweave(folder.path(), &["test", ".", "--format", "junit"]);
    let xml = stdout(&output);
    for part in [
        "<testsuite name=\"./a.test.yml\" tests=\"2\" failures=\"1\" errors=\"0\">",
        "<testcase classname=\"a\" name=\"one &lt;a&gt;\"/>",
        "<failure message=\"does not fire for `1`&#10;a stayed silent:",
    ] {
        assert!(xml.contains(part), "{part}: {xml}");
    }
    assert_eq!(output.status.code(), Some(1));
    let output = sigweave(folder.path(), &["test", ".", "--coverage"]);
    let said = stderr(&output);
    for part in [
        "the rule `a` has no case in which it stays silent",
        "the rule `b` has no case",
        "2 cases: 1 passed; 1 error, 2 warnings",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
