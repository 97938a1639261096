//! The registry value `Blob` of a certificate store → the certificate in it.
//!
//! The value is a row of properties: identifier, 1, length (each four bytes, least first), data. Property 32
//! holds the certificate (MS-GPEF 2.2.1.2, the format of certificate blobs; `CERT_CERT_PROP_ID` of
//! wincrypt.h). The layout of the value itself is documented by third parties for the registry only.

/// The property that is the certificate.
const CERTIFICATE: u32 = 32;

/// The certificate of a blob.
///
/// # Errors
/// The bytes are no row of properties, or none of them is a certificate.
pub(super) fn certificate(mut bytes: &[u8]) -> Result<&[u8], &'static str> {
    while !bytes.is_empty() {
        let (Some(id), Some(length)) = (word(bytes, 0), word(bytes, 8)) else {
            return Err("a property of the blob is cut off");
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let data = bytes.get(12..).and_then(|rest| rest.get(..length));
        let Some(data) = data else { return Err("a property of the blob is longer than the blob") };
        if id == CERTIFICATE {
            return Ok(data);
        }
        bytes = bytes.get(12 + length..).unwrap_or_default();
    }
    Err("no property of the blob is a certificate")
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at + 4)?;
    word.try_into().ok().map(u32::from_le_bytes)
}

/// The values named `Blob` in the text of `reg export`, each with the offset at which it begins.
pub(super) fn exported(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("\"Blob\"=hex:")) {
        let start = from + at + "\"Blob\"=hex:".len();
        let rest = text.get(start..).unwrap_or_default();
        let end =
            rest.find(|c: char| !(c.is_ascii_hexdigit() || c.is_whitespace() || ",\\".contains(c)));
        // The next key or value begins with `[` or `"`.
        let value = end.map_or(rest, |end| rest.get(..end).unwrap_or_default());
        found.push((start, value));
        from = start + value.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(id: u32, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        [&id.to_le_bytes()[..], &1_u32.to_le_bytes(), &length.to_le_bytes(), data].concat()
    }

    #[test]
    fn the_certificate_is_one_of_the_properties() {
        let blob = [property(3, &[0; 20]), property(32, b"der")].concat();
        assert_eq!(certificate(&blob), Ok(&b"der"[..]));
        assert!(certificate(&property(3, b"x")).is_err());
        assert!(certificate(&blob[..blob.len() - 1]).is_err());
        assert!(certificate(&[1, 2, 3]).is_err());
    }

    #[test]
    fn every_blob_of_an_export_is_found() {
        let text = "[HKEY_LOCAL_MACHINE\\X]\r\n\"Blob\"=hex:03,00,\\\r\n  01\r\n\r\n[Y]\r\n\"Blob\"=hex:0a\r\n";
        let found: Vec<_> = exported(text).into_iter().map(|(_, value)| value.trim()).collect();
        assert_eq!(found, ["03,00,\\\r\n  01", "0a"]);
    }
}
