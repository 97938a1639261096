//! What is known of a certificate, each value in the one spelling that it has here.

use serde_json::{Value, json};

use super::score::{Band, Key, keys};

/// A certificate, or what is known of one. What is not known is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Indicator {
    /// Where it comes from: a file, and which one in it.
    pub origin: String,
    /// SHA-1 of the whole certificate, lower-case hexadecimal.
    pub sha1: Option<String>,
    /// SHA-256 of the whole certificate, lower-case hexadecimal.
    pub sha256: Option<String>,
    /// SHA-256 of the public key with its algorithm, lower-case hexadecimal.
    pub spki_sha256: Option<String>,
    /// The serial number, upper-case hexadecimal, two digits per byte.
    pub serial: Option<String>,
    /// Attributes of the subject in order, such as (`CN`, `example`).
    pub subject: Vec<(String, String)>,
    /// Attributes of the issuer in order.
    pub issuer: Vec<(String, String)>,
    /// Alternative names of hosts.
    pub names: Vec<String>,
    /// Alternative names of other kinds: addresses, mail, URIs.
    pub other_names: Vec<String>,
    /// Begin of the validity, in seconds since 1970.
    pub not_before: Option<i64>,
    /// End of the validity, in seconds since 1970.
    pub not_after: Option<i64>,
    /// Whether it is an authority.
    pub authority: Option<bool>,
    /// What it may be used for, by object identifier.
    pub usages: Vec<String>,
    /// The kind of its key, such as `rsa 2048`.
    pub key: Option<String>,
    /// What is odd about it.
    pub flags: Vec<String>,
}

impl Indicator {
    /// The first attribute of the subject with this name.
    #[must_use]
    pub fn subject(&self, attribute: &str) -> Option<&str> {
        let found = self.subject.iter().find(|(name, _)| name == attribute);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether it names itself as its issuer; none if a name is not known.
    #[must_use]
    pub fn self_issued(&self) -> Option<bool> {
        let known = !self.subject.is_empty() && !self.issuer.is_empty();
        known.then(|| self.subject == self.issuer)
    }

    /// How many days it is valid.
    #[must_use]
    pub fn days(&self) -> Option<i64> {
        Some((self.not_after? - self.not_before?) / 86_400)
    }

    /// The domains that somebody registered, of its names: the last label and the one before it, or the
    /// last three below a country's `co`, `com` and their like. The public suffix list is not asked.
    #[must_use]
    pub fn domains(&self) -> Vec<String> {
        let mut domains: Vec<String> =
            self.names.iter().filter_map(|name| registrable(name)).collect();
        domains.sort();
        domains.dedup();
        domains
    }

    /// Adds what is odd, once.
    pub fn flag(&mut self, flag: impl Into<String>) {
        let flag = flag.into();
        if !self.flags.contains(&flag) {
            self.flags.push(flag);
        }
    }

    /// All of it, with scores.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let keys = keys(self);
        let attributes = |name: &[(String, String)]| -> Vec<Value> {
            name.iter().map(|(attribute, value)| json!([attribute, value])).collect()
        };
        json!({
            "origin": self.origin,
            "sha1": self.sha1,
            "sha256": self.sha256,
            "spki_sha256": self.spki_sha256,
            "serial": self.serial,
            "serial_decimal": self.serial.as_deref().map(decimal),
            "subject": attributes(&self.subject),
            "issuer": attributes(&self.issuer),
            "names": self.names,
            "other_names": self.other_names,
            "registrable_domains": self.domains(),
            "not_before": self.not_before.map(shown),
            "not_after": self.not_after.map(shown),
            "validity_days": self.days(),
            "self_issued": self.self_issued(),
            "authority": self.authority,
            "usages": self.usages,
            "key": self.key,
            "flags": self.flags,
            "band": Band::of(&keys).name(),
            "keys": keys.iter().map(Key::to_json).collect::<Vec<_>>(),
        })
    }
}

/// A time as RFC 3339; the number where there is no such day.
#[must_use]
pub fn shown(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// A hexadecimal number in decimal digits.
fn decimal(hex: &str) -> String {
    let mut digits: Vec<u8> = vec![0];
    // No issuer uses more than 20 bytes; a hostile one may.
    for digit in hex.chars().take(200).filter_map(|c| c.to_digit(16)) {
        let mut carry = digit;
        for place in &mut digits {
            let value = u32::from(*place) * 16 + carry;
            *place = u8::try_from(value % 10).unwrap_or_default();
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or_default());
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

/// Second levels below which a country's registry registers names.
const SECOND: &[&str] = &["ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"];

fn registrable(name: &str) -> Option<String> {
    let name = name.trim_start_matches("*.").trim_end_matches('.').to_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    if labels.len() < 2
        || labels.iter().any(|label| label.is_empty())
        || name.parse::<std::net::IpAddr>().is_ok()
    {
        return None;
    }
    let country = labels.last().is_some_and(|last| last.len() == 2);
    let second = labels.get(labels.len() - 2).is_some_and(|label| SECOND.contains(label));
    let kept = if country && second { 3 } else { 2 };
    let from = labels.len().checked_sub(kept)?;
    labels.get(from..).map(|kept| kept.join("."))
}

/// The CSV that bridges the SHA-1 of a registry key and the SHA-256 of a network sensor; only
/// certificates of which both are known.
#[must_use]
pub fn lookup(indicators: &[Indicator]) -> String {
    let mut text = "sha1,sha256,spki_sha256,serial,subject_cn,issuer_cn\n".to_owned();
    for indicator in indicators {
        let (Some(sha1), Some(sha256)) = (&indicator.sha1, &indicator.sha256) else { continue };
        let issuer = indicator.issuer.iter().find(|(name, _)| name == "CN");
        let cells = [
            sha1.as_str(),
            sha256,
            indicator.spki_sha256.as_deref().unwrap_or_default(),
            indicator.serial.as_deref().unwrap_or_default(),
            indicator.subject("CN").unwrap_or_default(),
            issuer.map_or("", |(_, value)| value.as_str()),
        ];
        text += &cells.map(cell).join(",");
        text.push('\n');
    }
    text
}

/// A cell of CSV. One that a spreadsheet would take for a formula begins with an apostrophe.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_are_written_in_decimal() {
        assert_eq!(decimal("08BB00EE"), "146473198");
        assert_eq!(decimal("0100000000000000000000"), "1208925819614629174706176");
        assert_eq!(decimal("00"), "0");
    }

    #[test]
    fn domains_are_those_that_somebody_registered() {
        let domain = |name: &str| registrable(name);
        assert_eq!(domain("*.a.example.com").as_deref(), Some("example.com"));
        assert_eq!(domain("www.example.co.uk").as_deref(), Some("example.co.uk"));
        assert_eq!(domain("co.uk"), None);
        assert_eq!(domain("192.0.2.1"), None);
        assert_eq!(domain("localhost"), None);
    }

    #[test]
    fn a_spreadsheet_finds_no_formula() {
        let indicator = Indicator {
            sha1: Some("aa".into()),
            sha256: Some("bb".into()),
            subject: vec![("CN".into(), "=cmd|'x', \"y\"".into())],
            ..Indicator::default()
        };
        assert!(lookup(&[indicator]).ends_with("aa,bb,,,\"'=cmd|'x', \"\"y\"\"\",\n"));
    }
}
