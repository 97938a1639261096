//! Where text goes: results to standard output, findings to standard error.
//!
//! A closed pipe (`sigweave … | head`) ends the output silently.

use std::borrow::Cow;
use std::io::{BufWriter, IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use annotate_snippets::Renderer;

use crate::diagnostic::{Diagnostic, Severity, render_text};
use crate::source::SourceMap;

/// How many findings are printed for people; nobody reads more in a terminal.
const MOST_FINDINGS: usize = 1000;

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

    /// A line of the result that quotes rules or events: control characters are made visible, so
    /// that no name begins a line of its own or speaks to the terminal.
    pub(super) fn told(&mut self, text: &str) {
        self.line(&visible(text));
    }

    /// Lines of the result that quote files, such as a diff.
    pub(super) fn told_lines(&mut self, text: &str) {
        text.lines().for_each(|line| self.line(&visible(line).replace("\\u{9}", "\t")));
    }

    /// Lines beside the result, control characters made visible.
    pub(super) fn remark(&mut self, text: &str) {
        self.flush();
        let mut err = std::io::stderr().lock();
        for line in text.split('\n') {
            let _ = writeln!(err, "{}", visible(line));
        }
    }

    /// Findings beside the result, each followed by an empty line.
    pub(super) fn findings<'a>(
        &mut self,
        found: impl IntoIterator<Item = &'a Diagnostic>,
        sources: &SourceMap,
    ) {
        self.flush();
        let mut err = BufWriter::new(std::io::stderr().lock());
        let mut left_off = 0_usize;
        for (number, diagnostic) in found.into_iter().enumerate() {
            if number >= MOST_FINDINGS {
                left_off += 1;
                continue;
            }
            let _ = writeln!(err, "{}", render_text(diagnostic, sources, &self.renderer));
        }
        if left_off > 0 {
            let _ =
                writeln!(err, "… and {left_off} more findings: `--format json` prints them all\n");
        }
    }

    /// Writes out what is buffered.
    pub(super) fn flush(&mut self) {
        let _ = self.out.flush();
    }
}

/// How far work has come, on a terminal, if it takes more than a second.
pub(super) struct Progress {
    begun: Instant,
    done: AtomicUsize,
    is_shown: bool,
}

impl Progress {
    /// Shown only on a terminal.
    pub(super) fn new() -> Self {
        let is_shown = std::io::stderr().is_terminal();
        Self { begun: Instant::now(), done: AtomicUsize::new(0), is_shown }
    }

    /// One of so many things is begun.
    pub(super) fn step(&self, what: &str, of: usize) {
        let done = self.done.fetch_add(1, Ordering::Relaxed);
        if self.is_shown && done.is_multiple_of(64) && self.begun.elapsed().as_secs() >= 1 {
            let _ = write!(std::io::stderr(), "\r{}: {} of {of} ", visible(what), done % of.max(1));
        }
    }

    /// Takes what is shown away.
    pub(super) fn clear(&self) {
        if self.is_shown && self.begun.elapsed().as_secs() >= 1 {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// The text with control characters, and those that turn the direction of writing, as `\u{…}`.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        if c.is_control() || turns {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// `3 errors, 1 warning`.
pub(super) fn tally<'a>(found: impl IntoIterator<Item = &'a Diagnostic>) -> String {
    let (mut errors, mut warnings) = (0, 0);
    for diagnostic in found {
        match diagnostic.severity() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(visible("a\n\u{1b}[31mb\u{202e}ä"), "a\\u{a}\\u{1b}[31mb\\u{202e}ä");
    }
}
