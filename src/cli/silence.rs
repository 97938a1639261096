//! Says why rules stayed silent, part by part.

use std::sync::Arc;

use crate::engine::event::Event;
use crate::engine::explain::{Explanation, explain as parts_of};
use crate::ir::{Body, Cond, PatternId, Rule};
use crate::source::{SourceMap, Span};

use super::events::Events;
use super::output::{Output, counted};

/// Events that an explanation looks at.
const MOST_EVENTS: usize = 100_000;

/// Explains rules that stayed silent over events, which are read again.
///
/// # Errors
/// If the events cannot be read again.
pub(super) fn explain(
    silent: &[&Arc<Rule>],
    sources: &SourceMap,
    again: impl Fn() -> Result<Events, Vec<String>>,
    output: &mut Output,
) -> Result<(), Vec<String>> {
    if silent.is_empty() {
        return Ok(());
    }
    let events: Vec<Event> = again()?.take(MOST_EVENTS).collect();
    for rule in silent {
        for line in lines(rule, &events, sources) {
            output.remark(&line);
        }
    }
    Ok(())
}

/// Why a rule stayed silent, a line per fact.
pub(super) fn lines(rule: &Arc<Rule>, events: &[Event], sources: &SourceMap) -> Vec<String> {
    let mut lines = vec![format!("{} stayed silent:", rule.name)];
    match parts_of(rule, events) {
        Ok(explanation) => lines.extend(facts(rule, &explanation, sources)),
        Err(problem) => lines.push(format!("  it does not compile: {}", problem.regex.reason)),
    }
    lines
}

fn facts(rule: &Rule, explanation: &Explanation, sources: &SourceMap) -> Vec<String> {
    let mut lines = Vec::new();
    for pattern in &explanation.patterns {
        lines.push(format!(
            "  {}: {} of {}, {} it",
            pattern.name,
            events(pattern.events),
            pattern.logsource,
            satisfy(pattern.satisfied),
        ));
        if pattern.events == 0 || pattern.satisfied > 0 {
            continue;
        }
        for (span, held) in &pattern.parts {
            let part = span.map_or("keywords".to_owned(), |span| written(span, sources));
            let mark = if *held == 0 { "never held" } else { "held" };
            lines.push(format!("    {mark} ({held} of {}): {part}", pattern.events));
        }
    }
    let Body::Correlation(correlation) = &rule.body else { return lines };
    let name = |pattern: PatternId| {
        let pattern = correlation.patterns.get(pattern.0);
        pattern.map_or("?", |pattern| pattern.name.as_str()).to_owned()
    };
    for (part, keys) in &explanation.parts {
        let mark = if *keys == 0 { "never held" } else { "held" };
        let keys = counted(*keys, "key");
        lines.push(format!("  {mark} (for {keys}): {}", said(part, &name)));
    }
    lines
}

fn events(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "event")
}

fn satisfy(count: u64) -> String {
    match count {
        0 => "none satisfies".to_owned(),
        1 => "1 satisfies".to_owned(),
        count => format!("{count} satisfy"),
    }
}

/// The first line of what was written at a place, with its number.
fn written(span: Span, sources: &SourceMap) -> String {
    let Some(source) = sources.get(span.source) else { return String::new() };
    let (line, _) = source.position(span.start);
    let text = source.text.lines().nth(line - 1).unwrap_or_default().trim();
    let is_longer = source.text.get(span.range()).is_some_and(|text| text.contains('\n'));
    let more = if is_longer { " …" } else { "" };
    format!("line {line}: {text}{more}")
}

/// A condition in words.
fn said(cond: &Cond, name: &dyn Fn(PatternId) -> String) -> String {
    let list = |parts: &[Cond], word: &str| {
        let parts: Vec<_> = parts.iter().map(|part| said(part, name)).collect();
        format!("({})", parts.join(word))
    };
    match cond {
        Cond::Seen(pattern) => name(*pattern),
        Cond::Count { of, value, .. } => {
            format!("the number of {} ({value})", names(of, name))
        }
        Cond::Aggregate { of, value, .. } => {
            let of: Vec<_> = of.iter().map(|(pattern, _)| *pattern).collect();
            format!("the values of {} ({value})", names(&of, name))
        }
        Cond::Chain(steps) => {
            let steps: Vec<_> = steps.iter().map(|step| name(step.pattern)).collect();
            steps.join(" then ")
        }
        Cond::Absent { pattern, .. } => format!("no {}", name(*pattern)),
        Cond::Score { threshold, .. } => format!("a score of {threshold}"),
        Cond::AtLeast(least, parts) => format!("{least} of {}", list(parts, ", ")),
        Cond::All(parts) => list(parts, " and "),
        Cond::Any(parts) => list(parts, " or "),
        Cond::Not(part) => format!("not {}", said(part, name)),
    }
}

fn names(patterns: &[PatternId], name: &dyn Fn(PatternId) -> String) -> String {
    patterns.iter().map(|pattern| name(*pattern)).collect::<Vec<_>>().join(", ")
}
