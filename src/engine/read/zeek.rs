//! Zeek's tab-separated logs.
//!
//! The header names the separators, the log (`#path`), the fields and their types; a line then
//! holds one value per field. `-` is a missing value, `(empty)` an empty one, `a,b` a set.

use crate::engine::event::{Rename, Value};

/// Names that Sigma's rules have for fields of Zeek's `http.log` since before there was a Zeek.
const HTTP: &[Rename] = &[("c-uri", "uri"), ("c-useragent", "user_agent")];

/// What the events of a log source call its fields where the names differ.
pub(super) fn renames(logsource: &str) -> &'static [Rename] {
    if logsource == "zeek/service:http" { HTTP } else { &[] }
}

/// What the header says; Zeek's defaults until it says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    separator: String,
    set_separator: String,
    empty: String,
    unset: String,
    /// The log, such as `ssl`.
    pub path: Option<String>,
    fields: Vec<String>,
    types: Vec<String>,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            separator: "\t".to_owned(),
            set_separator: ",".to_owned(),
            empty: "(empty)".to_owned(),
            unset: "-".to_owned(),
            path: None,
            fields: Vec::new(),
            types: Vec::new(),
        }
    }
}

impl Header {
    /// Takes a line that begins with `#`.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(separator) = line.strip_prefix("#separator ") {
            self.separator = unescaped(separator);
            return;
        }
        let mut parts = line.split(self.separator.as_str());
        let (key, mut rest) = (parts.next(), parts.map(str::to_owned));
        match key {
            Some("#set_separator") => self.set_separator = rest.next().unwrap_or_default(),
            Some("#empty_field") => self.empty = rest.next().unwrap_or_default(),
            Some("#unset_field") => self.unset = rest.next().unwrap_or_default(),
            Some("#path") => self.path = rest.next(),
            Some("#fields") => self.fields = rest.collect(),
            Some("#types") => self.types = rest.collect(),
            _ => {}
        }
    }

    /// The fields of a line; `None` if it has not one value per field.
    pub(super) fn fields(&self, line: &str) -> Option<Vec<(String, Value)>> {
        let values: Vec<&str> = line.split(self.separator.as_str()).collect();
        if self.fields.is_empty() || values.len() != self.fields.len() {
            return None;
        }
        let types = self.types.iter().map(String::as_str).chain(std::iter::repeat("string"));
        let typed = self.fields.iter().zip(types).zip(values);
        Some(typed.map(|((name, ty), value)| (name.clone(), self.value(ty, value))).collect())
    }

    fn value(&self, ty: &str, text: &str) -> Value {
        if text == self.unset {
            return Value::Null;
        }
        let element = ["set[", "vector["].iter().find_map(|of| ty.strip_prefix(of));
        match element.and_then(|element| element.strip_suffix(']')) {
            Some(_) if text == self.empty => Value::List(Vec::new()),
            Some(element) => {
                let elements = text.split(self.set_separator.as_str());
                Value::List(elements.map(|text| self.value(element, text)).collect())
            }
            None if text == self.empty => Value::Text(String::new()),
            None => scalar(ty, text),
        }
    }
}

fn scalar(ty: &str, text: &str) -> Value {
    let plain = || Value::Text(unescaped(text));
    match ty {
        "bool" if text == "T" => Value::Boolean(true),
        "bool" if text == "F" => Value::Boolean(false),
        "count" | "int" | "port" => text.parse().map_or_else(|_| plain(), Value::Integer),
        "double" | "interval" | "time" => text.parse().map_or_else(|_| plain(), Value::Real),
        _ => plain(),
    }
}

/// A text whose `\x09` are characters.
fn unescaped(text: &str) -> String {
    let mut pieces = text.split("\\x");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let code = piece.split_at_checked(2).and_then(|(code, rest)| {
            let code = u8::from_str_radix(code, 16).ok().filter(u8::is_ascii)?;
            Some((char::from(code), rest))
        });
        match code {
            Some((char, rest)) => {
                plain.push(char);
                plain.push_str(rest);
            }
            None => {
                plain.push_str("\\x");
                plain.push_str(piece);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_by_the_header() {
        let mut header = Header::default();
        for line in [
            r"#separator \x09",
            "#set_separator\t,",
            "#path\tssl",
            "#fields\tts\tid.resp_p\tserver_name\tresumed\tsans\tnone",
            "#types\ttime\tport\tstring\tbool\tset[string]\tstring",
        ] {
            header.line(line);
        }
        assert_eq!(header.path.as_deref(), Some("ssl"));
        let fields = header.fields("1.5\t443\ta\\x09b\tT\tx,y\t-").unwrap();
        let values: Vec<Value> = fields.into_iter().map(|(_, value)| value).collect();
        let expected = [
            Value::Real(1.5),
            Value::Integer(443),
            "a\tb".into(),
            Value::Boolean(true),
            Value::List(vec!["x".into(), "y".into()]),
            Value::Null,
        ];
        assert_eq!(values, expected);
        assert_eq!(header.fields("1.5\t443"), None);
    }
}
