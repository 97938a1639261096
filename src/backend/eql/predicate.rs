//! Predicates over columns → boolean expressions.
//!
//! Alternatives on one field become one list: `Image: [a, b]` → `process.executable : ("a", "b")`.
//! Every test is two-valued where it stands ([`super::leaf`]), so `not` may be printed as it is.

use std::collections::BTreeSet;

use crate::backend::infix::{self, Top};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Predicate, Test};
use crate::platform::{Column, Condition};
use crate::source::Span;

use super::leaf::{self, How, Leaf, Polarity};
use super::syntax::{self, Expr, OPERATORS, Text};

/// Prints predicates and collects what cannot be said.
pub(super) struct Printer {
    /// The rule: where words without a place are reported.
    rule: Span,
    problems: Vec<Diagnostic>,
}

/// An alternative: tests with the same field and operator are merged.
enum Alternative {
    Values(String, How, Vec<Text>),
    Whole(Expr),
}

impl Printer {
    /// A printer for the rule at this place.
    pub(super) fn new(rule: Span) -> Self {
        Self { rule, problems: Vec::new() }
    }

    /// What could not be said.
    pub(super) fn into_problems(self) -> Vec<Diagnostic> {
        self.problems
    }

    /// Notes what cannot be said.
    pub(super) fn refuse(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// The parts of the predicate as a conjunction, not negated.
    pub(super) fn conjunction(
        &mut self,
        predicate: &Predicate<Column>,
        lets: &BTreeSet<&str>,
    ) -> Vec<Expr> {
        match predicate {
            Predicate::All(parts) => {
                parts.iter().map(|part| self.print(part, lets, Polarity::Positive)).collect()
            }
            Predicate::Any(_)
            | Predicate::Not(_)
            | Predicate::Test(_)
            | Predicate::Keyword(_)
            | Predicate::KeywordRegex(_) => vec![self.print(predicate, lets, Polarity::Positive)],
        }
    }

    /// The predicate; `lets`: computed columns, which EQL does not have. What cannot be said is
    /// noted, and `false` stands in its place.
    pub(super) fn print(
        &mut self,
        predicate: &Predicate<Column>,
        lets: &BTreeSet<&str>,
        polarity: Polarity,
    ) -> Expr {
        match predicate {
            Predicate::All(parts) => {
                let parts = parts.iter().map(|part| self.print(part, lets, polarity)).collect();
                infix::all(parts, &OPERATORS)
            }
            Predicate::Any(parts) => self.any(parts, lets, polarity),
            Predicate::Not(inner) => not(&self.print(inner, lets, polarity.flipped())),
            Predicate::Test(test) => match self.leaf(test, lets, polarity) {
                Leaf::Values(how, values) => leaf::any_of(&test.field.name, how, &values, polarity),
                Leaf::Whole(expr) => expr,
            },
            Predicate::Keyword(_) | Predicate::KeywordRegex(_) => {
                let message = "EQL cannot search a whole event for a word";
                let problem = Diagnostic::new(Code::KeywordsNotHeld, self.rule, message)
                    .help("name the fields that may hold the word");
                self.problems.push(problem);
                Expr::atom(OPERATORS.never)
            }
        }
    }

    fn leaf(&mut self, test: &Test<Column>, lets: &BTreeSet<&str>, polarity: Polarity) -> Leaf {
        let name = test.field.name.as_str();
        let found = if lets.contains(name) {
            let message = format!("EQL cannot compute `{name}` before it is tested");
            let help = "test a field that the platform has as a column";
            Err(Diagnostic::new(Code::NotExpressible, test.span, message).help(help))
        } else {
            leaf::leaf(test, polarity)
        };
        found.unwrap_or_else(|problem| {
            self.problems.push(problem);
            Leaf::Whole(Expr::atom(OPERATORS.never))
        })
    }

    fn any(
        &mut self,
        parts: &[Predicate<Column>],
        lets: &BTreeSet<&str>,
        polarity: Polarity,
    ) -> Expr {
        let mut alternatives = Vec::new();
        for part in parts {
            match part {
                Predicate::Test(test) => match self.leaf(test, lets, polarity) {
                    Leaf::Values(how, values) => {
                        merge(&mut alternatives, &test.field.name, how, values);
                    }
                    Leaf::Whole(expr) => alternatives.push(Alternative::Whole(expr)),
                },
                Predicate::All(_)
                | Predicate::Any(_)
                | Predicate::Not(_)
                | Predicate::Keyword(_)
                | Predicate::KeywordRegex(_) => {
                    alternatives.push(Alternative::Whole(self.print(part, lets, polarity)));
                }
            }
        }
        let exprs = alternatives.into_iter().map(|alternative| match alternative {
            Alternative::Values(field, how, values) => leaf::any_of(&field, how, &values, polarity),
            Alternative::Whole(expr) => expr,
        });
        infix::any(exprs.collect(), &OPERATORS)
    }
}

/// It does not hold.
pub(super) fn not(inner: &Expr) -> Expr {
    match inner.top {
        Top::Atom => {
            Expr { text: Text::trusted(format!("{}{}", OPERATORS.not, inner.text)), top: Top::Not }
        }
        Top::And | Top::Or | Top::Not => infix::not(inner, &OPERATORS),
    }
}

/// The condition that makes rows belong to a place.
pub(super) fn condition(condition: &Condition) -> Result<Expr, Diagnostic> {
    let test = |value: &String| {
        let test = crate::ir::TextTest::Equals(value.clone());
        Predicate::Test(Test {
            field: condition.column.clone(),
            op: crate::ir::Op::Text { test, cased: false },
            span: Span::default(),
        })
    };
    let any = Predicate::any(condition.any_of.iter().map(test));
    let mut printer = Printer::new(Span::default());
    let expr = if condition.negated {
        not(&printer.print(&any, &BTreeSet::new(), Polarity::Negative))
    } else {
        printer.print(&any, &BTreeSet::new(), Polarity::Positive)
    };
    printer.problems.pop().map_or(Ok(expr), Err)
}

/// Adds values to the alternative with the same field and operator, or makes one.
fn merge(alternatives: &mut Vec<Alternative>, field: &str, how: How, new: Vec<Text>) {
    let same = alternatives.iter_mut().find_map(|alternative| match alternative {
        Alternative::Values(name, other, values) if name == field && *other == how => Some(values),
        Alternative::Values(..) | Alternative::Whole(_) => None,
    });
    match same {
        Some(values) => values.extend(new),
        None => alternatives.push(Alternative::Values(field.to_owned(), how, new)),
    }
}

/// The value of a key is present and not empty.
pub(super) fn key_present(column: &Column) -> Vec<Expr> {
    let field = syntax::field(&column.name);
    let mut parts = vec![Expr::atom(format!("{field} != null"))];
    if column.ty == crate::platform::ColumnType::Text {
        parts.push(Expr::atom(format!("{field} != \"\"")));
    }
    parts
}

/// What the events of a sequence need besides: it drops those without a key itself, unless the
/// field is optional, but not those whose key is empty.
pub(super) fn key_joins(column: &Column) -> Vec<Expr> {
    let mut parts = key_present(column);
    if !syntax::is_open(&column.name) {
        parts.remove(0);
    }
    parts
}

#[cfg(test)]
mod tests;
