//! How each test of a pattern is asked on a platform, one by one, for people who ask why.
//!
//! `TargetObject endswith '\Dll'` on `defender-xdr` → computed first, then `TargetObject endswith
//! '\Dll'`.

use crate::diagnostic::Diagnostic;
use crate::ir::{FieldRef, Pattern, PatternSource, Predicate, Test};
use crate::platform::{Column, Platform, Resolved, Source};

use super::Let;
use super::push::{At, Columns};

/// A pattern's fields and tests at one place.
pub struct Trace<'a> {
    /// The place with what the platform says of its fields.
    pub source: &'a Source,
    /// Fields in the order in which the pattern names them.
    pub fields: Vec<TracedField<'a>>,
}

/// A field and what is asked of it.
pub struct TracedField<'a> {
    /// The field.
    pub field: FieldRef,
    /// What it is there; none: it is not held.
    pub resolved: Option<&'a Resolved>,
    /// Its tests, as they were written.
    pub tests: Vec<(Test, Result<Pushed, Diagnostic>)>,
}

/// A test, asked of columns.
pub struct Pushed {
    /// How it became that.
    pub how: How,
    /// What is asked.
    pub predicate: Predicate<Column>,
    /// What is computed before.
    pub lets: Vec<Let>,
}

/// How a test on a field becomes one on columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// The same test on a column.
    AsItIs,
    /// Several tests that mean the same together.
    Several,
    /// The value is computed first.
    Computed,
    /// Several tests on a computed value.
    SeveralComputed,
    /// Known without looking at an event.
    Decided,
}

impl How {
    /// In words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::AsItIs => "as it is",
            Self::Several => "as several tests",
            Self::Computed => "on the computed value",
            Self::SeveralComputed => "as several tests on the computed value",
            Self::Decided => "decided by the platform",
        }
    }
}

/// How the tests of a pattern are asked at each of its places; none for firings of another rule,
/// and for a log source that the platform does not hold.
#[must_use]
pub fn trace<'a>(pattern: &Pattern, platform: &'a Platform) -> Vec<Trace<'a>> {
    let PatternSource::Events { logsource, predicate } = &pattern.source else { return Vec::new() };
    let places = platform.places(logsource).iter();
    places
        .map(|source| {
            let at = At { logsource, source };
            Trace { source, fields: fields(predicate, source, platform, at) }
        })
        .collect()
}

fn fields<'a>(
    predicate: &Predicate,
    source: &'a Source,
    platform: &'a Platform,
    at: At<'_>,
) -> Vec<TracedField<'a>> {
    let mut fields: Vec<TracedField<'a>> = Vec::new();
    predicate.tests(&mut |test| {
        let pushed = push(test, source, platform, at);
        match fields.iter_mut().find(|known| known.field == test.field) {
            Some(known) => known.tests.push((test.clone(), pushed)),
            None => fields.push(TracedField {
                field: test.field.clone(),
                resolved: source.fields.get(&test.field.name),
                tests: vec![(test.clone(), pushed)],
            }),
        }
    });
    fields
}

fn push(
    test: &Test,
    source: &Source,
    platform: &Platform,
    at: At<'_>,
) -> Result<Pushed, Diagnostic> {
    let mut columns = Columns::of(platform, &source.place);
    let mut found = Vec::new();
    let predicate = columns.push(&Predicate::Test(test.clone()), at, &mut found);
    if let Some(refusal) = found.pop() {
        return Err(refusal);
    }
    let lets = columns.lets;
    let how = match (&predicate, lets.is_empty()) {
        (decided, _) if decided.is_always() || decided.is_never() => How::Decided,
        (Predicate::Test(_), true) => How::AsItIs,
        (Predicate::Test(_), false) => How::Computed,
        (_, true) => How::Several,
        (_, false) => How::SeveralComputed,
    };
    Ok(Pushed { how, predicate, lets })
}
