//! Filters of a project apply whichever of its rules are named on the command line.

use super::{RULE, code, folder_with, run, stderr, stdout};

const FILTER: &str = "title: Service accounts\nlogsource:\n    product: windows\n    category: process_creation\n\
                      filter:\n    rules: any\n    selection:\n        User|startswith: svc_\n    condition: not selection\n";

const WEAVE: &str = "rule two_programs {\n  events:\n    a = windows/process_creation where Image endswith '\\a.exe'\n    \
                     b = windows/process_creation where Image endswith '\\b.exe'\n  match: host = Computer over 1h\n  \
                     condition: a and b\n}\n";

fn converted(filter: &str, rule: &str) -> (i32, String, String) {
    let folder = folder_with(&[
        ("sigweave.toml", b"rules = ['rules']\n"),
        ("rules/rule.yml", RULE.as_bytes()),
        ("rules/two.weave", WEAVE.as_bytes()),
        ("rules/exceptions/service.yml", filter.as_bytes()),
    ]);
    let arguments = ["convert", rule, "-t", "kql", "-p", "sentinel"];
    let output = run(folder.path(), &arguments);
    (code(&output), stdout(&output), stderr(&output))
}

#[test]
fn one_rule_is_filtered_as_the_whole_project_is() {
    for (filter, rule, times) in [
        (FILTER.to_owned(), "rules/rule.yml", 1),
        (FILTER.replace("any", "[certutil]"), "rules/rule.yml", 1),
        (FILTER.replace("any", "[other]"), "rules/rule.yml", 0),
        (FILTER.to_owned(), "rules/two.weave", 4),
    ] {
        let (_, query, said) = converted(&filter, rule);
        assert_eq!(query.matches("svc_").count(), times, "{rule}\n{filter}\n{query}\n{said}");
    }
}

#[test]
fn a_filter_with_errors_is_reported_with_the_rules_it_takes_along() {
    let (code, query, said) = converted(&FILTER.replace("User|", "Usr|"), "rules/rule.yml");
    assert_eq!((code, query.as_str()), (1, ""));
    assert!(said.contains("error[E0301]") && said.contains("service.yml"), "{said}");
}

#[test]
fn a_filtered_rule_is_not_said_without_its_filter() {
    for (filter, rule, language, is_said) in [
        (FILTER.to_owned(), "rules/rule.yml", "weave", false),
        (FILTER.replace("any", "[certutil]"), "rules/rule.yml", "weave", false),
        (FILTER.replace("any", "[other]"), "rules/rule.yml", "weave", true),
        (FILTER.to_owned(), "rules/two.weave", "sigma", false),
    ] {
        let folder = folder_with(&[
            ("sigweave.toml", b"rules = ['rules']\n"),
            ("rules/rule.yml", RULE.as_bytes()),
            ("rules/two.weave", WEAVE.as_bytes()),
            ("rules/exceptions/service.yml", filter.as_bytes()),
        ]);
        let output = run(folder.path(), &["convert", rule, "--to", language]);
        let (text, said) = (stdout(&output), stderr(&output));
        assert_eq!(!text.is_empty(), is_said, "{rule}\n{filter}\n{text}\n{said}");
        let refusal = "without what the filter `Service accounts` excludes";
        assert_eq!(said.contains(refusal), !is_said, "{rule}\n{filter}\n{said}");
    }
}
