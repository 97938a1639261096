//! `cargo bench --bench state`: the memory that correlations take, which is to be linear in the
//! events that a window holds and to stay as it is however long the stream.
//!
//! Events come one per second and are made as they are read. Two correlations look at all of them: a
//! count of events and a number of different users, per host. First the window grows with the
//! stream, then it holds 10,000 events while the stream grows. Every line is a process of its own,
//! whose peak memory the system tells (Linux). Numbers go to docs/performance.md.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench that cannot go on has failed"
)]

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use sigweave::check::{Options as CheckOptions, check};
use sigweave::diagnostic::Diagnostics;
use sigweave::engine::event::{Belongs, Event, Origin, Value};
use sigweave::engine::{Options, Outcome, run};
use sigweave::ir::Rule;
use sigweave::source::SourceMap;
use sigweave::syntax::sigma;
use sigweave::taxonomy::Taxonomy;

/// The rules; `SECONDS` is the window.
const RULES: &str = "
title: Any process
name: any_process
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: .exe}
  condition: selection
---
title: Many processes
correlation:
  type: event_count
  rules: [any_process]
  group-by: [Computer]
  timespan: SECONDSs
  condition: {gte: 100000000}
---
title: Many users
correlation:
  type: value_count
  rules: [any_process]
  group-by: [Computer]
  timespan: SECONDSs
  condition: {field: User, gte: 100000000}
";

fn rules(window: u64) -> Vec<Arc<Rule>> {
    let mut sources = SourceMap::default();
    sources.add("bench.yml".to_owned(), RULES.replace("SECONDS", &window.to_string()));
    let mut found = Diagnostics::default();
    let (id, source) = sources.iter().next().unwrap();
    let documents = sigma::parse(id, &source.text, &mut found);
    let checked = check(&documents, &Taxonomy::standard(), &CheckOptions::default(), &mut found);
    checked.into_iter().flatten().filter(|rule| rule.emitted).collect()
}

fn event(number: u64, file: &Arc<str>, belongs: &Arc<[Belongs]>) -> Event {
    let fields = [
        ("Computer", format!("host{}.corp.example", number % 50)),
        ("Image", format!(r"C:\Program Files\tool{number}.exe")),
        ("User", format!(r"CORP\user{}", number % 1_000)),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), Value::Text(value)));
    let mut event = Event::new(Origin { file: Arc::clone(file), line: number }, fields.into());
    event.time = i64::try_from(number * 1_000).ok();
    event.belongs = Arc::clone(belongs);
    event
}

/// Runs the rules over a stream, with a window of so many events.
fn stream(window: u64, total: u64) -> Outcome {
    let file: Arc<str> = "bench".into();
    let belongs: Arc<[Belongs]> = Arc::new([Belongs::new("windows/process_creation")]);
    let events = (0..total).map(|number| event(number, &file, &belongs));
    run(&rules(window), events, Options::default()).unwrap()
}

/// The most memory that this process had at once, in kilobytes.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Peak memory in kilobytes and seconds of a process that runs a stream.
fn measured(window: u64, total: u64) -> (f64, f64) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output =
        command.args(["stream", &window.to_string(), &total.to_string()]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().map(|of| of.parse().unwrap()).collect();
    (numbers[0], numbers[1])
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, command, window, total] = arguments.as_slice()
        && command == "stream"
    {
        let start = Instant::now();
        let outcome = stream(window.parse().unwrap(), total.parse().unwrap());
        assert_eq!(outcome.events, total.parse::<u64>().unwrap(), "all events are correlated");
        println!("{} {}", peak().unwrap_or_default(), start.elapsed().as_secs_f64());
        return;
    }
    let (base, _) = measured(1, 1);
    for (window, total) in [
        (10_000, 10_000),
        (100_000, 100_000),
        (1_000_000, 1_000_000),
        (10_000, 100_000),
        (10_000, 1_000_000),
    ] {
        let (peak, seconds) = measured(window, total);
        println!(
            "window of {window} events, stream of {total}: peak {:.1} MB, {:.0} bytes per event of \
             the window, {:.1} µs per event",
            peak / 1024.0,
            (peak - base) * 1024.0 / window as f64,
            seconds * 1e6 / total as f64
        );
    }
}
