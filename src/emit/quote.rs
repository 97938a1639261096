//! Text of a rule → text that is valid inside an artifact; the only place that knows the quotes of
//! conf files, JSON, TOML and YAML.
//!
//! Each language has its own mark, so that a value quoted for one cannot be printed into another.
//! `it's "x"` → YAML `"it's \"x\""`.

use serde_json::Value as Json;

use crate::backend::Fragment;

/// Splunk's conf files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conf;
/// JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonText;
/// TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Toml;
/// YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Yaml;

/// A value on one line: line breaks and other control characters become spaces. A backslash at its
/// end would continue the line (Splunk, "configuration file structure"), so a full stop follows it.
pub(super) fn conf(text: &str) -> Fragment<Conf> {
    let plain = text.replace(|c: char| c.is_control() || is_break(c), " ");
    let words: Vec<&str> = plain.split_whitespace().collect();
    let mut line = words.join(" ");
    if line.ends_with('\\') {
        line.push('.');
    }
    Fragment::trusted(line)
}

/// A value in which Splunk replaces `$field$`: a dollar sign of the text is doubled.
pub(super) fn conf_tokens(text: &str) -> Fragment<Conf> {
    Fragment::trusted(conf(text).as_str().replace('$', "$$"))
}

/// The name of a stanza: `[` and `]` cannot stand in it; at most 99 characters (users shorten
/// themselves what matters to them, the rest ends in `…`).
pub(super) fn stanza(text: &str) -> Fragment<Conf> {
    const MOST: usize = 99;
    let line = conf(text).as_str().replace('[', "(").replace(']', ")");
    let name = if line.chars().count() > MOST {
        line.chars().take(MOST - 1).chain(['…']).collect()
    } else {
        line
    };
    Fragment::trusted(name)
}

/// A query over several lines, each but the last continued by a backslash.
pub(super) fn conf_query(text: &str) -> Fragment<Conf> {
    let clean = text.replace(|c: char| c != '\n' && (c.is_control() || is_break(c)), " ");
    let lines: Vec<&str> = clean.lines().map(str::trim_end).collect();
    let mut value = lines.join(" \\\n");
    if value.ends_with('\\') {
        value.push(' ');
    }
    Fragment::trusted(value)
}

/// A JSON value on one line of a conf file; a dollar sign is written as its number.
pub(super) fn conf_json(value: &Json) -> Fragment<Conf> {
    Fragment::trusted(ascii_breaks(&value.to_string()).replace('$', "\\u0024"))
}

/// A JSON value on one line.
pub(super) fn json(value: &Json) -> Fragment<JsonText> {
    Fragment::trusted(ascii_breaks(&value.to_string()))
}

/// A text of an ARM template: one that begins with `[` and ends with `]` would be an expression, and a
/// second `[` says that it is none; any other text is taken as it is (Microsoft, "Syntax and
/// expressions in ARM templates", escape characters).
pub(super) fn arm(text: &str) -> Json {
    let is_expression = text.starts_with('[') && text.ends_with(']');
    Json::from(if is_expression { format!("[{text}") } else { text.to_owned() })
}

/// A TOML value on one line: TOML's basic strings know the escapes of JSON.
pub(super) fn toml(value: &Json) -> Fragment<Toml> {
    Fragment::trusted(ascii_breaks(&value.to_string()).replace('\u{7f}', "\\u007f"))
}

/// A query over several lines in a literal string, or, where that cannot hold it, in a basic one.
pub(super) fn toml_query(text: &str) -> Fragment<Toml> {
    let fits = !text.contains("'''") && !text.ends_with('\'');
    let plain = |c: char| c == '\n' || c == '\t' || !(c.is_control() || is_break(c));
    if fits && text.chars().all(plain) {
        return Fragment::trusted(format!("'''\n{text}\n'''"));
    }
    toml(&Json::from(text))
}

/// A YAML value on one line: JSON is YAML's flow style.
pub(super) fn yaml(value: &Json) -> Fragment<Yaml> {
    Fragment::trusted(ascii_breaks(&value.to_string()).replace('\u{7f}', "\\u007f"))
}

/// A text over several lines as a literal block, indented by so many spaces; where a block cannot
/// hold it, in quotes.
pub(super) fn yaml_block(text: &str, indent: usize) -> Fragment<Yaml> {
    let plain = |c: char| c == '\n' || !(c.is_control() || is_break(c) || c == '\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    let starts = !first.is_empty() && !first.starts_with([' ', '\t']);
    let fits = starts && !text.ends_with('\n') && text.chars().all(plain);
    if !fits {
        return yaml(&Json::from(text));
    }
    let margin = " ".repeat(indent);
    let lines = text.lines().map(|line| match line {
        "" => String::new(),
        line => format!("{margin}{line}"),
    });
    Fragment::trusted(format!("|-\n{}", lines.collect::<Vec<_>>().join("\n")))
}

/// Characters beyond ASCII at which some readers break lines.
fn is_break(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// JSON in which no character breaks a line or is a control character beyond ASCII.
fn ascii_breaks(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if is_break(c) || c == '\u{feff}' || ('\u{80}'..'\u{a0}').contains(&c) {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::source::SourceMap;

    /// Texts that try to leave their quotes.
    fn hostile() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just("\\"),
            Just("\n"),
            Just("'''"),
            Just("\"\"\""),
            Just("\"\n[x]\nsearch = y"),
            Just("\r\n"),
            Just("$x$"),
            Just("{{ x }}"),
            Just(": - #"),
            Just("\u{85}"),
            Just("\u{2028}"),
            Just("\u{feff}"),
            Just("\u{7f}"),
            Just("\u{1}"),
            Just("é"),
            Just("[concat("),
            Just(" "),
            Just("\t"),
            Just("a"),
            Just("|-"),
        ];
        prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    fn yaml_of(document: &str) -> serde_yaml::Value {
        serde_yaml::from_str(document).unwrap_or_else(|error| panic!("{error}: {document:?}"))
    }

    /// A conf file's entries as Splunk reads them: a line that ends in a backslash is continued.
    fn conf_of(text: &str) -> Vec<(String, String)> {
        let joined = text.replace("\\\n", "\u{0}");
        let lines = joined.lines().filter(|line| !line.is_empty());
        let pair = |line: &str| {
            let (key, value) = line.split_once(" = ").unwrap_or((line, ""));
            (key.to_owned(), value.replace('\u{0}', "\n"))
        };
        lines.map(pair).collect()
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_quotes(text in hostile()) {
            let value = Json::from(text.as_str());
            let whole = format!("a = {}\nb = 1\n", toml(&value));
            let table: ::toml::Table = whole.parse().unwrap();
            prop_assert_eq!(table["a"].as_str(), Some(text.as_str()));
            prop_assert_eq!(table.len(), 2);

            let table: ::toml::Table = format!("a = {}\nb = 1\n", toml_query(&text)).parse().unwrap();
            prop_assert_eq!(table["a"].as_str().map(str::trim_end), Some(text.trim_end()));
            prop_assert_eq!(table.len(), 2);

            for quoted in [yaml(&value), yaml_block(&text, 4)] {
                let read = yaml_of(&format!("a: {quoted}\nb: 1\n"));
                prop_assert_eq!(read["a"].as_str(), Some(text.as_str()));
                prop_assert_eq!(read.as_mapping().unwrap().len(), 2);
                let mut sources = SourceMap::default();
                let id = sources.add("x", format!("a: {quoted}\nb: 1\n"));
                let mut found = Diagnostics::default();
                crate::yaml::parse(id, sources.text(id), &mut found);
                prop_assert!(!found.has_errors());
            }

            let read: Json = serde_json::from_str(&format!("{{\"a\": {}}}", json(&value))).unwrap();
            prop_assert_eq!(read["a"].as_str(), Some(text.as_str()));

            for quoted in [conf(&text), conf_tokens(&text), stanza(&text), conf_query(&text), conf_json(&value)] {
                let entries = conf_of(&format!("a = {quoted}\nb = 1\n"));
                let keys: Vec<&str> = entries.iter().map(|(key, _)| key.trim_end_matches(" =")).collect();
                prop_assert_eq!(keys, ["a", "b"]);
            }
            let doubled = conf_tokens(&text).as_str().replace("$$", "");
            prop_assert!(!doubled.contains('$'));
            prop_assert!(stanza(&text).as_str().chars().all(|c| !"[]".contains(c)));
        }
    }

    #[test]
    fn an_arm_text_is_no_expression() {
        assert_eq!(arm("[concat('x')]"), "[[concat('x')]");
        assert_eq!(arm("x [y]"), "x [y]");
        assert_eq!(arm("[TEST] Certutil"), "[TEST] Certutil");
    }

    #[test]
    fn a_long_stanza_has_99_characters() {
        assert_eq!(stanza(&"ä".repeat(120)).as_str().chars().count(), 99);
    }

    #[test]
    fn queries_keep_their_lines() {
        assert_eq!(conf_query("a\n| b").as_str(), "a \\\n| b");
        assert_eq!(toml_query("any where\n  x").as_str(), "'''\nany where\n  x\n'''");
        assert_eq!(yaml_block("T\n| where x", 4).as_str(), "|-\n    T\n    | where x");
    }
}
