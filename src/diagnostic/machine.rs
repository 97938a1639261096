//! Findings for other programs: SARIF 2.1.0, GitHub's annotations, JUnit.
//!
//! Paths are those that `name` gives for a source's name, relative to the repository: code scanning
//! matches files by them. A finding keeps its fingerprint when lines are put before it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{CODES, Code, CodeEntry, Diagnostic, Label, Severity};
use crate::source::{SourceMap, Span};

/// Where findings are, as a program names it.
pub struct Places<'a> {
    /// All texts.
    pub sources: &'a SourceMap,
    /// The path of a source's name, relative to the repository, with `/` between.
    pub name: &'a dyn Fn(&str) -> String,
}

impl Places<'_> {
    fn path(&self, span: Span) -> String {
        self.sources.get(span.source).map_or_else(String::new, |source| (self.name)(&source.name))
    }

    /// Line and column of both ends, from 1.
    fn region(&self, span: Span) -> [usize; 4] {
        let Some(source) = self.sources.get(span.source) else { return [1; 4] };
        let (line, column) = source.position(span.start);
        let (end_line, end_column) = source.position(span.end);
        [line, column, end_line, end_column]
    }

    /// The line of a place, without its margin.
    fn line(&self, span: Span) -> &str {
        let text = self.sources.text(span.source);
        let line = self.region(span)[0];
        text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim()
    }
}

/// A SARIF 2.1.0 log of one run.
#[must_use]
pub fn sarif(found: &[&Diagnostic], places: &Places<'_>) -> String {
    let mut codes: Vec<Code> = found.iter().map(|found| found.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let used = CODES.iter().filter(|entry| codes.contains(&entry.code));
    let rules: Vec<Value> = used.map(descriptor).collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let results = found.iter().map(|found| result(found, &codes, places, &mut seen));
    let results: Vec<Value> = results.collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "sigweave",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    log.to_string()
}

/// A code as a rule of the log, with its page as help.
fn descriptor(entry: &CodeEntry) -> Value {
    json!({
        "id": entry.id,
        "name": pascal(entry.name),
        "shortDescription": { "text": entry.title },
        "help": { "text": entry.page, "markdown": entry.page },
        "defaultConfiguration": { "level": entry.code.severity().as_str() },
    })
}

/// `unknown-field` → `UnknownField`.
fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(word).collect()
}

fn result(
    found: &Diagnostic,
    codes: &[Code],
    places: &Places<'_>,
    seen: &mut BTreeMap<String, usize>,
) -> Value {
    let span = found.primary.span;
    let mut hash = Sha256::new();
    for part in [found.code.id(), &places.path(span), places.line(span)] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digits =
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>();
    let number = seen.entry(digits.clone()).or_default();
    *number += 1;
    let further = found.labels.iter().map(|label| location(label, places));
    json!({
        "ruleId": found.code.id(),
        "ruleIndex": codes.binary_search(&found.code).unwrap_or_default(),
        "level": found.severity().as_str(),
        "message": { "text": told(found) },
        "locations": [location(&found.primary, places)],
        "relatedLocations": further.collect::<Vec<_>>(),
        "partialFingerprints": { "sigweaveFinding/v1": format!("{digits}:{number}") },
    })
}

fn location(label: &Label, places: &Places<'_>) -> Value {
    let [line, column, end_line, end_column] = places.region(label.span);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&places.path(label.span)) },
            "region": {
                "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
            },
        },
    });
    if let (false, Some(object)) = (label.text.is_empty(), location.as_object_mut()) {
        object.insert("message".to_owned(), json!({ "text": label.text }));
    }
    location
}

/// A path as a URI, an absolute one as that of a file: what is no plain character is written as its
/// bytes.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// The message with notes and help, a line each.
fn told(found: &Diagnostic) -> String {
    let notes = found.notes.iter().map(|note| format!("\nnote: {note}"));
    let help = found.help.iter().map(|help| format!("\nhelp: {help}"));
    notes.chain(help).fold(found.message.clone(), |text, line| text + &line)
}

/// A command of GitHub's workflow language, which annotates a line of a change.
#[must_use]
pub fn github(found: &Diagnostic, places: &Places<'_>) -> String {
    let kind = match found.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let [line, column, end_line, end_column] = places.region(found.primary.span);
    let path = property(&places.path(found.primary.span));
    let end = if end_line == line { format!(",endColumn={end_column}") } else { String::new() };
    let (id, message) = (found.code.id(), data(&told(found)));
    format!(
        "::{kind} file={path},line={line},endLine={end_line},col={column}{end},title={id}::{message}"
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A JUnit report: a suite per file, a failing case per error; warnings do not fail.
#[must_use]
pub fn junit(found: &[&Diagnostic], files: &[String], places: &Places<'_>) -> String {
    let mut suites: BTreeMap<String, Vec<&Diagnostic>> =
        files.iter().map(|file| ((places.name)(file), Vec::new())).collect();
    for found in found {
        suites.entry(places.path(found.primary.span)).or_default().push(found);
    }
    let mut report =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sigweave\">\n".to_owned();
    for (file, found) in suites {
        report += &suite(&file, &found, places);
    }
    report + "</testsuites>"
}

fn suite(file: &str, found: &[&Diagnostic], places: &Places<'_>) -> String {
    let is_error = |found: &&&Diagnostic| found.severity() == Severity::Error;
    let failures = found.iter().filter(is_error).count();
    let tests = found.len().max(1);
    let name = xml(file);
    let mut suite =
        format!("  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">\n");
    if found.is_empty() {
        suite += &format!("    <testcase classname=\"{name}\" name=\"sound\"/>\n");
    }
    for found in found {
        let [line, column, ..] = places.region(found.primary.span);
        let case = format!("{}:{line}:{column} {}", found.code.id(), found.message);
        let message = xml(&told(found));
        let (case, element) = (xml(&case), if is_error(&found) { "failure" } else { "system-out" });
        suite += &format!("    <testcase classname=\"{name}\" name=\"{case}\">\n");
        suite += &match element {
            "failure" => format!("      <failure message=\"{message}\"/>\n"),
            _ => format!("      <system-out>{message}</system-out>\n"),
        };
        suite += "    </testcase>\n";
    }
    suite + "  </testsuite>\n"
}

/// Text within XML; what XML cannot hold is replaced.
#[must_use]
pub fn xml(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\n' | '\t' => xml.push_str(&format!("&#{};", u32::from(char))),
            '\u{fffe}' | '\u{ffff}' => xml.push('\u{fffd}'),
            _ if char.is_control() => xml.push('\u{fffd}'),
            _ => xml.push(char),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(text: &str) -> (SourceMap, Diagnostic) {
        let mut sources = SourceMap::default();
        let id = sources.add("/repo/a b.yml", text);
        let at = text.find("Imgae").unwrap();
        let span = Span::new(id, at, at + 5);
        (sources, Diagnostic::new(Code::UnknownField, span, "no field\n`Imgae`, 5%"))
    }

    fn relative(name: &str) -> String {
        name.trim_start_matches("/repo/").to_owned()
    }

    fn log(text: &str) -> Value {
        let (sources, found) = finding(text);
        let places = Places { sources: &sources, name: &relative };
        serde_json::from_str(&sarif(&[&found, &found], &places)).unwrap()
    }

    #[test]
    fn a_log_has_rules_places_and_fingerprints_that_survive_a_move() {
        let before = log("title: x\nImgae: y\n");
        let after = log("# new\n\ntitle: x\n  Imgae: y\n");
        let print = |log: &Value, at: usize| {
            log["runs"][0]["results"][at]["partialFingerprints"]["sigweaveFinding/v1"].clone()
        };
        assert_eq!(print(&before, 0), print(&after, 0));
        assert_ne!(print(&before, 0), print(&before, 1));
        let result = &before["runs"][0]["results"][0];
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b.yml");
        assert_eq!(uri("/tmp/ä"), "file:///tmp/%C3%A4");
        assert_eq!(
            (&place["region"]["startLine"], &place["region"]["endColumn"]),
            (&2.into(), &6.into())
        );
        let rule = &before["runs"][0]["tool"]["driver"]["rules"][0];
        assert_eq!((&rule["id"], &rule["name"]), (&result["ruleId"], &"UnknownField".into()));
        assert!(rule["help"]["markdown"].as_str().unwrap().starts_with("# E0301"));
    }

    #[test]
    fn an_annotation_is_one_line() {
        let (sources, found) = finding("Imgae: y\n");
        let places = Places { sources: &sources, name: &relative };
        assert_eq!(
            github(&found, &places),
            "::error file=a b.yml,line=1,endLine=1,col=1,endColumn=6,title=E0301::no field%0A`Imgae`, 5%25"
        );
    }

    #[test]
    fn xml_cannot_be_broken_out_of() {
        assert_eq!(xml("a\"b<c>&\n\u{1}"), "a&quot;b&lt;c&gt;&amp;&#10;\u{fffd}");
        let (sources, found) = finding("Imgae: y\n");
        let places = Places { sources: &sources, name: &relative };
        let report = junit(&[&found], &["/repo/c.yml".to_owned()], &places);
        assert!(
            report.contains("<testsuite name=\"a b.yml\" tests=\"1\" failures=\"1\">"),
            "{report}"
        );
        assert!(report.contains("<testcase classname=\"c.yml\" name=\"sound\"/>"), "{report}");
    }
}
