//! One test on a column → one KQL condition, chosen by the column's type.
//!
//! `FileName` (text) equals `a.exe` or `b.exe` → `FileName in~ ("a.exe", "b.exe")`; `RemotePort`
//! (a number) contains `44` → `tostring(RemotePort) contains "44"`; `RemoteIP` in `10.0.0.0/8` →
//! `coalesce(ipv4_is_in_range(RemoteIP, "10.0.0.0/8"), false)`. What has no exact form is refused.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::predicate::Nulls;
use super::syntax::{self, Kusto};
use super::{Kql, OPERATORS, boolean, regex};
use crate::backend::infix::{Expr, Top};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Cmp, List, Op, Part, Test, TextCmp, TextTest, TimePart};
use crate::platform::{Column, ColumnType};

/// A refusal, boxed because it is large and rare.
pub(super) type Refusal = Box<Diagnostic>;

/// A test that is printed: itself, its negation, and whether it may be null.
pub(super) struct Leaf {
    /// The condition.
    pub(super) yes: Expr<Kql>,
    /// Its exact negation, if there is a shorter one than `not(…)`.
    pub(super) no: Option<Expr<Kql>>,
    /// Whether the condition is null for a row that lacks the value.
    pub(super) may_be_null: bool,
}

impl Leaf {
    /// A test that is never null.
    pub(super) fn total(yes: impl Into<String>) -> Self {
        Self { yes: Expr::atom(yes), no: None, may_be_null: false }
    }

    /// A test that is null where the value is.
    pub(super) fn nullable(yes: impl Into<String>) -> Self {
        Self { may_be_null: true, ..Self::total(yes) }
    }

    /// A test with its negation, neither ever null.
    pub(super) fn with_negation(yes: impl Into<String>, no: impl Into<String>) -> Self {
        Self { no: Some(Expr::atom(no)), ..Self::total(yes) }
    }

    /// The condition, with what may become of a null.
    pub(super) fn positive(self, nulls: Nulls) -> Expr<Kql> {
        match (self.may_be_null, nulls) {
            (true, Nulls::False) => Expr::atom(format!("coalesce({}, false)", self.yes.text)),
            (true, Nulls::Drop) | (false, Nulls::Drop | Nulls::False) => self.yes,
        }
    }

    /// The negation, which is never null.
    pub(super) fn negative(self) -> Expr<Kql> {
        match self.no {
            Some(no) => no,
            None => boolean::not(&self.positive(Nulls::False)),
        }
    }
}

/// Whether both tests are equalities of the same column, so that one list can hold both values.
pub(super) fn same_list(a: &Test<Column>, b: &Test<Column>) -> bool {
    a.field == b.field
        && match (&a.op, &b.op) {
            (
                Op::Text { test: TextTest::Equals(x), cased: first },
                Op::Text { test: TextTest::Equals(y), cased: second },
            ) => !x.is_empty() && !y.is_empty() && first == second && !a.field.multi,
            (Op::Number { cmp: Cmp::Eq, .. }, Op::Number { cmp: Cmp::Eq, .. }) => true,
            _ => false,
        }
}

/// One test, or a list of equalities as [`same_list`] allows.
pub(super) fn print(tests: &[&Test<Column>]) -> Result<Leaf, Refusal> {
    let Some(first) = tests.first() else { return Ok(Leaf::total(OPERATORS.never)) };
    if tests.len() > 1 {
        return list(first, tests);
    }
    match &first.op {
        Op::Text { test, cased } if first.field.multi => element(first, test, *cased),
        Op::Text { test, cased } => Ok(text(&text_of(first, &first.field)?, test, *cased)),
        Op::Number { cmp, value } => number(first, *cmp, *value),
        Op::Boolean(value) => boolean(first, *value),
        Op::Regex(regex) => regex::print(&text_of(first, &first.field)?, regex, first.span),
        Op::Cidr(network) => Ok(cidr(&text_of(first, &first.field)?, *network)),
        Op::Exists => Ok(present(&first.field)),
        Op::Null => Ok(flipped(present(&first.field))),
        Op::Field { cmp, other, cased } => field(first, *cmp, other, *cased),
        Op::Listed { list, cased } => watchlist(first, list, *cased),
        Op::TimePart { part, cmp, value } => time_part(first, *part, *cmp, *value),
    }
}

/// The operators for a comparison of text: positive and negative, folding case and not.
struct TextOperators {
    folded: (&'static str, &'static str),
    cased: (&'static str, &'static str),
}

const EQUALS: TextOperators = TextOperators { folded: ("=~", "!~"), cased: ("==", "!=") };
const STARTS_WITH: TextOperators = TextOperators {
    folded: ("startswith", "!startswith"),
    cased: ("startswith_cs", "!startswith_cs"),
};
const ENDS_WITH: TextOperators =
    TextOperators { folded: ("endswith", "!endswith"), cased: ("endswith_cs", "!endswith_cs") };
const CONTAINS: TextOperators =
    TextOperators { folded: ("contains", "!contains"), cased: ("contains_cs", "!contains_cs") };

impl TextOperators {
    fn compare(&self, left: &str, right: &Kusto, cased: bool) -> Leaf {
        let (yes, no) = if cased { self.cased } else { self.folded };
        let with = |operator| [left, " ", operator, " ", right.as_str()].concat();
        Leaf::with_negation(with(yes), with(no))
    }
}

/// The column as an expression of type string; null becomes empty.
pub(super) fn text_of(test: &Test<Column>, column: &Column) -> Result<String, Refusal> {
    let name = syntax::name(&column.name);
    match (column.ty, column.multi) {
        (ColumnType::Text, false) => Ok(name.into_string()),
        (ColumnType::Integer | ColumnType::Dynamic, false) => Ok(format!("tostring({name})")),
        (ColumnType::Boolean, false) => Ok(format!("tolower(tostring({name}))")),
        (ColumnType::Real | ColumnType::Time | ColumnType::Ip, _) | (_, true) => {
            Err(refuse(test, column, "as text"))
        }
    }
}

fn text(operand: &str, test: &TextTest, cased: bool) -> Leaf {
    let (operators, value) = match test {
        TextTest::Equals(value) if value.is_empty() => return flipped(present_text(operand)),
        TextTest::StartsWith(value) | TextTest::EndsWith(value) | TextTest::Contains(value)
            if value.is_empty() =>
        {
            return present_text(operand);
        }
        TextTest::Equals(value) => (&EQUALS, value),
        TextTest::StartsWith(value) => (&STARTS_WITH, value),
        TextTest::EndsWith(value) => (&ENDS_WITH, value),
        TextTest::Contains(value) => (&CONTAINS, value),
        TextTest::Like(parts) => return like(operand, parts, cased),
    };
    operators.compare(operand, &syntax::text(value), cased)
}

/// `*` alone asks for a present value; everything else is an anchored expression.
fn like(operand: &str, parts: &[Part], cased: bool) -> Leaf {
    if parts.iter().all(|part| matches!(part, Part::Any)) {
        return match parts {
            [] => flipped(present_text(operand)),
            [_, ..] => present_text(operand),
        };
    }
    let flags = if cased { "s" } else { "is" };
    Leaf::total(format!("{operand} matches regex {}", syntax::pattern(parts, flags)))
}

/// A test on the elements of a bag. KQL can compare whole elements in a condition, no more.
fn element(test: &Test<Column>, text: &TextTest, cased: bool) -> Result<Leaf, Refusal> {
    let name = syntax::name(&test.field.name);
    match (test.field.ty, text) {
        (ColumnType::Dynamic, TextTest::Equals(value)) if !value.is_empty() => {
            let condition = match cased {
                true => format!("set_has_element({name}, {})", syntax::text(value)),
                false => format!(
                    "set_has_element(todynamic(tolower(tostring({name}))), {})",
                    syntax::text(&value.to_lowercase())
                ),
            };
            Ok(Leaf::nullable(condition))
        }
        _ => Err(refuse(test, &test.field, "element by element")),
    }
}

fn list(first: &Test<Column>, tests: &[&Test<Column>]) -> Result<Leaf, Refusal> {
    let mut seen = BTreeSet::new();
    let values = tests.iter().filter_map(|test| listed(&test.op));
    let values: Vec<Kusto> = values.filter(|value| seen.insert(value.to_string())).collect();
    let values = Kusto::join(values, ", ");
    if let Op::Text { cased, .. } = &first.op {
        let operand = text_of(first, &first.field)?;
        let (yes, no) = if *cased { ("in", "!in") } else { ("in~", "!in~") };
        let yes = format!("{operand} {yes} ({values})");
        return Ok(Leaf::with_negation(yes, format!("{operand} {no} ({values})")));
    }
    Ok(Leaf::nullable(format!("{} in ({values})", number_of(first)?)))
}

/// The value that the test adds to a list.
fn listed(op: &Op<Column>) -> Option<Kusto> {
    match op {
        Op::Text { test: TextTest::Equals(value), .. } => Some(syntax::text(value)),
        Op::Number { value, .. } => Some(syntax::number(*value)),
        Op::Text { .. }
        | Op::Boolean(_)
        | Op::Regex(_)
        | Op::Cidr(_)
        | Op::Exists
        | Op::Null
        | Op::Field { .. }
        | Op::Listed { .. }
        | Op::TimePart { .. } => None,
    }
}

/// The column as a number; null where it is none.
fn number_of(test: &Test<Column>) -> Result<String, Refusal> {
    let name = syntax::name(&test.field.name);
    match (test.field.ty, test.field.multi) {
        (ColumnType::Integer | ColumnType::Real, false) => Ok(name.to_string()),
        (ColumnType::Text | ColumnType::Dynamic, false) => Ok(format!("todouble({name})")),
        (ColumnType::Boolean | ColumnType::Time | ColumnType::Ip, _) | (_, true) => {
            Err(refuse(test, &test.field, "as a number"))
        }
    }
}

/// A comparison with a constant: `==` with null is false, `!=` true, an order is null.
fn number(test: &Test<Column>, cmp: Cmp, value: f64) -> Result<Leaf, Refusal> {
    let operand = number_of(test)?;
    Ok(compare(&operand, cmp, &syntax::number(value)))
}

fn compare(operand: &str, cmp: Cmp, value: &Kusto) -> Leaf {
    let yes = format!("{operand} {} {value}", comparison(cmp));
    match cmp {
        Cmp::Eq => Leaf::with_negation(yes, format!("{operand} != {value}")),
        Cmp::Neq => Leaf::with_negation(yes, format!("{operand} == {value}")),
        Cmp::Lt | Cmp::Lte | Cmp::Gt | Cmp::Gte => Leaf::nullable(yes),
    }
}

/// The operator.
pub(super) fn comparison(cmp: Cmp) -> &'static str {
    match cmp {
        Cmp::Eq => "==",
        Cmp::Neq => "!=",
        Cmp::Lt => "<",
        Cmp::Lte => "<=",
        Cmp::Gt => ">",
        Cmp::Gte => ">=",
    }
}

fn boolean(test: &Test<Column>, value: bool) -> Result<Leaf, Refusal> {
    let name = syntax::name(&test.field.name);
    match (test.field.ty, test.field.multi) {
        (ColumnType::Boolean, false) => {
            Ok(Leaf::with_negation(format!("{name} == {value}"), format!("{name} != {value}")))
        }
        (ColumnType::Text, false) => {
            Ok(EQUALS.compare(name.as_str(), &syntax::text(&value.to_string()), false))
        }
        _ => Err(refuse(test, &test.field, "as true or false")),
    }
}

/// IPv4 text given to the IPv6 function would be mapped into `::ffff:0:0/96`, and a prefix counts
/// as an address, so both are kept out.
fn cidr(operand: &str, network: IpNet) -> Leaf {
    let written = syntax::text(&network.trunc().to_string());
    let (function, guard) = match network {
        IpNet::V4(_) => ("ipv4_is_in_range", format!("{operand} !contains \"/\"")),
        IpNet::V6(_) => {
            let guard = format!("{operand} contains \":\" and {operand} !contains \"/\"");
            ("ipv6_is_in_range", guard)
        }
    };
    let test = format!("{guard} and coalesce({function}({operand}, {written}), false)");
    Leaf { yes: Expr { text: Kusto::trusted(test), top: Top::And }, no: None, may_be_null: false }
}

/// Whether a value is there.
fn present(column: &Column) -> Leaf {
    let name = syntax::name(&column.name);
    match column.ty {
        ColumnType::Text | ColumnType::Ip => present_text(name.as_str()),
        ColumnType::Dynamic if column.multi => Leaf::with_negation(
            format!("coalesce(array_length({name}), 0) > 0"),
            format!("coalesce(array_length({name}), 0) == 0"),
        ),
        ColumnType::Dynamic => present_text(&format!("tostring({name})")),
        ColumnType::Integer | ColumnType::Real | ColumnType::Boolean | ColumnType::Time => {
            Leaf::with_negation(format!("isnotnull({name})"), format!("isnull({name})"))
        }
    }
}

fn present_text(operand: &str) -> Leaf {
    Leaf::with_negation(format!("isnotempty({operand})"), format!("isempty({operand})"))
}

/// The opposite of a test that has a negation.
fn flipped(leaf: Leaf) -> Leaf {
    let Leaf { yes, no, may_be_null } = leaf;
    match no {
        Some(no) => Leaf { yes: no, no: Some(yes), may_be_null },
        None => Leaf { yes: boolean::not(&yes), no: Some(yes), may_be_null },
    }
}

/// A comparison of two columns: false if either is missing, so the right one must be present.
fn field(test: &Test<Column>, cmp: TextCmp, other: &Column, cased: bool) -> Result<Leaf, Refusal> {
    let (left, right) = (text_of(test, &test.field)?, text_of(test, other)?);
    let operators = match cmp {
        TextCmp::Equals => &EQUALS,
        TextCmp::StartsWith => &STARTS_WITH,
        TextCmp::EndsWith => &ENDS_WITH,
        TextCmp::Contains => &CONTAINS,
    };
    let compared = operators.compare(&left, &Kusto::trusted(right.as_str()), cased);
    let parts = vec![present_text(&right).yes, compared.yes];
    Ok(Leaf { yes: boolean::all(parts), no: None, may_be_null: false })
}

/// A watchlist; the empty text is in none.
fn watchlist(test: &Test<Column>, list: &List, cased: bool) -> Result<Leaf, Refusal> {
    let operand = text_of(test, &test.field)?;
    let (table, column) = (syntax::text(list.table()), syntax::name(&list.column));
    let entries = format!("_GetWatchlist({table}) | project {column}");
    let yes = format!("{operand} {} (({entries}))", if cased { "in" } else { "in~" });
    let parts = vec![present_text(&operand).yes, Expr::atom(yes)];
    Ok(Leaf { yes: boolean::all(parts), no: None, may_be_null: false })
}

/// A part of a timestamp; Kusto's times are UTC and its weeks are those of ISO 8601.
fn time_part(test: &Test<Column>, part: TimePart, cmp: Cmp, value: i64) -> Result<Leaf, Refusal> {
    let name = syntax::name(&test.field.name);
    let time = match (test.field.ty, test.field.multi) {
        (ColumnType::Time, false) => name.to_string(),
        (ColumnType::Text, false) => format!("todatetime({name})"),
        _ => return Err(refuse(test, &test.field, "as a point in time")),
    };
    let part = match part {
        TimePart::Minute => format!("datetime_part(\"Minute\", {time})"),
        TimePart::Hour => format!("hourofday({time})"),
        TimePart::Day => format!("dayofmonth({time})"),
        TimePart::Week => format!("week_of_year({time})"),
        TimePart::Month => format!("monthofyear({time})"),
        TimePart::Year => format!("getyear({time})"),
    };
    Ok(compare(&part, cmp, &Kusto::trusted(value.to_string())))
}

fn refuse(test: &Test<Column>, column: &Column, how: &str) -> Refusal {
    let kind = match (column.ty, column.multi) {
        (_, true) => "a column of several values",
        (ColumnType::Text, false) => "a text column",
        (ColumnType::Integer | ColumnType::Real, false) => "a number column",
        (ColumnType::Boolean, false) => "a boolean column",
        (ColumnType::Time, false) => "a time column",
        (ColumnType::Ip, false) => "an address column",
        (ColumnType::Dynamic, false) => "a dynamic column",
    };
    let message = format!("KQL cannot compare `{}`, {kind}, {how}", column.name);
    Box::new(
        Diagnostic::new(Code::ColumnOperator, test.span, message)
            .help("use an operator that fits the column, or map the field to another column"),
    )
}
