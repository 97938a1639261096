//! What was written, with places: rules, correlations and filters as their authors typed them.
//!
//! Nothing here is resolved or typed yet; names are text, values keep the form in which they stand.
//! Nouns are those of the Sigma specification 2.1.0.

use std::sync::Arc;

use super::weave::tree;
use crate::source::{Span, Spanned};

/// A document of a rule file.
#[derive(Debug, Clone)]
pub enum Document {
    /// A rule over single events.
    Rule(Rule),
    /// A correlation of other rules.
    Correlation(Correlation),
    /// A filter on other rules.
    Filter(Filter),
    /// A rule over several events, written in Weave.
    Weave(Box<WeaveRule>),
}

impl Document {
    /// What is said about the document itself.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        match self {
            Self::Rule(rule) => &rule.meta,
            Self::Correlation(correlation) => &correlation.meta,
            Self::Filter(filter) => &filter.meta,
            Self::Weave(rule) => &rule.meta,
        }
    }
}

/// What a document says about itself.
#[derive(Debug, Clone, Default)]
pub struct Meta {
    /// The whole document.
    pub span: Span,
    /// `title`; required.
    pub title: Option<Spanned<String>>,
    /// `id`, as written.
    pub id: Option<Spanned<String>>,
    /// `name`, by which other rules refer to it.
    pub name: Option<Spanned<String>>,
    /// `description`.
    pub description: Option<Spanned<String>>,
    /// `status`.
    pub status: Option<Spanned<String>>,
    /// `level`.
    pub level: Option<Spanned<String>>,
    /// `author`.
    pub author: Option<Spanned<String>>,
    /// `date`.
    pub date: Option<Spanned<String>>,
    /// `modified`.
    pub modified: Option<Spanned<String>>,
    /// `license`.
    pub license: Option<Spanned<String>>,
    /// `taxonomy`: whose names the fields are; Sigma's unless it says otherwise.
    pub taxonomy: Option<Spanned<String>>,
    /// `related`.
    pub related: Vec<Related>,
    /// `references`.
    pub references: Vec<Spanned<String>>,
    /// `tags`.
    pub tags: Vec<Spanned<String>>,
    /// `falsepositives`.
    pub falsepositives: Vec<Spanned<String>>,
    /// `fields`.
    pub fields: Vec<Spanned<String>>,
    /// `accept`: approximations the author agrees to, by code (ours, not Sigma's).
    pub accept: Vec<Spanned<String>>,
}

/// An entry of `related`.
#[derive(Debug, Clone)]
pub struct Related {
    /// The whole entry.
    pub span: Span,
    /// The other rule.
    pub id: Option<Spanned<String>>,
    /// How they are related, such as `derived`.
    pub kind: Option<Spanned<String>>,
}

/// A rule over single events.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What it says about itself.
    pub meta: Meta,
    /// Where its events come from.
    pub logsource: LogSource,
    /// What they look like.
    pub detection: Detection,
}

/// `logsource`.
#[derive(Debug, Clone, Default)]
pub struct LogSource {
    /// The whole mapping.
    pub span: Span,
    /// `product`.
    pub product: Option<Spanned<String>>,
    /// `category`.
    pub category: Option<Spanned<String>>,
    /// `service`.
    pub service: Option<Spanned<String>>,
}

/// `detection`: named searches and the conditions over them.
#[derive(Debug, Clone, Default)]
pub struct Detection {
    /// The whole mapping.
    pub span: Span,
    /// The selections in the order in which they stand.
    pub selections: Vec<Selection>,
    /// `condition`; several mean any of them.
    pub conditions: Vec<Spanned<Condition>>,
}

/// A named search.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Its name.
    pub name: Spanned<String>,
    /// What it asks for.
    pub search: Search,
}

/// What a selection asks for.
#[derive(Debug, Clone)]
pub enum Search {
    /// All of a mapping's items.
    All(Vec<Search>, Span),
    /// Any of a list's entries.
    Any(Vec<Search>, Span),
    /// A field and its values, or words without a field.
    Item(Item),
}

/// A detection item: `Image|endswith: ['\a.exe', '\b.exe']`.
#[derive(Debug, Clone)]
pub struct Item {
    /// The key and its values.
    pub span: Span,
    /// The field; none for keywords.
    pub field: Option<Spanned<String>>,
    /// The modifiers, in order, in lower case.
    pub modifiers: Vec<Spanned<String>>,
    /// The values; any of them, unless a modifier says all.
    pub values: Vec<Value>,
}

/// A value of a detection item.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Where it stands.
    pub span: Span,
    /// The text as written (block and quoted scalars without their quotes), before Sigma's escapes.
    pub text: String,
    /// How Sigma reads it.
    pub kind: ValueKind,
}

/// How Sigma reads a scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueKind {
    /// Text; its wildcards and escapes are read when its modifiers are known. Weave's literals,
    /// which have no wildcards, are `Literal`.
    Text,
    /// Text without wildcards or escapes.
    Literal,
    /// Text in which `*` and `?` are wildcards and nothing is escaped (Weave's `like`).
    Glob,
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`, `~` or nothing.
    Null,
}

/// A condition over selections (specification: "Condition").
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A selection or, in a correlation, a rule.
    Name(Spanned<String>),
    /// `1 of x_*`, `all of them`, `any of x_*`.
    Of(Quantifier, Spanned<Pattern>),
    /// `not …`.
    Not(Box<Spanned<Condition>>),
    /// `… and …`, never nested in itself directly.
    And(Vec<Spanned<Condition>>),
    /// `… or …`, never nested in itself directly.
    Or(Vec<Spanned<Condition>>),
    /// What could not be read; reported already.
    Error,
}

/// How many of the selections a pattern names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// At least so many; `any of` is 1.
    AtLeast(u32),
    /// Every one.
    All,
}

/// Which selections are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// `them`: all whose name does not begin with `_`.
    Them,
    /// A name with `*` wildcards.
    Glob(String),
}

impl Pattern {
    /// Whether the pattern means a selection or rule of this name.
    #[must_use]
    pub fn means(&self, name: &str) -> bool {
        match self {
            Self::Them => !name.starts_with('_'),
            Self::Glob(glob) => fits(glob, name),
        }
    }
}

/// Whether a name fits a pattern, in which `*` is any text.
fn fits(glob: &str, name: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else { return glob == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return left.ends_with(piece);
        }
        let Some(at) = left.find(piece) else { return false };
        left = left.get(at + piece.len()..).unwrap_or_default();
    }
    true
}

/// A correlation (Sigma correlation rules specification 2.1.0).
#[derive(Debug, Clone)]
pub struct Correlation {
    /// What it says about itself.
    pub meta: Meta,
    /// The `correlation` mapping.
    pub span: Span,
    /// `type`, as written.
    pub kind: Option<Spanned<String>>,
    /// `rules`: ids or names. With an extended boolean `condition` it may be left out.
    pub rules: Vec<Spanned<String>>,
    /// `group-by`.
    pub group_by: Vec<Spanned<String>>,
    /// `timespan`, as written.
    pub timespan: Option<Spanned<String>>,
    /// `condition`.
    pub condition: Option<CorrelationCondition>,
    /// `aliases`: alias → rule → field.
    pub aliases: Vec<Alias>,
    /// `generate`: whether the rules it refers to are emitted, too.
    pub generate: bool,
}

/// `condition` of a correlation.
#[derive(Debug, Clone)]
pub enum CorrelationCondition {
    /// `gte: 10`, `field: …`, a range as two comparisons.
    Thresholds {
        /// The whole mapping.
        span: Span,
        /// `field`: one, or several whose values count together.
        fields: Vec<Spanned<String>>,
        /// `percentile`, 0 to 100.
        percentile: Option<Spanned<f64>>,
        /// The comparisons; all must hold.
        thresholds: Vec<Threshold>,
    },
    /// An extended boolean condition over rules, such as `a and not b`.
    Boolean(Spanned<Condition>),
}

/// `gte: 10`.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// Key and value.
    pub span: Span,
    /// `eq`, `neq`, `lt`, `lte`, `gt` or `gte`, as written.
    pub operator: Spanned<String>,
    /// With what.
    pub value: f64,
}

/// An entry of `aliases`.
#[derive(Debug, Clone)]
pub struct Alias {
    /// The alias, as used in `group-by`.
    pub name: Spanned<String>,
    /// Rule (id or name) → its field.
    pub fields: Vec<(Spanned<String>, Spanned<String>)>,
}

/// A filter (Sigma filters specification 2.1.0).
#[derive(Debug, Clone)]
pub struct Filter {
    /// What it says about itself.
    pub meta: Meta,
    /// The log source of the rules it applies to.
    pub logsource: Option<LogSource>,
    /// `rules`: ids or names; empty with `any`.
    pub rules: Vec<Spanned<String>>,
    /// Whether `rules: any` was written.
    pub any: bool,
    /// Its selections and condition.
    pub detection: Detection,
}

/// A rule over several events (`docs/weave.md`). Its name is in [`Meta::name`].
#[derive(Debug, Clone)]
pub struct WeaveRule {
    /// What it says about itself.
    pub meta: Meta,
    /// The lists of its file.
    pub lists: Arc<Vec<tree::List>>,
    /// `params`
    pub params: Vec<tree::Param>,
    /// `events`
    pub events: Vec<tree::Event>,
    /// `match`
    pub matching: Vec<tree::MatchEntry>,
    /// `condition`
    pub condition: Option<Spanned<tree::Expr>>,
    /// `show`
    pub show: Vec<tree::EventField>,
    /// `alert`
    pub suppress: Option<tree::Suppress>,
    /// Whether every part could be read; if not, it never compiles.
    pub complete: bool,
}
