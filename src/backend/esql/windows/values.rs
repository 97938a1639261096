//! Values of fields → a column of the rows, and what the windows say of it.
//!
//! `avg(a.Bytes) > 1000` → `SUM(Bytes)` and `COUNT(Bytes)` of the rows of `a`, and the condition
//! `number_Bytes > 0 AND sum_Bytes / number_Bytes > 1000`. A percentile is not asked of ES|QL, which estimates it,
//! but compared: how many values are below the limit is counted ([`crate::plan::Total`]). How many
//! *different* ones there are can only be estimated (W0608).

use crate::backend::esql::operand::{Operand, call};
use crate::backend::esql::predicate::{Category, Printer};
use crate::backend::esql::syntax::{self, Expr, OPERATORS, Text};
use crate::backend::infix;
use crate::ir::words::comparison;
use crate::ir::{Aggregate, Cmp, FieldRef, PatternId};
use crate::plan::{Amount, Are, Holds, Leg, Of, Timeline, Total as Kept, Values};
use crate::platform::{Column, ColumnType};

use super::Reason;
use super::condition::{Total, Totals};
use super::events::Events;

/// A decimal number, for the whole text.
const NUMBER: &str = r"[+\-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+\-]?[0-9]+)?";

const SEVERAL: Reason = Reason {
    message: "ES|QL cannot look at each of several values in a field",
    help: "aggregate a field of one value; or keep this rule to `splunk` and `kql`",
};

const TOGETHER: Reason = Reason {
    message: "ES|QL cannot count different values of fields together that one event may give at once",
    help: "count those of one field, or of events that exclude each other; or keep this rule to \
           `splunk` and `kql`",
};

const LIMIT: Reason = Reason {
    message: "ES|QL has no literal for one of the limits",
    help: "use numbers below 2^53",
};

/// Which values: an index into [`Timeline::values`], and the giver among them; without one, those of
/// all givers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    values: usize,
    giver: Option<usize>,
}

/// What must hold of the window's values.
pub(super) fn aggregate(
    function: Aggregate,
    of: &[(PatternId, Vec<FieldRef>)],
    (cmp, limit): (Cmp, f64),
    totals: &mut Totals<'_>,
) -> Result<Expr, Reason> {
    let timeline = totals.timeline;
    let (holds, kept) = timeline.aggregate(function, of, cmp, limit);
    print(&holds, &kept, totals)
}

fn print(holds: &Holds, kept: &[Kept], totals: &mut Totals<'_>) -> Result<Expr, Reason> {
    let mut each = |parts: &[Holds]| -> Result<Vec<Expr>, Reason> {
        parts.iter().map(|part| print(part, kept, totals)).collect()
    };
    match holds {
        Holds::All(parts) => Ok(infix::all(each(parts)?, &OPERATORS)),
        Holds::Any(parts) => Ok(infix::any(each(parts)?, &OPERATORS)),
        Holds::Not(inner) => Ok(infix::not(&print(inner, kept, totals)?, &OPERATORS)),
        Holds::Compare(left, cmp, right) => {
            let left = amount(*left, kept, totals)?;
            let right = amount(*right, kept, totals)?;
            Ok(Expr::atom(format!("{left} {} {right}", comparison(*cmp))))
        }
        // INVARIANT: aggregates are made of totals only (`plan::totals`).
        Holds::Within(..) | Holds::Soon(..) => Ok(Expr::atom(OPERATORS.never)),
    }
}

fn amount(amount: Amount, kept: &[Kept], totals: &mut Totals<'_>) -> Result<Text, Reason> {
    let mut total = |at: usize| match kept.get(at) {
        Some(total) => sum_of_givers(total, totals),
        None => Ok(Text::trusted("0")),
    };
    Ok(match amount {
        Amount::Number(number) => syntax::number(number).ok_or(LIMIT)?,
        Amount::Total(at) => total(at)?,
        Amount::Ratio(at, by) => Text::trusted(format!("{} / {}", total(at)?, total(by)?)),
        Amount::Share(at, share) => {
            Text::trusted(format!("{} * {}", syntax::number(share).ok_or(LIMIT)?, total(at)?))
        }
    })
}

/// What a total is of all givers: each gives its own, but for different values.
fn sum_of_givers(total: &Kept, totals: &mut Totals<'_>) -> Result<Text, Reason> {
    let Some(values) = totals.timeline.values.get(total.values) else { return Err(TOGETHER) };
    if has_several(totals.timeline, total) {
        return Err(SEVERAL);
    }
    if total.of == Of::Different {
        if values.givers.len() > 1 && !values.is_single(&totals.timeline.masks) {
            return Err(TOGETHER);
        }
        let source = Source { values: total.values, giver: None };
        return Ok(totals.get(&Total::Values(source, total.of)));
    }
    if let Of::Compared(_, limit) = total.of {
        syntax::number(limit).ok_or(LIMIT)?;
    }
    let givers = 0..values.givers.len();
    let each = givers.map(|giver| {
        let source = Source::of(total.values, giver, totals.timeline);
        let name = totals.get(&Total::Values(source, total.of));
        match total.of {
            // The sum of no value is null.
            Of::Sum => call("COALESCE", &[&name, &Text::trusted("0.0")]),
            Of::Different | Of::Number | Of::Compared(..) => name,
        }
    });
    let each: Vec<Text> = each.collect();
    Ok(match each.as_slice() {
        [only] => only.clone(),
        several => Text::trusted(format!("({})", Text::join(several.to_vec(), " + "))),
    })
}

/// Whether a field may hold several values, and what is asked of them is null then: functions of
/// aggregation take several values, comparisons and functions of text do not.
fn has_several(timeline: &Timeline, total: &Kept) -> bool {
    timeline.legs.iter().any(|leg| {
        let given = leg.values.get(total.values).map(Vec::as_slice).unwrap_or_default();
        given.iter().any(|columns| {
            let alone = |column: &Column| match total.of {
                Of::Different => columns.len() == 1,
                Of::Number | Of::Sum => is_number(column),
                Of::Compared(..) => false,
            };
            let computed =
                |column: &Column| leg.lets.iter().any(|known| known.column.name == column.name);
            columns.iter().any(|column| column.multi && (computed(column) || !alone(column)))
        })
    })
}

fn is_number(column: &Column) -> bool {
    matches!(column.ty, ColumnType::Integer | ColumnType::Real)
}

impl Source {
    /// What the giver gives; the same of all that give the same.
    fn of(values: usize, giver: usize, timeline: &Timeline) -> Self {
        let asked = timeline.values.get(values);
        let same = |known: &Values| {
            let wanted = asked.filter(|asked| asked.are == known.are)?.givers.get(giver)?;
            known.givers.iter().position(|giver| giver == wanted)
        };
        let mut known = timeline.values.iter().enumerate();
        let first = known.find_map(|(at, known)| Some((at, same(known)?)));
        let (values, giver) = first.unwrap_or((values, giver));
        Self { values, giver: Some(giver) }
    }

    /// Its name: the fields.
    pub(super) fn name(self, timeline: &Timeline) -> String {
        let values = timeline.values.get(self.values);
        let givers = values.map(|values| values.givers.as_slice()).unwrap_or_default();
        let fields = match self.giver {
            Some(giver) => givers.get(giver).map(|giver| giver.fields.as_slice()),
            None => givers.first().map(|giver| giver.fields.as_slice()),
        };
        let names = fields.unwrap_or_default().iter().map(|field| field.name.as_str());
        names.collect::<Vec<_>>().join("_")
    }

    /// The patterns whose events give such values.
    pub(super) fn patterns(self, timeline: &Timeline) -> Vec<PatternId> {
        let values = timeline.values.get(self.values);
        let givers = values.map(|values| values.givers.as_slice()).unwrap_or_default().iter();
        let chosen = givers.enumerate().filter(|(at, _)| self.giver.is_none_or(|one| one == *at));
        let mut patterns: Vec<PatternId> =
            chosen.flat_map(|(_, giver)| giver.patterns.iter().copied()).collect();
        patterns.sort_unstable();
        patterns.dedup();
        patterns
    }

    /// The value of a row; what cannot be said goes to the printer.
    pub(super) fn value(self, timeline: &Timeline, events: &Events, printer: &mut Printer) -> Text {
        let Some(values) = timeline.values.get(self.values) else { return Text::trusted("NULL") };
        let mut cases: Vec<(Vec<Expr>, Text)> = Vec::new();
        for (number, giver) in values.givers.iter().enumerate() {
            if self.giver.is_some_and(|one| one != number) {
                continue;
            }
            for leg in &timeline.legs {
                let given = leg.values.get(self.values).and_then(|given| given.get(number));
                let Some(columns) = given.filter(|columns| !columns.is_empty()) else { continue };
                let value = together(values.are, columns, leg, printer);
                let mut rows = printer.rows(&leg.place, Category::Computed);
                rows.extend(events.only(&giver.patterns));
                cases.push((rows, value));
            }
        }
        either(cases)
    }
}

/// The one value, or that of the row's case.
pub(super) fn either(cases: Vec<(Vec<Expr>, Text)>) -> Text {
    let mut texts: Vec<Text> = cases.iter().map(|(_, text)| text.clone()).collect();
    texts.dedup();
    if let [only] = texts.as_slice() {
        return only.clone();
    }
    let cases =
        cases.into_iter().flat_map(|(rows, text)| [infix::all(rows, &OPERATORS).text, text]);
    Text::trusted(format!("CASE({})", Text::join(cases, ", ")))
}

/// Columns as one value: each text with its length, so that different ones never look the same; null
/// where one is missing or empty.
fn together(are: Are, columns: &[Column], leg: &Leg, printer: &mut Printer) -> Text {
    let mut operands = Vec::new();
    for column in columns {
        match Operand::of(column, &leg.lets) {
            Ok(operand) => operands.push(operand),
            Err(refusal) => printer.refuse(refusal),
        }
    }
    if are == Are::Numbers {
        return operands.first().map_or_else(|| Text::trusted("NULL"), number);
    }
    match operands.as_slice() {
        [only] => text(only),
        several => {
            let part = |operand: &Operand| {
                let text = text(operand);
                let length = call("TO_STRING", &[&call("LENGTH", &[&text])]);
                [length, syntax::string(":"), text]
            };
            let parts: Vec<Text> = several.iter().flat_map(part).collect();
            call("CONCAT", &parts.iter().collect::<Vec<_>>())
        }
    }
}

/// The value as text; null if it is empty.
fn text(operand: &Operand) -> Text {
    match operand.ty {
        ColumnType::Text if operand.multi => operand.text.clone(),
        ColumnType::Text => Text::trusted(format!("CASE({0} != \"\", {0})", operand.text)),
        ColumnType::Integer
        | ColumnType::Real
        | ColumnType::Boolean
        | ColumnType::Time
        | ColumnType::Ip
        | ColumnType::Dynamic => call("TO_STRING", &[&operand.text]),
    }
}

/// The value as a number; null if it is none.
fn number(operand: &Operand) -> Text {
    match operand.ty {
        ColumnType::Integer | ColumnType::Real => call("TO_DOUBLE", &[&operand.text]),
        ColumnType::Boolean | ColumnType::Time | ColumnType::Ip => Text::trusted("NULL"),
        ColumnType::Text | ColumnType::Dynamic => {
            let text = &operand.text;
            let digits = format!("CASE({text} RLIKE {}, {text})", syntax::raw(NUMBER));
            call("TO_DOUBLE", &[&Text::trusted(digits)])
        }
    }
}
