//! `<UserData>` of logs that keep their data in attributes → fields with the names of the taxonomy.
//!
//! CAPI2's `{WinVerifyTrust: {FileInfo: {#attributes: {filePath: 'C:\a.exe'}}}}` → `FilePath`; the certificates'
//! life cycle is `CertNotificationData`. Other providers write elements with texts, which need no names here.

use crate::engine::event::Value;

use super::json::Json;

/// Elements that are read so: those below a provider's own one.
const ROOTS: [&str; 2] = ["WinVerifyTrust", "CertNotificationData"];
/// Elements whose contents say something else under the same names.
const OTHERS: [&str; 3] = ["StepError", "SignerInfo", "TimestampInfo"];
/// Elements nest at most so deep.
const DEPTH: usize = 8;

/// An element, its attribute (none for its text), and what the field is called.
const NAMES: &[(&str, Option<&str>, &str)] = &[
    ("ActionID", None, "ActionId"),
    ("CertNotificationData", Some("AccountName"), "AccountName"),
    ("CertNotificationData", Some("Action"), "Action"),
    ("CertNotificationData", Some("Context"), "Context"),
    ("CertNotificationData", Some("ProcessName"), "ProcessName"),
    ("CertificateDetails", Some("Thumbprint"), "Thumbprint"),
    ("DigestInfo", Some("digest"), "FileHash"),
    ("EKU", Some("OID"), "EKUs"),
    ("EventAuxInfo", Some("ProcessName"), "ProcessName"),
    ("FileInfo", Some("filePath"), "FilePath"),
    ("NotValidAfter", None, "NotValidAfter"),
    ("Result", Some("value"), "Result"),
    ("Result", None, "ResultText"),
    ("SubjectName", None, "SubjectNames"),
];

/// The fields of an element of `UserData`; `None` if it is not one of those that are read so.
pub(super) fn fields(element: &str, part: &Json) -> Option<Vec<(String, Value)>> {
    let mut fields = Vec::new();
    ROOTS.contains(&element).then(|| gather(element, part, DEPTH, &mut fields))?;
    Some(fields)
}

fn gather(element: &str, part: &Json, depth: usize, fields: &mut Vec<(String, Value)>) {
    if depth == 0 || OTHERS.contains(&element) {
        return;
    }
    match part {
        Json::Scalar(value) => add(element, None, value, fields),
        Json::List(parts) => {
            parts.iter().for_each(|part| gather(element, part, depth - 1, fields));
        }
        Json::Object(entries) => {
            for (name, inner) in entries {
                match (name.as_str(), inner) {
                    ("#attributes", Json::Object(attributes)) => {
                        for (name, value) in attributes {
                            attribute(element, name, value, fields);
                        }
                    }
                    ("#text", Json::Scalar(value)) => add(element, None, value, fields),
                    (name, inner) => match name.strip_prefix('@') {
                        Some(name) => attribute(element, name, inner, fields),
                        None => gather(name, inner, depth - 1, fields),
                    },
                }
            }
        }
    }
}

fn attribute(element: &str, name: &str, value: &Json, fields: &mut Vec<(String, Value)>) {
    if let Json::Scalar(value) = value {
        add(element, Some(name), value, fields);
    }
}

/// Adds a value under its name, where it has one; to those that are there already.
fn add(element: &str, attribute: Option<&str>, value: &Value, fields: &mut Vec<(String, Value)>) {
    let known = NAMES.iter().find(|(of, by, _)| *of == element && *by == attribute);
    let Some((_, _, name)) = known else { return };
    match fields.iter_mut().find(|(field, _)| field == name) {
        None => fields.push(((*name).to_owned(), value.clone())),
        Some((_, Value::List(values))) => values.push(value.clone()),
        Some((_, held)) => *held = Value::List(vec![held.clone(), value.clone()]),
    }
}
