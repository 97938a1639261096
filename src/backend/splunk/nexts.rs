//! The next event of some patterns after each group, found by a pass from the latest group to the
//! earliest.
//!
//! `sw_ahead0` is the time of a group that has one; the least of those that come later, per key, is
//! `sw_next0`: `sw_next0-sw_time<=300000` says that one follows within five minutes.

use minijinja::{Value, context};

use super::syntax::{EVAL, Eval};
use super::timeline::sum;
use super::trusted;
use crate::backend::infix::{Expr, all};
use crate::plan::Timeline;

/// The steps of the pass, for the template.
pub(super) fn context(timeline: &Timeline) -> Vec<Value> {
    let next = |(at, masks): (usize, &Vec<usize>)| {
        let here = format!("if({}>0, sw_time, null())", sum(masks));
        context! {
            here => trusted(format!("sw_ahead{at}={here}")),
            running => trusted(format!("min(sw_ahead{at}) as sw_next{at}")),
        }
    };
    timeline.nexts.iter().enumerate().map(next).collect()
}

/// That the next event is at most so many milliseconds away.
pub(super) fn soon(next: usize, span: u64) -> Expr<Eval> {
    let there = Expr::atom(format!("isnotnull(sw_next{next})"));
    all(vec![there, Expr::atom(format!("sw_next{next}-sw_time<={span}"))], &EVAL)
}
