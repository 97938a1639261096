//! What holds of an event → [`ir::Predicate`], by way of Sigma's items: the same operators, types
//! and messages.
//!
//! `Image endswith any ('\a.exe', '\b.exe')` → the item `Image|endswith` with two values.

use super::names::{Names, number_of, shown};
use crate::check::item::{self, Scope, unknown_field};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Item, Search, Value as Scalar, ValueKind};
use crate::syntax::weave::tree::{Operator, Predicate, Quantity, Test, Value};

/// What can be done to a value.
const TRANSFORMS: &[&str] =
    &["windash", "base64", "base64offset", "wide", "utf16", "utf16le", "utf16be"];

/// Parts of a time.
const PARTS: &[&str] = &["minute", "hour", "day", "week", "month", "year"];

/// The predicate; what makes no sense is reported and left out.
pub(super) fn lower(
    predicate: &Spanned<Predicate>,
    names: &Names<'_>,
    scope: &mut Scope<'_>,
) -> ir::Predicate {
    match &predicate.node {
        Predicate::And(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| lower(part, names, scope)).collect();
            ir::Predicate::all(parts)
        }
        Predicate::Or(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| lower(part, names, scope)).collect();
            ir::Predicate::any(parts)
        }
        Predicate::Not(inner) => lower(inner, names, scope).negate(),
        Predicate::Test(test) => self::test(test, predicate.span, names, scope),
        Predicate::Rows { fields, list } => rows(fields, list, predicate.span, names, scope),
    }
}

/// What stands between the cells of a row.
const CELLS: &str = " = ";

/// Whether the fields together are one of the rows.
fn rows(
    fields: &[Spanned<String>],
    list: &Spanned<Value>,
    span: Span,
    names: &Names<'_>,
    scope: &mut Scope<'_>,
) -> ir::Predicate {
    let mark = scope.diagnostics.len();
    let values = names.values(list, scope.diagnostics);
    let rows: Vec<Search> =
        values.iter().filter_map(|value| row(fields, value, span, scope)).collect();
    if scope.diagnostics.errors_since(mark) {
        return ir::Predicate::always();
    }
    if rows.is_empty() {
        return ir::Predicate::any([]);
    }
    item::search(&Search::Any(rows, span), scope)
}

fn row(
    fields: &[Spanned<String>],
    value: &Spanned<Value>,
    span: Span,
    scope: &mut Scope<'_>,
) -> Option<Search> {
    let text = match &value.node {
        Value::Text(text) => text.as_str(),
        Value::Number(_)
        | Value::Word(_)
        | Value::Regex { .. }
        | Value::Parameter(_)
        | Value::List(_)
        | Value::Call { .. } => "",
    };
    let cells: Vec<&str> = text.splitn(fields.len(), CELLS).collect();
    if cells.len() != fields.len() {
        let message = format!("`{}` is no row of {} cells", shown(&value.node), fields.len());
        let found = Diagnostic::new(Code::TypeMismatch, value.span, message);
        scope.diagnostics.push(found.help("write the cells with ` = ` between them"));
        return None;
    }
    let items = fields.iter().zip(cells).map(|(field, cell)| {
        let value = Scalar { span: value.span, text: cell.to_owned(), kind: ValueKind::Literal };
        let (field, modifiers) = (Some(field.clone()), Vec::new());
        Search::Item(Item { span, field, modifiers, values: vec![value] })
    });
    Some(Search::All(items.collect(), span))
}

/// A value, its transforms (the innermost first) and whether it is a field.
struct Meant {
    scalar: Scalar,
    modifiers: Vec<Spanned<String>>,
}

fn test(test: &Test, span: Span, names: &Names<'_>, scope: &mut Scope<'_>) -> ir::Predicate {
    let mark = scope.diagnostics.len();
    let mut groups: Vec<(Vec<Spanned<String>>, Vec<Scalar>)> = Vec::new();
    for value in &test.values {
        for value in names.values(value, scope.diagnostics) {
            let Some(meant) = meant(&value, test, scope) else { continue };
            match groups.last_mut().filter(|(known, _)| same(known, &meant.modifiers)) {
                Some((_, values)) => values.push(meant.scalar),
                None => groups.push((meant.modifiers, vec![meant.scalar])),
            }
        }
    }
    check_quantity(test, scope);
    if let Some(constant) = constant(test, span) {
        groups.push((Vec::new(), vec![constant]));
    }
    if scope.diagnostics.errors_since(mark) {
        return ir::Predicate::always();
    }
    let parts: Vec<Search> = groups
        .into_iter()
        .map(|(modifiers, values)| {
            let modifiers = all_modifiers(test, modifiers);
            Search::Item(Item { span, field: Some(test.field.clone()), modifiers, values })
        })
        .collect();
    let all = matches!(&test.quantity, Some(quantity) if quantity.node == Quantity::All);
    let search = if all { Search::All(parts, span) } else { Search::Any(parts, span) };
    let found = item::search(&search, scope);
    if test.operator.node == Operator::NotNull { found.negate() } else { found }
}

fn same(one: &[Spanned<String>], other: &[Spanned<String>]) -> bool {
    one.iter().map(|name| &name.node).eq(other.iter().map(|name| &name.node))
}

/// `exists` and `is null` compare with a constant.
fn constant(test: &Test, span: Span) -> Option<Scalar> {
    let (text, kind) = match test.operator.node {
        Operator::Exists => ("true", ValueKind::Boolean(true)),
        Operator::Null | Operator::NotNull => ("null", ValueKind::Null),
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
        | Operator::Cidr => return None,
    };
    Some(Scalar { span, text: text.to_owned(), kind })
}

/// Reports quantities that make no sense, and values that are missing.
fn check_quantity(test: &Test, scope: &mut Scope<'_>) {
    if let (Some(quantity), Operator::Neq) = (&test.quantity, test.operator.node) {
        let message = "`!=` compares with one value";
        let found = Diagnostic::new(Code::ModifierConflict, quantity.span, message);
        scope.diagnostics.push(found.help("write `not Field in (…)` for none of several"));
    }
    let constant =
        matches!(test.operator.node, Operator::Exists | Operator::Null | Operator::NotNull);
    if test.values.is_empty() && !constant {
        let found = Diagnostic::new(Code::EmptyValue, test.operator.span, "there are no values");
        scope.diagnostics.push(found.help("list at least one"));
    }
}

/// The modifiers that say the same as the test.
fn all_modifiers(test: &Test, own: Vec<Spanned<String>>) -> Vec<Spanned<String>> {
    let at = test.operator.span;
    let named = |name: &str, span: Span| Spanned::new(name.to_owned(), span);
    let mut modifiers = own;
    modifiers.extend(test.part.clone());
    let compare = match test.operator.node {
        Operator::Eq
        | Operator::In
        | Operator::Like
        | Operator::Matches
        | Operator::Null
        | Operator::NotNull => None,
        Operator::Neq => Some("neq"),
        Operator::Lt => Some("lt"),
        Operator::Lte => Some("lte"),
        Operator::Gt => Some("gt"),
        Operator::Gte => Some("gte"),
        Operator::Contains => Some("contains"),
        Operator::StartsWith => Some("startswith"),
        Operator::EndsWith => Some("endswith"),
        Operator::Cidr => Some("cidr"),
        Operator::Exists => Some("exists"),
    };
    modifiers.extend(compare.map(|name| named(name, at)));
    modifiers.extend(test.cased.map(|span| named("cased", span)));
    if let Some(quantity) = test.quantity.as_ref().filter(|found| found.node == Quantity::All) {
        modifiers.push(named("all", quantity.span));
    }
    modifiers
}

/// What a value means in a test; reported if it has no meaning there.
fn meant(value: &Spanned<Value>, test: &Test, scope: &mut Scope<'_>) -> Option<Meant> {
    let operator = test.operator.node;
    if let Some(part) = test.part.as_ref().filter(|part| !PARTS.contains(&part.node.as_str())) {
        let message = format!("there is no function `{}` of a field", part.node);
        let found = Diagnostic::new(Code::UnknownModifier, part.span, message);
        scope.diagnostics.push(found.nearest(&part.node, PARTS.iter().copied()));
        return None;
    }
    let span = value.span;
    let plain = |text: &str, kind| {
        Some(Meant { scalar: Scalar { span, text: text.to_owned(), kind }, modifiers: Vec::new() })
    };
    let wrong = |scope: &mut Scope<'_>, message: String, help: &str| {
        scope.diagnostics.push(Diagnostic::new(Code::TypeMismatch, span, message).help(help));
        None
    };
    match (&value.node, operator) {
        (Value::Regex { pattern, flags }, Operator::Matches) => {
            regex(pattern, flags, value.span, scope)
        }
        (_, Operator::Matches) => {
            let message = format!("`{}` is no regular expression", shown(&value.node));
            wrong(scope, message, "write it as `/…/`, or `/…/i` to ignore case")
        }
        (Value::Regex { .. }, _) => {
            wrong(scope, "a regular expression needs `matches`".to_owned(), "write `matches /…/`")
        }
        (Value::Text(text), Operator::Like) => plain(text, ValueKind::Glob),
        (_, Operator::Like) => {
            wrong(scope, "`like` takes text with `*` and `?`".to_owned(), "such as `'*\\a?.exe'`")
        }
        (Value::Text(text), _) => plain(text, ValueKind::Literal),
        (Value::Number(text), _) => match number_of(&value.node) {
            Some(number) => plain(text, number_kind(text, number)),
            None => wrong(scope, format!("`{text}` is no number"), "put text in quotes"),
        },
        (Value::Word(word), _) => {
            let meant = self::word(word, value.span, operator)?;
            if !meant.modifiers.is_empty() && scope.source.field(word).is_none() {
                scope.diagnostics.push(no_such_field(word, span, scope));
                return None;
            }
            Some(meant)
        }
        (Value::Call { name, of }, _) => call(name, of, test, scope),
        (Value::Parameter(_) | Value::List(_), _) => {
            wrong(scope, "a list is not a value".to_owned(), "write `any $list` or `any (…)`")
        }
    }
}

fn number_kind(text: &str, number: f64) -> ValueKind {
    text.parse().map_or(ValueKind::Float(number), ValueKind::Integer)
}

/// A word for a field that is not there: mostly text without its quotes.
fn no_such_field(word: &str, span: Span, scope: &Scope<'_>) -> Diagnostic {
    let found = unknown_field(word, span, scope.source, scope.source_span);
    match &found.help {
        Some(near) => {
            let help = format!("{near}; to compare with a text, quote it: `'{word}'`");
            found.help(help)
        }
        None => found.help(format!("to compare with a text, quote it: `'{word}'`")),
    }
}

/// A constant, or another field.
fn word(word: &str, span: Span, operator: Operator) -> Option<Meant> {
    let scalar = |kind| Scalar { span, text: word.to_owned(), kind };
    let kind = match word {
        "true" => ValueKind::Boolean(true),
        "false" => ValueKind::Boolean(false),
        "null" if operator != Operator::In => ValueKind::Null,
        _ => {
            let field = Spanned::new("fieldref".to_owned(), span);
            return Some(Meant { scalar: scalar(ValueKind::Literal), modifiers: vec![field] });
        }
    };
    Some(Meant { scalar: scalar(kind), modifiers: Vec::new() })
}

fn regex(pattern: &str, flags: &str, span: Span, scope: &mut Scope<'_>) -> Option<Meant> {
    let mut modifiers = vec![Spanned::new("re".to_owned(), span)];
    for flag in flags.chars() {
        if !matches!(flag, 'i' | 'm' | 's') {
            let message = format!("there is no flag `{flag}` of regular expressions");
            let found = Diagnostic::new(Code::BadRegex, span, message);
            scope.diagnostics.push(found.help("flags are `i`, `m` and `s`"));
            return None;
        }
        modifiers.push(Spanned::new(flag.to_string(), span));
    }
    let scalar = Scalar { span, text: pattern.to_owned(), kind: ValueKind::Literal };
    Some(Meant { scalar, modifiers })
}

/// `base64offset(wide('IEX'))`: the innermost transform is the first.
fn call(
    name: &Spanned<String>,
    of: &Spanned<Value>,
    test: &Test,
    scope: &mut Scope<'_>,
) -> Option<Meant> {
    if !TRANSFORMS.contains(&name.node.as_str()) {
        let message = format!("there is no transform `{}` of values", name.node);
        let found = Diagnostic::new(Code::UnknownModifier, name.span, message);
        scope.diagnostics.push(found.nearest(&name.node, TRANSFORMS.iter().copied()));
        return None;
    }
    let mut inner = match &of.node {
        Value::Text(_) | Value::Number(_) | Value::Call { .. } => meant(of, test, scope)?,
        Value::Word(_) | Value::Regex { .. } | Value::Parameter(_) | Value::List(_) => {
            let message = format!("`{}` transforms text, found `{}`", name.node, shown(&of.node));
            let found = Diagnostic::new(Code::TypeMismatch, of.span, message);
            scope.diagnostics.push(found.help("put the text in quotes"));
            return None;
        }
    };
    inner.modifiers.push(name.clone());
    Some(inner)
}
