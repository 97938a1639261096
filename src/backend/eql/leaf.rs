//! A test on a column → what EQL says of that field.
//!
//! `Image endswith '\cmd.exe'` → `process.executable : "*\\cmd.exe"`. Which operator it is depends
//! on the test, on case, and on the literal: `:` and `like` read `*` and `?` in it and cannot escape
//! them, so a literal one goes through `in~`, `==` or a regular expression.

use crate::backend::infix;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Cmp, Op, Part, Regex, Test, TextTest};
use crate::platform::{Column, ColumnType};

use super::address;
use super::syntax::{self, Expr, OPERATORS, Text};
use crate::backend::lucene::{self, Problem};

/// Whether an even or an odd number of negations is around a test. A test must be true or false;
/// where its negation would be null for a missing field, it needs a null check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polarity {
    /// Even.
    Positive,
    /// Odd.
    Negative,
}

impl Polarity {
    /// Inside one more negation.
    pub(super) fn flipped(self) -> Self {
        match self {
            Self::Positive => Self::Negative,
            Self::Negative => Self::Positive,
        }
    }
}

/// How a field is compared with values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// `:`, without regard to case, with wildcards.
    Colon,
    /// `in~`, without regard to case.
    InFolded,
    /// `==`.
    Equal,
    /// `like`, with wildcards.
    Like,
    /// `regex~`, without regard to case.
    RegexFolded,
    /// `regex`.
    Regex,
    /// `==` of an address.
    Address,
    /// `cidrMatch`.
    Network,
}

/// What EQL says of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Leaf {
    /// It equals or matches one of the values; values of tests that are alternatives can be merged.
    Values(How, Vec<Text>),
    /// Something else, complete.
    Whole(Expr),
}

/// What EQL says for a test.
pub(super) fn leaf(test: &Test<Column>, polarity: Polarity) -> Result<Leaf, Diagnostic> {
    let column = &test.field;
    let field = || syntax::field(&column.name);
    let found = match &test.op {
        Op::Exists => Ok(present(&field())),
        Op::Null => Ok(absent(&field())),
        Op::Text { test, cased: false } => text(column, test, Case::Ignored),
        Op::Text { test, cased: true } => text(column, test, Case::Kept),
        Op::Number { cmp, value } => number(column, *cmp, *value, polarity),
        Op::Boolean(value) => boolean(column, *value),
        Op::Regex(regex) if column.ty == ColumnType::Text => expression(regex, &field()),
        Op::Regex(_) => Err(wrong_column(column, column.ty, "a regular expression")),
        Op::Cidr(net) => network(column, net),
        Op::Field { other, .. } => Err(Refusal::new(
            Code::NotExpressible,
            format!("EQL cannot compare `{}` with another field, `{}`", column.name, other.name),
            "compare it with constants, or keep this rule to the other targets",
        )),
        Op::Listed { list, .. } => Err(Refusal::new(
            Code::NotExpressible,
            format!("EQL cannot ask the list `{}` for one of its entries", list.name),
            "give the list values in `[parameters]`",
        )),
        Op::TimePart { .. } => Err(Refusal::new(
            Code::NotExpressible,
            format!("EQL cannot take a part of the time in `{}`", column.name),
            "leave the time test out, or keep this rule to the other targets",
        )),
    };
    found.map_err(|refusal| {
        Diagnostic::new(refusal.code, test.span, refusal.message).help(refusal.help)
    })
}

/// The comparison of a field with any of the values.
pub(super) fn any_of(column: &str, how: How, values: &[Text], polarity: Polarity) -> Expr {
    let field = syntax::field(column);
    let list = || Text::join(values.iter().cloned(), ", ");
    let infix = |operator: &str| match values {
        [only] => Expr::atom([field.as_str(), " ", operator, " ", only.as_str()].concat()),
        _ => Expr::atom(format!("{field} {operator} ({})", list())),
    };
    let test = match (how, values) {
        (How::Colon, _) => infix(":"),
        (How::Like, _) => infix("like"),
        (How::RegexFolded, _) => infix("regex~"),
        (How::Regex, _) => infix("regex"),
        (How::InFolded, _) => Expr::atom(format!("{field} in~ ({})", list())),
        // `==` and `!=` are never null.
        (How::Equal, [only]) => return Expr::atom(format!("{field} == {only}")),
        (How::Equal, _) => Expr::atom(format!("{field} in ({})", list())),
        (How::Address, _) => {
            let each = values.iter().map(|value| Expr::atom(format!("{field} == {value}")));
            return infix::any(each.collect(), &OPERATORS);
        }
        (How::Network, _) => Expr::atom(format!("cidrMatch({field}, {})", list())),
    };
    match polarity {
        Polarity::Negative if syntax::is_open(column) => guarded(&field, test),
        Polarity::Negative | Polarity::Positive => test,
    }
}

/// A refusal, to be placed at its test.
struct Refusal {
    code: Code,
    message: String,
    help: String,
}

impl Refusal {
    fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: help.into() }
    }
}

/// Whether case counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Kept,
    Ignored,
}

fn present(field: &Text) -> Leaf {
    Leaf::Whole(Expr::atom(format!("{field} != null")))
}

fn absent(field: &Text) -> Leaf {
    Leaf::Whole(Expr::atom(format!("{field} == null")))
}

/// The test, false rather than null for a missing field.
fn guarded(field: &Text, test: Expr) -> Expr {
    infix::all(vec![Expr::atom(format!("{field} != null")), test], &OPERATORS)
}

fn text(column: &Column, test: &TextTest, case: Case) -> Result<Leaf, Refusal> {
    if test.is_anything() {
        return Ok(present(&syntax::field(&column.name)));
    }
    let literal = match test {
        TextTest::Equals(literal) => Some(literal.as_str()),
        TextTest::StartsWith(_)
        | TextTest::EndsWith(_)
        | TextTest::Contains(_)
        | TextTest::Like(_) => None,
    };
    let textual = matches!(column.ty, ColumnType::Text | ColumnType::Dynamic);
    if literal == Some("") && !textual {
        // No value of these types is empty text, so empty means missing.
        return Ok(absent(&syntax::field(&column.name)));
    }
    match column.ty {
        ColumnType::Text => text_on_text(&test.parts(), literal, case),
        ColumnType::Ip => text_on_address(column, test),
        ColumnType::Integer => literal
            .and_then(|literal| literal.parse::<i64>().ok().filter(|n| n.to_string() == literal))
            .map(|number| Leaf::Values(How::Equal, vec![Text::trusted(number.to_string())]))
            .ok_or_else(|| wrong_column(column, column.ty, text_test(test))),
        ColumnType::Boolean => literal
            .filter(|literal| ["true", "false"].contains(&literal.to_lowercase().as_str()))
            .map(|literal| Leaf::Values(How::Equal, vec![Text::trusted(literal.to_lowercase())]))
            .ok_or_else(|| wrong_column(column, column.ty, text_test(test))),
        ty @ (ColumnType::Real | ColumnType::Time | ColumnType::Dynamic) => {
            Err(wrong_column(column, ty, text_test(test)))
        }
    }
}

fn text_on_text(parts: &[Part], literal: Option<&str>, case: Case) -> Result<Leaf, Refusal> {
    let any = |test: &dyn Fn(&str) -> bool| {
        parts.iter().any(|part| matches!(part, Part::Literal(text) if test(text)))
    };
    let wild = any(&|text| text.contains(['*', '?']));
    let foreign = case == Case::Ignored && any(&lucene::folds_beyond_ascii);
    let values = |how, text: &str| Ok(Leaf::Values(how, vec![syntax::string(text)]));
    match (literal, case) {
        (Some(""), _) => values(How::Equal, ""),
        (Some(literal), Case::Kept) => values(How::Equal, literal),
        (Some(literal), Case::Ignored) if wild && !foreign => values(How::InFolded, literal),
        (_, Case::Ignored) if !wild && !foreign => values(How::Colon, &wildcards(parts)),
        (_, Case::Kept) if !wild => values(How::Like, &wildcards(parts)),
        (_, case) => translated(&lucene::of_parts(parts, case == Case::Ignored)),
    }
}

fn wildcards(parts: &[Part]) -> String {
    let shown = parts.iter().map(|part| match part {
        Part::Literal(text) => text.as_str(),
        Part::Any => "*",
        Part::One => "?",
    });
    shown.collect()
}

fn expression(regex: &Regex, field: &Text) -> Result<Leaf, Refusal> {
    let leaf = translated(regex)?;
    let any = Leaf::Values(How::Regex, vec![syntax::pattern(".*")]);
    Ok(if leaf == any { present(field) } else { leaf })
}

fn translated(regex: &Regex) -> Result<Leaf, Refusal> {
    let lucene = lucene::translate(regex).map_err(|problem| match problem {
        Problem::Construct(construct) => Refusal::new(
            Code::RegexNotPortable,
            format!("Lucene has no counterpart for {construct}"),
            "say it with anchors at the ends, classes and repetitions, or with text tests",
        ),
        Problem::Length(length) => Refusal::new(
            Code::OverLimit,
            format!("the expression takes {length} characters, Elasticsearch reads 1000"),
            "split it into several tests",
        ),
    })?;
    let how = if lucene.folded { How::RegexFolded } else { How::Regex };
    Ok(Leaf::Values(how, vec![syntax::pattern(&lucene.pattern)]))
}

fn text_on_address(column: &Column, test: &TextTest) -> Result<Leaf, Refusal> {
    let networks = |start: &str| {
        let shown = address::starting_with(start)?.into_iter();
        let shown = shown.map(|net| syntax::string(&net.to_string()));
        Some(Leaf::Values(How::Network, shown.collect()))
    };
    let found = match test {
        TextTest::Equals(text) => text
            .parse::<std::net::IpAddr>()
            .ok()
            .map(|address| Leaf::Values(How::Address, vec![syntax::string(&address.to_string())])),
        TextTest::StartsWith(text) => networks(text),
        TextTest::Like(_) | TextTest::EndsWith(_) | TextTest::Contains(_) => None,
    };
    found.ok_or_else(|| wrong_column(column, ColumnType::Ip, text_test(test)))
}

fn text_test(test: &TextTest) -> &'static str {
    match test {
        TextTest::Equals(_) => "this text",
        TextTest::StartsWith(_) => "this `startswith`",
        TextTest::EndsWith(_) => "`endswith`",
        TextTest::Contains(_) => "`contains`",
        TextTest::Like(_) => "a pattern",
    }
}

fn number(column: &Column, cmp: Cmp, value: f64, polarity: Polarity) -> Result<Leaf, Refusal> {
    let shown = syntax::number(value).ok_or_else(|| {
        let message = format!("EQL has no literal for the number `{value}`");
        Refusal::new(Code::OverLimit, message, "use a number below 2^53")
    })?;
    let field = syntax::field(&column.name);
    match (column.ty, cmp) {
        (ColumnType::Integer | ColumnType::Real, Cmp::Eq) => {
            Ok(Leaf::Values(How::Equal, vec![shown]))
        }
        (ColumnType::Integer | ColumnType::Real, Cmp::Neq) => {
            Ok(Leaf::Whole(Expr::atom(format!("{field} != {shown}"))))
        }
        (ColumnType::Integer | ColumnType::Real, Cmp::Lt | Cmp::Lte | Cmp::Gt | Cmp::Gte) => {
            range(column, &field, cmp, &shown, polarity)
        }
        (ColumnType::Text, Cmp::Eq) => {
            Ok(Leaf::Values(How::Equal, vec![syntax::string(shown.as_str())]))
        }
        (ColumnType::Text, Cmp::Neq) => {
            let shown = syntax::string(shown.as_str());
            Ok(Leaf::Whole(Expr::atom(format!("{field} != {shown}"))))
        }
        (
            ty @ (ColumnType::Text
            | ColumnType::Boolean
            | ColumnType::Time
            | ColumnType::Ip
            | ColumnType::Dynamic),
            _,
        ) => Err(wrong_column(column, ty, "a comparison of numbers")),
    }
}

/// Elasticsearch turns `not f > 1` into `f <= 1`, which is false for a missing field and asks for
/// one small value where the field has several.
fn range(
    column: &Column,
    field: &Text,
    cmp: Cmp,
    value: &Text,
    polarity: Polarity,
) -> Result<Leaf, Refusal> {
    let operator = match cmp {
        Cmp::Eq => "==",
        Cmp::Neq => "!=",
        Cmp::Lt => "<",
        Cmp::Lte => "<=",
        Cmp::Gt => ">",
        Cmp::Gte => ">=",
    };
    let test = Expr::atom(format!("{field} {operator} {value}"));
    match polarity {
        Polarity::Positive => Ok(Leaf::Whole(test)),
        Polarity::Negative if column.multi => {
            Err(wrong_column(column, column.ty, "a negated range over several values"))
        }
        Polarity::Negative => Ok(Leaf::Whole(guarded(field, test))),
    }
}

fn boolean(column: &Column, value: bool) -> Result<Leaf, Refusal> {
    let shown = if value { "true" } else { "false" };
    match column.ty {
        ColumnType::Boolean => Ok(Leaf::Values(How::Equal, vec![Text::trusted(shown)])),
        ColumnType::Text => Ok(Leaf::Values(How::Colon, vec![syntax::string(shown)])),
        ty @ (ColumnType::Integer
        | ColumnType::Real
        | ColumnType::Time
        | ColumnType::Ip
        | ColumnType::Dynamic) => Err(wrong_column(column, ty, "a boolean")),
    }
}

fn network(column: &Column, net: &ipnet::IpNet) -> Result<Leaf, Refusal> {
    match (column.ty, net) {
        (ColumnType::Ip, net) => {
            Ok(Leaf::Values(How::Network, vec![syntax::string(&net.trunc().to_string())]))
        }
        (ColumnType::Text, net) => address::expression(*net)
            .map(|expression| Leaf::Values(How::Regex, vec![syntax::pattern(&expression)]))
            .ok_or_else(|| wrong_column(column, column.ty, "a test for this network")),
        (
            ty @ (ColumnType::Integer
            | ColumnType::Real
            | ColumnType::Boolean
            | ColumnType::Time
            | ColumnType::Dynamic),
            _,
        ) => Err(wrong_column(column, ty, "a test for this network")),
    }
}

fn wrong_column(column: &Column, ty: ColumnType, what: &str) -> Refusal {
    let kind = match ty {
        ColumnType::Text => "text",
        ColumnType::Integer => "integer",
        ColumnType::Real => "number",
        ColumnType::Boolean => "boolean",
        ColumnType::Time => "date",
        ColumnType::Ip => "ip",
        ColumnType::Dynamic => "object",
    };
    Refusal::new(
        Code::ColumnOperator,
        format!("EQL cannot apply {what} to the {kind} column `{}`", column.name),
        match ty {
            ColumnType::Ip => "use an address, `cidr`, or a beginning such as `10.`",
            ColumnType::Text => "compare with `==`, or list the values",
            ColumnType::Integer | ColumnType::Real => "compare it with numbers",
            ColumnType::Boolean => "compare it with `true` or `false`",
            ColumnType::Time | ColumnType::Dynamic => "test whether it exists, or another field",
        },
    )
}
