//! What is read from one place: the table, its rows, computed columns, and tests, cheapest first.
//!
//! A test that needs no computed column stands before `extend`, so that Kusto drops rows early.

use std::collections::BTreeSet;

use super::predicate::{self, Nulls};
use super::syntax::{self, Kusto};
use super::{Kql, OPERATORS, boolean, scalar};
use crate::backend::infix::Expr;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Op, Predicate};
use crate::plan::{Leg, Let};
use crate::platform::Column;
use crate::source::Span;

/// `where` stages for the rows of a leg that satisfy `wanted`, with its computed columns between.
pub(super) fn stages(
    leg: &Leg,
    wanted: &Predicate<Column>,
    rule: Span,
    refused: &mut Vec<Diagnostic>,
) -> Vec<Kusto> {
    let mut stages: Vec<Kusto> =
        leg.place.conditions.iter().filter_map(|rows| filter(&scalar::condition(rows))).collect();
    stages.extend(leg.place.among.as_ref().and_then(|rows| filter(&scalar::among(rows))));
    let mut computed = computed(&leg.lets);
    let looked_up = leg.place.lookup.iter().flat_map(|lookup| &lookup.columns);
    computed.extend(looked_up.map(|column| column.name.as_str()));
    let (late, early) = conjuncts(wanted).into_iter().partition(|part| reads(part, &computed));
    let mut tests = |parts: Vec<&Predicate<Column>>| -> Vec<Kusto> {
        let print = |part| filter(&predicate::print(part, Nulls::Drop, rule, refused));
        parts.into_iter().filter_map(print).collect()
    };
    stages.extend(tests(early));
    stages.extend(lookup(&[leg]));
    stages.extend(extend(&leg.lets));
    stages.extend(tests(late));
    stages
}

/// The `lookup` stage for legs of one table, if one of them reads what another table tells: the columns
/// that they read, of the newest row. `join` would repeat the column that both tables have.
pub(super) fn lookup(legs: &[&Leg]) -> Option<Kusto> {
    let lookup = legs.first()?.place.lookup.as_ref()?;
    let read: BTreeSet<&str> = legs.iter().flat_map(|leg| leg.columns()).collect();
    let told = lookup.columns.iter().filter(|column| read.contains(column.name.as_str()));
    let columns: Vec<Kusto> = told.map(|column| syntax::name(&column.name)).collect();
    if columns.is_empty() {
        return None;
    }
    let columns = Kusto::join(columns, ", ");
    let (table, on) = (syntax::name(&lookup.table), syntax::name(&lookup.on.name));
    let newest = syntax::name(&lookup.newest.name);
    Some(Kusto::trusted(format!(
        "lookup kind=leftouter ({table} | where isnotempty({on}) \
         | summarize arg_max({newest}, {columns}) by {on} | project {on}, {columns}) on {on}"
    )))
}

/// The `extend` stage for computed columns, if there are any; each may use those before it.
pub(super) fn extend(lets: &[Let]) -> Vec<Kusto> {
    let assign = |known: &Let| {
        let value = scalar::print(&known.value, known.column.ty);
        Kusto::trusted(format!("extend {} = {value}", syntax::name(&known.column.name)))
    };
    lets.iter().map(assign).collect()
}

/// A `where` stage; none for a condition that always holds.
pub(super) fn filter(condition: &Expr<Kql>) -> Option<Kusto> {
    let always = condition.text.as_str() == OPERATORS.always;
    (!always).then(|| Kusto::trusted(format!("where {}", condition.text)))
}

/// The rows of the leg's place, as one condition.
pub(super) fn rows(leg: &Leg) -> Expr<Kql> {
    let among = leg.place.among.as_ref().map(scalar::among);
    boolean::all(leg.place.conditions.iter().map(scalar::condition).chain(among).collect())
}

/// E0602 where a computed column would hide one that the result needs.
pub(super) fn check_names(leg: &Leg, rule: Span, refused: &mut Vec<Diagnostic>) {
    let kept = std::iter::once(&leg.place.time).chain(&leg.place.identity);
    let kept: BTreeSet<&str> = kept.map(|column| column.name.as_str()).collect();
    for name in computed(&leg.lets).intersection(&kept) {
        let message = format!("the field `{name}` would hide the column `{name}` of the result");
        refused.push(
            Diagnostic::new(Code::NotExpressible, rule, message)
                .help("map the field to a column, or leave the column out of `identity`"),
        );
    }
}

fn computed(lets: &[Let]) -> BTreeSet<&str> {
    lets.iter().map(|known| known.column.name.as_str()).collect()
}

fn conjuncts(predicate: &Predicate<Column>) -> Vec<&Predicate<Column>> {
    match predicate {
        Predicate::All(parts) => parts.iter().collect(),
        Predicate::Any(_)
        | Predicate::Not(_)
        | Predicate::Test(_)
        | Predicate::Keyword(_)
        | Predicate::KeywordRegex(_) => vec![predicate],
    }
}

/// Whether the predicate reads one of these columns.
fn reads(predicate: &Predicate<Column>, names: &BTreeSet<&str>) -> bool {
    let mut found = false;
    predicate.tests(&mut |test| {
        found |= names.contains(test.field.name.as_str());
        if let Op::Field { other, .. } = &test.op {
            found |= names.contains(other.name.as_str());
        }
    });
    found
}
