//! Values that are legal Sigma and cannot be what their author meant.
//!
//! `Image: '\certutil.exe'` → W0403, as a full path begins with a drive or with two backslashes;
//! `Image|endswith '\certutil.exe'` → E0206, as without a colon it is a word to look for.

use super::modifiers::{self, Compare, Encoding, Modifiers};
use super::pattern;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{FieldRef, Part, TextCmp};
use crate::syntax::ast::{Value, ValueKind};
use crate::taxonomy::{LogSource, Type};

/// What paths of the kernel begin with, where a drive's letter is not known.
const KERNEL: [&str; 3] = [r"\device\", r"\??\", r"\systemroot\"];

/// A word that is a field key without its colon. A word in quotes is always a word.
pub(super) fn missing_colon(word: &Value) -> Option<Diagnostic> {
    let unquoted = (word.span.end - word.span.start) as usize == word.text.len();
    if word.kind != ValueKind::Text || !unquoted {
        return None;
    }
    let end = word.text.find([' ', ':', '\'', '"']).unwrap_or(word.text.len());
    let (key, rest) = word.text.split_at_checked(end)?;
    let mut names = key.split('|');
    let is_field = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let field = names.next().filter(|name| !name.is_empty() && name.chars().all(is_field))?;
    let mut modifiers = names.peekable();
    modifiers.peek()?;
    if !modifiers.all(modifiers::is_known) {
        return None;
    }
    let value = rest.trim_start_matches([' ', ':']);
    let help = match value {
        "" => "put a colon after the field key, and a value".to_owned(),
        value => format!("put a colon after the field key: `{key}: {value}`"),
    };
    let message = format!("no colon and blank follow the field key `{key}`");
    let note = format!("as it is, the text would be looked for in all fields, not in `{field}`");
    Some(Diagnostic::new(Code::MissingColon, word.span, message).note(note).help(help))
}

/// What is suspicious about a value of a field.
pub(super) fn value(
    field: &FieldRef,
    modifiers: &Modifiers,
    value: &Value,
    source: &LogSource,
) -> Option<Diagnostic> {
    if value.kind != ValueKind::Text {
        return None;
    }
    let equals = modifiers.compare == Compare::Text(TextCmp::Equals);
    if equals && modifiers.encodings.contains(&Encoding::Base64Offset) {
        let message = "`base64offset` alone asks for the whole value, which it never is";
        return Some(
            Diagnostic::new(Code::NeverFound, value.span, message)
                .help("write `base64offset|contains`"),
        );
    }
    let plain = matches!(modifiers.compare, Compare::Text(_)) && modifiers.encodings.is_empty();
    // Network sensors log paths as the protocol has them, relative to a share.
    let windows = source.key.starts_with("windows/");
    if !plain || !windows || *field.ty.element() != Type::Path {
        return None;
    }
    let beginning = matches!(modifiers.compare, Compare::Text(TextCmp::StartsWith)) || equals;
    if !beginning && !value.text.contains(r"\*") && !value.text.contains(r"\?") {
        return None;
    }
    let parts = pattern::parts(value);
    if beginning && begins_with_one_backslash(&parts) {
        return Some(one_backslash(field, value));
    }
    literal_wildcard(&parts, value)
}

fn begins_with_one_backslash(parts: &[Part]) -> bool {
    let Some(Part::Literal(text)) = parts.first() else { return false };
    let lower = text.to_lowercase();
    let single = lower.len() > 1 && lower.starts_with('\\') && !lower.starts_with(r"\\");
    single && !KERNEL.iter().any(|kernel| lower.starts_with(kernel))
}

fn one_backslash(field: &FieldRef, value: &Value) -> Diagnostic {
    let message = format!("`{}` holds full paths, and none begins with one backslash", field.name);
    let help = if value.text.starts_with(r"\\") {
        r"`\\` is one backslash: write `\\\\` for the two of a network path"
    } else {
        "write `|endswith` or `|contains` after the field for a part of a path"
    };
    Diagnostic::new(Code::NeverFound, value.span, message).help(help)
}

/// No path holds `*`, so `\*` in one is a backslash and a wildcard, written wrongly.
fn literal_wildcard(parts: &[Part], value: &Value) -> Option<Diagnostic> {
    let literal = |sign: char| {
        let holds = |part: &Part| matches!(part, Part::Literal(text) if text.contains(sign));
        parts.iter().any(holds)
    };
    let sign = if literal('*') { '*' } else { '?' };
    if !literal(sign) || value.text.contains(r"\\?\") || value.text.contains(r"\??\") {
        return None;
    }
    let message = format!("`\\{sign}` is the character `{sign}`, which no path holds");
    let help = format!("write `\\\\{sign}` for a backslash and a wildcard");
    Some(Diagnostic::new(Code::LiteralWildcard, value.span, message).help(help))
}
