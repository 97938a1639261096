//! The legs of a timeline → one stream of rows: which there are, which pattern each satisfies, and
//! its key.

use std::collections::BTreeSet;

use crate::backend::esql::operand::Operand;
use crate::backend::esql::predicate::{Category, Printer};
use crate::backend::esql::syntax::{self, Expr, OPERATORS, Text};
use crate::backend::infix;
use crate::ir::{PatternId, Predicate};
use crate::plan::{Leg, Timeline};
use crate::platform::ColumnType;

use super::assigned;
use super::condition::Totals;
use super::values::either;

/// The rows of a timeline.
pub(super) struct Events {
    /// The indices that are read.
    pub(super) index: Text,
    /// What holds of the rows: the parts of a conjunction.
    pub(super) parts: Vec<Expr>,
    /// The parts of the key.
    pub(super) keys: Vec<Key>,
    /// The clock, if all have the same.
    pub(super) clock: Option<Text>,
    /// Which of the rows satisfy each pattern, by name; not asked where there is one pattern.
    patterns: Vec<(Text, Expr)>,
}

/// A part of the key.
pub(super) struct Key {
    /// Its value.
    pub(super) text: Text,
    /// Whether it could be empty text.
    pub(super) is_text: bool,
}

impl Events {
    /// The rows of all legs; what cannot be said goes to the printer.
    pub(super) fn of(timeline: &Timeline, printer: &mut Printer, totals: &mut Totals<'_>) -> Self {
        let legs = &timeline.legs;
        let tables: BTreeSet<&str> = legs.iter().map(|leg| leg.place.table.as_str()).collect();
        let index = Text::join(tables.into_iter().map(syntax::index), ", ");
        let times: BTreeSet<&str> = legs.iter().map(|leg| leg.place.time.name.as_str()).collect();
        let clock = times.first().filter(|_| times.len() == 1).map(|name| syntax::name(name));
        let rows: Vec<Vec<Expr>> =
            legs.iter().map(|leg| printer.rows(&leg.place, Category::Indexed)).collect();
        let parts = match (legs.as_slice(), rows.as_slice()) {
            ([only], [rows]) => [rows.clone(), flagged(only, printer)].concat(),
            _ => {
                let each = legs.iter().zip(rows).map(|(leg, rows)| {
                    infix::all([rows, flagged(leg, printer)].concat(), &OPERATORS)
                });
                vec![infix::any(each.collect(), &OPERATORS)]
            }
        };
        let patterns = timeline.patterns.iter().enumerate().map(|(at, name)| {
            let name = totals.name(&format!("is_{name}"));
            (name, pattern(PatternId(at), timeline, printer))
        });
        let patterns = patterns.collect();
        let keys = (0..timeline.keys.len()).map(|at| key(at, legs, printer)).collect();
        Self { index, parts, keys, clock, patterns }
    }

    /// Columns that say which patterns a row satisfies.
    pub(super) fn flags(&self) -> Vec<Text> {
        match self.patterns.as_slice() {
            [_] => Vec::new(),
            all => all.iter().map(|(name, test)| assigned(name, test.text.as_str())).collect(),
        }
    }

    /// Which rows satisfy one of the patterns; nothing if all do.
    pub(super) fn only(&self, of: &[PatternId]) -> Option<Expr> {
        if (0..self.patterns.len()).all(|at| of.contains(&PatternId(at))) {
            return None;
        }
        let name = |pattern: &PatternId| self.patterns.get(pattern.0).map(|(name, _)| name);
        let each = of.iter().filter_map(name).map(|name| Expr::atom(name.as_str()));
        Some(infix::any(each.collect(), &OPERATORS))
    }
}

/// The value of a key's part is there and not empty.
pub(super) fn present(name: &Text, is_text: bool) -> Vec<Expr> {
    let mut parts = vec![Expr::atom(format!("{name} IS NOT NULL"))];
    if is_text {
        parts.push(Expr::atom(format!("{name} != \"\"")));
    }
    parts
}

/// What the rows of a leg satisfy besides being those of its place.
fn flagged(leg: &Leg, printer: &mut Printer) -> Vec<Expr> {
    let any = Predicate::any(leg.flags.iter().map(|(_, flag)| flag.clone()));
    printer.conjunction(&any, &leg.lets)
}

/// Which of the rows satisfy the pattern, told apart by place where there are several.
fn pattern(pattern: PatternId, timeline: &Timeline, printer: &mut Printer) -> Expr {
    let alone = timeline.legs.len() == 1;
    let mut each = Vec::new();
    for leg in &timeline.legs {
        for (_, flag) in leg.flags.iter().filter(|(of, _)| *of == pattern) {
            let mut parts =
                if alone { Vec::new() } else { printer.rows(&leg.place, Category::Computed) };
            parts.extend(printer.conjunction(flag, &leg.lets));
            each.push(infix::all(parts, &OPERATORS));
        }
    }
    infix::any(each, &OPERATORS)
}

/// A part of the key: the same column everywhere, or that of the row's place.
fn key(at: usize, legs: &[Leg], printer: &mut Printer) -> Key {
    let mut values: Vec<(Vec<Expr>, Text)> = Vec::new();
    let mut is_text = false;
    for leg in legs {
        let Some(column) = leg.keys.get(at).and_then(Option::as_ref) else { continue };
        match Operand::of(column, &leg.lets) {
            Ok(operand) => {
                let rows = printer.rows(&leg.place, Category::Computed);
                values.push((rows, operand.text));
                is_text |= column.ty == ColumnType::Text;
            }
            Err(refusal) => printer.refuse(refusal),
        }
    }
    Key { text: either(values), is_text }
}
