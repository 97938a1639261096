//! What a predicate cannot hold without: texts of which at least one occurs in its field.
//!
//! `(Image endswith '\a.exe' or Image endswith '\b.exe') and not User == 'x'` needs `\a.exe` or
//! `\b.exe` in `Image`. Rules that need what an event has not are not looked at
//! ([`Prefilter`](super::Prefilter)).

use crate::engine::fold::fold;
use crate::ir::{Op, Part, Predicate, Test, TextTest};

use super::view::Slots;
use super::{Form, form};

/// Texts that a predicate may need at most; a predicate that needs more is always looked at.
const MOST_NEEDS: usize = 5_000;

/// A folded text within a field.
pub(super) type Need = (usize, String);

/// Texts of which one must occur; `None` if it may hold without any. Recurses as deep as the
/// predicate, which `check` bounds.
pub(super) fn needs(predicate: &Predicate, slots: &mut Slots) -> Option<Vec<Need>> {
    match predicate {
        Predicate::All(parts) => {
            let needs: Vec<_> = parts.iter().filter_map(|part| needs(part, slots)).collect();
            needs.into_iter().max_by_key(|needs| strength(needs))
        }
        Predicate::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(needs(part, slots)?);
                if all.len() > MOST_NEEDS {
                    return None;
                }
            }
            Some(all)
        }
        Predicate::Test(test) => of_test(test, slots),
        Predicate::Not(_) | Predicate::Keyword(_) | Predicate::KeywordRegex(_) => None,
    }
}

/// How much needs leave out: the longer the shortest text, then the fewer texts, the more.
fn strength(needs: &[Need]) -> (usize, std::cmp::Reverse<usize>) {
    let shortest = needs.iter().map(|(_, text)| text.len()).min().unwrap_or(usize::MAX);
    (shortest, std::cmp::Reverse(needs.len()))
}

fn of_test(test: &Test, slots: &mut Slots) -> Option<Vec<Need>> {
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
    if longest.is_empty() {
        return None;
    }
    Some(vec![(slots.add(&test.field.name), fold(longest))])
}

fn literal(part: &Part) -> &str {
    match part {
        Part::Literal(text) => text,
        Part::Any | Part::One => "",
    }
}
