//! The engine against a second, naive evaluator, on random rules and random streams.

#![expect(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what is wrong by panicking, and its numbers are small"
)]

mod command_line;
mod corpus;
mod docs;
mod naive;
mod random;

use std::cell::Cell;
use std::sync::Arc;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use sigweave::engine::{Options, Outcome, run};
use sigweave::ir::{Pattern, PatternSource, Rule as IrRule};
use sigweave::source::Span;

use naive::{Mistake, Rule, Simple, Verdicts};

/// Rules with a stream each that are compared.
const CASES: u32 = 20_000;

/// A runner that makes the same cases every time.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    TestRunner::new_with_rng(config, rng)
}

fn outcome(rule: &Arc<IrRule>, events: &[Simple]) -> Outcome {
    let events = (1..).zip(events).map(|(line, event)| random::event_of(event, line));
    run(&[Arc::clone(rule)], events, Options::default()).unwrap()
}

fn verdicts(outcome: &Outcome) -> Verdicts {
    let verdict = |result: &sigweave::engine::RuleResult| {
        let key = result.key.first().map_or(String::new(), |(_, value)| value.clone());
        let of = &result.verdict;
        (key, (of.first.unwrap(), of.last.unwrap(), of.count))
    };
    outcome.results.iter().map(verdict).collect()
}

#[test]
fn the_engine_agrees_with_the_naive_evaluator() {
    let fired = Cell::new(0);
    let compare = |(rule, events): (Rule, Vec<Simple>)| {
        let outcome = outcome(&random::ir(&rule), &events);
        let (found, expected) = (verdicts(&outcome), naive::run(&rule, &events, Mistake::None));
        fired.set(fired.get() + u32::from(!expected.is_empty()));
        if found == expected && outcome.losses == Default::default() {
            return Ok(());
        }
        Err(TestCaseError::fail(format!("engine {found:?}, naive {expected:?}")))
    };
    let mut runner = runner(CASES);
    if let Err(error) = runner.run(&random::cases(), compare) {
        panic!("{error}");
    }
    let share = 100 * fired.get() / CASES;
    assert!((20..=80).contains(&share), "{share} % of the streams fire");
}

#[test]
fn a_mistake_would_be_noticed() {
    let mistakes = [
        Mistake::Window(1),
        Mistake::Window(-1),
        Mistake::OpenWindow,
        Mistake::OrderedTies,
        Mistake::NoTies,
        Mistake::MissingKey,
        Mistake::MissingBinding,
        Mistake::SelfFollows,
        Mistake::OpenAbsence,
        Mistake::StrictScore,
        Mistake::StrictCount,
        Mistake::FirstKey,
        Mistake::EmptySum,
        Mistake::OpenWithin,
    ];
    let mut runner = runner(1);
    let mut unnoticed = mistakes.to_vec();
    for _ in 0..CASES {
        let (rule, events) = random::cases().new_tree(&mut runner).unwrap().current();
        let found = verdicts(&outcome(&random::ir(&rule), &events));
        unnoticed.retain(|mistake| naive::run(&rule, &events, *mistake) == found);
        if unnoticed.is_empty() {
            return;
        }
    }
    panic!("unnoticed: {unnoticed:?}");
}

/// A rule whose first pattern is the firings of another.
fn chained(outer: &Rule, inner: &Rule) -> Arc<IrRule> {
    let inner = random::ir(inner);
    let sigweave::ir::Body::Correlation(of_inner) = &inner.body else { panic!() };
    let mut patterns = of_inner.patterns.clone();
    patterns[0] = Pattern {
        name: "inner".to_owned(),
        source: PatternSource::Firings(Arc::clone(&inner)),
        span: Span::default(),
    };
    random::correlation(outer, patterns)
}

#[test]
fn firings_are_events_for_other_rules() {
    let strategy = (random::rules(), random::cases());
    let compare = |(outer, (inner, events)): (Rule, (Rule, Vec<Simple>))| {
        let inner = Rule { is_keyed: true, ..inner };
        let outer = Rule { is_keyed: true, bindings: Default::default(), ..outer };
        let found = verdicts(&outcome(&chained(&outer, &inner), &events));
        let mut stream = events.clone();
        stream.iter_mut().for_each(|event| event.patterns.retain(|pattern| *pattern != 0));
        for (key, time) in naive::firings(&inner, &events, Mistake::None) {
            let (patterns, numbers, others) = ([0].into(), Vec::new(), Vec::new());
            let (key, bound) = (vec![key], Default::default());
            stream.push(Simple { time, patterns, key, bound, numbers, others });
        }
        stream.sort_by_key(|event| event.time);
        let expected = naive::run(&outer, &stream, Mistake::None);
        if found == expected {
            return Ok(());
        }
        Err(TestCaseError::fail(format!("engine {found:?}, naive {expected:?}")))
    };
    if let Err(error) = runner(1_500).run(&strategy, compare) {
        panic!("{error}");
    }
}
