//! Correlation documents (Sigma correlation rules specification 2.1.0).
//!
//! `{type: event_count, rules: a, group-by: [User], timespan: 1h, condition: {gte: 10}}` →
//! `Correlation` with one rule, one key and `Thresholds([gte 10])`. What the type asks for, and
//! whether the timespan is one, is decided by `check`.

use super::detection::is_misspelt;
use super::parse_condition;
use super::shape::{Others, Reader};
use super::{meta, shape};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Spanned;
use crate::syntax::ast::{Alias, Correlation, CorrelationCondition, Threshold};
use crate::yaml::{Kind, Meaning, Node};

const KNOWN: &[&str] =
    &["aliases", "condition", "generate", "group-by", "rules", "timespan", "type"];

const OPERATORS: &[&str] = &["eq", "gt", "gte", "lt", "lte", "neq"];

/// Reads a correlation document.
pub(super) fn read(node: &Node, reader: &mut Reader<'_>) -> Correlation {
    let mut correlation = Correlation {
        meta: meta::read(node, reader),
        span: node.span,
        kind: None,
        rules: Vec::new(),
        group_by: Vec::new(),
        timespan: None,
        condition: None,
        aliases: Vec::new(),
        generate: generate(node, reader),
    };
    if let Some((key, value)) = node.entry("correlation") {
        fill(&mut correlation, key, value, reader);
    }
    correlation
}

fn fill(correlation: &mut Correlation, key: &Node, value: &Node, reader: &mut Reader<'_>) {
    if reader.mapping(key, value).is_none() {
        return;
    }
    reader.known_parts(value, "correlation", KNOWN, Others::Refused);
    correlation.span = value.span;
    correlation.kind = required(value, "type", "such as `type: event_count`", reader);
    correlation.timespan = required(value, "timespan", "such as `timespan: 5m`", reader);
    correlation.group_by = reader.texts(value, "group-by");
    correlation.generate |= generate(value, reader);
    correlation.aliases = value
        .entry("aliases")
        .map(|(key, aliases)| read_aliases(key, aliases, reader))
        .unwrap_or_default();
    correlation.condition = value
        .entry("condition")
        .and_then(|(key, condition)| read_condition(key, condition, reader));
    let boolean = matches!(correlation.condition, Some(CorrelationCondition::Boolean(_)));
    match value.entry("rules") {
        Some((key, rules)) => correlation.rules = reader.some_texts(key, rules),
        None if boolean || has_misspelt(value, "rules") => {}
        None => reader.missing(shape::head(value), "rules", "list the rules it correlates"),
    }
}

fn required(
    owner: &Node,
    key: &str,
    help: &str,
    reader: &mut Reader<'_>,
) -> Option<Spanned<String>> {
    if owner.get(key).is_none_or(Node::is_null) && !has_misspelt(owner, key) {
        reader.missing(shape::head(owner), key, help);
    }
    reader.text(owner, key)
}

/// Whether another key is most likely meant to be this one, which was reported.
fn has_misspelt(owner: &Node, key: &str) -> bool {
    owner.pairs().unwrap_or_default().iter().any(|(name, _)| is_misspelt(name, key))
}

fn generate(owner: &Node, reader: &mut Reader<'_>) -> bool {
    let Some((key, value)) = owner.entry("generate") else { return false };
    match value.meaning() {
        Some(Meaning::Boolean(generate)) => generate,
        Some(Meaning::Text | Meaning::Integer(_) | Meaning::Float(_) | Meaning::Null) | None => {
            reader.wrong(key, value, "`true` or `false`");
            false
        }
    }
}

fn read_condition(
    key: &Node,
    value: &Node,
    reader: &mut Reader<'_>,
) -> Option<CorrelationCondition> {
    match &value.kind {
        Kind::Scalar { text, .. } if compared(text).is_some() => {
            let (operator, number) = compared(text)?;
            let message = "a number of events is compared by a mapping, found text";
            let help = format!("write the mapping `{operator}: {number}`");
            reader.report(Diagnostic::new(Code::WrongShape, value.span, message).help(help));
            None
        }
        Kind::Scalar { text, .. } if !text.trim().is_empty() => {
            let places = reader.places(value);
            let condition = reader.within(|found| parse_condition(text, &places, found));
            Some(CorrelationCondition::Boolean(condition))
        }
        Kind::Scalar { .. } => {
            reader.empty(key, value, "compare with a number, such as `gte: 10`");
            None
        }
        Kind::Mapping(_) => thresholds(key, value, reader),
        Kind::Sequence(_) => {
            reader.wrong(key, value, "a mapping such as `gte: 10`, or a condition over rules");
            None
        }
    }
}

/// The operator and number of a text such as `>= 3` or `gte 3`.
fn compared(text: &str) -> Option<(&'static str, &str)> {
    const SIGNS: [(&str, &str); 7] = [
        (">=", "gte"),
        ("<=", "lte"),
        ("!=", "neq"),
        ("==", "eq"),
        (">", "gt"),
        ("<", "lt"),
        ("=", "eq"),
    ];
    let text = text.trim();
    let sign = SIGNS.iter().find_map(|(sign, name)| Some((*name, text.strip_prefix(sign)?)));
    let word = || {
        let (word, rest) = text.split_once([' ', ':'])?;
        OPERATORS.iter().find(|name| **name == word).map(|name| (*name, rest))
    };
    let (operator, rest) = sign.or_else(word)?;
    let number = rest.trim();
    number.parse::<f64>().is_ok().then_some((operator, number))
}

fn thresholds(key: &Node, value: &Node, reader: &mut Reader<'_>) -> Option<CorrelationCondition> {
    let pairs = reader.mapping(key, value)?;
    let mut thresholds = Vec::new();
    for (operator, number) in pairs {
        let Some(name) = operator.spanned_text() else { continue };
        match name.node.as_str() {
            "field" | "percentile" => {}
            known if OPERATORS.contains(&known) => {
                if let Some(found) = read_number(operator, number, reader) {
                    let span = operator.span.to(number.span);
                    thresholds.push(Threshold { span, operator: name, value: found.node });
                }
            }
            other => {
                let message = format!("a condition compares by `gte`, `gt`, …; found `{other}`");
                let finding = Diagnostic::new(Code::WrongShape, operator.span, message);
                reader.report(finding.nearest(other, OPERATORS.iter().copied()));
            }
        }
    }
    if !pairs
        .iter()
        .any(|(operator, _)| operator.text().is_some_and(|name| OPERATORS.contains(&name)))
    {
        reader.missing(
            key.span,
            "gte",
            "compare with a number: `gt`, `gte`, `lt`, `lte`, `eq`, `neq`",
        );
    }
    let percentile =
        value.entry("percentile").and_then(|(key, number)| read_number(key, number, reader));
    let fields = match value.entry("field") {
        Some((key, fields)) => reader.some_texts(key, fields),
        None => Vec::new(),
    };
    Some(CorrelationCondition::Thresholds { span: value.span, fields, percentile, thresholds })
}

fn read_number(key: &Node, value: &Node, reader: &mut Reader<'_>) -> Option<Spanned<f64>> {
    match value.meaning() {
        // Exact up to 2^53, far above any number of events.
        Some(Meaning::Integer(number)) => Some(Spanned::new(number as f64, value.span)),
        Some(Meaning::Float(number)) => Some(Spanned::new(number, value.span)),
        Some(Meaning::Text | Meaning::Boolean(_) | Meaning::Null) | None => {
            let name = key.text().unwrap_or("…");
            let message = format!("`{name}` must be a number, found {}", value.describe());
            let help = "write digits without quotes, such as `gte: 10`";
            reader.report(Diagnostic::new(Code::WrongShape, value.span, message).help(help));
            None
        }
    }
}

fn read_aliases(key: &Node, value: &Node, reader: &mut Reader<'_>) -> Vec<Alias> {
    let mut aliases = Vec::new();
    for (name, rules) in reader.mapping(key, value).unwrap_or_default() {
        let Some(alias) = name.spanned_text() else { continue };
        let mut fields = Vec::new();
        for (rule, field) in reader.mapping(name, rules).unwrap_or_default() {
            match (rule.spanned_text(), field.spanned_text()) {
                (Some(rule), Some(field)) if !field.node.is_empty() => fields.push((rule, field)),
                _ => reader.wrong(rule, field, "the name of a field"),
            }
        }
        aliases.push(Alias { name: alias, fields });
    }
    aliases
}
