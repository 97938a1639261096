//! Detection items: fields, modifiers, values, types.

use super::*;

/// Log source, item, test.
const TESTS: &[(&str, &str, &str)] = &[
    (CREATION, r"Image: 'C:\a.exe'", r#"Image Text { test: Equals("C:\\a.exe"), cased: false }"#),
    (
        CREATION,
        r"Image|endswith: '\a.exe'",
        r#"Image Text { test: EndsWith("\\a.exe"), cased: false }"#,
    ),
    (CREATION, "Image: 'a*'", r#"Image Text { test: StartsWith("a"), cased: false }"#),
    (CREATION, "Image: '*a*'", r#"Image Text { test: Contains("a"), cased: false }"#),
    (
        CREATION,
        "Image|cased: 'a?b'",
        r#"Image Text { test: Like([Literal("a"), One, Literal("b")]), cased: true }"#,
    ),
    (
        CREATION,
        "Image|contains: 'a*b'",
        r#"Image Text { test: Like([Any, Literal("a"), Any, Literal("b"), Any]), cased: false }"#,
    ),
    (CREATION, "Image: ''", r#"Image Text { test: Equals(""), cased: false }"#),
    (CREATION, "Image: '*'", "Image Exists"),
    (CREATION, "Image: null", "Image Null"),
    (CREATION, "Image:", "Image Null"),
    (CREATION, "Image|exists: true", "Image Exists"),
    (CREATION, "Image|exists: false", "not(Image Exists)"),
    (CREATION, "Image|neq: a", r#"not(Image Text { test: Equals("a"), cased: false })"#),
    (CREATION, "ProcessId: 4", "ProcessId Number { cmp: Eq, value: 4.0 }"),
    (CREATION, "ProcessId: '4'", "ProcessId Number { cmp: Eq, value: 4.0 }"),
    (CREATION, "ProcessId: '*'", "ProcessId Exists"),
    (CREATION, "ProcessId: ''", "ProcessId Null"),
    (CREATION, "ProcessId|gte: 4", "ProcessId Number { cmp: Gte, value: 4.0 }"),
    (CREATION, "ProcessId|lt: 4.5", "ProcessId Number { cmp: Lt, value: 4.5 }"),
    (CREATION, "LogonId: 0x3e7", r#"LogonId Text { test: Equals("0x3e7"), cased: false }"#),
    (CREATION, "Image: true", r#"Image Text { test: Equals("true"), cased: false }"#),
    (CREATION, "UtcTime|hour: 3", "UtcTime TimePart { part: Hour, cmp: Eq, value: 3 }"),
    (CREATION, "UtcTime|week|gt: 3", "UtcTime TimePart { part: Week, cmp: Gt, value: 3 }"),
    (
        CREATION,
        "Image|fieldref: ParentImage",
        r#"Image Field { cmp: Equals, other: FieldRef { name: "ParentImage", ty: Path }, cased: false }"#,
    ),
    (
        CREATION,
        "Image|re|i: 'a.b'",
        r#"Image Regex(Regex { pattern: "a.b", ignore_case: true, multiline: false, dotall: false })"#,
    ),
    (
        CREATION,
        "sha1: 0123456789012345678901234567890123456789",
        r#"sha1 Text { test: Equals("0123456789012345678901234567890123456789"), cased: false }"#,
    ),
    (NETWORK, "Initiated: 'True'", "Initiated Boolean(true)"),
    (NETWORK, "Initiated: false", "Initiated Boolean(false)"),
    (NETWORK, "Initiated: '-'", "Initiated Null"),
    (NETWORK, "DestinationPort: 0", "DestinationPort Number { cmp: Eq, value: 0.0 }"),
    (NETWORK, "DestinationPort: 65535", "DestinationPort Number { cmp: Eq, value: 65535.0 }"),
    (NETWORK, "DestinationIp|cidr: 10.0.0.0/8", "DestinationIp Cidr(10.0.0.0/8)"),
    (NETWORK, "DestinationIp|cidr: 10.1.2.3", "DestinationIp Cidr(10.1.2.3/32)"),
    (NETWORK, "DestinationIp|cidr: 'fe80::/10'", "DestinationIp Cidr(fe80::/10)"),
    (
        NETWORK,
        "DestinationIp|startswith: '10.'",
        r#"DestinationIp Text { test: StartsWith("10."), cased: false }"#,
    ),
    (NETWORK, "DestinationIp: '2001:DB8:0:0::1'", "DestinationIp Cidr(2001:db8::1/128)"),
    (NETWORK, "DestinationIp: '-'", r#"DestinationIp Text { test: Equals("-"), cased: false }"#),
];

#[test]
fn each_item_becomes_its_test() {
    for (logsource, item, expected) in TESTS {
        let text = one(logsource, item);
        assert_eq!(line(&predicate(&text)), *expected, "{item}");
    }
}

#[test]
fn values_are_alternatives_unless_all_are_asked_for() {
    let test = |text: &str| format!("Image Text {{ test: Contains(\"{text}\"), cased: false }}");
    let (a, b) = (test("a"), test("b"));
    let cases = [
        ("Image|contains: [a, b]", format!("any({a}, {b})")),
        ("Image|contains|all: [a, b]", format!("all({a}, {b})")),
        ("Image|contains|neq: [a, b]", format!("not(any({a}, {b}))")),
        ("Image|contains|all: [a]", a.clone()),
        ("ProcessId: ['', null, '-']", "ProcessId Null".to_owned()),
        ("Image|expand|contains: 'x%hosts%'", format!("any({}, {})", test("xdc1"), test("xdc*"))),
    ];
    for (item, expected) in cases {
        assert_eq!(line(&predicate(&one(CREATION, item))), expected, "{item}");
    }
}

#[test]
fn every_value_of_all_has_its_own_alternatives() {
    let found = predicate(&one(CREATION, "CommandLine|windash|contains|all: ['-a', '-b']"));
    let Predicate::All(parts) = found else { panic!("{found:?}") };
    let alternatives = |part: &Predicate| match part {
        Predicate::Any(any) => any.len(),
        Predicate::All(_)
        | Predicate::Not(_)
        | Predicate::Test(_)
        | Predicate::Keyword(_)
        | Predicate::KeywordRegex(_) => 0,
    };
    assert_eq!(parts.iter().map(alternatives).collect::<Vec<_>>(), [5, 5]);
    let text = one(CREATION, "CommandLine|wide|base64offset|contains: 'http'");
    assert!(line(&predicate(&text)).starts_with("any(CommandLine Text { test: Contains(\"aAB0"));
}

#[test]
fn selections_of_lists_and_words_are_read() {
    let cases = [
        (
            "s: [{Image: a}, {User: b}]",
            "any(Image Text { test: Equals(\"a\"), cased: false }, User Text { test: Equals(\"b\"), cased: false })",
        ),
        (
            "s: {Image: a, User: b}",
            "all(Image Text { test: Equals(\"a\"), cased: false }, User Text { test: Equals(\"b\"), cased: false })",
        ),
        (
            "s: [foo, 'b*r', 5]",
            "any(keyword Contains(\"foo\"), keyword Like([Any, Literal(\"b\"), Any, Literal(\"r\"), Any]), keyword Contains(\"5\"))",
        ),
        ("s: {'|all': [foo, bar]}", "all(keyword Contains(\"foo\"), keyword Contains(\"bar\"))"),
        ("s: {'|re': 'a.b'}", "keyword /a.b/"),
    ];
    for (selection, expected) in cases {
        let text = rule(CREATION, &format!("{selection}\ncondition: s"));
        assert_eq!(line(&predicate(&text)), expected, "{selection}");
    }
}

/// Log source, item, code.
const REFUSED: &[(&str, &str, &str)] = &[
    (CREATION, "Imgae: a", "E0301"),
    (CREATION, "image: a", "E0301"),
    (CREATION, "Image|fieldref: Nope", "E0301"),
    (CREATION, "Image|contians: a", "E0304"),
    (CREATION, "ProcessId: abc", "E0401"),
    (CREATION, "ProcessId: 1.5", "E0401"),
    (CREATION, "ProcessId: 'inf'", "E0401"),
    (CREATION, "ProcessId|gt: abc", "E0401"),
    (CREATION, "Image|exists: 'yes'", "E0401"),
    (CREATION, "Image|contains: null", "E0401"),
    (CREATION, "sha256: '0123456789012345678901234567890123456789'", "E0401"),
    (CREATION, "'|contains': ''", "E0401"),
    (NETWORK, "DestinationPort: http", "E0401"),
    (NETWORK, "DestinationPort: 65536", "E0401"),
    (NETWORK, "DestinationPort: -1", "E0401"),
    (NETWORK, "Initiated: maybe", "E0401"),
    (CREATION, "ProcessId: '4*'", "E0402"),
    (CREATION, "ProcessId|startswith: 4", "E0402"),
    (CREATION, "ProcessId|re: 4", "E0402"),
    (CREATION, "Image|gt: 4", "E0402"),
    (CREATION, "Image|cidr: 10.0.0.0/8", "E0402"),
    (CREATION, "Image|hour: 4", "E0402"),
    (CREATION, "Image|fieldref: ProcessId", "E0402"),
    (CREATION, "ProcessId|fieldref|contains: ParentProcessId", "E0402"),
    (CREATION, "UtcTime: '2026-01-01'", "E0402"),
    (NETWORK, "DestinationIp|re: '10.*'", "E0402"),
    (NETWORK, "Initiated|contains: t", "E0402"),
    (CREATION, "Image|contains|startswith: a", "E0403"),
    (CREATION, "Image|base64: 'a*'", "E0403"),
    (CREATION, "'|endswith': a", "E0403"),
    (CREATION, "'|cased': a", "E0403"),
    (CREATION, "Image|re: '(?=a)b'", "E0404"),
    (NETWORK, "DestinationIp|cidr: 10.0.0.0/33", "E0405"),
    (NETWORK, "DestinationIp|cidr: 10.0.0.1/8", "E0405"),
    (NETWORK, "DestinationIp|cidr: '10.*'", "E0405"),
    (CREATION, "UtcTime|hour: 24", "E0406"),
    (CREATION, "UtcTime|minute: x", "E0406"),
    (CREATION, "CommandLine|windash: '-a -b -c -d -e -f'", "E0407"),
    (CREATION, "Image|expand: '%nope%'", "E0408"),
];

#[test]
fn what_does_not_fit_is_refused_by_code() {
    for (logsource, item, code) in REFUSED {
        assert_eq!(codes(&one(logsource, item)), [*code], "{item}");
    }
}

#[test]
fn what_can_hardly_be_meant_is_told() {
    let cases: &[(&str, &str, &[&str])] = &[
        (CREATION, r"Image: '\a.exe'", &["W0403"]),
        (CREATION, r"Image: '\\srv\a.exe'", &["W0403"]),
        (CREATION, r"Image|startswith: '\Temp\'", &["W0403"]),
        (CREATION, r"Image: '\\\\srv\a.exe'", &[]),
        (CREATION, r"Image: '\Device\HarddiskVolume1\a.exe'", &[]),
        (CREATION, r"Image|endswith: '\a.exe'", &[]),
        (CREATION, r"CommandLine: '\a.exe'", &[]),
        (CREATION, "CommandLine|base64offset: abc", &["W0403"]),
        (CREATION, "CommandLine|base64offset|contains: abc", &[]),
        (CREATION, r"Image: 'C:\Temp\*.exe'", &["W0404"]),
        (CREATION, r"Image: 'C:\Temp\\*.exe'", &[]),
        (CREATION, r"CommandLine|contains: 'del C:\Temp\*.exe'", &[]),
        (CREATION, "Image|expand: '%none%'", &["W0402"]),
        (CREATION, r"Image|endswith '\a.exe'", &["E0206"]),
        (CREATION, "Image|endswith:a.exe", &["E0206"]),
        (CREATION, "Image|endswith", &["E0206"]),
        (CREATION, "'Image|endswith'", &[]),
        (CREATION, "curl|bash", &[]),
        (NETWORK, "DestinationPort: 99999999999999999999", &["E0401"]),
    ];
    for (logsource, item, expected) in cases {
        assert_eq!(codes(&one(logsource, item)), *expected, "{item}");
    }
}

#[test]
fn nearest_names_are_suggested() {
    let cases = [
        (CREATION, "Imgae: a", "the nearest name is `Image`"),
        (CREATION, "commandline: a", "the nearest name is `CommandLine`"),
        (
            "{product: windwos, category: process_creation}",
            "Image: a",
            "the nearest name is `windows`",
        ),
        (
            "{product: windows, category: process_create}",
            "Image: a",
            "the nearest name is `process_creation`",
        ),
        ("{product: windows, service: securty}", "EventID: 1", "the nearest name is `security`"),
        ("{category: process_creation}", "Image: a", "name the `product`, too"),
        (
            "{product: windows, category: registry_set, service: sysmon}",
            "Image: a",
            "leave out the service: `windows/registry_set` is one",
        ),
    ];
    for (logsource, item, help) in cases {
        let (_, found) = run(&one(logsource, item));
        let helps: Vec<_> = found.iter().filter_map(|found| found.help.as_deref()).collect();
        assert_eq!(helps, [help], "{logsource} {item}");
    }
}

#[test]
fn all_mistakes_of_a_rule_are_found_in_one_run() {
    let text = rule(
        CREATION,
        "s:\n    Imgae: a\n    ProcessId: b\n    Image|gt: 1\nunused:\n    User: a\ncondition: s and nope and 1 of no_*",
    );
    assert_eq!(codes(&text), ["E0301", "E0401", "E0402", "E0303", "E0308"]);
}

#[test]
fn approximations_are_accepted_by_code_or_name() {
    let body = one(CREATION, "Image: a");
    let (rules, found) = run(&format!("accept: [W0606, not-expressible]\n{body}"));
    assert!(found.is_empty());
    let accept = &rules[0].as_ref().unwrap().meta.accept;
    assert_eq!(accept.as_slice(), [Code::SimultaneousEvents, Code::NotExpressible]);
    assert_eq!(codes(&format!("accept: [W9999]\n{body}")), ["E0309"]);
}
