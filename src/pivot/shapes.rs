//! What is odd about a certificate: its validity, its names, who issued it.

use super::indicator::Indicator;

/// Parts of the names of authorities that anyone can ask for a certificate.
const PUBLIC: &[&str] = &[
    "let's encrypt",
    "zerossl",
    "google trust services",
    "digicert",
    "cloudflare",
    "sectigo",
    "comodo",
    "globalsign",
    "godaddy",
    "starfield",
    "amazon",
    "entrust",
    "buypass",
    "ssl.com",
    "ssl corporation",
    "identrust",
    "microsoft azure",
    "microsoft rsa tls",
    "certum",
    "actalis",
    "geotrust",
    "thawte",
];

/// Names that harmless software writes into a certificate that nobody filled in.
const DEFAULTS: &[&str] =
    &["internet widgits pty ltd", "default company ltd", "localhost", "snakeoil", "some-state"];

/// Names that tools for remote control write; as public rules have them.
const TOOLS: &[&str] = &[
    "major cobalt strike",
    "cobaltstrike",
    "advancedpentesting",
    "asyncrat server",
    "quasar server ca",
    "dcrat",
    "mythic",
];

/// Ends of names that many customers of one provider share.
const SHARED: &[&str] = &[
    "cloudflaressl.com",
    "cloudfront.net",
    "azureedge.net",
    "azurewebsites.net",
    "fastly.net",
    "akamaized.net",
    "github.io",
    "herokuapp.com",
    "amazonaws.com",
    "windows.net",
    "vercel.app",
    "netlify.app",
    "workers.dev",
    "pages.dev",
];

/// A certificate for more names than this is one of shared hosting.
pub(super) const MANY_NAMES: usize = 50;

/// Whether a public authority issued it.
pub(super) fn is_public(indicator: &Indicator) -> bool {
    holds(&indicator.issuer, PUBLIC) && indicator.self_issued() != Some(true)
}

/// Whether its subject is one that nobody filled in.
pub(super) fn is_default(indicator: &Indicator) -> bool {
    holds(&indicator.subject, DEFAULTS)
}

/// Whether a tool made it.
pub(super) fn is_tool(indicator: &Indicator) -> bool {
    holds(&indicator.subject, TOOLS) || indicator.serial.as_deref() == Some("08BB00EE")
}

/// Whether customers of one provider share a name of it.
pub(super) fn is_shared(indicator: &Indicator) -> bool {
    let ends = |name: &String| {
        let name = name.to_lowercase();
        SHARED.iter().any(|end| name.ends_with(end))
    };
    indicator.names.iter().any(ends)
}

fn holds(name: &[(String, String)], known: &[&str]) -> bool {
    name.iter().any(|(_, value)| {
        let value = value.to_lowercase();
        known.iter().any(|known| value.contains(known))
    })
}

/// Flags what is odd.
pub(super) fn flag(indicator: &mut Indicator) {
    let public = is_public(indicator);
    let mut said = Vec::new();
    if indicator.self_issued() == Some(true) {
        said.push("self-issued");
    }
    if public {
        said.push("public authority");
    }
    if is_default(indicator) {
        said.push("default subject");
    }
    if is_tool(indicator) {
        said.push("default of a tool");
    }
    if indicator.names.len() > MANY_NAMES {
        said.push("more than 50 names");
    }
    if is_shared(indicator) {
        said.push("name of a shared service");
    }
    if indicator.names.iter().any(|name| name.starts_with("*.")) {
        said.push("wildcard name");
    }
    let texts = indicator.subject.iter().chain(&indicator.issuer).map(|(_, value)| value);
    let mut texts = texts.chain(&indicator.names).chain(&indicator.other_names);
    if texts.any(|text| text.chars().any(char::is_control)) {
        said.push("control character in a name");
    }
    said.extend(indicator.days().and_then(|days| validity(days, public)));
    for flag in said {
        indicator.flag(flag);
    }
}

/// What is odd about so many days.
fn validity(days: i64, public: bool) -> Option<&'static str> {
    match days {
        ..0 => Some("ends before it begins"),
        // Certificates of six days and less come from automation.
        0..2 if !public => Some("valid for less than two days"),
        399.. if public => Some("valid for more than 398 days under a public authority"),
        3651.. => Some("valid for more than ten years"),
        _ => None,
    }
}
