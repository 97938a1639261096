//! An item as a whole: values beside each other, and modifiers beside values.

use std::collections::BTreeMap;

use super::edit::{quoted, remove_entry, replace};
use super::items::At;
use super::values::{Sign, signs};
use crate::diagnostic::{Code, Diagnostic, Edit};
use crate::source::Span;
use crate::syntax::ast::{Value, ValueKind};

/// Lists with more values than this are not compared value by value.
const MOST_COMPARED: usize = 512;

/// Looks at an item.
pub(super) fn check(at: &At<'_>, found: &mut Vec<Diagnostic>) {
    twice(at, found);
    covered(at, found);
    found.extend(all_of_one(at));
    found.extend(windash(at));
    found.extend(wildcards(at));
}

/// Whether case counts in the values of an item.
fn is_cased(at: &At<'_>) -> bool {
    !at.is_text() || at.has("cased")
}

fn folded(value: &Value, cased: bool) -> String {
    if cased { value.text.clone() } else { value.text.to_lowercase() }
}

fn twice(at: &At<'_>, found: &mut Vec<Diagnostic>) {
    let cased = is_cased(at) && at.item.field.is_some();
    let mut known: BTreeMap<(bool, String), Span> = BTreeMap::new();
    for value in &at.item.values {
        let key = (value.kind == ValueKind::Null, folded(value, cased));
        if let Some(first) = known.get(&key) {
            found.push(
                Diagnostic::new(Code::DuplicateValue, value.span, "the value stands there twice")
                    .label(*first, "first given here")
                    .help("remove it")
                    .fix(remove_entry(value.span, at.text)),
            );
        } else {
            known.insert(key, value.span);
        }
    }
}

/// Values that ask for less than another of the list.
fn covered(at: &At<'_>, found: &mut Vec<Diagnostic>) {
    let comparisons = ["contains", "startswith", "endswith"];
    let Some(comparison) = comparisons.into_iter().find(|comparison| at.has(comparison)) else {
        return;
    };
    if !at.is_text() || at.has("all") || at.has("windash") || at.item.values.len() > MOST_COMPARED {
        return;
    }
    let plain = at.item.values.iter().filter(|value| value.kind == ValueKind::Text);
    let plain = plain.filter(|value| !signs(&value.text).iter().any(|sign| sign.is_wildcard()));
    let plain: Vec<(&Value, String)> =
        plain.map(|value| (value, folded(value, at.has("cased")))).collect();
    for (value, text) in &plain {
        let covers = |other: &str| {
            let shorter = !other.is_empty() && other.len() < text.len();
            shorter
                && match comparison {
                    "contains" => text.contains(other),
                    "startswith" => text.starts_with(other),
                    _ => text.ends_with(other),
                }
        };
        let Some((by, _)) = plain.iter().find(|(_, other)| covers(other)) else { continue };
        let message = format!("`{}` of the same list finds all that this finds", by.text);
        found.push(
            Diagnostic::new(Code::CoveredValue, value.span, message)
                .label(by.span, "this one")
                .help("remove the longer value, or make the shorter one more exact"),
        );
    }
}

fn all_of_one(at: &At<'_>) -> Option<Diagnostic> {
    let all = at.item.modifiers.iter().find(|modifier| modifier.node == "all")?;
    if at.item.values.len() != 1 || at.item.field.is_none() {
        return None;
    }
    let start = (all.span.start as usize).checked_sub(1)?;
    let modifier = Span::new(all.span.source, start, all.span.end as usize);
    let written = at.text.get(modifier.range()).filter(|text| text.eq_ignore_ascii_case("|all"));
    let message = "`all` changes nothing beside a single value";
    let found = Diagnostic::new(Code::AllOfOneValue, all.span, message);
    let found = found.help("remove `|all`, or add the other values");
    Some(found.fix(written.map(|_| replace(modifier, ""))))
}

fn windash(at: &At<'_>) -> Option<Diagnostic> {
    let windash = at.item.modifiers.iter().find(|modifier| modifier.node == "windash")?;
    let dashes = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];
    let none =
        !at.item.values.iter().any(|value| value.text.contains(dashes) || value.text.contains('%'));
    none.then(|| {
        let message = "`windash` finds no dash or slash in the values";
        Diagnostic::new(Code::WindashWithoutDash, windash.span, message)
            .help("remove it, or write the parameter with its dash, such as `' -a '`")
    })
}

/// Wildcards at the ends of all values, where a modifier says the same.
fn wildcards(at: &At<'_>) -> Option<Diagnostic> {
    let others = ["contains", "startswith", "endswith"];
    let field = at.item.field.as_ref().filter(|_| at.is_text())?;
    if others.iter().any(|other| at.has(other)) || at.item.values.is_empty() {
        return None;
    }
    let mut shape = None;
    let mut edits: Vec<Edit> = Vec::new();
    for value in &at.item.values {
        let (before, inner, after) = ends(value)?;
        if *shape.get_or_insert((before, after)) != (before, after) {
            return None;
        }
        edits.push(replace(value.span, quoted(&inner)));
    }
    let modifier = match shape? {
        (true, true) => "contains",
        (false, true) => "startswith",
        (true, false) => "endswith",
        (false, false) => return None,
    };
    let message = format!("the wildcards say what the modifier `{modifier}` says");
    let found = Diagnostic::new(Code::WildcardForModifier, field.span, message);
    let found =
        found.help(format!("write `{}|{modifier}` and leave the wildcards out", field.node));
    let verbatim = at.text.get(field.span.range()) == Some(field.node.as_str());
    if !verbatim {
        return Some(found);
    }
    let end = field.span.end as usize;
    edits.push(replace(Span::new(field.span.source, end, end), format!("|{modifier}")));
    Some(found.fix(edits))
}

/// A value without the `*` at its ends, and whether there was one; it has no other wildcard.
fn ends(value: &Value) -> Option<(bool, String, bool)> {
    if value.kind != ValueKind::Text {
        return None;
    }
    let signs = signs(&value.text);
    let before = signs.first().is_some_and(|sign| sign.is_star());
    let after = signs.len() > 1 && signs.last().is_some_and(|sign| sign.is_star());
    let inner = signs.get(usize::from(before)..signs.len() - usize::from(after))?;
    if inner.is_empty() || inner.iter().any(|sign| sign.is_wildcard()) {
        return None;
    }
    Some((before, inner.iter().map(|sign: &Sign| sign.written()).collect(), after))
}
