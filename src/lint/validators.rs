//! The validation file of sigma-cli (`sigma check --validation-config`) → levels and exclusions.
//!
//! `validators: [all, -duplicate_title]`, `exclusions: {5d1c…: attacktag}` → every lint that a
//! validator stands for warns, but `duplicate-title` is off, and `unknown-attack-tag` is silent in
//! the rule of that id.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{ALWAYS_CHECKED, LINTS};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Level};
use crate::source::{SourceId, Span};
use crate::yaml::{self, Node};

/// What a validation file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validation {
    /// Levels of lints.
    pub levels: BTreeMap<Code, Level>,
    /// Ids of rules, in lower case, and the lints that are silent in them.
    pub exclusions: BTreeMap<String, Vec<Code>>,
}

/// Reads a validation file; what is not understood is reported.
#[must_use]
pub fn parse(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Validation {
    let documents = yaml::parse(source, text, diagnostics);
    let mut validation = Validation::default();
    let Some(document) = documents.first() else { return validation };
    for (key, value) in document.pairs().unwrap_or_default() {
        match key.text().unwrap_or_default() {
            "validators" => validation.levels = levels(key, value, diagnostics),
            "exclusions" => validation.exclusions = exclusions(key, value, diagnostics),
            other => {
                let message = format!("`{other}` of a validation file is not read");
                diagnostics.push(
                    Diagnostic::new(Code::UnknownKey, key.span, message)
                        .help("the keys that are read are `validators` and `exclusions`"),
                );
            }
        }
    }
    validation
}

/// The levels of the lints that validators stand for: a lint is on if one of its validators is.
fn levels(key: &Node, value: &Node, diagnostics: &mut Diagnostics) -> BTreeMap<Code, Level> {
    let (mut all, mut on, mut off) = (false, BTreeSet::new(), BTreeSet::new());
    for (name, span) in texts(key, value, diagnostics) {
        let (set, name) = match name.strip_prefix('-') {
            Some(name) => (&mut off, name),
            None => (&mut on, name.as_str()),
        };
        if name == "all" {
            all = true;
        } else if !codes(name).is_empty() {
            set.insert(name.to_owned());
        } else if !ALWAYS_CHECKED.iter().any(|(known, _)| *known == name) {
            diagnostics.push(unknown(name, span));
        }
    }
    let wanted = |validator: &&str| on.contains(*validator) || all && !off.contains(*validator);
    let level = |on: bool| if on { Level::Warn } else { Level::Off };
    let mapped = LINTS.iter().filter(|lint| !lint.validators.is_empty());
    mapped.map(|lint| (lint.code, level(lint.validators.iter().any(wanted)))).collect()
}

fn exclusions(
    key: &Node,
    value: &Node,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Vec<Code>> {
    let mut exclusions: BTreeMap<String, Vec<Code>> = BTreeMap::new();
    if value.pairs().is_none() && !value.is_null() {
        diagnostics.push(wrong(key, value, "a mapping of ids to validators"));
    }
    for (id, names) in value.pairs().unwrap_or_default() {
        let silent = exclusions.entry(id.text().unwrap_or_default().to_lowercase()).or_default();
        for (name, span) in texts(id, names, diagnostics) {
            let found = codes(&name);
            if found.is_empty() {
                diagnostics.push(unknown(&name, span));
            }
            silent.extend(found);
        }
    }
    exclusions
}

/// The lints that a validator stands for.
fn codes(validator: &str) -> Vec<Code> {
    let of = LINTS.iter().filter(|lint| lint.validators.contains(&validator));
    of.map(|lint| lint.code).collect()
}

/// A text or a list of texts, with their places.
fn texts(key: &Node, value: &Node, diagnostics: &mut Diagnostics) -> Vec<(String, Span)> {
    let single = std::slice::from_ref(value);
    let mut texts = Vec::new();
    for entry in value.items().unwrap_or(single) {
        match entry.text() {
            Some(text) => texts.push((text.to_owned(), entry.span)),
            None => diagnostics.push(wrong(key, entry, "a list of validators")),
        }
    }
    texts
}

fn wrong(key: &Node, value: &Node, expected: &str) -> Diagnostic {
    let key = key.text().unwrap_or("…");
    let message = format!("`{key}` must be {expected}, found {}", value.describe());
    Diagnostic::new(Code::WrongShape, value.span, message)
}

fn unknown(name: &str, span: Span) -> Diagnostic {
    if let Some((_, code)) = ALWAYS_CHECKED.iter().find(|(known, _)| *known == name) {
        let message = format!("what `{name}` finds is an error here");
        let help = format!("correct the rule: `sigweave explain {}`", code.id());
        return Diagnostic::new(Code::UnknownLint, span, message).help(help);
    }
    let message = format!("no lint stands for a validator `{name}`");
    let known = LINTS.iter().flat_map(|lint| lint.validators.iter().copied());
    Diagnostic::new(Code::UnknownLint, span, message).nearest(name, known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Validation, Vec<&'static str>) {
        let mut diagnostics = Diagnostics::default();
        let validation = parse(SourceId(0), text, &mut diagnostics);
        (validation, diagnostics.iter().map(|found| found.code.id()).collect())
    }

    #[test]
    fn all_but_some_are_on_and_others_than_named_are_off() {
        let (all, found) = read("validators:\n  - all\n  - -duplicate_title\n  - -tlpv1_tag\n");
        assert_eq!(found, Vec::<&str>::new());
        assert_eq!(all.levels[&Code::DuplicateTitle], Level::Off);
        assert_eq!(all.levels[&Code::TagValue], Level::Warn);
        let (some, _) = read("validators: [attacktag, dangling_condition]\n");
        assert_eq!(some.levels[&Code::UnknownAttackTag], Level::Warn);
        assert_eq!(some.levels[&Code::TagForm], Level::Off);
        assert!(!some.levels.contains_key(&Code::AlwaysTrue));
    }

    #[test]
    fn exclusions_are_by_rule() {
        let (read, found) = read("exclusions:\n  5D1C: attacktag\n  a: [tag_format, nope]\nb: 1\n");
        assert_eq!(read.exclusions["5d1c"], [Code::UnknownAttackTag]);
        assert_eq!(read.exclusions["a"], [Code::TagForm]);
        assert_eq!(found, ["W0128", "W0102"]);
    }

    #[test]
    fn every_core_validator_of_sigma_cli_is_known() {
        let core = "all_of_them_condition dangling_condition dangling_detection \
            them_condition_with_single_detection fieldname_logsource \
            specific_instead_of_generic_logsource custom_attributes duplicate_filename \
            duplicate_references duplicate_title filename_length identifier_existence \
            identifier_uniqueness invalid_modifier_combinations attacktag cartag cvetag d3_fendtag \
            detection_tag duplicate_tag namespace_tag stptag tlptag tlpv1_tag tlpv2_tag tag_format \
            control_character double_wildcard escaped_wildcard number_as_string \
            wildcards_instead_of_modifiers";
        assert_eq!(core.split_whitespace().count(), 31);
        for name in core.split_whitespace() {
            let checked = ALWAYS_CHECKED.iter().any(|(known, _)| *known == name);
            assert!(checked || !codes(name).is_empty(), "{name}");
        }
    }
}
