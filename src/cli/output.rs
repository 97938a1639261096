//! Where text goes: results to standard output, findings to standard error.
//!
//! A closed pipe (`sigweave … | head`) ends the output silently.

use std::io::{BufWriter, IsTerminal, Write};

use annotate_snippets::Renderer;

use crate::diagnostic::{Diagnostic, Severity, render_text};
use crate::source::SourceMap;

/// Both outputs of the process.
pub(super) struct Output {
    out: BufWriter<std::io::Stdout>,
    renderer: Renderer,
}

impl Output {
    /// Colours only on a terminal, and never where `NO_COLOR` is set.
    pub(super) fn new() -> Self {
        let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        Self { out: BufWriter::new(std::io::stdout()), renderer }
    }

    /// A line of the result.
    pub(super) fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}");
    }

    /// A line beside the result.
    pub(super) fn remark(&mut self, text: &str) {
        self.flush();
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Findings beside the result, each followed by an empty line.
    pub(super) fn findings<'a>(
        &mut self,
        found: impl IntoIterator<Item = &'a Diagnostic>,
        sources: &SourceMap,
    ) {
        self.flush();
        let mut err = std::io::stderr().lock();
        for diagnostic in found {
            let _ = writeln!(err, "{}", render_text(diagnostic, sources, &self.renderer));
        }
    }

    /// Writes out what is buffered.
    pub(super) fn flush(&mut self) {
        let _ = self.out.flush();
    }
}

/// `3 errors, 1 warning`.
pub(super) fn tally<'a>(found: impl IntoIterator<Item = &'a Diagnostic>) -> String {
    let (mut errors, mut warnings) = (0, 0);
    for diagnostic in found {
        match diagnostic.code.severity() {
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
        }
    }
    format!("{}, {}", counted(errors, "error"), counted(warnings, "warning"))
}

/// `1 rule`, `2 rules`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
