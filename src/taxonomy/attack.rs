//! The tactics and techniques of MITRE ATT&CK that tags may name.
//!
//! `T1553.004` of `rules/taxonomy/attack.ids` → [`Attack::has_technique`] of `t1553.004`.

use std::collections::BTreeSet;

const IDS: &str = include_str!("../../rules/taxonomy/attack.ids");

/// The version of ATT&CK Enterprise that the identifiers are of.
pub const ATTACK_VERSION: &str = "18.1";

/// The identifiers of ATT&CK, and the few of a later version that public rules use. Make one and pass it along.
#[derive(Debug, Clone)]
pub struct Attack {
    tactics: Vec<&'static str>,
    techniques: BTreeSet<String>,
}

impl Attack {
    /// The identifiers that are built in.
    #[must_use]
    pub fn standard() -> Self {
        let mut attack = Self { tactics: Vec::new(), techniques: BTreeSet::new() };
        for line in IDS.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let Some(first) = words.next() else { continue };
            let first = if first == "later" { words.next().unwrap_or_default() } else { first };
            if first.ends_with("tactics") {
                attack.tactics.extend(words);
                continue;
            }
            let technique = first.to_ascii_lowercase();
            attack.techniques.extend(words.map(|sub| format!("{technique}.{sub}")));
            attack.techniques.insert(technique);
        }
        attack
    }

    /// The tactics, in lower case with hyphens.
    #[must_use]
    pub fn tactics(&self) -> &[&'static str] {
        &self.tactics
    }

    /// Whether there is a technique or sub-technique of this id, such as `t1553.004`, in lower case.
    #[must_use]
    pub fn has_technique(&self, id: &str) -> bool {
        self.techniques.contains(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn techniques_and_tactics_are_known() {
        let attack = Attack::standard();
        assert_eq!((attack.tactics.len(), attack.techniques.len()), (16, 691 + 12));
        assert!(attack.has_technique("t1553.004") && attack.has_technique("t1001"));
        assert!(!attack.has_technique("t1553.999") && !attack.has_technique("t1086"));
        assert!(attack.tactics().contains(&"defense-evasion"));
    }
}
