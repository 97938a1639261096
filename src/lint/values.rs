//! Single values: wildcards, backslashes, control characters, numbers, regular expressions.

use regex_syntax::hir::{Hir, HirKind, Look};

use super::edit::{quoted, replace};
use super::items::At;
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::ast::{Value, ValueKind};
use crate::taxonomy::Type;

/// Looks at each value of an item.
pub(super) fn check(at: &At<'_>, found: &mut Vec<Diagnostic>) {
    for value in at.item.values.iter().filter(|value| value.kind == ValueKind::Text) {
        found.extend(control_character(value, at.text));
        if at.has("re") {
            found.extend(plain_regex(value, at));
            found.extend(regex_ends(value));
        } else if at.is_text() {
            found.extend(wildcards(value));
            found.extend(number(value, at));
            found.extend(localized(value, at));
            found.extend(backslashes(value));
        }
    }
}

/// A character of a value string, and whether a backslash before it takes its meaning away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sign {
    /// The character.
    pub(super) char: char,
    /// Whether it is escaped.
    pub(super) escaped: bool,
}

impl Sign {
    /// Whether it is `*` as a wildcard.
    pub(super) fn is_star(self) -> bool {
        self.char == '*' && !self.escaped
    }

    /// Whether it is a wildcard.
    pub(super) fn is_wildcard(self) -> bool {
        matches!(self.char, '*' | '?') && !self.escaped
    }

    /// As it is written.
    pub(super) fn written(self) -> String {
        if self.escaped { format!("\\{}", self.char) } else { self.char.to_string() }
    }
}

/// The characters of a value string; the backslashes that escape are no characters.
pub(super) fn signs(text: &str) -> Vec<Sign> {
    let mut signs = Vec::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let next = chars.peek().copied().filter(|next| matches!(next, '*' | '?' | '\\'));
        match next.filter(|_| char == '\\') {
            Some(char) => {
                chars.next();
                signs.push(Sign { char, escaped: true });
            }
            None => signs.push(Sign { char, escaped: false }),
        }
    }
    signs
}

fn control_character(value: &Value, text: &str) -> Option<Diagnostic> {
    let written = text.get(value.span.range()).filter(|written| written.starts_with('"'))?;
    let control = value.text.chars().find(|c| c.is_control())?;
    let message = format!("the text holds the control character {}", control.escape_default());
    let note = format!("between double quotes, a backslash begins an escape: {written}");
    let found = Diagnostic::new(Code::ControlCharacter, value.span, message).note(note);
    Some(found.help("write single quotes, in which a backslash is a backslash"))
}

fn wildcards(value: &Value) -> Option<Diagnostic> {
    let signs = signs(&value.text);
    if !signs.is_empty() && signs.iter().all(|sign| sign.is_wildcard()) {
        let message =
            "the value is nothing but wildcards: it asks only that the field holds something";
        let help = "write `|exists: true` after the field";
        return Some(Diagnostic::new(Code::WildcardOnly, value.span, message).help(help));
    }
    let double = signs.windows(2).any(|pair| pair.iter().all(|sign| sign.is_star()));
    if double {
        let mut last = false;
        let single = signs
            .iter()
            .filter(|sign| !(std::mem::replace(&mut last, sign.is_star()) && sign.is_star()));
        let text: String = single.map(|sign| sign.written()).collect();
        let message = "two `*` side by side mean one";
        let found = Diagnostic::new(Code::DoubleWildcard, value.span, message);
        let help = format!("write {}", quoted(&text));
        return Some(found.help(help).fix([replace(value.span, quoted(&text))]));
    }
    let escaped = signs.iter().find(|sign| sign.escaped && sign.char != '\\')?;
    let message =
        format!("`\\{}` is the character `{}`, not a wildcard", escaped.char, escaped.char);
    let help = format!("write `\\\\{}` for a backslash and a wildcard", escaped.char);
    Some(Diagnostic::new(Code::EscapedWildcard, value.span, message).help(help))
}

/// `\\` alone: it is one backslash, and looks like two.
fn backslashes(value: &Value) -> Option<Diagnostic> {
    let signs = signs(&value.text);
    let spare = |at: usize| {
        let sign = signs.get(at);
        let neighbour = |at: Option<usize>| at.and_then(|at| signs.get(at)).map(|sign| sign.char);
        sign.is_some_and(|sign| sign.escaped && sign.char == '\\')
            && !matches!(neighbour(at.checked_sub(1)), Some('\\'))
            && !matches!(neighbour(Some(at + 1)), Some('\\' | '*' | '?'))
    };
    let single = |(at, sign): (usize, &Sign)| {
        if spare(at) { sign.char.to_string() } else { sign.written() }
    };
    let text: String = signs.iter().enumerate().map(single).collect();
    if text == value.text {
        return None;
    }
    let message = "`\\\\` means one backslash here";
    let help = format!("write {} for one, four backslashes for two", quoted(&text));
    // Never mended without being asked: two may have been meant.
    Some(Diagnostic::new(Code::DoubleBackslash, value.span, message).help(help))
}

/// A number in quotes, in a field of numbers.
fn number(value: &Value, at: &At<'_>) -> Option<Diagnostic> {
    let numbers = matches!(at.ty?, Type::Integer | Type::Port);
    let number =
        value.text.parse::<i64>().ok().filter(|_| numbers && at.item.modifiers.is_empty())?;
    if number.to_string() != value.text {
        return None;
    }
    let field = at.item.field.as_ref()?;
    let message = format!("`{}` holds numbers, and `{number}` is written as text", field.node);
    let found = Diagnostic::new(Code::NumberAsText, value.span, message);
    Some(found.help(format!("write {number}")).fix([replace(value.span, number.to_string())]))
}

/// Names that Windows translates.
fn localized(value: &Value, at: &At<'_>) -> Option<Diagnostic> {
    let field = at.item.field.as_ref()?;
    let name = value.text.to_uppercase();
    if !field.node.ends_with("User") || !name.contains("NT AUTHORITY") {
        return None;
    }
    let message = "Windows translates this name: it is `AUTORITE NT` on French systems";
    let help = "write `|contains` with `AUTHORI` and `AUTORI`, or test the SID";
    Some(Diagnostic::new(Code::LocalizedName, value.span, message).help(help))
}

/// A regular expression that asks for a plain text.
fn plain_regex(value: &Value, at: &At<'_>) -> Option<Diagnostic> {
    let (literal, start, end) = plain(&value.text)?;
    let comparison = match (start, end) {
        (true, true) => "",
        (true, false) => "|startswith",
        (false, true) => "|endswith",
        (false, false) => "|contains",
    };
    let cased = if at.has("i") { "" } else { "|cased" };
    let field = at.item.field.as_ref().map_or("", |field| field.node.as_str());
    let literal = crate::syntax::sigma::value::escape(&literal).into_owned();
    let message = "the regular expression asks for a plain text";
    let help = format!("write `{field}{comparison}{cased}: {}`", quoted(&literal));
    Some(Diagnostic::new(Code::PlainRegex, value.span, message).help(help))
}

/// The text of an expression that is one, and whether it is anchored at its start and its end.
fn plain(pattern: &str) -> Option<(String, bool, bool)> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let single = std::slice::from_ref(&hir);
    let parts = if let HirKind::Concat(parts) = hir.kind() { parts.as_slice() } else { single };
    let is = |part: Option<&Hir>, look: Look| {
        part.is_some_and(|part| matches!(part.kind(), HirKind::Look(found) if *found == look))
    };
    let (start, end) = (is(parts.first(), Look::Start), is(parts.last(), Look::End));
    let inner = parts.get(usize::from(start)..parts.len() - usize::from(end))?;
    let [only] = inner else { return None };
    let HirKind::Literal(literal) = only.kind() else { return None };
    Some((String::from_utf8(literal.0.to_vec()).ok()?, start, end))
}

/// `.*` at the ends of an expression that is not anchored there.
fn regex_ends(value: &Value) -> Option<Diagnostic> {
    let mut rest = value.text.as_str();
    while let Some(inner) = rest.strip_prefix(".*") {
        let quantified = inner.starts_with(['?', '*', '+', '{', '|']);
        if quantified || inner.is_empty() {
            break;
        }
        rest = inner;
    }
    while let Some(inner) = rest.strip_suffix(".*") {
        let escaped = inner.ends_with(['\\', '|', '(']);
        if escaped || inner.is_empty() {
            break;
        }
        rest = inner;
    }
    let same = rest == value.text || regex_syntax::parse(rest).is_err();
    (!same).then(|| {
        let message = "`.*` at an end of a regular expression changes nothing";
        Diagnostic::new(Code::RegexEnds, value.span, message)
            .help(format!("write {}", quoted(rest)))
            .fix([replace(value.span, quoted(rest))])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_expressions_are_texts() {
        let plain =
            |pattern| plain(pattern).map(|(text, start, end)| format!("{start} {text} {end}"));
        assert_eq!(plain(r"a\.exe").as_deref(), Some("false a.exe false"));
        assert_eq!(plain("^a$").as_deref(), Some("true a true"));
        assert_eq!(plain("a+"), None);
        assert_eq!(plain(".*a"), None);
    }

    #[test]
    fn escapes_belong_to_what_they_escape() {
        let shown = |text| signs(text).iter().map(|sign| sign.written()).collect::<Vec<_>>();
        assert_eq!(shown(r"a\\b\*c\d*"), ["a", r"\\", "b", r"\*", "c", r"\", "d", "*"]);
    }
}
