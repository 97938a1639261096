//! Predicates, compiled once and evaluated on many events.
//!
//! `ir::Predicate` + the [`Slots`] of its log source → [`Matcher`]. A slot is a field that some
//! matcher of the log source asks for; per event its texts are taken, and folded, at most once
//! ([`View`]), however many rules look at them.
//!
//! `Not(Test(Image endswith '\a.exe'))` holds of an event without `Image`.

mod glob;
mod grams;
mod needs;
mod prefilter;
mod text;
mod view;

pub use prefilter::Prefilter;
pub use view::{Slots, View};

use std::net::IpAddr;

use ipnet::IpNet;
use regex::RegexBuilder;

use crate::engine::read::part_of_time;
use crate::ir::{Cmp, Op, Predicate, Regex, Test, TextCmp, TextTest, TimePart};
use crate::source::Span;
use crate::taxonomy::Type;

use super::event::Value;
use super::key::canonical;
use needs::{Demand, demands};
use text::{Case, Text};

/// Bytes that a compiled regular expression may take.
const REGEX_SIZE: usize = 10 << 20;

/// A compiled predicate.
#[derive(Debug, Clone)]
pub struct Matcher {
    root: Node,
    /// What it cannot hold without.
    demands: Vec<Demand>,
}

/// A regular expression that does not compile within the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRegex {
    /// The expression.
    pub pattern: String,
    /// Why.
    pub reason: String,
    /// Where it was written, if that is known.
    pub span: Option<Span>,
}

impl Matcher {
    /// Compiles a predicate; the fields it asks for are added to `slots`.
    ///
    /// # Errors
    /// If a regular expression does not compile or would become too large.
    pub fn compile(predicate: &Predicate, slots: &mut Slots) -> Result<Self, BadRegex> {
        Ok(Self { root: node(predicate, slots)?, demands: demands(predicate, slots) })
    }

    /// What tells which of these matchers, by number, are worth asking.
    #[must_use]
    pub fn prefilter<'m>(matchers: impl Iterator<Item = &'m Self>) -> Prefilter {
        Prefilter::new(matchers.map(|matcher| matcher.demands.as_slice()))
    }

    /// Whether the predicate holds of the event.
    #[must_use]
    pub fn holds(&self, view: &View<'_>) -> bool {
        self.root.holds(view)
    }
}

#[derive(Debug, Clone)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Field { slot: usize, check: Check },
    Pair { slot: usize, other: usize, cmp: TextCmp, case: Case },
    Keyword(Text),
    KeywordRegex(regex::Regex),
}

/// A check on one field; it holds if any of the field's values fits.
#[derive(Debug, Clone)]
enum Check {
    Text(Text, Form),
    Number(Cmp, f64),
    Boolean(bool),
    Regex(regex::Regex),
    Cidr(IpNet),
    Exists,
    Null,
    TimePart(TimePart, Cmp, f64),
}

/// How a field's value is spelled when it is compared for equality.
#[derive(Debug, Clone, PartialEq)]
enum Form {
    AsIs,
    Canonical(Type),
}

impl Node {
    fn holds(&self, view: &View<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(view)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(view)),
            Self::Not(part) => !part.holds(view),
            Self::Field { slot, check } => check.holds(view, *slot),
            Self::Pair { slot, other, cmp, case } => pair(view, *slot, *other, *cmp, *case),
            Self::Keyword(text) => {
                view.everything(text.case()).iter().any(|value| text.fits(value))
            }
            Self::KeywordRegex(regex) => {
                view.everything(Case::Exact).iter().any(|value| regex.is_match(value))
            }
        }
    }
}

impl Node {
    /// What evaluating it costs, compared with others.
    fn cost(&self) -> u32 {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::cost).sum(),
            Self::Not(part) => part.cost(),
            Self::Field { check, .. } => check.cost(),
            Self::Pair { .. } => 4,
            Self::Keyword(_) => 200,
            Self::KeywordRegex(_) => 1_000,
        }
    }
}

impl Check {
    fn cost(&self) -> u32 {
        match self {
            Self::Exists | Self::Null | Self::Boolean(_) | Self::Number(..) => 1,
            Self::Text(text, Form::AsIs) => text.cost(),
            Self::Text(_, Form::Canonical(_)) | Self::Cidr(_) | Self::TimePart(..) => 20,
            Self::Regex(_) => 100,
        }
    }

    fn holds(&self, view: &View<'_>, slot: usize) -> bool {
        match self {
            Self::Text(text, Form::AsIs) => {
                view.texts(slot, text.case()).iter().any(|value| text.fits(value))
            }
            Self::Text(text, Form::Canonical(ty)) => {
                view.texts(slot, text.case()).iter().any(|value| text.fits(&canonical(ty, value)))
            }
            Self::Number(Cmp::Neq, value) => !number(view, slot, Cmp::Eq, *value),
            Self::Number(cmp, value) => number(view, slot, *cmp, *value),
            Self::Boolean(wanted) => any(view, slot, |value| value.boolean() == Some(*wanted)),
            Self::Regex(regex) => {
                view.texts(slot, Case::Exact).iter().any(|value| regex.is_match(value))
            }
            Self::Cidr(net) => view
                .texts(slot, Case::Exact)
                .iter()
                .any(|value| value.parse::<IpAddr>().is_ok_and(|address| net.contains(&address))),
            Self::Exists => any(view, slot, |_| true),
            Self::Null => !any(view, slot, |_| true),
            Self::TimePart(part, Cmp::Neq, value) => !time(view, slot, *part, Cmp::Eq, *value),
            Self::TimePart(part, cmp, value) => time(view, slot, *part, *cmp, *value),
        }
    }
}

fn any(view: &View<'_>, slot: usize, fits: impl Fn(&Value) -> bool) -> bool {
    let mut found = false;
    if let Some(value) = view.value(slot) {
        value.scalars(&mut |value| found |= fits(value));
    }
    found
}

fn number(view: &View<'_>, slot: usize, cmp: Cmp, wanted: f64) -> bool {
    any(view, slot, |value| value.number().is_some_and(|number| cmp.holds(number, wanted)))
}

fn time(view: &View<'_>, slot: usize, part: TimePart, cmp: Cmp, wanted: f64) -> bool {
    any(view, slot, |value| {
        part_of_time(value, part).is_some_and(|number| cmp.holds(number.into(), wanted))
    })
}

fn pair(view: &View<'_>, slot: usize, other: usize, cmp: TextCmp, case: Case) -> bool {
    let right = view.texts(other, case);
    view.texts(slot, case).iter().any(|a| {
        right.iter().any(|b| match cmp {
            TextCmp::Equals => a == b,
            TextCmp::StartsWith => a.starts_with(b.as_ref()),
            TextCmp::EndsWith => a.ends_with(b.as_ref()),
            TextCmp::Contains => a.contains(b.as_ref()),
        })
    })
}

fn node(predicate: &Predicate, slots: &mut Slots) -> Result<Node, BadRegex> {
    Ok(match predicate {
        Predicate::All(parts) => Node::All(cheapest_first(nodes(parts, slots)?)),
        Predicate::Any(parts) => alternatives(parts, slots)?,
        Predicate::Not(part) => Node::Not(Box::new(node(part, slots)?)),
        Predicate::Test(test) => field(test, slots)?,
        Predicate::Keyword(text) => Node::Keyword(Text::new(text, Case::Folded)),
        Predicate::KeywordRegex(expression) => Node::KeywordRegex(regex(expression, None)?),
    })
}

fn nodes(parts: &[Predicate], slots: &mut Slots) -> Result<Vec<Node>, BadRegex> {
    parts.iter().map(|part| node(part, slots)).collect()
}

/// A disjunction; tests of one field for many texts become one test.
fn alternatives(parts: &[Predicate], slots: &mut Slots) -> Result<Node, BadRegex> {
    let mut rest = Vec::new();
    let mut groups: Vec<(usize, Case, Vec<&TextTest>)> = Vec::new();
    for part in parts {
        match part {
            Predicate::Test(Test { field, op: Op::Text { test, cased }, .. })
                if text::joins(test) && form(&field.ty, test) == Form::AsIs =>
            {
                let (slot, case) = (slots.add(&field.name), Case::new(*cased));
                match groups.iter_mut().find(|(s, c, _)| (*s, *c) == (slot, case)) {
                    Some((_, _, tests)) => tests.push(test),
                    None => groups.push((slot, case, vec![test])),
                }
            }
            Predicate::All(_)
            | Predicate::Any(_)
            | Predicate::Not(_)
            | Predicate::Test(_)
            | Predicate::Keyword(_)
            | Predicate::KeywordRegex(_) => rest.push(node(part, slots)?),
        }
    }
    let joined = groups.into_iter().flat_map(|(slot, case, tests)| {
        let texts = Text::join(&tests, case);
        texts
            .into_iter()
            .map(move |text| Node::Field { slot, check: Check::Text(text, Form::AsIs) })
    });
    rest.extend(joined);
    Ok(Node::Any(cheapest_first(rest)))
}

/// Parts whose order does not matter, in that of what evaluating them costs.
fn cheapest_first(mut parts: Vec<Node>) -> Vec<Node> {
    parts.sort_by_key(Node::cost);
    parts
}

fn field(test: &Test, slots: &mut Slots) -> Result<Node, BadRegex> {
    let slot = slots.add(&test.field.name);
    let check = match &test.op {
        Op::Text { test: text, cased } => {
            let form = form(&test.field.ty, text);
            let text = match (&form, text) {
                (Form::Canonical(ty), TextTest::Equals(value)) => {
                    Text::new(&TextTest::Equals(canonical(ty, value)), Case::new(*cased))
                }
                _ => Text::new(text, Case::new(*cased)),
            };
            Check::Text(text, form)
        }
        Op::Number { cmp, value } => Check::Number(*cmp, *value),
        Op::Boolean(value) => Check::Boolean(*value),
        Op::Regex(expression) => Check::Regex(regex(expression, Some(test.span))?),
        Op::Cidr(net) => Check::Cidr(*net),
        Op::Exists => Check::Exists,
        Op::Null => Check::Null,
        Op::Field { cmp, other, cased } => {
            let other = slots.add(&other.name);
            return Ok(Node::Pair { slot, other, cmp: *cmp, case: Case::new(*cased) });
        }
        #[expect(clippy::cast_precision_loss, reason = "parts of times are small numbers")]
        Op::TimePart { part, cmp, value } => Check::TimePart(*part, *cmp, *value as f64),
    };
    Ok(Node::Field { slot, check })
}

/// Whether a comparison is one of canonical forms: typed values that are equal to a text.
fn form(ty: &Type, test: &TextTest) -> Form {
    match (test, ty.element()) {
        (TextTest::Equals(_), Type::Guid | Type::Fingerprint(_)) => {
            Form::Canonical(ty.element().clone())
        }
        _ => Form::AsIs,
    }
}

fn regex(expression: &Regex, span: Option<Span>) -> Result<regex::Regex, BadRegex> {
    RegexBuilder::new(&expression.ascii())
        .case_insensitive(expression.ignore_case)
        .multi_line(expression.multiline)
        .dot_matches_new_line(expression.dotall)
        .size_limit(REGEX_SIZE)
        .build()
        .map_err(|error| BadRegex {
            pattern: expression.pattern.clone(),
            reason: error.to_string(),
            span,
        })
}

#[cfg(test)]
mod tests;
