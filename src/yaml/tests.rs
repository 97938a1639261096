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

fn codes(text: &str) -> Vec<&'static str> {
    read(text).1.iter().map(|found| found.code.id()).collect()
}

#[test]
fn spans_are_exact_for_every_style_of_scalar() {
    let text =
        "a: plain text # c\nb: 'it''s'   # c\nc: \"x\\n\"\nd: |\n  one\n  two\ne:\nf: [1, 'two']\n";
    let node = only(text);
    let written: Vec<(&str, &str)> = node
        .pairs()
        .unwrap()
        .iter()
        .map(|(_, value)| (&text[value.span.range()], value.text().unwrap_or("-")))
        .collect();
    let expected = [
        ("plain text", "plain text"),
        ("'it''s'", "it's"),
        ("\"x\\n\"", "x\n"),
        ("one\n  two", "one\ntwo\n"),
        ("", ""),
        ("[1, 'two']", "-"),
    ];
    assert_eq!(written, expected);
    assert_eq!(&text[node.span.range()], text.trim_end());
}
