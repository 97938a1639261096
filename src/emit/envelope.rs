//! Templates of artifacts, and the proof that what they wrote is of their format.

use minijinja::Value;

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

/// Renders an envelope and reads the result back.
///
/// # Errors
/// E0704.
pub(super) fn render(
    template: &Template,
    syntax: Syntax,
    templates: &Templates,
    context: Value,
    span: Span,
) -> Result<String, Vec<Diagnostic>> {
    let broken = |problem: String| {
        let message = format!("the template `{}` fails: {problem}", template.name);
        let found = Diagnostic::new(Code::TemplateContract, span.head(), message);
        vec![match templates.is_replaced(template) {
            true => {
                found.help(format!("compare it with `sigweave templates show {}`", template.name))
            }
            false => found,
        }]
    };
    let text = templates.fill(template, context, span).map_err(|problem| vec![problem])?;
    let text = format!("{text}\n");
    let read = match syntax {
        Syntax::Conf => conf(&text).map(|()| text),
        Syntax::Query => Ok(text),
        Syntax::Yaml => serde_yaml::from_str::<serde_yaml::Value>(&text)
            .map(|_| text)
            .map_err(|error| format!("its output is no YAML: {error}")),
        Syntax::Toml => match text.parse::<toml::Table>() {
            Ok(_) => Ok(text),
            Err(error) => Err(format!("its output is no TOML: {}", error.message())),
        },
        Syntax::Json | Syntax::Ndjson => serde_json::from_str::<serde_json::Value>(&text)
            .map(|value| if syntax == Syntax::Ndjson { format!("{value}\n") } else { text })
            .map_err(|error| format!("its output is no JSON: {error}")),
    };
    read.map_err(broken)
}

/// Whether each line of a conf file is a stanza, an entry, a comment or continues an entry.
fn conf(text: &str) -> Result<(), String> {
    let mut continued = false;
    for (number, line) in text.lines().enumerate() {
        let plain = line.trim_end();
        let entry = plain.split_once('=').is_some_and(|(key, _)| !key.trim().is_empty());
        let stanza = plain.starts_with('[') && plain.ends_with(']');
        if !(continued || plain.is_empty() || plain.starts_with('#') || stanza || entry) {
            return Err(format!("line {} of its output is no conf entry", number + 1));
        }
        continued = line.ends_with('\\');
    }
    if continued { Err("its output ends within an entry".to_owned()) } else { Ok(()) }
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
