//! Predicates over one event: two-valued, typed, generic in how a field is named.
//!
//! `check` builds `Predicate<FieldRef>`; `plan` turns it into `Predicate<Scalar>` over the columns
//! of a platform. A comparison with a missing field is false; `Not` of it is true.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;

use crate::source::Span;
use crate::taxonomy::Type;

/// A comparison of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cmp {
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
}

impl Cmp {
    /// Whether `left` compares so with `right`.
    #[must_use]
    pub fn holds<T: PartialOrd + Copy>(self, left: T, right: T) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Neq => left != right,
            Self::Lt => left < right,
            Self::Lte => left <= right,
            Self::Gt => left > right,
            Self::Gte => left >= right,
        }
    }
}

/// A field of the taxonomy.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldRef {
    /// Its name in the taxonomy.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// What holds of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate<F = FieldRef> {
    /// Every one; of none: always true.
    All(Vec<Predicate<F>>),
    /// At least one; of none: never true.
    Any(Vec<Predicate<F>>),
    /// It does not hold.
    Not(Box<Predicate<F>>),
    /// A test on a field.
    Test(Test<F>),
    /// The text occurs anywhere in the event (Sigma keywords).
    Keyword(TextTest),
    /// The expression matches anywhere in the event.
    KeywordRegex(Regex),
}

/// A test on a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Test<F = FieldRef> {
    /// The field.
    pub field: F,
    /// What holds of it.
    pub op: Op<F>,
    /// Where it was written.
    pub span: Span,
}

/// What may hold of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Op<F = FieldRef> {
    /// Text, compared with simple Unicode case folding unless `cased`.
    Text {
        /// How.
        test: TextTest,
        /// Whether case counts.
        cased: bool,
    },
    /// A number, compared as a number.
    Number {
        /// How.
        cmp: Cmp,
        /// With what.
        value: f64,
    },
    /// A boolean.
    Boolean(bool),
    /// A regular expression, unanchored.
    Regex(Regex),
    /// An address within a network; false for what is no address.
    Cidr(IpNet),
    /// Present, even if empty.
    Exists,
    /// Missing or null.
    Null,
    /// Compared with another field of the same event; false if either is missing.
    Field {
        /// How.
        cmp: TextCmp,
        /// With which.
        other: F,
        /// Whether case counts.
        cased: bool,
    },
    /// Text that is equal to an entry of a list that the platform keeps.
    Listed {
        /// Which list.
        list: Arc<List>,
        /// Whether case counts.
        cased: bool,
    },
    /// A part of a timestamp (UTC), compared as a number.
    TimePart {
        /// Which part.
        part: TimePart,
        /// How.
        cmp: Cmp,
        /// With what.
        value: i64,
    },
}

/// A list that platforms keep and queries ask when they run: a lookup of Splunk, a watchlist of
/// Sentinel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// What rules call it.
    pub name: String,
    /// Its column with the values.
    pub column: String,
    /// What it is called where it is kept, by the name of the platform.
    pub kept: BTreeMap<String, String>,
    /// Whether a platform that compares its entries by itself does so in any case.
    pub folds: bool,
    /// Its values, if they are known here, too.
    pub values: Option<Vec<String>>,
}

impl List {
    /// The list as one platform keeps it.
    #[must_use]
    pub fn on(&self, platform: &str) -> Self {
        let kept = self.kept.get_key_value(platform);
        let kept = kept.map(|(name, table)| (name.clone(), table.clone())).into_iter().collect();
        Self { kept, ..self.clone() }
    }

    /// What it is called where it is kept, of one platform.
    #[must_use]
    pub fn table(&self) -> &str {
        self.kept.values().next().map(String::as_str).unwrap_or_default()
    }
}

/// A comparison of text with a constant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// Equal to it; `""` is the empty text.
    Equals(String),
    /// Begins with it.
    StartsWith(String),
    /// Ends with it.
    EndsWith(String),
    /// Holds it.
    Contains(String),
    /// The whole text fits a pattern that none of the above can say. Never two `Any` in a row.
    Like(Vec<Part>),
}

impl TextTest {
    /// Whether every text passes, even the empty one.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        match self {
            Self::Equals(_) => false,
            Self::StartsWith(text) | Self::EndsWith(text) | Self::Contains(text) => text.is_empty(),
            Self::Like(parts) => matches!(parts.as_slice(), [Part::Any]),
        }
    }

    /// The pattern that it stands for; empty literals are left out.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let literal = |text: &str| (!text.is_empty()).then(|| Part::Literal(text.to_owned()));
        match self {
            Self::Equals(text) => literal(text).into_iter().collect(),
            Self::StartsWith(text) => literal(text).into_iter().chain([Part::Any]).collect(),
            Self::EndsWith(text) => [Part::Any].into_iter().chain(literal(text)).collect(),
            Self::Contains(text) => match literal(text) {
                Some(literal) => vec![Part::Any, literal, Part::Any],
                None => vec![Part::Any],
            },
            Self::Like(parts) => parts.clone(),
        }
    }
}

/// A part of a [`TextTest::Like`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// This text.
    Literal(String),
    /// `*`: any text, even none, line breaks included.
    Any,
    /// `?`: any one character.
    One,
}

/// How text compares with the text of another field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextCmp {
    /// Equal.
    Equals,
    /// Begins with it.
    StartsWith,
    /// Ends with it.
    EndsWith,
    /// Holds it.
    Contains,
}

/// A regular expression that the `regex` crate accepts (no look-around, no back-references); its
/// classes and word boundaries are those of ASCII ([`Regex::ascii`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Regex {
    /// The expression as written.
    pub pattern: String,
    /// `i`: case does not count.
    pub ignore_case: bool,
    /// `m`: `^` and `$` match at lines.
    pub multiline: bool,
    /// `s`: `.` matches line breaks.
    pub dotall: bool,
}

/// A part of a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimePart {
    /// 0–59.
    Minute,
    /// 0–23.
    Hour,
    /// Day of the month, 1–31.
    Day,
    /// ISO week, 1–53.
    Week,
    /// 1–12.
    Month,
    /// Such as 2026.
    Year,
}

impl<F> Predicate<F> {
    /// Holds of every event.
    #[must_use]
    pub fn always() -> Self {
        Self::All(Vec::new())
    }

    /// Whether it is trivially true.
    #[must_use]
    pub fn is_always(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }

    /// Whether it is trivially false.
    #[must_use]
    pub fn is_never(&self) -> bool {
        matches!(self, Self::Any(parts) if parts.is_empty())
    }

    /// The conjunction, flattened.
    #[must_use]
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts = parts.into_iter();
        let mut flat = Vec::with_capacity(parts.size_hint().0);
        for part in parts {
            if let Self::All(inner) = part {
                flat.extend(inner);
            } else {
                flat.push(part);
            }
        }
        only(flat).unwrap_or_else(Self::All)
    }

    /// The disjunction, flattened.
    #[must_use]
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts = parts.into_iter();
        let mut flat = Vec::with_capacity(parts.size_hint().0);
        for part in parts {
            if let Self::Any(inner) = part {
                flat.extend(inner);
            } else {
                flat.push(part);
            }
        }
        only(flat).unwrap_or_else(Self::Any)
    }

    /// The negation; of a negation, what was negated.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            part @ (Self::All(_)
            | Self::Any(_)
            | Self::Test(_)
            | Self::Keyword(_)
            | Self::KeywordRegex(_)) => Self::Not(Box::new(part)),
        }
    }

    /// Calls `visit` with every test, in order.
    pub fn tests<'a>(&'a self, visit: &mut impl FnMut(&'a Test<F>)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.tests(visit));
            }
            Self::Not(inner) => inner.tests(visit),
            Self::Test(test) => visit(test),
            Self::Keyword(_) | Self::KeywordRegex(_) => {}
        }
    }
}

/// The only part, or all of them.
fn only<T>(mut parts: Vec<T>) -> Result<T, Vec<T>> {
    if parts.len() != 1 {
        return Err(parts);
    }
    parts.pop().ok_or(parts)
}
