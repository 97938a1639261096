//! Windows event logs in their binary form (EVTX) → one JSON object per line, in the layout of
//! Windows events (`Event.System`, `Event.EventData`), which the reader understands already.
//!
//! Needs the feature `evtx`; without it, a file of this kind is a problem that says so. Records and
//! chunks that cannot be read are problems with the number of the record; the others are read.

use std::io::Read;

use super::ReadReport;

/// How such a file begins.
pub(super) const MAGIC: &[u8] = b"ElfFile\0";

/// The file's records as lines.
#[cfg(feature = "evtx")]
pub(super) fn lines(mut input: impl Read, report: &mut ReadReport) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = input.read_to_end(&mut bytes) {
        report.broken(0, format!("reading stopped: {error}"));
    }
    let mut parser = match evtx::EvtxParser::from_buffer(bytes) {
        Ok(parser) => parser,
        Err(error) => {
            report.broken(0, format!("not an EVTX file: {error}"));
            return Vec::new();
        }
    };
    let mut lines = Vec::new();
    for (number, record) in (1..).zip(parser.records_json_value()) {
        match record {
            Ok(record) => {
                lines.extend(record.data.to_string().into_bytes());
                lines.push(b'\n');
            }
            Err(error) => report.broken(number, format!("the record cannot be read: {error}")),
        }
    }
    lines
}

/// Nothing, and a problem that says what to do.
#[cfg(not(feature = "evtx"))]
pub(super) fn lines(_: impl Read, report: &mut ReadReport) -> Vec<u8> {
    report.broken(0, "an EVTX file: build Sigweave with `--features evtx` to read it");
    Vec::new()
}

#[cfg(test)]
mod tests {
    use crate::engine::read::{EventReader, ReadOptions};

    #[test]
    fn a_broken_file_is_a_problem_and_no_more() {
        let bytes = [super::MAGIC, &[0xff; 5000]].concat();
        let mut reader = EventReader::new(bytes.as_slice(), "x.evtx", &ReadOptions::default());
        assert!(reader.next().is_none());
        assert!(reader.report().broken > 0);
        let said = &reader.report().problems[0].message;
        assert!(said.contains("EVTX") || said.contains("record"), "{said}");
    }
}
