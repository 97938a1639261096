//! `match` → the parts of the key, and bindings, which only two of the events carry.
//!
//! `host = Computer` → a key of every event; `root.Details == change.Details` → a key whose other
//! fields are `None`.

use super::{event, report};
use crate::check::correlation::keys::{Class, class};
use crate::check::correlation::{Leg, Scope};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::ir::{self, FieldRef, Transform};
use crate::source::{Span, Spanned};
use crate::syntax::ast::WeaveRule;
use crate::syntax::weave::tree::{EventField, Field, Key, KeyField, MatchEntry};
use crate::taxonomy::Hash;

/// All transforms of keys by name.
const TRANSFORMS: &[(&str, Transform)] = &[
    ("lower", Transform::Lower),
    ("basename", Transform::Basename),
    ("dirname", Transform::Dirname),
    ("unquote", Transform::Unquote),
    ("hex40", Transform::Hex40),
    ("hostname", Transform::Hostname),
];

/// A field of an event and where it is named.
type Placed = ((FieldRef, Transform), Span);

/// The key; what is missing or cannot be compared is reported.
pub(super) fn check(rule: &WeaveRule, legs: &[Leg], scope: &mut Scope<'_, '_>) -> Vec<ir::Key> {
    let mut keys: Vec<ir::Key> = Vec::new();
    for entry in &rule.matching {
        let found = match entry {
            MatchEntry::Key(written) => key(written, legs, scope),
            MatchEntry::Binding(span, left, right) => {
                let plain = &left.field.name.node;
                let taken = keys.iter().any(|known| known.name == *plain);
                let name = if taken { written_name(left) } else { plain.clone() };
                binding(Spanned::new(name, *span), [left, right], legs, scope)
            }
            MatchEntry::Over(_) | MatchEntry::Skew(_) => continue,
        };
        if let Some(first) = keys.iter().find(|known| known.name == found.name) {
            let message = format!("`{}` is matched twice", first.name);
            report(scope, place(entry), message, "every part of the key has a name of its own");
            continue;
        }
        keys.push(found);
    }
    keys
}

fn place(entry: &MatchEntry) -> Span {
    match entry {
        MatchEntry::Key(key) => key.name.span,
        MatchEntry::Binding(span, ..) => *span,
        MatchEntry::Over(span) | MatchEntry::Skew(span) => span.span,
    }
}

/// A part of the key of every event.
fn key(written: &Key, legs: &[Leg], scope: &mut Scope<'_, '_>) -> ir::Key {
    if let KeyField::PerEvent(fields) = &written.field {
        for (at, (name, _)) in fields.iter().enumerate() {
            event(name, legs, scope);
            if fields.iter().take(at).any(|(before, _)| before.node == name.node) {
                report(
                    scope,
                    name.span,
                    format!("`{}` stands here twice", name.node),
                    "remove one",
                );
            }
        }
    }
    let fields: Vec<Option<Placed>> = legs.iter().map(|leg| of_leg(written, leg, scope)).collect();
    compare(&written.name, &fields, legs, scope);
    let fields = fields.into_iter().map(|field| field.map(|(field, _)| field)).collect();
    ir::Key { name: written.name.node.clone(), fields }
}

/// The field of an event that a part of the key means.
fn of_leg(written: &Key, leg: &Leg, scope: &mut Scope<'_, '_>) -> Option<Placed> {
    match &written.field {
        KeyField::Same(field) => match leg.field(&field.name.node, scope.taxonomy) {
            Some(found) => transformed(field, found, leg.place, scope),
            None => {
                scope.diagnostics.push(missing(written, field, leg, scope));
                None
            }
        },
        KeyField::PerEvent(fields) => {
            let own = fields.iter().find(|(event, _)| event.node == leg.reference.node);
            let Some((_, field)) = own else {
                let event = &leg.reference.node;
                let message = format!("the key `{}` has no field of `{event}`", written.name.node);
                let found = Diagnostic::new(Code::KeyMissing, written.name.span, message)
                    .label(leg.reference.span, "this event needs one")
                    .help(format!(
                        "add `{event}: …`; `a.x == b.y` binds two events without the others"
                    ));
                scope.diagnostics.push(found);
                return None;
            };
            let found = leg.known_field(&field.name, scope.taxonomy, scope.diagnostics)?;
            transformed(field, found, field.name.span, scope)
        }
    }
}

fn missing(written: &Key, field: &Field, leg: &Leg, scope: &Scope<'_, '_>) -> Diagnostic {
    let (event, name) = (&leg.reference.node, &field.name.node);
    let message = format!("the event `{event}` does not carry the key `{name}`");
    let found = Diagnostic::new(Code::KeyMissing, field.name.span, message)
        .label(leg.place, format!("no `{name}` in {}", leg.source()));
    let key = &written.name.node;
    match nearest(name, leg.names(scope.taxonomy)) {
        Some(near) => found.help(format!(
            "the nearest name is `{near}`; a field per event is `{key} = {{ {event}: {near}, … }}`"
        )),
        None => found.help(format!("name a field per event: `{key} = {{ {event}: …, … }}`")),
    }
}

/// The field with its transform, if that has a meaning for its type.
fn transformed(
    field: &Field,
    found: FieldRef,
    span: Span,
    scope: &mut Scope<'_, '_>,
) -> Option<Placed> {
    let Some(written) = &field.transform else {
        return Some(((found, Transform::None), span));
    };
    let known = TRANSFORMS.iter().find(|(name, _)| *name == written.node);
    let Some((_, transform)) = known else {
        let message = format!("there is no transform `{}` of keys", written.node);
        let names = TRANSFORMS.iter().map(|(name, _)| *name);
        let unknown = Diagnostic::new(Code::UnknownModifier, written.span, message);
        scope.diagnostics.push(match nearest(&written.node, names.clone()) {
            Some(near) => unknown.help(format!("the nearest name is `{near}`")),
            None => {
                unknown.help(format!("transforms are `{}`", names.collect::<Vec<_>>().join("`, `")))
            }
        });
        return None;
    };
    if !found.ty.is_text() {
        let message = format!(
            "`{}` makes no sense for `{}`, which is of type {}",
            written.node, found.name, found.ty
        );
        let wrong = Diagnostic::new(Code::OperatorType, written.span, message);
        scope.diagnostics.push(wrong.help("transforms are for text: compare the field as it is"));
        return None;
    }
    Some(((found, *transform), span))
}

/// What values of a field can be equal to, once they are transformed.
fn class_of((field, transform): &(FieldRef, Transform)) -> Class {
    match transform {
        Transform::None => class(&field.ty),
        Transform::Hex40 => Class::Hash(Hash::Sha1),
        Transform::Lower
        | Transform::Basename
        | Transform::Dirname
        | Transform::Unquote
        | Transform::Hostname => Class::Text,
    }
}

/// Reports fields that cannot be compared with the first one.
fn compare(
    name: &Spanned<String>,
    fields: &[Option<Placed>],
    legs: &[Leg],
    scope: &mut Scope<'_, '_>,
) {
    let mut known = fields.iter().zip(legs).filter_map(|(field, leg)| Some((field.as_ref()?, leg)));
    let Some(((first, first_span), first_leg)) = known.next() else { return };
    for ((field, span), leg) in known {
        if class_of(field) == class_of(first) {
            continue;
        }
        let (one, two) = (&first_leg.reference.node, &leg.reference.node);
        let message = format!(
            "the key `{}` is of type {} in `{one}`, but of type {} in `{two}`",
            name.node, first.0.ty, field.0.ty
        );
        let found = Diagnostic::new(Code::KeyTypes, name.span, message)
            .label(*first_span, format!("{} here", first.0.ty))
            .label(*span, format!("{} here", field.0.ty));
        scope.diagnostics.push(found.help(
            "use fields of the same kind, or a transform: `hex40(…)` finds a SHA-1 in a text",
        ));
    }
}

/// A part of the key that two events carry. Where these are all events of the rule, it is a part of
/// the key like any other.
fn binding(
    Spanned { node: name, span }: Spanned<String>,
    sides: [&EventField; 2],
    legs: &[Leg],
    scope: &mut Scope<'_, '_>,
) -> ir::Key {
    let mut fields: Vec<Option<Placed>> = legs.iter().map(|_| None).collect();
    let at = sides.map(|side| {
        let at = event(&side.event, legs, scope)?;
        let found =
            legs.get(at.0)?.known_field(&side.field.name, scope.taxonomy, scope.diagnostics)?;
        let placed = transformed(&side.field, found, side.span, scope)?;
        *fields.get_mut(at.0)? = Some(placed);
        Some(at)
    });
    if let [Some(one), Some(other)] = at
        && one == other
    {
        let help = "compare fields of one event in its `where`";
        report(scope, span, "both sides are of the same event", help);
    }
    compare(&Spanned::new(name.clone(), span), &fields, legs, scope);
    let fields = fields.into_iter().map(|field| field.map(|(field, _)| field)).collect();
    ir::Key { name, fields }
}

/// The field with its event.
fn written_name(side: &EventField) -> String {
    format!("{}.{}", side.event.node, side.field.name.node)
}
