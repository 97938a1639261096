//! MITRE ATT&CK: the tactics and techniques that tags may name, and what people call them.
//!
//! `T1553.004` of `rules/taxonomy/attack.tsv` → [`Attack::has_technique`] of `t1553.004`, and
//! [`Technique::find`]: "Install Root Certificate", of the tactic `defense-evasion`.

use std::collections::BTreeSet;

/// A technique per line; identifiers of a later version.
const TECHNIQUES: &str = include_str!("../../rules/taxonomy/attack.tsv");

/// The version of ATT&CK Enterprise that the identifiers are of.
pub const ATTACK_VERSION: &str = "18.1";

/// The tactics: the name in tags, the id, the name that people read.
const TACTICS: [(&str, &str, &str); 14] = [
    ("reconnaissance", "TA0043", "Reconnaissance"),
    ("resource-development", "TA0042", "Resource Development"),
    ("initial-access", "TA0001", "Initial Access"),
    ("execution", "TA0002", "Execution"),
    ("persistence", "TA0003", "Persistence"),
    ("privilege-escalation", "TA0004", "Privilege Escalation"),
    ("defense-evasion", "TA0005", "Defense Evasion"),
    ("credential-access", "TA0006", "Credential Access"),
    ("discovery", "TA0007", "Discovery"),
    ("lateral-movement", "TA0008", "Lateral Movement"),
    ("collection", "TA0009", "Collection"),
    ("command-and-control", "TA0011", "Command and Control"),
    ("exfiltration", "TA0010", "Exfiltration"),
    ("impact", "TA0040", "Impact"),
];

/// Tactics of a later version that public rules name.
const LATER_TACTICS: [&str; 2] = ["stealth", "defense-impairment"];

/// A tactic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tactic {
    /// As in tags, such as `defense-evasion`.
    pub slug: &'static str,
    /// Such as `TA0005`.
    pub id: &'static str,
    /// Such as `Defense Evasion`.
    pub name: &'static str,
}

impl Tactic {
    /// All of them, in the order of the matrix.
    pub fn all() -> impl Iterator<Item = Self> {
        TACTICS.iter().map(|(slug, id, name)| Self { slug, id, name })
    }
}

/// A technique or sub-technique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Technique {
    /// Such as `T1553.004`.
    pub id: &'static str,
    /// Such as `Install Root Certificate`.
    pub name: &'static str,
    tactics: &'static str,
}

impl Technique {
    /// The technique of this id, such as `T1553.004`.
    #[must_use]
    pub fn find(id: &str) -> Option<Self> {
        techniques().find(|technique| technique.id == id)
    }

    /// The technique that a sub-technique belongs to, else itself.
    #[must_use]
    pub fn parent(self) -> Self {
        self.id.split_once('.').and_then(|(parent, _)| Self::find(parent)).unwrap_or(self)
    }

    /// Whether it serves the tactic.
    #[must_use]
    pub fn serves(self, tactic: Tactic) -> bool {
        self.tactics.split(',').any(|slug| slug == tactic.slug)
    }
}

fn techniques() -> impl Iterator<Item = Technique> {
    TECHNIQUES.lines().filter_map(|line| {
        let (id, rest) = line.split_once('\t')?;
        let (tactics, name) = rest.split_once('\t')?;
        Some(Technique { id, name, tactics })
    })
}

/// The identifiers of ATT&CK, and the few of a later version that public rules use. Make one and pass
/// it along.
#[derive(Debug, Clone)]
pub struct Attack {
    tactics: Vec<&'static str>,
    techniques: BTreeSet<String>,
}

impl Attack {
    /// The identifiers that are built in.
    #[must_use]
    pub fn standard() -> Self {
        let mut known: BTreeSet<String> =
            techniques().map(|technique| technique.id.to_ascii_lowercase()).collect();
        for line in TECHNIQUES.lines().filter_map(|line| line.strip_prefix("later ")) {
            let mut words = line.split_whitespace();
            let technique = words.next().unwrap_or_default().to_ascii_lowercase();
            known.extend(words.map(|sub| format!("{technique}.{sub}")));
            known.insert(technique);
        }
        let tactics = Tactic::all().map(|tactic| tactic.slug).chain(LATER_TACTICS);
        Self { tactics: tactics.collect(), techniques: known }
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

    #[test]
    fn every_technique_serves_a_tactic_that_there_is() {
        for technique in techniques() {
            assert!(Tactic::all().any(|tactic| technique.serves(tactic)), "{}", technique.id);
            assert!(!technique.parent().id.contains('.') && !technique.name.is_empty());
        }
    }
}
