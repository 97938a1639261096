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
    assert_snapshot!(render(vec![leg(sysmon, predicate)]).unwrap(), @r#"source="XmlWinEventLog:Sysmon" EventCode=13 TargetObject="*\\Trust\\*" Image IN ("*\\a.exe", "*\\b.exe") NOT User="SYSTEM""#);
}

#[test]
fn of_a_negated_list_only_what_the_search_cannot_say_goes_to_where() {
    let list = Predicate::any([
        equals("a", "1"),
        equals("b", "2"),
        cased("c", TextTest::Equals("X".into())),
    ]);
    assert_snapshot!(spl(Predicate::all([equals("d", "3"), not(list)])), @r#"
    d=3 NOT a=1 NOT b=2
    | where NOT (isnotnull(c) AND match(c, "^X\z"))
    "#);
}

#[test]
fn deep_negations_take_no_exponential_time() {
    let mut deep = cased("a", TextTest::Equals("x".into()));
    for _ in 0..200 {
        deep = Predicate::Not(Box::new(Predicate::any([deep, equals("b", "y")])));
    }
    assert!(spl(deep).len() < 50_000);
}

#[test]
fn or_within_and_is_parenthesised() {
    let either = Predicate::any([equals("a", "1"), contains("b", "2")]);
    let both = Predicate::all([equals("c", "3"), equals("d", "4")]);
    assert_snapshot!(spl(Predicate::all([either.clone(), both.clone()])), @r#"(a=1 OR b="*2*") c=3 d=4"#);
    assert_snapshot!(spl(Predicate::any([either.clone(), both.clone()])), @r#"a=1 OR b="*2*" OR (c=3 d=4)"#);
    assert_snapshot!(spl(not(Predicate::any([either, both]))), @r#"NOT (a=1 OR b="*2*" OR (c=3 d=4))"#);
}

#[test]
fn nothing_and_everything_are_said() {
    assert_snapshot!(spl(Predicate::always()), @r#"*"#);
    assert_snapshot!(spl(Predicate::any([])), @r#"NOT *"#);
    assert_snapshot!(spl(not(Predicate::always())), @r#"NOT *"#);
    assert_snapshot!(spl(Predicate::any([Predicate::always(), cased("a", TextTest::Equals("b".into()))])), @r#"*"#);
}

#[test]
fn a_question_mark_is_a_regex_and_never_a_wider_star() {
    assert_snapshot!(spl(text("a", like(&["x", "?", "y"]))), @r#"
    a="x*y"
    | where isnotnull(a) AND match(a, "(?is)^x.y\z")
    "#);
    assert_snapshot!(spl(not(text("a", like(&["x", "?", "y"])))), @r#"
    *
    | where NOT (isnotnull(a) AND match(a, "(?is)^x.y\z"))
    "#);
}

#[test]
fn a_literal_star_is_a_regex() {
    assert_snapshot!(spl(contains("a", "1*2")), @r#"
    a="*1*2*"
    | where isnotnull(a) AND match(a, "1\*2")
    "#);
}

#[test]
fn inner_stars_stay_in_the_search() {
    assert_snapshot!(spl(text("a", like(&["x", "*", "y", "*"]))), @r#"a="x*y*""#);
}

#[test]
fn case_counts_in_where_only() {
    assert_snapshot!(spl(cased("a", TextTest::StartsWith("Ab".into()))), @r#"
    a="Ab*"
    | where isnotnull(a) AND match(a, "^Ab")
    "#);
    let list = Predicate::any([
        cased("a", TextTest::Equals("A".into())),
        cased("a", TextTest::Equals("B".into())),
    ]);
    assert_snapshot!(spl(list), @r#"
    a="A" OR a="B"
    | where isnotnull(a) AND match(a, "^A\z|^B\z")
    "#);
}

#[test]
fn a_search_never_begins_with_a_command_for_regexes() {
    let query = spl(test("a", Op::Regex(regex(r#"^\w+ "\\x|y"$"#))));
    assert_snapshot!(query, @r#"
    a=*
    | where isnotnull(a) AND match(a, "^\w+ \x22\x5cx|y\x22\z")
    "#);
}

#[test]
fn two_regexes_on_a_field_must_both_match() {
    let both = Predicate::all([test("a", Op::Regex(regex("x"))), test("a", Op::Regex(regex("y")))]);
    assert_snapshot!(spl(both), @r#"
    a=*
    | where isnotnull(a) AND match(a, "x") AND match(a, "y")
    "#);
}

#[test]
fn keywords_stay_in_quotes() {
    let keyword = |text: &str| Predicate::Keyword(TextTest::Contains(text.to_owned()));
    assert_snapshot!(spl(keyword("mimikatz")), @r#""*mimikatz*""#);
    assert_snapshot!(spl(keyword("or")), @r#""*or*""#);
    assert_snapshot!(spl(keyword("x | delete")), @r#"
    "*x*" "*delete*"
    | where isnotnull(_raw) AND match(_raw, "(?i)x \x7c delete")
    "#);
    assert_snapshot!(spl(keyword("\") OR (1=1")), @r#"
    "*OR*" "*1*"
    | where isnotnull(_raw) AND match(_raw, "(?i)\x22\) OR \(1=1")
    "#);
    assert_snapshot!(spl(not(keyword("a b"))), @r#"
    *
    | where NOT (isnotnull(_raw) AND match(_raw, "(?i)a b"))
    "#);
    assert_snapshot!(spl(Predicate::KeywordRegex(regex("x | delete"))), @r#"
    *
    | where isnotnull(_raw) AND match(_raw, "x | delete")
    "#);
}

#[test]
fn values_stay_in_quotes() {
    assert_snapshot!(spl(equals("a", r#"x" | delete "\"#)), @r#"a="x\" | delete \"\\""#);
    assert_snapshot!(spl(cased("a", TextTest::Equals(r#"x" | delete "\"#.into()))), @r#"
    a="x\" | delete \"\\"
    | where isnotnull(a) AND match(a, "^x\x22 \x7c delete \x22\x5c\z")
    "#);
    assert_snapshot!(spl(equals("a", "one\ntwo")), @r#"
    a="one*two"
    | where isnotnull(a) AND match(a, "(?i)^one\x0atwo\z")
    "#);
    assert_snapshot!(spl(equals("a", "`macro`")), @r#"
    a="*macro*"
    | where isnotnull(a) AND match(a, "(?i)^\x60macro\x60\z")
    "#);
}

#[test]
fn names_stay_in_quotes_or_are_refused() {
    assert_snapshot!(spl(equals("a b{}.c", "1")), @r#""a b{}.c"=1"#);
    assert_snapshot!(spl(cased("a.b", TextTest::Equals("x".into()))), @r#"
    a.b="x"
    | where isnotnull('a.b') AND match('a.b', "^x\z")
    "#);
    for name in ["a\"b", "a'b", "a\\b", "a`b", "a*", "a|b", "a[b", "a\nb", ""] {
        let refused = render(vec![leg(place(&[]), equals(name, "x"))]).unwrap_err();
        assert_eq!(refused.iter().map(|found| found.code.id()).collect::<Vec<_>>(), ["E0508"]);
    }
}

#[test]
fn names_of_time_modifiers_are_no_time_range() {
    assert_snapshot!(spl(equals("earliest", "x")), @r#"
    *
    | where isnotnull(earliest) AND match(earliest, "(?i)^x\z")
    "#);
}

#[test]
fn numbers_compare_as_numbers() {
    assert_snapshot!(spl(number("a", Cmp::Eq, 4624.0)), @r#"a=4624"#);
    assert_snapshot!(spl(number("a", Cmp::Neq, 4624.0)), @r#"NOT a=4624"#);
    assert_snapshot!(spl(number("a", Cmp::Gte, 1024.0)), @r#"
    a=*
    | where isnotnull(tonumber(a)) AND tonumber(a)>=1024
    "#);
    assert_snapshot!(spl(number("a", Cmp::Eq, 0.5)), @r#"
    a=*
    | where isnotnull(tonumber(a)) AND tonumber(a)=0.5
    "#);
    let list = Predicate::any([number("a", Cmp::Eq, 1.0), number("a", Cmp::Eq, -2.0)]);
    assert_snapshot!(spl(list), @r#"a IN (1, -2)"#);
}

#[test]
fn networks_and_text_that_looks_like_one() {
    assert_snapshot!(spl(test("a", Op::Cidr("10.0.0.0/8".parse().unwrap()))), @r#"a="10.0.0.0/8""#);
    assert_snapshot!(spl(equals("a", "10.0.0.0/8")), @r#"
    a="10.0.0.0/8"
    | where isnotnull(a) AND match(a, "^10\.0\.0\.0/8\z")
    "#);
}

#[test]
fn missing_and_empty_are_one() {
    assert_snapshot!(spl(test("a", Op::Null)), @r#"a="" OR NOT a=*"#);
    assert_snapshot!(spl(not(equals("a", ""))), @r#"NOT (a="" OR NOT a=*)"#);
    assert_snapshot!(spl(test("a", Op::Exists)), @r#"a=*"#);
    let cased_too = Predicate::any([test("a", Op::Null), cased("a", TextTest::Equals("x".into()))]);
    assert_snapshot!(spl(cased_too), @r#"
    a="" OR NOT a=* OR a="x"
    | where isnull(a) OR (isnotnull(a) AND match(a, "^\z")) OR (isnotnull(a) AND match(a, "^x\z"))
    "#);
}

#[test]
fn letters_beyond_ascii_spell_out_their_case() {
    assert_snapshot!(spl(equals("a", "Ärger")), @r#"
    a="*rger"
    | where isnotnull(a) AND match(a, "(?i)^(?:Ä|ä)rger\z")
    "#);
    assert_snapshot!(spl(equals("a", "日本")), @r#"a="日本""#);
}

#[test]
fn fields_compare_with_fields_as_text() {
    let compare = |cmp, cased| test("a", Op::Field { cmp, other: column("b.c"), cased });
    assert_snapshot!(spl(compare(TextCmp::Equals, true)), @r#"
    a=*
    | where isnotnull(a) AND isnotnull('b.c') AND ("_".tostring(a))=("_".tostring('b.c'))
    "#);
    assert_snapshot!(spl(not(compare(TextCmp::StartsWith, false))), @r#"
    *
    | where NOT (isnotnull(a) AND isnotnull('b.c') AND substr("_".lower(a), 1, len(lower('b.c'))+1)=("_".lower('b.c')))
    "#);
    assert_snapshot!(spl(compare(TextCmp::EndsWith, false)), @r#"
    a=*
    | where isnotnull(a) AND isnotnull('b.c') AND len(lower(a))>=len(lower('b.c')) AND substr(lower(a)."_", -1-len(lower('b.c')))=(lower('b.c')."_")
    "#);
    assert_snapshot!(spl(compare(TextCmp::Contains, false)), @r#"
    a=*
    | where isnotnull(a) AND isnotnull('b.c') AND (len(lower('b.c'))=0 OR mvcount(split(lower(a), lower('b.c')))>1)
    "#);
}

#[test]
fn hours_are_counted_in_utc() {
    let mut hour = Test {
        field: Column { ty: ColumnType::Time, ..column("_time") },
        op: Op::TimePart { part: TimePart::Hour, cmp: Cmp::Lt, value: 6 },
        span: Span::default(),
    };
    assert_snapshot!(spl(Predicate::Test(hour.clone())), @r#"
    *
    | where isnotnull(_time) AND floor(_time/3600)%24<6
    "#);
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
    assert_snapshot!(spl(not(Predicate::any(all))), @r#"
    NOT "a{}"="*y*"
    | where NOT (isnotnull(mvfilter(match('a{}', "x")))) AND NOT (isnotnull(mvfilter(tonumber('a{}')>1)))
    "#);
}

#[test]
fn several_places_are_or_ed_and_told_apart() {
    let sysmon = place(&[("source", &["Sysmon"]), ("EventCode", &["1"])]);
    let security = place(&[("source", &["Security"]), ("EventCode", &["4688"])]);
    let legs = vec![leg(sysmon, equals("Image", "x")), leg(security, equals("Process", "x"))];
    assert_snapshot!(render(legs.clone()).unwrap(), @r#"(source="Sysmon" EventCode=1 Image="x") OR (source="Security" EventCode=4688 Process="x")"#);
    let mut legs = legs;
    legs[1].flags[0].1 = cased("Process", TextTest::Equals("X".into()));
    assert_snapshot!(render(legs).unwrap(), @r#"
    (source="Sysmon" EventCode=1 Image="x") OR (source="Security" EventCode=4688 Process="X")
    | eval sw_leg=case(isnotnull(source) AND match(source, "(?i)^Sysmon\z") AND isnotnull(EventCode) AND match(EventCode, "^1\z"), 0, isnotnull(source) AND match(source, "(?i)^Security\z") AND isnotnull(EventCode) AND match(EventCode, "^4688\z"), 1)
    | where sw_leg=0 OR (sw_leg=1 AND isnotnull(Process) AND match(Process, "^X\z"))
    | fields - sw_leg
    "#);
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
    let rewrite = Rewrite::new(
        r"^\\REGISTRY\\(MACHINE|USER)",
        vec![Piece::Text("HKLM\\".into()), Piece::Group(1)],
    );
    let short = Rewrite::new("-x$", vec![Piece::Text("-y".into())]);
    only.lets = vec![
        computed("Path", Scalar::Rewrite(Box::new(joined), vec![rewrite, short])),
        computed("Id", Scalar::Hex(Box::new(Scalar::Column(column("Pid"))), 4)),
    ];
    assert_snapshot!(render(vec![only.clone()]).unwrap(), @r#"
    source="s" b="y"
    | eval sw_value0=coalesce(nullif(Name, ""), "(Default)")
    | eval sw_value1=if(isnull(Key) AND isnull(sw_value0), null(), coalesce(Key, "")."\\".coalesce(sw_value0, ""))
    | eval sw_value1=if(match(sw_value1, "(?i)^\x5cREGISTRY\x5c(MACHINE|USER)"), "HKLM\\".replace(sw_value1, "(?is)^(?:\x5cREGISTRY\x5c(MACHINE|USER)).*\z", "\1").replace(sw_value1, "(?i)^\x5cREGISTRY\x5c(MACHINE|USER)", ""), sw_value1)
    | eval sw_value1=replace(sw_value1, "(?i)-x\z", "-y")
    | eval Path=sw_value1
    | eval sw_value2=Pid
    | eval sw_value3=if(match(sw_value2, "^\d+\z"), substr(lower(tostring(tonumber(sw_value2), "hex")), 3), null())
    | eval Id=case(isnull(sw_value3), sw_value2, len(sw_value3)<4, substr("0000".sw_value3, -4), true(), sw_value3)
    | where isnotnull(Path) AND match(Path, "(?i)^HKLM\x5cx\z")
    | fields - sw_value0, sw_value1, sw_value2, sw_value3
    "#);
    let other = leg(place(&[("source", &["t"])]), equals("c", "z"));
    assert_snapshot!(render(vec![only, other]).unwrap(), @r#"
    (source="s" b="y") OR (source="t" c="z")
    | eval sw_leg=case(isnotnull(source) AND match(source, "(?i)^s\z"), 0, isnotnull(source) AND match(source, "(?i)^t\z"), 1)
    | eval sw_value1=coalesce(nullif(Name, ""), "(Default)")
    | eval sw_value2=if(isnull(Key) AND isnull(sw_value1), null(), coalesce(Key, "")."\\".coalesce(sw_value1, ""))
    | eval sw_value2=if(match(sw_value2, "(?i)^\x5cREGISTRY\x5c(MACHINE|USER)"), "HKLM\\".replace(sw_value2, "(?is)^(?:\x5cREGISTRY\x5c(MACHINE|USER)).*\z", "\1").replace(sw_value2, "(?i)^\x5cREGISTRY\x5c(MACHINE|USER)", ""), sw_value2)
    | eval sw_value2=replace(sw_value2, "(?i)-x\z", "-y")
    | eval Path=if(sw_leg=0, sw_value2, Path)
    | eval sw_value3=Pid
    | eval sw_value4=if(match(sw_value3, "^\d+\z"), substr(lower(tostring(tonumber(sw_value3), "hex")), 3), null())
    | eval Id=if(sw_leg=0, case(isnull(sw_value4), sw_value3, len(sw_value4)<4, substr("0000".sw_value4, -4), true(), sw_value4), Id)
    | where (sw_leg=0 AND isnotnull(Path) AND match(Path, "(?i)^HKLM\x5cx\z")) OR sw_leg=1
    | fields - sw_leg, sw_value1, sw_value2, sw_value3, sw_value4
    "#);
}

#[test]
fn refusals_come_all_at_once() {
    let bad = Predicate::all([test("a", Op::Regex(regex("[a&&b]"))), test("a'", Op::Exists)]);
    let refused = render(vec![leg(place(&[]), bad)]).unwrap_err();
    let codes: Vec<&str> = refused.iter().map(|found| found.code.id()).collect();
    assert_eq!(codes, ["E0606", "E0508"]);
}
