//! What became of the cases, for people, for machines and for CI servers.

use serde::Serialize;

use crate::cli::output::{Output, counted, tally};
use crate::diagnostic::machine::xml;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceMap;

use super::Tried;
use super::judge::Verdict;

/// A case, as machines read it.
#[derive(Debug, Serialize)]
struct Said<'a> {
    file: &'a str,
    line: usize,
    rule: &'a str,
    case: &'a str,
    passed: bool,
    /// Whether it could be read at all.
    #[serde(skip)]
    is_read: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// One JSON object per case, also for those that cannot be read.
pub(super) fn json(
    tried: &[Tried],
    unread: &[Diagnostic],
    sources: &SourceMap,
    output: &mut Output,
) {
    for case in all(tried, unread, sources) {
        output.line(&serde_json::to_string(&case).unwrap_or_default());
    }
}

/// The cases, and what keeps others from being read in place of them.
fn all<'a>(tried: &'a [Tried], unread: &'a [Diagnostic], sources: &'a SourceMap) -> Vec<Said<'a>> {
    let is_error = |found: &&Diagnostic| found.severity() == Severity::Error;
    let unread = unread.iter().filter(is_error).map(|found| self::unread(found, sources));
    let mut all: Vec<Said<'_>> =
        tried.iter().map(|tried| said(tried, sources)).chain(unread).collect();
    all.sort_by_key(|case| (case.file, case.line));
    all
}

/// A JUnit report: a suite per test file.
pub(super) fn junit(
    tried: &[Tried],
    unread: &[Diagnostic],
    sources: &SourceMap,
    output: &mut Output,
) {
    let said = all(tried, unread, sources);
    output.line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    output.line("<testsuites name=\"sigweave\">");
    for suite in said.chunk_by(|one, other| one.file == other.file) {
        let failures = suite.iter().filter(|case| case.is_read && !case.passed).count();
        let errors = suite.iter().filter(|case| !case.is_read).count();
        let name = suite.first().map_or("", |case| case.file);
        output.line(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\">",
            xml(name),
            suite.len(),
        ));
        for case in suite {
            let (class, name) = (xml(case.rule), xml(case.case));
            let open = format!("    <testcase classname=\"{class}\" name=\"{name}\"");
            match &case.message {
                None => output.line(&format!("{open}/>")),
                Some(message) => {
                    output.line(&format!("{open}>"));
                    let message = xml(message);
                    let element = if case.is_read { "failure" } else { "error" };
                    output.line(&format!("      <{element} message=\"{message}\"/>"));
                    output.line("    </testcase>");
                }
            }
        }
        output.line("  </testsuite>");
    }
    output.line("</testsuites>");
}

/// The closing line.
pub(super) fn summary<'a>(
    tried: &[Tried],
    found: impl Iterator<Item = &'a Diagnostic>,
    output: &mut Output,
) {
    let passed = tried.iter().filter(|tried| tried.verdict == Verdict::Passed).count();
    let cases = counted(tried.len(), "case");
    output.remark(&format!("{cases}: {passed} passed; {}", tally(found)));
}

fn said<'a>(tried: &'a Tried, sources: &'a SourceMap) -> Said<'a> {
    let source = sources.get(tried.case.place.source);
    Said {
        file: source.map_or("", |source| source.name.as_str()),
        line: source.map_or(0, |source| source.position(tried.case.name.span.start).0),
        rule: &tried.rule,
        case: &tried.case.name.node,
        passed: tried.verdict == Verdict::Passed,
        is_read: true,
        message: match &tried.verdict {
            Verdict::Passed => None,
            Verdict::Failed(wrong, facts) => {
                let facts: String = facts.iter().map(|fact| format!("\n{fact}")).collect();
                Some(format!("{wrong}{facts}"))
            }
            Verdict::Impossible(problems) => {
                let said: Vec<_> = problems.iter().map(|found| found.message.as_str()).collect();
                Some(said.join("\n"))
            }
        },
    }
}

/// What keeps a case or a test file from being read, as a case that did not pass.
fn unread<'a>(found: &Diagnostic, sources: &'a SourceMap) -> Said<'a> {
    let source = sources.get(found.primary.span.source);
    Said {
        file: source.map_or("", |source| source.name.as_str()),
        line: source.map_or(0, |source| source.position(found.primary.span.start).0),
        rule: "",
        case: "cannot be read",
        passed: false,
        is_read: false,
        message: Some(format!("{}: {}", found.code.id(), found.message)),
    }
}
