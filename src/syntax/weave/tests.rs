//! Weave texts → what is read of them and what is reported.

use proptest::prelude::*;

use super::tree::{Body, EventSource, Expr, Predicate};
use super::*;
use crate::source::Spanned;
use crate::syntax::ast::WeaveRule;

fn read(text: &str) -> (Vec<WeaveRule>, Vec<String>) {
    let mut diagnostics = Diagnostics::default();
    let documents = parse(SourceId::default(), text, &mut diagnostics);
    let rules = documents.into_iter().filter_map(|document| match document {
        Document::Weave(rule) => Some(*rule),
        Document::Rule(_) | Document::Correlation(_) | Document::Filter(_) => None,
    });
    let found = diagnostics.into_sorted().into_iter().map(|found| {
        let place = text.get(found.primary.span.range()).unwrap_or_default();
        format!("{} `{place}` {}", found.code.id(), found.message)
    });
    (rules.collect(), found.collect())
}

/// A rule with these sections, without mistakes.
fn sound(sections: &str) -> WeaveRule {
    let (mut rules, found) = read(&format!("rule r {{\n{sections}\n}}"));
    assert_eq!(found, Vec::<String>::new(), "{sections}");
    assert!(rules[0].complete);
    rules.remove(0)
}

/// A condition with all its parentheses.
fn shape(expr: &Expr) -> String {
    let list = |parts: &[Spanned<Expr>], between: &str| {
        parts.iter().map(|part| shape(&part.node)).collect::<Vec<_>>().join(between)
    };
    match expr {
        Expr::Name(name) => name.clone(),
        Expr::And(parts) => format!("({})", list(parts, " and ")),
        Expr::Or(parts) => format!("({})", list(parts, " or ")),
        Expr::Not(inner) => format!("(not {})", shape(&inner.node)),
        Expr::Of(quantity, parts) => format!("{quantity:?} of ({})", list(parts, ", ")),
        Expr::Chain(links) => {
            let link = |link: &tree::Link| {
                let without: Vec<_> = link.without.iter().map(|one| one.node.as_str()).collect();
                format!("{}{}{}", without.join("!"), link.event.node, link.within.is_some())
            };
            links.iter().map(link).collect::<Vec<_>>().join(" > ")
        }
        Expr::Compare(compare) => {
            format!("{}{}{:?}", compare.function.node, compare.fields.len(), compare.operator.node)
        }
        Expr::Score { classes, .. } => {
            format!("score{:?}", classes.iter().map(Vec::len).collect::<Vec<_>>())
        }
        Expr::Absent { event, anchor, of, .. } => {
            format!("no {} {} {}", event.node, anchor.node, of.is_some())
        }
    }
}

#[test]
fn conditions_have_their_shape() {
    let cases = [
        ("a or b and not c", "(a or (b and (not c)))"),
        ("(a or b) and c", "((a or b) and c)"),
        ("not not a", "(not (not a))"),
        ("2 of (a, b and c, d)", "AtLeast(2) of (a, (b and c), d)"),
        ("all of (a, b,)", "All of (a, b)"),
        ("any of (a)", "Any of (a)"),
        ("a then b then c", "afalse > bfalse > cfalse"),
        ("a then b within 5m then c", "afalse > btrue > cfalse"),
        ("a then not x then b", "afalse > xbfalse"),
        ("a then not x then not y then b", "afalse > x!ybfalse"),
        ("not a then b", "(not afalse > bfalse)"),
        ("count(a, b) >= 10 and c", "(count0Gte and c)"),
        ("distinct(a.User, a.Image) > 5", "distinct2Gt"),
        ("percentile(a.x, 95) < 3", "percentile1Lt"),
        ("score(a: 40, b: 20 | c: 15) >= 70", "score[1, 2]"),
        ("not x within 24h before and a", "(no x before false and a)"),
        ("a and not x within $w around a", "(a and no x around true)"),
        ("not x within 1h after or b", "(no x after false or b)"),
    ];
    for (text, expected) in cases {
        let rule = sound(&format!("condition: {text}"));
        assert_eq!(shape(&rule.condition.unwrap().node), expected, "{text}");
    }
}

#[test]
fn predicates_take_every_operator() {
    let tests = [
        "A == 'x'",
        "A != 1",
        "A < 1",
        "A <= 1",
        "A > -1",
        "A >= 0.5",
        "A in ('a', 'b',)",
        "A in $l",
        "A contains 'x'",
        "A startswith any ('x')",
        "A endswith all $l",
        "A like '*?'",
        "A matches /a\\/b/i",
        "A cidr '10.0.0.0/8'",
        "A exists",
        "A is null",
        "A is not null",
        "A cased == 'x'",
        "A == windash('-a')",
        "A contains base64offset(wide('IEX'))",
        "A == B",
        "hour(A) >= 22",
        "`odd field` == \"a\\n\"",
        "id.orig_h == cs-ip",
        "A == true",
    ];
    for test in tests {
        let rule = sound(&format!("events: a = windows/service:security where {test}"));
        let EventSource::Inline { predicate: Some(predicate), .. } = &rule.events[0].source else {
            panic!("{test}");
        };
        assert!(matches!(predicate.node, Predicate::Test(_)), "{test}");
    }
    let rule = sound("events: a = x where A == 1 or B == 2 and not (C == 3 or D == 4)\n b = y");
    assert_eq!(rule.events.len(), 2);
}

#[test]
fn every_section_is_read() {
    let rule = sound(
        "meta:\n title = \"t\"\n level = high\n tags = [attack.t1, 'x']\n date = 2026-11-21\n\
         params:\n w: duration = 24h\n l: list = ['a']\n\
         events:\n a = sigma \"s\"\n b = weave 'w'\n\
         match:\n host = Computer\n user = { a: User, b: lower(Account) }\n over $w\n skew 5s\n\
         a.x == hex40(b.y)\n condition: a\n show: a.User, b.`odd field`\n\
         alert: suppress by host, user for 1d",
    );
    assert_eq!(rule.meta.tags.len(), 2);
    assert_eq!(rule.meta.date.unwrap().node, "2026-11-21");
    assert_eq!((rule.params.len(), rule.events.len(), rule.matching.len()), (2, 2, 5));
    assert_eq!(rule.show[1].field.name.node, "odd field");
    assert_eq!(rule.suppress.unwrap().by.len(), 2);
}

#[test]
fn mistakes_are_reported_one_by_one() {
    let cases: [(&str, &[&str]); 12] = [
        (
            "rule r {\n condition: a and\n show: a.B\n}",
            &["E0205 `show` expected an event or a function such as `count(…)`, found `show`"],
        ),
        ("rule r {\n condition: cont(a) > 1\n}", &["E0205 `cont` there is no function `cont`"]),
        ("rule r {\n evnts:\n a = b\n}", &["E0205 `evnts` there is no section `evnts`"]),
        (
            "rule r {\n events:\n a = x where A = 1\n b = y where B\n c = 'z'\n condition: a\n}",
            &[
                "E0205 `=` `=` does not compare",
                "E0205 `c` expected `exists`, `is` or an operator such as `==` or `contains`, found `c`",
                "E0205 `'z'` expected a log source such as `windows/registry_set`, `sigma \"…\"` or \
             `weave \"…\"`, found `'z'`",
            ],
        ),
        ("rule r {\n condition: (a or b\n}", &["E0205 `}` expected `)`, found `}`"]),
        ("rule r {\n condition: a b\n}", &["E0205 `b` the rule has a second condition"]),
        (
            "rule r {\n show: a.B,\n}",
            &["E0205 `}` expected a field of an event such as `a.User`, found `}`"],
        ),
        ("rule r {", &["E0205 `` expected `}`, found the end of the file"]),
        (
            "rulez r {\n}\nrule q {\n}\n",
            &["E0205 `rulez` expected `rule` or `list`, found `rulez`"],
        ),
        ("rule r {\n meta:\n title = \"\\q\"\n}", &["E0205 `\\q` there is no escape `\\q`"]),
        ("rule r {\n meta:\n titel = 'x'\n}", &["W0102 `titel` `meta` has no key `titel`"]),
        (
            "rule r {\n match:\n over 1h\n match:\n over 2h\n}",
            &["E0205 `match` the rule has this section twice"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text).1, expected, "{text}");
    }
}

#[test]
fn a_word_that_is_nearly_another_is_named() {
    let cases: [(&str, &[&str]); 6] = [
        (
            "rule r {\n condition: a adn b\n}",
            &["E0205 `adn` expected `and`, `or`, `then`, `within`, found `adn`"],
        ),
        (
            "rule r {\n condition: a than b\n show: a.B\n}",
            &["E0205 `than` expected `and`, `or`, `then`, `within`, found `than`"],
        ),
        (
            "rule r {\n condition: a then b wihin 5m\n}",
            &["E0205 `wihin` expected `and`, `or`, `then`, `within`, found `wihin`"],
        ),
        (
            "rule r {\n condition: a\n shwo: a.Image\n}",
            &[
                "E0205 `shwo` expected `meta`, `params`, `events`, `match`, `condition`, `show`, `alert`, found `shwo`",
            ],
        ),
        (
            "rule r {\n events:\n a = x where A == 'y' adn B == 'z'\n b = y where B exists\n condition: a\n}",
            &["E0205 `adn` expected `and`, `or`, found `adn`"],
        ),
        (
            "rule r {\n events:\n a = x where A == 'y'\n an = y where B exists\n condition: a then an\n}",
            &[],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text).1, expected, "{text}");
    }
}

#[test]
fn deep_and_long_texts_are_bounded() {
    for (open, close) in [("(", ")"), ("not ", "")] {
        let deep = format!("rule r {{ condition: {}a{} }}", open.repeat(9999), close.repeat(9999));
        assert!(read(&deep).1[0].starts_with("E0202"), "{open}");
        let predicate = format!("{}A == 1{}", open.repeat(9999), close.repeat(9999));
        let deep = format!("rule r {{ events: a = x where {predicate} }}");
        assert!(read(&deep).1[0].starts_with("E0202"), "{open}");
    }
    let calls = format!("rule r {{ events: a = x where A == {}'b' }}", "wide(".repeat(9999));
    assert!(read(&calls).1[0].starts_with("E0202"));
    let long = format!("list l = ['{}']", "x".repeat(token::LITERAL_BYTES));
    assert!(read(&long).1[0].starts_with("E0106"));
    assert!(read(&"rule r {\nx\n}\n".repeat(1000)).1.len() <= 100);
}

#[test]
fn an_incomplete_rule_is_marked() {
    let (rules, _) = read("rule a { condition: x }\nrule b { condition: 'x }\nrule c {\n}");
    let complete: Vec<bool> = rules.iter().map(|rule| rule.complete).collect();
    assert_eq!(complete, [true, false, true]);
}

/// Texts of pieces that the grammar knows.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "rule r {",
        "list l = [",
        "]",
        "}",
        "{",
        "(",
        ")",
        "meta:",
        "params:",
        "events:",
        "match:",
        "condition:",
        "show:",
        "alert:",
        "a",
        "=",
        "==",
        "and",
        "or",
        "not",
        "then",
        "within",
        "24h",
        "5",
        "$w",
        "'x'",
        "\"y\"",
        "/z/i",
        "'",
        "\"",
        "\\",
        "/",
        "windows/registry_set",
        "where",
        "any",
        "all",
        "of",
        "count(",
        "score(",
        ":",
        "|",
        ",",
        ">=",
        "a.B",
        "suppress",
        "by",
        "for",
        "over",
        "skew",
        "# c\n",
        "\n",
        "sigma",
        "weave",
        "`f g`",
        "é",
        "windash(",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn no_text_panics_and_tokens_join_to_it(text in "\\PC{0,200}") {
        let mut diagnostics = Diagnostics::default();
        let script = script(SourceId::default(), &text, &mut diagnostics);
        let joined: String = script.tokens.iter().map(|token| token.text).collect();
        prop_assert_eq!(joined, text);
    }

    #[test]
    fn no_sequence_of_pieces_panics(text in pieces()) {
        let mut diagnostics = Diagnostics::default();
        let script = script(SourceId::default(), &text, &mut diagnostics);
        let joined: String = script.tokens.iter().map(|token| token.text).collect();
        prop_assert_eq!(joined, text.clone());
        for item in &script.items {
            let Item::Rule(rule) = item else { continue };
            prop_assert!(text.get(rule.span.range()).is_some());
            let spans = rule.sections.iter().map(|section| section.head);
            prop_assert!(spans.clone().all(|span| text.get(span.range()).is_some()));
            prop_assert!(rule.sections.iter().all(|section| !matches!(
                &section.body, Body::Condition(parts) if parts.len() > 60)));
        }
    }
}
