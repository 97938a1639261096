//! A report → Markdown, for a page or a comment on a change.

use super::report::{Cell, Report, Verdict, days};
use super::text::same_cells;

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let analytic = &report.analytic;
    let mut text = format!("## {}: {}\n\n", analytic.id, escaped(&analytic.title));
    let platforms: Vec<String> = report.platforms.iter().map(|name| escaped(name)).collect();
    let head = |first: &str, second: &str| {
        let rule = "|---".repeat(platforms.len() + 2);
        format!("| {first} | {second} | {} |\n{rule}|\n", platforms.join(" | "))
    };
    text += &head("class", "telemetry");
    for row in &report.rows {
        let cells: Vec<String> = row.cells.iter().map(Cell::shown).collect();
        text +=
            &format!("| {} | {} | {} |\n", row.class, escaped(&row.telemetry), cells.join(" | "));
    }
    text += "\nCell by cell:\n\n";
    for row in &report.rows {
        for (cell, platforms) in same_cells(row, &report.platforms) {
            let platforms = platforms.join(", ");
            let mut said = cell.reasons.clone();
            said.extend(cell.said_of_rules());
            let line = format!(
                "{} {}, {platforms}: {}. {}",
                row.class,
                row.telemetry,
                cell.shown(),
                said.join("; ")
            );
            text += &format!("* {}\n", escaped(line.trim_end()));
        }
    }
    if !report.correlations.is_empty() {
        text += "\n";
        text += &head("correlation", "window");
        for fact in &report.correlations {
            let cells: Vec<String> = fact.verdicts.iter().map(Verdict::shown).collect();
            let window = fact.window.map(days).unwrap_or_default();
            text += &format!("| {} | {window} | {} |\n", escaped(&fact.name), cells.join(" | "));
        }
    }
    for (title, said) in [
        ("Its own log sources", &report.own_sources),
        ("Missing", &report.gaps),
        ("To know", &analytic.notes),
    ] {
        if !said.is_empty() {
            text += &format!("\n{title}:\n\n");
            said.iter().for_each(|line| text += &format!("* {}\n", escaped(line)));
        }
    }
    text
}

/// A text in which nothing is markup.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '|' | '\\' | '*' | '_' | '`' | '<' | '>' | '[' | ']') {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}
