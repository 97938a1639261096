//! The platforms that come with the program; their files are `templates/platforms/*.yml`.

use super::Platform;
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

/// The shipped platform of this name.
#[must_use]
pub fn load(name: &str) -> Option<Platform> {
    // What is wrong with a shipped file would be found by the tests below.
    open(name, &mut Diagnostics::default())
}

/// Names of the shipped platforms that list the log source.
#[must_use]
pub fn holders(logsource: &str) -> Vec<&'static str> {
    // Refusals ask for this rule by rule: the files are searched, not read.
    let entry = format!("\n  {logsource}:\n");
    let holds = |shipped: &&Shipped| shipped.text.contains(&entry);
    SHIPPED.iter().filter(holds).map(|shipped| shipped.name).collect()
}

/// The schema of the shipped platform of this name.
pub(super) fn schema(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|shipped| shipped.name == name).map(|shipped| shipped.schema)
}

fn open(name: &str, found: &mut Diagnostics) -> Option<Platform> {
    let shipped = SHIPPED.iter().find(|shipped| shipped.name == name)?;
    Some(Platform::open(SourceId::default(), shipped.text.into(), None, found))
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
            let platform = open(shipped.name, &mut found).unwrap();
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
