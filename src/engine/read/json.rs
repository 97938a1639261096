//! JSON values of events, flattened: nested names are joined with dots.
//!
//! `{"a": {"b": 1}, "c": [1, {"d": 2}]}` → `a.b = 1`, `c = [1]`, `c.d = [2]`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::engine::event::Value;

/// A JSON value; objects keep their order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    /// Anything but lists and objects.
    Scalar(Value),
    /// A list.
    List(Vec<Json>),
    /// An object; a key that stands twice is in it twice.
    Object(Object),
}

/// An object's entries.
pub(super) type Object = Vec<(String, Json)>;

impl Json {
    /// Nothing.
    pub(super) const NULL: Self = Self::Scalar(Value::Null);

    /// Whether it is one field: no object, and no list that holds one.
    pub(super) fn is_flat(&self) -> bool {
        match self {
            Self::Scalar(_) => true,
            Self::List(elements) => elements.iter().all(Self::is_flat),
            Self::Object(_) => false,
        }
    }

    /// It as one value; objects within it are left out.
    pub(super) fn plain(self) -> Value {
        match self {
            Self::Scalar(value) => value,
            Self::List(elements) => Value::List(elements.into_iter().map(Self::plain).collect()),
            Self::Object(_) => Value::Null,
        }
    }

    /// The value of a key of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => get(entries, key),
            Self::Scalar(_) | Self::List(_) => None,
        }
    }

    /// A scalar.
    pub(super) fn scalar(&self) -> Option<&Value> {
        match self {
            Self::Scalar(value) => Some(value),
            Self::List(_) | Self::Object(_) => None,
        }
    }

    /// A scalar's text.
    pub(super) fn text(&self) -> Option<String> {
        self.scalar().and_then(Value::text).map(std::borrow::Cow::into_owned)
    }
}

/// The value of a key; of a key that stands twice, the last.
pub(super) fn get<'j>(entries: &'j [(String, Json)], key: &str) -> Option<&'j Json> {
    entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// Adds a value's fields under a name. The JSON parser bounds the depth.
pub(super) fn flatten(name: String, json: Json, fields: &mut Vec<(String, Value)>) {
    match json {
        Json::Scalar(value) => fields.push((name, value)),
        Json::Object(entries) => {
            for (key, value) in entries {
                flatten(joined(&name, &key), value, fields);
            }
        }
        Json::List(elements) => {
            let (objects, values): (Vec<_>, Vec<_>) =
                elements.into_iter().partition(|element| matches!(element, Json::Object(_)));
            let has_objects = !objects.is_empty();
            if !has_objects || !values.is_empty() {
                fields.push((
                    name.clone(),
                    Value::List(values.into_iter().map(Json::plain).collect()),
                ));
            }
            columns(&name, objects, fields);
        }
    }
}

/// A name within another.
pub(super) fn joined(outer: &str, inner: &str) -> String {
    if outer.is_empty() { inner.to_owned() } else { format!("{outer}.{inner}") }
}

/// The fields of a list of objects: each with the values of all objects.
fn columns(name: &str, objects: Vec<Json>, fields: &mut Vec<(String, Value)>) {
    let mut found: Vec<(String, Value)> = Vec::new();
    for object in objects {
        flatten(name.to_owned(), object, &mut found);
    }
    let mut columns: indexmap::IndexMap<String, Vec<Value>> = indexmap::IndexMap::new();
    for (name, value) in found {
        columns.entry(name).or_default().push(value);
    }
    fields.extend(columns.into_iter().map(|(name, values)| (name, Value::List(values))));
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Boolean(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Integer(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Real(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Text(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Json::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_names_are_joined_and_lists_of_objects_become_columns() {
        let json = r#"{"a": {"b": 1}, "c": [1, {"d": 2}, {"d": 3}], "e": [], "f": null}"#;
        let mut fields = Vec::new();
        flatten(String::new(), serde_json::from_str(json).unwrap(), &mut fields);
        let number = |number| Value::Integer(number);
        let list = Value::List;
        let expected = [
            ("a.b", number(1)),
            ("c", list(vec![number(1)])),
            ("c.d", list(vec![number(2), number(3)])),
            ("e", list(vec![])),
            ("f", Value::Null),
        ];
        assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value)));
    }
}
