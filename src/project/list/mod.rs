//! CSV files of baselines → typed entries: what a list of the project holds, why, whose and until when.
//!
//! ```csv
//! kind,value,applies_to,reason,ticket,owner,created,expires,evidence
//! signer,Contoso Ltd,E4;E5,software of the house,CHG0001,it@contoso.example,2026-11-28,2027-11-28,
//! ```
//!
//! A value that does not fit its kind is reported (E0902) and left out; the rest is kept.

mod reader;
mod review;

use jiff::civil::Date;

use super::csv;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span, Spanned};

#[cfg(test)]
pub(super) use reader::KEYS;
pub use review::review;

/// A list of the project that stands in a file.
#[derive(Debug, Clone)]
pub struct ListFile {
    /// The CSV file, relative to the project file.
    pub file: Spanned<String>,
    /// Only entries of this kind.
    pub kind: Option<Kind>,
    /// Only entries that apply to this class, store or rule, or to everything.
    pub applies_to: Option<String>,
}

impl ListFile {
    /// The values of those entries that belong to the list.
    #[must_use]
    pub fn values(&self, entries: &[Entry]) -> Vec<String> {
        let wanted = |entry: &&Entry| {
            self.kind.is_none_or(|kind| kind == entry.kind)
                && self.applies_to.as_ref().is_none_or(|class| entry.applies_to(class))
        };
        entries.iter().filter(wanted).map(|entry| entry.value.node.clone()).collect()
    }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The SHA-1 of a certificate or a file.
    Sha1,
    /// The SHA-256 of a certificate or a file.
    Sha256,
    /// The name of a signer.
    Signer,
    /// A pattern of whole paths of files.
    Path,
    /// The whole path of a program that does something.
    Actor,
    /// A group of hosts.
    HostGroup,
    /// A network or an address.
    Dest,
    /// A pattern of names in the domain name system.
    Name,
    /// A registry value with what it holds: `KEY\VALUE = DATA`.
    Registry,
}

impl Kind {
    /// All kinds by name.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("sha1", Self::Sha1),
        ("sha256", Self::Sha256),
        ("signer", Self::Signer),
        ("path", Self::Path),
        ("actor", Self::Actor),
        ("host_group", Self::HostGroup),
        ("dest", Self::Dest),
        ("name", Self::Name),
        ("registry", Self::Registry),
    ];

    /// The kind of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// What a value of the kind must be, if this one is not.
    fn wants(self, value: &str) -> Option<&'static str> {
        let hex = |length| value.len() == length && value.bytes().all(|b| b.is_ascii_hexdigit());
        match self {
            Self::Sha1 if !hex(40) => Some("40 hexadecimal digits"),
            Self::Sha256 if !hex(64) => Some("64 hexadecimal digits"),
            Self::Dest if !is_network(value) => Some("a network such as `192.0.2.0/24`"),
            Self::Registry if !value.contains(ROW) => {
                Some("a value and its data, `KEY\\VALUE = DATA`")
            }
            Self::Actor if value.contains('*') => Some("a whole path without `*`"),
            _ if value.is_empty() => Some("a value"),
            Self::Sha1
            | Self::Sha256
            | Self::Signer
            | Self::Path
            | Self::Actor
            | Self::HostGroup
            | Self::Dest
            | Self::Name
            | Self::Registry => None,
        }
    }
}

/// What stands between the cells of a row in one value.
pub const ROW: &str = " = ";

fn is_network(value: &str) -> bool {
    value.parse::<ipnet::IpNet>().is_ok() || value.parse::<std::net::IpAddr>().is_ok()
}

/// An entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What the value is.
    pub kind: Kind,
    /// The value.
    pub value: Spanned<String>,
    /// Classes of evidence, stores or rules that it is for; nothing: for all.
    pub applies: Vec<String>,
    /// Why it is there.
    pub reason: String,
    /// The change that approved it.
    pub ticket: String,
    /// Who answers for it.
    pub owner: String,
    /// Since when.
    pub created: Option<Date>,
    /// Its last day.
    pub expires: Option<Date>,
    /// What proves it: a signer, a hash.
    pub evidence: String,
}

impl Entry {
    fn applies_to(&self, class: &str) -> bool {
        self.applies.is_empty() || self.applies.iter().any(|name| name.eq_ignore_ascii_case(class))
    }
}

/// Columns of a list.
const COLUMNS: &[&str] =
    &["kind", "value", "applies_to", "reason", "ticket", "owner", "created", "expires", "evidence"];

/// Reads the entries of a file; E0901 and E0902 for what is malformed.
#[must_use]
pub fn parse(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Vec<Entry> {
    let table = csv::read(source, text, diagnostics);
    for column in &table.header {
        if !COLUMNS.contains(&column.node.as_str()) {
            let message = format!("a list has no column `{}`", column.node);
            let found = Diagnostic::new(Code::ListSyntax, column.span, message);
            let all = format!("columns are {}", COLUMNS.join(", "));
            let near = crate::diagnostic::nearest(&column.node, COLUMNS.iter().copied());
            diagnostics.push(match near {
                Some(near) => found.help(format!("the nearest name is `{near}`")),
                None => found.help(all),
            });
        }
    }
    let (Some(kind), Some(value)) = (table.column("kind"), table.column("value")) else {
        let span = table.header.first().map_or(Span::new(source, 0, 0), |first| first.span);
        let message = "a list needs the columns `kind` and `value`";
        let help = format!("begin the file with `{}`", COLUMNS.join(","));
        diagnostics.push(Diagnostic::new(Code::ListSyntax, span, message).help(help));
        return Vec::new();
    };
    let entry = |row: &Vec<Spanned<String>>| entry(&table, row, kind, value, diagnostics);
    table.rows.iter().filter_map(entry).collect()
}

fn entry(
    table: &csv::Table,
    row: &[Spanned<String>],
    kind: usize,
    value: usize,
    diagnostics: &mut Diagnostics,
) -> Option<Entry> {
    let (kind, value) = (row.get(kind)?, row.get(value)?.clone());
    let cell = |name: &str| table.column(name).and_then(|index| row.get(index));
    let text = |name: &str| cell(name).map_or_else(String::new, |cell| cell.node.clone());
    let Some(known) = Kind::find(&kind.node) else {
        let message = format!("there is no kind `{}` of entries", kind.node);
        let names = Kind::NAMES.iter().map(|(name, _)| *name);
        let found = Diagnostic::new(Code::ListEntry, kind.span, message);
        let all: Vec<&str> = names.clone().collect();
        diagnostics.push(match crate::diagnostic::nearest(&kind.node, names) {
            Some(near) => found.help(format!("the nearest name is `{near}`")),
            None => found.help(format!("kinds are {}", all.join(", "))),
        });
        return None;
    };
    if let Some(wanted) = known.wants(&value.node) {
        let message = format!("`{}` is no value of the kind `{}`", value.node, kind.node);
        let found = Diagnostic::new(Code::ListEntry, value.span, message);
        diagnostics.push(found.help(format!("expected {wanted}")));
        return None;
    }
    let created = date(cell("created"), diagnostics)?;
    let expires = date(cell("expires"), diagnostics)?;
    let applies = text("applies_to");
    let applies = applies.split(';').map(str::trim).filter(|name| !name.is_empty() && *name != "*");
    Some(Entry {
        kind: known,
        value,
        applies: applies.map(str::to_owned).collect(),
        reason: text("reason"),
        ticket: text("ticket"),
        owner: text("owner"),
        created,
        expires,
        evidence: text("evidence"),
    })
}

/// A date, or none; nothing if it cannot be read.
#[expect(clippy::option_option, reason = "a missing date is not a wrong one")]
fn date(cell: Option<&Spanned<String>>, diagnostics: &mut Diagnostics) -> Option<Option<Date>> {
    let Some(cell) = cell.filter(|cell| !cell.node.is_empty()) else { return Some(None) };
    let found = cell.node.parse().ok();
    if found.is_none() {
        let message = format!("`{}` is no date", cell.node);
        let help = "write it as `2026-11-28`";
        diagnostics.push(Diagnostic::new(Code::ListEntry, cell.span, message).help(help));
        return None;
    }
    Some(found)
}

#[cfg(test)]
mod tests;
