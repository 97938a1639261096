//! Whole runs: routing, single events, ranges, chained rules.

use super::*;
use crate::engine::event::{Belongs, Origin, Value};
use crate::ir::{
    Cmp, Cond, Correlation, FieldRef, Key, Meta, Op, Pattern, PatternId, PatternSource, Predicate,
    Step, Test, TextTest, Transform,
};
use crate::source::Span;
use crate::taxonomy::Type;

fn field(name: &str) -> FieldRef {
    FieldRef { name: name.to_owned(), ty: Type::Text }
}

fn pattern(name: &str, logsource: &str, image: &str) -> Pattern {
    let test = TextTest::EndsWith(image.to_owned());
    let predicate = Predicate::Test(Test {
        field: field("Image"),
        op: Op::Text { test, cased: false },
        span: Span::default(),
    });
    let source = PatternSource::Events { logsource: logsource.to_owned(), predicate };
    Pattern { name: name.to_owned(), source, span: Span::default() }
}

fn rule(name: &str, body: Body) -> Arc<Rule> {
    Arc::new(Rule { name: name.to_owned(), meta: Meta::default().into(), emitted: true, body })
}

fn event(time: Option<i64>, logsource: &'static str, image: &str) -> Event {
    let fields =
        vec![("Image".to_owned(), Value::from(image)), ("host".to_owned(), Value::from("h"))];
    let mut event = Event::new(Origin { file: "e".into(), line: 1 }, fields);
    event.time = time;
    event.belongs = Arc::new([Belongs::new(logsource)]);
    event
}

fn count_at_least(pattern: Pattern, value: u64) -> Body {
    let carried = Some((field("host"), Transform::None));
    Body::Correlation(Correlation {
        patterns: vec![pattern],
        keys: vec![Key { name: "host".to_owned(), fields: vec![carried] }],
        window: 10_000,
        skew: 0,
        cond: Cond::Count { of: vec![PatternId(0)], cmp: Cmp::Gte, value },
        show: Vec::new(),
    })
}

#[test]
fn events_meet_only_rules_of_their_log_sources() {
    let rules = [
        rule("one", Body::Events(pattern("one", "windows/image_load", r"\a.exe"))),
        rule("two", Body::Events(pattern("two", "windows/process_creation", r"\a.exe"))),
    ];
    let events = [
        event(Some(1), "windows/process_creation", r"C:\A.EXE"),
        event(Some(2), "windows/process_creation", r"C:\b.exe"),
        event(None, "windows/image_load", r"C:\a.exe"),
    ];
    let outcome = run(&rules, events, Options::default()).unwrap();
    let found: Vec<_> = outcome.results.iter().map(|of| (of.rule, of.verdict.first)).collect();
    assert_eq!(found, [(0, None), (1, Some(1))]);
    assert_eq!(outcome.events, 2);
    assert_eq!(outcome.sightings[1], [("two".to_owned(), 1)]);
}

#[test]
fn single_events_are_reported_within_the_range_only() {
    let rules = [rule("one", Body::Events(pattern("one", "test", "a")))];
    let bounds = Bounds { from: 2, to: 3, ..Bounds::default() };
    let events = [Some(1), Some(2), Some(3), None].map(|time| event(time, "test", "a"));
    let outcome = run(&rules, events, Options { bounds }).unwrap();
    let times: Vec<_> = outcome.results.iter().map(|of| of.verdict.first).collect();
    assert_eq!(times, [Some(2)]);
}

#[test]
fn rules_are_chained_by_their_firings() {
    let inner = rule("inner", count_at_least(pattern("a", "test", "a"), 2));
    let firings = Pattern {
        name: "inner".to_owned(),
        source: PatternSource::Firings(Arc::clone(&inner)),
        span: Span::default(),
    };
    let rules = [rule("outer", count_at_least(firings, 2)), inner];
    let events = [1, 2, 3].map(|time| event(Some(time), "test", "a"));
    let outcome = run(&rules, events, Options::default()).unwrap();
    let found: Vec<_> =
        outcome.results.iter().map(|of| (of.rule, of.verdict.first, of.verdict.count)).collect();
    assert_eq!(found, [(0, Some(3), 1), (1, Some(2), 2)]);
    assert_eq!(outcome.results[0].key, [("host".to_owned(), "h".to_owned())]);
}

#[test]
fn a_firing_that_is_two_patterns_does_not_follow_itself() {
    let inner = rule("inner", count_at_least(pattern("a", "test", "a"), 2));
    let firings = |name: &str| Pattern {
        name: name.to_owned(),
        source: PatternSource::Firings(Arc::clone(&inner)),
        span: Span::default(),
    };
    let step = |pattern| Step { pattern: PatternId(pattern), within: None, without: Vec::new() };
    let Body::Correlation(counting) = count_at_least(firings("first"), 1) else { unreachable!() };
    let keys = counting.keys.iter().cloned().map(|mut key| {
        key.fields = vec![key.fields[0].clone(), key.fields[0].clone()];
        key
    });
    let outer = Body::Correlation(Correlation {
        keys: keys.collect(),
        patterns: vec![firings("first"), firings("second")],
        cond: Cond::Chain(vec![step(0), step(1)]),
        ..counting
    });
    let rules = [rule("outer", outer)];
    let firings_of = |times: &[i64]| {
        let events = times.iter().map(|time| event(Some(*time), "test", "a"));
        let outcome = run(&rules, events, Options::default()).unwrap();
        outcome.results.iter().map(|of| of.verdict.count).sum::<u64>()
    };
    assert_eq!(firings_of(&[1, 2]), 0);
    assert_eq!(firings_of(&[1, 2, 3]), 1);
}

#[test]
fn state_does_not_depend_on_how_often_is_looked() {
    let rules = [rule("many", count_at_least(pattern("a", "test", "a"), 3))];
    let events = (0..2_000).map(|at| event(Some(at * 4_000), "test", "a"));
    let outcome = run(&rules, events, Options::default()).unwrap();
    assert_eq!(outcome.results[0].verdict.count, 1_998);
}
