//! `sigweave schema import`: what a product says about its tables → an overlay.
//!
//! `TABLE | getschema` of Kusto, a mapping or the field capabilities of Elasticsearch, and Splunk's
//! `fieldsummary` become `tables` of an overlay, which is then listed in sigweave.toml.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use crate::diagnostic::{Code, Diagnostics};
use crate::platform::import::{self, Kind};
use crate::source::SourceMap;

use super::output::Output;
use super::{FINDINGS, convert, files};

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
  sigweave schema import --from splunk-fieldsummary --table contoso fieldsummary.csv")]
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
}

impl From {
    fn dump(self) -> Kind {
        match self {
            Self::KustoGetschema => Kind::KustoGetschema,
            Self::ElasticMapping => Kind::ElasticMapping,
            Self::ElasticFieldCaps => Kind::ElasticFieldCaps,
            Self::SplunkFieldsummary => Kind::SplunkFieldsummary,
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
    let kind = arguments.from.dump();
    let is_stdin = arguments.file == Path::new("-");
    let name = if is_stdin { "<stdin>".to_owned() } else { arguments.file.display().to_string() };
    let mut sources = SourceMap::default();
    let source = sources.add(name, text);
    let mut found = Diagnostics::default();
    let tables = import::read(kind, source, sources.text(source), &mut found);
    let errors = found.has_errors();
    output.findings(&found.into_sorted(), &sources);
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
    let text = import::overlay(&title, platform, table, &tables);
    let Some(path) = &arguments.output else {
        output.line(text.trim_end());
        return 0;
    };
    match files::write(path, &text) {
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
