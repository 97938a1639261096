//! Sigma documents: what is read, and where each mistake is reported.
//!
//! `with_detection("s: {A: x}\ncondition: s")` makes a rule; `show` prints its search: `all(A='x')`.

use proptest::prelude::*;

use super::*;
use crate::source::SourceMap;
use crate::syntax::ast::{Item, Search, Value, ValueKind};

fn read(text: &str) -> (Vec<Document>, Vec<Diagnostic>) {
    let mut sources = SourceMap::default();
    let id = sources.add("rule.yml", text);
    let mut diagnostics = Diagnostics::default();
    let documents = parse(id, sources.text(id), &mut diagnostics);
    (documents, diagnostics.into_iter().collect())
}

/// Code, text at the caret and message of every finding.
fn findings(text: &str) -> Vec<String> {
    let shown = |one: &Diagnostic| {
        let place = text.get(one.primary.span.range()).unwrap_or("?");
        format!("{} [{place}] {}", one.code.id(), one.message)
    };
    read(text).1.iter().map(shown).collect()
}

/// A rule with this detection, indented by two.
fn with_detection(detection: &str) -> String {
    let indented = detection.replace('\n', "\n  ");
    format!("title: t\nlogsource: {{product: windows}}\ndetection:\n  {indented}\n")
}

fn detection(text: &str) -> crate::syntax::ast::Detection {
    let (documents, found) = read(text);
    assert!(found.iter().all(|one| !one.code.id().starts_with('E')), "{found:?}");
    match documents.into_iter().next() {
        Some(Document::Rule(rule)) => rule.detection,
        other => panic!("not a rule: {other:?}"),
    }
}

fn show_value(value: &Value) -> String {
    match value.kind {
        ValueKind::Text | ValueKind::Literal => format!("'{}'", value.text),
        ValueKind::Integer(number) => format!("{number}i"),
        ValueKind::Float(number) => format!("{number}f"),
        ValueKind::Boolean(truth) => truth.to_string(),
        ValueKind::Null => "null".to_owned(),
        ValueKind::Glob => format!("glob {}", value.text),
    }
}

fn show_item(item: &Item) -> String {
    let field = item.field.as_ref().map_or("", |field| &field.node);
    let modifiers: String = item.modifiers.iter().map(|one| format!("|{}", one.node)).collect();
    let values: Vec<String> = item.values.iter().map(show_value).collect();
    format!("{field}{modifiers}={}", values.join(","))
}

fn show(search: &Search) -> String {
    let list = |name: &str, parts: &[Search]| {
        let parts: Vec<String> = parts.iter().map(show).collect();
        format!("{name}({})", parts.join("; "))
    };
    match search {
        Search::All(parts, _) => list("all", parts),
        Search::Any(parts, _) => list("any", parts),
        Search::Item(item) => show_item(item),
    }
}

#[test]
fn a_detection_is_read_as_the_specification_says() {
    let table = [
        ("s: {A: x}", "all(A='x')"),
        ("s: {A: x, B|endswith|ALL: [y, 'z']}", "all(A='x'; B|endswith|all='y','z')"),
        ("s:\n- A: x\n  B: y\n- C: z", "any(all(A='x'; B='y'); all(C='z'))"),
        ("s: word", "='word'"),
        ("s: [one, 'two words', 3]", "='one','two words',3i"),
        ("s: [one, {A: x}]", "any(='one'; all(A='x'))"),
        ("s: [[a, b], {A: x}]", "any(='a','b'; all(A='x'))"),
        ("s: {'|all': [a, b]}", "all(|all='a','b')"),
        (
            "s: {A: 1, B: 1.5, C: true, D: null, E: , F: '', G: '1'}",
            "all(A=1i; B=1.5f; C=true; D=null; E=null; F=''; G='1')",
        ),
        ("s: {A: [null, x]}", "all(A=null,'x')"),
        (r"s: {A: C:\Temp\*, B: '\\srv\?'}", r"all(A='C:\Temp\*'; B='\\srv\?')"),
        (
            "s: {file.name: a, 'Event Data': b, a-b: c}",
            "all(file.name='a'; Event Data='b'; a-b='c')",
        ),
        (
            "s: {A: 010, B: 0x1f, C: 1e3, D: 12:30:45, E: yes}",
            "all(A='010'; B='0x1f'; C='1e3'; D='12:30:45'; E='yes')",
        ),
    ];
    for (text, expected) in table {
        let read = detection(&with_detection(&format!("{text}\ncondition: s")));
        assert_eq!(read.selections.len(), 1, "{text}");
        assert_eq!(show(&read.selections[0].search), expected, "{text}");
        assert_eq!(read.conditions.len(), 1, "{text}");
    }
}

#[test]
fn places_in_field_keys_and_values_are_exact() {
    let text = with_detection("s: {'Image|endswith|all': ['\\a.exe', b]}\ncondition: s");
    let read = detection(&text);
    let Search::All(items, _) = &read.selections[0].search else { panic!("not all") };
    let Search::Item(item) = &items[0] else { panic!("not an item") };
    let written = |span: Span| text.get(span.range()).unwrap();
    assert_eq!(written(item.field.as_ref().unwrap().span), "Image");
    let modifiers: Vec<&str> = item.modifiers.iter().map(|one| written(one.span)).collect();
    assert_eq!(modifiers, ["endswith", "all"]);
    let values: Vec<&str> = item.values.iter().map(|one| written(one.span)).collect();
    assert_eq!(values, ["'\\a.exe'", "b"]);
    assert_eq!(written(item.span), "'Image|endswith|all': ['\\a.exe', b]");
}

#[test]
fn mistakes_in_a_detection_have_a_code_and_a_place() {
    let table: &[(&str, &[&str])] = &[
        ("s: []\ncondition: s", &["E0111 [[]] `s` is empty"]),
        ("s: {}\ncondition: s", &["E0111 [{}] `s` is empty"]),
        ("s:\ncondition: s", &["E0111 [] `s` is empty"]),
        ("s: {A: []}\ncondition: s", &["E0111 [[]] `A` is empty"]),
        ("s: [{}]\ncondition: s", &["E0111 [{}] `s` is empty"]),
        (
            "s: {A: {B: c}}\ncondition: s",
            &["E0110 [{B: c}] `A` must be a value or a list of values, found a mapping"],
        ),
        (
            "s: {A: [[b]]}\ncondition: s",
            &["E0110 [[b]] `A` must be a value or a list of values, found a list"],
        ),
        ("s: {A: b}", &["E0109 [detection] the key `condition` is missing"]),
        ("condition: s", &["E0111 [detection] there is no selection"]),
        ("s: {A: b}\ncondition:", &["E0111 [] `condition` is empty"]),
        ("s: {A: b}\ncondition: []", &["E0111 [[]] `condition` is empty"]),
        (
            "s: {A: b}\ncondition: {s: 1}",
            &["E0110 [{s: 1}] `condition` must be text or a list of texts, found a mapping"],
        ),
        (
            "s:\n  A: b\n  condition: s",
            &["E0109 [condition] `condition` stands inside the selection `s`"],
        ),
        ("s: {A|: b}\ncondition: s", &["E0203 [A|] a modifier is missing after `|`"]),
        ("s: {A||re: b}\ncondition: s", &["E0203 [A||re] a modifier is missing after `|`"]),
        ("s: {'A |re': b}\ncondition: s", &["E0203 [A ] spaces around the field name `A`"]),
        ("s: {'A| re': b}\ncondition: s", &["E0203 [ re] spaces around the modifier `re`"]),
        (
            "s: {A|ends-with: b}\ncondition: s",
            &["E0203 [ends-with] `ends-with` cannot be a modifier"],
        ),
        ("s: {'': b}\ncondition: s", &["E0203 [''] the field name is empty"]),
        (
            "s: {A: b}\ntimeframe: 5m\ncondition: s | count() > 5",
            &[
                "E0204 [timeframe: 5m] `timeframe` is not part of a rule any more",
                "E0204 [| count() > 5] counting and correlating are not part of a rule's condition \
                 any more",
            ],
        ),
        (
            "s: {A: 010}\ncondition: s",
            &["W0101 [010] `010` is text here, but a number to some YAML readers"],
        ),
        (
            "s: {A: b}\ncondition:\n- s and\n- s or or s",
            &[
                "E0201 [] expected a selection, found the end of the condition",
                "E0201 [or] expected a selection, found the keyword `or`",
            ],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(findings(&with_detection(text)), *expected, "{text}");
    }
}

#[test]
fn mistakes_in_a_document_have_a_code_and_a_place() {
    let table: &[(&str, &[&str])] = &[
        ("just text\n", &["E0108 [just text] expected a rule, found text"]),
        ("- a\n", &["E0108 [a] expected a rule, found a list"]),
        (
            "title: t\n",
            &["E0108 [title] the document is neither a rule, a correlation nor a filter"],
        ),
        (
            "title: t\nlogsource: {product: windows}\n",
            &["E0109 [title] the rule has a `logsource`, but no `detection`"],
        ),
        (
            "detection: {s: {A: b}, condition: s}\n",
            &[
                "E0109 [detection] the key `title` is missing",
                "E0109 [detection] the key `logsource` is missing",
            ],
        ),
        (
            "title: [t]\nlogsource: windows\ndetection: [s]\nlevle: high\nmy_key: 1\n",
            &[
                "W0102 [levle] the specification has no key `levle` here, it is not read",
                "E0110 [[t]] `title` must be text, found a list",
                "E0110 [windows] `logsource` must be a mapping, found text",
                "E0110 [[s]] `detection` must be a mapping, found a list",
            ],
        ),
        (
            "title: t\nlogsource: {}\ndetection: {s: {A: b}}\ncondition: s\n",
            &[
                "E0111 [{}] `logsource` is empty",
                "E0109 [condition] `condition` stands outside `detection`",
            ],
        ),
        (
            "title: t\ndetection: {}\ncorrelation: {}\n",
            &["E0108 [correlation] the document is of two kinds at once"],
        ),
        (
            "action: global\ntitle: t\n---\ndetection: {}\n",
            &["E0112 [action: global] `action: global` is not part of Sigma any more"],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(findings(text), *expected, "{text}");
    }
}

#[test]
fn a_document_with_an_error_is_returned_but_cannot_compile() {
    for detection in ["s: {A: []}\ncondition: s", "s: {A: b, A: c}\ncondition: s"] {
        let text =
            format!("{}---\n{}", with_detection(detection), with_detection("s: x\ncondition: s"));
        let (documents, found) = read(&text);
        assert_eq!(found.len(), 1);
        let [Document::Rule(broken), Document::Rule(sound)] = documents.as_slice() else {
            panic!("not two rules")
        };
        assert_eq!(broken.detection.conditions.last().unwrap().node, Condition::Error);
        assert_eq!(sound.detection.conditions.len(), 1);
    }
}

#[test]
fn a_file_full_of_mistakes_is_reported_in_part() {
    let keys = "A: b, ".repeat(5_000);
    let values = "yes, ".repeat(5_000);
    let (_, found) = read(&with_detection(&format!("s: {{{keys}}}\nt: [{values}]\ncondition: s")));
    assert_eq!(found.len(), yaml::limits::FINDINGS, "nothing is read after these");
    let entries = "{A: []}, ".repeat(5_000);
    let text = with_detection(&format!("s: [{entries}]\nt: [{values}]\ncondition: s"));
    assert_eq!(read(&text).1.len(), 2 * yaml::limits::FINDINGS);
}

#[test]
fn metadata_is_kept_as_written() {
    let text = "title: t\nid: 0f0c\nname: n\ndate: 2024-01-01\ntags: [attack.t1059, 'x']\n\
                falsepositives: none\naccept: W0606\n\
                logsource: {category: c, product: p, service: s}\n\
                detection: {s: {A: b}, condition: s}\n";
    let (documents, found) = read(text);
    assert_eq!(found, []);
    let Some(Document::Rule(rule)) = documents.first() else { panic!("not a rule") };
    let texts = |list: &[Spanned<String>]| -> Vec<String> {
        list.iter().map(|one| one.node.clone()).collect()
    };
    assert_eq!(rule.meta.date.as_ref().unwrap().node, "2024-01-01");
    assert_eq!(texts(&rule.meta.tags), ["attack.t1059", "x"]);
    assert_eq!(texts(&rule.meta.falsepositives), ["none"]);
    assert_eq!(texts(&rule.meta.accept), ["W0606"]);
    assert_eq!(rule.logsource.service.as_ref().unwrap().node, "s");
    assert_eq!(rule.meta.span.range(), 0..text.len() - 1);
}

fn correlation(body: &str) -> (crate::syntax::ast::Correlation, Vec<String>) {
    let text = format!("title: t\ncorrelation:\n  {}\n", body.replace('\n', "\n  "));
    match read(&text).0.into_iter().next() {
        Some(Document::Correlation(correlation)) => (correlation, findings(&text)),
        other => panic!("not a correlation: {other:?}"),
    }
}

#[test]
fn a_correlation_is_read_whole() {
    let (read, found) = correlation(
        "type: value_percentile\nrules: [a, b]\ngroup-by: User\ntimespan: 5m\ngenerate: true\n\
         aliases:\n  ip:\n    a: SourceIp\n    b: DestinationIp\n\
         condition: {gt: 0.75, lte: 100, field: [x, y], percentile: 95}",
    );
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(read.kind.unwrap().node, "value_percentile");
    assert_eq!(read.rules.len(), 2);
    assert_eq!(read.group_by[0].node, "User");
    assert_eq!(read.timespan.unwrap().node, "5m");
    assert!(read.generate);
    assert_eq!(read.aliases[0].name.node, "ip");
    assert_eq!(read.aliases[0].fields[1].1.node, "DestinationIp");
    let Some(CorrelationCondition::Thresholds { fields, percentile, thresholds, .. }) =
        read.condition
    else {
        panic!("no thresholds")
    };
    assert_eq!(fields.len(), 2);
    assert_eq!(percentile.unwrap().node, 95.0);
    let shown: Vec<(&str, f64)> =
        thresholds.iter().map(|one| (one.operator.node.as_str(), one.value)).collect();
    assert_eq!(shown, [("gt", 0.75), ("lte", 100.0)]);
}

#[test]
fn an_extended_condition_of_a_correlation_is_a_condition_over_rules() {
    let (read, found) = correlation("type: temporal\ntimespan: 1h\ncondition: a and not b-1");
    assert_eq!(found, Vec::<String>::new());
    let Some(CorrelationCondition::Boolean(condition)) = read.condition else { panic!("none") };
    assert!(matches!(condition.node, Condition::And(parts) if parts.len() == 2));
}

#[test]
fn mistakes_in_a_correlation_have_a_code_and_a_place() {
    let table: &[(&str, &[&str])] = &[
        (
            "group-by: [a]",
            &[
                "E0109 [group-by] the key `type` is missing",
                "E0109 [group-by] the key `timespan` is missing",
                "E0109 [group-by] the key `rules` is missing",
            ],
        ),
        (
            "type: event_count\nrules: a\ntimespan: 5m\nby: [a]\ncondition: '>= 3'",
            &[
                "E0113 [by] `correlation` has no key `by`",
                "E0110 ['>= 3'] a number of events is compared by a mapping, found text",
            ],
        ),
        ("type: temporal\nrules: []\ntimespan: 5m", &["E0111 [[]] `rules` is empty"]),
        (
            "type: event_count\nrules: a\ntimeframe: 5m\ncondition: {gtee: 5}",
            &[
                "E0113 [timeframe] `correlation` has no key `timeframe`",
                "E0110 [gtee] a condition compares by `gte`, `gt`, …; found `gtee`",
                "E0109 [condition] the key `gte` is missing",
            ],
        ),
        (
            "type: event_count\nrules: a\ntimespan: 5m\ncondition: {gte: '5'}\ngenerate: maybe",
            &[
                "E0110 [maybe] `generate` must be `true` or `false`, found text",
                "E0110 ['5'] `gte` must be a number, found text",
            ],
        ),
        (
            "type: temporal\nrules: {a: b}\ntimespan: 5m\naliases: [a]\ncondition: [a]",
            &[
                "E0110 [[a]] `aliases` must be a mapping, found a list",
                "E0110 [[a]] `condition` must be a mapping such as `gte: 10`, or a condition over \
                 rules, found a list",
                "E0110 [{a: b}] `rules` must be text or a list of texts, found a mapping",
            ],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(correlation(text).1, *expected, "{text}");
    }
}

#[test]
fn filters_name_rules_or_any_and_have_a_detection() {
    let text = "title: f\nlogsource: {product: windows}\n\
                filter:\n  rules: [a, b]\n  s: {User: x}\n  condition: not s\n\
                ---\ntitle: g\nfilter: {rules: any, s: {User: x}, condition: not s}\n";
    let (documents, found) = read(text);
    assert_eq!(found, []);
    let [Document::Filter(first), Document::Filter(second)] = documents.as_slice() else {
        panic!("not two filters")
    };
    assert_eq!((first.rules.len(), first.any), (2, false));
    assert_eq!((second.rules.len(), second.any), (0, true));
    assert_eq!(first.detection.selections.len(), 1);
    assert_eq!(
        findings("title: f\nfilter: {s: {User: x}, condition: s}\n"),
        ["E0109 [filter] the key `rules` is missing"]
    );
    assert_eq!(
        findings("title: f\nfilter: {rule: any, s: {User: x}, condition: s}\n"),
        ["E0109 [rule] the key `rules` is missing; `rule` is a selection here"]
    );
}

#[test]
fn a_broken_document_does_not_hide_the_mistakes_of_the_next() {
    let text = format!("a: [\n---\n{}", with_detection("s: {A: b}\ncondition: s or"));
    let (documents, found) = read(&text);
    assert_eq!(documents.len(), 1);
    let codes: Vec<&str> = found.iter().map(|one| one.code.id()).collect();
    assert_eq!(codes, ["E0101", "E0201"]);
}

#[test]
fn conditions_in_any_kind_of_scalar_point_into_the_file() {
    for condition in
        ["s or or t", "'s or or t'", ">\n    s\n    or or t", "|\n    s\n    or\n    or t"]
    {
        let text = with_detection(&format!("s: {{A: b}}\ncondition: {condition}"));
        let found = findings(&text);
        assert_eq!(found, ["E0201 [or] expected a selection, found the keyword `or`"], "{text}");
    }
}

proptest! {
    #[test]
    fn no_rule_makes_it_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "title: t", "detection:", "correlation:", "filter:", "condition: a or", "- a",
                "a: [", "]", "rules: x", "  ", "\n", "\n  ", "\n    ", "{a: b}", "A|re: '", "---\n",
                "logsource: {}", "é", "aliases:",
            ]),
            0..20,
        ),
    ) {
        let text = words.concat();
        let (_, found) = read(&text);
        for one in found {
            prop_assert!(text.get(one.primary.span.range()).is_some());
        }
    }
}
