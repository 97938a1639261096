//! What sequences are called, what they cost and where they end.

use crate::backend::Strategy;

use super::scene::{Draft, Limit, Step};

/// Single events.
pub(in super::super) const FILTER: Strategy = Strategy {
    name: "filter",
    does: "tests each event by itself: `any where`",
    cost: "one search, no state",
    limits: "none",
};

const SEQUENCE: Strategy = Strategy {
    name: "sequence",
    does: "one `sequence`; an order of two steps has a second one for both at once",
    cost: "one search per step; the newest beginning of each key is kept",
    limits: "eight steps",
};

const UNION: Strategy = Strategy {
    name: "union of orders",
    does: "a `sequence` for each order in which the events may come; their results together",
    cost: "as many rules as orders, each one search per step",
    limits: "16 queries, so three events in any order",
};

const RUNS: Strategy = Strategy {
    name: "runs",
    does: "one `sequence` of the same event, `with runs=n`",
    cost: "one search per event counted; the newest beginning of each key is kept",
    limits: "counts up to 100",
};

const MISSING: Strategy = Strategy {
    name: "missing event",
    does: "a `sequence` with `![…]`",
    cost: "one search per step",
    limits: "beside one event only, and only if W0606 is accepted",
};

/// The strategies of sequences, each once.
pub(super) fn of(drafts: &[Draft]) -> Vec<Strategy> {
    if drafts.iter().all(|draft| draft.single().is_some()) {
        return vec![FILTER];
    }
    let absent = |draft: &Draft| draft.steps.iter().any(|step| matches!(step, Step::Absent(_)));
    let repeats = |draft: &Draft| draft.steps.windows(2).any(|pair| pair.first() == pair.last());
    let orders = drafts
        .iter()
        .filter(|draft| matches!(draft.limit, Limit::Within(_)) && draft.single().is_none());
    let several = orders.count() > 1;
    let missing = drafts.iter().any(absent);
    let runs = drafts.iter().any(repeats);
    let found = [
        (several, UNION),
        (runs, RUNS),
        (missing, MISSING),
        (!several && !runs && !missing, SEQUENCE),
    ];
    found.into_iter().filter(|(is, _)| *is).map(|(_, strategy)| strategy).collect()
}
