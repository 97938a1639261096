//! DER → what is known of a certificate (RFC 5280), also of a hostile one: what is odd becomes a flag, and a
//! part that cannot be read costs itself only.

use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::asn1::{Any, ObjectIdentifier};
use x509_cert::der::{Decode, Encode, Header, Reader, SliceReader, Tag, Tagged};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage};
use x509_cert::name::Name;

use super::base64::to_hex;
use super::indicator::Indicator;

/// Names of attributes, by object identifier (RFC 4519, RFC 4514).
const ATTRIBUTES: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

/// Reads one certificate.
///
/// # Errors
/// What is malformed, if the certificate as a whole cannot be read.
pub(super) fn read(der: &[u8], origin: &str) -> Result<Indicator, String> {
    let certificate = CertificateInner::<Raw>::from_der(der).map_err(|error| error.to_string())?;
    let tbs = certificate.tbs_certificate();
    let mut indicator = Indicator {
        origin: origin.to_owned(),
        sha1: Some(to_hex(&Sha1::digest(der))),
        sha256: Some(to_hex(&Sha256::digest(der))),
        subject: attributes(tbs.subject()),
        issuer: attributes(tbs.issuer()),
        not_before: seconds(tbs.validity().not_before.to_unix_duration()),
        not_after: seconds(tbs.validity().not_after.to_unix_duration()),
        ..Indicator::default()
    };
    serial(tbs.serial_number().as_bytes(), der, &mut indicator);
    let key = tbs.subject_public_key_info();
    indicator.spki_sha256 = key.to_der().ok().map(|spki| to_hex(&Sha256::digest(&spki)));
    indicator.key = Some(key_kind(&key.algorithm.oid, key.subject_public_key.raw_bytes().len()));
    for extension in tbs.extensions().into_iter().flatten() {
        self::extension(&extension.extn_id, extension.extn_value.as_bytes(), &mut indicator);
    }
    super::shapes::flag(&mut indicator);
    Ok(indicator)
}

fn seconds(since: core::time::Duration) -> Option<i64> {
    i64::try_from(since.as_secs()).ok()
}

/// The number as two digits per byte. A negative one keeps its bytes.
fn serial(bytes: &[u8], der: &[u8], indicator: &mut Indicator) {
    let hex = to_hex(bytes).to_uppercase();
    if bytes.len() > 20 {
        indicator.flag("serial number longer than 20 bytes");
    }
    let negative =
        raw_serial(der).is_some_and(|raw| raw.first().is_some_and(|byte| byte & 0x80 != 0));
    if negative {
        indicator.flag("negative serial number");
    }
    if bytes.iter().all(|byte| *byte == 0) {
        indicator.flag("serial number zero");
    }
    indicator.serial = Some(if hex.is_empty() { "00".to_owned() } else { hex });
}

/// The bytes of the serial number as they are encoded.
fn raw_serial(der: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(der).ok()?;
    Header::decode(&mut reader).ok()?;
    Header::decode(&mut reader).ok()?;
    let mut header = Header::decode(&mut reader).ok()?;
    if matches!(header.tag(), Tag::ContextSpecific { .. }) {
        reader.read_slice(header.length()).ok()?;
        header = Header::decode(&mut reader).ok()?;
    }
    reader.read_slice(header.length()).ok()
}

fn attributes(name: &Name) -> Vec<(String, String)> {
    let attribute = |oid: &ObjectIdentifier| {
        let oid = oid.to_string();
        let known = ATTRIBUTES.iter().find(|(known, _)| *known == oid);
        known.map_or(oid, |(_, name)| (*name).to_owned())
    };
    name.iter().map(|found| (attribute(&found.oid), text(&found.value))).collect()
}

/// The text of a string of any of ASN.1's kinds; of another value its bytes.
#[expect(clippy::wildcard_enum_match_arm, reason = "tags are not ours")]
fn text(value: &Any) -> String {
    let bytes = value.value();
    match value.tag() {
        Tag::BmpString => {
            let units = bytes.chunks(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0xfffd,
            });
            char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect()
        }
        Tag::TeletexString => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Tag::Utf8String
        | Tag::PrintableString
        | Tag::Ia5String
        | Tag::NumericString
        | Tag::VisibleString => String::from_utf8_lossy(bytes).into_owned(),
        _ => format!("#{}", to_hex(bytes)),
    }
}

fn key_kind(algorithm: &ObjectIdentifier, bytes: usize) -> String {
    match algorithm.to_string().as_str() {
        // The key is a sequence of the modulus and a short exponent.
        "1.2.840.113549.1.1.1" => {
            let sizes = [512_usize, 1024, 2048, 3072, 4096, 8192];
            let modulus = bytes.saturating_sub(10) * 8;
            let size = sizes.iter().min_by_key(|size| size.abs_diff(modulus)).unwrap_or(&2048);
            format!("rsa {size}")
        }
        "1.2.840.10045.2.1" => format!("ec {}", bytes.saturating_sub(1) * 4),
        "1.3.101.112" => "ed25519".to_owned(),
        "1.3.101.113" => "ed448".to_owned(),
        other => other.to_owned(),
    }
}

fn extension(id: &ObjectIdentifier, value: &[u8], indicator: &mut Indicator) {
    let damaged = match id.to_string().as_str() {
        "2.5.29.17" => alternative_names(value, indicator),
        "2.5.29.19" => match BasicConstraints::from_der(value) {
            Ok(found) => {
                indicator.authority = Some(found.ca);
                false
            }
            Err(_) => true,
        },
        "2.5.29.37" => match ExtendedKeyUsage::from_der(value) {
            Ok(found) => {
                indicator.usages = found.0.iter().map(ToString::to_string).collect();
                false
            }
            Err(_) => true,
        },
        _ => false,
    };
    if damaged {
        indicator.flag(format!("extension {id} is malformed"));
    }
}

/// Takes the alternative names up to the first that cannot be read; whether there is one.
fn alternative_names(value: &[u8], indicator: &mut Indicator) -> bool {
    let Ok(mut reader) = SliceReader::new(value) else { return true };
    let Ok(header) = Header::decode(&mut reader) else { return true };
    if header.tag() != Tag::Sequence {
        return true;
    }
    while !reader.is_finished() {
        match GeneralName::decode(&mut reader) {
            Ok(GeneralName::DnsName(name)) => indicator.names.push(name.as_str().to_owned()),
            Ok(GeneralName::Rfc822Name(mail)) => {
                indicator.other_names.push(mail.as_str().to_owned());
            }
            Ok(GeneralName::UniformResourceIdentifier(uri)) => {
                indicator.other_names.push(uri.as_str().to_owned());
            }
            Ok(GeneralName::IpAddress(bytes)) => {
                indicator.other_names.push(address(bytes.as_bytes()));
            }
            Ok(
                GeneralName::OtherName(_)
                | GeneralName::DirectoryName(_)
                | GeneralName::EdiPartyName(_)
                | GeneralName::RegisteredId(_),
            ) => {}
            Err(_) => return true,
        }
    }
    false
}

fn address(bytes: &[u8]) -> String {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return std::net::Ipv4Addr::from(four).to_string();
    }
    match <[u8; 16]>::try_from(bytes) {
        Ok(sixteen) => std::net::Ipv6Addr::from(sixteen).to_string(),
        Err(_) => format!("#{}", to_hex(bytes)),
    }
}
