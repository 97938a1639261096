//! `GET INDEX/_mapping` or `GET INDEX/_field_caps?fields=*` → fields.
//!
//! `{"i": {"mappings": {"properties": {"a": {"properties": {"b": {"type": "keyword"}}}}}}}` → table
//! `i` with `a.b`: text.

use crate::yaml::Node;

use super::Told;

/// Objects nest at most so deep.
const DEPTH: usize = 32;

/// The fields of each index.
pub(super) fn mapping(tree: &Node) -> Vec<(Option<String>, Vec<Told>)> {
    let indices = tree.pairs().unwrap_or_default();
    let index = |(name, node): &(Node, Node)| {
        let properties = node.get("mappings").unwrap_or(node).get("properties")?;
        Some((name.text().map(str::to_owned), fields_of(properties)))
    };
    match tree.get("mappings").unwrap_or(tree).get("properties") {
        Some(properties) => vec![(None, fields_of(properties))],
        None => indices.iter().filter_map(index).collect(),
    }
}

fn fields_of(properties: &Node) -> Vec<Told> {
    let mut told = Vec::new();
    fields("", properties, DEPTH, &mut told);
    // An alias is of the type of the field that it leads to.
    let types: Vec<(String, Option<&'static str>)> =
        told.iter().map(|field| (field.name.clone(), field.ty)).collect();
    for field in told.iter_mut().filter(|field| field.theirs.starts_with(ALIAS)) {
        let path = field.theirs.strip_prefix(ALIAS).unwrap_or_default();
        field.ty = types.iter().find(|(name, _)| name == path).and_then(|(_, ty)| *ty);
    }
    told
}

/// What stands before the path of an alias.
const ALIAS: &str = "alias of ";

fn fields(parent: &str, properties: &Node, depth: usize, told: &mut Vec<Told>) {
    for (key, field) in properties.pairs().unwrap_or_default() {
        let Some(name) = key.text() else { continue };
        let name = if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
        let theirs = field.get("type").and_then(Node::text);
        let path = field.get("path").and_then(Node::text);
        match (theirs, path) {
            (Some("alias"), Some(path)) => {
                let theirs = format!("{ALIAS}{path}");
                told.push(Told { name: name.clone(), ty: None, theirs, span: key.span });
            }
            (Some("object") | None, _) => {}
            (Some(theirs), _) => {
                let theirs = theirs.to_owned();
                told.push(Told { name: name.clone(), ty: ty(&theirs), theirs, span: key.span });
            }
        }
        for below in ["properties", "fields"] {
            if let Some(properties) = field.get(below).filter(|_| depth > 0) {
                fields(&name, properties, depth - 1, told);
            }
        }
    }
}

/// The fields that the indices hold together.
pub(super) fn field_caps(tree: &Node) -> Vec<Told> {
    let pairs = tree.get("fields").and_then(Node::pairs).unwrap_or_default();
    let field = |(key, types): &(Node, Node)| {
        let names: Vec<&str> = types
            .pairs()?
            .iter()
            .filter(|(_, capability)| capability.get("type").is_some())
            .filter_map(|(name, _)| name.text())
            .filter(|name| *name != "unmapped")
            .collect();
        if names.is_empty() || names == ["object"] {
            return None;
        }
        let mut ours: Vec<_> = names.iter().map(|name| ty(name)).collect();
        ours.dedup();
        let ty = if let [one] = ours.as_slice() { *one } else { None };
        let theirs = names.join("` and `");
        Some(Told { name: key.text()?.to_owned(), ty, theirs, span: key.span })
    };
    pairs.iter().filter_map(field).collect()
}

/// Our name of a type; source: "Field data types" of Elasticsearch's documentation.
fn ty(theirs: &str) -> Option<&'static str> {
    Some(match theirs {
        "keyword" | "wildcard" | "constant_keyword" | "version" => "text",
        "date" | "date_nanos" => "time",
        "long" | "integer" | "short" | "byte" | "unsigned_long" => "integer",
        "double" | "float" | "half_float" | "scaled_float" => "real",
        "boolean" => "boolean",
        "ip" => "ip",
        // Queries cannot compare them, and everyone has some.
        "text" | "match_only_text" | "object" | "nested" | "flattened" | "geo_point"
        | "geo_shape" | "binary" | "alias" | "dense_vector" | "ip_range" | "date_range"
        | "long_range" | "integer_range" | "semantic_text" | "search_as_you_type" => "opaque",
        _ => return None,
    })
}
