//! Tags → tactics and techniques of MITRE ATT&CK: `attack.t1553.004` → T1553.004, "Install Root
//! Certificate", of the tactic that a tag names, else of its own.

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

/// Techniques with their tactics and names.
const TECHNIQUES: &str = include_str!("../../templates/attack.tsv");

/// A tactic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tactic {
    /// As in tags, such as `defense-evasion`.
    slug: &'static str,
    /// Such as `TA0005`.
    pub(super) id: &'static str,
    /// Such as `Defense Evasion`.
    pub(super) name: &'static str,
}

/// A technique or sub-technique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Technique {
    /// Such as `T1553.004`.
    pub(super) id: &'static str,
    /// Such as `Install Root Certificate`.
    pub(super) name: &'static str,
    tactics: &'static str,
}

/// What the tags of a rule name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attack {
    /// Tactics in the order of the matrix.
    pub(super) tactics: Vec<Tactic>,
    /// Techniques, sorted.
    pub(super) techniques: Vec<Technique>,
}

impl Tactic {
    /// Without spaces, as Microsoft writes it: `DefenseEvasion`.
    pub(super) fn pascal(self) -> String {
        self.slug
            .split('-')
            .map(|word| {
                let mut letters = word.chars();
                let first = letters.next().map(|first| first.to_ascii_uppercase());
                first.into_iter().chain(letters).collect::<String>()
            })
            .collect()
    }
}

impl Technique {
    fn find(id: &str) -> Option<Self> {
        TECHNIQUES.lines().find_map(|line| {
            let (found, rest) = line.split_once('\t')?;
            let (tactics, name) = rest.split_once('\t')?;
            (found == id).then_some(Self { id: found, name, tactics })
        })
    }

    /// The technique that a sub-technique belongs to, else itself.
    pub(super) fn parent(self) -> Self {
        self.id.split_once('.').and_then(|(parent, _)| Self::find(parent)).unwrap_or(self)
    }

    /// Whether it serves the tactic.
    pub(super) fn serves(self, tactic: Tactic) -> bool {
        self.tactics.split(',').any(|slug| slug == tactic.slug)
    }
}

impl Attack {
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
        let tagged: Vec<Tactic> = tactics()
            .filter(|tactic| names.iter().any(|name| name.replace('_', "-") == tactic.slug))
            .collect();
        // A technique none of whose tactics is tagged brings its own.
        let orphan = |technique: &&Technique| !tagged.iter().any(|one| technique.serves(*one));
        let orphans: Vec<&Technique> = techniques.iter().filter(orphan).collect();
        let is_named = |tactic: &Tactic| {
            tagged.contains(tactic) || orphans.iter().any(|technique| technique.serves(*tactic))
        };
        Self { tactics: tactics().filter(is_named).collect(), techniques }
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

fn tactics() -> impl Iterator<Item = Tactic> {
    TACTICS.iter().map(|(slug, id, name)| Tactic { slug, id, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attack(tags: &[&str]) -> Attack {
        Attack::of(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_technique_without_a_tactic_brings_its_own() {
        let found = attack(&["attack.t1553.004", "cve.2024-1", "attack.t9999"]);
        assert_eq!(
            found.tactics.iter().map(|one| one.pascal()).collect::<Vec<_>>(),
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
        assert_eq!(found.tactics[0].pascal(), "CommandAndControl");
        assert_eq!(found.techniques, []);
    }

    #[test]
    fn every_technique_has_a_known_tactic_and_parent() {
        let lines: Vec<&str> = TECHNIQUES.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() > 600);
        for line in lines {
            let id = line.split('\t').next().unwrap();
            let technique = Technique::find(id).unwrap();
            assert!(tactics().any(|tactic| technique.serves(tactic)), "{line}");
            assert!(!technique.parent().id.contains('.'), "{line}");
        }
    }
}
