//! The one printer of boolean structure: parentheses are computed from binding strengths.
//!
//! `any([all([a, b]), c])` in a language where `and` binds tighter → `a and b or c`; in one where it
//! does not → `(a and b) or c`. Mixed `and`/`or` is always parenthesised for the reader's sake.

use super::Fragment;

/// How a language writes boolean operators.
#[derive(Debug, Clone, Copy)]
pub struct Operators {
    /// Between the parts of a conjunction, with spaces.
    pub and: &'static str,
    /// Between the parts of a disjunction, with spaces.
    pub or: &'static str,
    /// Before what is negated; `(` follows directly or after a space, as written here.
    pub not: &'static str,
    /// What always holds.
    pub always: &'static str,
    /// What never holds.
    pub never: &'static str,
}

/// What an expression is at its top, so that parentheses can be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Top {
    /// A comparison or a call: never needs parentheses.
    Atom,
    /// A conjunction.
    And,
    /// A disjunction.
    Or,
    /// A negation.
    Not,
}

/// A boolean expression of language `L`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr<L> {
    /// Its text.
    pub text: Fragment<L>,
    /// What it is at its top.
    pub top: Top,
}

impl<L> Expr<L> {
    /// A comparison or a call.
    pub(crate) fn atom(text: impl Into<String>) -> Self {
        Self { text: Fragment::trusted(text), top: Top::Atom }
    }
}

/// All of the parts.
pub(crate) fn all<L>(parts: Vec<Expr<L>>, operators: &Operators) -> Expr<L> {
    chain(parts, Top::And, operators.and, operators.always)
}

/// Any of the parts.
pub(crate) fn any<L>(parts: Vec<Expr<L>>, operators: &Operators) -> Expr<L> {
    chain(parts, Top::Or, operators.or, operators.never)
}

/// Not the inner.
pub(crate) fn not<L>(inner: &Expr<L>, operators: &Operators) -> Expr<L> {
    Expr { text: Fragment::trusted(format!("{}({})", operators.not, inner.text)), top: Top::Not }
}

fn chain<L>(mut parts: Vec<Expr<L>>, top: Top, operator: &str, empty: &str) -> Expr<L> {
    if parts.len() < 2 {
        return parts.pop().unwrap_or_else(|| Expr::atom(empty));
    }
    let texts = parts.into_iter().map(|part| match part.top {
        Top::Atom | Top::Not => part.text,
        other if other == top => part.text,
        Top::And | Top::Or => Fragment::trusted(format!("({})", part.text)),
    });
    Expr { text: Fragment::join(texts, operator), top }
}
