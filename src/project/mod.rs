//! `sigweave.toml` → [`Project`]: rule folders, environments, accepted approximations, parameters.
//!
//! ```toml
//! rules = ["rules"]
//! accept = ["W0606"]
//!
//! [environments.soc]
//! target = "kql"
//! platform = "defender-xdr"
//!
//! [parameters]
//! TrustedPublisherList = ["Microsoft Windows", "Contoso Ltd"]
//! ```
//!
//! Unknown keys are errors with the nearest known key; several errors are reported per run.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path};

use toml::Spanned as TomlSpanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span, Spanned};

/// The name of the file.
pub const FILE_NAME: &str = "sigweave.toml";

/// Keys of an environment.
const ENVIRONMENT_KEYS: [&str; 5] = ["target", "platform", "index", "accept", "refused"];

/// A project.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Folders with rules, relative to the project's file; `rules` unless the file says otherwise.
    pub rules: Vec<Spanned<String>>,
    /// Environments by name.
    pub environments: BTreeMap<String, Environment>,
    /// Approximations that are accepted everywhere.
    pub accept: Vec<Code>,
    /// Values of placeholders and parameters.
    pub parameters: BTreeMap<String, Vec<String>>,
}

/// Where rules go.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The query language.
    pub target: Spanned<String>,
    /// The platform.
    pub platform: Spanned<String>,
    /// Indexes to search there; none: no condition on the index.
    pub index: Vec<Spanned<String>>,
    /// Approximations that are accepted there.
    pub accept: Vec<Code>,
    /// The closed list of rules that it cannot take, each with the codes of the refusal.
    pub refused: BTreeMap<String, Refusal>,
}

/// A rule that an environment is known not to take.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Where the list says so.
    pub span: Span,
    /// The codes that are agreed.
    pub codes: Vec<Code>,
}

/// Reads a project file; what cannot be read is reported and left out.
#[must_use]
pub fn parse(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Project {
    let mut reader = Reader { source, diagnostics };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = reader.span(&error.span().unwrap_or_default());
        let message = format!("the project file is not TOML: {}", error.message());
        reader.diagnostics.push(Diagnostic::new(Code::ProjectSyntax, span, message));
    }
    reader.project(table.get_ref())
}

struct Reader<'a> {
    source: SourceId,
    diagnostics: &'a mut Diagnostics,
}

type Value<'i> = TomlSpanned<DeValue<'i>>;

impl Reader<'_> {
    fn project(&mut self, table: &DeTable<'_>) -> Project {
        let known = ["rules", "environments", "accept", "parameters"];
        let mut project = Project::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "rules" => project.rules = self.folders(value),
                "accept" => project.accept = self.accepted(value),
                "environments" => project.environments = self.environments(value),
                "parameters" => project.parameters = self.parameters(value),
                other => self.unknown_key(other, &key.span(), &known),
            }
        }
        if project.rules.is_empty() {
            let span = Span::new(self.source, 0, 0);
            project.rules.push(Spanned::new("rules".to_owned(), span));
        }
        project
    }

    fn environments(&mut self, value: &Value<'_>) -> BTreeMap<String, Environment> {
        let mut environments = BTreeMap::new();
        for (name, value) in self.table(value) {
            if let Some(environment) = self.environment(value) {
                environments.insert(name.to_string(), environment);
            }
        }
        environments
    }

    fn environment(&mut self, value: &Value<'_>) -> Option<Environment> {
        let (mut target, mut platform, mut index) = (None, None, Vec::new());
        let (mut accept, mut refused) = (Vec::new(), BTreeMap::new());
        for (key, value) in self.keyed(value) {
            match key.get_ref().as_ref() {
                "target" => target = self.text(value),
                "platform" => platform = self.text(value),
                "index" => index = self.texts(value),
                "accept" => accept = self.accepted(value),
                "refused" => refused = self.refused(value),
                other => self.unknown_key(other, &key.span(), &ENVIRONMENT_KEYS),
            }
        }
        let span = self.span(&value.span());
        for (key, missing) in [("target", target.is_none()), ("platform", platform.is_none())] {
            if missing {
                let message = format!("an environment needs the key `{key}`");
                self.diagnostics.push(Diagnostic::new(Code::ProjectSyntax, span, message));
            }
        }
        Some(Environment { target: target?, platform: platform?, index, accept, refused })
    }

    fn refused(&mut self, value: &Value<'_>) -> BTreeMap<String, Refusal> {
        let mut refused = BTreeMap::new();
        for (rule, value) in self.keyed(value) {
            let span = self.span(&rule.span());
            let codes = self.codes(value);
            refused.insert(rule.get_ref().to_string(), Refusal { span, codes });
        }
        refused
    }

    fn parameters(&mut self, value: &Value<'_>) -> BTreeMap<String, Vec<String>> {
        let mut parameters = BTreeMap::new();
        for (name, value) in self.table(value) {
            let texts = self.texts(value).into_iter().map(|text| text.node).collect();
            parameters.insert(name.to_string(), texts);
        }
        parameters
    }

    fn table<'v, 'i>(&mut self, value: &'v Value<'i>) -> Vec<(&'v str, &'v Value<'i>)> {
        self.keyed(value).into_iter().map(|(key, value)| (key.get_ref().as_ref(), value)).collect()
    }

    fn keyed<'v, 'i>(
        &mut self,
        value: &'v Value<'i>,
    ) -> Vec<(&'v TomlSpanned<toml::de::DeString<'i>>, &'v Value<'i>)> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(value, "a table");
            return Vec::new();
        };
        table.iter().collect()
    }

    /// Folders within the project.
    fn folders(&mut self, value: &Value<'_>) -> Vec<Spanned<String>> {
        let mut folders = self.texts(value);
        folders.retain(|folder| {
            let path = Path::new(&folder.node);
            let inside = path
                .components()
                .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            if !inside {
                let message = format!("`{}` leads out of the project", folder.node);
                self.diagnostics.push(
                    Diagnostic::new(Code::ProjectSyntax, folder.span, message)
                        .help("name folders below that of the project file"),
                );
            }
            inside
        });
        folders
    }

    /// Codes of approximations.
    fn accepted(&mut self, value: &Value<'_>) -> Vec<Code> {
        let mut codes = self.codes(value);
        codes.retain(|code| {
            let approximation = code.is_approximation();
            if !approximation {
                let span = self.span(&value.span());
                let message = format!("`{}` is no approximation", code.id());
                self.diagnostics.push(
                    Diagnostic::new(Code::ProjectSyntax, span, message)
                        .help("approximations are the codes `W06xx` that a refusal names"),
                );
            }
            approximation
        });
        codes
    }

    fn codes(&mut self, value: &Value<'_>) -> Vec<Code> {
        let mut codes = Vec::new();
        for text in self.texts(value) {
            match Code::find(&text.node) {
                Some(code) => codes.push(code),
                None => self.diagnostics.push(
                    Diagnostic::new(
                        Code::ProjectSyntax,
                        text.span,
                        format!("there is no code `{}`", text.node),
                    )
                    .help("`sigweave explain CODE` tells what a code means"),
                ),
            }
        }
        codes
    }

    /// A text or a list of texts.
    fn texts(&mut self, value: &Value<'_>) -> Vec<Spanned<String>> {
        match value.get_ref().as_array() {
            Some(entries) => entries.iter().filter_map(|entry| self.text(entry)).collect(),
            None => self.text(value).into_iter().collect(),
        }
    }

    fn text(&mut self, value: &Value<'_>) -> Option<Spanned<String>> {
        let span = self.span(&value.span());
        if let Some(text) = value.get_ref().as_str() {
            return Some(Spanned::new(text.to_owned(), span));
        }
        self.wrong(value, "text in quotes");
        None
    }

    fn wrong(&mut self, value: &Value<'_>, expected: &str) {
        let span = self.span(&value.span());
        let message = format!("expected {expected}, found {}", kind(value.get_ref()));
        self.diagnostics.push(Diagnostic::new(Code::ProjectSyntax, span, message));
    }

    fn unknown_key(&mut self, key: &str, at: &Range<usize>, known: &[&str]) {
        let message = format!("the project file has no key `{key}` here");
        let diagnostic = Diagnostic::new(Code::ProjectKey, self.span(at), message);
        let nearest = crate::diagnostic::nearest(key, known.iter().copied());
        self.diagnostics.push(match nearest {
            Some(near) => diagnostic.help(format!("the nearest name is `{near}`")),
            None => diagnostic.help(format!("known keys: {}", known.join(", "))),
        });
    }

    fn span(&self, range: &Range<usize>) -> Span {
        Span::new(self.source, range.start, range.end)
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn read(text: &str) -> (Project, Vec<String>) {
        let mut sources = SourceMap::default();
        let id = sources.add(FILE_NAME, text);
        let mut diagnostics = Diagnostics::default();
        let project = parse(id, sources.text(id), &mut diagnostics);
        let found = diagnostics.into_sorted();
        (
            project,
            found
                .into_iter()
                .map(|found| format!("{} {}", found.code.id(), found.message))
                .collect(),
        )
    }

    #[test]
    fn a_project_has_rules_environments_and_parameters() {
        let (project, found) = read(
            "rules = ['a', 'b']\naccept = ['W0606']\n[environments.soc]\ntarget = 'kql'\n\
             platform = 'defender-xdr'\n[parameters]\nadmins = ['x', 'y']\n",
        );
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(project.rules.len(), 2);
        assert_eq!(project.accept, [Code::SimultaneousEvents]);
        assert_eq!(project.environments["soc"].platform.node, "defender-xdr");
        assert_eq!(project.parameters["admins"], ["x", "y"]);
    }

    #[test]
    fn folders_stay_in_the_project_and_only_approximations_are_accepted() {
        let (project, found) = read("rules = ['../x', '/etc', 'a/b']\naccept = ['E0301']\n");
        assert_eq!(project.rules.len(), 1);
        let said =
            ["`../x` leads out of the project", "`/etc` leads", "`E0301` is no approximation"];
        assert!(
            said.iter().all(|said| found.iter().any(|found| found.contains(said))),
            "{found:?}"
        );
    }

    #[test]
    fn several_mistakes_are_several_errors() {
        let (project, found) =
            read("rulse = ['a']\naccept = ['W9999']\n[environments.soc]\ntarget = 5\n");
        assert_eq!(project.rules[0].node, "rules");
        assert_eq!(
            found,
            [
                "E0702 the project file has no key `rulse` here",
                "E0701 there is no code `W9999`",
                "E0701 an environment needs the key `platform`",
                "E0701 an environment needs the key `target`",
                "E0701 expected text in quotes, found a number",
            ]
        );
    }
}
