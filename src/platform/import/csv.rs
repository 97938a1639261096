//! A table as text → cells with their places; comma, semicolon or tab between them, as the first line
//! says. Quotes may hold line breaks; a quote within quotes is written twice.

use crate::source::{SourceId, Span};

/// A header and what is below it.
pub(super) struct Rows {
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
    /// The header's place.
    pub(super) span: Span,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) span: Span,
}

/// A row, its cells by the names of their columns.
pub(super) type Named = Vec<(String, Cell)>;

impl Rows {
    /// The rows below the header.
    pub(super) fn named(&self) -> Vec<Named> {
        let named =
            |row: &Vec<Cell>| self.header.iter().cloned().zip(row.iter().cloned()).collect();
        self.rows.iter().map(named).collect()
    }
}

/// Reads a table.
pub(super) fn read(source: SourceId, text: &str) -> Rows {
    let first = text.lines().next().unwrap_or_default();
    let count = |separator: char| first.matches(separator).count();
    let separator = [',', ';', '\t'].into_iter().max_by_key(|c| count(*c)).unwrap_or(',');
    let mut rows = cells(source, text, separator);
    let header = if rows.is_empty() { Vec::new() } else { rows.remove(0) };
    let header = header.into_iter().map(|cell| cell.text.trim().to_owned()).collect();
    Rows { header, rows, span: Span::new(source, 0, first.len().max(1)) }
}

fn cells(source: SourceId, text: &str, separator: char) -> Vec<Vec<Cell>> {
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let (mut cell, mut start, mut quoted) = (String::new(), 0, false);
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let next_is_quote = rest.peek().is_some_and(|(_, next)| *next == '"');
        match c {
            '"' if quoted && next_is_quote => {
                cell.push('"');
                rest.next();
            }
            '"' => quoted = !quoted,
            _ if quoted => cell.push(c),
            '\n' | '\r' => {
                row.push(Cell {
                    text: std::mem::take(&mut cell),
                    span: Span::new(source, start, at),
                });
                if row.iter().any(|cell: &Cell| !cell.text.is_empty()) {
                    rows.push(std::mem::take(&mut row));
                }
                row.clear();
                start = at + 1;
            }
            _ if c == separator => {
                row.push(Cell {
                    text: std::mem::take(&mut cell),
                    span: Span::new(source, start, at),
                });
                start = at + c.len_utf8();
            }
            _ => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(Cell { text: cell, span: Span::new(source, start, text.len()) });
        rows.push(row);
    }
    rows
}
