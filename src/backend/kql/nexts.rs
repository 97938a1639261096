//! The next event of some patterns after each group, found by a scan from the latest group to the
//! earliest.
//!
//! `_ahead0` is the time of the earliest group from here on that has one, `_next0` that of a later
//! group; "never" is a date long from now (`_ever`), so that nothing is null:
//! `_next0 - _time <= 5m` says that one follows within five minutes.

use super::Kql;
use super::scan::Scan;
use super::syntax::{self, Kusto};
use crate::backend::infix::Expr;

impl Scan<'_> {
    /// The columns that the scan backwards adds; none if nothing is looked for.
    pub(super) fn ahead_declared(&self) -> Option<Kusto> {
        let columns = ["next", "ahead"].into_iter().flat_map(|what| {
            let each = 0..self.timeline.nexts.len();
            each.map(move |next| Kusto::trusted(format!("{}:datetime", self.names.of(what, next))))
        });
        let columns: Vec<Kusto> = columns.collect();
        (!columns.is_empty()).then(|| Kusto::join(columns, ", "))
    }

    /// What each group assigns to them, readers before what they read.
    pub(super) fn ahead_assignments(&self) -> Vec<Kusto> {
        let later = |next: usize| {
            let (same, step) = (self.names.one("same"), self.names.one("step"));
            let (ahead, ever) = (self.names.of("ahead", next), self.names.one("ever"));
            format!("iff({same}, {step}.{ahead}, {ever})")
        };
        let nexts = (0..self.timeline.nexts.len()).map(|next| {
            Kusto::trusted(format!("{} = {}", self.names.of("next", next), later(next)))
        });
        let ahead = self.timeline.nexts.iter().enumerate().map(|(next, masks)| {
            let (name, time) = (self.names.of("ahead", next), self.names.one("time"));
            let value = format!("iff({} > 0, {time}, {})", self.sum(masks), later(next));
            Kusto::trusted(format!("{name} = {value}"))
        });
        nexts.chain(ahead).collect()
    }

    /// That the next event is at most so many milliseconds away.
    pub(super) fn soon(&self, next: usize, milliseconds: u64) -> Expr<Kql> {
        let (next, time) = (self.names.of("next", next), self.names.one("time"));
        Expr::atom(format!("{next} - {time} <= {}", syntax::timespan(milliseconds)))
    }
}
