//! A mapping expression of a platform file → [`Scalar`].
//!
//! ```yaml
//! Image: InitiatingProcessFolderPath                   # a column
//! EventType: {text: SetValue}                          # always the same text
//! User: {join: [AccountDomain, '\', AccountName]}      # what looks like no name is text
//! Details: {case: [{where: {Type: Dword}, then: {hex: Data, digits: 8}}, {then: Data}]}
//! tls.fingerprint: {unseparated: fingerprint}          # `AB:CD` is `abcd`
//! QueryName: {json: AdditionalFields, member: DnsQueryString}
//! Result: {xml: UserData, element: Result, attribute: value}
//! TargetObject: {column: Key, default: '(Default)', rewrite: registry, nulls: ['-']}
//! Hashes: {hashes: {SHA1: SHA1, MD5: MD5}}             # `SHA1=…,MD5=…`
//! ```

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::taxonomy::Type;
use crate::yaml::Node;

use super::schema::{self, Found, Tables};
use super::types::other_algorithm;
use super::{Column, Condition, Context, Member, Resolved, Rewrite, Scalar, Spelling};

/// Keys of an expression that say what it is.
const FORMS: [&str; 9] =
    ["column", "text", "join", "case", "hex", "unseparated", "json", "xml", "hashes"];
/// Algorithms of a list of hashes.
const ALGORITHMS: [&str; 4] = ["MD5", "SHA1", "SHA256", "IMPHASH"];
/// Keys that may stand beside them.
const OPTIONS: [&str; 9] =
    ["default", "digits", "member", "data", "element", "attribute", "rewrite", "nulls", "lacks"];
/// Expressions nest at most so deep.
const DEPTH: usize = 8;

/// What expressions refer to.
pub(super) struct Scope<'a> {
    /// The platform.
    pub(super) context: &'a Context,
    /// Names of the place's tables.
    pub(super) names: &'a [String],
    /// Columns of the place.
    pub(super) tables: &'a Tables<'a>,
}

impl Scope<'_> {
    /// Reads an expression; what is wrong is reported (E0504, E0505).
    pub(super) fn expression(
        &self,
        node: &Node,
        ty: &Type,
        found: &mut Diagnostics,
    ) -> Option<Resolved> {
        if let Some(hashes) = node.get("hashes") {
            unknown_keys(node, &["hashes"], found);
            return self.hashes(hashes, ty, found);
        }
        let value = self.scalar(node, DEPTH, found)?;
        let texts = |key: &str| node.get(key).map(texts).unwrap_or_default();
        let (digests, null_values, lacks) = (Vec::new(), texts("nulls"), texts("lacks"));
        let (ty, marks, span) = (ty.clone(), BTreeSet::new(), node.span);
        Some(Resolved { value, ty, digests, null_values, lacks, marks, span })
    }

    /// A list of hashes that is made of a column per algorithm: `SHA1=…,MD5=…`.
    fn hashes(&self, node: &Node, ty: &Type, found: &mut Diagnostics) -> Option<Resolved> {
        unknown_keys(node, &ALGORITHMS, found);
        let mut digests = Vec::new();
        for (algorithm, column) in node.pairs().unwrap_or_default() {
            let (name, held) = (algorithm.text()?.to_owned(), self.column(column, found)?);
            if let Some(reason) = other_algorithm(&name, &held) {
                let message = format!("`{name}` is another algorithm: {reason}");
                found.push(Diagnostic::new(Code::MappingType, column.span, message));
            }
            digests.push((name, held));
        }
        if digests.is_empty() {
            found.push(shape(node, "algorithms and their columns, such as `{SHA1: SHA1}`"));
            return None;
        }
        let (mut parts, mut empty) = (Vec::new(), String::new());
        for (algorithm, column) in &digests {
            let comma = if empty.is_empty() { "" } else { "," };
            let before = format!("{comma}{algorithm}=");
            empty.push_str(&before);
            parts.extend([Scalar::Constant(before), Scalar::Column(column.clone())]);
        }
        let has = |algorithm: &&&str| digests.iter().any(|(known, _)| known == **algorithm);
        let lacks = ALGORITHMS.iter().filter(|one| !has(one)).map(|one| (*one).to_owned());
        Some(Resolved {
            value: Scalar::Join(parts),
            ty: ty.clone(),
            lacks: lacks.collect(),
            digests,
            null_values: vec![empty],
            marks: BTreeSet::new(),
            span: node.span,
        })
    }

    /// The column with this name.
    pub(super) fn column(&self, node: &Node, found: &mut Diagnostics) -> Option<Column> {
        let Some(name) = node.text() else {
            found.push(shape(node, "the name of a column"));
            return None;
        };
        self.column_named(name, node.span, found)
    }

    /// The column with this name, which was asked for at `span`.
    pub(super) fn column_named(
        &self,
        name: &str,
        span: Span,
        found: &mut Diagnostics,
    ) -> Option<Column> {
        let layers = &self.context.layers;
        if let Some((new, by)) = layers.renamed_away(name, span) {
            let message = format!("the column `{name}` is called `{new}` here");
            found.push(
                Diagnostic::new(Code::UnknownColumn, span, message).label(by, "renamed here"),
            );
            return None;
        }
        let (called, held) = self.called(name, span);
        if let Found::Column(column) = held {
            return Some(column);
        }
        let message = match held {
            Found::Opaque => format!("queries cannot compare the column `{called}`"),
            Found::Column(_) | Found::Nothing => {
                format!("the tables of this place have no column `{called}`")
            }
        };
        let diagnostic = Diagnostic::new(Code::UnknownColumn, span, message);
        found.push(match self.context.schema.told(self.table_names(), called) {
            Some(said) if said.key == schema::NONE => diagnostic
                .label(said.span, "it is not there, says this overlay")
                .help("map the field otherwise, or list it under `absent`"),
            Some(said) if said.key == schema::COMPLETE => {
                diagnostic.label(said.span, "all columns of the table are listed here")
            }
            Some(said) => diagnostic.label(said.span, "the column is told here"),
            None => diagnostic.nearest(name, self.tables.names()),
        });
        None
    }

    /// The column with this name, without a word where there is none.
    pub(super) fn held(&self, name: &str, span: Span) -> Option<Column> {
        match self.called(name, span).1 {
            Found::Column(column) => Some(column),
            Found::Opaque | Found::Nothing => None,
        }
    }

    /// What the column that is asked for at `span` is called in the end, and what it is.
    fn called<'n>(&'n self, name: &'n str, span: Span) -> (&'n str, Found) {
        let (called, by) = self.context.layers.column(name, span);
        let held = match (self.tables.column(called), by) {
            (Found::Nothing, Some(_)) => self.tables.column(name),
            (held, _) => held,
        };
        let held = match held {
            Found::Column(column) => Found::Column(Column { name: called.to_owned(), ..column }),
            Found::Opaque | Found::Nothing => held,
        };
        (called, held)
    }

    /// The finding, with the places where overlays say of what types the value's columns are.
    pub(super) fn with_types(&self, diagnostic: Diagnostic, value: &Scalar) -> Diagnostic {
        let Context { schema, layers, .. } = self.context;
        value.columns().into_iter().fold(diagnostic, |diagnostic, name| {
            let diagnostic = diagnostic.label(layers.renamed_to(name), "renamed here");
            match schema.told(self.table_names(), name).filter(|said| said.name == name) {
                Some(said) => diagnostic.label(said.span, format!("`{}` here", said.key)),
                None => diagnostic,
            }
        })
    }

    /// Names of the place's tables.
    pub(super) fn table_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The conditions of `where` or `not`: columns and the values that they may have.
    pub(super) fn conditions(
        &self,
        node: &Node,
        negated: Negated,
        found: &mut Diagnostics,
    ) -> Vec<Condition> {
        let Some(pairs) = node.pairs() else {
            found.push(shape(node, "columns and their values, such as `{EventCode: [17, 18]}`"));
            return Vec::new();
        };
        let mut conditions = Vec::new();
        for (column, values) in pairs {
            let any_of = texts(values);
            if any_of.is_empty() {
                found.push(shape(values, "a value or a list of values"));
            }
            let negated = negated == Negated::Yes;
            conditions.extend(self.column(column, found).map(|column| Condition {
                column,
                any_of,
                negated,
            }));
        }
        conditions
    }

    fn scalar(&self, node: &Node, depth: usize, found: &mut Diagnostics) -> Option<Scalar> {
        if node.text().is_some() {
            return self.column(node, found).map(Scalar::Column);
        }
        if depth == 0 || node.pairs().is_none() {
            found.push(shape(node, "a column or an expression such as `{join: […]}`"));
            return None;
        }
        unknown_keys(node, &[&FORMS[..], &OPTIONS[..]].concat(), found);
        let form = self.form(node, depth - 1, found)?;
        let form = match node.get("default").and_then(Node::text) {
            Some(text) => Scalar::Default(Box::new(form), text.to_owned()),
            None => form,
        };
        let rewrites = self.rewrites(node, found);
        match rewrites.is_empty() {
            true => Some(form),
            false => Some(Scalar::Rewrite(Box::new(form), rewrites)),
        }
    }

    fn form(&self, node: &Node, depth: usize, found: &mut Diagnostics) -> Option<Scalar> {
        let mut forms = FORMS.iter().filter_map(|key| Some((*key, node.get(key)?)));
        let (Some((key, value)), None) = (forms.next(), forms.next()) else {
            let (last, others) = FORMS.split_last().unwrap_or((&"column", &[]));
            let forms = format!("one of `{}` and `{last}`", others.join("`, `"));
            found.push(shape(node, &forms));
            return None;
        };
        match key {
            "text" => value.text().map(|text| Scalar::Constant(text.to_owned())),
            "join" => self.join(value, depth, found),
            "case" => self.case(value, depth, found),
            "json" => {
                let path = node.get("member").map(texts).unwrap_or_default();
                if path.is_empty() {
                    found.push(shape(
                        node,
                        "`member`, the name of a member or names on the way to it",
                    ));
                    return None;
                }
                Some(Scalar::Member(self.column(value, found)?, Member::Json(path)))
            }
            "xml" => Some(Scalar::Member(self.column(value, found)?, xml(node, found)?)),
            "hex" => {
                let digits = node.get("digits").and_then(Node::text).unwrap_or("1").parse().ok();
                let Some(digits) = digits else {
                    found.push(shape(node, "`digits`, a number up to 255"));
                    return None;
                };
                Some(Scalar::Hex(Box::new(self.scalar(value, depth, found)?), digits))
            }
            "unseparated" => {
                let value = self.scalar(value, depth, found)?;
                Some(Scalar::Spelt(Box::new(value), Spelling::Digits))
            }
            _ => self.scalar(value, depth, found),
        }
    }

    fn join(&self, node: &Node, depth: usize, found: &mut Diagnostics) -> Option<Scalar> {
        let Some(items) = node.items() else {
            found.push(shape(node, "a list of columns and texts"));
            return None;
        };
        let parts = items.iter().map(|item| match item.text() {
            Some(text) if !is_name(text) => Some(Scalar::Constant(text.to_owned())),
            Some(_) | None => self.scalar(item, depth, found),
        });
        parts.collect::<Vec<_>>().into_iter().collect::<Option<_>>().map(Scalar::Join)
    }

    fn case(&self, node: &Node, depth: usize, found: &mut Diagnostics) -> Option<Scalar> {
        let Some(items) = node.items() else {
            found.push(shape(node, "a list of `{where: …, then: …}`"));
            return None;
        };
        let mut cases = Vec::new();
        for item in items {
            unknown_keys(item, &["where", "then"], found);
            let Some(then) = item.get("then") else {
                found.push(shape(item, "a case with `then`"));
                return None;
            };
            let conditions = item
                .get("where")
                .map(|node| self.conditions(node, Negated::No, found))
                .unwrap_or_default();
            cases.push((conditions, self.scalar(then, depth, found)?));
        }
        Some(Scalar::Case(cases))
    }

    fn rewrites(&self, node: &Node, found: &mut Diagnostics) -> Vec<Rewrite> {
        let Some((_, names)) = node.entry("rewrite") else { return Vec::new() };
        let mut rewrites = Vec::new();
        for name in texts(names) {
            match self.context.rewrites().get(&name) {
                Some(known) => rewrites.extend(known.iter().cloned()),
                None => found.push(
                    Diagnostic::new(
                        Code::PlatformSyntax,
                        names.span,
                        format!("the platform has no rewriting `{name}`"),
                    )
                    .nearest(&name, self.context.rewrites().keys().map(String::as_str)),
                ),
            }
        }
        rewrites
    }
}

/// Whether conditions mean the rows that they do not describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Negated {
    /// They describe the rows.
    No,
    /// They describe the other rows.
    Yes,
}

/// The text of a scalar or the texts of a list of scalars.
pub(super) fn texts(node: &Node) -> Vec<String> {
    match node.items() {
        Some(items) => items.iter().filter_map(Node::text).map(str::to_owned).collect(),
        None => node.text().map(str::to_owned).into_iter().collect(),
    }
}

/// Reports keys of a mapping that are none of these.
pub(super) fn unknown_keys(node: &Node, known: &[&str], found: &mut Diagnostics) {
    for (key, _) in node.pairs().unwrap_or_default() {
        let name = key.text().unwrap_or_default();
        if !known.contains(&name) {
            found.push(
                Diagnostic::new(Code::PlatformSyntax, key.span, format!("unknown key `{name}`"))
                    .nearest(name, known.iter().copied()),
            );
        }
    }
}

/// E0504: something else was expected.
pub(super) fn shape(node: &Node, expected: &str) -> Diagnostic {
    let message = format!("expected {expected}, found {}", node.describe());
    Diagnostic::new(Code::PlatformSyntax, node.span, message)
}

/// What is taken out of a text of XML.
fn xml(node: &Node, found: &mut Diagnostics) -> Option<Member> {
    let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    match (text("data"), text("element"), text("attribute")) {
        (Some(name), None, None) => Some(Member::Data(name)),
        (None, Some(element), Some(attribute)) => Some(Member::Attribute(element, attribute)),
        _ => {
            found.push(shape(node, "`data`, a name, or `element` and `attribute`"));
            None
        }
    }
}

/// Whether a text could be a column's name, such as `winlog.event_data.Image`.
fn is_name(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_alphabetic() || "_@".contains(first));
    begins && text.chars().all(|c| c.is_alphanumeric() || "_.{}@".contains(c))
}
