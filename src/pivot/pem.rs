//! PEM and PKCS#7 → certificates (RFC 7468, RFC 5652).

use x509_cert::der::{Decode, Header, Length, Reader, SliceReader, Tag};

use super::base64::base64;

/// A block of a PEM text.
pub(super) struct Block<'t> {
    /// What it says it is, such as `CERTIFICATE`.
    pub(super) label: &'t str,
    /// Where it begins in the text.
    pub(super) start: usize,
    /// Its bytes; none if they are no base64, or if the block does not end.
    pub(super) bytes: Option<Vec<u8>>,
}

/// The blocks of a text, whatever stands between them.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    const BEGIN: &str = "-----BEGIN ";
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(BEGIN)) {
        let start = from + at;
        let rest = text.get(start + BEGIN.len()..).unwrap_or_default();
        let Some((label, body)) = rest.split_once("-----") else { break };
        let end = format!("-----END {label}-----");
        let content = body.find(&end).and_then(|end| body.get(..end));
        found.push(Block { label, start, bytes: content.and_then(base64) });
        let length = content.map_or(0, |content| content.len() + end.len());
        from = start + BEGIN.len() + label.len() + "-----".len() + length;
    }
    found
}

/// Signed data of PKCS#7, as it is encoded.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// The certificates of a PKCS#7 message; none if it is not one.
pub(super) fn pkcs7(der: &[u8]) -> Option<Vec<&[u8]>> {
    let message = inner(der, Tag::Sequence)?;
    let mut reader = SliceReader::new(message).ok()?;
    let (_, oid, _) = next(message, &mut reader)?;
    if oid != SIGNED_DATA {
        return None;
    }
    let (_, explicit, _) = next(message, &mut reader)?;
    let signed = inner(explicit, Tag::Sequence)?;
    let mut reader = SliceReader::new(signed).ok()?;
    let mut certificates = Vec::new();
    while let Some((tag, content, _)) = next(signed, &mut reader) {
        let context = matches!(tag, Tag::ContextSpecific { number, .. } if number.value() == 0);
        if context {
            let mut set = SliceReader::new(content).ok()?;
            while let Some((_, _, whole)) = next(content, &mut set) {
                certificates.push(whole);
            }
        }
    }
    Some(certificates)
}

/// The content of the element that a text is.
fn inner(bytes: &[u8], tag: Tag) -> Option<&[u8]> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let (found, content, _) = next(bytes, &mut reader)?;
    (found == tag).then_some(content)
}

/// The next element: its tag, its content, and all of it.
fn next<'b>(bytes: &'b [u8], reader: &mut SliceReader<'b>) -> Option<(Tag, &'b [u8], &'b [u8])> {
    if reader.is_finished() {
        return None;
    }
    let offset = |length: Length| usize::try_from(length).ok();
    let start = offset(reader.position())?;
    let header = Header::decode(reader).ok()?;
    let content = reader.read_slice(header.length()).ok()?;
    let whole = bytes.get(start..offset(reader.position())?)?;
    Some((header.tag(), content, whole))
}
