//! Weave files → their one style; printed again, they stay as they are.

use proptest::prelude::*;

use super::weave;
use crate::diagnostic::Diagnostics;
use crate::source::SourceId;
use crate::syntax::weave as syntax;

/// The printed text, which means the same and stays the same.
fn printed(text: &str) -> String {
    let mut diagnostics = Diagnostics::default();
    let script = syntax::script(SourceId::default(), text, &mut diagnostics);
    assert!(script.complete, "{text}: {diagnostics:?}");
    let printed = weave(&script);
    let again = syntax::script(SourceId::default(), &printed, &mut diagnostics);
    assert!(again.complete, "{printed}");
    assert_eq!(meaning(&script), meaning(&again), "{printed}");
    assert_eq!(comments(&script), comments(&again), "{printed}");
    assert_eq!(weave(&again), printed);
    printed
}

/// A file without its places.
fn meaning(script: &syntax::tree::Script<'_>) -> String {
    let shown = format!("{:?}", script.items);
    let mut out = String::new();
    for (at, piece) in shown.split("Span {").enumerate() {
        let piece = if at == 0 { piece } else { piece.split_once('}').unwrap().1 };
        let piece = piece.strip_prefix(" }").unwrap_or(piece);
        out.push_str(piece);
    }
    out
}

fn comments(script: &syntax::tree::Script<'_>) -> Vec<String> {
    let comments = script.tokens.iter().filter(|token| token.kind == syntax::token::Kind::Comment);
    comments.map(|token| token.text.trim_end().to_owned()).collect()
}

#[test]
fn files_have_one_style() {
    let text = "# top\nlist l=['a','b',]\nlist m = []\nrule r{meta:title=\"t\" # why\n tags=[a.b,c]\n\
        events:a=sigma 'x'\n  longer = windows/image_load where(A=='x' or B contains any('y','z'))and not C in $l\n\n\n\
        # about c\nc=weave \"w\" match: host=Computer user = {a:User,longer:lower(Name)} over 24h skew 5s a.x==c.y\n\
        condition:(a or c)and count( longer )>=10 and a then not c then longer within 5m and \
        score(a:40,c:20|longer:15)>=50 show:a.x,c.`y z` alert:suppress by host for 24h # end\n}\n# last";
    let expected = "# top\nlist l = ['a', 'b']\nlist m = []\n\nrule r {\n  meta:\n    title = \"t\"  # why\n    \
        tags  = [a.b, c]\n\n  events:\n    a      = sigma 'x'\n    longer = windows/image_load where \
        (A == 'x' or B contains any ('y', 'z')) and not C in $l\n\n    # about c\n    c      = weave \"w\"\n\n  \
        match:\n    host = Computer\n    user = { a: User, longer: lower(Name) }\n    over 24h\n    skew 5s\n    a.x == c.y\n\n  \
        condition:\n    (a or c)\n    and count(longer) >= 10\n    and a then not c then longer within 5m\n    and \
        score(a: 40, c: 20 | longer: 15) >= 50\n\n  show: a.x, c.`y z`\n\n  alert: suppress by host for 24h  # end\n}\n# last\n";
    let printed = printed(text);
    assert_eq!(printed, expected, "{printed}");
}

#[test]
fn long_lists_break_one_per_line() {
    let values: Vec<String> = (0..12).map(|number| format!("'value number {number}'")).collect();
    let text = format!("list l = [{}]", values.join(","));
    let expected: String = values.iter().map(|value| format!("  {value},\n")).collect();
    assert_eq!(printed(&text), format!("list l = [\n{expected}]\n"));
}

#[test]
fn a_call_of_one_long_text_stays_one() {
    let long = "x".repeat(90);
    printed(&format!("rule r {{ events: a = x where A contains base64offset('{long}') }}"));
    printed(&format!("rule r {{ match: key = {{ a: lower({long}), b: lower({long}) }} }}"));
}

#[test]
fn comments_stay_at_their_tokens() {
    let texts = [
        "list l = [ # one\n 'a', # two\n # three\n 'b' # four\n , # five\n # six\n ] # seven\n",
        "rule r { # one\n # two\n events: # three\n a # four\n = # five\n x where # six\n A # seven\n == 1 \
         # eight\n and # nine\n (B == 2 # ten\n ) # eleven\n condition: # twelve\n a # thirteen\n # fourteen\n}\n",
        "# only a comment",
        "",
        "\n\n# a\n\n\n# b\n\nlist l = []\n\n# c\n\n# d\n",
    ];
    for text in texts {
        printed(text);
    }
}

#[test]
fn parentheses_stay() {
    let rule = |test: &str| format!("rule r {{ events: a = x where {test} }}");
    for test in [
        "(A == 1)",
        "((A == 1))",
        "((A == 1) and (B == 2))",
        "not (not (A == 1) or B == 2)",
        "(A == 1 or B == 2) and C == 3",
        "A == windash(('x'))",
    ] {
        let mut found = Diagnostics::default();
        if syntax::script(SourceId::default(), &rule(test), &mut found).complete {
            printed(&rule(test));
        }
    }
    printed("rule r { condition: ((a or (b)) and not (c then d)) or 2 of (a, (b or c)) }");
}

/// Rules of random predicates and conditions, with comments and blanks in all places.
fn rules() -> impl Strategy<Value = String> {
    let gap = || prop::sample::select(vec![" ", " ", "  ", "\n", "\n\n\n", " # c\n", "\n# d\n"]);
    let test = prop::sample::select(vec![
        "A == 'x'",
        "B contains any ('y', 'z',)",
        "C in $l",
        "D exists",
        "E matches /a\\/b/i",
        "F == base64offset(wide('IEX'))",
        "hour(T) >= 22",
        "G cased startswith \"q\"",
        "H is not null",
    ]);
    let predicate = test.prop_map(str::to_owned).prop_recursive(4, 40, 4, move |inner| {
        let operator = prop::sample::select(vec!["and", "or"]);
        prop_oneof![
            (inner.clone(), gap(), operator, gap(), inner.clone(), prop::bool::ANY).prop_map(
                |(a, g, o, h, b, p)| {
                    if p { format!("({a}{g}{o}{h}{b})") } else { format!("{a}{g}{o}{h}{b}") }
                }
            ),
            (gap(), inner).prop_map(|(g, a)| format!("not{g}({a}{g})")),
        ]
    });
    let cond = prop::sample::select(vec![
        "a",
        "a then b within 5m then not c then d",
        "count(a, b) >= 10",
        "2 of (a, b or c)",
        "score(a: 40, b: 20 | c: 15) >= 70",
        "not x within 24h around a",
    ]);
    let cond = prop::collection::vec((cond, prop::sample::select(vec!["and", "or"]), gap()), 1..5);
    (prop::collection::vec((predicate, gap()), 1..4), cond, gap(), gap()).prop_map(
        |(predicates, conds, one, two)| {
            let mut text = format!("list l = ['a',{one}'b'{two}]{one}rule r {{{one}events:{two}");
            for (at, (predicate, gap)) in predicates.iter().enumerate() {
                text += &format!("e{at}{gap}={gap}windows/image_load where{one}{predicate}{two}\n");
            }
            text += "match:\n over 1h\n condition:";
            for (at, (cond, operator, gap)) in conds.iter().enumerate() {
                let operator = if at == 0 { "" } else { operator };
                text += &format!("{gap}{operator}{gap}({cond})");
            }
            text + &format!("{one}show:{two}a.x,{one}b.y{one}}}{two}")
        },
    )
}

proptest! {
    #[test]
    fn printing_keeps_the_meaning_and_is_idempotent(text in rules()) {
        printed(&text);
    }
}
