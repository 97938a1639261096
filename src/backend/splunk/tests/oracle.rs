//! Random rules and events, with what they should find, for an independent interpreter of SPL.
//!
//! `tests/tools/splunk_oracle.py` runs this test with `SIGWEAVE_SPL_CASES=FILE` and then every query
//! of the file over its events. Without the variable the test only proves that every case prints.
//! What they should find is computed here from the rule by brute force, without plan and back end.

mod predicates;
mod streams;
mod values;

use std::fmt::Write as _;

use super::*;

/// A small generator of numbers, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

#[test]
fn cases_for_the_oracle_print() {
    let rounds = std::env::var("SIGWEAVE_SPL_ROUNDS").map_or(60, |text| text.parse().unwrap());
    let seed = std::env::var("SIGWEAVE_SPL_SEED").map_or(7, |text| text.parse().unwrap());
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ seed);
    let mut lines = String::new();
    for _ in 0..rounds {
        writeln!(lines, "{}", predicates::case(&mut dice)).unwrap();
        writeln!(lines, "{}", values::case(&mut dice)).unwrap();
        if let Some(case) = streams::case(&mut dice) {
            writeln!(lines, "{case}").unwrap();
        }
    }
    assert!(lines.lines().count() > rounds * 5 / 2, "too few timelines could be planned");
    if let Ok(path) = std::env::var("SIGWEAVE_SPL_CASES") {
        std::fs::write(path, lines).unwrap();
    }
}
