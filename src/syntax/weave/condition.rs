//! What holds of several events.
//!
//! ```text
//! or      = and { "or" and }            and = not { "and" not }
//! not     = "not" event "within" duration ("before" | "after" | "around") [event]
//!         | "not" not | "(" or ")" | score | compare | of | chain
//! of      = (number | "any" | "all") "of" "(" or { "," or } ")"
//! chain   = event { "then" { "not" event "then" } event ["within" duration] }
//! compare = function "(" … ")" operator number
//! score   = "score" "(" class { "," class } ")" ">=" number     class = weight { "|" weight }
//! ```

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{cut, opt};
use nom::multi::separated_list1;

use super::input::{
    Mistake, Parsed, Tokens, failure, field, fixed, is, listed, plain_name, quantity, spanned,
};
use super::predicate::{joined, operator};
use super::token::Kind;
use super::tree::{Compare, EventField, Expr, Field, Link, Quantity, Value};
use crate::diagnostic::Code;
use crate::source::Spanned;

/// What messages call any part of a condition.
const PART: &str = "an event or a function such as `count(…)`";

/// Functions over the fields of events.
const OVER_FIELDS: &[&str] = &["distinct", "sum", "avg", "min", "max", "median", "percentile"];

/// A condition.
pub(super) fn condition(input: Tokens<'_>) -> Parsed<'_, Spanned<Expr>> {
    let (rest, mut parts) = joined("or", and)(input)?;
    let found = match parts.len() {
        1 => parts.remove(0),
        _ => Spanned::new(Expr::Or(parts), input.span_to(rest)),
    };
    Ok((rest, found))
}

fn and(input: Tokens<'_>) -> Parsed<'_, Spanned<Expr>> {
    let (rest, mut parts) = joined("and", not)(input)?;
    let found = match parts.len() {
        1 => parts.remove(0),
        _ => Spanned::new(Expr::And(parts), input.span_to(rest)),
    };
    Ok((rest, found))
}

fn not(input: Tokens<'_>) -> Parsed<'_, Spanned<Expr>> {
    let deeper = input.deeper()?;
    if input.at("not") {
        if input.all().get(2).is_some_and(|token| is(token, "within")) {
            return spanned(absent).parse(input);
        }
        let (rest, inner) = not(deeper.rest()).map_err(failure)?;
        let found = Spanned::new(Expr::Not(Box::new(inner)), input.span_to(rest));
        return Ok((rest.as_deep_as(input), found));
    }
    if input.at("(") {
        let (rest, inner) = condition(deeper.rest()).map_err(failure)?;
        let (rest, _) = cut(fixed(")", "`)`")).parse(rest)?;
        return Ok((rest.as_deep_as(input), inner));
    }
    let (rest, found) = spanned(alt((of, score, compare, chain))).parse(deeper)?;
    Ok((rest.as_deep_as(input), found))
}

/// An event of the rule.
pub(super) fn event(input: Tokens<'_>) -> Parsed<'_, Spanned<String>> {
    plain_name("the name of an event")(input)
}

fn absent(input: Tokens<'_>) -> Parsed<'_, Expr> {
    let (rest, event_) = cut(event).parse(input.rest())?;
    let (rest, span) = cut(quantity("a duration such as `24h`")).parse(rest.rest())?;
    let anchors =
        alt((fixed("before", "`before`"), fixed("after", "`after`"), fixed("around", "`around`")));
    let word = rest.first().map_or("", |token| token.text).to_owned();
    let (rest, anchor) = cut(anchors).parse(rest)?;
    let (rest, of) = opt(event).parse(rest)?;
    Ok((rest, Expr::Absent { event: event_, span, anchor: Spanned::new(word, anchor), of }))
}

/// `2 of (a, b, c)`
fn of(input: Tokens<'_>) -> Parsed<'_, Expr> {
    let amount = match input.first() {
        Some(token) if is(token, "any") => Quantity::Any,
        Some(token) if is(token, "all") => Quantity::All,
        Some(token) if token.kind == Kind::Number => match token.text.parse() {
            Ok(number) => Quantity::AtLeast(number),
            Err(_) => return Err(nom::Err::Error(Mistake::expected(input, PART))),
        },
        _ => return Err(nom::Err::Error(Mistake::expected(input, PART))),
    };
    let (rest, _) = cut(fixed("of", "`of`")).parse(input.rest())?;
    let (rest, parts) = cut(listed(("(", "`(`"), (")", "`)`"), condition)).parse(rest)?;
    Ok((rest, Expr::Of(amount, parts)))
}

fn score(input: Tokens<'_>) -> Parsed<'_, Expr> {
    let (rest, _) = called("score", input)?;
    let weight = |input| {
        let (rest, event) = event(input)?;
        let (rest, _) = cut(fixed(":", "`:`")).parse(rest)?;
        let (rest, weight) = cut(quantity("a weight")).parse(rest)?;
        Ok((rest, (event, weight)))
    };
    let class = separated_list1(fixed("|", "`|`"), weight);
    let (rest, classes) = cut(listed(("(", "`(`"), (")", "`)` or `|`"), class)).parse(rest)?;
    let (rest, (operator, value)) = limit(rest)?;
    Ok((rest, Expr::Score { classes, operator, value }))
}

fn compare(input: Tokens<'_>) -> Parsed<'_, Expr> {
    if let Ok((rest, function)) = called("count", input) {
        let (rest, events) = cut(listed(("(", "`(`"), (")", "`)`"), event)).parse(rest)?;
        let (rest, (operator, value)) = limit(rest)?;
        let (fields, percentile) = (Vec::new(), None);
        let found = Compare { function, events, fields, percentile, operator, value };
        return Ok((rest, Expr::Compare(found)));
    }
    let known = OVER_FIELDS.iter().find_map(|name| called(name, input).ok());
    let Some((rest, function)) = known else {
        return Err(nom::Err::Error(Mistake::expected(input, PART)));
    };
    let field = |input| alt((event_field.map(Ok), quantity("a percentile").map(Err))).parse(input);
    let (after, arguments) = cut(listed(("(", "`(`"), (")", "`)`"), field)).parse(rest)?;
    let (mut fields, mut percentile) = (Vec::new(), None);
    for argument in arguments {
        match argument {
            Ok(field) => fields.push(field),
            Err(number) if percentile.is_none() && function.node == "percentile" => {
                percentile = Some(number);
            }
            Err(_) => {
                let found = Mistake::expected(rest.rest(), "fields such as `a.User`");
                return Err(nom::Err::Failure(found));
            }
        }
    }
    let (rest, (operator, value)) = limit(after)?;
    let events = Vec::new();
    let found = Compare { function, events, fields, percentile, operator, value };
    Ok((rest, Expr::Compare(found)))
}

fn unknown_function(name: &str, at: Tokens<'_>) -> Mistake {
    let known = OVER_FIELDS.iter().copied().chain(["count", "score"]);
    let message = format!("there is no function `{name}`");
    let help = match crate::diagnostic::nearest(name, known.clone()) {
        Some(near) => format!("the nearest name is `{near}`"),
        None => format!("functions are `{}`", known.collect::<Vec<_>>().join("`, `")),
    };
    Mistake::saying(at, Code::WeaveSyntax, message, &help)
}

/// A function's name, if `(` follows.
fn called<'a>(name: &'static str, input: Tokens<'a>) -> Parsed<'a, Spanned<String>> {
    let open = input.second().is_some_and(|token| is(token, "("));
    match input.first().filter(|token| open && is(token, name)) {
        Some(token) => Ok((input.rest(), Spanned::new(name.to_owned(), token.span))),
        None => Err(nom::Err::Error(Mistake::expected(input, PART))),
    }
}

type Limit = (Spanned<super::tree::Operator>, Spanned<Value>);

/// `>= 10`
fn limit(input: Tokens<'_>) -> Parsed<'_, Limit> {
    let (rest, operator) = cut(spanned(operator)).parse(input)?;
    let (rest, value) = cut(quantity("a number")).parse(rest)?;
    Ok((rest, (operator, value)))
}

fn chain(input: Tokens<'_>) -> Parsed<'_, Expr> {
    let (mut rest, first) = plain_name(PART)(input)?;
    if rest.at("(") {
        return Err(nom::Err::Failure(unknown_function(&first.node, input)));
    }
    if !rest.at("then") {
        return Ok((rest, Expr::Name(first.node)));
    }
    let mut links = vec![Link { event: first, without: Vec::new(), within: None }];
    while rest.at("then") {
        let (after, link) = step(rest.rest())?;
        links.push(link);
        rest = after;
    }
    Ok((rest, Expr::Chain(links)))
}

/// `not x then b within 5m`, behind a `then`.
fn step(input: Tokens<'_>) -> Parsed<'_, Link> {
    let (mut rest, mut without) = (input, Vec::new());
    while rest.at("not") {
        let (after, event) = cut(event).parse(rest.rest())?;
        without.push(event);
        (rest, _) = cut(fixed("then", "`then`")).parse(after)?;
    }
    let (rest, event) = cut(event).parse(rest).map_err(|error| match error {
        nom::Err::Failure(mistake) => nom::Err::Failure(
            mistake.helped("only events stand in an order, as in `a then b then c`"),
        ),
        other @ (nom::Err::Error(_) | nom::Err::Incomplete(_)) => other,
    })?;
    if !rest.at("within") {
        return Ok((rest, Link { event, without, within: None }));
    }
    let (rest, within) = cut(quantity("a duration such as `5m`")).parse(rest.rest())?;
    Ok((rest, Link { event, without, within: Some(within) }))
}

/// `root.TargetObject`, or a transform of it.
pub(super) fn event_field(input: Tokens<'_>) -> Parsed<'_, EventField> {
    let called = input.second().is_some_and(|token| is(token, "("));
    let (rest, transform) = if called {
        let (rest, transform) = plain_name("a transform")(input)?;
        (rest.rest(), Some(transform))
    } else {
        (input, None)
    };
    let (mut rest, (event, name)) = dotted(rest)?;
    if called {
        (rest, _) = cut(fixed(")", "`)`")).parse(rest)?;
    }
    let span = input.span_to(rest);
    Ok((rest, EventField { span, event, field: Field { name, transform } }))
}

/// `event.field`
fn dotted(input: Tokens<'_>) -> Parsed<'_, (Spanned<String>, Spanned<String>)> {
    let shown = "a field of an event such as `a.User`";
    let refused = || nom::Err::Error(Mistake::expected(input, shown));
    let word = input.first().filter(|token| token.kind == Kind::Word).ok_or_else(refused)?;
    let (event, field_) = word.text.split_once('.').ok_or_else(refused)?;
    let middle = word.span.start as usize + event.len();
    let part = |text: &str, start: usize| {
        let span = crate::source::Span::new(word.span.source, start, start + text.len());
        Spanned::new(text.to_owned(), span)
    };
    let event = part(event, word.span.start as usize);
    if !field_.is_empty() {
        return Ok((input.rest(), (event, part(field_, middle + 1))));
    }
    let quoted = input.second().filter(|token| token.kind == Kind::Quoted);
    quoted.ok_or_else(refused)?;
    let (rest, name) = field(shown)(input.rest())?;
    Ok((rest, (event, name)))
}
