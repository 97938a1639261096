//! Routing: an event meets only the rules of the log sources it belongs to.

use std::collections::HashMap;

use crate::ir::{Pattern, PatternId, PatternSource};

use super::event::Event;
use super::predicate::{BadRegex, Matcher, Prefilter, Slots, View};
use super::timeline::Sighting;

/// Patterns of a log source from which on it is worth to see first which can match.
const FILTER_FROM: usize = 4;

/// A rule that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrunnable {
    /// The rule's name.
    pub rule: String,
    /// What is wrong with it.
    pub regex: BadRegex,
}

/// Who wants an event that satisfies a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A rule over single events.
    Rule(usize),
    /// A pattern of a stage.
    Stage(usize, PatternId),
}

/// Who got an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Matched {
    /// A rule over single events.
    Rule(usize),
    /// A stage, with the patterns that the event satisfies.
    Patterns(usize, Vec<Sighting>),
}

/// The patterns of all rules, by log source.
#[derive(Debug, Default)]
pub(super) struct Router {
    routes: HashMap<String, Route>,
}

#[derive(Debug, Default)]
struct Route {
    slots: Slots,
    wanted: Vec<(Target, Matcher)>,
    /// Which of them are worth asking, once all are known.
    prefilter: Option<Prefilter>,
}

impl Router {
    /// Adds a pattern over events; patterns over firings are fed by their rules.
    pub(super) fn add(
        &mut self,
        target: Target,
        rule: &str,
        pattern: &Pattern,
    ) -> Result<(), Unrunnable> {
        let PatternSource::Events { logsource, predicate } = &pattern.source else {
            return Ok(());
        };
        let route = self.routes.entry(logsource.clone()).or_default();
        let matcher = Matcher::compile(predicate, &mut route.slots)
            .map_err(|regex| Unrunnable { rule: rule.to_owned(), regex })?;
        route.wanted.push((target, matcher));
        Ok(())
    }

    /// Says that all patterns were added.
    pub(super) fn seal(&mut self) {
        for route in self.routes.values_mut().filter(|route| route.wanted.len() >= FILTER_FROM) {
            let matchers = route.wanted.iter().map(|(_, matcher)| matcher);
            route.prefilter = Some(Matcher::prefilter(matchers));
        }
    }

    /// Who wants the event.
    pub(super) fn matches(&self, event: &Event) -> Vec<Matched> {
        let mut matched = Vec::new();
        for belongs in event.belongs.iter() {
            let Some(route) = self.routes.get(belongs.logsource.as_ref()) else { continue };
            let view = View::new(event, belongs.renames, &route.slots);
            let mut ask = |(target, matcher): &(Target, Matcher)| {
                if matcher.holds(&view) {
                    deliver(&mut matched, *target, belongs.renames);
                }
            };
            match &route.prefilter {
                Some(filter) => filter
                    .candidates(&view)
                    .filter_map(|number| route.wanted.get(number))
                    .for_each(&mut ask),
                None => route.wanted.iter().for_each(&mut ask),
            }
        }
        matched
    }
}

fn deliver(matched: &mut Vec<Matched>, target: Target, renames: &'static [super::event::Rename]) {
    let (stage, pattern) = match target {
        Target::Rule(rule) => return matched.push(Matched::Rule(rule)),
        Target::Stage(stage, pattern) => (stage, pattern),
    };
    let sighting = Sighting { pattern, renames };
    for known in matched.iter_mut() {
        match known {
            Matched::Patterns(of, sightings) if *of == stage => return sightings.push(sighting),
            Matched::Patterns(..) | Matched::Rule(_) => {}
        }
    }
    matched.push(Matched::Patterns(stage, vec![sighting]));
}
