//! A platform file → where each of its entries stands, found without reading them as YAML.
//!
//! A platform describes dozens of log sources and a rule needs one or two of them, so only those
//! are read. For that the file is held to a form: its keys begin their lines, and those of `parts`,
//! `rewrites`, `logsources` and `tables` are one per line, all indented alike.
//!
//! `logsources:\n  windows/image_load:\n    use: [sysmon]\n` → entry `windows/image_load` of
//! `logsources`, two lines.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceId, Span};
use crate::yaml::{self, Kind, Node};

/// Keys of a platform file whose entries stand on their own.
const GROUPS: [&str; 4] = ["parts", "rewrites", "logsources", "tables"];

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// A key of the file itself.
    Head,
    /// Under `parts`.
    Parts,
    /// Under `rewrites`.
    Rewrites,
    /// Under `logsources`.
    LogSources,
    /// Under `tables`.
    Tables,
}

/// A platform file and where its entries stand.
#[derive(Debug)]
pub(super) struct Sections {
    source: SourceId,
    text: Cow<'static, str>,
    /// Keys of the file itself.
    head: BTreeMap<String, Range<usize>>,
    /// Entries of each of [`GROUPS`].
    groups: [BTreeMap<String, Range<usize>>; 4],
}

impl Sections {
    /// Finds the entries of a file; reports lines that break the form, and names given twice.
    pub(super) fn find(
        source: SourceId,
        text: Cow<'static, str>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let whole = 0..text.len();
        let head = entries(source, &text, whole, 0, diagnostics);
        let groups = GROUPS.map(|group| {
            let Some(range) = head.get(group) else { return BTreeMap::new() };
            let inside = after_line(&text, range);
            let indent = indentation(&text, &inside);
            entries(source, &text, inside, indent, diagnostics)
        });
        Self { source, text, head, groups }
    }

    /// Names of a group's entries, sorted.
    pub(super) fn names(&self, group: Group) -> impl Iterator<Item = &str> {
        self.group(group).keys().map(String::as_str)
    }

    /// The value of an entry, with places as in the whole file.
    pub(super) fn read(
        &self,
        group: Group,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Node> {
        let range = self.group(group).get(name)?;
        let mut found = Diagnostics::default();
        let text = self.text.get(range.clone())?;
        let document = yaml::parse(self.source, text, &mut found).into_iter().next();
        diagnostics.extend(found.into_iter().map(|mut diagnostic| {
            let labels = std::iter::once(&mut diagnostic.primary).chain(&mut diagnostic.labels);
            labels.for_each(|label| shift(&mut label.span, range.start));
            diagnostic
        }));
        let Kind::Mapping(pairs) = document?.kind else { return None };
        let (_, mut value) = pairs.into_iter().next()?;
        shift_all(&mut value, range.start);
        Some(value)
    }

    /// The place of a key of the file itself.
    pub(super) fn key(&self, name: &str) -> Span {
        self.name(Group::Head, name)
    }

    /// The place of an entry's name.
    pub(super) fn name(&self, group: Group, name: &str) -> Span {
        let whole = self.group(group).get(name).cloned().unwrap_or_default();
        let text = self.text.get(whole.clone()).unwrap_or_default();
        let start = whole.start + (text.len() - text.trim_start_matches(' ').len());
        Span::new(self.source, start, start + name.len())
    }

    /// Where the lines of an entry's value stand.
    pub(super) fn lines_of(&self, group: Group, name: &str) -> Option<Range<usize>> {
        self.group(group).get(name).map(|range| after_line(&self.text, range))
    }

    /// The file's text.
    pub(super) fn text(&self) -> &Cow<'static, str> {
        &self.text
    }

    /// The file's id.
    pub(super) fn source(&self) -> SourceId {
        self.source
    }

    /// The begin of the file.
    pub(super) fn span(&self) -> Span {
        Span::new(self.source, 0, self.text.len().min(1))
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, span: Span) -> usize {
        let before = self.text.bytes().take(span.start as usize);
        before.filter(|byte| *byte == b'\n').count() + 1
    }

    fn group(&self, group: Group) -> &BTreeMap<String, Range<usize>> {
        let [parts, rewrites, logsources, tables] = &self.groups;
        match group {
            Group::Head => &self.head,
            Group::Parts => parts,
            Group::Rewrites => rewrites,
            Group::LogSources => logsources,
            Group::Tables => tables,
        }
    }
}

/// The entries of a range whose keys are indented by `indent` blanks.
fn entries(
    source: SourceId,
    text: &str,
    range: Range<usize>,
    indent: usize,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Range<usize>> {
    let mut found = BTreeMap::new();
    for (key, whole) in keys(text, range, indent) {
        let span = Span::new(source, key.start, key.end);
        let Some(name) = name(text.get(key).unwrap_or_default()) else {
            let message = "a line that is no key is not indented under one";
            diagnostics.push(
                Diagnostic::new(Code::PlatformSyntax, span, message)
                    .help("write `name:` at the beginning of the line and its value under it"),
            );
            continue;
        };
        if found.insert(name.to_owned(), whole).is_some() {
            let message = format!("`{name}` is there twice");
            diagnostics.push(Diagnostic::new(Code::PlatformSyntax, span, message));
        }
    }
    found
}

/// The key on a line such as `  'windows/image_load':`.
fn name(line: &str) -> Option<&str> {
    let text = line.trim();
    let quoted = |quote: char| {
        let (name, rest) = text.strip_prefix(quote)?.split_once(quote)?;
        rest.starts_with(':').then_some(name)
    };
    let plain = || {
        let key = text.split_once(": ").map(|(key, _)| key);
        key.or_else(|| text.strip_suffix(':')).filter(|key| !key.is_empty())
    };
    quoted('\'').or_else(|| quoted('"')).or_else(plain)
}

/// What follows the first line of a range.
fn after_line(text: &str, range: &Range<usize>) -> Range<usize> {
    let inside = text.get(range.clone()).unwrap_or_default();
    let line = inside.split_inclusive('\n').next().map_or(0, str::len);
    range.start + line..range.end
}

/// Lines within `range` that are indented by at most `indent` blanks, each with the whole that it
/// begins: up to the next one.
fn keys(text: &str, range: Range<usize>, indent: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let starts: Vec<Range<usize>> = lines(text, range.clone())
        .filter(|(_, line)| line.len() - line.trim_start_matches(' ').len() <= indent)
        .filter(|(_, line)| !is_blank(line))
        .map(|(at, line)| at..at + line.len())
        .collect();
    let ends = starts.iter().skip(1).map(|next| next.start).chain([range.end]);
    starts.iter().zip(ends).map(|(key, end)| (key.clone(), key.start..end)).collect()
}

/// How far the first line that holds anything is indented; at least one blank.
fn indentation(text: &str, range: &Range<usize>) -> usize {
    lines(text, range.clone())
        .find(|(_, line)| !is_blank(line))
        .map_or(1, |(_, line)| line.len() - line.trim_start_matches(' ').len())
        .max(1)
}

/// The lines of a range, without their breaks, and where they begin.
fn lines(text: &str, range: Range<usize>) -> impl Iterator<Item = (usize, &str)> {
    let mut at = range.start;
    let inside = text.get(range).unwrap_or_default();
    inside.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches('\n'))
    })
}

/// Whether a line holds nothing, a comment or a document's begin.
fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#') || line == "---"
}

fn shift_all(node: &mut Node, by: usize) {
    shift(&mut node.span, by);
    match &mut node.kind {
        Kind::Scalar { .. } => {}
        Kind::Sequence(items) => items.iter_mut().for_each(|item| shift_all(item, by)),
        Kind::Mapping(pairs) => pairs.iter_mut().for_each(|(key, value)| {
            shift_all(key, by);
            shift_all(value, by);
        }),
    }
}

fn shift(span: &mut Span, by: usize) {
    let by = u32::try_from(by).unwrap_or(u32::MAX);
    span.start = span.start.saturating_add(by);
    span.end = span.end.saturating_add(by);
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# comment\nplatform: x\n\nparts:\n  # comment\n  a:\n    use: [b]\n  b: {}\n\
                        logsources:\n    'windows/image_load':\n      from: T\n    w/service:x:\n\
                        \x20     from: U\n";

    fn sections(text: &'static str) -> (Sections, Vec<String>) {
        let mut found = Diagnostics::default();
        let sections = Sections::find(SourceId(0), text.into(), &mut found);
        (sections, found.iter().map(|found| found.message.clone()).collect())
    }

    #[test]
    fn entries_are_found_by_group_and_read_alone() {
        let (sections, errors) = sections(FILE);
        assert_eq!(errors, [""; 0]);
        assert_eq!(
            sections.names(Group::Head).collect::<Vec<_>>(),
            ["logsources", "parts", "platform"]
        );
        assert_eq!(sections.names(Group::Parts).collect::<Vec<_>>(), ["a", "b"]);
        let logsources: Vec<_> = sections.names(Group::LogSources).collect();
        assert_eq!(logsources, ["w/service:x", "windows/image_load"]);
        let mut found = Diagnostics::default();
        let node = sections.read(Group::LogSources, "w/service:x", &mut found).unwrap();
        assert_eq!(node.get("from").unwrap().text(), Some("U"));
        let span = node.get("from").unwrap().span;
        assert_eq!(FILE.get(span.range()), Some("U"), "places are those of the whole file");
        assert!(sections.read(Group::LogSources, "absent", &mut found).is_none());
    }

    #[test]
    fn repetitions_and_lines_without_a_key_are_reported() {
        let (_, errors) =
            sections("platform: x\nplatform: y\nwhat is this\nlogsources:\n  a:\n  a:\n");
        assert_eq!(errors.len(), 3, "{errors:?}");
    }

    #[test]
    fn odd_files_are_survived() {
        for text in
            ["", ":", "\n\n", "logsources:", "parts:\n\tx:\n", "  a: b", "'x", "a:\n b\n  c"]
        {
            let (sections, _) = sections(text);
            let mut found = Diagnostics::default();
            for group in [Group::Head, Group::Parts, Group::LogSources] {
                for name in sections.names(group) {
                    sections.read(group, name, &mut found);
                }
            }
        }
    }
}
