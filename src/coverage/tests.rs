//! A small analytic with a few rules → its report in every form.

use std::collections::BTreeSet;

use super::*;
use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;

const ANALYTIC: &str = r#"
id = "AN0001"
stix = "x"
title = "a test"
release = "18.1"
strategy = "DET0001"
technique = "T1553"
tactic = {"18.1" = "defense-evasion"}
platforms = ["Windows"]

[[log_source]]
component = "DC0063"
name = "Security"
channel = "4657"
shows = ["E1"]

[[mutable]]
name = "Allowed"
about = "x"

[[class]]
id = "E1"
title = "one"
telemetry = [{title = "a", logsource = "windows/registry_set", fields = ["TargetObject"], config = "switch it on", rules = ["r1", "r9"], sysmon = [{event = "RegistryEvent", what = "Root", fields = {TargetObject = 'HKLM\Root\Blob'}}]}]

[[class]]
id = "E4"
title = "four"
telemetry = [{title = "b", logsource = "zeek/service:x509", fields = [], tainted = true, dedup = "1d"}]
"#;

fn analytic() -> Analytic {
    let mut sources = SourceMap::default();
    let id = sources.add("analytic.toml", ANALYTIC);
    let mut diagnostics = Diagnostics::default();
    let found = parse(id, ANALYTIC, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    found.unwrap()
}

fn fact(name: &str, window: Option<u64>, verdicts: Vec<Verdict>) -> Fact {
    Fact {
        name: name.to_owned(),
        tags: vec!["attack.an0001".into(), "attack.t1553.004".into()],
        parameters: BTreeSet::new(),
        logsources: BTreeSet::from(["zeek/service:x509".to_owned()]),
        window,
        tested: window.is_none(),
        verdicts,
    }
}

fn asked(status: Status, reason: Option<&str>) -> Asked {
    Asked { status, off: None, reasons: reason.map(str::to_owned).into_iter().collect() }
}

fn made() -> Report {
    let facts = [
        fact("r1", None, vec![Verdict::Taken, Verdict::Refused(vec!["E0503".into()])]),
        fact("r2", Some(3_600_000), vec![Verdict::Taken, Verdict::Taken]),
        fact("r3", Some(40 * 86_400_000), vec![Verdict::Taken, Verdict::Taken]),
    ];
    let probe = |telemetry: &Telemetry, index: usize| match (telemetry.title.as_str(), index) {
        ("a", 0) => asked(Status::Direct, None),
        ("a", _) => asked(Status::NoField, Some("no column")),
        _ => asked(Status::Parse, None),
    };
    report(analytic(), vec!["s".into(), "x".into()], &facts, &probe, milliseconds("30d"))
}

#[test]
fn a_cell_says_how_evidence_is_asked_for_and_by_which_rules() {
    let report = made();
    let cells: Vec<String> =
        report.rows.iter().flat_map(|row| row.cells.iter().map(Cell::shown)).collect();
    assert_eq!(cells, ["direct, config", "no-field", "parse, tainted", "parse, tainted"]);
    assert_eq!(report.rows[0].cells[0].rules, ["r1"]);
    assert_eq!(report.rows[0].cells[1].rules, Vec::<String>::new());
}

#[test]
fn what_is_missing_is_said() {
    let report = made();
    assert_eq!(
        report.own_sources,
        [
            "E1 (one): in part by Security 4657",
            "AN0001 cannot be built from its own log sources: none of them shows E4 (four)",
        ]
    );
    assert_eq!(
        report.gaps,
        [
            "class E1 names the rule r9, which is not there",
            "class E4 (four) has no rule",
            "r2 has no test",
            "r3 has no test",
            "the mutable element Allowed is bound by no rule",
            "r2 looks back 1h, but zeek/service:x509 repeats an event only after 1d",
            "r3 looks back 40d, but events are kept for 30d",
        ]
    );
}

#[test]
fn every_form_says_the_same() {
    let report = made();
    let text = text(&report).join("\n");
    assert!(text.contains("E1     a          direct (c)  no-field"), "{text}");
    assert!(text.contains("E1 a (windows/registry_set)\n  s: direct, config\n    switch it on\n    rules: r1\n  x: no-field\n    no column\n    refused: r1 (E0503)\n"), "{text}");
    assert!(text.contains("E4 b (zeek/service:x509)\n  s, x: parse, tainted"), "{text}");
    assert!(markdown(&report).contains("| E4 | b | parse, tainted | parse, tainted |"));
    let layer = layer(&[report], &[fact("r1", None, vec![Verdict::Taken])]);
    assert_eq!(layer["techniques"][0]["techniqueID"], "T1553.004");
    assert_eq!(layer["techniques"][0]["score"], 1);
}

#[test]
fn a_configuration_of_sysmon_is_asked_about_each_event() {
    let asked = |filters: &str| {
        let xml = format!("<Sysmon><EventFiltering>{filters}</EventFiltering></Sysmon>");
        sysmon::ask(&xml, &analytic()).unwrap()[0].logged
    };
    let contains = "<TargetObject condition=\"contains\">\\root\\</TargetObject>";
    assert!(asked(&format!("<RegistryEvent onmatch=\"include\">{contains}</RegistryEvent>")));
    assert!(!asked(&format!("<RegistryEvent onmatch=\"exclude\">{contains}</RegistryEvent>")));
    assert!(asked("<RegistryEvent onmatch=\"exclude\"/>"));
    assert!(!asked("<RegistryEvent onmatch=\"include\"/>"));
    assert!(!asked(""));
    let and = "<RuleGroup groupRelation=\"or\"><RegistryEvent onmatch=\"include\"><Rule groupRelation=\"and\">";
    assert!(!asked(&format!(
        "{and}{contains}<Image condition=\"is\">a</Image></Rule></RegistryEvent></RuleGroup>"
    )));
    assert!(sysmon::ask("<Sysmon>", &analytic()).is_err());
}

#[test]
fn a_file_that_is_no_analytic_is_explained() {
    let mut sources = SourceMap::default();
    let id = sources.add("analytic.toml", "id = 5");
    let mut diagnostics = Diagnostics::default();
    assert!(parse(id, "id = 5", &mut diagnostics).is_none());
    let found = diagnostics.into_sorted();
    assert_eq!(found[0].code.id(), "E0905");
}
