//! Entries of lists → what an auditor would object to: expired, without an end, a name only, a folder
//! that everyone writes to, nobody's.

use jiff::civil::Date;

use super::{Entry, Kind};
use crate::diagnostic::{Code, Diagnostic};

/// Parts of folders that ordinary users write to, in lower case.
const WRITABLE: &[&str] =
    &[r"\users\", r"\programdata\", r"\temp\", r"\tasks\", "%appdata%", "%localappdata%", "%temp%"];

/// The findings about the entries on a day: W0901 to W0905. Nothing else depends on the day.
#[must_use]
pub fn review(entries: &[Entry], today: Date) -> Vec<Diagnostic> {
    entries.iter().flat_map(|entry| about(entry, today)).collect()
}

fn about(entry: &Entry, today: Date) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let value = &entry.value.node;
    let mut say = |code: Code, message: String, help: &str| {
        found.push(Diagnostic::new(code, entry.value.span, message).help(help));
    };
    match entry.expires {
        None => {
            let message = format!("the entry `{value}` has no end");
            say(Code::UnboundedEntry, message, "say in `expires` when it is to be looked at again");
        }
        Some(day) if day < today => {
            let message = format!("the entry `{value}` expired on {day}");
            say(Code::ExpiredEntry, message, "remove it, or give it a new end after a review");
        }
        Some(_) => {}
    }
    if is_path(entry.kind) {
        if value.starts_with('*') {
            let message = format!("the entry `{value}` begins with `*`");
            say(Code::UnboundedEntry, message, "begin with a drive and a folder");
        } else if !value.contains(['\\', '/']) {
            let message = format!("the entry `{value}` is a name without a folder");
            say(Code::NameOnlyEntry, message, "anyone can use the name: write the whole path");
        } else if is_writable(value) && !is_proven(&entry.evidence) {
            let message = format!("everyone can write to the folder of `{value}`");
            let help = "name in `evidence` the signer or the hash that makes it trustworthy";
            say(Code::UserWritableEntry, message, help);
        }
    }
    if entry.owner.is_empty() || entry.reason.is_empty() {
        let message = format!("nobody answers for the entry `{value}`");
        say(Code::UnownedEntry, message, "fill in `reason` and `owner`");
    }
    found
}

fn is_path(kind: Kind) -> bool {
    match kind {
        Kind::Path | Kind::Actor => true,
        Kind::Sha1
        | Kind::Sha256
        | Kind::Signer
        | Kind::HostGroup
        | Kind::Dest
        | Kind::Name
        | Kind::Registry => false,
    }
}

fn is_writable(path: &str) -> bool {
    let path = path.to_lowercase();
    WRITABLE.iter().any(|part| path.contains(part))
}

/// Whether evidence names a signer or a hash.
fn is_proven(evidence: &str) -> bool {
    let hash = |word: &str| word.len() >= 40 && word.bytes().all(|b| b.is_ascii_hexdigit());
    evidence.to_lowercase().contains("signer")
        || evidence.split(|c: char| !c.is_ascii_alphanumeric()).any(hash)
}
