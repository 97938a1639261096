//! Indicators → Weave rules that look for them, one per key and log source.
//!
//! The rules are texts, checked and planned like anybody's: what a platform cannot say it refuses with a
//! code. Values are written as escaped texts, so that nothing in a certificate is syntax.

use super::indicator::Indicator;
use super::score::keys;

/// Most values that one rule asks for.
const MAX_VALUES: usize = 200;
/// Keys of a lower score are not hunted for.
const LEAST: i32 = 20;

/// A hunt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunt {
    /// The key, as scores name it.
    pub key: &'static str,
    /// The log source.
    pub logsource: &'static str,
    /// What is found, in a line.
    pub title: String,
    /// The rule in Weave; none if no log source holds the key.
    pub rule: Option<String>,
    /// What is left out.
    pub notes: Vec<String>,
}

/// Where a key is looked for: key, log source, field, and how the field compares with a value.
const PLACES: &[(&str, &str, &str, &str)] = &[
    ("sha256", "zeek/service:x509", "fingerprint", "=="),
    ("sha256", "zeek/service:ssl", "cert_chain_fps", "=="),
    ("sha1", "windows/registry_set", "TargetObject", "store"),
    ("sha1", "windows/service:certificateservicesclient-lifecycle-system", "Thumbprint", "=="),
    ("sha1", "windows/service:capi2", "CertThumbprint", "=="),
    ("issuer+serial", "zeek/service:x509", "certificate.serial", "=="),
    ("subject", "zeek/service:x509", "certificate.subject", "contains"),
    ("subject", "windows/image_load", "Signature", "=="),
    ("names", "zeek/service:ssl", "server_name", "name"),
    ("names", "zeek/service:dns", "query", "name"),
    ("names", "windows/dns_query", "QueryName", "name"),
    ("names", "windows/network_connection", "DestinationHostname", "name"),
];

/// The hunts for all indicators together, in a fixed order.
#[must_use]
pub fn hunts(indicators: &[Indicator]) -> Vec<Hunt> {
    let mut hunts: Vec<Hunt> = PLACES.iter().filter_map(|place| hunt(indicators, *place)).collect();
    if indicators.iter().any(|indicator| indicator.spki_sha256.is_some()) {
        hunts.push(Hunt {
            key: "spki_sha256",
            logsource: "-",
            title: "hash of the public key".to_owned(),
            rule: None,
            notes: vec![
                "no log source holds the hash of a public key: look it up in scans of the internet, and \
                 bridge what they find with `--lookup`"
                    .to_owned(),
            ],
        });
    }
    hunts
}

fn hunt(
    indicators: &[Indicator],
    (key, logsource, field, compare): (&'static str, &'static str, &str, &str),
) -> Option<Hunt> {
    let mut notes = Vec::new();
    let mut values = Vec::new();
    for indicator in indicators {
        let score = keys(indicator).iter().find(|found| found.kind == key).map(|found| found.score);
        if score.is_none_or(|score| score < LEAST) {
            continue;
        }
        for value in values_of(indicator, key, field) {
            if value.chars().any(char::is_control) {
                notes.push(format!(
                    "{}: a value with control characters is left out",
                    indicator.origin
                ));
            } else if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    if values.is_empty() {
        return None;
    }
    if values.len() > MAX_VALUES {
        notes.push(format!("{} of {} values are asked for", MAX_VALUES, values.len()));
        values.truncate(MAX_VALUES);
    }
    let name = format!("pivot_{key}_{logsource}_{field}").to_lowercase();
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let title = format!("{field} in {logsource}");
    let tests: Vec<String> = tests(&values, field, compare);
    let rule = format!(
        "rule {name} {{\n  meta:\n    title = {}\n    status = experimental\n    level = medium\n    tags = [attack.an1976]\n\n  \
         events:\n    event = {logsource} where\n      {}\n\n  condition:\n    event\n}}\n",
        quoted(&format!("Certificate hunt: {title}")),
        tests.join("\n      or ")
    );
    Some(Hunt { key, logsource, title, rule: Some(rule), notes })
}

/// The values of a key, as a field of telemetry has them.
fn values_of(indicator: &Indicator, key: &str, field: &str) -> Vec<String> {
    let one = |value: &Option<String>| value.iter().cloned().collect();
    match key {
        "sha256" => one(&indicator.sha256),
        "sha1" => indicator.sha1.iter().map(|hash| hash.to_uppercase()).collect(),
        "issuer+serial" => one(&indicator.serial),
        "subject" if field == "Signature" => {
            let signs = indicator.usages.iter().any(|usage| usage == "1.3.6.1.5.5.7.3.3");
            indicator.subject("CN").filter(|_| signs).map(str::to_owned).into_iter().collect()
        }
        // Whole names differ in order and escapes: an attribute is portable.
        "subject" => {
            let common = indicator.subject("CN").map(|name| format!("CN={}", rfc2253(name)));
            let other = indicator.subject("O").map(|name| format!("O={}", rfc2253(name)));
            common.or(other).into_iter().collect()
        }
        _ => indicator.names.clone(),
    }
}

/// A value of a name as Zeek writes it (RFC 2253, 2.4).
fn rfc2253(value: &str) -> String {
    let mut text = String::new();
    for c in value.chars() {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

fn tests(values: &[String], field: &str, compare: &str) -> Vec<String> {
    let field = if field.contains('.') { format!("`{field}`") } else { field.to_owned() };
    let set = |values: Vec<&String>| {
        let texts: Vec<String> = values.into_iter().map(|value| quoted(value)).collect();
        format!("({})", texts.join(", "))
    };
    let all: Vec<&String> = values.iter().collect();
    match compare {
        "==" => vec![format!("{field} in {}", set(all))],
        "contains" => vec![format!("{field} contains any {}", set(all))],
        "store" => vec![format!(
            "{field} contains '\\SystemCertificates\\' and {field} endswith '\\Blob' and {field} contains any {}",
            set(all)
        )],
        _ => {
            let (wild, plain): (Vec<&String>, Vec<&String>) =
                all.into_iter().partition(|name| name.starts_with("*."));
            let ends: Vec<String> =
                wild.iter().filter_map(|name| name.strip_prefix('*')).map(str::to_owned).collect();
            let mut tests = Vec::new();
            if !plain.is_empty() {
                tests.push(format!("{field} in {}", set(plain)));
            }
            if !ends.is_empty() {
                tests.push(format!("{field} endswith any {}", set(ends.iter().collect())));
            }
            tests
        }
    }
}

/// An escaped text of Weave.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_in_their_quotes_and_wildcards_become_ends() {
        let indicator = Indicator {
            sha256: Some("ab".repeat(32)),
            serial: Some("0A".into()),
            issuer: vec![("CN".into(), "x".into())],
            subject: vec![("CN".into(), "a\" or Image == \"\\".into())],
            names: vec!["*.a.example".into(), "b.example".into(), "c\nx".into()],
            ..Indicator::default()
        };
        let hunts = hunts(&[indicator]);
        let rule = |logsource: &str, field: &str| {
            let found = hunts
                .iter()
                .find(|hunt| hunt.logsource == logsource && hunt.title.starts_with(field));
            found.unwrap().rule.clone().unwrap()
        };
        assert!(
            rule("zeek/service:x509", "certificate.subject")
                .contains(r#"("CN=a\\\" or Image == \\\"\\\\")"#)
        );
        let names = rule("zeek/service:dns", "query");
        assert!(
            names
                .contains("query in (\"b.example\")\n      or query endswith any (\".a.example\")"),
            "{names}"
        );
        assert!(hunts.iter().any(|hunt| hunt.notes.iter().any(|note| note.contains("control"))));
    }
}
