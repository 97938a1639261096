//! What rules are converted to: a query language and the platform where the data lives.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::backend::template::Templates;
use crate::backend::{self, BACKENDS, Backend, Query};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::ir::Rule;
use crate::plan::{self, Plan};
use crate::platform::{self, Platform};
use crate::project::{Project, Refusal, Selection};
use crate::source::{SourceMap, Span};

use super::variants::{self, Variants};
use super::workspace::{self, Workspace};
use super::{GoalArguments, platforms, templates};

/// A query language on a platform.
pub(super) struct Goal {
    /// The environment; none if the command line named a target.
    pub(super) environment: Option<String>,
    /// The back end.
    pub(super) backend: &'static dyn Backend,
    /// The platform.
    pub(super) platform: Platform,
    /// Approximations that are accepted.
    accept: Vec<Code>,
    /// Rules that it is known not to take.
    refused: BTreeMap<String, Refusal>,
    /// Which rules it takes.
    select: Selection,
    /// The templates, with those that the user replaces.
    pub(super) templates: Arc<Templates>,
    /// What rules mean with parameters of its own; none: what they mean everywhere.
    variants: Option<Variants>,
}

impl Goal {
    /// What it is called in tables: its environment, else its language.
    pub(super) fn label(&self) -> &str {
        self.environment.as_deref().unwrap_or_else(|| self.backend.target())
    }

    /// Whether the environment selects the rule by its status, level and tags.
    pub(super) fn takes(&self, rule: &Rule) -> bool {
        let meta = &rule.meta;
        self.select.takes(meta.status.as_deref(), meta.level.as_deref(), &meta.tags)
    }

    /// The rule as it is with the parameters of the environment; `None` if it is not sound then,
    /// which is said where the rules are loaded.
    pub(super) fn own<'a>(&'a self, rule: &'a Rule) -> Option<&'a Rule> {
        match &self.variants {
            Some(variants) => variants.get(&rule.meta.span).map(|own| &**own),
            None => Some(rule),
        }
    }

    /// The queries that mean the rule, or why there are none.
    pub(super) fn compile(&self, rule: &Rule) -> Result<Vec<Query>, Vec<Diagnostic>> {
        let queries = self.backend.render(&self.plan(rule)?, &self.templates);
        queries.map_err(|refused| self.with_mappings(rule, refused))
    }

    /// The findings about tests on columns, each with the line that says what the field is there.
    fn with_mappings(&self, rule: &Rule, refused: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let about_columns = |found: &Diagnostic| found.code == Code::ColumnOperator;
        let mut mappings: BTreeMap<Span, Span> = BTreeMap::new();
        if refused.iter().any(about_columns) {
            for (_, logsource, predicate) in rule.events() {
                predicate.tests(&mut |test| {
                    let places = self.platform.places(logsource).iter();
                    let resolved = places.filter_map(|source| source.fields.get(&test.field.name));
                    mappings.extend(resolved.map(|resolved| (test.span, resolved.span)).next());
                });
            }
        }
        let with = |found: Diagnostic| match mappings.get(&found.primary.span) {
            Some(mapping) if about_columns(&found) => {
                found.label(*mapping, "what the field is there")
            }
            Some(_) | None => found,
        };
        refused.into_iter().map(with).collect()
    }

    /// How the rule becomes a query, or why it does not.
    pub(super) fn plan(&self, rule: &Rule) -> Result<Plan, Vec<Diagnostic>> {
        let rule = self.own(rule).ok_or_else(Vec::new)?;
        let mut plan = plan::plan(rule, &self.platform)?;
        plan.accept.extend(&self.accept);
        Ok(plan)
    }

    /// What there is to say about the queries of a rule: in what they are approximations,
    /// W0501 where the platform has no schema, E0708 where the project says that it is refused.
    pub(super) fn remarks(&self, rule: &Rule, queries: &[Query]) -> Vec<Diagnostic> {
        let needed: BTreeSet<Code> =
            queries.iter().flat_map(|query| &query.approximate).copied().collect();
        let accepted = needed.into_iter().map(|code| {
            let message = format!("the query is an approximation: {}", code.title());
            Diagnostic::new(code, rule.meta.span, message)
        });
        let unchecked = self.platform.unchecked.then(|| {
            let message = format!("`{}` has no schema: fields pass unchecked", self.platform.name);
            Diagnostic::new(Code::Unchecked, rule.meta.span, message)
                .help("check the names of fields, and where the log source lives, by hand")
        });
        let taken = self.refused.get(&rule.name).map(|refusal| {
            let message = format!("`{}` is not refused on `{}`", rule.name, self.platform.name);
            Diagnostic::new(Code::RefusalNotMet, refusal.span, message)
                .help("take it out of the list of refused rules")
        });
        let marked = plan::remarks(rule, &self.platform);
        accepted.chain(unchecked).chain(taken).chain(self.off(rule)).chain(marked).collect()
    }

    /// W0503 for log sources that are not collected by default.
    fn off(&self, rule: &Rule) -> Vec<Diagnostic> {
        let off = |(span, logsource, _): (Span, &str, _)| {
            let platform = &self.platform;
            let todo = platform.places(logsource).iter().find_map(|source| source.off.as_ref())?;
            let message = format!("`{logsource}` is not collected by default");
            Some(
                Diagnostic::new(Code::LogSourceOff, span, message)
                    .label(platform.entry(logsource), format!("says `{}`", platform.name))
                    .help(todo.clone()),
            )
        };
        let mut said: Vec<Diagnostic> = rule.events().into_iter().filter_map(off).collect();
        said.dedup();
        said
    }

    /// Whether the refusal of a rule is one that the project has agreed to.
    pub(super) fn agreed(&self, rule: &str, refused: &[Diagnostic]) -> bool {
        let listed = self.refused.get(rule).or_else(|| self.refused.get("*"));
        let Some(agreed) = listed else { return false };
        refused.iter().all(|found| agreed.codes.contains(&found.code))
    }
}

/// The rules that the paths select, and the goals that the arguments and the project ask for.
///
/// # Errors
/// A path cannot be read, or a name is unknown; a line for each.
pub(super) fn load(
    paths: &[PathBuf],
    arguments: &GoalArguments,
) -> Result<(Workspace, Vec<Goal>), Vec<String>> {
    let mut workspace = Workspace::load_with(paths, &arguments.set)?;
    let Workspace { sources, project, root, .. } = &mut workspace;
    let mut goals = goals(arguments, project, root, sources)?;
    let own = own_templates(arguments, project, root, sources)?;
    let mut found = own.found;
    let templates = Arc::new(own.templates);
    for goal in &mut goals {
        goal.templates = Arc::clone(&templates);
        let named = goal.environment.as_deref();
        let environments = &workspace.project.environments;
        let environment = named.and_then(|name| environments.get_key_value(name));
        if let Some((name, environment)) = environment {
            let (variants, wrong) = variants::of(name, environment, &workspace);
            goal.variants = variants;
            found.extend(wrong);
        }
    }
    workspace.add(found);
    Ok((workspace, goals))
}

/// The templates of the folder that the arguments or the project name.
///
/// # Errors
/// They cannot be read, or replace none; a line for each.
fn own_templates(
    arguments: &GoalArguments,
    project: &Project,
    root: &Path,
    sources: &mut SourceMap,
) -> Result<templates::Own, Vec<String>> {
    templates::load(
        templates::folder(arguments.templates.as_deref(), project, root)?.as_deref(),
        sources,
    )
}

/// The goals that the arguments ask for, else the environments of the project here, else every shipped
/// platform in each of its languages.
///
/// # Errors
/// Unknown names, or a project that cannot be read; a line for each.
pub(super) fn asked(arguments: &GoalArguments) -> Result<Vec<Goal>, Vec<String>> {
    let goals = match workspace::project(&arguments.set)? {
        Some(mut loaded) => goals(arguments, &loaded.project, &loaded.root, &mut loaded.sources)?,
        None => {
            let (project, mut sources) = (Project::default(), SourceMap::default());
            goals(arguments, &project, Path::new("."), &mut sources)?
        }
    };
    if !goals.is_empty() {
        return Ok(goals);
    }
    let mut shipped = everywhere(arguments)?;
    shipped.retain(|goal| !goal.platform.unchecked);
    Ok(shipped)
}

/// Those of [`asked`], and where the arguments name none every other shipped platform in its first language;
/// in the order of platforms.
///
/// # Errors
/// Unknown names, or a project that cannot be read; a line for each.
pub(super) fn on_every_platform(arguments: &GoalArguments) -> Result<Vec<Goal>, Vec<String>> {
    let mut goals = asked(arguments)?;
    if arguments.target.is_empty() && arguments.environment.is_empty() {
        goals.retain(|goal| goal.environment.is_some());
        for goal in everywhere(arguments)?.into_iter().filter(|goal| !goal.platform.unchecked) {
            if !goals.iter().any(|known| known.platform.name == goal.platform.name) {
                goals.push(goal);
            }
        }
    }
    goals.sort_by(|one, other| one.platform.name.cmp(&other.platform.name));
    Ok(goals)
}

/// The platform that the arguments name, or that of the environment that they name.
///
/// # Errors
/// Neither is named, or there is no such platform; a line for each problem.
pub(super) fn platform_of(
    arguments: &GoalArguments,
    sources: &mut SourceMap,
) -> Result<Platform, Vec<String>> {
    if let Some(name) = &arguments.platform {
        return platforms::find(name, &arguments.overlay, sources).map_err(|problem| vec![problem]);
    }
    let (project, root) = super::workspace::project_here(sources, &arguments.set)?;
    let mut problems = Vec::new();
    let wanted = match arguments.environment.is_empty() {
        true => None,
        false => wanted(arguments, &project, &root, &mut problems).into_iter().next(),
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let Some(wanted) = wanted else {
        return Err(vec!["which platform? say `-p PLATFORM` or `-e ENVIRONMENT`".to_owned()]);
    };
    let name = wanted.platform.unwrap_or_default();
    let overlays = [wanted.overlays, arguments.overlay.clone()].concat();
    platforms::find(&name, &overlays, sources).map_err(|problem| vec![problem])
}

/// The goals that the arguments and the project ask for; possibly none.
///
/// # Errors
/// Unknown names, or a platform that is not queried in the language; a line for each.
fn goals(
    arguments: &GoalArguments,
    project: &Project,
    root: &Path,
    sources: &mut SourceMap,
) -> Result<Vec<Goal>, Vec<String>> {
    let (accepted, mut problems) = accepted(&arguments.accept);
    let mut goals = Vec::new();
    for mut wanted in wanted(arguments, project, root, &mut problems) {
        wanted.overlays.extend(arguments.overlay.iter().cloned());
        match goal(&wanted, sources) {
            Ok((backend, platform)) => {
                let accept = [wanted.accept, project.accept.clone(), accepted.clone()].concat();
                let Wanted { environment, refused, select, .. } = wanted;
                goals.push(Goal {
                    environment,
                    backend,
                    platform,
                    accept,
                    refused,
                    select,
                    templates: Arc::default(),
                    variants: None,
                });
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(goals) } else { Err(problems) }
}

/// Every language on every shipped platform that is queried in it.
///
/// # Errors
/// A code that is to be accepted is none; a line for each.
pub(super) fn everywhere(arguments: &GoalArguments) -> Result<Vec<Goal>, Vec<String>> {
    let (accept, problems) = accepted(&arguments.accept);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut goals = Vec::new();
    for backend in BACKENDS {
        let shipped = platform::names().iter().filter_map(|name| platform::load(name));
        let queried =
            |platform: &Platform| platform.targets.iter().any(|known| known == backend.target());
        goals.extend(shipped.filter(queried).map(|platform| Goal {
            environment: None,
            backend: *backend,
            platform,
            accept: accept.clone(),
            refused: BTreeMap::new(),
            select: Selection::default(),
            templates: Arc::default(),
            variants: None,
        }));
    }
    Ok(goals)
}

/// What the arguments or an environment name.
#[derive(Default)]
struct Wanted {
    environment: Option<String>,
    target: String,
    platform: Option<String>,
    overlays: Vec<PathBuf>,
    index: Vec<String>,
    accept: Vec<Code>,
    refused: BTreeMap<String, Refusal>,
    select: Selection,
}

/// Targets with their platforms: those of the command line, else environments.
fn wanted(
    arguments: &GoalArguments,
    project: &Project,
    root: &Path,
    problems: &mut Vec<String>,
) -> Vec<Wanted> {
    if !arguments.target.is_empty() && !arguments.environment.is_empty() {
        problems.push("say either targets (`-t`) or environments (`-e`)".to_owned());
    }
    if !arguments.target.is_empty() {
        let wanted = |target: &String| Wanted {
            target: target.clone(),
            platform: arguments.platform.clone(),
            ..Wanted::default()
        };
        let mut seen = BTreeSet::new();
        let targets = arguments.target.iter().filter(|target| seen.insert(target.as_str()));
        return targets.map(wanted).collect();
    }
    if let Some(platform) = &arguments.platform {
        problems.push(format!("`--platform {platform}` needs a target, such as `-t kql`"));
    }
    let mut wanted = Vec::new();
    for (name, environment) in &project.environments {
        if arguments.environment.is_empty() || arguments.environment.contains(name) {
            wanted.push(Wanted {
                environment: Some(name.clone()),
                target: environment.target.node.clone(),
                platform: Some(in_project(root, &environment.platform.node)),
                overlays: environment.overlays.iter().map(|path| root.join(&path.node)).collect(),
                index: environment.index.iter().map(|index| index.node.clone()).collect(),
                accept: environment.accept.clone(),
                refused: environment.refused.clone(),
                select: environment.select.clone(),
            });
        }
    }
    for name in &arguments.environment {
        if !project.environments.contains_key(name) {
            let known = project.environments.keys().map(String::as_str);
            problems.push(unknown(Code::UnknownEnvironment, "environment", name, known));
        }
    }
    wanted
}

/// The name of a platform; the path of a file of one's own is relative to the project.
fn in_project(root: &Path, platform: &str) -> String {
    match platform.ends_with(".yml") || platform.ends_with(".yaml") {
        true => root.join(platform).display().to_string(),
        false => platform.to_owned(),
    }
}

fn accepted(codes: &[String]) -> (Vec<Code>, Vec<String>) {
    let (mut accepted, mut problems) = (Vec::new(), Vec::new());
    for text in codes {
        match Code::find(text) {
            Some(code) if code.is_approximation() => accepted.push(code),
            Some(_) | None => problems.push(format!("there is no approximation `{text}`")),
        }
    }
    (accepted, problems)
}

fn goal(
    wanted: &Wanted,
    sources: &mut SourceMap,
) -> Result<(&'static dyn Backend, Platform), String> {
    let target = wanted.target.as_str();
    let Some(backend) = backend::find(target) else {
        let known = BACKENDS.iter().map(|backend| backend.target());
        return Err(unknown(Code::UnknownTarget, "target", target, known));
    };
    let queried = |platform: &Platform| platform.targets.iter().any(|known| known == target);
    let shipped = platform::names().iter().filter_map(|name| platform::load(name));
    let name = match &wanted.platform {
        Some(name) => name.clone(),
        None => shipped.into_iter().find(queried).map(|first| first.name).ok_or_else(|| {
            format!("error[{}]: no platform is queried in `{target}`", Code::PlatformTarget.id())
        })?,
    };
    let platform = platforms::find(&name, &wanted.overlays, sources)?;
    let Some(platform) = platform.within(&wanted.index) else {
        return Err(format!("`{name}` is not searched by index: leave `index` out"));
    };
    if !queried(&platform) {
        return Err(format!(
            "error[{}]: `{name}` is not queried in `{target}` but in `{}`",
            Code::PlatformTarget.id(),
            platform.targets.join("`, `")
        ));
    }
    Ok((backend, platform))
}

fn unknown<'a>(code: Code, noun: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("the nearest name is `{near}`"),
        None => format!("there are: {}", known.join(", ")),
    };
    format!("error[{}]: there is no {noun} `{name}`; {help}", code.id())
}
