//! Names of outputs and ids of queries, the same in every build.
//!
//! The second query of rule `0f0c…` → UUIDv5 of `0f0c…/2` in Sigweave's namespace.

use uuid::Uuid;

/// The namespace of derived ids: UUIDv5 of `sigweave` in the namespace of DNS names.
fn namespace() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"sigweave")
}

/// The id of a further query of a rule.
pub(super) fn derived(id: &str, number: usize) -> String {
    Uuid::new_v5(&namespace(), format!("{id}/{number}").as_bytes()).to_string()
}

/// The part of a file name that a name gives: lower-case letters and digits of ASCII, with `_`
/// between; never empty, never a device of Windows, at most 100 characters.
#[must_use]
pub fn stem(name: &str) -> String {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];
    let mut stem = String::new();
    for c in name.chars() {
        match c {
            'a'..='z' | '0'..='9' | '-' => stem.push(c),
            'A'..='Z' => stem.push(c.to_ascii_lowercase()),
            _ if stem.ends_with('_') => {}
            _ => stem.push('_'),
        }
    }
    let stem = stem.trim_matches(['_', '-']);
    let kept: String = stem.chars().take(100).collect();
    let device = kept.trim_end_matches(|c: char| c.is_ascii_digit());
    if kept.is_empty() || DEVICES.contains(&device) { format!("rule_{kept}") } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(stem("Root Certificate (certutil)"), "root_certificate_certutil");
        assert_eq!(stem("../../etc/passwd"), "etc_passwd");
        assert_eq!(stem("NUL"), "rule_nul");
        assert_eq!(stem("com1"), "rule_com1");
        assert_eq!(stem("…"), "rule_");
        assert_eq!(stem(&"a".repeat(300)).len(), 100);
    }

    #[test]
    fn derived_ids_stay_the_same() {
        let id = derived("0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10", 2);
        assert_eq!(id, derived("0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10", 2));
        assert_eq!(id.as_bytes()[14], b'5');
        assert_ne!(id, derived("0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10", 3));
    }
}
