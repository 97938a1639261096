//! What a predicate cannot hold without: texts of which at least one occurs in its field.
//!
//! `(Image endswith '\a.exe' or Image endswith '\b.exe') and CommandLine contains ' -enc' and not
//! User == 'x'` has two demands: `\a.exe` or `\b.exe` in `Image`, and ` -enc` in `CommandLine`.
//! Rules that demand what an event has not are not looked at ([`Prefilter`](super::Prefilter)).

use std::cmp::Reverse;

use crate::engine::fold::fold;
use crate::ir::{Op, Part, Predicate, Test, TextTest};

use super::grams::GRAM;
use super::view::Slots;
use super::{Form, form};

/// Texts that a demand may name; one that would name more is not made.
const MOST_NEEDS: usize = 5_000;

/// Demands of a predicate that are looked at.
pub(super) const MOST_DEMANDS: usize = 4;

/// A folded text within a field.
pub(super) type Need = (usize, String);

/// Texts of which at least one must occur; of none: the predicate never holds.
pub(super) type Demand = Vec<Need>;

/// What must all be met, the strongest first; empty if the predicate may hold without any text.
/// Recurses as deep as the predicate, which `check` bounds.
pub(super) fn demands(predicate: &Predicate, slots: &mut Slots) -> Vec<Demand> {
    match predicate {
        Predicate::All(parts) => {
            let mut all: Vec<_> = parts.iter().flat_map(|part| demands(part, slots)).collect();
            all.sort_by_cached_key(|demand| Reverse(strength(demand)));
            all.truncate(MOST_DEMANDS);
            all
        }
        Predicate::Any(parts) => any(parts, slots).into_iter().collect(),
        Predicate::Test(test) => of_test(test, slots).into_iter().map(|need| vec![need]).collect(),
        Predicate::Not(_) | Predicate::Keyword(_) | Predicate::KeywordRegex(_) => Vec::new(),
    }
}

/// The demand of alternatives: the strongest of each.
fn any(parts: &[Predicate], slots: &mut Slots) -> Option<Demand> {
    let mut all = Vec::new();
    for part in parts {
        all.extend(demands(part, slots).into_iter().next()?);
        if all.len() > MOST_NEEDS {
            return None;
        }
    }
    Some(all)
}

/// How much a demand leaves out: the longer the shortest text, then the fewer texts, the more.
fn strength(demand: &Demand) -> (usize, Reverse<usize>) {
    let shortest = demand.iter().map(|(_, text)| text.len()).min().unwrap_or(usize::MAX);
    (shortest, Reverse(demand.len()))
}

fn of_test(test: &Test, slots: &mut Slots) -> Option<Need> {
    let Op::Text { test: text, .. } = &test.op else { return None };
    if form(&test.field.ty, text) != Form::AsIs {
        return None;
    }
    let longest = match text {
        TextTest::Equals(text)
        | TextTest::StartsWith(text)
        | TextTest::EndsWith(text)
        | TextTest::Contains(text) => text.as_str(),
        TextTest::Like(parts) => parts.iter().map(literal).max_by_key(|text| text.len())?,
    };
    let folded = fold(longest);
    (folded.len() >= GRAM).then(|| (slots.add(&test.field.name), folded))
}

fn literal(part: &Part) -> &str {
    match part {
        Part::Literal(text) => text,
        Part::Any | Part::One => "",
    }
}
