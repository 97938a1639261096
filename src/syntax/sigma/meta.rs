//! What a document says about itself: title, id, tags and the like.
//!
//! `title: t`, `tags: [attack.t1553.004]` → `Meta { title: t, tags: [attack.t1553.004], .. }`.

use super::shape::{Reader, head};
use crate::syntax::ast::{Meta, Related};
use crate::yaml::Node;

/// The keys of a document that the specification knows, `accept`, which is ours, and two of
/// SigmaHQ's own.
const KNOWN: &[&str] = &[
    "accept",
    "author",
    "correlation",
    "date",
    "description",
    "detection",
    "falsepositives",
    "fields",
    "filter",
    "generate",
    "id",
    "level",
    "license",
    "logsource",
    "modified",
    "name",
    "references",
    "regression_tests_path",
    "related",
    "scope",
    "simulation",
    "status",
    "tags",
    "taxonomy",
    "title",
];

/// Reads the attributes of a document.
pub(super) fn read(node: &Node, reader: &mut Reader<'_>) -> Meta {
    reader.near_misses(node, KNOWN);
    let title = reader.text(node, "title");
    if node.get("title").is_none_or(Node::is_null) {
        reader.missing(head(node), "title", "say in one line what the rule finds");
    }
    Meta {
        span: node.span,
        title,
        id: reader.text(node, "id"),
        name: reader.text(node, "name"),
        description: reader.text(node, "description"),
        status: reader.text(node, "status"),
        level: reader.text(node, "level"),
        author: reader.text(node, "author"),
        date: reader.text(node, "date"),
        modified: reader.text(node, "modified"),
        license: reader.text(node, "license"),
        taxonomy: reader.text(node, "taxonomy"),
        related: related(node, reader),
        references: reader.texts(node, "references"),
        tags: reader.texts(node, "tags"),
        falsepositives: reader.texts(node, "falsepositives"),
        fields: reader.texts(node, "fields"),
        accept: reader.texts(node, "accept"),
    }
}

fn related(node: &Node, reader: &mut Reader<'_>) -> Vec<Related> {
    let Some((key, value)) = node.entry("related") else { return Vec::new() };
    let mut related = Vec::new();
    for entry in value.items().unwrap_or_default() {
        if entry.pairs().is_none() {
            reader.wrong(key, entry, "a list of mappings with `id` and `type`");
            continue;
        }
        let (id, kind) = (reader.text(entry, "id"), reader.text(entry, "type"));
        related.push(Related { span: entry.span, id, kind });
    }
    if value.items().is_none() && !value.is_null() {
        reader.wrong(key, value, "a list of mappings with `id` and `type`");
    }
    related
}
