//! What an alert of the product needs of an event: `alerts: [Timestamp, ReportId, [DeviceId, AccountUpn]]`.
//!
//! Defender XDR makes an alert of a row only if it names an event and an entity. Queries return a
//! place's clock and its `identity`, of the last firing for a correlation, so these have to hold the
//! columns that the platform file lists; of a list in it one.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};

use crate::yaml::Node;

use super::Source;
use super::expression::texts;

/// What is needed: of each of these one column.
pub(super) fn read(node: Option<&Node>) -> Vec<Vec<String>> {
    node.and_then(Node::items).unwrap_or_default().iter().map(texts).collect()
}

/// Reports the first place whose events lack a column that alerts need (E0504), for each of these.
pub(super) fn check(needed: &[Vec<String>], sources: &[Source], found: &mut Diagnostics) {
    for names in needed {
        let lacks = |source: &&Source| !names.iter().any(|name| returns(source, name));
        let Some(source) = sources.iter().find(lacks) else { continue };
        let (table, names) = (&source.place.table, names.join("` or `"));
        let message = format!("an alert needs `{names}`, which events of `{table}` do not return");
        found.push(
            Diagnostic::new(Code::PlatformSyntax, source.span, message)
                .help("list it under `identity`, or take it out of `alerts`"),
        );
    }
}

/// Whether queries return the column of an event.
fn returns(source: &Source, name: &str) -> bool {
    let place = &source.place;
    std::iter::once(&place.time).chain(&place.identity).any(|column| column.name == name)
}
