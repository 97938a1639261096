//! The result of `… | fieldsummary` → fields; Splunk has no types, so all but `_time` is text.

use crate::yaml::Node;

use super::Told;
use super::csv::Named;
use super::kusto;

/// The rows of a result as JSON: `{"results": [{"field": …}]}`.
pub(super) fn rows(tree: &Node) -> Vec<Named> {
    kusto::rows(tree)
}

/// The fields that the rows describe.
pub(super) fn columns(rows: &[Named]) -> Vec<Told> {
    let field = |row: &Named| {
        let cell = |name: &str| row.iter().find(|(known, _)| known == name).map(|(_, cell)| cell);
        let (name, _) = (cell("field")?, cell("count")?);
        let ty = if name.text == "_time" { "time" } else { "text" };
        let (theirs, span) = ("text".to_owned(), name.span);
        Some(Told { name: name.text.clone(), ty: Some(ty), theirs, span })
    };
    rows.iter().filter_map(field).collect()
}
