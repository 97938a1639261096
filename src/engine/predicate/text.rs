//! Tests of texts against constants, singly or many at once.
//!
//! Many `contains` of one field become one automaton, many `==` one set.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use memchr::memmem::Finder;

use crate::engine::fold::fold;
use crate::ir::TextTest;

use super::glob::Glob;

/// From how many texts on an automaton is faster than looking for each.
const AUTOMATON_FROM: usize = 4;

/// Whether case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Case {
    /// It does.
    Exact,
    /// Both sides are folded.
    Folded,
}

impl Case {
    /// As the IR says it.
    pub(super) fn new(cased: bool) -> Self {
        if cased { Self::Exact } else { Self::Folded }
    }

    fn apply(self, text: &str) -> String {
        match self {
            Self::Exact => text.to_owned(),
            Self::Folded => fold(text),
        }
    }
}

/// A compiled test.
#[derive(Debug, Clone)]
pub(super) struct Text {
    case: Case,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(Box<Finder<'static>>),
    Like(Glob),
    EqualsAny(HashSet<String>),
    ContainsAny(AhoCorasick),
}

impl Text {
    /// Compiles one test.
    pub(super) fn new(test: &TextTest, case: Case) -> Self {
        let kind = match test {
            TextTest::Equals(text) => Kind::Equals(case.apply(text)),
            TextTest::StartsWith(text) => Kind::StartsWith(case.apply(text)),
            TextTest::EndsWith(text) => Kind::EndsWith(case.apply(text)),
            TextTest::Contains(text) => containing_one(&case.apply(text)),
            TextTest::Like(parts) => Kind::Like(Glob::new(parts, |text| case.apply(text))),
        };
        Self { case, kind }
    }

    /// Compiles tests of which any may hold: as few as possible.
    pub(super) fn join(tests: &[TextTest], case: Case) -> Vec<Self> {
        let mut texts = Vec::new();
        let mut equals = HashSet::new();
        let mut contains = Vec::new();
        for test in tests {
            match test {
                TextTest::Equals(text) => drop(equals.insert(case.apply(text))),
                TextTest::Contains(text) => contains.push(case.apply(text)),
                TextTest::StartsWith(_) | TextTest::EndsWith(_) | TextTest::Like(_) => {
                    texts.push(Self::new(test, case));
                }
            }
        }
        if !equals.is_empty() {
            texts.push(Self { case, kind: Kind::EqualsAny(equals) });
        }
        texts.extend(containing(&contains).into_iter().map(|kind| Self { case, kind }));
        texts.sort_by_key(Self::cost);
        texts
    }

    /// Whether it wants folded texts.
    pub(super) fn case(&self) -> Case {
        self.case
    }

    /// What it costs, compared with others.
    pub(super) fn cost(&self) -> u32 {
        match &self.kind {
            Kind::Equals(_) | Kind::StartsWith(_) | Kind::EndsWith(_) => 2,
            Kind::EqualsAny(_) => 4,
            Kind::Contains(_) => 8,
            Kind::Like(_) => 40,
            Kind::ContainsAny(_) => 60,
        }
    }

    /// Whether it holds of a text, which is folded if [`Text::case`] says so.
    pub(super) fn fits(&self, value: &str) -> bool {
        match &self.kind {
            Kind::Equals(text) => value == text,
            Kind::StartsWith(text) => value.starts_with(text.as_str()),
            Kind::EndsWith(text) => value.ends_with(text.as_str()),
            Kind::Contains(finder) => finder.find(value.as_bytes()).is_some(),
            Kind::Like(glob) => glob.fits(value),
            Kind::EqualsAny(texts) => texts.contains(value),
            Kind::ContainsAny(automaton) => automaton.is_match(value),
        }
    }
}

/// One automaton for many texts; each on its own if they are few or do not fit into one.
fn containing(texts: &[String]) -> Vec<Kind> {
    if texts.len() >= AUTOMATON_FROM {
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        if let Ok(automaton) = AhoCorasick::builder().kind(kind).build(texts) {
            return vec![Kind::ContainsAny(automaton)];
        }
    }
    texts.iter().map(|text| containing_one(text)).collect()
}

fn containing_one(text: &str) -> Kind {
    Kind::Contains(Box::new(Finder::new(text).into_owned()))
}
