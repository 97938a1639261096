//! What a document says about itself.

use crate::diagnostic::{CODES, Code, Diagnostic, Diagnostics};
use crate::ir;
use crate::source::Spanned;
use crate::syntax::ast::Meta;

/// The checked form; approximations that do not exist are reported.
pub(super) fn check(meta: &Meta, diagnostics: &mut Diagnostics) -> ir::Meta {
    let text = |part: &Option<Spanned<String>>| part.as_ref().map(|part| part.node.clone());
    let texts = |parts: &[Spanned<String>]| parts.iter().map(|part| part.node.clone()).collect();
    ir::Meta {
        span: meta.span,
        title: text(&meta.title).unwrap_or_default(),
        id: text(&meta.id).map(|id| id.to_lowercase()),
        description: text(&meta.description),
        status: text(&meta.status),
        level: text(&meta.level),
        author: text(&meta.author),
        date: text(&meta.date),
        references: texts(&meta.references),
        tags: texts(&meta.tags),
        falsepositives: texts(&meta.falsepositives),
        fields: texts(&meta.fields),
        accept: meta.accept.iter().filter_map(|code| accepted(code, diagnostics)).collect(),
        suppress: None,
    }
}

fn accepted(code: &Spanned<String>, diagnostics: &mut Diagnostics) -> Option<Code> {
    let found = Code::find(&code.node);
    if found.is_none() {
        let message = format!("there is no code `{}`", code.node);
        let known = CODES.iter().flat_map(|entry| [entry.id, entry.name]);
        diagnostics.push(
            Diagnostic::new(Code::UnknownCode, code.span, message).nearest(&code.node, known),
        );
    }
    found
}

/// By which a rule is called: its name, else its title, else its id.
pub(super) fn name(meta: &Meta) -> String {
    let first = [&meta.name, &meta.title, &meta.id].into_iter().flatten().next();
    first.map_or_else(|| "untitled".to_owned(), |name| name.node.clone())
}
