//! Regular expressions: Kusto reads those of Rust's `regex` crate, with at most 16 groups.
//!
//! `cmd(\.exe)?` with the flag `i` → `matches regex @"(?i)cmd(\.exe)?"`. An expression that matches
//! the empty text would hold of a missing value, so it asks for a present one.

use super::leaf::{Leaf, Refusal};
use super::syntax::{self, Kusto};
use crate::backend::infix::{Expr, Top};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Regex;
use crate::source::Span;

/// Kusto's limit on groups that capture.
const MAX_GROUPS: usize = 16;

/// The expression matches somewhere in `operand`, which is of type string.
pub(super) fn print(operand: &str, regex: &Regex, span: Span) -> Result<Leaf, Refusal> {
    let flagged = syntax::flagged(regex);
    let groups = groups(&flagged);
    if groups > MAX_GROUPS {
        let message = format!("the expression has {groups} groups, Kusto allows {MAX_GROUPS}");
        return Err(Box::new(
            Diagnostic::new(Code::RegexNotPortable, span, message)
                .help("write groups whose text is not needed as `(?:…)`"),
        ));
    }
    let matches = format!("{operand} matches regex {}", syntax::text(&flagged));
    if !matches_empty(&flagged) {
        return Ok(Leaf::total(matches));
    }
    let guarded = Kusto::trusted(format!("isnotempty({operand}) and {matches}"));
    Ok(Leaf { yes: Expr { text: guarded, top: Top::And }, no: None, may_be_null: false })
}

/// How many groups capture; none for what does not parse, which `check` refused before.
fn groups(pattern: &str) -> usize {
    regex_syntax::parse(pattern).map_or(0, |hir| hir.properties().explicit_captures_len())
}

/// Whether the empty text matches. Compiling is left out where the length decides.
fn matches_empty(pattern: &str) -> bool {
    let shortest = regex_syntax::parse(pattern).ok().and_then(|hir| hir.properties().minimum_len());
    shortest == Some(0) && regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(""))
}
