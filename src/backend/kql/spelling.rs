//! Keys as they compare: the engine's transforms and canonical forms as expressions of KQL.
//!
//! `basename` of `FolderPath` → `replace_regex(FolderPath, @"(?s)^.*[\\/]", "")`.

use super::syntax::{self, Kusto};
use crate::platform::Spelling;

/// The spelling of a text; empty where there is none.
pub(super) fn spelt(text: &Kusto, spelling: Spelling) -> Kusto {
    match spelling {
        Spelling::Lower | Spelling::Boolean => call("tolower", text),
        Spelling::Basename => replaced(text, r"(?s)^.*[\\/]", ""),
        Spelling::Dirname => extracted(text, r"(?s)^(.*)[\\/]"),
        Spelling::Unquote => {
            let quoted = extracted(text, r#"^[ \t]*"([^"]*)"#);
            let word = extracted(text, r"^[ \t]*([^ \t]*)");
            chosen(text, r#"^[ \t]*""#, &quoted, &word)
        }
        Spelling::Hex40 => {
            let run = "(?:^|[^0-9A-Fa-f])([0-9A-Fa-f]{40})(?:[^0-9A-Fa-f]|$)";
            call("tolower", &extracted(text, run))
        }
        Spelling::Hostname => call("tolower", &extracted(text, "^([^.]*)")),
        Spelling::Guid => call("tolower", &replaced(text, r"^\{+|\}+$", "")),
        Spelling::Digits => call("tolower", &replaced(text, "[: ]", "")),
        Spelling::Whole => {
            let bare = replaced(text, r"^[+]|[.].*$", "");
            let short = replaced(&bare, "^(-?)0+([0-9])", r"\1\2");
            chosen(text, "^[+-]?[0-9]+([.]0*)?$", &replaced(&short, "^-0$", "0"), text)
        }
    }
}

fn call(function: &str, text: &Kusto) -> Kusto {
    Kusto::trusted(format!("{function}({text})"))
}

fn replaced(text: &Kusto, pattern: &str, by: &str) -> Kusto {
    let (pattern, by) = (syntax::text(pattern), syntax::text(by));
    Kusto::trusted(format!("replace_regex({text}, {pattern}, {by})"))
}

/// What the first group matches.
fn extracted(text: &Kusto, pattern: &str) -> Kusto {
    Kusto::trusted(format!("extract({}, 1, {text})", syntax::text(pattern)))
}

/// `then` where the pattern matches.
fn chosen(text: &Kusto, pattern: &str, then: &Kusto, otherwise: &Kusto) -> Kusto {
    let pattern = syntax::text(pattern);
    Kusto::trusted(format!("iff({text} matches regex {pattern}, {then}, {otherwise})"))
}
