//! The examples of the documentation: a block `yaml rule`, then a block `yaml test` about it.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The rules of a page, each with its test.
fn examples(page: &str) -> Vec<(String, String)> {
    let blocks = |kind: &str| -> Vec<String> {
        let begin = format!("```yaml {kind}\n");
        let parts = page.split(&begin).skip(1);
        parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
    };
    let (rules, tests) = (blocks("rule"), blocks("test"));
    assert_eq!(rules.len(), tests.len());
    rules.into_iter().zip(tests).collect()
}

#[test]
fn the_examples_of_the_documentation_are_true() {
    for name in ["semantics.md", "testing-rules.md"] {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let examples = examples(&fs::read_to_string(docs.join(name)).unwrap());
        assert!(!examples.is_empty());
        for (rule, test) in examples {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("x.yml"), &rule).unwrap();
            fs::write(folder.path().join("x.test.yml"), test).unwrap();
            let output = Command::new(env!("CARGO_BIN_EXE_sigweave"))
                .current_dir(folder.path())
                .args(["test", "x.yml"])
                .output()
                .unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success() && !said.starts_with("0 cases"), "{rule}\n{said}");
        }
    }
}
