//! Predicates of Weave → selections and a condition.
//!
//! `A == 'x' and not B contains 'y'` → `selection: {A: x}`, `selection_2: {B|contains: y}`,
//! `condition: selection and not selection_2`.

use serde_yaml::{Mapping, Value as Yaml};

use super::words::{Refusal, refused};
use crate::source::{Span, Spanned};
use crate::syntax::ast::WeaveRule;
use crate::syntax::weave::tree::{Operator, Predicate, Quantity, Test, Value};

/// Selections and a condition.
#[derive(Debug, Default)]
pub(super) struct Detection {
    selections: Mapping,
    condition: String,
}

impl Detection {
    /// As `detection`.
    pub(super) fn into_mapping(self) -> Mapping {
        let mut out = self.selections;
        out.insert(Yaml::String("condition".to_owned()), Yaml::String(self.condition));
        out
    }

    /// A new selection; its name.
    fn select(&mut self, items: Mapping) -> String {
        let name = match self.selections.len() {
            0 => "selection".to_owned(),
            count => format!("selection_{}", count + 1),
        };
        self.selections.insert(Yaml::String(name.clone()), Yaml::Mapping(items));
        name
    }

    fn add(&mut self, part: Part) -> String {
        match part {
            Part::Item(key, values) => {
                let mut items = Mapping::new();
                items.insert(key, values);
                self.select(items)
            }
            Part::All(parts) => self.all(parts),
            Part::Any(parts) => self.joined(parts, " or "),
            Part::Not(inner) => format!("not {}", self.add(*inner)),
        }
    }

    /// Items of different keys stand in one selection.
    fn all(&mut self, parts: Vec<Part>) -> String {
        let mut items = Mapping::new();
        let mut others = Vec::new();
        for part in parts {
            match part {
                Part::Item(key, values) if !items.contains_key(&key) => {
                    items.insert(key, values);
                }
                part @ (Part::Item(..) | Part::All(_) | Part::Any(_) | Part::Not(_)) => {
                    others.push(part);
                }
            }
        }
        let mut names = Vec::new();
        if !items.is_empty() {
            names.push(self.select(items));
        }
        names.extend(others.into_iter().map(|part| self.add(part)).collect::<Vec<_>>());
        enclosed(&names, " and ")
    }

    fn joined(&mut self, parts: Vec<Part>, operator: &str) -> String {
        let names: Vec<String> = parts.into_iter().map(|part| self.add(part)).collect();
        enclosed(&names, operator)
    }
}

fn enclosed(names: &[String], operator: &str) -> String {
    match names {
        [only] => only.clone(),
        several => format!("({})", several.join(operator)),
    }
}

/// A predicate by items.
enum Part {
    Item(Yaml, Yaml),
    All(Vec<Part>),
    Any(Vec<Part>),
    Not(Box<Part>),
}

/// What holds of an event, as selections and a condition.
pub(super) fn detection(
    predicate: Option<&Spanned<Predicate>>,
    rule: &WeaveRule,
    event: Span,
) -> Result<Detection, Refusal> {
    let Some(predicate) = predicate else {
        return refused(event, "a Sigma rule tests its events", "add a `where`");
    };
    let part = part(predicate, rule)?;
    let mut detection = Detection::default();
    let condition = detection.add(part);
    let plain = condition.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    detection.condition = match plain.filter(|inner| balanced(inner)) {
        Some(inner) => inner.to_owned(),
        None => condition,
    };
    Ok(detection)
}

/// Whether every parenthesis is closed, and none before it is opened.
fn balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    for c in text.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

fn part(predicate: &Spanned<Predicate>, rule: &WeaveRule) -> Result<Part, Refusal> {
    let all = |parts: &[Spanned<Predicate>]| {
        parts.iter().map(|inner| part(inner, rule)).collect::<Result<Vec<_>, _>>()
    };
    match &predicate.node {
        Predicate::And(parts) => Ok(Part::All(all(parts)?)),
        Predicate::Or(parts) => Ok(Part::Any(all(parts)?)),
        Predicate::Not(inner) => Ok(Part::Not(Box::new(part(inner, rule)?))),
        Predicate::Test(test) => self::test(test, predicate.span, rule),
        Predicate::Rows { .. } => refused(
            predicate.span,
            "a Sigma rule has no lists of rows",
            "write the rows out, each as a map of a list of maps",
        ),
    }
}

/// The values that a value stands for; a list of the project stays a name.
pub(super) fn resolved(value: &Spanned<Value>, rule: &WeaveRule) -> Vec<Spanned<Value>> {
    let Value::Parameter(name) = &value.node else { return vec![value.clone()] };
    if let Some(param) = rule.params.iter().find(|param| param.name.node == *name) {
        return match param.default.node.list() {
            Some(values) => values.to_vec(),
            None => vec![param.default.clone()],
        };
    }
    match rule.lists.iter().find(|list| list.name.node == *name) {
        Some(list) => list.values.clone(),
        None => vec![value.clone()],
    }
}

fn test(test: &Test, span: Span, rule: &WeaveRule) -> Result<Part, Refusal> {
    let constant = match test.operator.node {
        Operator::Exists => Some(("|exists", Yaml::Bool(true), false)),
        Operator::Null => Some(("", Yaml::Null, false)),
        Operator::NotNull => Some(("", Yaml::Null, true)),
        Operator::Eq
        | Operator::Neq
        | Operator::Lt
        | Operator::Lte
        | Operator::Gt
        | Operator::Gte
        | Operator::In
        | Operator::Contains
        | Operator::StartsWith
        | Operator::EndsWith
        | Operator::Like
        | Operator::Matches
        | Operator::Cidr => None,
    };
    if let Some((modifier, value, negated)) = constant {
        let key = Yaml::String(format!("{}{modifier}", test.field.node));
        let item = Part::Item(key, value);
        return Ok(if negated { Part::Not(Box::new(item)) } else { item });
    }
    let mut groups: Vec<(Vec<String>, Vec<Yaml>)> = Vec::new();
    for value in test.values.iter().flat_map(|value| resolved(value, rule)) {
        let (own, value) = self::value(&value, test, span)?;
        match groups.last_mut().filter(|(known, _)| *known == own) {
            Some((_, values)) => values.push(value),
            None => groups.push((own, vec![value])),
        }
    }
    let all = test.quantity.as_ref().is_some_and(|found| found.node == Quantity::All);
    let mut parts: Vec<Part> = groups
        .into_iter()
        .map(|(own, mut values)| {
            let all = all && values.len() > 1;
            let key = key(test, &own, if all { "|all" } else { "" });
            let value = if values.len() == 1 { values.remove(0) } else { Yaml::Sequence(values) };
            Part::Item(Yaml::String(key), value)
        })
        .collect();
    Ok(match parts.len() {
        1 => parts.remove(0),
        _ if all => Part::All(parts),
        _ => Part::Any(parts),
    })
}

/// The field with all modifiers.
fn key(test: &Test, own: &[String], all: &str) -> String {
    let mut key = test.field.node.clone();
    for name in own {
        key += &format!("|{name}");
    }
    if let Some(part) = &test.part {
        key += &format!("|{}", part.node);
    }
    key += match test.operator.node {
        Operator::Neq => "|neq",
        Operator::Lt => "|lt",
        Operator::Lte => "|lte",
        Operator::Gt => "|gt",
        Operator::Gte => "|gte",
        Operator::Contains => "|contains",
        Operator::StartsWith => "|startswith",
        Operator::EndsWith => "|endswith",
        Operator::Cidr => "|cidr",
        Operator::Eq
        | Operator::In
        | Operator::Like
        | Operator::Matches
        | Operator::Exists
        | Operator::Null
        | Operator::NotNull => "",
    };
    if test.cased.is_some() {
        key += "|cased";
    }
    key + all
}

/// A value and its own modifiers.
fn value(value: &Spanned<Value>, test: &Test, span: Span) -> Result<(Vec<String>, Yaml), Refusal> {
    let like = test.operator.node == Operator::Like;
    Ok(match &value.node {
        Value::Text(text) if test.operator.node == Operator::Cidr => {
            (Vec::new(), Yaml::String(text.clone()))
        }
        Value::Text(text) => (Vec::new(), Yaml::String(escaped(text, like))),
        Value::Number(text) => (Vec::new(), number(text)),
        Value::Word(word) => match word.as_str() {
            "true" | "false" => (Vec::new(), Yaml::Bool(word == "true")),
            "null" => (Vec::new(), Yaml::Null),
            field => (vec!["fieldref".to_owned()], Yaml::String(field.to_owned())),
        },
        Value::Regex { pattern, flags } => {
            let flags = flags.chars().map(|flag| flag.to_string());
            let own = std::iter::once("re".to_owned()).chain(flags).collect();
            (own, Yaml::String(pattern.clone()))
        }
        Value::Call { name, of } => {
            let (mut own, inner) = self::value(of, test, span)?;
            own.push(name.node.clone());
            (own, inner)
        }
        Value::Parameter(name) => (vec!["expand".to_owned()], Yaml::String(format!("%{name}%"))),
        Value::List(_) => return refused(span, "a list is not a value", "use `any`"),
    })
}

/// A number as YAML reads it.
pub(super) fn number(text: &str) -> Yaml {
    if let Ok(number) = text.parse::<i64>() {
        return Yaml::Number(number.into());
    }
    text.parse::<f64>().map_or_else(|_| Yaml::String(text.to_owned()), |n| Yaml::Number(n.into()))
}

/// Literal text (of a pattern: with wildcards) by Sigma's escapes.
fn escaped(text: &str, wildcards: bool) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' | '?' if !wildcards => out.extend(['\\', c]),
            '\\' if chars.peek().is_some_and(|next| matches!(next, '\\' | '*' | '?')) => {
                out.push_str("\\\\");
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::syntax::sigma::value::{Piece, parse_pattern};

    proptest! {
        #[test]
        fn escaped_text_reads_back(text in "[a\\\\*?]{1,12}") {
            prop_assert_eq!(parse_pattern(&escaped(&text, false)), vec![Piece::Literal(text)]);
        }

        #[test]
        fn a_pattern_keeps_its_wildcards(text in "[a\\\\*]{1,12}") {
            let mut shown = String::new();
            for piece in parse_pattern(&escaped(&text, true)) {
                match piece {
                    Piece::Literal(text) => shown.push_str(&text),
                    Piece::Any => shown.push('*'),
                    Piece::One => shown.push('?'),
                }
            }
            let merged = |text: &str| text.split('*').filter(|x| !x.is_empty()).count();
            prop_assert_eq!(merged(&shown), merged(&text));
        }
    }
}
