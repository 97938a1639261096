//! A report → lines for people.

use super::report::{Cell, Report, Row, Verdict, days};

/// The report, line by line.
#[must_use]
pub fn text(report: &Report) -> Vec<String> {
    let analytic = &report.analytic;
    let mut lines = vec![format!("{}: {}", analytic.id, analytic.title)];
    let tactic = analytic.tactic.get(&analytic.release).map_or("", String::as_str);
    lines.push(format!(
        "{} of {}, ATT&CK {} ({tactic}); {} rules reach {}",
        analytic.technique,
        analytic.strategy,
        analytic.release,
        report.rules,
        report.techniques.join(", ")
    ));
    section("Its own log sources", &report.own_sources, &mut lines);
    lines.push(String::new());
    lines.extend(matrix(report));
    lines.push(String::new());
    lines.extend(cells(report));
    if !report.correlations.is_empty() {
        lines.push(String::new());
        lines.extend(correlations(report));
    }
    section("Missing", &report.gaps, &mut lines);
    section("To know", &analytic.notes, &mut lines);
    lines
}

fn section(title: &str, said: &[String], lines: &mut Vec<String>) {
    if !said.is_empty() {
        lines.push(String::new());
        lines.push(format!("{title}:"));
        lines.extend(said.iter().map(|line| format!("  {line}")));
    }
}

fn matrix(report: &Report) -> Vec<String> {
    let mut table = vec![header("class", "telemetry", report)];
    for row in &report.rows {
        let mut line = vec![row.class.clone(), row.telemetry.clone()];
        line.extend(row.cells.iter().map(short));
        table.push(line);
    }
    let mut lines = aligned(&table);
    lines.push(
        "c: off by default, has to be switched on (config); t: computed with the trust".to_owned(),
    );
    lines.push("that the technique changes (tainted); n: often missing (null-prone)".to_owned());
    lines
}

/// A cell of the matrix: `direct (ct)`.
fn short(cell: &Cell) -> String {
    let letters: String = cell.flags.iter().filter_map(|flag| flag.chars().next()).collect();
    match letters.is_empty() {
        true => cell.status.name().to_owned(),
        false => format!("{} ({letters})", cell.status.name()),
    }
}

fn correlations(report: &Report) -> Vec<String> {
    let mut table = vec![header("correlation", "window", report)];
    for fact in &report.correlations {
        let mut line = vec![fact.name.clone(), fact.window.map(days).unwrap_or_default()];
        line.extend(fact.verdicts.iter().map(Verdict::shown));
        table.push(line);
    }
    aligned(&table)
}

fn header(one: &str, two: &str, report: &Report) -> Vec<String> {
    let mut header = vec![one.to_owned(), two.to_owned()];
    header.extend(report.platforms.iter().cloned());
    header
}

/// Every cell with its reasons and rules, platforms with the same cell together.
fn cells(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for row in &report.rows {
        lines.push(format!("{} {} ({})", row.class, row.telemetry, row.logsource));
        for (cell, platforms) in same_cells(row, &report.platforms) {
            lines.push(format!("  {}: {}", platforms.join(", "), cell.shown()));
            let said = cell.reasons.iter().cloned().chain(cell.said_of_rules());
            lines.extend(said.map(|line| format!("    {line}")));
        }
    }
    lines
}

/// The cells of a row, each with the platforms that have the same.
pub(super) fn same_cells<'r>(
    row: &'r Row,
    platforms: &'r [String],
) -> Vec<(&'r Cell, Vec<&'r str>)> {
    let mut found: Vec<(&Cell, Vec<&str>)> = Vec::new();
    for (cell, platform) in row.cells.iter().zip(platforms) {
        match found.iter_mut().find(|(known, _)| *known == cell) {
            Some((_, of)) => of.push(platform),
            None => found.push((cell, vec![platform])),
        }
    }
    found
}

/// Cells below each other.
fn aligned(table: &[Vec<String>]) -> Vec<String> {
    let columns = table.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = table.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    table.iter().map(line).collect()
}
