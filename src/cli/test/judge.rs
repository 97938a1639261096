//! A case and its rule → what happened, and whether that is what must happen.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::engine::event::{Event, Origin};
use crate::engine::read::{EventReader, ReadOptions};
use crate::engine::{Options, Outcome, run};
use crate::ir::{Body, Rule};
use crate::source::{SourceMap, Spanned};

use super::file::{At, Case, Expect};

/// What became of a case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// It is as it must be.
    Passed,
    /// It is not: what was found instead, and facts that explain it.
    Failed(String, Vec<String>),
    /// There is no rule to try it on.
    NoRule(Box<Diagnostic>),
    /// It could not be tried, because of this place of the case if there is one.
    Impossible(String, Option<Spanned<String>>),
}

/// Where a case stands.
pub(crate) struct Place<'p> {
    /// The test file.
    pub file: &'p Path,
    /// All texts, to name lines.
    pub sources: &'p SourceMap,
}

/// Tries a case.
pub(crate) fn judge(case: &Case, rule: &Arc<Rule>, place: &Place<'_>) -> Verdict {
    let mut events = match events(case, place) {
        Ok(events) => events,
        Err((problem, at)) => return Verdict::Impossible(problem, at),
    };
    // Numbers of events are those of the test file; the engine wants them in time order.
    let numbers: Vec<Origin> = events.iter().map(|event| event.origin.clone()).collect();
    events.sort_by_key(|event| event.time);
    let outcome = match run(&[Arc::clone(rule)], events.iter().cloned(), Options::default()) {
        Ok(outcome) => outcome,
        Err(problem) => return Verdict::Impossible(problem.regex.reason, None),
    };
    match wrong(&case.expect, rule, &outcome, &numbers) {
        None => Verdict::Passed,
        Some(wrong) if outcome.results.is_empty() => {
            Verdict::Failed(wrong, crate::cli::silence::lines(rule, &events, place.sources))
        }
        Some(wrong) => Verdict::Failed(wrong, fired(&outcome)),
    }
}

/// What is wrong with an outcome.
fn wrong(expect: &Expect, rule: &Rule, outcome: &Outcome, numbers: &[Origin]) -> Option<String> {
    let count = outcome.results.len() as u64;
    let results = |count: u64| match count {
        0 => "stayed silent".to_owned(),
        1 => "has 1 result".to_owned(),
        count => format!("has {count} results"),
    };
    match expect {
        Expect::Silent => (count > 0).then(|| format!("{}, expected none", results(count))),
        Expect::Fires => (count == 0).then(|| "stayed silent, expected a result".to_owned()),
        Expect::Count(wanted) => {
            (count != *wanted).then(|| format!("{}, expected {wanted}", results(count)))
        }
        Expect::AtLeast(wanted) => {
            (count < *wanted).then(|| format!("{}, expected at least {wanted}", results(count)))
        }
        Expect::Keys(wanted) => {
            let wanted: BTreeSet<Vec<String>> = wanted.iter().cloned().collect();
            let found = keys(rule, outcome, numbers);
            let list = |keys: Vec<&Vec<String>>| {
                keys.iter().map(|key| format!("`{}`", key.join(" "))).collect::<Vec<_>>().join(", ")
            };
            let missing = list(wanted.difference(&found).collect());
            let spare = list(found.difference(&wanted).collect());
            match (missing.is_empty(), spare.is_empty()) {
                (true, true) => None,
                (false, true) => Some(format!("does not fire for {missing}")),
                (true, false) => Some(format!("fires for {spare}, too")),
                (false, false) => Some(format!("fires for {spare} instead of {missing}")),
            }
        }
    }
}

/// For what a rule fired: keys, or numbers of events.
fn keys(rule: &Rule, outcome: &Outcome, numbers: &[Origin]) -> BTreeSet<Vec<String>> {
    let key = |result: &crate::engine::RuleResult| match &rule.body {
        Body::Correlation(_) => result.key.iter().map(|(_, value)| value.clone()).collect(),
        Body::Events(_) => {
            let seen = result.verdict.events.first();
            let at = numbers.iter().position(|origin| seen.is_some_and(|s| s.origin == *origin));
            vec![at.map_or_else(String::new, |at| (at + 1).to_string())]
        }
    };
    outcome.results.iter().map(key).collect()
}

fn fired(outcome: &Outcome) -> Vec<String> {
    let events = outcome.results.iter().flat_map(|result| &result.verdict.events);
    let line = |seen: &crate::engine::Seen| {
        format!("{}:{} is seen as {}", seen.origin.file, seen.origin.line, seen.name)
    };
    events.take(10).map(line).collect()
}

type Problem = (String, Option<Spanned<String>>);

/// The events of a case, as they stand.
fn events(case: &Case, place: &Place<'_>) -> Result<Vec<Event>, Problem> {
    let options = ReadOptions { logsource: case.logsource.clone(), ..ReadOptions::default() };
    let mut events = inline(case, place, &options);
    for name in &case.files {
        let found = find(place.file, &name.node).ok_or_else(|| {
            (format!("there is no event file `{}`", name.node), Some(name.clone()))
        })?;
        let file = File::open(&found).map_err(|error| (error.to_string(), Some(name.clone())))?;
        let mut reader = EventReader::new(file, &found.display().to_string(), &options);
        events.extend(reader.by_ref());
        if let Some(problem) = reader.report().problems.first() {
            let message = format!("{}:{}: {}", name.node, problem.line, problem.message);
            return Err((message, Some(name.clone())));
        }
    }
    Ok(events)
}

fn inline(case: &Case, place: &Place<'_>, options: &ReadOptions) -> Vec<Event> {
    let mut before = case.base.saturating_sub(1_000);
    let mut events = Vec::new();
    for written in &case.events {
        let text = written.fields.to_string();
        let Some(mut event) = EventReader::new(text.as_bytes(), "", options).next() else {
            continue;
        };
        let time = match written.at {
            Some(At::Offset(offset)) => case.base.saturating_add(offset),
            Some(At::Time(time)) => time,
            None => event.time.unwrap_or(before.saturating_add(1_000)),
        };
        event.time = Some(time);
        before = time;
        let source = place.sources.get(written.span.source);
        let line = source.map_or(0, |source| source.position(written.span.start).0);
        event.origin = Origin { file: place.file.display().to_string().into(), line: line as u64 };
        events.push(event);
    }
    events
}

/// An event file: relative to the test file's folder, or to one above.
fn find(test: &Path, name: &str) -> Option<PathBuf> {
    let test = std::path::absolute(test).ok()?;
    test.ancestors().skip(1).map(|folder| folder.join(name)).find(|path| path.is_file())
}
