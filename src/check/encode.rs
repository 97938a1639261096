//! Transformations of values: `base64`, `base64offset`, `wide`, `windash`, `expand`.
//!
//! Each turns one value into one or several alternatives: `windash` makes five of `-a`,
//! `base64offset` three of `IEX`.

use crate::ir::Part;

use super::modifiers::Encoding;
use super::pattern;

/// What Windows programs read as the dash of an option.
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// At most so many alternatives of one value.
pub(super) const MAX_ALTERNATIVES: usize = 4096;

/// Why a value cannot be transformed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// It has a wildcard, which cannot be encoded.
    Wildcard,
    /// Its bytes are no text; `base64` has to follow.
    NotText,
    /// It is too short to leave anything at each offset.
    TooShort,
    /// It has too many alternatives.
    TooMany,
    /// This placeholder has no values.
    Placeholder(String),
}

/// The alternatives of a value after the encodings, in order.
pub(super) fn encode(parts: Vec<Part>, steps: &[Encoding]) -> Result<Vec<Vec<Part>>, Problem> {
    let windash = steps.contains(&Encoding::Windash);
    let texts = if windash { windash_all(&parts)? } else { vec![parts] };
    let bytes: Vec<Encoding> =
        steps.iter().copied().filter(|step| *step != Encoding::Windash).collect();
    if bytes.is_empty() {
        return Ok(texts);
    }
    let mut found = Vec::new();
    for text in texts {
        let plain = pattern::plain(&text).ok_or(Problem::Wildcard)?;
        for encoded in encode_bytes(plain.as_bytes().to_vec(), plain, &bytes)? {
            let text = String::from_utf8(encoded).map_err(|_| Problem::NotText)?;
            found.push(pattern::literal(&text));
        }
    }
    Ok(found)
}

fn encode_bytes(start: Vec<u8>, text: &str, steps: &[Encoding]) -> Result<Vec<Vec<u8>>, Problem> {
    let mut values = vec![start];
    for step in steps {
        let mut next = Vec::new();
        for value in values {
            match step {
                Encoding::Utf16le => next.push(utf16(text, u16::to_le_bytes)),
                Encoding::Utf16be => next.push(utf16(text, u16::to_be_bytes)),
                Encoding::Utf16 => {
                    next.push([vec![0xff, 0xfe], utf16(text, u16::to_le_bytes)].concat());
                }
                Encoding::Base64 => next.push(base64(&value)),
                Encoding::Base64Offset => next.extend(base64_offsets(&value)?),
                Encoding::Windash => next.push(value),
            }
        }
        values = next;
    }
    Ok(values)
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| chunk.get(at).copied().map_or(0, u32::from);
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4_u32 {
            let index = (word >> (18 - 6 * at)) & 63;
            let letter = ALPHABET.get(index as usize).copied().unwrap_or(b'=');
            out.push(if at as usize > chunk.len() { b'=' } else { letter });
        }
    }
    out
}

/// What every base64 text that holds these bytes holds: one text for each position of the bytes
/// modulo three, without the letters that depend on the neighbours.
fn base64_offsets(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    let mut found = Vec::new();
    for (offset, skip) in [(0, 0), (1, 2), (2, 3)] {
        let padded: Vec<u8> =
            std::iter::repeat_n(b' ', offset).chain(bytes.iter().copied()).collect();
        let drop = match padded.len() % 3 {
            0 => 0,
            1 => 3,
            _ => 2,
        };
        let encoded = base64(&padded);
        let kept = encoded.get(skip..encoded.len().saturating_sub(drop)).unwrap_or_default();
        if kept.is_empty() {
            return Err(Problem::TooShort);
        }
        found.push(kept.to_vec());
    }
    Ok(found)
}

/// The value with each dash of an option replaced by each of the dashes.
fn windash_all(parts: &[Part]) -> Result<Vec<Vec<Part>>, Problem> {
    let mut found: Vec<Vec<Part>> = vec![Vec::new()];
    for part in parts {
        let alternatives = match part {
            Part::Literal(text) => windash(text)?.into_iter().map(Part::Literal).collect(),
            Part::Any | Part::One => vec![part.clone()],
        };
        found = product(&found, &alternatives)?;
    }
    Ok(found)
}

/// A dash or slash counts where no letter or digit precedes it and one follows it.
fn windash(text: &str) -> Result<Vec<String>, Problem> {
    let word = |c: &char| c.is_alphanumeric() || *c == '_';
    let chars: Vec<char> = text.chars().collect();
    let mut found = vec![String::new()];
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at)).is_some_and(word);
        let after = chars.get(at + 1).is_some_and(word);
        if !matches!(c, '-' | '/') || before || !after {
            found.iter_mut().for_each(|text| text.push(*c));
            continue;
        }
        bounded(found.len(), DASHES.len())?;
        found = found
            .iter()
            .flat_map(|text| DASHES.iter().map(move |dash| format!("{text}{dash}")))
            .collect();
    }
    Ok(found)
}

/// The value with each `%name%` replaced by each of the name's values.
pub(super) fn expand<'a>(
    parts: &[Part],
    values: impl Fn(&str) -> Option<&'a [String]>,
) -> Result<Vec<Vec<Part>>, Problem> {
    let mut found: Vec<Vec<Part>> = vec![Vec::new()];
    for part in parts {
        let Part::Literal(text) = part else {
            found = product(&found, std::slice::from_ref(part))?;
            continue;
        };
        for (at, piece) in text.split('%').enumerate() {
            let last = at + 1 == text.split('%').count();
            let alternatives = match (at % 2, last) {
                (1, true) => vec![Part::Literal(format!("%{piece}"))],
                (1, false) => values(piece)
                    .ok_or_else(|| Problem::Placeholder(piece.to_owned()))?
                    .iter()
                    .map(|value| Part::Literal(value.clone()))
                    .collect(),
                _ => vec![Part::Literal(piece.to_owned())],
            };
            found = product(&found, &alternatives)?;
        }
    }
    Ok(found.into_iter().map(joined).collect())
}

/// Each of the beginnings with each of the alternatives.
fn product(found: &[Vec<Part>], alternatives: &[Part]) -> Result<Vec<Vec<Part>>, Problem> {
    bounded(found.len(), alternatives.len())?;
    let with = |start: &Vec<Part>, part: &Part| {
        start.iter().cloned().chain(std::iter::once(part.clone())).collect()
    };
    Ok(found
        .iter()
        .flat_map(|start| alternatives.iter().map(move |part| with(start, part)))
        .collect())
}

fn bounded(a: usize, b: usize) -> Result<(), Problem> {
    if a.saturating_mul(b) > MAX_ALTERNATIVES { Err(Problem::TooMany) } else { Ok(()) }
}

/// The pieces with neighbouring literals joined and empty ones left out.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::new();
    for part in parts {
        match (out.last_mut(), part) {
            (_, Part::Literal(text)) if text.is_empty() => {}
            (Some(Part::Literal(text)), Part::Literal(more)) => text.push_str(&more),
            (_, part) => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, steps: &[Encoding]) -> Result<Vec<String>, Problem> {
        let found = encode(pattern::literal(text), steps)?;
        Ok(found.iter().map(|parts| pattern::plain(parts).unwrap().to_owned()).collect())
    }

    #[test]
    fn base64_pads_and_offsets_drop_what_neighbours_change() {
        use Encoding::{Base64, Base64Offset, Utf16, Utf16be, Utf16le};
        let cases: [(&str, &[Encoding], &[&str]); 8] = [
            ("", &[Base64], &[""]),
            ("f", &[Base64], &["Zg=="]),
            ("fo", &[Base64], &["Zm8="]),
            ("foobar", &[Base64], &["Zm9vYmFy"]),
            ("foobar", &[Base64Offset], &["Zm9vYmFy", "Zvb2Jhc", "mb29iYX"]),
            ("IEX", &[Utf16le, Base64], &["SQBFAFgA"]),
            ("IEX", &[Utf16be, Base64], &["AEkARQBY"]),
            ("IEX", &[Utf16, Base64], &["//5JAEUAWAA="]),
        ];
        for (text, steps, expected) in cases {
            assert_eq!(encoded(text, steps).unwrap(), expected, "{text} {steps:?}");
        }
    }

    #[test]
    fn every_offset_occurs_in_a_longer_encoding() {
        let needle = "powershell -enc";
        let found = encoded(needle, &[Encoding::Base64Offset]).unwrap();
        for (at, expected) in found.iter().enumerate() {
            for tail in ["", "x", "xyz1"] {
                let text = format!("{}{needle}{tail}", "abc".get(..at).unwrap());
                let whole = encoded(&text, &[Encoding::Base64]).unwrap().remove(0);
                assert!(whole.contains(expected), "{expected} in {whole}");
            }
        }
    }

    #[test]
    fn windash_replaces_dashes_of_options_only() {
        let found = encoded("-a", &[Encoding::Windash]).unwrap();
        assert_eq!(found, ["-a", "/a", "–a", "—a", "―a"]);
        for text in ["a-b", "- a", "a -", "a/b"] {
            assert_eq!(encoded(text, &[Encoding::Windash]).unwrap(), [text]);
        }
        assert_eq!(encoded(" /a -b", &[Encoding::Windash]).unwrap().len(), 25);
        let many = "-a ".repeat(6);
        assert_eq!(encoded(&many, &[Encoding::Windash]), Err(Problem::TooMany));
    }

    #[test]
    fn what_cannot_be_encoded_is_refused() {
        let star = vec![Part::Any];
        assert_eq!(encode(star, &[Encoding::Base64]), Err(Problem::Wildcard));
        assert_eq!(encoded("a", &[Encoding::Base64Offset]), Err(Problem::TooShort));
        assert_eq!(encoded("é", &[Encoding::Utf16le]), Err(Problem::NotText));
    }

    #[test]
    fn placeholders_multiply_and_percent_signs_stay() {
        let lists = [("a", vec!["1".to_owned(), "*".to_owned()])];
        let find = |name: &str| {
            lists.iter().find(|(known, _)| *known == name).map(|(_, values)| values.as_slice())
        };
        let texts = |text: &str| -> Result<Vec<String>, Problem> {
            let found = expand(&pattern::literal(text), find)?;
            Ok(found.iter().map(|parts| pattern::plain(parts).unwrap().to_owned()).collect())
        };
        assert_eq!(texts("x%a%y").unwrap(), ["x1y", "x*y"]);
        assert_eq!(texts("%a%%a%").unwrap(), ["11", "1*", "*1", "**"]);
        assert_eq!(texts("100%").unwrap(), ["100%"]);
        assert_eq!(texts("%b%"), Err(Problem::Placeholder("b".into())));
    }
}
