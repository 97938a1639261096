//! CSV with a header → rows of cells, each with its place (RFC 4180, with `#` comments).
//!
//! `kind,value` / `sha1,"a ""b"""` → the header `kind`, `value` and a row `sha1`, `a "b"`. What cannot be
//! read costs its own row only.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span, Spanned};

/// A table: every row has as many cells as the header.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Names of the columns.
    pub header: Vec<Spanned<String>>,
    /// The rows.
    pub rows: Vec<Vec<Spanned<String>>>,
}

impl Table {
    /// The index of a column, in any case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column.node.eq_ignore_ascii_case(name))
    }
}

/// Reads a table; E0901 for what is malformed.
#[must_use]
pub fn read(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Table {
    let mut reader = Reader { source, text, at: 0 };
    let mut table = Table::default();
    while reader.at < text.len() {
        if reader.skip_line() {
            continue;
        }
        match reader.row() {
            Ok(row) if table.header.is_empty() => table.header = row,
            Ok(row) if row.len() == table.header.len() => table.rows.push(row),
            Ok(row) => diagnostics.push(uneven(&row, table.header.len())),
            Err(found) => diagnostics.push(found),
        }
    }
    table
}

fn uneven(row: &[Spanned<String>], columns: usize) -> Diagnostic {
    let span = match (row.first(), row.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => Span::default(),
    };
    let message = format!("the row has {} cells, but the header has {columns}", row.len());
    Diagnostic::new(Code::ListSyntax, span, message)
        .help("put a cell that holds a comma into double quotes")
}

struct Reader<'t> {
    source: SourceId,
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Steps over an empty line or a comment.
    fn skip_line(&mut self) -> bool {
        let line = self.rest().split_inclusive('\n').next().unwrap_or_default();
        let skipped = line.trim().is_empty() || line.starts_with('#');
        if skipped {
            self.at += line.len();
        }
        skipped
    }

    fn row(&mut self) -> Result<Vec<Spanned<String>>, Diagnostic> {
        let mut row = Vec::new();
        loop {
            let blanks = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
            if self.rest().get(blanks..).is_some_and(|rest| rest.starts_with('"')) {
                self.at += blanks;
            }
            let cell = if self.rest().starts_with('"') { self.quoted() } else { Ok(self.plain()) };
            match cell {
                Ok(cell) => row.push(cell),
                Err(found) => {
                    self.skip_to_line_end();
                    return Err(found);
                }
            }
            let more = self.rest().starts_with(',');
            if more {
                self.at += 1;
            } else {
                self.skip_to_line_end();
                return Ok(row);
            }
        }
    }

    fn skip_to_line_end(&mut self) {
        let line = self.rest().split_inclusive('\n').next().unwrap_or_default();
        self.at += line.len();
    }

    /// A cell without quotes, without the blanks around it.
    fn plain(&mut self) -> Spanned<String> {
        let cell = self.rest().split([',', '\n', '\r']).next().unwrap_or_default();
        let text = cell.trim();
        let start = self.at + (cell.len() - cell.trim_start().len());
        let span = Span::new(self.source, start, start + text.len());
        let found = Spanned::new(text.to_owned(), span);
        self.at += cell.len();
        found
    }

    /// A cell in double quotes, in which `""` is a quote.
    fn quoted(&mut self) -> Result<Spanned<String>, Diagnostic> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        let mut end = None;
        while let Some((at, c)) = chars.next() {
            match (c, chars.peek()) {
                ('"', Some((_, '"'))) => {
                    chars.next();
                    text.push('"');
                }
                ('"', _) => {
                    end = Some(at + 1);
                    break;
                }
                (c, _) => text.push(c),
            }
        }
        let Some(end) = end else {
            let span = Span::new(self.source, start, start + 1);
            let message = "the quoted cell is not closed";
            self.at = self.text.len();
            return Err(Diagnostic::new(Code::ListSyntax, span, message)
                .help("close it with `\"`; a quote within is `\"\"`"));
        };
        self.at += end;
        let span = Span::new(self.source, start, self.at);
        let after = self.rest().trim_start_matches([' ', '\t']).chars().next();
        if !matches!(after, None | Some(',' | '\n' | '\r')) {
            let message = "text follows the closing quote of a cell";
            return Err(Diagnostic::new(Code::ListSyntax, span, message)
                .help("a quote within a quoted cell is `\"\"`"));
        }
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        Ok(Spanned::new(text, span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn rows(text: &str) -> (Vec<Vec<String>>, Vec<String>) {
        let mut sources = SourceMap::default();
        let id = sources.add("a.csv", text);
        let mut diagnostics = Diagnostics::default();
        let table = read(id, sources.text(id), &mut diagnostics);
        let rows = table.rows.iter().map(|row| row.iter().map(|cell| cell.node.clone()).collect());
        (rows.collect(), diagnostics.iter().map(|found| found.message.clone()).collect())
    }

    #[test]
    fn cells_may_be_quoted_and_comments_are_skipped() {
        let (rows, found) = rows("a,b\r\n# c,d,e\r\n\r\n x , \"y, \"\"z\"\"\n2\"\r\n1,2");
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(rows, [["x", "y, \"z\"\n2"], ["1", "2"]].map(|row| row.map(str::to_owned)));
    }

    #[test]
    fn a_bad_row_costs_itself_only() {
        let (rows, found) = rows("a,b\n1\n1,\"2\"x\n3,4\n5,\"6\n");
        assert_eq!(rows, [["3", "4"].map(str::to_owned)]);
        assert_eq!(
            found,
            [
                "the row has 1 cells, but the header has 2",
                "text follows the closing quote of a cell",
                "the quoted cell is not closed",
            ]
        );
    }
}
