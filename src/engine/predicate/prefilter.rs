//! Which of many predicates are worth evaluating: those whose demands an event meets.
//!
//! All texts that the predicates of a log source need are looked for at once, field by field. A
//! predicate is a candidate if each of its demands is met. Of a thousand rules only a handful are
//! left for a usual event.

use std::collections::{BTreeMap, HashMap};

use super::grams::Grams;
use super::needs::{Demand, MOST_DEMANDS};
use super::text::Case;
use super::view::View;

/// Predicates by what they demand.
#[derive(Debug, Default)]
pub struct Prefilter {
    /// What is met without looking: by number, the demands that a predicate does not make.
    unasked: Vec<Met>,
    fields: Vec<Field>,
}

/// For 64 predicates, by rank of a demand, whether each one's is met.
type Met = [u64; MOST_DEMANDS];

#[derive(Debug)]
struct Field {
    slot: usize,
    grams: Grams,
    /// By text, the predicates that need it, and for which of their demands.
    needed_by: Vec<Vec<Needed>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Needed {
    predicate: usize,
    rank: usize,
}

impl Prefilter {
    /// For predicates with these demands, by number.
    pub(super) fn new<'d>(demands: impl Iterator<Item = &'d [Demand]>) -> Self {
        let mut filter = Self::default();
        let mut texts: BTreeMap<usize, HashMap<&str, Vec<Needed>>> = BTreeMap::new();
        for (predicate, demands) in demands.enumerate() {
            if predicate % 64 == 0 {
                filter.unasked.push(Met::default());
            }
            for rank in 0..MOST_DEMANDS {
                let Some(demand) = demands.get(rank) else {
                    meet(&mut filter.unasked, Needed { predicate, rank });
                    continue;
                };
                for (slot, text) in demand {
                    let of_text = texts.entry(*slot).or_default().entry(text).or_default();
                    of_text.push(Needed { predicate, rank });
                }
            }
        }
        for (slot, texts) in texts {
            let (texts, needed_by): (Vec<&str>, Vec<_>) = texts.into_iter().unzip();
            filter.fields.push(Field { slot, grams: Grams::new(texts), needed_by });
        }
        filter
    }

    /// The predicates, by number and in order, that may hold of the event.
    pub fn candidates(&self, view: &View<'_>) -> impl Iterator<Item = usize> + use<> {
        let mut met = self.unasked.clone();
        for field in &self.fields {
            for text in view.texts(field.slot, Case::Folded) {
                field.grams.find(text.as_bytes(), &mut |found| {
                    let needed_by = field.needed_by.get(found);
                    needed_by.into_iter().flatten().for_each(|needed| meet(&mut met, *needed));
                });
            }
        }
        met.into_iter().enumerate().flat_map(|(word, met)| {
            let all = met.into_iter().fold(u64::MAX, |all, of_rank| all & of_rank);
            ones(all).map(move |bit| word * 64 + bit)
        })
    }
}

fn meet(met: &mut [Met], needed: Needed) {
    let word = met.get_mut(needed.predicate / 64).and_then(|word| word.get_mut(needed.rank));
    if let Some(word) = word {
        *word |= 1 << (needed.predicate % 64);
    }
}

/// The places of the bits that are set.
fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = (word != 0).then(|| word.trailing_zeros() as usize);
        word &= word.wrapping_sub(1);
        lowest
    })
}
