//! Tags → tactics and techniques of MITRE ATT&CK: `attack.t1553.004` → T1553.004, "Install Root
//! Certificate", of the tactic that a tag names, else of its own.

use crate::taxonomy::{Tactic, Technique};

/// What the tags of a rule name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tagged {
    /// Tactics in the order of the matrix.
    pub(super) tactics: Vec<Tactic>,
    /// Techniques, sorted.
    pub(super) techniques: Vec<Technique>,
}

/// Without spaces, as Microsoft writes it: `DefenseEvasion`.
pub(super) fn pascal(tactic: Tactic) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    tactic.slug.split('-').map(word).collect()
}

impl Tagged {
    /// Reads tags; those of other namespaces and unknown ones say nothing.
    pub(super) fn of(tags: &[String]) -> Self {
        let names: Vec<String> = tags
            .iter()
            .filter_map(|tag| tag.to_lowercase().strip_prefix("attack.").map(str::to_owned))
            .collect();
        let mut techniques: Vec<Technique> =
            names.iter().filter_map(|name| Technique::find(&name.to_uppercase())).collect();
        techniques.sort_unstable_by_key(|technique| technique.id);
        techniques.dedup();
        let tagged: Vec<Tactic> = Tactic::all()
            .filter(|tactic| names.iter().any(|name| name.replace('_', "-") == tactic.slug))
            .collect();
        // A technique none of whose tactics is tagged brings its own.
        let orphan = |technique: &&Technique| !tagged.iter().any(|one| technique.serves(*one));
        let orphans: Vec<&Technique> = techniques.iter().filter(orphan).collect();
        let is_named = |tactic: &Tactic| {
            tagged.contains(tactic) || orphans.iter().any(|technique| technique.serves(*tactic))
        };
        Self { tactics: Tactic::all().filter(is_named).collect(), techniques }
    }

    /// The techniques of a tactic, sub-techniques grouped below their parents.
    pub(super) fn below(&self, tactic: Tactic) -> Vec<(Technique, Vec<Technique>)> {
        let mut found: Vec<(Technique, Vec<Technique>)> = Vec::new();
        for technique in self.techniques.iter().filter(|technique| technique.serves(tactic)) {
            let parent = technique.parent();
            let below = (parent != *technique).then_some(*technique);
            match found.iter_mut().find(|(known, _)| *known == parent) {
                Some((_, list)) => list.extend(below),
                None => found.push((parent, below.into_iter().collect())),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attack(tags: &[&str]) -> Tagged {
        Tagged::of(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_technique_without_a_tactic_brings_its_own() {
        let found = attack(&["attack.t1553.004", "cve.2024-1", "attack.t9999"]);
        assert_eq!(
            found.tactics.iter().map(|one| pascal(*one)).collect::<Vec<_>>(),
            ["DefenseEvasion"]
        );
        let below = found.below(found.tactics[0]);
        assert_eq!((below[0].0.id, below[0].1[0].id), ("T1553", "T1553.004"));
        assert_eq!(below[0].1[0].name, "Install Root Certificate");
    }

    #[test]
    fn a_tactic_that_is_tagged_is_the_one() {
        // T1053.005 serves execution, persistence and privilege escalation.
        let found = attack(&["attack.persistence", "attack.T1053.005"]);
        assert_eq!(found.tactics.iter().map(|one| one.id).collect::<Vec<_>>(), ["TA0003"]);
        let found = attack(&["attack.command_and_control"]);
        assert_eq!(pascal(found.tactics[0]), "CommandAndControl");
        assert_eq!(found.techniques, []);
    }
}
