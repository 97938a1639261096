//! Routing: an event meets only the rules of the log sources it belongs to.

use std::collections::HashMap;

use crate::ir::{Pattern, PatternId, PatternSource};

use super::event::Event;
use super::predicate::{BadRegex, Compiler, Predicates, Scratch};
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

/// The patterns of all rules, by log source, while they are added.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    routes: HashMap<String, (Vec<Target>, Compiler)>,
}

/// The patterns of all rules, by log source.
#[derive(Debug)]
pub(super) struct Router {
    routes: Vec<Route>,
    /// By log source, the number of its route.
    numbers: HashMap<String, usize>,
}

/// What a router knows of the event at hand, by route.
#[derive(Debug, Default)]
pub(super) struct Scratches(Vec<Scratch>);

#[derive(Debug)]
struct Route {
    /// Who wants events that satisfy a predicate, by its number.
    targets: Vec<Target>,
    predicates: Predicates,
}

impl Patterns {
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
        let (targets, compiler) = self.routes.entry(logsource.clone()).or_default();
        compiler.add(predicate).map_err(|regex| Unrunnable { rule: rule.to_owned(), regex })?;
        targets.push(target);
        Ok(())
    }

    /// What routes events to them.
    pub(super) fn finish(self) -> Router {
        let (mut routes, mut numbers) = (Vec::new(), HashMap::new());
        for (logsource, (targets, compiler)) in self.routes {
            numbers.insert(logsource, routes.len());
            routes.push(Route { targets, predicates: compiler.finish() });
        }
        Router { routes, numbers }
    }
}

impl Router {
    /// Who wants the event.
    pub(super) fn matches(&self, event: &Event, scratches: &mut Scratches) -> Vec<Matched> {
        let mut matched = Vec::new();
        scratches.0.resize_with(self.routes.len(), Scratch::default);
        for belongs in event.belongs.iter() {
            let Some(number) = self.numbers.get(belongs.logsource.as_ref()) else { continue };
            let (route, scratch) = (self.routes.get(*number), scratches.0.get_mut(*number));
            let (Some(route), Some(scratch)) = (route, scratch) else { continue };
            route.predicates.holding(event, belongs.renames, scratch, &mut |number| {
                if let Some(target) = route.targets.get(number) {
                    deliver(&mut matched, *target, belongs.renames);
                }
            });
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
