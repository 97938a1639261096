//! A schema file → the columns of its tables with their types, read table by table.
//!
//! `templates/schemas/*.yml` say which tables and columns a platform has. A table's name begins a
//! line; under it each line gives a type and the columns of that type. `[]` after a type: a column
//! that may hold several values. `*` in a column stands for any name.
//!
//! `DeviceEvents:\n  time: Timestamp\n  text: DeviceId\n    DeviceName\n` → `DeviceName`: text.

use std::collections::BTreeMap;

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

/// A schema file and where its tables stand.
#[derive(Debug)]
pub(super) struct Schema<'a> {
    tables: BTreeMap<&'a str, &'a str>,
}

/// The columns of some tables together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tables<'a> {
    exact: BTreeMap<&'a str, (Held, bool)>,
    /// What stands before and after the `*`.
    patterns: Vec<(&'a str, &'a str, Held, bool)>,
}

impl<'a> Schema<'a> {
    /// Finds the tables.
    pub(super) fn find(text: &'a str) -> Self {
        let mut tables = BTreeMap::new();
        let mut rest = text;
        while let Some((line, after)) = rest.split_once('\n') {
            rest = after;
            let name = line.strip_suffix(':').filter(|name| !name.starts_with([' ', '#']));
            let Some(name) = name else { continue };
            let is_inside = |line: &str| line.starts_with(' ');
            let length: usize =
                after.split_inclusive('\n').take_while(|line| is_inside(line)).map(str::len).sum();
            tables.insert(name, after.get(..length).unwrap_or_default());
        }
        Self { tables }
    }

    /// Names of the tables, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.tables.keys().copied()
    }

    /// The columns of these tables; those of unknown tables are none.
    pub(super) fn tables<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Tables<'a> {
        let mut read = Tables::default();
        for name in names {
            read.add(self.tables.get(name).copied().unwrap_or_default());
        }
        read
    }
}

impl<'a> Tables<'a> {
    /// What the tables say about a name.
    pub(super) fn column(&self, name: &str) -> Found {
        let by_pattern = || {
            let fits = |before: &str, after: &str| {
                name.strip_prefix(before)
                    .and_then(|rest| rest.strip_suffix(after))
                    .is_some_and(|rest| !rest.is_empty())
            };
            // The longest ending first: `*{}` says more than `*`.
            let patterns = self.patterns.iter().filter(|(before, after, ..)| fits(before, after));
            patterns
                .max_by_key(|(before, after, ..)| (after.len(), before.len()))
                .map(|(.., held, multi)| (*held, *multi))
        };
        match self.exact.get(name).copied().or_else(by_pattern) {
            Some((Held::As(ty), multi)) => {
                Found::Column(Column { name: name.to_owned(), ty, multi })
            }
            Some((Held::Opaque, _)) => Found::Opaque,
            None => Found::Nothing,
        }
    }

    /// Names of the columns, sorted; without patterns.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.exact.keys().copied()
    }

    fn add(&mut self, body: &'a str) {
        let mut current = None;
        for line in body.lines().filter(|line| !line.trim_start().starts_with('#')) {
            let continued = line.starts_with("   ");
            let names = match line.split_once(": ").filter(|_| !continued) {
                Some((ty, names)) => {
                    current = held(ty.trim().trim_matches('"'));
                    names
                }
                None => line,
            };
            let Some((held, multi)) = current else { continue };
            for name in names.split_whitespace().map(|name| name.trim_matches('"')) {
                match name.split_once('*') {
                    Some((before, after)) => self.patterns.push((before, after, held, multi)),
                    None => {
                        self.exact.insert(name, (held, multi));
                    }
                }
            }
        }
    }
}

/// The type with this name, and whether a column may hold several values.
fn held(name: &str) -> Option<(Held, bool)> {
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
