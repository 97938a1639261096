//! A rule on a platform → everything that leads to its query, as machines read it.

use serde::Serialize;

use crate::diagnostic::{Code, Diagnostic, Rendered, rendered};
use crate::ir::words::{self, operator};
use crate::ir::{Body, Correlation, Pattern, PatternId, PatternSource, Rule, Test};
use crate::plan::{self, How, Pushed, Trace, TracedField, describe_place, trace};
use crate::platform::Platform;
use crate::source::{SourceMap, Span};

use super::super::goal::Goal;

/// How a rule becomes a query.
#[derive(Debug, Serialize)]
pub(super) struct Explained {
    pub(super) rule: String,
    pub(super) title: String,
    pub(super) id: Option<String>,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) environment: Option<String>,
    pub(super) target: &'static str,
    pub(super) platform: String,
    /// `exact`, `approximate` or `refused`.
    pub(super) verdict: &'static str,
    pub(super) approximations: Vec<GivenUp>,
    /// What is looked for.
    pub(super) events: Vec<Event>,
    /// How the events are put together; none for a rule over single events.
    pub(super) condition: Option<Together>,
    /// None if it was refused.
    pub(super) plan: Option<PlanWords>,
    pub(super) queries: Vec<String>,
    /// Why it was refused.
    pub(super) diagnostics: Vec<Rendered>,
}

/// An approximation, and what it gives up.
#[derive(Debug, Serialize)]
pub(super) struct GivenUp {
    pub(super) code: &'static str,
    pub(super) title: &'static str,
}

/// A pattern.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) line: usize,
    /// Key of the log source; none for firings of another rule.
    pub(super) logsource: Option<String>,
    /// The rule whose firings they are.
    pub(super) firings_of: Option<String>,
    /// What holds of them, a line per part that must hold.
    pub(super) test: Vec<String>,
    pub(super) places: Vec<Place>,
}

/// Where the events are.
#[derive(Debug, Serialize)]
pub(super) struct Place {
    pub(super) place: String,
    /// Line of the platform file.
    pub(super) line: usize,
    pub(super) fields: Vec<Field>,
}

/// A field of the pattern at a place.
#[derive(Debug, Serialize)]
pub(super) struct Field {
    pub(super) field: String,
    #[serde(rename = "type")]
    pub(super) ty: String,
    /// What it is there; none: it is not held.
    pub(super) is: Option<String>,
    /// Line of the platform file.
    pub(super) line: Option<usize>,
    /// Texts that stand for a missing value.
    pub(super) nulls: Vec<String>,
    pub(super) tests: Vec<TestWords>,
}

/// Tests of a field that become columns' tests in the same way.
#[derive(Debug, Serialize, PartialEq)]
pub(super) struct TestWords {
    /// As the rule has them.
    pub(super) asked: String,
    /// How many they are.
    pub(super) count: usize,
    /// `as it is`, …, or `refused`.
    pub(super) how: &'static str,
    /// What the first of them becomes, where it is another test; or why it is refused.
    pub(super) becomes: Option<String>,
}

/// How events are put together.
#[derive(Debug, Serialize)]
pub(super) struct Together {
    pub(super) condition: String,
    pub(super) keys: Vec<String>,
    pub(super) window: String,
    pub(super) skew: Option<String>,
}

/// The plan in words.
#[derive(Debug, Serialize)]
pub(super) struct PlanWords {
    pub(super) name: String,
    pub(super) steps: Vec<String>,
    pub(super) strategies: Vec<Way>,
}

/// A strategy of the language.
#[derive(Debug, Serialize)]
pub(super) struct Way {
    pub(super) name: &'static str,
    pub(super) does: &'static str,
    pub(super) cost: &'static str,
    pub(super) limits: &'static str,
}

impl Explained {
    /// Whether there is no query, against what the project says.
    pub(super) fn is_refused(&self) -> bool {
        self.queries.is_empty()
    }
}

/// Explains a rule.
pub(super) fn explain(rule: &Rule, goal: &Goal, sources: &SourceMap) -> Explained {
    let planned = goal.plan(rule);
    let rendered_queries = match &planned {
        Ok(plan) => goal.backend.render(plan, &goal.templates),
        Err(found) => Err(found.clone()),
    };
    let plan = match (&planned, &rendered_queries) {
        (Ok(plan), Ok(_)) => Some(plan_words(plan, goal)),
        (Ok(_) | Err(_), _) => None,
    };
    let (queries, refused) = match rendered_queries {
        Ok(queries) => (queries, Vec::new()),
        Err(found) => (Vec::new(), found),
    };
    let mut codes: Vec<Code> = queries.iter().flat_map(|one| one.approximate.clone()).collect();
    codes.sort_unstable();
    codes.dedup();
    let verdict = match (refused.is_empty(), codes.is_empty()) {
        (false, _) => "refused",
        (true, true) => "exact",
        (true, false) => "approximate",
    };
    let (file, line) = place(rule.meta.span, sources);
    Explained {
        rule: rule.name.clone(),
        title: rule.meta.title.clone(),
        id: rule.meta.id.clone(),
        file,
        line,
        environment: goal.environment.clone(),
        target: goal.backend.target(),
        platform: goal.platform.name.clone(),
        verdict,
        approximations: codes
            .iter()
            .map(|code| GivenUp { code: code.id(), title: code.title() })
            .collect(),
        events: events(rule, &goal.platform, sources),
        condition: together(rule),
        plan,
        queries: queries.into_iter().map(|query| query.text).collect(),
        diagnostics: refused.iter().map(|found| rendered(found, sources)).collect(),
    }
}

fn place(span: Span, sources: &SourceMap) -> (String, usize) {
    let source = sources.get(span.source);
    source.map_or((String::new(), 1), |source| (source.name.clone(), source.position(span.start).0))
}

fn events(rule: &Rule, platform: &Platform, sources: &SourceMap) -> Vec<Event> {
    let patterns = match &rule.body {
        Body::Events(pattern) => std::slice::from_ref(pattern),
        Body::Correlation(correlation) => &correlation.patterns,
    };
    patterns.iter().map(|pattern| event(pattern, platform, sources)).collect()
}

fn event(pattern: &Pattern, platform: &Platform, sources: &SourceMap) -> Event {
    let (file, line) = place(pattern.span, sources);
    let (logsource, firings_of, test) = match &pattern.source {
        PatternSource::Events { logsource, predicate } => {
            (Some(logsource.clone()), None, words::lines(predicate))
        }
        PatternSource::Firings(rule) => (None, Some(rule.name.clone()), Vec::new()),
    };
    let traces = trace(pattern, platform);
    let places = traces.iter().map(|trace| place_words(trace, platform)).collect();
    Event { name: pattern.name.clone(), file, line, logsource, firings_of, test, places }
}

fn place_words(trace: &Trace<'_>, platform: &Platform) -> Place {
    Place {
        place: describe_place(&trace.source.place),
        line: platform.line(trace.source.span),
        fields: trace.fields.iter().map(|field| field_words(field, platform)).collect(),
    }
}

fn field_words(traced: &TracedField<'_>, platform: &Platform) -> Field {
    Field {
        field: traced.field.name.clone(),
        ty: traced.field.ty.to_string(),
        is: traced.resolved.map(|resolved| resolved.value.to_string()),
        line: traced.resolved.map(|resolved| platform.line(resolved.span)),
        nulls: traced.resolved.map(|found| found.null_values.clone()).unwrap_or_default(),
        tests: tests(traced),
    }
}

/// Tests by operator and by how they are asked, in the order of the first of each.
fn tests(traced: &TracedField<'_>) -> Vec<TestWords> {
    struct Alike<'a> {
        kind: (Option<String>, &'static str),
        values: Vec<String>,
        first: &'a (Test, Result<Pushed, Diagnostic>),
    }
    let mut groups: Vec<Alike<'_>> = Vec::new();
    for entry in &traced.tests {
        let (test, pushed) = entry;
        let how = pushed.as_ref().map_or("refused", |pushed| pushed.how.describe());
        let (operator, value) = operator(&test.op).unzip();
        let kind = (operator, how);
        let value = value.unwrap_or_else(|| test.to_string());
        match groups.iter_mut().find(|known| known.kind == kind && known.kind.0.is_some()) {
            Some(known) if known.values.contains(&value) => {}
            Some(known) => known.values.push(value),
            None => groups.push(Alike { kind, values: vec![value], first: entry }),
        }
    }
    let words = |group: Alike<'_>| TestWords {
        asked: match &group.kind.0 {
            Some(operator) => format!("{operator} {}", words::shown(&group.values)),
            None => group.values.concat(),
        },
        count: group.values.len(),
        how: group.kind.1,
        becomes: becomes(&group.first.1),
    };
    groups.into_iter().map(words).collect()
}

fn becomes(pushed: &Result<Pushed, Diagnostic>) -> Option<String> {
    match pushed {
        Ok(Pushed { how: How::AsItIs, .. }) => None,
        Ok(pushed) => Some(pushed.predicate.to_string()),
        Err(refusal) => Some(format!("{}: {}", refusal.code.id(), refusal.message)),
    }
}

fn together(rule: &Rule) -> Option<Together> {
    let Body::Correlation(correlation) = &rule.body else { return None };
    let name = |pattern: PatternId| name(correlation, pattern);
    Some(Together {
        condition: words::condition(&correlation.cond, &name),
        keys: keys(correlation),
        window: words::span(correlation.window),
        skew: (correlation.skew > 0).then(|| words::span(correlation.skew)),
    })
}

fn name(correlation: &Correlation, pattern: PatternId) -> String {
    correlation.patterns.get(pattern.0).map_or("?", |pattern| pattern.name.as_str()).to_owned()
}

/// `host = Computer`, or a field for each event that carries the key.
fn keys(correlation: &Correlation) -> Vec<String> {
    let words = |key: &crate::ir::Key| {
        let mut fields: Vec<(PatternId, String)> = Vec::new();
        for (at, field) in key.fields.iter().enumerate() {
            let Some((field, transform)) = field else { continue };
            let text = match words::transform(*transform) {
                Some(function) => format!("{function}({})", field.name),
                None => field.name.clone(),
            };
            fields.push((PatternId(at), text));
        }
        let all = fields.len() == correlation.patterns.len();
        match fields.first() {
            Some((_, first)) if all && fields.iter().all(|(_, field)| field == first) => {
                format!("{} = {first}", key.name)
            }
            _ => {
                let each =
                    fields.iter().map(|(at, field)| format!("{}.{field}", name(correlation, *at)));
                format!("{} = {}", key.name, each.collect::<Vec<_>>().join(" = "))
            }
        }
    };
    correlation.keys.iter().map(words).collect()
}

fn plan_words(plan: &plan::Plan, goal: &Goal) -> PlanWords {
    let strategies = goal.backend.strategies(plan).into_iter();
    PlanWords {
        name: goal.backend.plan_name(plan),
        steps: goal.backend.describe(plan),
        strategies: strategies
            .map(|one| Way { name: one.name, does: one.does, cost: one.cost, limits: one.limits })
            .collect(),
    }
}
