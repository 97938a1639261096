//! `analytic.toml` → [`Analytic`]: what MITRE describes, and what is needed to see it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span};

/// An analytic.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analytic {
    /// Its id, such as `AN1246`.
    pub id: String,
    /// Its id in STIX.
    pub stix: String,
    /// What it detects, in a line of our own.
    pub title: String,
    /// The release of ATT&CK that its facts are of.
    pub release: String,
    /// The detection strategy that it belongs to.
    pub strategy: String,
    /// The technique that the strategy detects.
    pub technique: String,
    /// The tactic of the technique, by release.
    pub tactic: BTreeMap<String, String>,
    /// Platforms, as MITRE names them.
    pub platforms: Vec<String>,
    /// What has to be known about it.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The log sources that MITRE names.
    pub log_source: Vec<LogSource>,
    /// What an environment may change.
    #[serde(default)]
    pub mutable: Vec<Mutable>,
    /// Kinds of evidence.
    pub class: Vec<Class>,
}

/// A log source that MITRE names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSource {
    /// The data component.
    pub component: String,
    /// Its name.
    pub name: String,
    /// The channel or event.
    pub channel: String,
    /// Classes of which it shows something.
    pub shows: Vec<String>,
}

/// What an environment may change.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutable {
    /// Its name.
    pub name: String,
    /// What it is for, in a line of our own.
    pub about: String,
}

/// A kind of evidence.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Its id, such as `E1`.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Whether it may anchor a correlation.
    #[serde(default)]
    pub anchor: bool,
    /// Where it is seen.
    pub telemetry: Vec<Telemetry>,
}

/// Where evidence is seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// What it is.
    pub title: String,
    /// The log source of the taxonomy.
    pub logsource: String,
    /// Fields that a rule over it needs.
    pub fields: Vec<String>,
    /// What has to be switched on, if it is off by default.
    #[serde(default)]
    pub config: Option<String>,
    /// Platforms where that does not apply.
    #[serde(default)]
    pub config_except: Vec<String>,
    /// Whether the host computes it with the trust that the technique changes.
    #[serde(default)]
    pub tainted: bool,
    /// Why no platform has it, if that is so.
    #[serde(default)]
    pub nowhere: Option<String>,
    /// Whether it is often missing.
    #[serde(default)]
    pub null_prone: bool,
    /// For how long the sensor does not repeat itself, such as `1d`.
    #[serde(default)]
    pub dedup: Option<String>,
    /// Rules over it.
    #[serde(default)]
    pub rules: Vec<String>,
    /// What is to be said of a platform, by its name.
    #[serde(default)]
    pub remarks: BTreeMap<String, String>,
    /// Events of Sysmon that a configuration has to let through.
    #[serde(default)]
    pub sysmon: Vec<Sample>,
}

/// An event of Sysmon.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The element of the configuration, such as `RegistryEvent`.
    pub event: String,
    /// What it is an example of.
    pub what: String,
    /// Its fields.
    pub fields: BTreeMap<String, String>,
}

/// Reads an analytic; E0905 where the file is malformed.
pub fn parse(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Option<Analytic> {
    match toml::from_str(text) {
        Ok(analytic) => Some(analytic),
        Err(error) => {
            let range = error.span().unwrap_or_default();
            let span = Span::new(source, range.start, range.end);
            let message = format!("the analytic cannot be read: {}", error.message());
            let found = Diagnostic::new(Code::CoverageInput, span, message);
            diagnostics.push(found.help("its keys are described in docs/coverage.md"));
            None
        }
    }
}
