//! `sigweave.toml` → [`Project`]: rule folders, environments, accepted approximations, parameters.
//!
//! ```toml
//! rules = ["rules"]
//! accept = ["W0606"]
//!
//! [environments.soc]
//! target = "kql"
//! platform = "defender-xdr"
//! schedule = "1h"
//! formats = ["query", "defender"]
//!
//! [lists]
//! TrustedRootHashList = "lists/roots.csv"
//!
//! [parameters]
//! TrustedPublisherList = ["Microsoft Windows", "Contoso Ltd"]
//! ```
//!
//! Unknown keys are errors with the nearest known key; several errors are reported per run. What the
//! command line sets (`--set KEY=VALUE`) replaces what the file says.

pub mod csv;
mod environment;
mod lints;
pub mod list;
mod overrides;
mod reader;
mod schedule;
mod select;

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span, Spanned};

pub use lints::Lints;
pub use overrides::Overrides;
pub use schedule::{DAY, Every, HOUR, MINUTE, SECOND, duration};
pub use select::Selection;

use reader::Reader;

/// The name of the file.
pub const FILE_NAME: &str = "sigweave.toml";

/// Keys of the file.
const KEYS: [&str; 8] =
    ["rules", "environments", "accept", "lists", "lookups", "parameters", "lints", "templates"];

/// A project.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Folders with rules, relative to the project's file; `rules` unless the file says otherwise.
    pub rules: Vec<Spanned<String>>,
    /// Environments by name.
    pub environments: BTreeMap<String, Environment>,
    /// Approximations that are accepted everywhere.
    pub accept: Vec<Code>,
    /// Lists that stand in files, by name.
    pub lists: BTreeMap<String, list::ListFile>,
    /// Lists that platforms keep, by name.
    pub lookups: BTreeMap<String, Lookup>,
    /// Values of placeholders and parameters.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// How loudly lints speak.
    pub lints: Lints,
    /// A folder with templates that replace shipped ones, relative to the project's file.
    pub templates: Option<Spanned<String>>,
}

/// A list that platforms keep: a lookup of Splunk, a watchlist of Sentinel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Its column with the values.
    pub column: String,
    /// Whether the platform compares its entries without regard to case, where it compares them.
    pub folds: bool,
    /// What it is called, by the name of the platform.
    pub kept: BTreeMap<String, String>,
}

/// Where rules go.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Where the file describes it.
    pub span: Span,
    /// The query language.
    pub target: Spanned<String>,
    /// The platform.
    pub platform: Spanned<String>,
    /// Files of overlays on the platform, in order, relative to the project's file.
    pub overlays: Vec<Spanned<String>>,
    /// Indexes to search there; none: no condition on the index.
    pub index: Vec<Spanned<String>>,
    /// Approximations that are accepted there.
    pub accept: Vec<Code>,
    /// The closed list of rules that it cannot take, each with the codes of the refusal.
    pub refused: BTreeMap<String, Refusal>,
    /// The folder of its outputs, relative to the project's file.
    pub output: Spanned<String>,
    /// What is written per rule, such as `query` or `savedsearches`.
    pub formats: Vec<Spanned<String>>,
    /// When its rules run.
    pub schedule: Schedule,
    /// Which rules it takes.
    pub select: Selection,
    /// What its artifacts say and no rule says, by key (`author`, `app`, …).
    pub artifact: BTreeMap<&'static str, Vec<Spanned<String>>>,
    /// Values of placeholders and parameters in place of those of the project, by name.
    pub parameters: BTreeMap<String, Spanned<Vec<String>>>,
}

/// When the rules of an environment run.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// How often; none: `1h`.
    pub every: Option<Spanned<Every>>,
    /// How far a run looks back, in milliseconds; none: as far as the rule needs.
    pub lookback: Option<Spanned<u64>>,
    /// How late events may come, in milliseconds; 5 minutes unless said otherwise.
    pub delay: Spanned<u64>,
}

/// A rule that an environment is known not to take.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Where the list says so.
    pub span: Span,
    /// The codes that are agreed.
    pub codes: Vec<Code>,
}

/// Reads a project file; what cannot be read is reported and left out.
#[must_use]
pub fn parse(
    source: SourceId,
    text: &str,
    overrides: Option<&Overrides>,
    diagnostics: &mut Diagnostics,
) -> Project {
    let (set_source, set) = match overrides {
        Some(overrides) => (overrides.source, overrides.shifted(text.len())),
        None => (source, String::new()),
    };
    let mut reader = Reader { source, set: (set_source, text.len()), diagnostics };
    let mut table = reader.toml(text);
    let mut set = reader.toml(&set);
    reader.known_environments(&table, &mut set);
    overrides::merge(&mut table, set);
    reader.project(&table)
}

impl Reader<'_> {
    /// E0707 for an environment of the command line that the file does not have, unless all that it
    /// needs is given; it is left out.
    fn known_environments(&mut self, table: &DeTable<'_>, set: &mut DeTable<'_>) {
        let of = |value: &DeValue<'_>| {
            let table = value.as_table();
            table.map(|table| table.keys().map(|name| name.get_ref().to_string()).collect())
        };
        let inner = table.get("environments").and_then(|value| of(value.get_ref()));
        let known: Vec<String> = inner.unwrap_or_default();
        let Some(DeValue::Table(given)) = set.get_mut("environments").map(toml::Spanned::get_mut)
        else {
            return;
        };
        let whole = |value: &DeValue<'_>| {
            let keys = value.as_table();
            keys.is_some_and(|keys| environment::NEEDED.iter().all(|key| keys.contains_key(*key)))
        };
        let strange = given.iter().filter(|(name, value)| {
            !known.iter().any(|known| known == name.get_ref()) && !whole(value.get_ref())
        });
        let unknown: Vec<_> =
            strange.map(|(name, _)| (name.get_ref().to_string(), name.span())).collect();
        for (name, span) in unknown {
            given.remove(name.as_str());
            let message = format!("there is no environment `{name}`");
            let found = Diagnostic::new(Code::UnknownEnvironment, self.span(&span), message);
            let found = found.help(match known.as_slice() {
                [] => "the project file has none: `[environments.NAME]`".to_owned(),
                known => format!("there are: {}", known.join(", ")),
            });
            self.diagnostics.push(found.nearest(&name, known.iter().map(String::as_str)));
        }
    }

    fn project(&mut self, table: &DeTable<'_>) -> Project {
        let mut project = Project::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "rules" => project.rules = self.folders(value),
                "accept" => project.accept = self.accepted(value),
                "environments" => project.environments = self.environments(value),
                "lints" => project.lints = self.lints(value),
                "lists" => project.lists = self.lists(value),
                "lookups" => project.lookups = self.lookups(value),
                "templates" => {
                    project.templates = self.text(value).filter(|folder| self.is_inside(folder));
                }
                "parameters" => {
                    let found = self.parameters(value).into_iter();
                    project.parameters = found.map(|(name, value)| (name, value.node)).collect();
                }
                other => self.unknown_key(other, &key.span(), &KEYS),
            }
        }
        if project.rules.is_empty() {
            let span = Span::new(self.source, 0, 0);
            project.rules.push(Spanned::new("rules".to_owned(), span));
        }
        project
    }
}

#[cfg(test)]
mod tests;
