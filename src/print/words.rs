//! Names and texts as Weave writes them, and refusals.
//!
//! `C:\new\` → `'C:\new\'`; `it's` → `"it's"`.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Why a rule cannot be said in the other language.
pub(super) type Refusal = Diagnostic;

/// A refusal at its place.
pub(super) fn refused<T>(span: Span, message: impl Into<String>, help: &str) -> Result<T, Refusal> {
    Err(Diagnostic::new(Code::NotInLanguage, span, message).help(help))
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    if !text.contains(['\'', '\n']) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\\' | '"' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out + "\""
}

/// A field, in backticks where it is no word.
pub(super) fn field(name: &str) -> String {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '@');
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '@');
    let reserved = crate::syntax::weave::is_reserved(name);
    if first && name.chars().all(inner) && !reserved && !name.ends_with('.') {
        return name.to_owned();
    }
    format!("`{name}`")
}

/// A name like this one that Weave takes.
pub(super) fn identifier(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        let dash = matches!(c, '_' | '-') && !out.ends_with('_');
        if c.is_ascii_alphanumeric() || dash {
            out.push(if out.is_empty() { c } else { c.to_ascii_lowercase() });
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    let out = if name.contains(' ') { out.to_ascii_lowercase() } else { keep_case(name, out) };
    let out = out.trim_matches('_');
    let letter = out.starts_with(|c: char| c.is_ascii_alphabetic());
    if letter && !crate::syntax::weave::is_reserved(out) {
        return out.to_owned();
    }
    format!("e_{out}")
}

/// The name itself, if it needs no change.
fn keep_case(name: &str, changed: String) -> String {
    if name.eq_ignore_ascii_case(&changed) { name.to_owned() } else { changed }
}

/// Sigma's comparison as an operator.
pub(super) fn comparison(name: &str) -> &'static str {
    match name {
        "neq" => "!=",
        "lt" => "<",
        "lte" => "<=",
        "gt" => ">",
        "gte" => ">=",
        _ => "==",
    }
}
