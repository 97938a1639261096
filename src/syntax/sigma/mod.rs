//! Sigma's YAML → AST: rules, correlations and filters, in files of one or many documents.
//!
//! The YAML reader gives spanned nodes; this room gives them their places in the AST and reads the
//! small grammars inside them: [conditions](parse_condition), field keys (`Image|endswith|all`) and
//! value strings ([`value::parse_pattern`]). Nothing is resolved: `check` does that. All mistakes of
//! a file are reported in one run.
//!
//! `title: t`, `logsource: …`, `detection: {sel: {Image|endswith: '\a.exe'}, condition: sel}` →
//! `Rule` with the selection `sel`, one item, and `Condition::Name("sel")`.

mod condition;
mod correlation;
mod detection;
mod field_key;
mod meta;
mod shape;
pub mod value;

pub use condition::parse_condition;

use self::shape::Reader;
use super::ast::{Condition, CorrelationCondition, Document, Filter, Rule};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::source::{SourceId, Span, Spanned};
use crate::yaml::{self, Node};

/// Reads all documents of a file; what cannot be read is reported.
///
/// `text` is that of `source` in its [`crate::source::SourceMap`]. A document with an error is
/// still returned where its kind is clear, so that others can refer to it and its other mistakes
/// are found, but [`Condition::Error`] then stands among its conditions: it never compiles.
pub fn parse(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Vec<Document> {
    let mark = diagnostics.len();
    let nodes = yaml::parse(source, text, diagnostics);
    let broken: Vec<Span> = errors_after(mark, diagnostics);
    let mut reader = Reader::new(text, diagnostics);
    if refuse_actions(&nodes, &mut reader) {
        return Vec::new();
    }
    nodes.iter().filter_map(|node| document(node, &broken, &mut reader)).collect()
}

/// Where the YAML reader found errors.
fn errors_after(mark: usize, diagnostics: &Diagnostics) -> Vec<Span> {
    let found = diagnostics.iter().skip(mark);
    let errors = found.filter(|one| one.severity() == Severity::Error);
    errors.map(|one| one.primary.span).collect()
}

/// Reports `action: global`, `reset` and `repeat`; the documents of such a file are fragments.
fn refuse_actions(nodes: &[Node], reader: &mut Reader<'_>) -> bool {
    let mut found = false;
    for (key, value) in nodes.iter().filter_map(|node| node.entry("action")) {
        let action = value.text().unwrap_or("…");
        let message = format!("`action: {action}` is not part of Sigma any more");
        let finding = Diagnostic::new(Code::LegacyAction, key.span.to(value.span), message)
            .help("write each rule of the file in full, or combine rules with a `correlation`");
        reader.report(finding);
        found = true;
    }
    found
}

fn document(node: &Node, broken: &[Span], reader: &mut Reader<'_>) -> Option<Document> {
    let errors = reader.errors();
    let document = match kind_of(node, reader)? {
        DocumentKind::Rule => Document::Rule(rule(node, reader)),
        DocumentKind::Correlation => Document::Correlation(correlation::read(node, reader)),
        DocumentKind::Filter => Document::Filter(filter(node, reader)),
    };
    let within = |span: &Span| node.span.start <= span.start && span.end <= node.span.end;
    let failed = reader.errors() > errors || broken.iter().any(within);
    Some(if failed { unusable(document) } else { document })
}

#[derive(Clone, Copy)]
enum DocumentKind {
    Rule,
    Correlation,
    Filter,
}

/// What the document is, by the key that only its kind has.
fn kind_of(node: &Node, reader: &mut Reader<'_>) -> Option<DocumentKind> {
    if node.pairs().is_none() {
        let message = format!("expected a rule, found {}", node.describe());
        let help = "a rule is a mapping: `title`, `logsource`, `detection`, …";
        reader.report(Diagnostic::new(Code::NotARule, shape::head(node), message).help(help));
        return None;
    }
    let kinds = [
        ("detection", DocumentKind::Rule),
        ("correlation", DocumentKind::Correlation),
        ("filter", DocumentKind::Filter),
    ];
    let mut present = kinds.iter().filter_map(|(key, kind)| Some((node.entry(key)?, *kind)));
    match (present.next(), present.next()) {
        (Some((_, kind)), None) => Some(kind),
        (Some(((first, _), _)), Some(((second, _), _))) => {
            reader.report(
                Diagnostic::new(
                    Code::NotARule,
                    second.span,
                    "the document is of two kinds at once",
                )
                .label(first.span, "the first is given here")
                .help("separate the two documents by a line `---`"),
            );
            None
        }
        (None, _) => {
            reader.report(without_kind(node));
            None
        }
    }
}

fn without_kind(node: &Node) -> Diagnostic {
    let at = shape::head(node);
    let kinds = ["detection", "correlation", "filter"];
    for (key, _) in node.pairs().unwrap_or_default() {
        let meant = kinds.iter().find(|kind| detection::is_misspelt(key, kind));
        let Some((meant, written)) = meant.zip(key.text()) else { continue };
        let message = format!("the document has no `{meant}`, but a key `{written}`");
        return Diagnostic::new(Code::MissingKey, key.span, message)
            .help(format!("the nearest name is `{meant}`"));
    }
    if node.get("logsource").is_some() {
        let message = "the rule has a `logsource`, but no `detection`";
        return Diagnostic::new(Code::MissingKey, at, message)
            .help("add `detection` with a selection and a `condition`");
    }
    Diagnostic::new(
        Code::NotARule,
        at,
        "the document is neither a rule, a correlation nor a filter",
    )
    .help("a rule has `detection`, a correlation has `correlation`, a filter has `filter`")
}

fn rule(node: &Node, reader: &mut Reader<'_>) -> Rule {
    let meta = meta::read(node, reader);
    let logsource = match node.entry("logsource") {
        Some((key, value)) => detection::logsource(key, value, reader),
        None => {
            reader.missing(shape::head(node), "logsource", "say where the events come from");
            None
        }
    };
    let found = match node.entry("detection") {
        Some((key, value)) => detection::read(node, key, value, &[], reader),
        None => None,
    };
    Rule { meta, logsource: logsource.unwrap_or_default(), detection: found.unwrap_or_default() }
}

fn filter(node: &Node, reader: &mut Reader<'_>) -> Filter {
    let meta = meta::read(node, reader);
    let logsource =
        node.entry("logsource").and_then(|(key, value)| detection::logsource(key, value, reader));
    let mut filter =
        Filter { meta, logsource, rules: Vec::new(), any: false, detection: Default::default() };
    let Some((key, value)) = node.entry("filter") else { return filter };
    if let Some(found) = detection::read(node, key, value, &["rules"], reader) {
        filter.detection = found;
    }
    match value.entry("rules") {
        Some((_, rules)) if rules.text().is_some_and(|text| text.eq_ignore_ascii_case("any")) => {
            filter.any = true;
        }
        Some((key, rules)) => filter.rules = reader.some_texts(key, rules),
        None => without_rules(key, value, reader),
    }
    filter
}

fn without_rules(key: &Node, filter: &Node, reader: &mut Reader<'_>) {
    let mut keys = filter.pairs().unwrap_or_default().iter().map(|(name, _)| name);
    let misspelt = keys.find(|name| detection::is_misspelt(name, "rules"));
    if let Some((name, written)) = misspelt.and_then(|name| Some((name, name.text()?))) {
        let message = format!("the key `rules` is missing; `{written}` is a selection here");
        let finding = Diagnostic::new(Code::MissingKey, name.span, message);
        reader.report(finding.help("the nearest name is `rules`"));
        return;
    }
    reader.missing(key.span, "rules", "name the rules it applies to, or write `any`");
}

/// The document with a condition that no stage can compile.
fn unusable(document: Document) -> Document {
    match document {
        Document::Rule(mut rule) => {
            rule.detection.conditions.push(unreadable(rule.meta.span));
            Document::Rule(rule)
        }
        Document::Correlation(mut correlation) => {
            let condition = CorrelationCondition::Boolean(unreadable(correlation.span));
            correlation.condition = Some(condition);
            Document::Correlation(correlation)
        }
        Document::Filter(mut filter) => {
            filter.detection.conditions.push(unreadable(filter.meta.span));
            Document::Filter(filter)
        }
        // No YAML is Weave.
        weave @ Document::Weave(_) => weave,
    }
}

fn unreadable(span: Span) -> Spanned<Condition> {
    Spanned::new(Condition::Error, span)
}

#[cfg(test)]
mod tests;
