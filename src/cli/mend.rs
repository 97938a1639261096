//! `check --fix`: the edits of findings, written into the rule files, each shown as a difference.
//!
//! Edits that would overlap wait for the next run. A file that would have an error it does not have,
//! or that changed meanwhile, stays as it is; others are replaced as a whole or not at all.

use std::collections::BTreeMap;
use std::path::Path;

use similar::TextDiff;

use crate::diagnostic::{Diagnostic, Diagnostics, Edit, Severity};
use crate::source::{Source, SourceId, SourceMap};
use crate::syntax::{sigma, weave};

use super::files;
use super::output::Output;

/// Whether files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// They are.
    Write,
    /// Their differences are only shown.
    Show,
}

/// Mends what can be mended; the findings that are left, and how many are not.
///
/// # Errors
/// A file cannot be read or written; a line for each.
pub(super) fn run(
    found: Vec<Diagnostic>,
    sources: &SourceMap,
    mode: Mode,
    output: &mut Output,
) -> Result<(Vec<Diagnostic>, usize), Vec<String>> {
    let mut by_file: BTreeMap<SourceId, Vec<Edit>> = BTreeMap::new();
    let mut taken: Vec<(SourceId, bool, Diagnostic)> = Vec::new();
    for one in found {
        let id = one.primary.span.source;
        let edits = by_file.entry(id).or_default();
        let fits = !one.fix.is_empty() && one.fix.iter().all(|edit| fits(edit, edits, id));
        if fits {
            edits.extend(one.fix.iter().cloned());
        }
        taken.push((id, fits, one));
    }
    let (mut problems, mut failed) = (Vec::new(), Vec::new());
    for (id, edits) in by_file.iter().filter(|(_, edits)| !edits.is_empty()) {
        let Some(source) = sources.get(*id) else { continue };
        match mend(*id, source, edits, mode, output) {
            Ok(()) => {}
            Err(problem) => {
                problems.push(problem);
                failed.push(*id);
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mended = taken.iter().filter(|(_, fits, _)| *fits).count();
    let left = taken.into_iter().filter(|(_, fits, _)| !fits).map(|(_, _, one)| one);
    Ok((left.collect(), mended))
}

/// Whether an edit leaves the others alone.
fn fits(edit: &Edit, others: &[Edit], file: SourceId) -> bool {
    let apart = |other: &Edit| edit.span.end < other.span.start || other.span.end < edit.span.start;
    edit.span.source == file && others.iter().all(apart)
}

fn mend(
    id: SourceId,
    source: &Source,
    edits: &[Edit],
    mode: Mode,
    output: &mut Output,
) -> Result<(), String> {
    let after = edited(&source.text, edits);
    let name = source.name.as_str();
    if errors(id, name, &after) > errors(id, name, &source.text) {
        return Err(format!("{name}: the mended file would not be read any more; left as it is"));
    }
    let diff = TextDiff::from_lines(source.text.as_str(), after.as_str());
    output.line(diff.unified_diff().header(name, name).to_string().trim_end());
    let path = Path::new(name);
    if mode == Mode::Show || name == "<stdin>" {
        return Ok(());
    }
    let bytes = files::read(path)?;
    let marked = bytes.starts_with("\u{feff}".as_bytes());
    let mark = if marked { "\u{feff}" } else { "" };
    if bytes != format!("{mark}{}", source.text).as_bytes() {
        return Err(format!("{name}: the file changed meanwhile; left as it is"));
    }
    files::replace(path, &format!("{mark}{after}"))
}

/// The text with its edits, which do not overlap.
fn edited(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let (mut after, mut at) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        let range = edit.span.range();
        after.push_str(text.get(at..range.start).unwrap_or_default());
        after.push_str(&edit.text);
        at = range.end;
    }
    after.push_str(text.get(at..).unwrap_or_default());
    after
}

/// How many errors the reader finds in a text.
fn errors(id: SourceId, name: &str, text: &str) -> usize {
    let mut found = Diagnostics::default();
    if files::is_weave(name, text) {
        let _ = weave::parse(id, text, &mut found);
    } else {
        let _ = sigma::parse(id, text, &mut found);
    }
    found.iter().filter(|found| found.severity() == Severity::Error).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit { span: Span::new(SourceId(0), start, end), text: text.to_owned() }
    }

    #[test]
    fn edits_apply_in_any_order_and_never_overlap() {
        assert_eq!(edited("abcdef", &[edit(4, 5, "X"), edit(1, 1, "-"), edit(2, 3, "")]), "a-bdXf");
        let known = [edit(2, 4, "")];
        assert!(fits(&edit(0, 1, ""), &known, SourceId(0)));
        assert!(!fits(&edit(3, 5, ""), &known, SourceId(0)));
        assert!(!fits(&edit(4, 4, ""), &known, SourceId(0)));
        assert!(!fits(&edit(0, 1, ""), &known, SourceId(1)));
    }
}
