//! Any text, put into a literal and read back by a small lexer of SPL, is the same text.

use proptest::prelude::*;

use super::super::regex::{of_texts, portable};
use super::super::syntax::{search_value, string};
use super::*;

/// Reads a quoted string as SPL does; the rest of the input must be empty.
fn unquoted(literal: &str) -> String {
    let mut chars = literal.chars();
    assert_eq!(chars.next(), Some('"'));
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                assert_eq!(chars.as_str(), "", "text behind the closing quote of {literal}");
                return text;
            }
            '\\' => match chars.next().expect("a character behind a backslash") {
                escaped @ ('\\' | '"' | '|') => text.push(escaped),
                other => text.extend(['\\', other]),
            },
            other => text.push(other),
        }
    }
    panic!("no closing quote in {literal}");
}

/// What a search value matches, as a regular expression.
fn wildcards(value: &str) -> String {
    let parts: Vec<String> = value.split('*').map(::regex::escape).collect();
    format!("(?is)^{}$", parts.join(".*"))
}

/// Expressions as PCRE reads them, once the quotes are off. `\z` and `\x5c` mean the same to us.
fn pcre(expression: &str) -> ::regex::Regex {
    ::regex::Regex::new(&unquoted(&format!("\"{expression}\""))).unwrap()
}

/// The query without what stands in double quotes.
fn bare(query: &str) -> String {
    let (mut bare, mut quoted, mut escaped) = (String::new(), false, false);
    for c in query.chars() {
        match (quoted, escaped, c) {
            (true, true, _) => escaped = false,
            (true, false, '\\') => escaped = true,
            (_, _, '"') => quoted = !quoted,
            (true, false, _) => {}
            (false, _, c) => bare.push(c),
        }
    }
    assert!(!quoted, "an open quote in {query}");
    bare
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![r#"[a-zA-Z0-9\\"|*?` .$^(){}\[\]äßK\n%_/-]{0,12}"#, any::<String>(),]
}

proptest! {
    #[test]
    fn eval_strings_read_back(text in any_text()) {
        let printed = string(&text).to_string();
        let read = match printed.strip_prefix("urldecode(") {
            Some(rest) => url_decoded(&unquoted(rest.strip_suffix(')').unwrap())),
            None => unquoted(&printed),
        };
        prop_assert_eq!(read, text);
    }

    #[test]
    fn search_values_match_their_text(text in any_text()) {
        let value = search_value(&TextTest::Equals(text.clone()));
        let read = match value.text.as_str() {
            quoted if quoted.starts_with('"') => unquoted(quoted),
            digits => {
                prop_assert!(digits.chars().all(|c| c.is_ascii_digit()));
                digits.to_owned()
            }
        };
        let pattern = ::regex::Regex::new(&wildcards(&read)).unwrap();
        prop_assert!(pattern.is_match(&text));
        if value.exact {
            prop_assert_eq!(read, text);
        }
    }

    #[test]
    fn expressions_match_their_text_and_no_other(text in any_text(), other in any_text()) {
        let test = TextTest::Equals(text.clone());
        let pattern = pcre(&of_texts([&test], true));
        prop_assert!(pattern.is_match(&text));
        prop_assert_eq!(pattern.is_match(&other), text == other);
        prop_assert!(pcre(&of_texts([&test], false)).is_match(&text));
    }

    #[test]
    fn contained_text_is_found(before in any_text(), text in any_text(), after in any_text()) {
        let whole = format!("{before}{text}{after}");
        for cased in [true, false] {
            let contains = TextTest::Contains(text.clone());
            let ends = TextTest::EndsWith(format!("{text}{after}"));
            let starts = TextTest::StartsWith(format!("{before}{text}"));
            for test in [&contains, &ends, &starts] {
                prop_assert!(pcre(&of_texts([test], cased)).is_match(&whole));
            }
        }
    }

    #[test]
    fn no_text_leaves_its_quotes(text in any_text()) {
        let all = Predicate::all([
            equals("a", &text),
            cased("b", TextTest::Contains(text.clone())),
            Predicate::Keyword(TextTest::Contains(text.clone())),
            test("d", Op::Regex(regex(&::regex::escape(&text)))),
        ]);
        for predicate in [all.clone(), not(all)] {
            let bare = bare(&spl(predicate));
            let known = |word: &str| {
                ["isnotnull", "isnull", "match", "where", "a", "b", "d", "_raw", "AND", "OR", "NOT"]
                    .contains(&word)
                    || word.chars().all(|c| c.is_ascii_digit())
            };
            let words = bare.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let strange: Vec<&str> =
                words.filter(|word| !word.is_empty() && !known(word)).collect();
            prop_assert!(strange.is_empty(), "{:?} in {}", strange, bare);
            prop_assert!(bare.matches('|').count() <= 1, "{}", bare);
        }
    }

    #[test]
    fn a_regex_means_the_same_behind_the_quotes(pattern in any_text(), text in any_text()) {
        let pattern = ::regex::escape(&pattern);
        let printed = portable(&regex(&pattern)).unwrap();
        let same = ::regex::Regex::new(&pattern).unwrap();
        prop_assert_eq!(pcre(&printed).is_match(&text), same.is_match(&text));
    }
}

fn url_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits: Vec<u8> = rest.by_ref().take(2).collect();
            let digits = String::from_utf8(digits).unwrap();
            bytes.push(u8::from_str_radix(&digits, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn regexes_print_as_pcre() {
    for (rust, pcre) in [
        ("a$", r"a\z"),
        ("(?m)a$", "(?m)a$"),
        ("(?m:a$)b$", r"(?m:a$)b\z"),
        (r"\\", r"\x5c"),
        (r"\|", r"\x7c"),
        ("a|b", "a|b"),
        (r#"[\\"|]"#, r"[\x5c\x22\x7c]"),
        ("a++", "(?:a+)+"),
        ("(?x) a b # c", "ab"),
        (r"\v", r"\x0b"),
        (r"\<a\>", r"\b(?=\w)a\b(?<=\w)"),
        ("[a[bc]]", "[abc]"),
        ("(?P<x>a)(?<y>b)", "(a)(b)"),
        ("a{2,3}?", "a{2,3}?"),
        (r"\pL\p{Lu}", r"\pL\p{Lu}"),
        ("[[:alpha:]ä-ö]", r"[[:alpha:]\x{e4}-\x{f6}]"),
        ("(?i)a(?-i)b", "(?i)a(?-i)b"),
    ] {
        assert_eq!(portable(&regex(rust)).as_deref(), Ok(pcre), "{rust}");
    }
}

#[test]
fn regexes_that_pcre_lacks_are_refused_by_construct() {
    for (rust, construct) in [
        ("x[a&&b]", "a&&b"),
        ("[a[^b]]", "[^b]"),
        (r"\p{Greek}", r"\p{Greek}"),
        ("(?-u:a)", "-u"),
        ("(?R)a", "R"),
    ] {
        assert_eq!(portable(&regex(rust)), Err(construct.to_owned()), "{rust}");
    }
}
