//! Keys as they compare: the engine's transforms and canonical forms as expressions of `eval`.
//!
//! `basename` of `Image` → `replace(Image, "(?s)^.*[\x5c/]", "")`. Expressions are read by two
//! layers, SPL and PCRE; `\x5c` (a backslash) and `\x22` (a quote) are the same to both.

use crate::platform::Spelling;

/// The spelling of what `field` holds, a name; null or empty where there is none.
pub(super) fn spelt(field: &str, spelling: Spelling) -> String {
    match spelling {
        Spelling::Lower | Spelling::Boolean => format!("lower({field})"),
        Spelling::Basename => format!(r#"replace({field}, "(?s)^.*[\x5c/]", "")"#),
        Spelling::Dirname => format!(
            r#"if(match({field}, "[\x5c/]"), replace({field}, "(?s)[\x5c/][^\x5c/]*\z", ""), null())"#
        ),
        Spelling::Unquote => {
            let quoted = format!(r#"replace({field}, "(?s)^[ \x09]*\x22([^\x22]*).*\z", "\1")"#);
            let word = format!(r#"replace({field}, "(?s)^[ \x09]*([^ \x09]*).*\z", "\1")"#);
            format!(r#"if(match({field}, "^[ \x09]*\x22"), {quoted}, {word})"#)
        }
        Spelling::Hex40 => {
            let run = "(?<![0-9A-Fa-f])([0-9A-Fa-f]{40})(?![0-9A-Fa-f])";
            let found = format!(r#"lower(replace({field}, "(?s)^.*?{run}.*\z", "\1"))"#);
            format!(r#"if(match({field}, "{run}"), {found}, null())"#)
        }
        Spelling::Hostname => format!(r#"lower(replace({field}, "(?s)[.].*\z", ""))"#),
        Spelling::Guid => format!(r#"lower(replace({field}, "^[{{]+|[}}]+\z", ""))"#),
        Spelling::Digits => format!(r#"lower(replace({field}, "[: ]", ""))"#),
        Spelling::Whole => {
            let bare = format!(r#"replace({field}, "^[+]|[.].*\z", "")"#);
            let short = format!(r#"replace({bare}, "^(-?)0+([0-9])", "\1\2")"#);
            let whole = format!(r#"replace({short}, "^-0\z", "0")"#);
            format!(r#"if(match({field}, "^[+-]?[0-9]+([.]0*)?\z"), {whole}, {field})"#)
        }
    }
}
