//! Tests of the module above.

use super::*;
use crate::backend::template::Templates;
use crate::ir::{
    Aggregate, Cmp, Cond, FieldRef, Meta, Op, Part, PatternId, Predicate, Regex, Step, Test,
    TextCmp, TextTest, TimePart,
};
use crate::plan::{Are, Giver, Holds, Leg, Mask, Timeline, Values};
use crate::platform::{Column, ColumnType, Place};
use crate::source::Span;
use crate::taxonomy::Type;

fn column(name: &str, ty: ColumnType) -> Column {
    Column { name: name.to_owned(), ty, multi: false }
}

fn test(field: Column, op: Op<Column>) -> Predicate<Column> {
    Predicate::Test(Test { field, op, span: Span::default() })
}

fn folded(test: TextTest) -> Op<Column> {
    Op::Text { test, cased: false }
}

fn equals(text: &str) -> Op<Column> {
    folded(TextTest::Equals(text.to_owned()))
}

fn place(table: &str) -> Place {
    Place {
        table: table.into(),
        category: "any".into(),
        conditions: Vec::new(),
        among: None,
        lookup: None,
        time: column("@timestamp", ColumnType::Time),
        identity: Vec::new(),
    }
}

fn leg(table: &str, flags: Vec<Predicate<Column>>) -> Leg {
    let flags = flags.into_iter().enumerate().map(|(at, flag)| (PatternId(at), flag)).collect();
    Leg {
        place: place(table).into(),
        firings: None,
        lets: Vec::new(),
        flags,
        keys: Vec::new(),
        bound: Vec::new(),
        values: Vec::new(),
        shows: Vec::new(),
    }
}

fn rendered(body: PlanBody, accept: Vec<Code>) -> Result<Vec<String>, Vec<String>> {
    let meta = Meta::default().into();
    let plan =
        Plan { rule: "rule".into(), meta, accept, platform: "elastic".into(), body, report: None };
    match Esql.render(&plan, &Templates::default()) {
        Ok(queries) => Ok(queries.into_iter().map(|query| query.text).collect()),
        Err(found) => Err(found.into_iter().map(|found| found.code.id().to_owned()).collect()),
    }
}

/// What stands behind `WHERE`, on one line; or the codes.
fn filtered(predicate: Predicate<Column>) -> String {
    match rendered(PlanBody::Filter(vec![leg("logs-*", vec![predicate])]), Vec::new()) {
        Ok(queries) => {
            let text = queries[0].replace("\n    ", " ");
            text.split_once("| WHERE ").map_or(text.clone(), |(_, test)| test.to_owned())
        }
        Err(codes) => codes.join(" "),
    }
}

#[test]
fn each_type_of_column_has_its_operators() {
    use ColumnType::{Boolean, Integer, Ip, Real, Text, Time};
    let number = |cmp, value| Op::Number { cmp, value };
    let starts = |text: &str| folded(TextTest::StartsWith(text.into()));
    let hour = Op::TimePart { part: TimePart::Hour, cmp: Cmp::Gt, value: 18 };
    let week = Op::TimePart { part: TimePart::Week, cmp: Cmp::Eq, value: 1 };
    let net = |text: &str| Op::Cidr(text.parse().unwrap());
    let cases = [
        (Text, equals("C:\\A"), r#"TO_LOWER(f) == "c:\\a""#),
        (Text, equals("4688"), r#"f == "4688""#),
        (Text, Op::Text { test: TextTest::Equals("A".into()), cased: true }, r#"f == "A""#),
        (Text, equals(""), r#"f == """#),
        (Text, starts(r"\a*"), r#"TO_LOWER(f) LIKE """\\a\**""""#),
        (Text, folded(TextTest::Contains(String::new())), "f IS NOT NULL"),
        (Text, number(Cmp::Eq, 5.0), r#"f == "5""#),
        (
            Text,
            number(Cmp::Lt, 5.0),
            r#"f RLIKE """[+\-]?[0-9]+(\.[0-9]*)?""" AND TO_DOUBLE(f) < 5"#,
        ),
        (Text, Op::Boolean(true), r#"TO_LOWER(f) == "true""#),
        (
            Text,
            net("10.0.0.0/8"),
            r#"NOT f LIKE "*:*" AND COALESCE(CIDR_MATCH(TO_IP(f), "10.0.0.0/8"), FALSE)"#,
        ),
        (Integer, equals("5"), "f == 5"),
        (Integer, equals("05"), r#"TO_STRING(f) == "05""#),
        (Integer, equals(""), "f IS NULL"),
        (Integer, starts("44"), r#"TO_STRING(f) LIKE "44*""#),
        (Integer, number(Cmp::Gte, 5.0), "f >= 5"),
        (Integer, number(Cmp::Neq, 5.0), "NOT (f IS NOT NULL AND f == 5)"),
        (Real, number(Cmp::Gt, 0.5), "f > 0.5"),
        (Real, starts("1"), "E0508"),
        (Boolean, Op::Boolean(false), "f == FALSE"),
        (Boolean, equals("True"), r#"TO_STRING(f) == "true""#),
        (Ip, equals("2001:DB8::0:1"), r#"f == TO_IP("2001:db8::1")"#),
        (Ip, equals("nowhere"), "FALSE"),
        (Ip, starts("FE80:"), r#"TO_STRING(f) LIKE "fe80:*""#),
        (Ip, net("10.1.2.3/8"), r#"CIDR_MATCH(f, "10.0.0.0/8")"#),
        (Time, hour, r#"DATE_EXTRACT("hour_of_day", f) > 18"#),
        (Time, week, "E0602"),
        (Time, Op::Exists, "f IS NOT NULL"),
        (Time, Op::Boolean(true), "E0508"),
    ];
    for (ty, op, expected) in cases {
        assert_eq!(filtered(test(column("f", ty), op.clone())), expected, "{ty:?} {op:?}");
    }
}

#[test]
fn fields_compare_as_text() {
    use ColumnType::{Integer, Text};
    let field = |cmp, ty, cased| {
        let other = column("g", ty);
        filtered(test(column("f", Text), Op::Field { cmp, other, cased }))
    };
    assert_eq!(field(TextCmp::Equals, Text, true), "f == g");
    assert_eq!(field(TextCmp::StartsWith, Text, false), "STARTS_WITH(TO_LOWER(f), TO_LOWER(g))");
    assert_eq!(field(TextCmp::Contains, Integer, true), "LOCATE(f, TO_STRING(g)) > 0");
}

#[test]
fn letters_beyond_ascii_are_spelt_in_both_cases() {
    let text = |op| filtered(test(column("f", ColumnType::Text), op));
    assert_eq!(text(equals("Zürich")), r#"f RLIKE "[Zz][Üü][Rr][Ii][Cc][Hh]""#);
    assert_eq!(text(equals("İ")), r#"f RLIKE "İ""#);
    assert_eq!(text(equals("日本 A")), r#"TO_LOWER(f) == "日本 a""#);
    let regex = |pattern: &str, ignore_case| {
        let pattern = pattern.to_owned();
        text(Op::Regex(Regex { pattern, ignore_case, multiline: false, dotall: false }))
    };
    assert_eq!(regex("^ab$", true), r#"TO_LOWER(f) RLIKE "ab""#);
    assert_eq!(regex("^né$", true), r#"f RLIKE "[Nn][Éé]""#);
    assert_eq!(regex("^Ab$", false), r#"f RLIKE "Ab""#);
    assert_eq!(regex("(?m)^a", false), "E0606");
}

#[test]
fn negated_tests_ask_whether_the_field_is_there() {
    let named = |name: &str, op| test(column(name, ColumnType::Text), op);
    let not = |inner: Predicate<Column>| Predicate::Not(Box::new(inner));
    assert_eq!(filtered(not(named("f", equals("1")))), r#"NOT (f IS NOT NULL AND f == "1")"#);
    assert_eq!(filtered(not(not(named("f", equals("1"))))), r#"NOT (NOT (f == "1"))"#);
    assert_eq!(filtered(not(named("f", Op::Exists))), "f IS NULL");
    let like = folded(TextTest::Like(vec![Part::Literal("2".into()), Part::One]));
    let any = Predicate::Any(vec![
        named("f", equals("1")),
        named("f", like),
        named("f", equals("3")),
        named("g", equals("4")),
    ]);
    assert_eq!(
        filtered(not(any.clone())),
        r#"NOT ((f IS NOT NULL AND (f IN ("1", "3") OR f LIKE "2?")) OR (g IS NOT NULL AND g == "4"))"#
    );
    assert_eq!(filtered(any), r#"f IN ("1", "3") OR f LIKE "2?" OR g == "4""#);
    let both = Predicate::All(vec![named("f", equals("1")), named("f", equals("2"))]);
    assert_eq!(filtered(not(both)), r#"NOT (f IS NOT NULL AND f == "1" AND f == "2")"#);
}

#[test]
fn columns_of_several_values_are_asked_for_any() {
    let multi = |ty, op| filtered(test(Column { multi: true, ..column("f", ty) }, op));
    let text = |op| multi(ColumnType::Text, op);
    assert_eq!(
        text(equals("A")),
        r#"MV_COUNT(MV_DEDUPE(MV_APPEND(TO_LOWER(f), "a"))) == MV_COUNT(MV_DEDUPE(TO_LOWER(f)))"#
    );
    let contains = |text: &str| folded(TextTest::Contains(text.into()));
    assert_eq!(text(contains("1")), r#"MV_CONCAT(TO_LOWER(f), "\n") LIKE "*1*""#);
    assert_eq!(text(contains("1\n")), r#"MV_CONCAT(TO_LOWER(f), "\t") LIKE "*1\n*""#);
    assert_eq!(text(folded(TextTest::StartsWith("a".into()))), "E0508");
    let number = |cmp| multi(ColumnType::Integer, Op::Number { cmp, value: 5.0 });
    assert_eq!(number(Cmp::Gt), "MV_MAX(f) > 5");
    assert_eq!(number(Cmp::Lte), "MV_MIN(f) <= 5");
    assert_eq!(multi(ColumnType::Ip, Op::Cidr("10.0.0.0/8".parse().unwrap())), "E0508");
}

#[test]
fn words_anywhere_are_refused() {
    assert_eq!(filtered(Predicate::Keyword(TextTest::Contains("x".into()))), "E0509");
}

#[test]
fn places_in_several_indices_are_queries_of_their_own() {
    let flag = |text: &str| vec![test(column("f", ColumnType::Text), equals(text))];
    let legs = vec![leg("a-*", flag("1")), leg("b-*", flag("2")), leg("a-*", flag("3"))];
    let found = rendered(PlanBody::Filter(legs), Vec::new()).unwrap();
    let head = "METADATA _id, _version, _index\n| WHERE";
    assert_eq!(
        found,
        [
            format!("FROM a-* {head} f == \"1\" OR f == \"3\""),
            format!("FROM b-* {head} f == \"2\""),
        ]
    );
    let everything =
        rendered(PlanBody::Filter(vec![leg("a-*", vec![Predicate::always()])]), vec![]);
    assert_eq!(everything.unwrap(), ["FROM a-* METADATA _id, _version, _index"]);
}

fn timeline(cond: Cond, patterns: usize) -> Timeline {
    let flag = |at: usize| test(column("f", ColumnType::Text), equals(&at.to_string()));
    let key = column("host.name", ColumnType::Text);
    Timeline {
        legs: vec![Leg {
            keys: vec![Some(key)],
            ..leg("logs-*", (0..patterns).map(flag).collect())
        }],
        chained: Vec::new(),
        patterns: ["a", "b", "c"].iter().take(patterns).map(|name| (*name).to_owned()).collect(),
        keys: vec!["host".into()],
        bindings: Vec::new(),
        window: 300_000,
        skew: 0,
        cond,
        overlaps: vec![(PatternId(1), PatternId(2))],
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

/// What must hold of a window; or the codes.
fn windows(cond: Cond, patterns: usize) -> String {
    let body = PlanBody::Timeline(Box::new(timeline(cond, patterns)));
    match rendered(body, vec![Code::FixedWindows]) {
        Ok(queries) => {
            let text = queries[0].replace("\n    AND", " AND");
            let line = text.lines().rev().find_map(|line| line.strip_prefix("| WHERE "));
            line.unwrap().split(" AND host IS").next().unwrap().to_owned()
        }
        Err(codes) => codes.join(" "),
    }
}

fn step(at: usize) -> Step {
    Step { pattern: PatternId(at), within: None, without: Vec::new() }
}

#[test]
fn windows_have_to_be_accepted() {
    let count = || Cond::Count { of: vec![PatternId(0)], cmp: Cmp::Gte, value: 3 };
    let body = || PlanBody::Timeline(Box::new(timeline(count(), 1)));
    assert_eq!(rendered(body(), Vec::new()), Err(vec!["E0602".to_owned()]));
    let expected = "// accepted (W0603): windows begin at fixed times, every 5 minutes; events on both \
                    sides of a border are not seen together\n\
                    FROM logs-*\n\
                    | WHERE f == \"0\"\n\
                    | STATS a = COUNT(*),\n        first_event = MIN(@timestamp),\n        \
                    last_event = MAX(@timestamp)\n    BY host = host.name,\n       \
                    window = BUCKET(@timestamp, 5 minutes)\n\
                    | WHERE a >= 3\n    AND host IS NOT NULL\n    AND host != \"\"\n\
                    | KEEP host, window, a, first_event, last_event";
    assert_eq!(rendered(body(), vec![Code::FixedWindows]), Ok(vec![expected.to_owned()]));
}

#[test]
fn conditions_are_about_numbers_of_events() {
    let seen = |at| Cond::Seen(PatternId(at));
    let not = |inner| Cond::Not(Box::new(inner));
    let cases = [
        (Cond::All(vec![seen(0), not(seen(1))]), "a > 0 AND b == 0"),
        (Cond::Any(vec![seen(0), not(seen(1))]), "(a > 0 OR b == 0) AND a > 0"),
        (Cond::AtLeast(1, vec![seen(0), seen(1)]), "CASE(a > 0, 1, 0) + CASE(b > 0, 1, 0) >= 1"),
        (
            Cond::Count { of: vec![PatternId(0), PatternId(1)], cmp: Cmp::Lt, value: 4 },
            "events < 4",
        ),
    ];
    for (cond, expected) in cases {
        assert_eq!(windows(cond.clone(), 2), expected, "{cond:?}");
    }
}

#[test]
fn an_order_compares_first_and_last_times() {
    assert_eq!(
        windows(Cond::Chain(vec![step(0), step(1)]), 2),
        "a > 0 AND b > 0 AND first_a <= last_b"
    );
    assert_eq!(windows(Cond::Chain(vec![step(0), step(0)]), 1), "a >= 2");
}

#[test]
fn what_fixed_windows_cannot_tell_is_refused() {
    let within = Step { within: Some(1000), ..step(1) };
    let without = Step { without: vec![PatternId(2)], ..step(1) };
    let refused = [
        Cond::Chain(vec![step(0), step(1), step(2)]),
        Cond::Chain(vec![step(1), step(2)]),
        Cond::Chain(vec![step(0), within]),
        Cond::Chain(vec![step(0), without]),
    ];
    for cond in refused {
        assert_eq!(windows(cond.clone(), 3), "E0602", "{cond:?}");
    }
}

/// What must hold of a window where `a` and `b`, which one event may both be, give these columns.
fn aggregated(function: Aggregate, columns: [Column; 2], accept: Vec<Code>) -> String {
    let named = |column: &Column| vec![FieldRef { name: column.name.clone(), ty: Type::Text }];
    let of = [(PatternId(0), named(&columns[0])), (PatternId(1), named(&columns[1]))];
    let giver = |(pattern, fields): &(PatternId, Vec<FieldRef>)| Giver {
        fields: fields.clone(),
        patterns: vec![*pattern],
    };
    let are = if function == Aggregate::Distinct { Are::Texts } else { Are::Numbers };
    let values = Values { are, givers: of.iter().map(giver).collect() };
    let cond = Cond::Aggregate { function, of: of.to_vec(), cmp: Cmp::Gte, value: 5.0 };
    let mut timeline = timeline(cond, 2);
    timeline.masks = vec![Mask(vec![PatternId(0), PatternId(1)])];
    timeline.legs[0].values = vec![columns.map(|column| vec![column]).to_vec()];
    timeline.values = vec![values];
    match rendered(PlanBody::Timeline(Box::new(timeline)), accept) {
        Ok(queries) => {
            let text = queries[0].split_once("| EVAL ").unwrap().1;
            text.split("\n    AND host").next().unwrap().to_owned()
        }
        Err(codes) => codes.join(" "),
    }
}

#[test]
fn ranks_are_compared_by_counting_and_different_values_are_estimates() {
    let integer = |name| column(name, ColumnType::Integer);
    let several = |name| Column { multi: true, ..column(name, ColumnType::Integer) };
    let both = || vec![Code::FixedWindows, Code::Estimates];
    let fixed = || vec![Code::FixedWindows];
    let median = aggregated(Aggregate::Percentile(50.0), [integer("x"), integer("y")], fixed());
    assert!(median.contains("below_x = COUNT(*) WHERE is_a AND value_x < 5"), "{median}");
    let holds = "(number_x + number_y) > 0 AND ((below_x + below_y) == 0 OR \
                 (below_x + below_y) < 0.5 * (number_x + number_y))";
    assert!(median.contains(holds), "{median}");
    // An event of both gives two values, and one of the two may be missing.
    let distinct = aggregated(Aggregate::Distinct, [integer("x"), integer("y")], both());
    assert_eq!(distinct, "E0602");
    let same = aggregated(Aggregate::Distinct, [integer("x"), integer("x")], fixed());
    assert_eq!(same, "E0602");
    let sum = aggregated(Aggregate::Sum, [several("x"), integer("y")], fixed());
    assert!(sum.contains("(COALESCE(sum_x, 0.0) + COALESCE(sum_y, 0.0)) >= 5"), "{sum}");
    assert_eq!(aggregated(Aggregate::Min, [several("x"), integer("y")], fixed()), "E0602");
}
