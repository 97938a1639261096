//! Simple Unicode case folding: every character becomes one character, so lengths stay comparable.
//!
//! `Straße` and `STRAßE` are equal, `STRASSE` is another text; the Kelvin sign is a `k`, the long
//! `ſ` an `s`; the Turkish dotless `ı` is only itself. Equality after [`fold`] is that of
//! `CaseFolding.txt` (statuses C and S), which the regular expressions use as well.

/// A text with its case folded.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Appends a text with its case folded.
pub fn fold_into(text: &str, folded: &mut String) {
    if !text.is_ascii() {
        return folded.extend(text.chars().map(fold_char));
    }
    let start = folded.len();
    folded.push_str(text);
    if let Some(new) = folded.get_mut(start..) {
        new.make_ascii_lowercase();
    }
}

/// A character with its case folded.
#[must_use]
pub fn fold_char(char: char) -> char {
    match char {
        _ if char.is_ascii() => char.to_ascii_lowercase(),
        // Upper case `I`, but folded with it in Turkish only.
        '\u{131}' => char,
        // Pairs that differ in full upper case only (status S).
        '\u{1fd3}' => '\u{390}',
        '\u{1fe3}' => '\u{3b0}',
        '\u{fb06}' => '\u{fb05}',
        _ => lower(upper(char)),
    }
}

fn upper(char: char) -> char {
    match char {
        // Letters whose title case has a single character where the upper case has none.
        '\u{1f80}'..='\u{1faf}' => {
            let at = u32::from(char) | 8;
            char::from_u32(at).unwrap_or(char)
        }
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => char::from_u32(u32::from(char) + 9).unwrap_or(char),
        _ => only(char.to_uppercase()).unwrap_or(char),
    }
}

fn lower(char: char) -> char {
    only(char.to_lowercase()).unwrap_or(char)
}

/// The only character of an iterator.
fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    if chars.next().is_some() { None } else { Some(first) }
}

#[cfg(test)]
mod tests {
    use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

    use super::*;

    #[test]
    fn folding_agrees_with_the_unicode_table_for_every_character() {
        // Characters that only one of the two Unicode versions knows are nobody's business.
        let unknown = regex::Regex::new(r"\p{Cn}").unwrap();
        let mut wrong = Vec::new();
        for char in '\0'..=char::MAX {
            if unknown.is_match(char.encode_utf8(&mut [0; 4])) {
                continue;
            }
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(char, char)]);
            class.case_fold_simple();
            let members = || class.ranges().iter().flat_map(|range| range.start()..=range.end());
            let folded = fold_char(char);
            if !members().any(|other| other == folded)
                || members().any(|other| fold_char(other) != folded)
            {
                wrong.push(char);
            }
        }
        assert_eq!(wrong, []);
    }

    #[test]
    fn texts_fold_character_by_character() {
        assert_eq!(fold("C:\\WINDOWS"), "c:\\windows");
        assert_eq!(fold("\u{212a}ÄſΣς"), "käsσσ");
        assert_ne!(fold("STRASSE"), fold("Straße"));
    }
}
