//! AST ↔ text: how rules are written.
//!
//! [`weave`] prints a Weave file in its one style: same tokens, same comments, other blanks.
//! [`to_weave`] and [`to_sigma`] say a rule in the other language, or why that cannot be.
//!
//! `rule r{events:a=windows/image_load condition:a}` → the same on seven lines.

mod correlation_to_weave;
mod layout;
mod predicate_to_sigma;
mod sigma_to_weave;
mod weave;
mod weave_to_sigma;
mod words;

pub use weave::weave;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::source::SourceId;
use crate::syntax::ast::{Document, Rule};

/// How a rule is said that a correlation refers to.
#[derive(Debug, Clone, Copy)]
pub enum Said<'d> {
    /// It stays in Sigma.
    InSigma,
    /// It becomes a rule in Weave; its name in Sigma.
    InWeave(&'d str),
    /// It becomes an event of the correlation.
    Within(&'d Rule),
}

/// A Sigma rule or correlation as a Weave file in its style; `said` tells how the rules with the
/// names or ids that it refers to are said.
///
/// # Errors
/// What Weave cannot say, at its place (E0610).
pub fn to_weave<'d>(
    document: &Document,
    said: impl Fn(&str) -> Said<'d>,
) -> Result<String, Diagnostic> {
    let text = sigma_to_weave::document(document, said)?;
    let mut diagnostics = Diagnostics::default();
    let script = crate::syntax::weave::script(SourceId::default(), &text, &mut diagnostics);
    match diagnostics.iter().next() {
        None => Ok(weave(&script)),
        // A name or text that Weave does not take.
        Some(found) => words::refused(
            document.meta().span,
            format!("no Weave file says this rule: {}", found.message),
            "rename what stands there",
        ),
    }
}

/// A Weave rule as Sigma documents, separated by `---`.
///
/// # Errors
/// What Sigma cannot say, at its place (E0610).
pub fn to_sigma(document: &Document) -> Result<String, Diagnostic> {
    let span = document.meta().span;
    let Document::Weave(rule) = document else {
        return words::refused(span, "the document is written in Sigma", "convert it to Weave");
    };
    let documents = weave_to_sigma::documents(rule)?;
    let texts = documents.iter().map(serde_yaml::to_string).collect::<Result<Vec<_>, _>>();
    let text = match texts {
        Ok(texts) => texts.join("---\n"),
        Err(error) => {
            let message = format!("YAML cannot say this: {error}");
            return words::refused(span, message, "rename what stands there");
        }
    };
    let mut diagnostics = Diagnostics::default();
    crate::syntax::sigma::parse(SourceId::default(), &text, &mut diagnostics);
    let wrong = diagnostics.iter().find(|found| found.severity() == Severity::Error);
    match wrong {
        None => Ok(text),
        // A name that Sigma's conditions do not take.
        Some(found) => words::refused(
            span,
            format!("no Sigma file says this rule: {}", found.message),
            "rename what stands there",
        ),
    }
}

#[cfg(test)]
mod tests;
