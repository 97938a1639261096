//! The platforms that come with the program; their files are `templates/platforms/*.yml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Layer, Platform};
use crate::diagnostic::Diagnostics;
use crate::source::SourceId;

/// A shipped platform: its name, its file and its schema.
struct Shipped {
    name: &'static str,
    text: &'static str,
    schema: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        const NAMES: &[&str] = &[$($name),*];
        const SHIPPED: &[Shipped] = &[$(Shipped {
            name: $name,
            text: include_str!(concat!("../../templates/platforms/", $name, ".yml")),
            schema: include_str!(concat!("../../templates/schemas/", $name, ".yml")),
        }),*];
    };
}

/// A schema without a platform of its name.
const CIM: (&str, &str) = ("splunk-cim", include_str!("../../templates/schemas/splunk-cim.yml"));

shipped!(
    "defender-xdr",
    "sentinel",
    "sentinel-asim",
    "elastic-winlogbeat",
    "elastic-defend",
    "splunk-ta",
    "splunk-generic"
);

/// Names of the shipped platforms; the first that a target queries is its default.
#[must_use]
pub fn names() -> &'static [&'static str] {
    NAMES
}

/// The shipped platform of this name, in which no message can point.
#[must_use]
pub fn load(name: &str) -> Option<Platform> {
    let layer = Layer { source: SourceId::default(), text: text(name)?.into() };
    Some(open(layer))
}

/// Names of the shipped platforms that list the log source.
#[must_use]
pub fn holders(logsource: &str) -> Vec<&'static str> {
    LISTED.get(logsource).cloned().unwrap_or_default()
}

/// Which of the shipped platforms list a log source: refusals ask for this rule by rule.
static LISTED: LazyLock<HashMap<&str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut listed: HashMap<&str, Vec<&'static str>> = HashMap::new();
    for shipped in SHIPPED {
        // The files are searched, not read; what else stands so is the name of no log source.
        let entries = shipped.text.lines().filter_map(|line| line.strip_prefix("  "));
        for name in entries.filter_map(|entry| entry.strip_suffix(':')) {
            listed.entry(name).or_default().push(shipped.name);
        }
    }
    listed
});

/// The text of the file of the shipped platform of this name.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|shipped| shipped.name == name).map(|shipped| shipped.text)
}

/// A shipped file as it is; it needs no proof.
#[must_use]
pub fn open(layer: Layer) -> Platform {
    // What is wrong with a shipped file would be found by the tests below.
    Platform::open(layer, Vec::new(), None, &mut Diagnostics::default())
}

/// The shipped schema of this name.
pub(super) fn schema(name: &str) -> Option<&'static str> {
    let shipped = SHIPPED.iter().map(|shipped| (shipped.name, shipped.schema));
    shipped.chain([CIM]).find(|(known, _)| *known == name).map(|(_, text)| text)
}

/// Names of the shipped schemas.
pub(super) fn schemas() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied().chain([CIM.0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render_text;
    use crate::source::SourceMap;

    #[test]
    fn every_mapping_of_every_shipped_platform_is_proven() {
        for shipped in SHIPPED {
            let mut sources = SourceMap::default();
            sources.add(shipped.name, shipped.text);
            let mut found = Diagnostics::default();
            let layer = Layer { source: SourceId(0), text: shipped.text.into() };
            let platform = Platform::open(layer, Vec::new(), None, &mut found);
            assert_eq!(platform.name, shipped.name);
            platform.prove(&mut found);
            let renderer = annotate_snippets::Renderer::plain();
            let report: String =
                found.iter().map(|found| render_text(found, &sources, &renderer)).collect();
            assert!(report.is_empty(), "{report}");
            for logsource in platform.logsources() {
                assert!(!platform.places(logsource).is_empty(), "{logsource}");
                let listed = holders(logsource).contains(&shipped.name);
                assert_eq!(listed, !platform.unchecked, "{logsource}");
            }
        }
    }
}
