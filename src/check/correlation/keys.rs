//! `group-by` and `aliases` → the parts of the key, each with its field in every leg.

use super::{Leg, Scope, report};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{FieldRef, Key, Transform};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Alias, Correlation};
use crate::taxonomy::{Hash, Type};

/// The key; what is missing or cannot be compared is reported.
pub(super) fn check(
    correlation: &Correlation,
    legs: &[Leg],
    scope: &mut Scope<'_, '_>,
) -> Vec<Key> {
    for alias in &correlation.aliases {
        check_alias(alias, legs, scope);
    }
    let mut keys: Vec<Key> = Vec::new();
    for name in &correlation.group_by {
        if keys.iter().any(|key| key.name == name.node) {
            let message = format!("`{}` stands in `group-by` twice", name.node);
            report(scope, name.span, message, "list each field once");
            continue;
        }
        let alias = correlation.aliases.iter().find(|alias| alias.name.node == name.node);
        let fields: Vec<Option<(FieldRef, Span)>> =
            legs.iter().map(|leg| field(name, alias, leg, scope)).collect();
        compare(name, &fields, legs, scope);
        let fields = fields
            .into_iter()
            .map(|field| field.map(|(field, _)| (field, Transform::None)))
            .collect();
        keys.push(Key { name: name.node.clone(), fields });
    }
    keys
}

/// Reports rules of an alias that the correlation does not refer to.
fn check_alias(alias: &Alias, legs: &[Leg], scope: &mut Scope<'_, '_>) {
    for (rule, _) in &alias.fields {
        let Some(document) = scope.index.resolve(rule, scope.diagnostics) else { continue };
        if !legs.iter().any(|leg| leg.document == Some(document)) {
            let message = format!("the correlation does not refer to the rule `{}`", rule.node);
            report(scope, rule.span, message, "add it to `rules`, or remove it here");
        }
    }
}

/// The field of a leg that a part of the key means, and where it is named.
fn field(
    name: &Spanned<String>,
    alias: Option<&Alias>,
    leg: &Leg,
    scope: &mut Scope<'_, '_>,
) -> Option<(FieldRef, Span)> {
    let Some(alias) = alias else {
        let found = leg.field(&name.node, scope.taxonomy);
        if found.is_none() {
            scope.diagnostics.push(missing(name, leg, scope));
        }
        return found.map(|field| (field, leg.place));
    };
    let of_leg = alias.fields.iter().find(|(rule, _)| {
        let found = scope.index.find(&rule.node);
        found.is_some() && found == leg.document
    });
    let Some((_, field)) = of_leg else {
        let message =
            format!("the alias `{}` has no field for `{}`", name.node, leg.reference.node);
        let found = Diagnostic::new(Code::KeyMissing, alias.name.span, message)
            .label(leg.reference.span, "this rule needs one")
            .help(format!("add a line `{}: …` to the alias", leg.reference.node));
        scope.diagnostics.push(found);
        return None;
    };
    let found = leg.known_field(field, scope.taxonomy, scope.diagnostics)?;
    Some((found, field.span))
}

fn missing(name: &Spanned<String>, leg: &Leg, scope: &Scope<'_, '_>) -> Diagnostic {
    let source = leg.source();
    let message =
        format!("events of `{}` do not carry the key `{}`", leg.reference.node, name.node);
    let found = Diagnostic::new(Code::KeyMissing, name.span, message)
        .label(leg.place, format!("no `{}` in {source}", name.node));
    match crate::diagnostic::nearest(&name.node, leg.names(scope.taxonomy)) {
        Some(near) => found.help(format!(
            "the nearest name is `{near}`; fields of different names go together by `aliases`"
        )),
        None => found.help("group by a field that all rules have, or define it in `aliases`"),
    }
}

/// Reports fields that cannot be compared with that of the first leg.
fn compare(
    name: &Spanned<String>,
    fields: &[Option<(FieldRef, Span)>],
    legs: &[Leg],
    scope: &mut Scope<'_, '_>,
) {
    let mut known = fields.iter().zip(legs).filter_map(|(field, leg)| Some((field.as_ref()?, leg)));
    let Some(((first, first_span), first_leg)) = known.next() else { return };
    for ((field, span), leg) in known {
        if class(&field.ty) == class(&first.ty) {
            continue;
        }
        let (one, two) = (&first_leg.reference.node, &leg.reference.node);
        let message = format!(
            "the key `{}` is of type {} in `{one}`, but of type {} in `{two}`",
            name.node, first.ty, field.ty
        );
        let help = match (class(&first.ty), class(&field.ty)) {
            (Class::Hash(_), Class::Hash(_)) => {
                "hashes of different algorithms are never equal: use fields of the same one"
            }
            _ => "use fields of the same kind, by `aliases` if their names differ",
        };
        scope.diagnostics.push(
            Diagnostic::new(Code::KeyTypes, name.span, message)
                .label(*first_span, format!("{} here", first.ty))
                .label(*span, format!("{} here", field.ty))
                .help(help),
        );
    }
}

/// Types whose values can be equal to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::check) enum Class {
    Text,
    Number,
    Boolean,
    Ip,
    Time,
    Guid,
    Mac,
    Spki,
    Serial,
    Hash(Hash),
}

/// Which types a value of this type can be equal to.
pub(in crate::check) fn class(ty: &Type) -> Class {
    match ty.element() {
        Type::Text
        | Type::Path
        | Type::Command
        | Type::RegistryPath
        | Type::Hashes
        | Type::Dn
        | Type::Sid
        | Type::Domain
        | Type::Url
        | Type::Enum
        | Type::SignatureState
        | Type::List(_) => Class::Text,
        Type::Integer | Type::Port | Type::Duration => Class::Number,
        Type::Boolean => Class::Boolean,
        Type::Ip => Class::Ip,
        Type::Timestamp => Class::Time,
        Type::Guid => Class::Guid,
        Type::Mac => Class::Mac,
        Type::Spki => Class::Spki,
        Type::Serial => Class::Serial,
        Type::Hash(hash) | Type::Fingerprint(hash) => Class::Hash(*hash),
    }
}
