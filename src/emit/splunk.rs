//! Splunk: scheduled searches of an app, and detections of contentctl.
//!
//! The search reads `[R - look-back, R - delay)` (`dispatch.*`); a rule over several events filters
//! its firings by time, a rule over single events reads no more than it reports.

use minijinja::{Value, context};
use serde_json::{Value as Json, json};

use crate::backend::template::Templates;
use crate::diagnostic::{Code, Diagnostic};
use crate::project::Environment;
use crate::source::Span;

use super::envelope::{APP, APP_META, CONTENTCTL, STANZA, Syntax, render};
use super::facts::{Facts, Level, texts};
use super::quote::{
    conf, conf_json, conf_query, conf_tokens, stanza as stanza_name, yaml, yaml_block,
};
use super::run::short;
use super::{Emitted, Piece, Subject, stem};

/// Columns that name a system, and those that name a user.
const SYSTEMS: [&str; 6] = ["dest", "Computer", "host", "dvc", "DeviceName", "ComputerName"];
const USERS: [&str; 4] = ["user", "User", "src_user", "TargetUserName"];

/// Security domains of Enterprise Security.
const DOMAINS: [&str; 6] = ["access", "endpoint", "network", "threat", "identity", "audit"];

/// contentctl's longest name.
const MOST_NAME: usize = 67;

/// A stanza of the app's `savedsearches.conf`.
pub(super) fn stanza(
    mut facts: Facts<'_>,
    subject: &Subject<'_>,
) -> Result<Emitted, Vec<Diagnostic>> {
    let level = facts.level();
    let score = facts.risk_score(level);
    let cron = cron(&mut facts);
    let domain = domain(&mut facts).unwrap_or("threat".to_owned());
    let risk = risk_objects(&facts).into_iter().map(|object| {
        json!({
            "risk_object_field": object.field,
            "risk_object_type": object.kind,
            "risk_score": score,
        })
    });
    let risk: Vec<Json> = risk.collect();
    let meta = facts.meta();
    let description = meta.description.as_deref().unwrap_or(&meta.title);
    let suppress = meta.suppress.as_ref().map(|suppress| {
        let key = || subject.plan.keys().to_vec();
        let by = if suppress.by.is_empty() { key() } else { suppress.by.clone() };
        context! { fields => Value::from(conf(&by.join(","))), seconds => suppress.span.div_ceil(1000) }
    });
    let annotations = annotations(&facts);
    let (earliest, latest) = range(&facts);
    let query = facts.queries.first().map(|query| query.text.as_str()).unwrap_or_default();
    let context = context! {
        name => Value::from(stanza_name(&meta.title)),
        description => Value::from(conf(description)),
        search => Value::from(conf_query(query)),
        cron => Value::from(conf(&cron)),
        earliest => Value::from(conf(&earliest)),
        latest => Value::from(conf(&latest)),
        disabled => u8::from(!facts.is_enabled()),
        severity => alert_severity(level),
        suppress => suppress,
        label => Value::from(conf_tokens(&meta.title)),
        annotations => Value::from(conf_json(&annotations)),
        rule_title => Value::from(conf_tokens(&meta.title)),
        rule_description => Value::from(conf_tokens(description)),
        security_domain => Value::from(conf(&domain)),
        level => Value::from(conf(level.name())),
        risk => (!risk.is_empty()).then(|| Value::from(conf_json(&Json::from(risk)))),
        risk_message => Value::from(conf_tokens(&meta.title)),
    };
    let span = meta.span;
    let text = render(&STANZA, Syntax::Conf, subject.templates, context, span);
    let path =
        format!("{}/default/savedsearches.conf", app_name(subject.name, subject.environment));
    finish(facts, vec![Piece { path, text: text? + "\n" }])
}

/// What Enterprise Security shows of a search.
fn annotations(facts: &Facts<'_>) -> Json {
    let techniques = texts(facts.attack.techniques.iter().map(|one| one.id));
    match facts.given("analytic_story") {
        [] => json!({ "mitre_attack": techniques }),
        _ => json!({
            "mitre_attack": techniques,
            "analytic_story": facts.given_list("analytic_story"),
        }),
    }
}

/// The files of the app besides its searches.
pub(super) fn app(
    name: &str,
    environment: &Environment,
    templates: &Templates,
) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    let given = |key: &str| environment.artifact.get(key).and_then(|given| given.first());
    let app = app_name(name, environment);
    let author = given("author").map_or("", |author| author.node.as_str());
    let context = || {
        context! {
            id => Value::from(conf(&app)),
            environment => Value::from(conf(name)),
            author => Value::from(conf(author)),
        }
    };
    let file = |template, path: &str| {
        render(template, Syntax::Conf, templates, context(), environment.span)
            .map(|text| Piece { path: format!("{app}/{path}"), text })
    };
    Ok(vec![file(&APP, "default/app.conf")?, file(&APP_META, "metadata/default.meta")?])
}

/// The folder of the app.
fn app_name(name: &str, environment: &Environment) -> String {
    let given = environment.artifact.get("app").and_then(|given| given.first());
    given.map_or_else(|| format!("sigweave_{}", stem(name)), |given| stem(&given.node))
}

/// The cron expression of the schedule; E0710 if there is none.
fn cron(facts: &mut Facts<'_>) -> String {
    let Some(every) = &facts.environment.schedule.every else { return "0 * * * *".to_owned() };
    every.node.to_cron().unwrap_or_else(|| {
        let message = format!("no cron expression runs every {}", short(every.node.interval));
        let found = Diagnostic::new(Code::BadSchedule, every.span, message);
        facts
            .found
            .push(found.help("choose minutes that divide an hour, or hours that divide a day"));
        String::new()
    })
}

/// What a search reads: its earliest and its latest time.
fn range(facts: &Facts<'_>) -> (String, String) {
    let run = facts.run;
    (format!("-{}m@m", run.lookback_minutes()), format!("-{}@m", short(run.delay)))
}

/// The security domain that the project names.
fn domain(facts: &mut Facts<'_>) -> Option<String> {
    let given = facts.given("security_domain").first()?;
    if !DOMAINS.contains(&given.node.as_str()) {
        let message = format!("there is no security domain `{}`", given.node);
        let found = Diagnostic::new(Code::ProjectSyntax, given.span, message);
        facts.found.push(found.help(format!("there are: {}", DOMAINS.join(", "))));
    }
    Some(given.node.clone())
}

/// A column whose value bears a risk, and what it names.
struct RiskObject {
    field: &'static str,
    kind: &'static str,
}

/// Which columns of the result bear a risk. Every single event has a `host`.
fn risk_objects(facts: &Facts<'_>) -> Vec<RiskObject> {
    let columns = facts.columns();
    let find = |names: &[&'static str]| {
        names.iter().find(|name| columns.iter().any(|column| column == *name)).copied()
    };
    let host = (!facts.is_timeline()).then_some("host");
    let system = find(&SYSTEMS).or(host).map(|field| RiskObject { field, kind: "system" });
    let user = find(&USERS).map(|field| RiskObject { field, kind: "user" });
    system.into_iter().chain(user).collect()
}

/// `alert.severity`: 1 debug, 2 info, 3 warn, 4 error, 5 severe, 6 fatal.
fn alert_severity(level: Level) -> u8 {
    match level {
        Level::Informational => 2,
        Level::Low => 3,
        Level::Medium => 4,
        Level::High => 5,
        Level::Critical => 6,
    }
}

/// A detection of contentctl.
pub(super) fn contentctl(
    mut facts: Facts<'_>,
    subject: &Subject<'_>,
) -> Result<Emitted, Vec<Diagnostic>> {
    let meta = facts.meta();
    let level = facts.level();
    let score = facts.risk_score(level);
    let id = facts.ids().into_iter().next().unwrap_or_default();
    let author = facts.need_here("author", meta.author.as_deref());
    let date = facts.need("date", meta.date.as_deref()).replace('/', "-");
    let description = facts.need("description", meta.description.as_deref());
    let positives = meta.falsepositives.join("; ");
    let positives = facts.need("falsepositives", Some(&positives));
    let asset = facts.need_given("asset_type");
    facts.need_given("analytic_story");
    facts.need_given("security_domain");
    let domain = domain(&mut facts).unwrap_or_default();
    let cron = cron(&mut facts);
    let (earliest, latest) = range(&facts);
    let name = plain_name(&meta.title);
    let file = file_name(&name);
    let query = facts.queries.first().map(|query| query.text.as_str()).unwrap_or_default();
    let mut objects = risk_objects(&facts);
    objects.retain(|object| query.contains(object.field));
    let risk = objects
        .iter()
        .map(|object| json!({ "field": object.field, "type": object.kind, "score": score }));
    let risk: Vec<Json> = risk.collect();
    let text = |text: &str| Value::from(yaml(&Json::from(text)));
    let context = context! {
        name => text(&name),
        id => text(&id),
        date => text(&date),
        author => text(&author),
        status => text("experimental"),
        kind => text(if risk.is_empty() { "Hunting" } else { "TTP" }),
        description => Value::from(yaml_block(description.trim(), 2)),
        search => Value::from(yaml_block(&format!("{query}\n| `{file}_filter`"), 2)),
        how_to_implement => text(&how_to_implement(&facts, subject)),
        known_false_positives => text(&positives),
        references => Value::from(yaml(&texts(&meta.references))),
        message => text(&meta.title),
        risk => (!risk.is_empty()).then(|| Value::from(yaml(&Json::from(risk)))),
        risk_fields => Value::from(yaml(&texts(objects.iter().map(|object| object.field)))),
        cron => text(&cron),
        earliest => text(&earliest),
        latest => text(&latest),
        analytic_story => Value::from(yaml(&facts.given_list("analytic_story"))),
        asset_type => text(&asset),
        techniques => Value::from(yaml(&texts(facts.attack.techniques.iter().map(|one| one.id)))),
        product => Value::from(yaml(&products(&facts))),
        security_domain => text(&domain),
    };
    let text = render(&CONTENTCTL, Syntax::Yaml, subject.templates, context, meta.span);
    let path = format!("contentctl/{file}.yml");
    finish(facts, vec![Piece { path, text: text? }])
}

/// What a detection needs to run.
fn how_to_implement(facts: &Facts<'_>, subject: &Subject<'_>) -> String {
    facts.given("how_to_implement").first().map_or_else(
        || format!("Needs the data that the platform `{}` describes.", subject.platform.name),
        |given| given.node.clone(),
    )
}

/// The products that a detection is for.
fn products(facts: &Facts<'_>) -> Json {
    match facts.given("product") {
        [] => json!(["Splunk Enterprise", "Splunk Enterprise Security", "Splunk Cloud"]),
        _ => facts.given_list("product"),
    }
}

/// A name that contentctl takes: its file is called alike.
fn plain_name(title: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { ' ' };
    let words: String = title.chars().map(plain).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(MOST_NAME).collect::<String>().trim_end().to_owned()
}

/// contentctl's name for the file of a detection, without its ending.
fn file_name(name: &str) -> String {
    name.replace([' ', '-', '.', '/'], "_").to_lowercase()
}

/// The stanza that a title makes, as messages call it.
pub(super) fn claimed_stanza(title: &str) -> String {
    format!("the stanza `[{}]` of savedsearches.conf", stanza_name(title).as_str())
}

/// The detection that a title makes, as messages call it.
pub(super) fn claimed_file(title: &str) -> String {
    format!("the file `contentctl/{}.yml`", file_name(&plain_name(title)))
}

/// The pieces, unless something was wrong.
pub(super) fn finish(facts: Facts<'_>, pieces: Vec<Piece>) -> Result<Emitted, Vec<Diagnostic>> {
    use crate::diagnostic::Severity;
    let is_error = |found: &Diagnostic| found.severity() == Severity::Error;
    if facts.found.iter().any(is_error) {
        return Err(facts.found);
    }
    Ok(Emitted { pieces, warnings: facts.found })
}

/// Where a rule as a whole is meant.
pub(super) fn whole(facts: &Facts<'_>) -> Span {
    facts.meta().span.head()
}
