//! The predicates of a log source, compiled together and evaluated on many events.
//!
//! Every predicate is made of *atoms*: tests that each look at one field. An atom that several
//! predicates have in common is one, and it is answered at most once per
//! event. Atoms of plain text are not even asked one by one: all texts that any predicate looks for
//! in a field are found in one pass over it, and what was found tells which predicates
//! are worth evaluating. Of a thousand rules, a handful is left for a usual event.
//!
//! `Not(Test(Image endswith '\a.exe'))` holds of an event without `Image`.

mod atoms;
mod check;
mod glob;
mod grams;
mod index;
mod text;
mod view;
mod watch;

pub use check::BadRegex;
pub use view::Scratch;

use crate::ir::{Predicate, TextTest};

use super::event::{Event, Rename};
use atoms::{Atom, AtomId, Atoms, TextField};
use check::Check;
use index::Index;
use view::{Slots, View};
use watch::Watch;

/// Compiles the predicates of a log source.
#[derive(Debug, Default)]
pub struct Compiler {
    slots: Slots,
    atoms: Atoms,
    roots: Vec<Node>,
}

/// The compiled predicates of a log source, numbered in the order in which they were added.
#[derive(Debug)]
pub struct Predicates {
    slots: Slots,
    atoms: Vec<Atom>,
    roots: Vec<Node>,
    index: Index,
    watch: Watch,
}

/// A predicate over atoms.
#[derive(Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Atom(AtomId),
}

impl Compiler {
    /// Adds a predicate.
    ///
    /// # Errors
    /// If a regular expression does not compile or would become too large.
    pub fn add(&mut self, predicate: &Predicate) -> Result<(), BadRegex> {
        let root = self.node(predicate)?;
        self.roots.push(root);
        Ok(())
    }

    /// All of them.
    #[must_use]
    pub fn finish(self) -> Predicates {
        self.finish_worth(index::WORTH)
    }

    /// All of them, with an index of fields where it is worth so much.
    fn finish_worth(self, worth: usize) -> Predicates {
        let Self { slots, atoms, mut roots } = self;
        let (index, atoms) = Index::new(atoms, worth);
        roots.iter_mut().for_each(|root| root.cheapest_first(&atoms));
        let watch = Watch::new(&roots, &atoms);
        Predicates { slots, atoms, roots, index, watch }
    }

    fn node(&mut self, predicate: &Predicate) -> Result<Node, BadRegex> {
        if let Some((field, test)) = self.text(predicate) {
            return Ok(self.texts(field, vec![test]));
        }
        Ok(match predicate {
            Predicate::All(parts) => Node::All(self.nodes(parts)?),
            Predicate::Any(parts) => self.alternatives(parts)?,
            Predicate::Not(part) => Node::Not(Box::new(self.node(part)?)),
            Predicate::Test(test) => {
                let check = Check::new(test, &mut self.slots)?;
                Node::Atom(self.atoms.add(check, Some(test)))
            }
            Predicate::Keyword(text) => {
                let (field, test) = TextField::of_all(text);
                self.texts(field, vec![test])
            }
            Predicate::KeywordRegex(regex) => {
                Node::Atom(self.atoms.add(Check::keyword_regex(regex)?, None))
            }
        })
    }

    /// A plain comparison with a text.
    fn text(&mut self, predicate: &Predicate) -> Option<(TextField, TextTest)> {
        match predicate {
            Predicate::Test(test) => TextField::of_test(test, &mut self.slots),
            Predicate::Keyword(text) => Some(TextField::of_all(text)),
            Predicate::All(_)
            | Predicate::Any(_)
            | Predicate::Not(_)
            | Predicate::KeywordRegex(_) => None,
        }
    }

    fn nodes(&mut self, parts: &[Predicate]) -> Result<Vec<Node>, BadRegex> {
        parts.iter().map(|part| self.node(part)).collect()
    }

    /// A disjunction; tests of one field for many texts become one atom.
    fn alternatives(&mut self, parts: &[Predicate]) -> Result<Node, BadRegex> {
        let mut nodes = Vec::new();
        let mut groups: Vec<(TextField, Vec<TextTest>)> = Vec::new();
        for part in parts {
            let Some((field, test)) = self.text(part) else {
                nodes.push(self.node(part)?);
                continue;
            };
            match groups.iter_mut().find(|(known, _)| *known == field) {
                Some((_, tests)) => tests.push(test),
                None => groups.push((field, vec![test])),
            }
        }
        nodes.extend(groups.into_iter().map(|(field, tests)| self.texts(field, tests)));
        Ok(Node::Any(nodes))
    }

    /// Any of these texts in a field, by what an index can say of it first.
    fn texts(&mut self, field: TextField, tests: Vec<TextTest>) -> Node {
        let hint = field.hint(&tests);
        let atom = Node::Atom(self.atoms.add_texts(field, tests));
        match hint {
            Some((field, hints)) => {
                Node::All(vec![Node::Atom(self.atoms.add_texts(field, hints)), atom])
            }
            None => atom,
        }
    }
}

impl Predicates {
    /// Calls `found` with the number of each predicate that holds of an event, in order; `renames`
    /// are what the event calls the log source's fields where the names differ.
    pub fn holding(
        &self,
        event: &Event,
        renames: &[Rename],
        scratch: &mut Scratch,
        found: &mut impl FnMut(usize),
    ) {
        let mut view = View::new(event, renames, self, scratch);
        self.index.find(&mut view);
        for number in self.watch.candidates(&mut view) {
            if self.roots.get(number).is_some_and(|root| root.holds(&mut view)) {
                found(number);
            }
        }
    }
}

impl Node {
    /// Whether it holds. Recurses as deep as the predicate, which `check` bounds.
    fn holds(&self, view: &mut View<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(view)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(view)),
            Self::Not(part) => !part.holds(view),
            Self::Atom(atom) => view.answer(*atom),
        }
    }

    /// What evaluating it costs, compared with others.
    fn cost(&self, atoms: &[Atom]) -> u32 {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(|part| part.cost(atoms)).sum(),
            Self::Not(part) => part.cost(atoms),
            Self::Atom(atom) => atoms.get(*atom).map_or(0, Atom::cost),
        }
    }

    /// Puts parts, whose order does not matter, in that of what evaluating them costs.
    fn cheapest_first(&mut self, atoms: &[Atom]) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter_mut().for_each(|part| part.cheapest_first(atoms));
                parts.sort_by_cached_key(|part| part.cost(atoms));
            }
            Self::Not(part) => part.cheapest_first(atoms),
            Self::Atom(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
