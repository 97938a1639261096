//! What a reviewer should know of the fields that a rule asks for on a platform.
//!
//! Whether a module is signed is computed by the host, with the trust store and the providers that an
//! attacker has just changed: a rule that *requires* such an answer beside an event that changes them
//! asks the corrupted witness (W0505). A field that can be missing although the platform holds it, such
//! as the state of a signature that nobody has looked up, counts under `not` as if it were another
//! value (W0506).

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Op, Part, Predicate, Rule, Test, TextTest};
use crate::platform::{Mark, Platform};
use crate::source::Span;

/// Parts of registry paths at which Windows keeps whom it trusts and how it checks that, in lower case.
/// Source: Microsoft, "System Store Locations"; MITRE ATT&CK T1553.003 and T1553.004.
const TRUST: [&str; 5] = [
    "systemcertificates",
    "enterprisecertificates",
    r"cryptography\oid",
    r"providers\trust",
    r"wintrust\",
];

/// What there is to say about the fields that the rule asks for: W0505 and W0506, each once per
/// place in the rule.
#[must_use]
pub fn remarks(rule: &Rule, platform: &Platform) -> Vec<Diagnostic> {
    let events = rule.events();
    let changes = events.iter().find(|(_, logsource, predicate)| changes(logsource, predicate));
    let mut found = Vec::new();
    let mut said = BTreeSet::new();
    for (span, logsource, predicate) in &events {
        let marked = |mark: Mark| move |test: &Test| is_marked(platform, logsource, test, mark);
        if let (Some((change, ..)), Some(test)) =
            (changes, required(predicate, Wanted::True, &marked(Mark::Tainted)))
            && change != span
            && said.insert((Code::TaintedEvidence, test.span))
        {
            found.push(tainted(test, *change, mapping(platform, logsource, test)));
        }
        let mut negated = Vec::new();
        under_not(predicate, Wanted::True, &marked(Mark::NullProne), &mut negated);
        for test in negated {
            if said.insert((Code::MissingCounts, test.span)) {
                found.push(missing(test, platform, mapping(platform, logsource, test)));
            }
        }
    }
    found
}

fn tainted(test: &Test, change: Span, mapping: Option<Span>) -> Diagnostic {
    let name = &test.field.name;
    let message =
        format!("`{name}` is what the host itself says after its trust store was changed");
    Diagnostic::new(Code::TaintedEvidence, test.span, message)
        .label(Some(change), "this event changes whom the host trusts")
        .label(mapping, "tainted, says the platform")
        .help("require it only as an alternative: `or` a signer or a path that is not expected")
}

fn missing(test: &Test, platform: &Platform, mapping: Option<Span>) -> Diagnostic {
    let (name, platform) = (&test.field.name, &platform.name);
    let message = format!("`{name}` can be missing on `{platform}`, and `not` holds then");
    Diagnostic::new(Code::MissingCounts, test.span, message)
        .label(mapping, "looked up here")
        .help(format!("and-ed with `{name}` exists, only events of which it is known count"))
}

/// Where the platform says what the field is.
fn mapping(platform: &Platform, logsource: &str, test: &Test) -> Option<Span> {
    let places = platform.places(logsource).iter();
    places.filter_map(|source| source.fields.get(&test.field.name)).map(|one| one.span).next()
}

fn is_marked(platform: &Platform, logsource: &str, test: &Test, mark: Mark) -> bool {
    let mut places = platform.places(logsource).iter();
    places.any(|source| {
        let resolved = source.fields.get(&test.field.name);
        resolved.is_some_and(|resolved| resolved.marks.contains(&mark))
    })
}

/// A marked test without which the predicate cannot come out as it is wanted to.
fn required<'a>(
    predicate: &'a Predicate,
    wanted: Wanted,
    marked: &impl Fn(&Test) -> bool,
) -> Option<&'a Test> {
    match (predicate, wanted) {
        (Predicate::Test(test), _) => marked(test).then_some(test),
        (Predicate::All(parts), Wanted::True) | (Predicate::Any(parts), Wanted::False) => {
            parts.iter().find_map(|part| required(part, wanted, marked))
        }
        (Predicate::Any(parts), Wanted::True) | (Predicate::All(parts), Wanted::False) => {
            let each = parts.iter().map(|part| required(part, wanted, marked));
            let each: Option<Vec<&Test>> = each.collect();
            each.and_then(|each| each.first().copied())
        }
        (Predicate::Not(inner), Wanted::True) => required(inner, Wanted::False, marked),
        (Predicate::Not(inner), Wanted::False) => required(inner, Wanted::True, marked),
        (Predicate::Keyword(_) | Predicate::KeywordRegex(_), _) => None,
    }
}

/// How a predicate is wanted to come out.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    True,
    False,
}

/// Marked tests that are wanted not to hold and do not ask themselves whether the field is
/// there.
fn under_not<'a>(
    predicate: &'a Predicate,
    wanted: Wanted,
    marked: &impl Fn(&Test) -> bool,
    into: &mut Vec<&'a Test>,
) {
    match (predicate, wanted) {
        (Predicate::All(parts) | Predicate::Any(parts), _) => {
            parts.iter().for_each(|part| under_not(part, wanted, marked, into));
        }
        (Predicate::Not(inner), Wanted::True) => under_not(inner, Wanted::False, marked, into),
        (Predicate::Not(inner), Wanted::False) => under_not(inner, Wanted::True, marked, into),
        (Predicate::Test(test), Wanted::False) => {
            let asks = matches!(test.op, Op::Null | Op::Exists);
            into.extend((!asks && marked(test)).then_some(test));
        }
        (Predicate::Test(_), Wanted::True)
        | (Predicate::Keyword(_) | Predicate::KeywordRegex(_), _) => {}
    }
}

/// Whether the events change whom the host trusts: registry events at such a path.
fn changes(logsource: &str, predicate: &Predicate) -> bool {
    let mut at_trust = false;
    predicate.tests(&mut |test| {
        at_trust |= logsource.starts_with("windows/registry_") && names_trust(&test.op);
    });
    at_trust
}

fn names_trust(op: &Op) -> bool {
    let text = match op {
        Op::Text { test, .. } => match test {
            TextTest::Equals(text)
            | TextTest::StartsWith(text)
            | TextTest::EndsWith(text)
            | TextTest::Contains(text) => text.to_lowercase(),
            TextTest::Like(parts) => {
                let literal = |part: &Part| match part {
                    Part::Literal(text) => text.to_lowercase(),
                    Part::Any | Part::One => " ".to_owned(),
                };
                parts.iter().map(literal).collect()
            }
        },
        Op::Regex(regex) => regex.pattern.to_lowercase().replace(r"\\", r"\"),
        Op::Number { .. }
        | Op::Boolean(_)
        | Op::Cidr(_)
        | Op::Field { .. }
        | Op::TimePart { .. }
        | Op::Listed { .. }
        | Op::Exists
        | Op::Null => return false,
    };
    TRUST.iter().any(|path| text.contains(path))
}
