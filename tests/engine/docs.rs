//! The examples of the documentation: a block `yaml rule` or `weave rule`, then a block `yaml test`
//! about it.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The rules of a page, each with the end of its file's name and its test.
fn examples(page: &str) -> Vec<(&'static str, String, String)> {
    let mut examples = Vec::new();
    let mut rule = None;
    for part in page.split("\n```") {
        let Some((kind, text)) = part.split_once('\n') else { continue };
        match kind {
            "yaml rule" => rule = Some(("yml", text.to_owned())),
            "weave rule" => rule = Some(("weave", text.to_owned())),
            "yaml test" => {
                let (end, rule) = rule.take().expect("a test stands behind its rule");
                examples.push((end, rule, text.to_owned()));
            }
            _ => {}
        }
    }
    assert!(rule.is_none(), "a rule without a test");
    examples
}

#[test]
fn the_examples_of_the_documentation_are_true() {
    for name in ["semantics.md", "testing-rules.md"] {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let examples = examples(&fs::read_to_string(docs.join(name)).unwrap());
        assert!(!examples.is_empty());
        for (end, rule, test) in examples {
            let folder = tempfile::tempdir().unwrap();
            let name = format!("x.{end}");
            fs::write(folder.path().join(&name), &rule).unwrap();
            fs::write(folder.path().join("x.test.yml"), test).unwrap();
            let output = Command::new(env!("CARGO_BIN_EXE_sigweave"))
                .current_dir(folder.path())
                .args(["test", name.as_str()])
                .output()
                .unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success() && !said.starts_with("0 cases"), "{rule}\n{said}");
        }
    }
}
