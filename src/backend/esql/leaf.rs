//! A test on a column → what ES|QL says of that field.
//!
//! `Image endswith '\cmd.exe'` → `TO_LOWER(process.executable) LIKE """*\\cmd.exe"""`: comparisons of
//! ES|QL mind case, so both sides are lowered. A comparison with a missing field is null, and with
//! a field of several values, too: what a column with several values can say goes through the
//! functions that know them.

use crate::backend::infix;
use crate::backend::lucene::{self, Problem};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::words::comparison;
use crate::ir::{Cmp, Op, Part, Regex, Test, TextCmp, TextTest, TimePart};
use crate::plan::Let;
use crate::platform::{Column, ColumnType};

use super::operand::{Operand, call};
use super::syntax::{self, Expr, OPERATORS, Text};

/// What ES|QL says of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Says {
    /// It is one of the values; values of tests that are alternatives can be merged.
    OneOf(Text, Vec<Text>),
    /// Something else, complete.
    Whole(Expr),
}

impl Says {
    /// As an expression.
    pub(super) fn into_expr(self) -> Expr {
        match self {
            Self::Whole(expr) => expr,
            Self::OneOf(left, values) => match values.as_slice() {
                [only] => Expr::atom([left.as_str(), " == ", only.as_str()].concat()),
                _ => Expr::atom(format!("{left} IN ({})", Text::join(values, ", "))),
            },
        }
    }
}

/// A test that is printed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    /// What is said.
    pub(super) says: Says,
    /// It is null where one of these is, and true or false elsewhere.
    pub(super) null_with: Vec<Text>,
}

/// Whether case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// It does.
    Kept,
    /// It does not.
    Ignored,
}

/// A refusal, to be placed at its test.
#[derive(Debug)]
pub(super) struct Refusal {
    code: Code,
    message: String,
    help: String,
}

impl Refusal {
    /// E0602, with a way out.
    pub(super) fn construct(message: impl Into<String>, help: &str) -> Self {
        Self { code: Code::NotExpressible, message: message.into(), help: help.to_owned() }
    }

    /// At its place.
    pub(super) fn at(self, span: crate::source::Span) -> Diagnostic {
        Diagnostic::new(self.code, span, self.message).help(self.help)
    }
}

/// What ES|QL says for a test; `lets`: values that have to be computed. `!=` is that of the
/// opposite: the printer of predicates negates it.
pub(super) fn leaf(test: &Test<Column>, lets: &[Let]) -> Result<Leaf, Refusal> {
    let operand = Operand::of(&test.field, lets)?;
    let says = match &test.op {
        Op::Exists => return Ok(total(format!("{} IS NOT NULL", operand.text))),
        Op::Null => return Ok(total(format!("{} IS NULL", operand.text))),
        Op::Text { test, .. } if test.is_anything() => {
            return Ok(total(format!("{} IS NOT NULL", operand.text)));
        }
        Op::Text { test: TextTest::Equals(text), .. }
            if text.is_empty() && operand.ty != ColumnType::Text =>
        {
            // No value of these types is empty text, so empty means missing.
            return Ok(total(format!("{} IS NULL", operand.text)));
        }
        Op::Text { test, cased } => text(&operand, test, Case::of(*cased))?,
        Op::Number { cmp, value } => number(&operand, *cmp, *value)?,
        Op::Boolean(value) => boolean(&operand, *value)?,
        Op::Regex(regex) => expression(&operand, regex)?,
        Op::Cidr(network) => cidr(&operand, network)?,
        Op::Field { cmp, other, cased } => {
            let other = Operand::of(other, lets)?;
            let says = fields(&operand, *cmp, &other, Case::of(*cased))?;
            return Ok(Leaf { says, null_with: vec![operand.text, other.text] });
        }
        Op::Listed { list, .. } => {
            return Err(Refusal::construct(
                format!("ES|QL cannot ask the list `{}` for one of its entries", list.name),
                "give the list values in `[parameters]`",
            ));
        }
        Op::TimePart { part, cmp, value } => {
            time_part(&operand, test.field.is_written_time(), (*part, *cmp, *value))?
        }
    };
    Ok(Leaf { says, null_with: vec![operand.text] })
}

impl Case {
    fn of(cased: bool) -> Self {
        if cased { Self::Kept } else { Self::Ignored }
    }
}

fn total(text: String) -> Leaf {
    Leaf { says: Says::Whole(Expr::atom(text)), null_with: Vec::new() }
}

fn whole(text: String) -> Says {
    Says::Whole(Expr::atom(text))
}

/// A comparison of text.
pub(super) fn text(operand: &Operand, test: &TextTest, case: Case) -> Result<Says, Refusal> {
    let literal = match test {
        TextTest::Equals(literal) => Some(literal.as_str()),
        TextTest::StartsWith(_)
        | TextTest::EndsWith(_)
        | TextTest::Contains(_)
        | TextTest::Like(_) => None,
    };
    let parts = test.parts();
    match operand.ty {
        ColumnType::Text if operand.multi => element(operand, test, case),
        ColumnType::Text => text_on_text(&operand.text, &parts, literal, case),
        ColumnType::Ip if literal.is_some() => Ok(address(operand, literal.unwrap_or_default())),
        ColumnType::Integer if literal.is_some_and(is_number) => {
            Ok(one_of(operand, operand.text.clone(), Text::trusted(literal.unwrap_or_default())))
        }
        ColumnType::Integer | ColumnType::Boolean | ColumnType::Ip if !operand.multi => {
            // These have no upper case letters.
            let stored = call("TO_STRING", &[&operand.text]);
            let lowered = lowered(&parts, case);
            let literal = literal.map(|literal| match case {
                Case::Kept => literal.to_owned(),
                Case::Ignored => literal.to_lowercase(),
            });
            text_on_text(&stored, &lowered, literal.as_deref(), Case::Kept)
        }
        ColumnType::Integer
        | ColumnType::Boolean
        | ColumnType::Ip
        | ColumnType::Real
        | ColumnType::Time
        | ColumnType::Dynamic => Err(wrong_column(operand, "a test of text")),
    }
}

fn text_on_text(
    operand: &Text,
    parts: &[Part],
    literal: Option<&str>,
    case: Case,
) -> Result<Says, Refusal> {
    let any = |test: &dyn Fn(&str) -> bool| {
        parts.iter().any(|part| matches!(part, Part::Literal(text) if test(text)))
    };
    if case == Case::Ignored && any(&folds_otherwise) {
        return matches(operand, &lucene::of_parts(parts, true));
    }
    let folded =
        case == Case::Ignored && any(&|text| text.contains(|c: char| c.is_ascii_alphabetic()));
    let left = if folded { call("TO_LOWER", &[operand]) } else { operand.clone() };
    Ok(match literal {
        Some(literal) if folded => {
            Says::OneOf(left, vec![syntax::string(&literal.to_ascii_lowercase())])
        }
        Some(literal) => Says::OneOf(left, vec![syntax::string(literal)]),
        None => {
            let pattern = match folded {
                true => syntax::like(&lowered(parts, case)),
                false => syntax::like(parts),
            };
            whole([left.as_str(), " LIKE ", pattern.as_str()].concat())
        }
    })
}

/// Letters that `TO_LOWER` may treat otherwise than the folding of case does: versions of
/// Elasticsearch differ beyond ASCII.
fn folds_otherwise(text: &str) -> bool {
    lucene::folds_beyond_ascii(text) || text.contains('\u{130}')
}

fn lowered(parts: &[Part], case: Case) -> Vec<Part> {
    let lower = |part: &Part| match (part, case) {
        (Part::Literal(text), Case::Ignored) => Part::Literal(text.to_ascii_lowercase()),
        (Part::Literal(_) | Part::Any | Part::One, _) => part.clone(),
    };
    parts.iter().map(lower).collect()
}

/// A test of the elements of a column with several values: some element equals or holds the text.
fn element(operand: &Operand, test: &TextTest, case: Case) -> Result<Says, Refusal> {
    let (TextTest::Equals(text) | TextTest::Contains(text)) = test else {
        return Err(wrong_column(operand, "a test of a part of each value"));
    };
    if case == Case::Ignored && folds_otherwise(text) {
        return Err(wrong_column(operand, "this text without regard to case"));
    }
    let (left, text) = match case {
        Case::Kept => (operand.text.clone(), text.clone()),
        Case::Ignored => (call("TO_LOWER", &[&operand.text]), text.to_ascii_lowercase()),
    };
    if matches!(test, TextTest::Equals(_)) {
        return Ok(holds_element(&left, &syntax::string(&text)));
    }
    // What lies within one element does not hold what stands between two.
    let between = ["\n", "\t"].into_iter().find(|between| !text.contains(between));
    let Some(between) = between else {
        return Err(wrong_column(operand, "a text with line breaks and tabs"));
    };
    let joined = call("MV_CONCAT", &[&left, &syntax::string(between)]);
    let pattern = syntax::like(&[Part::Any, Part::Literal(text), Part::Any]);
    Ok(whole(format!("{joined} LIKE {pattern}")))
}

/// One of several values is this one: adding it adds nothing new.
pub(super) fn holds_element(values: &Text, one: &Text) -> Says {
    let with = call("MV_DEDUPE", &[&call("MV_APPEND", &[values, one])]);
    let without = call("MV_DEDUPE", &[values]);
    whole(format!("MV_COUNT({with}) == MV_COUNT({without})"))
}

fn one_of(operand: &Operand, left: Text, value: Text) -> Says {
    if operand.multi { holds_element(&left, &value) } else { Says::OneOf(left, vec![value]) }
}

fn is_number(literal: &str) -> bool {
    literal.parse::<i64>().is_ok_and(|number| number.to_string() == literal)
}

fn address(operand: &Operand, literal: &str) -> Says {
    match literal.parse::<std::net::IpAddr>() {
        Ok(address) => {
            let address = call("TO_IP", &[&syntax::string(&address.to_string())]);
            one_of(operand, operand.text.clone(), address)
        }
        // No address is spelt so.
        Err(_) => whole(OPERATORS.never.to_owned()),
    }
}

/// An expression, for whole values; Lucene's are matched with regard to case.
fn matches(operand: &Text, regex: &Regex) -> Result<Says, Refusal> {
    let found = lucene::translate(regex).and_then(|found| match found.folded {
        true if !found.pattern.is_ascii() => lucene::spelt(regex),
        true | false => Ok(found),
    });
    let lucene = found.map_err(|problem| match problem {
        Problem::Construct(construct) => Refusal {
            code: Code::RegexNotPortable,
            message: format!("Lucene has no counterpart for {construct}"),
            help: "say it with anchors at the ends, classes and repetitions, or with text tests"
                .to_owned(),
        },
        Problem::Length(length) => Refusal {
            code: Code::OverLimit,
            message: format!("the expression takes {length} characters, Elasticsearch reads 1000"),
            help: "split it into several tests".to_owned(),
        },
    })?;
    let left = if lucene.folded { call("TO_LOWER", &[operand]) } else { operand.clone() };
    Ok(whole(match lucene.pattern.as_str() {
        ".*" => format!("{operand} IS NOT NULL"),
        pattern => format!("{left} RLIKE {}", syntax::raw(pattern)),
    }))
}

fn expression(operand: &Operand, regex: &Regex) -> Result<Says, Refusal> {
    match operand.ty {
        _ if operand.multi => Err(wrong_column(operand, "a regular expression")),
        ColumnType::Text => matches(&operand.text, regex),
        ColumnType::Integer | ColumnType::Boolean | ColumnType::Ip => {
            matches(&call("TO_STRING", &[&operand.text]), regex)
        }
        ColumnType::Real | ColumnType::Time | ColumnType::Dynamic => {
            Err(wrong_column(operand, "a regular expression"))
        }
    }
}

fn number(operand: &Operand, cmp: Cmp, value: f64) -> Result<Says, Refusal> {
    let shown = syntax::number(value).ok_or_else(|| Refusal {
        code: Code::OverLimit,
        message: format!("ES|QL has no literal for the number `{value}`"),
        help: "use a number below 2^53".to_owned(),
    })?;
    let (left, sign) = (&operand.text, comparison(cmp));
    match (operand.ty, cmp) {
        (ColumnType::Integer | ColumnType::Real, Cmp::Eq | Cmp::Neq) => {
            Ok(one_of(operand, left.clone(), shown))
        }
        // Some value is above the limit if the largest is.
        (ColumnType::Integer | ColumnType::Real, Cmp::Gt | Cmp::Gte) if operand.multi => {
            Ok(whole(format!("MV_MAX({left}) {sign} {shown}")))
        }
        (ColumnType::Integer | ColumnType::Real, Cmp::Lt | Cmp::Lte) if operand.multi => {
            Ok(whole(format!("MV_MIN({left}) {sign} {shown}")))
        }
        (ColumnType::Integer | ColumnType::Real, Cmp::Lt | Cmp::Lte | Cmp::Gt | Cmp::Gte) => {
            Ok(whole(format!("{left} {sign} {shown}")))
        }
        (ColumnType::Text, Cmp::Eq | Cmp::Neq) => {
            Ok(one_of(operand, left.clone(), syntax::string(shown.as_str())))
        }
        (ColumnType::Text, Cmp::Lt | Cmp::Lte | Cmp::Gt | Cmp::Gte) if !operand.multi => {
            let digits = format!("{left} RLIKE {}", syntax::raw(r"[+\-]?[0-9]+(\.[0-9]*)?"));
            let compared = format!("TO_DOUBLE({left}) {sign} {shown}");
            let both = vec![Expr::atom(digits), Expr::atom(compared)];
            Ok(Says::Whole(infix::all(both, &OPERATORS)))
        }
        (
            ColumnType::Text
            | ColumnType::Boolean
            | ColumnType::Time
            | ColumnType::Ip
            | ColumnType::Dynamic,
            _,
        ) => Err(wrong_column(operand, "a comparison of numbers")),
    }
}

fn boolean(operand: &Operand, value: bool) -> Result<Says, Refusal> {
    let (shown, upper) = if value { ("true", "TRUE") } else { ("false", "FALSE") };
    match operand.ty {
        ColumnType::Boolean => Ok(one_of(operand, operand.text.clone(), Text::trusted(upper))),
        ColumnType::Text => {
            let left = call("TO_LOWER", &[&operand.text]);
            Ok(one_of(operand, left, syntax::string(shown)))
        }
        ColumnType::Integer
        | ColumnType::Real
        | ColumnType::Time
        | ColumnType::Ip
        | ColumnType::Dynamic => Err(wrong_column(operand, "a boolean")),
    }
}

/// An address within a network. Text that is an IPv4 address is none of IPv6, and the other way
/// round, whereas Elasticsearch maps one into the other.
fn cidr(operand: &Operand, network: &ipnet::IpNet) -> Result<Says, Refusal> {
    let shown = syntax::string(&network.trunc().to_string());
    let left = &operand.text;
    match operand.ty {
        ColumnType::Ip if !operand.multi => Ok(whole(format!("CIDR_MATCH({left}, {shown})"))),
        ColumnType::Text if !operand.multi => {
            let family = match network {
                ipnet::IpNet::V4(_) => format!("NOT {left} LIKE \"*:*\""),
                ipnet::IpNet::V6(_) => format!("{left} LIKE \"*:*\""),
            };
            let within = format!("COALESCE(CIDR_MATCH(TO_IP({left}), {shown}), FALSE)");
            let both = vec![Expr::atom(family), Expr::atom(within)];
            Ok(Says::Whole(infix::all(both, &OPERATORS)))
        }
        ColumnType::Ip
        | ColumnType::Text
        | ColumnType::Integer
        | ColumnType::Real
        | ColumnType::Boolean
        | ColumnType::Time
        | ColumnType::Dynamic => Err(wrong_column(operand, "a test for a network")),
    }
}

fn fields(left: &Operand, cmp: TextCmp, right: &Operand, case: Case) -> Result<Says, Refusal> {
    let as_text = |operand: &Operand| match (operand.ty, case) {
        _ if operand.multi => Err(wrong_column(operand, "a comparison with another field")),
        (ColumnType::Text, Case::Kept) => Ok(operand.text.clone()),
        (ColumnType::Text, Case::Ignored) => Ok(call("TO_LOWER", &[&operand.text])),
        (ColumnType::Integer | ColumnType::Boolean | ColumnType::Ip, _) => {
            Ok(call("TO_STRING", &[&operand.text]))
        }
        (ColumnType::Real | ColumnType::Time | ColumnType::Dynamic, _) => {
            Err(wrong_column(operand, "a comparison with another field"))
        }
    };
    let (a, b) = (as_text(left)?, as_text(right)?);
    Ok(whole(match cmp {
        TextCmp::Equals => format!("{a} == {b}"),
        TextCmp::StartsWith => format!("STARTS_WITH({a}, {b})"),
        TextCmp::EndsWith => format!("ENDS_WITH({a}, {b})"),
        TextCmp::Contains => format!("LOCATE({a}, {b}) > 0"),
    }))
}

/// A time in UTC as Sysmon and Windows write it.
const UTC: &str = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z?";

/// A part of a time in UTC: taken of a time, cut out of a text.
fn time_part(
    operand: &Operand,
    written: bool,
    (part, cmp, value): (TimePart, Cmp, i64),
) -> Result<Says, Refusal> {
    let (field, from, length) = match part {
        TimePart::Minute => ("minute_of_hour", 15, 2),
        TimePart::Hour => ("hour_of_day", 12, 2),
        TimePart::Day => ("day_of_month", 9, 2),
        TimePart::Month => ("month_of_year", 6, 2),
        TimePart::Year => ("year", 1, 4),
        TimePart::Week => {
            let message = "ES|QL has no number for the ISO week of a time";
            return Err(Refusal::construct(message, "use the month, the day or the hour"));
        }
    };
    match operand.ty {
        ColumnType::Time if !operand.multi => {
            let taken = call("DATE_EXTRACT", &[&syntax::string(field), &operand.text]);
            Ok(whole(format!("{taken} {} {value}", comparison(cmp))))
        }
        ColumnType::Text if written => {
            let written = format!("{} RLIKE {}", operand.text, syntax::raw(UTC));
            let taken = format!("TO_INTEGER(SUBSTRING({}, {from}, {length}))", operand.text);
            let compared = Expr::atom(format!("{taken} {} {value}", comparison(cmp)));
            Ok(Says::Whole(infix::all(vec![Expr::atom(written), compared], &OPERATORS)))
        }
        ColumnType::Text
        | ColumnType::Integer
        | ColumnType::Real
        | ColumnType::Boolean
        | ColumnType::Time
        | ColumnType::Ip
        | ColumnType::Dynamic => Err(wrong_column(operand, "a test of a part of the time")),
    }
}

fn wrong_column(operand: &Operand, what: &str) -> Refusal {
    let several = if operand.multi { "several values: " } else { "" };
    Refusal {
        code: Code::ColumnOperator,
        message: format!(
            "ES|QL cannot apply {what} to `{}`, which holds {several}{}",
            operand.name,
            operand.ty.describe()
        ),
        help: match (operand.multi, operand.ty) {
            (true, _) => "compare it with `==`, use `contains`, or use the target `eql`",
            (false, ColumnType::Text) => "compare it with `==`, or list the values",
            (false, ColumnType::Integer | ColumnType::Real) => "compare it with numbers",
            (false, ColumnType::Boolean) => "compare it with `true` or `false`",
            (false, ColumnType::Ip) => "use an address, a text test, or `cidr`",
            (false, ColumnType::Time | ColumnType::Dynamic) => {
                "test whether it exists, or another field"
            }
        }
        .to_owned(),
    }
}
