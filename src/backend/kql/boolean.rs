//! Conjunctions and disjunctions of any length.
//!
//! Kusto's parser nests `a or b or c` to the left and gives up at a depth of about five hundred, so
//! long ones are cut into parentheses: `(a1 or … or a100) or (a101 or …)`.

use super::{Kql, OPERATORS};
use crate::backend::infix::{self, Expr};

/// How many parts stand side by side.
const WIDTH: usize = 100;

/// All of the parts.
pub(super) fn all(parts: Vec<Expr<Kql>>) -> Expr<Kql> {
    infix::all(narrow(parts, |parts| infix::all(parts, &OPERATORS)), &OPERATORS)
}

/// Any of the parts.
pub(super) fn any(parts: Vec<Expr<Kql>>) -> Expr<Kql> {
    infix::any(narrow(parts, |parts| infix::any(parts, &OPERATORS)), &OPERATORS)
}

/// Not the inner.
pub(super) fn not(inner: &Expr<Kql>) -> Expr<Kql> {
    infix::not(inner, &OPERATORS)
}

fn narrow(
    mut parts: Vec<Expr<Kql>>,
    joined: impl Fn(Vec<Expr<Kql>>) -> Expr<Kql>,
) -> Vec<Expr<Kql>> {
    while parts.len() > WIDTH {
        let mut rest = parts.into_iter().peekable();
        let mut groups = Vec::new();
        while rest.peek().is_some() {
            let group = joined(rest.by_ref().take(WIDTH).collect());
            groups.push(Expr::atom(format!("({})", group.text)));
        }
        parts = groups;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_disjunctions_are_cut_into_parentheses() {
        let parts = |count: usize| (0..count).map(|at| Expr::atom(format!("A == {at}"))).collect();
        assert!(!any(parts(WIDTH)).text.as_str().contains('('));
        let long = any(parts(25_000)).text;
        let depth = long.as_str().chars().scan(0, |depth, char| {
            *depth += i32::from(char == '(') - i32::from(char == ')');
            Some(*depth)
        });
        assert_eq!(depth.max(), Some(2));
        let widest = long.as_str().split(['(', ')']).map(|run| run.matches(" or ").count()).max();
        assert_eq!(widest, Some(WIDTH - 1));
        assert_eq!(long.as_str().matches("A == ").count(), 25_000);
    }
}
