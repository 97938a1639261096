//! Scanner events → trees of nodes, within the limits, with recovery at the next document.
//!
//! The tree is built on an explicit stack, so that no input can exhaust ours. A document with a
//! finding that changes its content (an alias, a limit) is left out as a whole.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{
    Event, Parser, ScalarStyle, ScanError, StrInput, StructureStyle, Tag, options,
};

use super::messages;
use super::{Kind, Node, Style, limits};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span};

const STAR: &str = "write the value out in full; text that begins with `*` needs quotes";
const AMPERSAND: &str = "remove it; text that begins with `&` needs quotes";
const EXCLAMATION: &str = "remove it; text that begins with `!` needs quotes";

/// Reads all documents that hold anything.
pub(super) fn build(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Vec<Node> {
    let options = options! {
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        flow_nesting_limit: limits::DEPTH,
        block_nesting_limit: limits::DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder::new(source, text, diagnostics);
    loop {
        let next = match parser.next_event() {
            None => break,
            Some(Ok((event, span))) => builder.event(event, &span),
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or(text.len());
                builder.syntax_error(&error, at);
                builder.abandon()
            }
        };
        match next {
            // INVARIANT: a finding is only dropped if its document is, too.
            _ if builder.reports >= limits::FINDINGS => break,
            Next::Event => {}
            Next::Stop => break,
            Next::Document if skip_document(&mut parser) => {}
            Next::Document => break,
        }
    }
    builder.documents
}

/// Goes on after a document that is given up; whether there is another.
fn skip_document<'a>(parser: &mut Parser<'a, StrInput<'a>>) -> bool {
    parser.proceed_next_document().unwrap_or(false)
}

/// How to go on.
enum Next {
    /// With the next event.
    Event,
    /// With the next document.
    Document,
    /// Not at all.
    Stop,
}

/// A list or mapping that is not complete yet.
struct Open {
    start: Span,
    style: StructureStyle,
    kind: OpenKind,
}

enum OpenKind {
    Sequence(Vec<Node>),
    Mapping { pairs: Vec<(Node, Node)>, key: Option<Node> },
}

struct Builder<'a> {
    source: SourceId,
    text: &'a str,
    diagnostics: &'a mut Diagnostics,
    documents: Vec<Node>,
    open: Vec<Open>,
    root: Option<Node>,
    broken: bool,
    refused: usize,
    begun: usize,
    abandoned: usize,
    nodes: usize,
    reports: usize,
}

impl<'a> Builder<'a> {
    fn new(source: SourceId, text: &'a str, diagnostics: &'a mut Diagnostics) -> Self {
        Self {
            source,
            text,
            diagnostics,
            documents: Vec::new(),
            open: Vec::new(),
            root: None,
            broken: false,
            refused: 0,
            begun: 0,
            abandoned: 0,
            nodes: 0,
            reports: 0,
        }
    }

    fn event(&mut self, event: Event<'_>, at: &granit_parser::Span) -> Next {
        let span = self.place(at);
        match event {
            Event::StreamStart | Event::Comment(..) => Next::Event,
            Event::StreamEnd => Next::Stop,
            Event::DocumentStart(..) => self.begin(span),
            Event::DocumentEnd => self.finish(),
            Event::Alias(_) | Event::UnresolvedAlias(_) => self.alias(span),
            Event::Anchor(..) => {
                self.refuse(span, "an anchor is not read", AMPERSAND);
                Next::Event
            }
            Event::Scalar(text, style, _, tag) => self.scalar(text, style, tag.as_deref(), at),
            Event::SequenceStart(style, _, tag) => {
                self.tag(tag.as_deref(), at);
                self.start(Open { start: span, style, kind: OpenKind::Sequence(Vec::new()) })
            }
            Event::MappingStart(style, _, tag) => {
                self.tag(tag.as_deref(), at);
                let kind = OpenKind::Mapping { pairs: Vec::new(), key: None };
                self.start(Open { start: span, style, kind })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            _ => Next::Event,
        }
    }

    fn begin(&mut self, span: Span) -> Next {
        self.begun += 1;
        if self.begun > limits::DOCUMENTS {
            let message = format!("the file holds more than {} documents", limits::DOCUMENTS);
            self.report(
                Diagnostic::new(Code::YamlTooManyDocuments, span, message).help("split the file"),
            );
            return Next::Stop;
        }
        Next::Event
    }

    fn finish(&mut self) -> Next {
        let root = self.root.take();
        if !self.broken {
            self.documents.extend(root.filter(|node| !is_blank(node.span) || !node.is_null()));
        }
        self.reset();
        Next::Event
    }

    /// Gives up the current document.
    fn abandon(&mut self) -> Next {
        self.reset();
        self.abandoned += 1;
        if self.abandoned >= limits::DOCUMENTS { Next::Stop } else { Next::Document }
    }

    fn reset(&mut self) {
        self.open.clear();
        self.root = None;
        self.broken = false;
        self.refused = 0;
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        at: &granit_parser::Span,
    ) -> Next {
        let span = self.place(at);
        if text.len() > limits::SCALAR_BYTES {
            let message =
                format!("a value has {} bytes, the limit is {}", text.len(), limits::SCALAR_BYTES);
            let start = self.one_character(span.start as usize);
            self.report(
                Diagnostic::new(Code::YamlTooLarge, start, message)
                    .help("make it a list of shorter values"),
            );
            self.broken = true;
        }
        self.tag(tag, at);
        let absent = style == ScalarStyle::Plain && is_blank(span);
        let text = if absent { String::new() } else { text.into_owned() };
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let span = if absent { self.absent(span) } else { self.trimmed(span) };
        self.add(Node { span, kind: Kind::Scalar { text, style } })
    }

    fn start(&mut self, open: Open) -> Next {
        if self.open.len() >= limits::DEPTH {
            let start = self.one_character(open.start.start as usize);
            self.report(messages::too_deep(start));
            return self.abandon();
        }
        self.open.push(open);
        Next::Event
    }

    fn end(&mut self, end: Span) -> Next {
        let Some(open) = self.open.pop() else { return Next::Event };
        let (first, last) = match &open.kind {
            OpenKind::Sequence(items) => (items.first(), items.last()),
            OpenKind::Mapping { pairs, .. } => {
                (pairs.first().map(|(key, _)| key), pairs.last().map(|(_, value)| value))
            }
        };
        let span = match (open.style, first, last) {
            (StructureStyle::Block, Some(first), Some(last)) => first.span.to(last.span),
            (StructureStyle::Block | StructureStyle::Flow, ..) => open.start.to(end),
        };
        let kind = match open.kind {
            OpenKind::Sequence(items) => Kind::Sequence(items),
            OpenKind::Mapping { pairs, .. } => Kind::Mapping(self.without_repetitions(pairs)),
        };
        self.add(Node { span, kind })
    }

    /// Adds a complete node to what it is in.
    fn add(&mut self, node: Node) -> Next {
        self.nodes += 1;
        if self.nodes > limits::NODES {
            let message = format!("the file holds more than {} values", limits::NODES);
            self.report(
                Diagnostic::new(Code::YamlTooLarge, node.span, message).help("split the file"),
            );
            return Next::Stop;
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(OpenKind::Sequence(items)) => items.push(node),
            Some(OpenKind::Mapping { pairs, key }) => match key.take() {
                None => *key = Some(node),
                Some(key) => pairs.push((key, node)),
            },
        }
        Next::Event
    }

    /// The pairs with scalar keys, each key once.
    fn without_repetitions(&mut self, pairs: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
        let repeated = repeated(&pairs);
        let mut kept = Vec::with_capacity(pairs.len());
        for (at, (key, value)) in pairs.into_iter().enumerate() {
            let Some(name) = key.text() else {
                let message = format!("a key must be text, found {}", key.describe());
                self.report(Diagnostic::new(Code::WrongShape, key.span, message));
                continue;
            };
            if name == "<<" {
                self.refuse(key.span, "a merge key is not read", "write the keys out in full");
            }
            match repeated.get(&at) {
                Some(first) => {
                    let message = format!("the key `{name}` is given twice");
                    let finding = Diagnostic::new(Code::YamlDuplicateKey, key.span, message)
                        .label(*first, "first given here")
                        .help("join the two, or make the values of one key a list");
                    self.report(finding);
                }
                None => kept.push((key, value)),
            }
        }
        kept
    }

    fn alias(&mut self, span: Span) -> Next {
        self.refuse(span, "an alias is not read", STAR);
        self.add(Node { span, kind: Kind::Scalar { text: String::new(), style: Style::Plain } })
    }

    /// A tag would change what a value means; no rule needs one.
    fn tag(&mut self, tag: Option<&Tag>, at: &granit_parser::Span) {
        if tag.is_some() {
            let span = at.tag_span().map_or_else(|| self.place(at), |tag| self.place(&tag));
            self.refuse(span, "a tag is not read", EXCLAMATION);
        }
    }

    fn refuse(&mut self, span: Span, message: &str, help: &str) {
        self.broken = true;
        self.refused += 1;
        if self.refused <= limits::ALIAS_REPORTS {
            self.report(Diagnostic::new(Code::YamlAlias, span, message).help(help));
        }
    }

    fn syntax_error(&mut self, error: &ScanError, at: usize) {
        let span = self.one_character(at);
        self.report(messages::explain(error, span, self.text));
    }

    fn report(&mut self, finding: Diagnostic) {
        if self.reports < limits::FINDINGS {
            self.diagnostics.push(finding);
        }
        self.reports += 1;
    }

    fn place(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        Span::new(self.source, range.start, range.end)
    }

    /// The character at a byte offset, or the end of the text.
    fn one_character(&self, at: usize) -> Span {
        let start = self.text.floor_char_boundary(at.min(self.text.len()));
        let next = self.text.get(start..).and_then(|rest| rest.chars().next());
        let width = next.filter(|c| *c != '\n' && *c != '\r').map_or(0, char::len_utf8);
        Span::new(self.source, start, start + width)
    }

    /// Without the line break that ends a block scalar.
    fn trimmed(&self, span: Span) -> Span {
        let written = self.text.get(span.range()).unwrap_or("");
        let length = written.trim_end_matches(['\n', '\r', ' ']).len();
        Span::new(self.source, span.start as usize, span.start as usize + length)
    }

    /// An absent value stands right after the `:` or `-` that announces it.
    fn absent(&self, span: Span) -> Span {
        let at = span.start as usize;
        let after = self.text.get(at..).unwrap_or("");
        let colon = after.trim_start_matches(' ').strip_prefix(':');
        if let Some(rest) = colon {
            let at = at + after.len() - rest.len();
            return Span::new(self.source, at, at);
        }
        let before = self.text.get(..at).unwrap_or("");
        let at = before.trim_end_matches([' ', '\n', '\r']).len();
        Span::new(self.source, at, at)
    }
}

/// Which of the pairs have the key of an earlier one, and where that stands.
fn repeated(pairs: &[(Node, Node)]) -> BTreeMap<usize, Span> {
    let named = pairs.iter().enumerate().filter_map(|(at, (key, _))| Some((key.text()?, at, key)));
    let mut keys: Vec<(&str, usize, Span)> =
        named.map(|(name, at, key)| (name, at, key.span)).collect();
    keys.sort_unstable();
    let mut repeated = BTreeMap::new();
    for same in keys.chunk_by(|one, next| one.0 == next.0) {
        if let Some(((.., first), later)) = same.split_first() {
            repeated.extend(later.iter().map(|(_, at, _)| (*at, *first)));
        }
    }
    repeated
}

fn is_blank(span: Span) -> bool {
    span.start == span.end
}
