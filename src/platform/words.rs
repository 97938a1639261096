//! Mapping expressions in words, as functions: `join(RegistryKey, '\', RegistryValueName)`.

use std::fmt::{self, Display};

use super::{Condition, Member, Scalar, Spelling};

impl Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.negated { "not " } else { "" };
        match self.any_of.as_slice() {
            [value] => write!(out, "{not}{} == '{value}'", self.column.name),
            values => write!(out, "{not}{} in ('{}')", self.column.name, values.join("', '")),
        }
    }
}

impl Display for Scalar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => out.write_str(&column.name),
            Self::Constant(text) => write!(out, "'{text}'"),
            Self::Join(parts) => write!(out, "join({})", joined(parts, ", ")),
            Self::Default(value, text) => write!(out, "default({value}, '{text}')"),
            Self::Rewrite(value, rewrites) => {
                let first = rewrites.first().map_or("", |rewrite| rewrite.pattern.as_str());
                match rewrites.len() {
                    0 | 1 => write!(out, "rewrite({value}, /{first}/)"),
                    count => write!(out, "rewrite({value}, /{first}/ and {} more)", count - 1),
                }
            }
            Self::Case(cases) => {
                let case = |(conditions, value): &(Vec<Condition>, Self)| match conditions.len() {
                    0 => format!("else {value}"),
                    _ => format!("if {} {value}", joined(conditions, " and ")),
                };
                let cases: Vec<String> = cases.iter().map(case).collect();
                write!(out, "case({})", cases.join("; "))
            }
            Self::Member(column, Member::Json(path)) => {
                write!(out, "member({}, {})", column.name, path.join(", "))
            }
            Self::Member(column, Member::Data(name)) => {
                write!(out, "data({}, {name})", column.name)
            }
            Self::Member(column, Member::Attribute(element, attribute)) => {
                write!(out, "attribute({}, {element}, {attribute})", column.name)
            }
            Self::Hex(value, digits) => write!(out, "hex({value}, {digits} digits)"),
            Self::Spelt(value, spelling) => write!(out, "{}({value})", function(*spelling)),
            Self::Without(value, texts) => {
                write!(out, "without({value}, '{}')", texts.join("', '"))
            }
        }
    }
}

/// A spelling as a function.
fn function(spelling: Spelling) -> &'static str {
    match spelling {
        Spelling::Lower => "lower",
        Spelling::Basename => "basename",
        Spelling::Dirname => "dirname",
        Spelling::Unquote => "unquote",
        Spelling::Hex40 => "hex40",
        Spelling::Hostname => "hostname",
        Spelling::Guid => "guid",
        Spelling::Digits => "digits",
        Spelling::Whole => "whole",
        Spelling::Boolean => "boolean",
    }
}

fn joined(parts: &[impl Display], separator: &str) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}
