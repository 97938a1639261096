//! Borders, limits and memory of timelines. That they mean what they should is compared with a
//! second evaluator in `tests/engine`.

use super::*;
use crate::engine::event::Origin;
use crate::ir::{
    Anchor, Class, Cmp, Cond, FieldRef, Key, Pattern, PatternId, PatternSource, Predicate, Step,
    Transform,
};
use crate::source::Span;
use crate::taxonomy::Type;

const A: PatternId = PatternId(0);
const B: PatternId = PatternId(1);

fn pattern(name: &str) -> Pattern {
    let source =
        PatternSource::Events { logsource: "test".to_owned(), predicate: Predicate::always() };
    Pattern { name: name.to_owned(), source, span: Span::default() }
}

/// Patterns `a` and `b`, put together by `host`, over 10 s.
fn timeline(cond: Cond, skew: u64, bounds: Bounds) -> Timeline {
    let field = FieldRef { name: "host".to_owned(), ty: Type::Domain };
    let carried = Some((field.clone(), Transform::None));
    let correlation = Correlation {
        patterns: vec![pattern("a"), pattern("b")],
        keys: vec![Key { name: "host".to_owned(), fields: vec![carried.clone(), carried] }],
        window: 10_000,
        skew,
        cond,
        show: vec![(A, field)],
    };
    Timeline::new(&Arc::new(correlation), bounds)
}

fn push(timeline: &mut Timeline, time: i64, host: &str, patterns: &[PatternId]) {
    let origin = Origin { file: "e".into(), line: time.unsigned_abs() };
    let mut event = Event::new(origin, vec![("host".to_owned(), host.into())]);
    event.time = Some(time);
    let sighting = |pattern: &PatternId| Sighting { pattern: *pattern, renames: &[] };
    timeline.push(&event, &patterns.iter().map(sighting).collect::<Vec<_>>());
}

/// Firings (first, last, count) of one host for events of some patterns.
fn fires(cond: Cond, skew: u64, events: &[(i64, &[PatternId])]) -> Option<(i64, i64, u64)> {
    let mut timeline = timeline(cond, skew, Bounds::default());
    for (time, patterns) in events {
        push(&mut timeline, *time, "h", patterns);
        timeline.advance(*time);
    }
    timeline.finish();
    let (_, verdict) = timeline.verdicts().next()?;
    Some((verdict.first.unwrap(), verdict.last.unwrap(), verdict.count))
}

fn both() -> Cond {
    Cond::All(vec![Cond::Seen(A), Cond::Seen(B)])
}

fn step(pattern: PatternId) -> Step {
    Step { pattern, within: None, without: Vec::new() }
}

fn then() -> Cond {
    Cond::Chain(vec![step(A), step(B)])
}

#[test]
fn a_window_holds_both_its_ends() {
    assert_eq!(fires(both(), 0, &[(0, &[A]), (10_000, &[B])]), Some((10_000, 10_000, 1)));
    assert_eq!(fires(both(), 0, &[(0, &[A]), (10_001, &[B])]), None);
    let again = [(0, &[A][..]), (10_000, &[B]), (10_001, &[A]), (20_000, &[A]), (20_001, &[A])];
    assert_eq!(fires(both(), 0, &again), Some((10_000, 20_000, 3)));
}

#[test]
fn an_order_fires_at_its_last_step_only_and_ties_have_no_order() {
    assert_eq!(fires(then(), 0, &[(0, &[A]), (5, &[B]), (6, &[A])]), Some((5, 5, 1)));
    assert_eq!(fires(then(), 0, &[(5, &[B]), (5, &[A])]), Some((5, 5, 1)));
    assert_eq!(fires(then(), 0, &[(4, &[B]), (5, &[A])]), None);
}

#[test]
fn an_event_never_follows_itself_but_counts_for_each_pattern() {
    assert_eq!(fires(then(), 0, &[(5, &[A, B])]), None);
    assert_eq!(fires(then(), 0, &[(5, &[A, B]), (5, &[A, B])]), Some((5, 5, 2)));
    assert_eq!(fires(both(), 0, &[(5, &[A, B])]), Some((5, 5, 1)));
}

#[test]
fn skew_lets_the_later_step_come_first() {
    assert_eq!(fires(then(), 1_000, &[(4_000, &[B]), (5_000, &[A])]), Some((4_000, 4_000, 1)));
    assert_eq!(fires(then(), 1_000, &[(4_000, &[B]), (5_001, &[A])]), None);
}

#[test]
fn within_and_without_qualify_a_step() {
    let near = Step { within: Some(100), ..step(B) };
    let near = || Cond::Chain(vec![step(A), near.clone()]);
    assert_eq!(fires(near(), 0, &[(0, &[A]), (100, &[B])]), Some((100, 100, 1)));
    assert_eq!(fires(near(), 0, &[(0, &[A]), (101, &[B])]), None);
    let twice = Step { without: vec![B], ..step(A) };
    let twice = || Cond::Chain(vec![step(A), twice.clone()]);
    assert_eq!(fires(twice(), 0, &[(0, &[A]), (1, &[B]), (2, &[A])]), None);
    assert_eq!(fires(twice(), 0, &[(0, &[A]), (2, &[B]), (2, &[A])]), None);
    assert_eq!(fires(twice(), 0, &[(0, &[A]), (2, &[A, B])]), Some((2, 2, 1)));
}

#[test]
fn an_absence_afterwards_is_decided_late_and_reported_with_its_own_time() {
    let absent = |anchor| {
        let absent = Cond::Absent { pattern: B, span: 1_000, anchor, of: None };
        Cond::All(vec![Cond::Seen(A), absent])
    };
    let mut late = timeline(absent(Anchor::After), 0, Bounds::default());
    push(&mut late, 0, "h", &[A]);
    assert_eq!(late.delay(), 1_000);
    assert!(late.advance(1_000).is_empty());
    let firings = late.advance(1_001);
    assert_eq!(firings.iter().map(|firing| firing.time).collect::<Vec<_>>(), [Some(0)]);
    for (anchor, at, holds) in [
        (Anchor::After, 6_000, false),
        (Anchor::After, 6_001, true),
        (Anchor::After, 4_999, true),
        (Anchor::Before, 4_000, false),
        (Anchor::Before, 3_999, true),
        (Anchor::Before, 5_000, false),
        (Anchor::Around, 4_000, false),
        (Anchor::Around, 6_000, false),
    ] {
        let mut events = vec![(5_000, &[A][..]), (at, &[B])];
        events.sort_by_key(|(time, _)| *time);
        let fired = fires(absent(anchor), 0, &events);
        assert_eq!(fired.is_some(), holds, "{anchor:?} {at}");
    }
}

#[test]
fn the_largest_weight_of_a_class_counts() {
    let class = |weights: &[(PatternId, f64)]| Class { weights: weights.to_vec() };
    let one = Cond::Score { classes: vec![class(&[(A, 40.0), (B, 30.0)])], threshold: 70.0 };
    let two =
        || Cond::Score { classes: vec![class(&[(A, 40.0)]), class(&[(B, 30.0)])], threshold: 70.0 };
    assert_eq!(fires(one, 0, &[(0, &[A]), (1, &[B])]), None);
    assert_eq!(fires(two(), 0, &[(0, &[A]), (1, &[B])]), Some((1, 1, 1)));
}

#[test]
fn the_report_range_is_half_open_and_reads_beyond_itself() {
    for (from, to, count) in [(0, 6, 1), (5, 6, 1), (0, 5, 0), (6, 9, 0)] {
        let bounds = Bounds { from, to, ..Bounds::default() };
        let mut timeline = timeline(both(), 0, bounds);
        push(&mut timeline, 1, "h", &[A]);
        push(&mut timeline, 5, "h", &[B]);
        timeline.finish();
        assert_eq!(timeline.verdicts().count(), count, "{from} {to}");
    }
}

#[test]
fn results_name_the_events_and_show_the_fields() {
    let mut timeline = timeline(then(), 0, Bounds::default());
    push(&mut timeline, 1, "h", &[A]);
    push(&mut timeline, 2, "h", &[B]);
    timeline.finish();
    let (key, verdict) = timeline.verdicts().next().unwrap();
    let seen: Vec<_> =
        verdict.events.iter().map(|seen| (seen.name.as_str(), seen.origin.line)).collect();
    assert_eq!(seen, [("a", 1), ("b", 2)]);
    assert_eq!(verdict.show, [("a.host".to_owned(), Value::from("h"))]);
    assert_eq!(key, &["h".to_owned()]);
}

#[test]
fn what_leaves_the_window_leaves_memory() {
    let mut timeline = timeline(both(), 0, Bounds::default());
    for time in 0..5_000 {
        push(&mut timeline, time * 1_000, &format!("h{time}"), &[A]);
        timeline.advance(time * 1_000);
        assert!(timeline.remembered() <= 12 && timeline.keys.len() <= 12);
        assert!(timeline.waiting.len() <= 1);
    }
}

#[test]
fn too_many_keys_are_forgotten_oldest_first_and_counted() {
    let mut timeline = timeline(both(), 0, Bounds { keys: 2, ..Bounds::default() });
    for (time, host, pattern) in
        [(1, "h1", A), (2, "h2", A), (3, "h3", A), (4, "h1", B), (5, "h3", B)]
    {
        push(&mut timeline, time, host, &[pattern]);
    }
    timeline.finish();
    let keys: Vec<_> = timeline.verdicts().map(|(key, _)| key.join(" ")).collect();
    assert_eq!(keys, ["h3"]);
    assert_eq!(timeline.losses().evicted_keys, 2);
}

#[test]
fn long_orders_over_many_simultaneous_events_end() {
    let steps = |pattern, count| std::iter::repeat_n(step(pattern), count).collect::<Vec<_>>();
    let events = |patterns: &'static [PatternId], count| vec![(5, patterns); count];
    let chain = || Cond::Chain(steps(A, 12));
    assert_eq!(fires(chain(), 0, &events(&[A], 11)), None);
    assert_eq!(fires(chain(), 0, &events(&[A], 12)), Some((5, 5, 12)));
    let mixed = Cond::Chain([steps(A, 6), steps(B, 6)].concat());
    assert_eq!(fires(mixed.clone(), 0, &events(&[A, B], 11)), None);
    assert_eq!(fires(mixed, 500, &events(&[A, B], 12)), Some((5, 5, 12)));
}

#[test]
fn an_order_over_a_busy_key_ends() {
    let far = Step { within: Some(1), without: vec![B], ..step(A) };
    let mut timeline = timeline(Cond::Chain(vec![step(B), far.clone(), far]), 0, Bounds::default());
    for time in 0..2_000 {
        push(&mut timeline, time, "h", &[A]);
    }
    timeline.finish();
    assert_eq!(timeline.verdicts().count(), 0);
}

#[test]
fn an_order_within_a_larger_condition_over_a_busy_key_is_decided() {
    let soon = Step { within: Some(1), ..step(B) };
    let order = Cond::Chain(vec![step(A), soon]);
    let mut timeline = timeline(Cond::Any(vec![order, Cond::Seen(A)]), 0, Bounds::default());
    push(&mut timeline, 0, "h", &[A]);
    // Every one of these is in the window of the last, and follows too late.
    for event in 0..20_000 {
        push(&mut timeline, 9_000 + event / 20, "h", &[B]);
    }
    push(&mut timeline, 10_001, "h", &[A]);
    push(&mut timeline, 10_002, "h", &[B]);
    timeline.finish();
    let (_, verdict) = timeline.verdicts().next().unwrap();
    let loss = timeline.losses().undecided;
    // The first `a`, every `b` while it is in the window, then the second `a` and what follows it.
    assert_eq!((verdict.count, verdict.last, loss), (1 + 20_000 + 2, Some(10_002), 0));
}

#[test]
fn a_count_holds_on_the_way_up() {
    let few = Cond::Count { of: vec![A, B], cmp: Cmp::Lt, value: 3 };
    let events = [(0, &[A][..]), (1, &[A, B]), (2, &[B])];
    assert_eq!(fires(few, 0, &events), Some((0, 1, 2)));
}

#[test]
fn counts_and_aggregates_over_a_busy_key_end() {
    let field = FieldRef { name: "host".to_owned(), ty: Type::Domain };
    let distinct = Cond::Aggregate {
        function: crate::ir::Aggregate::Distinct,
        of: vec![(A, vec![field])],
        cmp: Cmp::Gte,
        value: 1.0,
    };
    let count = Cond::Count { of: vec![A], cmp: Cmp::Gte, value: 10 };
    let mut timeline = timeline(Cond::All(vec![distinct, count]), 0, Bounds::default());
    for event in 0..20_000 {
        push(&mut timeline, event / 10, "h", &[A]);
    }
    timeline.finish();
    let (_, verdict) = timeline.verdicts().next().unwrap();
    assert_eq!((verdict.count, verdict.events.len()), (20_000, 100));
}

#[test]
fn a_binding_looks_past_the_events_it_leaves_out() {
    let bound = || Some((FieldRef { name: "v".to_owned(), ty: Type::Text }, Transform::None));
    let c = PatternId(2);
    let correlation = Correlation {
        patterns: vec![pattern("a"), pattern("b"), pattern("c")],
        keys: vec![Key { name: "v".to_owned(), fields: vec![bound(), bound(), None] }],
        window: 10_000,
        skew: 0,
        cond: Cond::All(vec![then(), Cond::Seen(c)]),
        show: Vec::new(),
    };
    let mut timeline = Timeline::new(&Arc::new(correlation), Bounds::default());
    for (time, value, pattern) in [(1, "1", A), (2, "1", B), (3, "2", B), (4, "", c)] {
        let fields = vec![("v".to_owned(), value.into())];
        let mut event = Event::new(Origin { file: "e".into(), line: 1 }, fields);
        event.time = Some(time);
        timeline.push(&event, &[Sighting { pattern, renames: &[] }]);
    }
    timeline.finish();
    let (_, verdict) = timeline.verdicts().next().unwrap();
    assert_eq!((verdict.first, verdict.count), (Some(4), 1));
}

#[test]
fn bindings_over_many_values_are_decided() {
    let bound =
        |name: &str| Some((FieldRef { name: name.to_owned(), ty: Type::Text }, Transform::None));
    let c = PatternId(2);
    let key = |name: &str, fields| Key { name: name.to_owned(), fields };
    let correlation = Correlation {
        patterns: vec![pattern("a"), pattern("b"), pattern("c")],
        keys: vec![
            key("v", vec![bound("v"), bound("v"), None]),
            key("w", vec![None, bound("w"), bound("w")]),
        ],
        window: 10_000,
        skew: 0,
        cond: Cond::All(vec![Cond::Seen(A), Cond::Seen(B), Cond::Seen(c)]),
        show: Vec::new(),
    };
    let mut timeline = Timeline::new(&Arc::new(correlation), Bounds::default());
    let mut push = |time: i64, values: &[(&str, i64)], pattern| {
        let field = |(name, value): &(&str, i64)| {
            ((*name).to_owned(), Value::from(value.to_string().as_str()))
        };
        let fields = values.iter().map(field).collect();
        let mut event = Event::new(Origin { file: "e".into(), line: 1 }, fields);
        event.time = Some(time);
        timeline.push(&event, &[Sighting { pattern, renames: &[] }]);
    };
    for at in 0..300 {
        push(at, &[("v", at)], A);
        push(at, &[("w", at)], c);
    }
    push(1_000, &[("v", 5), ("w", 300)], B);
    push(1_001, &[("v", 5), ("w", 7)], B);
    timeline.finish();
    let (_, verdict) = timeline.verdicts().next().unwrap();
    let undecided = timeline.losses().undecided;
    assert_eq!((verdict.first, verdict.count, undecided), (Some(1_001), 1, 0));
}
