//! Weave → Sigma's YAML, where Sigma can say the same.
//!
//! `e = windows/image_load where ImageLoaded endswith '.dll'`, `condition: e` → a rule with the
//! selection `{ImageLoaded|endswith: .dll}`. Events that a rule describes itself become rules of
//! their own beside the correlation, called `rule_event`.

use serde_yaml::{Mapping, Value as Yaml};

use super::predicate_to_sigma::{self, Detection};
use super::words::{Refusal, refused};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Meta, WeaveRule};
use crate::syntax::weave::tree::{
    Compare, EventSource, Expr, Key, KeyField, MatchEntry, Operator, Quantity, Value,
};

/// The documents that mean the same.
///
/// # Errors
/// What Sigma cannot say, at its place (E0610).
pub(super) fn documents(rule: &WeaveRule) -> Result<Vec<Yaml>, Refusal> {
    if let Some(suppress) = &rule.suppress {
        return refused(suppress.span, "Sigma does not suppress alerts", "remove `alert:`");
    }
    let Some(condition) = &rule.condition else {
        return refused(rule.meta.span, "the rule has no condition", "add one");
    };
    if let ([event], [], Expr::Name(_)) = (&*rule.events, &*rule.matching, &condition.node)
        && let EventSource::Inline { logsource, predicate } = &event.source
    {
        let detection = predicate_to_sigma::detection(predicate.as_ref(), rule, event.span)?;
        return Ok(vec![base(head(&rule.meta), &logsource.node, detection)]);
    }
    let mut documents = vec![Yaml::Mapping(correlation(rule, condition)?)];
    for event in &rule.events {
        let EventSource::Inline { logsource, predicate } = &event.source else { continue };
        let detection = predicate_to_sigma::detection(predicate.as_ref(), rule, event.span)?;
        let mut head = Mapping::new();
        let name = base_name(rule, &event.name.node);
        put(&mut head, "title", text(&name));
        put(&mut head, "name", text(&name));
        documents.push(base(head, &logsource.node, detection));
    }
    Ok(documents)
}

fn text(text: &str) -> Yaml {
    Yaml::String(text.to_owned())
}

fn put(mapping: &mut Mapping, key: &str, value: Yaml) {
    mapping.insert(text(key), value);
}

fn list(texts: impl IntoIterator<Item = String>) -> Yaml {
    Yaml::Sequence(texts.into_iter().map(Yaml::String).collect())
}

/// What an event's own rule is called.
fn base_name(rule: &WeaveRule, event: &str) -> String {
    let name = rule.meta.name.as_ref().map_or("rule", |name| name.node.as_str());
    format!("{name}_{event}")
}

/// The keys about the document itself.
fn head(meta: &Meta) -> Mapping {
    let mut out = Mapping::new();
    let title = meta.title.as_ref().or(meta.name.as_ref());
    let title = title.map(|title| title.node.clone());
    let node = |part: &Option<Spanned<String>>| part.as_ref().map(|part| part.node.clone());
    let one = [
        ("title", title),
        ("id", node(&meta.id)),
        ("name", node(&meta.name)),
        ("status", node(&meta.status)),
        ("description", node(&meta.description)),
        ("author", node(&meta.author)),
        ("date", node(&meta.date)),
        ("modified", node(&meta.modified)),
        ("license", node(&meta.license)),
        ("level", node(&meta.level)),
    ];
    for (key, value) in one {
        if let Some(value) = value {
            put(&mut out, key, Yaml::String(value));
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
            put(&mut out, key, list(values.iter().map(|value| value.node.clone())));
        }
    }
    out
}

/// A rule over single events.
fn base(mut head: Mapping, logsource: &str, detection: Detection) -> Yaml {
    let mut source = Mapping::new();
    for (at, part) in logsource.split('/').enumerate() {
        let (key, value) = match (part.strip_prefix("service:"), part.strip_prefix("category:")) {
            (Some(service), _) => ("service", service),
            (None, Some(category)) => ("category", category),
            (None, None) if at == 0 => ("product", part),
            (None, None) => ("category", part),
        };
        put(&mut source, key, text(value));
    }
    put(&mut head, "logsource", Yaml::Mapping(source));
    put(&mut head, "detection", Yaml::Mapping(detection.into_mapping()));
    Yaml::Mapping(head)
}

/// Sigma tells the events of a correlation apart by the rules they come from.
fn each_rule_once(rule: &WeaveRule) -> Result<(), Refusal> {
    let mut known = Vec::new();
    for event in &rule.events {
        let (EventSource::Sigma(name) | EventSource::Weave(name)) = &event.source else { continue };
        if known.contains(&&name.node) {
            let message = format!("Sigma cannot take the rule `{}` for two events", name.node);
            return refused(name.span, message, "write a second rule with the same detection");
        }
        known.push(&name.node);
    }
    Ok(())
}

fn correlation(rule: &WeaveRule, condition: &Spanned<Expr>) -> Result<Mapping, Refusal> {
    each_rule_once(rule)?;
    let rules: Vec<(String, String)> = rule
        .events
        .iter()
        .map(|event| {
            let reference = match &event.source {
                EventSource::Sigma(name) | EventSource::Weave(name) => name.node.clone(),
                EventSource::Inline { .. } => base_name(rule, &event.name.node),
            };
            (event.name.node.clone(), reference)
        })
        .collect();
    let mut out = Mapping::new();
    let (kind, limit) = kind(condition, &rules, rule)?;
    put(&mut out, "type", text(kind));
    put(&mut out, "rules", list(rules.iter().map(|(_, reference)| reference.clone())));
    let mut keys = Vec::new();
    let mut aliases = Mapping::new();
    for entry in &rule.matching {
        match entry {
            MatchEntry::Key(key) => keys.push(self::key(key, &rules, &mut aliases)?),
            MatchEntry::Over(span) => {
                put(&mut out, "timespan", Yaml::String(constant(span, rule)?));
            }
            MatchEntry::Binding(span, ..) => {
                let help = "match by a key of all events";
                return refused(*span, "Sigma binds all rules or none", help);
            }
            MatchEntry::Skew(span) => {
                return refused(span.span, "Sigma has no `skew`", "leave it out");
            }
        }
    }
    if !keys.is_empty() {
        put(&mut out, "group-by", list(keys));
    }
    if !aliases.is_empty() {
        put(&mut out, "aliases", Yaml::Mapping(aliases));
    }
    if let Some(limit) = limit {
        put(&mut out, "condition", limit);
    }
    let mut head = head(&rule.meta);
    if !rule.show.is_empty() && rule.meta.fields.is_empty() {
        let shown = rule.show.iter().map(|field| field.field.name.node.clone());
        put(&mut head, "fields", list(shown));
    }
    put(&mut head, "correlation", Yaml::Mapping(out));
    Ok(head)
}

/// A key's name in `group-by`; an alias where that is no field of all rules.
fn key(key: &Key, rules: &[(String, String)], aliases: &mut Mapping) -> Result<String, Refusal> {
    let fields: Vec<_> = match &key.field {
        KeyField::Same(field) => rules.iter().map(|(event, _)| (event, field)).collect(),
        KeyField::PerEvent(fields) => {
            fields.iter().map(|(event, field)| (&event.node, field)).collect()
        }
    };
    if let Some(transform) = fields.iter().find_map(|(_, field)| field.transform.as_ref()) {
        return refused(transform.span, "Sigma compares keys as they are", "match by a field");
    }
    if let KeyField::Same(field) = &key.field
        && field.name.node == key.name.node
    {
        return Ok(key.name.node.clone());
    }
    let mut alias = Mapping::new();
    for (event, field) in fields {
        let reference = rules.iter().find(|(name, _)| name == event);
        put(&mut alias, reference.map_or("", |(_, rule)| rule), text(&field.name.node));
    }
    put(aliases, &key.name.node, Yaml::Mapping(alias));
    Ok(key.name.node.clone())
}

type Kind = (&'static str, Option<Yaml>);

fn kind(
    condition: &Spanned<Expr>,
    rules: &[(String, String)],
    rule: &WeaveRule,
) -> Result<Kind, Refusal> {
    let everything = |named: Vec<&str>| {
        named.len() == rules.len() && rules.iter().all(|(event, _)| named.contains(&event.as_str()))
    };
    if let Expr::And(parts) = &condition.node
        && let Some(limits) = range(parts)
    {
        return counted(&limits, condition.span, rules, rule);
    }
    match &condition.node {
        Expr::Chain(links) => {
            let plain = |link: &crate::syntax::weave::tree::Link| {
                link.within.is_none() && link.without.is_empty()
            };
            let order = links.iter().map(|link| link.event.node.as_str());
            if links.iter().all(plain) && order.eq(rules.iter().map(|(event, _)| event.as_str())) {
                return Ok(("temporal_ordered", None));
            }
            let help = "leave out `within` and `not`, and list the events in their order";
            refused(condition.span, "Sigma orders all rules as they are listed", help)
        }
        Expr::Compare(compare) => counted(&[compare], condition.span, rules, rule),
        Expr::Of(Quantity::AtLeast(least), parts) => {
            let named = parts.iter().filter_map(|part| {
                if let Expr::Name(name) = &part.node { Some(name.as_str()) } else { None }
            });
            if parts.len() == rules.len() && everything(named.collect()) {
                let mut limit = Mapping::new();
                put(&mut limit, "gte", Yaml::Number((*least).into()));
                return Ok(("temporal", Some(Yaml::Mapping(limit))));
            }
            refused(condition.span, "Sigma counts all rules or none", "name all events once")
        }
        Expr::Name(_)
        | Expr::And(_)
        | Expr::Or(_)
        | Expr::Not(_)
        | Expr::Of(Quantity::All | Quantity::Any, _)
        | Expr::Score { .. }
        | Expr::Absent { .. } => Ok(("temporal", Some(Yaml::String(boolean(condition, rules)?)))),
    }
}

/// Comparisons of one count or value, which Sigma says as one condition: `{gte: 2, lte: 5}`.
fn range<'a>(parts: &'a [Spanned<Expr>]) -> Option<Vec<&'a Compare>> {
    let compare = |part: &'a Spanned<Expr>| match &part.node {
        Expr::Compare(compare) => Some(compare),
        Expr::Name(_)
        | Expr::And(_)
        | Expr::Or(_)
        | Expr::Not(_)
        | Expr::Of(..)
        | Expr::Chain(_)
        | Expr::Score { .. }
        | Expr::Absent { .. } => None,
    };
    let limits: Vec<&Compare> = parts.iter().map(compare).collect::<Option<_>>()?;
    let first = *limits.first()?;
    let alike = |(at, limit): (usize, &&Compare)| {
        let before = limits.iter().take(at);
        let is_new = before.clone().all(|other| other.operator.node != limit.operator.node);
        is_new && measured(limit) == measured(first)
    };
    limits.iter().enumerate().all(alike).then_some(limits)
}

/// What a comparison compares, as it is written.
fn measured(compare: &Compare) -> (&str, Vec<&str>, Vec<String>, Option<&Value>) {
    let events = compare.events.iter().map(|event| event.node.as_str()).collect();
    let field = |field: &crate::syntax::weave::tree::EventField| {
        let transform = field.field.transform.as_ref().map(|transform| transform.node.as_str());
        format!("{}.{}.{transform:?}", field.event.node, field.field.name.node)
    };
    let fields = compare.fields.iter().map(field).collect();
    let percentile = compare.percentile.as_ref().map(|percentile| &percentile.node);
    (&compare.function.node, events, fields, percentile)
}

/// `event_count`, `value_count` and their kin.
fn counted(
    limits: &[&Compare],
    span: Span,
    rules: &[(String, String)],
    rule: &WeaveRule,
) -> Result<Kind, Refusal> {
    let is_all = |compare: &&Compare| {
        let named = |event: &str| compare.events.iter().any(|known| known.node == event);
        compare.events.len() == rules.len() && rules.iter().all(|(event, _)| named(event))
    };
    if limits.first().is_some_and(is_all) {
        return Ok(("event_count", Some(limit(limits, None, rule)?)));
    }
    values(limits, span, rules, rule)
}

/// `value_count` and its kin.
fn values(
    limits: &[&Compare],
    span: Span,
    rules: &[(String, String)],
    rule: &WeaveRule,
) -> Result<Kind, Refusal> {
    let Some(compare) = limits.first() else {
        return refused(span, "nothing is compared", "compare a count");
    };
    let kind = match compare.function.node.as_str() {
        "distinct" => "value_count",
        "sum" => "value_sum",
        "avg" => "value_avg",
        "median" => "value_median",
        "percentile" => "value_percentile",
        other => {
            let message = format!("Sigma has no correlation for `{other}` of some events");
            return refused(span, message, "count or compute over all events of the rule");
        }
    };
    let of = |event: &str| {
        let own = compare.fields.iter().filter(|field| field.event.node == *event);
        own.map(|field| field.field.name.node.as_str()).collect::<Vec<_>>()
    };
    let fields = rules.first().map(|(event, _)| of(event)).unwrap_or_default();
    if fields.is_empty() || rules.iter().any(|(event, _)| of(event) != fields) {
        let help = "name the same fields of every event";
        return refused(span, "Sigma computes over the same fields of all rules", help);
    }
    let field = match fields.as_slice() {
        [only] => text(only),
        several => list(several.iter().map(|field| (*field).to_owned())),
    };
    Ok((kind, Some(limit(limits, Some(field), rule)?)))
}

/// `{gte: 10}`
fn limit(limits: &[&Compare], field: Option<Yaml>, rule: &WeaveRule) -> Result<Yaml, Refusal> {
    let names = [
        (Operator::Eq, "eq"),
        (Operator::Neq, "neq"),
        (Operator::Lt, "lt"),
        (Operator::Lte, "lte"),
        (Operator::Gt, "gt"),
        (Operator::Gte, "gte"),
    ];
    let mut out = Mapping::new();
    if let Some(field) = field {
        put(&mut out, "field", field);
    }
    if let Some(percentile) = limits.first().and_then(|compare| compare.percentile.as_ref()) {
        put(&mut out, "percentile", predicate_to_sigma::number(&constant(percentile, rule)?));
    }
    for compare in limits {
        let known = names.iter().find(|(operator, _)| *operator == compare.operator.node);
        let Some((_, name)) = known else {
            return refused(compare.operator.span, "numbers do not compare like this", "use `>=`");
        };
        put(&mut out, name, predicate_to_sigma::number(&constant(&compare.value, rule)?));
    }
    Ok(Yaml::Mapping(out))
}

/// A number or duration, `$name` resolved.
fn constant(value: &Spanned<Value>, rule: &WeaveRule) -> Result<String, Refusal> {
    match predicate_to_sigma::resolved(value, rule).as_slice() {
        [Spanned { node: Value::Number(text), .. }] => Ok(text.clone()),
        _ => refused(value.span, "this is not one number", "write the number itself"),
    }
}

/// A condition over rules.
fn boolean(condition: &Spanned<Expr>, rules: &[(String, String)]) -> Result<String, Refusal> {
    let joined = |parts: &[Spanned<Expr>], operator: &str| {
        let parts = parts.iter().map(|part| boolean(part, rules));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(format!("({})", parts.join(operator)))
    };
    match &condition.node {
        Expr::Name(name) => {
            let reference = rules.iter().find(|(event, _)| event == name);
            Ok(reference.map_or_else(|| name.clone(), |(_, reference)| reference.clone()))
        }
        Expr::And(parts) | Expr::Of(Quantity::All, parts) => joined(parts, " and "),
        Expr::Or(parts) | Expr::Of(Quantity::Any, parts) => joined(parts, " or "),
        Expr::Not(inner) => Ok(format!("not {}", boolean(inner, rules)?)),
        Expr::Of(Quantity::AtLeast(_), _)
        | Expr::Chain(_)
        | Expr::Compare(_)
        | Expr::Score { .. }
        | Expr::Absent { .. } => refused(
            condition.span,
            "Sigma combines only whether rules occur",
            "use `and`, `or` and `not` of events, or an order or count alone",
        ),
    }
}
