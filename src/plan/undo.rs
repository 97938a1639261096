//! A test on a text that is put together around one column → tests on the column.
//!
//! The counterpart of `respell` for joins with constants and for numbers in hexadecimal: what the test
//! asks of the whole is asked of the part, or decided. Nothing is computed per event, so that EQL can
//! say it, too, and KQL asks the column itself. The part is taken to be there and not empty.
//!
//! `Details == 'DWORD (0x00000001)'` where the value is `DWORD (0x` + hex(data, 8) + `)` →
//! `data == '1'`; `Details contains '\Temp\'` there → never.

use crate::ir::{Cmp, Op, TextTest};
use crate::platform::{Column, ColumnType, Scalar};

/// What a test on the whole asks of its part.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Undone<'a> {
    /// It holds.
    Always,
    /// One of these holds; of none: it does not.
    Any(Vec<(Op, &'a Column)>),
}

/// The test on what the value is made of; `None` if there is no exact one.
pub(super) fn undo<'a>(op: &Op, value: &'a Scalar) -> Option<Undone<'a>> {
    match value {
        Scalar::Join(parts) => of_join(op, parts),
        Scalar::Hex(inner, digits) => {
            let Op::Text { test, cased: false } = op else { return None };
            of_hex(test, inner, usize::from(*digits)).map(Undone::Any)
        }
        Scalar::Column(_)
        | Scalar::Constant(_)
        | Scalar::Default(..)
        | Scalar::Rewrite(..)
        | Scalar::Case(_)
        | Scalar::Member(..)
        | Scalar::Spelt(..)
        | Scalar::Without(..) => None,
    }
}

/// Constants around one part.
fn of_join<'a>(op: &Op, parts: &'a [Scalar]) -> Option<Undone<'a>> {
    let (mut before, mut after, mut part) = (String::new(), String::new(), None);
    for scalar in parts {
        match (scalar, part) {
            (Scalar::Constant(text), None) => before.push_str(text),
            (Scalar::Constant(text), Some(_)) => after.push_str(text),
            (other, None) => part = Some(other),
            (_, Some(_)) => return None,
        }
    }
    let part = part?;
    let test = match op {
        Op::Text { test, cased: false } => test,
        Op::Exists => return Some(Undone::Always),
        Op::Null => return Some(Undone::Any(Vec::new())),
        Op::Text { .. }
        | Op::Number { .. }
        | Op::Boolean(_)
        | Op::Regex(_)
        | Op::Cidr(_)
        | Op::Field { .. }
        | Op::Listed { .. }
        | Op::TimePart { .. } => return None,
    };
    let around = Around { before: before.to_ascii_lowercase(), after: after.to_ascii_lowercase() };
    let Asked::Any(asked) = around.ask(test)? else { return Some(Undone::Always) };
    let mut undone = Vec::new();
    for test in asked {
        match part {
            Scalar::Column(column) => undone.push((Op::Text { test, cased: false }, column)),
            Scalar::Hex(inner, digits) => {
                undone.extend(of_hex(&test, inner, usize::from(*digits))?);
            }
            Scalar::Constant(_)
            | Scalar::Join(_)
            | Scalar::Default(..)
            | Scalar::Rewrite(..)
            | Scalar::Case(_)
            | Scalar::Member(..)
            | Scalar::Spelt(..)
            | Scalar::Without(..) => return None,
        }
    }
    Some(Undone::Any(undone))
}

/// What stands around the part, in lower case.
struct Around {
    before: String,
    after: String,
}

/// What a test asks of the part.
enum Asked {
    Always,
    Any(Vec<TextTest>),
}

impl Around {
    fn ask(&self, test: &TextTest) -> Option<Asked> {
        let (before, after) = (self.before.as_str(), self.after.as_str());
        Some(match test {
            TextTest::Equals(text) => {
                let text = text.to_ascii_lowercase();
                let inner = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                let inner = inner.filter(|inner| !inner.is_empty());
                Asked::Any(
                    inner.map(|inner| TextTest::Equals(inner.to_owned())).into_iter().collect(),
                )
            }
            TextTest::StartsWith(text) => {
                let text = text.to_ascii_lowercase();
                if before.starts_with(&text) {
                    return Some(Asked::Always);
                }
                let rest = text.strip_prefix(before);
                let ends = rest.into_iter().flat_map(|rest| heads(rest, after));
                Asked::Any(ends.map(|(inner, whole)| asked(inner, true, whole)).collect())
            }
            TextTest::EndsWith(text) => {
                let text = text.to_ascii_lowercase();
                if after.ends_with(&text) {
                    return Some(Asked::Always);
                }
                let rest = text.strip_suffix(after);
                let begins = rest.into_iter().flat_map(|rest| tails(before, rest));
                Asked::Any(begins.map(|(inner, whole)| asked(inner, whole, true)).collect())
            }
            TextTest::Contains(text) => {
                let text = text.to_ascii_lowercase();
                if before.contains(&text) || after.contains(&text) {
                    return Some(Asked::Always);
                }
                let mut all = Vec::new();
                for (rest, front) in tails(before, &text) {
                    all.extend(heads(rest, after).map(|(inner, back)| asked(inner, front, back)));
                }
                Asked::Any(all)
            }
            TextTest::Like(_) => return None,
        })
    }
}

/// A test on the part, bound to its ends or not.
fn asked(inner: &str, front: bool, back: bool) -> TextTest {
    let inner = inner.to_owned();
    match (front, back) {
        (true, true) => TextTest::Equals(inner),
        (true, false) => TextTest::StartsWith(inner),
        (false, true) => TextTest::EndsWith(inner),
        (false, false) => TextTest::Contains(inner),
    }
}

/// What of a text lies in the part if the text may reach into what is after it; whether it does.
fn heads<'t>(text: &'t str, after: &'t str) -> impl Iterator<Item = (&'t str, bool)> {
    let cut = move |at: usize| {
        let (inner, rest) = text.split_at_checked(at)?;
        let reaches = after.starts_with(rest) && !inner.is_empty();
        reaches.then_some((inner, !rest.is_empty()))
    };
    (0..=text.len()).rev().filter_map(cut)
}

/// What of a text lies in the part if the text may begin in what is before it; whether it does.
fn tails<'t>(before: &'t str, text: &'t str) -> impl Iterator<Item = (&'t str, bool)> {
    let cut = move |at: usize| {
        let (begin, inner) = text.split_at_checked(at)?;
        let reaches = before.ends_with(begin) && !inner.is_empty();
        reaches.then_some((inner, !begin.is_empty()))
    };
    (0..=text.len()).filter_map(cut)
}

/// A whole number in hexadecimal.
fn of_hex<'a>(test: &TextTest, inner: &'a Scalar, digits: usize) -> Option<Vec<(Op, &'a Column)>> {
    let Scalar::Column(column) = inner else { return None };
    let text = match test {
        TextTest::Equals(text)
        | TextTest::StartsWith(text)
        | TextTest::EndsWith(text)
        | TextTest::Contains(text) => text,
        TextTest::Like(_) => return None,
    };
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(Vec::new());
    }
    // A number of more digits than it needs has no zero before it.
    let is_whole =
        matches!(test, TextTest::StartsWith(_)) && text.len() >= digits && text.starts_with('0');
    if !is_whole && !matches!(test, TextTest::Equals(_)) {
        return None;
    }
    let is_written = text.len() == digits || text.len() > digits && !text.starts_with('0');
    let number = u32::from_str_radix(text, 16).ok().filter(|_| is_written);
    let Some(number) = number else { return (text.len() <= 8).then(Vec::new) };
    let op = match column.ty {
        ColumnType::Text => Op::Text { test: TextTest::Equals(number.to_string()), cased: false },
        ColumnType::Integer => Op::Number { cmp: Cmp::Eq, value: f64::from(number) },
        ColumnType::Real
        | ColumnType::Boolean
        | ColumnType::Time
        | ColumnType::Ip
        | ColumnType::Dynamic => return None,
    };
    Some(vec![(op, column)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(ty: ColumnType) -> Scalar {
        Scalar::Column(Column { name: "Data".to_owned(), ty, multi: false })
    }

    fn dword(ty: ColumnType) -> Scalar {
        let hex = Scalar::Hex(Box::new(column(ty)), 8);
        let text = |text: &str| Scalar::Constant(text.to_owned());
        Scalar::Join(vec![text("DWORD (0x"), hex, text(")")])
    }

    fn shown(test: TextTest, value: &Scalar) -> String {
        match undo(&Op::Text { test, cased: false }, value) {
            None => "computed".to_owned(),
            Some(Undone::Always) => "always".to_owned(),
            Some(Undone::Any(tests)) => {
                let tests = tests.iter().map(|(op, _)| {
                    let Op::Text { test, .. } = op else { return format!("{op:?}") };
                    match test {
                        TextTest::Equals(text) => format!("= {text}"),
                        TextTest::StartsWith(text) => format!("{text}*"),
                        TextTest::EndsWith(text) => format!("*{text}"),
                        TextTest::Contains(text) => format!("*{text}*"),
                        TextTest::Like(_) => format!("{test:?}"),
                    }
                });
                tests.collect::<Vec<_>>().join(" or ")
            }
        }
    }

    #[test]
    fn numbers_are_asked_for_as_they_are_stored() {
        let value = dword(ColumnType::Text);
        let equals = |text: &str| shown(TextTest::Equals(text.into()), &value);
        assert_eq!(equals("DWORD (0x00000001)"), "= 1");
        assert_eq!(equals("dword (0x000000FF)"), "= 255");
        for other in ["DWORD (0x1)", "DWORD (0x0000000g)", "QWORD (0x00000001)", "1", ""] {
            assert_eq!(equals(other), "", "{other}");
        }
        let contains = |text: &str| shown(TextTest::Contains(text.into()), &value);
        assert_eq!(contains(r"\Temp\"), "");
        assert_eq!(contains("DWORD (0x00000010)"), "= 16");
        assert_eq!(contains("DWORD"), "always");
        assert_eq!(contains("00000001"), "computed");
        assert_eq!(contains("0x00000001"), "= 1");
        assert_eq!(shown(TextTest::EndsWith("(0x00000001)".into()), &value), "= 1");
        assert_eq!(shown(TextTest::EndsWith(".dll".into()), &value), "");
        assert_eq!(shown(TextTest::StartsWith("DWORD (0x0000".into()), &value), "computed");
        let number = dword(ColumnType::Integer);
        let op = Op::Text { test: TextTest::Equals("DWORD (0x0000000a)".into()), cased: false };
        let Some(Undone::Any(tests)) = undo(&op, &number) else { panic!("tests") };
        assert_eq!(tests[0].0, Op::Number { cmp: Cmp::Eq, value: 10.0 });
    }

    #[test]
    fn a_text_may_reach_over_the_ends_of_the_part() {
        let text = |text: &str| Scalar::Constant(text.to_owned());
        let value = Scalar::Join(vec![text("ab"), column(ColumnType::Text), text("bc")]);
        assert_eq!(shown(TextTest::Contains("bxb".into()), &value), "*bxb* or *bx or xb* or = x");
        assert_eq!(shown(TextTest::StartsWith("abxbc".into()), &value), "xbc* or = x");
        assert_eq!(shown(TextTest::EndsWith("bxbc".into()), &value), "*bx or = x");
        assert_eq!(shown(TextTest::Equals("abbc".into()), &value), "");
        assert_eq!(undo(&Op::Exists, &value), Some(Undone::Always));
        assert_eq!(undo(&Op::Null, &value), Some(Undone::Any(Vec::new())));
        let two = Scalar::Join(vec![column(ColumnType::Text), column(ColumnType::Text)]);
        assert_eq!(undo(&Op::Exists, &two), None);
    }
}
