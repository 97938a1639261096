//! What a product says about its tables → `tables` of an overlay in our form.
//!
//! ```text
//! ColumnName,ColumnOrdinal,DataType,ColumnType      tables:
//! TimeGenerated,0,System.DateTime,datetime     →      Contoso_CL:
//! Account_s,1,System.String,string                      complete: true
//!                                                       time: TimeGenerated
//!                                                       text: Account_s
//! ```
//!
//! What cannot be taken for such a dump is E0514, a table of more than [`MAX_COLUMNS`] columns E0515, a
//! type that queries cannot compare W0502.

mod csv;
mod elastic;
mod kusto;
mod print;
mod pysigma;
mod splunk;

pub use print::overlay;
pub use pysigma::{Mappings, mapping_overlay, read_pipeline};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span};
use crate::yaml::{self, Node};

/// More columns than this are not those of one table.
pub const MAX_COLUMNS: usize = 4_096;
/// So many columns of unknown types are told one by one.
const MAX_TOLD: usize = 20;

/// A kind of dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The answer to `TABLE | getschema`, as CSV or JSON.
    KustoGetschema,
    /// The answer to `GET INDEX/_mapping`.
    ElasticMapping,
    /// The answer to `GET INDEX/_field_caps?fields=*`.
    ElasticFieldCaps,
    /// The result of `… | fieldsummary`, as CSV or JSON.
    SplunkFieldsummary,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [
        Self::KustoGetschema,
        Self::ElasticMapping,
        Self::ElasticFieldCaps,
        Self::SplunkFieldsummary,
    ];

    /// What it is called on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KustoGetschema => "kusto-getschema",
            Self::ElasticMapping => "elastic-mapping",
            Self::ElasticFieldCaps => "elastic-field-caps",
            Self::SplunkFieldsummary => "splunk-fieldsummary",
        }
    }

    /// The platform that its data are mostly of.
    #[must_use]
    pub fn platform(self) -> &'static str {
        match self {
            Self::KustoGetschema => "sentinel",
            Self::ElasticMapping | Self::ElasticFieldCaps => "elastic-winlogbeat",
            Self::SplunkFieldsummary => "splunk-ta",
        }
    }

    /// What it looks like, in words.
    fn describe(self) -> &'static str {
        match self {
            Self::KustoGetschema => "rows with `ColumnName` and `ColumnType`",
            Self::ElasticMapping => "indices with `mappings` and `properties`",
            Self::ElasticFieldCaps => "`fields`, each with its types",
            Self::SplunkFieldsummary => "rows with `field` and `count`",
        }
    }
}

/// A table of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it is called; none if the dump does not say.
    pub name: Option<String>,
    /// Whether these are all columns of it.
    pub complete: bool,
    /// Names of columns and our names of their types, in the order of the dump.
    pub columns: Vec<(String, &'static str)>,
}

/// A column of a dump as the product describes it.
struct Told {
    name: String,
    /// Our name of its type; none: queries cannot compare it, and nobody would expect it.
    ty: Option<&'static str>,
    /// The product's name of its type.
    theirs: String,
    span: Span,
}

/// What a dump holds in the form in which it is written.
enum Form {
    /// JSON.
    Tree(Box<Node>),
    /// A header and rows.
    Rows(csv::Rows),
}

/// Reads a dump; what is wrong is reported.
#[must_use]
pub fn read(kind: Kind, source: SourceId, text: &str, found: &mut Diagnostics) -> Vec<Table> {
    let mark = found.len();
    let Some(form) = form(source, text, found) else { return Vec::new() };
    let told = told(kind, &form);
    if told.iter().all(|(_, columns)| columns.is_empty()) {
        if !found.errors_since(mark) {
            found.push(another(kind, source, &form));
        }
        return Vec::new();
    }
    let complete = kind == Kind::KustoGetschema;
    told.into_iter()
        .map(|(name, told)| Table { name, complete, columns: columns(told, found) })
        .collect()
}

/// What the dump holds if it is of this kind: nothing if it is not.
fn told(kind: Kind, form: &Form) -> Vec<(Option<String>, Vec<Told>)> {
    match (kind, form) {
        (Kind::KustoGetschema, Form::Tree(tree)) => {
            vec![(None, kusto::columns(&kusto::rows(tree)))]
        }
        (Kind::KustoGetschema, Form::Rows(rows)) => vec![(None, kusto::columns(&rows.named()))],
        (Kind::SplunkFieldsummary, Form::Tree(tree)) => {
            vec![(None, splunk::columns(&splunk::rows(tree)))]
        }
        (Kind::SplunkFieldsummary, Form::Rows(rows)) => {
            vec![(None, splunk::columns(&rows.named()))]
        }
        (Kind::ElasticMapping, Form::Tree(tree)) => elastic::mapping(tree),
        (Kind::ElasticFieldCaps, Form::Tree(tree)) => vec![(None, elastic::field_caps(tree))],
        (Kind::ElasticMapping | Kind::ElasticFieldCaps, Form::Rows(_)) => Vec::new(),
    }
}

/// A text that begins like JSON is read as JSON, another one as a table.
fn form(source: SourceId, text: &str, found: &mut Diagnostics) -> Option<Form> {
    if !text.trim_start().starts_with(['{', '[']) {
        return Some(Form::Rows(csv::read(source, text)));
    }
    let tree = yaml::parse(source, text, found).into_iter().next()?;
    Some(Form::Tree(Box::new(tree)))
}

/// E0514, with the kind that it looks like.
fn another(kind: Kind, source: SourceId, form: &Form) -> Diagnostic {
    let message = format!("this is no dump of the kind `{}`", kind.name());
    let span = match form {
        Form::Tree(tree) => Span::new(source, tree.span.range().start, tree.span.range().start + 1),
        Form::Rows(rows) => rows.span,
    };
    let holds = |other: &Kind| told(*other, form).iter().any(|(_, columns)| !columns.is_empty());
    let diagnostic =
        Diagnostic::new(Code::DumpKind, span, message).at(format!("expected {}", kind.describe()));
    match Kind::ALL.into_iter().find(holds) {
        Some(other) => diagnostic.help(format!("it looks like `--from {}`", other.name())),
        None => diagnostic,
    }
}

/// The columns that our form can name, with types; the others are reported.
fn columns(told: Vec<Told>, found: &mut Diagnostics) -> Vec<(String, &'static str)> {
    let (mut columns, mut odd) = (Vec::new(), 0);
    for (at, column) in told.into_iter().enumerate() {
        if at == MAX_COLUMNS {
            let message = format!("a table has more than {MAX_COLUMNS} columns");
            found.push(
                Diagnostic::new(Code::DumpSize, column.span, message)
                    .at("the first too many")
                    .help("dump one table, or an index pattern that is not as wide"),
            );
            return columns;
        }
        if !nameable(&column.name) {
            odd += 1;
            if odd <= MAX_TOLD {
                let message = format!("the column `{}` is left out", column.name);
                found.push(
                    Diagnostic::new(Code::DumpType, column.span, message)
                        .note("names with blanks, quotes or colons cannot be written in a schema"),
                );
            }
            continue;
        }
        if column.ty.is_none() {
            odd += 1;
            if odd <= MAX_TOLD {
                let message = format!(
                    "queries cannot compare the column `{}` of type `{}`",
                    column.name, column.theirs
                );
                found.push(Diagnostic::new(Code::DumpType, column.span, message));
            }
        }
        columns.push((column.name, column.ty.unwrap_or("opaque")));
    }
    columns
}

/// Whether a name is one word of a schema.
fn nameable(name: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "\"',:#*[]".contains(c);
    !name.is_empty() && !name.contains(odd) && !name.starts_with('-') && !name.ends_with('-')
}

#[cfg(test)]
mod tests;
