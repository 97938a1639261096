//! What is shown of a firing: which columns hold it.
//!
//! `show: root.TargetObject` → a column of each leg that reads `root`; where a leg reads several
//! places of a table that hold the field differently, a case per place.

use crate::diagnostic::Diagnostic;
use crate::ir::{Correlation, FieldRef};
use crate::platform::{Column, Condition, Place, Resolved, Scalar};
use crate::source::Span;

use super::keys;
use super::push::{At, Columns};
use super::timeline::Show;

/// Rows of a place, and a value there.
pub(super) type Case = (Vec<Condition>, Scalar);

/// Where a leg reads events of a pattern.
pub(super) struct Site<'a> {
    pub(super) at: At<'a>,
    pub(super) place: &'a Place,
    /// The pattern's place in the rule.
    pub(super) span: Span,
}

/// What a correlation shows, by name.
pub(super) fn named(correlation: &Correlation) -> Vec<Show> {
    let shown = correlation.show.iter().filter_map(|(pattern, field)| {
        let name = &correlation.patterns.get(pattern.0)?.name;
        Some(Show { pattern: *pattern, name: format!("{name}.{}", field.name) })
    });
    shown.collect()
}

/// The column that holds a field at the sites of one leg, computed if need be; `None` without sites
/// or where it is not held, which is reported (E0503).
pub(super) fn column(
    field: &FieldRef,
    sites: &[Site<'_>],
    columns: &mut Columns<'_>,
    found: &mut Vec<Diagnostic>,
) -> Option<Column> {
    let cases = cases(field, sites, keys::present, columns, found);
    Some(columns.column_of(&field.name, &one_of(cases)?))
}

/// What a field is at each site, `value` of what the platform says; what is not held is reported.
pub(super) fn cases(
    field: &FieldRef,
    sites: &[Site<'_>],
    value: impl Fn(&Resolved) -> Scalar,
    columns: &Columns<'_>,
    found: &mut Vec<Diagnostic>,
) -> Vec<Case> {
    let mut cases = Vec::new();
    for site in sites {
        match columns.resolve(field, site.span, site.at) {
            Ok(resolved) => {
                let case = (site.place.conditions.clone(), value(resolved));
                if !cases.contains(&case) {
                    cases.push(case);
                }
            }
            Err(refusal) => found.push(*refusal),
        }
    }
    cases
}

/// The value at any of the sites; `None` without any.
pub(super) fn one_of(cases: Vec<Case>) -> Option<Scalar> {
    let (_, first) = cases.first()?;
    Some(match cases.iter().all(|(_, value)| value == first) {
        true => first.clone(),
        false => Scalar::Case(cases),
    })
}
