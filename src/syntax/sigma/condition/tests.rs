//! The condition language: trees, places, recovery and texts made to hurt it.
//!
//! `show` prints a tree in Lisp's notation: `a or not b` → `(or a (not b))`.

use proptest::prelude::*;

use super::*;
use crate::source::SourceId;

fn read(text: &str) -> (Spanned<Condition>, Vec<Diagnostic>) {
    let places = Places::verbatim(Span::new(SourceId(0), 0, text.len()));
    let mut diagnostics = Diagnostics::default();
    let condition = parse_condition(text, &places, &mut diagnostics);
    (condition, diagnostics.into_iter().collect())
}

/// The tree in Lisp's notation, `!` for what could not be read.
fn show(condition: &Condition) -> String {
    let list = |name: &str, parts: &[Spanned<Condition>]| {
        let parts: Vec<String> = parts.iter().map(|part| show(&part.node)).collect();
        format!("({name} {})", parts.join(" "))
    };
    match condition {
        Condition::Name(name) => name.node.clone(),
        Condition::Of(quantifier, pattern) => {
            let count = match quantifier {
                Quantifier::AtLeast(count) => count.to_string(),
                Quantifier::All => "all".to_owned(),
            };
            match &pattern.node {
                Pattern::Them => format!("{count}:them"),
                Pattern::Glob(glob) => format!("{count}:{glob}"),
            }
        }
        Condition::Not(inner) => format!("(not {})", show(&inner.node)),
        Condition::And(parts) => list("and", parts),
        Condition::Or(parts) => list("or", parts),
        Condition::Error => "!".to_owned(),
    }
}

#[test]
fn not_binds_tighter_than_and_and_and_tighter_than_or() {
    let table = [
        ("a", "a"),
        ("a and b and c", "(and a b c)"),
        ("a or b and not c", "(or a (and b (not c)))"),
        ("not a and b", "(and (not a) b)"),
        ("not (a or b) and c", "(and (not (or a b)) c)"),
        ("(a and b) and (c and (d or (e or f)))", "(and a b c (or d e f))"),
        ("NOT a AND 1 OF b_* Or All Of THEM", "(or (and (not a) 1:b_*) all:them)"),
        ("any of x* or 3 of y*", "(or 1:x* 3:y*)"),
        ("all of sel", "all:sel"),
        ("not not a", "(not (not a))"),
        ("(not(a)or(b))", "(or (not a) b)"),
        (" \n a\tand\r\n b ", "(and a b)"),
        ("android or order or notepad or offer", "(or android order notepad offer)"),
        ("of_a and them_b and 1", "(and of_a them_b 1)"),
        (
            "5638f7c0-ac70-491d-8465-2a65075e0d86 and rule.b",
            "(and 5638f7c0-ac70-491d-8465-2a65075e0d86 rule.b)",
        ),
        ("sélection or 日本", "(or sélection 日本)"),
    ];
    for (text, expected) in table {
        let (condition, found) = read(text);
        assert_eq!(found, [], "{text}");
        assert_eq!(show(&condition.node), expected, "{text}");
    }
}

#[test]
fn every_mistake_is_reported_at_its_place_and_the_rest_is_read() {
    let table: &[(&str, &[&str], &str)] = &[
        ("a and", &["5..5 expected a selection, found the end of the condition"], "(and a !)"),
        ("and a", &["0..3 expected a selection, found the keyword `and`"], "(and ! a)"),
        ("a b", &["2..3 expected `and` or `or`, found `b`"], "(and a b)"),
        ("(a and b", &["0..1 this `(` is not closed"], "(and a b)"),
        ("a and b)", &["7..8 `)` has no `(`"], "(and a b)"),
        (
            "(a and ) or (b or) and c",
            &["7..8 expected a selection, found `)`", "17..18 expected a selection, found `)`"],
            "(or (and a !) (and (or b !) c))",
        ),
        ("()", &["1..2 expected a selection, found `)`"], "!"),
        ("a or them", &["5..9 expected a selection, found the keyword `them`"], "(or a !)"),
        ("a && !b", &["2..4 `&&` is not an operator of Sigma"], "(and a (not b))"),
        (
            "a || b and (!c)",
            &["2..4 `||` is not an operator of Sigma", "12..13 `!` is not an operator of Sigma"],
            "(or a (and b (not c)))",
        ),
        ("sel*", &["0..4 `sel*` may name several selections"], "!"),
        ("0 of a*", &["0..1 `0 of` asks for nothing"], "!"),
        (
            "9999999999 of a*",
            &["0..10 expected a number, `all` or `any` before `of`, found `9999999999`"],
            "!",
        ),
        ("one of a*", &["0..3 expected a number, `all` or `any` before `of`, found `one`"], "!"),
        (
            "1 of",
            &["4..4 expected `them` or a pattern after `of`, found the end of the condition"],
            "!",
        ),
        (
            "1 of and b",
            &["5..8 expected `them` or a pattern after `of`, found the keyword `and`"],
            "(and ! b)",
        ),
        ("all a* or b", &["0..3 expected `of` after `all`, found `a*`"], "(or ! b)"),
        ("a % b", &["2..3 expected `and` or `or`, found `%`"], "(and a b)"),
        ("a not b", &["2..5 expected `and` or `or`, found the keyword `not`"], "(and a (not b))"),
        ("a = 5", &["2..3 expected `and` or `or`, found `=`"], "(and a 5)"),
        ("'a'", &["0..3 expected a selection, found `'a'`"], "!"),
    ];
    for (text, expected, tree) in table {
        let (condition, found) = read(text);
        let shown: Vec<String> = found
            .iter()
            .map(|one| format!("{:?} {}", one.primary.span.range(), one.message))
            .collect();
        assert_eq!(shown, *expected, "{text}");
        assert!(found.iter().all(|one| one.code == Code::ConditionSyntax && one.help.is_some()));
        assert_eq!(show(&condition.node), *tree, "{text}");
    }
}

#[test]
fn aggregations_of_old_rules_point_to_correlations() {
    for text in ["sel | count() by User > 5", "a and b | near c", "(a) | count(x) > 3"] {
        let (_, found) = read(text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].code, Code::AggregationInCondition);
        assert!(found[0].help.as_ref().unwrap().contains("correlation"));
        let pipe = text.find('|').unwrap();
        assert_eq!(found[0].primary.span.range(), pipe..text.len());
    }
}

#[test]
fn spans_cover_what_was_written() {
    let text = "a or not (b and 1 of c_*)";
    let (condition, _) = read(text);
    let written = |span: Span| text.get(span.range()).unwrap();
    assert_eq!(written(condition.span), text);
    let Condition::Or(parts) = condition.node else { panic!("not an or") };
    let Condition::Not(inner) = &parts[1].node else { panic!("not a not") };
    assert_eq!(written(parts[1].span), "not (b and 1 of c_*)");
    assert_eq!(written(inner.span), "(b and 1 of c_*)");
    let Condition::And(parts) = &inner.node else { panic!("not an and") };
    assert_eq!(written(parts[1].span), "1 of c_*");
    let Condition::Of(_, pattern) = &parts[1].node else { panic!("not an of") };
    assert_eq!(written(pattern.span), "c_*");
}

#[test]
fn nesting_up_to_the_limit_is_read_and_one_more_is_one_finding() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(read(&nested(DEPTH)).1, []);
    assert_eq!(read(&format!("{}a", "not ".repeat(DEPTH))).1, []);
    let mixed = format!("{}a{}", "not (".repeat(DEPTH), ")".repeat(DEPTH));
    for text in [nested(DEPTH + 1), format!("{}a", "not ".repeat(DEPTH + 1)), mixed] {
        let (_, found) = read(&text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].code, Code::ConditionTooDeep);
    }
}

#[test]
fn hostile_conditions_end_quickly_in_a_few_findings() {
    let long = 100_000;
    let texts = [
        "(".repeat(long),
        ")".repeat(long),
        "not ".repeat(long),
        "!".repeat(long),
        "a or ".repeat(long),
        "a ".repeat(long),
        "a & ".repeat(long),
        "() or ".repeat(long),
        "1 of ".repeat(long),
        "| ".repeat(long),
        "and ".repeat(long),
        " ".repeat(long),
        "(a ".repeat(long),
    ];
    for text in texts {
        let start = std::time::Instant::now();
        let (_, found) = read(&text);
        assert!(
            !found.is_empty() && found.len() <= MISTAKES,
            "{} {found:?}",
            text.get(..8).unwrap()
        );
        assert!(start.elapsed().as_secs() < 5, "{}", text.get(..8).unwrap());
    }
}

#[test]
fn a_long_flat_condition_is_one_level() {
    let text = format!("{}a", "a or b and ".repeat(20_000));
    let (condition, found) = read(&text);
    assert_eq!(found, []);
    assert!(matches!(condition.node, Condition::Or(parts) if parts.len() == 20_001));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in r"\PC{0,60}") {
        read(&text);
    }

    #[test]
    fn whatever_words_come_all_spans_lie_within_and_errors_are_reported(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "a", "b_*", "and", "or", "not", "(", ")", "1", "of", "them", "all", "|", "&&",
                "é", "\n",
            ]),
            0..14,
        ),
    ) {
        let text = words.join(" ");
        let (condition, found) = read(&text);
        prop_assert!(condition.span.range().end <= text.len());
        for one in &found {
            prop_assert!(text.get(one.primary.span.range()).is_some());
        }
        prop_assert!(!show(&condition.node).contains('!') || !found.is_empty());
    }
}
