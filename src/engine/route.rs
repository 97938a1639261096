//! Routing: an event meets only the rules of the log sources it belongs to.

use std::collections::HashMap;

use crate::ir::{Pattern, PatternId, PatternSource};

use super::event::Event;
use super::predicate::{BadRegex, Matcher, Slots, View};
use super::timeline::Sighting;

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

    /// Who wants the event.
    pub(super) fn matches(&self, event: &Event) -> Vec<Matched> {
        let mut matched = Vec::new();
        for belongs in event.belongs.iter() {
            let Some(route) = self.routes.get(&belongs.logsource) else { continue };
            let view = View::new(event, belongs.renames, &route.slots);
            for (target, matcher) in &route.wanted {
                if matcher.holds(&view) {
                    deliver(&mut matched, *target, belongs.renames);
                }
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
