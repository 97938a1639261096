//! Certificates made here, sound and hostile → indicators and findings.

use super::*;
use crate::diagnostic::Diagnostics;
use crate::source::SourceMap;

/// An element of DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let mut bytes = vec![tag];
    match length {
        0..128 => bytes.push(u8::try_from(length).unwrap()),
        128..65536 => bytes.extend([
            0x82,
            u8::try_from(length >> 8).unwrap(),
            u8::try_from(length & 255).unwrap(),
        ]),
        _ => {
            bytes.push(0x84);
            bytes.extend(u32::try_from(length).unwrap().to_be_bytes());
        }
    }
    // A length is as short as can be.
    if (128..256).contains(&length) {
        bytes = vec![tag, 0x81, u8::try_from(length).unwrap()];
    }
    if (65536..1 << 24).contains(&length) {
        let [_, a, b, c] = u32::try_from(length).unwrap().to_be_bytes();
        bytes = vec![tag, 0x83, a, b, c];
    }
    bytes.extend(content);
    bytes
}

fn attribute(id: u8, value: &str) -> Vec<u8> {
    let pair = der(0x30, &[&[6, 3, 0x55, 4, id], &der(0x0c, &[value.as_bytes()])]);
    der(0x31, &[&pair])
}

struct Made {
    serial: Vec<u8>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    names: Vec<u8>,
}

impl Made {
    fn new(name: &str) -> Self {
        let name = der(0x30, &[&attribute(3, name)]);
        let names = der(0x30, &[&der(0x82, &[b"a.example"]), &der(0x87, &[&[192, 0, 2, 1]])]);
        Self { serial: vec![2, 2, 0x0a, 0x1b], subject: name.clone(), issuer: name, names }
    }

    fn der(&self) -> Vec<u8> {
        let algorithm = der(0x30, &[&[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]]);
        let curve = der(
            0x30,
            &[
                &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1],
                &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
            ],
        );
        let key = der(0x30, &[&curve, &der(3, &[&[0, 4], &[7; 64]])]);
        let validity =
            der(0x30, &[&der(0x17, &[b"260101000000Z"]), &der(0x17, &[b"460101000000Z"])]);
        let names = der(0x30, &[&[6, 3, 0x55, 0x1d, 17], &der(4, &[&self.names])]);
        let usage = der(0x30, &[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 3]]);
        let usage = der(0x30, &[&[6, 3, 0x55, 0x1d, 37], &der(4, &[&usage])]);
        let extensions = der(0xa3, &[&der(0x30, &[&names, &usage])]);
        let version = der(0xa0, &[&[2, 1, 2]]);
        let tbs = der(
            0x30,
            &[
                &version,
                &self.serial,
                &algorithm,
                &self.issuer,
                &validity,
                &self.subject,
                &key,
                &extensions,
            ],
        );
        der(0x30, &[&tbs, &algorithm, &der(3, &[&[0, 1, 2]])])
    }
}

fn pivot(bytes: &[u8]) -> (Vec<Indicator>, Vec<String>) {
    let mut sources = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let found = read("in", bytes, &mut sources, &mut diagnostics);
    let said =
        |found: crate::diagnostic::Diagnostic| format!("{} {}", found.code.id(), found.message);
    (found, diagnostics.into_sorted().into_iter().map(said).collect())
}

fn base64_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=chunk.len()].copy_from_slice(chunk);
        let word = u32::from_be_bytes(word);
        (0..=chunk.len())
            .for_each(|at| text.push(char::from(DIGITS[(word >> (18 - 6 * at) & 63) as usize])));
    }
    text
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64_of(der))
}

#[test]
fn every_form_of_a_certificate_is_the_same_indicator() {
    let made = Made::new("Fabrikam").der();
    let (direct, found) = pivot(&made);
    assert_eq!(found, Vec::<String>::new());
    let indicator = &direct[0];
    assert_eq!(indicator.serial.as_deref(), Some("0A1B"));
    assert_eq!(indicator.subject("CN"), Some("Fabrikam"));
    assert_eq!(
        (indicator.names.as_slice(), indicator.other_names.as_slice()),
        (&["a.example".to_owned()][..], &["192.0.2.1".to_owned()][..])
    );
    assert_eq!(
        (indicator.self_issued(), indicator.days(), indicator.key.as_deref()),
        (Some(true), Some(7305), Some("ec 256"))
    );
    assert_eq!(indicator.flags, ["self-issued", "valid for more than ten years"]);
    let blob = [
        &32_u32.to_le_bytes()[..],
        &1_u32.to_le_bytes(),
        &u32::try_from(made.len()).unwrap().to_le_bytes(),
        &made,
    ]
    .concat();
    let hex: Vec<String> = blob.iter().map(|byte| format!("{byte:02x}")).collect();
    let export = format!(
        "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_X]\r\n\"Blob\"=hex:{}\r\n",
        hex.join(",")
    );
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(export.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let signed = der(
        0x30,
        &[&[2, 1, 1], &der(0x31, &[]), &der(0x30, &[]), &der(0xa0, &[&made]), &der(0x31, &[])],
    );
    let pkcs7 =
        der(0x30, &[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2], &der(0xa0, &[&signed])]);
    let forms: [&[u8]; 6] =
        [pem(&made).as_bytes(), export.as_bytes(), &utf16, hex.join("").as_bytes(), &blob, &pkcs7]
            .map(|form| -> &[u8] { Box::leak(form.to_vec().into_boxed_slice()) });
    for form in forms {
        let (same, found) = pivot(form);
        assert_eq!((same.as_slice(), found), (direct.as_slice(), Vec::new()));
    }
}

#[test]
fn hostile_certificates_cost_only_what_is_broken() {
    let mut negative = Made::new("x");
    negative.serial = vec![2, 1, 0x80];
    let (found, said) = pivot(&negative.der());
    assert_eq!(said, Vec::<String>::new());
    assert!(found[0].flags.contains(&"negative serial number".to_owned()), "{:?}", found[0].flags);
    let mut long = Made::new("x");
    long.serial = der(2, &[&[1; 40]]);
    let (found, _) = pivot(&long.der());
    assert!(found[0].flags.contains(&"serial number longer than 20 bytes".to_owned()));
    let nul = Made::new("good.example\0.evil.example");
    let (found, _) = pivot(&nul.der());
    assert!(found[0].flags.contains(&"control character in a name".to_owned()));
    let mut cut = Made::new("x");
    cut.names = vec![0x30, 11, 0x82, 3, b'a', b'.', b'b', 0x82, 0x50, b'x', b'y', b'z', b'w'];
    let (found, _) = pivot(&cut.der());
    assert_eq!(found[0].names, ["a.b"]);
    assert!(
        found[0].flags.contains(&"extension 2.5.29.17 is malformed".to_owned()),
        "{:?}",
        found[0].flags
    );
    let sound = Made::new("sound").der();
    let (found, said) = pivot(
        format!("{}{}{}", pem(&sound[..90]), pem(&sound), "-----BEGIN CERTIFICATE-----\nAA")
            .as_bytes(),
    );
    assert_eq!(found.len(), 1);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().all(|said| said.starts_with("E0903")), "{said:?}");
}

#[test]
fn a_hundred_thousand_names_are_read() {
    let mut many = Made::new("x");
    let name = der(0x82, &[b"abcdefgh.example"]);
    many.names = der(0x30, &[&name.repeat(100_000)]);
    let (found, said) = pivot(&many.der());
    assert_eq!((found[0].names.len(), said), (100_000, Vec::new()));
    let hunts = hunts(&found);
    assert!(hunts.iter().all(|hunt| hunt.rule.as_ref().is_none_or(|rule| rule.len() < 20_000)));
}

#[test]
fn no_bytes_make_it_panic() {
    let made = Made::new("x").der();
    for at in 0..made.len() {
        for value in [0, 0x7f, 0x80, 0x84, 0xff] {
            let mut bytes = made.clone();
            bytes[at] = value;
            let _ = pivot(&bytes);
            let _ = pivot(&bytes[..at]);
        }
    }
}

#[test]
fn rows_that_are_broken_cost_themselves_only() {
    let (found, said) =
        pivot(b"{\"serial_number\":\"0a\",\"name_value\":\"a.example\"}\n{broken\n{\"a\":1}\n");
    assert_eq!((found.len(), said.len()), (1, 2), "{said:?}");
    let (found, said) = pivot(b"sha1,note\nabc,x\nCDD4EEAE6000AC7F40C3802C171E30148030C072,y\n");
    assert_eq!(found.len(), 1);
    assert_eq!(said, ["E0904 `abc` is no sha1: expected 40 hexadecimal digits"]);
    let (found, said) = pivot(b"hello, world");
    assert_eq!((found.len(), said.len()), (0, 1));
}

#[test]
fn scores_have_reasons_and_gates() {
    let made = |names: usize| Indicator {
        sha256: Some("ab".repeat(32)),
        issuer: vec![("O".into(), "Let's Encrypt".into())],
        subject: vec![("CN".into(), "x.example".into())],
        names: (0..names).map(|name| format!("{name}.example")).collect(),
        ..Indicator::default()
    };
    let few = keys(&made(1));
    assert_eq!((few[0].kind, few[0].score, Band::of(&few)), ("sha256", 90, Band::Monitor));
    let issuer = few.iter().find(|key| key.kind == "issuer").unwrap();
    assert_eq!(issuer.score, 0);
    let many = keys(&made(51));
    assert_eq!((many[0].score, Band::of(&many)), (50, Band::Hunt));
    assert_eq!(many[0].reasons, ["one certificate: 90", "more than 50 names: -40"]);
    let unfilled = Indicator {
        subject: vec![("O".into(), "Internet Widgits Pty Ltd".into())],
        ..Indicator::default()
    };
    assert_eq!(Band::of(&keys(&unfilled)), Band::Nothing);
}

#[test]
fn certificates_that_share_a_key_are_a_cluster() {
    let of = |spki: &str, name: &str| Indicator {
        spki_sha256: Some(spki.into()),
        names: vec![name.into()],
        ..Indicator::default()
    };
    let found = clusters(&[
        of("a", "x.one.example"),
        of("b", "three.org"),
        of("a", "two.com"),
        of("c", "y.one.example"),
    ]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].members, [0, 2, 3]);
    assert_eq!(
        found[0].shared,
        [("domain", "one.example".to_owned()), ("spki_sha256", "a".to_owned())]
    );
}
