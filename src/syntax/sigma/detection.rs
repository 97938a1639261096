//! `logsource` and `detection`: selections, detection items, values and conditions.
//!
//! A mapping means all of its items, a list any of its entries, texts without a field are keywords.
//!
//! `{sel: [{Image: a}, {Image: b, User: c}], condition: sel}` → the selection
//! `Any([All([Image = a]), All([Image = b, User = c])])` and the condition `Name(sel)`.

use super::field_key;
use super::parse_condition;
use super::shape::{Others, Reader};
use crate::diagnostic::{Code, Diagnostic, Edit, nearest};
use crate::source::Spanned;
use crate::syntax::ast::{
    Condition, Detection, Item, LogSource, Search, Selection, Value, ValueKind,
};
use crate::yaml::{Kind, Meaning, Node, scalar};

/// Reads `logsource`.
pub(super) fn logsource(key: &Node, value: &Node, reader: &mut Reader<'_>) -> Option<LogSource> {
    reader.mapping(key, value)?;
    let known = ["category", "definition", "product", "service"];
    let errors = reader.errors();
    reader.known_parts(value, "logsource", &known, Others::Allowed);
    if reader.errors() > errors {
        return None;
    }
    Some(LogSource {
        span: value.span,
        product: reader.text(value, "product"),
        category: reader.text(value, "category"),
        service: reader.text(value, "service"),
    })
}

/// Reads the mapping of `detection` or `filter`; `others` are its keys that are no selections.
pub(super) fn read(
    document: &Node,
    key: &Node,
    value: &Node,
    others: &[&str],
    reader: &mut Reader<'_>,
) -> Option<Detection> {
    let pairs = reader.mapping(key, value)?;
    let mut selections = Vec::new();
    let mut conditions = Vec::new();
    for (name, content) in pairs {
        match name.text().unwrap_or_default() {
            "condition" => conditions = read_conditions(name, content, reader),
            "timeframe" if content.text().is_some() => reader.report(timeframe(name, content)),
            other if others.contains(&other) => {}
            _ => selections.extend(selection(name, content, reader)),
        }
    }
    if value.get("condition").is_none() {
        reader.report(without_condition(document, key, value));
    } else if selections.is_empty() && !pairs.iter().any(|(name, _)| is_selection(name, others)) {
        let help = "add a selection: a name and the fields it asks for";
        reader.report(
            Diagnostic::new(Code::EmptyValue, key.span, "there is no selection").help(help),
        );
    }
    Some(Detection { span: value.span, selections, conditions })
}

fn is_selection(name: &Node, others: &[&str]) -> bool {
    name.text()
        .is_some_and(|text| !matches!(text, "condition" | "timeframe") && !others.contains(&text))
}

fn timeframe(name: &Node, content: &Node) -> Diagnostic {
    Diagnostic::new(
        Code::AggregationInCondition,
        name.span.to(content.span),
        "`timeframe` is not part of a rule any more",
    )
    .help("put the rule's `name` under `rules` of a `correlation` with a `timespan`")
}

/// Where the condition went: often it is only indented wrongly.
fn without_condition(document: &Node, key: &Node, detection: &Node) -> Diagnostic {
    let owner = key.text().unwrap_or("detection");
    if let Some((condition, _)) = document.entry("condition") {
        let message = format!("`condition` stands outside `{owner}`");
        return Diagnostic::new(Code::MissingKey, condition.span, message)
            .label(key.span, "it belongs in here")
            .help("indent it as far as the selections");
    }
    let mut keys = detection.pairs().unwrap_or_default().iter().map(|(name, _)| name);
    let misspelt = keys.find(|name| is_misspelt(name, "condition"));
    if let Some((name, written)) = misspelt.and_then(|name| Some((name, name.text()?))) {
        let message = format!("the key `condition` is missing; `{written}` is a selection here");
        return Diagnostic::new(Code::MissingKey, name.span, message)
            .help("the nearest name is `condition`");
    }
    let inside = detection.pairs().unwrap_or_default().iter().find_map(|(name, content)| {
        let (condition, _) = content.entry("condition")?;
        Some((name, condition))
    });
    if let Some((name, condition)) = inside {
        let selection = name.text().unwrap_or("…");
        let message = format!("`condition` stands inside the selection `{selection}`");
        return Diagnostic::new(Code::MissingKey, condition.span, message)
            .label(name.span, "it belongs in this column")
            .help("indent it only as far as the selections");
    }
    Diagnostic::new(Code::MissingKey, key.span, "the key `condition` is missing")
        .help("say which selections an event must satisfy, such as `condition: selection`")
}

/// Whether a key is most likely meant to be this one.
pub(super) fn is_misspelt(key: &Node, meant: &str) -> bool {
    key.text().is_some_and(|name| name != meant && nearest(name, [meant]).is_some())
}

fn read_conditions(key: &Node, value: &Node, reader: &mut Reader<'_>) -> Vec<Spanned<Condition>> {
    let single = std::slice::from_ref(value);
    let entries = value.items().unwrap_or(single);
    let mut conditions = Vec::new();
    for entry in entries {
        match entry.text() {
            Some(text) if !text.trim().is_empty() => {
                let places = reader.places(entry);
                conditions.push(reader.within(|found| parse_condition(text, &places, found)));
            }
            Some(_) => reader.empty(key, entry, "name the selections an event must satisfy"),
            None => reader.wrong(key, entry, "text or a list of texts"),
        }
    }
    if entries.is_empty() {
        reader.empty(key, value, "name the selections an event must satisfy");
    }
    conditions
}

/// A selection; one that cannot be read is reported and stays, so that its name is known.
fn selection(name: &Node, content: &Node, reader: &mut Reader<'_>) -> Option<Selection> {
    let search = search(name, content, reader);
    let search = search.unwrap_or_else(|| Search::Any(Vec::new(), content.span));
    Some(Selection { name: name.spanned_text()?, search })
}

/// What a selection, or an entry of its list, asks for.
fn search(name: &Node, content: &Node, reader: &mut Reader<'_>) -> Option<Search> {
    match &content.kind {
        Kind::Mapping(pairs) if !pairs.is_empty() => {
            let items = pairs.iter().filter_map(|(key, value)| item(key, value, reader));
            Some(Search::All(items.map(Search::Item).collect(), content.span))
        }
        Kind::Sequence(entries) if !entries.is_empty() => any(name, content, entries, reader),
        Kind::Scalar { text, .. } if !content.is_null() && !text.is_empty() => {
            keywords(std::slice::from_ref(content), content, reader)
        }
        Kind::Mapping(_) | Kind::Sequence(_) | Kind::Scalar { .. } => {
            reader.empty(name, content, "a selection asks for at least one field or word");
            None
        }
    }
}

/// A list: words only are one item, anything else is alternatives.
fn any(name: &Node, content: &Node, entries: &[Node], reader: &mut Reader<'_>) -> Option<Search> {
    if entries.iter().all(|entry| entry.text().is_some_and(|text| !text.is_empty())) {
        return keywords(entries, content, reader);
    }
    let searches = entries.iter().filter_map(|entry| search(name, entry, reader)).collect();
    Some(Search::Any(searches, content.span))
}

fn keywords(entries: &[Node], content: &Node, reader: &mut Reader<'_>) -> Option<Search> {
    let values = entries.iter().filter_map(|entry| value(entry, reader)).collect();
    Some(Search::Item(Item { span: content.span, field: None, modifiers: Vec::new(), values }))
}

fn item(key: &Node, content: &Node, reader: &mut Reader<'_>) -> Option<Item> {
    let places = reader.places(key);
    let text = key.text()?;
    let name = reader.within(|found| field_key::parse(text, &places, found));
    let values = match &content.kind {
        Kind::Scalar { .. } => value(content, reader).into_iter().collect(),
        Kind::Sequence(entries) if entries.is_empty() => {
            reader.empty(key, content, "give it a value; `null` asks for a missing field");
            return None;
        }
        Kind::Sequence(entries) => {
            entries.iter().filter_map(|entry| one(key, entry, reader)).collect()
        }
        Kind::Mapping(_) => {
            reader.report(nested(key, content));
            return None;
        }
    };
    let name = name?;
    let span = key.span.to(content.span);
    Some(Item { span, field: name.field, modifiers: name.modifiers, values })
}

fn nested(key: &Node, content: &Node) -> Diagnostic {
    let key = key.text().unwrap_or("…");
    let message = format!("`{key}` must be a value or a list of values, found a mapping");
    Diagnostic::new(Code::WrongShape, content.span, message)
        .help("a field within a field is written with a dot; alternatives are a list of mappings")
}

/// An entry of a list of values.
fn one(key: &Node, entry: &Node, reader: &mut Reader<'_>) -> Option<Value> {
    if entry.text().is_none() {
        reader.wrong(key, entry, "a value or a list of values");
        return None;
    }
    value(entry, reader)
}

/// A scalar, with a warning if another YAML reader would see something else.
fn value(node: &Node, reader: &mut Reader<'_>) -> Option<Value> {
    let Kind::Scalar { text, style } = &node.kind else { return None };
    if let Some(other) = scalar::ambiguous(text, *style) {
        let message = format!("`{text}` is text here, but {other} to some YAML readers");
        reader.report(
            Diagnostic::new(Code::YamlAmbiguous, node.span, message)
                .help(unambiguous(text, other))
                .fix([Edit { span: node.span, text: format!("'{text}'") }]),
        );
    }
    let kind = match scalar::meaning(text, *style) {
        Meaning::Text => ValueKind::Text,
        Meaning::Integer(number) => ValueKind::Integer(number),
        Meaning::Float(number) => ValueKind::Float(number),
        Meaning::Boolean(truth) => ValueKind::Boolean(truth),
        Meaning::Null => ValueKind::Null,
    };
    Some(Value { span: node.span, text: text.clone(), kind })
}

/// How to say which of the two is meant.
fn unambiguous(text: &str, other: &str) -> String {
    match other {
        "a boolean" => format!("write '{text}' for the text, or `true` or `false`"),
        "a number" => format!("write '{text}' for the text, or a plain decimal number"),
        _ => format!("write '{text}', in quotes"),
    }
}
