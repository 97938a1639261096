//! Tests of the module above.

use super::*;
use crate::ir::{Cmp, Op, Part, Regex, TextCmp, TextTest, TimePart};
use crate::platform::ColumnType;

fn column(name: &str, ty: ColumnType) -> Column {
    Column { name: name.to_owned(), ty, multi: false }
}

fn test(name: &str, ty: ColumnType, op: Op<Column>) -> Predicate<Column> {
    Predicate::Test(Test { field: column(name, ty), op, span: Span::default() })
}

fn text(name: &str, test_: TextTest) -> Predicate<Column> {
    test(name, ColumnType::Text, Op::Text { test: test_, cased: false })
}

fn cased(name: &str, test_: TextTest) -> Predicate<Column> {
    test(name, ColumnType::Text, Op::Text { test: test_, cased: true })
}

fn equals(value: &str) -> TextTest {
    TextTest::Equals(value.to_owned())
}

fn regex(pattern: &str, ignore_case: bool) -> Op<Column> {
    let pattern = pattern.to_owned();
    Op::Regex(Regex { pattern, ignore_case, multiline: false, dotall: false })
}

fn printed(predicate: &Predicate<Column>) -> Result<String, Vec<Code>> {
    let mut printer = Printer::new(Span::default());
    let expr = printer.print(predicate, &BTreeSet::from(["computed"]), Polarity::Positive);
    match printer.into_problems() {
        problems if problems.is_empty() => Ok(expr.text.to_string()),
        problems => Err(problems.into_iter().map(|problem| problem.code).collect()),
    }
}

fn check(predicate: &Predicate<Column>, expected: &str) {
    assert_eq!(printed(predicate).as_deref(), Ok(expected));
}

#[test]
fn text_tests_ignore_case_unless_cased() {
    let ends = TextTest::EndsWith("\\cmd.exe".into());
    check(&text("a", equals("x")), r#"a : "x""#);
    check(&text("a", ends.clone()), r#"a : "*\\cmd.exe""#);
    check(&text("a", TextTest::StartsWith("x".into())), r#"a : "x*""#);
    check(&text("a", TextTest::Contains("x".into())), r#"a : "*x*""#);
    check(&cased("a", equals("x")), r#"a == "x""#);
    check(&cased("a", ends), r#"a like "*\\cmd.exe""#);
    check(&text("a", equals("")), r#"a == """#);
    check(&text("a", TextTest::Contains(String::new())), "a != null");
}

#[test]
fn literal_wildcards_stay_literal() {
    check(&text("a", equals("x*")), r#"a in~ ("x*")"#);
    check(&cased("a", equals("x?")), r#"a == "x?""#);
    check(&text("a", TextTest::EndsWith("*x\"".into())), r#"a regex~ ".*\\*x\\\"""#);
    check(&cased("a", TextTest::Contains("?".into())), r#"a regex """.*\?.*""""#);
    let pattern = vec![Part::Literal("A".into()), Part::One, Part::Literal("*".into()), Part::Any];
    check(&text("a", TextTest::Like(pattern.clone())), r#"a regex~ """a.\*.*""""#);
    check(&cased("a", TextTest::Like(pattern)), r#"a regex """A.\*.*""""#);
    let pattern = vec![Part::Literal("a".into()), Part::One, Part::Any];
    check(&text("a", TextTest::Like(pattern)), r#"a : "a?*""#);
}

#[test]
fn letters_beyond_ascii_fold_in_a_regular_expression() {
    check(&text("a", equals("Zürich")), r#"a regex~ "z[Üü]rich""#);
    check(&cased("a", equals("Zürich")), r#"a == "Zürich""#);
    check(&text("a", equals("中文")), r#"a : "中文""#);
}

#[test]
fn alternatives_on_a_field_are_one_list() {
    let many = Predicate::Any(vec![
        text("a", equals("x")),
        cased("b", equals("1")),
        text("a", TextTest::EndsWith("y".into())),
        cased("b", equals("2")),
    ]);
    check(&many, r#"a : ("x", "*y") or b in ("1", "2")"#);
    let both = Predicate::All(vec![many, text("c", equals("z"))]);
    check(&both, r#"(a : ("x", "*y") or b in ("1", "2")) and c : "z""#);
}

#[test]
fn negated_tests_hold_for_missing_fields() {
    let number = |cmp| test("n", ColumnType::Integer, Op::Number { cmp, value: 1.0 });
    check(&text("a", equals("x")).negate(), r#"not a : "x""#);
    check(&number(Cmp::Gt).negate(), "not (n != null and n > 1)");
    check(&number(Cmp::Gt).negate().negate(), "n > 1");
    check(&number(Cmp::Neq), "n != 1");
    check(&number(Cmp::Eq).negate(), "not n == 1");
    let nested = Predicate::Any(vec![number(Cmp::Lt).negate(), number(Cmp::Lte)]).negate();
    check(&nested, "not (not n < 1 or (n != null and n <= 1))");
}

#[test]
fn fields_that_may_be_unmapped_are_optional_and_two_valued() {
    let name = "winlog.event_data.X";
    check(&text(name, equals("x")), r#"?winlog.event_data.X : "x""#);
    check(
        &text(name, equals("x")).negate(),
        r#"not (?winlog.event_data.X != null and ?winlog.event_data.X : "x")"#,
    );
    check(&cased(name, equals("x")).negate(), r#"not ?winlog.event_data.X == "x""#);
}

#[test]
fn each_type_of_column_has_its_operators() {
    let ip = |op| test("ip", ColumnType::Ip, op);
    let text = |value: TextTest| Op::Text { test: value, cased: false };
    check(&ip(text(equals("::FFFF"))), r#"ip == "::ffff""#);
    check(&ip(Op::Cidr("10.1.2.3/8".parse().unwrap())), r#"cidrMatch(ip, "10.0.0.0/8")"#);
    check(&ip(text(TextTest::StartsWith("10.".into()))), r#"cidrMatch(ip, "10.0.0.0/8")"#);
    check(&ip(text(equals(""))), "ip == null");
    let two = Predicate::Any(vec![ip(text(equals("::1"))), ip(text(equals("::2")))]);
    check(&two, r#"ip == "::1" or ip == "::2""#);
    check(&test("b", ColumnType::Boolean, Op::Boolean(true)), "b == true");
    check(&test("b", ColumnType::Text, Op::Boolean(false)), r#"b : "false""#);
    check(&test("n", ColumnType::Integer, text(equals("3"))), "n == 3");
    let number = Op::Number { cmp: Cmp::Eq, value: 3.0 };
    check(&test("n", ColumnType::Text, number), r#"n == "3""#);
    let cidr = test("a", ColumnType::Text, Op::Cidr("10.1.2.0/31".parse().unwrap()));
    check(&cidr, r#"a regex """10\.1\.2\.(0|1)""""#);
    check(&test("t", ColumnType::Time, Op::Exists), "t != null");
    check(&test("t", ColumnType::Time, Op::Null), "t == null");
}

#[test]
fn regular_expressions_keep_their_case_and_their_quotes() {
    let regex = |pattern, ignore| test("a", ColumnType::Text, regex(pattern, ignore));
    check(&regex("^a\"b", false), r#"a regex "a\\\"b.*""#);
    check(&regex("(?i)^ab$", false), r#"a regex~ "ab""#);
    check(&regex("^ab$", true), r#"a regex~ "ab""#);
    check(&regex(".*", false), "a != null");
}

#[test]
fn what_eql_cannot_say_is_refused() {
    let any = |op: Op<Column>| test("a", ColumnType::Text, op);
    let ip = |op: Op<Column>| test("ip", ColumnType::Ip, op);
    let text = |value: TextTest| Op::Text { test: value, cased: false };
    let other = column("b", ColumnType::Text);
    let field = Op::Field { cmp: TextCmp::Equals, other, cased: false };
    let hour = Op::TimePart { part: TimePart::Hour, cmp: Cmp::Lt, value: 6 };
    let range = Op::Number { cmp: Cmp::Lt, value: 6.0 };
    let huge = Op::Number { cmp: Cmp::Eq, value: 1e300 };
    let cases = [
        (any(field), Code::NotExpressible),
        (any(hour), Code::NotExpressible),
        (any(range.clone()), Code::ColumnOperator),
        (ip(text(TextTest::EndsWith(".1".into()))), Code::ColumnOperator),
        (ip(text(equals("-"))), Code::ColumnOperator),
        (ip(regex("1", false)), Code::ColumnOperator),
        (any(Op::Cidr("2001:db8::/32".parse().unwrap())), Code::ColumnOperator),
        (any(regex(r"a\Bb", false)), Code::RegexNotPortable),
        (any(regex(&"a".repeat(1001), false)), Code::OverLimit),
        (test("n", ColumnType::Integer, huge), Code::OverLimit),
        (test("computed", ColumnType::Text, Op::Exists), Code::NotExpressible),
        (Predicate::Keyword(equals("x")), Code::KeywordsNotHeld),
    ];
    for (predicate, code) in cases {
        assert_eq!(printed(&predicate), Err(vec![code]), "{predicate:?}");
    }
    let several = Column { multi: true, ..column("n", ColumnType::Integer) };
    let several = Predicate::Test(Test { field: several, op: range, span: Span::default() });
    assert_eq!(printed(&several).as_deref(), Ok("n < 6"));
    assert_eq!(printed(&several.negate()), Err(vec![Code::ColumnOperator]));
}
