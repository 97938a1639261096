//! Platforms, page by page and against sample events.
//!
//! `docs/platforms/<name>.md` says what every log source is on a platform: rows, clock, fields, columns,
//! types and marks. `tests/samples/<name>.ndjson` holds events as the platform stores them, each with
//! the log source that it is of (`$logsource`): no value may be of another type than the platform says,
//! and what no sample has is on a closed list with reasons (`tests/samples/unseen.txt`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use sigweave::platform::{self, ColumnType, Platform, Resolved, Sample, Scalar, Source};

use super::root;

/// Names of the platforms that have a schema.
fn checked() -> impl Iterator<Item = Platform> {
    let loaded = platform::names().iter().filter_map(|name| platform::load(name));
    loaded.filter(|platform| !platform.unchecked)
}

fn rows_of(source: &Source) -> String {
    let place = &source.place;
    let table = match place.table.as_str() {
        "" => "Events".to_owned(),
        table => format!("`{table}`"),
    };
    let mut text = table;
    let conditions: Vec<String> =
        place.conditions.iter().map(|condition| format!("`{condition}`")).collect();
    if !conditions.is_empty() {
        let _ = write!(text, " where {}", conditions.join(" and "));
    }
    if let Some(among) = &place.among {
        let rows: Vec<String> = among.conditions.iter().map(ToString::to_string).collect();
        let (column, table) = (&among.column.name, &among.table);
        let _ = write!(text, ", of which `{table}` says `{}` for `{column}`", rows.join(" and "));
    }
    if let Some(lookup) = &place.lookup {
        let (on, table, newest) = (&lookup.on.name, &lookup.table, &lookup.newest.name);
        let _ = write!(
            text,
            "; the newest row of `{table}` with its `{on}`, by `{newest}`, tells more"
        );
    }
    let _ = write!(text, "; clock `{}`", place.time.name);
    if let Some(todo) = &source.off {
        let _ = write!(text, "; **off by default**: {todo}");
    }
    text + "."
}

/// What a column of this type is called.
fn type_of(value: &Scalar) -> String {
    match value {
        Scalar::Column(column) => {
            let ty = match column.ty {
                ColumnType::Text => "text",
                ColumnType::Integer => "integer",
                ColumnType::Real => "real",
                ColumnType::Boolean => "boolean",
                ColumnType::Time => "time",
                ColumnType::Ip => "ip",
                ColumnType::Dynamic => "dynamic",
            };
            if column.multi { format!("{ty}[]") } else { ty.to_owned() }
        }
        Scalar::Constant(_) => "constant".to_owned(),
        Scalar::Join(_)
        | Scalar::Default(..)
        | Scalar::Rewrite(..)
        | Scalar::Case(_)
        | Scalar::Member(..)
        | Scalar::Hex(..)
        | Scalar::Spelt(..)
        | Scalar::Without(..) => "computed".to_owned(),
    }
}

fn marks(resolved: &Resolved) -> String {
    let mut marks = Vec::new();
    if !resolved.null_values.is_empty() {
        marks.push(format!("missing if it is `{}`", resolved.null_values.join("`, `")));
    }
    marks.extend(resolved.marks.iter().map(|mark| mark.name().to_owned()));
    if !resolved.lacks.is_empty() {
        marks.push(format!("never holds `{}`", resolved.lacks.join("`, `")));
    }
    marks.join("; ")
}

/// A cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn page(platform: &Platform) -> String {
    let count = platform.logsources().count();
    let targets = platform.targets.join("`, `");
    let mut text = format!(
        "# {}\n\n{}. Queried in `{targets}`; {count} log sources. `templates/platforms/{}.yml` is the \
         source of this page.\n",
        platform.name, platform.title, platform.name
    );
    for logsource in platform.logsources() {
        let _ = write!(text, "\n## {logsource}\n");
        for source in platform.places(logsource) {
            let _ = write!(text, "\n{}\n", rows_of(source));
            let is_plain = |(name, resolved): &(&String, &Resolved)| {
                matches!(&resolved.value, Scalar::Column(column) if column.name == **name)
                    && marks(resolved).is_empty()
            };
            let (plain, mapped): (Vec<_>, Vec<_>) = source.fields.iter().partition(is_plain);
            if !mapped.is_empty() {
                text += "\n| field | type | is | column | marks |\n|---|---|---|---|---|\n";
            }
            for (name, resolved) in mapped {
                let (is, column) = (resolved.value.to_string(), type_of(&resolved.value));
                let marks = marks(resolved);
                let row = [
                    format!("`{name}`"),
                    resolved.ty.to_string(),
                    format!("`{is}`"),
                    column,
                    marks,
                ];
                let row: Vec<String> = row.iter().map(|text| cell(text)).collect();
                let _ = writeln!(text, "| {} |", row.join(" | "));
            }
            let mut same: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (name, resolved) in plain {
                let ty = format!("{} in {}", resolved.ty, type_of(&resolved.value));
                same.entry(ty).or_default().push(format!("`{name}`"));
            }
            for (ty, names) in same {
                let _ = write!(text, "\nSpelt like the field, {ty}: {}\n", names.join(", "));
            }
        }
    }
    text
}

#[test]
fn every_platform_has_a_page_that_is_current() {
    let folder = root().join("docs/platforms");
    let mut stale = Vec::new();
    for platform in checked() {
        let path = folder.join(format!("{}.md", platform.name));
        let current = page(&platform);
        if fs::read_to_string(&path).is_ok_and(|text| text == current) {
            continue;
        }
        if std::env::var_os("UPDATE_PAGES").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, current).unwrap();
        } else {
            stale.push(platform.name);
        }
    }
    assert_eq!(stale, Vec::<String>::new(), "run the tests with UPDATE_PAGES=1");
}

/// The sample events of a platform, each with its log source.
fn samples(name: &str) -> Vec<(String, Sample)> {
    let path = root().join(format!("tests/samples/{name}.ndjson"));
    let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", path.display()));
    let sample = |line: &str| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        let object = event.as_object_mut().unwrap();
        let logsource = object.remove("$logsource").unwrap().as_str().unwrap().to_owned();
        let table = object.remove("$table").and_then(|table| table.as_str().map(str::to_owned));
        (logsource, Sample { table, columns: event })
    };
    text.lines().map(sample).collect()
}

/// What no sample event has, as `platform log-source field`, each with the reason.
fn known_unseen() -> BTreeMap<String, String> {
    let text = fs::read_to_string(root().join("tests/samples/unseen.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let entry = |line: &str| {
        let (what, reason) = line.split_once(": ").unwrap_or_else(|| panic!("no reason: {line}"));
        (what.to_owned(), reason.to_owned())
    };
    lines.map(entry).collect()
}

/// Every column that a platform names is in its schema (`Platform::prove`), and every field of every
/// place of every log source has a value in a sample event of that place, or is on the closed list.
#[test]
fn every_mapped_field_has_a_sample_event_of_its_log_source() {
    let mut wrong = Vec::new();
    let mut unseen = BTreeSet::new();
    for platform in checked() {
        let name = &platform.name;
        let mut seen: BTreeMap<(String, usize), BTreeSet<String>> = BTreeMap::new();
        for (logsource, sample) in samples(name) {
            if platform.places(&logsource).is_empty() {
                continue;
            }
            let told = platform.told_by(&sample);
            if !told.is_empty() {
                for (logsource, field) in told {
                    let seen = seen.entry((logsource.to_owned(), 0)).or_default();
                    seen.insert(field.to_owned());
                }
                continue;
            }
            let of = platform.logsources_of(&sample);
            let mut own = of.iter().filter(|(of, _)| *of == logsource);
            let (Some((_, index)), None) = (own.next(), own.next()) else {
                wrong.push(format!("{name}: an event of {logsource} is of {of:?}"));
                continue;
            };
            let seen = seen.entry((logsource.clone(), *index)).or_default();
            for (field, resolved) in &platform.places(&logsource)[*index].fields {
                for differing in sample.differing(&resolved.value) {
                    let (column, holds) = (&differing.column.name, &differing.holds);
                    wrong.push(format!("{name} {logsource}: {column} holds {holds}"));
                }
                if sample.holds(&resolved.value) {
                    seen.insert(field.clone());
                }
            }
        }
        for logsource in platform.logsources() {
            for (index, source) in platform.places(logsource).iter().enumerate() {
                let Some(seen) = seen.get(&(logsource.to_owned(), index)) else {
                    unseen.insert(format!("{name} {logsource} {index}"));
                    continue;
                };
                let fields = source.fields.keys().filter(|field| !seen.contains(*field));
                unseen.extend(fields.map(|field| format!("{name} {logsource} {field}")));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let known: BTreeSet<String> = known_unseen().into_keys().collect();
    let new: Vec<_> = unseen.difference(&known).collect();
    assert!(new.is_empty(), "no sample event has these: {new:#?}");
    let stale: Vec<_> = known.difference(&unseen).collect();
    assert!(stale.is_empty(), "sample events have these by now: {stale:#?}");
}
