//! Mapping expressions as values of `eval`.
//!
//! `Default(Column(User), "none")` → `coalesce(nullif(User, ""), "none")`.

use super::expression::{collect, expression, name};
use super::regex::portable;
use super::search::predicate;
use super::spelling::spelt;
use super::syntax::{Eval, string};
use crate::backend::Fragment;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Predicate, Regex};
use crate::platform::{Column, Member, Piece, Rewrite, Scalar, XML_REFERENCES};
use crate::source::Span;

/// Assignments for `eval`, in order, and the names of those that only hold intermediate values.
#[derive(Debug, Default)]
pub(super) struct Assignments {
    /// Commands, most of them `eval field=expression`.
    pub steps: Vec<Fragment<Eval>>,
    /// Columns to remove in the end.
    pub scratch: Vec<Fragment<Eval>>,
}

impl Assignments {
    /// Assigns `text` to `field`.
    pub(super) fn assign(&mut self, field: &str, text: &str) {
        self.steps.push(Fragment::trusted(format!("eval {field}={text}")));
    }

    /// A command of another kind.
    pub(super) fn command(&mut self, text: &str) {
        self.steps.push(Fragment::trusted(text));
    }

    /// A new column that holds `text`, so that it is computed once.
    fn hold(&mut self, text: &str) -> String {
        if self.scratch.iter().any(|held| held.as_str() == text) {
            return text.to_owned();
        }
        let field = format!("sw_value{}", self.scratch.len());
        self.assign(&field, text);
        self.scratch.push(Fragment::trusted(field.clone()));
        field
    }
}

/// The value of a mapping expression; `before` receives what it needs to be computed first.
///
/// # Errors
/// Refusals at `span` of what SPL cannot compute.
pub(super) fn value(
    scalar: &Scalar,
    before: &mut Assignments,
    span: Span,
) -> Result<String, Vec<Diagnostic>> {
    match scalar {
        Scalar::Column(column) => name(column, span).map_err(|refusal| vec![refusal]),
        Scalar::Constant(text) => Ok(string(text).to_string()),
        Scalar::Member(column, Member::Json(path)) => {
            let column = name(column, span).map_err(|refusal| vec![refusal])?;
            Ok(format!("spath({column}, {})", string(&path.join("."))))
        }
        Scalar::Member(column, member @ (Member::Data(_) | Member::Attribute(..))) => {
            let column = name(column, span).map_err(|refusal| vec![refusal])?;
            Ok(xml_member(column.as_str(), member))
        }
        Scalar::Join(parts) => join(parts, before, span),
        Scalar::Default(inner, text) => {
            let inner = value(inner, before, span)?;
            Ok(format!("coalesce(nullif({inner}, \"\"), {})", string(text)))
        }
        Scalar::Rewrite(inner, rewrites) => {
            single(inner, span)?;
            let inner = value(inner, before, span)?;
            let held = before.hold(&inner);
            for rewrite in rewrites {
                let text = rewritten(&held, rewrite, span)?;
                before.assign(&held, &text);
            }
            Ok(held)
        }
        Scalar::Case(cases) => {
            let cases = cases.iter().map(|(conditions, then)| {
                let all = Predicate::all(conditions.iter().map(predicate));
                Ok(format!("{}, {}", expression(&all, span)?.text, value(then, before, span)?))
            });
            Ok(format!("case({})", collect(cases)?.join(", ")))
        }
        Scalar::Hex(inner, digits) => {
            single(inner, span)?;
            let inner = value(inner, before, span)?;
            Ok(hexadecimal(&before.hold(&inner), *digits, before))
        }
        Scalar::Spelt(inner, spelling) => {
            let field = held(inner, before, span)?;
            let text = spelt(&field, *spelling);
            Ok(if several(inner) { format!("mvmap({field}, {text})") } else { text })
        }
        Scalar::Without(inner, texts) => {
            single(inner, span)?;
            let field = held(inner, before, span)?;
            let texts = texts.iter().map(|text| string(&text.to_lowercase()).to_string());
            let texts: Vec<String> = texts.collect();
            Ok(format!("if(in(lower({field}), {}), null(), {field})", texts.join(", ")))
        }
    }
}

/// What the groups of the pattern hold, with the characters that references stand for.
fn xml_member(column: &str, member: &Member) -> String {
    let pattern = member.pattern().unwrap_or_default();
    let groups: String = (1..=member.groups()).map(|group| format!("\\{group}")).collect();
    let found = format!("replace({column}, \"{pattern}.*\\z\", \"{groups}\")");
    let replaced = XML_REFERENCES.iter().fold(found, |text, (reference, character)| {
        format!("replace({text}, {}, {})", string(reference), string(character))
    });
    format!("if(match({column}, \"{pattern}\"), {replaced}, null())")
}

/// The name of a field that holds the value.
fn held(scalar: &Scalar, before: &mut Assignments, span: Span) -> Result<String, Vec<Diagnostic>> {
    let text = value(scalar, before, span)?;
    Ok(if matches!(scalar, Scalar::Column(_)) { text } else { before.hold(&text) })
}

/// What is no whole number stays as it is.
fn hexadecimal(field: &str, digits: u8, before: &mut Assignments) -> String {
    let text = format!("substr(lower(tostring(tonumber({field}), \"hex\")), 3)");
    let hex = before.hold(&format!("if(match({field}, \"^\\d+\\z\"), {text}, null())"));
    let padding = "0".repeat(usize::from(digits));
    let padded = format!("substr(\"{padding}\".{hex}, -{digits})");
    format!("case(isnull({hex}), {field}, len({hex})<{digits}, {padded}, true(), {hex})")
}

/// Parts that are missing add nothing; if all of them are, so is the whole.
fn join(parts: &[Scalar], before: &mut Assignments, span: Span) -> Result<String, Vec<Diagnostic>> {
    let (mut missing, mut texts) = (Vec::new(), Vec::new());
    for part in parts {
        single(part, span)?;
        let text = value(part, before, span)?;
        texts.push(match part {
            Scalar::Constant(_) => text,
            Scalar::Column(_) => optional(&text, &mut missing),
            Scalar::Join(_)
            | Scalar::Default(..)
            | Scalar::Rewrite(..)
            | Scalar::Case(_)
            | Scalar::Member(..)
            | Scalar::Hex(..)
            | Scalar::Spelt(..)
            | Scalar::Without(..) => optional(&before.hold(&text), &mut missing),
        });
    }
    let joined = texts.join(".");
    if missing.is_empty() {
        return Ok(joined);
    }
    Ok(format!("if({}, null(), {joined})", missing.join(" AND ")))
}

fn optional(field: &str, missing: &mut Vec<String>) -> String {
    missing.push(format!("isnull({field})"));
    format!("coalesce({field}, \"\")")
}

/// A replacement that holds a backslash has no documented spelling, so it is put together from the
/// text around the match, which the anchor of the pattern makes a prefix or a suffix.
fn rewritten(text: &str, rewrite: &Rewrite, span: Span) -> Result<String, Vec<Diagnostic>> {
    let regex = Regex {
        pattern: rewrite.pattern.clone(),
        ignore_case: true,
        multiline: false,
        dotall: false,
    };
    let pattern = portable(&regex).map_err(|construct| {
        let message = format!("Splunk's regular expressions cannot say `{construct}`");
        vec![Diagnostic::new(Code::RegexNotPortable, span, message)]
    })?;
    Ok(match plain(&rewrite.replacement) {
        Some(replacement) => format!("replace({text}, \"{pattern}\", \"{replacement}\")"),
        None => assembled(text, &pattern, rewrite),
    })
}

/// The replacement as SPL documents it, if nothing in it could be read as something else.
fn plain(pieces: &[Piece]) -> Option<String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ':' | '/');
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) if text.starts_with(|c: char| c.is_ascii_digit()) => None,
        Piece::Text(text) => text.chars().all(plain).then(|| text.clone()),
        Piece::Group(group) => Some(format!("\\{group}")),
    });
    texts.collect()
}

fn assembled(text: &str, pattern: &str, rewrite: &Rewrite) -> String {
    let pieces: Vec<String> = rewrite
        .replacement
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => string(text).to_string(),
            Piece::Group(group) => group_of(text, pattern, *group),
        })
        .collect();
    let around = format!("replace({text}, \"{pattern}\", \"\")");
    let parts = if rewrite.pattern.starts_with('^') {
        pieces.into_iter().chain([around]).collect::<Vec<_>>()
    } else {
        std::iter::once(around).chain(pieces).collect()
    };
    format!("if(match({text}, \"{pattern}\"), {}, {text})", parts.join("."))
}

/// What a group matched: the whole text replaced by it.
fn group_of(text: &str, pattern: &str, group: u8) -> String {
    let body = pattern.trim_start_matches("(?i)");
    let whole = match body.strip_prefix('^') {
        Some(rest) => format!("(?is)^(?:{rest}).*\\z"),
        None => format!("(?is)^.*?(?:{body})"),
    };
    format!("replace({text}, \"{whole}\", \"\\{group}\")")
}

/// Whether it is a column that may hold several values.
fn several(scalar: &Scalar) -> bool {
    matches!(scalar, Scalar::Column(Column { multi: true, .. }))
}

/// Refuses a column that may hold several values, since text functions take one.
fn single(scalar: &Scalar, span: Span) -> Result<(), Vec<Diagnostic>> {
    let Scalar::Column(Column { name, multi: true, .. }) = scalar else { return Ok(()) };
    let message = format!("`{name}` may hold several values");
    Err(vec![
        Diagnostic::new(Code::ColumnOperator, span, message)
            .help("map the field to a column with one value"),
    ])
}
