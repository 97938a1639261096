//! `coverage` of the shipped packs against the matrices that were drawn by hand: `tests/matrices/expected.tsv`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{code, run, stderr, stdout};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Analytic, class, telemetry and platform of a cell.
type Place = [String; 4];

/// What `coverage` prints in every cell of the matrix and, as class `C4`, for the correlations.
fn printed(analytic: &str) -> BTreeMap<Place, String> {
    let output = run(root(), &["coverage", analytic, "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let platforms: Vec<String> = report["platforms"].as_array().unwrap().iter().map(text).collect();
    let mut found = BTreeMap::new();
    for row in report["rows"].as_array().unwrap() {
        for (cell, platform) in row["cells"].as_array().unwrap().iter().zip(&platforms) {
            let flags = cell["flags"].as_array().unwrap().iter().map(text);
            let shown: Vec<String> = [text(&cell["status"])].into_iter().chain(flags).collect();
            let place = [
                analytic,
                row["class"].as_str().unwrap(),
                row["telemetry"].as_str().unwrap(),
                platform,
            ];
            found.insert(place.map(str::to_owned), shown.join(", "));
        }
    }
    for fact in report["correlations"].as_array().unwrap() {
        for (verdict, platform) in fact["verdicts"].as_array().unwrap().iter().zip(&platforms) {
            let place = [analytic, "C4", fact["name"].as_str().unwrap(), platform];
            found.insert(place.map(str::to_owned), word(verdict).to_owned());
        }
    }
    found
}

/// What stands in the way of a correlation.
fn word(verdict: &Value) -> &'static str {
    let codes = verdict["Refused"].to_string();
    match () {
        () if verdict == "Taken" => "taken",
        () if codes.contains("E0502") => "n/a",
        () if codes.contains("E0503") => "no-field",
        () => "not-expressible",
    }
}

#[test]
fn cells_are_as_the_design_has_them_or_the_note_says_why_not() {
    let printed: BTreeMap<Place, String> =
        ["AN1246", "AN1976"].into_iter().flat_map(printed).collect();
    let table = fs::read_to_string(root().join("tests/matrices/expected.tsv")).unwrap();
    let note = fs::read_to_string(root().join("docs/coverage.md")).unwrap();
    let note = note.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let mut wrong = Vec::new();
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [analytic, class, telemetry, platform, expected, differs, why] = cells[..] else {
            panic!("{line}");
        };
        let place = [analytic, class, telemetry, platform].map(str::to_owned);
        let shown = printed.get(&place).map_or("(no such cell)", String::as_str);
        if shown != differs {
            wrong.push(format!("{line}: prints {shown}"));
        } else if shown != expected && (why.is_empty() || !note.contains(&why.to_lowercase())) {
            wrong.push(format!("{line}: docs/coverage.md does not say why"));
        } else if shown == expected && !why.is_empty() {
            wrong.push(format!("{line}: it does not differ"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn columns_are_the_platforms_or_those_that_are_named() {
    let first = |arguments: &[&str]| {
        let output = run(root(), &[&["coverage", "AN1246"], arguments].concat());
        let text = stdout(&output);
        text.lines().find(|line| line.starts_with("class ")).unwrap().to_owned()
    };
    assert!(first(&[]).ends_with(
        "defender-xdr  elastic-defend  elastic-winlogbeat  sentinel     sentinel-asim  splunk-ta"
    ));
    assert!(first(&["-e", "splunk"]).ends_with("  splunk-ta"));
    let two = first(&["-t", "eql", "-t", "esql", "-p", "elastic-defend"]);
    assert!(two.ends_with("eql:elastic-defend  esql:elastic-defend"), "{two}");
}
