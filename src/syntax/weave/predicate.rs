//! What holds of an event: `or` over `and` over `not` over tests.
//!
//! ```text
//! or    = and { "or" and }          and = not { "and" not }
//! not   = "not" not | "(" or ")" | test | row
//! row   = "(" field { "," field } ")" "in" parameter
//! test  = field ["cased"] ( "exists" | "is" ["not"] "null" | operator operand )
//! operand = value | ("any" | "all") set        set = "(" value { "," value } ")" | parameter
//! value = text | number | regex | parameter | field | transform "(" value ")"
//! ```

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{cut, map, opt, value};

use super::input::{
    Mistake, Parsed, Tokens, failure, field, fixed, listed, literal, name, spanned,
};
use super::tree::{Operator, Predicate, Quantity, Test, Value};
use crate::diagnostic::Code;
use crate::source::Spanned;

/// A predicate.
pub(super) fn predicate(input: Tokens<'_>) -> Parsed<'_, Spanned<Predicate>> {
    let (rest, mut parts) = joined("or", and)(input)?;
    let found = match parts.len() {
        1 => parts.remove(0),
        _ => Spanned::new(Predicate::Or(parts), input.span_to(rest)),
    };
    Ok((rest, found))
}

fn and(input: Tokens<'_>) -> Parsed<'_, Spanned<Predicate>> {
    let (rest, mut parts) = joined("and", not)(input)?;
    let found = match parts.len() {
        1 => parts.remove(0),
        _ => Spanned::new(Predicate::And(parts), input.span_to(rest)),
    };
    Ok((rest, found))
}

/// Operands with an operator between them.
pub(super) fn joined<'a, T>(
    operator: &'static str,
    operand: impl Fn(Tokens<'a>) -> Parsed<'a, T>,
) -> impl Fn(Tokens<'a>) -> Parsed<'a, Vec<T>> {
    move |input| {
        let (mut rest, first) = operand(input)?;
        let mut parts = vec![first];
        while rest.at(operator) {
            let (after, next) = operand(rest.rest()).map_err(failure)?;
            parts.push(next);
            rest = after;
        }
        Ok((rest, parts))
    }
}

fn not(input: Tokens<'_>) -> Parsed<'_, Spanned<Predicate>> {
    let deeper = input.deeper()?;
    if input.at("not") {
        let (rest, inner) = not(deeper.rest()).map_err(failure)?;
        let span = input.span_to(rest);
        let found = Spanned::new(Predicate::Not(Box::new(inner)), span);
        return Ok((rest.as_deep_as(input), found));
    }
    if input.at("(") && input.rest().second().is_some_and(|token| super::input::is(token, ",")) {
        return rows(input);
    }
    if input.at("(") {
        let (rest, inner) = predicate(deeper.rest()).map_err(failure)?;
        let (rest, _) = cut(fixed(")", "`)`")).parse(rest)?;
        return Ok((rest.as_deep_as(input), inner));
    }
    let (rest, test) = spanned(test).parse(input)?;
    Ok((rest, Spanned::new(Predicate::Test(test.node), test.span)))
}

/// Several fields that together are a row of a list.
fn rows(input: Tokens<'_>) -> Parsed<'_, Spanned<Predicate>> {
    let (rest, fields) = listed(("(", "`(`"), (")", "`)`"), field("a field")).parse(input)?;
    let (rest, _) = cut(fixed("in", "`in`")).parse(rest)?;
    let (rest, list) = cut(parameter).parse(rest)?;
    Ok((rest, Spanned::new(Predicate::Rows { fields, list }, input.span_to(rest))))
}

fn test(input: Tokens<'_>) -> Parsed<'_, Test> {
    let (rest, (part, field)) = subject(input)?;
    let (rest, cased) = opt(fixed("cased", "`cased`")).parse(rest)?;
    let (rest, (operator, quantity, values)) = cut(alt((without_value, with_value))).parse(rest)?;
    Ok((rest, Test { field, part, cased, operator, quantity, values }))
}

type Subject = (Option<Spanned<String>>, Spanned<String>);

/// A field, or a part of a time.
fn subject(input: Tokens<'_>) -> Parsed<'_, Subject> {
    let (rest, first) = field("a field")(input)?;
    if !rest.at("(") {
        return Ok((rest, (None, first)));
    }
    let (rest, inner) = cut(field("a field")).parse(rest.rest())?;
    let (rest, _) = cut(fixed(")", "`)`")).parse(rest)?;
    Ok((rest, (Some(first), inner)))
}

type Compared = (Spanned<Operator>, Option<Spanned<Quantity>>, Vec<Spanned<Value>>);

fn without_value(input: Tokens<'_>) -> Parsed<'_, Compared> {
    let exists = value(Operator::Exists, fixed("exists", "`exists`"));
    let is_null = |input| {
        let (rest, _) = fixed("is", "`is`")(input)?;
        let (rest, negated) = opt(fixed("not", "`not`")).parse(rest)?;
        let (rest, _) = cut(fixed("null", "`null`")).parse(rest)?;
        Ok((rest, if negated.is_some() { Operator::NotNull } else { Operator::Null }))
    };
    map(spanned(alt((exists, is_null))), |operator| (operator, None, Vec::new())).parse(input)
}

fn with_value(input: Tokens<'_>) -> Parsed<'_, Compared> {
    let (rest, operator) = spanned(operator).parse(input)?;
    if operator.node == Operator::In {
        let (rest, values) = cut(set).parse(rest)?;
        return Ok((rest, (operator, None, values)));
    }
    let any = value(Quantity::Any, fixed("any", "`any`"));
    let all = value(Quantity::All, fixed("all", "`all`"));
    let (rest, quantity) = opt(spanned(alt((any, all)))).parse(rest)?;
    let (rest, values) = if quantity.is_some() {
        cut(set).parse(rest)?
    } else {
        let (rest, only) = cut(self::value_of).parse(rest)?;
        (rest, vec![only])
    };
    Ok((rest, (operator, quantity, values)))
}

/// An operator that stands before a value.
pub(super) fn operator(input: Tokens<'_>) -> Parsed<'_, Operator> {
    let known = Operator::WITH_VALUE.iter().find(|(text, _)| input.at(text));
    if let Some((_, operator)) = known {
        return Ok((input.rest(), *operator));
    }
    if input.at("=") {
        let message = "`=` does not compare".to_owned();
        let found = Mistake::saying(input, Code::WeaveSyntax, message, "write `==`");
        return Err(nom::Err::Failure(found));
    }
    let expected = Mistake::expected(input, "an operator such as `==` or `contains`");
    let written = input.first().map_or("", |token| token.text);
    let names = Operator::WITH_VALUE.iter().map(|(text, _)| *text).chain(["exists"]);
    Err(nom::Err::Error(match crate::diagnostic::nearest(written, names) {
        Some(near) => expected.helped(format!("the nearest name is `{near}`")),
        None => expected.helped(
            "`==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `contains`, `startswith`, `endswith`, \
             `like`, `matches`, `cidr`, `exists`, `is null`",
        ),
    }))
}

/// Several values.
fn set(input: Tokens<'_>) -> Parsed<'_, Vec<Spanned<Value>>> {
    let parameter = map(parameter, |list| vec![list]);
    alt((listed(("(", "`(`"), (")", "`)`"), value_of), parameter)).parse(input)
}

/// `$list`
fn parameter(input: Tokens<'_>) -> Parsed<'_, Spanned<Value>> {
    let (rest, token) = super::input::kind(super::token::Kind::Parameter, "`$list`")(input)?;
    let name = token.text.strip_prefix('$').unwrap_or_default().to_owned();
    Ok((rest, Spanned::new(Value::Parameter(name), token.span)))
}

/// A value, possibly transformed.
fn value_of(input: Tokens<'_>) -> Parsed<'_, Spanned<Value>> {
    let called = input.second().is_some_and(|token| super::input::is(token, "("));
    if !called {
        let known = |input: Tokens<'_>| {
            let reserved = ["and", "or", "not", "any", "all"];
            reserved.iter().any(|word| input.at(word))
        };
        if known(input) {
            return Err(nom::Err::Error(Mistake::expected(input, "a value")));
        }
        return literal(input);
    }
    let deeper = input.deeper()?;
    let (rest, name) = name("a transform").parse(deeper)?;
    let (rest, inner) = cut(value_of).parse(rest.rest())?;
    let (rest, _) = cut(fixed(")", "`)`")).parse(rest)?;
    let call = Value::Call { name, of: Box::new(inner) };
    Ok((rest.as_deep_as(input), Spanned::new(call, input.span_to(rest))))
}
