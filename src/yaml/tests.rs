//! The YAML reader: places, recovery, limits, and texts made to hurt it.
//!
//! `findings(text)` lists code and caret text of what is wrong, `only(text)` reads a sound text.

use proptest::prelude::*;

use super::*;
use crate::source::SourceMap;

fn read(text: &str) -> (Vec<Node>, Vec<Diagnostic>) {
    let mut sources = SourceMap::default();
    let id = sources.add("rule.yml", text);
    let mut diagnostics = Diagnostics::default();
    let documents = parse(id, sources.text(id), &mut diagnostics);
    (documents, diagnostics.into_iter().collect())
}

fn only(text: &str) -> Node {
    let (mut documents, found) = read(text);
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(documents.len(), 1, "{documents:?}");
    documents.remove(0)
}

/// Code and the text at the caret of every finding.
fn findings(text: &str) -> Vec<(&'static str, &str)> {
    let place = |one: &Diagnostic| text.get(one.primary.span.range()).unwrap_or("?");
    read(text).1.iter().map(|one| (one.code.id(), place(one))).collect()
}

#[test]
fn spans_are_exact_for_every_style_of_scalar() {
    let text = concat!(
        "a: plain text # c\n",
        "b: 'it''s'   # c\n",
        "c: \"x\\n\"\n",
        "d: |\n  one\n  two\n",
        "e:\n",
        "f: [1, 'two']\n",
        "g: {h: 'i'} # c\n",
        "j:\n- 1\n- é # c\n"
    );
    let node = only(text);
    let pairs = node.pairs().unwrap().iter();
    let written: Vec<(&str, &str)> = pairs
        .map(|(_, value)| (text.get(value.span.range()).unwrap(), value.text().unwrap_or("-")))
        .collect();
    let expected = [
        ("plain text", "plain text"),
        ("'it''s'", "it's"),
        ("\"x\\n\"", "x\n"),
        ("one\n  two", "one\ntwo\n"),
        ("", ""),
        ("[1, 'two']", "-"),
        ("{h: 'i'}", "-"),
        ("1\n- é", "-"),
    ];
    assert_eq!(written, expected);
    assert_eq!(text.get(node.span.range()).unwrap(), text.trim_end().trim_end_matches(" # c"));
    let (_, absent) = node.entry("e").unwrap();
    assert!(absent.is_null());
    assert_eq!(text.get(..absent.span.start as usize).unwrap(), text.split_once("\nf:").unwrap().0);
}

#[test]
fn carriage_returns_and_byte_order_marks_change_no_text() {
    let node = only("\u{feff}a: x y\r\nb: |\r\n  one\r\n  two\r\nc: 'd'\r\n");
    let texts: Vec<&str> =
        node.pairs().unwrap().iter().filter_map(|(_, value)| value.text()).collect();
    assert_eq!(texts, ["x y", "one\ntwo\n", "d"]);
    assert_eq!(node.get("a").unwrap().span.range(), 3..6);
}

#[test]
fn the_places_of_a_scalars_text_lead_back_to_its_source() {
    let table = [
        ("a: one and two\n", "and"),
        ("a: 'one and two'\n", "and"),
        ("a: \"one and two\"\n", "and"),
        ("a: 'it''s and two'\n", "and"),
        ("a: one\n  and\n  two\n", "and"),
        ("a: 'one\n  and\n  two'\n", "and"),
        ("a: |\n  one\n    and\n  two\n", "and"),
        ("a: |-\n  one\n\n  and\n", "and"),
        ("a: >\n  one\n  and\n  two\n", "and"),
        ("a: >\n  one\r\n\r\n  and\r\n", "and"),
        ("a: é\n  and\n", "and"),
    ];
    for (source, word) in table {
        let node = only(source);
        let value = node.get("a").unwrap();
        let text = value.text().unwrap();
        let at = text.find(word).unwrap();
        let span = Places::of(value, source).span(at..at + word.len());
        assert_eq!(source.get(span.range()).unwrap(), word, "{source:?}");
        assert_eq!(span.start as usize, source.find(word).unwrap(), "{source:?}");
        let end = Places::of(value, source).span(text.len()..text.len());
        assert!(end.end <= value.span.end + 1, "{source:?}");
    }
}

#[test]
fn where_an_escape_hides_the_place_the_whole_scalar_is_named() {
    let source = "a: \"one\\x20and\"\n";
    let node = only(source);
    let places = Places::of(node.get("a").unwrap(), source);
    assert_eq!(source.get(places.span(4..7).range()).unwrap(), "\"one\\x20and\"");
}

#[test]
fn documents_are_read_one_by_one_and_empty_ones_left_out() {
    let (documents, found) = read("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n");
    assert!(found.is_empty());
    assert_eq!(documents.len(), 2);
    assert!(read("# only a comment\n").0.is_empty());
    assert!(read("").0.is_empty());
}

#[test]
fn a_broken_document_is_reported_and_the_others_are_read() {
    let (documents, found) = read("a: 1\n---\nb: [1, 2\nc: 3\n---\nd: \"\\W\"\n---\ne: 5\n");
    let keys: Vec<&str> =
        documents.iter().filter_map(|document| document.pairs()?.first()?.0.text()).collect();
    assert_eq!(keys, ["a", "e"]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|one| one.code == Code::YamlSyntax), "{found:?}");
}

#[test]
fn findings_have_a_code_and_a_place() {
    let table: &[(&str, &[(&str, &str)])] = &[
        ("a: 1\nb: 2\na: 3\n", &[("E0102", "a")]),
        ("a: {b: 1, b: 2, 'b': 3}\n", &[("E0102", "b"), ("E0102", "'b'")]),
        ("a: &x 1\nb: *x\n", &[("E0104", "&x"), ("E0104", "*x")]),
        ("a: *nowhere\n", &[("E0104", "*nowhere")]),
        ("a: {<<: {b: 1}}\n", &[("E0104", "<<")]),
        ("a: !!str 1\n", &[("E0104", "!!str")]),
        ("? [a, b]\n: 1\nc: 2\n", &[("E0110", "[a, b]")]),
        ("title: a: b\n", &[("E0101", ":")]),
        ("a:\n\t- b\n", &[("E0101", "-")]),
        ("a: @b\n", &[("E0101", "@")]),
        ("a: \"\\n\\x41C:\\Windows\"\n", &[("E0101", "\\W")]),
        ("a: \"\\xZZ\"\n", &[("E0101", "\\x")]),
        ("a: *.exe\n", &[("E0104", "*.exe")]),
    ];
    for (text, expected) in table {
        assert_eq!(findings(text), *expected, "{text:?}");
    }
}

#[test]
fn a_repeated_key_keeps_its_first_value_and_shows_where_it_was() {
    let (documents, found) = read("a: 1\nb: 2\na: 3\n");
    assert_eq!(documents[0].get("a").unwrap().text(), Some("1"));
    assert_eq!(found[0].labels[0].span.range(), 0..1);
}

#[test]
fn common_mistakes_come_with_what_to_do() {
    let table = [
        ("a: \"C:\\Windows\"\n", "single quotes"),
        ("a: b: c\n", "single quotes"),
        ("a: 'it's'\n", "''"),
        ("a: 'x\n", "closing quote"),
        ("a:\n\tb: 1\n", "spaces"),
        ("a: %x\n", "single quotes"),
        ("a: 1\n b: 2\n", ""),
    ];
    for (text, help) in table {
        let (_, found) = read(text);
        assert_eq!(found.len(), 1, "{text:?} {found:?}");
        let given = found[0].help.clone().unwrap_or_default();
        assert!(given.contains(help), "{text:?}: {:?}", found[0]);
    }
}

#[test]
fn every_limit_has_its_finding() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(read(&deep(limits::DEPTH)).1, []);
    let long_scalar = "x".repeat(limits::SCALAR_BYTES + 1);
    let table = [
        (deep(limits::DEPTH + 1), "E0103"),
        ("- ".repeat(limits::DEPTH + 1), "E0103"),
        ("---\na: 1\n".repeat(limits::DOCUMENTS + 1), "E0105"),
        (long_scalar, "E0106"),
        (" ".repeat(limits::FILE_BYTES + 1), "E0106"),
        ("- 1\n".repeat(limits::NODES + 1), "E0106"),
    ];
    for (text, code) in table {
        let (_, found) = read(&text);
        let codes: Vec<&str> = found.iter().map(|one| one.code.id()).collect();
        assert_eq!(codes, [code], "{}", text.get(..20).unwrap_or(&text));
    }
}

#[test]
fn hostile_texts_end_quickly_in_a_few_findings() {
    let long = 100_000;
    let texts = [
        "[".repeat(long),
        "{a: ".repeat(long),
        "- ".repeat(long),
        "? ".repeat(long),
        "a: &a [".to_owned() + &"*a, ".repeat(long) + "]",
        "&a ".repeat(long),
        "---\n@\n".repeat(long),
        "%X\n".repeat(long),
        "'".repeat(long + 1),
        "\"\\".repeat(long),
        "!".repeat(long),
    ];
    for text in texts {
        let start = std::time::Instant::now();
        let (_, found) = read(&text);
        let name = text.get(..8).unwrap();
        assert!(!found.is_empty() && found.len() <= limits::DOCUMENTS, "{name:?}");
        assert!(start.elapsed().as_secs() < 10, "{name:?} {:?}", start.elapsed());
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_spans_lie_within(
        text in r"(?:[a-c:\-\[\]\{\}'\x22,#&*!|>?%@\\ \n\r\t]|\PC){0,60}",
    ) {
        let (documents, found) = read(&text);
        let findings = found.iter().map(|finding| finding.primary.span);
        for one in documents.iter().map(|node| node.span).chain(findings) {
            prop_assert!(text.get(one.range()).is_some(), "{:?}", one);
        }
    }
}
