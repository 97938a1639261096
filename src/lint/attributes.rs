//! `id`, `title`, `description`, `status`, `level`, `author`, `taxonomy`, `related`.

use super::{Text, edit};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::Spanned;
use crate::syntax::ast::{Document, Meta, Related};

/// The longest title of SigmaHQ's conventions, in characters.
const LONGEST_TITLE: usize = 110;
/// The shortest description of SigmaHQ's conventions, in characters.
const SHORTEST_DESCRIPTION: usize = 16;

const STATUS: [&str; 5] = ["stable", "test", "experimental", "deprecated", "unsupported"];
const LEVELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
const RELATIONS: [&str; 6] = ["correlation", "derived", "merged", "obsolete", "renamed", "similar"];

/// Looks at the attributes.
pub(super) fn check(document: &Document, file: &Text<'_>, found: &mut Vec<Diagnostic>) {
    let meta = file.meta;
    let is_filter = matches!(document, Document::Filter(_));
    ids(file, found);
    found.extend(meta.title.as_ref().and_then(title));
    found.extend(description(file));
    if let Some(status) = &meta.status {
        found.extend(word(status, &STATUS, "status", Code::UnknownStatus, file.text));
    }
    if let Some(level) = &meta.level {
        found.extend(word(level, &LEVELS, "level", Code::UnknownLevel, file.text));
    }
    // A filter has neither status nor level of its own.
    if !is_filter {
        missing(meta.status.is_none(), "status", Code::MissingStatus, file, found);
        missing(meta.level.is_none(), "level", Code::MissingLevel, file, found);
    }
    missing(meta.author.is_none(), "author", Code::MissingAuthor, file, found);
    if let Some(taxonomy) = meta.taxonomy.as_ref().filter(|taxonomy| taxonomy.node != "sigma") {
        let message = format!("the rule names its fields by the taxonomy `{}`", taxonomy.node);
        let note = "its fields are looked up in Sigma's taxonomy all the same";
        found.push(
            Diagnostic::new(Code::OtherTaxonomy, taxonomy.span, message)
                .note(note)
                .help("name the fields as `sigweave list fields` shows, and leave `taxonomy` out"),
        );
    }
    for entry in &meta.related {
        found.extend(related(entry, meta));
    }
}

fn missing(absent: bool, key: &str, code: Code, file: &Text<'_>, found: &mut Vec<Diagnostic>) {
    if absent {
        let message = format!("the rule has no `{key}`");
        found.push(Diagnostic::new(code, file.head(), message).help(format!("add `{key}`")));
    }
}

fn ids(file: &Text<'_>, found: &mut Vec<Diagnostic>) {
    match &file.meta.id {
        None => {
            let message = "the rule has no `id`";
            let help = "add `id` with a new UUID: results and exclusions refer to rules by it";
            found.push(Diagnostic::new(Code::MissingId, file.head(), message).help(help));
        }
        Some(id) if !is_uuid(&id.node) => {
            let message = format!("the id `{}` is no UUID", id.node);
            let help = "write a UUID such as `0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10`";
            found.push(Diagnostic::new(Code::IdForm, id.span, message).help(help));
        }
        Some(_) => {}
    }
}

/// Whether it is five groups of hexadecimal digits: 8, 4, 4, 4, 12.
fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    let hex = |group: &str| group.chars().all(|c| c.is_ascii_hexdigit());
    groups.len() == lengths.len()
        && groups.iter().zip(lengths).all(|(group, length)| group.len() == length && hex(group))
}

fn title(title: &Spanned<String>) -> Option<Diagnostic> {
    let text = title.node.trim();
    let length = text.chars().count();
    let first = text.split_whitespace().next().unwrap_or_default();
    let (message, help) = if length > LONGEST_TITLE {
        let message = format!("the title has {length} characters, {LONGEST_TITLE} is the limit");
        (message, "say the rest in the description")
    } else if text.ends_with('.') && !text.ends_with("...") {
        ("the title ends with a full stop".to_owned(), "leave it out")
    } else if ["detect", "detects", "detection"].contains(&first.to_lowercase().as_str()) {
        (format!("the title begins with `{first}`, as every title could"), "leave the word out")
    } else if first.chars().all(char::is_lowercase) && !first.is_empty() {
        (format!("the title begins with `{first}` in lower case"), "capitalize its first letter")
    } else {
        return None;
    };
    Some(Diagnostic::new(Code::TitleStyle, title.span, message).help(help))
}

fn description(file: &Text<'_>) -> Option<Diagnostic> {
    let help = "say what the rule finds and why it matters";
    let Some(description) = &file.meta.description else {
        let message = "the rule has no `description`";
        return Some(Diagnostic::new(Code::DescriptionStyle, file.head(), message).help(help));
    };
    let length = description.node.trim().chars().count();
    if length < SHORTEST_DESCRIPTION {
        let message = format!("the description has {length} characters");
        return Some(Diagnostic::new(Code::DescriptionStyle, description.span, message).help(help));
    }
    let is_link = description.node.contains("http://") || description.node.contains("https://");
    (is_link && file.meta.references.is_empty()).then(|| {
        let message = "the description holds a link, and there are no `references`";
        Diagnostic::new(Code::DescriptionStyle, description.span, message)
            .help("move the link to `references`")
    })
}

/// A word that must be one of these.
fn word(
    written: &Spanned<String>,
    known: &[&str],
    noun: &str,
    code: Code,
    text: &str,
) -> Option<Diagnostic> {
    let word = written.node.as_str();
    if known.contains(&word) {
        return None;
    }
    let message = format!("there is no {noun} `{word}`");
    let found = Diagnostic::new(code, written.span, message);
    let lower = word.to_lowercase();
    if known.contains(&lower.as_str()) {
        let found = found.help(format!("write `{lower}`"));
        return Some(found.fix(edit::rewrite(written, &lower, text)));
    }
    Some(match nearest(word, known.iter().copied()) {
        Some(near) => found.help(format!("the nearest name is `{near}`")),
        None => found.help(format!("there are: `{}`", known.join("`, `"))),
    })
}

fn related(entry: &Related, meta: &Meta) -> Option<Diagnostic> {
    let (Some(id), Some(kind)) = (&entry.id, &entry.kind) else {
        let key = if entry.id.is_none() { "id" } else { "type" };
        let message = format!("an entry of `related` has no `{key}`");
        let found = Diagnostic::new(Code::RelatedForm, entry.span, message);
        return Some(found.help("give it the `id` of the other rule and a `type`"));
    };
    if !RELATIONS.contains(&kind.node.as_str()) {
        let message = format!("rules are not related by `{}`", kind.node);
        let found = Diagnostic::new(Code::RelatedForm, kind.span, message);
        let known = format!("there are: `{}`", RELATIONS.join("`, `"));
        let near = nearest(&kind.node, RELATIONS);
        return Some(
            found.help(near.map_or(known, |near| format!("the nearest name is `{near}`"))),
        );
    }
    let own = meta.id.as_ref().is_some_and(|own| own.node.eq_ignore_ascii_case(&id.node));
    let (message, help) = if own {
        ("the rule is related to itself".to_owned(), "name the id of the other rule")
    } else if !is_uuid(&id.node) {
        (format!("the id `{}` is no UUID", id.node), "copy the id of the other rule")
    } else {
        return None;
    };
    Some(Diagnostic::new(Code::RelatedForm, id.span, message).help(help))
}
