//! Events of one or several places → a category and a predicate, as in `any where …`.
//!
//! `[(process place, a), (network place, b)]` →
//! `any where (event.category == "process" and a) or (event.category == "network" and b)`.

use minijinja::Value;

use crate::backend::infix::{self, Top};
use crate::platform::Place;

use super::predicate::{self, Printer};
use super::syntax::{self, Expr, OPERATORS, Text};

/// The field that Elasticsearch compares with what stands before `where`.
const CATEGORY_FIELD: &str = "event.category";

/// Any category.
const ANY: &str = "any";

/// Events that a query or a step of a sequence looks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Events {
    /// What stands before `where`.
    pub(super) category: Text,
    /// What holds of them; the parts of a conjunction.
    parts: Vec<Expr>,
}

impl Events {
    /// The events of the places that satisfy the expressions beside them.
    pub(super) fn of(found: Vec<(&Place, Vec<Expr>)>, printer: &mut Printer) -> Self {
        let first = found.first().map_or(ANY, |(place, _)| place.category.as_str());
        let same = found.iter().all(|(place, _)| place.category == first);
        let category = if same { first } else { ANY };
        let mut alternatives: Vec<Vec<Expr>> = Vec::new();
        for (place, exprs) in found {
            let mut parts = conditions(place, printer);
            if category == ANY && place.category != ANY {
                let wanted = syntax::string(&place.category);
                parts.insert(0, Expr::atom(format!("{CATEGORY_FIELD} == {wanted}")));
            }
            parts.extend(exprs);
            alternatives.push(parts);
        }
        let parts = match alternatives.len() {
            1 => alternatives.remove(0),
            _ => {
                let each = alternatives.into_iter().map(|parts| infix::all(parts, &OPERATORS));
                vec![infix::any(each.collect(), &OPERATORS)]
            }
        };
        Self { category: syntax::category(category), parts }
    }

    /// The events that satisfy the expression, too.
    pub(super) fn and(mut self, parts: Vec<Expr>) -> Self {
        self.parts.extend(parts);
        self
    }

    /// What holds of them, in one line.
    pub(super) fn line(&self) -> Text {
        infix::all(self.stated(), &OPERATORS).text
    }

    /// What holds of them: the parts of a conjunction, never none.
    pub(super) fn lines(&self) -> Vec<Value> {
        let parts = self.stated();
        if parts.len() < 2 {
            return vec![self.line().into()];
        }
        let alone = |part: Expr| match part.top {
            Top::Or => Text::trusted(format!("({})", part.text)),
            Top::Atom | Top::And | Top::Not => part.text,
        };
        parts.into_iter().map(|part| alone(part).into()).collect()
    }

    /// The parts that say something.
    fn stated(&self) -> Vec<Expr> {
        let parts = self.parts.iter().filter(|part| part.text.as_str() != OPERATORS.always);
        parts.cloned().collect()
    }
}

fn conditions(place: &Place, printer: &mut Printer) -> Vec<Expr> {
    let mut parts = Vec::new();
    for condition in &place.conditions {
        match predicate::condition(condition) {
            Ok(expr) => parts.push(expr),
            Err(problem) => printer.refuse(problem),
        }
    }
    parts
}
