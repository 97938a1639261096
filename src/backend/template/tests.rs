//! What templates may do, and what they may not.

use minijinja::context;
use proptest::prelude::*;

use super::contract::{Needs, check};
use super::*;
use crate::backend::Fragment;
use crate::source::SourceMap;

const SHIPPED: Template = Template {
    name: "x/example.j2",
    text: "{{ query }}{% for part in parts %}{{ part }}{% endfor %}",
};

/// What is said about a template that replaces the example.
fn said(text: &str) -> Vec<(Code, String, String)> {
    let mut sources = SourceMap::default();
    let source = sources.add("own.j2", text);
    let place =
        |found: &Diagnostic| text.get(found.primary.span.range()).unwrap_or_default().to_owned();
    match check(&SHIPPED, Needs::All, source, text) {
        Err(found) => found.iter().map(|one| (one.code, one.message.clone(), place(one))).collect(),
        Ok(()) => {
            let mut templates = Templates::default();
            templates.replace(&SHIPPED, source, text);
            let piece = || Value::from(Fragment::<()>::trusted("|x"));
            let parts: Vec<Value> = (0..100).map(|_| piece()).collect();
            let context = context! { query => piece(), parts => parts, raw => "x\" or 1==1" };
            let filled = templates.fill(&SHIPPED, context, Span::default());
            filled.err().iter().map(|one| (one.code, one.message.clone(), place(one))).collect()
        }
    }
}

#[track_caller]
fn refused(text: &str, code: Code, message: &str, place: &str) {
    let all = "{% if query or parts %}{% endif %}";
    let found = said(&format!("{text}{all}"));
    let first = found.first().unwrap_or_else(|| panic!("`{text}` is taken"));
    assert_eq!((first.0, first.2.as_str()), (code, place), "{text}: {}", first.1);
    assert!(first.1.contains(message), "{text}: {}", first.1);
}

#[test]
fn a_template_that_keeps_its_contract_is_filled() {
    assert_eq!(said(&format!("ours {}", SHIPPED.text)), []);
    assert_eq!(said("{# 1 + 1 #}{% for part in parts %}{{- part -}}{% endfor %}\n{{ query }}"), []);
}

#[test]
fn variables_are_those_of_the_shipped_template() {
    refused("{{ querry }}", Code::TemplateContract, "no", "querry");
    refused("{{ raw }}", Code::TemplateContract, "`raw`", "raw");
    let found = said("{{ query }}");
    assert_eq!(found[0].0, Code::TemplateContract);
    assert!(found[0].1.contains("does not read `parts`"), "{found:?}");
    refused(
        "{% for a in parts %}{{ a.b }}{% endfor %}",
        Code::TemplateContract,
        "undefined",
        "a.b",
    );
}

#[test]
fn a_template_neither_computes_nor_assigns() {
    let syntax = Code::TemplateSyntax;
    refused("{{ 'x' * 1000000000 }}", syntax, "`*`", "*");
    refused("{{ query ~ query }}", syntax, "`~`", "~");
    refused("{{ query|safe }}", syntax, "`|`", "|");
    refused("{{ {'a': {'b': 1}} ~ query }}", syntax, "`{`", "{");
    refused("{% set x = query %}", syntax, "`set`", "set");
    refused("{%- raw %}{{ x }}{% endraw %}", syntax, "`raw`", "raw");
    refused("{% include '/etc/passwd' %}", syntax, "`include`", "include");
    refused("{% autoescape 'html' %}{% endautoescape %}", syntax, "`autoescape`", "autoescape");
    refused(
        "{% for x in parts recursive %}{{ loop(parts) }}{% endfor %}",
        syntax,
        "itself",
        "recursive",
    );
    refused("{% for x in parts %}", syntax, "no template", "%}");
    let deep = format!("{{{{ {} }}}}", "(".repeat(10_000));
    assert_eq!(said(&deep)[0].0, syntax);
}

#[test]
fn what_it_prints_is_quoted() {
    refused("{{ 'raw' }}", Code::TemplateContract, "quoted", "'raw'");
    refused("{{ parts }}", Code::TemplateContract, "quoted", "parts");
}

#[test]
fn work_and_output_are_bounded() {
    let loops = "{% for a in parts %}".repeat(8) + "x" + &"{% endfor %}".repeat(8);
    assert_eq!(said(&format!("{{{{ query }}}}{loops}"))[0].0, Code::TemplateLimit);
    let long = "x".repeat(100_000);
    let loops = format!("{{{{ query }}}}{{% for a in parts %}}{long}{{% endfor %}}");
    let found = said(&loops);
    assert!(found[0].0 == Code::TemplateLimit && found[0].1.contains("MiB"), "{found:?}");
    assert_eq!(said(&"x".repeat(300_000))[0].0, Code::TemplateLimit);
}

proptest! {
    #[test]
    fn any_text_is_a_template_or_refused(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "\"", "'", "\\", "for a in parts",
                "endfor", "if query", "endif", " query ", "parts", ".", "é", "\n", "(", "[", "a.b", "1",
            ]),
            0..16,
        )
    ) {
        said(&parts.concat());
    }
}
