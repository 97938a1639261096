//! A sample event, as a platform stores it → what the platform's mappings find in it.
//!
//! An event of `DeviceImageLoadEvents` with `FolderPath` → of log source `windows/image_load`, in which
//! `ImageLoaded` is seen. Values are looked at only as far as needed to see whether they are there and
//! of the type that the platform says; what a rule makes of them is the business of queries.

use regex::Regex;
use serde_json::Value;

use super::{Column, ColumnType, Condition, Member, Place, Platform, Scalar};

/// An event as it is stored.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The table or index that it is of, if that is known.
    pub table: Option<String>,
    /// Its columns; those of objects are called `object.member`, too.
    pub columns: Value,
}

/// A column whose value is of another type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// The column.
    pub column: Column,
    /// What the event holds instead, in words.
    pub holds: String,
}

impl Sample {
    /// The value of a column; `null` is none.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&Value> {
        below(&self.columns, column).filter(|value| !value.is_null())
    }

    /// Whether the event is one of the place.
    #[must_use]
    pub fn is_at(&self, place: &Place) -> bool {
        let of_table = match &self.table {
            Some(table) if !place.table.is_empty() => fits(&place.table, table),
            Some(_) | None => true,
        };
        of_table && place.conditions.iter().all(|condition| self.satisfies(condition))
    }

    /// Whether it is a row of the table that tells more about events of the place.
    #[must_use]
    pub fn tells_of(&self, place: &Place) -> bool {
        let table = self.table.as_ref();
        place.lookup.as_ref().zip(table).is_some_and(|(lookup, table)| fits(&lookup.table, table))
    }

    /// Whether the event has a value for the expression.
    #[must_use]
    pub fn holds(&self, value: &Scalar) -> bool {
        match value {
            Scalar::Column(column) => self.get(&column.name).is_some_and(|value| !is_empty(value)),
            Scalar::Constant(_) => true,
            Scalar::Join(parts) => parts.iter().all(|part| self.holds(part)),
            Scalar::Default(..) => true,
            Scalar::Rewrite(inner, _)
            | Scalar::Hex(inner, _)
            | Scalar::Spelt(inner, _)
            | Scalar::Without(inner, _) => self.holds(inner),
            Scalar::Case(cases) => cases
                .iter()
                .find(|(conditions, _)| conditions.iter().all(|one| self.satisfies(one)))
                .is_some_and(|(_, value)| self.holds(value)),
            Scalar::Member(column, Member::Json(path)) => self.member(&column.name, path),
            Scalar::Member(column, member @ (Member::Data(_) | Member::Attribute(..))) => {
                let fits = |text: &str| {
                    let pattern = member.pattern().and_then(|pattern| Regex::new(&pattern).ok());
                    pattern.is_some_and(|pattern| pattern.is_match(text))
                };
                self.get(&column.name).and_then(Value::as_str).is_some_and(fits)
            }
        }
    }

    /// Columns of the expression that hold values of another type.
    #[must_use]
    pub fn differing(&self, value: &Scalar) -> Vec<Differing> {
        let columns = value.read().into_iter();
        let differs = |column: &Column| {
            let holds = differs(self.get(&column.name)?, column)?;
            Some(Differing { column: column.clone(), holds })
        };
        columns.filter_map(differs).collect()
    }

    fn member(&self, column: &str, path: &[String]) -> bool {
        let there = |object: &Value| {
            let mut names = path.iter();
            let value = names.try_fold(object, |object, name| below(object, name));
            value.is_some_and(|value| !is_empty(value))
        };
        match self.get(column) {
            Some(Value::String(text)) => {
                serde_json::from_str::<Value>(text).is_ok_and(|object| there(&object))
            }
            Some(object) => there(object),
            None => false,
        }
    }

    fn satisfies(&self, condition: &Condition) -> bool {
        let value = self.get(&condition.column.name);
        let equal = |one: &Value, text: &String| fits(text, &shown(one));
        let any = match value {
            None => condition.any_of.iter().any(String::is_empty),
            Some(Value::Array(items)) => {
                condition.any_of.iter().any(|text| items.iter().any(|item| equal(item, text)))
            }
            Some(value) => condition.any_of.iter().any(|text| equal(value, text)),
        };
        any != condition.negated
    }
}

impl Platform {
    /// The fields of log sources that the event, a row of a table that is looked up, has a value for.
    #[must_use]
    pub fn told_by<'a>(&'a self, sample: &Sample) -> Vec<(&'a str, &'a str)> {
        let mut told = Vec::new();
        for logsource in self.logsources() {
            let places = self.places(logsource).iter();
            for source in places.filter(|source| sample.tells_of(&source.place)) {
                let lookup = source.place.lookup.as_ref();
                let here = source.fields.iter().filter(|(_, resolved)| {
                    resolved.is_told_by(lookup) && sample.holds(&resolved.value)
                });
                told.extend(here.map(|(field, _)| (logsource, field.as_str())));
            }
        }
        told
    }

    /// The log sources that the event is of, each with the place, an index into
    /// [`Platform::places`].
    #[must_use]
    pub fn logsources_of<'a>(&'a self, sample: &Sample) -> Vec<(&'a str, usize)> {
        let at = |logsource: &'a str| {
            let places = self.places(logsource).iter().enumerate();
            let here: Vec<_> = places
                .filter(|(_, source)| sample.is_at(&source.place))
                .map(|(index, _)| (logsource, index))
                .collect();
            here
        };
        self.logsources().flat_map(at).collect()
    }
}

/// A member of an object: by its whole name, or name by name.
fn below<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    if let Some(value) = object.get(name) {
        return Some(value);
    }
    let dots = name.char_indices().filter(|(_, c)| *c == '.');
    dots.into_iter().find_map(|(dot, _)| {
        let (first, rest) = name.split_at_checked(dot)?;
        below(object.get(first)?, rest.strip_prefix('.')?)
    })
}

/// Whether a text, in which `*` stands for anything, is this one; case does not count.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// What a value is, if it is not what the column says.
fn differs(value: &Value, column: &Column) -> Option<String> {
    let list = value.as_array().filter(|_| column.ty != ColumnType::Dynamic);
    if list.is_some_and(|items| !column.multi && items.len() > 1) {
        return Some("a list".to_owned());
    }
    let one = std::slice::from_ref(value);
    let values = list.map_or(one, Vec::as_slice).iter();
    let odd = values.filter(|value| !is_empty(value)).find(|value| !is_of(value, column.ty))?;
    Some(match odd {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(_) => format!("the number {odd}"),
        Value::String(text) => format!("the text `{text}`"),
        Value::Null => "nothing".to_owned(),
    })
}

/// Whether a value can be one of the type; products write numbers and truth as texts, too.
fn is_of(value: &Value, ty: ColumnType) -> bool {
    match (ty, value) {
        (ColumnType::Text, Value::String(_) | Value::Number(_) | Value::Bool(_)) => true,
        (ColumnType::Integer, Value::Number(number)) => !number.is_f64(),
        (ColumnType::Integer, Value::String(text)) => text.parse::<i64>().is_ok(),
        (ColumnType::Real, Value::Number(_)) => true,
        (ColumnType::Real, Value::String(text)) => text.parse::<f64>().is_ok(),
        (ColumnType::Boolean, Value::Bool(_)) => true,
        (ColumnType::Boolean, Value::String(text)) => {
            ["true", "false"].contains(&text.to_lowercase().as_str())
        }
        (ColumnType::Time, Value::Number(_)) => true,
        (ColumnType::Time, Value::String(text)) => {
            text.bytes().filter(u8::is_ascii_digit).count() >= 8
        }
        (ColumnType::Ip, Value::String(text)) => text.parse::<std::net::IpAddr>().is_ok(),
        (ColumnType::Dynamic, _) => true,
        (
            ColumnType::Text
            | ColumnType::Integer
            | ColumnType::Real
            | ColumnType::Boolean
            | ColumnType::Time
            | ColumnType::Ip,
            _,
        ) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::platform::load;

    fn sample(table: &str, columns: Value) -> Sample {
        Sample { table: Some(table.to_owned()), columns }
    }

    #[test]
    fn an_event_is_of_the_log_sources_whose_conditions_it_satisfies() {
        let xdr = load("defender-xdr").unwrap();
        let event = json!({"ActionType": "ImageLoaded", "FolderPath": "C:\\a.dll"});
        let of = xdr.logsources_of(&sample("DeviceImageLoadEvents", event.clone()));
        assert_eq!(of, [("windows/image_load", 0)]);
        assert!(xdr.logsources_of(&sample("DeviceEvents", event)).is_empty());
    }

    #[test]
    fn values_are_found_in_objects_and_in_json_texts() {
        let event = sample("T", json!({"a": {"b.c": 1, "d": {"e": [2]}}, "o": "{\"m\": \"x\"}"}));
        assert_eq!(event.get("a.b.c"), Some(&json!(1)));
        assert_eq!(event.get("a.d.e"), Some(&json!([2])));
        assert_eq!(event.get("a.x"), None);
        let column = |name: &str, ty| Column { name: name.to_owned(), ty, multi: false };
        let text = column("o", ColumnType::Text);
        assert!(event.holds(&Scalar::Member(text.clone(), Member::Json(vec!["m".into()]))));
        assert!(!event.holds(&Scalar::Member(text, Member::Json(vec!["n".into()]))));
        let number = Scalar::Column(column("o", ColumnType::Integer));
        assert_eq!(event.differing(&number)[0].holds, "the text `{\"m\": \"x\"}`");
        assert_eq!(event.differing(&Scalar::Column(column("a.b.c", ColumnType::Integer))), []);
    }

    #[test]
    fn patterns_fit_whole_texts() {
        for (pattern, text, expected) in [
            ("a", "A", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c*", "abcd", true),
            ("a*d", "abc", false),
            ("", "", true),
            ("a", "ab", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
