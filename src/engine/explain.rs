//! Why a rule stayed silent: which of its parts held, and how often.
//!
//! Of a pattern: how many events were of its log source, or how many firings of the rule that it
//! builds on there were; how many satisfied it, lacked the key, and satisfied each of the parts that
//! must all hold. Of a condition: for how many keys each of its parts held at an event at which the
//! rule may fire, and of an order each of its beginnings, with and without `within` and `not`.

use std::sync::Arc;

use crate::ir::{Body, Cond, Correlation, Pattern, PatternSource, Predicate, Rule, Step};

use super::event::{Belongs, Event};
use super::key::key_values;
use super::near::{Miss, miss};
use super::predicate::{Compiler, Scratch};
use super::stage::source;
use super::{Options, Unrunnable, run};

/// Why a rule stayed silent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explanation {
    /// Its patterns.
    pub patterns: Vec<PatternCounts>,
    /// Parts of its condition and the number of keys for which each holds.
    pub parts: Vec<(Cond, usize)>,
    /// What it lacks, if that is a single demand.
    pub miss: Option<Miss>,
}

/// How often a pattern and its parts held.
#[derive(Debug, Clone, PartialEq)]
pub struct PatternCounts {
    /// The pattern's name.
    pub name: String,
    /// What it is looked for in.
    pub among: Among,
    /// How many of these there are.
    pub events: u64,
    /// How many satisfy the pattern.
    pub satisfied: u64,
    /// How many of these lack the key, so that they take no part.
    pub keyless: u64,
    /// Parts that must all hold, and how many events satisfy each.
    pub parts: Vec<(Predicate, u64)>,
}

/// What a pattern is looked for in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Among {
    /// Events of this log source.
    Events(String),
    /// Firings of the rule with this name.
    Firings(String),
}

/// Explains what a rule makes of events.
///
/// # Errors
/// If the rule cannot be compiled.
pub fn explain(rule: &Arc<Rule>, events: &[Event]) -> Result<Explanation, Unrunnable> {
    let mut explanation = Explanation::default();
    let patterns = match &rule.body {
        Body::Events(pattern) => std::slice::from_ref(pattern),
        Body::Correlation(correlation) => &correlation.patterns,
    };
    for (index, pattern) in patterns.iter().enumerate() {
        let counts = match &source(pattern).source {
            PatternSource::Events { logsource, predicate } => {
                let has_key = |event: &Event, of: &Belongs| has_key(rule, index, event, of);
                counts(pattern, logsource, predicate, events, has_key)
                    .map_err(|regex| Unrunnable { rule: rule.name.clone(), regex })?
            }
            PatternSource::Firings(of) => firings(pattern, of, events)?,
        };
        explanation.patterns.push(counts);
    }
    if let Body::Correlation(correlation) = &rule.body {
        for cond in parts(&correlation.cond) {
            let at_firing = at_firing(&correlation.cond, cond.clone());
            let keys = keys(rule, correlation, &at_firing, events)?;
            explanation.parts.push((cond, keys));
        }
        explanation.miss = miss(rule, correlation, events)?;
    }
    Ok(explanation)
}

/// Whether an event has a value for every part of the key that all patterns carry.
fn has_key(rule: &Rule, pattern: usize, event: &Event, of: &Belongs) -> bool {
    let Body::Correlation(correlation) = &rule.body else { return true };
    let keys = correlation.keys.iter().filter(|key| key.fields.iter().all(Option::is_some));
    let mut fields = keys.filter_map(|key| key.fields.get(pattern)?.as_ref());
    fields.all(|(field, transform)| !key_values(event, of.renames, field, *transform).is_empty())
}

/// The firings of a rule that a pattern stands for.
fn firings(
    pattern: &Pattern,
    of: &Arc<Rule>,
    events: &[Event],
) -> Result<PatternCounts, Unrunnable> {
    let outcome = run(&[Arc::clone(of)], events.iter().cloned(), Options::default())?;
    let count = outcome.results.iter().map(|result| result.verdict.count).sum();
    Ok(PatternCounts {
        name: pattern.name.clone(),
        among: Among::Firings(of.name.clone()),
        events: count,
        satisfied: count,
        keyless: 0,
        parts: Vec::new(),
    })
}

fn counts(
    pattern: &Pattern,
    logsource: &str,
    predicate: &Predicate,
    events: &[Event],
    has_key: impl Fn(&Event, &Belongs) -> bool,
) -> Result<PatternCounts, super::predicate::BadRegex> {
    let conjuncts = match predicate {
        Predicate::All(parts) => parts.as_slice(),
        Predicate::Any(_)
        | Predicate::Not(_)
        | Predicate::Test(_)
        | Predicate::Keyword(_)
        | Predicate::KeywordRegex(_) => std::slice::from_ref(predicate),
    };
    let mut compiler = Compiler::default();
    for part in std::iter::once(predicate).chain(conjuncts) {
        compiler.add(part)?;
    }
    let (predicates, mut scratch) = (compiler.finish(), Scratch::default());
    let mut counts = PatternCounts {
        name: pattern.name.clone(),
        among: Among::Events(logsource.to_owned()),
        events: 0,
        satisfied: 0,
        keyless: 0,
        parts: conjuncts.iter().map(|part| (part.clone(), 0)).collect(),
    };
    for event in events {
        let Some(of) = event.belongs.iter().find(|of| of.logsource == logsource) else { continue };
        counts.events += 1;
        predicates.holding(event, of.renames, &mut scratch, &mut |number| {
            if let Some((_, held)) = number.checked_sub(1).and_then(|at| counts.parts.get_mut(at)) {
                *held += 1;
            } else {
                counts.satisfied += 1;
                counts.keyless += u64::from(!has_key(event, of));
            }
        });
    }
    Ok(counts)
}

/// The parts of a condition that say most on their own.
fn parts(cond: &Cond) -> Vec<Cond> {
    match cond {
        Cond::All(parts) | Cond::Any(parts) | Cond::AtLeast(_, parts) => parts
            .iter()
            .flat_map(|part| match part {
                Cond::Chain(steps) => beginnings(steps),
                Cond::Seen(_)
                | Cond::Count { .. }
                | Cond::Aggregate { .. }
                | Cond::Absent { .. }
                | Cond::Score { .. }
                | Cond::AtLeast(..)
                | Cond::All(_)
                | Cond::Any(_)
                | Cond::Not(_) => vec![part.clone()],
            })
            .collect(),
        Cond::Chain(steps) => beginnings(steps),
        Cond::Seen(_)
        | Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Absent { .. }
        | Cond::Score { .. }
        | Cond::Not(_) => Vec::new(),
    }
}

/// The beginnings of an order; where the last step is qualified, without that first.
fn beginnings(steps: &[Step]) -> Vec<Cond> {
    let mut beginnings = Vec::new();
    for len in 1..=steps.len() {
        let beginning: Vec<Step> = steps.iter().take(len).cloned().collect();
        let mut plain = beginning.clone();
        if let Some(last) = plain.last_mut() {
            (last.within, last.without) = (None, Vec::new());
        }
        if plain != beginning {
            beginnings.push(Cond::Chain(plain));
        }
        beginnings.push(Cond::Chain(beginning));
    }
    beginnings
}

/// The part of a condition, at the events at which the whole is evaluated: `not c` on its own names
/// no event.
fn at_firing(whole: &Cond, part: Cond) -> Cond {
    if whole.is_order() {
        return part;
    }
    let named = whole.named().into_iter().map(Cond::Seen);
    Cond::All(vec![Cond::Any(named.collect()), part])
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
