//! What a document says about itself: title, id, tags and the like.
//!
//! `title: t`, `tags: [attack.t1553.004]` → `Meta { title: t, tags: [attack.t1553.004], .. }`.

use super::shape::{Reader, head};
use crate::syntax::ast::Meta;
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
        references: reader.texts(node, "references"),
        tags: reader.texts(node, "tags"),
        falsepositives: reader.texts(node, "falsepositives"),
        fields: reader.texts(node, "fields"),
        accept: reader.texts(node, "accept"),
    }
}
