//! `sigweave convert --to weave` and `--to sigma`: rules in the other rule language.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::diagnostic::Severity;
use crate::print;
use crate::syntax::ast::Document;

use super::FINDINGS;
use super::convert::usage;
use super::output::{Output, counted, tally};
use super::workspace::Workspace;

/// A language of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// Sigma's YAML.
    Sigma,
    /// Weave.
    Weave,
}

/// Prints the rules in the other language, sound ones only.
pub(super) fn run(paths: &[PathBuf], language: Language, output: &mut Output) -> u8 {
    let workspace = match Workspace::load(paths) {
        Ok(workspace) => workspace,
        Err(problems) => return usage(output, &problems),
    };
    let mut refused = Vec::new();
    let mut said = 0;
    let mut total = 0;
    for (document, rule) in workspace.selection() {
        let is_filter = matches!(document, Document::Filter(_));
        if rule.is_none() && !is_filter {
            continue;
        }
        total += 1;
        let (translated, separator) = match language {
            Language::Sigma => (print::to_sigma(document), "---"),
            Language::Weave => (print::to_weave(document), ""),
        };
        match translated {
            Ok(text) => {
                if said > 0 {
                    output.line(separator);
                }
                output.line(text.trim_end());
                said += 1;
            }
            Err(refusal) => refused.push(refusal),
        }
    }
    output.findings(workspace.reported().chain(&refused), &workspace.sources);
    let found = workspace.reported().chain(&refused);
    output.remark(&format!("{said} of {} said: {}", counted(total, "rule"), tally(found)));
    let errors = workspace.reported().any(|found| found.severity() == Severity::Error)
        || !refused.is_empty();
    if errors { FINDINGS } else { 0 }
}
