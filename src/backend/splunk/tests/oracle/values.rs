//! Random computed columns in several places.

use serde_json::{Value, json};

use super::predicates::{Event, holds, objects, some_event, some_text};
use super::*;
use crate::platform::{Member, Piece, Rewrite, Scalar};

const COLUMNS: &[&str] = &["a", "b", "c.d"];

/// Anchored patterns with as many groups as the number says.
const PATTERNS: &[(&str, u8)] = &[
    (r"^a", 0),
    (r"^\\(foo)?", 1),
    (r"x$", 0),
    (r"(B|\?)(1)?$", 2),
    (r"^(a|B)([^x]{2})", 2),
    (r"^\.?1", 0),
];

fn some_scalar(dice: &mut Dice, depth: usize) -> Scalar {
    let inner = |dice: &mut Dice| some_scalar(dice, depth - 1);
    match dice.roll(if depth == 0 { 3 } else { 9 }) {
        0 | 1 => Scalar::Column(column(COLUMNS[dice.roll(COLUMNS.len())])),
        2 => Scalar::Constant(some_text(dice)),
        3 => Scalar::Join((0..2 + dice.roll(2)).map(|_| inner(dice)).collect()),
        4 => Scalar::Default(Box::new(inner(dice)), some_text(dice)),
        5 | 6 => {
            let rewrites = (0..1 + dice.roll(2)).map(|_| some_rewrite(dice)).collect();
            Scalar::Rewrite(Box::new(inner(dice)), rewrites)
        }
        7 => Scalar::Case(
            (0..1 + dice.roll(2))
                .map(|_| ((0..dice.roll(3)).map(|_| some_condition(dice)).collect(), inner(dice)))
                .collect(),
        ),
        _ => Scalar::Hex(Box::new(inner(dice)), u8::try_from(dice.roll(4)).unwrap()),
    }
}

fn some_rewrite(dice: &mut Dice) -> Rewrite {
    let (pattern, groups) = *dice.pick(PATTERNS);
    let mut replacement = vec![Piece::Text(some_text(dice))];
    if groups > 0 {
        replacement.push(Piece::Group(1 + u8::try_from(dice.roll(usize::from(groups))).unwrap()));
        replacement.push(Piece::Text(some_text(dice)));
    }
    Rewrite::new(pattern, replacement)
}

fn some_condition(dice: &mut Dice) -> Condition {
    Condition {
        column: column(COLUMNS[dice.roll(COLUMNS.len())]),
        any_of: (0..1 + dice.roll(2))
            .map(|_| ["x1aB", "1aB", "aB", "B"][dice.roll(4)].to_owned())
            .collect(),
        negated: dice.roll(3) == 0,
    }
}

/// The value for an event; none if it is missing.
fn value(scalar: &Scalar, event: &Event) -> Option<String> {
    match scalar {
        Scalar::Column(column) => event.get(&column.name).map(|values| values[0].clone()),
        Scalar::Constant(text) => Some(text.clone()),
        Scalar::Join(parts) => {
            let varies = |part: &&Scalar| !matches!(part, Scalar::Constant(_));
            let mut varying = parts.iter().filter(varies).peekable();
            if varying.peek().is_some() && varying.all(|part| value(part, event).is_none()) {
                return None;
            }
            Some(parts.iter().filter_map(|part| value(part, event)).collect())
        }
        Scalar::Default(inner, text) => {
            Some(value(inner, event).filter(|found| !found.is_empty()).unwrap_or(text.clone()))
        }
        Scalar::Rewrite(inner, rewrites) => {
            let text = value(inner, event)?;
            Some(rewrites.iter().fold(text, |text, rewrite| rewritten(&text, rewrite)))
        }
        Scalar::Case(cases) => {
            let fits = |condition: &Condition| {
                let values = event.get(&condition.column.name).map_or(&[][..], Vec::as_slice);
                let equal = |value: &String| {
                    condition.any_of.iter().any(|other| other.eq_ignore_ascii_case(value))
                };
                values.iter().any(equal) != condition.negated
            };
            let first = cases.iter().find(|(conditions, _)| conditions.iter().all(fits))?;
            value(&first.1, event)
        }
        Scalar::Member(_, Member::Data(_) | Member::Attribute(..)) => {
            unreachable!("not among the values that are tried")
        }
        Scalar::Member(column, Member::Json(path)) => {
            let object: Value = serde_json::from_str(event.get(&column.name)?.first()?).ok()?;
            let member = path.iter().try_fold(&object, |object, name| object.get(name))?;
            member.as_str().map(str::to_owned)
        }
        Scalar::Hex(inner, digits) => {
            let text = value(inner, event)?;
            let width = usize::from(*digits);
            Some(text.parse::<u64>().map_or(text, |number| format!("{number:0width$x}")))
        }
        Scalar::Spelt(..) | Scalar::Without(..) => unreachable!("for keys, which are columns here"),
    }
}

fn rewritten(text: &str, rewrite: &Rewrite) -> String {
    let pattern = ::regex::Regex::new(&format!("(?i){}", rewrite.pattern)).unwrap();
    let replace = |captures: &::regex::Captures<'_>| {
        let pieces = rewrite.replacement.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Group(group) => {
                captures.get(usize::from(*group)).map_or("", |group| group.as_str())
            }
        });
        pieces.collect::<String>()
    };
    pattern.replacen(text, 1, replace).into_owned()
}

/// A predicate over computed columns of two places, events, and which of them it holds of.
pub(super) fn case(dice: &mut Dice) -> Value {
    let (mut legs, mut found) = (Vec::new(), Vec::new());
    for name in ["one", "two"].iter().take(1 + dice.roll(2)) {
        let scalar = some_scalar(dice, 2);
        let text = some_text(dice);
        let predicate = Predicate::any([
            ends("Computed", &text),
            cased("Computed", TextTest::StartsWith(some_text(dice))),
            number("Computed", Cmp::Eq, 16.0),
            contains("a", &some_text(dice)),
        ]);
        let mut leg = leg(place(&[("place", &[name])]), predicate.clone());
        leg.lets = vec![computed("Computed", scalar.clone())];
        legs.push(leg);
        found.push(((*name).to_owned(), scalar, predicate));
    }
    let events: Vec<Event> = (0..30)
        .map(|_| {
            let mut event = some_event(dice);
            let name = ["one", "two", "three"][dice.roll(3)];
            event.insert("place".to_owned(), vec![name.to_owned()]);
            event
        })
        .collect();
    let expected: Vec<usize> = (0..events.len())
        .filter(|at| {
            let event = &events[*at];
            let here = |name: &String| event["place"][0] == *name;
            let Some((_, scalar, predicate)) = found.iter().find(|(name, ..)| here(name)) else {
                return false;
            };
            let mut event = event.clone();
            event.extend(value(scalar, &event).map(|text| ("Computed".to_owned(), vec![text])));
            holds(predicate, &event)
        })
        .collect();
    json!({
        "kind": "filter", "query": render(legs).unwrap(), "events": objects(&events),
        "expected": expected, "rule": format!("{found:?}"),
    })
}
