//! Chains of correlations: firings as rows among the events.
//!
//! All events are read by one search. For each chained correlation `appendpipe` runs its steps over
//! copies of the rows and appends what fires: a row per firing with its time, the number of the
//! correlation (`sw_fired`) and the parts of the key. A subpipeline is no subsearch, so it has none
//! of the limits of `append` and `join`. `table` stands before, since `appendpipe` is documented
//! after commands that make a table.

use std::collections::BTreeSet;

use super::syntax::list_field;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Predicate;
use crate::plan::{Leg, Timeline, part};
use crate::platform::Column;
use crate::source::Span;

/// Which rows a chained correlation reads: events, and firings of those before it.
pub(super) fn read(timeline: &Timeline) -> String {
    let numbers: BTreeSet<usize> = timeline.legs.iter().filter_map(|leg| leg.firings).collect();
    let firings = numbers.iter().map(|number| format!("sw_fired={number}"));
    let rows = std::iter::once("isnull(sw_fired)".to_owned()).chain(firings);
    rows.collect::<Vec<_>>().join(" OR ")
}

/// What the row of a firing holds, as assignments; `keys` are the names of the parts of the key.
pub(super) fn occurrence(number: usize, keys: &[String]) -> String {
    let parts = keys.iter().enumerate().map(|(at, name)| format!("{}={name}", part(at)));
    let own = [format!("sw_fired={number}"), "_time=sw_time/1000".to_owned()];
    own.into_iter().chain(parts).collect::<Vec<_>>().join(", ")
}

/// The columns of events that any step reads.
///
/// # Errors
/// E0504 where a column's name has no form in a list.
pub(super) fn columns<'a>(
    legs: impl Iterator<Item = &'a Leg>,
    span: Span,
) -> Result<String, Vec<Diagnostic>> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for leg in legs {
        names.extend(leg.columns());
        if leg.flags.iter().any(|(_, flag)| has_keyword(flag)) {
            names.insert("_raw");
        }
    }
    let listed = names.into_iter().map(|name| {
        list_field(name).map(|field| field.to_string()).ok_or_else(|| {
            let message = format!("SPL has no quotes for the field name `{name}`");
            vec![Diagnostic::new(Code::ColumnOperator, span, message)]
        })
    });
    Ok(listed.collect::<Result<Vec<_>, _>>()?.join(", "))
}

fn has_keyword(predicate: &Predicate<Column>) -> bool {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().any(has_keyword),
        Predicate::Not(inner) => has_keyword(inner),
        Predicate::Test(_) => false,
        Predicate::Keyword(_) | Predicate::KeywordRegex(_) => true,
    }
}
