//! `[lists]` of the project file → [`ListFile`]s.
//!
//! `TrustedRootHashList = "lists/roots.csv"`, or with a choice of entries
//! `{file = "lists/all.csv", kind = "signer", applies_to = "E4"}`.

use std::collections::BTreeMap;

use super::{Kind, ListFile};
use crate::project::reader::{Reader, Value};

/// Keys of a list.
pub(in crate::project) const KEYS: [&str; 3] = ["file", "kind", "applies_to"];

impl Reader<'_> {
    pub(in crate::project) fn lists(&mut self, value: &Value<'_>) -> BTreeMap<String, ListFile> {
        let mut lists = BTreeMap::new();
        for (name, value) in self.keyed(value) {
            if let Some(list) = self.list(value) {
                lists.insert(name.get_ref().to_string(), list);
            }
        }
        lists
    }

    fn list(&mut self, value: &Value<'_>) -> Option<ListFile> {
        let (mut file, mut kind, mut applies_to) = (None, None, None);
        if value.get_ref().is_str() {
            file = self.text(value);
        } else {
            for (key, value) in self.keyed(value) {
                match key.get_ref().as_ref() {
                    "file" => file = self.text(value),
                    "kind" => {
                        let names: Vec<&str> = Kind::NAMES.iter().map(|(name, _)| *name).collect();
                        kind = self.words(value, "kind", &names).pop();
                    }
                    "applies_to" => applies_to = self.text(value).map(|text| text.node),
                    other => self.unknown_key(other, &key.span(), &KEYS),
                }
            }
        }
        let Some(file) = file else {
            let span = self.span(&value.span());
            self.report(span, "a list needs the key `file`".to_owned());
            return None;
        };
        let kind = kind.and_then(|kind| Kind::find(&kind.node));
        self.is_inside(&file).then_some(ListFile { file, kind, applies_to })
    }
}
