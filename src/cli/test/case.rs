//! Cases of tests, as `*.test.yml` ([`super::file`]) and SigmaHQ's `info.yml` ([`super::info`]) say them.

use std::collections::BTreeMap;

use crate::source::{Span, Spanned};

/// A case of a test file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Case {
    /// What it is called.
    pub name: Spanned<String>,
    /// The rule it is about, by name, title or id; else that of the file beside.
    pub rule: Option<Spanned<String>>,
    /// Log source of events that do not say theirs.
    pub logsource: Option<String>,
    /// Values of parameters and lists, in place of those of the project, by name.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// The base time in milliseconds.
    pub base: i64,
    /// Events in the test file.
    pub events: Vec<Inline>,
    /// Event files, relative to the test file.
    pub files: Vec<Spanned<String>>,
    /// Whether an EVTX file may lie beside itself as JSON, which is preferred.
    pub has_twins: bool,
    /// What must come out.
    pub expect: Expect,
    /// Where that is written.
    pub place: Span,
}

/// An event in a test file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Inline {
    /// Its time relative to the base, or its own.
    pub at: Option<At>,
    /// Its fields.
    pub fields: serde_json::Map<String, serde_json::Value>,
    /// Their names, nested ones joined with dots.
    pub names: Vec<Spanned<String>>,
    /// Where it is written.
    pub span: Span,
}

impl Case {
    /// The files that may be meant by a name: SigmaHQ's EVTX files have a twin in JSON.
    pub(crate) fn alternatives(&self, name: &Spanned<String>) -> Vec<String> {
        let twin = name.node.strip_suffix(".evtx").map(|stem| format!("{stem}.json"));
        twin.into_iter().filter(|_| self.has_twins).chain([name.node.clone()]).collect()
    }
}

/// When an event of a test happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// So many milliseconds after the base time.
    Offset(i64),
    /// At this time.
    Time(i64),
}

/// What must come out of a case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expect {
    /// Nothing.
    Silent,
    /// Something.
    Fires,
    /// So many results.
    Count(u64),
    /// At least so many results.
    AtLeast(u64),
    /// Results for exactly these keys, each with its values; for a rule over single events, for
    /// exactly the events with these numbers.
    Keys(Vec<Vec<String>>),
}
