//! `cargo bench --bench engine`: Sysmon events of about 2 kB against the shipped packs, as a ratio to
//! merely parsing the same JSON in the same run. `SIGMA_RULES=FOLDER` measures that folder's rules,
//! too. With the arguments `parse FILE` it only parses that file's lines, for
//! `tests/tools/engine_speed` to measure. Time is CPU time where the system tells it (Linux), so that
//! other work disturbs less. Numbers go to docs/performance.md.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench that cannot go on has failed"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sigweave::check::{Options as CheckOptions, check};
use sigweave::diagnostic::Diagnostics;
use sigweave::engine::read::{EventReader, ReadOptions};
use sigweave::engine::{Options, run};
use sigweave::ir::Rule;
use sigweave::source::SourceMap;
use sigweave::syntax::sigma;
use sigweave::taxonomy::Taxonomy;

/// The program's allocator, so that what is compared has the same.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: usize = 20_000;

/// Events of four kinds, of which some satisfy rules of the packs, as Windows writes them.
fn events() -> String {
    let mut text = String::new();
    for number in 0..EVENTS {
        let (id, data) = match number % 4 {
            0 => (
                1,
                format!(
                    r#""Image":"C:\\Windows\\System32\\tool{number}.exe","CommandLine":"tool{number}.exe -x {}","ParentImage":"C:\\Windows\\explorer.exe","Hashes":"SHA1={:040x},MD5={:032x}""#,
                    "argument ".repeat(150),
                    number,
                    number
                ),
            ),
            1 => (
                7,
                format!(
                    r#""Image":"C:\\a.exe","ImageLoaded":"C:\\Users\\u\\lib{number}.dll","Signed":"true","SignatureStatus":"Valid","Description":"{}""#,
                    "text ".repeat(280)
                ),
            ),
            2 => (
                13,
                format!(
                    r#""Image":"C:\\a.exe","TargetObject":"HKLM\\SOFTWARE\\Vendor\\Key{number}\\Value","Details":"{}""#,
                    "data ".repeat(280)
                ),
            ),
            _ => (
                11,
                format!(
                    r#""Image":"C:\\a.exe","TargetFilename":"C:\\Users\\u\\file{number}.tmp","RuleName":"{}""#,
                    "name ".repeat(280)
                ),
            ),
        };
        let (hour, minute, second) = (number / 3600, number / 60 % 60, number % 60);
        let _ = writeln!(
            text,
            r##"{{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"Microsoft-Windows-Sysmon"}}}},"EventID":{id},
"Version":5,"Level":4,"Task":{id},"Opcode":0,"Keywords":"0x8000000000000000","EventRecordID":{number},
"TimeCreated":{{"#attributes":{{"SystemTime":"2026-11-21T{hour:02}:{minute:02}:{second:02}.000000Z"}}}},
"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"host{}.example"}},
"EventData":{{"UtcTime":"2026-11-21 {hour:02}:{minute:02}:{second:02}.000","ProcessId":5856,
"ProcessGuid":"0197231E-A4C2-69C9-8C00-000000000D00","User":"CORP\\user",{data}}}}}}}"##,
            number % 50
        );
    }
    // One event per line.
    text.replace(",\n", ",")
}

fn files_below(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, into);
        } else if path.to_string_lossy().ends_with(".yml")
            && !path.to_string_lossy().contains(".test.")
        {
            into.push(path);
        }
    }
    into.sort();
}

fn rules(folders: &[PathBuf]) -> Vec<Arc<Rule>> {
    let (mut sources, mut files) = (SourceMap::default(), Vec::new());
    folders.iter().for_each(|folder| files_below(folder, &mut files));
    for file in files {
        sources.add(file.display().to_string(), std::fs::read_to_string(file).unwrap_or_default());
    }
    let mut found = Diagnostics::default();
    let read =
        |(id, source): (_, &sigweave::source::Source)| sigma::parse(id, &source.text, &mut found);
    let documents: Vec<_> = sources.iter().flat_map(read).collect();
    let leads = vec!["5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8".to_owned()];
    let options = CheckOptions {
        lists: [("TlsFingerprintLeads".to_owned(), leads)].into(),
        ..CheckOptions::default()
    };
    let checked = check(&documents, &Taxonomy::standard(), &options, &mut Diagnostics::default());
    checked.into_iter().flatten().filter(|rule| rule.emitted).collect()
}

/// The fastest of five runs.
fn best(mut work: impl FnMut()) -> Duration {
    let time = |work: &mut dyn FnMut()| {
        let (start, cpu) = (Instant::now(), cpu_time());
        work();
        match (cpu, cpu_time()) {
            (Some(before), Some(after)) => after.saturating_sub(before),
            _ => start.elapsed(),
        }
    };
    (0..5).map(|_| time(&mut work)).min().unwrap_or_default()
}

/// The time that this thread was running, to a few milliseconds.
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}

/// Parses a file's lines into `serde_json`'s own values.
fn parse_file(path: &str) {
    let lines = BufReader::with_capacity(1 << 16, std::fs::File::open(path).unwrap());
    for line in lines.split(b'\n') {
        black_box(serde_json::from_slice::<serde_json::Value>(&line.unwrap()).unwrap());
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, command, file] = arguments.as_slice()
        && command == "parse"
    {
        return parse_file(file);
    }
    let text = events();
    let parse = best(|| {
        for line in text.lines() {
            black_box(serde_json::from_str::<serde_json::Value>(line).unwrap());
        }
    });
    let rate = |time: Duration| EVENTS as f64 / time.as_secs_f64();
    println!(
        "{EVENTS} events of {} bytes: serde_json alone {parse:?} (1.0), {:.0}/s",
        text.len() / EVENTS,
        rate(parse)
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut sets = vec![("the shipped packs", vec![root.join("an1246"), root.join("an1976")])];
    if let Some(folder) = std::env::var_os("SIGMA_RULES") {
        sets.push(("the rules of SIGMA_RULES", vec![folder.into()]));
    }
    for (name, folders) in sets {
        let rules = rules(&folders);
        let time = best(|| {
            let events = EventReader::new(text.as_bytes(), "bench", &ReadOptions::default());
            black_box(run(&rules, events, Options::default()).unwrap());
        });
        let ratio = time.as_secs_f64() / parse.as_secs_f64();
        println!(
            "{name} ({} rules): {time:?} ({ratio:.1}), {:.0} events/s",
            rules.len(),
            rate(time)
        );
    }
}
