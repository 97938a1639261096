//! The files of the project's lists → the values that rules see, and the entries that a review sees.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::check::Options;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::List;
use crate::project::list::{self, Entry};
use crate::project::{Lookup, Project};
use crate::source::SourceMap;

use super::files;

/// What rules see of lists: values by name, and those that platforms keep.
pub(super) fn options(
    lists: BTreeMap<String, Vec<String>>,
    lookups: &BTreeMap<String, Lookup>,
) -> Options {
    let kept = |(name, lookup): (&String, &Lookup)| {
        let values = lists.get(name).cloned();
        let Lookup { column, folds, kept } = lookup.clone();
        (name.clone(), Arc::new(List { name: name.clone(), column, kept, folds, values }))
    };
    let kept = lookups.iter().map(kept).collect();
    Options { lists, kept }
}

/// Reads each file once and adds its values to the project's parameters; all entries.
pub(super) fn read(
    root: Option<&Path>,
    project: &mut Project,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<Entry> {
    let Some(root) = root else { return Vec::new() };
    let mut read: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
    for (name, list) in &project.lists {
        let file = list.file.node.as_str();
        if !read.contains_key(file) {
            let path = root.join(file);
            match files::read(&path).map(String::from_utf8) {
                Ok(Ok(text)) => {
                    let id = sources.add(path.display().to_string(), text);
                    read.insert(file, list::parse(id, sources.text(id), diagnostics));
                }
                Ok(Err(_)) => {
                    let message = format!("`{file}` is not UTF-8 text");
                    diagnostics.push(Diagnostic::new(Code::NotUtf8, list.file.span, message));
                }
                Err(problem) => {
                    let message = format!("the list `{name}` cannot be read: {problem}");
                    let found = Diagnostic::new(Code::FileUnreadable, list.file.span, message);
                    diagnostics.push(found.help("paths are relative to sigweave.toml"));
                }
            }
        }
        if project.parameters.contains_key(name) {
            let message = format!("`{name}` is a list and a parameter");
            let found = Diagnostic::new(Code::ProjectSyntax, list.file.span, message);
            diagnostics.push(found.help("keep one of the two"));
        }
        let values = read.get(file).map(|entries| list.values(entries));
        project.parameters.insert(name.clone(), values.unwrap_or_default());
    }
    read.into_values().flatten().collect()
}
