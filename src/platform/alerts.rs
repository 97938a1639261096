//! What an alert of the product needs of an event: `alerts: [Timestamp, ReportId, DeviceId]`.
//!
//! Defender XDR makes an alert of a row only if it names an event and an entity. Queries return a
//! place's clock and its `identity`, of the last firing for a correlation, so these have to hold the
//! columns that the platform file lists.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};

use super::Source;

/// Reports the first place whose events lack a column that alerts need (E0504), for each of these.
pub(super) fn check(needed: &[String], sources: &[Source], found: &mut Diagnostics) {
    for name in needed {
        let Some(source) = sources.iter().find(|source| !returns(source, name)) else { continue };
        let table = &source.place.table;
        let message = format!("an alert needs `{name}`, which events of `{table}` do not return");
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
