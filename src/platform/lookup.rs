//! Columns that another table tells: `lookup: {from: DeviceFileCertificateInfo, on: SHA1, newest: Timestamp}`.
//!
//! An event of `DeviceImageLoadEvents` does not say whether the file is signed; the row of the table of
//! certificates with the file's hash does. Of several such rows the newest is taken, so that each event
//! stays one; without any, the other table's columns are missing (a left outer join). Only KQL can ask
//! so.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::yaml::Node;

use super::expression::{Scope, shape, unknown_keys};
use super::other::OtherTable;
use super::{Column, ColumnType, Context};

const KEYS: [&str; 3] = ["from", "on", "newest"];

/// A row of another table for each event of a place, or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// The other table.
    pub table: String,
    /// The column by which its row is found, called so in both tables.
    pub on: Column,
    /// The clock by which the newest of several rows is known.
    pub newest: Column,
    /// Its columns that the place's own table does not have, sorted.
    pub columns: Vec<Column>,
}

impl Lookup {
    /// Whether the column is one of the other table's.
    #[must_use]
    pub fn tells(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known.name == column)
    }
}

/// Reads the entry of a place whose own tables `scope` knows; what is wrong is reported (E0504 to
/// E0506).
pub(super) fn read(
    context: &Context,
    scope: &Scope<'_>,
    node: &Node,
    found: &mut Diagnostics,
) -> Option<Lookup> {
    unknown_keys(node, &KEYS, found);
    let table = node.get("from").and_then(Node::text);
    let (Some(table), Some(on), Some(newest)) = (table, node.get("on"), node.get("newest")) else {
        found.push(shape(node, "`{from: …, on: …, newest: …}`"));
        return None;
    };
    let other_table = OtherTable::find(context, table, node, found)?;
    let other = other_table.scope();
    let (theirs, own) = (other.column(on, found)?, scope.column(on, found)?);
    let newest_column = other.column(newest, found)?;
    let mistake = if own.ty != theirs.ty {
        Some((on, format!("`{}` is not of the same type in `{table}`", own.name)))
    } else if newest_column.ty != ColumnType::Time {
        Some((newest, format!("`{}` is no column of times", newest_column.name)))
    } else {
        None
    };
    if let Some((at, message)) = mistake {
        found.push(Diagnostic::new(Code::MappingType, at.span, message));
        return None;
    }
    let more = other_table.columns().filter(|name| scope.held(name, node.span).is_none());
    let mut columns: Vec<Column> = more.filter_map(|name| other.held(name, node.span)).collect();
    columns.sort();
    columns.dedup();
    let table = context.layers.table(table, node.span).to_owned();
    Some(Lookup { table, on: own, newest: newest_column, columns })
}
