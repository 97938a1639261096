//! Tests of the module above.

use std::sync::Arc;

use crate::backend::Backend;
use crate::backend::eql::Eql;
use crate::backend::eql::tests::{column, equals, leg, place};
use crate::backend::template::Templates;
use crate::diagnostic::Code;
use crate::ir::{Aggregate, Anchor, Class, Cmp, Cond, Meta, PatternId, Step};
use crate::plan::{Holds, Leg, Let, Plan, PlanBody, Timeline};
use crate::platform::{Column, ColumnType, Scalar};

const A: PatternId = PatternId(0);
const B: PatternId = PatternId(1);
const C: PatternId = PatternId(2);

const TIES: Code = Code::SimultaneousEvents;

/// Patterns `a` to `d` are `tag` a to d of one place.
fn timeline(cond: Cond) -> Timeline {
    let flags = ["a", "b", "c", "d"].iter().enumerate();
    let flags = flags.map(|(id, name)| (id, equals("tag", name))).collect();
    let keys = vec![Some(column("host.id"))];
    Timeline {
        legs: vec![Leg { keys, ..leg(place("any", "1"), flags) }],
        chained: Vec::new(),
        patterns: ["a", "b", "c", "d"].map(str::to_owned).into(),
        keys: vec!["host".into()],
        bindings: Vec::new(),
        window: 300_000,
        skew: 0,
        cond,
        overlaps: Vec::new(),
        masks: Vec::new(),
        starts: Vec::new(),
        nexts: Vec::new(),
        values: Vec::new(),
        totals: Vec::new(),
        holds: Holds::All(Vec::new()),
        fires: Vec::new(),
        shows: Vec::new(),
    }
}

fn render(timeline: Timeline, accept: Vec<Code>) -> Result<Vec<String>, Vec<Code>> {
    let body = PlanBody::Timeline(Box::new(timeline));
    let meta = Meta::default().into();
    let plan = Plan { rule: "r".into(), meta, accept, platform: "p".into(), body, report: None };
    match Eql.render(&plan, &Templates::default()) {
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
fn a_longer_order_has_to_be_accepted() {
    let three = Cond::Chain(chain(&[A, B, C]));
    let with_other = Cond::All(vec![Cond::Chain(chain(&[A, B])), Cond::Seen(C)]);
    for (cond, queries) in [(three, 1), (with_other, 3)] {
        refused(&cond, &[], &[Code::NotExpressible]);
        let found = render(timeline(cond), vec![TIES]).unwrap();
        assert_eq!(found.len(), queries);
        assert!(found[0].starts_with("// accepted (W0606): "), "{}", found[0]);
    }
    check(Cond::Chain(chain(&[A, A, A])), &["[a] with runs=3"]);
    let mut in_time = chain(&[A, A, A]);
    in_time[1].within = Some(300_000);
    check(Cond::Chain(in_time), &["[a] with runs=3"]);
}

#[test]
fn alternatives_share_a_term() {
    check(Cond::Any(seen(&[A, B])), &["(a, b)"]);
    check(count(&[A, B], Cmp::Gt, 1), &["[(a, b)] with runs=2"]);
    let either = Cond::All(vec![Cond::Any(seen(&[A, B])), Cond::Seen(C)]);
    check(either, &["[(a, b)] [c]", "[c] [(a, b)]"]);
    let order_or_count =
        Cond::Any(vec![Cond::Chain(chain(&[A, A])), count(&[B], Cmp::Gte, 2), Cond::Seen(C)]);
    check(order_or_count, &["[a] with runs=2", "[b] with runs=2", "c"]);
    check(Cond::Any(vec![Cond::Seen(A), Cond::All(seen(&[A, B]))]), &["a"]);
    check(Cond::All(vec![count(&[A], Cmp::Gte, 2), Cond::Seen(A)]), &["[a] with runs=2"]);
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

/// What the only query is if the losses are accepted, and that it is refused otherwise.
fn accepted(cond: &Cond, codes: &[Code], expected: &str) {
    for code in codes {
        let others: Vec<Code> = codes.iter().copied().filter(|other| other != code).collect();
        refused(cond, &others, &[Code::NotExpressible]);
    }
    let found = short(timeline(cond.clone()), codes.to_vec());
    let found = found.unwrap_or_else(|codes| panic!("{cond:?}: {codes:?}"));
    let found: Vec<&str> = found.iter().map(|query| query.rsplit_once('\n').unwrap().1).collect();
    assert_eq!(found, [expected], "{cond:?}");
}

fn refused(cond: &Cond, accept: &[Code], codes: &[Code]) {
    let found = render(timeline(cond.clone()), accept.to_vec());
    assert_eq!(found, Err(codes.to_vec()), "{cond:?}");
}

fn absence(span: u64, anchor: Anchor, of: Option<PatternId>) -> Cond {
    Cond::Absent { pattern: B, span, anchor, of }
}

fn with_a(cond: Cond) -> Cond {
    Cond::All(vec![Cond::Seen(A), cond])
}

fn not(cond: Cond) -> Cond {
    Cond::Not(Box::new(cond))
}

#[test]
fn absences_have_to_be_accepted() {
    let minute = |anchor| absence(60_000, anchor, None);
    let ties: &[Code] = &[TIES];
    accepted(&without(A, B), ties, "![b] [a]");
    accepted(&with_a(not(count(&[B], Cmp::Gte, 1))), ties, "![b] [a]");
    accepted(&with_a(count(&[B, C], Cmp::Lt, 1)), ties, "![(b, c)] [a]");
    accepted(&with_a(not(Cond::Any(seen(&[B, C])))), ties, "![(b, c)] [a]");
    accepted(&with_a(not(Cond::AtLeast(1, seen(&[B, C])))), ties, "![(b, c)] [a]");
    let before = "sequence by host.id with maxspan=1m ![b] [a]";
    accepted(&with_a(minute(Anchor::Before)), ties, before);
    accepted(&absence(60_000, Anchor::Before, Some(A)), ties, before);
    let few = Cond::All(vec![count(&[A], Cmp::Gte, 2), not(Cond::Seen(B))]);
    accepted(&few, ties, "![b] [a] ![b] [a]");
    let mut between = chain(&[A, B]);
    between[1].without = vec![C];
    accepted(&Cond::Chain(between), ties, "[a] ![c] [b]");
    let either = Cond::Any(vec![without(A, B), without(C, B)]);
    accepted(&either, ties, "![b] [(a, c)]");
    let mut overlapping = timeline(without(A, B));
    overlapping.overlaps = vec![(A, B)];
    let found = short(overlapping, ties.to_vec()).unwrap();
    assert!(found[0].ends_with("\n![b] [a and not b]"), "{}", found[0]);
}

#[test]
fn numbers_bounded_from_above_are_met_on_the_way() {
    accepted(&count(&[A], Cmp::Eq, 2), &[TIES], "[a] with runs=2");
    let range = vec![count(&[A], Cmp::Gt, 2), count(&[A], Cmp::Lte, 5)];
    accepted(&Cond::All(range), &[TIES], "[a] with runs=3");
    check(with_a(not(count(&[A], Cmp::Lt, 2))), &["[a] with runs=2"]);
    check(count(&[A], Cmp::Neq, 0), &["a"]);
    let found = render(timeline(count(&[A], Cmp::Eq, 1)), vec![TIES]).unwrap();
    assert!(found[0].starts_with("// accepted (W0606): "), "{}", found[0]);
}

#[test]
fn an_absence_beside_an_event_that_fires_by_itself() {
    let cond = Cond::Any(vec![without(A, B), Cond::Seen(C)]);
    let found = short(timeline(cond), vec![TIES]).unwrap();
    assert_eq!(found.len(), 2);
    assert!(found[0].ends_with("![b] [a]"), "{}", found[0]);
    assert_eq!(found[1], "c");
}

#[test]
fn skew_is_the_other_order_within_it() {
    let skewed = |cond| Timeline { skew: 5000, ..timeline(cond) };
    let forward = "[a] [b]".to_owned();
    let backward = "sequence by host.id with maxspan=5s [b] [a]".to_owned();
    let found = short(skewed(Cond::Chain(chain(&[A, B]))), Vec::new());
    assert_eq!(found, Ok(vec![forward, backward]));
    let same = |skew| Timeline { skew, ..timeline(Cond::Chain(chain(&[A, A]))) };
    assert_eq!(short(same(5000), Vec::new()), Ok(vec!["[a] with runs=2".to_owned()]));
    let longer = short(same(600_000), Vec::new()).unwrap();
    assert!(longer[0].contains("maxspan=10m"), "{longer:?}");
    // Beside other conditions an order ends at the firing.
    let beside = Cond::Any(vec![Cond::Chain(chain(&[A, B])), Cond::Seen(C)]);
    let beside = short(Timeline { skew: 600_000, ..timeline(beside) }, Vec::new()).unwrap();
    assert_eq!(beside[..2], ["[a] [b]", "[b] [a]"]);
    let refused = [
        Cond::Chain(chain(&[A, B, C])),
        Cond::Chain(chain(&[A, A, A])),
        Cond::All(vec![Cond::Chain(chain(&[A, B])), Cond::Seen(C)]),
    ];
    for cond in refused {
        assert_eq!(render(skewed(cond), vec![TIES]), Err(vec![Code::NotExpressible]));
    }
    assert!(render(skewed(Cond::All(seen(&[A, B]))), Vec::new()).is_ok());
    assert!(render(skewed(count(&[A], Cmp::Gte, 3)), Vec::new()).is_ok());
}

#[test]
fn what_no_sequence_says_is_refused() {
    let both = |parts: [Cond; 2]| Cond::All(parts.into());
    let several = |cond| Cond::All(vec![Cond::Seen(A), Cond::Seen(C), cond]);
    let mut early = chain(&[A, B, C]);
    early[1].without = vec![PatternId(3)];
    let mut within = chain(&[A, B, C]);
    within[1].within = Some(1);
    let mut bounded = chain(&[A, B]);
    bounded[1].within = Some(1);
    let aggregate = Cond::Aggregate {
        function: Aggregate::Distinct,
        of: vec![(A, Vec::new())],
        cmp: Cmp::Gte,
        value: 3.0,
    };
    let orders_from = |first: usize| {
        let order = |at: usize| Cond::Chain(chain(&[PatternId(first), PatternId(at)]));
        Cond::Any((100..109).map(order).collect())
    };
    let cases = [
        count(&[A], Cmp::Lt, 3),
        count(&[A], Cmp::Lte, 3),
        count(&[A], Cmp::Neq, 3),
        count(&[A], Cmp::Gte, 0),
        not(count(&[A], Cmp::Gte, 3)),
        with_a(not(count(&[B], Cmp::Lt, 3))),
        both([count(&[A], Cmp::Eq, 2), Cond::Seen(B)]),
        both([count(&[A], Cmp::Eq, 2), not(Cond::Seen(B))]),
        with_a(absence(1, Anchor::Around, None)),
        with_a(both([absence(1, Anchor::Before, None), absence(1, Anchor::After, None)])),
        with_a(both([absence(1, Anchor::Before, None), not(Cond::Seen(B))])),
        both([count(&[A], Cmp::Gte, 2), absence(1, Anchor::Before, None)]),
        both([count(&[A], Cmp::Gte, 2), absence(300_000, Anchor::After, None)]),
        Cond::All(vec![Cond::Any(seen(&[A, C])), with_a(absence(1, Anchor::Before, None))]),
        not(Cond::Seen(A)),
        with_a(not(count(&[B], Cmp::Gte, 2))),
        with_a(not(Cond::Chain(chain(&[B, C])))),
        several(not(Cond::Seen(B))),
        several(absence(1, Anchor::Before, Some(A))),
        both([Cond::Chain(chain(&[A, C])), not(Cond::Seen(B))]),
        both([Cond::Chain(bounded), Cond::Seen(C)]),
        Cond::Any(vec![without(A, B), Cond::All(seen(&[C, PatternId(3)]))]),
        Cond::Any(vec![without(A, B), without(C, PatternId(3))]),
        Cond::Chain(early),
        Cond::Chain(within),
        Cond::Score { classes: vec![Class { weights: vec![(A, -1.0)] }], threshold: 1.0 },
        aggregate.clone(),
        not(aggregate),
        Cond::AtLeast(2, seen(&[A; 30])),
        Cond::All((0..40).map(orders_from).collect()),
    ];
    for cond in cases {
        refused(&cond, &[TIES], &[Code::NotExpressible]);
    }
    refused(&count(&[A], Cmp::Gte, 101), &[], &[Code::OverLimit]);
    let many = both([count(&[A], Cmp::Gte, 21), not(Cond::Seen(B))]);
    refused(&many, &[TIES], &[Code::OverLimit]);
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
    Arc::make_mut(&mut other.legs[0].place).time.name = "event.created".into();
    let found = render(other, Vec::new()).unwrap();
    assert!(found[0].starts_with("// timestamp_field: event.created\nsequence"), "{}", found[0]);
}
