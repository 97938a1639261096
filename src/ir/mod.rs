//! What a rule means: patterns of events and conditions over their occurrences, resolved and typed.
//!
//! No YAML, no text syntax, no target. Values of this module are built by `check` only, so holding
//! one is the proof that it was checked; `plan` maps them to a platform and `engine` runs them.
//!
//! The meaning of each form is that of `docs/semantics.md`.

mod condition;
mod predicate;
mod reach;
mod regex;
pub mod words;

pub use condition::{Aggregate, Anchor, Class, Cond, Correlation, Key, PatternId, Step, Transform};
pub use predicate::{
    Cmp, FieldRef, List, Op, Part, Predicate, Regex, Test, TextCmp, TextTest, TimePart,
};
pub use reach::Reach;

use std::sync::Arc;

use crate::diagnostic::Code;
use crate::source::Span;

/// A rule, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// By which it is called: `name`, else `title`.
    pub name: String,
    /// What it says about itself.
    pub meta: Arc<Meta>,
    /// Whether it is emitted: `false` for a base rule of a correlation without `generate: true`.
    pub emitted: bool,
    /// What it detects.
    pub body: Body,
}

impl Rule {
    /// The events that it is about, those of rules on whose firings it is built included: where the rule
    /// names their log source, the log source, and the predicate.
    #[must_use]
    pub fn events(&self) -> Vec<(Span, &str, &Predicate)> {
        let patterns = match &self.body {
            Body::Events(pattern) => std::slice::from_ref(pattern),
            Body::Correlation(correlation) => &correlation.patterns,
        };
        let mut events = Vec::new();
        for pattern in patterns {
            match &pattern.source {
                PatternSource::Events { logsource, predicate } => {
                    events.push((pattern.span, logsource.as_str(), predicate));
                }
                PatternSource::Firings(rule) => events.extend(rule.events()),
            }
        }
        events
    }
}

/// What a rule says about itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meta {
    /// The document.
    pub span: Span,
    /// The title.
    pub title: String,
    /// The id, lower case.
    pub id: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The status.
    pub status: Option<String>,
    /// The level.
    pub level: Option<String>,
    /// The author.
    pub author: Option<String>,
    /// The date.
    pub date: Option<String>,
    /// References.
    pub references: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Known false positives.
    pub falsepositives: Vec<String>,
    /// Fields an analyst wants to see.
    pub fields: Vec<String>,
    /// Approximations the author agrees to.
    pub accept: Vec<Code>,
    /// Alerts that are not repeated.
    pub suppress: Option<Suppress>,
}

/// Alerts that are not repeated: `suppress by host for 24h`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppress {
    /// The parts of the key that have to be the same; empty: all of them.
    pub by: Vec<String>,
    /// For how long after an alert, in milliseconds, 1 s to 366 d.
    pub span: u64,
}

/// What a rule detects.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Single events.
    Events(Pattern),
    /// Several events that belong together.
    Correlation(Correlation),
}

/// A kind of event, or of firings of another rule, that a rule looks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// How conditions call it: the name of the rule or of the event.
    pub name: String,
    /// What occurs.
    pub source: PatternSource,
    /// Where the rule refers to it.
    pub span: Span,
}

/// What a pattern's occurrences are.
#[derive(Debug, Clone, PartialEq)]
pub enum PatternSource {
    /// Events of a log source that satisfy a predicate.
    Events {
        /// Key of the log source in the taxonomy, such as `windows/registry_set`.
        logsource: String,
        /// What holds of them.
        predicate: Predicate,
    },
    /// Firings of a correlation (chained rules).
    Firings(Arc<Rule>),
}
