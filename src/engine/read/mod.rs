//! Events from bytes: JSON in any layout, Windows events, Zeek's logs, all of it also gzipped, and
//! EVTX where the program was built with that feature.
//!
//! A reader never fails: what cannot be read is a [`Problem`] with its line, counted in the
//! [`ReadReport`], and reading goes on. The log source of an event comes from an explicit
//! `logsource` (an object of product, category and service, or a key as text), else from its
//! channel, provider and id, else from `_path`, else from the caller.
//!
//! `{"_path": "ssl", "ts": 1.5, "server_name": "a.example"}` → an event of `zeek/service:ssl` at
//! 1,500 ms.

mod evtx;
mod json;
mod layout;
mod logsource;
mod order;
mod split;
mod time;
mod userdata;
mod windows;
mod zeek;

pub use logsource::of_key;
pub use order::{Merged, Ordered, Timed};
pub use time::{part_of_time, rfc3339, time};

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use super::event::{Belongs, Event, Origin, Value};
use json::{Json, Object, flatten};
use layout::{Flat, Layouts};
use logsource::{explicit, of_zeek, said};
use split::{MOST_BYTES, Piece, Splitter};
use zeek::Header;

/// Problems that a report describes; all are counted.
const MOST_PROBLEMS: usize = 20;

/// Log sources that events name themselves of which a report tells.
const MOST_SAID: usize = 1_000;

/// Fields that hold an event's time, in the order in which they are looked for: the clock of the
/// event itself before that of its collection.
pub const TIMES: &[&str] = &[
    "UtcTime",
    "TimeCreated",
    "SystemTime",
    "@timestamp",
    "_time",
    "ts",
    "timestamp",
    "Timestamp",
    "TimeGenerated",
    "EventTime",
    "eventTime",
    "CreationTime",
    "published",
    "time",
];

/// How to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// Key of the log source of events that do not say theirs.
    pub logsource: Option<String>,
    /// Events that are held back to put a file in time order.
    pub held: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { logsource: None, held: 50_000 }
    }
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; 0: the file, or a place that the message names.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

/// Events that have something in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// The line of the first.
    pub first: u64,
}

impl Tally {
    fn add(&mut self, line: u64) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
    }
}

/// How reading went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadReport {
    /// Events that were read.
    pub events: u64,
    /// Things that could not be read.
    pub broken: u64,
    /// Events whose text was not UTF-8; the bytes in question were replaced.
    pub repaired: Tally,
    /// Events without a log source: no rule looks at them.
    pub homeless: Tally,
    /// Log sources that events name themselves, the first thousand of them.
    pub said: BTreeMap<String, Tally>,
    /// Events without a time: rules over several events do not look at them.
    pub untimed: Tally,
    /// The first problems.
    pub problems: Vec<Problem>,
}

impl ReadReport {
    fn broken(&mut self, line: u64, message: impl Into<String>) {
        self.broken += 1;
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem { line, message: message.into() });
        }
    }

    fn said(&mut self, logsource: &str, line: u64) {
        if let Some(tally) = self.said.get_mut(logsource) {
            tally.add(line);
        } else if self.said.len() < MOST_SAID {
            self.said.entry(logsource.to_owned()).or_default().add(line);
        }
    }

    /// What ends a file early is described however many problems there were before.
    fn stopped(&mut self, line: u64, message: impl Into<String>) {
        self.broken += 1;
        self.problems.push(Problem { line, message: message.into() });
    }
}

/// Reads the events of one file.
pub struct EventReader<'r> {
    input: Box<dyn BufRead + 'r>,
    file: Arc<str>,
    default: Arc<[Belongs]>,
    line: u64,
    /// The line's bytes.
    bytes: Vec<u8>,
    layout: Layout,
    layouts: Layouts,
    ready: VecDeque<Event>,
    report: ReadReport,
    /// Log sources seen last, which the next event most likely has as well.
    belongs: Arc<[Belongs]>,
    is_done: bool,
}

enum Layout {
    Unknown,
    Json(Splitter),
    Zeek(Header),
    Evtx(evtx::Chunks),
}

impl<'r> EventReader<'r> {
    /// A reader of bytes, which may be gzipped, that calls them by this name.
    pub fn new(input: impl Read + 'r, name: &str, options: &ReadOptions) -> Self {
        let default = options.logsource.as_deref().map(of_key).unwrap_or_default().into();
        let mut report = ReadReport::default();
        let (input, layout) = unpacked(Box::new(input), &mut report);
        Self {
            input,
            file: Arc::from(name),
            default,
            line: 0,
            bytes: Vec::new(),
            layout,
            layouts: Layouts::default(),
            ready: VecDeque::new(),
            report,
            belongs: Arc::new([]),
            is_done: false,
        }
    }

    /// What messages call the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.file
    }

    /// How reading went so far.
    #[must_use]
    pub fn report(&self) -> &ReadReport {
        &self.report
    }

    /// Reads a line into `line`, without its line break; of a line that is too long, nothing.
    fn read_line(&mut self, line: &mut Vec<u8>) -> bool {
        line.clear();
        self.line += 1;
        let limit = MOST_BYTES as u64 + 2;
        match (&mut self.input).take(limit).read_until(b'\n', line) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => {
                self.report.stopped(self.line, format!("reading stopped: {error}"));
                self.is_done = true;
                return !line.is_empty();
            }
        }
        if line.last() != Some(&b'\n') && line.len() > MOST_BYTES {
            self.report.broken(self.line, "the line is longer than 16 MiB");
            line.clear();
            self.skip_line();
        }
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        if self.line == 1 && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        if self.line == 1 && (line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff")) {
            self.report.stopped(1, "the file is in UTF-16: save it as UTF-8");
            self.is_done = true;
            return false;
        }
        true
    }

    fn skip_line(&mut self) {
        loop {
            let (used, ends) = match self.input.fill_buf() {
                Ok([]) | Err(_) => return,
                Ok(bytes) => match bytes.iter().position(|byte| *byte == b'\n') {
                    Some(at) => (at + 1, true),
                    None => (bytes.len(), false),
                },
            };
            self.input.consume(used);
            if ends {
                return;
            }
        }
    }

    fn take_line(&mut self, line: &[u8]) {
        if let Layout::Unknown = self.layout {
            self.layout = match line.trim_ascii().first() {
                None => return,
                Some(b'#') => Layout::Zeek(Header::default()),
                Some(_) => Layout::Json(Splitter::default()),
            };
        }
        match std::mem::replace(&mut self.layout, Layout::Unknown) {
            Layout::Unknown => {}
            Layout::Evtx(chunks) => self.layout = Layout::Evtx(chunks),
            Layout::Json(mut splitter) => {
                let is_whole = splitter.is_whole(line);
                match is_whole.then(|| self.layouts.parse(line)).flatten() {
                    Some(object) => self.take_flat(object),
                    None => splitter.line(line, self.line, &mut |piece| self.take_piece(piece)),
                }
                self.layout = Layout::Json(splitter);
            }
            Layout::Zeek(mut header) => {
                let text = self.text(line, self.line).into_owned();
                if text.starts_with('#') {
                    header.line(&text);
                } else if !text.is_empty() {
                    self.take_zeek(&header, &text);
                }
                self.layout = Layout::Zeek(header);
            }
        }
    }

    fn take_piece(&mut self, piece: Piece) {
        match piece {
            Piece::Broken(line, message) => self.report.broken(line, message),
            Piece::Object(bytes, line) => {
                let text = self.text(&bytes, line);
                match serde_json::from_str(&text) {
                    Ok(Json::Object(object)) => self.take_object(object, line),
                    Ok(Json::Scalar(_) | Json::List(_)) => {
                        self.report.broken(line, "not a JSON object");
                    }
                    Err(error) => self.report.broken(line, format!("not JSON: {error}")),
                }
            }
        }
    }

    /// Takes an object, quickly if it is as flat as it is called.
    fn take_flat(&mut self, mut object: Flat) {
        let origin = Origin { file: Arc::clone(&self.file), line: self.line };
        match self.layouts.event(&mut object, &origin) {
            Some(event) => self.take(event),
            None => self.take_object(self.layouts.named(object), self.line),
        }
    }

    fn take_object(&mut self, mut object: Object, line: u64) {
        let explicit = explicit(&mut object);
        let mut fields = Vec::new();
        if windows::system(&object).is_some() {
            fields = windows::fields(object);
        } else {
            object.into_iter().for_each(|(key, value)| flatten(key, value, &mut fields));
            windows::rename(&mut fields);
        }
        windows::spread_hashes(&mut fields);
        if let Some(said) = explicit.first() {
            self.report.said(&said.logsource, line);
        }
        let belongs = if explicit.is_empty() { said(&fields) } else { explicit };
        self.take_event(fields, belongs, line);
    }

    fn take_zeek(&mut self, header: &Header, line: &str) {
        let Some(fields) = header.fields(line) else {
            return self.report.broken(self.line, "not one value per field");
        };
        let belongs = header.path.as_deref().map(of_zeek).unwrap_or_default();
        self.take_event(fields, belongs, self.line);
    }

    fn take_event(&mut self, fields: Vec<(String, Value)>, belongs: Vec<Belongs>, line: u64) {
        let mut event = Event::new(Origin { file: Arc::clone(&self.file), line }, fields);
        event.time = TIMES.iter().find_map(|name| event.get(name).and_then(time));
        if *self.belongs != *belongs {
            self.belongs = belongs.into();
        }
        event.belongs = Arc::clone(&self.belongs);
        self.take(event);
    }

    fn take(&mut self, mut event: Event) {
        if event.belongs.is_empty() {
            event.belongs = Arc::clone(&self.default);
        }
        self.report.events += 1;
        if event.belongs.is_empty() {
            self.report.homeless.add(event.origin.line);
        }
        if event.time.is_none() {
            self.report.untimed.add(event.origin.line);
        }
        self.ready.push_back(event);
    }

    fn text<'b>(&mut self, bytes: &'b [u8], line: u64) -> std::borrow::Cow<'b, str> {
        let text = String::from_utf8_lossy(bytes);
        if matches!(text, std::borrow::Cow::Owned(_)) {
            self.report.repaired.add(line);
        }
        text
    }
}

impl Iterator for EventReader<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.is_done {
                return None;
            }
            let mut line = std::mem::take(&mut self.bytes);
            self.read_on(&mut line);
            self.bytes = line;
            if self.is_done {
                self.end();
            }
        }
    }
}

impl EventReader<'_> {
    /// Takes the next line, or the next chunk of an EVTX file.
    fn read_on(&mut self, line: &mut Vec<u8>) {
        if let Layout::Evtx(chunks) = &mut self.layout {
            let records = chunks.next(&mut self.report);
            self.is_done = records.is_none();
            for (object, number) in records.into_iter().flatten() {
                self.take_object(object, number);
            }
        } else if self.read_line(line) {
            self.take_line(line);
        } else {
            self.is_done = true;
        }
    }

    fn end(&mut self) {
        if let Layout::Json(mut splitter) = std::mem::replace(&mut self.layout, Layout::Unknown) {
            splitter.end(&mut |piece| self.take_piece(piece));
        }
    }
}

impl std::fmt::Debug for EventReader<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("EventReader").field("file", &self.file).field("line", &self.line).finish()
    }
}

/// The input, unpacked if it begins like gzip, and its layout if that is known by then.
fn unpacked<'r>(
    input: Box<dyn Read + 'r>,
    report: &mut ReadReport,
) -> (Box<dyn BufRead + 'r>, Layout) {
    let mut input = BufReader::with_capacity(1 << 16, input);
    match input.fill_buf() {
        Ok([0x1f, 0x8b, ..]) => {
            let inner = MultiGzDecoder::new(input);
            evtx_or_text(BufReader::with_capacity(1 << 16, inner), report)
        }
        Ok(_) | Err(_) => evtx_or_text(input, report),
    }
}

fn evtx_or_text<'r>(
    mut input: impl BufRead + 'r,
    report: &mut ReadReport,
) -> (Box<dyn BufRead + 'r>, Layout) {
    match input.fill_buf() {
        Ok(begin) if begin.starts_with(evtx::MAGIC) => {
            let layout = evtx::Chunks::open(input, report).map_or(Layout::Unknown, Layout::Evtx);
            (Box::new(std::io::empty()), layout)
        }
        Ok(_) => (Box::new(input), Layout::Unknown),
        Err(error) => {
            report.stopped(0, format!("reading stopped: {error}"));
            (Box::new(std::io::empty()), Layout::Unknown)
        }
    }
}

#[cfg(test)]
mod tests;
