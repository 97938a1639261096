//! Where the text of a scalar stands in its source, byte by byte.
//!
//! The small grammars inside scalars (conditions, field keys) report offsets into the scalar's
//! text; quotes, doubled quotes and folded lines move these against the file. [`Places`] maps them
//! back; where an escape makes that impossible, it answers with the span of the whole scalar.
//!
//! `'a or ''b'` at 10, bytes 5..7 of its text `a or 'b` → bytes 16..19 of the file.

use std::ops::Range;

use super::{Kind, Node, Style};
use crate::source::Span;

/// A map from byte offsets of a scalar's text to places in its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    span: Span,
    offsets: Offsets,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Offsets {
    /// The text stands in the source as it is, from this byte on.
    Direct(usize),
    /// One source range per byte of the text.
    Mapped(Vec<(u32, u32)>),
    /// Unknown.
    Whole,
}

impl Places {
    /// A text that stands in the source exactly as it is, at `span`.
    #[must_use]
    pub fn verbatim(span: Span) -> Self {
        Self { span, offsets: Offsets::Direct(span.start as usize) }
    }

    /// The places of a scalar's text; `source` is the text that the scalar was read from. Anything
    /// but a scalar is only known as a whole.
    #[must_use]
    pub fn of(node: &Node, source: &str) -> Self {
        let Kind::Scalar { text, style } = &node.kind else {
            return Self { span: node.span, offsets: Offsets::Whole };
        };
        let quote = match style {
            Style::SingleQuoted | Style::DoubleQuoted => 1,
            Style::Plain | Style::Literal | Style::Folded => 0,
        };
        let range = node.span.start as usize + quote
            ..node.span.end as usize - quote.min(node.span.end as usize);
        let offsets = match source.get(range.clone()) {
            Some(written) if written == text => Offsets::Direct(range.start),
            Some(written) => align(text, written, range.start, *style),
            None => Offsets::Whole,
        };
        Self { span: node.span, offsets }
    }

    /// The whole scalar, quotes included.
    #[must_use]
    pub fn whole(&self) -> Span {
        self.span
    }

    /// The place of a byte range of the text; an empty range is a place between two characters.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Span {
        match &self.offsets {
            Offsets::Direct(start) => {
                Span::new(self.span.source, start + range.start, start + range.end)
            }
            Offsets::Mapped(bytes) => self.mapped(bytes, range),
            Offsets::Whole => self.span,
        }
    }

    fn mapped(&self, bytes: &[(u32, u32)], range: Range<usize>) -> Span {
        let last = bytes.last().map_or(self.span.start, |(_, end)| *end);
        let start = bytes.get(range.start).map_or(last, |(start, _)| *start);
        let end = match range.end.checked_sub(1) {
            Some(before) if range.end > range.start => {
                bytes.get(before).map_or(last, |(_, end)| *end)
            }
            Some(_) | None => start,
        };
        Span { source: self.span.source, start, end: end.max(start) }
    }
}

/// Walks the text and what was written side by side.
fn align(text: &str, written: &str, start: usize, style: Style) -> Offsets {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = written;
    for wanted in text.chars() {
        let Some((skipped, taken)) = step(wanted, rest, style) else { return Offsets::Whole };
        let at = start + (written.len() - rest.len()) + skipped;
        let place = Span::new(crate::source::SourceId(0), at, at + taken);
        bytes.extend(std::iter::repeat_n((place.start, place.end), wanted.len_utf8()));
        rest = rest.get(skipped + taken..).unwrap_or("");
    }
    Offsets::Mapped(bytes)
}

/// How many bytes to skip before `wanted`, and how many it takes.
fn step(wanted: char, rest: &str, style: Style) -> Option<(usize, usize)> {
    if wanted.is_whitespace() {
        let run = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let first = rest.chars().next();
        return match first {
            Some(found) if found == wanted => Some((0, wanted.len_utf8())),
            _ if run > 0 && style != Style::Literal => Some((0, run)),
            _ if rest.is_empty() => Some((0, 0)),
            _ => {
                let at = rest.find('\n')?;
                (at <= run).then_some((at, 1))
            }
        };
    }
    let skipped = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    let found = rest.get(skipped..)?;
    if style == Style::SingleQuoted && wanted == '\'' && found.starts_with("''") {
        return Some((skipped, 2));
    }
    found.starts_with(wanted).then_some((skipped, wanted.len_utf8()))
}
