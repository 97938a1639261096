//! How much a value of a certificate says about who made it, and which gates take that away.
//!
//! A fingerprint says most, an issuer that anyone can ask says nothing. A band is what to do with the
//! certificate: never more than to watch, since one class of evidence blocks nothing.

use serde_json::{Value, json};

use super::indicator::Indicator;
use super::shapes::{MANY_NAMES, is_default, is_public, is_shared, is_tool};

/// A value to pivot on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its kind, such as `sha256`.
    pub kind: &'static str,
    /// The value.
    pub value: String,
    /// 0 to 100.
    pub score: i32,
    /// Why it has that score.
    pub reasons: Vec<String>,
}

impl Key {
    /// As an object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"kind": self.kind, "value": self.value, "score": self.score, "reasons": self.reasons})
    }
}

/// What to do with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Nothing but the record.
    Nothing,
    /// It explains other evidence.
    Context,
    /// A person looks for it.
    Hunt,
    /// A rule watches for it.
    Monitor,
}

impl Band {
    /// The band of the best of the keys.
    #[must_use]
    pub fn of(keys: &[Key]) -> Self {
        match keys.iter().map(|key| key.score).max().unwrap_or_default() {
            80.. => Self::Monitor,
            50..80 => Self::Hunt,
            20..50 => Self::Context,
            _ => Self::Nothing,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Context => "context",
            Self::Hunt => "hunt",
            Self::Monitor => "monitor",
        }
    }
}

/// The keys of a certificate, the best first.
#[must_use]
pub fn keys(indicator: &Indicator) -> Vec<Key> {
    let gates = gates(indicator);
    let mut keys = Vec::new();
    let mut add = |kind, value: String, base: i32, why: &str, gated: bool| {
        let mut score = base;
        let mut reasons = vec![format!("{why}: {base}")];
        for (penalty, gate) in gates.iter().filter(|_| gated) {
            score -= penalty;
            reasons.push(format!("{gate}: -{penalty}"));
        }
        keys.push(Key { kind, value, score: score.clamp(0, 100), reasons });
    };
    let one = "one certificate";
    indicator.sha256.iter().for_each(|hash| add("sha256", hash.clone(), 90, one, true));
    indicator.sha1.iter().for_each(|hash| add("sha1", hash.clone(), 90, one, true));
    indicator
        .spki_sha256
        .iter()
        .for_each(|hash| add("spki_sha256", hash.clone(), 85, "one key", true));
    if let Some(serial) = &indicator.serial {
        let known = !indicator.issuer.is_empty();
        let (base, why) =
            if known { (80, "issuer and number") } else { (40, "a number without its issuer") };
        add("issuer+serial", serial.clone(), base, why, true);
    }
    subject(indicator, &mut add);
    if !indicator.names.is_empty() {
        add("names", indicator.names.join(" "), 35, "names of hosts", true);
    }
    if is_public(indicator) {
        add("issuer", joined(&indicator.issuer), 0, "a public authority says nothing", false);
    }
    if let Some(flag) = indicator.flags.iter().find(|flag| flag.starts_with("valid for")) {
        add("validity", indicator.days().unwrap_or_default().to_string(), 15, flag, false);
    }
    keys.sort_by(|one, other| other.score.cmp(&one.score).then(one.kind.cmp(other.kind)));
    keys
}

fn subject(indicator: &Indicator, add: &mut impl FnMut(&'static str, String, i32, &str, bool)) {
    if indicator.subject.is_empty() {
        return;
    }
    let value = joined(&indicator.subject);
    if is_tool(indicator) {
        add("subject", value, 85, "the default of a tool", false);
    } else if is_default(indicator) {
        add("subject", value, 10, "a subject that nobody filled in", false);
    } else if indicator.self_issued() == Some(true) {
        add("subject", value, 60, "a subject that its owner made up", true);
    } else {
        add("subject", value, 40, "a subject", true);
    }
}

/// What takes points away from every key of the certificate.
fn gates(indicator: &Indicator) -> Vec<(i32, &'static str)> {
    let mut gates = Vec::new();
    if indicator.names.len() > MANY_NAMES {
        gates.push((40, "more than 50 names"));
    }
    if is_shared(indicator) {
        gates.push((50, "a name of a shared service"));
    }
    gates
}

/// A name on one line, forward.
pub(super) fn joined(name: &[(String, String)]) -> String {
    let parts: Vec<String> =
        name.iter().map(|(attribute, value)| format!("{attribute}={value}")).collect();
    parts.join(", ")
}
