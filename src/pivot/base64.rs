//! Base64 and hexadecimal text → bytes, whatever the line breaks (RFC 4648).

/// The bytes of a base64 text; none if it holds anything else. Blanks and line breaks do not count.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::with_capacity(text.len() * 3 / 4), 0_u32, 0);
    let text = text.trim_end().trim_end_matches('=');
    for c in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = (held << 6 | u32::from(value)) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// The bytes of hexadecimal text; none if it holds anything else. Blanks, line breaks, commas, colons and
/// the `\` by which `reg export` continues a line do not count.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let skipped = |byte: &u8| byte.is_ascii_whitespace() || b",:\\".contains(byte);
    let digits: Option<Vec<u8>> = text
        .bytes()
        .filter(|byte| !skipped(byte))
        .map(|byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len().is_multiple_of(2))?;
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}

/// Bytes as hexadecimal text.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_read_with_any_line_breaks() {
        assert_eq!(base64("aGVs\r\nbG8=\n").as_deref(), Some(&b"hello"[..]));
        assert_eq!(base64("aG*s"), None);
        assert_eq!(hex("68,65,\\\r\n  6c,6c,6f").as_deref(), Some(&b"hello"[..]));
        assert_eq!(hex("686"), None);
        assert_eq!(hex("hello"), None);
        assert_eq!(to_hex(b"\x00\xff"), "00ff");
    }
}
