//! What became of the cases, for people, for machines and for CI servers.

use serde::Serialize;

use crate::cli::output::{Output, counted, tally};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::machine::xml;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// One JSON object per case.
pub(super) fn json(tried: &[Tried], sources: &SourceMap, output: &mut Output) {
    for tried in tried {
        output.line(&serde_json::to_string(&said(tried, sources)).unwrap_or_default());
    }
}

/// A JUnit report: a suite per test file.
pub(super) fn junit(tried: &[Tried], sources: &SourceMap, output: &mut Output) {
    let said: Vec<Said<'_>> = tried.iter().map(|tried| said(tried, sources)).collect();
    output.line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    output.line("<testsuites name=\"sigweave\">");
    for suite in said.chunk_by(|one, other| one.file == other.file) {
        let failures = suite.iter().filter(|case| !case.passed).count();
        let name = suite.first().map_or("", |case| case.file);
        output.line(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\">",
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
                    output.line(&format!("      <failure message=\"{message}\"/>"));
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
