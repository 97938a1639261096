//! The answer to `TABLE | getschema` → columns.
//!
//! It comes as a table of text (the portals' export), or as JSON of the query interfaces: rows under
//! `Rows` or `rows` beside `Columns` or `columns`, or objects under `Results` or `results`.

use crate::yaml::Node;

use super::Told;
use super::csv::{Cell, Named};

/// The rows of an answer as JSON, however deep they are.
pub(super) fn rows(tree: &Node) -> Vec<Named> {
    if let Some(items) = tree.items() {
        return items.iter().filter_map(object).collect();
    }
    let either =
        |node: &'_ Node, names: [&str; 2]| names.iter().find_map(|name| node.get(name).cloned());
    if let Some(results) = either(tree, ["Results", "results"]) {
        return rows(&results);
    }
    let tables = either(tree, ["Tables", "tables"]);
    let first = tables.as_ref().and_then(|tables| tables.items()?.first().cloned());
    let table = first.unwrap_or_else(|| tree.clone());
    let (Some(columns), Some(rows)) =
        (either(&table, ["Columns", "columns"]), either(&table, ["Rows", "rows"]))
    else {
        return Vec::new();
    };
    let name = |column: &Node| {
        let name = column.get("ColumnName").or_else(|| column.get("name"))?;
        name.text().map(str::to_owned)
    };
    let header: Vec<String> = columns
        .items()
        .unwrap_or_default()
        .iter()
        .map(|column| name(column).unwrap_or_default())
        .collect();
    let row = |row: &Node| {
        let cells = row.items().unwrap_or_default().iter().filter_map(cell);
        header.iter().cloned().zip(cells).collect()
    };
    rows.items().unwrap_or_default().iter().map(row).collect()
}

fn object(node: &Node) -> Option<Named> {
    let pair = |(key, value): &(Node, Node)| Some((key.text()?.to_owned(), cell(value)?));
    Some(node.pairs()?.iter().filter_map(pair).collect())
}

fn cell(node: &Node) -> Option<Cell> {
    Some(Cell { text: node.text()?.to_owned(), span: node.span })
}

/// The columns that the rows describe.
pub(super) fn columns(rows: &[Named]) -> Vec<Told> {
    let cell = |row: &Named, name: &str| {
        row.iter().find(|(known, _)| known == name).map(|(_, cell)| cell.clone())
    };
    let column = |row: &Named| {
        let name = cell(row, "ColumnName")?;
        let theirs = cell(row, "ColumnType").or_else(|| cell(row, "DataType"))?.text;
        Some(Told { ty: ty(&theirs), name: name.text, theirs, span: name.span })
    };
    rows.iter().filter_map(column).collect()
}

/// Our name of a type; source: "Scalar data types" of Kusto's documentation.
fn ty(theirs: &str) -> Option<&'static str> {
    let name = theirs.rsplit('.').next().unwrap_or(theirs).to_ascii_lowercase();
    Some(match name.as_str() {
        "string" | "guid" | "uniqueid" | "uuid" => "text",
        "datetime" | "date" => "time",
        "int" | "long" | "int32" | "int64" => "integer",
        "real" | "double" | "decimal" | "sqldecimal" => "real",
        "bool" | "boolean" | "sbyte" => "boolean",
        "dynamic" | "object" => "dynamic",
        _ => return None,
    })
}
