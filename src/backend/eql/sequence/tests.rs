//! Tests of the module above.

use crate::backend::Backend;
use crate::backend::eql::Eql;
use crate::backend::eql::tests::{column, equals, leg, place};
use crate::diagnostic::Code;
use crate::ir::{Aggregate, Anchor, Class, Cmp, Cond, Meta, PatternId, Step};
use crate::plan::{Holds, Leg, Let, Plan, PlanBody, Timeline};
use crate::platform::{Column, ColumnType, Scalar};

const A: PatternId = PatternId(0);
const B: PatternId = PatternId(1);
const C: PatternId = PatternId(2);

/// Patterns `a` to `d` are `tag` a to d of one place.
fn timeline(cond: Cond) -> Timeline {
    let flags = ["a", "b", "c", "d"].iter().enumerate();
    let flags = flags.map(|(id, name)| (id, equals("tag", name))).collect();
    let keys = vec![Some(column("host.id"))];
    Timeline {
        legs: vec![Leg { keys, ..leg(place("any", "1"), flags) }],
        patterns: ["a", "b", "c", "d"].map(str::to_owned).into(),
        keys: vec!["host".into()],
        window: 300_000,
        skew: 0,
        cond,
        overlaps: Vec::new(),
        masks: Vec::new(),
        starts: Vec::new(),
        holds: Holds::All(Vec::new()),
        fires: Vec::new(),
    }
}

fn render(timeline: Timeline, accept: Vec<Code>) -> Result<Vec<String>, Vec<Code>> {
    let body = PlanBody::Timeline(Box::new(timeline));
    let meta = Meta { accept, ..Meta::default() };
    let plan = Plan { rule: "r".into(), meta, platform: "p".into(), body };
    match Eql.render(&plan) {
        Ok(queries) => Ok(queries.into_iter().map(|query| query.text).collect()),
        Err(problems) => Err(problems.into_iter().map(|problem| problem.code).collect()),
    }
}

/// The queries in short: each event by its tags, without what all of them share.
fn short(timeline: Timeline, accept: Vec<Code>) -> Result<Vec<String>, Vec<Code>> {
    let shorten = |query: String| {
        let query = query.replace("sequence by host.id with maxspan=5m\n  ", "");
        let query = query.replace("\n  ", " ").replace('"', "").replace("tag : ", "");
        let query = query.replace("any where event.code : 1 and ", "");
        query.replace(" and host.id != null and host.id != ", "").replace(" and host.id != ", "")
    };
    Ok(render(timeline, accept)?.into_iter().map(shorten).collect())
}

fn check(cond: Cond, expected: &[&str]) {
    let found = short(timeline(cond), Vec::new());
    assert_eq!(found, Ok(expected.iter().map(|text| (*text).to_owned()).collect()));
}

fn seen(patterns: &[PatternId]) -> Vec<Cond> {
    patterns.iter().map(|pattern| Cond::Seen(*pattern)).collect()
}

fn chain(patterns: &[PatternId]) -> Vec<Step> {
    let step = |pattern: &PatternId| Step { pattern: *pattern, within: None, without: Vec::new() };
    patterns.iter().map(step).collect()
}

fn count(of: &[PatternId], cmp: Cmp, value: u64) -> Cond {
    Cond::Count { of: of.to_vec(), cmp, value }
}

fn without(a: PatternId, b: PatternId) -> Cond {
    Cond::All(vec![Cond::Seen(a), Cond::Not(Box::new(Cond::Seen(b)))])
}

#[test]
fn a_sequence_reads_like_one() {
    let found = render(timeline(count(&[A], Cmp::Gte, 3)), Vec::new());
    let expected = "sequence by host.id with maxspan=5m\n  \
                    [any where event.code : \"1\" and tag : \"a\" and host.id != \"\"] with runs=3";
    assert_eq!(found, Ok(vec![expected.to_owned()]));
}

#[test]
fn presence_in_any_order_is_the_union_of_all_orders() {
    check(Cond::All(seen(&[A, B])), &["[a] [b]", "[b] [a]"]);
    let three = short(timeline(Cond::All(seen(&[A, B, C]))), Vec::new()).unwrap();
    assert_eq!(three.len(), 6);
    let four = Cond::All(seen(&[A, B, C, PatternId(3)]));
    assert_eq!(render(timeline(four), Vec::new()), Err(vec![Code::NotExpressible]));
}

#[test]
fn one_event_may_be_two_patterns() {
    let mut both = timeline(Cond::All(seen(&[A, B])));
    both.overlaps = vec![(A, B)];
    let found = short(both, Vec::new()).unwrap();
    assert_eq!(found.len(), 3);
    assert!(found.contains(&"a and b".to_owned()), "{found:?}");
    let mut three = timeline(Cond::All(seen(&[A, B, C])));
    three.overlaps = vec![(A, B), (A, C), (B, C)];
    assert_eq!(short(three, Vec::new()).unwrap().len(), 13);
}

#[test]
fn an_order_of_two_also_finds_both_at_once() {
    check(Cond::Chain(chain(&[A, B])), &["[a] [b]", "sequence by host.id, `@timestamp` [b] [a]"]);
    check(Cond::Chain(chain(&[A, A])), &["[a] with runs=2"]);
    let mut short_steps = chain(&[A, B]);
    short_steps[1].within = Some(60_000);
    check(
        Cond::Chain(short_steps),
        &[
            "sequence by host.id with maxspan=1m [a] [b]",
            "sequence by host.id, `@timestamp` [b] [a]",
        ],
    );
}

#[test]
fn a_longer_order_says_what_happens_to_simultaneous_events() {
    let found = render(timeline(Cond::Chain(chain(&[A, B, C]))), Vec::new()).unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("// events of the same millisecond"), "{}", found[0]);
    let both = Cond::All(vec![Cond::Chain(chain(&[A, B])), Cond::Seen(C)]);
    assert_eq!(short(timeline(both), Vec::new()).unwrap().len(), 3);
}

#[test]
fn alternatives_share_a_term() {
    check(Cond::Any(seen(&[A, B])), &["(a, b)"]);
    check(count(&[A, B], Cmp::Gt, 1), &["[(a, b)] with runs=2"]);
    let either = Cond::All(vec![Cond::Any(seen(&[A, B])), Cond::Seen(C)]);
    check(either, &["[(a, b)] [c]", "[c] [(a, b)]"]);
    let order_or_count =
        Cond::Any(vec![Cond::Chain(chain(&[A, A])), count(&[B], Cmp::Gte, 2), Cond::Seen(C)]);
    check(order_or_count, &["c", "[a] with runs=2", "[b] with runs=2"]);
}

#[test]
fn small_scores_are_spelled_out() {
    let class = |weights: &[(PatternId, f64)]| Class { weights: weights.to_vec() };
    let score = Cond::Score {
        classes: vec![class(&[(A, 40.0), (B, 60.0)]), class(&[(C, 30.0)])],
        threshold: 70.0,
    };
    check(score, &["[a] [c]", "[c] [a]", "[b] [c]", "[c] [b]"]);
    check(Cond::AtLeast(2, seen(&[A, B])), &["[a] [b]", "[b] [a]"]);
}

#[test]
fn absences_have_to_be_accepted() {
    let accept = || vec![Code::SimultaneousEvents];
    assert_eq!(render(timeline(without(A, B)), Vec::new()), Err(vec![Code::NotExpressible]));
    let found = short(timeline(without(A, B)), accept()).unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("\n![b] [a]"), "{}", found[0]);
    let mut overlapping = timeline(without(A, B));
    overlapping.overlaps = vec![(A, B)];
    let found = short(overlapping, accept()).unwrap();
    assert!(found[0].ends_with("\n![b] [a and not b]"), "{}", found[0]);
    let before = Cond::Absent { pattern: B, span: 60_000, anchor: Anchor::Before, of: None };
    let before = Cond::All(vec![Cond::Seen(A), before]);
    let found = short(timeline(before), accept()).unwrap();
    assert!(found[0].ends_with("maxspan=1m ![b] [a]"), "{}", found[0]);
    let mut between = chain(&[A, B]);
    between[1].without = vec![C];
    let found = short(timeline(Cond::Chain(between)), accept()).unwrap();
    assert!(found[0].ends_with("\n[a] ![c] [b]"), "{}", found[0]);
    let exactly = short(timeline(count(&[A], Cmp::Eq, 2)), accept()).unwrap();
    assert!(exactly[0].ends_with("\n[a] with runs=2"), "{}", exactly[0]);
}

#[test]
fn what_no_sequence_says_is_refused() {
    let absent = |anchor| Cond::Absent { pattern: B, span: 1, anchor, of: None };
    let with_a = |cond| Cond::All(vec![Cond::Seen(A), cond]);
    let not = |cond| Cond::Not(Box::new(cond));
    let mut early = chain(&[A, B, C]);
    early[1].without = vec![PatternId(3)];
    let mut within = chain(&[A, B, C]);
    within[1].within = Some(1);
    let cases = [
        count(&[A], Cmp::Lt, 3),
        count(&[A], Cmp::Lte, 3),
        count(&[A], Cmp::Neq, 3),
        count(&[A], Cmp::Gte, 0),
        count(&[A], Cmp::Gte, 101),
        with_a(absent(Anchor::After)),
        with_a(absent(Anchor::Around)),
        not(Cond::Seen(A)),
        with_a(not(count(&[B], Cmp::Gte, 2))),
        Cond::All(vec![Cond::Seen(A), Cond::Seen(C), not(Cond::Seen(B))]),
        Cond::Any(vec![without(A, B), Cond::Seen(C)]),
        Cond::Chain(early),
        Cond::Chain(within),
        Cond::Score { classes: vec![Class { weights: vec![(A, -1.0)] }], threshold: 1.0 },
        Cond::Aggregate {
            function: Aggregate::Distinct,
            of: vec![(A, Vec::new())],
            cmp: Cmp::Gte,
            value: 3.0,
        },
        Cond::AtLeast(2, seen(&[A; 30])),
        Cond::All(vec![Cond::Any(vec![Cond::Chain(chain(&[A, B])); 9]); 9]),
    ];
    for cond in cases {
        let found = render(timeline(cond.clone()), vec![Code::SimultaneousEvents]);
        assert_eq!(found, Err(vec![Code::NotExpressible]), "{cond:?}");
    }
    let skewed = Timeline { skew: 5000, ..timeline(Cond::Chain(chain(&[A, B]))) };
    assert_eq!(render(skewed, Vec::new()), Err(vec![Code::NotExpressible]));
    let skewed = Timeline { skew: 5000, ..timeline(Cond::All(seen(&[A, B]))) };
    assert!(render(skewed, Vec::new()).is_ok());
}

#[test]
fn keys_may_have_other_names_in_other_places() {
    let mut two = timeline(Cond::Chain(chain(&[A, B])));
    let other = vec![Some(column("winlog.event_data.Host"))];
    two.legs[0].flags.truncate(1);
    two.legs.push(Leg { keys: other, ..leg(place("any", "2"), vec![(1, equals("tag", "b"))]) });
    let found = render(two.clone(), Vec::new()).unwrap();
    let expected = "sequence with maxspan=5m\n  \
        [any where event.code : \"1\" and tag : \"a\" and host.id != \"\"] by host.id\n  \
        [any where event.code : \"2\" and tag : \"b\" and ?winlog.event_data.Host != null and \
        ?winlog.event_data.Host != \"\"] by ?winlog.event_data.Host";
    assert_eq!(found[0], expected);
    two.legs[1].keys = vec![Some(Column { ty: ColumnType::Ip, ..column("host.ip") })];
    assert_eq!(render(two.clone(), Vec::new()), Err(vec![Code::KeyTypes]));
    two.legs[1].keys = vec![None];
    assert_eq!(render(two.clone(), Vec::new()), Err(vec![Code::NotExpressible]));
    two.legs[0].keys = vec![None];
    assert!(render(two, Vec::new()).unwrap()[0].starts_with("sequence with maxspan=5m"));
}

#[test]
fn a_pattern_in_several_places_with_several_names_of_the_key_is_several_sequences() {
    let mut two = timeline(Cond::All(seen(&[A, B])));
    let other = vec![Some(column("host.other"))];
    two.legs.push(Leg { keys: other, ..leg(place("any", "2"), vec![(1, equals("tag", "b"))]) });
    assert_eq!(render(two.clone(), Vec::new()).unwrap().len(), 4);
    two.legs[1].keys = vec![Some(column("host.id"))];
    assert_eq!(render(two, Vec::new()).unwrap().len(), 2);
}

#[test]
fn without_a_key_everything_belongs_together() {
    let mut all = timeline(count(&[A], Cmp::Gte, 2));
    all.keys.clear();
    all.legs[0].keys.clear();
    let expected =
        "sequence with maxspan=5m\n  [any where event.code : \"1\" and tag : \"a\"] with runs=2";
    assert_eq!(render(all, Vec::new()), Ok(vec![expected.to_owned()]));
}

#[test]
fn computed_keys_are_refused_once() {
    let mut computed = timeline(Cond::All(seen(&[A, B])));
    let key = column("lowered");
    let value = Scalar::Column(column("host.id"));
    computed.legs[0].lets = vec![Let { column: key.clone(), value }];
    computed.legs[0].keys = vec![Some(key)];
    assert_eq!(render(computed, Vec::new()), Err(vec![Code::NotExpressible]));
}

#[test]
fn another_clock_is_noted() {
    let mut other = timeline(count(&[A], Cmp::Gte, 2));
    other.legs[0].place.time.name = "event.created".into();
    let found = render(other, Vec::new()).unwrap();
    assert!(found[0].starts_with("// timestamp_field: event.created\nsequence"), "{}", found[0]);
}
