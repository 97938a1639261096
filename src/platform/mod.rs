//! Where log sources live on a platform and how each field is obtained there: typed and proven.
//!
//! A platform file (`templates/platforms/*.yml`) is data: per log source one or several places, per
//! place a table, the rows that belong to it, its clock, and an expression per field. Its columns
//! and their types are those of a schema (`templates/schemas/*.yml`). Only the log sources that
//! rules ask for are read.
//!
//! `TargetObject` of `windows/registry_set` on `defender-xdr` →
//! `Rewrite(Join([RegistryKey, '\', RegistryValueName]), registry)`.

mod among;
mod expression;
mod place;
mod rewriting;
mod scalar;
mod schema;
mod sections;
mod shipped;
mod types;
mod words;

pub use among::Among;
pub use scalar::{Column, ColumnType, Condition, Piece, Resolved, Rewrite, Scalar, Spelling};
pub use shipped::{holders, load, names};

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span};
use crate::taxonomy::Taxonomy;
use crate::yaml::Node;

use expression::{shape, texts};
use schema::Schema;
use sections::{Group, Sections};

/// Keys of a platform file.
const KEYS: [&str; 10] = [
    "platform",
    "title",
    "targets",
    "schema",
    "unchecked",
    "index",
    "lookback",
    "parts",
    "rewrites",
    "logsources",
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
    /// The clock that windows run on.
    pub time: Column,
    /// Columns that results carry along to identify the event (such as XDR's `ReportId`).
    pub identity: Vec<Column>,
}

/// A place of a log source and what its fields are there.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The place.
    pub place: Place,
    /// Fields of the taxonomy that are held there, by name.
    pub fields: BTreeMap<String, Resolved>,
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
    sections: Sections,
    schema: Schema<'static>,
    taxonomy: Taxonomy,
    rewrites: OnceLock<BTreeMap<String, Vec<Rewrite>>>,
}

impl Platform {
    /// Reads a platform file and proves it; `None` if it has errors, which are reported.
    ///
    /// `text` is that of `source`. The file names its schema, one of the shipped ones.
    pub fn parse(source: SourceId, text: String, found: &mut Diagnostics) -> Option<Self> {
        let mark = found.len();
        let platform = Self::open(source, text.into(), None, found);
        platform.prove(found);
        (!found.errors_since(mark)).then_some(platform)
    }

    /// Finds what a platform file holds; only the head is read here.
    fn open(
        source: SourceId,
        text: Cow<'static, str>,
        schema: Option<&'static str>,
        found: &mut Diagnostics,
    ) -> Self {
        let sections = Sections::find(source, text, found);
        let mut head = |key: &str| match sections.read(Group::Head, key, found) {
            Some(node) => texts(&node),
            None => {
                let message = format!("the platform file has no `{key}`");
                found.push(Diagnostic::new(Code::PlatformSyntax, sections.span(), message));
                Vec::new()
            }
        };
        let mut one = |key: &str| head(key).into_iter().next().unwrap_or_default();
        let (name, title, named) = (one("platform"), one("title"), one("schema"));
        let targets = head("targets");
        let schema = schema.or_else(|| shipped::schema(&named)).unwrap_or_else(|| {
            let span = sections.key("schema");
            let message = format!("there is no schema `{named}`");
            found.push(
                Diagnostic::new(Code::PlatformSyntax, span, message)
                    .nearest(&named, names().iter().copied()),
            );
            ""
        });
        let mut option = |key: &str| sections.read(Group::Head, key, found);
        let text = |node: Node| node.text().map(str::to_owned);
        let unchecked = option("unchecked").and_then(text).is_some_and(|text| text == "true");
        let index = option("index").and_then(text);
        let days = option("lookback").and_then(text);
        let lookback = days.and_then(|days| days.strip_suffix('d')?.parse().ok());
        let (schema, taxonomy) = (Schema::find(schema), Taxonomy::standard());
        let mut keys: Vec<String> = sections.names(Group::LogSources).map(str::to_owned).collect();
        if keys.iter().any(|key| key == EVERY) {
            keys.retain(|key| key != EVERY);
            keys.extend(taxonomy.keys().map(str::to_owned));
        }
        let places = keys.into_iter().map(|key| (key, OnceLock::new())).collect();
        let context = Context { sections, schema, taxonomy, rewrites: OnceLock::new() };
        let everywhere = Vec::new();
        Self { name, title, targets, unchecked, lookback, index, everywhere, context, places }
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

    /// What a field is at a place (an index into [`Platform::places`]); `None`: not held there.
    #[must_use]
    pub fn resolve(&self, logsource: &str, place: usize, field: &str) -> Option<&Resolved> {
        self.places(logsource).get(place)?.fields.get(field)
    }

    /// The line of the platform file, from 1, on which something is said.
    #[must_use]
    pub fn line(&self, span: Span) -> usize {
        self.context.sections.line(span)
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

    /// Checks every mapping of the file: columns are in the schema, types fit the taxonomy, log sources and
    /// fields are known (E0301, E0302, E0504, E0505, E0506).
    pub fn prove(&self, found: &mut Diagnostics) {
        let context = &self.context;
        for logsource in self.logsources() {
            self.read(logsource, found);
        }
        context.read_rewrites(found);
        for part in context.sections.names(Group::Parts) {
            context.prove_part(part, found);
        }
        for key in context.sections.names(Group::Head).filter(|key| !KEYS.contains(key)) {
            let message = format!("unknown key `{key}`");
            let span = context.sections.key(key);
            found.push(Diagnostic::new(Code::PlatformSyntax, span, message).nearest(key, KEYS));
        }
    }

    fn read(&self, key: &str, found: &mut Diagnostics) -> Vec<Source> {
        let mut entry = |key| self.context.sections.read(Group::LogSources, key, found);
        let Some(node) = entry(key).or_else(|| entry(EVERY)) else { return Vec::new() };
        let Some(logsource) = self.context.taxonomy.get(key) else {
            let message = format!("there is no log source `{key}`");
            found.push(
                Diagnostic::new(Code::UnknownLogSource, node.span, message)
                    .nearest(key, self.context.taxonomy.keys()),
            );
            return Vec::new();
        };
        let mut sources = place::read(&self.context, logsource, &node, found);
        let others = self.targets.iter().find(|target| *target != among::TARGET);
        if let Some(target) = others.filter(|_| sources.iter().any(|of| of.place.among.is_some())) {
            let message =
                format!("`among` is for platforms of `{}`, not of `{target}`", among::TARGET);
            found.push(Diagnostic::new(Code::PlatformSyntax, node.span, message));
        }
        for source in &mut sources {
            source.place.conditions.splice(0..0, self.everywhere.iter().cloned());
        }
        sources
    }
}

impl Context {
    /// The named rewritings.
    fn rewrites(&self) -> &BTreeMap<String, Vec<Rewrite>> {
        self.rewrites.get_or_init(|| self.read_rewrites(&mut Diagnostics::default()))
    }

    fn read_rewrites(&self, found: &mut Diagnostics) -> BTreeMap<String, Vec<Rewrite>> {
        let names: Vec<_> = self.sections.names(Group::Rewrites).collect();
        let read = |name: &str, found: &mut Diagnostics| {
            self.sections
                .read(Group::Rewrites, name, found)
                .map(|node| rewriting::read(&node, found))
        };
        names.into_iter().filter_map(|name| Some((name.to_owned(), read(name, found)?))).collect()
    }

    /// A field that a part names is a field of some log source.
    fn prove_part(&self, part: &str, found: &mut Diagnostics) {
        let Some(node) = self.sections.read(Group::Parts, part, found) else {
            let message = format!("the part `{part}` says nothing");
            found.push(Diagnostic::new(Code::PlatformSyntax, self.sections.span(), message));
            return;
        };
        if node.pairs().is_none() {
            found.push(shape(&node, "a mapping"));
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

#[cfg(test)]
mod tests;
