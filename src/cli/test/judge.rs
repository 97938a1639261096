//! A case and its rule → what happened, and whether that is what must happen.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::engine::event::Origin;
use crate::engine::{Options, Outcome, run};
use crate::ir::{Body, Rule};

use super::case::{Case, Expect};
use super::events::{self, Place};

/// What became of a case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// It is as it must be.
    Passed,
    /// It is not: what was found instead, and facts that explain it.
    Failed(String, Vec<String>),
    /// It could not be tried: there is no rule, or something is wrong with its events.
    Impossible(Vec<Diagnostic>),
}

/// Tries a case.
pub(crate) fn judge(case: &Case, rule: &Arc<Rule>, place: &Place<'_>) -> Verdict {
    let mut events = match events::read(case, rule, place) {
        Ok(events) => events,
        Err(problems) => return Verdict::Impossible(problems),
    };
    // Numbers of events are those of the test file; the engine wants them in time order.
    let numbers: Vec<Origin> = events.iter().map(|event| event.origin.clone()).collect();
    events.sort_by_key(|event| event.time);
    let outcome = match run(&[Arc::clone(rule)], events.iter().cloned(), Options::default()) {
        Ok(outcome) => outcome,
        Err(problem) => {
            let found = Diagnostic::new(problem.regex.code, case.name.span, problem.regex.reason);
            return Verdict::Impossible(vec![found]);
        }
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
