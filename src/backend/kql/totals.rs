//! Numbers kept for the window: each value comes and, when the window has left it behind, leaves.
//!
//! `sum(a.Bytes)` over 1h → the row of an event is copied (`_copy`): one copy adds the value
//! (`_value0`), the other, an hour and a millisecond later, takes it away (`_sign`). Per time and key
//! `_delta0` is what changes; the scan carries its running total `_total0`, the sum in the window. For
//! `distinct` a value changes the total where the number of its copies (`_held0`) leaves or reaches 0.
//! No value is ever null: one that is not there has the empty text, or changes nothing.

use std::collections::BTreeSet;

use minijinja::{Value, context};

use super::leaf::comparison;
use super::legs::Shape;
use super::names::Names;
use super::scan::Scan;
use super::syntax::{self, Kusto};
use super::{Kql, scalar};
use crate::backend::infix::Expr;
use crate::ir::Cmp;
use crate::plan::{Amount, Are, Leg, Of, Timeline, Total, Values};
use crate::platform::{Column, ColumnType};

/// A decimal number; Kusto's own reading of text as numbers takes more.
const NUMBER: &str = "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$";

/// The totals and how their columns are called.
#[derive(Clone, Copy)]
pub(super) struct Totals<'a> {
    /// What is printed.
    pub(super) timeline: &'a Timeline,
    /// How columns are called.
    pub(super) names: &'a Names,
}

impl Totals<'_> {
    /// The columns of a leg's events.
    pub(super) fn of_leg(&self, leg: &Leg) -> Vec<Kusto> {
        let sets = self.timeline.values.iter().enumerate().zip(&leg.values);
        let columns = sets.flat_map(|((at, values), givers)| {
            let givers = givers.iter().enumerate();
            givers.map(move |(giver, columns)| {
                let name = self.given(at, values, giver);
                Kusto::trusted(format!("{name} = {}", together(values.are, columns)))
            })
        });
        columns.collect()
    }

    /// The column of a giver's values.
    fn given(&self, at: usize, values: &Values, giver: usize) -> Kusto {
        let value = self.names.of("value", at);
        match values.givers.len() {
            1 => value,
            _ => Kusto::trusted(format!("{value}_{giver}")),
        }
    }

    /// What is done before events are grouped; `false` without any total.
    pub(super) fn before_groups(&self, shape: &Shape<'_>) -> Value {
        if self.timeline.totals.is_empty() {
            return Value::from(false);
        }
        let different = self.timeline.totals.iter().enumerate();
        let different = different.filter(|(_, total)| total.of == Of::Different);
        let different = different.map(|(at, total)| self.different(at, total, shape));
        let merged = self.timeline.values.iter().enumerate();
        let merged = merged.filter_map(|(at, values)| self.merged(at, values));
        context! {
            merged => merged.map(Value::from).collect::<Vec<_>>(),
            copy => Value::from(self.names.one("copy")),
            copies => Value::from(self.copies()),
            copied => Value::from(Kusto::join(self.copied(), ", ")),
            moved => Value::from(Kusto::join(self.moved(), ", ")),
            different => different.collect::<Vec<_>>(),
            changes => Value::from(Kusto::join(self.changes(), ", ")),
        }
    }

    /// The values of all givers, as a list where an event may give several.
    fn merged(&self, at: usize, values: &Values) -> Option<Kusto> {
        let scan = Scan { timeline: self.timeline, names: self.names };
        let givers = values.givers.iter().enumerate().map(|(number, giver)| {
            let given = self.given(at, values, number);
            let gives = |leg: &&Leg| {
                let of = leg.values.get(at).and_then(|of| of.get(number));
                of.is_some_and(|columns| !columns.is_empty())
            };
            let gives = self.timeline.legs.iter().filter(gives);
            let only = gives.flat_map(|leg| &leg.flags).all(|(id, _)| giver.patterns.contains(id));
            if only {
                return given;
            }
            let masks = giver.patterns.iter().flat_map(|id| self.timeline.masks_of(*id));
            let masks: BTreeSet<usize> = masks.collect();
            let is = scan.one_of(&masks.into_iter().collect::<Vec<_>>());
            Kusto::trusted(format!("iff({is}, {given}, {})", none(values.are)))
        });
        let givers: Vec<Kusto> = givers.collect();
        let value = self.names.of("value", at);
        let text = match givers.as_slice() {
            [only] if *only == value => return None,
            [only] => only.clone(),
            several if self.is_several(values) => {
                Kusto::trusted(format!("pack_array({})", Kusto::join(several.to_vec(), ", ")))
            }
            several => Kusto::trusted(format!("coalesce({})", Kusto::join(several.to_vec(), ", "))),
        };
        Some(Kusto::trusted(format!("{value} = {text}")))
    }

    /// Whether an event may give several values.
    fn is_several(&self, values: &Values) -> bool {
        !values.is_single(&self.timeline.masks)
    }

    /// The last number of the copies of an event: two for each value, and itself.
    fn copies(&self) -> Kusto {
        let values = || self.timeline.values.iter().enumerate();
        let most = values().filter(|(_, values)| self.is_several(values));
        if let Some(most) = most.map(|(_, values)| values.givers.len()).max() {
            return Kusto::trusted((2 * most - 1).to_string());
        }
        let there = values()
            .map(|(at, values)| Expr::<Kql>::atom(there(values.are, &self.names.of("value", at))));
        let there = super::boolean::any(there.collect());
        Kusto::trusted(format!("iff({}, 1, 0)", there.text))
    }

    /// What each copy has: its sign, and one of the values.
    fn copied(&self) -> Vec<Kusto> {
        let (copy, sign) = (self.names.one("copy"), self.names.one("sign"));
        let sign = Kusto::trusted(format!("{sign} = iff({copy} % 2 == 0, 1, -1)"));
        let any = self.timeline.values.iter().any(|values| self.is_several(values));
        let values = self.timeline.values.iter().enumerate().filter(|_| any);
        let values = values.map(|(at, values)| {
            let value = self.names.of("value", at);
            let convert = match values.are {
                Are::Texts => "tostring",
                Are::Numbers => "todouble",
            };
            Kusto::trusted(match self.is_several(values) {
                true => format!("{value} = {convert}({value}[{copy} / 2])"),
                false => format!("{value} = iff({copy} < 2, {value}, {})", none(values.are)),
            })
        });
        std::iter::once(sign).chain(values).collect()
    }

    /// Only the first copy is the event; those that take values away stand after the window.
    fn moved(&self) -> Vec<Kusto> {
        let (copy, time) = (self.names.one("copy"), self.names.one("time"));
        let (mask, sign) = (self.names.one("mask"), self.names.one("sign"));
        let after = syntax::timespan(self.timeline.window.saturating_add(1));
        let time = format!("{time} = iff({sign} == 1, {time}, {time} + {after})");
        let mask = format!("{mask} = iff({copy} == 0, {mask}, 0)");
        [time, mask].into_iter().map(Kusto::trusted).collect()
    }

    /// How many copies of each value the window holds, and what that changes.
    fn different(&self, at: usize, total: &Total, shape: &Shape<'_>) -> Value {
        let value = self.names.of("value", total.values);
        let (held, sign) = (self.names.of("held", total.values), self.names.one("sign"));
        let bound = (0..self.timeline.bindings.len()).map(|number| self.names.of("bound", number));
        let keys = shape.key_names().into_iter().chain(bound);
        let by: Vec<Kusto> = keys.chain([value.clone()]).collect();
        let order = by.iter().map(|column| Kusto::trusted(format!("{column} asc")));
        let other = by.iter().map(|column| Kusto::trusted(format!("{column} != prev({column})")));
        let other = Kusto::join(other.collect::<Vec<_>>(), " or ");
        let delta = self.names.of("delta", at);
        let change = format!(
            "{delta} = case(isempty({value}), 0, {sign} == 1 and {held} == 1, 1, \
             {sign} == -1 and {held} == 0, -1, 0)"
        );
        let time = Kusto::trusted(format!("{} asc", self.names.one("time")));
        context! {
            order => Value::from(Kusto::join(order.chain([time]).collect::<Vec<_>>(), ", ")),
            held => Value::from(Kusto::trusted(format!("{held} = row_cumsum({sign}, {other})"))),
            change => Value::from(Kusto::trusted(change)),
        }
    }

    /// What each copy changes.
    fn changes(&self) -> Vec<Kusto> {
        let sign = self.names.one("sign");
        let change = |(at, total): (usize, &Total)| {
            let value = self.names.of("value", total.values);
            let change = match total.of {
                Of::Different => return None,
                Of::Number => format!("iff(isnull({value}), 0, {sign})"),
                Of::Compared(cmp, limit) => {
                    let (cmp, limit) = (comparison(cmp), syntax::number(limit));
                    format!("iff(isnotnull({value}) and {value} {cmp} {limit}, {sign}, 0)")
                }
                Of::Sum => format!("iff(isnull({value}), 0.0, {sign} * {value})"),
            };
            Some(Kusto::trusted(format!("{} = {change}", self.names.of("delta", at))))
        };
        self.timeline.totals.iter().enumerate().filter_map(change).collect()
    }

    /// What is kept of a group.
    pub(super) fn of_group(&self) -> Vec<Kusto> {
        self.each(|at, _| {
            let delta = self.names.of("delta", at);
            format!("{delta} = sum({delta})")
        })
    }

    /// The columns that the scan adds.
    pub(super) fn declared(&self) -> Vec<Kusto> {
        self.each(|at, total| {
            let ty = match total.of {
                Of::Different | Of::Number | Of::Compared(..) => "long",
                Of::Sum => "real",
            };
            format!("{}:{ty}", self.names.of("total", at))
        })
    }

    /// What each group assigns to them.
    pub(super) fn assignments(&self) -> Vec<Kusto> {
        let (same, step) = (self.names.one("same"), self.names.one("step"));
        self.each(|at, total| {
            let (name, delta) = (self.names.of("total", at), self.names.of("delta", at));
            let none = match total.of {
                Of::Different | Of::Number | Of::Compared(..) => "0",
                Of::Sum => "0.0",
            };
            format!("{name} = iff({same}, {step}.{name}, {none}) + {delta}")
        })
    }

    fn each(&self, text: impl Fn(usize, &Total) -> String) -> Vec<Kusto> {
        let totals = self.timeline.totals.iter().enumerate();
        totals.map(|(at, total)| Kusto::trusted(text(at, total))).collect()
    }

    /// That amounts compare so.
    pub(super) fn compare(&self, left: Amount, cmp: Cmp, right: Amount) -> Expr<Kql> {
        let (left, right) = (self.amount(left), self.amount(right));
        Expr::atom(format!("{left} {} {right}", comparison(cmp)))
    }

    fn amount(&self, amount: Amount) -> String {
        let total = |at: usize| self.names.of("total", at);
        match amount {
            Amount::Number(value) => syntax::number(value).to_string(),
            Amount::Total(at) => total(at).to_string(),
            Amount::Ratio(at, by) => format!("{} / max_of({}, 1)", total(at), total(by)),
            Amount::Share(at, share) => format!("{} * {}", syntax::number(share), total(at)),
        }
    }
}

/// Columns as one value: each text with its length, so that different ones never look the same.
fn together(are: Are, columns: &[Column]) -> Kusto {
    let text =
        |column: &Column| scalar::convert(&syntax::name(&column.name), column.ty, ColumnType::Text);
    match (are, columns) {
        (are, []) => Kusto::trusted(none(are)),
        (Are::Texts, [only]) => text(only),
        (Are::Texts, columns) => {
            let texts: Vec<Kusto> = columns.iter().map(text).collect();
            let missing = texts.iter().map(|text| format!("isempty({text})"));
            let missing = missing.collect::<Vec<_>>().join(" or ");
            let parts = texts.iter().map(|text| format!("strlen({text}), \":\", {text}"));
            let parts = parts.collect::<Vec<_>>().join(", ");
            Kusto::trusted(format!("iff({missing}, \"\", strcat({parts}))"))
        }
        (Are::Numbers, [column, ..]) => number(column),
    }
}

/// A column's number; null where it is none.
fn number(column: &Column) -> Kusto {
    let name = syntax::name(&column.name);
    match column.ty {
        ColumnType::Integer | ColumnType::Real => Kusto::trusted(format!("todouble({name})")),
        ColumnType::Text
        | ColumnType::Boolean
        | ColumnType::Time
        | ColumnType::Ip
        | ColumnType::Dynamic => {
            let text = scalar::convert(&name, column.ty, ColumnType::Text);
            let pattern = syntax::text(NUMBER);
            Kusto::trusted(format!(
                "iff({text} matches regex {pattern}, todouble({text}), real(null))"
            ))
        }
    }
}

/// A value that is not there.
fn none(are: Are) -> &'static str {
    match are {
        Are::Texts => "\"\"",
        Are::Numbers => "real(null)",
    }
}

/// Whether a value is there.
fn there(are: Are, value: &Kusto) -> String {
    match are {
        Are::Texts => format!("isnotempty({value})"),
        Are::Numbers => format!("isnotnull({value})"),
    }
}
