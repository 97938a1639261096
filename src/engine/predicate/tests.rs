//! Every operator at its borders.

use proptest::prelude::{
    Just, Strategy, any as arbitrary, prop, prop_assert_eq, prop_oneof, proptest,
};

use super::*;
use crate::engine::event::{Event, Origin, Value};
use crate::ir::{Cmp, FieldRef, Op, Part, Regex, Test, TextCmp, TimePart};
use crate::source::Span;
use crate::taxonomy::Type;

fn test(field: &str, op: Op) -> Predicate {
    typed(field, Type::Text, op)
}

fn typed(field: &str, ty: Type, op: Op) -> Predicate {
    let field = FieldRef { name: field.to_owned(), ty };
    Predicate::Test(Test { field, op, span: Span::default() })
}

fn text(test: TextTest) -> Op {
    Op::Text { test, cased: false }
}

fn holds(predicate: &Predicate, fields: &[(&str, Value)]) -> bool {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let event = Event::new(Origin { file: "e".into(), line: 1 }, fields);
    let mut compiler = Compiler::default();
    compiler.add(predicate).unwrap();
    numbers(&compiler.finish(), &event) == [0]
}

/// The predicates that hold, each also if the event before left traces.
fn numbers(predicates: &Predicates, event: &Event) -> Vec<usize> {
    let (mut scratch, mut found) = (Scratch::default(), Vec::new());
    let empty = Event::new(event.origin.clone(), Vec::new());
    for event in [event, &empty, event] {
        found.clear();
        predicates.holding(event, &[], &mut scratch, &mut |number| found.push(number));
    }
    found
}

fn list(values: &[&str]) -> Value {
    Value::List(values.iter().map(|value| Value::from(*value)).collect())
}

#[test]
fn text_compares_without_case_unless_asked() {
    let value = || ("f", Value::from(r"C:\Windows\Ä.EXE"));
    for (test_of, fits) in [
        (TextTest::Equals(r"c:\windows\ä.exe".into()), true),
        (TextTest::StartsWith("c:".into()), true),
        (TextTest::EndsWith(r"\ä.exe".into()), true),
        (TextTest::Contains("WINDOWS".into()), true),
        (TextTest::Contains("system32".into()), false),
        (TextTest::Like(vec![Part::Any, Part::One, Part::Literal(".exe".into())]), true),
        (TextTest::Equals(String::new()), false),
    ] {
        assert_eq!(holds(&test("f", text(test_of.clone())), &[value()]), fits, "{test_of:?}");
    }
    let cased = |text: &str| Op::Text { test: TextTest::Contains(text.into()), cased: true };
    assert!(holds(&test("f", cased("Ä.EXE")), &[value()]));
    assert!(!holds(&test("f", cased("ä.exe")), &[value()]));
}

#[test]
fn missing_null_and_empty_differ() {
    let empty = test("f", text(TextTest::Equals(String::new())));
    let (null, exists) = (test("f", Op::Null), test("f", Op::Exists));
    let none = list(&[]);
    for (value, is_empty, is_null) in [
        (None, false, true),
        (Some(Value::Null), false, true),
        (Some(none), false, true),
        (Some(Value::List(vec![Value::Null])), false, true),
        (Some(Value::from("")), true, false),
        (Some(Value::from("x")), false, false),
    ] {
        let fields: Vec<_> = value.into_iter().map(|value| ("f", value)).collect();
        assert_eq!(holds(&empty, &fields), is_empty, "{fields:?}");
        assert_eq!(holds(&null, &fields), is_null, "{fields:?}");
        assert_eq!(holds(&exists, &fields), !is_null, "{fields:?}");
        assert_eq!(holds(&empty.clone().negate(), &fields), !is_empty, "{fields:?}");
    }
}

#[test]
fn any_value_of_a_field_may_fit_and_not_means_none() {
    let a = test("f", text(TextTest::Equals("a".into())));
    assert!(holds(&a, &[("f", list(&["b", "A"]))]));
    assert!(!holds(&a.clone().negate(), &[("f", list(&["b", "A"]))]));
    assert!(holds(&a.negate(), &[("f", list(&["b", "c"]))]));
}

#[test]
fn numbers_compare_as_numbers_and_unequal_is_not_equal() {
    let number = |cmp, value| test("f", Op::Number { cmp, value });
    for value in [Value::Integer(10), Value::Real(10.0), Value::from("10")] {
        for (cmp, than, fits) in [
            (Cmp::Eq, 10.0, true),
            (Cmp::Neq, 10.0, false),
            (Cmp::Lt, 10.0, false),
            (Cmp::Lte, 10.0, true),
            (Cmp::Gt, 9.0, true),
            (Cmp::Gte, 11.0, false),
        ] {
            assert_eq!(holds(&number(cmp, than), &[("f", value.clone())]), fits, "{cmp:?}");
        }
    }
    assert!(holds(&number(Cmp::Neq, 10.0), &[]));
    assert!(!holds(&number(Cmp::Lt, 10.0), &[]));
    assert!(!holds(&number(Cmp::Gt, 0.0), &[("f", Value::from("0x10"))]));
}

#[test]
fn booleans_addresses_and_expressions() {
    let signed = test("f", Op::Boolean(true));
    for (value, fits) in [(Value::Boolean(true), true), ("True".into(), true), ("1".into(), false)]
    {
        assert_eq!(holds(&signed, &[("f", value)]), fits);
    }
    let net = test("f", Op::Cidr("10.0.0.0/8".parse().unwrap()));
    for (value, fits) in [("10.255.0.1", true), ("11.0.0.1", false), ("10.0.0", false)] {
        assert_eq!(holds(&net, &[("f", value.into())]), fits);
    }
    let regex = |ignore_case| {
        let (multiline, dotall) = (false, false);
        let pattern = "^a.c".to_owned();
        test("f", Op::Regex(Regex { pattern, ignore_case, multiline, dotall }))
    };
    assert!(holds(&regex(false), &[("f", "abcd".into())]));
    assert!(!holds(&regex(false), &[("f", "ABCD".into())]));
    assert!(holds(&regex(true), &[("f", "ABCD".into())]));
}

#[test]
fn two_fields_compare_and_a_missing_one_does_not() {
    let pair = |cmp| {
        let other = FieldRef { name: "g".into(), ty: Type::Text };
        test("f", Op::Field { cmp, other, cased: false })
    };
    let fields = [("f", Value::from("ABC")), ("g", list(&["x", "bc"]))];
    for (cmp, fits) in [
        (TextCmp::Equals, false),
        (TextCmp::StartsWith, false),
        (TextCmp::EndsWith, true),
        (TextCmp::Contains, true),
    ] {
        assert_eq!(holds(&pair(cmp), &fields), fits, "{cmp:?}");
    }
    assert!(!holds(&pair(TextCmp::Equals), &[("f", "a".into())]));
    assert!(!holds(&pair(TextCmp::Equals), &[]));
}

#[test]
fn keywords_are_looked_for_in_all_values() {
    let keyword = Predicate::Keyword(TextTest::Contains("MIMI".into()));
    assert!(holds(&keyword, &[("a", "x".into()), ("b", list(&["y", "mimikatz"]))]));
    assert!(!holds(&keyword, &[("mimi", "x".into())]));
}

#[test]
fn many_alternatives_mean_what_each_means() {
    let words = ["alpha", "BETA", "gamma", "delta", "epsilon"];
    let tests = words.map(|word| test("f", text(TextTest::Contains(word.into()))));
    let alternatives = Predicate::Any(tests.to_vec());
    for word in words {
        assert!(
            holds(&alternatives, &[("f", format!("xx{}xx", word.to_lowercase()).as_str().into())]),
            "{word}"
        );
    }
    assert!(!holds(&alternatives, &[("f", "zeta".into())]));
    let equals = Predicate::Any(words.map(|w| test("f", text(TextTest::Equals(w.into())))).into());
    assert!(holds(&equals, &[("f", "ALPHA".into())]));
    assert!(!holds(&equals, &[("f", "alphabet".into())]));
}

#[test]
fn guids_and_fingerprints_are_equal_in_any_spelling() {
    let guid = typed("f", Type::Guid, text(TextTest::Equals("{0F0C7BD2-7B0A}".into())));
    assert!(holds(&guid, &[("f", "0f0c7bd2-7b0a".into())]));
    let sha1 = crate::taxonomy::Hash::Sha1;
    let hash = typed("f", Type::Fingerprint(sha1), text(TextTest::Equals("abcd".into())));
    assert!(holds(&hash, &[("f", "AB:CD".into())]));
}

#[test]
fn parts_of_times_are_numbers() {
    let hour = |cmp, value| test("f", Op::TimePart { part: TimePart::Hour, cmp, value });
    let at = || ("f", Value::from("2026-11-21T23:59:59Z"));
    assert!(holds(&hour(Cmp::Gte, 23), &[at()]));
    assert!(!holds(&hour(Cmp::Lt, 23), &[at()]));
    assert!(holds(&hour(Cmp::Neq, 1), &[]));
}

#[test]
fn an_expression_that_grows_too_large_is_an_error() {
    let pattern = "(a{1000}){1000}".to_owned();
    let (ignore_case, multiline, dotall) = (false, false, false);
    let regex = Predicate::KeywordRegex(Regex { pattern, ignore_case, multiline, dotall });
    assert!(Compiler::default().add(&regex).is_err());
}

/// Predicates over two fields whose texts are made of few letters.
fn predicates() -> impl Strategy<Value = Predicate> {
    let word = "[aAb]{0,6}";
    let like = prop::collection::vec(
        prop_oneof![Just(Part::Any), Just(Part::One), word.prop_map(Part::Literal)],
        0..4,
    );
    let text_test = prop_oneof![
        word.prop_map(TextTest::Equals),
        word.prop_map(TextTest::StartsWith),
        word.prop_map(TextTest::EndsWith),
        word.prop_map(TextTest::Contains),
        like.prop_map(TextTest::Like),
    ];
    let leaf = (prop::sample::select(vec!["f", "g"]), text_test, arbitrary::<bool>())
        .prop_map(|(field, of, cased)| test(field, Op::Text { test: of, cased }));
    leaf.prop_recursive(3, 12, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Predicate::All),
            prop::collection::vec(inner.clone(), 0..6).prop_map(Predicate::Any),
            inner.prop_map(|part| Predicate::Not(Box::new(part))),
        ]
    })
}

/// What a predicate means, word for word.
fn meaning(predicate: &Predicate, value: &dyn Fn(&str) -> Option<String>) -> bool {
    match predicate {
        Predicate::All(parts) => parts.iter().all(|part| meaning(part, value)),
        Predicate::Any(parts) => parts.iter().any(|part| meaning(part, value)),
        Predicate::Not(part) => !meaning(part, value),
        Predicate::Test(Test { field, op: Op::Text { test, cased }, .. }) => {
            let Some(value) = value(&field.name) else { return false };
            let fold = |text: &str| if *cased { text.to_owned() } else { text.to_lowercase() };
            let value = fold(&value);
            match test {
                TextTest::Equals(text) => value == fold(text),
                TextTest::StartsWith(text) => value.starts_with(&fold(text)),
                TextTest::EndsWith(text) => value.ends_with(&fold(text)),
                TextTest::Contains(text) => value.contains(&fold(text)),
                TextTest::Like(parts) => {
                    let piece = |part: &Part| match part {
                        Part::Literal(text) => fold(text),
                        Part::Any => "(?s:.*)".to_owned(),
                        Part::One => "(?s:.)".to_owned(),
                    };
                    let pattern: String = parts.iter().map(piece).collect();
                    regex::Regex::new(&format!("^(?:{pattern})$")).unwrap().is_match(&value)
                }
            }
        }
        Predicate::Test(_) | Predicate::Keyword(_) | Predicate::KeywordRegex(_) => unreachable!(),
    }
}

proptest! {
    #[test]
    fn predicates_hold_as_they_say_with_and_without_an_index(
        predicates in prop::collection::vec(predicates(), 1..6),
        f in prop::option::of("[aAb]{0,9}"),
        g in prop::option::of("[aAb]{0,9}"),
    ) {
        let given = [("f", &f), ("g", &g)];
        let fields = given.iter().filter_map(|(name, value)| {
            Some(((*name).to_owned(), Value::from(value.as_deref()?)))
        });
        let event = Event::new(Origin { file: "e".into(), line: 1 }, fields.collect());
        let value = |name: &str| if name == "f" { f.clone() } else { g.clone() };
        let expected = predicates.iter().enumerate();
        let expected = expected.filter(|(_, predicate)| meaning(predicate, &value));
        let expected: Vec<usize> = expected.map(|(number, _)| number).collect();
        for worth in [0, usize::MAX] {
            let mut compiler = Compiler::default();
            predicates.iter().for_each(|predicate| compiler.add(predicate).unwrap());
            let found = numbers(&compiler.finish_worth(worth), &event);
            prop_assert_eq!(&found, &expected, "{:?}", &predicates);
        }
    }
}
