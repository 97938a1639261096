//! Which of many predicates are worth evaluating: those that may hold of an event.
//!
//! All texts that the predicates of a log source need are looked for at once, field by field, with
//! one automaton each. Of a thousand rules only a handful are left for a usual event.

use std::collections::{BTreeMap, HashMap};

use aho_corasick::AhoCorasick;

use super::needs::Need;
use super::text::Case;
use super::view::View;

/// Predicates by what they need.
#[derive(Debug, Default)]
pub struct Prefilter {
    /// The predicates, by number, that need nothing.
    always: Vec<bool>,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    slot: usize,
    automaton: AhoCorasick,
    /// The predicates that need each text.
    needed_by: Vec<Vec<usize>>,
}

impl Prefilter {
    /// For predicates with these needs, by number.
    pub(super) fn new(needs: &[Option<Vec<Need>>]) -> Self {
        let mut texts: BTreeMap<usize, HashMap<&str, Vec<usize>>> = BTreeMap::new();
        for (number, needs) in needs.iter().enumerate() {
            for (slot, text) in needs.iter().flatten() {
                texts.entry(*slot).or_default().entry(text).or_default().push(number);
            }
        }
        let mut filter =
            Self { always: needs.iter().map(Option::is_none).collect(), fields: Vec::new() };
        for (slot, texts) in texts {
            let (texts, needed_by): (Vec<&str>, Vec<Vec<usize>>) = texts.into_iter().unzip();
            match AhoCorasick::new(&texts) {
                Ok(automaton) => filter.fields.push(Field { slot, automaton, needed_by }),
                // Too many texts for an automaton: look at these always.
                Err(_) => needed_by.iter().flatten().for_each(|number| filter.require(*number)),
            }
        }
        filter
    }

    /// Whether each predicate, by number, may hold of the event.
    #[must_use]
    pub fn candidates(&self, view: &View<'_>) -> Vec<bool> {
        let mut candidates = self.always.clone();
        for field in &self.fields {
            for text in view.texts(field.slot, Case::Folded) {
                for found in field.automaton.find_overlapping_iter(text.as_bytes()) {
                    let needed_by = field.needed_by.get(found.pattern().as_usize());
                    for number in needed_by.into_iter().flatten() {
                        if let Some(candidate) = candidates.get_mut(*number) {
                            *candidate = true;
                        }
                    }
                }
            }
        }
        candidates
    }

    fn require(&mut self, number: usize) {
        if let Some(always) = self.always.get_mut(number) {
            *always = true;
        }
    }
}
