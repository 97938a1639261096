//! Rules as text → what check makes of them.

mod any;
mod conditions;
mod correlations;
mod filters;
mod items;
mod weave;

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Predicate;
use crate::source::SourceMap;
use crate::syntax::sigma;

/// All rules of a text and what was found, in order of place.
fn run(text: &str) -> (Vec<Option<Arc<Rule>>>, Vec<Diagnostic>) {
    let hosts = vec!["dc1".to_owned(), "dc*".to_owned()];
    let lists = [("hosts".to_owned(), hosts), ("none".to_owned(), Vec::new())];
    let options = Options { lists: lists.into_iter().collect(), ..Options::default() };
    let mut sources = SourceMap::default();
    let source = sources.add("rule.yml", text);
    let mut diagnostics = Diagnostics::default();
    let documents = sigma::parse(source, sources.text(source), &mut diagnostics);
    let rules = check(&documents, &Taxonomy::standard(), &options, &mut diagnostics);
    (rules, diagnostics.into_sorted())
}

/// A rule of a log source with these lines of detection, each indented by four.
fn rule(logsource: &str, detection: &str) -> String {
    let indented: String = detection.lines().map(|line| format!("    {line}\n")).collect();
    format!("title: t\nlogsource: {logsource}\ndetection:\n{indented}")
}

const CREATION: &str = "{product: windows, category: process_creation}";
const NETWORK: &str = "{product: windows, category: network_connection}";

/// A rule with one selection `s` and the condition `s`.
fn one(logsource: &str, item: &str) -> String {
    rule(logsource, &format!("s:\n    {item}\ncondition: s"))
}

fn predicate(text: &str) -> Predicate {
    let (rules, found) = run(text);
    let errors: Vec<_> = found.iter().map(|found| &found.message).collect();
    let rule = rules.into_iter().next().flatten();
    let rule = rule.unwrap_or_else(|| panic!("{text}\n{errors:#?}"));
    match &rule.body {
        Body::Events(Pattern { source: PatternSource::Events { predicate, .. }, .. }) => {
            predicate.clone()
        }
        Body::Events(_) | Body::Correlation(_) => panic!("no rule over events: {text}"),
    }
}

fn codes(text: &str) -> Vec<&'static str> {
    run(text).1.iter().map(|found| found.code.id()).collect()
}

/// A predicate in a line.
fn line(predicate: &Predicate) -> String {
    let list = |parts: &[Predicate]| parts.iter().map(line).collect::<Vec<_>>().join(", ");
    match predicate {
        Predicate::All(parts) => format!("all({})", list(parts)),
        Predicate::Any(parts) => format!("any({})", list(parts)),
        Predicate::Not(inner) => format!("not({})", line(inner)),
        Predicate::Test(test) => format!("{} {:?}", test.field.name, test.op),
        Predicate::Keyword(test) => format!("keyword {test:?}"),
        Predicate::KeywordRegex(regex) => format!("keyword /{}/", regex.pattern),
    }
}
