//! Values, names, texts and list entries that try to leave their quotes, in every format of every
//! target: each artifact is read by a parser of its format and holds the very query that is written
//! bare, and a lexer of the query's language sees no more commands, brackets or comments than in the
//! query of a harmless value.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::artifacts::stanzas;
use super::build::project;
use super::{code, run, stderr};

/// What leaves quotes, lines, comments, patterns or markup in one of the languages.
const HOSTILE: [&str; 18] = [
    "x\" | delete \"",
    "x' or 1==1 or 'a'=='a",
    "x\\",
    "x\\\" | delete",
    "\"\"\" or true or \"\"\"",
    "''' \nenabled = true\n'''",
    "a\n| delete\n",
    "a\r\n[other]\r\nsearch = *",
    "x \\\n[stanza]",
    "`macro` [search index=*]",
    "``` hidden ```",
    "// hidden",
    "/* hidden */ # hidden",
    "@\"x\" and @'x'",
    "${x} $x$ %x% {{ x }} {% x %}",
    "[concat('x')]",
    "\u{2028}| delete\u{85}x\u{feff}",
    "x\u{1}\u{7f}\t) or (true",
];

const FORMATS: [(&str, &str, &str, &str); 5] = [
    ("splunk", "splunk", "splunk-ta", "'savedsearches', 'contentctl', "),
    ("generic", "splunk", "splunk-generic", "'savedsearches', "),
    ("sentinel", "kql", "sentinel", "'sentinel-yaml', 'sentinel-arm', "),
    ("defender", "kql", "defender-xdr", "'defender', "),
    ("elastic", "eql", "elastic-winlogbeat", "'elastic-toml', 'kibana-ndjson', "),
];

/// A rule that says the text wherever a rule says something.
fn rule(number: usize, text: &str) -> String {
    // What JSON may hold as it is, and YAML must not.
    let quoted = |text: &str| Value::from(text).to_string().replace('\u{7f}', "\\u007f");
    let said = quoted(text);
    let literal = text.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?");
    let pattern = quoted(&literal);
    let title = quoted(&format!("Title {number} {text}"));
    format!(
        "title: {title}\nname: rule_{number}\nid: 0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c{number:04}\n\
         status: test\ndescription: {said}\nauthor: {said}\ndate: 2026-11-28\n\
         references: [{said}]\nfalsepositives: [{said}]\nlevel: high\n\
         logsource: {{product: windows, category: process_creation}}\ndetection:\n    sel:\n        \
         CommandLine: {pattern}\n        Image|contains: {pattern}\n        \
         ParentImage|endswith: {pattern}\n        User|expand: '%Listed{number}%'\n    \
         condition: sel\n"
    )
}

fn built(texts: &[&str]) -> tempfile::TempDir {
    let mut toml = String::new();
    for (name, target, platform, formats) in FORMATS {
        toml += &format!(
            "[environments.{name}]\ntarget = '{target}'\nplatform = '{platform}'\n\
             formats = [{formats}'query']\n\
             artifact = {{ analytic_story = 'T', asset_type = 'E', security_domain = 'endpoint' }}\n"
        );
    }
    toml += "[parameters]\n";
    let rules: Vec<(String, String)> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| (format!("{number}.yml"), rule(number, text)))
        .collect();
    for (number, text) in texts.iter().enumerate() {
        let listed = toml::Value::Array(vec![(*text).into(), "b".into()]);
        toml += &format!("Listed{number} = {listed}\n");
    }
    let rules: Vec<(&str, &str)> =
        rules.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = project(&toml, &rules);
    let output = run(folder.path(), &["build"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    folder
}

/// Words that the hostile texts would say outside of a literal.
const WORDS: [&str; 6] = ["delete", "hidden", "stanza", "macro", "enabled", "other"];

/// A query without its literals, and how often what commands and nests occurs in it.
#[derive(Debug)]
struct Lexed {
    rest: String,
    counts: BTreeMap<char, usize>,
}

impl Lexed {
    fn assert_harmless(&self, query: &str) {
        for word in WORDS {
            assert!(
                !self.rest.to_lowercase().contains(word),
                "`{word}` leaves its literal: {query}"
            );
        }
    }
}

/// Lexes a query: `"…"` and `'…'` with escapes, `"""…"""` and `@"…"` without, names in backquotes.
fn lexed(target: &str, query: &str) -> Lexed {
    let chars: Vec<char> = query.chars().collect();
    let starts = |at: usize, text: &str| {
        text.chars().enumerate().all(|(more, c)| chars.get(at + more) == Some(&c))
    };
    let (mut counts, mut rest) = (BTreeMap::new(), String::new());
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        let verbatim = target == "kql" && c == '@' && matches!(chars.get(at + 1), Some('"' | '\''));
        let raw = matches!(target, "eql" | "esql") && starts(at, "\"\"\"");
        let quoted = c == '"' || c == '\'' && target == "kql" || c == '`' && target != "splunk";
        let end = if starts(at, "// accepted (W") || starts(at, "// timestamp_field: ") {
            (at..chars.len()).find(|end| chars.get(*end) == Some(&'\n'))
        } else if raw {
            (at + 3..chars.len()).find(|end| starts(*end, "\"\"\"")).map(|end| end + 3)
        } else if verbatim {
            closing(&chars, at + 1, false)
        } else if quoted {
            closing(&chars, at, c != '`')
        } else {
            assert!(!starts(at, "//") && !starts(at, "```"), "a comment in {query}");
            rest.push(c);
            if "|()[]{}`\n".contains(c) {
                *counts.entry(c).or_default() += 1;
            }
            Some(at + 1)
        };
        at = end.unwrap_or_else(|| panic!("a literal does not end in {query}"));
    }
    let lexed = Lexed { rest, counts };
    lexed.assert_harmless(query);
    lexed
}

/// The place after the literal whose quote stands at `at`; a doubled quote stands for itself where
/// there are no escapes.
fn closing(chars: &[char], at: usize, escapes: bool) -> Option<usize> {
    let quote = *chars.get(at)?;
    let mut end = at + 1;
    loop {
        match *chars.get(end)? {
            '\\' if escapes => end += 2,
            c if c == quote && !escapes && chars.get(end + 1) == Some(&quote) => end += 2,
            c if c == quote => return Some(end + 1),
            '\n' if quote != '`' => return None,
            _ => end += 1,
        }
    }
}

/// The queries of an environment's artifacts of a rule, each as its format's parser reads it.
fn queries(folder: &Path, environment: &str, number: usize) -> Vec<String> {
    let build = folder.join("build").join(environment);
    let read = |path: &str| fs::read_to_string(build.join(path)).unwrap();
    let json = |path: &str| serde_json::from_str::<Value>(&read(path)).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let yaml = |path: &str| serde_yaml::from_str::<Value>(&read(path)).unwrap();
    let title = |entries: &[(String, String)], key: &str| {
        entries.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone()).unwrap()
    };
    match environment {
        "splunk" | "generic" => {
            let app = format!("sigweave_{environment}/default/savedsearches.conf");
            let found = stanzas(&read(&app));
            let name = format!("Title {number} ");
            let stanza = found
                .iter()
                .filter(|(stanza, _)| stanza.starts_with(&name) || *stanza == name.trim());
            let stanza: Vec<_> = stanza.collect();
            assert_eq!((found.len(), stanza.len()), (HOSTILE.len() + 1, 1));
            let keys = stanza[0].1.iter().filter(|(key, _)| key == "search").count();
            assert_eq!(keys, 1);
            vec![title(&stanza[0].1, "search").replace(" \n", "\n")]
        }
        "sentinel" => {
            let arm = json(&format!("sentinel-arm/rule_{number}.json"));
            let rule = yaml(&format!("sentinel-yaml/rule_{number}.yml"));
            vec![text(&rule["query"]), text(&arm["resources"][0]["properties"]["query"])]
        }
        "defender" => {
            let rule = json(&format!("defender/rule_{number}.json"));
            vec![text(&rule["queryCondition"]["queryText"])]
        }
        _ => {
            let lines = read("kibana-ndjson/rules.ndjson");
            let rules: Vec<Value> =
                lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(rules.len(), HOSTILE.len() + 1);
            let id = Value::from(format!("0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c{number:04}"));
            let own = rules.iter().find(|rule| rule["rule_id"] == id).unwrap();
            let table = read(&format!("elastic-toml/rule_{number}.toml"));
            let table: toml::Table = table.parse().unwrap();
            assert_eq!(table.keys().filter(|key| *key != "metadata" && *key != "rule").count(), 0);
            vec![
                text(&own["query"]),
                table["rule"]["query"].as_str().unwrap().trim_end().to_owned(),
            ]
        }
    }
}

#[test]
fn no_text_of_a_rule_leaves_its_literal_in_any_artifact() {
    let mut texts = vec!["harmless"];
    texts.extend(HOSTILE);
    let folder = built(&texts);
    for (environment, target, _, _) in FORMATS {
        let ending = if target == "splunk" { "spl" } else { target };
        let bare = |number: usize| {
            let path = format!("build/{environment}/rule_{number}.{ending}");
            fs::read_to_string(folder.path().join(path)).unwrap().trim_end().to_owned()
        };
        let harmless = lexed(target, &bare(0));
        for (number, text) in texts.iter().enumerate() {
            let query = bare(number);
            let found = lexed(target, &query);
            for c in ['|', '[', ']', '{', '}', '`'] {
                let at_most = harmless.counts.get(&c).copied().unwrap_or_default();
                let there = found.counts.get(&c).copied().unwrap_or_default();
                // A value may need one more step, but no step of its own.
                assert!(
                    there <= at_most + 4 && !(c != '|' && there > at_most),
                    "{c} of {text:?}: {query}"
                );
            }
            assert_eq!(found.counts.get(&'('), found.counts.get(&')'), "{text:?}: {query}");
            for artifact in queries(folder.path(), environment, number) {
                let last = artifact.lines().next_back().unwrap_or_default().to_owned();
                assert!(
                    artifact.contains(query.lines().next().unwrap()),
                    "{last}: {text:?}\n{artifact}"
                );
                lexed(target, &artifact);
            }
        }
    }
}

/// Names of fields that pass unchecked where a platform has no schema.
#[test]
fn no_name_of_a_field_leaves_its_place() {
    let names = [
        "a b",
        "x\" | delete",
        "a=b OR c",
        "x`y`",
        "a\n| delete",
        "x'y",
        "[search x]",
        "a|b",
        "😀",
    ];
    for name in names {
        let quoted = Value::from(name);
        let rule = format!(
            "title: Some title\nname: r\nlogsource: {{product: own, service: thing}}\ndetection:\n    \
             sel:\n        {quoted}: v\n    condition: sel\n"
        );
        let folder = project("", &[("a.yml", &rule)]);
        let output =
            run(folder.path(), &["convert", "rules/a.yml", "-t", "splunk", "-p", "splunk-generic"]);
        if code(&output) != 0 {
            assert!(stderr(&output).contains("error["), "{name:?}: {}", stderr(&output));
            continue;
        }
        let query = super::stdout(&output);
        let found = lexed("splunk", query.trim_end());
        for c in ['|', '[', '`', '\n'] {
            assert!(!found.counts.contains_key(&c), "{name:?}: {query}");
        }
    }
}

/// Rules over several events, whose names are shown; and certificates, whose fields are asked for.
#[test]
fn no_name_of_a_rule_or_a_certificate_leaves_its_literal() {
    const GOALS: [(&str, &str); 5] = [
        ("splunk", "splunk-ta"),
        ("kql", "sentinel"),
        ("kql", "defender-xdr"),
        ("eql", "elastic-winlogbeat"),
        ("esql", "elastic-winlogbeat"),
    ];
    let mut rules = String::new();
    for (number, text) in HOSTILE.iter().enumerate() {
        let quoted = |text: &str| Value::from(text).to_string().replace('\u{7f}', "\\u007f");
        for (event, image) in [("a", "x.exe"), ("b", "y.exe")] {
            let name = quoted(&format!("{event}{number}{text}"));
            rules += &format!(
                "title: T {number}{event}\nname: {name}\n\
                 logsource: {{product: windows, category: process_creation}}\n\
                 detection: {{sel: {{Image|endswith: {image}, CommandLine|contains: {}}}, \
                 condition: sel}}\n---\n",
                quoted(&text.replace(['\\', '*', '?'], "_"))
            );
        }
        let (a, b) = (quoted(&format!("a{number}{text}")), quoted(&format!("b{number}{text}")));
        rules += &format!(
            "title: C {number}\nname: c{number}\ncorrelation: {{type: temporal, rules: [{a}, {b}], \
             group-by: [Computer], timespan: 1h}}\n---\n"
        );
    }
    let folder = super::folder_with(&[
        ("rules.yml", rules.trim_end_matches("---\n").as_bytes()),
        ("hostile.pem", include_bytes!("../conformance/hostile.pem")),
    ]);
    for (target, platform) in GOALS {
        let goal = ["-t", target, "-p", platform, "--format", "json"];
        let accept = ["--accept", "W0603,W0606"];
        let output = run(folder.path(), &[&["convert", "rules.yml"], &goal[..], &accept].concat());
        let found = super::objects(&output);
        let queries = found.iter().flat_map(|rule| rule["queries"].as_array().unwrap());
        let queries: Vec<&str> = queries.map(|query| query.as_str().unwrap()).collect();
        assert!(queries.len() >= HOSTILE.len(), "{target}: {}", stderr(&output));
        queries.iter().for_each(|query| drop(lexed(target, query)));
        let output = run(folder.path(), &[&["pivot", "hostile.pem"], &goal[..]].concat());
        let found = super::objects(&output);
        let hunts = found.iter().flat_map(|one| one["hunts"].as_array().into_iter().flatten());
        let places = hunts.flat_map(|hunt| hunt["queries"].as_array().unwrap());
        let queries = places.flat_map(|place| place["queries"].as_array().unwrap());
        let lexed: Vec<Lexed> =
            queries.map(|query| lexed(target, query.as_str().unwrap())).collect();
        assert!(!lexed.is_empty(), "{target}");
    }
}
