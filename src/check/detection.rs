//! Selections and conditions of a rule → its predicate.
//!
//! `selection and not 1 of filter_*` → `All([selection, Not(Any([filter_a, filter_b]))])`.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::item::{self, MAX_TESTS, Scope};
use super::{Options, lint, names};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::Predicate;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Condition, Detection, Pattern, Quantifier};
use crate::taxonomy::LogSource;

/// At most so many combinations for `2 of …`.
const MAX_COMBINATIONS: usize = 256;

/// The predicate of a detection; whatever is wrong is reported, and then the result is not to be
/// used.
pub(super) fn check(
    detection: &Detection,
    source: Option<(&LogSource, Span)>,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Predicate {
    let mark = diagnostics.len();
    let mut searches = IndexMap::new();
    for selection in &detection.selections {
        let search = match source {
            Some((source, source_span)) => {
                let at = selection.name.span;
                let left = MAX_TESTS;
                let scope = &mut Scope { source, source_span, options, diagnostics, at, left };
                item::search(&selection.search, scope)
            }
            None => Predicate::always(),
        };
        searches.insert(selection.name.node.as_str(), search);
    }
    let mut lowering = Lowering {
        searches,
        used: BTreeSet::new(),
        unresolved: false,
        left: MAX_TESTS,
        detection,
        diagnostics,
    };
    let parts: Vec<Predicate> =
        detection.conditions.iter().map(|condition| lowering.condition(condition)).collect();
    let predicate = Predicate::any(parts);
    let broken = detection.conditions.iter().any(|condition| has_error(&condition.node));
    if !broken && !lowering.unresolved {
        lowering.report_unused();
    }
    // A test that never holds says more than the condition that therefore never does.
    let told = diagnostics.iter().skip(mark).any(|found| found.code == Code::NeverTrue);
    if source.is_some() && !broken && !told && !diagnostics.errors_since(mark) {
        let place = detection.conditions.first().map_or(detection.span, |first| first.span);
        lint::check(&predicate, place, diagnostics);
    }
    predicate
}

struct Lowering<'a, 'd> {
    searches: IndexMap<&'a str, Predicate>,
    used: BTreeSet<&'a str>,
    /// Whether the condition names what is not there, so that what it misses says nothing.
    unresolved: bool,
    /// How many more tests fit.
    left: usize,
    detection: &'a Detection,
    diagnostics: &'d mut Diagnostics,
}

impl<'a> Lowering<'a, '_> {
    fn condition(&mut self, condition: &'a Spanned<Condition>) -> Predicate {
        match &condition.node {
            Condition::Name(name) => self.name(name),
            Condition::Of(quantifier, pattern) => self.of(*quantifier, pattern, condition.span),
            Condition::Not(inner) => self.condition(inner).negate(),
            Condition::And(parts) => {
                Predicate::all(parts.iter().map(|part| self.condition(part)).collect::<Vec<_>>())
            }
            Condition::Or(parts) => {
                Predicate::any(parts.iter().map(|part| self.condition(part)).collect::<Vec<_>>())
            }
            Condition::Error => Predicate::always(),
        }
    }

    fn name(&mut self, name: &Spanned<String>) -> Predicate {
        if let Some((known, _)) = self.searches.get_key_value(name.node.as_str()) {
            return self.search(known, name.span);
        }
        self.unresolved = true;
        let message = format!("there is no selection `{}`", name.node);
        self.diagnostics.push(
            Diagnostic::new(Code::UnknownSelection, name.span, message)
                .nearest(&name.node, self.searches.keys().copied()),
        );
        Predicate::always()
    }

    /// The predicate of a selection, once more.
    fn search(&mut self, name: &'a str, span: Span) -> Predicate {
        self.used.insert(name);
        let Some(search) = self.searches.get(name) else { return Predicate::always() };
        let mut size = 1_usize;
        search.tests(&mut |_| size += 1);
        match self.left.checked_sub(size) {
            Some(left) => {
                self.left = left;
                search.clone()
            }
            None => {
                if self.left > 0 {
                    self.diagnostics.push(item::too_many(span));
                }
                self.left = 0;
                Predicate::always()
            }
        }
    }

    fn of(&mut self, quantifier: Quantifier, pattern: &Spanned<Pattern>, span: Span) -> Predicate {
        let names = names::matching(&pattern.node, self.searches.keys().copied());
        if names.is_empty() {
            self.unresolved = true;
            self.diagnostics.push(nothing(pattern, self.searches.keys().copied()));
            return Predicate::always();
        }
        self.used.extend(names.iter().copied());
        let least = match quantifier {
            Quantifier::All => names.len(),
            Quantifier::AtLeast(least) => least as usize,
        };
        let Some(chosen) = combinations(names.len(), least) else {
            let message =
                format!("{least} of {} selections are too many combinations", names.len());
            self.diagnostics.push(
                Diagnostic::new(Code::TooManyAlternatives, span, message)
                    .help("use `1 of` or `all of`, or fewer selections"),
            );
            return Predicate::always();
        };
        let mut any = Vec::new();
        for indices in chosen {
            let picked = indices.into_iter().filter_map(|at| names.get(at).copied());
            let all: Vec<Predicate> = picked.map(|name| self.search(name, span)).collect();
            any.push(Predicate::all(all));
        }
        Predicate::any(any)
    }

    fn report_unused(&mut self) {
        for selection in &self.detection.selections {
            let name = selection.name.node.as_str();
            if !self.used.contains(name) {
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::UnusedSelection,
                        selection.name.span,
                        format!("the condition does not use the selection `{name}`"),
                    )
                    .help("use it or remove it"),
                );
            }
        }
    }
}

/// A pattern that names nothing.
pub(super) fn nothing<'a>(
    pattern: &Spanned<Pattern>,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let shown = names::shown(&pattern.node);
    let found =
        Diagnostic::new(Code::NothingMatches, pattern.span, format!("`{shown}` matches nothing"));
    match &pattern.node {
        Pattern::Them => found.help("names that begin with `_` are not among `them`"),
        Pattern::Glob(glob) => found.nearest(glob.trim_matches(['*', '_']), known),
    }
}

/// Whether a part of the condition could not be read.
pub(super) fn has_error(condition: &Condition) -> bool {
    match condition {
        Condition::Error => true,
        Condition::Name(_) | Condition::Of(..) => false,
        Condition::Not(inner) => has_error(&inner.node),
        Condition::And(parts) | Condition::Or(parts) => {
            parts.iter().any(|part| has_error(&part.node))
        }
    }
}

/// The ways to choose so many of `0..of`, in order; `None`: too many ways.
fn combinations(of: usize, choose: usize) -> Option<Vec<Vec<usize>>> {
    let mut found: Vec<Vec<usize>> = vec![Vec::new()];
    if choose > of {
        return Some(Vec::new());
    }
    for round in 0..choose {
        found = found
            .into_iter()
            .flat_map(|chosen| {
                let from = chosen.last().map_or(0, |last| last + 1);
                // Enough have to be left for the rounds to come.
                let to = of - (choose - round - 1);
                (from..to).map(move |next| [chosen.as_slice(), &[next]].concat())
            })
            .take(MAX_COMBINATIONS + 1)
            .collect();
        if found.len() > MAX_COMBINATIONS {
            return (choose == of).then(|| vec![(0..of).collect()]);
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_ordered_and_bounded() {
        assert_eq!(combinations(3, 2).unwrap(), [vec![0, 1], vec![0, 2], vec![1, 2]]);
        assert_eq!(combinations(2, 3).unwrap(), Vec::<Vec<usize>>::new());
        assert_eq!(combinations(300, 300).unwrap().len(), 1);
        assert_eq!(combinations(200, 1).unwrap().len(), 200);
        assert_eq!(combinations(100, 50), None);
    }
}
