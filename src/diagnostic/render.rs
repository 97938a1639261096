//! Findings as text with the source line and a caret, and as JSON objects.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use super::{Diagnostic, Severity};
use crate::source::{Source, SourceId, SourceMap, Span};

/// A finding as machines read it; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rendered {
    /// Such as `E0301`.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// The message.
    pub message: String,
    /// The file's path as the user gave it.
    pub file: String,
    /// Line of the primary place.
    pub line: usize,
    /// Column of the primary place, in characters.
    pub column: usize,
    /// What to do, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Further facts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The finding for machines.
#[must_use]
pub fn rendered(diagnostic: &Diagnostic, sources: &SourceMap) -> Rendered {
    let span = diagnostic.primary.span;
    let source = sources.get(span.source);
    let (line, column) = source.map_or((1, 1), |source| source.position(span.start));
    Rendered {
        code: diagnostic.code.id(),
        severity: diagnostic.severity().as_str(),
        message: diagnostic.message.clone(),
        file: source.map_or_else(String::new, |source| source.name.clone()),
        line,
        column,
        help: diagnostic.help.clone(),
        notes: diagnostic.notes.clone(),
    }
}

/// One JSON object, without a line break.
#[must_use]
pub fn render_json(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    serde_json::to_string(&rendered(diagnostic, sources)).unwrap_or_default()
}

/// The finding as a person reads it, with a final line break; coloured if `renderer` is.
#[must_use]
pub fn render_text(diagnostic: &Diagnostic, sources: &SourceMap, renderer: &Renderer) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.id());
    let mut group = Group::with_title(title);
    for (at, annotated) in by_source(diagnostic, sources).into_iter().enumerate() {
        let source = annotated.source;
        // Only the lines in question: the text may be large, and there may be many findings.
        let (from, to) = lines_of(&annotated.labels, source);
        let part = source.text.get(from..to).unwrap_or_default();
        let (line, _) = source.position(u32::try_from(from).unwrap_or(u32::MAX));
        let mut snippet = Snippet::source(part).line_start(line).path(source.name.as_str());
        for (index, (span, text)) in annotated.labels.into_iter().enumerate() {
            let primary = at == 0 && index == 0;
            let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let range = clamp(span, &source.text);
            let range = range.start.saturating_sub(from)..range.end.saturating_sub(from);
            let annotation = kind.span(range);
            snippet = snippet.annotation(match text {
                "" => annotation,
                text => annotation.label(text),
            });
        }
        group = group.element(snippet);
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group]) + "\n"
}

/// Labels of one source.
struct Annotated<'a> {
    id: SourceId,
    source: &'a Source,
    labels: Vec<(Span, &'a str)>,
}

/// The labels of a finding by source, the source of the primary label first.
fn by_source<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<Annotated<'a>> {
    let mut grouped: Vec<Annotated<'a>> = Vec::new();
    for label in std::iter::once(&diagnostic.primary).chain(&diagnostic.labels) {
        let id = label.span.source;
        let Some(source) = sources.get(id) else { continue };
        let entry = (label.span, label.text.as_str());
        match grouped.iter_mut().find(|group| group.id == id) {
            Some(group) => group.labels.push(entry),
            None => grouped.push(Annotated { id, source, labels: vec![entry] }),
        }
    }
    grouped
}

/// The bytes of the whole lines that hold the labels.
fn lines_of(labels: &[(Span, &str)], source: &Source) -> (usize, usize) {
    let ranges = labels.iter().map(|(span, _)| clamp(*span, &source.text));
    let (start, end) = ranges
        .fold((usize::MAX, 0), |(start, end), range| (start.min(range.start), end.max(range.end)));
    let start = start.min(source.text.len());
    let before = source.text.get(..start).unwrap_or_default();
    let after = source.text.get(end..).unwrap_or_default();
    let from = before.rfind('\n').map_or(0, |at| at + 1);
    let to = after.find('\n').map_or(source.text.len(), |at| end + at + 1);
    (from, to)
}

/// The span's range, moved to character borders within the text.
fn clamp(span: Span, text: &str) -> std::ops::Range<usize> {
    let floor = |at: usize| text.floor_char_boundary(at.min(text.len()));
    let start = floor(span.start as usize);
    start..floor(span.end as usize).max(start)
}
