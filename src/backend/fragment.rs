//! Text that is already valid in a language.

use std::fmt;
use std::marker::PhantomData;

use minijinja::Value;

/// A piece of text that is valid in language `L` at the place it was made for.
///
/// Only a language's own `syntax.rs` makes fragments from user text; templates print nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment<L> {
    text: String,
    language: PhantomData<L>,
}

impl<L> Fragment<L> {
    /// Text that the caller knows to be valid in `L`.
    pub(crate) fn trusted(text: impl Into<String>) -> Self {
        Self { text: text.into(), language: PhantomData }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text, no longer known to be valid anywhere.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }

    /// The fragments with `separator` between them.
    pub(crate) fn join(parts: impl IntoIterator<Item = Self>, separator: &str) -> Self {
        let parts: Vec<Self> = parts.into_iter().collect();
        let texts: Vec<&str> = parts.iter().map(Self::as_str).collect();
        Self::trusted(texts.join(separator))
    }
}

impl<L> fmt::Display for Fragment<L> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl<L> From<Fragment<L>> for Value {
    fn from(fragment: Fragment<L>) -> Self {
        Self::from_safe_string(fragment.text)
    }
}
