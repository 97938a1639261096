//! An event: named values, a time, the log sources it belongs to and where it was read.
//!
//! Fields are looked up by the taxonomy's name. Nested objects are flattened with dots by the
//! readers, so `{"id": {"orig_h": "10.0.0.1"}}` and `{"id.orig_h": "10.0.0.1"}` are one event. One
//! event may belong to several log sources, and a log source may call a field by another name than
//! the event does: Security 4688 is `windows/process_creation`, too, where `Image` is its
//! `NewProcessName`.

use std::borrow::Cow;
use std::sync::Arc;

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Present, but nothing.
    Null,
    /// Text, maybe empty.
    Text(String),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Real(f64),
    /// True or false.
    Boolean(bool),
    /// Several values.
    List(Vec<Value>),
}

impl Value {
    /// Calls `visit` with every value that is neither null nor a list, in order.
    pub fn scalars<'v>(&'v self, visit: &mut impl FnMut(&'v Self)) {
        match self {
            Self::Null => {}
            Self::List(values) => values.iter().for_each(|value| value.scalars(visit)),
            Self::Text(_) | Self::Integer(_) | Self::Real(_) | Self::Boolean(_) => visit(self),
        }
    }

    /// A scalar as text; `None` for null and lists.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null | Self::List(_) => None,
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Integer(number) => Some(Cow::Owned(number.to_string())),
            Self::Real(number) => Some(Cow::Owned(number.to_string())),
            Self::Boolean(true) => Some(Cow::Borrowed("true")),
            Self::Boolean(false) => Some(Cow::Borrowed("false")),
        }
    }

    /// A scalar as a number: numbers, and text that spells a decimal number.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "numbers compare as 64-bit floats")]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            Self::Text(text) => decimal(text),
            Self::Null | Self::Boolean(_) | Self::List(_) => None,
        }
    }

    /// A scalar as a boolean: booleans, and `true` or `false` in any case.
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Self::Text(_) | Self::Null | Self::Integer(_) | Self::Real(_) | Self::List(_) => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A name of the taxonomy and the event's own name for it.
pub type Rename = (&'static str, &'static str);

/// A log source that an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belongs {
    /// Its key in the taxonomy, such as `windows/registry_set`.
    pub logsource: Cow<'static, str>,
    /// What the event calls the log source's fields where the names differ.
    pub renames: &'static [Rename],
}

impl Belongs {
    /// A log source whose fields the event calls by the taxonomy's names.
    #[must_use]
    pub fn new(logsource: impl Into<Cow<'static, str>>) -> Self {
        Self { logsource: logsource.into(), renames: &[] }
    }
}

/// Where an event was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The file's name as the user gave it.
    pub file: Arc<str>,
    /// The line it begins at, from 1; of an EVTX file, the number of the record.
    pub line: u64,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Milliseconds since 1970 (UTC); `None` if the event has no time that can be read.
    pub time: Option<i64>,
    /// The log sources it belongs to.
    pub belongs: Arc<[Belongs]>,
    /// Where it was read.
    pub origin: Origin,
    /// The names of its fields; events of one kind share them.
    names: Names,
    /// The values, in the order of the names.
    values: Vec<Value>,
}

/// Names of fields. INVARIANT: sorted, none twice.
pub(super) type Names = Arc<[Box<str>]>;

impl Event {
    /// An event of these fields; of fields with the same name the first counts.
    #[must_use]
    pub fn new(origin: Origin, mut fields: Vec<(String, Value)>) -> Self {
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        fields.dedup_by(|(later, _), (first, _)| later == first);
        let (names, values): (Vec<_>, Vec<_>) =
            fields.into_iter().map(|(name, value)| (name.into_boxed_str(), value)).unzip();
        Self::of(origin, names.into(), values)
    }

    /// An event of a kind that is known; one value per name.
    pub(super) fn of(origin: Origin, names: Names, values: Vec<Value>) -> Self {
        Self { time: None, belongs: Arc::new([]), origin, names, values }
    }

    /// The names of its fields.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The value of a field by the event's own name for it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.field(&[], name)
    }

    /// The value of a field by its name in a log source.
    #[must_use]
    pub fn field(&self, renames: &[Rename], name: &str) -> Option<&Value> {
        self.at(self.place(renames, name)?)
    }

    /// The place of a field by its name in a log source.
    pub(super) fn place(&self, renames: &[Rename], name: &str) -> Option<usize> {
        let own = renames.iter().find(|(taxonomy, _)| *taxonomy == name);
        let name = own.map_or(name, |(_, own)| own);
        self.names.binary_search_by(|field| field.as_ref().cmp(name)).ok()
    }

    /// The value at a place.
    pub(super) fn at(&self, place: usize) -> Option<&Value> {
        self.values.get(place)
    }

    /// All fields, by name.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.names.iter().map(AsRef::as_ref).zip(&self.values)
    }
}

/// The number that a text spells in decimal notation (`-1`, `2.5`, `1e3`), and nothing else.
fn decimal(text: &str) -> Option<f64> {
    let spelled =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    if text.bytes().all(spelled) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(fields: &[(&str, Value)]) -> Event {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Event::new(Origin { file: "e".into(), line: 1 }, fields.collect())
    }

    #[test]
    fn fields_are_found_by_either_name() {
        let event = event(&[("NewProcessName", "a.exe".into()), ("B", Value::Null)]);
        assert_eq!(event.field(&[("Image", "NewProcessName")], "Image"), Some(&"a.exe".into()));
        assert_eq!(event.field(&[], "Image"), None);
        assert_eq!(event.get("B"), Some(&Value::Null));
    }

    #[test]
    fn the_first_of_two_fields_counts() {
        let event = event(&[("A", "1".into()), ("A", "2".into())]);
        assert_eq!(event.get("A"), Some(&"1".into()));
        assert_eq!(event.fields().count(), 1);
    }

    #[test]
    fn only_decimal_text_is_a_number() {
        for (text, number) in [("4624", Some(4624.0)), ("-1.5", Some(-1.5)), ("1e3", Some(1000.0))]
        {
            assert_eq!(Value::from(text).number(), number, "{text}");
        }
        for text in ["", "0x10", "inf", "NaN", " 1", "1 ", "+", "1_000"] {
            assert_eq!(Value::from(text).number(), None, "{text}");
        }
    }

    #[test]
    fn booleans_come_in_three_spellings() {
        for value in [Value::Boolean(true), "true".into(), "True".into()] {
            assert_eq!(value.boolean(), Some(true));
        }
        assert_eq!(Value::Integer(1).boolean(), None);
    }

    #[test]
    fn nested_lists_are_flattened_and_nulls_left_out() {
        let list = Value::List(vec![Value::Null, "a".into(), Value::List(vec!["b".into()])]);
        let mut seen = Vec::new();
        list.scalars(&mut |value| seen.push(value.text().unwrap().into_owned()));
        assert_eq!(seen, ["a", "b"]);
    }
}
