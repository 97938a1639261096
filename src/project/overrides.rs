//! `--set KEY=VALUE` of the command line, merged over the project file.
//!
//! `--set environments.soc.schedule=15m` → `environments.soc.schedule = "15m"`. A value is TOML; what
//! is none is taken as text, so that nobody has to quote quotes in a shell. A table is merged, any
//! other value replaced.

use toml::Table;
use toml::de::{DeTable, DeValue};

use crate::source::SourceId;

/// What the command line sets.
#[derive(Debug, Clone)]
pub struct Overrides {
    /// The source that holds [`Overrides::text`].
    pub source: SourceId,
    /// Lines of TOML, one per setting.
    pub text: String,
}

impl Overrides {
    /// The settings as lines of TOML.
    ///
    /// # Errors
    /// The first setting that is no `KEY=VALUE`.
    pub fn lines(settings: &[String]) -> Result<String, String> {
        settings.iter().map(|setting| line(setting)).collect()
    }

    /// The text with its places moved to after a text of this length.
    pub(super) fn shifted(&self, length: usize) -> String {
        " ".repeat(length) + &self.text
    }
}

fn line(setting: &str) -> Result<String, String> {
    let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
    let is_toml = |line: &str| line.parse::<Table>().is_ok_and(|table| table.len() == 1);
    let (key, value) = (key.trim(), value.trim());
    let quoted = toml::Value::String(value.to_owned()).to_string();
    let candidates = [format!("{key} = {value}"), format!("{key} = {quoted}")];
    let written = candidates.into_iter().find(|line| setting.contains('=') && is_toml(line));
    written.map(|line| line + "\n").ok_or_else(|| {
        format!("`--set {setting}` is no KEY=VALUE, such as `environments.soc.schedule=15m`")
    })
}

/// Puts the entries of `set` into `table`.
pub(super) fn merge<'i>(table: &mut DeTable<'i>, set: DeTable<'i>) {
    for (key, value) in set {
        let known = table.get_mut(&key).map(toml::Spanned::get_mut);
        match (known, value) {
            (Some(DeValue::Table(inner)), value) if value.get_ref().is_table() => {
                if let DeValue::Table(new) = value.into_inner() {
                    merge(inner, new);
                }
            }
            (_, value) => {
                // The old key goes, too: places of findings are those of the setting.
                table.remove(&key);
                table.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_need_no_quotes_within_quotes() {
        let lines = |setting: &str| Overrides::lines(&[setting.to_owned()]);
        assert_eq!(lines("a.b=15m").unwrap(), "a.b = \"15m\"\n");
        assert_eq!(lines("a.b=[\"x\", \"y\"]").unwrap(), "a.b = [\"x\", \"y\"]\n");
        assert_eq!(lines("a = x \"y\" = z").unwrap(), "a = 'x \"y\" = z'\n");
        assert!(lines("a.b").is_err());
        assert!(lines("=x").is_err());
        assert_eq!(lines("a=1\nb=2").unwrap().parse::<Table>().unwrap().len(), 1);
    }
}
