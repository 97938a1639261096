//! Sigma's rules → Weave, where Weave can say the same.
//!
//! `selection: {Image|endswith: '\a.exe'}`, `condition: selection` →
//! `event = windows/process_creation where Image endswith '\a.exe'`.

use super::words::{self, Refusal, identifier, refused};
use super::{Said, correlation_to_weave};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{
    Condition, Detection, Document, Item, LogSource, Meta, Pattern, Quantifier, Rule, Search,
    Selection, Value, ValueKind,
};
use crate::syntax::sigma::value::{Piece, parse_pattern};

/// The Weave file that means the same, not yet in its style; `said` tells how the rules that it
/// refers to are said.
///
/// # Errors
/// What Weave cannot say, at its place (E0610).
pub(super) fn document<'d>(
    document: &Document,
    said: impl Fn(&str) -> Said<'d>,
) -> Result<String, Refusal> {
    match document {
        Document::Rule(rule) => self::rule(rule),
        Document::Correlation(correlation) => correlation_to_weave::correlation(correlation, said),
        Document::Filter(filter) => {
            refused(filter.meta.span, "Weave has no filters", "and the filter to each rule")
        }
        Document::Weave(rule) => {
            refused(rule.meta.span, "the rule is written in Weave", "`sigweave fmt` prints it")
        }
    }
}

fn rule(rule: &Rule) -> Result<String, Refusal> {
    let head = head(&rule.meta);
    Ok(format!("{head}events:\nevent = {}\ncondition: event\n}}\n", event(rule)?))
}

/// The events of a rule: `windows/image_load where …`
pub(super) fn event(rule: &Rule) -> Result<String, Refusal> {
    let source = logsource(&rule.logsource)?;
    let predicate = match rule.detection.conditions.as_slice() {
        [only] => bare(only, &rule.detection)?,
        several => {
            let parts = several.iter().map(|one| condition(one, &rule.detection));
            parts.collect::<Result<Vec<_>, _>>()?.join(" or ")
        }
    };
    Ok(format!("{source} where {predicate}"))
}

/// `rule name { meta: …`
pub(super) fn head(meta: &Meta) -> String {
    let title = meta.title.as_ref().map_or("rule", |title| title.node.as_str());
    let name = meta.name.as_ref().map_or(title, |name| name.node.as_str());
    let mut out = format!("rule {} {{\nmeta:\n", identifier(name));
    let one = [
        ("title", &meta.title),
        ("id", &meta.id),
        ("status", &meta.status),
        ("level", &meta.level),
        ("description", &meta.description),
        ("author", &meta.author),
        ("date", &meta.date),
        ("modified", &meta.modified),
        ("license", &meta.license),
    ];
    for (key, value) in one {
        if let Some(value) = value {
            out += &format!("{key} = {}\n", words::quoted(&value.node));
        }
    }
    let lists = [
        ("references", &meta.references),
        ("tags", &meta.tags),
        ("falsepositives", &meta.falsepositives),
        ("fields", &meta.fields),
        ("accept", &meta.accept),
    ];
    for (key, values) in lists {
        if !values.is_empty() {
            let values: Vec<_> = values.iter().map(|value| words::quoted(&value.node)).collect();
            out += &format!("{key} = [{}]\n", values.join(", "));
        }
    }
    out
}

fn logsource(source: &LogSource) -> Result<String, Refusal> {
    let part = |part: &Option<Spanned<String>>| part.as_ref().map(|part| part.node.clone());
    let (product, category) = (part(&source.product), part(&source.category));
    let service = part(&source.service).map(|service| format!("service:{service}"));
    let category = match (&product, category) {
        (None, Some(category)) => Some(format!("category:{category}")),
        (_, category) => category,
    };
    let parts: Vec<String> = [product, category, service].into_iter().flatten().collect();
    if parts.is_empty() {
        return refused(source.span, "the log source is empty", "name a product");
    }
    Ok(parts.join("/"))
}

/// Parts with an operator between them, in parentheses if there are several.
pub(super) fn joined(mut parts: Vec<String>, operator: &str) -> String {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            format!("({})", parts.join(&format!(" {operator} ")))
        }
    }
}

/// A condition without parentheses around it.
fn bare(condition: &Spanned<Condition>, of: &Detection) -> Result<String, Refusal> {
    let of_name = |name: &Spanned<String>| {
        let named = |selection: &&Selection| selection.name.node == name.node;
        of.selections.iter().find(named).map(|selection| &selection.search)
    };
    let (parts, operator): (Vec<_>, _) = match &condition.node {
        Condition::And(parts) => {
            (parts.iter().map(|part| self::condition(part, of)).collect(), "and")
        }
        Condition::Or(parts) => {
            (parts.iter().map(|part| self::condition(part, of)).collect(), "or")
        }
        Condition::Name(name) => match of_name(name) {
            Some(Search::All(parts, _)) => (parts.iter().map(search).collect(), "and"),
            Some(Search::Any(parts, _)) => (parts.iter().map(search).collect(), "or"),
            Some(Search::Item(_)) | None => return self::condition(condition, of),
        },
        Condition::Of(quantifier, pattern) => {
            let (parts, operator) = several(*quantifier, &pattern.node, condition.span, of)?;
            return Ok(parts.join(&format!(" {operator} ")));
        }
        Condition::Not(_) | Condition::Error => return self::condition(condition, of),
    };
    let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(parts.join(&format!(" {operator} ")))
}

fn condition(condition: &Spanned<Condition>, of: &Detection) -> Result<String, Refusal> {
    let all = |parts: &[Spanned<Condition>]| {
        parts.iter().map(|part| self::condition(part, of)).collect::<Result<Vec<_>, _>>()
    };
    match &condition.node {
        Condition::Name(name) => named(&name.node, condition.span, of),
        Condition::Of(quantifier, pattern) => {
            let (parts, operator) = several(*quantifier, &pattern.node, condition.span, of)?;
            Ok(joined(parts, operator))
        }
        Condition::Not(inner) => Ok(format!("not ({})", self::condition(inner, of)?)),
        Condition::And(parts) => Ok(joined(all(parts)?, "and")),
        Condition::Or(parts) => Ok(joined(all(parts)?, "or")),
        Condition::Error => refused(condition.span, "the condition has errors", "correct it"),
    }
}

/// The selections that a pattern means, and how they go together.
fn several(
    quantifier: Quantifier,
    pattern: &Pattern,
    span: Span,
    of: &Detection,
) -> Result<(Vec<String>, &'static str), Refusal> {
    let names = of.selections.iter().map(|selection| selection.name.node.as_str());
    let found = names.filter(|name| pattern.means(name)).map(|name| named(name, span, of));
    let parts = found.collect::<Result<Vec<_>, _>>()?;
    match quantifier {
        Quantifier::All => Ok((parts, "and")),
        Quantifier::AtLeast(1) => Ok((parts, "or")),
        Quantifier::AtLeast(_) => refused(
            span,
            "Weave counts events, not selections",
            "write the combinations with `and` and `or`",
        ),
    }
}

fn named(name: &str, span: Span, of: &Detection) -> Result<String, Refusal> {
    match of.selections.iter().find(|selection| selection.name.node == name) {
        Some(selection) => search(&selection.search),
        None => refused(span, format!("there is no selection `{name}`"), "correct the condition"),
    }
}

fn search(search: &Search) -> Result<String, Refusal> {
    let all = |parts: &[Search]| parts.iter().map(self::search).collect::<Result<Vec<_>, _>>();
    match search {
        Search::All(parts, _) => Ok(joined(all(parts)?, "and")),
        Search::Any(parts, _) => Ok(joined(all(parts)?, "or")),
        Search::Item(item) => self::item(item),
    }
}

/// What the modifiers of an item say.
struct Modifiers<'a> {
    names: Vec<&'a str>,
    span: Span,
}

impl Modifiers<'_> {
    fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// The operator that compares text by parts.
    fn part(&self) -> Option<&'static str> {
        ["contains", "startswith", "endswith"].into_iter().find(|name| self.has(name))
    }

    /// The operator that compares numbers.
    fn number(&self) -> Option<&'static str> {
        let known = [("gt", ">"), ("gte", ">="), ("lt", "<"), ("lte", "<=")];
        known.into_iter().find(|(name, _)| self.has(name)).map(|(_, operator)| operator)
    }
}

fn item(item: &Item) -> Result<String, Refusal> {
    let Some(field) = &item.field else {
        return refused(item.span, "Weave has no words without a field", "name the field");
    };
    let names = item.modifiers.iter().map(|name| name.node.as_str()).collect();
    let modifiers = Modifiers { names, span: field.span };
    if modifiers.has("expand") {
        let help = "use a list of the project as `$name`";
        return refused(item.span, "Weave has no placeholders inside text", help);
    }
    let subject = subject(&words::field(&field.node), &modifiers);
    let tests = item.values.iter().map(|value| test(&modifiers, value));
    let tests = tests.collect::<Result<Vec<_>, _>>()?;
    let tests = grouped(&subject, tests, if modifiers.has("all") { "all" } else { "any" });
    Ok(if modifiers.has("neq") { format!("not ({tests})") } else { tests })
}

/// A test on a field: an operator and a value.
struct Test {
    operator: &'static str,
    value: String,
}

/// Tests with the same operator share it: `contains any ('a', 'b')`.
fn grouped(subject: &str, tests: Vec<Test>, quantity: &str) -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for test in tests {
        match groups.iter_mut().find(|(operator, _)| *operator == test.operator) {
            Some((_, values)) => values.push(test.value),
            None => groups.push((test.operator, vec![test.value])),
        }
    }
    let parts = groups.iter().map(|(operator, values)| match (*operator, values.as_slice()) {
        ("not exists", _) => format!("not {subject} exists"),
        (_, [only]) => format!("{subject} {operator} {only}"),
        ("==", several) if quantity == "any" => format!("{subject} in ({})", several.join(", ")),
        ("exists" | "is null", _) => format!("{subject} {operator}"),
        (_, several) => format!("{subject} {operator} {quantity} ({})", several.join(", ")),
    });
    joined(parts.collect(), if quantity == "all" { "and" } else { "or" })
}

/// The field, or a part of its time, and whether case counts.
fn subject(field: &str, modifiers: &Modifiers<'_>) -> String {
    let parts = ["minute", "hour", "day", "week", "month", "year"];
    let part = parts.into_iter().find(|name| modifiers.has(name));
    let subject = part.map_or_else(|| field.to_owned(), |part| format!("{part}({field})"));
    if modifiers.has("cased") { format!("{subject} cased") } else { subject }
}

fn test(modifiers: &Modifiers<'_>, value: &Value) -> Result<Test, Refusal> {
    let of = |operator, value| Ok(Test { operator, value });
    if modifiers.has("exists") {
        return of(if value.text == "false" { "not exists" } else { "exists" }, String::new());
    }
    if value.kind == ValueKind::Null {
        return of("is null", String::new());
    }
    if modifiers.has("re") {
        return of("matches", regex(modifiers, value)?);
    }
    if modifiers.has("fieldref") {
        return of(modifiers.part().unwrap_or("=="), words::field(&value.text));
    }
    if modifiers.has("cidr") {
        return of("cidr", words::quoted(&value.text));
    }
    if let Some(operator) = modifiers.number() {
        return of(operator, scalar(value));
    }
    match value.kind {
        ValueKind::Text => text(modifiers, value),
        ValueKind::Literal
        | ValueKind::Glob
        | ValueKind::Integer(_)
        | ValueKind::Float(_)
        | ValueKind::Boolean(_)
        | ValueKind::Null => {
            let operator = modifiers.part().unwrap_or("==");
            let plain = modifiers.part().is_none() && !transforms(modifiers).any(|_| true);
            let value = if plain { scalar(value) } else { words::quoted(&value.text) };
            of(operator, transformed(&value, modifiers))
        }
    }
}

/// A number or boolean as it is, anything else as text.
fn scalar(value: &Value) -> String {
    let number = value.text.parse::<f64>().is_ok_and(f64::is_finite)
        && value.text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && !value.text.ends_with('.');
    match value.kind {
        ValueKind::Integer(_) | ValueKind::Float(_) | ValueKind::Text if number => {
            value.text.clone()
        }
        ValueKind::Boolean(truth) => truth.to_string(),
        ValueKind::Text
        | ValueKind::Literal
        | ValueKind::Glob
        | ValueKind::Integer(_)
        | ValueKind::Float(_)
        | ValueKind::Null => words::quoted(&value.text),
    }
}

/// Text with Sigma's wildcards: by the operator that says the same.
fn text(modifiers: &Modifiers<'_>, value: &Value) -> Result<Test, Refusal> {
    let pieces = parse_pattern(&value.text);
    let part = modifiers.part();
    let (operator, literal) = match (pieces.as_slice(), part) {
        ([], _) => (part.unwrap_or("=="), String::new()),
        ([Piece::Literal(text)], _) => (part.unwrap_or("=="), text.clone()),
        ([Piece::Any], None) => {
            return Ok(Test { operator: "exists", value: String::new() });
        }
        ([Piece::Any, Piece::Literal(text)], None) => ("endswith", text.clone()),
        ([Piece::Literal(text), Piece::Any], None) => ("startswith", text.clone()),
        ([Piece::Any, Piece::Literal(text), Piece::Any], None) => ("contains", text.clone()),
        _ if transforms(modifiers).any(|_| true) => {
            return refused(value.span, "a wildcard is not transformed", "split the value");
        }
        _ => ("like", glob(&pieces, part, value.span)?),
    };
    Ok(Test { operator, value: transformed(&words::quoted(&literal), modifiers) })
}

/// The pattern of a `like`.
fn glob(pieces: &[Piece], part: Option<&str>, span: Span) -> Result<String, Refusal> {
    let mut out = String::new();
    if matches!(part, Some("contains" | "endswith")) {
        out.push('*');
    }
    for piece in pieces {
        match piece {
            Piece::Literal(text) if text.contains(['*', '?']) => {
                let message = "`like` has no form for a literal `*` or `?` beside a wildcard";
                return refused(span, message, "use `matches`");
            }
            Piece::Literal(text) => out.push_str(text),
            Piece::Any => out.push('*'),
            Piece::One => out.push('?'),
        }
    }
    if matches!(part, Some("contains" | "startswith")) {
        out.push('*');
    }
    Ok(out)
}

/// The transforms of the values, the first one first.
fn transforms<'a>(modifiers: &'a Modifiers<'_>) -> impl Iterator<Item = &'a str> {
    let known = ["windash", "base64", "base64offset", "wide", "utf16", "utf16le", "utf16be"];
    modifiers.names.iter().copied().filter(move |name| known.contains(name))
}

fn transformed(value: &str, modifiers: &Modifiers<'_>) -> String {
    transforms(modifiers).fold(value.to_owned(), |value, name| format!("{name}({value})"))
}

fn regex(modifiers: &Modifiers<'_>, value: &Value) -> Result<String, Refusal> {
    if value.text.contains('\n') {
        let help = "write `\\n` for the line break";
        return refused(modifiers.span, "a regular expression stands on one line", help);
    }
    let mut pattern = String::new();
    let mut chars = value.text.chars();
    while let Some(c) = chars.next() {
        match c {
            '/' => pattern.push_str("\\/"),
            '\\' => {
                pattern.push(c);
                pattern.extend(chars.next());
            }
            _ => pattern.push(c),
        }
    }
    let flags = [("i", "i"), ("ignorecase", "i"), ("m", "m"), ("multiline", "m"), ("s", "s")];
    let flags = flags.into_iter().chain([("dotall", "s")]);
    let flags: String =
        flags.filter(|(name, _)| modifiers.has(name)).map(|(_, flag)| flag).collect();
    Ok(format!("/{pattern}/{flags}"))
}
