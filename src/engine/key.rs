//! Keys: values in canonical form, so that equal things have equal keys.
//!
//! `{0F0C7BD2-…}` and `0f0c7bd2-…` are one GUID, `::ffff:0:1` and `::FFFF:0:1` one address, `80`
//! and `"80"` one port. Transforms come first: `basename('C:\a\b.exe')` → `b.exe`.

use std::net::IpAddr;

use crate::ir::{FieldRef, Transform};
use crate::taxonomy::Type;

use super::event::{Event, Rename, Value};
use super::fold::fold;

/// A key: one value per part.
pub type KeyValues = Vec<String>;

/// The values of a part of a key in an event, canonical and without repetitions; none if the field
/// is missing, null or empty.
#[must_use]
pub fn key_values(
    event: &Event,
    renames: &[Rename],
    field: &FieldRef,
    transform: Transform,
) -> Vec<String> {
    let mut values = Vec::new();
    let mut take = |value: &Value| {
        let text = value.text().and_then(|text| transformed(transform, &text));
        let text = text.map(|text| canonical(field.ty.element(), &text));
        if let Some(text) = text.filter(|text| !text.is_empty() && !values.contains(text)) {
            values.push(text);
        }
    };
    if let Some(value) = event.field(renames, &field.name) {
        value.scalars(&mut take);
    }
    values
}

/// A value's text in the canonical form of its type.
#[must_use]
pub fn canonical(ty: &Type, text: &str) -> String {
    match ty {
        Type::Guid => text.trim_start_matches('{').trim_end_matches('}').to_ascii_lowercase(),
        Type::Hash(_) | Type::Fingerprint(_) | Type::Spki => hex(text),
        Type::Ip => text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |ip| ip.to_string()),
        Type::Integer | Type::Port | Type::Duration => whole(text),
        Type::Boolean => text.to_ascii_lowercase(),
        Type::List(of) => canonical(of, text),
        Type::Text
        | Type::Path
        | Type::Command
        | Type::RegistryPath
        | Type::Mac
        | Type::Hashes
        | Type::Serial
        | Type::Dn
        | Type::Sid
        | Type::Domain
        | Type::Url
        | Type::Timestamp
        | Type::Enum
        | Type::SignatureState => text.to_owned(),
    }
}

/// The text after a transform; `None` where there is nothing to take (no forty digits in a row).
fn transformed(transform: Transform, text: &str) -> Option<String> {
    Some(match transform {
        Transform::None => text.to_owned(),
        Transform::Lower => fold(text),
        Transform::Basename => text.rsplit(['\\', '/']).next().unwrap_or(text).to_owned(),
        Transform::Dirname => {
            text.rfind(['\\', '/']).and_then(|at| text.get(..at)).unwrap_or_default().to_owned()
        }
        Transform::Unquote => unquoted(text).to_owned(),
        Transform::Hex40 => hex40(text)?,
        Transform::Hostname => fold(text.split('.').next().unwrap_or(text)),
    })
}

/// The program of a command line: what its first pair of quotes holds, else its first word; as
/// Windows does it, words end at spaces and tabs.
fn unquoted(text: &str) -> &str {
    let blank = [' ', '\t'];
    let text = text.trim_start_matches(blank);
    match text.strip_prefix('"') {
        Some(rest) => rest.split('"').next().unwrap_or(rest),
        None => text.split(blank).next().unwrap_or(text),
    }
}

/// The first run of exactly forty hexadecimal digits, in lower case.
fn hex40(text: &str) -> Option<String> {
    text.split(|char: char| !char.is_ascii_hexdigit())
        .find(|run| run.len() == 40)
        .map(str::to_ascii_lowercase)
}

fn hex(text: &str) -> String {
    text.chars().filter(|char| !matches!(char, ':' | ' ')).collect::<String>().to_ascii_lowercase()
}

/// A whole number of any length without a plus, leading zeros and a fraction that says nothing.
fn whole(text: &str) -> String {
    let fraction = text.split_once('.').filter(|(_, after)| after.bytes().all(|b| b == b'0'));
    let number = fraction.map_or(text, |(before, _)| before);
    let (minus, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number.strip_prefix('+').unwrap_or(number)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => format!("{minus}{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::Origin;
    use crate::taxonomy::Hash;

    fn values(value: Value, ty: Type, transform: Transform) -> Vec<String> {
        let origin = Origin { file: "e".into(), line: 1 };
        let event = Event::new(origin, vec![("f".to_owned(), value)]);
        key_values(&event, &[], &FieldRef { name: "f".to_owned(), ty }, transform)
    }

    #[test]
    fn typed_values_have_one_spelling() {
        for (ty, text, key) in [
            (Type::Guid, "{0F0C7BD2-7B0A}", "0f0c7bd2-7b0a"),
            (Type::Hash(Hash::Sha1), "AB:CD ef", "abcdef"),
            (Type::Ip, "2001:DB8:0:0::1", "2001:db8::1"),
            (Type::Ip, "10.0.0.1", "10.0.0.1"),
            (Type::Ip, "none", "none"),
            (Type::Port, "080", "80"),
            (Type::Integer, "80.0", "80"),
            (Type::Integer, "+007", "7"),
            (Type::Integer, "-00.", "0"),
            (Type::Integer, "-1", "-1"),
            (Type::Integer, "+-1", "+-1"),
            (Type::Integer, ".0", ".0"),
            (Type::Integer, "0x50", "0x50"),
            (Type::Boolean, "True", "true"),
            (Type::Text, "A", "A"),
        ] {
            assert_eq!(values(text.into(), ty, Transform::None), [key]);
        }
        assert_eq!(values(Value::Integer(80), Type::Port, Transform::None), ["80"]);
    }

    #[test]
    fn transforms_take_their_part() {
        let hex = "A0".repeat(20);
        for (transform, text, key) in [
            (Transform::Lower, "ÄB", "äb"),
            (Transform::Basename, r"C:\a\b.exe", "b.exe"),
            (Transform::Basename, "b.exe", "b.exe"),
            (Transform::Dirname, "/a/b", "/a"),
            (Transform::Unquote, r#""C:\P F\a.exe" -x"#, r"C:\P F\a.exe"),
            (Transform::Unquote, r"C:\a.exe -x", r"C:\a.exe"),
            (Transform::Hex40, &format!(r"ROOT\Certificates\{hex}\Blob"), &hex.to_lowercase()),
            (Transform::Hostname, "WS01.corp.example", "ws01"),
        ] {
            assert_eq!(values(text.into(), Type::Text, transform), [key]);
        }
        assert!(values("A0A0".into(), Type::Text, Transform::Hex40).is_empty());
    }

    #[test]
    fn missing_null_and_empty_values_are_no_keys() {
        for value in [Value::Null, "".into(), Value::List(vec![Value::Null, "".into()])] {
            assert!(values(value, Type::Text, Transform::None).is_empty());
        }
    }

    #[test]
    fn several_values_are_several_keys_without_repetitions() {
        let list = Value::List(vec!["a".into(), "b".into(), "a".into()]);
        assert_eq!(values(list, Type::Text, Transform::None), ["a", "b"]);
    }
}
