//! What is shown of a firing: which columns hold it.
//!
//! `show: root.TargetObject` → a column of each leg that reads `root`; where a leg reads several
//! places of a table that hold the field differently, a case per place.

use crate::diagnostic::Diagnostic;
use crate::ir::{Correlation, FieldRef};
use crate::platform::{Column, Place, Scalar};
use crate::source::Span;

use super::keys;
use super::push::{At, Columns};
use super::timeline::Show;

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
    let mut cases = Vec::new();
    for site in sites {
        match columns.resolve(field, site.span, site.at) {
            Ok(resolved) => cases.push((site.place.conditions.clone(), keys::present(resolved))),
            Err(refusal) => found.push(*refusal),
        }
    }
    let (_, first) = cases.first()?;
    let value = match cases.iter().all(|(_, value)| value == first) {
        true => first.clone(),
        false => Scalar::Case(cases),
    };
    Some(columns.column_of(&field.name, &value))
}
