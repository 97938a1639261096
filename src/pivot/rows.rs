//! Rows about certificates → indicators: crt.sh, certstream, Zeek x509, Suricata tls, a CSV of one's own.
//!
//! `{"serial_number":"0a1b","name_value":"a.example\nb.example"}` → the serial number `0A1B` and two
//! names.

use serde_json::Value;

use super::indicator::Indicator;
use super::name::attributes;

/// What a JSON object says of a certificate; none if it is no row that is known.
pub(super) fn json(row: &Value, origin: &str) -> Option<Indicator> {
    let mut found = None;
    for read in [certstream, suricata, crtsh, zeek] {
        found = found.or_else(|| read(row));
    }
    let mut indicator = found?;
    indicator.origin = origin.to_owned();
    super::shapes::flag(&mut indicator);
    Some(indicator)
}

/// crt.sh: no fingerprint; issuer and serial number are the key.
fn crtsh(row: &Value) -> Option<Indicator> {
    let serial = text(row, "serial_number")?;
    text(row, "issuer_name").or_else(|| text(row, "name_value"))?;
    let mut names: Vec<String> = Vec::new();
    let listed = text(row, "name_value").unwrap_or_default();
    names.extend(listed.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
    let subject = text(row, "common_name").map(|name| ("CN".to_owned(), name));
    Some(Indicator {
        serial: self::serial(&serial),
        issuer: attributes(&text(row, "issuer_name").unwrap_or_default()),
        subject: subject.into_iter().collect(),
        names,
        not_before: time(row.get("not_before")),
        not_after: time(row.get("not_after")),
        ..Indicator::default()
    })
}

/// certstream: the leaf of an update.
fn certstream(row: &Value) -> Option<Indicator> {
    let leaf = row.pointer("/data/leaf_cert").or_else(|| row.get("leaf_cert"))?;
    let hash = text(leaf, "fingerprint").map(|hash| hash.replace(':', "").to_lowercase());
    let sha256 = text(leaf, "sha256").map(|hash| hash.replace(':', "").to_lowercase());
    let name = |at: &str| -> Vec<(String, String)> {
        let parts = leaf.get(at).and_then(Value::as_object);
        let known =
            |(key, _): &(&String, &Value)| !matches!(key.as_str(), "aggregated" | "email_address");
        let attribute =
            |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        parts.into_iter().flatten().filter(known).filter_map(attribute).collect()
    };
    let names = leaf.get("all_domains").and_then(Value::as_array);
    Some(Indicator {
        sha1: hash.filter(|hash| is_hex(hash, 40)),
        sha256: sha256.filter(|hash| is_hex(hash, 64)),
        serial: text(leaf, "serial_number").as_deref().and_then(serial),
        subject: name("subject"),
        issuer: name("issuer"),
        names: texts(names),
        not_before: time(leaf.get("not_before")),
        not_after: time(leaf.get("not_after")),
        ..Indicator::default()
    })
}

/// Suricata's EVE record: SHA-1 and serial number with colons, names in forward order.
fn suricata(row: &Value) -> Option<Indicator> {
    let tls = row.get("tls")?;
    let names = tls.get("subjectaltname").and_then(Value::as_array);
    Some(Indicator {
        sha1: text(tls, "fingerprint")
            .map(|hash| hash.replace(':', "").to_lowercase())
            .filter(|hash| is_hex(hash, 40)),
        serial: text(tls, "serial").as_deref().and_then(serial),
        subject: attributes(&text(tls, "subject").unwrap_or_default()),
        issuer: attributes(&text(tls, "issuerdn").unwrap_or_default()),
        names: texts(names),
        not_before: time(tls.get("notbefore")),
        not_after: time(tls.get("notafter")),
        ..Indicator::default()
    })
}

/// Zeek's x509.log: SHA-256, names in the order of RFC 2253; keys with dots, or nested.
fn zeek(row: &Value) -> Option<Indicator> {
    let at = |name: &str| row.get(name).or_else(|| nested(row, name));
    let word = |name: &str| at(name).and_then(Value::as_str).map(str::to_owned);
    let fingerprint = word("fingerprint").filter(|hash| is_hex(hash, 64));
    let serial = word("certificate.serial");
    if fingerprint.is_none() && serial.is_none() {
        return None;
    }
    let key = word("certificate.key_type").map(|kind| {
        let length = at("certificate.key_length").and_then(Value::as_u64);
        length.map_or(kind.clone(), |length| format!("{kind} {length}"))
    });
    Some(Indicator {
        sha256: fingerprint.map(|hash| hash.to_lowercase()),
        serial: serial.as_deref().and_then(self::serial),
        subject: attributes(&word("certificate.subject").unwrap_or_default()),
        issuer: attributes(&word("certificate.issuer").unwrap_or_default()),
        names: texts(at("san.dns").and_then(Value::as_array)),
        not_before: time(at("certificate.not_valid_before")),
        not_after: time(at("certificate.not_valid_after")),
        authority: at("basic_constraints.ca").and_then(Value::as_bool),
        key,
        ..Indicator::default()
    })
}

/// Columns of a CSV of indicators.
pub(super) const COLUMNS: &[&str] =
    &["sha1", "sha256", "spki_sha256", "serial", "subject", "issuer", "names", "note"];

/// What a row of a CSV says; names are separated by blanks or semicolons.
///
/// # Errors
/// The column and the value that does not fit it.
pub(super) fn csv(cells: &[(&str, &str)], origin: &str) -> Result<Indicator, (usize, String)> {
    let mut indicator = Indicator { origin: origin.to_owned(), ..Indicator::default() };
    for (index, (column, value)) in cells.iter().enumerate() {
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        let hash = |length: usize| {
            let plain = value.replace([':', ' '], "").to_lowercase();
            let wrong = || {
                (index, format!("`{value}` is no {column}: expected {length} hexadecimal digits"))
            };
            if is_hex(&plain, length) { Ok(Some(plain)) } else { Err(wrong()) }
        };
        match *column {
            "sha1" => indicator.sha1 = hash(40)?,
            "sha256" => indicator.sha256 = hash(64)?,
            "spki_sha256" => indicator.spki_sha256 = hash(64)?,
            "serial" => {
                let found = serial(value);
                let wrong = || (index, format!("`{value}` is no serial number"));
                indicator.serial = Some(found.ok_or_else(wrong)?);
            }
            "subject" => indicator.subject = attributes(value),
            "issuer" => indicator.issuer = attributes(value),
            "names" => {
                let names = value.split([';', ' ']).filter(|name| !name.is_empty());
                indicator.names = names.map(str::to_owned).collect();
            }
            _ => {}
        }
    }
    super::shapes::flag(&mut indicator);
    Ok(indicator)
}

/// A serial number as two upper-case digits per byte, without the zeros before it.
fn serial(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let digits = digits.strip_prefix("0x").unwrap_or(&digits).to_uppercase();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digits = if digits.len().is_multiple_of(2) { digits } else { format!("0{digits}") };
    let mut plain = digits.as_str();
    while let Some(rest) = plain.strip_prefix("00").filter(|rest| !rest.is_empty()) {
        plain = rest;
    }
    Some(plain.to_owned())
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn text(row: &Value, key: &str) -> Option<String> {
    row.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn texts(values: Option<&Vec<Value>>) -> Vec<String> {
    let values = values.into_iter().flatten().filter_map(Value::as_str);
    values.map(|value| value.strip_prefix("DNS:").unwrap_or(value).to_owned()).collect()
}

/// `certificate.serial` as the member `serial` of `certificate`.
fn nested<'v>(row: &'v Value, name: &str) -> Option<&'v Value> {
    let (outer, inner) = name.split_once('.')?;
    row.get(outer)?.get(inner)
}

/// A time as a number of seconds, or as a text with or without its zone.
fn time(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    if let Some(seconds) = value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "years fit")]
        return Some(seconds as i64);
    }
    let text = value.as_str()?;
    let zoned = text.parse::<jiff::Timestamp>().ok();
    let civil = || text.parse::<jiff::civil::DateTime>().ok();
    let utc = |time: jiff::civil::DateTime| time.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let time = zoned.or_else(|| civil().and_then(utc).map(|time| time.timestamp()))?;
    Some(time.as_second())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(row: &Value) -> Indicator {
        json(row, "t").unwrap()
    }

    #[test]
    fn every_kind_of_row_is_read() {
        let crtsh = read(
            &json!({"issuer_name": "C=US, O=Let's Encrypt, CN=R3", "common_name": "a.example",
            "name_value": "a.example\nb.example", "serial_number": "03a1", "not_before": "2026-01-01T00:00:00",
            "not_after": "2026-04-01T00:00:00"}),
        );
        assert_eq!(
            (crtsh.serial.as_deref(), crtsh.names.len(), crtsh.days()),
            (Some("03A1"), 2, Some(90))
        );
        assert!(crtsh.flags.contains(&"public authority".to_owned()));
        let zeek = read(&json!({"fingerprint": "AB".repeat(32), "certificate.serial": "08BB00EE",
            "certificate": {"subject": "CN=a"}, "san.dns": ["a"]}));
        assert_eq!(zeek.sha256, Some("ab".repeat(32)));
        assert_eq!(zeek.subject("CN"), Some("a"));
        assert!(zeek.flags.contains(&"default of a tool".to_owned()));
        let suricata =
            read(&json!({"event_type": "tls", "tls": {"fingerprint": "aa:".repeat(19) + "aa",
            "serial": "0C:00:99", "subject": "C=US, CN=x", "issuerdn": "C=US, CN=x"}}));
        assert_eq!(suricata.sha1, Some("aa".repeat(20)));
        assert_eq!(suricata.serial.as_deref(), Some("0C0099"));
        assert_eq!(suricata.self_issued(), Some(true));
        let stream = read(&json!({"data": {"leaf_cert": {"fingerprint": "AA:".repeat(19) + "AA",
            "subject": {"CN": "x", "aggregated": "/CN=x"}, "all_domains": ["x"], "not_before": 1.0}}}));
        assert_eq!((stream.sha1, stream.not_before), (Some("aa".repeat(20)), Some(1)));
        assert!(json(&json!({"a": 1}), "t").is_none());
    }

    #[test]
    fn serial_numbers_have_one_spelling() {
        assert_eq!(serial("8bb00ee").as_deref(), Some("08BB00EE"));
        assert_eq!(serial("00:08:BB:00:EE").as_deref(), Some("08BB00EE"));
        assert_eq!(serial("00").as_deref(), Some("00"));
        assert_eq!(serial("x"), None);
    }
}
