//! A schema → the columns of its tables with their types, read table by table.
//!
//! `templates/schemas/*.yml` say which tables and columns a platform has; `tables` of a platform file
//! or an overlay adds to them. A table's name begins a line; under it each line gives a type and the
//! columns of that type. `[]` after a type: a column that may hold several values. `*` in a column
//! stands for any name. `none`: columns that are not there after all. `complete: true`: the table has
//! the columns of this entry only.
//!
//! `DeviceEvents:\n  time: Timestamp\n  text: DeviceId\n    DeviceName\n` → `DeviceName`: text.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::OnceLock;

use crate::source::{SourceId, Span};

use super::{Column, ColumnType};

/// What the documentation calls each type.
const TYPES: &[(&str, Held)] = &[
    ("text", Held::As(ColumnType::Text)),
    ("integer", Held::As(ColumnType::Integer)),
    ("real", Held::As(ColumnType::Real)),
    ("boolean", Held::As(ColumnType::Boolean)),
    ("time", Held::As(ColumnType::Time)),
    ("ip", Held::As(ColumnType::Ip)),
    ("dynamic", Held::As(ColumnType::Dynamic)),
    ("opaque", Held::Opaque),
];
/// The key of columns that are not there.
pub(super) const NONE: &str = "none";
/// The key that says whether an entry lists all columns of its table.
pub(super) const COMPLETE: &str = "complete";

/// How a column can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// Its values compare.
    As(ColumnType),
    /// It is there, but queries cannot compare it.
    Opaque,
}

/// What a schema says about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A column.
    Column(Column),
    /// A column that queries cannot compare.
    Opaque,
    /// No table has it.
    Nothing,
}

/// Schemas over each other and where their tables stand.
#[derive(Debug, Default)]
pub(super) struct Schema {
    texts: Vec<(SourceId, Cow<'static, str>)>,
    tables: BTreeMap<String, Entry>,
}

/// What is said about a table.
#[derive(Debug, Default)]
struct Entry {
    /// Where, the first first: a text by its index, and the lines there.
    lines: Vec<(usize, Range<usize>)>,
    /// What it comes to, read when it is asked for.
    read: OnceLock<Table>,
}

/// The columns of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    exact: BTreeMap<Box<str>, (Held, bool)>,
    /// What stands before and after the `*`.
    patterns: Vec<(Box<str>, Box<str>, Held, bool)>,
    /// Columns that are not there, whatever a pattern says.
    none: BTreeSet<Box<str>>,
}

/// The columns of some tables together; where several have one of a name, the last counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tables<'a> {
    of: Vec<&'a Table>,
}

/// A name in a table's entry, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said<'a> {
    /// The type as it is written.
    pub(super) key: &'a str,
    /// The column, or the value of another key; empty where only the key is.
    pub(super) name: &'a str,
    /// The place of the key.
    pub(super) key_span: Span,
    /// The place of the name.
    pub(super) span: Span,
}

impl Schema {
    /// A whole schema file, which no message points into.
    pub(super) fn find(text: impl Into<Cow<'static, str>>) -> Self {
        let mut schema = Self::default();
        let text = text.into();
        let mut found = Vec::new();
        let mut name: Option<(&str, usize)> = None;
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            if line.starts_with([' ', '#', '\n']) {
                continue;
            }
            found.extend(name.take().map(|(name, from)| (name.to_owned(), from..start)));
            name = line.trim_end().strip_suffix(':').map(|name| (name, at));
        }
        found.extend(name.map(|(name, from)| (name.to_owned(), from..at)));
        for (name, range) in found {
            schema.tables.entry(name).or_default().lines.push((0, range));
        }
        schema.texts.push((SourceId::default(), text));
        schema
    }

    /// Adds what a file says about tables: their names, and where the lines stand.
    pub(super) fn add(
        &mut self,
        source: SourceId,
        text: Cow<'static, str>,
        tables: impl IntoIterator<Item = (String, Range<usize>)>,
    ) {
        let index = self.texts.len();
        self.texts.push((source, text));
        for (name, range) in tables {
            self.tables.entry(name).or_default().lines.push((index, range));
        }
    }

    /// Whether there is this table.
    pub(super) fn has(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }

    /// Names of the tables, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// The columns of these tables; those of unknown tables are none.
    pub(super) fn tables<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Tables<'_> {
        let entries = names.into_iter().filter_map(|name| self.tables.get(name));
        let read = |entry: &Entry| self.read(entry, usize::MAX);
        Tables { of: entries.map(|entry| entry.read.get_or_init(|| read(entry))).collect() }
    }

    /// The columns of a table as the texts before the one with this index say.
    pub(super) fn before(&self, table: &str, limit: usize) -> Table {
        self.tables.get(table).map(|entry| self.read(entry, limit)).unwrap_or_default()
    }

    fn read(&self, entry: &Entry, limit: usize) -> Table {
        let mut table = Table::default();
        for (index, range) in entry.lines.iter().filter(|(index, _)| *index < limit) {
            self.lines(*index, range).for_each(|said| table.say(&said));
        }
        table
    }

    /// What an added file says about a table, name by name.
    pub(super) fn said(&self, source: SourceId, table: &str) -> Vec<Said<'_>> {
        let bodies = self.tables.get(table).into_iter().flat_map(|entry| &entry.lines);
        let here = bodies.filter(|(index, _)| self.source(*index) == Some(source));
        here.flat_map(|(index, range)| self.lines(*index, range)).collect()
    }

    /// Where an added file says last what a column of these tables is, or that there is none.
    pub(super) fn told<'n>(
        &self,
        tables: impl IntoIterator<Item = &'n str>,
        column: &str,
    ) -> Option<Said<'_>> {
        let entries = tables.into_iter().filter_map(|table| self.tables.get(table));
        let bodies = entries.flat_map(|entry| &entry.lines);
        let added = bodies.filter(|(index, _)| *index > 0);
        let said = added.flat_map(|(index, range)| self.lines(*index, range));
        said.filter(|said| said.name == column || said.key == COMPLETE).last()
    }

    /// The index of an added file.
    pub(super) fn index(&self, source: SourceId) -> Option<usize> {
        self.texts.iter().skip(1).position(|(id, _)| *id == source).map(|at| at + 1)
    }

    fn source(&self, index: usize) -> Option<SourceId> {
        self.texts.get(index).filter(|_| index > 0).map(|(source, _)| *source)
    }

    fn lines(&self, index: usize, range: &Range<usize>) -> impl Iterator<Item = Said<'_>> {
        let (source, text) = match self.texts.get(index) {
            Some((source, text)) => (*source, text.get(range.clone()).unwrap_or_default()),
            None => (SourceId::default(), ""),
        };
        lines(source, text, range.start)
    }
}

/// The names of a table's entry, which begins at `at` of its file.
fn lines(source: SourceId, text: &str, mut at: usize) -> impl Iterator<Item = Said<'_>> {
    let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let is_said = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let indent = text.lines().find(is_said).map_or(0, indentation);
    let mut key = ("", Span::new(source, at, at));
    text.split_inclusive('\n').flat_map(move |line| {
        let start = at;
        at += line.len();
        let place = move |part: &str, from: usize| Span::new(source, from, from + part.len());
        let mut names = Vec::new();
        if !is_said(&line) {
            return names;
        }
        let own = Some(line).filter(|line| indentation(line) <= indent);
        let after = match own.and_then(|line| line.split_once(':').filter(|(_, after)| ends(after)))
        {
            Some((before, after)) => {
                let name = before.trim().trim_matches(['"', '\'']);
                let from = start + line.find(name).unwrap_or_default();
                key = (name, place(name, from));
                after
            }
            None => line,
        };
        let mut from = start + line.len() - after.len();
        for word in after.split(' ') {
            if word.starts_with('#') {
                break;
            }
            let name = word.trim_end().trim_matches(['"', '\'', '[', ']', ',', '-']);
            if !name.is_empty() {
                let offset = word.find(name).unwrap_or_default();
                let span = place(name, from + offset);
                names.push(Said { key: key.0, name, key_span: key.1, span });
            }
            from += word.len() + 1;
        }
        if names.is_empty() {
            names.push(Said { key: key.0, name: "", key_span: key.1, span: key.1 });
        }
        names
    })
}

/// Whether a key ends before this text.
fn ends(after: &str) -> bool {
    after.starts_with([' ', '\n', '\r']) || after.is_empty()
}

impl Tables<'_> {
    /// What the tables say about a name.
    pub(super) fn column(&self, name: &str) -> Found {
        let exact = self.of.iter().rev().find_map(|table| table.exact.get(name).copied());
        let by_pattern = || {
            let patterns = self.of.iter().flat_map(|table| table.patterns_for(name));
            // The longest ending first: `*{}` says more than `*`.
            patterns
                .max_by_key(|(before, after, ..)| (after.len(), before.len()))
                .map(|(.., held, multi)| (*held, *multi))
        };
        match exact.or_else(by_pattern) {
            Some((Held::As(ty), multi)) => {
                Found::Column(Column { name: name.to_owned(), ty, multi })
            }
            Some((Held::Opaque, _)) => Found::Opaque,
            None => Found::Nothing,
        }
    }

    /// Names of the columns; without patterns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.of.iter().flat_map(|table| table.names())
    }
}

impl Table {
    /// Whether it has a column of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.exact.contains_key(name) || self.patterns_for(name).next().is_some()
    }

    /// Names of the columns, sorted; without patterns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.exact.keys().map(AsRef::as_ref)
    }

    /// The patterns that stand for a name.
    fn patterns_for(&self, name: &str) -> impl Iterator<Item = &(Box<str>, Box<str>, Held, bool)> {
        let fits = |before: &str, after: &str| {
            let rest = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            rest.is_some_and(|rest| !rest.is_empty()) && !self.none.contains(name)
        };
        self.patterns.iter().filter(move |(before, after, ..)| fits(before, after))
    }

    fn say(&mut self, said: &Said<'_>) {
        if said.name.is_empty() {
            return;
        }
        if said.key == COMPLETE {
            if said.name == "true" {
                *self = Self::default();
            }
            return;
        }
        if said.key == NONE {
            self.exact.remove(said.name);
            self.none.insert(said.name.into());
            return;
        }
        let Some((held, multi)) = held(said.key) else { return };
        match said.name.split_once('*') {
            Some((before, after)) => {
                self.patterns.push((before.into(), after.into(), held, multi));
            }
            None => {
                self.none.remove(said.name);
                self.exact.insert(said.name.into(), (held, multi));
            }
        }
    }
}

/// Names of the types.
pub(super) fn types() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(name, _)| *name)
}

/// The type with this name, and whether a column may hold several values.
pub(super) fn held(name: &str) -> Option<(Held, bool)> {
    let (name, multi) = match name.strip_suffix("[]") {
        Some(name) => (name, true),
        None => (name, false),
    };
    TYPES.iter().find(|(known, _)| *known == name).map(|(_, held)| (*held, multi))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# comment\n\na:\n  time: t\n  # comment\n  text: x y\n    z\n  \"text[]\": m\n\n\
                        b:\n  text: \"d.*\"\n  \"ip[]\": \"*{}\"\n  opaque: o\n";

    fn found(tables: &[&str], name: &str) -> Option<(ColumnType, bool)> {
        match Schema::find(FILE).tables(tables.iter().copied()).column(name) {
            Found::Column(column) => Some((column.ty, column.multi)),
            Found::Opaque | Found::Nothing => None,
        }
    }

    #[test]
    fn columns_are_those_of_the_tables_asked_for() {
        let schema = Schema::find(FILE);
        assert_eq!(schema.names().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found(&["a"], "t"), Some((ColumnType::Time, false)));
        assert_eq!(found(&["a"], "z"), Some((ColumnType::Text, false)));
        assert_eq!(found(&["a"], "m"), Some((ColumnType::Text, true)));
        assert_eq!(found(&["b"], "z"), None);
        assert_eq!(found(&["a", "b"], "z"), Some((ColumnType::Text, false)));
        assert_eq!(schema.tables(["b"]).column("o"), Found::Opaque);
    }

    #[test]
    fn patterns_stand_for_any_name_and_the_longest_ending_wins() {
        assert_eq!(found(&["b"], "d.x"), Some((ColumnType::Text, false)));
        assert_eq!(found(&["b"], "d.x{}"), Some((ColumnType::Ip, true)));
        assert_eq!(found(&["b"], "d."), None);
    }
}
