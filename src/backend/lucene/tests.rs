//! Tests of the module above.

use super::*;

fn regex(pattern: &str, flags: &str) -> Regex {
    Regex {
        pattern: pattern.to_owned(),
        ignore_case: flags.contains('i'),
        multiline: flags.contains('m'),
        dotall: flags.contains('s'),
    }
}

#[test]
fn expressions_cover_whole_values() {
    let cases = [
        ("foo", "", ".*foo.*"),
        ("^foo", "", "foo.*"),
        ("foo$", "", ".*foo"),
        ("^foo$", "", "foo"),
        ("^$", "", "()"),
        ("", "", ".*"),
        (".*foo.*", "", ".*foo.*"),
        ("foo|bar", "", ".*(foo|bar).*"),
        ("^foo|bar$", "", "foo.*|.*bar"),
        (r"(^|\\)cmd\.exe", "", r"cmd\.exe.*|.*\\cmd\.exe.*"),
        (r"a\d+?b", "", ".*a[0-9]+b.*"),
        (r"^[^\\]+$", "", r"[^\\]+"),
        ("^a.b$", "", "a[^\n]b"),
        ("^a.b$", "s", "a.b"),
        ("^(ab){2,3}c{4}d{5,}$", "", "(ab){2,3}c{4}d{5,}"),
        ("^(a|)b$", "", "a?b"),
        (r"^\bfoo\b$", "", "foo"),
        (r"\bfoo\b", "", ".*foo.*"),
    ];
    for (pattern, flags, expected) in cases {
        let found = translate(&regex(pattern, flags)).map(|lucene| lucene.pattern);
        let border = "(.*[^0-9A-Z_a-z])?foo([^0-9A-Z_a-z].*)?".to_owned();
        let expected = if pattern == r"\bfoo\b" { border } else { expected.to_owned() };
        assert_eq!(found, Ok(expected), "{pattern}");
    }
}

#[test]
fn case_is_ignored_by_the_operator_where_the_whole_expression_allows_it() {
    let both = |pattern: &str, flags| translate(&regex(pattern, flags)).unwrap();
    assert_eq!(both("^Sky[a-f]$", "i"), Lucene { pattern: "sky[A-Fa-f]".into(), folded: true });
    assert_eq!(both("^(?i:a)B$", ""), Lucene { pattern: "[Aa]B".into(), folded: false });
    assert_eq!(both(r"^\d$", "i"), Lucene { pattern: "[0-9]".into(), folded: false });
    assert_eq!(both("^é$", "i"), Lucene { pattern: "[Éé]".into(), folded: false });
    assert_eq!(both("^né$", "i"), Lucene { pattern: "n[Éé]".into(), folded: true });
}

#[test]
fn reserved_characters_are_literal() {
    let literal = r##".?+*|{}[]()"\#@&<>~^$"##;
    let found = translate(&regex(&format!("^{}$", regex_syntax::escape(literal)), "")).unwrap();
    let expected: String = literal.chars().map(|c| format!("\\{c}")).collect();
    assert_eq!(found.pattern, expected);
}

#[test]
fn what_lucene_lacks_is_refused() {
    let cases = [
        ("^a$", "m"),
        (r"a\Bb", ""),
        (r"\b[^a]", ""),
        ("(a^)?b", ""),
        ("a^b", ""),
        ("a{1,2000}b", ""),
        (r"[^\s\S]", ""),
    ];
    for (pattern, flags) in cases {
        let found = translate(&regex(pattern, flags));
        assert!(matches!(found, Err(Problem::Construct(_))), "{pattern}: {found:?}");
    }
    let long = "a".repeat(2000);
    assert_eq!(translate(&regex(&long, "")), Err(Problem::Length(2004)));
    let anchors = r"(^|a)(^|b)(^|c)(^|d)(^|e)(^|f)(^|g)(^|h)".repeat(3);
    assert!(translate(&regex(&anchors, "")).is_err());
}

#[test]
fn letters_beyond_ascii_need_more() {
    assert!(folds_beyond_ascii("Zürich"));
    assert!(!folds_beyond_ascii("Zurich 中文 “x”"));
}
