//! A log source's entry of a platform file → its places, with what every field is there.
//!
//! An entry is one place or a list of places. A place takes over what the parts that it uses say,
//! in order; its own keys come last:
//!
//! ```yaml
//! windows/registry_set:
//!   use: [process]                  # parts
//!   from: DeviceRegistryEvents      # table or index pattern
//!   where: {EventCode: 13}          # which rows; `not: {…}` for others
//!   among: {column: Id, from: Devices, where: {Os: Linux}}   # rows that another table tells
//!   lookup: {from: Certificates, on: SHA1, newest: Time}     # another table that tells more of each row
//!   tables: [sysmon/13]             # tables of the schema, if they are called otherwise
//!   same: [TargetObject, Details]   # fields whose column is spelt like them; `all`: every field
//!   spelt: winlog.event_data.*      # how they are spelt (default `*`), `lists` for lists
//!   members: EventData              # they are members of the object in this column instead
//!   fields: {Image: ProcessPath}    # expressions
//!   absent: [Message]               # fields that are not held after all
//!   time: Timestamp                 # the clock
//!   identity: [ReportId]            # what tells events apart
//!   category: registry              # EQL's event category
//!   off: configure event 13         # not collected by default: what to do
//!   tainted: [Signed]               # fields that the host itself computes with what it trusts
//!   null-prone: [Signed]            # fields that can be missing; those that are looked up always are
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::taxonomy::{LogSource, Type};
use crate::yaml::Node;

use super::expression::{Negated, Scope, shape, texts, unknown_keys};
use super::sections::Group;
use super::types::misfit;
use super::{
    ColumnType, Context, Lookup, Mark, Member, Place, Resolved, Scalar, Source, among, lookup,
};

/// Keys of a place and of a part.
pub(super) const KEYS: [&str; 19] = [
    "use",
    "from",
    "where",
    "not",
    "among",
    "lookup",
    "tables",
    "same",
    "spelt",
    "lists",
    "members",
    "fields",
    "absent",
    "time",
    "identity",
    "category",
    "off",
    "tainted",
    "null-prone",
];
/// Parts use each other at most so deep.
const DEPTH: usize = 8;

/// Reads the places of a log source; what is wrong is reported (E0301, E0504, E0505, E0506).
///
/// `nodes` are what the files say about it, the base first. A place of an overlay comes on top of each
/// place below it; a list of places stands instead of them.
pub(super) fn read(
    context: &Context,
    logsource: &LogSource,
    nodes: &[Node],
    found: &mut Diagnostics,
) -> Vec<Source> {
    let mut places: Vec<Vec<&Node>> = Vec::new();
    for node in nodes {
        match node.items() {
            Some(items) => places = items.iter().map(|item| vec![item]).collect(),
            None if context.layers.takes_away(node) => places.clear(),
            None if places.is_empty() => places.push(vec![node]),
            None => places.iter_mut().for_each(|place| place.push(node)),
        }
    }
    places.iter().filter_map(|nodes| place(context, logsource, nodes, found)).collect()
}

/// A place in the making: what its parts and its own keys say.
#[derive(Default)]
struct Draft {
    from: Option<Node>,
    off: Option<String>,
    category: Option<String>,
    time: Option<Node>,
    identity: Option<Node>,
    rows: Vec<(Negated, Node)>,
    among: Option<Node>,
    lookup: Option<Node>,
    tables: Vec<String>,
    spelt: Option<String>,
    lists: Option<String>,
    members: Option<Node>,
    /// Where it says that every field is spelt like its column.
    all: Option<Span>,
    fields: IndexMap<String, Mapping>,
    absent: Vec<String>,
    /// Fields with what is to be known of them.
    marked: Vec<(Mark, String)>,
}

/// What is said about a field.
struct Mapping {
    /// The field's name.
    name: Node,
    /// Its expression; none: the column that is spelt like it.
    value: Option<Node>,
    /// Who says so.
    origin: Origin,
}

/// Where something was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// In the place itself.
    Own,
    /// In a part, which places share: what a log source does not have is left out.
    Part,
}

fn place(
    context: &Context,
    logsource: &LogSource,
    nodes: &[&Node],
    found: &mut Diagnostics,
) -> Option<Source> {
    let node = *nodes.first()?;
    let mut draft = Draft::default();
    nodes.iter().for_each(|node| draft.merge(context, node, DEPTH, found));
    let from = draft.from.as_ref().and_then(Node::text);
    let names = match draft.tables.is_empty() {
        true => from.map(str::to_owned).into_iter().collect(),
        false => draft.tables.clone(),
    };
    if let Some(table) = names.iter().find(|table| !context.schema.has(table)) {
        let span = node.get("tables").or(node.get("from")).unwrap_or(node).span;
        let message = format!("the schema has no table `{table}`");
        found.push(
            Diagnostic::new(Code::UnknownColumn, span, message)
                .nearest(table, context.schema.names()),
        );
        return None;
    }
    let tables = context.schema.tables(names.iter().map(String::as_str));
    let scope = Scope { context, names: &names, tables: &tables };
    let place = draft.place(context, &scope, node, found);
    let lookup = place.as_ref().and_then(|place| place.lookup.as_ref());
    let other = draft.lookup.as_ref().and_then(|node| node.get("from")?.text());
    let fields = match other {
        None => draft.resolve(&scope, logsource, None, found),
        Some(other) => {
            // The place's own tables come last: their columns are the ones that are meant.
            let names: Vec<String> =
                std::iter::once(other.to_owned()).chain(names.iter().cloned()).collect();
            let tables = context.schema.tables(names.iter().map(String::as_str));
            let both = Scope { context, names: &names, tables: &tables };
            draft.resolve(&both, logsource, lookup, found)
        }
    };
    Some(Source { place: Arc::new(place?), fields, off: draft.off, span: node.span })
}

impl Draft {
    /// Takes over what a place or a part says.
    fn merge(&mut self, context: &Context, node: &Node, depth: usize, found: &mut Diagnostics) {
        if node.pairs().is_none() {
            found.push(shape(node, "a place, such as `{from: …, where: …, fields: …}`"));
            return;
        }
        unknown_keys(node, &KEYS, found);
        shapes(node, found);
        for name in node.get("use").into_iter().flat_map(|node| node.items().unwrap_or_default()) {
            self.merge_part(context, name, depth, found);
        }
        let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        replace(&mut self.from, node.get("from").cloned());
        replace(&mut self.off, text("off"));
        replace(&mut self.category, text("category"));
        replace(&mut self.spelt, text("spelt"));
        replace(&mut self.lists, text("lists"));
        replace(&mut self.members, node.get("members").cloned());
        replace(&mut self.time, node.get("time").cloned());
        replace(&mut self.identity, node.get("identity").cloned());
        replace(&mut self.among, node.get("among").cloned());
        replace(&mut self.lookup, node.get("lookup").cloned());
        for mark in [Mark::Tainted, Mark::NullProne] {
            let names = node.get(mark.name()).map(texts).unwrap_or_default();
            self.marked.extend(names.into_iter().map(|name| (mark, name)));
        }
        for (key, negated) in [("where", Negated::No), ("not", Negated::Yes)] {
            self.rows.extend(node.get(key).map(|rows| (negated, rows.clone())));
        }
        self.tables.extend(node.get("tables").map(texts).unwrap_or_default());
        let origin = if depth == DEPTH { Origin::Own } else { Origin::Part };
        let same = node.get("same");
        replace(
            &mut self.all,
            same.filter(|same| same.text() == Some("all")).map(|same| same.span),
        );
        for name in same.and_then(Node::items).unwrap_or_default() {
            self.map(name, None, origin);
        }
        for (name, value) in node.get("fields").and_then(Node::pairs).unwrap_or_default() {
            self.map(name, Some(value), origin);
        }
        self.absent.extend(node.get("absent").map(texts).unwrap_or_default());
    }

    fn map(&mut self, name: &Node, value: Option<&Node>, origin: Origin) {
        let mapping = Mapping { name: name.clone(), value: value.cloned(), origin };
        let name = name.text().unwrap_or_default();
        self.absent.retain(|absent| absent != name);
        self.fields.insert(name.to_owned(), mapping);
    }

    fn merge_part(
        &mut self,
        context: &Context,
        name: &Node,
        depth: usize,
        found: &mut Diagnostics,
    ) {
        let text = name.text().unwrap_or_default();
        if depth == 0 {
            let message = format!("parts use each other in a circle or too deeply at `{text}`");
            found.push(Diagnostic::new(Code::PlatformSyntax, name.span, message));
            return;
        }
        let parts = context.layers.read(Group::Parts, text, found);
        for part in &parts {
            self.merge(context, part, depth - 1, found);
        }
        if parts.is_empty() {
            let message = format!("the platform has no part `{text}`");
            found.push(
                Diagnostic::new(Code::PlatformSyntax, name.span, message)
                    .nearest(text, context.layers.names(Group::Parts)),
            );
        }
    }

    fn place(
        &self,
        context: &Context,
        scope: &Scope<'_>,
        node: &Node,
        found: &mut Diagnostics,
    ) -> Option<Place> {
        let conditions = self
            .rows
            .iter()
            .flat_map(|(negated, rows)| scope.conditions(rows, *negated, found))
            .collect();
        let among = self.among.as_ref().and_then(|node| among::read(context, scope, node, found));
        let lookup =
            self.lookup.as_ref().and_then(|node| lookup::read(context, scope, node, found));
        let identity = self.identity.iter().flat_map(|node| node.items().unwrap_or_default());
        let identity = identity.filter_map(|column| scope.column(column, found)).collect();
        if let Some(members) = &self.members {
            scope.column(members, found);
        }
        let Some(time) = &self.time else {
            found.push(shape(node, "a place with `time`, the column of its clock"));
            return None;
        };
        let time = scope.column(time, found).filter(|column| {
            let is_clock = column.ty == ColumnType::Time;
            if !is_clock {
                let message = format!("`{}` is no column of times", column.name);
                found.push(Diagnostic::new(Code::MappingType, time.span, message));
            }
            is_clock
        })?;
        let from = self.from.as_ref();
        let table = from.and_then(|from| Some(context.layers.table(from.text()?, from.span)));
        Some(Place {
            table: table.unwrap_or_default().to_owned(),
            category: self.category.clone().unwrap_or_else(|| "any".to_owned()),
            conditions,
            among,
            lookup,
            time,
            identity,
        })
    }

    /// What the fields of the log source are here.
    fn resolve(
        &self,
        scope: &Scope<'_>,
        logsource: &LogSource,
        lookup: Option<&Lookup>,
        found: &mut Diagnostics,
    ) -> BTreeMap<String, Resolved> {
        let mut fields = self.unmarked(scope, logsource, found);
        for (name, resolved) in &mut fields {
            let marked = self.marked.iter().filter(|(_, field)| field == name);
            resolved.marks.extend(marked.map(|(mark, _)| *mark));
            resolved.marks.extend(resolved.is_told_by(lookup).then_some(Mark::NullProne));
        }
        fields
    }

    fn unmarked(
        &self,
        scope: &Scope<'_>,
        logsource: &LogSource,
        found: &mut Diagnostics,
    ) -> BTreeMap<String, Resolved> {
        let mut fields = BTreeMap::new();
        let absent = |name: &String| self.absent.contains(name);
        for (name, mapping) in self.fields.iter().filter(|(name, _)| !absent(name)) {
            match logsource.field(name) {
                Some(ty) => {
                    let resolved = self.mapped(mapping, name, ty, scope, found);
                    fields.extend(resolved.map(|resolved| (name.clone(), resolved)));
                }
                None if mapping.origin == Origin::Own => {
                    let span = mapping.name.span;
                    let message = format!("`{}` has no field `{name}`", logsource.key);
                    let known = logsource.fields.keys().map(String::as_str);
                    found.push(
                        Diagnostic::new(Code::UnknownField, span, message).nearest(name, known),
                    );
                }
                None => {}
            }
        }
        let Some(all) = self.all else { return fields };
        for (name, ty) in logsource.fields.iter().filter(|(name, _)| !absent(name)) {
            if let (None, Some(value)) = (self.fields.get(name), self.same(name, ty, scope, all)) {
                fields.insert(name.clone(), plain(value, ty, all));
            }
        }
        fields
    }

    fn mapped(
        &self,
        mapping: &Mapping,
        name: &str,
        ty: &Type,
        scope: &Scope<'_>,
        found: &mut Diagnostics,
    ) -> Option<Resolved> {
        let (resolved, span) = match &mapping.value {
            Some(node) => {
                let resolved = scope.expression(node, ty, found)?;
                (Resolved { span: mapping.name.span, ..resolved }, node.span)
            }
            None if self.members.is_some() => {
                let span = mapping.name.span;
                (plain(self.same(name, ty, scope, span)?, ty, span), span)
            }
            None => {
                let spelt = self.spelling(name, ty);
                let column = scope.column_named(&spelt, mapping.name.span, found)?;
                (plain(Scalar::Column(column), ty, mapping.name.span), mapping.name.span)
            }
        };
        if let Some(reason) = misfit(ty, &resolved.value) {
            let message = format!("`{name}` is of type `{ty}`, but {reason}");
            let diagnostic = Diagnostic::new(Code::MappingType, span, message);
            found.push(scope.with_types(diagnostic, &resolved.value));
        }
        Some(resolved)
    }

    /// The column or member that is called like the field, if there is one of its type.
    fn same(&self, name: &str, ty: &Type, scope: &Scope<'_>, at: Span) -> Option<Scalar> {
        let column = |name: &str| scope.held(name, at);
        let value = match self.members.as_ref().map(|node| node.text().unwrap_or_default()) {
            Some(members) => Scalar::Member(column(members)?, Member::Json(vec![name.to_owned()])),
            None => Scalar::Column(column(&self.spelling(name, ty))?),
        };
        misfit(ty, &value).is_none().then_some(value)
    }

    /// How the column of a field is spelt that has the field's name.
    fn spelling(&self, field: &str, ty: &Type) -> String {
        let lists = self.lists.as_ref().filter(|_| matches!(ty, Type::List(_)));
        let pattern = lists.or(self.spelt.as_ref());
        pattern.map_or_else(|| field.to_owned(), |pattern| pattern.replacen('*', field, 1))
    }
}

fn plain(value: Scalar, ty: &Type, span: Span) -> Resolved {
    let (digests, null_values, lacks) = (Vec::new(), Vec::new(), Vec::new());
    let (ty, marks) = (ty.clone(), BTreeSet::new());
    Resolved { value, ty, digests, null_values, lacks, marks, span }
}

/// Reports values of another shape than their key asks for.
fn shapes(node: &Node, found: &mut Diagnostics) {
    for (key, value) in node.pairs().unwrap_or_default() {
        let (fits, expected) = match key.text().unwrap_or_default() {
            "use" | "identity" => (value.items().is_some(), "a list of names"),
            "same" => (value.items().is_some() || value.text() == Some("all"), "a list or `all`"),
            "tables" | "absent" | "tainted" | "null-prone" => {
                (value.pairs().is_none(), "a list of names")
            }
            "fields" => (value.pairs().is_some(), "fields and their expressions"),
            "from" | "spelt" | "lists" | "members" | "category" | "off" => {
                (value.text().is_some(), "text")
            }
            _ => continue,
        };
        if !fits {
            found.push(shape(value, expected));
        }
    }
}

/// The newer of two, where there is one.
fn replace<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}
