//! Says why rules stayed silent, part by part.

use std::sync::Arc;

use crate::engine::event::Event;
use crate::engine::explain::{Explanation, explain as parts_of};
use crate::ir::{Body, PatternId, Rule, words};
use crate::source::{SourceMap, Span};

use super::events::{InOrder, Reader};
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
    again: impl Fn() -> Result<InOrder<Reader>, Vec<String>>,
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
        lines.push(format!("  {mark} (for {keys}): {}", words::condition(part, &name)));
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
