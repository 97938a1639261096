//! How loudly lints speak in a run: by the command line, the project, a validation file of sigma-cli,
//! comments in the rules, and else by the table of lints.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Level};
use crate::lint::{self, Allowance, Validation};
use crate::project::Lints;
use crate::source::{SourceId, SourceMap, Span};
use crate::syntax::ast::Document;

use super::files;
use super::workspace::within;

/// Which lints speak.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct LintArguments {
    /// Also report what only a style guide objects to.
    #[arg(long)]
    pub(super) strict: bool,
    /// Lints to turn on, by name or code, separated by commas; docs/lints.md has all.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(super) lint: Vec<String>,
    /// A validation file of sigma-cli: its `validators` and `exclusions`.
    #[arg(long, value_name = "FILE")]
    pub(super) validation_config: Option<PathBuf>,
}

/// How loudly each lint speaks, and where it is silent.
#[derive(Debug, Clone, Default)]
pub(super) struct Levels {
    strict: bool,
    asked: Vec<Code>,
    project: BTreeMap<Code, Level>,
    validation: Validation,
}

impl Levels {
    /// The levels of a project; its validation file is read.
    ///
    /// # Errors
    /// The validation file cannot be read.
    pub(super) fn of(
        lints: &Lints,
        root: Option<&Path>,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, String> {
        let mut levels = Self { project: lints.levels.clone(), ..Self::default() };
        if let Some(file) = &lints.validators {
            let path = root.unwrap_or(Path::new(".")).join(&file.node);
            levels.validation = read(&path, sources, diagnostics)?;
        }
        Ok(levels)
    }

    /// The levels with what the command line asks for, which goes before the project.
    ///
    /// # Errors
    /// A name is none of a lint, or the validation file cannot be read; a line for each.
    pub(super) fn with(
        mut self,
        arguments: &LintArguments,
        sources: &mut SourceMap,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        self.strict |= arguments.strict;
        for name in &arguments.lint {
            match Code::find(name).filter(|code| code.is_lint()) {
                Some(code) => self.asked.push(code),
                None => problems.push(format!("there is no lint `{name}`: see docs/lints.md")),
            }
        }
        if let Some(path) = &arguments.validation_config {
            match read(path, sources, diagnostics) {
                Ok(validation) => self.validation = validation,
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(self) } else { Err(problems) }
    }

    /// How loudly a lint speaks.
    fn level(&self, code: Code) -> Option<Level> {
        let lint = lint::find(code)?;
        let set = self.project.get(&code).or(self.validation.levels.get(&code)).copied();
        let level = set.unwrap_or(lint.level(self.strict));
        Some(if self.asked.contains(&code) { level.max(Level::Warn) } else { level })
    }

    /// The findings as loud as they are to be, and what comments name in vain.
    pub(super) fn settle(
        &self,
        found: Vec<Diagnostic>,
        sources: &SourceMap,
        documents: &[Document],
    ) -> Vec<Diagnostic> {
        let excluded = self.excluded(documents);
        let mut allowed: BTreeMap<SourceId, Vec<Allowance>> = BTreeMap::new();
        let mut settled = Vec::with_capacity(found.len());
        for mut one in found {
            let level = match self.level(one.code) {
                None => Level::Warn,
                Some(Level::Off) => continue,
                Some(level) => level,
            };
            let id = one.primary.span.source;
            let here = allowed.entry(id).or_insert_with(|| {
                let text = sources.text(id);
                lint::allowances(id, text).0
            });
            let silent = here.iter().any(|allowance| allowance.allows(&one))
                || excluded.iter().any(|(span, codes)| {
                    within(one.primary.span, *span) && codes.contains(&one.code)
                });
            if !silent {
                one.raised |= level == Level::Error;
                settled.push(one);
            }
        }
        settled
    }

    /// The documents in which lints are silent.
    fn excluded(&self, documents: &[Document]) -> Vec<(Span, &[Code])> {
        if self.validation.exclusions.is_empty() {
            return Vec::new();
        }
        let of = |document: &Document| {
            let meta = document.meta();
            let id = meta.id.as_ref()?.node.to_lowercase();
            let codes = self.validation.exclusions.get(&id)?;
            Some((meta.span, codes.as_slice()))
        };
        documents.iter().filter_map(of).collect()
    }
}

fn read(
    path: &Path,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Result<Validation, String> {
    let bytes = files::read(path)?;
    let id = sources.add(path.display().to_string(), String::from_utf8_lossy(&bytes));
    Ok(lint::parse_validators(id, sources.text(id), diagnostics))
}
