//! What is wrong with an overlay beyond what is wrong with a platform file.
//!
//! An overlay is checked like the base (`Platform::prove`). Here it is seen whether it is one for this
//! platform (E0510), whether it says two things that cannot both be (E0511), whether its new names go
//! round in a circle (E0512), and whether what it changes is there at all (E0513).

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::yaml::Node;

use super::expression::{shape, texts, unknown_keys};
use super::layers::{REMOVED, Renames};
use super::schema::{self, Found, Said, Schema};
use super::sections::{Group, Sections};
use super::{EVERY, Platform};

/// Keys of an overlay.
const KEYS: [&str; 8] =
    ["overlay", "platform", "overlays", "rename", "tables", "parts", "rewrites", "logsources"];

/// Reports what is wrong with the platform's overlays.
pub(super) fn prove(platform: &Platform, found: &mut Diagnostics) {
    let context = &platform.context;
    for file in context.layers.files() {
        for table in file.names(Group::Tables) {
            prove_table(file, table, &context.schema, found);
        }
    }
    for (at, overlay, renames) in context.layers.overlays() {
        prove_keys(overlay, &KEYS, found);
        prove_platform(platform, overlay, found);
        prove_rename(overlay, found);
        prove_circle(&renames.columns, found);
        prove_circle(&renames.tables, found);
        prove_renamed(renames, &context.schema, found);
        for name in overlay.names(Group::LogSources) {
            prove_logsource(platform, at, overlay, name, found);
        }
    }
}

/// Reports keys of a file that are none of these.
pub(super) fn prove_keys(file: &Sections, known: &[&str], found: &mut Diagnostics) {
    for key in file.names(Group::Head).filter(|key| !known.contains(key)) {
        let message = format!("unknown key `{key}`");
        found.push(
            Diagnostic::new(Code::PlatformSyntax, file.key(key), message)
                .nearest(key, known.iter().copied()),
        );
    }
}

fn prove_platform(platform: &Platform, overlay: &Sections, found: &mut Diagnostics) {
    let named = overlay.read(Group::Head, "platform", found).map(|node| texts(&node));
    let Some(named) = named else {
        let message = "the overlay does not say for which `platform` it is";
        found.push(
            Diagnostic::new(Code::OverlayPlatform, overlay.span(), message)
                .help(format!("write `platform: {}`", platform.name)),
        );
        return;
    };
    if !named.contains(&platform.name) {
        let message =
            format!("the overlay is for `{}`, not for `{}`", named.join("`, `"), platform.name);
        found.push(Diagnostic::new(Code::OverlayPlatform, overlay.key("platform"), message));
    }
}

/// `rename` has the form `{columns: {old: new}, tables: {old: new}}`.
fn prove_rename(overlay: &Sections, found: &mut Diagnostics) {
    let Some(node) = overlay.read(Group::Head, "rename", found) else { return };
    if node.pairs().is_none() {
        found.push(shape(&node, "`{columns: {old: new}, tables: {old: new}}`"));
    }
    unknown_keys(&node, &["columns", "tables"], found);
    for (_, names) in node.pairs().unwrap_or_default() {
        let pairs = names.pairs().unwrap_or_default();
        let odd = pairs.iter().map(|(_, new)| new).find(|new| new.text().is_none_or(str::is_empty));
        match (names.pairs(), odd) {
            (None, _) => found.push(shape(names, "old names and their new ones")),
            (Some(_), Some(odd)) => found.push(shape(odd, "a new name")),
            (Some(_), None) => {}
        }
    }
}

/// E0512: following new names leads back to an old one. E0511: two things get one name.
fn prove_circle(renames: &BTreeMap<String, (String, Span)>, found: &mut Diagnostics) {
    let mut taken: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
    for (old, (new, span)) in renames {
        let mut way = vec![old.as_str(), new.as_str()];
        while let Some((next, _)) = way.last().and_then(|last| renames.get(*last)) {
            way.push(next);
            if next == old || way.len() > renames.len() + 1 {
                break;
            }
        }
        let is_circle = way.len() > 1 && way.last() == way.first();
        // A circle is told once, at its first name.
        if is_circle && way.iter().min() == way.first() {
            let message = format!("names go round in a circle: `{}`", way.join("` → `"));
            found.push(
                Diagnostic::new(Code::OverlayCircle, *span, message)
                    .help("say what each is called in the end"),
            );
        }
        if let Some((other, first)) = taken.insert(new, (old, *span)) {
            let message = format!("`{other}` and `{old}` are both renamed to `{new}`");
            found.push(
                Diagnostic::new(Code::OverlayContradiction, *span, message)
                    .label(first, "also here"),
            );
        }
    }
}

/// E0513 for columns and tables that are not there; E0511 for names that are taken already.
fn prove_renamed(renames: &Renames, schema: &Schema, found: &mut Diagnostics) {
    for (old, (new, span)) in &renames.columns {
        let tables = schema
            .names()
            .filter(|name| !matches!(schema.tables([*name]).column(old), Found::Nothing));
        let tables: Vec<&str> = tables.collect();
        if tables.is_empty() {
            let message = format!("no table of the platform has a column `{old}`");
            let all = schema.tables(schema.names());
            found.push(
                Diagnostic::new(Code::OverlayNothing, *span, message).nearest(old, all.names()),
            );
        }
        let clash = tables.iter().find_map(|table| {
            let columns = schema.tables([*table]);
            match (columns.column(old), columns.column(new)) {
                (Found::Column(old), Found::Column(new)) if old.ty != new.ty => Some((*table, new)),
                _ => None,
            }
        });
        if let Some((table, other)) = clash.filter(|_| !renames.columns.contains_key(new)) {
            let holds = other.ty.describe();
            let message = format!("`{table}` has a column `{new}` already, which holds {holds}");
            found.push(Diagnostic::new(Code::OverlayContradiction, *span, message));
        }
    }
}

/// What an overlay or a platform file says about a table: types are known, nothing is said twice.
fn prove_table(file: &Sections, table: &str, schema: &Schema, found: &mut Diagnostics) {
    let said = schema.said(file.source(), table);
    let mut known: BTreeMap<&str, Said<'_>> = BTreeMap::new();
    let mut told: Option<&str> = None;
    for one in &said {
        let is_type = schema::held(one.key).is_some();
        if !is_type && ![schema::NONE, schema::COMPLETE].contains(&one.key) {
            if told != Some(one.key) {
                let message = format!("there is no type `{}`", one.key);
                let names = schema::types().chain([schema::NONE, schema::COMPLETE]);
                found.push(
                    Diagnostic::new(Code::PlatformSyntax, one.key_span, message)
                        .nearest(one.key, names),
                );
            }
            told = Some(one.key);
            continue;
        }
        if one.key == schema::COMPLETE {
            continue;
        }
        if let Some(first) = known.insert(one.name, *one).filter(|first| first.key != one.key) {
            let message = format!("`{}` is `{}` and `{}` at once", one.name, first.key, one.key);
            found.push(
                Diagnostic::new(Code::OverlayContradiction, one.span, message)
                    .at(format!("`{}` here", one.key))
                    .label(first.span, format!("`{}` here", first.key)),
            );
        } else if one.key == schema::NONE {
            prove_none(file, table, one, schema, found);
        }
    }
}

/// E0513: a column that is taken away has to be there.
fn prove_none(
    file: &Sections,
    table: &str,
    none: &Said<'_>,
    schema: &Schema,
    found: &mut Diagnostics,
) {
    let Some(index) = schema.index(file.source()) else { return };
    let before = schema.before(table, index);
    if !before.has(none.name) {
        let message = format!("`{table}` has no column `{}` that could be taken away", none.name);
        found.push(
            Diagnostic::new(Code::OverlayNothing, none.span, message)
                .nearest(none.name, before.names()),
        );
    }
}

/// E0513: what is taken away is there; E0511: a field is not mapped and taken away at once.
fn prove_logsource(
    platform: &Platform,
    at: usize,
    overlay: &Sections,
    name: &str,
    found: &mut Diagnostics,
) {
    let mut quiet = Diagnostics::default();
    let Some(node) = overlay.read(Group::LogSources, name, &mut quiet) else { return };
    let layers = &platform.context.layers;
    let below = layers.files().take(at);
    let is_held = below.flat_map(|file| file.names(Group::LogSources));
    let is_held = is_held.into_iter().any(|known| known == name || known == EVERY);
    if node.text() == Some(REMOVED) {
        if !is_held {
            let message = format!("`{}` does not hold `{name}` anyway", platform.name);
            let span = overlay.name(Group::LogSources, name);
            found.push(
                Diagnostic::new(Code::OverlayNothing, span, message)
                    .nearest(name, platform.logsources()),
            );
        }
        return;
    }
    let one = std::slice::from_ref(&node);
    for place in node.items().unwrap_or(one) {
        prove_absent(place, found);
    }
}

/// E0511: a field is mapped and absent.
fn prove_absent(place: &Node, found: &mut Diagnostics) {
    let absent = place.get("absent").and_then(Node::items).unwrap_or_default();
    let mapped = place.get("fields").and_then(Node::pairs).unwrap_or_default();
    let same = place.get("same").and_then(Node::items).unwrap_or_default();
    let names: Vec<&Node> = mapped.iter().map(|(name, _)| name).chain(same).collect();
    for field in absent {
        let Some(name) = names.iter().find(|name| name.text() == field.text()) else { continue };
        let message = format!("`{}` is mapped and absent", field.text().unwrap_or_default());
        found.push(
            Diagnostic::new(Code::OverlayContradiction, field.span, message)
                .at("absent here")
                .label(name.span, "mapped here"),
        );
    }
}

#[cfg(test)]
mod tests;
