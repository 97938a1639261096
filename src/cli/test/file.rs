//! `*.test.yml` → cases: events, and what must and must not fire.
//!
//! ```yaml
//! rule: trust_subverted            # else the only rule of the file beside, x.yml of x.test.yml
//! time: 2026-11-21T09:00:00Z
//! logsource: windows/registry_set  # of events that do not say theirs
//! parameters: {window: 12h}        # in place of those of the project
//! bases:                           # what several events have in common
//!   load: {logsource: windows/image_load, ImageLoaded: 'C:\x.dll'}
//! lacks: {approved-change: it takes none}    # why there is no such case
//! cases:
//!   - name: the hash is replaced within the window
//!     kinds: [positive, border]    # what it shows
//!     events:
//!       - {at: 0s, Computer: ws1, TargetObject: 'HKLM\…'}
//!       - {base: load, at: 24h, Computer: ws1}
//!     fires: [ws1]
//!   - {name: nothing, file: recording.json, silent: true}
//! ```

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::engine::event::Value;
use crate::engine::read::time;
use crate::source::{SourceId, Span, Spanned};
use crate::taxonomy::{Parts, Taxonomy};
use crate::yaml::{self, Kind, Meaning, Node};

use super::case::{At, Case, Expect, Inline};

/// When a test file does not name its base time: 2026-01-01T00:00:00Z.
const BASE: i64 = 1_767_225_600_000;

const FILE_KEYS: &[&str] = &["rule", "time", "logsource", "parameters", "bases", "lacks", "cases"];
const CASE_KEYS: &[&str] = &[
    "name",
    "kinds",
    "rule",
    "time",
    "logsource",
    "parameters",
    "events",
    "file",
    "files",
    "fires",
    "silent",
];

/// What a case shows of a rule; a rule over several events should have one of each, or `lacks` says why not.
const KINDS: &[&str] = &[
    "positive",
    "negative",
    "wrong-order",
    "outside-window",
    "border",
    "missing-leg",
    "null-value",
    "other-host",
    "approved-change",
    "allow-listed",
    "skewed-clocks",
];

/// Reads a test file; what is wrong with it is reported.
pub(crate) fn parse(source: SourceId, text: &str, diagnostics: &mut Diagnostics) -> Vec<Case> {
    let mut reader = Reader { taxonomy: Taxonomy::standard(), diagnostics };
    let documents = yaml::parse(source, text, reader.diagnostics);
    documents.iter().flat_map(|document| reader.file(document)).collect()
}

struct Reader<'d> {
    taxonomy: Taxonomy,
    diagnostics: &'d mut Diagnostics,
}

impl Reader<'_> {
    fn file(&mut self, document: &Node) -> Vec<Case> {
        if !self.keys(document, FILE_KEYS) {
            return Vec::new();
        }
        let Some(cases) = document.get("cases") else {
            let message = "a test file needs the key `cases`";
            self.report(Code::MissingKey, document.span, message, "list the cases under it");
            return Vec::new();
        };
        let Some(items) = cases.items() else {
            self.shape(cases, "a list of cases");
            return Vec::new();
        };
        for (kind, _) in document.get("lacks").and_then(Node::pairs).unwrap_or_default() {
            self.kind(kind);
        }
        if items.is_empty() {
            let help = "list a case that fires and one that stays silent";
            self.report(Code::EmptyValue, cases.span, "the list of cases is empty", help);
        }
        items.iter().filter_map(|item| self.case(item, document)).collect()
    }

    /// Reports a kind that there is not.
    fn kind(&mut self, node: &Node) {
        let name = node.text().unwrap_or_default();
        if !KINDS.contains(&name) {
            let message = format!("there is no kind of case `{name}`");
            let found = Diagnostic::new(Code::TestKey, node.span, message);
            self.diagnostics.push(found.nearest(name, KINDS.iter().copied()));
        }
    }

    fn case(&mut self, node: &Node, file: &Node) -> Option<Case> {
        if !self.keys(node, CASE_KEYS) {
            return None;
        }
        match node.get("kinds") {
            None => {}
            Some(kinds) => match kinds.items() {
                Some(kinds) => kinds.iter().for_each(|kind| self.kind(kind)),
                None => self.kind(kinds),
            },
        }
        let either = |key: &str| node.get(key).or_else(|| file.get(key));
        let Some(name) = node.get("name").and_then(Node::spanned_text) else {
            let help = "say in a few words what it shows";
            self.report(Code::MissingKey, node.span, "a case needs the key `name`", help);
            return None;
        };
        let base = match either("time") {
            Some(node) => self.time(node)?,
            None => BASE,
        };
        let logsource = match either("logsource") {
            Some(node) => Some(self.logsource(node)?),
            None => None,
        };
        let mut parameters = BTreeMap::new();
        for node in [file.get("parameters"), node.get("parameters")].into_iter().flatten() {
            parameters.extend(self.parameters(node)?);
        }
        let (expect, place) = self.expect(node)?;
        let events =
            node.get("events").map_or(Some(Vec::new()), |events| self.events(events, file))?;
        let files = self.texts(node.get("file").or_else(|| node.get("files")))?;
        if events.is_empty() && files.is_empty() {
            let help = "list them under `events`, or name a `file`";
            self.report(Code::MissingKey, node.span, "a case needs events", help);
            return None;
        }
        Some(Case {
            name,
            rule: either("rule").and_then(Node::spanned_text),
            logsource,
            parameters,
            base,
            events,
            files,
            has_twins: false,
            expect,
            place,
        })
    }

    fn expect(&mut self, node: &Node) -> Option<(Expect, Span)> {
        let help = "say `silent: true`, or `fires:` with the keys";
        let (key, value) = match (node.entry("fires"), node.entry("silent")) {
            (Some(entry), None) | (None, Some(entry)) => entry,
            (None, None) => {
                let message = "a case needs the key `fires` or `silent`";
                self.report(Code::MissingKey, node.span, message, help);
                return None;
            }
            (Some(_), Some((silent, _))) => {
                let message = "a case either fires or is silent";
                self.report(Code::WrongShape, silent.span, message, help);
                return None;
            }
        };
        let is_silent = key.text() == Some("silent");
        let expect = match (is_silent, value.meaning(), value.items()) {
            (true, Some(Meaning::Boolean(true)), _) => Some(Expect::Silent),
            (false, Some(Meaning::Boolean(true)), _) => Some(Expect::Fires),
            (false, Some(Meaning::Integer(count)), _) => {
                u64::try_from(count).ok().map(Expect::Count)
            }
            (false, _, Some(keys)) => Some(Expect::Keys(self.fired(keys)?)),
            _ => None,
        };
        if expect.is_none() {
            let shape = if is_silent { "`true`" } else { "`true`, a number or a list of keys" };
            self.shape(value, shape);
        }
        Some((expect?, key.span.to(value.span)))
    }

    /// The keys of a list, each of which stands there once.
    fn fired(&mut self, nodes: &[Node]) -> Option<Vec<Vec<String>>> {
        let mut keys = Vec::new();
        for node in nodes {
            let key = self.key(node)?;
            if keys.contains(&key) {
                let message = format!("`{}` stands in the list twice", key.join(" "));
                let help = "list it once, or say how many results there are: `fires: 2`";
                self.report(Code::WrongShape, node.span, &message, help);
                return None;
            }
            keys.push(key);
        }
        Some(keys)
    }

    /// A key: a value, or a list of values for a key of several parts.
    fn key(&mut self, node: &Node) -> Option<Vec<String>> {
        match &node.kind {
            Kind::Scalar { text, .. } => Some(vec![text.clone()]),
            Kind::Sequence(parts) => {
                parts.iter().map(|part| part.text().map(str::to_owned)).collect()
            }
            Kind::Mapping(_) => {
                self.shape(node, "a value, or a list of values");
                None
            }
        }
    }

    fn events(&mut self, node: &Node, file: &Node) -> Option<Vec<Inline>> {
        let Some(items) = node.items() else {
            self.shape(node, "a list of events");
            return None;
        };
        items.iter().map(|item| self.event(item, file)).collect()
    }

    fn event(&mut self, node: &Node, file: &Node) -> Option<Inline> {
        let mut event = Inline { span: node.span, ..Inline::default() };
        if let Some(base) = node.get("base") {
            let base = self.base(base, file)?;
            self.fields(base, &mut event)?;
        }
        self.fields(node, &mut event)?;
        if event.fields.contains_key("Event") {
            // A whole Windows event, whose names are found where the reader looks for them.
            event.names.clear();
        }
        // By this name Zeek says which of its logs a line is of.
        event.names.retain(|name| name.node != "_path");
        Some(event)
    }

    /// The fields of the base with this name.
    fn base<'n>(&mut self, name: &Node, file: &'n Node) -> Option<&'n Node> {
        let wanted = name.text().unwrap_or_default();
        let found = file.get("bases").and_then(|bases| bases.get(wanted));
        if found.is_none() {
            let bases = file.get("bases").and_then(Node::pairs).unwrap_or_default();
            let known = bases.iter().filter_map(|(key, _)| key.text());
            let message = format!("the test file has no base `{wanted}`");
            let unknown = Diagnostic::new(Code::TestKey, name.span, message);
            self.diagnostics.push(unknown.nearest(wanted, known));
        }
        found
    }

    /// Adds what is written to an event, in place of what it holds by the same names.
    fn fields(&mut self, node: &Node, event: &mut Inline) -> Option<()> {
        let Some(pairs) = node.pairs() else {
            self.shape(node, "a mapping of fields");
            return None;
        };
        for (key, value) in pairs {
            match key.text() {
                None | Some("base") => {}
                Some("at") => event.at = Some(self.at(value)?),
                Some("logsource") => {
                    let logsource = self.logsource(value)?;
                    event.fields.insert("logsource".to_owned(), logsource.into());
                }
                Some(name) => {
                    leaves(name, key.span, value, &mut event.names);
                    event.fields.insert(name.to_owned(), json(value));
                }
            }
        }
        Some(())
    }

    fn at(&mut self, node: &Node) -> Option<At> {
        let text = node.text().unwrap_or_default();
        let found = offset(text).map(At::Offset);
        let found = found.or_else(|| time(&Value::from(text)).map(At::Time));
        if found.is_none() {
            self.shape(node, "a time such as `90s`, `5m`, `24h` or `2026-11-21T09:00:00Z`");
        }
        found
    }

    /// The key of a log source, given as such or by its parts.
    fn logsource(&mut self, node: &Node) -> Option<String> {
        let part = |name: &str| node.get(name).and_then(Node::text);
        let (product, category) = (part("product"), part("category"));
        let parts = Parts { product, category, service: part("service") };
        let key = node.text().map_or_else(|| parts.key(), str::to_owned);
        if self.taxonomy.get(&key).is_some() {
            return Some(key);
        }
        let message = format!("there is no log source `{key}`");
        let found = Diagnostic::new(Code::UnknownLogSource, node.span, message);
        let found = found.help("`sigweave list logsources` shows what there is");
        self.diagnostics.push(found.nearest(&key, self.taxonomy.keys()));
        None
    }

    fn time(&mut self, node: &Node) -> Option<i64> {
        let found = time(&Value::from(node.text().unwrap_or_default()));
        if found.is_none() {
            self.shape(node, "a time such as `2026-11-21T09:00:00Z`");
        }
        found
    }

    fn texts(&mut self, node: Option<&Node>) -> Option<Vec<Spanned<String>>> {
        let Some(node) = node else { return Some(Vec::new()) };
        let texts = match &node.kind {
            Kind::Scalar { .. } => node.spanned_text().map(|text| vec![text]),
            Kind::Sequence(items) => items.iter().map(Node::spanned_text).collect(),
            Kind::Mapping(_) => None,
        };
        if texts.is_none() {
            self.shape(node, "the name of a file, or a list of names");
        }
        texts
    }

    fn parameters(&mut self, node: &Node) -> Option<BTreeMap<String, Vec<String>>> {
        let Some(pairs) = node.pairs() else {
            self.shape(node, "a mapping of names to values");
            return None;
        };
        let mut parameters = BTreeMap::new();
        for (key, value) in pairs {
            let values: Option<Vec<String>> = match &value.kind {
                Kind::Scalar { text, .. } => Some(vec![text.clone()]),
                Kind::Sequence(items) => {
                    items.iter().map(|item| item.text().map(str::to_owned)).collect()
                }
                Kind::Mapping(_) => None,
            };
            if values.is_none() {
                self.shape(value, "a value or a list of values");
            }
            parameters.insert(key.text().unwrap_or_default().to_owned(), values?);
        }
        Some(parameters)
    }

    /// Reports unknown keys; whether it is a mapping at all.
    fn keys(&mut self, node: &Node, known: &[&str]) -> bool {
        let Some(pairs) = node.pairs() else {
            self.shape(node, "a mapping");
            return false;
        };
        for (key, _) in pairs {
            let name = key.text().unwrap_or_default();
            if !known.contains(&name) {
                let message = format!("a test file has no key `{name}` here");
                let found = Diagnostic::new(Code::TestKey, key.span, message);
                self.diagnostics.push(found.nearest(name, known.iter().copied()));
            }
        }
        true
    }

    fn shape(&mut self, node: &Node, expected: &str) {
        let found = match node.meaning() {
            Some(Meaning::Boolean(value)) => format!("`{value}`"),
            Some(Meaning::Text | Meaning::Integer(_) | Meaning::Float(_) | Meaning::Null)
            | None => node.describe().to_owned(),
        };
        let message = format!("expected {expected}, found {found}");
        self.diagnostics.push(Diagnostic::new(Code::WrongShape, node.span, message));
    }

    fn report(&mut self, code: Code, span: Span, message: &str, help: &str) {
        self.diagnostics.push(Diagnostic::new(code, span, message).help(help));
    }
}

/// Milliseconds of an offset: a number with `ms`, `s`, `m`, `h` or `d`, or `0`.
fn offset(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = unsigned.split_at_checked(digits)?;
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "" if number == "0" => 0,
        _ => return None,
    };
    let millis = number.parse::<i64>().ok()?.checked_mul(unit)?;
    Some(if unsigned.len() == text.len() { millis } else { -millis })
}

/// The names of the fields that a value holds, joined with dots.
fn leaves(name: &str, span: Span, value: &Node, names: &mut Vec<Spanned<String>>) {
    match value.pairs() {
        None => names.push(Spanned::new(name.to_owned(), span)),
        Some(pairs) => {
            for (key, value) in pairs {
                let inner = key.text().unwrap_or_default();
                leaves(&format!("{name}.{inner}"), key.span, value, names);
            }
        }
    }
}

/// A value of an event as JSON.
fn json(node: &Node) -> serde_json::Value {
    match &node.kind {
        Kind::Sequence(items) => items.iter().map(json).collect(),
        Kind::Mapping(pairs) => {
            let pairs =
                pairs.iter().filter_map(|(key, value)| Some((key.text()?.to_owned(), json(value))));
            serde_json::Value::Object(pairs.collect())
        }
        Kind::Scalar { text, style } => match yaml::scalar::meaning(text, *style) {
            Meaning::Text => text.clone().into(),
            Meaning::Integer(number) => number.into(),
            Meaning::Float(number) => number.into(),
            Meaning::Boolean(value) => value.into(),
            Meaning::Null => serde_json::Value::Null,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<Case>, Vec<String>) {
        let mut diagnostics = Diagnostics::default();
        let cases = parse(SourceId(0), text, &mut diagnostics);
        let found = diagnostics.into_sorted();
        (cases, found.into_iter().map(|f| format!("{} {}", f.code.id(), f.message)).collect())
    }

    #[test]
    fn a_case_inherits_from_its_file() {
        let text = "rule: r\ntime: 1970-01-01T00:00:01Z\nlogsource: zeek/service:ssl\nparameters: {w: 1h, l: [a, b]}\ncases:\n  - name: n\n    \
            events: [{at: 5m, A: 1, B: [x, null]}]\n    fires: [k, [a, b]]\n";
        let (cases, found) = parsed(text);
        assert_eq!(found, Vec::<String>::new());
        let case = &cases[0];
        assert_eq!(case.rule.as_ref().unwrap().node, "r");
        assert_eq!((case.base, case.logsource.as_deref()), (1_000, Some("zeek/service:ssl")));
        assert_eq!(case.parameters["l"], ["a", "b"]);
        assert_eq!(case.events[0].at, Some(At::Offset(300_000)));
        let fields = serde_json::Value::from(case.events[0].fields.clone());
        assert_eq!(fields, serde_json::json!({"A": 1, "B": ["x", null]}));
        let keys = vec![vec!["k".to_owned()], vec!["a".to_owned(), "b".to_owned()]];
        assert_eq!(case.expect, Expect::Keys(keys));
    }

    #[test]
    fn an_event_takes_from_its_base_what_it_does_not_say_itself() {
        let text = "bases: {b: {logsource: zeek/service:ssl, A: 1, B: 2, at: 5s}}\ncases:\n  - name: n\n    \
            silent: true\n    events: [{base: b, B: 3, c: {d: 4}}, {base: bb}]\n";
        let (_, found) = parsed(text);
        assert_eq!(found, ["E0802 the test file has no base `bb`"]);
        let (cases, found) = parsed(&text.replace(", {base: bb}", ""));
        assert_eq!(found, Vec::<String>::new());
        let event = &cases[0].events[0];
        let fields = serde_json::Value::from(event.fields.clone());
        let expected = serde_json::json!({
            "logsource": "zeek/service:ssl", "A": 1, "B": 3, "c": {"d": 4}
        });
        assert_eq!((fields, event.at), (expected, Some(At::Offset(5_000))));
        let names: Vec<&str> = event.names.iter().map(|name| name.node.as_str()).collect();
        assert_eq!(names, ["A", "B", "B", "c.d"]);
    }

    #[test]
    fn every_mistake_of_a_file_is_reported() {
        let text = "cases:\n  - {nam: x, silent: true}\n  - {name: a, events: [1], fires: true}\n  \
            - {name: b, file: f}\n  - {name: c, events: [{at: soon}], silent: true}\n  \
            - {name: d, silent: true}\n  - {name: e, file: f, silent: 3}\n  \
            - {name: g, file: f, logsource: zeek/service:sll, silent: true}\n";
        let (cases, found) = parsed(text);
        assert!(cases.is_empty());
        assert_eq!(
            found,
            [
                "E0109 a case needs the key `name`",
                "E0802 a test file has no key `nam` here",
                "E0110 expected a mapping of fields, found a number",
                "E0109 a case needs the key `fires` or `silent`",
                "E0110 expected a time such as `90s`, `5m`, `24h` or `2026-11-21T09:00:00Z`, \
                 found text",
                "E0109 a case needs events",
                "E0110 expected `true`, found a number",
                "E0302 there is no log source `zeek/service:sll`",
            ]
        );
    }

    #[test]
    fn no_key_stands_in_a_list_twice_and_a_file_has_cases() {
        let (cases, found) = parsed(
            "cases:\n  - {name: a, file: f, fires: [x, y, x]}\n  - {name: b, file: f, fires: [[x, y], [x, y]]}\n  \
             - {name: c, file: f, fires: [[x, y], x y]}\n  - {name: d, file: f, silent: false}\n",
        );
        assert_eq!(cases.len(), 1);
        assert_eq!(
            found,
            [
                "E0110 `x` stands in the list twice",
                "E0110 `x y` stands in the list twice",
                "E0110 expected `true`, found `false`",
            ]
        );
        let (_, found) = parsed("cases: []\n");
        assert_eq!(found, ["E0111 the list of cases is empty"]);
    }

    #[test]
    fn offsets_have_a_unit() {
        for (text, millis) in [
            ("0", Some(0)),
            ("90s", Some(90_000)),
            ("-5m", Some(-300_000)),
            ("1d", Some(86_400_000)),
            ("1500ms", Some(1_500)),
            ("5", None),
            ("h", None),
            ("5 m", None),
            ("99999999999999999999d", None),
        ] {
            assert_eq!(offset(text), millis, "{text}");
        }
    }
}
