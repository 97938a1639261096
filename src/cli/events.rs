//! Event files of a command line: opened, read in time order together, and what was wrong said.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::engine::event::Event;
use crate::engine::read::{EventReader, Merged, Ordered, Problem, ReadOptions};

use super::output::{Output, counted};

/// Ends of names of files that are taken for event files below a folder.
const EVENT_FILES: &[&str] = &[
    ".json",
    ".jsonl",
    ".ndjson",
    ".log",
    ".gz",
    #[cfg(feature = "evtx")]
    ".evtx",
];

/// Events of several files, in time order.
pub(super) type Events = Merged<Ordered<EventReader<'static>>>;

/// How reading went, over all files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    /// Events that were read.
    pub(super) events: u64,
    /// Things that could not be read.
    pub(super) broken: u64,
    /// Events that came too late to be put in order.
    pub(super) late: u64,
}

/// The event files that paths mean: files as they are, folders with all event files below.
///
/// # Errors
/// What cannot be read, a line for each.
pub(super) fn event_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<String>> {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        if path == Path::new("-") {
            files.push(path.clone());
            continue;
        }
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => files.extend(below(path)),
            Ok(_) => files.push(path.clone()),
            Err(error) => problems.push(format!("{}: {error}", path.display())),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// Opens files as one stream of events.
///
/// # Errors
/// What cannot be opened, a line for each.
pub(super) fn open(files: &[PathBuf], options: &ReadOptions) -> Result<Events, Vec<String>> {
    let (mut streams, mut problems) = (Vec::new(), Vec::new());
    for path in files {
        let (name, input): (String, Box<dyn Read>) = if path == Path::new("-") {
            ("<stdin>".to_owned(), Box::new(std::io::stdin()))
        } else {
            match File::open(path) {
                Ok(file) => (path.display().to_string(), Box::new(file)),
                Err(error) => {
                    problems.push(format!("{}: {error}", path.display()));
                    continue;
                }
            }
        };
        let reader = EventReader::new(input, &name, options);
        streams.push(Ordered::new(reader, options.held));
    }
    if problems.is_empty() { Ok(Merged::new(streams)) } else { Err(problems) }
}

/// Says what could not be read, beside the result.
pub(super) fn report(events: &Events, output: &mut Output) -> Totals {
    let mut totals = Totals::default();
    for file in events.files() {
        let (name, report) = (file.inner().name().to_owned(), file.inner().report());
        for problem in &report.problems {
            output.remark(&format!("warning: {}", placed(&name, problem)));
        }
        let more = report.broken.saturating_sub(report.problems.len() as u64);
        let late = file.late;
        for (count, what) in [
            (more, "further broken pieces"),
            (report.homeless, "events without a log source; `--logsource` names it"),
            (report.untimed, "events without a time, which only rules over single events see"),
            (report.repaired, "texts were not UTF-8; the bytes in question were replaced"),
        ] {
            if count > 0 {
                output.remark(&format!("warning: {name}: {count} {what}"));
            }
        }
        if late > 0 {
            let late = counted(usize::try_from(late).unwrap_or(usize::MAX), "event");
            output.remark(&format!("error: {name}: {late} too far out of time order: sort it"));
        }
        totals.events += report.events;
        totals.broken += report.broken;
        totals.late += file.late;
    }
    totals
}

/// A problem with its place.
pub(super) fn placed(file: &str, problem: &Problem) -> String {
    match problem.line {
        0 => format!("{file}: {}", problem.message),
        line => format!("{file}:{line}: {}", problem.message),
    }
}

/// The stream, with the number of events shown on a terminal while it takes longer.
pub(super) fn watched(events: &mut Events) -> impl Iterator<Item = Event> {
    use std::io::{IsTerminal, Write};
    const BETWEEN: u64 = 1 << 16;
    let is_terminal = std::io::stderr().is_terminal();
    let start = std::time::Instant::now();
    let mut count = 0_u64;
    std::iter::from_fn(move || {
        let event = events.next();
        count += 1;
        let is_shown = is_terminal && count > BETWEEN && start.elapsed().as_secs() >= 1;
        if is_shown && event.is_none() {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        } else if is_shown && count.is_multiple_of(BETWEEN) {
            let _ = write!(std::io::stderr().lock(), "\r{count} events");
        }
        event
    })
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = WalkBuilder::new(folder).require_git(false).build().flatten();
    let is_file = |entry: &ignore::DirEntry| entry.file_type().is_some_and(|kind| kind.is_file());
    let mut files: Vec<PathBuf> =
        entries.filter(is_file).map(ignore::DirEntry::into_path).filter(|p| is_events(p)).collect();
    files.sort();
    files
}

fn is_events(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    EVENT_FILES.iter().any(|end| name.ends_with(end))
}
