//! Edits of YAML texts that change nothing else: a scalar for another, an entry of a list less.

use crate::diagnostic::Edit;
use crate::source::{Span, Spanned};

/// The scalar at a place, written anew.
pub(super) fn replace(span: Span, text: impl Into<String>) -> Edit {
    Edit { span, text: text.into() }
}

/// The text of an attribute, written anew, quotes kept; nothing if it stands there otherwise.
pub(super) fn rewrite(old: &Spanned<String>, new: &str, text: &str) -> Option<Edit> {
    let written = text.get(old.span.range())?;
    let quote = ["", "'", "\""].into_iter().find(|quote| {
        let inner = written.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        inner == Some(old.node.as_str())
    })?;
    Some(replace(old.span, format!("{quote}{new}{quote}")))
}

/// A value in single quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An entry less in a list that has an entry per line; nothing if it shares its line.
pub(super) fn remove_entry(entry: Span, text: &str) -> Option<Edit> {
    let range = entry.range();
    let before = text.get(..range.start)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let alone = text.get(start..range.start)?.trim() == "-";
    let after = text.get(range.end..)?;
    let length = after.find('\n').map_or(after.len(), |at| at + 1);
    let rest = after.get(..length)?.trim();
    let written = text.get(range.clone())?;
    if !alone || written.contains('\n') || !(rest.is_empty() || rest.starts_with('#')) {
        return None;
    }
    Some(replace(Span::new(entry.source, start, range.end + length), ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    fn removed(text: &str, entry: &str) -> Option<String> {
        let at = text.rfind(entry).unwrap();
        let edit = remove_entry(Span::new(SourceId(0), at, at + entry.len()), text)?;
        let mut text = text.to_owned();
        text.replace_range(edit.span.range(), &edit.text);
        Some(text)
    }

    #[test]
    fn entries_go_with_their_line_or_stay() {
        assert_eq!(removed("a:\n  - x\n  - y # z\n", "y").as_deref(), Some("a:\n  - x\n"));
        assert_eq!(removed("a:\n  - x\n  - y", "y").as_deref(), Some("a:\n  - x\n"));
        assert_eq!(removed("a: [x, y]\n", "y"), None);
        assert_eq!(removed("a:\n  - y: z\n", "y"), None);
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quoted("a'b"), "'a''b'");
    }
}
