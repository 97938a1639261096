//! `tags`: a namespace and a value (specification, appendix "Tags").

use super::{Text, edit, references};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::Spanned;
use crate::taxonomy::{ATTACK_VERSION, Attack};

const NAMESPACES: [&str; 7] = ["attack", "car", "cve", "d3fend", "detection", "stp", "tlp"];
const DETECTION: [&str; 3] = ["dfir", "emerging-threats", "threat-hunting"];
const TLP: [&str; 6] = ["clear", "white", "green", "amber", "amber-strict", "red"];

/// Looks at the tags.
pub(super) fn check(file: &Text<'_>, attack: &Attack, found: &mut Vec<Diagnostic>) {
    let tags = &file.meta.tags;
    references::twice(tags, "tag", Code::DuplicateTag, file.text, found);
    for tag in tags {
        match form(tag, attack, file.text) {
            Some(wrong) => found.push(wrong),
            None => found.extend(value(tag, attack)),
        }
    }
    for namespace in ["tlp", "detection"] {
        let of = |tag: &&Spanned<String>| tag.node.split('.').next() == Some(namespace);
        let mut same = tags.iter().filter(of);
        if let (Some(first), Some(second)) = (same.next(), same.next())
            && first.node != second.node
        {
            let message = format!("a rule has one tag of `{namespace}`");
            found.push(
                Diagnostic::new(Code::TagValue, second.span, message)
                    .label(first.span, "and has it here")
                    .help("keep one of the two"),
            );
        }
    }
}

/// What is wrong with the spelling of a tag.
fn form(tag: &Spanned<String>, attack: &Attack, text: &str) -> Option<Diagnostic> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let parts = tag.node.split_once('.');
    let well = parts.is_some_and(|(namespace, value)| {
        let value_fits = !value.is_empty() && value.chars().all(|c| fits(c) || c == '.');
        !namespace.is_empty() && namespace.chars().all(fits) && value_fits
    });
    let new = respelt(&tag.node, attack);
    if well && new.is_none() {
        return None;
    }
    let message =
        format!("the tag `{}` is not a namespace, a dot and a value in lower case", tag.node);
    let message = if well { format!("ATT&CK writes `{}` with hyphens", tag.node) } else { message };
    let found = Diagnostic::new(Code::TagForm, tag.span, message);
    Some(match new {
        Some(new) => {
            let found = found.help(format!("write `{new}`"));
            found.fix(edit::rewrite(tag, &new, text))
        }
        None => found.help("tags look like `attack.t1059.001` or `cve.2021-44228`"),
    })
}

/// The right spelling of a tag that is clear: in lower case, a tactic with hyphens.
fn respelt(tag: &str, attack: &Attack) -> Option<String> {
    let lower = tag.trim().to_ascii_lowercase();
    let new = match lower.split_once('.') {
        Some(("attack", value)) => {
            let hyphens = value.replace(['_', ' '], "-");
            let tactic = attack.tactics().contains(&hyphens.as_str());
            if tactic { format!("attack.{hyphens}") } else { lower }
        }
        Some(_) => lower,
        None => return None,
    };
    let clean =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    (new != tag && new.chars().all(clean)).then_some(new)
}

/// What is wrong with the value of a tag.
fn value(tag: &Spanned<String>, attack: &Attack) -> Option<Diagnostic> {
    let (namespace, value) = tag.node.split_once('.')?;
    let expected = match namespace {
        "attack" => return attack_tag(tag, value, attack),
        "car" => (!is_car(value)).then_some("write it as `car.2016-03-001`"),
        "cve" => (!is_cve(value)).then_some("write it as `cve.2021-44228`"),
        "d3fend" => (!is_d3fend(value)).then_some("write it as `d3fend.d3-psa`"),
        "stp" => {
            (!is_stp(value)).then_some("write `stp.` and 1 to 5, with `a`, `k` or `u` if known")
        }
        "tlp" => (!TLP.contains(&value))
            .then_some("write `clear`, `green`, `amber`, `amber-strict` or `red`"),
        "detection" => (!DETECTION.contains(&value))
            .then_some("write `dfir`, `emerging-threats` or `threat-hunting`"),
        other => return Some(unknown_namespace(tag, other)),
    };
    let message = format!("`{namespace}` has no value `{value}`");
    Some(Diagnostic::new(Code::TagValue, tag.span, message).help(expected?))
}

fn unknown_namespace(tag: &Spanned<String>, namespace: &str) -> Diagnostic {
    let message = format!("there is no namespace `{namespace}` of tags");
    let found = Diagnostic::new(Code::UnknownTagNamespace, tag.span, message);
    match nearest(namespace, NAMESPACES) {
        Some(near) => found.help(format!("the nearest name is `{near}`")),
        None => found.help(format!("there are: `{}`", NAMESPACES.join("`, `"))),
    }
}

fn attack_tag(tag: &Spanned<String>, value: &str, attack: &Attack) -> Option<Diagnostic> {
    let object = |prefixes: &[&str]| {
        prefixes
            .iter()
            .any(|prefix| value.strip_prefix(prefix).is_some_and(|rest| is_digits(rest, 4)))
    };
    // Groups, software, tactics, mitigations, campaigns, analytics, strategies and components are
    // known by their form only.
    if attack.tactics().contains(&value)
        || attack.has_technique(value)
        || object(&["g", "s", "ta", "m", "c", "an", "det", "dc", "ds"])
    {
        return None;
    }
    let technique =
        value.strip_prefix('t').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let what = if technique { "technique" } else { "tactic" };
    let message = format!("ATT&CK {ATTACK_VERSION} has no {what} `{value}`");
    let found = Diagnostic::new(Code::UnknownAttackTag, tag.span, message);
    Some(if technique {
        let base = value.split('.').next().unwrap_or_default();
        match attack.has_technique(base) {
            true => found.help(format!("there is `attack.{base}` without this sub-technique")),
            false => found.help("it may be revoked: look up what replaces it"),
        }
    } else {
        found.nearest(value, attack.tactics().iter().copied())
    })
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.chars().all(|c| c.is_ascii_digit())
}

fn is_car(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    matches!(parts.as_slice(), [a, b, c] if is_digits(a, 4) && is_digits(b, 2) && is_digits(c, 3))
}

fn is_cve(value: &str) -> bool {
    let Some((year, number)) = value.split_once('-') else { return false };
    is_digits(year, 4) && (4..=7).contains(&number.len()) && is_digits(number, number.len())
}

fn is_d3fend(value: &str) -> bool {
    let technique = value.strip_prefix("d3-");
    let word = technique.unwrap_or(value);
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':'))
}

fn is_stp(value: &str) -> bool {
    let mut signs = value.chars();
    let number = signs.next().is_some_and(|c| ('1'..='5').contains(&c));
    number && matches!((signs.next(), signs.next()), (None | Some('a' | 'k' | 'u'), None))
}
