//! A report → lines for people.

use super::report::{Report, Verdict, days};

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
    lines.extend(reasons(report));
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
        line.extend(row.cells.iter().map(super::report::Cell::shown));
        table.push(line);
    }
    aligned(&table)
}

fn correlations(report: &Report) -> Vec<String> {
    let mut table = vec![header("correlation", "window", report)];
    for fact in &report.correlations {
        let mut line = vec![fact.name.clone(), fact.window.map(days).unwrap_or_default()];
        line.extend(fact.verdicts.iter().map(verdict));
        table.push(line);
    }
    aligned(&table)
}

pub(super) fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Taken => "taken".to_owned(),
        Verdict::Refused(codes) => codes.join(" "),
    }
}

fn header(one: &str, two: &str, report: &Report) -> Vec<String> {
    let mut header = vec![one.to_owned(), two.to_owned()];
    header.extend(report.platforms.iter().cloned());
    header
}

/// Why a cell is what it is, said once per telemetry and reason.
fn reasons(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for row in &report.rows {
        for (cell, platform) in row.cells.iter().zip(&report.platforms) {
            for reason in &cell.reasons {
                let begin = format!("{} {}: ", row.class, row.telemetry);
                let known = lines.iter_mut().find(|line| {
                    line.starts_with(&begin) && line.ends_with(&format!(": {reason}"))
                });
                match known {
                    Some(line) => line.insert_str(begin.len(), &format!("{platform}, ")),
                    None => lines.push(format!("{begin}{platform}: {reason}")),
                }
            }
        }
    }
    lines
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
