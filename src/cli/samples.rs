//! `sigweave check --events FILE --platform P`: does the platform describe these events?
//!
//! The events are as the platform stores them: rows of a table or documents of an index, one JSON
//! object a line, a list of them, or what a search returned (`results`, `hits`). Every log source that
//! one of them is of is compared: a field that no event has is W0504, a value of another type E0516.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::platform::{Platform, Sample};
use crate::source::{SourceId, SourceMap, Span};

use super::convert::usage;
use super::output::{Output, counted, tally};
use super::{FINDINGS, files};

/// Compares the platform with the events of files.
pub(super) fn run(
    paths: &[std::path::PathBuf],
    platform: &Platform,
    table: Option<&str>,
    sources: &mut SourceMap,
    output: &mut Output,
) -> u8 {
    let mut samples = Vec::new();
    for path in paths {
        match read(path, table, sources) {
            Ok(found) => samples.extend(found),
            Err(problem) => return usage(output, &[problem]),
        }
    }
    let compared = compare(platform, &samples);
    output.findings(&compared.found, sources);
    for (logsource, count) in &compared.events {
        let of = platform.fields(logsource).count();
        let seen = compared.seen.get(logsource).map_or(0, BTreeSet::len);
        let events = counted(*count, "event");
        output.told(&format!("{logsource:<44}{events}, {seen} of {of} fields seen"));
    }
    let lost = samples.len() - compared.of_some;
    if lost > 0 {
        output.told(&format!("{} of no log source of the platform", counted(lost, "event")));
    }
    output.remark(&format!(
        "{} on `{}`: {}",
        counted(samples.len(), "event"),
        platform.name,
        tally(&compared.found)
    ));
    let errors = compared.found.iter().any(|found| found.code.severity() == Severity::Error);
    if errors || samples.is_empty() { FINDINGS } else { 0 }
}

/// What the comparison shows.
struct Compared {
    /// Events by log source.
    events: BTreeMap<String, usize>,
    /// Fields that some event has, by log source.
    seen: BTreeMap<String, BTreeSet<String>>,
    /// Events that are of a log source.
    of_some: usize,
    /// Findings.
    found: Vec<Diagnostic>,
}

fn compare(platform: &Platform, samples: &[(Sample, Span)]) -> Compared {
    let mut events = BTreeMap::new();
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut of_some, mut found) = (0, Vec::new());
    let mut told = BTreeSet::new();
    let mut places = BTreeSet::new();
    for (sample, at) in samples {
        let of = platform.logsources_of(sample);
        let told_by = platform.told_by(sample);
        of_some += usize::from(!of.is_empty() || !told_by.is_empty());
        for (logsource, field) in told_by {
            seen.entry(logsource.to_owned()).or_default().insert(field.to_owned());
        }
        for (logsource, index) in of {
            *events.entry(logsource.to_owned()).or_insert(0) += 1;
            let Some(source) = platform.places(logsource).get(index) else { continue };
            places.insert((logsource, index));
            for (field, resolved) in &source.fields {
                if sample.holds(&resolved.value) {
                    seen.entry(logsource.to_owned()).or_default().insert(field.clone());
                }
                for differing in sample.differing(&resolved.value) {
                    let column = &differing.column;
                    if !told.insert((resolved.span, column.name.clone())) {
                        continue;
                    }
                    let message = format!(
                        "`{}` holds {}, but `{}` says {}",
                        column.name,
                        differing.holds,
                        platform.name,
                        column.ty.describe()
                    );
                    found.push(
                        Diagnostic::new(Code::EventType, *at, message)
                            .at("in this event")
                            .label(resolved.span, format!("mapped to `{field}` here")),
                    );
                }
            }
        }
    }
    let mut unseen: BTreeMap<Span, (String, Vec<&str>)> = BTreeMap::new();
    for (logsource, index) in places {
        let Some(source) = platform.places(logsource).get(index) else { continue };
        let here = seen.get(logsource);
        let tells = samples.iter().any(|(sample, _)| sample.tells_of(&source.place));
        for (field, resolved) in &source.fields {
            let elsewhere = resolved.is_told_by(source.place.lookup.as_ref()) && !tells;
            if !elsewhere && !here.is_some_and(|here| here.contains(field)) {
                let entry = unseen.entry(resolved.span).or_insert((field.clone(), Vec::new()));
                entry.1.push(logsource);
            }
        }
    }
    found.extend(
        unseen.into_iter().map(|(span, (field, logsources))| never_seen(span, &field, &logsources)),
    );
    Compared { events, seen, of_some, found }
}

fn never_seen(span: Span, field: &str, logsources: &[&str]) -> Diagnostic {
    let mut logsources: Vec<&str> = logsources.to_vec();
    logsources.dedup();
    let message = format!("no event of `{}` has `{field}`", logsources.join("`, `"));
    Diagnostic::new(Code::FieldNeverSeen, span, message)
}

/// The events of a file, each with the line that it begins on.
fn read(
    path: &Path,
    table: Option<&str>,
    sources: &mut SourceMap,
) -> Result<Vec<(Sample, Span)>, String> {
    let name = if path == Path::new("-") { "<stdin>".into() } else { path.display().to_string() };
    let bytes = files::read(path)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        format!("error[{}]: {name}: the file is not UTF-8 text", Code::NotUtf8.id())
    })?;
    let id = sources.add(name.clone(), text);
    let mut samples = Vec::new();
    let text = sources.text(id);
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    loop {
        let from = stream.byte_offset();
        match stream.next() {
            Some(Ok(value)) => {
                let span = line(id, text, from);
                add(value, table, span, &mut samples);
            }
            Some(Err(error)) => {
                return Err(format!("error[{}]: {name}: {error}", Code::FileUnreadable.id()));
            }
            None => return Ok(samples),
        }
    }
}

/// The begin of the value after this place.
fn line(id: SourceId, text: &str, from: usize) -> Span {
    let rest = text.get(from..).unwrap_or_default();
    let start = from + (rest.len() - rest.trim_start().len());
    Span::new(id, start, start + 1)
}

/// Adds an event, or those that a list or the result of a search holds.
fn add(value: Value, table: Option<&str>, span: Span, samples: &mut Vec<(Sample, Span)>) {
    match value {
        Value::Array(items) => items.into_iter().for_each(|item| add(item, table, span, samples)),
        Value::Object(mut object) => {
            for inner in ["results", "Results", "hits", "result"] {
                if let Some(inner @ (Value::Array(_) | Value::Object(_))) = object.remove(inner) {
                    return add(inner, table, span, samples);
                }
            }
            let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
            let named = table.map(str::to_owned);
            let index = text(object.get("_index")).or_else(|| text(object.get("Type")));
            let table = named.or_else(|| text(object.get("$table"))).or(index);
            let columns = match object.remove("_source") {
                Some(source) => source,
                None => Value::Object(object),
            };
            samples.push((Sample { table, columns }, span));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
