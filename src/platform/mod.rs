//! Where log sources live on a platform and how each field is obtained there: typed and proven.
//!
//! A platform file (`templates/platforms/*.yml`) is data: per log source one or several places, per
//! place a table, the rows that belong to it, its clock, and an expression per field. Loading it
//! proves every expression against the platform's schema.
//!
//! `TargetObject` of `windows/registry_set` on `defender-xdr` →
//! `Rewrite(Join([RegistryKey, '\', RegistryValueName]), registry)`.

mod scalar;

pub use scalar::{Column, ColumnType, Condition, Piece, Resolved, Rewrite, Scalar};

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
