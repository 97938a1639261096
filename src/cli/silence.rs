//! Says why rules stayed silent, part by part.

use std::sync::Arc;

use crate::engine::event::Event;
use crate::engine::explain::{Among, Explanation, PatternCounts, explain as parts_of};
use crate::engine::near::Miss;
use crate::ir::{Body, Correlation, PatternId, Predicate, Rule, words};
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
        lines.push(counts(pattern));
        if pattern.events > 0 && pattern.satisfied == 0 {
            lines.extend(parts(pattern, sources));
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
    lines.extend(explanation.miss.map(|miss| missed(miss, correlation)));
    lines
}

/// What kept a rule silent though its parts were there.
fn missed(miss: Miss, correlation: &Correlation) -> String {
    let window = words::span(correlation.window);
    match miss {
        Miss::Window(Some(needs)) => format!(
            "  its parts held, but never in one window of {window}: it would fire over {}",
            words::span(needs)
        ),
        Miss::Window(None) => format!("  its parts held, but never in one window of {window}"),
        Miss::Between => {
            "  its parts held in that order, but not as `within` and `not` say".to_owned()
        }
        Miss::Order => "  its parts held, but never in that order".to_owned(),
        Miss::Key => {
            let keys: Vec<_> = correlation.keys.iter().map(|key| key.name.as_str()).collect();
            format!("  its parts held, but never for the same {}", keys.join(", "))
        }
    }
}

/// How often a pattern occurred.
fn counts(pattern: &PatternCounts) -> String {
    let name = &pattern.name;
    let many = |noun| counted(usize::try_from(pattern.events).unwrap_or(usize::MAX), noun);
    let logsource = match &pattern.among {
        Among::Events(logsource) => logsource,
        Among::Firings(rule) => return format!("  {name}: {} of {rule}", many("firing")),
    };
    let satisfy = satisfy(pattern.satisfied);
    let keyless = match pattern.keyless {
        0 => String::new(),
        count => format!(", {count} without a value for the key"),
    };
    format!("  {name}: {} of {logsource}, {satisfy} it{keyless}", many("event"))
}

fn satisfy(count: u64) -> String {
    match count {
        0 => "none satisfies".to_owned(),
        1 => "1 satisfies".to_owned(),
        count => format!("{count} satisfy"),
    }
}

/// How often each part of a pattern held.
fn parts(pattern: &PatternCounts, sources: &SourceMap) -> Vec<String> {
    let parts = pattern.parts.iter().map(|(part, held)| {
        let mark = if *held == 0 { "never held" } else { "held" };
        format!("    {mark} ({held} of {}): {}{part}", pattern.events, place(part, sources))
    });
    parts.collect()
}

/// The line that a predicate begins at.
fn place(predicate: &Predicate, sources: &SourceMap) -> String {
    let mut first: Option<Span> = None;
    predicate.tests(&mut |test| first = Some(first.map_or(test.span, |span| span.to(test.span))));
    let line = first.and_then(|span| Some(sources.get(span.source)?.position(span.start).0));
    line.map_or_else(String::new, |line| format!("line {line}: "))
}
