//! Which predicates are worth evaluating: those that could hold after what the index has found.
//!
//! Of each predicate the atoms are known of which one must hold: of `Image endswith '\a.exe' and
//! CommandLine contains any (' -enc', ' -e ')` the second, which is the rarer. Where the index
//! answers them, the predicate waits for one of them to be found.

use std::cmp::Reverse;

use super::Node;
use super::atoms::{Atom, AtomId};
use super::view::View;

/// Atoms that a predicate waits for; one that would wait for more is always evaluated.
const MOST_WATCHED: usize = 5_000;

/// Who waits for which atom.
#[derive(Debug)]
pub(super) struct Watch {
    /// Predicates that wait for nothing, as bits.
    always: Vec<u64>,
    /// By atom, the predicates that wait for it.
    watchers: Vec<Vec<usize>>,
}

impl Watch {
    /// For predicates over atoms.
    pub(super) fn new(roots: &[Node], atoms: &[Atom]) -> Self {
        let mut watch = Self {
            always: vec![0; roots.len().div_ceil(64)],
            watchers: vec![Vec::new(); atoms.len()],
        };
        for (number, root) in roots.iter().enumerate() {
            match demand(root, atoms) {
                Some(demand) => demand.into_iter().for_each(|atom| watch.wait(number, atom)),
                None => set(&mut watch.always, number),
            }
        }
        watch
    }

    fn wait(&mut self, number: usize, atom: AtomId) {
        if let Some(watchers) = self.watchers.get_mut(atom)
            && watchers.last() != Some(&number)
        {
            watchers.push(number);
        }
    }

    /// The predicates worth evaluating, in order.
    pub(super) fn candidates(&self, view: &mut View<'_>) -> impl Iterator<Item = usize> + use<> {
        let mut candidates = self.always.clone();
        for atom in view.found() {
            let watchers = self.watchers.get(*atom).into_iter().flatten();
            watchers.for_each(|number| set(&mut candidates, *number));
        }
        candidates
            .into_iter()
            .enumerate()
            .flat_map(|(at, word)| ones(word).map(move |bit| at * 64 + bit))
    }
}

/// Atoms of which one must hold, all answered by the index; `None` if there are none such. Recurses
/// as deep as the predicate, which `check` bounds.
fn demand(node: &Node, atoms: &[Atom]) -> Option<Vec<AtomId>> {
    match node {
        Node::All(parts) => {
            let demands = parts.iter().filter_map(|part| demand(part, atoms));
            demands.max_by_key(|demand| strength(demand, atoms))
        }
        Node::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(demand(part, atoms)?);
            }
            (all.len() <= MOST_WATCHED).then_some(all)
        }
        Node::Not(_) => None,
        Node::Atom(atom) => match atoms.get(*atom) {
            Some(Atom::Found { .. }) => Some(vec![*atom]),
            Some(Atom::Asked(_)) | None => None,
        },
    }
}

/// How much a demand leaves out: the longer the shortest text, then the fewer texts, the more.
fn strength(demand: &[AtomId], atoms: &[Atom]) -> (usize, Reverse<usize>) {
    let found = demand.iter().filter_map(|atom| match atoms.get(*atom) {
        Some(Atom::Found { shortest, texts }) => Some((*shortest, *texts)),
        Some(Atom::Asked(_)) | None => None,
    });
    let (shortest, texts) = found
        .fold((usize::MAX, 0), |(shortest, texts), (one, more)| (shortest.min(one), texts + more));
    (shortest, Reverse(texts))
}

fn set(bits: &mut [u64], number: usize) {
    if let Some(word) = bits.get_mut(number / 64) {
        *word |= 1 << (number % 64);
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
