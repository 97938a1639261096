//! A platform file and the overlays on it → one description, in which each thing knows who says it.
//!
//! An overlay has the form of a platform file. What it says about a part, a rewriting or a log source
//! comes after what the files below it say, so its own word is the last one:
//!
//! ```yaml
//! overlay: the workspace of the SOC
//! platform: elastic-winlogbeat
//! rename:                                   # what is called otherwise here
//!   tables: {'winlogbeat-*': 'logs-windows-*'}
//!   columns: {winlog.computer_name: host.name}
//! tables:                                   # columns that are there, too, or not at all
//!   winlogbeat: {text: contoso.owner, none: winlog.record_id}
//! logsources:
//!   windows/image_load: {where: {contoso.owner: soc}}       # a condition more
//!   windows/service:ldap: none                              # not collected
//! ```

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostics;
use crate::source::{SourceId, Span};
use crate::yaml::Node;

use super::schema::Schema;
use super::sections::{Group, Sections};

/// The value of a log source that an overlay takes away.
pub(super) const REMOVED: &str = "none";

/// A file of a platform: its text and how messages refer to it.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its id in the run's sources.
    pub source: SourceId,
    /// Its text.
    pub text: Cow<'static, str>,
}

/// New names of columns and tables, each with the place that says so.
#[derive(Debug, Default)]
pub(super) struct Renames {
    pub(super) columns: BTreeMap<String, (String, Span)>,
    pub(super) tables: BTreeMap<String, (String, Span)>,
}

/// The files of a platform, the base first.
#[derive(Debug)]
pub(super) struct Layers {
    files: Vec<Sections>,
    renames: Vec<Renames>,
}

impl Layers {
    /// The base and the overlays on it, in order.
    pub(super) fn new(base: Sections, overlays: Vec<Sections>, found: &mut Diagnostics) -> Self {
        let renames = std::iter::once(Renames::default())
            .chain(overlays.iter().map(|overlay| Renames::read(overlay, found)))
            .collect();
        let files = std::iter::once(base).chain(overlays).collect();
        Self { files, renames }
    }

    /// The overlays with what they rename.
    pub(super) fn overlays(&self) -> impl Iterator<Item = (usize, &Sections, &Renames)> {
        self.files
            .iter()
            .zip(&self.renames)
            .enumerate()
            .skip(1)
            .map(|(at, (file, renames))| (at, file, renames))
    }

    /// The base, and how many overlays are on it.
    pub(super) fn base(&self) -> Option<&Sections> {
        self.files.first()
    }

    /// All files, the base first.
    pub(super) fn files(&self) -> impl Iterator<Item = &Sections> {
        self.files.iter()
    }

    /// Names of a group's entries in any of the files, sorted.
    pub(super) fn names(&self, group: Group) -> BTreeSet<&str> {
        self.files.iter().flat_map(|file| file.names(group)).collect()
    }

    /// What the files say about an entry, the base first.
    pub(super) fn read(&self, group: Group, name: &str, found: &mut Diagnostics) -> Vec<Node> {
        self.files.iter().filter_map(|file| file.read(group, name, found)).collect()
    }

    /// The place of an entry's name in the last of the files that have it.
    pub(super) fn entry(&self, group: Group, name: &str) -> Option<Span> {
        let has = |file: &&Sections| file.names(group).any(|known| known == name);
        self.files.iter().rev().find(has).map(|file| file.name(group, name))
    }

    /// The line of a place in its file, from 1.
    pub(super) fn line(&self, span: Span) -> usize {
        let file = self.files.iter().find(|file| file.source() == span.source);
        file.map_or(1, |file| file.line(span))
    }

    /// What the column that a file names at `at` is called in the end, and who renamed it last.
    pub(super) fn column<'n>(&'n self, name: &'n str, at: Span) -> (&'n str, Option<Span>) {
        self.renamed(name, at, |renames| &renames.columns)
    }

    /// What the table that a file names at `at` is called in the end.
    pub(super) fn table<'n>(&'n self, name: &'n str, at: Span) -> &'n str {
        self.renamed(name, at, |renames| &renames.tables).0
    }

    /// Where an overlay up to the file of `at` gave this column another name.
    pub(super) fn renamed_away(&self, name: &str, at: Span) -> Option<(&str, Span)> {
        let own = self.depth(at.source);
        let renames = self.renames.iter().take(own + 1).rev();
        let mut found = renames.filter_map(|renames| renames.columns.get(name));
        found.next().map(|(new, span)| (new.as_str(), *span))
    }

    fn renamed<'n>(
        &'n self,
        name: &'n str,
        at: Span,
        of: impl Fn(&Renames) -> &BTreeMap<String, (String, Span)>,
    ) -> (&'n str, Option<Span>) {
        let above = self.renames.iter().skip(self.depth(at.source) + 1);
        above.fold((name, None), |(name, by), renames| match of(renames).get(name) {
            Some((new, span)) => (new, Some(*span)),
            None => (name, by),
        })
    }

    /// Whether it is an overlay's word that there is no such log source.
    pub(super) fn takes_away(&self, node: &Node) -> bool {
        self.depth(node.span.source) > 0 && node.text() == Some(REMOVED)
    }

    /// Where an overlay says that a column is called so.
    pub(super) fn renamed_to(&self, name: &str) -> Option<Span> {
        let all = self.renames.iter().rev().flat_map(|renames| renames.columns.values());
        all.filter(|(new, _)| new == name).map(|(_, span)| *span).next()
    }

    /// Which of the files it is, the base for those of another platform.
    fn depth(&self, source: SourceId) -> usize {
        self.files.iter().rposition(|file| file.source() == source).unwrap_or(0)
    }

    /// Adds what the files say about tables.
    pub(super) fn add_tables(&self, schema: &mut Schema) {
        for file in &self.files {
            let tables = file.names(Group::Tables);
            let lines = tables
                .filter_map(|name| Some((name.to_owned(), file.lines_of(Group::Tables, name)?)));
            let lines: Vec<_> = lines.collect();
            if !lines.is_empty() {
                schema.add(file.source(), file.text().clone(), lines);
            }
        }
    }

    /// Keys of the log sources that the files together hold.
    pub(super) fn logsources(&self) -> BTreeSet<&str> {
        let mut held = BTreeSet::new();
        for (at, file) in self.files.iter().enumerate() {
            for name in file.names(Group::LogSources) {
                // A base does not take away, so its entries need not be read.
                let node = (at > 0)
                    .then(|| file.read(Group::LogSources, name, &mut Diagnostics::default()))
                    .flatten();
                match node.as_ref().and_then(Node::text) {
                    Some(REMOVED) => held.remove(name),
                    Some(_) | None => held.insert(name),
                };
            }
        }
        held
    }
}

impl Renames {
    fn read(file: &Sections, found: &mut Diagnostics) -> Self {
        let Some(node) = file.read(Group::Head, "rename", found) else { return Self::default() };
        let names = |key: &str| {
            let pairs = node.get(key).and_then(Node::pairs).unwrap_or_default();
            let name = |(old, new): &(Node, Node)| {
                let span = old.span.to(new.span);
                Some((old.text()?.to_owned(), (new.text()?.to_owned(), span)))
            };
            pairs.iter().filter_map(name).collect()
        };
        Self { columns: names("columns"), tables: names("tables") }
    }
}
