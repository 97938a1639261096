//! Another table than a place's own, as an entry of the place names it (`among`, `lookup`).
//!
//! `from: DeviceInfo` → the columns of `DeviceInfo`, or E0504 with the nearest name.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::yaml::Node;

use super::Context;
use super::expression::Scope;
use super::schema::Tables;

/// A table that the schema has.
pub(super) struct OtherTable<'a> {
    context: &'a Context,
    names: [String; 1],
    tables: Tables<'a>,
}

impl<'a> OtherTable<'a> {
    /// The table of this name, which `node` asks for; reported (E0504) if the schema has none.
    pub(super) fn find(
        context: &'a Context,
        name: &str,
        node: &Node,
        found: &mut Diagnostics,
    ) -> Option<Self> {
        if !context.schema.has(name) {
            let message = format!("the schema has no table `{name}`");
            found.push(
                Diagnostic::new(Code::UnknownColumn, node.span, message)
                    .nearest(name, context.schema.names()),
            );
            return None;
        }
        let tables = context.schema.tables([name]);
        Some(Self { context, names: [name.to_owned()], tables })
    }

    /// What expressions over its columns refer to.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope { context: self.context, names: &self.names, tables: &self.tables }
    }

    /// The names of its columns.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.tables.names()
    }
}
