//! Where log sources live on a platform and how each field is obtained there: typed and proven.
//!
//! A platform file (`templates/platforms/*.yml`) is data: per log source one or several places, per
//! place a table, the rows that belong to it, its clock, and an expression per field. Its columns
//! and their types are those of a schema (`templates/schemas/*.yml`). Only the log sources that
//! rules ask for are read.
//!
//! `TargetObject` of `windows/registry_set` on `defender-xdr` →
//! `Rewrite(Join([RegistryKey, '\', RegistryValueName]), registry)`.

mod scalar;
mod shipped;

pub use scalar::{Column, ColumnType, Condition, Piece, Resolved, Rewrite, Scalar};
pub use shipped::{load, names};

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Where (part of) a log source lives.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The table (KQL) or index pattern (Elastic); empty where the condition says it all (Splunk).
    pub table: String,
    /// The event category that EQL puts before `where`; `any` if there is none.
    pub category: String,
    /// Which rows are of the log source; all must hold.
    pub conditions: Vec<Condition>,
    /// The clock that windows run on.
    pub time: Column,
    /// Columns that results carry along to identify the event (such as XDR's `ReportId`).
    pub identity: Vec<Column>,
}

/// A place of a log source and what its fields are there.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The place.
    pub place: Place,
    /// Fields of the taxonomy that are held there, by name.
    pub fields: BTreeMap<String, Resolved>,
}

/// Where data lives and what it is called there.
#[derive(Debug)]
pub struct Platform {
    /// Its name, such as `defender-xdr`.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// Names of the targets whose queries it understands.
    pub targets: Vec<String>,
    /// Log sources, read when they are asked for.
    logsources: BTreeMap<String, OnceLock<Vec<Source>>>,
}

impl Platform {
    /// Keys of the log sources that it holds, such as `windows/registry_set`, sorted.
    pub fn logsources(&self) -> impl Iterator<Item = &str> {
        self.logsources.keys().map(String::as_str)
    }

    /// Where the log source lives: each of its events is in exactly one of the places. Empty: the
    /// platform does not hold it.
    #[must_use]
    pub fn places(&self, logsource: &str) -> &[Source] {
        match self.logsources.get(logsource) {
            Some(read) => read.get_or_init(Vec::new),
            None => &[],
        }
    }

    /// What a field is at a place (an index into [`Platform::places`]); `None`: not held there.
    #[must_use]
    pub fn resolve(&self, logsource: &str, place: usize, field: &str) -> Option<&Resolved> {
        self.places(logsource).get(place)?.fields.get(field)
    }

    /// Names of the fields that every place of the log source holds, sorted.
    pub fn fields(&self, logsource: &str) -> impl Iterator<Item = &str> {
        let (first, others) = self.places(logsource).split_first().unzip();
        let others = others.unwrap_or_default();
        first
            .into_iter()
            .flat_map(|first| first.fields.keys())
            .map(String::as_str)
            .filter(move |field| others.iter().all(|other| other.fields.contains_key(*field)))
    }
}
