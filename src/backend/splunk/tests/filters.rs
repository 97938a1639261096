//! Filters, by example.

use insta::assert_snapshot;

use super::*;
use crate::ir::{Part, TextCmp, TimePart};
use crate::platform::{Piece, Rewrite, Scalar};

fn like(parts: &[&str]) -> TextTest {
    TextTest::Like(
        parts
            .iter()
            .map(|part| match *part {
                "*" => Part::Any,
                "?" => Part::One,
                text => Part::Literal(text.to_owned()),
            })
            .collect(),
    )
}

#[test]
fn a_plain_rule_is_one_search() {
    let sysmon = place(&[("source", &["XmlWinEventLog:Sysmon"]), ("EventCode", &["13"])]);
    let predicate = Predicate::all([
        contains("TargetObject", r"\Trust\"),
        Predicate::any([ends("Image", r"\a.exe"), ends("Image", r"\b.exe")]),
        not(equals("User", "SYSTEM")),
    ]);
    assert_snapshot!(render(vec![leg(sysmon, predicate)]).unwrap(), @r#""#);
}

#[test]
fn or_within_and_is_parenthesised() {
    let either = Predicate::any([equals("a", "1"), contains("b", "2")]);
    let both = Predicate::all([equals("c", "3"), equals("d", "4")]);
    assert_snapshot!(spl(Predicate::all([either.clone(), both.clone()])), @r#""#);
    assert_snapshot!(spl(Predicate::any([either.clone(), both.clone()])), @r#""#);
    assert_snapshot!(spl(not(Predicate::any([either, both]))), @r#""#);
}

#[test]
fn nothing_and_everything_are_said() {
    assert_snapshot!(spl(Predicate::always()), @"");
    assert_snapshot!(spl(Predicate::any([])), @"");
    assert_snapshot!(spl(not(Predicate::always())), @"");
    assert_snapshot!(spl(Predicate::any([Predicate::always(), cased("a", TextTest::Equals("b".into()))])), @"");
}

#[test]
fn a_question_mark_is_a_regex_and_never_a_wider_star() {
    assert_snapshot!(spl(text("a", like(&["x", "?", "y"]))), @"");
    assert_snapshot!(spl(not(text("a", like(&["x", "?", "y"])))), @"");
}

#[test]
fn a_literal_star_is_a_regex() {
    assert_snapshot!(spl(contains("a", "1*2")), @"");
}

#[test]
fn inner_stars_stay_in_the_search() {
    assert_snapshot!(spl(text("a", like(&["x", "*", "y", "*"]))), @"");
}

#[test]
fn case_counts_in_where_only() {
    assert_snapshot!(spl(cased("a", TextTest::StartsWith("Ab".into()))), @"");
    let list = Predicate::any([
        cased("a", TextTest::Equals("A".into())),
        cased("a", TextTest::Equals("B".into())),
    ]);
    assert_snapshot!(spl(list), @"");
}

#[test]
fn a_search_never_begins_with_a_command_for_regexes() {
    let query = spl(test("a", Op::Regex(regex(r#"^\w+ "\\x|y"$"#))));
    assert_snapshot!(query, @"");
}

#[test]
fn two_regexes_on_a_field_must_both_match() {
    let both = Predicate::all([test("a", Op::Regex(regex("x"))), test("a", Op::Regex(regex("y")))]);
    assert_snapshot!(spl(both), @"");
}

#[test]
fn keywords_stay_in_quotes() {
    let keyword = |text: &str| Predicate::Keyword(TextTest::Contains(text.to_owned()));
    assert_snapshot!(spl(keyword("mimikatz")), @"");
    assert_snapshot!(spl(keyword("or")), @"");
    assert_snapshot!(spl(keyword("x | delete")), @"");
    assert_snapshot!(spl(keyword("\") OR (1=1")), @"");
    assert_snapshot!(spl(not(keyword("a b"))), @"");
    assert_snapshot!(spl(Predicate::KeywordRegex(regex("x | delete"))), @"");
}

#[test]
fn values_stay_in_quotes() {
    assert_snapshot!(spl(equals("a", r#"x" | delete "\"#)), @"");
    assert_snapshot!(spl(cased("a", TextTest::Equals(r#"x" | delete "\"#.into()))), @"");
    assert_snapshot!(spl(equals("a", "one\ntwo")), @"");
    assert_snapshot!(spl(equals("a", "`macro`")), @"");
}

#[test]
fn names_stay_in_quotes_or_are_refused() {
    assert_snapshot!(spl(equals("a b{}.c", "1")), @"");
    assert_snapshot!(spl(cased("a.b", TextTest::Equals("x".into()))), @"");
    for name in ["a\"b", "a'b", "a\\b", "a`b", "a*", "a|b", "a[b", "a\nb", ""] {
        let refused = render(vec![leg(place(&[]), equals(name, "x"))]).unwrap_err();
        assert_eq!(refused.iter().map(|found| found.code.id()).collect::<Vec<_>>(), ["E0508"]);
    }
}

#[test]
fn names_of_time_modifiers_are_no_time_range() {
    assert_snapshot!(spl(equals("earliest", "x")), @"");
}

#[test]
fn numbers_compare_as_numbers() {
    assert_snapshot!(spl(number("a", Cmp::Eq, 4624.0)), @"");
    assert_snapshot!(spl(number("a", Cmp::Neq, 4624.0)), @"");
    assert_snapshot!(spl(number("a", Cmp::Gte, 1024.0)), @"");
    assert_snapshot!(spl(number("a", Cmp::Eq, 0.5)), @"");
    let list = Predicate::any([number("a", Cmp::Eq, 1.0), number("a", Cmp::Eq, -2.0)]);
    assert_snapshot!(spl(list), @"");
}

#[test]
fn networks_and_text_that_looks_like_one() {
    assert_snapshot!(spl(test("a", Op::Cidr("10.0.0.0/8".parse().unwrap()))), @"");
    assert_snapshot!(spl(equals("a", "10.0.0.0/8")), @"");
}

#[test]
fn missing_and_empty_are_one() {
    assert_snapshot!(spl(test("a", Op::Null)), @"");
    assert_snapshot!(spl(not(equals("a", ""))), @"");
    assert_snapshot!(spl(test("a", Op::Exists)), @"");
    let cased_too = Predicate::any([test("a", Op::Null), cased("a", TextTest::Equals("x".into()))]);
    assert_snapshot!(spl(cased_too), @"");
}

#[test]
fn letters_beyond_ascii_spell_out_their_case() {
    assert_snapshot!(spl(equals("a", "Ärger")), @"");
    assert_snapshot!(spl(equals("a", "日本")), @"");
}

#[test]
fn fields_compare_with_fields_as_text() {
    let compare = |cmp, cased| test("a", Op::Field { cmp, other: column("b.c"), cased });
    assert_snapshot!(spl(compare(TextCmp::Equals, true)), @"");
    assert_snapshot!(spl(not(compare(TextCmp::StartsWith, false))), @"");
    assert_snapshot!(spl(compare(TextCmp::EndsWith, false)), @"");
    assert_snapshot!(spl(compare(TextCmp::Contains, false)), @"");
}

#[test]
fn hours_are_counted_in_utc() {
    let mut hour = Test {
        field: Column { ty: ColumnType::Time, ..column("_time") },
        op: Op::TimePart { part: TimePart::Hour, cmp: Cmp::Lt, value: 6 },
        span: Span::default(),
    };
    assert_snapshot!(spl(Predicate::Test(hour.clone())), @"");
    hour.op = Op::TimePart { part: TimePart::Day, cmp: Cmp::Eq, value: 6 };
    let refused = render(vec![leg(place(&[]), Predicate::Test(hour))]).unwrap_err();
    assert_eq!(refused[0].code.id(), "E0602");
}

#[test]
fn several_values_are_tested_one_by_one() {
    let mut all = Vec::new();
    for op in [
        Op::Text { test: TextTest::Contains("x".into()), cased: true },
        Op::Number { cmp: Cmp::Gt, value: 1.0 },
        Op::Text { test: TextTest::Contains("y".into()), cased: false },
    ] {
        let field = Column { multi: true, ..column("a{}") };
        all.push(Predicate::Test(Test { field, op, span: Span::default() }));
    }
    assert_snapshot!(spl(not(Predicate::any(all))), @"");
}

#[test]
fn several_places_are_or_ed_and_told_apart() {
    let sysmon = place(&[("source", &["Sysmon"]), ("EventCode", &["1"])]);
    let security = place(&[("source", &["Security"]), ("EventCode", &["4688"])]);
    let legs = vec![leg(sysmon, equals("Image", "x")), leg(security, equals("Process", "x"))];
    assert_snapshot!(render(legs.clone()).unwrap(), @"");
    let mut legs = legs;
    legs[1].flags[0].1 = cased("Process", TextTest::Equals("X".into()));
    assert_snapshot!(render(legs).unwrap(), @"");
}

#[test]
fn computed_columns_come_before_their_tests() {
    let mut only = leg(
        place(&[("source", &["s"])]),
        Predicate::all([equals("Path", r"HKLM\x"), equals("b", "y")]),
    );
    let joined = Scalar::Join(vec![
        Scalar::Column(column("Key")),
        Scalar::Constant("\\".into()),
        Scalar::Default(Box::new(Scalar::Column(column("Name"))), "(Default)".into()),
    ]);
    let rewrite = Rewrite {
        pattern: r"^\\REGISTRY\\(MACHINE|USER)".into(),
        replacement: vec![Piece::Text("HKLM\\".into()), Piece::Group(1)],
    };
    let short = Rewrite { pattern: "-x$".into(), replacement: vec![Piece::Text("-y".into())] };
    only.lets = vec![
        computed("Path", Scalar::Rewrite(Box::new(joined), vec![rewrite, short])),
        computed("Id", Scalar::Hex(Box::new(Scalar::Column(column("Pid"))), 4)),
    ];
    assert_snapshot!(render(vec![only.clone()]).unwrap(), @"");
    let other = leg(place(&[("source", &["t"])]), equals("c", "z"));
    assert_snapshot!(render(vec![only, other]).unwrap(), @"");
}

#[test]
fn refusals_come_all_at_once() {
    let bad = Predicate::all([test("a", Op::Regex(regex("[a&&b]"))), test("a'", Op::Exists)]);
    let refused = render(vec![leg(place(&[]), bad)]).unwrap_err();
    let codes: Vec<&str> = refused.iter().map(|found| found.code.id()).collect();
    assert_eq!(codes, ["E0606", "E0508"]);
}
