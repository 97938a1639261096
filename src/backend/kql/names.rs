//! Names of the columns and values that a timeline's query makes up.
//!
//! They begin with an underscore, or with as many as no column of the result begins with:
//! `_time`, `_key0`, `_count1`, `_start2`.

use super::syntax::Kusto;

/// A prefix that no other name begins with.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    /// Names apart from those taken.
    pub(super) fn apart_from(taken: &[&str]) -> Self {
        let mut prefix = "_".to_owned();
        while taken.iter().any(|name| name.starts_with(&prefix)) {
            prefix.push('_');
        }
        Self { prefix }
    }

    /// A name by itself, such as `_time`.
    pub(super) fn one(&self, what: &str) -> Kusto {
        Kusto::trusted(format!("{}{what}", self.prefix))
    }

    /// One of several, such as `_key0`.
    pub(super) fn of(&self, what: &str, number: usize) -> Kusto {
        Kusto::trusted(format!("{}{what}{number}", self.prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_names_keep_apart_from_columns() {
        assert_eq!(Names::apart_from(&["ReportId"]).one("time").as_str(), "_time");
        let taken = ["_time", "__x", "DeviceId"];
        assert_eq!(Names::apart_from(&taken).of("key", 2).as_str(), "___key2");
    }
}
