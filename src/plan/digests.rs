//! A test on a list of hashes that is made of a column per algorithm → tests on the columns.
//!
//! `Hashes contains 'SHA1=A…'` where the list is `SHA1=` + a column + `,MD5=` + another →
//! `SHA1 == 'A…'`; `contains 'A…'` → one of the columns contains it. Nothing is put together per event.

use crate::ir::{Op, TextTest};
use crate::platform::{Column, Resolved};

/// Digits of each algorithm.
const DIGITS: [(&str, usize); 4] = [("MD5", 32), ("SHA1", 40), ("SHA256", 64), ("IMPHASH", 32)];

/// The tests of which one has to hold; `None` if the list itself has to be tested.
pub(super) fn decode<'a>(op: &Op, resolved: &'a Resolved) -> Option<Vec<(Op, &'a Column)>> {
    if resolved.digests.is_empty() {
        return None;
    }
    let Op::Text { test: TextTest::Contains(text), cased: false } = op else { return None };
    let text = text.trim_matches(',');
    let hexadecimal = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_hexdigit());
    let op = |test| Op::Text { test, cased: false };
    let Some((algorithm, digest)) = text.split_once('=') else {
        let of =
            |(_, column): &'a (String, Column)| (op(TextTest::Contains(text.to_owned())), column);
        return hexadecimal(text).then(|| resolved.digests.iter().map(of).collect());
    };
    let (name, column) =
        resolved.digests.iter().find(|(name, _)| name.eq_ignore_ascii_case(algorithm))?;
    let (_, digits) = DIGITS.iter().find(|(known, _)| known == name)?;
    if !hexadecimal(digest) {
        return None;
    }
    Some(match digest.len().cmp(digits) {
        std::cmp::Ordering::Equal => vec![(op(TextTest::Equals(digest.to_owned())), column)],
        std::cmp::Ordering::Less => vec![(op(TextTest::StartsWith(digest.to_owned())), column)],
        std::cmp::Ordering::Greater => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::load;

    #[test]
    fn a_digest_is_asked_of_its_column() {
        let xdr = load("defender-xdr").unwrap();
        let hashes = xdr.resolve("windows/image_load", 0, "Hashes").unwrap();
        let decoded = |text: &str| {
            let op = Op::Text { test: TextTest::Contains(text.to_owned()), cased: false };
            let tests = decode(&op, hashes)?;
            Some(tests.into_iter().map(|(_, column)| column.name.clone()).collect::<Vec<_>>())
        };
        assert_eq!(decoded(&format!("SHA1={}", "a".repeat(40))), Some(vec!["SHA1".to_owned()]));
        assert_eq!(decoded("md5=ab").map(|tests| tests.len()), Some(1));
        assert_eq!(decoded(&"a".repeat(32)).map(|tests| tests.len()), Some(3));
        assert_eq!(decoded(&format!("MD5={}", "a".repeat(33))), Some(Vec::new()));
        for text in ["SHA1=", "IMPHASH=ab", "SHA1=ab,MD5=cd", "x"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
