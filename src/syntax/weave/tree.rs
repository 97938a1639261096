//! What a Weave file says, as written and in its order: the tree that `fmt` prints and from which
//! the AST comes. Together with the tokens, which keep blanks and comments, nothing is lost.
//!
//! `list l = ['a']` → `Item::List(List { name: l, values: [Text a] })`.

use super::token::Token;
use crate::source::{Span, Spanned};

/// A Weave file.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    /// Every token of the text, in order.
    pub tokens: Vec<Token<'a>>,
    /// Lists and rules, in order; what could not be read is left out.
    pub items: Vec<Item>,
    /// Whether everything could be read.
    pub complete: bool,
}

/// What stands at the top of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `list name = [ … ]`
    List(List),
    /// `rule name { … }`
    Rule(RuleTree),
}

/// A named list of values.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// The whole item.
    pub span: Span,
    /// Its name.
    pub name: Spanned<String>,
    /// Its values.
    pub values: Vec<Spanned<Value>>,
}

/// A rule with its sections.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTree {
    /// The whole item.
    pub span: Span,
    /// Its name.
    pub name: Spanned<String>,
    /// Its sections, in order.
    pub sections: Vec<Section>,
    /// Whether every part could be read.
    pub complete: bool,
}

/// A section of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The name and the colon.
    pub head: Span,
    /// What stands in it.
    pub body: Body,
}

/// What stands in a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// `meta:`
    Meta(Vec<MetaEntry>),
    /// `params:`
    Params(Vec<Param>),
    /// `events:`
    Events(Vec<Event>),
    /// `match:`
    Match(Vec<MatchEntry>),
    /// `condition:`
    Condition(Vec<Spanned<Expr>>),
    /// `show:`
    Show(Vec<EventField>),
    /// `alert:`
    Alert(Vec<Suppress>),
}

/// `title = "…"`
#[derive(Debug, Clone, PartialEq)]
pub struct MetaEntry {
    /// The whole entry.
    pub span: Span,
    /// The key.
    pub key: Spanned<String>,
    /// The value.
    pub value: Spanned<Value>,
}

/// `window: duration = 24h`
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// The whole entry.
    pub span: Span,
    /// Its name, used as `$name`.
    pub name: Spanned<String>,
    /// Its type, as written.
    pub ty: Spanned<String>,
    /// What it is unless the project says otherwise.
    pub default: Spanned<Value>,
}

/// `root = sigma "…"`
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The whole entry.
    pub span: Span,
    /// Its name.
    pub name: Spanned<String>,
    /// What occurs.
    pub source: EventSource,
}

/// What an event is.
#[derive(Debug, Clone, PartialEq)]
pub enum EventSource {
    /// `sigma "name or id"`
    Sigma(Spanned<String>),
    /// `weave "name or id"`
    Weave(Spanned<String>),
    /// `product/category where …`
    Inline {
        /// The key of the log source.
        logsource: Spanned<String>,
        /// What holds of its events; none: all of them.
        predicate: Option<Spanned<Predicate>>,
    },
}

/// What holds of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// `… and …`
    And(Vec<Spanned<Predicate>>),
    /// `… or …`
    Or(Vec<Spanned<Predicate>>),
    /// `not …`
    Not(Box<Spanned<Predicate>>),
    /// A test on a field.
    Test(Test),
    /// `(TargetObject, Details) in $baseline`: the fields together are a row of the list.
    Rows {
        /// The fields.
        fields: Vec<Spanned<String>>,
        /// The list, a parameter.
        list: Spanned<Value>,
    },
}

/// `Image cased endswith any ('\a.exe', '\b.exe')`
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The field.
    pub field: Spanned<String>,
    /// `hour(…)` and its kin.
    pub part: Option<Spanned<String>>,
    /// `cased`
    pub cased: Option<Span>,
    /// How it compares.
    pub operator: Spanned<Operator>,
    /// Whether any or all of several values are asked for.
    pub quantity: Option<Spanned<Quantity>>,
    /// With what; nothing for `exists` and `is null`.
    pub values: Vec<Spanned<Value>>,
}

/// How a field compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Eq,
    /// `!=`
    Neq,
    /// `<`
    Lt,
    /// `<=`
    Lte,
    /// `>`
    Gt,
    /// `>=`
    Gte,
    /// `in`
    In,
    /// `contains`
    Contains,
    /// `startswith`
    StartsWith,
    /// `endswith`
    EndsWith,
    /// `like`
    Like,
    /// `matches`
    Matches,
    /// `cidr`
    Cidr,
    /// `exists`
    Exists,
    /// `is null`
    Null,
    /// `is not null`
    NotNull,
}

impl Operator {
    /// All operators that stand before a value, as written.
    pub const WITH_VALUE: &'static [(&'static str, Self)] = &[
        ("==", Self::Eq),
        ("!=", Self::Neq),
        ("<", Self::Lt),
        ("<=", Self::Lte),
        (">", Self::Gt),
        (">=", Self::Gte),
        ("in", Self::In),
        ("contains", Self::Contains),
        ("startswith", Self::StartsWith),
        ("endswith", Self::EndsWith),
        ("like", Self::Like),
        ("matches", Self::Matches),
        ("cidr", Self::Cidr),
    ];
}

/// How many are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// `any`
    Any,
    /// `all`
    All,
    /// `2 of`
    AtLeast(u32),
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `'…'` or `"…"`, its escapes read.
    Text(String),
    /// A number, a duration or a date, as written.
    Number(String),
    /// A bare word: in a predicate a field, `true`, `false` or `null`.
    Word(String),
    /// `/pattern/flags`
    Regex {
        /// The expression.
        pattern: String,
        /// `i`, `m`, `s`.
        flags: String,
    },
    /// `$name`
    Parameter(String),
    /// `[a, b]`
    List(Vec<Spanned<Value>>),
    /// `windash('-a')`
    Call {
        /// What is done.
        name: Spanned<String>,
        /// To what.
        of: Box<Spanned<Value>>,
    },
}

impl Value {
    /// The values of a list.
    #[must_use]
    pub fn list(&self) -> Option<&[Spanned<Self>]> {
        if let Self::List(values) = self { Some(values) } else { None }
    }
}

/// An entry of `match`.
#[derive(Debug, Clone, PartialEq)]
pub enum MatchEntry {
    /// `host = Computer`
    Key(Key),
    /// `root.thumb == change.thumb`
    Binding(Span, EventField, EventField),
    /// `over 24h`
    Over(Spanned<Value>),
    /// `skew 5s`
    Skew(Spanned<Value>),
}

/// A part of the key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The whole entry.
    pub span: Span,
    /// Its name.
    pub name: Spanned<String>,
    /// The field in every event.
    pub field: KeyField,
}

/// Where a part of the key comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyField {
    /// The same field in every event.
    Same(Field),
    /// A field per event.
    PerEvent(Vec<(Spanned<String>, Field)>),
}

/// A field, with what is done to its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The field.
    pub name: Spanned<String>,
    /// `hex40` and its kin.
    pub transform: Option<Spanned<String>>,
}

/// `root.TargetObject`, also in a transform.
#[derive(Debug, Clone, PartialEq)]
pub struct EventField {
    /// The whole.
    pub span: Span,
    /// The event.
    pub event: Spanned<String>,
    /// Its field.
    pub field: Field,
}

/// What holds of several events.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// An event occurs.
    Name(String),
    /// `… and …`
    And(Vec<Spanned<Expr>>),
    /// `… or …`
    Or(Vec<Spanned<Expr>>),
    /// `not …`
    Not(Box<Spanned<Expr>>),
    /// `2 of (a, b, c)`
    Of(Quantity, Vec<Spanned<Expr>>),
    /// `a then b`
    Chain(Vec<Link>),
    /// `count(a) >= 10`
    Compare(Compare),
    /// `score(a: 40, b: 20 | c: 15) >= 70`
    Score {
        /// The classes.
        classes: Vec<Vec<(Spanned<String>, Spanned<Value>)>>,
        /// How it compares.
        operator: Spanned<Operator>,
        /// With what.
        value: Spanned<Value>,
    },
    /// `not x within 24h before`
    Absent {
        /// What does not occur.
        event: Spanned<String>,
        /// For how long.
        span: Spanned<Value>,
        /// `before`, `after` or `around`.
        anchor: Spanned<String>,
        /// The event at which the span lies; none: the firing.
        of: Option<Spanned<String>>,
    },
}

/// A step of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// What occurs.
    pub event: Spanned<String>,
    /// What does not occur between the step before and this one.
    pub without: Vec<Spanned<String>>,
    /// At most how long after the step before.
    pub within: Option<Spanned<Value>>,
}

/// A comparison of a number that is computed of events.
#[derive(Debug, Clone, PartialEq)]
pub struct Compare {
    /// `count`, `distinct`, `sum`, …
    pub function: Spanned<String>,
    /// Events (`count`).
    pub events: Vec<Spanned<String>>,
    /// Fields of events (all others).
    pub fields: Vec<EventField>,
    /// The percentile.
    pub percentile: Option<Spanned<Value>>,
    /// How it compares.
    pub operator: Spanned<Operator>,
    /// With what.
    pub value: Spanned<Value>,
}

/// `suppress by host for 24h`
#[derive(Debug, Clone, PartialEq)]
pub struct Suppress {
    /// The whole entry.
    pub span: Span,
    /// Parts of the key; none: all of them.
    pub by: Vec<Spanned<String>>,
    /// For how long.
    pub span_of: Spanned<Value>,
}
