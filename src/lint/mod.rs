//! AST → what a careful reviewer would object to: attributes, tags, dates, file names, conditions and
//! values that are legal Sigma and most likely wrong, or against SigmaHQ's conventions.
//!
//! `tags: [attack.T1059]` → W0118 with the edit that `check --fix` writes. Lints that need types or
//! the meaning of a whole condition live in `check`; all are listed in [`LINTS`].

mod allow;
mod attributes;
mod conditions;
mod dates;
mod edit;
mod files;
mod items;
mod lists;
mod references;
mod table;
mod tags;
mod validators;
mod values;

pub use allow::{Allowance, allowances};
pub use table::{ALWAYS_CHECKED, LINTS, Lint, When, find};
pub use validators::{Validation, parse as parse_validators};

use crate::diagnostic::Diagnostic;
use crate::source::{SourceMap, Span};
use crate::syntax::ast::{Document, Meta};
use crate::taxonomy::{Attack, Taxonomy};

/// What the lints look at beside a document.
pub struct Context<'a> {
    /// The texts.
    pub sources: &'a SourceMap,
    /// Log sources and their fields.
    pub taxonomy: &'a Taxonomy,
    /// Tactics and techniques.
    pub attack: Attack,
}

/// What there is to say about one document.
#[must_use]
pub fn document(document: &Document, context: &Context<'_>) -> Vec<Diagnostic> {
    let meta = document.meta();
    let file = Text { text: context.sources.text(meta.span.source), meta };
    let mut found = Vec::new();
    attributes::check(document, &file, &mut found);
    dates::check(&file, &mut found);
    references::check(&file, &mut found);
    tags::check(&file, &context.attack, &mut found);
    match document {
        Document::Rule(rule) => {
            conditions::check(&rule.detection, &mut found);
            items::check(&rule.detection, Some(&rule.logsource), file.text, context, &mut found);
        }
        Document::Filter(filter) => {
            conditions::check(&filter.detection, &mut found);
            let source = filter.logsource.as_ref();
            items::check(&filter.detection, source, file.text, context, &mut found);
        }
        Document::Correlation(_) | Document::Weave(_) => {}
    }
    found
}

/// What there is to say about documents beside each other: names that are taken.
#[must_use]
pub fn together(documents: &[Document], sources: &SourceMap) -> Vec<Diagnostic> {
    let mut found = files::titles(documents);
    found.extend(files::names(documents, sources));
    found
}

/// A document's text and what it says about itself.
struct Text<'a> {
    /// The whole file.
    text: &'a str,
    meta: &'a Meta,
}

impl Text<'_> {
    /// Where to point if something is missing: the title, else the first line.
    fn head(&self) -> Span {
        if let Some(title) = &self.meta.title {
            return title.span;
        }
        let span = self.meta.span;
        let written = self.text.get(span.range()).unwrap_or_default();
        let length = written.find('\n').unwrap_or(written.len());
        Span::new(span.source, span.start as usize, span.start as usize + length)
    }
}
