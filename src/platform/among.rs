//! Rows that are told by another table: `among: {column: DeviceId, from: DeviceInfo, where: …}`.
//!
//! An event of `DeviceProcessEvents` does not say which system it is of; `DeviceInfo` does. The rows
//! of the place are those whose `DeviceId` is one of the other table's rows. Only KQL can ask so.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::yaml::Node;

use super::expression::{Negated, Scope, shape, unknown_keys};
use super::other::OtherTable;
use super::{Column, Condition, Context};

/// The only target whose queries can ask another table.
pub(super) const TARGET: &str = "kql";

const KEYS: [&str; 3] = ["column", "from", "where"];

/// Rows whose value in a column is one of those of another table.
#[derive(Debug, Clone, PartialEq)]
pub struct Among {
    /// The column, called so in both tables.
    pub column: Column,
    /// The other table.
    pub table: String,
    /// Which of its rows; all must hold.
    pub conditions: Vec<Condition>,
}

/// Reads the entry; what is wrong is reported (E0504, E0505).
pub(super) fn read(
    context: &Context,
    scope: &Scope<'_>,
    node: &Node,
    found: &mut Diagnostics,
) -> Option<Among> {
    unknown_keys(node, &KEYS, found);
    let (column, from) = (node.get("column"), node.get("from").and_then(Node::text));
    let (Some(column), Some(table), Some(rows)) = (column, from, node.get("where")) else {
        found.push(shape(node, "`{column: …, from: …, where: …}`"));
        return None;
    };
    let other_table = OtherTable::find(context, table, node, found)?;
    let other = other_table.scope();
    let conditions = other.conditions(rows, Negated::No, found);
    let theirs = other.column(column, found)?;
    let column = scope.column(column, found)?;
    if column.ty != theirs.ty {
        let message = format!("`{}` is not of the same type in `{table}`", column.name);
        found.push(Diagnostic::new(Code::MappingType, node.span, message));
        return None;
    }
    let table = context.layers.table(table, node.span).to_owned();
    Some(Among { column, table, conditions })
}
