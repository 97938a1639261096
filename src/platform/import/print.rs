//! Imported tables → the text of an overlay.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Table;

/// Columns of a line of a schema.
const WIDTH: usize = 100;
/// The order of types in a schema.
const ORDER: [&str; 8] = ["time", "text", "integer", "real", "boolean", "ip", "dynamic", "opaque"];

/// An overlay for `platform` that says what the tables are; a table without a name is called `name`.
#[must_use]
pub fn overlay(title: &str, platform: &str, name: &str, tables: &[Table]) -> String {
    let mut text = format!("overlay: {title}\nplatform: {platform}\n\ntables:\n");
    let mut names: BTreeMap<&str, Vec<&Table>> = BTreeMap::new();
    for table in tables {
        names.entry(table.name.as_deref().unwrap_or(name)).or_default().push(table);
    }
    for (name, tables) in names {
        let _ = writeln!(text, "  {}:", quoted(name));
        if tables.iter().all(|table| table.complete) {
            text.push_str("    complete: true\n");
        }
        for ty in ORDER {
            let columns = tables.iter().flat_map(|table| &table.columns);
            let mut columns: Vec<&str> =
                columns.filter(|(_, of)| *of == ty).map(|(column, _)| column.as_str()).collect();
            columns.sort_unstable();
            columns.dedup();
            lines(ty, &columns, &mut text);
        }
    }
    text
}

/// A name of a table as a key.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    if plain && !name.starts_with('-') { name.to_owned() } else { format!("'{name}'") }
}

fn lines(ty: &str, columns: &[&str], text: &mut String) {
    if columns.is_empty() {
        return;
    }
    let mut line = format!("    {ty}:");
    for column in columns {
        if line.len() + 1 + column.len() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = "     ".to_owned();
        }
        line.push(' ');
        // What YAML reads as something else than text.
        match column.starts_with(['@', '`', '%', '&', '!', '|', '>', '{']) {
            true => line.push_str(&format!("\"{column}\"")),
            false => line.push_str(column),
        }
    }
    text.push_str(&line);
    text.push('\n');
}
