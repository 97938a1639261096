//! Log sources, their fields and the fields' types: the neutral names that rules use.
//!
//! Data is in `rules/taxonomy`, a file per family of products, built in. [`Taxonomy::standard`]
//! only finds where each log source begins; its fields are read when it is first asked for.
//!
//! A log source is called by its key: `windows/registry_set` (product and category),
//! `windows/service:security` (product and service), `linux` (product), `category:proxy`,
//! `service:nginx`; all three: `kubernetes/application/service:audit`.

mod attack;
mod format;
mod types;

pub use attack::{ATTACK_VERSION, Attack, Tactic, Technique};
pub use types::{Hash, Type};

use std::collections::BTreeMap;
use std::sync::OnceLock;

use format::Block;
use indexmap::IndexMap;

/// The data, one text per family of products.
const FILES: &[&str] = &[
    include_str!("../../rules/taxonomy/windows.fields"),
    include_str!("../../rules/taxonomy/zeek.fields"),
    include_str!("../../rules/taxonomy/unix.fields"),
    include_str!("../../rules/taxonomy/network.fields"),
    include_str!("../../rules/taxonomy/cloud.fields"),
    include_str!("../../rules/taxonomy/application.fields"),
];

/// Where events come from, and what they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// Its key, such as `windows/registry_set`.
    pub key: String,
    /// Its fields with their types; fields that it shares with others come first.
    pub fields: IndexMap<String, Type>,
}

impl LogSource {
    /// The type of a field; names are case-sensitive.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Type> {
        self.fields.get(name)
    }
}

/// The parts of a log source's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts<'a> {
    /// `product`.
    pub product: Option<&'a str>,
    /// `category`.
    pub category: Option<&'a str>,
    /// `service`.
    pub service: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// The parts of a key.
    #[must_use]
    pub fn of(key: &'a str) -> Self {
        let mut parts = Self::default();
        for (at, part) in key.split('/').enumerate() {
            if let Some(service) = part.strip_prefix("service:") {
                parts.service = Some(service);
            } else if let Some(category) = part.strip_prefix("category:") {
                parts.category = Some(category);
            } else if at == 0 {
                parts.product = Some(part);
            } else {
                parts.category = Some(part);
            }
        }
        parts
    }

    /// The key of these parts; empty if there is none.
    #[must_use]
    pub fn key(&self) -> String {
        let category = match (self.product, self.category) {
            (None, Some(category)) => Some(format!("category:{category}")),
            (_, category) => category.map(str::to_owned),
        };
        let service = self.service.map(|service| format!("service:{service}"));
        let parts = [self.product.map(str::to_owned), category, service];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/")
    }
}

/// All log sources. Make one and pass it along.
#[derive(Debug)]
pub struct Taxonomy {
    sources: BTreeMap<&'static str, Entry>,
    groups: BTreeMap<(usize, &'static str), Block<'static>>,
}

/// A log source, read or not.
#[derive(Debug)]
struct Entry {
    file: usize,
    block: Block<'static>,
    source: OnceLock<LogSource>,
}

impl Taxonomy {
    /// The log sources that Sigweave knows.
    #[must_use]
    pub fn standard() -> Self {
        let mut taxonomy = Self { sources: BTreeMap::new(), groups: BTreeMap::new() };
        for (file, text) in FILES.iter().enumerate() {
            for block in format::blocks(text) {
                if block.source {
                    let entry = Entry { file, block, source: OnceLock::new() };
                    taxonomy.sources.insert(block.name, entry);
                } else {
                    taxonomy.groups.insert((file, block.name), block);
                }
            }
        }
        taxonomy
    }

    /// The log source with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&LogSource> {
        let entry = self.sources.get(key)?;
        Some(entry.source.get_or_init(|| self.read(entry)))
    }

    /// The log source of a rule that names these.
    #[must_use]
    pub fn find(
        &self,
        product: Option<&str>,
        category: Option<&str>,
        service: Option<&str>,
    ) -> Option<&LogSource> {
        self.get(&Parts { product, category, service }.key())
    }

    /// The keys of all log sources, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.sources.keys().copied()
    }

    fn read(&self, entry: &Entry) -> LogSource {
        let mut fields = IndexMap::new();
        self.include(entry.file, &entry.block, &mut fields, MAX_INCLUDES);
        LogSource { key: entry.block.name.to_owned(), fields }
    }

    /// Adds the fields of the groups that a block includes, then its own; the last one wins.
    fn include(
        &self,
        file: usize,
        block: &Block<'_>,
        fields: &mut IndexMap<String, Type>,
        depth: usize,
    ) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for name in block.includes.split_whitespace() {
            if let Some(group) = self.groups.get(&(file, name)) {
                self.include(file, group, fields, depth);
            }
        }
        fields.extend(block.fields().into_iter().map(|(name, ty)| (name.to_owned(), ty)));
    }
}

/// How deeply groups may include each other.
const MAX_INCLUDES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_parts_read_back() {
        let taxonomy = Taxonomy::standard();
        for key in taxonomy.keys() {
            assert_eq!(Parts::of(key).key(), key);
        }
        let parts = Parts::of("kubernetes/application/service:audit");
        assert_eq!(parts.service, Some("audit"));
        assert_eq!(parts.category, Some("application"));
        assert_eq!(Parts::of("category:proxy").category, Some("proxy"));
    }

    #[test]
    fn every_line_of_the_data_has_a_type_and_every_group_exists() {
        for (file, text) in FILES.iter().enumerate() {
            let taxonomy = Taxonomy::standard();
            for block in format::blocks(text) {
                for group in block.includes.split_whitespace() {
                    assert!(taxonomy.groups.contains_key(&(file, group)), "{group}");
                }
            }
            for line in text.lines().filter(|line| !line.starts_with(['#', '[', '{', ' '])) {
                let known = line.split_once(": ").is_none_or(|(ty, _)| Type::parse(ty).is_some());
                assert!(line.is_empty() || (line.contains(": ") && known), "{line}");
            }
        }
    }

    #[test]
    fn no_log_source_or_field_stands_twice() {
        let mut keys: Vec<&str> = FILES
            .iter()
            .flat_map(|text| format::blocks(text))
            .filter(|block| block.source)
            .map(|block| block.name)
            .collect();
        keys.sort_unstable();
        assert!(keys.is_sorted_by(|a, b| a < b));
        for block in FILES.iter().flat_map(|text| format::blocks(text)) {
            let mut names: Vec<&str> = block.fields().into_iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            assert!(names.is_sorted_by(|a, b| a < b), "{}", block.name);
        }
    }

    #[test]
    fn fields_have_the_types_that_matter() {
        let cases = [
            ("windows/registry_set", "TargetObject", "registry_path"),
            ("windows/registry_set", "Image", "path"),
            ("windows/registry_set", "Computer", "domain"),
            ("windows/registry_set", "UtcTime", "timestamp"),
            ("windows/image_load", "Signed", "boolean"),
            ("windows/image_load", "SignatureStatus", "signature_state"),
            ("windows/image_load", "Hashes", "hashes"),
            ("windows/process_creation", "CommandLine", "command"),
            ("windows/process_creation", "LogonId", "text"),
            ("windows/process_creation", "ProcessGuid", "guid"),
            ("windows/network_connection", "DestinationIp", "ip"),
            ("windows/network_connection", "DestinationPort", "port"),
            ("windows/network_connection", "Initiated", "boolean"),
            ("windows/process_access", "GrantedAccess", "text"),
            ("windows/service:security", "AccessMask", "text"),
            ("windows/service:security", "Status", "text"),
            ("windows/service:system", "ServiceName", "text"),
            ("windows/service:sysmon", "ImageLoaded", "path"),
            ("zeek/service:ssl", "cert_chain_fps", "list<fingerprint<sha256>>"),
            ("zeek/service:ssl", "id.orig_h", "ip"),
            ("zeek/service:ssl", "sni_matches_cert", "boolean"),
            ("zeek/service:x509", "san.dns", "list<domain>"),
            ("zeek/service:x509", "certificate.serial", "serial"),
            ("zeek/service:x509", "fingerprint", "fingerprint<sha256>"),
            ("category:proxy", "c-uri", "url"),
        ];
        let taxonomy = Taxonomy::standard();
        for (key, field, ty) in cases {
            let source = taxonomy.get(key).unwrap();
            assert_eq!(source.field(field).map(ToString::to_string).as_deref(), Some(ty), "{key}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let taxonomy = Taxonomy::standard();
        assert!(taxonomy.find(Some("windwos"), None, None).is_none());
        assert!(taxonomy.find(None, None, None).is_none());
        let source = taxonomy.find(Some("windows"), Some("registry_set"), None).unwrap();
        assert!(source.field("targetobject").is_none());
    }
}
