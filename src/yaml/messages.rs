//! What the YAML scanner's errors mean to the author of a rule: the mistakes that happen, each with
//! what to do about it.
//!
//! `"C:\Windows"` → "`\W` is no escape of a double-quoted text", help: write it in single quotes.

use std::ops::Range;

use granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The finding for an error of the scanner at `span`, of which `text` is the whole text.
pub(super) fn explain(error: &ScanError, span: Span, text: &str) -> Diagnostic {
    let kind = error.kind();
    if *kind == ErrorKind::RecursionLimitExceeded {
        return too_deep(span);
    }
    let (before, after) = text.split_at_checked(span.start as usize).unwrap_or((text, ""));
    let indent = before.rsplit('\n').next().unwrap_or("");
    if indent.contains('\t') && indent.trim().is_empty() {
        let finding = Diagnostic::new(Code::YamlSyntax, span, "a tab indents the line");
        return finding.help("indent with spaces");
    }
    if let Some(finding) = line_without_colon(kind, before, span) {
        return finding;
    }
    let escape = is_escape(kind).then(|| unknown_escape(after)).flatten();
    let finding = match escape {
        Some(range) => {
            let escape = after.get(range.clone()).unwrap_or("");
            let message = format!("`{escape}` is no escape of a double-quoted text");
            let start = before.len() + range.start;
            let place = Span::new(span.source, start, start + escape.len());
            Diagnostic::new(Code::YamlSyntax, place, message)
        }
        None => Diagnostic::new(Code::YamlSyntax, span, message(error)),
    };
    match help(kind) {
        Some(help) => finding.help(help),
        None => finding,
    }
}

/// The line above a key, in the same column, that has no colon: YAML reads both lines as one text.
fn line_without_colon(kind: &ErrorKind, before: &str, span: Span) -> Option<Diagnostic> {
    if *kind != ErrorKind::MappingValueNotAllowed {
        return None;
    }
    let (above, key) = before.rsplit_once('\n')?;
    let line = above.rsplit('\n').next().unwrap_or(above).trim_end();
    let column = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let is_pair = |line: &str| line.contains(": ") || line.ends_with(':');
    if column(line) != column(key) || line.trim().is_empty() || is_pair(line) || is_pair(key) {
        return None;
    }
    let end = above.trim_end().len();
    let place = Span::new(span.source, end - line.len() + column(line), end);
    let message = "no `:` follows the key of this line";
    let help = "a key is followed by `:` and a space";
    Some(Diagnostic::new(Code::YamlSyntax, place, message).help(help))
}

fn is_escape(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape)
}

/// Where the first escape that YAML does not know stands in a double-quoted text.
fn unknown_escape(quoted: &str) -> Option<Range<usize>> {
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter != '\\' {
            continue;
        }
        let (next, escaped) = letters.next()?;
        let digits = match escaped {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            '0' | 'a' | 'b' | 't' | 'n' | 'v' | 'f' | 'r' | 'e' | 'N' | '_' | 'L' | 'P' => 0,
            ' ' | '"' | '/' | '\\' | '\t' | '\n' | '\r' => 0,
            _ => return Some(at..next + escaped.len_utf8()),
        };
        let hex = quoted.get(next + 1..next + 1 + digits);
        if !hex.is_some_and(|hex| hex.chars().all(|c| c.is_ascii_hexdigit())) {
            return Some(at..next + 1);
        }
    }
    None
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
