//! Lists that platforms keep: asked when the query runs, or their values written into it.

use super::{code, folder_with, run, stderr, stdout};

const RULE: &str = "title: r\nname: r\nstatus: test\nlogsource:\n  product: windows\n  category: \
                    process_creation\ndetection:\n  sel:\n    User|expand: '%AdminAccounts%'\n  other:\n    \
                    Image|endswith: '\\a.exe'\n  condition: sel or other\n";

const LOOKUP: &str = "[lookups.AdminAccounts]\ncolumn = \"User Name\"\nsplunk-ta = \"admin_accounts\"\nsentinel = \
                      \"AdminAccounts\"\n";

fn project(more: &str, rule: &str) -> tempfile::TempDir {
    let project = format!("{LOOKUP}{more}");
    folder_with(&[("sigweave.toml", project.as_bytes()), ("rules/r.yml", rule.as_bytes())])
}

fn converted(folder: &tempfile::TempDir, target: &str, platform: &str) -> String {
    let arguments = ["convert", "rules/r.yml", "-t", target, "-p", platform];
    let output = run(folder.path(), &arguments);
    format!("{}{}", stdout(&output), stderr(&output))
}

#[test]
fn a_platform_that_keeps_the_list_is_asked() {
    let folder = project("case = \"ignored\"\n", RULE);
    let splunk = converted(&folder, "splunk", "splunk-ta");
    let asked = "| lookup admin_accounts \"User Name\" AS User OUTPUT \"User Name\" AS sw_User_in_AdminAccounts\n";
    assert!(splunk.contains(asked), "{splunk}");
    assert!(splunk.contains("isnotnull(User) AND isnotnull(sw_User_in_AdminAccounts)"), "{splunk}");
    assert!(splunk.contains("| fields - sw_User_in_AdminAccounts"), "{splunk}");
    let sentinel = converted(&folder, "kql", "sentinel");
    let asked = "User in~ ((_GetWatchlist(\"AdminAccounts\") | project ['User Name']))";
    assert!(sentinel.contains(asked), "{sentinel}");
}

#[test]
fn elsewhere_the_values_are_written_into_the_query_if_there_are_any() {
    let none = project("", RULE);
    let refused = converted(&none, "eql", "elastic-winlogbeat");
    assert!(
        refused.contains("error[E0409]: `elastic-winlogbeat` does not keep the list"),
        "{refused}"
    );
    let some = project("\n[parameters]\nAdminAccounts = ['C\\adm1', 'C\\adm2']\n", RULE);
    let eql = converted(&some, "eql", "elastic-winlogbeat");
    assert!(eql.contains(r#"User : ("C\\adm1", "C\\adm2")"#), "{eql}");
}

#[test]
fn a_lookup_of_splunk_has_to_compare_as_the_rule_does() {
    let folder = project("", RULE);
    let refused = converted(&folder, "splunk", "splunk-ta");
    assert!(refused.contains("compares with regard to case, the rule does not"), "{refused}");
    let cased = project("", &RULE.replace("User|expand", "User|cased|expand"));
    let splunk = converted(&cased, "splunk", "splunk-ta");
    assert!(splunk.contains("| lookup admin_accounts"), "{splunk}");
    let sentinel = converted(&cased, "kql", "sentinel");
    assert!(sentinel.contains("User in ((_GetWatchlist"), "{sentinel}");
}

#[test]
fn the_engine_needs_the_values_and_a_part_of_a_text_does_too() {
    let event = br#"{"Image":"C:\\b.exe","User":"c\\ADM1","logsource":{"product":"windows","category":"process_creation"},"@timestamp":"2026-03-01T12:00:00Z"}"#;
    let folder = project("", RULE);
    std::fs::write(folder.path().join("e.ndjson"), event).unwrap();
    let output = run(folder.path(), &["run", "rules/r.yml", "e.ndjson"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("the list `AdminAccounts` is kept by platforms only"),
        "{}",
        stderr(&output)
    );
    let folder = project("\n[parameters]\nAdminAccounts = ['C\\adm1']\n", RULE);
    std::fs::write(folder.path().join("e.ndjson"), event).unwrap();
    let output = run(folder.path(), &["run", "rules/r.yml", "e.ndjson"]);
    assert!(stderr(&output).contains("1 result"), "{}{}", stdout(&output), stderr(&output));
    let part = project("", &RULE.replace("User|expand", "User|contains|expand"));
    let output = run(part.path(), &["check", "rules/r.yml"]);
    assert!(stderr(&output).contains("error[E0408]"), "{}", stderr(&output));
}
