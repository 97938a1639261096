//! Files that were right, then bent at random: no front end may panic, whatever it reads.
//!
//! Seeded, so that a failure comes again: it prints its seed and writes the text that caused it below
//! the folder for temporary files. A few are tried here; more of them, of another seed:
//!
//! `MUTATIONS=20000 SEED=7 cargo test --release --test cases mutations`

use std::fs;

use annotate_snippets::Renderer;
use sigweave::check::{Options, check};
use sigweave::diagnostic::{Diagnostics, render_text};
use sigweave::engine::read::{EventReader, ReadOptions};
use sigweave::platform::{self, Layer, Platform, import};
use sigweave::project::{self, list};
use sigweave::source::{SourceId, SourceMap};
use sigweave::syntax::ast::Document;
use sigweave::syntax::{sigma, weave};
use sigweave::taxonomy::Taxonomy;
use sigweave::{lint, pivot};

use super::library::{compile, goals};
use super::root;

/// How many texts each front end is given, unless `MUTATIONS` says otherwise.
const FEW: u64 = 15;

/// What ends texts, lines and quotes somewhere, or counts beyond what is counted.
const ODD: &[&str] = &[
    "'",
    "\"",
    "\\",
    "\\\\",
    "*",
    "?",
    "%",
    "%a%",
    "|",
    "|re",
    "|all",
    "|expand",
    ":",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "#",
    "\n",
    "\n---\n",
    "\r\n",
    "\t",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "\u{130}",
    "ſ",
    "K",
    "💥",
    "not ",
    " or ",
    "1 of ",
    "all of them",
    "9223372036854775808",
    "-1",
    "0",
    "1e999",
    "null",
    "~",
    "&a",
    "*a",
    "<<",
    "!!x",
    "$a",
    "/.*/i",
    "within 1s",
    "then",
    "{{ x }}",
    "{% if x %}",
    "-----BEGIN CERTIFICATE-----",
    "MIIB",
    "//8=",
];

/// Numbers that look random (xorshift), the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }

    /// A place in the text that a character begins at.
    fn place(&mut self, text: &str) -> usize {
        text.floor_char_boundary(self.roll(text.len() + 1))
    }
}

/// The text with one to four things changed; `others` are texts of the same kind.
fn bent(text: &str, others: &[String], dice: &mut Dice) -> String {
    let mut text = text.to_owned();
    for _ in 0..=dice.roll(4) {
        let (one, two) = (dice.place(&text), dice.place(&text));
        let (from, to) = (one.min(two), one.max(two));
        let near = text.floor_char_boundary(to.min(from + 1 + dice.roll(12))).max(from);
        match dice.roll(6) {
            0 => text.replace_range(from..near, ""),
            1 => text.insert_str(from, ODD[dice.roll(ODD.len())]),
            2 => text.replace_range(from..near, ODD[dice.roll(ODD.len())]),
            3 => {
                let copy = text.get(from..to).unwrap_or_default().to_owned();
                text.insert_str(to, &copy);
            }
            4 => text.truncate(to),
            _ => {
                let other = &others[dice.roll(others.len())];
                let cut = dice.place(other);
                text.replace_range(from.., other.get(cut..).unwrap_or_default());
            }
        }
        let end = text.floor_char_boundary(20_000);
        text.truncate(end);
    }
    text
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Texts of files of this kind below a folder, each at most 20,000 bytes.
fn seeds(below: &str, extension: &str) -> Vec<String> {
    let mut folders = vec![root().join(below)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let mut paths: Vec<_> =
            fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                found.push(text.chars().take(20_000).collect());
            }
        }
    }
    assert!(!found.is_empty(), "{below}");
    found
}

/// Gives a front end what it reads, bent.
fn survives(name: &str, seeds: &[String], front_end: impl Fn(&str) + std::panic::RefUnwindSafe) {
    let seed = number("SEED", 1);
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for round in 0..number("MUTATIONS", FEW) {
        let text = bent(&seeds[dice.roll(seeds.len())], seeds, &mut dice);
        if std::panic::catch_unwind(|| front_end(&text)).is_err() {
            let kept = std::env::temp_dir().join(format!("sigweave-{name}-{seed}-{round}"));
            fs::write(&kept, &text).unwrap();
            panic!("{name} does not survive {}", kept.display());
        }
    }
}

/// All that was found can be shown.
fn shown(found: Diagnostics, sources: &SourceMap) {
    let renderer = Renderer::plain();
    for finding in found.into_sorted().iter().take(20) {
        assert!(!render_text(finding, sources, &renderer).is_empty());
    }
}

fn source(text: &str) -> (SourceMap, SourceId) {
    let mut sources = SourceMap::default();
    let id = sources.add("bent", text);
    (sources, id)
}

/// Everything that rules go through, to every language.
fn rules(text: &str, parse: impl Fn(SourceId, &str, &mut Diagnostics) -> Vec<Document>) {
    let (sources, id) = source(text);
    let mut found = Diagnostics::default();
    let taxonomy = Taxonomy::standard();
    let documents = parse(id, sources.text(id), &mut found);
    let checked = check(&documents, &taxonomy, &Options::default(), &mut found);
    let attack = sigweave::taxonomy::Attack::standard();
    let context = lint::Context { sources: &sources, taxonomy: &taxonomy, attack };
    found.extend(documents.iter().flat_map(|document| lint::document(document, &context)));
    for (backend, platform) in goals() {
        for rule in checked.iter().flatten() {
            if let Err(refused) = compile(rule, backend, &platform, &[]) {
                found.extend(refused);
            }
        }
    }
    shown(found, &sources);
}

#[test]
fn sigma_survives() {
    survives("sigma", &seeds("tests/corpus", "yml"), |text| rules(text, sigma::parse));
}

#[test]
fn weave_survives() {
    survives("weave", &seeds("tests/corpus", "weave"), |text| rules(text, weave::parse));
}

#[test]
fn projects_lists_and_platforms_survive() {
    survives("project", &seeds("tests", "toml"), |text| {
        let (sources, id) = source(text);
        let mut found = Diagnostics::default();
        let _ = project::parse(id, sources.text(id), None, &mut found);
        shown(found, &sources);
    });
    survives("list", &seeds("rules/lists", "csv"), |text| {
        let (sources, id) = source(text);
        let mut found = Diagnostics::default();
        let _ = list::parse(id, sources.text(id), &mut found);
        shown(found, &sources);
    });
    survives("platform", &seeds("tests/errors", "yml"), |text| {
        let (sources, id) = source(text);
        let mut found = Diagnostics::default();
        let layer = Layer { source: id, text: sources.text(id).to_owned().into() };
        let _ = Platform::parse(layer, Vec::new(), &mut found);
        shown(found, &sources);
    });
    survives("pipeline", &seeds("tests/errors", "yml"), |text| {
        let (sources, id) = source(text);
        let mut found = Diagnostics::default();
        let platform = platform::load("splunk-ta").unwrap();
        let _ = import::read_pipeline(id, sources.text(id), &platform, &mut found);
        shown(found, &sources);
    });
}

#[test]
fn events_and_certificates_survive() {
    survives("events", &seeds("tests/corpus", "ndjson"), |text| {
        let reader = EventReader::new(text.as_bytes(), "bent", &ReadOptions::default());
        assert!(reader.count() <= text.len());
    });
    let pem = seeds("tests", "pem");
    survives("certificates", &pem, |text| {
        let mut sources = SourceMap::default();
        let mut found = Diagnostics::default();
        let _ = pivot::read("bent.pem", text.as_bytes(), &mut sources, &mut found);
        shown(found, &sources);
    });
}
