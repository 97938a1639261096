//! Correlations at work, those that others build on first.
//!
//! A rule whose patterns are firings of another waits for them: a firing may be decided later than
//! it happens, so such a rule's own events are held back by that delay.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ir::{Body, Correlation, PatternId, PatternSource, Rule};

use super::event::Event;
use super::route::{Patterns, Target, Unrunnable};
use super::timeline::{Bounds, Recorded, Recorder, Sighting, Timeline};
use super::{Outcome, RuleResult};

/// All correlations of a run.
#[derive(Debug, Default)]
pub(super) struct Stages {
    /// INVARIANT: a stage stands behind those that feed it.
    stages: Vec<Stage>,
    /// Rules that have a stage already, to share it.
    rules: Vec<(Arc<Rule>, usize)>,
}

#[derive(Debug)]
struct Stage {
    timeline: Timeline,
    /// Whom its firings are events for, and of which patterns: a firing is one event.
    feeds: BTreeMap<usize, Vec<PatternId>>,
    /// How long its own events wait for firings of others; `None`: it needs none.
    held: Option<i64>,
    /// What is remembered of the events that wait, by time.
    waiting: BTreeMap<i64, Vec<Recorded>>,
    /// The rules that report what it finds, by index.
    reports: Vec<usize>,
    /// How many events satisfied each pattern.
    sightings: Vec<u64>,
}

impl Stages {
    /// Adds a correlation and those it builds on; returns its stage. `report`: the index of the
    /// rule that reports it. Recurses along chains of rules, which `check` bounds.
    pub(super) fn add(
        &mut self,
        rule: &Arc<Rule>,
        correlation: &Correlation,
        bounds: Bounds,
        routes: &mut Patterns,
        report: Option<usize>,
    ) -> Result<usize, Unrunnable> {
        if let Some((_, stage)) = self.rules.iter().find(|(known, _)| Arc::ptr_eq(known, rule)) {
            let stage = *stage;
            if let Some(known) = self.stages.get_mut(stage) {
                known.reports.extend(report);
            }
            return Ok(stage);
        }
        let mut feeders = Vec::new();
        for (index, pattern) in correlation.patterns.iter().enumerate() {
            if let PatternSource::Firings(of) = &pattern.source
                && let Body::Correlation(inner) = &of.body
            {
                feeders.push((self.add(of, inner, bounds, routes, None)?, PatternId(index)));
            }
        }
        let stage = self.stages.len();
        for (index, pattern) in correlation.patterns.iter().enumerate() {
            routes.add(Target::Stage(stage, PatternId(index)), &rule.name, source(pattern))?;
        }
        let held = feeders.iter().filter_map(|(feeder, _)| Some(self.stages.get(*feeder)?.delay()));
        let held = held.max();
        for (feeder, pattern) in feeders {
            if let Some(feeder) = self.stages.get_mut(feeder) {
                feeder.feeds.entry(stage).or_default().push(pattern);
            }
        }
        self.stages.push(Stage {
            timeline: Timeline::new(&Arc::new(correlation.clone()), bounds)
                .suppressing(rule.meta.suppress.as_ref()),
            feeds: BTreeMap::new(),
            held,
            waiting: BTreeMap::new(),
            reports: report.into_iter().collect(),
            sightings: vec![0; correlation.patterns.len()],
        });
        self.rules.push((Arc::clone(rule), stage));
        Ok(stage)
    }

    /// What each stage makes of events one by one.
    pub(super) fn recorders(&self) -> Vec<Recorder> {
        self.stages.iter().map(|stage| stage.timeline.recorder()).collect()
    }

    /// Gives a stage what it remembers of an event, not earlier than any that it was given before.
    pub(super) fn push(
        &mut self,
        stage: usize,
        time: Option<i64>,
        patterns: &[PatternId],
        recorded: Recorded,
    ) {
        if let Some(stage) = self.stages.get_mut(stage) {
            stage.count(patterns);
            stage.push(time, recorded);
        }
    }

    /// Decides what can be decided once all events before `now` have come.
    pub(super) fn advance(&mut self, now: i64) {
        for at in 0..self.stages.len() {
            let Some(stage) = self.stages.get_mut(at) else { continue };
            let firings = stage.advance(now);
            let feeds = stage.feeds.clone();
            for (fed, patterns) in feeds {
                let Some(fed) = self.stages.get_mut(fed) else { continue };
                let sightings = patterns.iter();
                let sightings =
                    sightings.map(|pattern| Sighting { pattern: *pattern, renames: &[] });
                let sightings: Vec<_> = sightings.collect();
                for firing in &firings {
                    fed.count(&patterns);
                    fed.push(firing.time, fed.timeline.recorder().record(firing, &sightings));
                }
            }
        }
    }

    /// Adds what was found to the outcome.
    pub(super) fn report(&self, outcome: &mut Outcome) {
        for stage in &self.stages {
            let losses = stage.timeline.losses();
            outcome.losses.evicted_keys += losses.evicted_keys;
            outcome.losses.undecided += losses.undecided;
            for rule in &stage.reports {
                stage.report(*rule, outcome);
            }
        }
    }
}

impl Stage {
    /// Counts an event that satisfies patterns.
    fn count(&mut self, patterns: &[PatternId]) {
        for pattern in patterns {
            if let Some(count) = self.sightings.get_mut(pattern.0) {
                *count += 1;
            }
        }
    }

    fn push(&mut self, time: Option<i64>, recorded: Recorded) {
        match (self.held, time) {
            (Some(_), Some(time)) => self.waiting.entry(time).or_default().push(recorded),
            (None, _) | (_, None) => self.timeline.take(recorded),
        }
    }

    fn advance(&mut self, now: i64) -> Vec<Event> {
        let Some(held) = self.held else { return self.timeline.advance(now) };
        let ready = now.saturating_sub(held);
        let later = self.waiting.split_off(&ready);
        for recorded in std::mem::replace(&mut self.waiting, later).into_values().flatten() {
            self.timeline.take(recorded);
        }
        self.timeline.advance(ready)
    }

    /// By how many milliseconds a firing may come later than it happens.
    fn delay(&self) -> i64 {
        self.held.unwrap_or(0).saturating_add(self.timeline.delay())
    }

    fn report(&self, rule: usize, outcome: &mut Outcome) {
        if let Some(sightings) = outcome.sightings.get_mut(rule) {
            for ((_, count), seen) in sightings.iter_mut().zip(&self.sightings) {
                *count = *seen;
            }
        }
        let names = self.timeline.key_names();
        for (key, verdict) in self.timeline.verdicts() {
            let key = names.iter().cloned().zip(key.iter().cloned()).collect();
            outcome.results.push(RuleResult { rule, key, verdict });
        }
    }
}

/// The pattern whose events are wanted: that of a single-event rule stands for its firings.
pub(super) fn source(pattern: &crate::ir::Pattern) -> &crate::ir::Pattern {
    match &pattern.source {
        PatternSource::Events { .. } => pattern,
        PatternSource::Firings(of) => match &of.body {
            Body::Events(inner) => inner,
            Body::Correlation(_) => pattern,
        },
    }
}
