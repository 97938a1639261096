//! Cuts a stream of lines into JSON objects, however they are laid out.
//!
//! One object per line, several on a line, one over many lines, objects one after another or within
//! one array: each comes out as its bytes and the line it begins at. A broken object costs only
//! itself: reading goes on at the next line that can begin one.

/// Bytes that one object may take.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// Something cut out of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// The bytes of an object, and its first line.
    Object(Vec<u8>, u64),
    /// Something else at this line, and what is wrong with it.
    Broken(u64, &'static str),
}

/// Where the cutter is.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    object: Vec<u8>,
    /// The line that the object begins at.
    begins: u64,
    depth: usize,
    in_text: bool,
    escaped: bool,
    /// Whether the object's first line holds more than its brace.
    is_compact: bool,
}

impl Splitter {
    /// Takes a line without its line break; `cut` gets what is complete.
    pub(super) fn line(&mut self, line: &[u8], number: u64, cut: &mut impl FnMut(Piece)) {
        if self.depth > 0 && (self.in_text || (self.is_compact && line.first() == Some(&b'{'))) {
            cut(Piece::Broken(self.begins, "the object is cut off"));
            self.reset();
        }
        for (at, byte) in line.iter().enumerate() {
            if self.depth > 0 {
                self.inside(*byte, cut);
                continue;
            }
            match byte {
                b'{' => {
                    let rest = line.get(at + 1..).unwrap_or_default();
                    self.is_compact = !rest.trim_ascii().is_empty();
                    (self.begins, self.depth) = (number, 1);
                    self.object.push(*byte);
                }
                b'[' | b']' | b',' => {}
                _ if byte.is_ascii_whitespace() => {}
                _ => return cut(Piece::Broken(number, "not a JSON object")),
            }
        }
        if self.depth > 0 {
            self.object.push(b'\n');
        }
        if self.object.len() > MOST_BYTES {
            cut(Piece::Broken(self.begins, "the object is larger than 16 MiB"));
            self.reset();
        }
    }

    /// Whether a line is probably one whole object: cheap to see, and proven by parsing it.
    pub(super) fn is_whole(&self, line: &[u8]) -> bool {
        let line = line.trim_ascii();
        self.depth == 0 && line.starts_with(b"{") && line.ends_with(b"}")
    }

    /// Says that no more lines will come.
    pub(super) fn end(&mut self, cut: &mut impl FnMut(Piece)) {
        if self.depth > 0 {
            cut(Piece::Broken(self.begins, "the object is cut off"));
        }
        self.reset();
    }

    fn inside(&mut self, byte: u8, cut: &mut impl FnMut(Piece)) {
        self.object.push(byte);
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_text => self.escaped = true,
            b'"' => self.in_text = !self.in_text,
            _ if self.in_text => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        if self.depth == 0 {
            cut(Piece::Object(std::mem::take(&mut self.object), self.begins));
            self.reset();
        }
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}
