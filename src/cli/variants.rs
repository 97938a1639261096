//! What rules mean with an environment's own parameters (`[environments.NAME.parameters]`).
//!
//! The rules are checked again with those values in place of the project's. What is wrong only then
//! is said once, with the environment's name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::check;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::ir::Rule;
use crate::project::Environment;
use crate::source::Span;
use crate::syntax::ast::Document;
use crate::taxonomy::Taxonomy;

use super::lists;
use super::workspace::Workspace;

/// Rules by the place of the document that they are written in.
pub(super) type Variants = BTreeMap<Span, Arc<Rule>>;

/// The rules that are sound with the parameters of an environment; `None` if it has none of its own.
pub(super) fn of(
    name: &str,
    environment: &Environment,
    workspace: &Workspace,
) -> (Option<Variants>, Vec<Diagnostic>) {
    if environment.parameters.is_empty() {
        return (None, Vec::new());
    }
    let mut found = unknown(environment, workspace);
    let mut lists = workspace.project.parameters.clone();
    let own = environment.parameters.iter();
    lists.extend(own.map(|(name, value)| (name.clone(), value.node.clone())));
    let mut said = Diagnostics::default();
    let taxonomy = Taxonomy::standard();
    let options = lists::options(lists, &workspace.project.lookups);
    let rules = check::check(&workspace.documents, &taxonomy, &options, &mut said);
    let new =
        |one: &Diagnostic| one.severity() == Severity::Error && !workspace.found.contains(one);
    let said = said.into_sorted().into_iter().filter(new);
    found.extend(
        said.map(|one| one.note(format!("with the parameters of the environment `{name}`"))),
    );
    let rules = rules.into_iter().flatten().map(|rule| (rule.meta.span, rule));
    (Some(rules.collect()), found)
}

/// E0723 for parameters that nothing has.
fn unknown(environment: &Environment, workspace: &Workspace) -> Vec<Diagnostic> {
    let weaves = workspace.documents.iter().filter_map(|document| match document {
        Document::Weave(rule) => Some(rule),
        Document::Rule(_) | Document::Correlation(_) | Document::Filter(_) => None,
    });
    let params = weaves.flat_map(|rule| &rule.params).map(|param| param.name.node.as_str());
    let known = workspace.project.parameters.keys().map(String::as_str).chain(params);
    let known: Vec<&str> = known.collect();
    let wrong = environment.parameters.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    wrong
        .map(|(name, value)| {
            let message = format!("nothing has a parameter `{name}`");
            Diagnostic::new(Code::UnknownParameter, value.span, message)
                .help("an environment replaces values of `[parameters]`, `[lists]` and `params:`")
                .nearest(name, known.iter().copied())
        })
        .collect()
}
