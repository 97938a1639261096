//! `sigweave schema import`: what a product says about its tables → an overlay.
//!
//! `TABLE | getschema` of Kusto, a mapping or the field capabilities of Elasticsearch, and Splunk's
//! `fieldsummary` become `tables` of an overlay, which is then listed in sigweave.toml.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use crate::diagnostic::{Code, Diagnostics};
use crate::platform::import::{self, Kind};
use crate::source::{SourceId, SourceMap};

use super::output::Output;
use super::{FINDINGS, convert, files, platforms};

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write what a product says about its tables as an overlay.
    Import(Import),
}

/// Arguments of `schema import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  Run `ContosoEvents_CL | getschema`, export it, then
  sigweave schema import --from kusto-getschema --table ContosoEvents_CL getschema.csv -o ours.yml

  curl $ES/logs-contoso-*/_mapping | sigweave schema import --from elastic-mapping -
  curl \"$ES/logs-contoso-*/_field_caps?fields=*\" | \\
    sigweave schema import --from elastic-field-caps --table contoso -
  Run `index=contoso | fieldsummary`, export it as CSV, then
  sigweave schema import --from splunk-fieldsummary --table contoso fieldsummary.csv

  sigweave schema import --from pysigma-pipeline -p splunk-ta pipeline.yml -o ours.yml")]
struct Import {
    /// The dump; `-` is standard input.
    file: PathBuf,
    /// What kind of dump it is.
    #[arg(long, value_enum)]
    from: From,
    /// What the schema calls the table; indices of a mapping have names of their own.
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// The platform that the overlay is for.
    #[arg(short, long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// Where to write the overlay; without it, to standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Where a file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum From {
    /// `TABLE | getschema` in Defender XDR, Sentinel or Azure Data Explorer; CSV or JSON.
    KustoGetschema,
    /// `GET INDEX/_mapping`.
    ElasticMapping,
    /// `GET INDEX/_field_caps?fields=*`.
    ElasticFieldCaps,
    /// `index=… | fieldsummary`; CSV or JSON.
    SplunkFieldsummary,
    /// A processing pipeline of pySigma: its mappings of field names; every other item is reported.
    PysigmaPipeline,
}

impl From {
    /// The kind of dump; none for a pipeline.
    fn dump(self) -> Option<Kind> {
        match self {
            Self::KustoGetschema => Some(Kind::KustoGetschema),
            Self::ElasticMapping => Some(Kind::ElasticMapping),
            Self::ElasticFieldCaps => Some(Kind::ElasticFieldCaps),
            Self::SplunkFieldsummary => Some(Kind::SplunkFieldsummary),
            Self::PysigmaPipeline => None,
        }
    }
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, output: &mut Output) -> u8 {
    let Command::Import(arguments) = &arguments.command;
    let text = match read(&arguments.file) {
        Ok(text) => text,
        Err(problem) => return convert::usage(output, &[problem]),
    };
    let is_stdin = arguments.file == Path::new("-");
    let name = if is_stdin { "<stdin>".to_owned() } else { arguments.file.display().to_string() };
    let mut sources = SourceMap::default();
    let source = sources.add(name, text);
    match arguments.from.dump() {
        Some(kind) => dump(kind, source, &sources, arguments, output),
        None => pipeline(source, &sources, arguments, output),
    }
}

/// What a product says about its tables.
fn dump(
    kind: Kind,
    source: SourceId,
    sources: &SourceMap,
    arguments: &Import,
    output: &mut Output,
) -> u8 {
    let mut found = Diagnostics::default();
    let tables = import::read(kind, source, sources.text(source), &mut found);
    let errors = found.has_errors();
    output.findings(&found.into_sorted(), sources);
    if errors {
        return FINDINGS;
    }
    let unnamed = tables.iter().any(|table| table.name.is_none());
    if unnamed && arguments.table.is_none() {
        let problem = "what is the table called? say `--table NAME`";
        return convert::usage(output, &[problem.to_owned()]);
    }
    let platform = arguments.platform.as_deref().unwrap_or_else(|| kind.platform());
    let table = arguments.table.as_deref().unwrap_or_default();
    let title = format!("imported by `--from {}`", kind.name());
    put(&import::overlay(&title, platform, table, &tables), arguments, output)
}

/// What a pipeline of pySigma says about fields; what is not imported makes it fail, after the
/// overlay is written.
fn pipeline(source: SourceId, sources: &SourceMap, arguments: &Import, output: &mut Output) -> u8 {
    let Some(name) = &arguments.platform else {
        let problem = "for which platform are these fields? say `-p splunk-ta`, or another";
        return convert::usage(output, &[problem.to_owned()]);
    };
    let platform = match platforms::find(name, &[], &mut SourceMap::default()) {
        Ok(platform) => platform,
        Err(problem) => return convert::usage(output, &[problem]),
    };
    let mut found = Diagnostics::default();
    let mappings = import::read_pipeline(source, sources.text(source), &platform, &mut found);
    let errors = found.has_errors();
    output.findings(&found.into_sorted(), sources);
    if !mappings.is_empty() {
        let title = "imported by `--from pysigma-pipeline`";
        let code = put(&import::mapping_overlay(title, name, &mappings), arguments, output);
        if code != 0 {
            return code;
        }
    }
    if errors { FINDINGS } else { 0 }
}

fn put(text: &str, arguments: &Import, output: &mut Output) -> u8 {
    let Some(path) = &arguments.output else {
        output.line(text.trim_end());
        return 0;
    };
    match files::write(path, text) {
        Ok(()) => 0,
        Err(problem) => convert::usage(output, &[problem]),
    }
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = files::read(path)?;
    String::from_utf8(bytes).map_err(|_| {
        let (code, path) = (Code::NotUtf8.id(), path.display());
        format!("error[{code}]: {path}: the file is not UTF-8 text")
    })
}
