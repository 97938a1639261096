//! Reports → a layer for the ATT&CK Navigator: techniques with the number of rules that some platform
//! takes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::report::{Fact, Report, Verdict, techniques};

/// The layer of these reports and rules (format 4.5).
#[must_use]
pub fn layer(reports: &[Report], facts: &[Fact]) -> Value {
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let tags: Vec<String> = reports
        .iter()
        .map(|report| format!("attack.{}", report.analytic.id.to_lowercase()))
        .collect();
    for fact in facts {
        let ours = fact.tags.iter().any(|tag| tags.contains(tag));
        if ours && fact.verdicts.contains(&Verdict::Taken) {
            for technique in techniques(fact) {
                found.entry(technique).or_default().push(&fact.name);
            }
        }
    }
    let technique = |(id, rules): (String, Vec<&str>)| json!({"techniqueID": id, "score": rules.len(), "comment": rules.join("\n"), "enabled": true});
    let ids: Vec<&str> = reports.iter().map(|report| report.analytic.id.as_str()).collect();
    let release = reports.first().map_or("", |report| report.analytic.release.as_str());
    let release = release.split('.').next().unwrap_or_default();
    json!({
        "name": format!("Sigweave: {}", ids.join(", ")),
        "versions": {"attack": release, "navigator": "5.1.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": "Rules that at least one platform takes, by technique",
        "techniques": found.into_iter().map(technique).collect::<Vec<_>>(),
        "gradient": {"colors": ["#ffffff", "#66b1ff"], "minValue": 0, "maxValue": 10},
    })
}
