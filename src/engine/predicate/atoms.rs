//! Atoms: the tests that predicates are made of, each there once.
//!
//! `Image endswith any ('\a.exe', '\b.exe')` of two rules is one atom; that of a third rule with
//! `\a.exe` alone is another, and the [`Index`](super::Index) finds the text for both.

use std::collections::HashMap;

use crate::engine::fold::fold;
use crate::ir::{Op, Part, Test, TextTest};

use super::check::{Check, Of, canonical_type};
use super::grams::GRAM;
use super::text::{Case, Text};
use super::view::{Slot, Slots};

/// Number of an atom.
pub(super) type AtomId = usize;

/// How an atom is answered.
#[derive(Debug)]
pub(super) enum Atom {
    /// By the index: it holds if the index says so. Of its texts, the length of the shortest and
    /// their number.
    Found { shortest: usize, texts: usize },
    /// By a check, when somebody asks.
    Asked(Check),
}

/// A field in which texts are looked for, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TextField {
    /// The field, or all of them.
    pub slot: Slot,
    /// Whether case counts.
    pub case: Case,
    /// What an index can say of the text.
    pub index: Indexed,
}

/// What an index of texts can say of a comparison with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Indexed {
    /// Whether it holds.
    Answered,
    /// That it does not hold, where a text is missing that it needs: the longest between wildcards,
    /// or that of a comparison whose case counts.
    Hinted,
    /// Nothing: the text is too short.
    Unknown,
}

/// Atoms that are being collected.
#[derive(Debug, Default)]
pub(super) struct Atoms {
    all: Vec<Draft>,
    texts: HashMap<(TextField, Vec<TextTest>), AtomId>,
    others: Vec<(Test, AtomId)>,
}

/// An atom before it is known what the index answers.
#[derive(Debug)]
pub(super) enum Draft {
    /// Any of these texts.
    Texts(TextField, Vec<TextTest>),
    /// Anything else.
    Check(Check),
}

impl Atom {
    /// What asking it costs, compared with others.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Self::Found { .. } => 0,
            Self::Asked(check) => check.cost(),
        }
    }
}

impl Atoms {
    /// The atom of a check; if it is that of a test that is known, the known one.
    pub(super) fn add(&mut self, check: Check, test: Option<&Test>) -> AtomId {
        let is_same = |known: &&(Test, AtomId)| {
            test.is_some_and(|test| known.0.field == test.field && known.0.op == test.op)
        };
        if let Some((_, atom)) = self.others.iter().find(is_same) {
            return *atom;
        }
        let atom = self.push(Draft::Check(check));
        self.others.extend(test.map(|test| (test.clone(), atom)));
        atom
    }

    /// The atom of any of these texts in a field.
    pub(super) fn add_texts(&mut self, field: TextField, tests: Vec<TextTest>) -> AtomId {
        if let Some(known) = self.texts.get(&(field, tests.clone())) {
            return *known;
        }
        let atom = self.push(Draft::Texts(field, tests.clone()));
        self.texts.insert((field, tests), atom);
        atom
    }

    /// All of them, by number.
    pub(super) fn into_drafts(self) -> Vec<Draft> {
        self.all
    }

    fn push(&mut self, draft: Draft) -> AtomId {
        self.all.push(draft);
        self.all.len() - 1
    }
}

impl Draft {
    /// The atom that is asked.
    pub(super) fn asked(self) -> Atom {
        Atom::Asked(match self {
            Self::Texts(field, tests) => {
                Check::Field(field.slot, Of::Text(Text::join(&tests, field.case)))
            }
            Self::Check(check) => check,
        })
    }
}

impl TextField {
    /// The field and the text of a plain comparison with a text; of other tests `None`.
    pub(super) fn of_test(test: &Test, slots: &mut Slots) -> Option<(Self, TextTest)> {
        let Op::Text { test: text, cased } = &test.op else { return None };
        if canonical_type(&test.field.ty, text).is_some() {
            return None;
        }
        Some(Self::new(slots.add(&test.field.name), Case::new(*cased), text))
    }

    /// All fields, in one of which a text is looked for.
    pub(super) fn of_all(test: &TextTest) -> (Self, TextTest) {
        Self::new(Slot::All, Case::Folded, test)
    }

    fn new(slot: Slot, case: Case, test: &TextTest) -> (Self, TextTest) {
        let test = match (case, test) {
            (Case::Exact, _) | (_, TextTest::Like(_)) => test.clone(),
            (Case::Folded, TextTest::Equals(text)) => TextTest::Equals(fold(text)),
            (Case::Folded, TextTest::StartsWith(text)) => TextTest::StartsWith(fold(text)),
            (Case::Folded, TextTest::EndsWith(text)) => TextTest::EndsWith(fold(text)),
            (Case::Folded, TextTest::Contains(text)) => TextTest::Contains(fold(text)),
        };
        let index = match (case, literal(&test)) {
            _ if hint(&test).len() < GRAM => Indexed::Unknown,
            (Case::Folded, Some(_)) => Indexed::Answered,
            (Case::Folded, None) | (Case::Exact, _) => Indexed::Hinted,
        };
        (Self { slot, case, index }, test)
    }

    /// The field and the texts of which a value must hold one, where these are only a hint.
    pub(super) fn hint(self, tests: &[TextTest]) -> Option<(Self, Vec<TextTest>)> {
        let field = Self { case: Case::Folded, index: Indexed::Answered, ..self };
        let hints = tests.iter().map(|test| TextTest::Contains(hint(test)));
        (self.index == Indexed::Hinted).then(|| (field, hints.collect()))
    }
}

/// The longest text that a value must hold to fit, folded.
fn hint(test: &TextTest) -> String {
    let longest = match test {
        TextTest::Like(parts) => parts.iter().map(literal_part).max_by_key(|text| text.len()),
        TextTest::Equals(_)
        | TextTest::StartsWith(_)
        | TextTest::EndsWith(_)
        | TextTest::Contains(_) => literal(test),
    };
    fold(longest.unwrap_or_default())
}

/// The text that a value is compared with; of a pattern with wildcards there is none.
pub(super) fn literal(test: &TextTest) -> Option<&str> {
    match test {
        TextTest::Equals(text)
        | TextTest::StartsWith(text)
        | TextTest::EndsWith(text)
        | TextTest::Contains(text) => Some(text),
        TextTest::Like(_) => None,
    }
}

fn literal_part(part: &Part) -> &str {
    match part {
        Part::Literal(text) => text,
        Part::Any | Part::One => "",
    }
}
