//! `references` and `falsepositives`.

use std::collections::BTreeMap;

use super::{Text, edit};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Span, Spanned};

/// Looks at both lists.
pub(super) fn check(file: &Text<'_>, found: &mut Vec<Diagnostic>) {
    let references = &file.meta.references;
    twice(references, "reference", Code::DuplicateReference, file.text, found);
    found.extend(references.iter().filter_map(reference));
    let entries = &file.meta.falsepositives;
    if entries.is_empty() {
        let message = "the rule has no `falsepositives`";
        let help = "say what harmless events it may find, or `Unknown`";
        found.push(Diagnostic::new(Code::FalsePositiveStyle, file.head(), message).help(help));
    }
    found.extend(entries.iter().filter_map(|entry| false_positive(entry, file.text)));
}

/// Reports entries that stand in a list before.
pub(super) fn twice(
    entries: &[Spanned<String>],
    noun: &str,
    code: Code,
    text: &str,
    found: &mut Vec<Diagnostic>,
) {
    let mut known: BTreeMap<&str, Span> = BTreeMap::new();
    for entry in entries {
        if let Some(first) = known.get(entry.node.as_str()) {
            let message = format!("the {noun} `{}` is given twice", entry.node);
            found.push(
                Diagnostic::new(code, entry.span, message)
                    .label(*first, "first given here")
                    .help("remove it")
                    .fix(edit::remove_entry(entry.span, text)),
            );
        } else {
            known.insert(&entry.node, entry.span);
        }
    }
}

fn reference(reference: &Spanned<String>) -> Option<Diagnostic> {
    let text = reference.node.trim();
    let lower = text.to_lowercase();
    let (message, help) = if lower.starts_with("https://attack.mitre.org/techniques/") {
        ("a technique of ATT&CK is a tag, not a reference", "write it as `attack.t…` in `tags`")
    } else if is_moving(&lower) {
        let message = "the link leads to a branch of a repository, where the file will change";
        (message, "link to the file at a commit")
    } else if lower.starts_with("www.") || lower.starts_with("hxxp") {
        ("the link does not begin with `https://`", "write the whole link")
    } else if lower.starts_with("http") && text.contains(char::is_whitespace) {
        ("there is a blank within the link", "write a list of links, one per entry")
    } else {
        return None;
    };
    Some(Diagnostic::new(Code::ReferenceForm, reference.span, message).help(help))
}

/// Whether it is a file of a branch on GitHub.
fn is_moving(link: &str) -> bool {
    let Some(path) = link.strip_prefix("https://github.com/") else { return false };
    let mut parts = path.split('/').skip(2);
    let file = matches!(parts.next(), Some("blob" | "tree"));
    file && matches!(parts.next(), Some("main" | "master" | "dev" | "develop"))
}

fn false_positive(entry: &Spanned<String>, text: &str) -> Option<Diagnostic> {
    let lower = entry.node.trim().to_lowercase();
    let says_nothing =
        ["none", "no", "n/a", "tbd", "false positives", "pentest", "penetration test"];
    let misspelt =
        ["unknow", "unkown", "unkwon", "unknwon", "unkonwn", "legitimeate", "ligitimate"];
    let first = entry.node.trim().chars().next();
    let (message, new) = if says_nothing.contains(&lower.as_str()) {
        (format!("`{}` says nothing about harmless events", entry.node), None)
    } else if let Some(word) = misspelt.iter().find(|word| lower.split(' ').any(|w| w == **word)) {
        let new = (lower == *word && lower.starts_with("unk")).then(|| "Unknown".to_owned());
        (format!("`{word}` is misspelt"), new)
    } else if first.is_some_and(char::is_lowercase) {
        let rest: String = entry.node.chars().skip(1).collect();
        let new = first.map(|first| first.to_uppercase().collect::<String>() + &rest);
        (format!("`{}` begins in lower case", entry.node), new)
    } else {
        return None;
    };
    let found = Diagnostic::new(Code::FalsePositiveStyle, entry.span, message);
    Some(match new {
        Some(new) => {
            let found = found.help(format!("write `{new}`"));
            found.fix(edit::rewrite(entry, &new, text))
        }
        None => found.help("say what harmless events the rule may find, or `Unknown`"),
    })
}
