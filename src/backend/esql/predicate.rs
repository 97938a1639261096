//! Predicates over columns → boolean expressions that hold for the same rows.
//!
//! A comparison with a missing field is null in ES|QL, and so is its negation. Where a test stands
//! under an odd number of negations, it is therefore asked whether the field is there:
//! `not Image == 'a'` → `NOT (process.executable IS NOT NULL AND process.executable == "a")`. Under
//! an even number a null does no harm: `WHERE` takes it for false, and so does the negation above.
//! Alternatives on one field share its list and its question.

use crate::backend::infix;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Cmp, Op, Predicate, Test};
use crate::plan::{Leg, Let, rows};
use crate::platform::{Column, Place};
use crate::source::Span;

use super::leaf::{self, Leaf, Refusal, Says};
use super::syntax::{self, Expr, OPERATORS, Text};

/// The field that a place's category is about.
const CATEGORY: &str = "event.category";

/// Any category.
const ANY: &str = "any";

/// Whether an even or an odd number of negations is around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Polarity {
    Even,
    Odd,
}

/// How a category is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    /// By `:`, which looks into an index and stands in `WHERE` only.
    Indexed,
    /// By functions of values, anywhere.
    Computed,
}

/// Prints predicates and collects what cannot be said.
pub(super) struct Printer {
    rule: Span,
    problems: Vec<Diagnostic>,
}

impl Printer {
    /// A printer for the rule at this place.
    pub(super) fn new(rule: Span) -> Self {
        Self { rule, problems: Vec::new() }
    }

    /// What could not be said, each once.
    pub(super) fn into_problems(self) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = Vec::new();
        for problem in self.problems {
            if !found.contains(&problem) {
                found.push(problem);
            }
        }
        found
    }

    /// Notes what cannot be said.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.problems.push(refusal.at(self.rule));
    }

    /// Which rows of its table belong to a place; the parts of a conjunction.
    pub(super) fn rows(&mut self, place: &Place, category: Category) -> Vec<Expr> {
        let mut parts = Vec::new();
        if place.category != ANY {
            // Elastic's agents list several categories.
            let (field, wanted) = (syntax::name(CATEGORY), syntax::string(&place.category));
            parts.push(match category {
                Category::Indexed => Expr::atom(format!("{field} : {wanted}")),
                Category::Computed => leaf::holds_element(&field, &wanted).into_expr(),
            });
        }
        parts.extend(self.conjunction(&rows(place), &[]));
        if place.among.is_some() {
            let message = "ES|QL cannot ask another index which rows are meant";
            let problem = Diagnostic::new(Code::NotExpressible, self.rule, message)
                .help("map the log source to an index that says it itself");
            self.problems.push(problem);
        }
        parts
    }

    /// What a leg's events satisfy: its rows and the predicate over its columns.
    pub(super) fn events(&mut self, leg: &Leg, flag: &Predicate<Column>) -> Vec<Expr> {
        let mut parts = self.rows(&leg.place, Category::Indexed);
        parts.extend(self.conjunction(flag, &leg.lets));
        parts
    }

    /// The parts of the predicate, none for one that always holds.
    pub(super) fn conjunction(&mut self, predicate: &Predicate<Column>, lets: &[Let]) -> Vec<Expr> {
        match predicate {
            Predicate::All(parts) => {
                parts.iter().map(|part| self.print(part, lets, Polarity::Even)).collect()
            }
            Predicate::Any(_)
            | Predicate::Not(_)
            | Predicate::Test(_)
            | Predicate::Keyword(_)
            | Predicate::KeywordRegex(_) => vec![self.print(predicate, lets, Polarity::Even)],
        }
    }

    fn print(&mut self, predicate: &Predicate<Column>, lets: &[Let], polarity: Polarity) -> Expr {
        match predicate {
            Predicate::All(parts) => self.all(parts, lets, polarity),
            Predicate::Any(parts) => self.any(parts, lets, polarity),
            Predicate::Not(inner) => self.negated(inner, lets, polarity),
            Predicate::Test(test) => match opposite(test) {
                Some(equal) => self.negated(&Predicate::Test(equal), lets, polarity),
                None => Group::of(self.leaf(test, lets)).print(polarity),
            },
            Predicate::Keyword(_) | Predicate::KeywordRegex(_) => {
                let message = "ES|QL cannot search a whole event for a word exactly";
                let problem = Diagnostic::new(Code::KeywordsNotHeld, self.rule, message)
                    .note("`QSTR` and `KQL` search fields as they were analysed, some not at all")
                    .help("name the fields that may hold the word");
                self.problems.push(problem);
                Expr::atom(OPERATORS.never)
            }
        }
    }

    fn negated(&mut self, inner: &Predicate<Column>, lets: &[Let], polarity: Polarity) -> Expr {
        if let Predicate::Test(test) = inner {
            let is_present = test.op == Op::Exists;
            if is_present || test.op == Op::Null {
                let op = if is_present { Op::Null } else { Op::Exists };
                let test = Test { op, field: test.field.clone(), span: test.span };
                return self.print(&Predicate::Test(test), lets, polarity);
            }
        }
        let flipped = match polarity {
            Polarity::Even => Polarity::Odd,
            Polarity::Odd => Polarity::Even,
        };
        infix::not(&self.print(inner, lets, flipped), &OPERATORS)
    }

    fn leaf(&mut self, test: &Test<Column>, lets: &[Let]) -> Leaf {
        leaf::leaf(test, lets).unwrap_or_else(|refusal| {
            self.problems.push(refusal.at(test.span));
            let never = Expr::atom(OPERATORS.never);
            Leaf { says: Says::Whole(never), null_with: Vec::new() }
        })
    }

    /// All of them; each field is asked for once.
    fn all(&mut self, parts: &[Predicate<Column>], lets: &[Let], polarity: Polarity) -> Expr {
        let mut exprs: Vec<Expr> = Vec::new();
        for part in parts {
            let new = match part {
                Predicate::Test(test) if opposite(test).is_none() => {
                    Group::of(self.leaf(test, lets)).parts(polarity)
                }
                Predicate::Test(_)
                | Predicate::All(_)
                | Predicate::Any(_)
                | Predicate::Not(_)
                | Predicate::Keyword(_)
                | Predicate::KeywordRegex(_) => vec![self.print(part, lets, polarity)],
            };
            new.into_iter().for_each(|expr| {
                if !exprs.contains(&expr) {
                    exprs.push(expr);
                }
            });
        }
        infix::all(exprs, &OPERATORS)
    }

    fn any(&mut self, parts: &[Predicate<Column>], lets: &[Let], polarity: Polarity) -> Expr {
        let mut groups: Vec<Group> = Vec::new();
        for part in parts {
            let new = match part {
                Predicate::Test(test) if opposite(test).is_none() => {
                    Group::of(self.leaf(test, lets))
                }
                Predicate::Test(_)
                | Predicate::All(_)
                | Predicate::Any(_)
                | Predicate::Not(_)
                | Predicate::Keyword(_)
                | Predicate::KeywordRegex(_) => {
                    let says = vec![Says::Whole(self.print(part, lets, polarity))];
                    Group { says, null_with: Vec::new() }
                }
            };
            let same =
                |known: &&mut Group| !new.null_with.is_empty() && known.null_with == new.null_with;
            match groups.iter_mut().find(same) {
                Some(group) => new.says.into_iter().for_each(|says| group.add(says)),
                None => groups.push(new),
            }
        }
        infix::any(groups.into_iter().map(|group| group.print(polarity)).collect(), &OPERATORS)
    }
}

/// What `!=` is the opposite of.
fn opposite(test: &Test<Column>) -> Option<Test<Column>> {
    let op = if let Op::Number { cmp: Cmp::Neq, value } = test.op {
        Op::Number { cmp: Cmp::Eq, value }
    } else if let Op::TimePart { part, cmp: Cmp::Neq, value } = test.op {
        Op::TimePart { part, cmp: Cmp::Eq, value }
    } else {
        return None;
    };
    Some(Test { op, field: test.field.clone(), span: test.span })
}

/// Alternatives that are null with the same fields.
struct Group {
    says: Vec<Says>,
    null_with: Vec<Text>,
}

impl Group {
    fn of(leaf: Leaf) -> Self {
        Self { says: vec![leaf.says], null_with: leaf.null_with }
    }

    /// Adds an alternative, to a list of the same values if there is one.
    fn add(&mut self, new: Says) {
        if let Says::OneOf(left, values) = &new {
            let same = self.says.iter_mut().find_map(|known| match known {
                Says::OneOf(other, into) if other == left => Some(into),
                Says::OneOf(..) | Says::Whole(_) => None,
            });
            if let Some(into) = same {
                into.extend(values.iter().cloned());
                return;
            }
        }
        self.says.push(new);
    }

    fn print(self, polarity: Polarity) -> Expr {
        infix::all(self.parts(polarity), &OPERATORS)
    }

    /// The fields that must be there, each once, and the alternatives.
    fn parts(self, polarity: Polarity) -> Vec<Expr> {
        let mut parts: Vec<Expr> = Vec::new();
        if polarity == Polarity::Odd {
            for field in self.null_with {
                let present = Expr::atom(format!("{field} IS NOT NULL"));
                if !parts.contains(&present) {
                    parts.push(present);
                }
            }
        }
        let any = self.says.into_iter().map(Says::into_expr).collect();
        parts.push(infix::any(any, &OPERATORS));
        parts
    }
}
