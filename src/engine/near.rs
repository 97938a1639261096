//! What a silent rule lacks though its parts are there: the window, the order, or a common key.
//!
//! The rule is run again with one demand after another taken away, and the first without which it
//! fires is what it lacks. `a and b` over 5 m with `a` at 0 m and `b` at 6 m → a window of 6 m.

use std::sync::Arc;

use crate::ir::{Body, Cond, Correlation, Rule, Step};

use super::event::Event;
use super::read::Timed;
use super::{Engine, Options, Unrunnable, run};

/// Events among which the smallest window is searched for; of more, only that some window does.
const MOST_EVENTS: usize = 5_000;

/// The demand that keeps a rule silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Miss {
    /// The window: the smallest over which it fires, in milliseconds, if that is known.
    Window(Option<u64>),
    /// What steps of an order say of the time between them, or of events between them.
    Between,
    /// The order.
    Order,
    /// That the events have the same key.
    Key,
}

/// The demand that keeps a correlation silent; `None`: several do.
///
/// # Errors
/// If the rule cannot be compiled.
pub fn miss(
    rule: &Arc<Rule>,
    correlation: &Correlation,
    events: &[Event],
) -> Result<Option<Miss>, Unrunnable> {
    let times = || events.iter().filter_map(Timed::time);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(None) };
    let window = last.abs_diff(first).max(correlation.window);
    let wide = Correlation { window, ..correlation.clone() };
    if fires(rule, &wide, events)? {
        return Ok(Some(Miss::Window(smallest(rule, &wide, correlation.window, events)?)));
    }
    let plain = Correlation { cond: changed(&wide.cond, &plain), ..wide };
    if fires(rule, &plain, events)? {
        return Ok(Some(Miss::Between));
    }
    let mixed = Correlation { cond: changed(&plain.cond, &unordered), ..plain };
    if fires(rule, &mixed, events)? {
        return Ok(Some(Miss::Order));
    }
    let alone = Correlation { keys: Vec::new(), ..mixed };
    Ok(fires(rule, &alone, events)?.then_some(Miss::Key))
}

/// The smallest window over which a correlation fires that is silent over `silent`.
fn smallest(
    rule: &Arc<Rule>,
    wide: &Correlation,
    silent: u64,
    events: &[Event],
) -> Result<Option<u64>, Unrunnable> {
    let mut sieve = Engine::new(&[with(rule, wide)], Options::default())?.sieve();
    let mut matter = events.to_vec();
    matter.retain(|event| sieve.sift(event.clone()).is_some());
    if matter.len() > MOST_EVENTS {
        return Ok(None);
    }
    let (mut silent, mut fired) = (silent, wide.window);
    while fired - silent > 1 {
        let window = silent + (fired - silent) / 2;
        if fires(rule, &Correlation { window, ..wide.clone() }, &matter)? {
            fired = window;
        } else {
            silent = window;
        }
    }
    Ok(Some(fired))
}

fn fires(
    rule: &Arc<Rule>,
    correlation: &Correlation,
    events: &[Event],
) -> Result<bool, Unrunnable> {
    let outcome = run(&[with(rule, correlation)], events.iter().cloned(), Options::default())?;
    Ok(!outcome.results.is_empty())
}

fn with(rule: &Arc<Rule>, correlation: &Correlation) -> Arc<Rule> {
    let rule = rule.as_ref().clone();
    Arc::new(Rule { body: Body::Correlation(correlation.clone()), ..rule })
}

/// The condition with each of its orders replaced. Recurses as deep as the condition, which `check`
/// bounds.
fn changed(cond: &Cond, order: &dyn Fn(&[Step]) -> Cond) -> Cond {
    let all = |parts: &[Cond]| parts.iter().map(|part| changed(part, order)).collect();
    match cond {
        Cond::Chain(steps) => order(steps),
        Cond::All(parts) => Cond::All(all(parts)),
        Cond::Any(parts) => Cond::Any(all(parts)),
        Cond::AtLeast(least, parts) => Cond::AtLeast(*least, all(parts)),
        Cond::Not(part) => Cond::Not(Box::new(changed(part, order))),
        Cond::Seen(_)
        | Cond::Count { .. }
        | Cond::Aggregate { .. }
        | Cond::Absent { .. }
        | Cond::Score { .. } => cond.clone(),
    }
}

fn plain(steps: &[Step]) -> Cond {
    let plain = |step: &Step| Step { within: None, without: Vec::new(), ..step.clone() };
    Cond::Chain(steps.iter().map(plain).collect())
}

fn unordered(steps: &[Step]) -> Cond {
    Cond::All(steps.iter().map(|step| Cond::Seen(step.pattern)).collect())
}
