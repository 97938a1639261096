//! Weave's text → syntax tree → AST: rules over several events (`docs/weave.md` is the grammar).
//!
//! Three steps, none of which fails: text → [tokens](token::tokens), blanks and comments included;
//! tokens → [`tree`], by nom's combinators over tokens; tree → AST. After a mistake, reading goes on
//! at the next entry, so that all mistakes of a file are reported in one run; a rule with one is
//! kept, but marked as incomplete, and never compiles.
//!
//! `rule r { events: a = windows/image_load  condition: a }` → `WeaveRule` with the event `a`.

mod condition;
mod input;
mod lower;
mod predicate;
mod script;
pub mod token;
pub mod tree;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span};

use super::ast::Document;
use input::Tokens;
use token::{Kind, Token};
use tree::{Item, Script};

/// Bytes of a file (E0106), as for YAML.
const FILE_BYTES: usize = 16 << 20;

/// Reads all rules of a file; what cannot be read is reported.
///
/// `text` is that of `source` in its [`crate::source::SourceMap`].
pub fn parse(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Vec<Document> {
    let script = script(source, text, diagnostics);
    lower::documents(&script, diagnostics)
}

/// Reads a file as written; what cannot be read is reported.
pub fn script<'a>(source: SourceId, text: &'a str, diagnostics: &mut Diagnostics) -> Script<'a> {
    let mark = diagnostics.len();
    if text.len() > FILE_BYTES {
        let message = format!("the file has more than {} MiB", FILE_BYTES >> 20);
        diagnostics.push(Diagnostic::new(Code::YamlTooLarge, Span::new(source, 0, 0), message));
        return Script { tokens: Vec::new(), items: Vec::new(), complete: false };
    }
    let tokens = token::tokens(source, text, diagnostics);
    report_escapes(&tokens, diagnostics);
    let damaged: Vec<Span> = diagnostics.iter().skip(mark).map(|one| one.primary.span).collect();
    let seen: Vec<Token<'a>> =
        tokens.iter().copied().filter(|token| !token.kind.is_trivia()).collect();
    let reader = script::Reader::default();
    let end = Span::new(source, text.trim_end().len(), text.trim_end().len());
    let mut items = reader.file(Tokens::new(&seen, end));
    diagnostics.extend(reader.into_findings());
    for item in &mut items {
        let Item::Rule(rule) = item else { continue };
        let inside = |span: &Span| rule.span.start <= span.start && span.end <= rule.span.end;
        rule.complete &= !damaged.iter().any(inside);
    }
    Script { tokens, items, complete: !diagnostics.errors_since(mark) }
}

/// Whether a word is no name.
#[must_use]
pub fn is_reserved(word: &str) -> bool {
    input::RESERVED.contains(&word) || input::SECTIONS.contains(&word)
}

/// Reports escapes that mean nothing.
fn report_escapes(tokens: &[Token<'_>], diagnostics: &mut Diagnostics) {
    for token in tokens.iter().filter(|token| token.kind == Kind::Escaped) {
        let (_, wrong) = token::decode(token);
        if let Some((start, end)) = wrong.first() {
            let from = token.span.start as usize;
            let span = Span::new(token.span.source, from + start, from + end);
            let escape = token.text.get(*start..*end).unwrap_or_default();
            let message = format!("there is no escape `{escape}`");
            diagnostics.push(
                Diagnostic::new(Code::WeaveSyntax, span, message)
                    .help("a backslash in `\"…\"` is written `\\\\`; in `'…'` nothing is escaped"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
