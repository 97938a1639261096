//! The catalogue of lints, `docs/lints.md`: made from the table, so that it is complete.

use std::fmt::Write as _;

use sigweave::diagnostic::CODES;
use sigweave::lint::{self, ALWAYS_CHECKED, When};

use super::{keep_current, root};

#[test]
fn the_catalogue_of_lints_is_complete() {
    let mut table = String::from(
        "| Lint | Name | Finds that | On | `--fix` | sigma-cli |\n|---|---|---|---|---|---|\n",
    );
    for entry in CODES {
        let Some(lint) = lint::find(entry.code) else { continue };
        let on = match lint.when {
            When::Always => "always",
            When::Strict => "`--strict`",
        };
        let fix = if lint.fixed { "yes" } else { "" };
        let validators: Vec<String> =
            lint.validators.iter().map(|name| format!("`{name}`")).collect();
        let validators = validators.join(", ");
        let (id, name, title) = (entry.id, entry.name, entry.title);
        writeln!(
            table,
            "| [{id}](errors/{id}.md) | `{name}` | {title} | {on} | {fix} | {validators} |"
        )
        .unwrap();
    }
    let mut errors = String::from("| sigma-cli | Here |\n|---|---|\n");
    for (validator, code) in ALWAYS_CHECKED {
        let (id, title) = (code.id(), code.title());
        writeln!(errors, "| `{validator}` | [{id}](errors/{id}.md): {title} |").unwrap();
    }
    let page = root().join("docs/lints.md");
    let stale = [keep_current(&page, "table", &table), keep_current(&page, "errors", &errors)];
    assert_eq!(stale, [None, None], "run the tests with UPDATE_PAGES=1");
}
