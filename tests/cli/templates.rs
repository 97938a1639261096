//! Templates and parameters of the user's: what they change, what says so, and what they cannot do.

use std::fs;
use std::path::Path;

use super::build::{RULE, project};
use super::{code, folder_with, run, stderr, stdout};

#[test]
fn templates_are_listed_shown_and_replaced() {
    let folder = project(
        "[environments.soc]\ntarget = 'kql'\nplatform = 'sentinel'\nformats = ['sentinel-yaml']\n",
        &[("a.yml", RULE)],
    );
    let listed = stdout(&run(folder.path(), &["templates", "list"]));
    let is_listed = |line: &str| line.split_whitespace().eq(["kql/sentinel.yml.j2", "artifact"]);
    assert!(listed.lines().any(is_listed), "{listed}");
    let shown = stdout(&run(folder.path(), &["templates", "show", "kql/sentinel.yml.j2"]));
    assert!(shown.contains("queryFrequency: {{ frequency }}"), "{shown}");
    assert_eq!(code(&run(folder.path(), &["templates", "show", "kql/sentinal"])), 2);
    let own = folder.path().join("own/kql");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("sentinel.yml.j2"), format!("# ours\n{shown}")).unwrap();
    assert_eq!(code(&run(folder.path(), &["build"])), 0);
    assert_eq!(code(&run(folder.path(), &["build", "--templates", "own"])), 0);
    let rule =
        fs::read_to_string(folder.path().join("build/soc/sentinel-yaml/certutil.yml")).unwrap();
    assert!(rule.starts_with("# ours\n"), "{rule}");
    // A template that quotes by itself, or prints what is not quoted, is refused.
    fs::write(own.join("sentinel.yml.j2"), "id: \"{{ id }}\"\n").unwrap();
    let output = run(folder.path(), &["build", "--templates", "own"]);
    assert!(stderr(&output).contains("E0704"), "{}", stderr(&output));
    assert!(
        fs::read_to_string(folder.path().join("build/soc/sentinel-yaml/certutil.yml")).unwrap()
            == rule
    );
}

/// A project for all languages whose folder `own` holds these templates.
fn with_templates(own: &[(&str, &str)]) -> tempfile::TempDir {
    let environments: String = [
        ("splunk", "splunk-ta"),
        ("kql", "defender-xdr"),
        ("eql", "elastic-winlogbeat"),
        ("esql", "elastic-winlogbeat"),
    ]
    .map(|(target, platform)| {
        format!("[environments.{target}]\ntarget = '{target}'\nplatform = '{platform}'\n")
    })
    .concat();
    let folder = project(&format!("templates = 'own'\n{environments}"), &[("a.yml", RULE)]);
    for (name, text) in own {
        let path = folder.path().join("own").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_skeleton_of_the_project_marks_its_queries() {
    let shown = |name| stdout(&run(Path::new("."), &["templates", "show", name]));
    let names = ["splunk/filter.j2", "kql/filter.j2", "eql/filter.eql.j2", "esql/filter.j2"];
    let texts: Vec<String> = names.map(|name| format!("{{# ours #}}{}", shown(name))).into();
    let own: Vec<(&str, &str)> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
    let folder = with_templates(&own);
    let output = run(folder.path(), &["build"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    for (target, ending) in [("splunk", "spl"), ("kql", "kql"), ("eql", "eql"), ("esql", "esql")] {
        let built = folder.path().join("build").join(target);
        let query = fs::read_to_string(built.join(format!("certutil.{ending}"))).unwrap();
        let mut lines = query.lines();
        let note = if target == "splunk" { lines.next_back() } else { lines.next() };
        assert!(note.is_some_and(|note| note.contains("overridden: ")), "{query}");
        let manifest = fs::read_to_string(built.join("manifest.json")).unwrap();
        assert!(manifest.contains("\"exactness\": \"overridden\""), "{manifest}");
    }
    let report = stdout(&run(folder.path(), &["check", "--report", "--format", "json"]));
    assert_eq!(report.matches("\"verdict\":\"overridden\"").count(), 4, "{report}");
    let listed = stdout(&run(folder.path(), &["templates", "list"]));
    assert!(listed.contains("replaced by own/kql/filter.j2"), "{listed}");
    // A text that is equal to the shipped one replaces nothing; Windows' line ends do not matter.
    for (name, _) in &own {
        let text = shown(name).replace('\n', "\r\n");
        fs::write(folder.path().join("own").join(name), text).unwrap();
    }
    assert_eq!(code(&run(folder.path(), &["build"])), 0);
    let manifest = fs::read_to_string(folder.path().join("build/kql/manifest.json")).unwrap();
    assert!(manifest.contains("\"exactness\": \"exact\""), "{manifest}");
}

#[test]
fn templates_reach_no_file_and_end() {
    for (hostile, said) in [
        ("{% include '/etc/passwd' %}", "E0721"),
        ("{% for a in sources recursive %}{{ loop(sources) }}{% endfor %}", "E0721"),
        ("{{ 'x' * 1000000000 }}", "E0721"),
        ("{{ sources[0].__class__ }}{{ several }}", "E0704"),
        ("{{ sources.stages.table }}{{ several }}", "E0704"),
    ] {
        let folder = with_templates(&[("kql/filter.j2", hostile)]);
        let output = run(folder.path(), &["build"]);
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        assert!(stderr(&output).contains(said), "{hostile}: {}", stderr(&output));
        assert!(stderr(&output).contains("own/kql/filter.j2:1:"), "{}", stderr(&output));
        assert!(!folder.path().join("build/kql/manifest.json").exists());
    }
}

#[test]
fn an_artifact_without_what_its_product_requires_is_said_once_at_its_template() {
    let environment =
        "[environments.soc]\ntarget = 'kql'\nplatform = 'sentinel'\nformats = ['sentinel-yaml']\n";
    let other = RULE.replace("name: certutil", "name: other").replace("0f0c7bd2", "1f0c7bd2");
    let folder = project(environment, &[("a.yml", RULE), ("b.yml", &other)]);
    let own = folder.path().join("own/kql");
    fs::create_dir_all(&own).unwrap();
    for (template, what) in [
        ("name: {{ name }}\nkql: {{ query }}\n", "its output lacks `id`, `kind`"),
        ("id: \"{{ id }}\"\nquery: {{ query }}\n", "its output is no YAML"),
    ] {
        fs::write(own.join("sentinel.yml.j2"), template).unwrap();
        let output = run(folder.path(), &["build", "--templates", "own"]);
        let said = stderr(&output);
        assert_eq!(code(&output), 1, "{said}");
        assert!(said.contains(what) && said.contains("own/kql/sentinel.yml.j2:1:1"), "{said}");
        assert_eq!(said.matches("error[E0704]").count(), 1, "{said}");
    }
}

#[test]
#[cfg(unix)]
fn only_files_are_templates_and_not_every_foreign_file_is_named() {
    let folder = with_templates(&[]);
    let own = folder.path().join("own");
    fs::create_dir_all(&own).unwrap();
    let said = || {
        let output = run(folder.path(), &["check"]);
        (code(&output), stderr(&output))
    };
    for number in 0..20 {
        fs::write(own.join(format!("{number}.txt")), "").unwrap();
    }
    let (exit, foreign) = said();
    assert_eq!((exit, foreign.matches("error[E0720]").count()), (2, 6), "{foreign}");
    assert!(foreign.contains("15 more files"), "{foreign}");
    fs::create_dir_all(own.join("kql/filter.j2")).unwrap();
    let (exit, named) = said();
    assert!(exit == 2 && named.contains("own/kql/filter.j2: a folder"), "{named}");
    fs::remove_dir(own.join("kql/filter.j2")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(own.join("kql/filter.j2")).status();
    assert!(made.unwrap().success());
    let (exit, special) = said();
    assert!(exit == 2 && special.contains("neither a file nor a folder"), "{special}");
}

#[test]
#[cfg(unix)]
fn templates_come_from_the_project() {
    let secret = folder_with(&[("secret", b"root:x:0:0")]);
    let folder = with_templates(&[("kql/filter.j2", "")]);
    let link = folder.path().join("own/kql/filter.j2");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(secret.path().join("secret"), &link).unwrap();
    let output = run(folder.path(), &["build"]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    assert!(said.contains("leads out of the folder") && !said.contains("root:x"), "{said}");
    let toml = fs::read_to_string(folder.path().join("sigweave.toml")).unwrap();
    let outside = toml.replace("'own'", "'../elsewhere'");
    fs::write(folder.path().join("sigweave.toml"), outside).unwrap();
    let output = run(folder.path(), &["check"]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("leads out of the project"), "{}", stderr(&output));
}

#[test]
fn parameters_differ_by_environment() {
    let weave = "rule many {\n  meta:\n    title = \"Many\"\n    level = high\n  params:\n    \
                 window: duration = 1h\n    tools: list = ['\\a.exe']\n  events:\n    tool = \
                 windows/process_creation where Image endswith any $tools\n  match:\n    host = \
                 Computer\n    over $window\n  condition:\n    count(tool) >= 5\n}\n";
    let folder = project(
        "[environments.a]\ntarget = 'kql'\nplatform = 'defender-xdr'\n\
         [environments.b]\ntarget = 'kql'\nplatform = 'defender-xdr'\n\
         [environments.b.parameters]\nwindow = '15m'\n",
        &[("many.weave", weave)],
    );
    let output = run(folder.path(), &["build"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let query = |name| fs::read_to_string(folder.path().join(format!("build/{name}/many.kql")));
    assert!(query("a").unwrap().contains("<= 1h"), "{}", query("a").unwrap());
    assert!(query("b").unwrap().contains("<= 15m"), "{}", query("b").unwrap());
    let set = ["convert", "-e", "b", "--set", "environments.b.parameters.window=2h"];
    assert!(stdout(&run(folder.path(), &set)).contains("<= 2h"));
    let set = ["convert", "-e", "b", "--set", "environments.b.parameters.window=soon"];
    let output = run(folder.path(), &set);
    assert_eq!((code(&output), stdout(&output).as_str()), (1, ""));
    assert!(stderr(&output).contains("of the environment `b`"), "{}", stderr(&output));
}
