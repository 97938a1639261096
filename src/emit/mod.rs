//! Queries + project → outputs: plain query files and artifacts that a SIEM imports.
//!
//! `an1246_root` for Sentinel → `sentinel-yaml/an1246_root.yml`, an analytics rule with schedule,
//! severity, tactics and the query in a block. Each artifact is a template in `templates/<target>`;
//! what a rule says is quoted by `quote` first, and each result is read back by a parser of its
//! format, so that a template cannot write what nothing imports. What a rule lacks is E0712.
//!
//! Nothing is written here: the cli does that, all of an environment or nothing.

mod attack;
mod defender;
mod elastic;
mod envelope;
mod facts;
mod format;
mod identity;
mod probe;
mod quote;
mod run;
mod sentinel;
mod splunk;

pub use envelope::ENVELOPES;
pub use format::Format;
pub use identity::stem;

use crate::backend::Query;
use crate::backend::template::Templates;
use crate::diagnostic::Diagnostic;
use crate::ir::Rule;
use crate::plan::{Plan, Report};
use crate::platform::Platform;
use crate::project::Environment;

use facts::Facts;
use run::Run;

/// What an output is made from.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Its plan.
    pub plan: &'a Plan,
    /// Its queries; for a format that is scheduled, those that carry the report range.
    pub queries: &'a [Query],
    /// Where it runs.
    pub platform: &'a Platform,
    /// What the project says of that.
    pub environment: &'a Environment,
    /// The environment's name.
    pub name: &'a str,
    /// The name of the rule's files, without an ending.
    pub stem: &'a str,
    /// The templates, with those that the user replaces.
    pub templates: &'a Templates,
}

/// A file of an environment, or what a rule adds to one that several share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its path below the environment's folder, with `/` between.
    pub path: String,
    /// Its text, with a final line break.
    pub text: String,
}

/// What was made, and what is to be said about it.
#[derive(Debug, Default)]
pub struct Emitted {
    /// Files and parts of files.
    pub pieces: Vec<Piece>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

/// What a run of the rule reports; `None` where the format is not scheduled.
///
/// # Errors
/// E0711 if the look-back is too short, or longer than the platform allows.
pub fn report(
    format: Format,
    rule: &Rule,
    environment: &Environment,
    platform: &Platform,
) -> Result<Option<Report>, Diagnostic> {
    if !format.is_scheduled() {
        return Ok(None);
    }
    let run = Run::of(rule, environment, platform)?;
    // Custom detections must not filter single events on their time: the product does.
    let filters = run.window > 0 || format != Format::Defender;
    Ok(filters.then(|| run.report()))
}

/// The output of a rule in a format.
///
/// # Errors
/// E0704 where a template fails, E0710 to E0713 where the rule, the schedule or the query does not
/// fit the format; all that apply.
pub fn emit(format: Format, subject: &Subject<'_>) -> Result<Emitted, Vec<Diagnostic>> {
    let run = || Run::of(subject.rule, subject.environment, subject.platform);
    let facts = || run().map(|run| Facts::of(subject, format, run)).map_err(|found| vec![found]);
    match format {
        Format::Query => Ok(Emitted { pieces: queries(subject), warnings: Vec::new() }),
        Format::Probe => probe::emit(subject),
        Format::SavedSearches => splunk::stanza(facts()?, subject),
        Format::Contentctl => splunk::contentctl(facts()?, subject),
        Format::SentinelYaml => sentinel::yaml(facts()?, subject),
        Format::SentinelArm => sentinel::arm(facts()?, subject),
        Format::Defender => defender::detection(facts()?, subject),
        Format::ElasticToml => elastic::toml(facts()?, subject),
        Format::KibanaNdjson => elastic::ndjson(facts()?, subject),
    }
}

/// What a rule's title makes in a format and no other rule of the environment may make: a file, or a
/// stanza of the file that all rules share (Splunk merges stanzas of one name).
#[must_use]
pub fn claim(format: Format, rule: &Rule) -> Option<String> {
    match format {
        Format::SavedSearches => Some(splunk::claimed_stanza(&rule.meta.title)),
        Format::Contentctl => Some(splunk::claimed_file(&rule.meta.title)),
        Format::Query
        | Format::Probe
        | Format::SentinelYaml
        | Format::SentinelArm
        | Format::Defender
        | Format::ElasticToml
        | Format::KibanaNdjson => None,
    }
}

/// Files that an environment has besides those of its rules.
///
/// # Errors
/// E0704 where a template fails.
pub fn frame(
    format: Format,
    name: &str,
    environment: &Environment,
    templates: &Templates,
) -> Result<Vec<Piece>, Vec<Diagnostic>> {
    match format {
        Format::SavedSearches => splunk::app(name, environment, templates),
        Format::Query
        | Format::Probe
        | Format::Contentctl
        | Format::SentinelYaml
        | Format::SentinelArm
        | Format::Defender
        | Format::ElasticToml
        | Format::KibanaNdjson => Ok(Vec::new()),
    }
}

/// The bare queries.
fn queries(subject: &Subject<'_>) -> Vec<Piece> {
    let ending = Format::ending(&subject.environment.target.node);
    let several = subject.queries.len() > 1;
    let piece = |(number, query): (usize, &Query)| {
        let number = if several { format!(".{}", number + 1) } else { String::new() };
        let path = format!("{}{number}.{ending}", subject.stem);
        Piece { path, text: format!("{}\n", query.text) }
    };
    subject.queries.iter().enumerate().map(piece).collect()
}
