//! Comments that silence a lint: `# sigweave: allow title-style, W0301`.
//!
//! At the end of a line it is for that line, on a line of its own for the next one, and before the
//! first key of a document for the whole document.

use std::ops::Range;

use crate::diagnostic::{CODES, Code, Diagnostic};
use crate::source::{SourceId, Span};

const MARK: &str = "# sigweave: allow ";

/// A lint that is silent in a part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The bytes in which it is.
    pub range: Range<usize>,
    /// The lint.
    pub code: Code,
}

impl Allowance {
    /// Whether a finding is allowed.
    #[must_use]
    pub fn allows(&self, found: &Diagnostic) -> bool {
        self.code == found.code && self.range.contains(&(found.primary.span.start as usize))
    }
}

/// The allowances of a text; names that are no lint are reported.
#[must_use]
pub fn allowances(source: SourceId, text: &str) -> (Vec<Allowance>, Vec<Diagnostic>) {
    let mut reader =
        Reader { source, found: Vec::new(), unknown: Vec::new(), waiting: Vec::new(), head: true };
    if !text.contains(MARK) {
        return (reader.found, reader.unknown);
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        reader.line(line, at, text);
        at += line.len();
    }
    (reader.found, reader.unknown)
}

struct Reader {
    source: SourceId,
    found: Vec<Allowance>,
    unknown: Vec<Diagnostic>,
    /// Lints that the next line with anything is to allow.
    waiting: Vec<Code>,
    /// Whether no key of the document has come yet.
    head: bool,
}

impl Reader {
    fn line(&mut self, line: &str, at: usize, text: &str) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return;
        }
        if trimmed == "---" {
            self.head = true;
            return;
        }
        let codes = self.codes(line, at);
        if trimmed.starts_with('#') {
            if self.head {
                let rest = text.get(at..).unwrap_or_default();
                let length = rest.find("\n---").unwrap_or(rest.len());
                self.allow(codes, at..at + length + 1);
            } else {
                self.waiting.extend(codes);
            }
            return;
        }
        self.head = false;
        let waiting = std::mem::take(&mut self.waiting);
        self.allow(waiting.into_iter().chain(codes).collect(), at..at + line.len());
    }

    fn allow(&mut self, codes: Vec<Code>, range: Range<usize>) {
        self.found.extend(codes.into_iter().map(|code| Allowance { range: range.clone(), code }));
    }

    /// The lints that a line's comment names.
    fn codes(&mut self, line: &str, at: usize) -> Vec<Code> {
        let Some(mark) = line.find(MARK) else { return Vec::new() };
        let begins = line
            .get(..mark)
            .is_some_and(|before| before.is_empty() || before.ends_with(char::is_whitespace));
        if !begins {
            return Vec::new();
        }
        let start = mark + MARK.len();
        let names = line.get(start..).unwrap_or_default();
        let mut codes = Vec::new();
        let mut offset = at + start;
        for part in names.split_inclusive([',', ' ', '\t', '\r', '\n']) {
            let name = part.trim_matches([',', ' ', '\t', '\r', '\n']);
            let span = Span::new(self.source, offset, offset + name.len());
            offset += part.len();
            match Code::find(name).filter(|code| code.is_lint()) {
                Some(code) => codes.push(code),
                None if name.is_empty() => {}
                None => self.unknown.push(unknown(name, span)),
            }
        }
        codes
    }
}

/// W0128 for a name that is none of a lint.
pub(super) fn unknown(name: &str, span: Span) -> Diagnostic {
    let found = Diagnostic::new(Code::UnknownLint, span, format!("there is no lint `{name}`"));
    if let Some(code) = Code::find(name) {
        let what = if code.is_approximation() { "accepted, not silenced" } else { "an error" };
        return found.help(format!("`{}` is {what}", code.name()));
    }
    let names = CODES.iter().filter(|entry| entry.code.is_lint()).map(|entry| entry.name);
    found.nearest(name, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let (found, unknown) = allowances(SourceId(0), text);
        let show = |one: &Allowance| {
            let part = text.get(one.range.start..one.range.end.min(text.len()));
            format!("{}: {}", one.code.name(), part.unwrap_or_default().replace('\n', "|"))
        };
        let unknown = unknown.iter().map(|one| one.message.clone());
        (found.iter().map(show).collect(), unknown.collect())
    }

    #[test]
    fn comments_are_for_their_line_the_next_or_the_document() {
        let text = "# sigweave: allow W0103\na: 1 # sigweave: allow title-style, id-form\n\
                    # sigweave: allow date-form\n\nb: 2\n---\nc: 3\n";
        let (found, unknown) = read(text);
        assert_eq!(unknown, Vec::<String>::new());
        assert_eq!(found[0].split(':').next(), Some("missing-id"));
        assert!(found[0].ends_with("b: 2|"), "{found:?}");
        assert_eq!(found[1], "title-style: a: 1 # sigweave: allow title-style, id-form|");
        assert_eq!(found[3], "date-form: b: 2|");
    }

    #[test]
    fn names_that_are_no_lint_are_told() {
        let (found, unknown) = read("a: 1 # sigweave: allow titel-style, E0301\n");
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(unknown.len(), 2);
    }
}
