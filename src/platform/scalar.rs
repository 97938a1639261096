//! Mapping expressions: how a field's value is obtained from columns.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ends::{self, Ends};
use crate::source::Span;
use crate::taxonomy::Type;

use super::Lookup;

/// What a column holds, as far as operators care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnType {
    /// Text that compares by parts (KQL `string`, Elastic `keyword` and `wildcard`, Splunk fields).
    /// A field of whole numbers may live in such a column: then it holds their decimal digits (on
    /// Splunk, which has no types, every field is text and compares with numbers as a number).
    Text,
    /// A whole number.
    Integer,
    /// Any number.
    Real,
    /// True or false.
    Boolean,
    /// A point in time.
    Time,
    /// An address that is not text (Elastic `ip`).
    Ip,
    /// A bag of values (KQL `dynamic`).
    Dynamic,
}

impl ColumnType {
    /// What it is called in messages, such as `whole numbers`.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "whole numbers",
            Self::Real => "numbers",
            Self::Boolean => "true or false",
            Self::Time => "times",
            Self::Ip => "addresses",
            Self::Dynamic => "bags of values",
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub ty: ColumnType,
    /// Whether it may hold several values.
    pub multi: bool,
}

impl Column {
    /// Whether it holds times as text in UTC, as Sysmon writes `UtcTime` and Windows `SystemTime`.
    #[must_use]
    pub fn is_written_time(&self) -> bool {
        const WRITTEN: [&str; 4] =
            ["UtcTime", "CreationUtcTime", "PreviousCreationUtcTime", "SystemTime"];
        let name = self.name.rsplit('.').next().unwrap_or_default();
        self.ty == ColumnType::Text && !self.multi && WRITTEN.contains(&name)
    }
}

/// Rows whose column equals one of the values (text: case-insensitively).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The column.
    pub column: Column,
    /// The values.
    pub any_of: Vec<String>,
    /// Whether it is the other rows.
    pub negated: bool,
}

/// How a value is obtained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// A column as it is.
    Column(Column),
    /// Always the same text.
    Constant(String),
    /// The parts one after another, as text; empty parts add nothing.
    Join(Vec<Scalar>),
    /// The value, or the text where the value is missing or empty.
    Default(Box<Scalar>, String),
    /// The value after each rewriting, in order.
    Rewrite(Box<Scalar>, Vec<Rewrite>),
    /// The value of the first case whose conditions all hold (of none: always); else missing.
    Case(Vec<(Vec<Condition>, Scalar)>),
    /// What is taken out of a column's text; missing where there is none.
    Member(Column, Member),
    /// A whole number, at least 0, as lower-case hexadecimal text of at least so many digits, with
    /// zeros before it; what is no number stays as it is.
    Hex(Box<Scalar>, u8),
    /// The value in the spelling by which it compares; missing where that is empty.
    Spelt(Box<Scalar>, Spelling),
    /// The value, missing where it is one of these texts, in any case.
    Without(Box<Scalar>, Vec<String>),
}

impl Scalar {
    /// Names of the columns that it is made of, sorted.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<&str> {
        self.read().into_iter().map(|column| column.name.as_str()).collect()
    }

    /// The columns that it is made of, each once, sorted.
    #[must_use]
    pub fn read(&self) -> BTreeSet<&Column> {
        let mut columns = BTreeSet::new();
        self.read_into(&mut columns);
        columns
    }

    fn read_into<'a>(&'a self, into: &mut BTreeSet<&'a Column>) {
        match self {
            Self::Column(column) | Self::Member(column, _) => {
                into.insert(column);
            }
            Self::Constant(_) => {}
            Self::Join(parts) => parts.iter().for_each(|part| part.read_into(into)),
            Self::Default(inner, _)
            | Self::Rewrite(inner, _)
            | Self::Hex(inner, _)
            | Self::Spelt(inner, _)
            | Self::Without(inner, _) => inner.read_into(into),
            Self::Case(cases) => {
                for (conditions, value) in cases {
                    into.extend(conditions.iter().map(|condition| &condition.column));
                    value.read_into(into);
                }
            }
        }
    }

    /// Whether some part of it is taken out of a text that holds more.
    #[must_use]
    pub fn is_parsed(&self) -> bool {
        match self {
            Self::Column(_) | Self::Constant(_) => false,
            Self::Member(..) => true,
            Self::Join(parts) => parts.iter().any(Self::is_parsed),
            Self::Case(cases) => cases.iter().any(|(_, value)| value.is_parsed()),
            Self::Default(inner, _)
            | Self::Rewrite(inner, _)
            | Self::Hex(inner, _)
            | Self::Spelt(inner, _)
            | Self::Without(inner, _) => inner.is_parsed(),
        }
    }
}

/// What is taken out of a text that holds more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Member {
    /// The text of a member of a JSON object, or of a member of a member, by their names from the outside in.
    Json(Vec<String>),
    /// The text of the XML element `<Data Name="…">`, as Windows writes the data of an event.
    Data(String),
    /// An attribute of the last XML element of that name: element, attribute.
    Attribute(String, String),
}

impl Member {
    /// For XML: a regular expression, which all targets read alike, that fits a text up to and including the
    /// value, whose groups together are the value; it is not anchored at the end, and has no quotes.
    #[must_use]
    pub fn pattern(&self) -> Option<String> {
        let escaped = |text: &String| regex_syntax::escape(text).replace('"', r"\x22");
        match self {
            Self::Json(_) => None,
            Self::Data(name) => {
                let name = escaped(name);
                Some(format!(r"(?s)^.*?<Data Name=[\x22\x27]{name}[\x22\x27]>([^<]*)"))
            }
            Self::Attribute(element, attribute) => {
                let (element, attribute) = (escaped(element), escaped(attribute));
                let value = r"(?:\x22([^\x22<]*)\x22|\x27([^\x27<]*)\x27)";
                Some(format!(r"(?s)^.*<{element}(?:\s[^<>]*)?\s{attribute}={value}"))
            }
        }
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Json(path) => path.join("."),
            Self::Data(name) | Self::Attribute(_, name) => name.clone(),
        }
    }

    /// How many groups the pattern has.
    #[must_use]
    pub fn groups(&self) -> usize {
        match self {
            Self::Json(_) => 0,
            Self::Data(_) => 1,
            Self::Attribute(..) => 2,
        }
    }
}

/// The references that stand for characters in XML, and the characters, in the order in which they are replaced.
pub const XML_REFERENCES: [(&str, &str); 5] =
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];

/// How a key's value is spelt before it is compared: the meaning is that of the engine's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// Its case is folded.
    Lower,
    /// What follows the last `\` or `/`.
    Basename,
    /// What precedes the last `\` or `/`; nothing without one.
    Dirname,
    /// The program of a command line: what the first pair of quotes holds, else the first word.
    Unquote,
    /// The first run of exactly forty hexadecimal digits, in lower case; nothing without one.
    Hex40,
    /// What precedes the first dot, its case folded.
    Hostname,
    /// Without braces around it, in lower case.
    Guid,
    /// Without `:` and spaces, in lower case.
    Digits,
    /// A whole number without a plus, leading zeros and zeros after a dot; other text stays.
    Whole,
    /// In lower case.
    Boolean,
}

impl Spelling {
    /// Whether it is that of a type, not one that an author asked for.
    #[must_use]
    pub fn is_canonical(self) -> bool {
        match self {
            Self::Guid | Self::Digits | Self::Whole | Self::Boolean => true,
            Self::Lower
            | Self::Basename
            | Self::Dirname
            | Self::Unquote
            | Self::Hex40
            | Self::Hostname => false,
        }
    }
}

/// Replaces what an expression matches: at most once, where it matches first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// A regular expression, always anchored with `^` or `$`, case-insensitive, in the subset that
    /// RE2, PCRE and Rust's regex read alike: literals, classes, groups, `?`, `{n}`, `|`.
    pub pattern: String,
    /// Pieces of the replacement: text, or the number of a group (1 to 9).
    pub replacement: Vec<Piece>,
    /// What follows from both; every test on the value asks for it.
    ends: Option<Arc<Ends>>,
}

impl Rewrite {
    /// A rewriting of what the expression matches.
    #[must_use]
    pub fn new(pattern: impl Into<String>, replacement: Vec<Piece>) -> Self {
        let pattern = pattern.into();
        let ends = ends::read(&pattern, &replacement).map(Arc::new);
        Self { pattern, replacement, ends }
    }

    /// The ends of values that it replaces; `None` if it matches something else.
    #[must_use]
    pub fn ends(&self) -> Option<&Ends> {
        self.ends.as_deref()
    }
}

/// A piece of a [`Rewrite`]'s replacement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// What this group matched.
    Group(u8),
}

/// What a field of the taxonomy is on a platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// How its value is obtained.
    pub value: Scalar,
    /// Its type in the taxonomy.
    pub ty: Type,
    /// Columns of digests by algorithm, such as `SHA1`, if the value is a list made of them.
    pub digests: Vec<(String, Column)>,
    /// Texts that stand for a missing value there, such as `-`.
    pub null_values: Vec<String>,
    /// Texts that the value can never hold because the platform lacks that part (`IMPHASH=` in a
    /// list of hashes made of columns); a test that asks for one is refused.
    pub lacks: Vec<String>,
    /// What is to be known of it.
    pub marks: BTreeSet<Mark>,
    /// Where the platform file says so.
    pub span: Span,
}

impl Resolved {
    /// Whether it is made of columns that the other table tells.
    #[must_use]
    pub fn is_told_by(&self, lookup: Option<&Lookup>) -> bool {
        let told = |lookup: &Lookup| self.value.columns().into_iter().any(|one| lookup.tells(one));
        lookup.is_some_and(told)
    }
}

/// What a reviewer of rules should know of a field on a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The host itself computes it with what it trusts, which an attacker may have changed.
    Tainted,
    /// It can be missing although the platform holds it.
    NullProne,
}

impl Mark {
    /// As platform files and pages write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tainted => "tainted",
            Self::NullProne => "null-prone",
        }
    }
}
