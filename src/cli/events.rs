//! Event files of a command line: opened, sifted, put in time order together, and what was wrong
//! with them said.

use std::cell::Cell;
use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ignore::WalkBuilder;

use crate::diagnostic::nearest;
use crate::engine::event::Event;
use crate::engine::read::{
    EventReader, Merged, Ordered, Problem, ReadOptions, ReadReport, Tally, Timed,
};
use crate::engine::{Caught, Sieve};
use crate::taxonomy::Taxonomy;

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

/// All events of a file.
pub(super) type Reader = EventReader<'static>;

/// What comes of several files, in time order.
pub(super) type InOrder<I> = Merged<Ordered<I>>;

/// The events of a file that satisfy something. Only they are held back to be put in order.
pub(super) struct Sifted<'s> {
    reader: Reader,
    sieve: Sieve,
    progress: &'s Progress,
}

/// The number of events, shown on a terminal while reading them takes longer.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    is_terminal: bool,
    events: Cell<u64>,
}

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

/// Opens files as one stream of what `each` makes of a file's events.
///
/// # Errors
/// What cannot be opened, a line for each.
pub(super) fn open<I: Iterator<Item: Timed>>(
    files: &[PathBuf],
    options: &ReadOptions,
    each: impl Fn(Reader) -> I,
) -> Result<InOrder<I>, Vec<String>> {
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
        streams.push(Ordered::new(each(reader), options.held));
    }
    if problems.is_empty() { Ok(Merged::new(streams)) } else { Err(problems) }
}

/// Says what could not be read, beside the result.
pub(super) fn report(events: &InOrder<Sifted<'_>>, output: &mut Output) -> Totals {
    let mut totals = Totals::default();
    for file in events.files() {
        let reader = &file.inner().reader;
        let (name, report) = (reader.name(), reader.report());
        for problem in &report.problems {
            output.remark(&format!("warning: {}", placed(name, problem)));
        }
        for line in lacks(name, report) {
            output.remark(&format!("warning: {line}"));
        }
        if let Some(first) = &file.first_late {
            let (line, late) = (first.origin().line, many(file.late, "event"));
            let what = "too far out of time order: sort the file";
            output.remark(&format!("error: {name}:{line}: {late}, this being the first, {what}"));
        }
        totals.events += report.events;
        totals.broken += report.broken;
        totals.late += file.late;
    }
    totals
}

/// What events of a file lack, each with the place of the first.
fn lacks(name: &str, report: &ReadReport) -> Vec<String> {
    let more = report.broken.saturating_sub(report.problems.len() as u64);
    let further = (more > 0).then(|| format!("{name}: {}", many(more, "further broken piece")));
    let tallies = [
        (report.repaired, "not in UTF-8; the bytes in question were replaced"),
        (report.homeless, "without a log source; `--logsource` names it"),
        (report.untimed, "without a time, which only rules over single events see"),
    ];
    let tallies = tallies.map(|(tally, what)| (tally, what.to_owned()));
    let all = tallies.into_iter().chain(unknown(report)).filter(|(tally, _)| tally.count > 0);
    let lines = all.map(|(tally, what)| {
        let first = if tally.count > 1 { ", this being the first," } else { "" };
        format!("{name}:{}: {}{first} {what}", tally.first, many(tally.count, "event"))
    });
    further.into_iter().chain(lines).collect()
}

/// Log sources that events name and that do not exist.
fn unknown(report: &ReadReport) -> Vec<(Tally, String)> {
    let taxonomy = Taxonomy::standard();
    let unknown = report.said.iter().filter(|(name, _)| taxonomy.get(name).is_none());
    let said = unknown.map(|(name, tally)| {
        let near = nearest(name, taxonomy.keys());
        let near = near.map_or(String::new(), |near| format!("; the nearest name is `{near}`"));
        (*tally, format!("of an unknown log source `{name}`{near}"))
    });
    said.collect()
}

fn many(count: u64, noun: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), noun)
}

/// A problem with its place.
pub(super) fn placed(file: &str, problem: &Problem) -> String {
    match problem.line {
        0 => format!("{file}: {}", problem.message),
        line => format!("{file}:{line}: {}", problem.message),
    }
}

impl<'s> Sifted<'s> {
    /// What the sieve leaves of a file.
    pub(super) fn new(reader: Reader, sieve: &Sieve, progress: &'s Progress) -> Self {
        Self { reader, sieve: sieve.clone(), progress }
    }
}

impl Iterator for Sifted<'_> {
    type Item = Caught;

    fn next(&mut self) -> Option<Caught> {
        loop {
            let event: Event = self.reader.next()?;
            self.progress.tick();
            if let Some(caught) = self.sieve.sift(event) {
                return Some(caught);
            }
        }
    }
}

impl Progress {
    /// Before the first event.
    pub(super) fn start() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self { start: Instant::now(), is_terminal, events: Cell::new(0) }
    }

    /// Clears the line, after the last event.
    pub(super) fn end(&self) {
        if self.is_shown() {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }

    fn tick(&self) {
        const BETWEEN: u64 = 1 << 16;
        let events = self.events.get() + 1;
        self.events.set(events);
        if events.is_multiple_of(BETWEEN) && self.is_shown() {
            let _ = write!(std::io::stderr().lock(), "\r{events} events");
        }
    }

    fn is_shown(&self) -> bool {
        self.is_terminal && self.start.elapsed() >= Duration::from_secs(1)
    }
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
