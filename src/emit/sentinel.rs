//! Microsoft Sentinel: scheduled analytics rules, as YAML and as ARM templates.
//!
//! The query filters its firings by time (`docs/projects`), so that the period may be longer than the
//! interval without a second alert. Sources: "Scheduled analytics rules in Microsoft Sentinel", the
//! template reference `Microsoft.SecurityInsights/alertRules`, and the checks of the rule models in
//! the repository Azure-Sentinel (period and frequency 5 minutes to 14 days; a period of 2 days or
//! more only with a frequency of an hour or more; queries of 10,000 characters, names of 256,
//! descriptions of 5,000; 5 entities).

use minijinja::{Value, context};
use serde_json::{Value as Json, json};

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Report;
use crate::project::{DAY, HOUR, MINUTE};

use super::attack::pascal;
use super::envelope::{SENTINEL, SENTINEL_ARM, Syntax, render};
use super::facts::{Facts, texts};
use super::quote::{arm as arm_text, json as json_text, yaml as yaml_text, yaml_block};
use super::run::{iso, short, too_far};
use super::splunk::{finish, whole};
use super::{Emitted, Piece, Subject};

/// Characters of a query.
const MOST_CHARACTERS: usize = 10_000;
/// Characters of a name.
const MOST_NAME: usize = 256;
/// Characters of a description.
const MOST_DESCRIPTION: usize = 5_000;
/// The scheduler runs rules that late, and reads what it would have read in time.
const LATE: u64 = Report::LATE;

/// Columns that name an entity, by preference, each with the identifier of the entity that it holds.
/// An account's `Name` is without its domain; `DOMAIN\user` and `user@domain` are its `FullName`
/// (Microsoft, "Microsoft Sentinel entity types reference").
const ENTITIES: [(&str, &[(&str, &str)]); 3] = [
    (
        "Host",
        &[
            ("Computer", "FullName"),
            ("DeviceName", "FullName"),
            ("DvcHostname", "FullName"),
            ("SourceSystem", "FullName"),
            ("HostName", "FullName"),
        ],
    ),
    (
        "Account",
        &[
            ("TargetUserName", "Name"),
            ("User", "FullName"),
            ("AccountName", "Name"),
            ("ActorUsername", "FullName"),
            ("SubjectUserName", "Name"),
            ("UserPrincipalName", "FullName"),
        ],
    ),
    (
        "IP",
        &[
            ("IPAddress", "Address"),
            ("SourceIp", "Address"),
            ("SrcIpAddr", "Address"),
            ("IpAddress", "Address"),
            ("DestinationIp", "Address"),
            ("DstIpAddr", "Address"),
        ],
    ),
];

/// What both forms say.
struct Rule {
    id: String,
    description: String,
    severity: &'static str,
    query: String,
    frequency: u64,
    period: u64,
    entities: Vec<Json>,
    tactics: Json,
    techniques: Vec<String>,
    grouping: Option<Json>,
}

/// An analytics rule.
pub(super) fn yaml(
    mut facts: Facts<'_>,
    subject: &Subject<'_>,
) -> Result<Emitted, Vec<Diagnostic>> {
    let rule = read(&mut facts);
    let text = |text: &str| Value::from(yaml_text(&Json::from(text)));
    let connectors = facts
        .given("data_connectors")
        .iter()
        .map(|given| json!({ "connectorId": given.node, "dataTypes": texts(facts.tables()) }));
    let context = context! {
        id => text(&rule.id),
        name => text(&facts.meta().title),
        description => Value::from(yaml_block(rule.description.trim(), 2)),
        severity => text(rule.severity),
        enabled => facts.is_enabled(),
        connectors => Value::from(yaml_text(&connectors.collect::<Json>())),
        frequency => text(&short(rule.frequency)),
        period => text(&short(rule.period)),
        tactics => Value::from(yaml_text(&rule.tactics)),
        techniques => Value::from(yaml_text(&texts(&rule.techniques))),
        query => Value::from(yaml_block(&rule.query, 2)),
        entities => (!rule.entities.is_empty()).then(|| Value::from(yaml_text(&Json::from(rule.entities.clone())))),
        aggregation => text(aggregation(&facts)),
        grouping => rule.grouping.as_ref().map(|grouping| Value::from(yaml_text(grouping))),
    };
    let text = render(&SENTINEL, Syntax::Yaml, subject.templates, context, facts.meta().span);
    let path = format!("sentinel-yaml/{}.yml", subject.stem);
    finish(facts, vec![Piece { path, text: text? }])
}

/// The same as an ARM template.
pub(super) fn arm(mut facts: Facts<'_>, subject: &Subject<'_>) -> Result<Emitted, Vec<Diagnostic>> {
    let rule = read(&mut facts);
    let value = |value: Json| Value::from(json_text(&value));
    let workspace = facts.given("workspace").first();
    // Sub-techniques have no place in `techniques`.
    let mut techniques: Vec<&str> =
        rule.techniques.iter().filter_map(|id| id.split('.').next()).collect();
    techniques.dedup();
    let context = context! {
        workspace => workspace.map(|given| value(arm_text(&given.node))),
        id => value(arm_text(&rule.id)),
        path => value(Json::from(format!("[concat(parameters('workspace'), '/Microsoft.SecurityInsights/{}')]", plain_id(&rule.id)))),
        name => value(arm_text(&facts.meta().title)),
        description => value(arm_text(rule.description.trim())),
        severity => value(Json::from(rule.severity)),
        enabled => value(Json::from(facts.is_enabled())),
        query => value(arm_text(&rule.query)),
        frequency => value(Json::from(iso(rule.frequency))),
        period => value(Json::from(iso(rule.period))),
        tactics => value(rule.tactics.clone()),
        techniques => value(texts(techniques)),
        entities => value(Json::from(rule.entities.clone())),
        aggregation => value(Json::from(aggregation(&facts))),
        grouping => rule.grouping.clone().map(value),
    };
    let text = render(&SENTINEL_ARM, Syntax::Json, subject.templates, context, facts.meta().span);
    let path = format!("sentinel-arm/{}.json", subject.stem);
    finish(facts, vec![Piece { path, text: text? }])
}

fn read(facts: &mut Facts<'_>) -> Rule {
    let meta = facts.meta();
    let id = facts.ids().into_iter().next().unwrap_or_default();
    let description = facts.need("description", meta.description.as_deref());
    let severity = facts.level().microsoft();
    let query = facts.queries.first().map(|query| query.text.clone()).unwrap_or_default();
    let (frequency, period) = times(facts);
    limits(facts, &query, frequency);
    lengths(facts, description.trim());
    Rule {
        id,
        description,
        severity,
        query,
        frequency,
        period,
        entities: entities(&facts.columns()),
        tactics: texts(facts.attack.tactics.iter().map(|tactic| pascal(*tactic))),
        techniques: facts.attack.techniques.iter().map(|one| one.id.to_owned()).collect(),
        grouping: grouping(facts),
    }
}

/// How often the rule runs, and how far it looks back; reported if Sentinel cannot.
fn times(facts: &mut Facts<'_>) -> (u64, u64) {
    let run = facts.run;
    let period = run.lookback.saturating_add(LATE).max(run.interval);
    let span = whole(facts);
    if period > 14 * DAY {
        facts.found.push(too_far(span, period, "Sentinel looks back 14 days at most"));
    }
    if period >= 2 * DAY && run.interval < HOUR {
        let message = format!(
            "a run looks back {}, so Sentinel runs it once an hour at most, not every {}",
            short(period),
            short(run.interval)
        );
        let found = Diagnostic::new(Code::ArtifactLimit, span, message);
        facts.found.push(found.help("set `schedule = \"1h\"` or shorten the timespan of the rule"));
    }
    if run.delay < LATE {
        let schedule = &facts.environment.schedule;
        let message = format!("a delay of {} is shorter than Sentinel's own", short(run.delay));
        let found = Diagnostic::new(Code::ArtifactLimit, schedule.delay.span, message);
        facts.found.push(
            found.help("Sentinel runs rules five minutes late: set `delay = \"5m\"` or more"),
        );
    }
    (run.interval, period)
}

/// What the query and the schedule must keep to.
fn limits(facts: &mut Facts<'_>, query: &str, frequency: u64) {
    let span = whole(facts);
    let length = query.chars().count();
    if length > MOST_CHARACTERS {
        let message = format!("the query has {length} characters, Sentinel takes 10,000");
        let found = Diagnostic::new(Code::ArtifactLimit, span, message);
        facts.found.push(found.help("split the rule, or move values to a watchlist"));
    }
    if !(5 * MINUTE..=14 * DAY).contains(&frequency) {
        let every = facts.environment.schedule.every.as_ref();
        let at = every.map_or(span, |every| every.span);
        let message =
            format!("Sentinel runs rules every 5 minutes to 14 days, not {}", short(frequency));
        facts.found.push(Diagnostic::new(Code::ArtifactLimit, at, message));
    }
}

/// What name and description must keep to.
fn lengths(facts: &mut Facts<'_>, description: &str) {
    let title = facts.meta().title.as_str();
    let texts = [("title", title, MOST_NAME), ("description", description, MOST_DESCRIPTION)];
    for (key, text, most) in texts {
        let length = text.chars().count();
        if length > most {
            let message = format!("the {key} has {length} characters, Sentinel takes {most}");
            let found = Diagnostic::new(Code::ArtifactLimit, whole(facts), message);
            facts.found.push(found.help(format!("shorten the `{key}` of the rule")));
        }
    }
}

/// One alert per row of firings, one for all events of a rule over single events.
fn aggregation(facts: &Facts<'_>) -> &'static str {
    if facts.is_timeline() { "AlertPerResult" } else { "SingleAlert" }
}

fn entities(columns: &[String]) -> Vec<Json> {
    let found = ENTITIES.iter().filter_map(|(entity, names)| {
        let known = |name: &str| columns.iter().any(|column| column == name);
        let (column, identifier) = names.iter().find(|(name, _)| known(name))?;
        Some(json!({
            "entityType": entity,
            "fieldMappings": [{ "identifier": identifier, "columnName": column }],
        }))
    });
    found.collect()
}

/// Sentinel's suppression would stop the whole rule, so alerts that are not to be repeated go into
/// one incident instead.
fn grouping(facts: &Facts<'_>) -> Option<Json> {
    let suppress = facts.meta().suppress.as_ref()?;
    let lookback = suppress.span.clamp(5 * MINUTE, 7 * DAY).next_multiple_of(MINUTE);
    Some(json!({
        "createIncident": true,
        "groupingConfiguration": {
            "enabled": true,
            "reopenClosedIncident": false,
            "lookbackDuration": iso(lookback),
            "matchingMethod": "AllEntities",
        },
    }))
}

/// The id as it stands within an expression of ARM.
fn plain_id(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}
