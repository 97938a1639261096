//! Weave rules → what they mean, and what is wrong with them.

use super::*;
use crate::ir::{Anchor, Cmp, Cond, Correlation, PatternId, Transform};
use crate::syntax::weave;

fn run_weave(text: &str, parameters: &[(&str, &str)]) -> (Vec<Option<Arc<Rule>>>, Vec<Diagnostic>) {
    let list = |(name, value): &(&str, &str)| ((*name).to_owned(), vec![(*value).to_owned()]);
    let options = Options { lists: parameters.iter().map(list).collect(), ..Options::default() };
    let mut sources = SourceMap::default();
    let source = sources.add("rule.weave", text);
    let mut diagnostics = Diagnostics::default();
    let documents = weave::parse(source, sources.text(source), &mut diagnostics);
    let rules = check(&documents, &Taxonomy::standard(), &options, &mut diagnostics);
    (rules, diagnostics.into_sorted())
}

/// The rule of process events with this test, without mistakes.
fn tested(test: &str) -> Predicate {
    let text =
        format!("rule r {{ events: e = windows/process_creation where {test} condition: e }}");
    let (rules, found) = run_weave(&text, &[]);
    assert!(found.is_empty(), "{test}: {found:?}");
    match &rules[0].as_ref().unwrap().body {
        Body::Events(Pattern { source: PatternSource::Events { predicate, .. }, .. }) => {
            predicate.clone()
        }
        Body::Events(_) | Body::Correlation(_) => panic!("{test}"),
    }
}

/// What the same Sigma item means.
fn item(item: &str) -> Predicate {
    predicate(&one(CREATION, item))
}

#[test]
fn tests_mean_what_sigma_items_mean() {
    let cases = [
        ("Image == 'a'", "Image: a"),
        ("Image != 'a'", "Image|neq: a"),
        ("Image in ('a', 'b')", "Image: [a, b]"),
        ("Image == any ('a', 'b')", "Image: [a, b]"),
        ("ProcessId >= 5", "ProcessId|gte: 5"),
        ("ProcessId == 5", "ProcessId: 5"),
        ("CommandLine contains all ('a', 'b')", "CommandLine|contains|all: [a, b]"),
        ("CommandLine cased startswith 'a'", "CommandLine|startswith|cased: a"),
        ("CommandLine matches /a b/is", "CommandLine|re|i|s: a b"),
        ("CommandLine contains windash('-a')", "CommandLine|windash|contains: '-a'"),
        (
            "CommandLine contains base64offset(wide('IEX'))",
            "CommandLine|wide|base64offset|contains: IEX",
        ),
        ("Image == ParentImage", "Image|fieldref: ParentImage"),
        ("Image startswith CurrentDirectory", "Image|fieldref|startswith: CurrentDirectory"),
        ("User is null", "User: null"),
        ("User exists", "User|exists: true"),
        ("User == ''", "User: ''"),
        ("Image like '*\\a?b*'", "Image: '*\\a?b*'"),
        ("Image contains '*'", r"Image|contains: '\*'"),
        ("hour(UtcTime) >= 22", "UtcTime|hour|gte: 22"),
    ];
    for (test, sigma) in cases {
        assert_eq!(line(&tested(test)), line(&item(sigma)), "{test}");
    }
    assert_eq!(line(&tested("User is not null")), "not(User Null)");
    assert_eq!(
        line(&tested("not (Image == 'a' or Image == 'b') and User == 'c'")),
        line(&predicate(&rule(
            CREATION,
            "x:\n    Image: [a, b]\ny:\n    User: c\ncondition: not x and y"
        )))
    );
}

#[test]
fn like_escapes_nothing() {
    let shown = line(&tested(r"Image like 'C:\*\a'"));
    assert!(shown.contains(r#"Literal("C:\\"), Any, Literal("\\a")"#), "{shown}");
}

const EVENTS: &str = "events:\n a = windows/network_connection\n b = windows/image_load\n\
                      c = windows/process_creation\n";

fn correlated(rest: &str, parameters: &[(&str, &str)]) -> (Option<Correlation>, Vec<String>) {
    let (rules, found) = run_weave(&format!("rule r {{\n{EVENTS}{rest}\n}}"), parameters);
    let found =
        found.iter().map(|found| format!("{} {}", found.code.id(), found.message)).collect();
    let rule = rules.into_iter().next().flatten();
    let correlation = rule.map(|rule| match &rule.body {
        Body::Correlation(correlation) => correlation.clone(),
        Body::Events(_) => panic!("{rest}"),
    });
    (correlation, found)
}

#[test]
fn keys_bindings_and_spans_are_resolved() {
    let rest = "params: w: duration = 24h\n\
                match: host = Computer\n user = { a: lower(User), b: User, c: User }\n\
                a.ProcessGuid == c.ProcessGuid\n over $w\n skew 5s\n condition: a and b and c";
    let (found, said) = correlated(rest, &[]);
    assert_eq!(said, Vec::<String>::new());
    let found = found.unwrap();
    assert_eq!((found.window, found.skew), (86_400_000, 5_000));
    let carried = |at: usize| found.keys[at].fields.iter().map(Option::is_some).collect::<Vec<_>>();
    assert_eq!((carried(0), carried(2)), (vec![true; 3], vec![true, false, true]));
    assert_eq!(found.keys[1].fields[0].as_ref().unwrap().1, Transform::Lower);
    for parameters in [("w", "1h"), ("r.w", "1h")] {
        assert_eq!(correlated(rest, &[parameters]).0.unwrap().window, 3_600_000);
    }
    let both = correlated(rest, &[("w", "1h"), ("r.w", "2h")]).0.unwrap();
    assert_eq!(both.window, 7_200_000);
    let said = correlated(rest, &[("w", "soon")]).1;
    assert_eq!(said[0], "E0401 the project sets `w` to `soon`, which is no duration");
}

#[test]
fn conditions_become_conditions() {
    let seen = |at| Cond::Seen(PatternId(at));
    let cases = [
        ("a and (b or c)", Cond::All(vec![seen(0), Cond::Any(vec![seen(1), seen(2)])])),
        ("2 of (a, b, c)", Cond::AtLeast(2, vec![seen(0), seen(1), seen(2)])),
        ("any of (a, b, c)", Cond::Any(vec![seen(0), seen(1), seen(2)])),
        ("all of (a, b, c)", Cond::All(vec![seen(0), seen(1), seen(2)])),
        (
            "count(a, b, c) >= 2.5",
            Cond::Count { of: (0..3).map(PatternId).collect(), cmp: Cmp::Gte, value: 3 },
        ),
        (
            "a and b and not c within 2h around b",
            Cond::All(vec![
                seen(0),
                seen(1),
                Cond::Absent {
                    pattern: PatternId(2),
                    span: 7_200_000,
                    anchor: Anchor::Around,
                    of: Some(PatternId(1)),
                },
            ]),
        ),
    ];
    for (text, expected) in cases {
        let (found, said) = correlated(&format!("match: over 1h condition: {text}"), &[]);
        assert_eq!(said, Vec::<String>::new(), "{text}");
        assert_eq!(found.unwrap().cond, expected, "{text}");
    }
    let (found, _) = correlated("match: over 1h condition: a then not c then b within 5m", &[]);
    let Cond::Chain(steps) = found.unwrap().cond else { panic!() };
    assert_eq!(
        (steps[1].within, steps[1].without.as_slice()),
        (Some(300_000), &[PatternId(2)][..])
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let cases = [
        ("over 1h condition: a and z", "E0303 the rule has no event `z`"),
        ("over 0s condition: a", "E0603 the duration `0s` is out of range"),
        ("over 367d condition: a", "E0603 the duration `367d` is out of range"),
        ("over 'x' condition: a", "E0205"),
        ("over $nope condition: a", "E0408 `$nope` is neither a parameter nor a list"),
        ("x = Image over 1h x = Image condition: a", "E0601 `x` is matched twice"),
        ("x = ImageLoaded over 1h condition: a", "E0604 the event `a` does not carry the key"),
        ("x = lowr(Image) over 1h condition: a", "E0304 there is no transform `lowr` of keys"),
        ("x = { a: Image } over 1h condition: a", "E0604 the key `x` has no field of `b`"),
        ("a.Image == a.User over 1h condition: a", "E0601 both sides are of the same event"),
        ("a.ProcessId == b.Image over 1h condition: a", "E0608"),
        ("hex = lower(ProcessId) over 1h condition: a", "E0402 `lower` makes no sense"),
        ("over 1h condition: count(a) >= 0", "E0601 the comparison always holds"),
        ("over 1h condition: count(a) < 0", "E0601 the comparison can never hold"),
        ("over 1h condition: 4 of (a, b, c)", "E0601 only 3 are listed"),
        ("over 1h condition: 0 of (a)", "E0601 `0 of` always holds"),
        ("over 1h condition: sum(a.Image) > 1", "E0402 `Image` is of type path, not a number"),
        ("over 1h condition: percentile(a.ProcessId) > 1", "E0601 which percentile is meant?"),
        ("over 1h condition: percentile(a.ProcessId, 101) > 1", "E0601 there is no percentile 101"),
        ("over 1h condition: score(a: 1, b: 2) >= 4", "E0601 the score can never be reached"),
        ("over 1h condition: score(a: 1, b: 2) > 1", "E0601 a score compares by `>=`"),
        ("over 1h condition: score(a: 1, a: 2) >= 2", "E0601 `a` has a weight already"),
        ("over 1h condition: score(a: -1, b: 2) >= 2", "E0601 a weight is a positive number"),
        ("over 1h condition: not a", "E0601 the condition names no event that it fires at"),
        ("over 1h condition: a then b within 2h", "E0601 `b` cannot follow so late"),
        ("over 1h condition: a and not b within 1h after b", "E0601 an event is never absent"),
        (
            "over 1h condition: a alert: suppress by x for 1h",
            "E0604 the rule matches by no key `x`",
        ),
        ("over 1h condition: a show: a.Imgae", "E0301 no field `Imgae`"),
    ];
    for (rest, expected) in cases {
        let (found, said) = correlated(&format!("match: {rest}"), &[]);
        assert!(found.is_none(), "{rest}");
        assert!(said.iter().any(|said| said.starts_with(expected)), "{rest}: {said:?}");
    }
}

#[test]
fn tests_that_make_no_sense_are_refused() {
    let cases = [
        ("Imgae == 'a'", "E0301"),
        ("ProcessId contains '5'", "E0402"),
        ("ProcessId == 'five'", "E0401"),
        ("Image cidr '10.0.0.0/8'", "E0402"),
        ("Image matches /(/", "E0404"),
        ("Image matches /a/x", "E0404"),
        ("Image matches 'a'", "E0401"),
        ("Image == /a/", "E0401"),
        ("Image like 5", "E0401"),
        ("Image == lower('a')", "E0304"),
        ("year2(UtcTime) == 5", "E0304"),
        ("Image != any ('a', 'b')", "E0403"),
        ("Image cased == 5 and ProcessId cased > 5", "E0403"),
        ("Image == 24h", "E0401"),
        ("Image in ()", "E0111"),
        ("Image == $nope", "E0408"),
        ("Image == Nope", "E0301"),
    ];
    for (test, expected) in cases {
        let text =
            format!("rule r {{ events: e = windows/process_creation where {test} condition: e }}");
        let (rules, found) = run_weave(&text, &[]);
        assert!(rules[0].is_none(), "{test}");
        let codes: Vec<_> = found.iter().map(|found| found.code.id()).collect();
        assert!(codes.contains(&expected), "{test}: {codes:?}");
    }
}
