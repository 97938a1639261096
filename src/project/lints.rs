//! `[lints]` of sigweave.toml: how loudly lints speak.
//!
//! `title-style = "warn"`, `W0301 = "off"`; `validators = "tests/sigma_cli.yml"` reads a validation
//! file of sigma-cli.

use std::collections::BTreeMap;

use super::reader::{Reader, Value};
use crate::diagnostic::{CODES, Code, Diagnostic, Level};
use crate::source::Spanned;

/// What the section says.
#[derive(Debug, Clone, Default)]
pub struct Lints {
    /// Levels by lint.
    pub levels: BTreeMap<Code, Level>,
    /// A validation file of sigma-cli, relative to the project's file.
    pub validators: Option<Spanned<String>>,
}

impl Reader<'_> {
    pub(super) fn lints(&mut self, value: &Value<'_>) -> Lints {
        let mut lints = Lints::default();
        for (key, value) in self.keyed(value) {
            let name = key.get_ref().as_ref();
            if name == "validators" {
                lints.validators = self.text(value);
                continue;
            }
            let Some(code) = Code::find(name).filter(|code| code.is_lint()) else {
                let span = self.span(&key.span());
                let message = format!("there is no lint `{name}`");
                let known = CODES.iter().filter(|entry| entry.code.is_lint());
                self.diagnostics.push(
                    Diagnostic::new(Code::ProjectKey, span, message)
                        .nearest(name, known.map(|entry| entry.name)),
                );
                continue;
            };
            let Some(level) = self.text(value) else { continue };
            match Level::find(&level.node) {
                Some(level) => drop(lints.levels.insert(code, level)),
                None => {
                    let message = format!("there is no level `{}`", level.node);
                    self.diagnostics.push(
                        Diagnostic::new(Code::ProjectSyntax, level.span, message)
                            .help("lints are `off`, `warn` or `error`"),
                    );
                }
            }
        }
        lints
    }
}
