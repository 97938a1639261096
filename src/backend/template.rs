//! Query skeletons: minijinja with strict undefined and a formatter that prints only fragments and
//! numbers, so that no unescaped text can reach a query.

use std::cell::RefCell;
use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

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
    replaced: BTreeMap<String, String>,
}

impl Templates {
    /// Replaces a template.
    pub fn replace(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.replaced.insert(name.into(), text.into());
    }

    /// Whether the user replaces the template.
    #[must_use]
    pub fn is_replaced(&self, template: &Template) -> bool {
        self.replaced.contains_key(template.name)
    }

    /// Names and texts of those that are replaced.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.replaced.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Renders a template, the user's if there is one.
    ///
    /// # Errors
    /// As [`render`].
    pub fn render(&self, template: &Template, context: Value) -> Result<String, Error> {
        match self.replaced.get(template.name) {
            Some(text) => render(template.name, text, context),
            None => skeleton(template.name, template.text, context),
        }
    }
}

thread_local! {
    /// Shipped templates that this thread has parsed: they are few, and each is rendered for every
    /// rule.
    static PARSED: RefCell<Option<Environment<'static>>> = const { RefCell::new(None) };
}

/// As [`render`], for a shipped template, which is parsed once.
///
/// # Errors
/// As [`render`].
pub fn skeleton(name: &'static str, text: &'static str, context: Value) -> Result<String, Error> {
    PARSED.with_borrow_mut(|parsed| {
        let environment = match parsed {
            Some(environment) => environment,
            None => parsed.insert(environment()?),
        };
        // Two languages may call different texts alike.
        let known = environment.get_template(name);
        if !known.is_ok_and(|known| known.source() == text) {
            environment.add_template(name, text)?;
        }
        let text = environment.get_template(name)?.render(context)?;
        Ok(text.trim_end().to_owned())
    })
}

/// Renders `template` (its text) with `context`.
///
/// # Errors
/// What the template engine reports: an undefined variable, or a value that is no fragment.
pub fn render(name: &str, template: &str, context: Value) -> Result<String, Error> {
    let mut environment = environment()?;
    environment.add_template(name, template)?;
    let text = environment.get_template(name)?.render(context)?;
    Ok(text.trim_end().to_owned())
}

/// Strict undefined, and a formatter that refuses raw text.
fn environment<'a>() -> Result<Environment<'a>, Error> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.remove_filter("safe");
    environment.set_formatter(|out, state, value| {
        let printable = value.is_safe() || value.kind() == ValueKind::Number;
        if printable {
            return minijinja::escape_formatter(out, state, value);
        }
        let problem = format!("unescaped value `{value}` reached a template");
        Err(Error::new(ErrorKind::InvalidOperation, problem))
    });
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn problem(template: &str) -> String {
        render("example", template, context! { raw => "x\" or 1==1", number => 5 })
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn raw_text_never_reaches_a_query() {
        let said =
            "invalid operation: unescaped value `x\" or 1==1` reached a template (in example:1)";
        assert_eq!(problem("{{ raw }}"), said);
        assert!(problem("{{ raw|safe }}").contains("safe"));
        assert!(problem("{{ raw ~ raw }}").contains("unescaped"));
        assert!(problem("{{ missing }}").contains("undefined"));
        assert_eq!(render("example", "{{ number }}", context! { number => 5 }).unwrap(), "5");
    }
}
