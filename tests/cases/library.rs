//! The library as tests use it: the rules of files, compiled for a platform.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sigweave::backend::template::Templates;
use sigweave::backend::{BACKENDS, Backend, Query};
use sigweave::check::{Options, check};
use sigweave::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use sigweave::ir::Rule;
use sigweave::plan::{Plan, plan};
use sigweave::platform::{self, Platform};
use sigweave::source::SourceMap;
use sigweave::syntax::ast::Document;
use sigweave::syntax::{sigma, weave};
use sigweave::taxonomy::Taxonomy;

/// The rules of these files, checked together; a rule with errors fails the test.
pub(crate) fn rules(files: &[PathBuf]) -> Vec<Arc<Rule>> {
    let mut sources = SourceMap::default();
    let mut found = Diagnostics::default();
    let mut documents: Vec<Document> = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        let id = sources.add(file.display().to_string(), text);
        let is_weave = file.extension().is_some_and(|extension| extension == "weave");
        let parse = if is_weave { weave::parse } else { sigma::parse };
        documents.extend(parse(id, sources.text(id), &mut found));
    }
    let rules = check(&documents, &Taxonomy::standard(), &Options::default(), &mut found);
    let is_error = |found: &Diagnostic| found.code.severity() == Severity::Error;
    let errors: Vec<_> = found.into_iter().filter(is_error).map(|found| found.message).collect();
    assert!(errors.is_empty(), "{files:?}: {errors:?}");
    rules.into_iter().flatten().filter(|rule| rule.emitted).collect()
}

/// The file of a case.
pub(crate) fn case(folder: &Path) -> PathBuf {
    folder.join(super::rule_file(folder))
}

/// Every language with every platform that is checked and that it queries, defaults first.
pub(crate) fn goals() -> Vec<(&'static dyn Backend, Platform)> {
    let mut goals = Vec::new();
    for backend in BACKENDS {
        let platforms = platform::names().iter().filter_map(|name| platform::load(name));
        let queried = |platform: &Platform| platform.targets.iter().any(|t| t == backend.target());
        goals.extend(
            platforms
                .filter(|platform| queried(platform) && !platform.unchecked)
                .map(|platform| (*backend, platform)),
        );
    }
    goals
}

/// What the queries of the corpus may give up, so that there are any: ES|QL says nothing exactly
/// over several events.
pub(crate) fn accepted(target: &str) -> &'static [Code] {
    if target == "esql" { &[Code::FixedWindows, Code::Estimates] } else { &[] }
}

/// A rule's plan and its queries, or why there are none.
pub(crate) fn compile(
    rule: &Rule,
    backend: &dyn Backend,
    platform: &Platform,
    accept: &[Code],
) -> Result<(Plan, Vec<Query>), Vec<Diagnostic>> {
    let mut plan = plan(rule, platform)?;
    plan.accept.extend(accept);
    let queries = backend.render(&plan, &Templates::default())?;
    Ok((plan, queries))
}
