//! Tables for people: aligned columns for a terminal, or Markdown.
//!
//! Head `rule`, `soc`; row `a_rule`, `exact` → `rule    soc` over `a_rule  exact`.

use super::output::visible;

/// A table; every row has as many cells as the head.
pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub(super) fn new(head: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { head: head.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Its lines with aligned columns, numbers at the right.
    pub(super) fn text(&self) -> Vec<String> {
        let rows: Vec<Vec<String>> = std::iter::once(&self.head)
            .chain(&self.rows)
            .map(|row| row.iter().map(|cell| visible(cell).into_owned()).collect())
            .collect();
        let columns: Vec<Column> = (0..self.head.len()).map(|at| Column::of(&rows, at)).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&columns).map(|(cell, column)| column.align(cell));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        rows.iter().map(line).collect()
    }

    /// Its lines in Markdown.
    pub(super) fn markdown(&self) -> Vec<String> {
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
            format!("| {} |", cells.join(" | "))
        };
        let rule = format!("|{}", "---|".repeat(self.head.len()));
        let head = [line(&self.head), rule];
        head.into_iter().chain(self.rows.iter().map(line)).collect()
    }
}

/// How a column is set.
struct Column {
    width: usize,
    numbers: bool,
}

impl Column {
    fn of(rows: &[Vec<String>], at: usize) -> Self {
        let cells = || rows.iter().filter_map(|row| row.get(at));
        let width = cells().map(|cell| cell.chars().count()).max().unwrap_or(0);
        let numbers = cells().skip(1).all(|cell| cell.chars().all(|c| c.is_ascii_digit()));
        Self { width, numbers }
    }

    fn align(&self, cell: &str) -> String {
        let blanks = " ".repeat(self.width.saturating_sub(cell.chars().count()));
        if self.numbers { format!("{blanks}{cell}") } else { format!("{cell}{blanks}") }
    }
}

/// A cell that stays one in Markdown.
pub(super) fn escaped(cell: &str) -> String {
    visible(cell).replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_cells_stay_cells() {
        let mut table = Table::new(["rule", "count"]);
        table.row(vec!["a|b\n".to_owned(), "10".to_owned()]);
        table.row(vec!["longer".to_owned(), "9".to_owned()]);
        let text = ["rule      count", "a|b\\u{a}     10", "longer        9"];
        assert_eq!(table.text(), text);
        let markdown = ["| rule | count |", "|---|---|", "| a\\|b\\u{a} | 10 |", "| longer | 9 |"];
        assert_eq!(table.markdown(), markdown);
    }
}
