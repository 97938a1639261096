//! The syntax tree of a file → its rules, each with what it needs of the file.
//!
//! `meta: title = "t"` → [`Meta::title`]; what a section says is moved to its place in
//! [`WeaveRule`], whatever the order of the sections.

use std::sync::Arc;

use super::tree::{Body, Item, List, MetaEntry, RuleTree, Script, Value};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Spanned;
use crate::syntax::ast::{Document, Meta, WeaveRule};

/// Keys of `meta`.
const KEYS: &[&str] = &[
    "title",
    "id",
    "description",
    "status",
    "level",
    "author",
    "date",
    "modified",
    "license",
    "references",
    "tags",
    "falsepositives",
    "fields",
    "accept",
];

/// The rules of a file.
pub(super) fn documents(script: &Script<'_>, diagnostics: &mut Diagnostics) -> Vec<Document> {
    let mut lists: Vec<List> = Vec::new();
    for item in &script.items {
        let Item::List(list) = item else { continue };
        if let Some(first) = lists.iter().find(|known| known.name.node == list.name.node) {
            let message = format!("another list has the name `{}`", list.name.node);
            diagnostics.push(
                Diagnostic::new(Code::WeaveSyntax, list.name.span, message)
                    .label(first.name.span, "it stands here first")
                    .help("every list has a name of its own"),
            );
        } else {
            lists.push(list.clone());
        }
    }
    let lists = Arc::new(lists);
    let rules = script.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(self::rule(rule, &lists, diagnostics)),
        Item::List(_) => None,
    });
    rules.map(|rule| Document::Weave(Box::new(rule))).collect()
}

fn rule(tree: &RuleTree, lists: &Arc<Vec<List>>, diagnostics: &mut Diagnostics) -> WeaveRule {
    let meta = Meta { span: tree.span, name: Some(tree.name.clone()), ..Meta::default() };
    let mut rule = WeaveRule {
        meta,
        lists: Arc::clone(lists),
        params: Vec::new(),
        events: Vec::new(),
        matching: Vec::new(),
        condition: None,
        show: Vec::new(),
        suppress: None,
        complete: tree.complete,
    };
    for section in &tree.sections {
        match &section.body {
            Body::Meta(entries) => {
                entries.iter().for_each(|entry| meta_entry(entry, &mut rule.meta, diagnostics));
            }
            Body::Params(params) => rule.params.extend(params.iter().cloned()),
            Body::Events(events) => rule.events.extend(events.iter().cloned()),
            Body::Match(entries) => rule.matching.extend(entries.iter().cloned()),
            Body::Condition(conditions) => {
                if let Some(second) = conditions.get(1) {
                    let message = "the rule has a second condition";
                    let found = Diagnostic::new(Code::WeaveSyntax, second.span, message);
                    diagnostics.push(found.help("join the two by `and` or `or`"));
                    rule.complete = false;
                }
                rule.condition = conditions.first().cloned();
            }
            Body::Show(fields) => rule.show.extend(fields.iter().cloned()),
            Body::Alert(entries) => rule.suppress = entries.first().cloned(),
        }
    }
    rule
}

fn meta_entry(entry: &MetaEntry, meta: &mut Meta, diagnostics: &mut Diagnostics) {
    let key = entry.key.node.as_str();
    let one = match key {
        "title" => &mut meta.title,
        "id" => &mut meta.id,
        "description" => &mut meta.description,
        "status" => &mut meta.status,
        "level" => &mut meta.level,
        "author" => &mut meta.author,
        "date" => &mut meta.date,
        "modified" => &mut meta.modified,
        "license" => &mut meta.license,
        _ => return meta_list(entry, meta, diagnostics),
    };
    if one.is_some() {
        let message = format!("`{key}` stands in `meta` twice");
        let found = Diagnostic::new(Code::WeaveSyntax, entry.key.span, message);
        diagnostics.push(found.help("remove one of them"));
        return;
    }
    match text(&entry.value) {
        Some(text) => *one = Some(text),
        None => {
            let message = format!("`{key}` must be text or a word");
            diagnostics.push(Diagnostic::new(Code::WrongShape, entry.value.span, message));
        }
    }
}

fn meta_list(entry: &MetaEntry, meta: &mut Meta, diagnostics: &mut Diagnostics) {
    let key = entry.key.node.as_str();
    let list = match key {
        "references" => &mut meta.references,
        "tags" => &mut meta.tags,
        "falsepositives" => &mut meta.falsepositives,
        "fields" => &mut meta.fields,
        "accept" => &mut meta.accept,
        _ => {
            let message = format!("`meta` has no key `{key}`");
            let found = Diagnostic::new(Code::UnknownKey, entry.key.span, message);
            diagnostics.push(found.nearest(key, KEYS.iter().copied()));
            return;
        }
    };
    let alone = std::slice::from_ref(&entry.value);
    let values = entry.value.node.list().unwrap_or(alone);
    for value in values {
        match text(value) {
            Some(text) => list.push(text),
            None => {
                let message = format!("`{key}` must be a list of texts or words");
                diagnostics.push(Diagnostic::new(Code::WrongShape, value.span, message));
            }
        }
    }
}

/// The text of a value that is one.
fn text(value: &Spanned<Value>) -> Option<Spanned<String>> {
    match &value.node {
        Value::Text(text) | Value::Number(text) | Value::Word(text) => {
            Some(Spanned::new(text.clone(), value.span))
        }
        Value::Regex { .. } | Value::Parameter(_) | Value::List(_) | Value::Call { .. } => None,
    }
}
