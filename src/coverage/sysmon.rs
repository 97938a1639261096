//! A configuration of Sysmon → whether it lets the events of an analytic through.
//!
//! Filters of one event are include or exclude. An event is logged if no exclude filter matches it and an
//! include filter does, or there are exclude filters only; without any filter it is not logged. Values
//! compare without case (Sysmon's documentation, "Configuration files").

use roxmltree::{Document, Node};

use super::model::{Analytic, Sample};

/// An event of an analytic, and whether the configuration logs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// The class of evidence.
    pub class: String,
    /// The telemetry.
    pub telemetry: String,
    /// What it is an example of.
    pub what: String,
    /// Whether it is logged.
    pub logged: bool,
}

/// Asks a configuration about every example of an analytic.
///
/// # Errors
/// The text is not XML.
pub fn ask(text: &str, analytic: &Analytic) -> Result<Vec<Passed>, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let mut passed = Vec::new();
    for class in &analytic.class {
        for telemetry in &class.telemetry {
            for sample in &telemetry.sysmon {
                passed.push(Passed {
                    class: class.id.clone(),
                    telemetry: telemetry.title.clone(),
                    what: sample.what.clone(),
                    logged: is_logged(&document, sample),
                });
            }
        }
    }
    Ok(passed)
}

fn is_logged(document: &Document<'_>, sample: &Sample) -> bool {
    let filters = document.descendants().filter(|node| node.has_tag_name(sample.event.as_str()));
    let (include, exclude): (Vec<Node<'_, '_>>, Vec<Node<'_, '_>>) =
        filters.partition(|node| node.attribute("onmatch") == Some("include"));
    if exclude.iter().any(|filter| matches(*filter, sample)) {
        return false;
    }
    if include.is_empty() {
        !exclude.is_empty()
    } else {
        include.iter().any(|filter| matches(*filter, sample))
    }
}

/// Whether the tests of a filter or of a rule in it hold of an event.
fn matches(filter: Node<'_, '_>, sample: &Sample) -> bool {
    let group = filter.parent().filter(|parent| parent.has_tag_name("RuleGroup"));
    let relation = filter.attribute("groupRelation").or_else(|| group?.attribute("groupRelation"));
    let mut tests = filter.children().filter(Node::is_element).map(|test| {
        if test.has_tag_name("Rule") { matches_all(test, sample) } else { holds(test, sample) }
    });
    if relation == Some("and") {
        let mut any = false;
        return tests.all(|held| {
            any = true;
            held
        }) && any;
    }
    tests.any(|held| held)
}

/// A rule within a filter: all of its tests, unless it says `or`.
fn matches_all(rule: Node<'_, '_>, sample: &Sample) -> bool {
    let mut tests = rule.children().filter(Node::is_element);
    if rule.attribute("groupRelation") == Some("or") {
        tests.any(|test| holds(test, sample))
    } else {
        tests.all(|test| holds(test, sample))
    }
}

fn holds(test: Node<'_, '_>, sample: &Sample) -> bool {
    let Some(value) = sample.fields.get(test.tag_name().name()) else { return false };
    let (value, wanted) = (value.to_lowercase(), test.text().unwrap_or_default().to_lowercase());
    let mut parts = wanted.split(';').map(str::trim).filter(|part| !part.is_empty());
    match test.attribute("condition").unwrap_or("is").to_lowercase().as_str() {
        "is any" => parts.any(|part| value == part),
        "is not" => value != wanted,
        "contains" => value.contains(&wanted),
        "contains any" => parts.any(|part| value.contains(part)),
        "contains all" => parts.all(|part| value.contains(part)),
        "excludes" => !value.contains(&wanted),
        "excludes any" => !parts.all(|part| value.contains(part)),
        "excludes all" => !parts.any(|part| value.contains(part)),
        "begin with" => value.starts_with(&wanted),
        "not begin with" => !value.starts_with(&wanted),
        "end with" => value.ends_with(&wanted),
        "not end with" => !value.ends_with(&wanted),
        "image" => value == wanted || value.ends_with(&format!("\\{wanted}")),
        _ => value == wanted,
    }
}
