//! Why a rule stayed silent: which of its parts held, and how often.
//!
//! Of a pattern: how many events were of its log source, how many satisfied it, and how many
//! satisfied each of the parts that must all hold. Of a condition: for how many keys each of its
//! parts held on its own, and of an order each of its beginnings.

use std::sync::Arc;

use crate::ir::{Body, Cond, Correlation, Pattern, PatternSource, Predicate, Rule};
use crate::source::Span;

use super::event::Event;
use super::predicate::{Matcher, Slots, View};
use super::{Options, Unrunnable, run};

/// Why a rule stayed silent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explanation {
    /// Its patterns over events.
    pub patterns: Vec<PatternCounts>,
    /// Parts of its condition and the number of keys for which each fires on its own.
    pub parts: Vec<(Cond, usize)>,
}

/// How often a pattern and its parts held.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternCounts {
    /// The pattern's name.
    pub name: String,
    /// Its log source.
    pub logsource: String,
    /// Events of the log source.
    pub events: u64,
    /// Events that satisfy the pattern.
    pub satisfied: u64,
    /// Parts that must all hold: where each was written, if it was, and how many events satisfy it.
    pub parts: Vec<(Option<Span>, u64)>,
}

/// Explains what a rule makes of events.
///
/// # Errors
/// If the rule cannot be compiled.
pub fn explain(rule: &Arc<Rule>, events: &[Event]) -> Result<Explanation, Unrunnable> {
    let unrunnable = |regex| Unrunnable { rule: rule.name.clone(), regex };
    let mut explanation = Explanation::default();
    let patterns = match &rule.body {
        Body::Events(pattern) => std::slice::from_ref(pattern),
        Body::Correlation(correlation) => &correlation.patterns,
    };
    for pattern in patterns {
        if let PatternSource::Events { logsource, predicate } = &pattern.source {
            let counts = counts(pattern, logsource, predicate, events).map_err(unrunnable)?;
            explanation.patterns.push(counts);
        }
    }
    if let Body::Correlation(correlation) = &rule.body {
        for cond in parts(&correlation.cond) {
            let keys = keys(rule, correlation, &cond, events)?;
            explanation.parts.push((cond, keys));
        }
    }
    Ok(explanation)
}

fn counts(
    pattern: &Pattern,
    logsource: &str,
    predicate: &Predicate,
    events: &[Event],
) -> Result<PatternCounts, super::predicate::BadRegex> {
    let mut slots = Slots::default();
    let whole = Matcher::compile(predicate, &mut slots)?;
    let conjuncts = match predicate {
        Predicate::All(parts) => parts.as_slice(),
        Predicate::Any(_)
        | Predicate::Not(_)
        | Predicate::Test(_)
        | Predicate::Keyword(_)
        | Predicate::KeywordRegex(_) => std::slice::from_ref(predicate),
    };
    let matchers: Result<Vec<Matcher>, _> =
        conjuncts.iter().map(|part| Matcher::compile(part, &mut slots)).collect();
    let matchers = matchers?;
    let mut counts = PatternCounts {
        name: pattern.name.clone(),
        logsource: logsource.to_owned(),
        events: 0,
        satisfied: 0,
        parts: conjuncts.iter().map(|part| (span(part), 0)).collect(),
    };
    for event in events {
        let Some(of) = event.belongs.iter().find(|of| of.logsource == logsource) else { continue };
        let view = View::new(event, of.renames, &slots);
        counts.events += 1;
        counts.satisfied += u64::from(whole.holds(&view));
        for (matcher, (_, held)) in matchers.iter().zip(&mut counts.parts) {
            *held += u64::from(matcher.holds(&view));
        }
    }
    Ok(counts)
}

/// Where the tests of a predicate were written.
fn span(predicate: &Predicate) -> Option<Span> {
    let mut whole: Option<Span> = None;
    predicate.tests(&mut |test| {
        whole = Some(whole.map_or(test.span, |before| before.to(test.span)));
    });
    whole
}

/// The parts of a condition that say most on their own.
fn parts(cond: &Cond) -> Vec<Cond> {
    match cond {
        Cond::All(parts) | Cond::Any(parts) | Cond::AtLeast(_, parts) => parts.clone(),
        Cond::Chain(steps) => (1..=steps.len())
            .map(|len| Cond::Chain(steps.iter().take(len).cloned().collect()))
            .collect(),
        Cond::Seen(_)
        | Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Absent { .. }
        | Cond::Score { .. }
        | Cond::Not(_) => Vec::new(),
    }
}

/// For how many keys a rule with another condition fires.
fn keys(
    rule: &Rule,
    correlation: &Correlation,
    cond: &Cond,
    events: &[Event],
) -> Result<usize, Unrunnable> {
    let correlation = Correlation { cond: cond.clone(), ..correlation.clone() };
    let rule = Arc::new(Rule { body: Body::Correlation(correlation), ..rule.clone() });
    let outcome = run(&[rule], events.iter().cloned(), Options::default())?;
    Ok(outcome.results.len())
}
