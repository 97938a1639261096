//! What a field is on a platform, log source by log source, and which file says so.
//!
//! `explain Image -p defender-xdr --overlay soc.yml` → a line per mapping: the log sources that have it,
//! the expression, and the file and line of the platform or the overlay.

use serde::Serialize;

use crate::diagnostic::nearest;
use crate::platform::Platform;
use crate::source::SourceMap;
use crate::taxonomy::Taxonomy;

/// A mapping of the field.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Mapping {
    field: String,
    platform: String,
    #[serde(rename = "type")]
    ty: String,
    /// The expression in words.
    is: String,
    nulls: Vec<String>,
    /// What is to be known of it, such as `tainted`.
    marks: Vec<&'static str>,
    /// The file that says so, and its line.
    file: String,
    line: usize,
    /// The log sources of which it is said.
    logsources: Vec<String>,
}

/// What the field is on the platform, the log sources that do not hold it, and the name of the field
/// as the taxonomy spells it.
///
/// # Errors
/// No log source has such a field, or there is no such log source.
pub(super) fn explain(
    field: &str,
    logsource: Option<&str>,
    platform: &Platform,
    sources: &SourceMap,
) -> Result<(Vec<Mapping>, Vec<String>), String> {
    let taxonomy = Taxonomy::standard();
    if let Some(key) = logsource.filter(|key| taxonomy.get(key).is_none()) {
        let near = nearest(key, taxonomy.keys());
        let near = near.map(|near| format!("; the nearest name is `{near}`")).unwrap_or_default();
        return Err(format!("there is no log source `{key}`{near}"));
    }
    let chosen = |key: &&str| logsource.is_none_or(|wanted| wanted == *key);
    let has = |key: &&str| taxonomy.get(key).is_some_and(|of| of.field(field).is_some());
    let with: Vec<&str> = taxonomy.keys().filter(chosen).filter(has).collect();
    if with.is_empty() {
        return Err(unknown(field, logsource, &taxonomy));
    }
    let (mut mappings, mut missing): (Vec<Mapping>, Vec<String>) = (Vec::new(), Vec::new());
    for key in with {
        let places = platform.places(key).iter();
        let held: Vec<_> = places.filter_map(|source| source.fields.get(field)).collect();
        if held.is_empty() {
            missing.push(key.to_owned());
        }
        for resolved in held {
            let source = sources.get(resolved.span.source);
            let mapping = Mapping {
                field: field.to_owned(),
                platform: platform.name.clone(),
                ty: resolved.ty.to_string(),
                is: resolved.value.to_string(),
                nulls: resolved.null_values.clone(),
                marks: resolved.marks.iter().map(|mark| mark.name()).collect(),
                file: source.map(|source| source.name.clone()).unwrap_or_default(),
                line: source.map_or(1, |source| source.position(resolved.span.start).0),
                logsources: Vec::new(),
            };
            let alike = |known: &&mut Mapping| {
                (&known.is, &known.file, known.line) == (&mapping.is, &mapping.file, mapping.line)
            };
            let known = match mappings.iter_mut().find(alike) {
                Some(known) => known,
                None => {
                    mappings.push(mapping);
                    let Some(last) = mappings.last_mut() else { continue };
                    last
                }
            };
            if known.logsources.last().is_none_or(|last| last != key) {
                known.logsources.push(key.to_owned());
            }
        }
    }
    Ok((mappings, missing))
}

fn unknown(field: &str, logsource: Option<&str>, taxonomy: &Taxonomy) -> String {
    let keys = taxonomy.keys().filter(|key| logsource.is_none_or(|wanted| wanted == *key));
    let fields: Vec<String> = keys
        .filter_map(|key| taxonomy.get(key))
        .flat_map(|source| source.fields.keys().cloned().collect::<Vec<_>>())
        .collect();
    let near = nearest(field, fields.iter().map(String::as_str));
    let near = near.map(|near| format!("; the nearest name is `{near}`")).unwrap_or_default();
    match logsource {
        Some(key) => format!("`{key}` has no field `{field}`{near}"),
        None => format!("no log source has a field `{field}`{near}"),
    }
}

/// The mappings as lines for people.
pub(super) fn lines(
    field: &str,
    platform: &Platform,
    mappings: &[Mapping],
    missing: &[String],
) -> Vec<String> {
    let mut lines = vec![format!("{field} on {}", platform.name)];
    for mapping in mappings {
        let nulls = match mapping.nulls.as_slice() {
            [] => String::new(),
            nulls => format!(", missing if it is `{}`", nulls.join("`, `")),
        };
        let marks: String = mapping.marks.iter().map(|mark| format!(", {mark}")).collect();
        lines.push(format!("  {} ({}){nulls}{marks}", mapping.is, mapping.ty));
        lines.push(format!("    said in {}, line {}", mapping.file, mapping.line));
        lines.extend(wrapped(&mapping.logsources));
    }
    if !missing.is_empty() {
        lines.push("  not held for".to_owned());
        lines.extend(wrapped(missing));
    }
    lines
}

/// Names one after another, in lines that fit a terminal.
fn wrapped(names: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut().filter(|line| line.len() + name.len() < 96) {
            Some(line) => *line = format!("{line}, {name}"),
            None => lines.push(format!("    {name}")),
        }
    }
    lines
}
