//! A test on a respelt value → what it asks of the value as it is stored.
//!
//! A rewriting replaces one end of a value by another text. So a test on the result holds where the
//! stored value satisfies it already, or where it has the old end and what comes after it satisfies
//! the rest of the test. Nothing has to be computed per event, and no event is lost or gained:
//!
//! `TargetObject startswith 'HKLM\Software\'` under `^HKEY_LOCAL_MACHINE(\\)` → `HKLM$1` →
//! `startswith 'HKLM\Software\'` or `startswith 'HKEY_LOCAL_MACHINE\Software\'`;
//! `contains '\CurrentVersion\Run\'` stays as it is.

mod glob;

use crate::ir::{FieldRef, Op, Predicate, Test};
use crate::platform::token::{self, Token, Tokens};
use crate::platform::{Bound, End, Rewrite};

/// A test becomes at most so many; beyond that the value is computed.
const MAX_TESTS: usize = 24;

/// The test on the value before these rewritings; `None` if there is no exact one.
pub(super) fn pull(test: &Test, rewrites: &[Rewrite]) -> Option<Predicate> {
    let steps: Option<Vec<_>> = rewrites.iter().map(Rewrite::ends).collect();
    let steps = steps?;
    let tokens = match &test.op {
        Op::Text { test, cased: false } => glob::tokens(test),
        // The new end is never empty, so nothing becomes missing.
        Op::Exists | Op::Null => return Some(Predicate::Test(test.clone())),
        Op::Text { .. }
        | Op::Number { .. }
        | Op::Boolean(_)
        | Op::Regex(_)
        | Op::Cidr(_)
        | Op::Field { .. }
        | Op::Listed { .. }
        | Op::TimePart { .. } => return None,
    };
    let mut tree = Tree::Fits(tokens);
    for ends in steps.iter().rev() {
        tree = tree.before(ends.bound, &ends.each)?;
        if tree.size() > MAX_TESTS {
            return None;
        }
    }
    Some(tree.print(test))
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
enum Tree {
    Fits(Tokens),
    Any(Vec<Tree>),
    /// The first, and none of the others.
    Without(Box<Tree>, Vec<Tree>),
}

impl Tree {
    /// What it asks of the value before the rewriting.
    fn before(&self, bound: Bound, ends: &[End]) -> Option<Self> {
        let each = |trees: &[Self]| -> Option<Vec<Self>> {
            trees.iter().map(|tree| tree.before(bound, ends)).collect()
        };
        Some(match self {
            Self::Fits(tokens) => match bound {
                Bound::Front => before(tokens, ends)?,
                Bound::Back => before(&token::reversed(tokens), ends)?.reversed(),
                Bound::Both => before_whole(tokens, ends)?,
            },
            Self::Any(trees) => Self::Any(each(trees)?),
            Self::Without(tree, others) => {
                Self::Without(Box::new(tree.before(bound, ends)?), each(others)?)
            }
        })
    }

    fn reversed(self) -> Self {
        let each = |trees: Vec<Self>| trees.into_iter().map(Self::reversed).collect();
        match self {
            Self::Fits(tokens) => Self::Fits(token::reversed(&tokens)),
            Self::Any(trees) => Self::Any(each(trees)),
            Self::Without(tree, others) => Self::Without(Box::new(tree.reversed()), each(others)),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Fits(_) => 1,
            Self::Any(trees) => trees.iter().map(Self::size).sum(),
            Self::Without(tree, others) => {
                tree.size() + others.iter().map(Self::size).sum::<usize>()
            }
        }
    }

    fn print(&self, test: &Test) -> Predicate {
        match self {
            Self::Fits(tokens) => {
                let field: FieldRef = test.field.clone();
                Predicate::Test(Test { field, op: glob::op(tokens), span: test.span })
            }
            Self::Any(trees) => Predicate::any(trees.iter().map(|tree| tree.print(test))),
            Self::Without(tree, others) => {
                let others = Predicate::any(others.iter().map(|other| other.print(test)));
                Predicate::all([tree.print(test), others.negate()])
            }
        }
    }
}

/// The test before a rewriting of the front.
///
/// A value with the old end satisfies the test afterwards if what follows that end fits what the
/// new end leaves of the test. Any other value has to satisfy the test itself; where values with
/// the old end would, too, but not any longer, they are kept out.
fn before(tokens: &[Token], ends: &[End]) -> Option<Tree> {
    let mut found = Vec::new();
    let mut outdated = Vec::new();
    let mut replaced = false;
    for End { old, new } in ends {
        let (was, is) = (glob::after(tokens, old)?, glob::after(tokens, new)?);
        let with_old = |at: &usize| {
            let rest = tokens.get(*at..).unwrap_or_default();
            Tree::Fits(old.iter().chain(rest).cloned().collect())
        };
        if was.iter().all(|at| is.covers(*at)) {
            found.extend(is.iter().filter(|at| !was.covers(**at)).map(with_old));
            continue;
        }
        found.extend(is.iter().map(with_old));
        match glob::begins(tokens, old)? {
            glob::Begins::Always => replaced = true,
            glob::Begins::Sometimes => {
                outdated.push(Tree::Fits(old.iter().cloned().chain([Token::Any]).collect()));
            }
        }
    }
    Some(joined(tokens, found, outdated, replaced.then_some(Replaced)))
}

/// The test before a rewriting of whole values.
fn before_whole(tokens: &[Token], ends: &[End]) -> Option<Tree> {
    let mut found = Vec::new();
    let mut outdated = Vec::new();
    for End { old, new } in ends {
        let fits = |value: &[Token]| Some(glob::after(tokens, value)?.accepts(tokens));
        match (fits(old)?, fits(new)?) {
            (false, true) => found.push(Tree::Fits(old.clone())),
            (true, false) => outdated.push(Tree::Fits(old.clone())),
            (true, true) | (false, false) => {}
        }
    }
    Some(joined(tokens, found, outdated, None))
}

/// Every value that satisfies the test as it is stored becomes another one.
struct Replaced;

fn joined(
    tokens: &[Token],
    mut found: Vec<Tree>,
    outdated: Vec<Tree>,
    replaced: Option<Replaced>,
) -> Tree {
    let itself = Tree::Fits(tokens.to_vec());
    match (replaced, outdated.is_empty()) {
        (Some(Replaced), _) => {}
        (None, true) => found.insert(0, itself),
        (None, false) => found.insert(0, Tree::Without(Box::new(itself), outdated)),
    }
    match (found.len(), found.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            found.extend(last);
            Tree::Any(found)
        }
    }
}

#[cfg(test)]
mod tests;
