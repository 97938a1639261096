//! An explained rule for people.

use super::rule::{Event, Explained, Field, Place, TestWords, Together, Way};

/// How starts are to be read.
const LEGEND: &str = "(a start is, per key, the latest time since which that part of the condition is \
                      satisfied: it holds while that is not longer ago than the window)";

/// Its lines.
pub(super) fn lines(explained: &Explained) -> Vec<String> {
    let mut lines = vec![explained.title.clone()];
    let at = format!("{}:{}", explained.file, explained.line);
    let goal = match &explained.environment {
        Some(name) => format!("{name}: {} on {}", explained.target, explained.platform),
        None => format!("{} on {}", explained.target, explained.platform),
    };
    lines.push(format!("  rule      {} ({at})", explained.rule));
    lines.push(format!("  for       {goal}"));
    lines.push(format!("  verdict   {}", explained.verdict));
    for given_up in &explained.approximations {
        lines.push(format!("  gives up  {}: {}", given_up.code, given_up.title));
    }
    section(&mut lines, "What it looks for");
    explained.events.iter().for_each(|event| lines.extend(asked(event)));
    explained.condition.iter().for_each(|together| lines.extend(condition(together)));
    section(&mut lines, &format!("Where that is on {}", explained.platform));
    explained.events.iter().for_each(|event| lines.extend(held(event)));
    if let Some(plan) = &explained.plan {
        section(&mut lines, &format!("Plan: {}", plan.name));
        lines.extend(plan.steps.iter().map(|step| format!("  {step}")));
        if plan.steps.iter().any(|step| step.starts_with("start ")) {
            lines.push(format!("  {LEGEND}"));
        }
        plan.strategies.iter().for_each(|way| lines.extend(strategy(way)));
    }
    if !explained.diagnostics.is_empty() {
        section(&mut lines, "Refused");
    }
    for found in &explained.diagnostics {
        lines.push(format!("  {}: {} ({}:{})", found.code, found.message, found.file, found.line));
        lines.extend(found.help.iter().map(|help| format!("    way out: {help}")));
    }
    for (at, query) in explained.queries.iter().enumerate() {
        match explained.queries.len() {
            1 => section(&mut lines, "Query"),
            all => section(&mut lines, &format!("Query {} of {all}", at + 1)),
        }
        lines.extend(query.lines().map(|line| format!("  {line}")));
    }
    lines
}

fn section(lines: &mut Vec<String>, title: &str) {
    lines.push(String::new());
    lines.push(title.to_owned());
}

fn asked(event: &Event) -> Vec<String> {
    let of = match (&event.logsource, &event.firings_of) {
        (Some(logsource), _) => logsource.clone(),
        (None, Some(rule)) => format!("firings of {rule}"),
        (None, None) => String::new(),
    };
    let mut lines = vec![format!("  {}: {of} ({}:{})", event.name, event.file, event.line)];
    lines.extend(event.test.iter().map(|line| format!("    {line}")));
    lines
}

fn condition(together: &Together) -> Vec<String> {
    let mut lines = vec![format!("  condition: {}", together.condition)];
    lines.extend(together.keys.iter().map(|key| format!("  same {key}")));
    lines.push(format!("  within {}", together.window));
    lines.extend(together.skew.iter().map(|skew| format!("  tolerating disorder of {skew}")));
    lines
}

fn held(event: &Event) -> Vec<String> {
    if event.places.is_empty() {
        return vec![format!("  {}: nowhere", event.name)];
    }
    let one = |place: &Place| {
        let mut lines = vec![format!("  {}: {} (line {})", event.name, place.place, place.line)];
        lines.extend(place.fields.iter().flat_map(mapped));
        lines
    };
    event.places.iter().flat_map(one).collect()
}

fn mapped(field: &Field) -> Vec<String> {
    let is = match (&field.is, field.line) {
        (Some(is), Some(line)) => format!("is {is} (line {line})"),
        (Some(is), None) => format!("is {is}"),
        (None, _) => "is not held".to_owned(),
    };
    let mut lines = vec![format!("    {} ({}) {is}", field.field, field.ty)];
    if !field.nulls.is_empty() {
        let nulls = field.nulls.join("', '");
        lines.push(format!("      where '{nulls}' stands for a missing value"));
    }
    lines.extend(field.tests.iter().map(test));
    lines
}

fn test(test: &TestWords) -> String {
    let first = if test.count > 1 { "the first: " } else { "" };
    match &test.becomes {
        Some(becomes) => format!("      {} → {}: {first}{becomes}", test.asked, test.how),
        None => format!("      {} → {}", test.asked, test.how),
    }
}

fn strategy(way: &Way) -> Vec<String> {
    vec![
        format!("  {}: {}", way.name, way.does),
        format!("    cost    {}", way.cost),
        format!("    limits  {}", way.limits),
    ]
}
