//! Text with places where lines may break → lines of at most 100 characters where possible.
//!
//! A [`Doc::Group`] stands on one line if it fits, otherwise all of its own breaks are taken.
//! Comments end their line, whatever follows.
//!
//! `Group[a, Space, b]` → `a b`, or `a` and `b` on two lines.

/// Characters of a line.
const WIDTH: usize = 100;
/// Blanks of a level.
const INDENT: usize = 2;

/// Text with places where lines may break.
#[derive(Debug, Clone)]
pub(super) enum Doc {
    /// This text.
    Text(String),
    /// A blank, or a line break.
    Space,
    /// Nothing, or a line break.
    Soft,
    /// A line break.
    Hard,
    /// A line break and an empty line.
    Empty,
    /// Only where the group is broken.
    IfBroken(&'static str),
    /// One level deeper.
    Nest(Vec<Doc>),
    /// On one line, if it fits.
    Group(Vec<Doc>),
    /// A comment on a line of its own.
    Comment(String),
    /// A comment behind what stands before it.
    Trailing(String),
}

impl Doc {
    /// This text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// The lines.
pub(super) fn render(docs: &[Doc]) -> String {
    let mut renderer = Renderer::default();
    renderer.all(docs, Mode::Broken, 0);
    renderer.finish()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flat,
    Broken,
}

#[derive(Debug, Default)]
struct Renderer {
    out: String,
    column: usize,
    /// A comment that is still to be written at the end of the line.
    pending: Option<String>,
    /// Whether the last line ends with a comment.
    commented: bool,
}

impl Renderer {
    fn all(&mut self, docs: &[Doc], mode: Mode, level: usize) {
        for doc in docs {
            self.one(doc, mode, level);
        }
    }

    fn one(&mut self, doc: &Doc, mode: Mode, level: usize) {
        match (doc, mode) {
            (Doc::Text(text), _) => self.text(text, level),
            (Doc::Space, Mode::Flat) => self.text(" ", level),
            (Doc::Soft | Doc::IfBroken(_), Mode::Flat) => {}
            (Doc::Space | Doc::Soft, Mode::Broken) | (Doc::Hard, _) => self.newline(),
            (Doc::Empty, _) => {
                self.newline();
                if !self.out.is_empty() && !self.out.ends_with("\n\n") {
                    self.out.push('\n');
                }
            }
            (Doc::IfBroken(text), Mode::Broken) => self.text(text, level),
            (Doc::Nest(inner), _) => self.all(inner, mode, level + 1),
            (Doc::Group(inner), _) => {
                let start = if self.at_start() { level * INDENT } else { self.column };
                let fits = mode == Mode::Flat || fits(inner, WIDTH.saturating_sub(start)).is_some();
                self.all(inner, if fits { Mode::Flat } else { Mode::Broken }, level);
            }
            (Doc::Comment(text), _) => {
                self.newline();
                self.text(text, level);
                self.newline();
                self.commented = true;
            }
            (Doc::Trailing(text), _) => self.trailing(text, level),
        }
    }

    fn at_start(&self) -> bool {
        self.out.is_empty() || self.out.ends_with('\n')
    }

    fn text(&mut self, text: &str, level: usize) {
        if self.pending.is_some() {
            self.newline();
        }
        if self.at_start() {
            if text == " " {
                return;
            }
            self.out.push_str(&" ".repeat(level * INDENT));
            self.column = level * INDENT;
        }
        self.commented = false;
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    /// Ends the line, unless it is empty.
    fn newline(&mut self) {
        if self.at_start() {
            return;
        }
        self.out.truncate(self.out.trim_end_matches(' ').len());
        if let Some(comment) = self.pending.take() {
            self.out.push_str("  ");
            self.out.push_str(&comment);
            self.commented = true;
        }
        self.out.push('\n');
        self.column = 0;
    }

    fn trailing(&mut self, text: &str, level: usize) {
        if self.pending.is_some() {
            self.newline();
        }
        if self.out.is_empty() || self.commented {
            return self.one(&Doc::Comment(text.to_owned()), Mode::Broken, level);
        }
        if !self.at_start() {
            self.pending = Some(text.to_owned());
            return;
        }
        let end = self.out.trim_end_matches('\n').len();
        let breaks = self.out.split_off(end);
        self.out.push_str("  ");
        self.out.push_str(text);
        self.out.push_str(&breaks);
        self.commented = true;
    }

    fn finish(mut self) -> String {
        self.newline();
        let end = self.out.trim_end_matches('\n').len();
        self.out.truncate(end);
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }
}

/// The characters left of so many after these on one line; `None`: they do not fit.
fn fits(docs: &[Doc], left: usize) -> Option<usize> {
    let mut left = left;
    for doc in docs {
        left = match doc {
            Doc::Text(text) => left.checked_sub(text.chars().count())?,
            Doc::Space => left.checked_sub(1)?,
            Doc::Soft | Doc::IfBroken(_) => left,
            Doc::Nest(inner) | Doc::Group(inner) => fits(inner, left)?,
            Doc::Hard | Doc::Empty | Doc::Comment(_) | Doc::Trailing(_) => return None,
        };
    }
    Some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_break_where_they_do_not_fit() {
        let word = |length: usize| Doc::text("x".repeat(length));
        let list = |length| {
            Doc::Group(vec![
                Doc::text("["),
                Doc::Nest(vec![Doc::Soft, word(length), Doc::text(","), Doc::Space, word(length)]),
                Doc::IfBroken(","),
                Doc::Soft,
                Doc::text("]"),
            ])
        };
        assert_eq!(render(&[list(2)]), "[xx, xx]\n");
        let long = "x".repeat(60);
        assert_eq!(render(&[list(60)]), format!("[\n  {long},\n  {long},\n]\n"));
    }

    #[test]
    fn comments_end_their_line() {
        let docs = [
            Doc::text("a"),
            Doc::Trailing("# one".into()),
            Doc::text("b"),
            Doc::Hard,
            Doc::Trailing("# two".into()),
            Doc::Comment("# three".into()),
            Doc::text("c"),
        ];
        assert_eq!(render(&docs), "a  # one\nb  # two\n# three\nc\n");
    }
}
