//! The legs of a correlation, projected to the same columns with the same types.
//!
//! `_time` (cut to milliseconds), `_key0` …, `_mask`, the event's own time and what identifies it:
//! `union` would rename columns of one name and different types, so every leg is projected.

use minijinja::{Value, context};

use super::bindings::Bindings;
use super::names::Names;
use super::predicate::{self, Nulls};
use super::shows::Shows;
use super::syntax::{self, Kusto};
use super::totals::Totals;
use super::{leg, scalar};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{PatternId, Predicate};
use crate::plan::{Leg, Mask, Timeline};
use crate::platform::{Column, ColumnType};
use crate::source::Span;

/// What all legs agree on.
pub(super) struct Shape<'a> {
    timeline: &'a Timeline,
    legs: &'a [Leg],
    /// How many sources stand before these.
    first: usize,
    /// Names that no column of the result has.
    pub(super) names: Names,
    /// The column that holds an event's own time.
    pub(super) time: Kusto,
    /// What identifies an event, without its time.
    pub(super) identity: Vec<Column>,
    /// Types of the parts of the key; of none: everything belongs together.
    keys: Vec<ColumnType>,
}

impl<'a> Shape<'a> {
    /// The columns that the legs have in common; `first` sources stand before them, and `names`
    /// are apart from those of [`columns`].
    pub(super) fn of(
        timeline: &'a Timeline,
        first: usize,
        names: &Names,
        rule: Span,
        refused: &mut Vec<Diagnostic>,
    ) -> Self {
        let legs = &timeline.legs;
        let time = clock(legs);
        let identity = identity(legs, time);
        legs.iter().for_each(|leg| leg::check_names(leg, rule, refused));
        Self {
            timeline,
            legs,
            first,
            names: names.clone(),
            time: syntax::name(time),
            keys: keys(timeline, rule, refused),
            identity,
        }
    }

    /// What each leg reads, for the template.
    pub(super) fn sources(&self, rule: Span, refused: &mut Vec<Diagnostic>) -> Vec<Value> {
        let source = |(number, leg): (usize, &Leg)| {
            let any = Predicate::any(leg.flags.iter().map(|(_, flag)| flag.clone()));
            let stages = leg::stages(leg, &any, rule, refused);
            let columns = self.columns(leg, rule, refused);
            let table = match leg.firings {
                Some(number) => self.names.of("firings", number),
                None => syntax::name(&leg.place.table),
            };
            context! {
                name => Value::from(self.source(number)),
                table => Value::from(table),
                stages => stages.into_iter().map(Value::from).collect::<Vec<_>>(),
                columns => Value::from(Kusto::join(columns, ", ")),
            }
        };
        self.legs.iter().enumerate().map(source).collect()
    }

    /// The name of a source.
    pub(super) fn source(&self, number: usize) -> Kusto {
        self.names.of("events", self.first + number)
    }

    /// The names of the sources.
    pub(super) fn source_names(&self) -> Vec<Kusto> {
        (0..self.legs.len()).map(|number| self.source(number)).collect()
    }

    /// Whether events belong together by a key.
    pub(super) fn is_keyed(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The columns of the key; a constant one if everything belongs together.
    pub(super) fn key_names(&self) -> Vec<Kusto> {
        (0..self.keys.len().max(1)).map(|number| self.names.of("key", number)).collect()
    }

    /// That every part of the key is there, and the time where it is read from text.
    pub(super) fn present(&self) -> Option<Kusto> {
        let part = |(number, ty): (usize, &ColumnType)| {
            let function = if *ty == ColumnType::Text { "isnotempty" } else { "isnotnull" };
            format!("{function}({})", self.names.of("key", number))
        };
        let read = self.legs.iter().any(|leg| leg.place.time.ty != ColumnType::Time);
        let time = read.then(|| format!("isnotnull({})", self.names.one("time")));
        let parts: Vec<String> = self.keys.iter().enumerate().map(part).chain(time).collect();
        (!parts.is_empty()).then(|| Kusto::trusted(parts.join(" and ")))
    }

    /// The values that only some events share.
    pub(super) fn bindings(&self) -> Bindings<'_> {
        Bindings { timeline: self.timeline, names: &self.names }
    }

    /// The time of an event and what identifies it.
    pub(super) fn event_columns(&self) -> Vec<Kusto> {
        let identity = self.identity.iter().map(|column| syntax::name(&column.name));
        std::iter::once(self.time.clone()).chain(identity).collect()
    }

    /// What is shown of the last firing.
    pub(super) fn shows(&self) -> Shows<'_> {
        Shows { timeline: self.timeline, names: &self.names }
    }

    fn totals(&self) -> Totals<'_> {
        Totals { timeline: self.timeline, names: &self.names }
    }

    /// Names of the columns that an event keeps.
    pub(super) fn event_names(&self) -> Vec<String> {
        let identity = self.identity.iter().map(|column| column.name.clone());
        std::iter::once(self.time.to_string()).chain(identity).collect()
    }

    fn columns(&self, leg: &Leg, rule: Span, refused: &mut Vec<Diagnostic>) -> Vec<Kusto> {
        let assign = |name: &Kusto, value: &Kusto| match name == value {
            true => name.clone(),
            false => Kusto::trusted(format!("{name} = {value}")),
        };
        let clock = &leg.place.time;
        let time = scalar::convert(&syntax::name(&clock.name), clock.ty, ColumnType::Time);
        let cut = Kusto::trusted(format!("bin({time}, 1ms)"));
        let mut columns = vec![assign(&self.names.one("time"), &cut)];
        let keys = self.keys.iter().zip(&leg.keys).map(|(ty, key)| match key {
            Some(key) => self.typed(key, *ty),
            None => missing(*ty),
        });
        let constant = (!self.is_keyed()).then(|| Kusto::trusted("0"));
        for (number, key) in keys.chain(constant).enumerate() {
            columns.push(assign(&self.names.of("key", number), &key));
        }
        columns.extend(self.bindings().of_leg(leg));
        columns.push(assign(&self.names.one("mask"), &mask(leg, rule, refused)));
        columns.push(assign(&self.time, &time));
        for column in &self.identity {
            let held = leg.place.identity.iter().find(|held| held.name == column.name);
            let value = held.map_or_else(|| missing(column.ty), |held| self.typed(held, column.ty));
            columns.push(assign(&syntax::name(&column.name), &value));
        }
        columns.extend(self.totals().of_leg(leg));
        columns.extend(self.shows().of_leg(leg));
        columns
    }

    /// The column as one of type `want`; numbers of several legs may differ in width.
    fn typed(&self, column: &Column, want: ColumnType) -> Kusto {
        let value = scalar::convert(&syntax::name(&column.name), column.ty, want);
        let width = match want {
            ColumnType::Integer => "tolong",
            ColumnType::Real => "todouble",
            ColumnType::Text
            | ColumnType::Boolean
            | ColumnType::Time
            | ColumnType::Ip
            | ColumnType::Dynamic => return value,
        };
        match self.legs.len() {
            0 | 1 => value,
            _ => Kusto::trusted(format!("{width}({value})")),
        }
    }
}

/// The column of results that holds an event's time.
fn clock(legs: &[Leg]) -> &str {
    let mut clocks = legs.iter().map(|leg| leg.place.time.name.as_str());
    let first = clocks.next();
    first.filter(|first| clocks.all(|other| other == *first)).unwrap_or("Timestamp")
}

/// The columns that an event keeps: its time and what identifies it.
pub(super) fn columns(timeline: &Timeline) -> Vec<String> {
    let time = clock(&timeline.legs);
    let identity = identity(&timeline.legs, time).into_iter().map(|column| column.name);
    std::iter::once(time.to_owned()).chain(identity).collect()
}

/// What identifies an event in any leg; as text where legs differ in its type.
fn identity(legs: &[Leg], time: &str) -> Vec<Column> {
    let mut identity: Vec<Column> = Vec::new();
    for column in legs.iter().flat_map(|leg| &leg.place.identity) {
        match identity.iter_mut().find(|known| known.name == column.name) {
            Some(known) if known.ty != column.ty => known.ty = ColumnType::Text,
            Some(_) => {}
            None if column.name == time => {}
            None => identity.push(column.clone()),
        }
    }
    identity
}

/// Types of the parts of the key: as text where legs differ, or where KQL cannot group by the type.
fn keys(timeline: &Timeline, rule: Span, refused: &mut Vec<Diagnostic>) -> Vec<ColumnType> {
    let mut types = Vec::new();
    for (number, name) in timeline.keys.iter().enumerate() {
        let parts: Vec<_> = timeline.legs.iter().map(|leg| leg.keys.get(number)).collect();
        let columns: Vec<&Column> = parts.iter().flatten().copied().flatten().collect();
        if columns.len() < parts.len() || columns.iter().any(|column| column.multi) {
            let message = format!("KQL has no exact form for the key `{name}`");
            refused.push(
                Diagnostic::new(Code::NotExpressible, rule, message)
                    .note("not every event carries it, or it may hold several values")
                    .help("use a key that every event carries once"),
            );
        }
        let plain = |ty| !matches!(ty, ColumnType::Dynamic | ColumnType::Ip);
        types.push(match columns.as_slice() {
            [first, rest @ ..] if plain(first.ty) && rest.iter().all(|one| one.ty == first.ty) => {
                first.ty
            }
            _ => ColumnType::Text,
        });
    }
    types
}

/// The number of the patterns that a row satisfies; the row satisfies one of them.
fn mask(leg: &Leg, rule: Span, refused: &mut Vec<Diagnostic>) -> Kusto {
    let number = |pattern: &PatternId| Mask(vec![*pattern]).number();
    if let [(pattern, _)] = leg.flags.as_slice() {
        return Kusto::trusted(number(pattern).to_string());
    }
    let flags = leg.flags.iter().map(|(pattern, flag)| {
        let condition = predicate::print(flag, Nulls::False, rule, refused);
        Kusto::trusted(format!("iff({}, {}, 0)", condition.text, number(pattern)))
    });
    Kusto::join(flags.collect::<Vec<_>>(), " + ")
}

/// What a leg has in place of a column that it lacks.
fn missing(ty: ColumnType) -> Kusto {
    Kusto::trusted(match ty {
        ColumnType::Text | ColumnType::Ip => "\"\"",
        ColumnType::Integer => "long(null)",
        ColumnType::Real => "real(null)",
        ColumnType::Boolean => "bool(null)",
        ColumnType::Time => "datetime(null)",
        ColumnType::Dynamic => "dynamic(null)",
    })
}
