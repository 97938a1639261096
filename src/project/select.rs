//! Which rules an environment takes: `select = { status = ["stable"], level = ["high"] }`.

use crate::source::Spanned;

use super::reader::{Reader, Value};

/// Statuses of the Sigma specification.
const STATUSES: [&str; 5] = ["stable", "test", "experimental", "deprecated", "unsupported"];
/// Levels of the Sigma specification.
const LEVELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];

/// Which rules are taken; an empty list takes all.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// One of these statuses.
    pub status: Vec<Spanned<String>>,
    /// One of these levels.
    pub level: Vec<Spanned<String>>,
    /// A tag that is one of these, or begins like one that ends in `*`.
    pub tags: Vec<Spanned<String>>,
}

impl Selection {
    /// Whether a rule with these properties is taken.
    #[must_use]
    pub fn takes(&self, status: Option<&str>, level: Option<&str>, tags: &[String]) -> bool {
        let one_of = |wanted: &[Spanned<String>], found: Option<&str>| {
            wanted.is_empty() || wanted.iter().any(|wanted| found == Some(wanted.node.as_str()))
        };
        let tagged = |wanted: &Spanned<String>| match wanted.node.strip_suffix('*') {
            Some(start) => tags.iter().any(|tag| tag.starts_with(start)),
            None => tags.contains(&wanted.node),
        };
        one_of(&self.status, status)
            && one_of(&self.level, level)
            && (self.tags.is_empty() || self.tags.iter().any(tagged))
    }
}

impl Reader<'_> {
    pub(super) fn selection(&mut self, value: &Value<'_>) -> Selection {
        let mut selection = Selection::default();
        for (key, value) in self.keyed(value) {
            match key.get_ref().as_ref() {
                "status" => selection.status = self.words(value, "status", &STATUSES),
                "level" => selection.level = self.words(value, "level", &LEVELS),
                "tags" => selection.tags = self.texts(value),
                other => self.unknown_key(other, &key.span(), &["status", "level", "tags"]),
            }
        }
        selection
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn texts(list: &[&str]) -> Vec<Spanned<String>> {
        list.iter().map(|text| Spanned::new((*text).to_owned(), Span::default())).collect()
    }

    #[test]
    fn every_list_must_hold_and_an_empty_one_does() {
        let tags = ["attack.t1553.004".to_owned()];
        let takes = |selection: &Selection| selection.takes(Some("test"), Some("high"), &tags);
        assert!(takes(&Selection::default()));
        let status = texts(&["stable", "test"]);
        assert!(takes(&Selection { status: status.clone(), ..Selection::default() }));
        assert!(takes(&Selection { tags: texts(&["attack.t1553*"]), ..Selection::default() }));
        assert!(!takes(&Selection { tags: texts(&["attack.t1553"]), ..Selection::default() }));
        assert!(!takes(&Selection { status, level: texts(&["low"]), tags: Vec::new() }));
    }
}
