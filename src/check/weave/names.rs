//! `$name`: parameters of the rule, lists of the file, lists of the project.
//!
//! `params: window: duration = 24h` and `over $window` → 86,400,000 ms, unless the project's
//! `[parameters]` say `window = ["12h"]`, or `"rule.window" = ["12h"]` for this rule only.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::check::correlation::timespan;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{Span, Spanned};
use crate::syntax::ast::WeaveRule;
use crate::syntax::weave::tree::{List, Param, Value};

/// Types of parameters.
const TYPES: &[(&str, Type)] = &[
    ("duration", Type::Duration),
    ("number", Type::Number),
    ("text", Type::Text),
    ("boolean", Type::Boolean),
    ("list", Type::List),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Duration,
    Number,
    Text,
    Boolean,
    List,
}

/// What `$name` means in a rule.
pub(super) struct Names<'a> {
    params: BTreeMap<&'a str, Spanned<Value>>,
    lists: &'a [List],
    project: &'a BTreeMap<String, Vec<String>>,
    used: RefCell<BTreeSet<String>>,
}

impl<'a> Names<'a> {
    /// The names of a rule; parameters that make no sense are reported.
    pub(super) fn new(
        rule: &'a WeaveRule,
        project: &'a BTreeMap<String, Vec<String>>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut params = BTreeMap::new();
        let rule_name = rule.meta.name.as_ref().map_or("", |name| name.node.as_str());
        for param in &rule.params {
            if params.contains_key(param.name.node.as_str()) {
                let message = format!("another parameter has the name `{}`", param.name.node);
                let found = Diagnostic::new(Code::WeaveSyntax, param.name.span, message);
                diagnostics.push(found.help("every parameter has a name of its own"));
            }
            let own = project.get(&format!("{rule_name}.{}", param.name.node));
            let set = own.or_else(|| project.get(&param.name.node));
            if let Some(value) = value_of(param, set, diagnostics) {
                params.insert(param.name.node.as_str(), value);
            }
        }
        Self { params, lists: &rule.lists, project, used: RefCell::default() }
    }

    /// The values that a value stands for: itself, or those of its name. What has none is reported.
    pub(super) fn values(
        &self,
        value: &Spanned<Value>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Spanned<Value>> {
        let Value::Parameter(name) = &value.node else { return vec![value.clone()] };
        self.used.borrow_mut().insert(name.clone());
        let at = |found: &Value| Spanned::new(found.clone(), value.span);
        if let Some(found) = self.params.get(name.as_str()) {
            return match found.node.list() {
                Some(values) => values.iter().map(|one| at(&one.node)).collect(),
                None => vec![at(&found.node)],
            };
        }
        if let Some(list) = self.lists.iter().find(|list| list.name.node == *name) {
            return list.values.iter().map(|one| at(&one.node)).collect();
        }
        if let Some(texts) = self.project.get(name) {
            return texts.iter().map(|text| at(&Value::Text(text.clone()))).collect();
        }
        let message = format!("`${name}` is neither a parameter nor a list");
        let known = self.params.keys().copied();
        let known = known.chain(self.lists.iter().map(|list| list.name.node.as_str()));
        let known = known.chain(self.project.keys().map(String::as_str));
        let unknown = Diagnostic::new(Code::NoPlaceholderValues, value.span, message);
        diagnostics.push(match crate::diagnostic::nearest(name, known) {
            Some(near) => unknown.help(format!("the nearest name is `${near}`")),
            None => unknown.help("add it to `params:`, or a `list` at the top of the file"),
        });
        Vec::new()
    }

    /// The one value that is meant; reported unless there is exactly one.
    fn one(&self, value: &Spanned<Value>, diagnostics: &mut Diagnostics) -> Option<Spanned<Value>> {
        let mark = diagnostics.len();
        let mut values = self.values(value, diagnostics);
        match (values.len(), values.pop()) {
            (1, Some(only)) => Some(only),
            _ if diagnostics.errors_since(mark) => None,
            (count, _) => {
                let message = format!("one value is needed here, found a list of {count}");
                let found = Diagnostic::new(Code::TypeMismatch, value.span, message);
                diagnostics.push(found.help("use a parameter with one value"));
                None
            }
        }
    }

    /// A span of time in milliseconds, 1 s to 366 d; reported if it is none.
    pub(super) fn span(
        &self,
        value: &Spanned<Value>,
        diagnostics: &mut Diagnostics,
    ) -> Option<u64> {
        let value = self.one(value, diagnostics)?;
        let text = shown(&value.node);
        let message = match (&value.node, timespan::read(&text)) {
            (Value::Number(_), Some(span)) if timespan::RANGE.contains(&span) => return Some(span),
            (Value::Number(_), Some(_)) => format!("the duration `{text}` is out of range"),
            _ => format!("`{text}` is not a duration"),
        };
        diagnostics.push(Diagnostic::new(Code::BadTimespan, value.span, message).help(
            "write a whole number and a unit: s, m, h, d, w, M (month) or y; 1 second to 366 days",
        ));
        None
    }

    /// A number; reported if it is none.
    pub(super) fn number(
        &self,
        value: &Spanned<Value>,
        diagnostics: &mut Diagnostics,
    ) -> Option<f64> {
        let value = self.one(value, diagnostics)?;
        let number = number_of(&value.node);
        if number.is_none() {
            let message = format!("`{}` is not a number", shown(&value.node));
            let found = Diagnostic::new(Code::BadNumber, value.span, message);
            diagnostics.push(found.help("write a decimal number"));
        }
        number
    }

    /// Warns of parameters that nothing uses.
    pub(super) fn report_unused(&self, rule: &WeaveRule, diagnostics: &mut Diagnostics) {
        let used = self.used.borrow();
        for param in rule.params.iter().filter(|param| !used.contains(&param.name.node)) {
            let message = format!("the rule does not use the parameter `{}`", param.name.node);
            let found = Diagnostic::new(Code::UnusedSelection, param.name.span, message);
            diagnostics.push(found.help("use it or remove it"));
        }
    }
}

/// What a parameter is: what the project says, else its default.
fn value_of(
    param: &Param,
    set: Option<&Vec<String>>,
    diagnostics: &mut Diagnostics,
) -> Option<Spanned<Value>> {
    let known = TYPES.iter().find(|(name, _)| *name == param.ty.node);
    let Some((_, ty)) = known else {
        let message = format!("there is no type `{}` of parameters", param.ty.node);
        let found = Diagnostic::new(Code::WeaveSyntax, param.ty.span, message);
        let names = TYPES.iter().map(|(name, _)| *name);
        diagnostics.push(match crate::diagnostic::nearest(&param.ty.node, names.clone()) {
            Some(near) => found.help(format!("the nearest name is `{near}`")),
            None => found.help(format!("types are `{}`", names.collect::<Vec<_>>().join("`, `"))),
        });
        return None;
    };
    if !fits(&param.default.node, *ty) {
        let message = format!("`{}` is no {}", shown(&param.default.node), param.ty.node);
        let found = Diagnostic::new(Code::TypeMismatch, param.default.span, message);
        diagnostics.push(found.label(param.ty.span, "its type").help(example(*ty)));
        return None;
    }
    let Some(texts) = set else { return Some(param.default.clone()) };
    let value = from_project(texts, *ty, param.default.span);
    if value.as_ref().is_none_or(|value| !fits(&value.node, *ty)) {
        let message = format!(
            "the project sets `{}` to `{}`, which is no {}",
            param.name.node,
            texts.join("`, `"),
            param.ty.node
        );
        let found = Diagnostic::new(Code::TypeMismatch, param.name.span, message);
        diagnostics.push(found.help("correct it in the section `[parameters]` of sigweave.toml"));
        return None;
    }
    value
}

/// What the project's texts mean for a type.
fn from_project(texts: &[String], ty: Type, span: Span) -> Option<Spanned<Value>> {
    let text = |text: &String| Spanned::new(Value::Text(text.clone()), span);
    let value = match (ty, texts) {
        (Type::List, _) => Value::List(texts.iter().map(text).collect()),
        (Type::Text, [only]) => Value::Text(only.clone()),
        (Type::Boolean, [only]) => Value::Word(only.clone()),
        (Type::Duration | Type::Number, [only]) => Value::Number(only.clone()),
        (Type::Text | Type::Boolean | Type::Duration | Type::Number, _) => return None,
    };
    Some(Spanned::new(value, span))
}

fn fits(value: &Value, ty: Type) -> bool {
    match (ty, value) {
        (Type::Duration, Value::Number(text)) => timespan::read(text).is_some(),
        (Type::Number, _) => number_of(value).is_some(),
        (Type::Boolean, Value::Word(word)) => word == "true" || word == "false",
        (Type::List, Value::List(values)) => {
            values.iter().all(|value| matches!(value.node, Value::Text(_) | Value::Number(_)))
        }
        (Type::Text, Value::Text(_)) => true,
        (Type::Duration | Type::Boolean | Type::List | Type::Text, _) => false,
    }
}

fn example(ty: Type) -> &'static str {
    match ty {
        Type::Duration => "such as `24h`",
        Type::Number => "such as `10`",
        Type::Text => "such as `'text'`",
        Type::Boolean => "`true` or `false`",
        Type::List => "such as `['a', 'b']`",
    }
}

/// The number that a value is.
pub(super) fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Text(_)
        | Value::Word(_)
        | Value::Regex { .. }
        | Value::Parameter(_)
        | Value::List(_)
        | Value::Call { .. } => None,
    }
}

/// What messages call a value.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("'{text}'"),
        Value::Number(text) | Value::Word(text) => text.clone(),
        Value::Regex { pattern, .. } => format!("/{pattern}/"),
        Value::Parameter(name) => format!("${name}"),
        Value::List(_) => "a list".to_owned(),
        Value::Call { name, .. } => format!("{}(…)", name.node),
    }
}
