//! `date` and `modified`: ISO 8601 dates (specification 2.1.0), the second not before the first.

use jiff::civil::Date;

use super::{Text, edit};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Spanned;

/// Looks at the dates.
pub(super) fn check(file: &Text<'_>, found: &mut Vec<Diagnostic>) {
    let (date, modified) = (&file.meta.date, &file.meta.modified);
    if date.is_none() {
        let message = "the rule has no `date`";
        let help = "add the day on which it was written, such as `date: 2026-11-28`";
        found.push(Diagnostic::new(Code::MissingDate, file.head(), message).help(help));
    }
    let read = |written: &Option<Spanned<String>>, found: &mut Vec<Diagnostic>| {
        let written = written.as_ref()?;
        let date = parse(&written.node);
        if date.is_none() {
            found.push(no_date(written, file.text));
        }
        date
    };
    let (created, changed) = (read(date, found), read(modified, found));
    let (Some(modified), Some(changed)) = (modified, changed) else { return };
    let (message, help) = match created {
        None if date.is_none() => {
            let message = "the rule has the day of a change, but no `date`";
            (message.to_owned(), "add the day on which it was written")
        }
        Some(created) if changed < created => {
            let message = format!("`modified`, {changed}, is before `date`, {created}");
            (message, "correct one of the two")
        }
        Some(_) | None => return,
    };
    let one = Diagnostic::new(Code::DateForm, modified.span, message).help(help);
    found.push(match date {
        Some(date) => one.label(date.span, "written on this day"),
        None => one,
    });
}

fn parse(text: &str) -> Option<Date> {
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let shape: String = text.chars().map(digits).collect();
    (shape == "0000-00-00").then(|| text.parse().ok()).flatten()
}

/// A text that is no date; other spellings of one are respelt.
fn no_date(written: &Spanned<String>, text: &str) -> Diagnostic {
    let message = format!("`{}` is no date", written.node);
    let found = Diagnostic::new(Code::DateForm, written.span, message);
    let parts: Vec<&str> = written.node.split(['/', '-', '.']).collect();
    let respelt = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => String::new(),
    };
    match parse(&respelt) {
        Some(date) => {
            let found = found.help(format!("write `{date}`"));
            found.fix(edit::rewrite(written, &respelt, text))
        }
        None => found.help("write year, month and day, such as `2026-11-28`"),
    }
}
