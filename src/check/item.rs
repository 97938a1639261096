//! Selections → predicates: fields are looked up, modifiers read, values turned into tests.
//!
//! `Image|endswith: ['\a.exe', '\b.exe']` → `Any([Test(Image ends with \a.exe), Test(…)])`.

use std::sync::Arc;

use super::Options;
use super::encode::{self, Problem};
use super::modifiers::{self, Compare, Modifiers};
use super::pattern;
use super::regex;
use super::suspect;
use super::value::{self, Question};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::{FieldRef, List, Op, Part, Predicate, Test, TextCmp};
use crate::source::Span;
use crate::syntax::ast::{Item, Search, Value, ValueKind};
use crate::taxonomy::LogSource;

/// At most so many tests in a rule.
pub(super) const MAX_TESTS: usize = 100_000;

/// What is known while a rule's selections are checked.
pub(super) struct Scope<'a> {
    /// The rule's log source.
    pub(super) source: &'a LogSource,
    /// Where the rule names it.
    pub(super) source_span: Span,
    /// Lists and the like.
    pub(super) options: &'a Options,
    /// What was found.
    pub(super) diagnostics: &'a mut Diagnostics,
    /// The field key or item in hand.
    pub(super) at: Span,
    /// How many more tests the rule may have.
    pub(super) left: usize,
}

impl Scope<'_> {
    /// The field with this name; reported if there is none.
    pub(super) fn field(&mut self, name: &str, span: Span) -> Option<FieldRef> {
        if let Some(ty) = self.source.field(name) {
            return Some(FieldRef { name: name.to_owned(), ty: ty.clone() });
        }
        self.diagnostics.push(unknown_field(name, span, self.source, self.source_span));
        None
    }

    /// Reports a value that does not fit its field.
    pub(super) fn mismatch(&mut self, span: Span, message: String, help: &str) {
        self.diagnostics.push(Diagnostic::new(Code::TypeMismatch, span, message).help(help));
    }

    /// Reports an operator that does not fit its field.
    pub(super) fn operator(&mut self, span: Span, message: String, help: &str) {
        self.diagnostics.push(Diagnostic::new(Code::OperatorType, span, message).help(help));
    }

    /// Takes so many tests from what is left; reports once when nothing is.
    fn take(&mut self, tests: usize, span: Span) -> Option<()> {
        if let Some(left) = self.left.checked_sub(tests) {
            self.left = left;
            return Some(());
        }
        if self.left > 0 {
            self.left = 0;
            self.diagnostics.push(too_many(span));
        }
        None
    }
}

/// A field that is not there.
pub(super) fn unknown_field(
    name: &str,
    span: Span,
    source: &LogSource,
    source_span: Span,
) -> Diagnostic {
    let message = format!("no field `{name}` in `{}`", source.key);
    Diagnostic::new(Code::UnknownField, span, message)
        .label(source_span, format!("this log source has {} fields", source.fields.len()))
        .nearest(name, source.fields.keys().map(String::as_str))
}

/// A rule with too many tests.
pub(super) fn too_many(span: Span) -> Diagnostic {
    let message = format!("the rule has more than {MAX_TESTS} tests with all its alternatives");
    Diagnostic::new(Code::TooManyAlternatives, span, message)
        .help("split the rule, or list fewer values")
}

/// The predicate of a selection; what makes no sense is reported and left out.
pub(super) fn search(search: &Search, scope: &mut Scope<'_>) -> Predicate {
    match search {
        Search::All(parts, _) => {
            Predicate::all(parts.iter().map(|part| self::search(part, scope)).collect::<Vec<_>>())
        }
        Search::Any(parts, _) => {
            Predicate::any(parts.iter().map(|part| self::search(part, scope)).collect::<Vec<_>>())
        }
        Search::Item(item) => self::item(item, scope),
    }
}

fn item(item: &Item, scope: &mut Scope<'_>) -> Predicate {
    let mark = scope.diagnostics.len();
    scope.at = key_span(item);
    let modifiers = modifiers::read(&item.modifiers, scope.diagnostics);
    let field = match &item.field {
        Some(field) => scope.field(&field.node, field.span).map(Some),
        None => Some(None),
    };
    let Some(field) = field.filter(|_| !scope.diagnostics.errors_since(mark)) else {
        return Predicate::always();
    };
    let values: Vec<Predicate> = item
        .values
        .iter()
        .filter_map(|value| match &field {
            Some(field) => field_value(field, &modifiers, value, scope),
            None => keyword(&modifiers, value, scope),
        })
        .collect();
    let values = without_repeated_nulls(values);
    let tests = if modifiers.all { Predicate::all(values) } else { Predicate::any(values) };
    if modifiers.neq { tests.negate() } else { tests }
}

/// `['', '-', null]` on a field that is no text asks for the same three times.
fn without_repeated_nulls(values: Vec<Predicate>) -> Vec<Predicate> {
    let is_null = |value: &Predicate| matches!(value, Predicate::Test(test) if test.op == Op::Null);
    let mut seen = false;
    values
        .into_iter()
        .filter(|value| !is_null(value) || !std::mem::replace(&mut seen, true))
        .collect()
}

/// The field key, or the whole item if it has none.
fn key_span(item: &Item) -> Span {
    let last = item.modifiers.last().map(|modifier| modifier.span);
    let first = item.field.as_ref().map(|field| field.span).or(last);
    match (first, last) {
        (Some(first), Some(last)) => first.to(last),
        (Some(only), None) => only,
        (None, _) => item.span,
    }
}

/// A field and one value; `None` if they do not fit, which was reported.
fn field_value(
    field: &FieldRef,
    modifiers: &Modifiers,
    value: &Value,
    scope: &mut Scope<'_>,
) -> Option<Predicate> {
    let test = |op| Predicate::Test(Test { field: field.clone(), op, span: value.span });
    if modifiers.compare == Compare::Exists {
        scope.take(1, value.span)?;
        return exists(value, scope).map(|there| match there {
            true => test(Op::Exists),
            false => test(Op::Exists).negate(),
        });
    }
    if let Some(list) = kept(modifiers, value, scope.options) {
        scope.take(1, value.span)?;
        return listed(field, modifiers, list, value, scope).map(test);
    }
    scope.diagnostics.extend(suspect::value(field, modifiers, value, scope.source));
    let question = Question { field, modifiers, value };
    let alternatives = alternatives(modifiers, value, scope)?;
    scope.take(alternatives.len(), value.span)?;
    let tests: Vec<Predicate> =
        alternatives.into_iter().filter_map(|parts| question.op(parts, scope)).map(test).collect();
    Some(Predicate::any(tests))
}

/// The list that a value is as a whole, if platforms keep it.
fn kept(modifiers: &Modifiers, value: &Value, options: &Options) -> Option<Arc<List>> {
    let equals = modifiers.compare == Compare::Text(TextCmp::Equals);
    if !modifiers.expand || !equals || !modifiers.encodings.is_empty() {
        return None;
    }
    let name = value.text.strip_prefix('%')?.strip_suffix('%')?;
    options.kept.get(name).cloned()
}

/// A test on a list that platforms keep, which holds texts.
fn listed(
    field: &FieldRef,
    modifiers: &Modifiers,
    list: Arc<List>,
    value: &Value,
    scope: &mut Scope<'_>,
) -> Option<Op> {
    if value::kind(&field.ty) == value::Kind::Text {
        return Some(Op::Listed { list, cased: modifiers.cased });
    }
    let message = format!("a lookup holds texts, and `{}` is of type {}", field.name, field.ty);
    scope.operator(value.span, message, "give the list values in `[parameters]` instead");
    None
}

/// `exists: true` or `false`.
fn exists(value: &Value, scope: &mut Scope<'_>) -> Option<bool> {
    if let ValueKind::Boolean(there) = value.kind {
        return Some(there);
    }
    let message = format!("`exists` takes `true` or `false`, found `{}`", value.text);
    scope.mismatch(value.span, message, "write `true` or `false`, without quotes");
    None
}

/// The pieces of a value, once for each of its alternatives.
fn alternatives(
    modifiers: &Modifiers,
    value: &Value,
    scope: &mut Scope<'_>,
) -> Option<Vec<Vec<Part>>> {
    if value.kind == ValueKind::Null || !uses_pattern(modifiers.compare) {
        return Some(vec![Vec::new()]);
    }
    let lists = &scope.options.lists;
    let parts = pattern::parts(value);
    let expanded = if modifiers.expand {
        encode::expand(&parts, |name| lists.get(name).map(Vec::as_slice))
    } else {
        Ok(vec![parts])
    };
    if expanded.as_ref().is_ok_and(Vec::is_empty) {
        scope.diagnostics.push(no_values(value, scope.options));
    }
    let encoded = expanded.and_then(|all| {
        let mut found = Vec::new();
        for parts in all {
            found.extend(encode::encode(parts, &modifiers.encodings)?);
            if found.len() > encode::MAX_ALTERNATIVES {
                return Err(Problem::TooMany);
            }
        }
        Ok(found)
    });
    match encoded {
        Ok(found) => Some(found),
        Err(problem) => {
            scope.diagnostics.push(explain(&problem, value, scope.options));
            None
        }
    }
}

/// A placeholder whose list is empty: that of a project may be filled later.
fn no_values(value: &Value, options: &Options) -> Diagnostic {
    let is_empty = |name: &&str| options.lists.get(*name).is_some_and(Vec::is_empty);
    let name = value.text.split('%').skip(1).step_by(2).find(is_empty).unwrap_or(&value.text);
    let message = format!("the parameter `{name}` has no values, so that this never holds");
    Diagnostic::new(Code::NeverTrue, value.span, message)
        .help("give it values in the section `[parameters]` of sigweave.toml")
}

/// Whether wildcards and transformations have a meaning.
fn uses_pattern(compare: Compare) -> bool {
    match compare {
        Compare::Text(_) | Compare::Cidr => true,
        Compare::Regex(_)
        | Compare::Exists
        | Compare::Field(_)
        | Compare::Number(_)
        | Compare::Time(..) => false,
    }
}

fn explain(problem: &Problem, value: &Value, options: &Options) -> Diagnostic {
    let new = |code, message: String| Diagnostic::new(code, value.span, message);
    let text = &value.text;
    match problem {
        Problem::Wildcard => {
            new(Code::ModifierConflict, format!("the wildcard in `{text}` cannot be encoded"))
                .help("write `\\*` or `\\?` for the character itself, or encode the parts")
        }
        Problem::NotText => {
            new(Code::ModifierConflict, format!("`{text}` is no text once it is encoded"))
                .help("add `base64` or `base64offset` after the UTF-16 modifier")
        }
        Problem::TooShort => {
            new(Code::ModifierConflict, format!("`{text}` is too short for `base64offset`"))
                .help("write at least two characters, better many more")
        }
        Problem::TooMany => {
            new(Code::TooManyAlternatives, format!("`{text}` has too many alternatives"))
                .help(format!("one value may have {}: use shorter ones", encode::MAX_ALTERNATIVES))
        }
        Problem::Placeholder(name) => {
            let found =
                new(Code::NoPlaceholderValues, format!("the placeholder `%{name}%` has no values"))
                    .help("give it values in the section `[parameters]` of sigweave.toml");
            match options.kept.contains_key(name) {
                true => {
                    found.note("a lookup stands for whole values of a field, and for nothing else")
                }
                false => found.nearest(name, options.lists.keys().map(String::as_str)),
            }
        }
    }
}

/// A word anywhere in the event; `None` if it makes no sense, which was reported.
fn keyword(modifiers: &Modifiers, value: &Value, scope: &mut Scope<'_>) -> Option<Predicate> {
    match modifiers.compare {
        Compare::Regex(flags) => {
            scope.take(1, value.span)?;
            return regex::read(value, flags, scope.diagnostics).map(Predicate::KeywordRegex);
        }
        Compare::Text(TextCmp::Equals | TextCmp::Contains) if !modifiers.cased => {}
        Compare::Text(_)
        | Compare::Cidr
        | Compare::Exists
        | Compare::Field(_)
        | Compare::Number(_)
        | Compare::Time(..) => {
            let name = if modifiers.cased { "`cased`" } else { modifiers.compare.name() };
            let message = format!("{name} needs a field");
            scope
                .diagnostics
                .push(Diagnostic::new(Code::ModifierConflict, scope.at, message).help(
                    "words without a field take `all`, `contains`, `re` and transformations",
                ));
            return None;
        }
    }
    if let Some(found) = suspect::missing_colon(value) {
        scope.diagnostics.push(found);
        return None;
    }
    let alternatives = alternatives(modifiers, value, scope)?;
    scope.take(alternatives.len(), value.span)?;
    let tests: Vec<Predicate> = alternatives
        .into_iter()
        .filter_map(|parts| match value::keyword(parts) {
            Some(test) => Some(Predicate::Keyword(test)),
            None => {
                let message = "an empty word or `*` alone is in every event";
                let help = "write the word to look for";
                scope.mismatch(value.span, message.to_owned(), help);
                None
            }
        })
        .collect();
    Some(Predicate::any(tests))
}
