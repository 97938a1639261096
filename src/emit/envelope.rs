//! Templates of artifacts, and the proof that what they wrote is of their format.

use minijinja::Value;
use serde_json::Value as Json;

use crate::backend::template::{Template, Templates, template};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// `savedsearches.conf`: a stanza per rule.
pub(super) const STANZA: Template = template!("splunk/savedsearches.conf.j2");
/// `app.conf` of the app.
pub(super) const APP: Template = template!("splunk/app.conf.j2");
/// `metadata/default.meta` of the app.
pub(super) const APP_META: Template = template!("splunk/default.meta.j2");
/// A contentctl detection.
pub(super) const CONTENTCTL: Template = template!("splunk/contentctl.yml.j2");
/// A Sentinel analytics rule.
pub(super) const SENTINEL: Template = template!("kql/sentinel.yml.j2");
/// The same as an ARM template.
pub(super) const SENTINEL_ARM: Template = template!("kql/sentinel-arm.json.j2");
/// A custom detection of Defender XDR.
pub(super) const DEFENDER: Template = template!("kql/defender.json.j2");
/// A rule of Elastic's repository.
pub(super) const ELASTIC: Template = template!("eql/rule.toml.j2");
/// A rule for Kibana.
pub(super) const KIBANA: Template = template!("eql/rule.ndjson.j2");
/// Probes, by target.
pub(super) const PROBES: [Template; 4] = [
    template!("splunk/probe.spl.j2"),
    template!("kql/probe.kql.j2"),
    template!("eql/probe.eql.j2"),
    template!("esql/probe.esql.j2"),
];

/// All templates of artifacts.
pub const ENVELOPES: &[Template] = &[
    STANZA,
    APP,
    APP_META,
    CONTENTCTL,
    SENTINEL,
    SENTINEL_ARM,
    DEFENDER,
    ELASTIC,
    KIBANA,
    PROBES[0],
    PROBES[1],
    PROBES[2],
    PROBES[3],
];

/// Of which language a template's output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Conf,
    Yaml,
    Json,
    /// JSON on one line.
    Ndjson,
    Toml,
    /// A query: no parser of it is here.
    Query,
}

/// Keys without which the product does not take what a template writes, those of inner tables after
/// a dot; of a conf file the stanza's head, too.
const REQUIRED: [(Template, &[&str]); 7] = [
    (STANZA, &[HEAD, "search"]),
    (
        CONTENTCTL,
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
            "tags",
        ],
    ),
    (
        SENTINEL,
        &[
            "id",
            "name",
            "kind",
            "description",
            "severity",
            "query",
            "queryFrequency",
            "queryPeriod",
            "triggerOperator",
            "triggerThreshold",
        ],
    ),
    (SENTINEL_ARM, &["$schema", "contentVersion", "resources"]),
    (DEFENDER, &["displayName", "isEnabled", "queryCondition", "schedule", "detectionAction"]),
    (
        ELASTIC,
        &[
            "metadata",
            "rule.rule_id",
            "rule.name",
            "rule.description",
            "rule.author",
            "rule.severity",
            "rule.risk_score",
            "rule.type",
            "rule.language",
            "rule.query",
        ],
    ),
    (
        KIBANA,
        &["rule_id", "name", "description", "severity", "risk_score", "type", "language", "query"],
    ),
];

fn required(template: &Template) -> &'static [&'static str] {
    let found = REQUIRED.iter().find(|(known, _)| known.name == template.name);
    found.map_or(&[], |(_, keys)| *keys)
}

/// What the head of a stanza is called among the keys of a conf file.
const HEAD: &str = "[NAME]";

/// What is wrong with an output, the same for every rule, and where in the output of this rule.
struct Broken {
    what: String,
    detail: Option<String>,
}

/// Renders an envelope and reads the result back.
///
/// # Errors
/// E0704, in the user's template if there is one, so that it is said once for all rules.
pub(super) fn render(
    template: &Template,
    syntax: Syntax,
    templates: &Templates,
    context: Value,
    span: Span,
) -> Result<String, Vec<Diagnostic>> {
    let text = templates.fill(template, context, span).map_err(|problem| vec![problem])?;
    let text = format!("{text}\n");
    let value = read(syntax, &text).and_then(|value| complete(template, &value).map(|()| value));
    match value {
        Ok(value) if syntax == Syntax::Ndjson => Ok(format!("{value}\n")),
        Ok(_) => Ok(text),
        Err(Broken { what, detail }) => {
            let message = format!("the template `{}` fails: {what}", template.name);
            let own = templates.place(template);
            let found =
                Diagnostic::new(Code::TemplateContract, own.unwrap_or(span.head()), message);
            let found = detail.into_iter().fold(found, Diagnostic::note);
            let Some(_) = own else { return Err(vec![found]) };
            let help = format!("compare it with `sigweave templates show {}`", template.name);
            Err(vec![found.label(span.head(), "filled for this rule, for example").help(help)])
        }
    }
}

/// The output of a template as data.
fn read(syntax: Syntax, text: &str) -> Result<Json, Broken> {
    let (language, value) = match syntax {
        Syntax::Query => return Ok(Json::Null),
        Syntax::Conf => ("conf file", conf(text)),
        Syntax::Yaml => ("YAML", yaml(text)),
        Syntax::Toml => ("TOML", toml(text)),
        Syntax::Json | Syntax::Ndjson => {
            ("JSON", serde_json::from_str(text).map_err(|error| error.to_string()))
        }
    };
    let broken = |detail| Broken {
        what: format!("its output is no {language}"),
        detail: Some(format!("for this rule: {detail}")),
    };
    value.map_err(broken)
}

/// Whether the keys that the product requires are there.
fn complete(template: &Template, value: &Json) -> Result<(), Broken> {
    let missing = |key: &&&str| {
        let path = format!("/{}", key.replace('.', "/"));
        value.pointer(&path).is_none_or(Json::is_null)
    };
    let missing = required(template).iter().filter(missing);
    let missing: Vec<String> = missing.map(|key| format!("`{key}`")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Broken { what: format!("its output lacks {}", missing.join(", ")), detail: None })
}

fn yaml(text: &str) -> Result<Json, String> {
    let value: serde_yaml::Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    serde_json::to_value(value).map_err(|error| error.to_string())
}

fn toml(text: &str) -> Result<Json, String> {
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    serde_json::to_value(table).map_err(|error| error.to_string())
}

/// The keys of a conf file, each line of which is a stanza, an entry, a comment or continues an entry.
fn conf(text: &str) -> Result<Json, String> {
    let mut continued = false;
    let mut keys = serde_json::Map::new();
    for (number, line) in text.lines().enumerate() {
        let plain = line.trim_end();
        let entry = plain.split_once('=').map(|(key, _)| key.trim());
        let stanza = plain.starts_with('[') && plain.ends_with(']');
        let key = if stanza { Some(HEAD) } else { entry.filter(|key| !key.is_empty()) };
        if !continued && !plain.is_empty() && !plain.starts_with('#') {
            let key =
                key.ok_or_else(|| format!("line {} of the output is no entry", number + 1))?;
            keys.insert(key.to_owned(), Json::Bool(true));
        }
        continued = line.ends_with('\\');
    }
    if continued { Err("the output ends within an entry".to_owned()) } else { Ok(keys.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conf_file_is_stanzas_entries_and_comments() {
        assert!(conf("# x\n[a]\nb = c \\\n| d\n\ne = f\n").is_ok());
        assert!(conf("[a]\nb = c\n| d\n").is_err());
        assert!(conf("[a]\nb = c \\\n").is_err());
    }
}
