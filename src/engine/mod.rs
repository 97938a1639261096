//! The reference evaluator: what a rule means, run over events (DESIGN 2.3, `docs/semantics.md`).
//!
//! Events are read from anything that implements `Read` ([`read`]) and routed by log source to the
//! rules that can match them ([`Sieve`]). What an event satisfies depends on no other, so this comes
//! first; the few events that satisfy something are put in time order and taken by the [`Engine`],
//! and all others are gone at once. [`run`] does both for events that are in order already: one
//! result per rule and key, and for rules over single events one per event.
//!
//! `[{"logsource": "windows/process_creation", "Image": "C:\\a.exe", …}]` and a rule with
//! `Image|endswith: '\a.exe'` → one result with the event's file and line.

pub mod event;
pub mod explain;
pub mod fold;
pub mod key;
pub mod near;
pub mod predicate;
pub mod read;
mod result;
mod route;
mod stage;
pub mod timeline;

pub use result::{Seen, Verdict};
pub use route::Unrunnable;

use std::sync::Arc;

use crate::ir::{Body, PatternId, Rule};

use event::{Event, Origin};
use read::Timed;
use route::{Matched, Patterns, Router, Scratches, Target};
use stage::Stages;
use timeline::{Bounds, Losses, Recorded, Recorder};

/// Events between two looks at what can be decided and forgotten.
const EVENTS_PER_STEP: u64 = 256;

/// How to run rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// The report range and the limits.
    pub bounds: Bounds,
}

/// A result of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleResult {
    /// Index of the rule among those that were run.
    pub rule: usize,
    /// The parts of the key and their values; empty for rules without one.
    pub key: Vec<(String, String)>,
    /// When and how often.
    pub verdict: Verdict,
}

/// What a run found, and what it could not look at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The results, by rule; those of a rule by key, or in time order for single events.
    pub results: Vec<RuleResult>,
    /// Events that satisfied something.
    pub events: u64,
    /// Per rule, how many events satisfied each of its patterns, by name.
    pub sightings: Vec<Vec<(String, u64)>>,
    /// What was lost to limits.
    pub losses: Losses,
}

/// What tells which events satisfy something; a copy costs little.
#[derive(Debug)]
pub struct Sieve {
    router: Arc<Router>,
    /// What each stage makes of an event.
    recorders: Arc<[Recorder]>,
    scratches: Scratches,
}

/// What is kept of an event that satisfies something.
#[derive(Debug, Clone)]
pub struct Caught {
    time: Option<i64>,
    origin: Origin,
    found: Vec<Found>,
}

/// What an event satisfies.
#[derive(Debug, Clone)]
enum Found {
    /// A rule over single events.
    Rule(usize),
    /// Patterns of a stage, and what it remembers of the event.
    Patterns(usize, Vec<PatternId>, Recorded),
}

/// Rules at work on a stream of events.
#[derive(Debug)]
pub struct Engine {
    sieve: Sieve,
    stages: Stages,
    bounds: Bounds,
    /// The name of each rule that is over single events.
    singles: Vec<Option<String>>,
    outcome: Outcome,
}

/// Runs rules over events, which must be in time order (those without a time anywhere).
///
/// # Errors
/// If a rule cannot be compiled; such a rule would not have passed `check`.
pub fn run(
    rules: &[Arc<Rule>],
    events: impl IntoIterator<Item = Event>,
    options: Options,
) -> Result<Outcome, Unrunnable> {
    let mut engine = Engine::new(rules, options)?;
    let mut sieve = engine.sieve();
    for event in events {
        if let Some(caught) = sieve.sift(event) {
            engine.take(caught);
        }
    }
    Ok(engine.finish())
}

impl Sieve {
    /// The event, if it satisfies a pattern of a rule.
    #[must_use]
    pub fn sift(&mut self, event: Event) -> Option<Caught> {
        let matched = self.router.matches(&event, &mut self.scratches);
        if matched.is_empty() {
            return None;
        }
        let found = matched.into_iter().filter_map(|matched| self.found(&event, matched)).collect();
        Some(Caught { time: event.time, origin: event.origin, found })
    }

    fn found(&self, event: &Event, matched: Matched) -> Option<Found> {
        Some(match matched {
            Matched::Rule(rule) => Found::Rule(rule),
            Matched::Patterns(stage, sightings) => {
                let recorded = self.recorders.get(stage)?.record(event, &sightings);
                let patterns = sightings.into_iter().map(|sighting| sighting.pattern).collect();
                Found::Patterns(stage, patterns, recorded)
            }
        })
    }
}

impl Clone for Sieve {
    fn clone(&self) -> Self {
        let (router, recorders) = (Arc::clone(&self.router), Arc::clone(&self.recorders));
        Self { router, recorders, scratches: Scratches::default() }
    }
}

impl Caught {
    /// Where the event was read.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Timed for Caught {
    fn time(&self) -> Option<i64> {
        self.time
    }
}

impl Engine {
    /// Compiles rules.
    ///
    /// # Errors
    /// If a rule cannot be compiled; such a rule would not have passed `check`.
    pub fn new(rules: &[Arc<Rule>], options: Options) -> Result<Self, Unrunnable> {
        let mut routes = Patterns::default();
        let mut stages = Stages::default();
        let mut outcome = Outcome::default();
        for (index, rule) in rules.iter().enumerate() {
            let names = match &rule.body {
                Body::Events(pattern) => {
                    routes.add(Target::Rule(index), &rule.name, pattern)?;
                    vec![pattern.name.clone()]
                }
                Body::Correlation(correlation) => {
                    stages.add(rule, correlation, options.bounds, &mut routes, Some(index))?;
                    correlation.patterns.iter().map(|pattern| pattern.name.clone()).collect()
                }
            };
            outcome.sightings.push(names.into_iter().map(|name| (name, 0)).collect());
        }
        let single = |rule: &Arc<Rule>| match &rule.body {
            Body::Events(pattern) => Some(pattern.name.clone()),
            Body::Correlation(_) => None,
        };
        let singles = rules.iter().map(single).collect();
        Ok(Self {
            sieve: Sieve {
                router: Arc::new(routes.finish()),
                recorders: stages.recorders().into(),
                scratches: Scratches::default(),
            },
            stages,
            bounds: options.bounds,
            singles,
            outcome,
        })
    }

    /// What tells which events to take.
    #[must_use]
    pub fn sieve(&self) -> Sieve {
        self.sieve.clone()
    }

    /// Takes an event, not earlier than any before.
    pub fn take(&mut self, caught: Caught) {
        let Caught { time, origin, found } = caught;
        self.outcome.events += 1;
        for found in found {
            match found {
                Found::Rule(rule) => self.report(rule, time, &origin),
                Found::Patterns(stage, patterns, recorded) => {
                    self.stages.push(stage, time, &patterns, recorded);
                }
            }
        }
        if let Some(time) = time.filter(|_| self.outcome.events.is_multiple_of(EVENTS_PER_STEP)) {
            self.stages.advance(time);
        }
    }

    /// What was found; no more events will come.
    #[must_use]
    pub fn finish(mut self) -> Outcome {
        self.stages.advance(i64::MAX);
        let mut outcome = self.outcome;
        self.stages.report(&mut outcome);
        outcome.results.sort_by_key(|result| result.rule);
        outcome
    }

    fn report(&mut self, rule: usize, time: Option<i64>, origin: &Origin) {
        let unbounded = self.bounds.from == i64::MIN && self.bounds.to == i64::MAX;
        let (from, to) = (self.bounds.from, self.bounds.to);
        if !time.map_or(unbounded, |time| (from..to).contains(&time)) {
            return;
        }
        let Some(Some(name)) = self.singles.get(rule) else { return };
        if let Some((_, count)) = self.outcome.sightings.get_mut(rule).and_then(|of| of.first_mut())
        {
            *count += 1;
        }
        let seen = Seen { name: name.clone(), origin: origin.clone() };
        let verdict = Verdict {
            first: time,
            last: time,
            count: 1,
            alerts: None,
            events: vec![seen],
            seen: vec![name.clone()],
            show: Vec::new(),
        };
        self.outcome.results.push(RuleResult { rule, key: Vec::new(), verdict });
    }
}

#[cfg(test)]
mod tests;
