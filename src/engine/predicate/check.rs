//! A test on one field of an event, compiled; it holds if any of the field's values fits.

use std::net::IpAddr;

use ipnet::IpNet;
use regex::RegexBuilder;

use crate::diagnostic::Code;
use crate::engine::event::Value;
use crate::engine::key::canonical;
use crate::engine::read::part_of_time;
use crate::ir::{Cmp, List, Op, Regex, Test, TextCmp, TextTest, TimePart};
use crate::source::Span;
use crate::taxonomy::Type;

use super::text::{Case, Text};
use super::view::{Slot, Slots, View};

/// Bytes that a compiled regular expression may take.
const REGEX_SIZE: usize = 10 << 20;

/// A test that cannot be evaluated: a regular expression that does not compile within the limits, or a
/// list that only platforms know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRegex {
    /// E0404 or E0409.
    pub code: Code,
    /// The expression, or the list.
    pub pattern: String,
    /// Why.
    pub reason: String,
    /// Where it was written, if that is known.
    pub span: Option<Span>,
}

/// A compiled test.
#[derive(Debug, Clone)]
pub(super) enum Check {
    /// Of a field, or of all fields.
    Field(Slot, Of),
    /// Of two fields.
    Pair { slot: Slot, other: Slot, cmp: TextCmp, case: Case },
}

/// What holds of a field's value.
#[derive(Debug, Clone)]
pub(super) enum Of {
    /// One of these texts.
    Text(Vec<Text>),
    /// A text in the canonical form of a type.
    Canonical(Text, Type),
    /// A number.
    Number(Cmp, f64),
    /// A boolean.
    Boolean(bool),
    /// An expression matches.
    Regex(regex::Regex),
    /// An address in a network.
    Cidr(IpNet),
    /// Anything.
    Exists,
    /// Nothing.
    Null,
    /// A part of a time.
    TimePart(TimePart, Cmp, f64),
}

impl Check {
    /// Compiles a test.
    pub(super) fn new(test: &Test, slots: &mut Slots) -> Result<Self, BadRegex> {
        let slot = slots.add(&test.field.name);
        let of = match &test.op {
            Op::Text { test: text, cased } => match (canonical_type(&test.field.ty, text), text) {
                (Some(ty), TextTest::Equals(value)) => {
                    let equals = TextTest::Equals(canonical(ty, value));
                    Of::Canonical(Text::new(&equals, Case::new(*cased)), ty.clone())
                }
                _ => Of::Text(vec![Text::new(text, Case::new(*cased))]),
            },
            Op::Number { cmp, value } => Of::Number(*cmp, *value),
            Op::Boolean(value) => Of::Boolean(*value),
            Op::Regex(expression) => Of::Regex(regex(expression, Some(test.span))?),
            Op::Cidr(net) => Of::Cidr(*net),
            Op::Exists => Of::Exists,
            Op::Null => Of::Null,
            Op::Field { cmp, other, cased } => {
                let other = slots.add(&other.name);
                return Ok(Self::Pair { slot, other, cmp: *cmp, case: Case::new(*cased) });
            }
            Op::Listed { list, cased } => Of::Text(listed(list, *cased, test.span)?),
            #[expect(clippy::cast_precision_loss, reason = "parts of times are small numbers")]
            Op::TimePart { part, cmp, value } => Of::TimePart(*part, *cmp, *value as f64),
        };
        Ok(Self::Field(slot, of))
    }

    /// An expression that matches anywhere in an event.
    pub(super) fn keyword_regex(expression: &Regex) -> Result<Self, BadRegex> {
        Ok(Self::Field(Slot::All, Of::Regex(regex(expression, None)?)))
    }

    /// What it costs, compared with others.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Self::Field(Slot::Field(_), of) => of.cost(),
            Self::Field(Slot::All, of) => of.cost() * 25,
            Self::Pair { .. } => 4,
        }
    }

    /// Whether it holds.
    pub(super) fn holds(&self, view: &mut View<'_>) -> bool {
        match self {
            Self::Field(slot, of) => of.holds(view, *slot),
            Self::Pair { slot, other, cmp, case } => pair(view, *slot, *other, *cmp, *case),
        }
    }
}

impl Of {
    fn cost(&self) -> u32 {
        match self {
            Self::Exists | Self::Null | Self::Boolean(_) | Self::Number(..) => 1,
            Self::Text(texts) => texts.iter().map(Text::cost).sum(),
            Self::Canonical(..) | Self::Cidr(_) | Self::TimePart(..) => 20,
            Self::Regex(_) => 100,
        }
    }

    fn holds(&self, view: &mut View<'_>, slot: Slot) -> bool {
        match self {
            Self::Text(texts) => {
                texts.iter().any(|text| view.any_text(slot, text.case(), |value| text.fits(value)))
            }
            Self::Canonical(text, ty) => {
                view.any_text(slot, text.case(), |value| text.fits(&canonical(ty, value)))
            }
            Self::Number(Cmp::Neq, value) => !number(view, slot, Cmp::Eq, *value),
            Self::Number(cmp, value) => number(view, slot, *cmp, *value),
            Self::Boolean(wanted) => any(view, slot, |value| value.boolean() == Some(*wanted)),
            Self::Regex(regex) => view.any_text(slot, Case::Exact, |value| regex.is_match(value)),
            Self::Cidr(net) => view.any_text(slot, Case::Exact, |value| {
                value.parse::<IpAddr>().is_ok_and(|address| net.contains(&address))
            }),
            Self::Exists => any(view, slot, |_| true),
            Self::Null => !any(view, slot, |_| true),
            Self::TimePart(part, Cmp::Neq, value) => !time(view, slot, *part, Cmp::Eq, *value),
            Self::TimePart(part, cmp, value) => time(view, slot, *part, *cmp, *value),
        }
    }
}

fn any(view: &View<'_>, slot: Slot, fits: impl Fn(&Value) -> bool) -> bool {
    let mut found = false;
    view.values(slot, &mut |value| found |= fits(value));
    found
}

fn number(view: &View<'_>, slot: Slot, cmp: Cmp, wanted: f64) -> bool {
    any(view, slot, |value| value.number().is_some_and(|number| cmp.holds(number, wanted)))
}

fn time(view: &View<'_>, slot: Slot, part: TimePart, cmp: Cmp, wanted: f64) -> bool {
    any(view, slot, |value| {
        part_of_time(value, part).is_some_and(|number| cmp.holds(number.into(), wanted))
    })
}

fn pair(view: &mut View<'_>, slot: Slot, other: Slot, cmp: TextCmp, case: Case) -> bool {
    let mut right: Vec<String> = Vec::new();
    view.any_text(other, case, |text| {
        right.push(text.to_owned());
        false
    });
    view.any_text(slot, case, |a| {
        right.iter().any(|b| match cmp {
            TextCmp::Equals => a == b,
            TextCmp::StartsWith => a.starts_with(b),
            TextCmp::EndsWith => a.ends_with(b),
            TextCmp::Contains => a.contains(b),
        })
    })
}

/// The type in whose canonical form a comparison is made: typed values that are equal to a text.
pub(super) fn canonical_type<'t>(ty: &'t Type, test: &TextTest) -> Option<&'t Type> {
    let ty = ty.element();
    let is_typed = matches!(ty, Type::Guid | Type::Fingerprint(_));
    (is_typed && matches!(test, TextTest::Equals(_))).then_some(ty)
}

/// One of a list's values, which have to be known here.
fn listed(list: &List, cased: bool, span: Span) -> Result<Vec<Text>, BadRegex> {
    let Some(values) = &list.values else {
        let reason = format!(
            "the list `{}` is kept by platforms only: give it values in `[parameters]`",
            list.name
        );
        let (code, pattern) = (Code::ListNotKept, list.name.clone());
        return Err(BadRegex { code, pattern, reason, span: Some(span) });
    };
    let equal = |value: &String| Text::new(&TextTest::Equals(value.clone()), Case::new(cased));
    Ok(values.iter().map(equal).collect())
}

fn regex(expression: &Regex, span: Option<Span>) -> Result<regex::Regex, BadRegex> {
    RegexBuilder::new(&expression.ascii())
        .case_insensitive(expression.ignore_case)
        .multi_line(expression.multiline)
        .dot_matches_new_line(expression.dotall)
        .size_limit(REGEX_SIZE)
        .build()
        .map_err(|error| BadRegex {
            code: Code::BadRegex,
            pattern: expression.pattern.clone(),
            reason: error.to_string(),
            span,
        })
}
