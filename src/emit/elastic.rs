//! Elastic Security: rules of the detection-rules repository (TOML) and of Kibana's import (NDJSON).
//!
//! A sequence is found again by every run that still sees all of its events; Elastic tells it by the
//! events' ids and alerts once, so the query carries no report range. Each further query of a rule is
//! a rule of its own, whose id is derived from the rule's. The repository's tests want a look-back of
//! at least `maxspan` less 10 minutes, and an interval of at least half of it (W0702).

use minijinja::{Value, context};
use serde_json::{Map, Value as Json, json};

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{PlanBody, Report};

use super::envelope::{ELASTIC, KIBANA, Syntax, render};
use super::facts::{Facts, texts};
use super::quote::{json as json_text, toml as toml_text, toml_query};
use super::run::short;
use super::splunk::{finish, whole};
use super::{Emitted, Piece, Subject};
use crate::taxonomy::{Tactic, Technique};

/// The longest window of a sequence that is no matter to Elastic's tests, in milliseconds.
const SHORT_WINDOW: u64 = 150_000;

/// So many fields tell alerts that are held back.
const MOST_FIELDS: usize = 3;

/// The clock of Elasticsearch.
const CLOCK: &str = "@timestamp";

/// What both forms say of each query.
struct Common {
    /// `eql` or `esql`, which is the rule's type, too.
    language: String,
    ids: Vec<String>,
    author: Vec<String>,
    description: String,
    severity: &'static str,
    score: u32,
    indexes: Json,
    tags: Json,
    tiebreaker: Option<String>,
    clock: Option<String>,
    suppress: Option<Suppress>,
}

/// By which fields and for how long alerts are held back.
struct Suppress {
    fields: Vec<String>,
    minutes: u64,
}

impl Suppress {
    fn json(&self) -> Json {
        json!({
            "group_by": self.fields,
            "duration": { "value": self.minutes, "unit": "m" },
            "missing_fields_strategy": "suppress",
        })
    }
}

/// A rule of the repository per query.
pub(super) fn toml(
    mut facts: Facts<'_>,
    subject: &Subject<'_>,
) -> Result<Emitted, Vec<Diagnostic>> {
    let common = common(&mut facts);
    let meta = facts.meta();
    let date = facts.need("date", meta.date.as_deref()).replace('-', "/");
    let value = |value: Json| Value::from(toml_text(&value));
    let maturity = if facts.is_enabled() { "production" } else { "development" };
    let several = facts.queries.len() > 1;
    let mut pieces = Vec::new();
    for (number, (query, id)) in facts.queries.iter().zip(&common.ids).enumerate() {
        let context = context! {
            date => value(Json::from(date.as_str())),
            maturity => value(Json::from(maturity)),
            integration => (!facts.given("integration").is_empty()).then(|| value(facts.given_list("integration"))),
            author => value(texts(&common.author)),
            description => value(Json::from(common.description.trim())),
            false_positives => value(texts(&meta.falsepositives)),
            from => value(Json::from(from(&facts))),
            to => to(&facts).map(|to| value(Json::from(to))),
            language => value(Json::from(common.language.as_str())),
            indexes => (!is_esql(&facts)).then(|| value(common.indexes.clone())),
            interval => value(Json::from(interval(&facts))),
            name => value(Json::from(facts.title(number))),
            references => value(texts(&meta.references)),
            risk_score => common.score,
            id => value(Json::from(id.as_str())),
            severity => value(Json::from(common.severity)),
            tags => value(common.tags.clone()),
            tiebreaker => common.tiebreaker.clone().map(|field| value(Json::from(field))),
            clock => common.clock.clone().map(|field| value(Json::from(field))),
            query => Value::from(toml_query(&query.text)),
            threats => toml_threats(&facts),
            suppress => common.suppress.as_ref().map(|suppress| context! {
                group_by => value(texts(&suppress.fields)),
                minutes => suppress.minutes,
            }),
        };
        let numbered = if several { format!(".{}", number + 1) } else { String::new() };
        let path = format!("elastic-toml/{}{numbered}.toml", subject.stem);
        let text = render(&ELASTIC, Syntax::Toml, subject.templates, context, meta.span)?;
        pieces.push(Piece { path, text });
    }
    finish(facts, pieces)
}

/// A line per query.
pub(super) fn ndjson(
    mut facts: Facts<'_>,
    subject: &Subject<'_>,
) -> Result<Emitted, Vec<Diagnostic>> {
    let common = common(&mut facts);
    let meta = facts.meta();
    let value = |value: Json| Value::from(json_text(&value));
    let mut text = String::new();
    for (number, (query, id)) in facts.queries.iter().zip(&common.ids).enumerate() {
        let context = context! {
            id => value(Json::from(id.as_str())),
            name => value(Json::from(facts.title(number))),
            description => value(Json::from(common.description.trim())),
            enabled => value(Json::from(facts.is_enabled())),
            severity => value(Json::from(common.severity)),
            risk_score => common.score,
            author => value(texts(&common.author)),
            false_positives => value(texts(&meta.falsepositives)),
            references => value(texts(&meta.references)),
            tags => value(common.tags.clone()),
            threats => value(Json::from(threats(&facts))),
            language => value(Json::from(common.language.as_str())),
            indexes => (!is_esql(&facts)).then(|| value(common.indexes.clone())),
            interval => value(Json::from(interval(&facts))),
            from => value(Json::from(from(&facts))),
            to => value(Json::from(to(&facts).unwrap_or("now".to_owned()))),
            query => value(Json::from(query.text.as_str())),
            tiebreaker => common.tiebreaker.clone().map(|field| value(Json::from(field))),
            clock => common.clock.clone().map(|field| value(Json::from(field))),
            suppress => common.suppress.as_ref().map(|suppress| value(suppress.json())),
        };
        text += &render(&KIBANA, Syntax::Ndjson, subject.templates, context, meta.span)?;
    }
    let path = "kibana-ndjson/rules.ndjson".to_owned();
    finish(facts, vec![Piece { path, text }])
}

fn common(facts: &mut Facts<'_>) -> Common {
    let meta = facts.meta();
    let ids = facts.ids();
    let author = facts.need_here("author", meta.author.as_deref());
    let description = facts.need("description", meta.description.as_deref());
    let level = facts.level();
    let score = facts.risk_score(level);
    let indexes = match facts.given("index_patterns") {
        [] => texts(facts.tables().into_iter().flat_map(|table| table.split(','))),
        _ => facts.given_list("index_patterns"),
    };
    let run = facts.run;
    if !is_esql(facts) && run.window > SHORT_WINDOW && run.interval.saturating_mul(2) < run.window {
        let message = format!(
            "the rule runs every {}, less than half of its window of {}",
            short(run.interval),
            short(run.window)
        );
        let found = Diagnostic::new(Code::ShortInterval, whole(facts), message);
        facts.found.push(
            found.help("Elastic's own tests of rules refuse that: the same events are read often"),
        );
    }
    let (tiebreaker, clock) = order(facts);
    Common {
        language: facts.environment.target.node.clone(),
        ids,
        author: author.split(',').map(|name| name.trim().to_owned()).collect(),
        description,
        severity: level.elastic(),
        score,
        indexes,
        tags: texts(tags(facts)),
        tiebreaker,
        clock,
        suppress: suppress(facts),
    }
}

/// By which field simultaneous events are put in order, and the clock if it is not the usual one.
fn order(facts: &Facts<'_>) -> (Option<String>, Option<String>) {
    let PlanBody::Timeline(timeline) = &facts.plan.body else { return (None, None) };
    if is_esql(facts) {
        return (None, None);
    }
    let same = |mut names: Vec<&str>| {
        names.dedup();
        let [only] = names.as_slice() else { return None };
        Some((*only).to_owned())
    };
    let identities = timeline.legs.iter().map(|leg| match leg.place.identity.as_slice() {
        [first, ..] => first.name.as_str(),
        [] => "",
    });
    let clocks = timeline.legs.iter().map(|leg| leg.place.time.name.as_str());
    let tiebreaker = same(identities.collect()).filter(|field| !field.is_empty());
    (tiebreaker, same(clocks.collect()).filter(|clock| clock != CLOCK))
}

/// The keys by which alerts are held back, where one field holds each of them in all events.
fn suppress(facts: &mut Facts<'_>) -> Option<Suppress> {
    if is_esql(facts) {
        return windows(facts);
    }
    let suppress = facts.meta().suppress.as_ref()?;
    let PlanBody::Timeline(timeline) = &facts.plan.body else { return None };
    let fields: Option<Vec<&str>> = timeline
        .keys
        .iter()
        .enumerate()
        .filter(|(_, key)| suppress.by.is_empty() || suppress.by.contains(key))
        .map(|(number, _)| {
            let mut columns: Vec<&str> = timeline
                .legs
                .iter()
                .filter_map(|leg| leg.keys.get(number)?.as_ref())
                .map(|column| column.name.as_str())
                .collect();
            columns.dedup();
            let [only] = columns.as_slice() else { return None };
            Some(*only)
        })
        .collect();
    let fields = fields.filter(|fields| (1..=MOST_FIELDS).contains(&fields.len()));
    if fields.is_none() {
        let message = "Elastic holds back alerts by one to three fields that all events share: \
                       `suppress` is lost";
        facts.found.push(Diagnostic::new(Code::SuppressionLost, whole(facts), message));
    }
    let minutes = suppress.span.div_ceil(60_000);
    let fields = fields?.into_iter().map(str::to_owned).collect();
    Some(Suppress { fields, minutes })
}

/// A window is reported by each run that sees it: what tells its rows is the key and its begin, so
/// alerts are held back by these for as long as runs look back; by what the rule itself says, if that
/// is no less.
fn windows(facts: &mut Facts<'_>) -> Option<Suppress> {
    let PlanBody::Timeline(timeline) = &facts.plan.body else { return None };
    let mut fields = timeline.keys.clone();
    let mut window = "window".to_owned();
    while fields.contains(&window) {
        window.push('_');
    }
    fields.push(window);
    let mut minutes = lookback(facts);
    if let Some(own) = &facts.meta().suppress {
        fields.retain(|field| timeline.keys.contains(field));
        fields.retain(|field| own.by.is_empty() || own.by.contains(field));
        minutes = minutes.max(own.span.div_ceil(60_000));
    }
    if !(1..=MOST_FIELDS).contains(&fields.len()) {
        let message = format!(
            "a row of this query is told by {} fields, and Elastic holds back repeated alerts by {MOST_FIELDS} \
             at most",
            fields.len()
        );
        let found = Diagnostic::new(Code::ArtifactLimit, whole(facts), message);
        facts.found.push(found.help(
            "every run would alert again: use fewer keys, say `alert: suppress by` one of them, or ask \
             for it with `target = \"eql\"`",
        ));
    }
    Some(Suppress { fields, minutes })
}

/// How far a run looks back, in minutes; runs of ES|QL overlap, for they start late.
fn lookback(facts: &Facts<'_>) -> u64 {
    let late = if is_esql(facts) && facts.is_timeline() { Report::LATE } else { 0 };
    facts.run.lookback_minutes() + late / 60_000
}

fn interval(facts: &Facts<'_>) -> String {
    short(facts.run.interval)
}

fn from(facts: &Facts<'_>) -> String {
    format!("now-{}m", lookback(facts))
}

/// The end of what is read: before now only where the absence of events must be certain.
fn to(facts: &Facts<'_>) -> Option<String> {
    let run = facts.run;
    (run.after > 0).then(|| format!("now-{}", short(run.delay)))
}

/// Whether the queries are ES|QL, which names its indexes itself. Rows of single events carry `_id`, by
/// which Elastic alerts once; rows of several events carry their key and window ([`windows`]).
fn is_esql(facts: &Facts<'_>) -> bool {
    facts.environment.target.node == "esql"
}

/// Tags as Elastic writes them: the tactics, then the rule's own tags that say something else.
fn tags(facts: &Facts<'_>) -> Vec<String> {
    let tactics = facts.attack.tactics.iter().map(|tactic| format!("Tactic: {}", tactic.name));
    let others = facts.meta().tags.iter().filter(|tag| !tag.starts_with("attack."));
    tactics.chain(others.cloned()).collect()
}

/// The page of a tactic or a technique.
fn link(kind: &str, id: &str) -> String {
    format!("https://attack.mitre.org/{kind}/{}/", id.replace('.', "/"))
}

/// Elastic's mapping to ATT&CK, an entry per tactic.
fn threats(facts: &Facts<'_>) -> Vec<Json> {
    let entry = |kind: &str, id: &str, name: &str| {
        let texts =
            [("id", id.to_owned()), ("name", name.to_owned()), ("reference", link(kind, id))];
        texts
            .map(|(key, text)| (key.to_owned(), Json::from(text)))
            .into_iter()
            .collect::<Map<_, _>>()
    };
    let technique = |(parent, below): (Technique, Vec<Technique>)| {
        let mut map = entry("techniques", parent.id, parent.name);
        let below = below.iter().map(|one| Json::from(entry("techniques", one.id, one.name)));
        let below: Vec<Json> = below.collect();
        if !below.is_empty() {
            map.insert("subtechnique".to_owned(), Json::from(below));
        }
        Json::from(map)
    };
    let threat = |tactic: &Tactic| {
        let mut map = Map::new();
        map.insert("framework".to_owned(), Json::from("MITRE ATT&CK"));
        map.insert("tactic".to_owned(), Json::from(entry("tactics", tactic.id, tactic.name)));
        let below: Vec<Json> = facts.attack.below(*tactic).into_iter().map(technique).collect();
        if !below.is_empty() {
            map.insert("technique".to_owned(), Json::from(below));
        }
        Json::from(map)
    };
    facts.attack.tactics.iter().map(threat).collect()
}

/// The same for the template of a TOML file, each value quoted.
fn toml_threats(facts: &Facts<'_>) -> Vec<Value> {
    let text = |text: &str| Value::from(toml_text(&Json::from(text)));
    let entry = |kind: &str, id: &str, name: &str| {
        context! { id => text(id), name => text(name), reference => text(&link(kind, id)) }
    };
    let technique = |(parent, below): (Technique, Vec<Technique>)| {
        let below = below.iter().map(|one| entry("techniques", one.id, one.name));
        context! { subtechniques => below.collect::<Vec<_>>(), ..entry("techniques", parent.id, parent.name) }
    };
    let threat = |tactic: &Tactic| {
        let below = facts.attack.below(*tactic).into_iter().map(technique).collect::<Vec<_>>();
        context! { tactic => entry("tactics", tactic.id, tactic.name), techniques => below }
    };
    facts.attack.tactics.iter().map(threat).collect()
}
