//! Windows event logs in their binary form (EVTX) → objects in the layout of Windows events
//! (`Event.System`, `Event.EventData`), which the reader understands already.
//!
//! Needs the feature `evtx`; without it, a file of this kind is a problem that says so. Chunks and
//! records that cannot be read are problems, each counted; the others are read. A record is called
//! by its number (`EventRecordID`), in place of a line.

/// How such a file begins.
pub(super) const MAGIC: &[u8] = b"ElfFile\0";

#[cfg(feature = "evtx")]
pub(super) use with::Chunks;
#[cfg(not(feature = "evtx"))]
pub(super) use without::Chunks;

#[cfg(feature = "evtx")]
mod with {
    use std::error::Error;
    use std::io::{Cursor, Read};
    use std::sync::Arc;

    use evtx::{EvtxParser, IntoIterChunks, ParserSettings};

    use crate::engine::read::ReadReport;
    use crate::engine::read::json::{Json, Object};

    /// Bytes of a chunk, and of the file's header before the first.
    const CHUNK: usize = 1 << 16;
    const HEADER: usize = 1 << 12;

    /// A file's chunks, some dozen records each.
    pub(in crate::engine::read) struct Chunks {
        chunks: IntoIterChunks<Cursor<Vec<u8>>>,
        settings: Arc<ParserSettings>,
    }

    impl Chunks {
        /// The chunks of a file, which is read as a whole: its parts refer to each other.
        pub(in crate::engine::read) fn open(
            mut input: impl Read,
            report: &mut ReadReport,
        ) -> Option<Self> {
            let mut bytes = Vec::new();
            if let Err(error) = input.read_to_end(&mut bytes) {
                report.broken(0, format!("reading stopped: {error}"));
            }
            if bytes.len().saturating_sub(HEADER) % CHUNK != 0 {
                report.broken(0, "the file is cut off: its last chunk is incomplete");
            }
            match EvtxParser::from_buffer(bytes) {
                Ok(parser) => Some(Self {
                    chunks: parser.into_chunks(),
                    settings: Arc::new(ParserSettings::default()),
                }),
                Err(error) => {
                    report.broken(0, format!("not an EVTX file: {}", reason(&error)));
                    None
                }
            }
        }

        /// The records of the next chunk with their numbers; `None` at the end.
        pub(in crate::engine::read) fn next(
            &mut self,
            report: &mut ReadReport,
        ) -> Option<Vec<(Object, u64)>> {
            let mut records = Vec::new();
            let mut chunk = match self.chunks.next()? {
                Ok(chunk) => chunk,
                Err(error) => {
                    report.broken(0, reason(&error));
                    return Some(records);
                }
            };
            let number = chunk.number.map_or_else(String::new, |number| format!(" {number}"));
            let mut chunk = match chunk.parse(Arc::clone(&self.settings)) {
                Ok(chunk) => chunk,
                Err(error) => {
                    let reason = reason(&error);
                    report.broken(0, format!("chunk{number} cannot be read: {reason}"));
                    return Some(records);
                }
            };
            for record in chunk.iter() {
                let rendered = record.and_then(evtx::EvtxRecord::into_json_bytes);
                let record = match rendered {
                    Ok(record) => record,
                    Err(error) => {
                        report.broken(0, reason(&error));
                        continue;
                    }
                };
                match serde_json::from_slice(&record.data) {
                    Ok(Json::Object(object)) => records.push((object, record.event_record_id)),
                    Ok(Json::Scalar(_) | Json::List(_)) => {
                        report.broken(record.event_record_id, "the record is no event");
                    }
                    Err(error) => {
                        report.broken(record.event_record_id, format!("not an event: {error}"));
                    }
                }
            }
            Some(records)
        }
    }

    /// An error with its causes.
    fn reason(error: &dyn Error) -> String {
        let mut said = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            said.push_str(": ");
            said.push_str(&error.to_string());
            cause = error.source();
        }
        said
    }
}

#[cfg(not(feature = "evtx"))]
mod without {
    use std::io::Read;

    use crate::engine::read::ReadReport;
    use crate::engine::read::json::Object;

    /// No chunks: this program cannot read them.
    pub(in crate::engine::read) enum Chunks {}

    impl Chunks {
        /// Nothing, and a problem that says what to do.
        pub(in crate::engine::read) fn open(_: impl Read, report: &mut ReadReport) -> Option<Self> {
            report.broken(0, "an EVTX file: build Sigweave with `--features evtx` to read it");
            None
        }

        /// Never called: there is no such value.
        pub(in crate::engine::read) fn next(
            &mut self,
            _: &mut ReadReport,
        ) -> Option<Vec<(Object, u64)>> {
            match *self {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::read::{EventReader, ReadOptions, ReadReport};

    fn report(bytes: &[u8]) -> ReadReport {
        let mut reader = EventReader::new(bytes, "x.evtx", &ReadOptions::default());
        assert!(reader.next().is_none());
        reader.report().clone()
    }

    #[test]
    fn a_broken_file_is_a_problem_and_no_more() {
        let report = report(&[super::MAGIC, &[0xff; 5000]].concat());
        assert!(report.broken > 0);
        assert!(report.problems.iter().any(|problem| problem.message.contains("EVTX file")));
    }

    /// The header of a file, as Windows writes it.
    #[cfg(feature = "evtx")]
    fn header() -> Vec<u8> {
        let mut header = super::MAGIC.to_vec();
        header.resize(32, 0);
        header.extend([128, 0, 0, 0, 1, 0, 3, 0, 0, 0x10, 1, 0]);
        header.resize(4096, 0);
        header
    }

    #[cfg(feature = "evtx")]
    #[test]
    fn unreadable_chunks_are_survived_and_counted() {
        let broken = [b"no chunk".as_slice(), &[0xaa; (1 << 16) - 8]].concat();
        let report = report(&[header(), broken.clone(), vec![0; 1 << 16], broken].concat());
        assert_eq!((report.broken, report.events), (2, 0), "{report:?}");
        assert!(report.problems[0].message.contains("chunk"), "{report:?}");
    }

    #[cfg(feature = "evtx")]
    #[test]
    fn a_file_that_is_cut_off_says_so() {
        let report = report(&[header(), vec![0; 1 << 15]].concat());
        let said: Vec<_> = report.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(said, ["the file is cut off: its last chunk is incomplete"]);
    }
}
