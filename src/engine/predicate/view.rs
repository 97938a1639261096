//! What predicates see of an event: the values of the fields that they ask for, their folded texts,
//! and the answers of atoms, all taken at most once.
//!
//! Hardly anything is allocated per event: a [`Scratch`] is used for one event after another.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexSet;

use crate::engine::event::{Event, Names, Rename, Value};
use crate::engine::fold::fold_into;

use super::Predicates;
use super::atoms::{Atom, AtomId};
use super::text::Case;

/// What a test looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Slot {
    /// A field that some predicate of the log source asks for, by number.
    Field(usize),
    /// All fields of the event.
    All,
}

/// The fields that the predicates of a log source ask for, by number.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    names: IndexSet<String>,
}

impl Slots {
    /// The slot of a field, a new one if need be.
    pub(super) fn add(&mut self, name: &str) -> Slot {
        Slot::Field(match self.names.get_index_of(name) {
            Some(slot) => slot,
            None => self.names.insert_full(name.to_owned()).0,
        })
    }
}

/// What is known of the event at hand; to be used again for the next one, by the same predicates.
#[derive(Debug, Default)]
pub struct Scratch {
    /// By kind of event, where it has the fields of the slots.
    places: HashMap<Kind, (Names, Places)>,
    /// By slot, its folded texts.
    folded: Vec<Texts>,
    /// The folded texts of all fields.
    all: Texts,
    /// By atom, its answer if it is known; atoms of the index are false if it is not.
    answers: Vec<Option<bool>>,
    /// Atoms with an answer: first those that the index has found.
    answered: Vec<AtomId>,
}

/// By slot, where an event has the field.
type Places = Arc<[Option<usize>]>;

/// The names of an event's fields, and which of them are called otherwise, by their addresses.
type Kind = (*const Box<str>, *const Rename);

/// Kinds of events that are remembered at once.
const MOST_KINDS: usize = 4_096;

/// Folded texts, one after another.
#[derive(Debug, Default)]
struct Texts {
    text: String,
    ends: Vec<usize>,
    is_known: bool,
}

/// An event as the predicates of a log source see it.
#[derive(Debug)]
pub(super) struct View<'v> {
    event: &'v Event,
    atoms: &'v [Atom],
    places: Places,
    scratch: &'v mut Scratch,
}

impl<'v> View<'v> {
    /// The event with the field names of a log source.
    pub(super) fn new(
        event: &'v Event,
        renames: &[Rename],
        predicates: &'v Predicates,
        scratch: &'v mut Scratch,
    ) -> Self {
        scratch.clear(&predicates.slots, predicates.atoms.len());
        let places = scratch.places(event, renames, &predicates.slots);
        Self { event, atoms: &predicates.atoms, places, scratch }
    }

    /// Calls `visit` with every value that is neither null nor a list.
    pub(super) fn values(&self, slot: Slot, visit: &mut impl FnMut(&'v Value)) {
        match slot {
            Slot::Field(slot) => {
                let place = self.places.get(slot).copied().flatten();
                if let Some(value) = place.and_then(|place| self.event.at(place)) {
                    value.scalars(visit);
                }
            }
            Slot::All => self.event.fields().for_each(|(_, value)| value.scalars(visit)),
        }
    }

    /// Whether any text fits: one per value that is not null.
    pub(super) fn any_text(
        &mut self,
        slot: Slot,
        case: Case,
        mut fits: impl FnMut(&str) -> bool,
    ) -> bool {
        match case {
            Case::Exact => {
                let mut found = false;
                self.values(slot, &mut |value| {
                    found = found || value.text().is_some_and(|text| fits(&text));
                });
                found
            }
            Case::Folded => {
                self.fold(slot);
                self.scratch.texts(slot).is_some_and(|texts| texts.iter().any(fits))
            }
        }
    }

    /// Calls `look` with each folded text; it says which atoms hold.
    pub(super) fn each_folded(
        &mut self,
        slot: Slot,
        mut look: impl FnMut(&str, &mut dyn FnMut(AtomId)),
    ) {
        self.fold(slot);
        let Scratch { folded, all, answers, answered, .. } = &mut *self.scratch;
        let texts = match slot {
            Slot::Field(slot) => folded.get(slot),
            Slot::All => Some(&*all),
        };
        for text in texts.into_iter().flat_map(Texts::iter) {
            look(text, &mut |atom| {
                if let Some(answer @ None) = answers.get_mut(atom) {
                    *answer = Some(true);
                    answered.push(atom);
                }
            });
        }
    }

    /// Takes the folded texts, unless they are known.
    fn fold(&mut self, slot: Slot) {
        let Some(texts) = self.scratch.texts(slot) else { return };
        if texts.is_known {
            return;
        }
        let mut texts = std::mem::take(texts);
        texts.clear();
        self.values(slot, &mut |value| texts.add(value));
        texts.is_known = true;
        if let Some(known) = self.scratch.texts(slot) {
            *known = texts;
        }
    }

    /// The atoms that have an answer by now.
    pub(super) fn found(&self) -> &[AtomId] {
        &self.scratch.answered
    }

    /// Whether an atom holds.
    pub(super) fn answer(&mut self, atom: AtomId) -> bool {
        if let Some(Some(answer)) = self.scratch.answers.get(atom) {
            return *answer;
        }
        let Some(Atom::Asked(check)) = self.atoms.get(atom) else { return false };
        let holds = check.holds(self);
        if let Some(answer) = self.scratch.answers.get_mut(atom) {
            *answer = Some(holds);
            self.scratch.answered.push(atom);
        }
        holds
    }
}

impl Scratch {
    fn texts(&mut self, slot: Slot) -> Option<&mut Texts> {
        match slot {
            Slot::Field(slot) => self.folded.get_mut(slot),
            Slot::All => Some(&mut self.all),
        }
    }

    /// Where an event has the fields of the slots. Kinds that events share are remembered, and kept
    /// alive, so that their address stays theirs.
    fn places(&mut self, event: &Event, renames: &[Rename], slots: &Slots) -> Places {
        let places = || slots.names.iter().map(|name| event.place(renames, name)).collect();
        let names = event.names();
        if Arc::strong_count(names) == 1 {
            return places();
        }
        if self.places.len() >= MOST_KINDS {
            self.places.clear();
        }
        let kind = (names.as_ptr(), renames.as_ptr());
        let known = self.places.entry(kind).or_insert_with(|| (Arc::clone(names), places()));
        Arc::clone(&known.1)
    }

    /// Forgets the last event.
    fn clear(&mut self, slots: &Slots, atoms: usize) {
        self.folded.iter_mut().for_each(|texts| texts.is_known = false);
        self.all.is_known = false;
        for atom in self.answered.drain(..) {
            if let Some(answer) = self.answers.get_mut(atom) {
                *answer = None;
            }
        }
        if self.answers.len() < atoms {
            self.answers.resize(atoms, None);
        }
        if self.folded.len() < slots.names.len() {
            self.folded.resize_with(slots.names.len(), Texts::default);
        }
    }
}

impl Texts {
    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn add(&mut self, value: &Value) {
        if let Some(text) = value.text() {
            fold_into(&text, &mut self.text);
            self.ends.push(self.text.len());
        }
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).filter_map(|(start, end)| self.text.get(*start..*end))
    }
}
