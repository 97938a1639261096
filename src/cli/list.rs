//! `sigweave list`: what can be named on a command line or in a rule.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::backend::BACKENDS;
use crate::diagnostic::nearest;
use crate::platform;
use crate::source::SourceMap;
use crate::taxonomy::Taxonomy;

use super::convert::usage;
use super::output::Output;
use super::platforms;
use super::workspace::Workspace;

/// Arguments of `list`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Query languages.
    Targets,
    /// Platforms and the languages in which they are queried.
    Platforms,
    /// Log sources: all, or those that a platform holds.
    Logsources {
        /// Only what this platform holds.
        #[arg(short, long)]
        platform: Option<String>,
    },
    /// Fields of a log source with their types, and with a platform where it holds them.
    Fields {
        /// Such as windows/registry_set.
        logsource: String,
        /// Only what this platform holds.
        #[arg(short, long)]
        platform: Option<String>,
    },
    /// Rules below the paths.
    Rules {
        /// Rule files or folders. Without any, the project's rule folders.
        paths: Vec<PathBuf>,
    },
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    let result = match &arguments.what {
        What::Targets => {
            BACKENDS.iter().for_each(|backend| {
                output.line(&format!("{:<10}{}", backend.target(), backend.title()));
            });
            Ok(())
        }
        What::Platforms => {
            for platform in platform::names().iter().filter_map(|name| platform::load(name)) {
                let targets = platform.targets.join(", ");
                output.line(&format!("{:<22}{targets:<10}{}", platform.name, platform.title));
            }
            Ok(())
        }
        What::Logsources { platform } => logsources(platform.as_deref(), output),
        What::Fields { logsource, platform } => fields(logsource, platform.as_deref(), output),
        What::Rules { paths } => rules(paths, output),
    };
    match result {
        Ok(()) => 0,
        Err(problems) => usage(output, &problems),
    }
}

fn logsources(platform: Option<&str>, output: &mut Output) -> Result<(), Vec<String>> {
    match platform {
        Some(name) => {
            let platform = named(name)?;
            platform.logsources().for_each(|key| output.line(key));
        }
        None => Taxonomy::standard().keys().for_each(|key| output.line(key)),
    }
    Ok(())
}

fn fields(logsource: &str, platform: Option<&str>, output: &mut Output) -> Result<(), Vec<String>> {
    let taxonomy = Taxonomy::standard();
    let Some(found) = taxonomy.get(logsource) else {
        return Err(vec![unknown("log source", logsource, taxonomy.keys())]);
    };
    let platform = platform.map(named).transpose()?;
    let held = |field: &str| {
        platform
            .as_ref()
            .is_none_or(|platform| platform.fields(logsource).any(|held| held == field))
    };
    for (field, ty) in found.fields.iter().filter(|(field, _)| held(field)) {
        output.line(&format!("{field:<28}{ty}"));
    }
    Ok(())
}

fn rules(paths: &[PathBuf], output: &mut Output) -> Result<(), Vec<String>> {
    let workspace = Workspace::load(paths)?;
    for (document, rule) in workspace.selection() {
        let meta = document.meta();
        let id = meta.id.as_ref().map_or("-", |id| id.node.as_str());
        let name = meta.name.as_ref().or(meta.title.as_ref()).map_or("", |name| name.node.as_str());
        let state = if rule.is_some() { "ok" } else { "error" };
        output.told(&format!("{id:<38}{state:<7}{name}"));
    }
    Ok(())
}

fn named(name: &str) -> Result<platform::Platform, Vec<String>> {
    let mut sources = SourceMap::default();
    platforms::find(name, &[], &mut sources).map_err(|problem| vec![problem])
}

fn unknown<'a>(noun: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = nearest(name, known).map(|near| format!("; the nearest name is `{near}`"));
    format!("there is no {noun} `{name}`{}", near.unwrap_or_default())
}
