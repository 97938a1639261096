//! Any rules at all: nothing panics, and there is a rule exactly where no error was reported.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::diagnostic::Severity;

const FIELDS: &[&str] = &[
    "Image",
    "ProcessId",
    "UtcTime",
    "sha1",
    "Hashes",
    "Imgae",
    "CommandLine",
    "IntegrityLevel",
    "",
];
const MODIFIERS: &[&str] = &[
    "contains",
    "startswith",
    "all",
    "re",
    "i",
    "cased",
    "base64",
    "base64offset",
    "wide",
    "windash",
    "cidr",
    "exists",
    "expand",
    "fieldref",
    "gt",
    "lte",
    "neq",
    "hour",
    "year",
    "nope",
];
const VALUES: &[&str] = &[
    "''",
    "'*'",
    "'a*b?c'",
    "null",
    "true",
    "4",
    "0.5",
    "-1",
    "'-a /b'",
    "'(['",
    "'a(?=b)'",
    "'10.0.0.0/8'",
    "'%hosts%'",
    "ParentImage",
    "'é\\\\'",
    "[a, 'b*', 3]",
    "['', null]",
    "'-'",
];
const CONDITIONS: &[&str] = &[
    "s",
    "not s",
    "s and t",
    "s or not t",
    "1 of them",
    "2 of *",
    "all of s*",
    "s and nope",
    "1 of x*",
    "3 of them",
    "s and not s",
    "not (s and t)",
];
const KINDS: &[&str] = &[
    "event_count",
    "value_count",
    "value_avg",
    "value_percentile",
    "temporal",
    "temporal_ordered",
    "nope",
];
const TIMESPANS: &[&str] = &["5m", "0s", "1M", "x", "400d"];
const LIMITS: &[&str] = &[
    "{gte: 3}",
    "{lt: 0.5}",
    "{gt: 1, lte: 2}",
    "{field: User, gte: 2}",
    "{field: ProcessId, percentile: 9, gt: 0}",
    "one and not two",
    "1 of o*",
    "not two",
    "x",
];

fn item() -> impl Strategy<Value = String> {
    let modifiers = proptest::collection::vec(select(MODIFIERS), 0..4);
    (select(FIELDS), modifiers, select(VALUES)).prop_map(|(field, modifiers, value)| {
        let key = std::iter::once(field).chain(modifiers).collect::<Vec<_>>().join("|");
        format!("'{key}': {value}")
    })
}

fn agree(text: &str) -> Result<(), TestCaseError> {
    let (rules, found) = run(text);
    let errors = found.iter().filter(|found| found.severity() == Severity::Error).count();
    let complete = !rules.is_empty() && rules.iter().all(Option::is_some);
    prop_assert_eq!(complete, errors == 0, "{}\n{:#?}", text, found);
    Ok(())
}

proptest! {
    #[test]
    fn rules_are_checked_or_refused(a in item(), b in item(), condition in select(CONDITIONS)) {
        agree(&rule(CREATION, &format!("s: {{{a}}}\nt: {{{b}}}\ncondition: {condition}")))?;
    }

    #[test]
    fn correlations_are_checked_or_refused(
        kind in select(KINDS),
        timespan in select(TIMESPANS),
        limits in select(LIMITS),
        rules in select(&["[one, two]", "[two]", "[one, one]", "[one, three]", "[me]"][..]),
        key in select(&["User", "sha1", "nope"][..]),
    ) {
        let base = |name: &str| {
            format!("name: {name}\n{}---\n", rule(CREATION, "s: {Image: a}\ncondition: s"))
        };
        agree(&format!(
            "{}{}title: t\nname: me\ncorrelation:\n    type: {kind}\n    rules: {rules}\n    \
             timespan: {timespan}\n    group-by: [{key}]\n    condition: {limits}\n",
            base("one"),
            base("two"),
        ))?;
    }
}
