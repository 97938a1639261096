//! Rules over single events: every operator in both polarities, and the skeleton.

use super::*;
use crate::ir::{Cmp, Part, Regex, TextCmp, TimePart};
use crate::plan::Let;
use crate::platform::{Member, Piece, Rewrite, Scalar};

fn number(name: &str, ty: ColumnType, cmp: Cmp, value: f64) -> Predicate<Column> {
    test(column(name, ty), Op::Number { cmp, value })
}

fn like(parts: &[Part]) -> Predicate<Column> {
    text("A", TextTest::Like(parts.to_vec()))
}

fn regex(pattern: &str) -> Predicate<Column> {
    let regex =
        Regex { pattern: pattern.to_owned(), ignore_case: true, multiline: false, dotall: false };
    test(text_column("A"), Op::Regex(regex))
}

fn literal(value: &str) -> Part {
    Part::Literal(value.to_owned())
}

#[test]
fn each_operator_has_its_form_in_both_polarities() {
    let contains = |value: &str| text("A", TextTest::Contains(value.to_owned()));
    let cased = test(
        text_column("A"),
        Op::Text { test: TextTest::StartsWith("x".to_owned()), cased: true },
    );
    let cidr = |net: &str| test(text_column("A"), Op::Cidr(net.parse().unwrap()));
    let hour = Op::TimePart { part: TimePart::Hour, cmp: Cmp::Lt, value: 6 };
    let same = |cmp| Op::Field { cmp, other: text_column("B"), cased: false };
    let cases = [
        (equals("A", "x"), r#"A =~ "x""#, r#"A !~ "x""#),
        (equals("A", ""), "isempty(A)", "isnotempty(A)"),
        (contains(r"\Temp\"), r#"A contains @"\Temp\""#, r#"A !contains @"\Temp\""#),
        (contains(""), "isnotempty(A)", "isempty(A)"),
        (cased, r#"A startswith_cs "x""#, r#"A !startswith_cs "x""#),
        (
            like(&[literal("a."), Part::Any, literal(r"\b"), Part::One]),
            r#"A matches regex @"(?is)^a\..*\\b.$""#,
            r#"not(A matches regex @"(?is)^a\..*\\b.$")"#,
        ),
        (like(&[Part::Any]), "isnotempty(A)", "isempty(A)"),
        (regex("cmd"), r#"A matches regex "(?i)cmd""#, r#"not(A matches regex "(?i)cmd")"#),
        (
            regex("^(a|)$"),
            r#"isnotempty(A) and A matches regex "(?i)^(a|)$""#,
            r#"not(isnotempty(A) and A matches regex "(?i)^(a|)$")"#,
        ),
        (
            cidr("10.0.0.0/8"),
            r#"A !contains "/" and coalesce(ipv4_is_in_range(A, "10.0.0.0/8"), false)"#,
            r#"not(A !contains "/" and coalesce(ipv4_is_in_range(A, "10.0.0.0/8"), false))"#,
        ),
        (
            cidr("fe80::/10"),
            r#"A contains ":" and A !contains "/" and coalesce(ipv6_is_in_range(A, "fe80::/10"), false)"#,
            r#"not(A contains ":" and A !contains "/" and coalesce(ipv6_is_in_range(A, "fe80::/10"), false))"#,
        ),
        (test(text_column("A"), Op::Null), "isempty(A)", "isnotempty(A)"),
        (test(text_column("A"), Op::Exists), "isnotempty(A)", "isempty(A)"),
        (test(text_column("A"), Op::Boolean(true)), r#"A =~ "true""#, r#"A !~ "true""#),
        (
            test(text_column("A"), same(TextCmp::Equals)),
            "isnotempty(B) and A =~ B",
            "not(isnotempty(B) and A =~ B)",
        ),
        (
            test(column("T", ColumnType::Time), hour),
            "hourofday(T) < 6",
            "not(coalesce(hourofday(T) < 6, false))",
        ),
    ];
    for (predicate, yes, no) in cases {
        assert_eq!(condition_of(predicate.clone()), yes);
        assert_eq!(condition_of(predicate.negate()), no);
    }
}

#[test]
fn numbers_keep_rows_without_one_under_not() {
    let port = |cmp, value| number("Port", ColumnType::Integer, cmp, value);
    let cases = [
        (port(Cmp::Eq, 53.0), "Port == 53", "Port != 53"),
        (port(Cmp::Neq, 53.0), "Port != 53", "Port == 53"),
        (port(Cmp::Gt, 1024.0), "Port > 1024", "not(coalesce(Port > 1024, false))"),
        (
            number("Text", ColumnType::Text, Cmp::Lte, 0.75),
            "todouble(Text) <= 0.75",
            "not(coalesce(todouble(Text) <= 0.75, false))",
        ),
        (
            test(
                column("Port", ColumnType::Integer),
                Op::Text { test: TextTest::Contains("44".to_owned()), cased: false },
            ),
            r#"tostring(Port) contains "44""#,
            r#"tostring(Port) !contains "44""#,
        ),
        (test(column("Port", ColumnType::Integer), Op::Null), "isnull(Port)", "isnotnull(Port)"),
        (
            test(column("Flag", ColumnType::Boolean), Op::Boolean(true)),
            "Flag == true",
            "Flag != true",
        ),
    ];
    for (predicate, yes, no) in cases {
        assert_eq!(condition_of(predicate.clone()), yes);
        assert_eq!(condition_of(predicate.negate()), no);
    }
}

#[test]
fn equalities_of_one_column_become_a_list() {
    let port = |value| number("Port", ColumnType::Integer, Cmp::Eq, value);
    let any = Predicate::any([equals("A", "x"), port(1.0), equals("A", "y"), port(2.0)]);
    assert_eq!(condition_of(any.clone()), r#"A in~ ("x", "y") or Port in (1, 2)"#);
    assert_eq!(
        condition_of(any.negate()),
        r#"not(A in~ ("x", "y") or coalesce(Port in (1, 2), false))"#
    );
    let list = Predicate::any([equals("A", "x"), equals("A", "y")]);
    assert_eq!(condition_of(list.negate()), r#"A !in~ ("x", "y")"#);
}

/// A conjunction of equalities is no `has_all`, and an equality of the empty text no list item.
#[test]
fn what_is_no_list_stays_apart() {
    let all = Predicate::all([equals("A", "x"), equals("A", "y")]);
    assert_eq!(condition_of(all), r#"A =~ "x" and A =~ "y""#);
    let empty = Predicate::any([equals("A", "x"), equals("A", ""), equals("B", "x")]);
    assert_eq!(condition_of(empty), r#"A =~ "x" or isempty(A) or B =~ "x""#);
}

/// No empty query: what always holds is the whole table, what never holds says so.
#[test]
fn trivial_predicates_are_said() {
    let all = query(PlanBody::Filter(vec![leg("T", vec![], Predicate::always())]));
    assert_eq!(all, "T");
    let none = query(PlanBody::Filter(vec![leg("T", vec![], Predicate::Any(vec![]))]));
    assert_eq!(none, "T\n| where false");
}

#[test]
fn one_place_is_a_table_with_conditions() {
    let predicate = Predicate::all([
        ends("FolderPath", r"\certutil.exe"),
        equals("A", "x").negate(),
        Predicate::any([equals("B", "1"), ends("C", "2")]),
    ]);
    let filter = leg("DeviceProcessEvents", vec![condition("ActionType", &["a", "b"])], predicate);
    insta::assert_snapshot!(query(PlanBody::Filter(vec![filter])), @r#"
    DeviceProcessEvents
    | where ActionType in~ ("a", "b")
    | where FolderPath endswith @"\certutil.exe"
    | where A !~ "x"
    | where B =~ "1" or C endswith "2"
    "#);
}

#[test]
fn computed_columns_come_after_the_tests_that_do_not_need_them() {
    let rewrite = Rewrite::new(
        r"^HKEY_LOCAL_MACHINE\\(SYSTEM)\\ControlSet\d{3}",
        vec![
            Piece::Text(r"HKLM\".to_owned()),
            Piece::Group(1),
            Piece::Text(r"\CurrentControlSet".to_owned()),
        ],
    );
    let key = Scalar::Join(vec![
        Scalar::Column(text_column("RegistryKey")),
        Scalar::Constant(r"\".to_owned()),
        Scalar::Default(Box::new(Scalar::Column(text_column("Name"))), "(Default)".to_owned()),
    ]);
    let value = Scalar::Rewrite(Box::new(key), vec![rewrite]);
    let predicate = Predicate::all([ends("TargetObject", r"\Dll"), equals("Details", "1")]);
    let mut filter = leg("DeviceRegistryEvents", vec![], predicate);
    filter.lets = vec![Let { column: text_column("TargetObject"), value }];
    insta::assert_snapshot!(query(PlanBody::Filter(vec![filter])), @r#"
    DeviceRegistryEvents
    | where Details =~ "1"
    | extend TargetObject = replace_regex(strcat(RegistryKey, @"\", coalesce(Name, "(Default)")), @"(?i)^HKEY_LOCAL_MACHINE\\(SYSTEM)\\ControlSet\d{3}", @"HKLM\\\1\\CurrentControlSet")
    | where TargetObject endswith @"\Dll"
    "#);
}

#[test]
fn computed_values_have_a_form_each() {
    let column_of = |name, ty| Scalar::Column(column(name, ty));
    let yes = vec![condition("A", &["1"])];
    let cases = [
        (column_of("Port", ColumnType::Integer), "tostring(Port)"),
        (Scalar::Constant(r"a\b".to_owned()), r#"@"a\b""#),
        (
            Scalar::Case(vec![
                (yes, Scalar::Constant("High".to_owned())),
                (vec![], Scalar::Column(text_column("B"))),
            ]),
            r#"case(A =~ "1", "High", true, B, "")"#,
        ),
        (
            Scalar::Hex(Box::new(column_of("Id", ColumnType::Integer)), 2),
            r#"iff(Id >= 0 and Id < 256, strcat(substring("0123456789abcdef", (Id / 16) % 16, 1), substring("0123456789abcdef", Id % 16, 1)), tostring(Id))"#,
        ),
        (
            Scalar::Member(column("Bag", ColumnType::Text), Member::Json(vec!["A\"b".into()])),
            r#"tostring(parse_json(Bag)[@"A""b"])"#,
        ),
        (
            Scalar::Member(
                column("Bag", ColumnType::Dynamic),
                Member::Json(vec!["a".into(), "b".into()]),
            ),
            r#"tostring(Bag["a"]["b"])"#,
        ),
        (
            Scalar::Member(column("Xml", ColumnType::Text), Member::Data("A".into())),
            r#"replace_string(replace_string(replace_string(replace_string(replace_string(extract(@"(?s)^.*?<Data Name=[\x22\x27]A[\x22\x27]>([^<]*)", 1, Xml), "&lt;", "<"), "&gt;", ">"), "&quot;", @""""), "&apos;", "'"), "&amp;", "&")"#,
        ),
        (
            Scalar::Hex(Box::new(column_of("Id", ColumnType::Text)), 1),
            r#"iff(tolong(Id) >= 0 and tolong(Id) < 16, strcat(substring("0123456789abcdef", tolong(Id) % 16, 1)), Id)"#,
        ),
    ];
    for (value, written) in cases {
        let mut filter = leg("T", vec![], equals("X", "1"));
        filter.lets = vec![Let { column: text_column("X"), value }];
        let expected = format!("T\n| extend X = {written}\n| where X =~ \"1\"");
        assert_eq!(query(PlanBody::Filter(vec![filter])), expected);
    }
}

#[test]
fn legs_of_one_table_share_a_where_and_others_a_union() {
    let first = leg("Event", vec![condition("Source", &["Sysmon"])], equals("Image", "a"));
    let second = leg("Event", vec![condition("Source", &["Security"])], equals("Name", "a"));
    let third = leg("SecurityEvent", vec![], equals("Process", "a"));
    insta::assert_snapshot!(query(PlanBody::Filter(vec![first, second, third])), @r#"
    union
    (Event
    | where Source =~ "Sysmon" or Source =~ "Security"
    | where (Source =~ "Sysmon" and Image =~ "a") or (Source =~ "Security" and Name =~ "a")
    ),
    (SecurityEvent
    | where Process =~ "a"
    )
    "#);
}

#[test]
fn what_kql_cannot_say_is_refused() {
    let dynamic = Column { name: "Tags".to_owned(), ty: ColumnType::Dynamic, multi: true };
    let contains = Op::Text { test: TextTest::Contains("x".to_owned()), cased: false };
    let cases = [
        (Predicate::Keyword(TextTest::Contains("x".to_owned())), Code::KeywordsNotHeld),
        (regex(&"(a)".repeat(17)), Code::RegexNotPortable),
        (test(dynamic, contains), Code::ColumnOperator),
        (test(column("T", ColumnType::Time), Op::Boolean(true)), Code::ColumnOperator),
        (number("Flag", ColumnType::Boolean, Cmp::Gt, 1.0), Code::ColumnOperator),
    ];
    for (predicate, code) in cases {
        let refused = refusals(PlanBody::Filter(vec![leg("T", vec![], predicate)]));
        assert_eq!(refused, [code]);
    }
}

#[test]
fn nothing_leaves_its_quotes() {
    let evil = "x\" | project Secret //\n| take 1";
    let written = condition_of(equals("A", evil));
    assert_eq!(written, r#"A =~ "x\" | project Secret //\n| take 1""#);
}
