//! Artifacts: the keys that each product requires, and values that try to leave their quotes.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::build::{RULE, project};
use super::{code, run, stderr};

/// A rule over several events, disabled because it is an experiment.
const WEAVE: &str = "rule many {
  meta:
    title          = \"Many starts\"
    id             = \"1f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10\"
    status         = experimental
    level          = critical
    description    = \"Both tools within an hour.\"
    author         = \"Us\"
    date           = \"2026-11-28\"
    tags           = [attack.t1553.004, attack.persistence]
    falsepositives = [\"Administration\"]

  events:
    a = windows/process_creation where Image endswith '\\certutil.exe'
    b = windows/process_creation where Image endswith '\\certmgr.exe'

  match:
    host = Computer
    over 1h

  condition:
    a and b

  alert: suppress by host for 24h
}
";

fn built(environment: &str, rules: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = project(&format!("[environments.soc]\n{environment}"), rules);
    let output = run(folder.path(), &["build"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    folder
}

fn read(folder: &tempfile::TempDir, file: &str) -> String {
    let path = folder.path().join("build/soc").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn assert_keys(object: &Value, keys: &[&str]) {
    for key in keys {
        let found = object.pointer(&format!("/{}", key.replace('.', "/")));
        assert!(found.is_some_and(|value| !value.is_null()), "no `{key}` in {object:#}");
    }
}

/// The stanzas of a conf file; continued lines are joined as Splunk joins them.
pub(super) fn stanzas(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let joined = text.replace("\\\n", "\u{0}");
    for line in joined.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            found.push((name.strip_suffix(']').unwrap().to_owned(), Vec::new()));
            continue;
        }
        let (key, value) = line.split_once(" =").unwrap_or_else(|| panic!("{line}"));
        let entries = &mut found.last_mut().unwrap().1;
        entries.push((key.to_owned(), value.trim_start().replace('\u{0}', "\n")));
    }
    found
}

const SPLUNK: &str = "target = 'splunk'\nplatform = 'splunk-ta'\nschedule = '1h'\n\
    formats = ['savedsearches', 'contentctl']\n\
    artifact = { analytic_story = 'Trust', asset_type = 'Endpoint', security_domain = 'endpoint', app = 'soc' }\n";

#[test]
fn an_app_has_scheduled_searches_with_risk_and_annotations() {
    let folder = built(SPLUNK, &[("a.yml", RULE), ("b.weave", WEAVE)]);
    let stanzas = stanzas(&read(&folder, "soc/default/savedsearches.conf"));
    assert_eq!(stanzas.len(), 2);
    for (name, entries) in &stanzas {
        assert!(name.chars().count() <= 99);
        for key in [
            "search",
            "cron_schedule",
            "dispatch.earliest_time",
            "dispatch.latest_time",
            "enableSched",
            "counttype",
            "relation",
            "quantity",
            "action.correlationsearch.enabled",
            "action.correlationsearch.label",
            "action.correlationsearch.annotations",
            "action.notable.param.severity",
            "action.risk.param._risk",
        ] {
            assert!(
                entries.iter().any(|(known, value)| known == key && !value.is_empty()),
                "{key}"
            );
        }
    }
    let value = |number: usize, key: &str| {
        let entries: &Vec<(String, String)> = &stanzas[number].1;
        entries.iter().find(|(known, _)| known == key).unwrap().1.clone()
    };
    assert_eq!((value(0, "disabled"), value(1, "disabled")), ("0".into(), "1".into()));
    assert_eq!(value(0, "dispatch.earliest_time"), "-65m@m");
    assert_eq!(value(1, "dispatch.earliest_time"), "-125m@m");
    assert_eq!(value(1, "dispatch.latest_time"), "-5m@m");
    assert!(value(1, "search").contains("sw_time>=info_max_time*1000-3600000"));
    assert!(!value(0, "search").contains("addinfo"));
    assert_eq!(value(1, "alert.suppress.fields"), "host");
    assert_eq!(value(1, "alert.suppress.period"), "86400s");
    let risk: Value = serde_json::from_str(&value(1, "action.risk.param._risk")).unwrap();
    assert_eq!(risk[0]["risk_object_field"], "host");
    let annotations: Value =
        serde_json::from_str(&value(0, "action.correlationsearch.annotations")).unwrap();
    assert_eq!(annotations["mitre_attack"][0], "T1553.004");
    for file in ["soc/default/app.conf", "soc/metadata/default.meta"] {
        super::artifacts::stanzas(&read(&folder, file));
    }
}

#[test]
fn contentctl_gets_its_required_keys() {
    let folder = built(SPLUNK, &[("a.yml", RULE), ("b.weave", WEAVE)]);
    // A risk needs a field that the search names.
    let many = yaml(&read(&folder, "contentctl/many_starts.yml"));
    assert_keys(&many, &["rba.message", "rba.risk_objects.0.score"]);
    let detection = yaml(&read(&folder, "contentctl/certutil.yml"));
    assert_keys(
        &detection,
        &[
            "name",
            "id",
            "version",
            "date",
            "author",
            "status",
            "type",
            "description",
            "search",
            "how_to_implement",
            "known_false_positives",
            "tags.analytic_story",
            "tags.asset_type",
            "tags.product",
            "tags.security_domain",
        ],
    );
    assert!(detection["search"].as_str().unwrap().ends_with("| `certutil_filter`"));
    // The search depends on its schedule and look-back; an inline deployment replaces that of the type.
    let scheduling = serde_json::json!({
        "cron_schedule": "0 * * * *",
        "earliest_time": "-125m@m",
        "latest_time": "-5m@m",
        "schedule_window": "auto",
    });
    assert_eq!(many["deployment"]["scheduling"], scheduling);
    assert_eq!(many["deployment"]["alert_action"]["rba"]["enabled"], true);
    assert_eq!(detection["deployment"]["scheduling"]["earliest_time"], "-65m@m");
}

#[test]
fn titles_that_make_the_same_stanza_or_detection_clash() {
    let titled = |name: &str, title: &str| {
        let id = format!("id: {:08x}", name.len());
        RULE.replace("name: certutil", &format!("name: {name}"))
            .replace("title: Certutil", &format!("title: {title}"))
            .replace("id: 0f0c7bd2", &id)
    };
    let said = |one: &str, other: &str| {
        let rules = [("a.yml", &*titled("a", one)), ("b.yml", &*titled("bb", other))];
        let folder = project(&format!("[environments.soc]\n{SPLUNK}"), &rules);
        let output = run(folder.path(), &["build"]);
        (code(&output), stderr(&output).matches("error[E0718]").count())
    };
    assert_eq!(said("Same Title", "Same Title"), (1, 2));
    // Only contentctl takes these for one.
    assert_eq!(said("Same Title", "Same, title"), (1, 1));
    assert_eq!(said("Same Title", "Another Title"), (0, 0));
}

#[test]
fn sentinel_takes_names_and_descriptions_of_a_length() {
    let environment = "[environments.soc]\ntarget = 'kql'\nplatform = 'sentinel'\n\
        formats = ['sentinel-yaml', 'sentinel-arm']\n";
    let built = |title: usize, description: usize| {
        let rule = RULE
            .replace("title: Certutil", &format!("title: {}", "t".repeat(title)))
            .replace("Certutil was started.", &"d".repeat(description));
        run(project(environment, &[("a.yml", &rule)]).path(), &["build"])
    };
    assert_eq!(code(&built(256, 5000)), 0);
    let output = built(257, 5001);
    let said = stderr(&output);
    assert!(said.contains("error[E0713]: the title has 257 characters"), "{said}");
    assert!(said.contains("error[E0713]: the description has 5001 characters"), "{said}");
}

#[test]
fn an_account_with_its_domain_is_a_full_name() {
    let environment = "target = 'kql'\nplatform = 'sentinel'\nformats = ['sentinel-yaml']\n";
    let by_user = WEAVE
        .replace("    host = Computer\n", "    User = User\n")
        .replace("  alert: suppress by host for 24h\n", "");
    let folder = built(environment, &[("b.weave", &by_user)]);
    let many = yaml(&read(&folder, "sentinel-yaml/many.yml"));
    let account = serde_json::json!({
        "entityType": "Account",
        "fieldMappings": [{ "identifier": "FullName", "columnName": "User" }],
    });
    let entities = many["entityMappings"].as_array().unwrap();
    assert!(entities.contains(&account), "{entities:?}");
}

#[test]
fn sentinel_gets_its_required_keys_and_a_period_that_covers_the_window() {
    let environment =
        "target = 'kql'\nplatform = 'sentinel'\nformats = ['sentinel-yaml', 'sentinel-arm']\n";
    let folder = built(environment, &[("a.yml", RULE), ("b.weave", WEAVE)]);
    let keys = [
        "id",
        "kind",
        "name",
        "description",
        "severity",
        "requiredDataConnectors",
        "query",
        "queryFrequency",
        "queryPeriod",
        "triggerOperator",
        "triggerThreshold",
        "entityMappings",
        "tactics",
        "relevantTechniques",
    ];
    let single = yaml(&read(&folder, "sentinel-yaml/certutil.yml"));
    let many = yaml(&read(&folder, "sentinel-yaml/many.yml"));
    assert_keys(&single, &keys);
    assert_keys(&many, &keys);
    assert!(single.get("enabled").is_none());
    assert_eq!(many["enabled"], false);
    assert_eq!(many["severity"], "High");
    assert_eq!((&single["queryPeriod"], &many["queryPeriod"]), (&"70m".into(), &"130m".into()));
    assert_eq!(many["entityMappings"][0]["entityType"], "Host");
    assert_eq!(many["incidentConfiguration"]["groupingConfiguration"]["lookbackDuration"], "P1D");
    let query = many["query"].as_str().unwrap();
    assert!(
        query.contains("_time >= bin(now(), 1m) - 65m and _time < bin(now(), 1m) - 5m"),
        "{query}"
    );
    let arm: Value = serde_json::from_str(&read(&folder, "sentinel-arm/many.json")).unwrap();
    let properties = &arm["resources"][0]["properties"];
    assert_keys(
        properties,
        &[
            "displayName",
            "enabled",
            "severity",
            "query",
            "queryFrequency",
            "queryPeriod",
            "triggerOperator",
            "triggerThreshold",
            "suppressionDuration",
            "suppressionEnabled",
            "tactics",
        ],
    );
    assert_eq!(arm["resources"][0]["kind"], "Scheduled");
    assert_eq!(
        (&properties["queryPeriod"], &properties["enabled"]),
        (&"PT130M".into(), &false.into())
    );
    assert_eq!(properties["techniques"], serde_json::json!(["T1553"]));
}

/// A firing is reported when nothing can follow it any more that matters: 5 min for the event that must
/// be absent, 30 s for events out of order. It depends on what lies a minute before, or 2 min.
#[test]
fn runs_wait_for_what_may_follow_a_firing_and_look_back_over_what_lies_before() {
    let conditions = [
        ("absent", "a and not b within 5m after", ""),
        ("earlier", "a and not b within 2m before", ""),
        ("skewed", "a then b", "\n    skew 30s"),
    ];
    let mut number = 10;
    let rules = conditions.map(|(name, condition, skew)| {
        number += 1;
        let rule = WEAVE.replace("rule many", &format!("rule {name}")).replace("Many starts", name);
        let id = format!("1f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a{number}");
        let rule = rule.replace("1f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10", &id);
        let rule = rule.replace("over 1h", &format!("over 1m{skew}"));
        (format!("{name}.weave"), rule.replace("a and b\n", &format!("{condition}\n")))
    });
    let rules: Vec<(&str, &str)> = rules.iter().map(|(file, rule)| (&**file, &**rule)).collect();
    let splunk = "target = 'splunk'\nplatform = 'splunk-ta'\nschedule = '5m'\ndelay = '2m'\n\
                  formats = ['savedsearches']\nartifact = { app = 'soc' }\n";
    let sentinel =
        "target = 'kql'\nplatform = 'sentinel'\nschedule = '5m'\nformats = ['sentinel-yaml']\n";
    let (splunk, sentinel) = (built(splunk, &rules), built(sentinel, &rules));
    let searches = stanzas(&read(&splunk, "soc/default/savedsearches.conf"));
    for (name, earliest, range, period, reported) in [
        ("absent", "-13m@m", (600, 300), "21m", ("15m", "10m")),
        ("earlier", "-10m@m", (300, 0), "18m", ("10m", "5m")),
        ("skewed", "-9m@m", (330, 30), "17m", ("630s", "330s")),
    ] {
        let (_, search) = searches.iter().find(|(title, _)| title == name).unwrap();
        let value = |key: &str| &search.iter().find(|(known, _)| known == key).unwrap().1;
        assert_eq!(value("dispatch.earliest_time"), earliest, "{name}");
        assert_eq!(value("dispatch.latest_time"), "-2m@m");
        let end = |seconds: u32| match seconds {
            0 => "info_max_time*1000".to_owned(),
            seconds => format!("info_max_time*1000-{}", seconds * 1000),
        };
        let expected = format!("sw_time>={} AND sw_time<{}", end(range.0), end(range.1));
        assert!(value("search").contains(&expected), "{name}: {}", value("search"));
        let rule = yaml(&read(&sentinel, &format!("sentinel-yaml/{name}.yml")));
        assert_eq!(rule["queryPeriod"], period, "{name}");
        let (from, to) = reported;
        let run = "bin(now(), 1m)";
        let expected = format!("_time >= {run} - {from} and _time < {run} - {to}");
        assert!(rule["query"].as_str().unwrap().contains(&expected), "{name}: {}", rule["query"]);
    }
}

#[test]
fn defender_gets_its_required_keys_and_no_continuous_detection() {
    let environment = "target = 'kql'\nplatform = 'defender-xdr'\nformats = ['defender']\n";
    let folder = built(environment, &[("a.yml", RULE), ("b.weave", WEAVE)]);
    for file in ["certutil", "many"] {
        let rule: Value =
            serde_json::from_str(&read(&folder, &format!("defender/{file}.json"))).unwrap();
        assert_keys(
            &rule,
            &[
                "displayName",
                "isEnabled",
                "queryCondition.queryText",
                "schedule.frequency",
                "detectionAction.alertTemplate.title",
                "detectionAction.alertTemplate.description",
                "detectionAction.alertTemplate.severity",
                "detectionAction.alertTemplate.category",
                "detectionAction.alertTemplate.impactedAssets.0.identifier",
            ],
        );
        assert_eq!(rule["schedule"]["frequency"], "PT1H");
        assert!(rule["schedule"].get("period").is_none());
        let query = rule["queryCondition"]["queryText"].as_str().unwrap();
        // The product filters events by their time itself.
        assert!(!query.contains("where Timestamp"), "{query}");
        assert!(file == "certutil" || query.contains("ReportId"), "{query}");
    }
}

#[test]
fn elastic_gets_a_rule_per_query_with_ids_of_their_own() {
    let environment = "target = 'eql'\nplatform = 'elastic-winlogbeat'\nformats = ['elastic-toml', 'kibana-ndjson']\n";
    let folder = built(environment, &[("a.yml", RULE), ("b.weave", WEAVE)]);
    let lines = read(&folder, "kibana-ndjson/rules.ndjson");
    let rules: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rules.len(), 3);
    let mut ids = std::collections::BTreeSet::new();
    for rule in &rules {
        assert_keys(
            rule,
            &[
                "author",
                "description",
                "name",
                "risk_score",
                "rule_id",
                "severity",
                "type",
                "language",
                "query",
                "index",
                "from",
                "interval",
                "threat.0.tactic.id",
                "threat.0.tactic.name",
            ],
        );
        ids.insert(rule["rule_id"].as_str().unwrap());
    }
    assert_eq!(ids.len(), 3);
    assert_eq!((&rules[0]["enabled"], &rules[1]["enabled"]), (&true.into(), &false.into()));
    assert_eq!((&rules[1]["risk_score"], &rules[1]["from"]), (&99.into(), &"now-125m".into()));
    assert_eq!(rules[1]["threat"][1]["technique"][0]["subtechnique"][0]["id"], "T1553.004");
    assert_eq!(rules[1]["alert_suppression"]["group_by"][0], "winlog.computer_name");
    for file in ["certutil", "many.1", "many.2"] {
        let text = read(&folder, &format!("elastic-toml/{file}.toml"));
        let table: toml::Table = text.parse().unwrap();
        let rule = serde_json::to_value(&table).unwrap();
        assert_keys(
            &rule,
            &[
                "metadata.creation_date",
                "metadata.updated_date",
                "metadata.maturity",
                "rule.author",
                "rule.description",
                "rule.name",
                "rule.risk_score",
                "rule.rule_id",
                "rule.severity",
                "rule.type",
                "rule.language",
                "rule.query",
                "rule.threat.0.tactic.id",
            ],
        );
        assert!(ids.contains(rule["rule"]["rule_id"].as_str().unwrap()));
    }
}

#[test]
fn a_rule_in_esql_names_its_indexes_itself_and_tells_events_by_their_ids() {
    let environment = "target = 'esql'\nplatform = 'elastic-winlogbeat'\nformats = ['kibana-ndjson', 'elastic-toml']\n";
    let folder = built(environment, &[("a.yml", RULE)]);
    let rule: Value = serde_json::from_str(&read(&folder, "kibana-ndjson/rules.ndjson")).unwrap();
    assert_eq!((&rule["type"], &rule["language"]), (&"esql".into(), &"esql".into()));
    assert!(rule["query"].as_str().unwrap().contains("METADATA _id"));
    assert!(rule.get("index").is_none());
    let table: toml::Table = read(&folder, "elastic-toml/certutil.toml").parse().unwrap();
    assert_eq!(table["rule"]["type"].as_str(), Some("esql"));
}

#[test]
fn windows_in_esql_are_reported_when_they_end_and_held_back_after() {
    let environment = "target = 'esql'\nplatform = 'elastic-winlogbeat'\naccept = ['W0603']\n\
                       formats = ['kibana-ndjson', 'elastic-toml', 'query']\n";
    let plain = WEAVE.replace("  alert: suppress by host for 24h\n", "");
    let folder = built(environment, &[("b.weave", &plain)]);
    let rule: Value = serde_json::from_str(&read(&folder, "kibana-ndjson/rules.ndjson")).unwrap();
    assert_eq!((&rule["type"], &rule["from"]), (&"esql".into(), &"now-130m".into()));
    let query = rule["query"].as_str().unwrap();
    for part in ["window + 1 hour > NOW() - 70 minutes", "window + 1 hour <= NOW() - 5 minutes"] {
        assert!(query.contains(part), "{query}");
    }
    let held_back = &rule["alert_suppression"];
    assert_eq!(held_back["group_by"], serde_json::json!(["host", "window"]));
    assert_eq!(held_back["duration"], serde_json::json!({"value": 130, "unit": "m"}));
    assert!(rule.get("index").is_none() && rule.get("tiebreaker_field").is_none());
    assert!(!read(&folder, "many.esql").contains("NOW()"));
    let table: toml::Table = read(&folder, "elastic-toml/many.toml").parse().unwrap();
    let fields = &table["rule"]["alert_suppression"]["group_by"];
    assert_eq!(fields.as_array().map(Vec::len), Some(2));
    // What the rule says itself holds back no less.
    let folder = built(environment, &[("b.weave", WEAVE)]);
    let rule: Value = serde_json::from_str(&read(&folder, "kibana-ndjson/rules.ndjson")).unwrap();
    let held_back = &rule["alert_suppression"];
    assert_eq!(held_back["group_by"], serde_json::json!(["host"]));
    assert_eq!(held_back["duration"]["value"], 1440);
}

#[test]
fn probes_ask_whether_telemetry_arrives() {
    for (target, platform, ending) in [
        ("splunk", "splunk-ta", "spl"),
        ("kql", "sentinel", "kql"),
        ("eql", "elastic-winlogbeat", "eql"),
        ("esql", "elastic-winlogbeat", "esql"),
    ] {
        let environment = format!(
            "target = '{target}'\nplatform = '{platform}'\nformats = ['probe']\naccept = ['W0603']\n"
        );
        let folder = built(&environment, &[("a.yml", RULE), ("b.weave", WEAVE)]);
        let probe = read(&folder, &format!("probe/many.1.{ending}"));
        assert!(!probe.contains("certutil"), "{probe}");
        assert!(
            target != "esql" || probe.contains("| STATS events = COUNT(*), last_event"),
            "{probe}"
        );
        assert!(!folder.path().join(format!("build/soc/probe/many.2.{ending}")).exists());
    }
}

/// A title and a description that try every language's way out.
#[test]
fn nothing_that_a_rule_says_leaves_its_quotes() {
    let title = r#"x" ''' ]\"#;
    let evil = format!(
        "{title}\nsearch = index=* | delete\n[other]\n'''\nenabled = true\n\"\"\"\n: - # {{{{ x }}}} $y$ \\"
    );
    let rule = RULE
        .replace("title: Certutil", &format!("title: {}", Value::from("[concat('x')] $host$ \\")))
        .replace(
            "description: Certutil was started.",
            &format!("description: {}", Value::from(evil.as_str())),
        );
    let folder = built(SPLUNK, &[("a.yml", &rule)]);
    let text = read(&folder, "soc/default/savedsearches.conf");
    let found = stanzas(&text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1.iter().filter(|(key, _)| key == "search").count(), 1);
    assert!(text.contains("$$host$$"));
    let environment =
        "target = 'kql'\nplatform = 'sentinel'\nformats = ['sentinel-yaml', 'sentinel-arm']\n";
    let folder = built(environment, &[("a.yml", &rule)]);
    let sentinel = yaml(&read(&folder, "sentinel-yaml/certutil.yml"));
    assert_eq!(sentinel["description"].as_str().unwrap(), evil.trim());
    let arm: Value = serde_json::from_str(&read(&folder, "sentinel-arm/certutil.json")).unwrap();
    let properties = &arm["resources"][0]["properties"];
    // What does not end with `]`, too, is no expression of ARM.
    assert_eq!(properties["displayName"], "[concat('x')] $host$ \\");
    let environment =
        "target = 'eql'\nplatform = 'elastic-winlogbeat'\nformats = ['elastic-toml']\n";
    let folder = built(environment, &[("a.yml", &rule)]);
    let table: toml::Table = read(&folder, "elastic-toml/certutil.toml").parse().unwrap();
    assert_eq!(table["rule"]["description"].as_str().unwrap(), evil.trim());
    assert!(table["rule"].get("enabled").is_none());
    assert!(Path::new(folder.path()).join("build/soc/manifest.json").exists());
}
