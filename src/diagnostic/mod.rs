//! What the compiler has to say: coded, placed, with a way out.
//!
//! Stages collect [`Diagnostic`]s in [`Diagnostics`] instead of stopping at the first; the cli
//! renders them as text ([`render_text`]) or JSON ([`render_json`]).
//!
//! `Diagnostic::new(Code::UnknownField, span, "no field `Imgae` in windows/image_load")
//!  .help("the nearest name is `Image`")` → `error[E0301]: no field …` with the line and a caret.

mod codes;
pub mod machine;
mod render;

pub use codes::{CODES, Code, CodeEntry, Severity, page};
pub use render::{Rendered, render_json, render_text, rendered};

use crate::source::Span;

/// How loudly a lint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    Off,
    /// As a warning.
    Warn,
    /// As an error, which fails a run.
    Error,
}

impl Level {
    /// The level of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "off" => Some(Self::Off),
            "warn" => Some(Self::Warn),
            "error" => Some(Self::Error),
            _ => None,
        }
    }
}

/// A place and what to say there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; may be empty.
    pub text: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// What kind of finding it is; decides its severity and its page.
    pub code: Code,
    /// One sentence, lower case, no full stop; user text in backticks.
    pub message: String,
    /// The place it is about.
    pub primary: Label,
    /// Further places that explain it.
    pub labels: Vec<Label>,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// What would mend it without changing what anything means; `check --fix` writes it.
    pub fix: Vec<Edit>,
    /// Whether a warning counts as an error, as the project asks.
    pub raised: bool,
}

/// A change of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
}

impl Diagnostic {
    /// A finding about `span`.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            primary: Label { span, text: String::new() },
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
            fix: Vec::new(),
            raised: false,
        }
    }

    /// How bad it is: as its code says, unless the project asks for more.
    #[must_use]
    pub fn severity(&self) -> Severity {
        if self.raised { Severity::Error } else { self.code.severity() }
    }

    /// Says how the text is mended.
    #[must_use]
    pub fn fix(mut self, edits: impl IntoIterator<Item = Edit>) -> Self {
        self.fix.extend(edits);
        self
    }

    /// Adds the text shown at the caret.
    #[must_use]
    pub fn at(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Adds a second place, where there is one.
    #[must_use]
    pub fn label(mut self, span: impl Into<Option<Span>>, text: impl Into<String>) -> Self {
        let text = text.into();
        self.labels.extend(span.into().map(|span| Label { span, text }));
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says which known name is nearest to `name`, if one is near enough.
    #[must_use]
    pub fn nearest<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(name, known) {
            Some(near) => self.help(format!("the nearest name is `{near}`")),
            None => self,
        }
    }
}

/// The known name most like `name`, if it is likely that it was meant (case never counts).
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    known
        .into_iter()
        .map(|other| (strsim::jaro_winkler(&wanted, &other.to_lowercase()), other))
        .filter(|(likeness, _)| *likeness >= 0.82)
        .max_by(|(a, x), (b, y)| a.total_cmp(b).then_with(|| y.cmp(x)))
        .map(|(_, other)| other)
}

/// The keyword that a word was meant to be: one letter wrong or two swapped in a short one, two
/// mistakes in a long one.
#[must_use]
pub fn nearest_word<'a>(word: &str, keywords: &[&'a str]) -> Option<&'a str> {
    let length = word.chars().count();
    let most = if length < 4 { 1 } else { 2 };
    let distances = keywords.iter().map(|near| (strsim::osa_distance(word, near), *near));
    let near = distances.filter(|(distance, _)| length > 1 && *distance <= most);
    near.min_by_key(|(distance, _)| *distance).map(|(_, near)| near)
}

/// Findings in the making.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.found.extend(others);
    }

    /// Whether an error is among them.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|found| found.severity() == Severity::Error)
    }

    /// How many there are; a mark to compare with [`Diagnostics::errors_since`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether an error was added after `mark`.
    #[must_use]
    pub fn errors_since(&self, mark: usize) -> bool {
        self.found.iter().skip(mark).any(|found| found.severity() == Severity::Error)
    }

    /// The findings in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// The findings by place, then code, without repetitions.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.found;
        found.sort_by(|a, b| {
            (a.primary.span, a.code, &a.message).cmp(&(b.primary.span, b.code, &b.message))
        });
        found.dedup();
        found
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}
