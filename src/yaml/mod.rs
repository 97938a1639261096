//! The one YAML reader: a text becomes a tree of spanned nodes, one per document.
//!
//! It stands between the crate `granit-parser`, which only this room knows, and everyone who reads
//! YAML (rules, platforms, taxonomy, tests). It keeps the text of a scalar exactly as written, with
//! its style: what a scalar *means* is decided by [`scalar::meaning`], where its key is known.
//! Documents come from strangers, so everything is bounded ([`limits`]) and anchors, aliases, merge
//! keys and tags are refused. A broken document is reported, and the others are still read.
//!
//! `title: 'a'` → `Mapping([(Scalar "title" 0..5, Scalar "a" 7..10)])`, quotes inside the span.

mod builder;
pub mod limits;
mod messages;
mod places;
pub mod scalar;

pub use places::Places;
pub use scalar::{Meaning, Style};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span, Spanned};

/// A value of a YAML document and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its place: quotes and brackets included, indentation and comments not.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// The three kinds of YAML values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A single value.
    Scalar {
        /// The text after quotes, escapes and folding; empty for an absent value.
        text: String,
        /// How it was written.
        style: Style,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys, always scalars and never twice the same, and their values, in written order.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// The text of a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::Sequence(_) | Kind::Mapping(_) => None,
        }
    }

    /// The text of a scalar with its place.
    #[must_use]
    pub fn spanned_text(&self) -> Option<Spanned<String>> {
        self.text().map(|text| Spanned::new(text.to_owned(), self.span))
    }

    /// What a scalar means, see [`scalar::meaning`].
    #[must_use]
    pub fn meaning(&self) -> Option<Meaning> {
        match &self.kind {
            Kind::Scalar { text, style } => Some(scalar::meaning(text, *style)),
            Kind::Sequence(_) | Kind::Mapping(_) => None,
        }
    }

    /// Whether it is `null`, `~` or nothing.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.meaning() == Some(Meaning::Null)
    }

    /// The entries of a list.
    #[must_use]
    pub fn items(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Sequence(items) => Some(items),
            Kind::Scalar { .. } | Kind::Mapping(_) => None,
        }
    }

    /// The pairs of a mapping.
    #[must_use]
    pub fn pairs(&self) -> Option<&[(Node, Node)]> {
        match &self.kind {
            Kind::Mapping(pairs) => Some(pairs),
            Kind::Scalar { .. } | Kind::Sequence(_) => None,
        }
    }

    /// The value of `key` in a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// `key` and its value in a mapping.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&(Node, Node)> {
        self.pairs()?.iter().find(|(name, _)| name.text() == Some(key))
    }

    /// What it is called in messages: `a list`, `a mapping`, `a number`, …
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
            Kind::Scalar { text, style } => match scalar::meaning(text, *style) {
                Meaning::Text => "text",
                Meaning::Integer(_) | Meaning::Float(_) => "a number",
                Meaning::Boolean(_) => "a boolean",
                Meaning::Null => "nothing",
            },
        }
    }
}

/// Reads all documents of a text that hold anything; broken ones are reported and left out.
///
/// `text` is that of `source` in its [`crate::source::SourceMap`], so without a byte order mark.
pub fn parse(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Vec<Node> {
    if text.len() > limits::FILE_BYTES {
        let message =
            format!("the file has {} bytes, the limit is {}", text.len(), limits::FILE_BYTES);
        diagnostics.push(
            Diagnostic::new(Code::YamlTooLarge, Span::new(source, 0, 0), message)
                .help("split the file"),
        );
        return Vec::new();
    }
    builder::build(source, text, diagnostics)
}

#[cfg(test)]
mod tests;
