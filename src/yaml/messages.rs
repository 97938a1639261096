//! What the YAML scanner's errors mean to the author of a rule: the mistakes that happen, each with
//! what to do about it.
//!
//! `InvalidQuotedScalarHexEscape` → "`\x` … is no escape", help: use single quotes.

use granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The finding for an error of the scanner at `span`; `before` is the text of its line up to there.
pub(super) fn explain(error: &ScanError, span: Span, before: &str) -> Diagnostic {
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return too_deep(span);
    }
    if before.contains('\t') && before.trim().is_empty() {
        let finding = Diagnostic::new(Code::YamlSyntax, span, "a tab indents the line");
        return finding.help("indent with spaces");
    }
    let finding = Diagnostic::new(Code::YamlSyntax, span, message(error));
    match help(error.kind()) {
        Some(help) => finding.help(help),
        None => finding,
    }
}

/// The finding for lists and mappings that nest beyond the limit.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    let message = format!("lists and mappings nest more than {} levels deep", super::limits::DEPTH);
    Diagnostic::new(Code::YamlTooDeep, span, message).help("a rule needs about six levels")
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the crate has 90 errors, most never happen")]
fn message(error: &ScanError) -> String {
    match error.kind() {
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => {
            "unknown escape in a double-quoted text".to_owned()
        }
        ErrorKind::MappingValueNotAllowed => "a second `:` follows in an unquoted value".to_owned(),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation => "a tab indents the line".to_owned(),
        ErrorKind::UnclosedQuotedScalar => "the quoted text does not end".to_owned(),
        ErrorKind::InvalidQuotedScalarIndent => {
            "the quoted text does not end before the next line of the mapping".to_owned()
        }
        ErrorKind::UnclosedFlowCollection { open } => format!("`{open}` is not closed"),
        ErrorKind::UnexpectedCharacter { character } => {
            format!("a value cannot begin with `{character}` unless it is quoted")
        }
        _ => lower_first(&error.info()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the crate has 90 errors, most never happen")]
fn help(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => {
            Some("write the text in single quotes: they leave backslashes alone")
        }
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::UnexpectedCharacter { .. } => Some("put the value in single quotes"),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation => Some("indent with spaces"),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            Some("add the closing quote; a `'` within single quotes is written `''`")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            Some("a `'` within single quotes is written `''`")
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            Some("check the indentation: keys of one mapping begin in the same column")
        }
        ErrorKind::InvalidSimpleKey | ErrorKind::SimpleKeyExpected => {
            Some("a key is followed by `:` and a space")
        }
        _ => None,
    }
}

fn lower_first(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => "this is not YAML".to_owned(),
    }
}
