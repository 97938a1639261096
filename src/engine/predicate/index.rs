//! Finds in one pass over a field all texts that any predicate of a log source looks for in it.
//!
//! Of every text it knows the atoms that look for it, and where each wants it: anywhere, at the
//! beginning, at the end, or alone. So a text that is found answers all of them. A field in which few
//! texts are looked for has no index: asking for each is faster.

use std::collections::{BTreeMap, HashMap};

use crate::ir::TextTest;

use super::atoms::{Atom, AtomId, Atoms, Draft, Indexed, literal};
use super::grams::Grams;
use super::view::{Slot, View};

/// What looking for texts one by one has to cost, in bytes of a field that an index could read
/// instead, so that an index is worth it; and what each costs.
pub(super) const WORTH: usize = 200;
const COST_CONTAINS: usize = 25;
const COST_OTHERS: usize = 3;

/// The texts of all fields.
#[derive(Debug, Default)]
pub(super) struct Index {
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    slot: Slot,
    grams: Grams,
    /// By text, who looks for it.
    wanted: Vec<Vec<Wanted>>,
}

/// An atom that looks for a text.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    atom: AtomId,
    at_start: bool,
    at_end: bool,
}

/// By text, who looks for it in a field, and what doing so without an index would cost.
#[derive(Debug, Default)]
struct Texts {
    wanted: HashMap<String, Vec<Wanted>>,
    cost: usize,
}

impl Index {
    /// An index of the texts of the atoms, of fields where it is worth so much, and the atoms: those
    /// that it answers, and the others.
    pub(super) fn new(atoms: Atoms, worth: usize) -> (Self, Vec<Atom>) {
        let drafts = atoms.into_drafts();
        let mut by_field: BTreeMap<Slot, Texts> = BTreeMap::new();
        for (atom, draft) in drafts.iter().enumerate() {
            if let Draft::Texts(field, tests) = draft
                && field.index == Indexed::Answered
            {
                let texts = by_field.entry(field.slot).or_default();
                tests.iter().for_each(|test| texts.add(atom, test));
            }
        }
        by_field.retain(|_, texts| texts.cost >= worth);
        let atom = |draft: Draft| match draft {
            Draft::Texts(field, tests)
                if field.index == Indexed::Answered && by_field.contains_key(&field.slot) =>
            {
                let lengths = tests.iter().filter_map(literal).map(str::len);
                Atom::Found { shortest: lengths.min().unwrap_or(0), texts: tests.len() }
            }
            draft @ (Draft::Texts(..) | Draft::Check(_)) => draft.asked(),
        };
        let atoms = drafts.into_iter().map(atom).collect();
        let fields = by_field.into_iter().map(|(slot, texts)| texts.field(slot)).collect();
        (Self { fields }, atoms)
    }

    /// Answers the atoms that hold.
    pub(super) fn find(&self, view: &mut View<'_>) {
        for field in &self.fields {
            view.each_folded(field.slot, |text, found| {
                field.grams.find(text.as_bytes(), &mut |needle, start, end| {
                    let (at_start, at_end) = (start == 0, end == text.len());
                    for wanted in field.wanted.get(needle).into_iter().flatten() {
                        if (at_start || !wanted.at_start) && (at_end || !wanted.at_end) {
                            found(wanted.atom);
                        }
                    }
                });
            });
        }
    }
}

impl Texts {
    fn add(&mut self, atom: AtomId, test: &TextTest) {
        let (at_start, at_end, cost) = match test {
            TextTest::Equals(_) => (true, true, COST_OTHERS),
            TextTest::StartsWith(_) => (true, false, COST_OTHERS),
            TextTest::EndsWith(_) => (false, true, COST_OTHERS),
            TextTest::Contains(_) => (false, false, COST_CONTAINS),
            TextTest::Like(_) => return,
        };
        let Some(text) = literal(test) else { return };
        let wanted = self.wanted.entry(text.to_owned()).or_default();
        wanted.push(Wanted { atom, at_start, at_end });
        self.cost += cost;
    }

    fn field(self, slot: Slot) -> Field {
        let mut all: Vec<_> = self.wanted.into_iter().collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        let grams = Grams::new(all.iter().map(|(text, _)| text.as_str()));
        Field { slot, grams, wanted: all.into_iter().map(|(_, wanted)| wanted).collect() }
    }
}
