//! A rule over single events → `FROM … | WHERE …`; the result are the events themselves.
//!
//! Places in one index become one query; those of several become a query each, since a field that
//! one of the indices lacks would make the query of the other fail.

use minijinja::{Value, context};

use super::lines;
use super::predicate::Printer;
use super::syntax::{self, Expr, OPERATORS};
use crate::backend::template::{Template, Templates, template};
use crate::backend::{Query, Strategy, infix};
use crate::diagnostic::Diagnostic;
use crate::ir::Predicate;
use crate::plan::Leg;
use crate::source::Span;

/// The skeleton.
pub(super) const SKELETON: Template = template!("esql/filter.j2");

/// How single events are found.
pub(super) const FILTER: Strategy = Strategy {
    name: "filter",
    does: "tests each event by itself",
    cost: "one pass, no state",
    limits: "none",
};

/// The queries for the events of any leg.
pub(super) fn queries(
    legs: &[Leg],
    templates: &Templates,
    rule: Span,
) -> Result<Vec<Query>, Vec<Diagnostic>> {
    let mut printer = Printer::new(rule);
    let mut indices: Vec<(&str, Vec<Vec<Expr>>)> = Vec::new();
    for leg in legs {
        let events = match leg.flags.as_slice() {
            [(_, only)] => printer.events(leg, only),
            flags => {
                let all = Predicate::all(flags.iter().map(|(_, flag)| flag.clone()));
                printer.events(leg, &all)
            }
        };
        let table = leg.place.table.as_str();
        match indices.iter_mut().find(|(known, _)| *known == table) {
            Some((_, alternatives)) => alternatives.push(events),
            None => indices.push((table, vec![events])),
        }
    }
    let problems = printer.into_problems();
    if !problems.is_empty() {
        return Err(problems);
    }
    let query = |(index, mut alternatives): (&str, Vec<Vec<Expr>>)| {
        let parts = match alternatives.len() {
            1 => alternatives.remove(0),
            _ => {
                let each = alternatives.into_iter().map(|parts| infix::all(parts, &OPERATORS));
                vec![infix::any(each.collect(), &OPERATORS)]
            }
        };
        let context =
            context! { index => Value::from(syntax::index(index)), parts => lines(parts) };
        let text = templates.fill(&SKELETON, context, rule)?;
        let overridden = templates.is_replaced(&SKELETON);
        Ok(Query { text, approximate: Vec::new(), overridden })
    };
    let found: Result<Vec<Query>, Diagnostic> = indices.into_iter().map(query).collect();
    found.map_err(|problem| vec![problem])
}
