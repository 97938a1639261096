//! Random rules and streams, made to meet each other's borders: few patterns, few keys, few times.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use sigweave::engine::event::{Belongs, Event, Origin, Value};
use sigweave::ir::{
    Aggregate, Anchor, Body, Class, Cmp, Cond, Correlation, FieldRef, Key, Meta, Op, Pattern,
    PatternId, PatternSource, Predicate, Rule as IrRule, Step, Test, TextTest, Transform,
};
use sigweave::source::Span;
use sigweave::taxonomy::Type;

use super::naive::{Rule, Simple};

/// Patterns of every generated rule.
pub(crate) const PATTERNS: usize = 3;

/// A rule and a stream of events in time order.
pub(crate) fn cases() -> impl Strategy<Value = (Rule, Vec<Simple>)> {
    (rules(), streams())
}

/// Rules.
pub(crate) fn rules() -> impl Strategy<Value = Rule> {
    let bindings = prop_oneof![
        6 => Just([vec![], vec![]]),
        1 => Just([vec![0, 1], vec![]]),
        1 => Just([vec![0, 1], vec![1, 2]]),
    ];
    let skew = prop_oneof![4 => Just(0), 1 => Just(1_000_i64)];
    (any::<bool>(), bindings, 1..5_i64, skew, conds()).prop_map(
        |(is_keyed, bindings, window, skew, cond)| Rule {
            is_keyed,
            bindings,
            window: window * 1_000,
            skew,
            cond,
        },
    )
}

fn streams() -> impl Strategy<Value = Vec<Simple>> {
    prop::collection::vec(event(), 1..9).prop_map(|mut events| {
        events.sort_by_key(|event| event.time);
        events
    })
}

fn event() -> impl Strategy<Value = Simple> {
    let time = (0..7_i64, prop_oneof![6 => Just(0_i64), 1 => Just(1), 1 => Just(-1)]);
    let patterns = prop_oneof![
        5 => (0..PATTERNS).prop_map(|pattern| BTreeSet::from([pattern])),
        1 => prop::collection::btree_set(0..PATTERNS, 0..=PATTERNS),
    ];
    let texts = |texts: &'static [&'static str]| {
        prop::sample::select(texts).prop_map(|text| match text {
            "missing" => Vec::new(),
            "both" => vec!["A".to_owned(), "B".to_owned()],
            text => vec![text.to_owned()],
        })
    };
    let key = texts(&["A", "A", "A", "B", "both", "missing", ""]);
    let bound = || texts(&["A", "A", "B", "both", "missing", ""]);
    let numbers = prop::collection::vec(0..4_i64, 0..3);
    let others = prop::collection::vec(0..3_i64, 0..3);
    (time, patterns, key, [bound(), bound()], numbers, others).prop_map(
        |((seconds, border), patterns, key, bound, numbers, others)| Simple {
            time: 1_000_000 + seconds * 1_000 + border,
            patterns,
            key,
            bound,
            numbers,
            others,
        },
    )
}

fn conds() -> impl Strategy<Value = Cond> {
    let nested = leaf().prop_recursive(2, 6, 3, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            3 => parts().prop_map(Cond::All),
            2 => parts().prop_map(Cond::Any),
            1 => (1..3_u32, parts()).prop_map(|(least, parts)| Cond::AtLeast(least, parts)),
            1 => inner.clone().prop_map(|part| Cond::Not(Box::new(part))),
        ]
    });
    prop_oneof![1 => chain(), 3 => nested]
}

fn pattern() -> impl Strategy<Value = PatternId> {
    (0..PATTERNS).prop_map(PatternId)
}

fn leaf() -> impl Strategy<Value = Cond> {
    prop_oneof![
        3 => pattern().prop_map(Cond::Seen),
        1 => pattern().prop_map(|pattern| Cond::Not(Box::new(Cond::Seen(pattern)))),
        2 => (patterns(), cmp(), 0..4_u64)
            .prop_map(|(of, cmp, value)| Cond::Count { of, cmp, value }),
        2 => aggregate(),
        2 => chain(),
        2 => absent(),
        1 => score(),
    ]
}

fn patterns() -> impl Strategy<Value = Vec<PatternId>> {
    let sets = prop::collection::btree_set(0..PATTERNS, 1..3);
    sets.prop_map(|set| set.into_iter().map(PatternId).collect())
}

fn cmp() -> impl Strategy<Value = Cmp> {
    prop::sample::select(vec![Cmp::Eq, Cmp::Neq, Cmp::Lt, Cmp::Lte, Cmp::Gt, Cmp::Gte])
}

fn aggregate() -> impl Strategy<Value = Cond> {
    let function = prop::sample::select(vec![
        Aggregate::Distinct,
        Aggregate::Sum,
        Aggregate::Avg,
        Aggregate::Min,
        Aggregate::Max,
        Aggregate::Percentile(50.0),
        Aggregate::Percentile(95.0),
    ]);
    let is_pair = any::<bool>();
    (function, patterns(), cmp(), 0..5_i32, is_pair).prop_map(
        |(function, of, cmp, value, is_pair)| {
            let pairs = is_pair && function == Aggregate::Distinct;
            let names = if pairs { &["n", "o"][..] } else { &["n"] };
            let fields: Vec<_> = names.iter().map(|name| field(name, Type::Integer)).collect();
            let of = of.into_iter().map(|pattern| (pattern, fields.clone()));
            Cond::Aggregate { function, of: of.collect(), cmp, value: value.into() }
        },
    )
}

fn chain() -> impl Strategy<Value = Cond> {
    let within = prop::option::weighted(0.25, (0..3_u64).prop_map(|seconds| seconds * 1_000));
    let without = prop::collection::vec(pattern(), 0..2);
    let step = (pattern(), within, without).prop_map(|(pattern, within, without)| Step {
        pattern,
        within,
        without,
    });
    prop::collection::vec(step, 2..4).prop_map(Cond::Chain)
}

fn absent() -> impl Strategy<Value = Cond> {
    let anchor = prop::sample::select(vec![Anchor::Before, Anchor::After, Anchor::Around]);
    (pattern(), 0..4_u64, anchor, prop::option::of(pattern())).prop_map(
        |(pattern, seconds, anchor, of)| Cond::Absent {
            pattern,
            span: seconds * 1_000,
            anchor,
            of,
        },
    )
}

fn score() -> impl Strategy<Value = Cond> {
    let weight = prop::sample::select(vec![10.0, 20.0, 30.0]);
    let class =
        prop::collection::vec((pattern(), weight), 1..3).prop_map(|weights| Class { weights });
    let threshold = prop::sample::select(vec![20.0, 30.0, 40.0]);
    (prop::collection::vec(class, 1..3), threshold)
        .prop_map(|(classes, threshold)| Cond::Score { classes, threshold })
}

fn field(name: &str, ty: Type) -> FieldRef {
    FieldRef { name: name.to_owned(), ty }
}

/// The rule for the engine: pattern `i` is an event whose field `p<i>` is `x`.
pub(crate) fn ir(rule: &Rule) -> Arc<IrRule> {
    let patterns = (0..PATTERNS).map(|at| Pattern {
        name: format!("p{at}"),
        source: PatternSource::Events {
            logsource: "test".to_owned(),
            predicate: Predicate::Test(Test {
                field: field(&format!("p{at}"), Type::Text),
                op: Op::Text { test: TextTest::Equals("x".to_owned()), cased: true },
                span: Span::default(),
            }),
        },
        span: Span::default(),
    });
    correlation(rule, patterns.collect())
}

/// The rule for the engine, over these patterns.
pub(crate) fn correlation(rule: &Rule, patterns: Vec<Pattern>) -> Arc<IrRule> {
    let part = |name: &str, carried: &dyn Fn(usize) -> bool| Key {
        name: name.to_owned(),
        fields: (0..PATTERNS)
            .map(|at| carried(at).then(|| (field(name, Type::Text), Transform::None)))
            .collect(),
    };
    let mut keys = Vec::new();
    if rule.is_keyed {
        keys.push(part("k", &|_| true));
    }
    for (name, binding) in ["b", "c"].into_iter().zip(&rule.bindings) {
        if !binding.is_empty() {
            keys.push(part(name, &|at| binding.contains(&at)));
        }
    }
    let correlation = Correlation {
        patterns,
        keys,
        window: rule.window.unsigned_abs(),
        skew: rule.skew.unsigned_abs(),
        cond: rule.cond.clone(),
        show: Vec::new(),
    };
    let body = Body::Correlation(correlation);
    Arc::new(IrRule { name: "test".to_owned(), meta: Meta::default().into(), emitted: true, body })
}

/// The event for the engine.
pub(crate) fn event_of(simple: &Simple, line: u64) -> Event {
    let texts = |texts: &[String]| match texts {
        [] => Value::Null,
        [only] => Value::Text(only.clone()),
        several => Value::List(several.iter().cloned().map(Value::Text).collect()),
    };
    let mut fields: Vec<(String, Value)> =
        simple.patterns.iter().map(|at| (format!("p{at}"), "x".into())).collect();
    fields.push(("k".to_owned(), texts(&simple.key)));
    for (name, bound) in ["b", "c"].into_iter().zip(&simple.bound) {
        fields.push((name.to_owned(), texts(bound)));
    }
    for (name, numbers) in [("n", &simple.numbers), ("o", &simple.others)] {
        let numbers = numbers.iter().map(|number| Value::Integer((*number).into()));
        fields.push((name.to_owned(), Value::List(numbers.collect())));
    }
    let mut event = Event::new(Origin { file: "stream".into(), line }, fields);
    event.time = Some(simple.time);
    event.belongs = Arc::new([Belongs::new("test")]);
    event
}
