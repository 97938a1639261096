//! Templates: minijinja with strict undefined and a formatter that prints only fragments and
//! numbers, so that no unescaped text can reach a query or an artifact.
//!
//! A template of the user's takes the place of a shipped one. It is held to its [`contract`] when it
//! is loaded, and to limits of work and output when it is filled.

pub mod contract;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceId, Span};

/// So many steps a template of the user's may take for one output; a shipped one takes some hundreds.
const MOST_STEPS: u64 = 200_000;
/// The longest output of such a template, in bytes.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A template that is shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Its path below `templates`, such as `kql/sentinel.yml.j2`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The shipped template of this path.
macro_rules! template {
    ($name:literal) => {
        $crate::backend::template::Template {
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $name)),
        }
    };
}

pub(crate) use template;

/// Templates that the user replaces, by name.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    replaced: BTreeMap<&'static str, Own>,
}

/// A template of the user's.
#[derive(Debug, Clone)]
struct Own {
    source: SourceId,
    text: String,
}

impl Templates {
    /// Replaces a template by the text of a source, which keeps its contract ([`contract::check`]); one
    /// that is equal to the shipped text replaces nothing.
    pub fn replace(&mut self, template: &Template, source: SourceId, text: impl Into<String>) {
        let text = text.into();
        if text.trim_end() == template.text.trim_end() {
            return;
        }
        self.replaced.insert(template.name, Own { source, text });
    }

    /// Whether the user replaces the template.
    #[must_use]
    pub fn is_replaced(&self, template: &Template) -> bool {
        self.replaced.contains_key(template.name)
    }

    /// Where the user's template stands, if there is one: its first place.
    #[must_use]
    pub fn place(&self, template: &Template) -> Option<Span> {
        self.replaced.get(template.name).map(|own| Span::new(own.source, 0, 0))
    }

    /// Fills a template, the user's if there is one; the text has no final line break.
    ///
    /// # Errors
    /// E0704 for an undefined variable or a value that is no fragment, E0722 for too much work, both
    /// with the place in the user's template; at `rule` if a shipped one fails.
    pub fn fill(
        &self,
        template: &Template,
        context: Value,
        rule: Span,
    ) -> Result<String, Diagnostic> {
        match self.replaced.get(template.name) {
            Some(own) => own.fill(template, context),
            None => shipped(template, context).map_err(|error| {
                let message = format!("the template `{}` fails: {error}", template.name);
                Diagnostic::new(Code::TemplateContract, rule.head(), message)
            }),
        }
    }
}

impl Own {
    fn fill(&self, template: &Template, context: Value) -> Result<String, Diagnostic> {
        let mut text = Limited::default();
        let filled = environment().and_then(|mut environment| {
            environment.set_fuel(Some(MOST_STEPS));
            environment.set_debug(true);
            environment.add_template(template.name, &self.text)?;
            let own = environment.get_template(template.name)?;
            own.render_captured_to(context, &mut text).map(drop)
        });
        match filled {
            Ok(()) => Ok(String::from_utf8_lossy(&text.bytes).trim_end().to_owned()),
            Err(error) => Err(self.failure(template, &error, text.is_full)),
        }
    }

    /// What is wrong, and where in the template.
    fn failure(&self, template: &Template, error: &Error, is_full: bool) -> Diagnostic {
        let span = contract::place(self.source, &self.text, error);
        if is_full || error.kind() == ErrorKind::OutOfFuel {
            let what = match is_full {
                true => format!("writes more than {} MiB", MOST_BYTES >> 20),
                false => format!("takes more than {MOST_STEPS} steps"),
            };
            let message = format!("the template `{}` {what} for one output", template.name);
            return Diagnostic::new(Code::TemplateLimit, span, message)
                .help("loop over what it is given once");
        }
        let problem = match (error.kind(), error.detail()) {
            (ErrorKind::UndefinedError, Some(detail)) => detail.to_owned(),
            (ErrorKind::UndefinedError, None) => "it prints what it is not given".to_owned(),
            (ErrorKind::BadEscape, _) => "it prints what is not quoted for its language".to_owned(),
            (kind, Some(detail)) => format!("{kind}: {detail}"),
            (kind, None) => kind.to_string(),
        };
        let message = format!("the template `{}` fails: {problem}", template.name);
        Diagnostic::new(Code::TemplateContract, span, message)
            .help(format!("compare it with `sigweave templates show {}`", template.name))
    }
}

/// Bytes up to a limit.
#[derive(Default)]
struct Limited {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MOST_BYTES {
            self.is_full = true;
            return Err(io::Error::other("too much"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

thread_local! {
    /// Shipped templates that this thread has parsed: they are few, and each is filled for every
    /// rule.
    static PARSED: RefCell<Option<Environment<'static>>> = const { RefCell::new(None) };
}

/// Fills a shipped template, which is parsed once.
fn shipped(template: &Template, context: Value) -> Result<String, Error> {
    PARSED.with_borrow_mut(|parsed| {
        let environment = match parsed {
            Some(environment) => environment,
            None => parsed.insert(environment()?),
        };
        if environment.get_template(template.name).is_err() {
            environment.add_template(template.name, template.text)?;
        }
        let text = environment.get_template(template.name)?.render(context)?;
        Ok(text.trim_end().to_owned())
    })
}

/// Strict undefined, no functions and filters, and a formatter that refuses raw text.
fn environment<'a>() -> Result<Environment<'a>, Error> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_formatter(|out, state, value| {
        let printable = value.is_safe() || value.kind() == ValueKind::Number;
        match printable {
            true => minijinja::escape_formatter(out, state, value),
            false => Err(Error::new(ErrorKind::BadEscape, "raw text")),
        }
    });
    Ok(environment)
}

#[cfg(test)]
mod tests;
