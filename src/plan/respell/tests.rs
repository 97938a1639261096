//! Pulled tests against the rewriting itself, over values that are close to both.

use proptest::prelude::*;
use regex::RegexBuilder;

use super::*;
use crate::ir::TextTest;
use crate::plan::constant;
use crate::platform::Piece;
use crate::source::Span;
use crate::taxonomy::Type;

fn rewrite(pattern: &str, replacement: &[&str]) -> Rewrite {
    let piece = |text: &&str| match text.strip_prefix('$') {
        Some(group) => Piece::Group(group.parse().unwrap()),
        None => Piece::Text((*text).to_owned()),
    };
    let replacement = replacement.iter().map(piece).collect();
    Rewrite::new(pattern, replacement)
}

fn registry() -> Vec<Rewrite> {
    vec![
        rewrite(r"^HKEY_LOCAL_MACHINE(\\)", &["HKLM", "$1"]),
        rewrite(r"^HKEY_USERS(\\)", &["HKU", "$1"]),
        rewrite(r"^HKEY_CURRENT_USER(\\S-1-)", &["HKU", "$1"]),
        rewrite(r"^(HKLM\\SYSTEM\\)ControlSet[0-9]{3}(\\)", &["$1", "CurrentControlSet", "$2"]),
        rewrite(r"(\\)$", &["$1", "(Default)"]),
    ]
}

fn test(text: TextTest) -> Test {
    let field = FieldRef { name: "f".into(), ty: Type::Text };
    Test { field, op: Op::Text { test: text, cased: false }, span: Span::default() }
}

fn respelt(value: &str, rewrites: &[Rewrite]) -> String {
    rewrites.iter().fold(value.to_owned(), |value, rewrite| {
        let by: String = rewrite
            .replacement
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.replace('$', "$$"),
                Piece::Group(group) => format!("${{{group}}}"),
            })
            .collect();
        let pattern = RegexBuilder::new(&rewrite.pattern).case_insensitive(true).build().unwrap();
        pattern.replace(&value, by.as_str()).into_owned()
    })
}

fn holds(predicate: &Predicate, value: &str) -> bool {
    match predicate {
        Predicate::All(parts) => parts.iter().all(|part| holds(part, value)),
        Predicate::Any(parts) => parts.iter().any(|part| holds(part, value)),
        Predicate::Not(inner) => !holds(inner, value),
        Predicate::Test(test) => constant::holds(&test.op, value).unwrap(),
        Predicate::Keyword(_) | Predicate::KeywordRegex(_) => unreachable!(),
    }
}

/// The tests of a predicate, one a line.
fn shown(predicate: &Predicate) -> Vec<String> {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().flat_map(shown).collect(),
        Predicate::Not(inner) => {
            shown(inner).into_iter().map(|line| format!("not {line}")).collect()
        }
        Predicate::Test(test) => {
            if let Op::Regex(regex) = &test.op {
                return vec![regex.pattern.clone()];
            }
            let Op::Text { test, .. } = &test.op else { unreachable!() };
            vec![format!("{test:?}")]
        }
        Predicate::Keyword(_) | Predicate::KeywordRegex(_) => unreachable!(),
    }
}

fn pulled(text: TextTest) -> Vec<String> {
    shown(&pull(&test(text), &registry()).unwrap())
}

#[test]
fn what_touches_no_end_stays_as_it_is() {
    let inner = TextTest::Contains(r"\CurrentVersion\Run\".into());
    assert_eq!(pulled(inner), [r#"Contains("\\CurrentVersion\\Run\\")"#]);
    let end = TextTest::EndsWith(r"\Blob".into());
    assert_eq!(pulled(end), [r#"EndsWith("\\Blob")"#]);
    // Its first character may be a digit of a control set, but not its second one.
    let digits = TextTest::Contains("3B1EFD".into());
    assert_eq!(pulled(digits), [r#"Contains("3B1EFD")"#]);
}

#[test]
fn a_front_is_asked_for_in_each_spelling() {
    let found = pulled(TextTest::StartsWith(r"HKLM\Software\X".into()));
    assert_eq!(
        found,
        [r#"StartsWith("HKLM\\Software\\X")"#, r#"StartsWith("HKEY_LOCAL_MACHINE\\Software\\X")"#]
    );
}

#[test]
fn a_set_of_characters_becomes_an_expression() {
    let found = pulled(TextTest::Contains(r"\CurrentControlSet\Services\".into()));
    assert_eq!(
        found,
        [
            r#"Contains("\\CurrentControlSet\\Services\\")"#,
            r"^HKLM\\SYSTEM\\ControlSet[0-9]{3}\\Services\\",
            r"^HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet[0-9]{3}\\Services\\",
        ]
    );
}

#[test]
fn an_end_is_asked_for_as_it_is_stored() {
    let found = pulled(TextTest::EndsWith(r"\command\(Default)".into()));
    assert_eq!(found, [r#"EndsWith("\\command\\(Default)")"#, r#"EndsWith("\\command\\")"#]);
}

#[test]
fn what_depends_on_a_character_of_a_set_is_not_pulled() {
    let kept = vec![rewrite("^ab([0-9])", &["$1"])];
    assert_eq!(pull(&test(TextTest::Equals("5x".into())), &kept), None);
    let cased = Op::Text { test: TextTest::Equals("x".into()), cased: true };
    assert_eq!(pull(&Test { op: cased, ..test(TextTest::Equals("x".into())) }, &kept), None);
}

fn value() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "HKLM",
        "HKEY_LOCAL_MACHINE",
        "HKEY_USERS",
        "HKU",
        "HKEY_CURRENT_USER",
        "\\",
        "\\S-1-",
        "SYSTEM",
        "System",
        "ControlSet001",
        "ControlSet0",
        "CurrentControlSet",
        "ControlSet",
        "x",
        "(Default)",
        "Default",
        "M\\",
        "Set",
        "TCPV6",
        "UDPV4",
        "TCP",
        "V4",
        "\u{212a}",
        "1",
    ]);
    prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

/// A piece of a value.
fn cut() -> impl Strategy<Value = String> {
    (value(), 0..6usize, 0..6usize).prop_map(|(text, front, back)| {
        let chars: Vec<char> = text.chars().collect();
        chars.iter().skip(front).take(chars.len().saturating_sub(front + back)).collect()
    })
}

fn wanted() -> impl Strategy<Value = TextTest> {
    let part = prop_oneof![Just("*".to_owned()), Just("?".to_owned()), value()];
    prop_oneof![
        cut().prop_map(TextTest::Equals),
        cut().prop_map(TextTest::StartsWith),
        cut().prop_map(TextTest::EndsWith),
        cut().prop_map(TextTest::Contains),
        prop::collection::vec(part, 1..5).prop_map(|parts| {
            let mut like = Vec::new();
            for part in parts {
                match part.as_str() {
                    "*" if like.last() == Some(&crate::ir::Part::Any) => {}
                    "*" => like.push(crate::ir::Part::Any),
                    "?" => like.push(crate::ir::Part::One),
                    _ => like.push(crate::ir::Part::Literal(part)),
                }
            }
            TextTest::Like(like)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_pulled_test_holds_exactly_where_the_test_holds_of_the_respelt_value(
        text in wanted(),
        values in prop::collection::vec(value(), 8),
    ) {
        let protocol = vec![rewrite("^(TCP|UDP)V[46]$", &["$1"])];
        for rewrites in [registry(), protocol] {
            let test = test(text.clone());
            let Some(pulled) = pull(&test, &rewrites) else { continue };
            for value in &values {
                let expected = constant::holds(&test.op, &respelt(value, &rewrites)).unwrap();
                prop_assert_eq!(holds(&pulled, value), expected, "{} under {:?}", value, pulled);
            }
        }
    }
}
