//! Where log sources live on a platform and how each field is obtained there: typed and proven.
//!
//! A platform file (`templates/platforms/*.yml`) is data: per log source one or several places, per
//! place a table, the rows that belong to it, its clock, and an expression per field. Its columns
//! and their types are those of a schema (`templates/schemas/*.yml`). Overlays change what it says
//! for an environment (`layers`). Only the log sources that rules ask for are read.
//!
//! `TargetObject` of `windows/registry_set` on `defender-xdr` →
//! `Rewrite(Join([RegistryKey, '\', RegistryValueName]), registry)`.

mod alerts;
mod among;
mod ends;
mod expression;
pub mod import;
mod layers;
mod lookup;
mod other;
mod overlay;
mod place;
mod rewriting;
mod sample;
mod scalar;
mod schema;
mod sections;
mod shipped;
pub mod token;
mod types;
mod words;

pub use among::Among;
pub use ends::{Bound, End, Ends};
pub use layers::Layer;
pub use lookup::Lookup;
pub use sample::{Differing, Sample};
pub use scalar::{
    Column, ColumnType, Condition, Mark, Member, Piece, Resolved, Rewrite, Scalar, Spelling,
    XML_REFERENCES,
};
pub use shipped::{holders, load, names, open, text};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{Span, Spanned};
use crate::taxonomy::Taxonomy;
use crate::yaml::Node;

use expression::{shape, texts};
use layers::Layers;
use schema::Schema;
use sections::{Group, Sections};

/// Keys of a platform file.
const KEYS: [&str; 13] = [
    "platform",
    "title",
    "targets",
    "schema",
    "unchecked",
    "index",
    "lookback",
    "lookups",
    "alerts",
    "parts",
    "rewrites",
    "logsources",
    "tables",
];
/// The entry under `logsources` that is that of every log source without one.
const EVERY: &str = "*";

/// Where (part of) a log source lives.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The table (KQL) or index pattern (Elastic); empty where the condition says it all (Splunk).
    pub table: String,
    /// The event category that EQL puts before `where`; `any` if there is none.
    pub category: String,
    /// Which rows are of the log source; all must hold.
    pub conditions: Vec<Condition>,
    /// Rows that another table tells, if the place is one of those.
    pub among: Option<Among>,
    /// The table that tells more about each row, if there is one.
    pub lookup: Option<Lookup>,
    /// The clock that windows run on.
    pub time: Column,
    /// Columns that results carry along to identify the event (such as XDR's `ReportId`).
    pub identity: Vec<Column>,
}

/// A place of a log source and what its fields are there.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The place.
    pub place: Arc<Place>,
    /// Fields of the taxonomy that are held there, by name.
    pub fields: BTreeMap<String, Resolved>,
    /// What to do that the events are collected, if they are not by default.
    pub off: Option<String>,
    /// Where the platform file says so.
    pub span: Span,
}

/// Where data lives and what it is called there.
#[derive(Debug)]
pub struct Platform {
    /// Its name, such as `defender-xdr`.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// Names of the targets whose queries it understands.
    pub targets: Vec<String>,
    /// Whether fields pass as they are named, because the platform has no schema (W0501).
    pub unchecked: bool,
    /// How far back a query may look, in days, if the product has a limit.
    pub lookback: Option<u64>,
    /// Whether its queries can ask lists that it keeps.
    pub lookups: bool,
    /// Columns that an alert of the product needs; every place returns one of each of these.
    pub alerts: Vec<Vec<String>>,
    /// What a condition on the index is about, where there is one.
    index: Option<String>,
    /// Rows that are asked for at every place.
    everywhere: Vec<Condition>,
    context: Context,
    /// Places of log sources, read when they are asked for.
    places: BTreeMap<String, OnceLock<Vec<Source>>>,
}

/// What the entries of a platform file refer to.
#[derive(Debug)]
struct Context {
    layers: Layers,
    schema: Schema,
    taxonomy: Taxonomy,
    rewrites: OnceLock<BTreeMap<String, Vec<Rewrite>>>,
}

impl Platform {
    /// Reads a platform file with the overlays on it, in order, and proves all of it; `None` if there
    /// are errors, which are reported.
    ///
    /// The file names its schema, one of the shipped ones, or describes its tables itself.
    pub fn parse(base: Layer, overlays: Vec<Layer>, found: &mut Diagnostics) -> Option<Self> {
        let mark = found.len();
        let platform = Self::open(base, overlays, None, found);
        platform.prove(found);
        (!found.errors_since(mark)).then_some(platform)
    }

    /// Finds what platform files hold; only the head is read here.
    fn open(
        base: Layer,
        overlays: Vec<Layer>,
        schema: Option<&'static str>,
        found: &mut Diagnostics,
    ) -> Self {
        let mut sections = |layer: Layer| Sections::find(layer.source, layer.text, found);
        let base = sections(base);
        let overlays: Vec<Sections> = overlays.into_iter().map(sections).collect();
        let mut head = |key: &str| match base.read(Group::Head, key, found) {
            Some(node) => texts(&node),
            None => {
                let message = format!("the platform file has no `{key}`");
                found.push(Diagnostic::new(Code::PlatformSyntax, base.span(), message));
                Vec::new()
            }
        };
        let mut one = |key: &str| head(key).into_iter().next().unwrap_or_default();
        let (name, title) = (one("platform"), one("title"));
        let targets = head("targets");
        let schema = match schema {
            Some(text) => Schema::find(text),
            None => schema_of(&base, found),
        };
        let mut option = |key: &str| base.read(Group::Head, key, found);
        let text = |node: Node| node.text().map(str::to_owned);
        let unchecked = option("unchecked").and_then(text).is_some_and(|text| text == "true");
        let index = option("index").and_then(text);
        let days = option("lookback").and_then(text);
        let lookback = days.and_then(|days| days.strip_suffix('d')?.parse().ok());
        let lookups = option("lookups").and_then(text).is_some_and(|text| text == "true");
        let alerts = alerts::read(option("alerts").as_ref());
        let layers = Layers::new(base, overlays, found);
        let context = Context::new(layers, schema);
        let places = context.logsources().into_iter().map(|key| (key, OnceLock::new())).collect();
        let everywhere = Vec::new();
        Self {
            name,
            title,
            targets,
            unchecked,
            lookback,
            lookups,
            alerts,
            index,
            everywhere,
            context,
            places,
        }
    }

    /// The platform, searched in these indexes only; `None` if it is not searched by index.
    #[must_use]
    pub fn within(mut self, indexes: &[String]) -> Option<Self> {
        if !indexes.is_empty() {
            let column = Column { name: self.index.clone()?, ty: ColumnType::Text, multi: false };
            let any_of = indexes.to_vec();
            self.everywhere.push(Condition { column, any_of, negated: false });
        }
        Some(self)
    }

    /// Keys of the log sources that it holds, such as `windows/registry_set`, sorted.
    pub fn logsources(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// Where the log source lives: each of its events is in exactly one of the places. Empty: the
    /// platform does not hold it.
    #[must_use]
    pub fn places(&self, logsource: &str) -> &[Source] {
        match self.places.get(logsource) {
            // What is wrong with the file is what `prove` reports.
            Some(read) => read.get_or_init(|| self.read(logsource, &mut Diagnostics::default())),
            None => &[],
        }
    }

    /// Further overlays that an overlay takes over, as it names them, with their places.
    pub fn overlays(layer: &Layer, found: &mut Diagnostics) -> Vec<Spanned<String>> {
        let sections = Sections::find(layer.source, layer.text.clone(), found);
        let node = sections.read(Group::Head, "overlays", found);
        let one = node.as_slice();
        let names = node.as_ref().and_then(Node::items).unwrap_or(one).iter();
        names.filter_map(Node::spanned_text).collect()
    }

    /// What a field is at a place (an index into [`Platform::places`]); `None`: not held there.
    #[must_use]
    pub fn resolve(&self, logsource: &str, place: usize, field: &str) -> Option<&Resolved> {
        self.places(logsource).get(place)?.fields.get(field)
    }

    /// The place of the log source's name in the last of the files that have an entry for it, be it
    /// that it is taken away.
    #[must_use]
    pub fn entry(&self, logsource: &str) -> Option<Span> {
        let layers = &self.context.layers;
        [logsource, EVERY].into_iter().find_map(|name| layers.entry(Group::LogSources, name))
    }

    /// The line of the platform file, from 1, on which something is said.
    #[must_use]
    pub fn line(&self, span: Span) -> usize {
        self.context.layers.line(span)
    }

    /// Names of the fields that every place of the log source holds, sorted.
    pub fn fields(&self, logsource: &str) -> impl Iterator<Item = &str> {
        let (first, others) = self.places(logsource).split_first().unzip();
        let others = others.unwrap_or_default();
        first
            .into_iter()
            .flat_map(|first| first.fields.keys())
            .map(String::as_str)
            .filter(move |field| others.iter().all(|other| other.fields.contains_key(*field)))
    }

    /// Checks every mapping of the files: columns are in the schema, types fit the taxonomy, log
    /// sources and fields are known, overlays change what is there and do not contradict themselves
    /// (E0301, E0302, E0504 to E0506, E0510 to E0513).
    pub fn prove(&self, found: &mut Diagnostics) {
        let context = &self.context;
        let mark = found.len();
        let mut sources = Vec::new();
        for logsource in context.layers.names(Group::LogSources) {
            sources.extend(self.read(logsource, found));
        }
        if !found.errors_since(mark) && context.layers.overlays().next().is_none() {
            // Tables of one's own need not be fit for alerts: they can be hunted in.
            alerts::check(&self.alerts, &sources, found);
        }
        context.read_rewrites(found);
        for part in context.layers.names(Group::Parts) {
            context.prove_part(part, found);
        }
        if let Some(base) = context.layers.base() {
            overlay::prove_keys(base, &KEYS, found);
        }
        overlay::prove(self, found);
    }

    fn read(&self, key: &str, found: &mut Diagnostics) -> Vec<Source> {
        let mut entry = |key| self.context.layers.read(Group::LogSources, key, found);
        let nodes = match entry(key) {
            own if own.is_empty() => entry(EVERY),
            own => own,
        };
        let Some(node) = nodes.last() else { return Vec::new() };
        // `*` stands for all of them; one shows what is wrong with it.
        let first = self.context.taxonomy.keys().next().unwrap_or_default();
        let key = if key == EVERY { first } else { key };
        let Some(logsource) = self.context.taxonomy.get(key) else {
            let message = format!("there is no log source `{key}`");
            let name = self.context.layers.entry(Group::LogSources, key).unwrap_or(node.span);
            found.push(
                Diagnostic::new(Code::UnknownLogSource, name, message)
                    .nearest(key, self.context.taxonomy.keys()),
            );
            return Vec::new();
        };
        let mut sources = place::read(&self.context, logsource, &nodes, found);
        let others = self.targets.iter().find(|target| *target != among::TARGET);
        let asks =
            sources.iter().find_map(|source| match (&source.place.among, &source.place.lookup) {
                (Some(_), _) => Some("among"),
                (None, Some(_)) => Some("lookup"),
                (None, None) => None,
            });
        if let (Some(target), Some(key)) = (others, asks) {
            let message =
                format!("`{key}` is for platforms of `{}`, not of `{target}`", among::TARGET);
            found.push(Diagnostic::new(Code::PlatformSyntax, node.span, message));
        }
        for source in &mut sources {
            let everywhere = self.everywhere.iter().cloned();
            Arc::make_mut(&mut source.place).conditions.splice(0..0, everywhere);
        }
        sources
    }
}

impl Context {
    fn new(layers: Layers, mut schema: Schema) -> Self {
        layers.add_tables(&mut schema);
        let (taxonomy, rewrites) = (Taxonomy::standard(), OnceLock::new());
        Self { layers, schema, taxonomy, rewrites }
    }

    /// Keys of the log sources that the files hold.
    fn logsources(&self) -> Vec<String> {
        let held = self.layers.logsources();
        let named = held.iter().filter(|key| **key != EVERY).map(|key| (*key).to_owned());
        let mut keys: BTreeSet<String> = named.collect();
        if held.contains(EVERY) {
            keys.extend(self.taxonomy.keys().map(str::to_owned));
        }
        keys.into_iter().collect()
    }

    /// The named rewritings.
    fn rewrites(&self) -> &BTreeMap<String, Vec<Rewrite>> {
        self.rewrites.get_or_init(|| self.read_rewrites(&mut Diagnostics::default()))
    }

    fn read_rewrites(&self, found: &mut Diagnostics) -> BTreeMap<String, Vec<Rewrite>> {
        let read = |name: &str, found: &mut Diagnostics| {
            let nodes = self.layers.read(Group::Rewrites, name, found);
            nodes.last().map(|node| rewriting::read(node, found))
        };
        let names = self.layers.names(Group::Rewrites).into_iter();
        names.filter_map(|name| Some((name.to_owned(), read(name, found)?))).collect()
    }

    /// A field that a part names is a field of some log source.
    fn prove_part(&self, part: &str, found: &mut Diagnostics) {
        let nodes = self.layers.read(Group::Parts, part, found);
        if nodes.is_empty() {
            let message = format!("the part `{part}` says nothing");
            let span = self.layers.base().map(Sections::span).unwrap_or_default();
            found.push(Diagnostic::new(Code::PlatformSyntax, span, message));
        }
        nodes.iter().for_each(|node| self.prove_fields(node, found));
    }

    fn prove_fields(&self, node: &Node, found: &mut Diagnostics) {
        if node.pairs().is_none() {
            found.push(shape(node, "a mapping"));
        }
        let known = |field: &str| {
            let mut sources = self.taxonomy.keys().filter_map(|key| self.taxonomy.get(key));
            sources.any(|source| source.field(field).is_some())
        };
        let pairs = node.get("fields").and_then(Node::pairs).unwrap_or_default();
        let same = node.get("same").and_then(Node::items).unwrap_or_default();
        for name in same.iter().chain(pairs.iter().map(|(name, _)| name)) {
            let text = name.text().unwrap_or_default();
            if !known(text) {
                let message = format!("no log source has a field `{text}`");
                found.push(Diagnostic::new(Code::UnknownField, name.span, message));
            }
        }
    }
}

/// The schema that a platform file names; empty if it has `tables` and names none.
fn schema_of(file: &Sections, found: &mut Diagnostics) -> Schema {
    let span = file.key("schema");
    let Some(node) = file.read(Group::Head, "schema", found) else {
        if file.names(Group::Tables).next().is_none() {
            let message = "the platform file has neither `schema` nor `tables`";
            found.push(Diagnostic::new(Code::PlatformSyntax, file.span(), message));
        }
        return Schema::find("");
    };
    let name = node.text().unwrap_or_default();
    shipped::schema(name).map_or_else(
        || {
            let message = format!("there is no schema `{name}`");
            found.push(
                Diagnostic::new(Code::PlatformSyntax, span, message)
                    .nearest(name, shipped::schemas()),
            );
            Schema::find("")
        },
        Schema::find,
    )
}

#[cfg(test)]
mod tests;
