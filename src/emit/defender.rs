//! Microsoft Defender XDR: custom detections, as Microsoft Graph takes them.
//!
//! A detection looks back by its frequency: 4 h every hour, 12 h every 3 h, 48 h every 12 h, 30 d every
//! 24 h ("Create and manage custom detection rules"). Its result must hold `Timestamp`, `ReportId`
//! and a column that names an asset. Continuous (NRT) detections know no `union` and no `join`, so
//! none is made. Source of the object: Microsoft Graph, "detectionRule resource type".

use minijinja::{Value, context};
use serde_json::{Value as Json, json};

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::PlanBody;
use crate::project::{DAY, HOUR};

use super::attack::pascal;
use super::envelope::{DEFENDER, Syntax, render};
use super::facts::{Facts, texts};
use super::quote::json as json_text;
use super::run::{short, too_far};
use super::splunk::{finish, whole};
use super::{Emitted, Piece, Subject};

/// Frequencies with their look-back and as Graph writes them.
const FREQUENCIES: [(u64, u64, &str); 4] = [
    (HOUR, 4 * HOUR, "PT1H"),
    (3 * HOUR, 12 * HOUR, "PT3H"),
    (12 * HOUR, 48 * HOUR, "PT12H"),
    (24 * HOUR, 30 * DAY, "P1D"),
];

/// Columns that name an asset, with the asset's type and identifier.
const ASSETS: [(&str, &str, &str); 5] = [
    ("DeviceId", "impactedDeviceAsset", "deviceId"),
    ("DeviceName", "impactedDeviceAsset", "deviceName"),
    ("AccountObjectId", "impactedUserAsset", "accountObjectId"),
    ("AccountUpn", "impactedUserAsset", "accountUpn"),
    ("RecipientEmailAddress", "impactedMailboxAsset", "recipientEmailAddress"),
];

/// A custom detection.
pub(super) fn detection(
    mut facts: Facts<'_>,
    subject: &Subject<'_>,
) -> Result<Emitted, Vec<Diagnostic>> {
    let meta = facts.meta();
    let description = facts.need("description", meta.description.as_deref());
    let severity = facts.level().microsoft().to_lowercase();
    let frequency = frequency(&mut facts);
    let assets = assets(&mut facts);
    if meta.suppress.is_some() {
        let message = "a custom detection cannot hold back alerts: `suppress` is lost";
        let found = Diagnostic::new(Code::SuppressionLost, whole(&facts), message);
        facts.found.push(found.help("Defender XDR merges alerts of the same entities by itself"));
    }
    let query = facts.queries.first().map(|query| query.text.as_str()).unwrap_or_default();
    let category = facts.attack.tactics.first().map(|tactic| pascal(*tactic));
    let value = |value: Json| Value::from(json_text(&value));
    let context = context! {
        name => value(Json::from(meta.title.as_str())),
        enabled => value(Json::from(facts.is_enabled())),
        query => value(Json::from(query)),
        frequency => value(Json::from(frequency)),
        description => value(Json::from(description.trim())),
        severity => value(Json::from(severity)),
        category => value(Json::from(category.unwrap_or("SuspiciousActivity".to_owned()))),
        techniques => value(texts(facts.attack.techniques.iter().map(|one| one.id))),
        actions => value(match meta.falsepositives.as_slice() {
            [] => Json::Null,
            known => Json::from(format!("Known false positives: {}", known.join("; "))),
        }),
        assets => value(Json::from(assets)),
    };
    let text = render(&DEFENDER, Syntax::Json, subject.templates, context, meta.span);
    let path = format!("defender/{}.json", subject.stem);
    finish(facts, vec![Piece { path, text: text? }])
}

/// The frequency that is the project's interval and looks back far enough.
fn frequency(facts: &mut Facts<'_>) -> &'static str {
    let run = facts.run;
    let span = whole(facts);
    let Some((_, lookback, name)) = FREQUENCIES.iter().find(|(every, ..)| *every == run.interval)
    else {
        let every = facts.environment.schedule.every.as_ref();
        let at = every.map_or(span, |every| every.span);
        let message = format!("Defender XDR does not run detections every {}", short(run.interval));
        let found = Diagnostic::new(Code::ArtifactLimit, at, message);
        facts.found.push(found.help("set `schedule` to 1h, 3h, 12h or 24h"));
        return "";
    };
    if run.lookback > *lookback {
        let most = format!(
            "a detection that runs every {} looks back {} at most",
            short(run.interval),
            short(*lookback)
        );
        let longer = FREQUENCIES
            .iter()
            .find(|(every, lookback, _)| run.lookback - run.interval + every <= *lookback);
        let mut found = too_far(span, run.lookback, &most);
        if let Some((every, ..)) = longer {
            let hours = every / HOUR;
            found = found.help(format!("set `schedule = \"{hours}h\"`, or shorten the timespan"));
        }
        facts.found.push(found);
    }
    name
}

/// What is affected; E0712 if the result names nothing, or lacks what identifies its event.
fn assets(facts: &mut Facts<'_>) -> Vec<Json> {
    let columns = facts.columns();
    let has = |name: &str| columns.iter().any(|column| column == name);
    let clocks: Vec<String> = match &facts.plan.body {
        PlanBody::Filter(legs) => legs.iter().map(|leg| leg.place.time.name.clone()).collect(),
        PlanBody::Timeline(timeline) => {
            timeline.legs.iter().map(|leg| leg.place.time.name.clone()).collect()
        }
    };
    let mut lacks = Vec::new();
    if !has("ReportId") {
        lacks.push("`ReportId`");
    }
    if !clocks.iter().any(|clock| clock == "Timestamp") {
        lacks.push("`Timestamp`");
    }
    let asset = ASSETS.iter().find(|(column, ..)| has(column));
    if asset.is_none() {
        lacks.push("a column that names a device, a user or a mailbox");
    }
    if !lacks.is_empty() {
        let message = format!("the result of the query lacks {}", lacks.join(" and "));
        let found = Diagnostic::new(Code::ArtifactKey, whole(facts), message);
        facts.found.push(found.help("add them to `identity` of the platform file's place"));
    }
    let asset = asset.map(|(_, kind, identifier)| {
        json!({ "@odata.type": format!("#microsoft.graph.security.{kind}"), "identifier": identifier })
    });
    asset.into_iter().collect()
}
