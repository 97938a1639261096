//! What a build would change: the files it makes against those that are there.

use std::collections::{BTreeMap, BTreeSet};

use super::folder::{Folder, Problem};
use super::manifest::{FILE, Manifest, sha256};

/// What is to be written and removed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// New and changed files with their content and what was there before.
    pub(super) write: BTreeMap<String, Change>,
    /// Files of ours that are no longer produced, with their content.
    pub(super) remove: BTreeMap<String, String>,
    /// Files of ours that somebody has changed since they were built.
    pub(super) edited: BTreeSet<String>,
    /// What is in the way.
    pub(super) problems: Vec<Problem>,
}

/// A file that changes.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) before: Option<String>,
    pub(super) after: String,
}

impl Changes {
    /// Compares the files to be made, and the manifest about them, with the folder.
    pub(super) fn find(
        folder: &Folder,
        old: &Manifest,
        new: &Manifest,
        files: &BTreeMap<String, String>,
    ) -> Self {
        let mut changes = Self::default();
        for (file, after) in files {
            match folder.read(file) {
                Err(problem) => changes.problems.push(problem),
                Ok(found) => changes.put(folder, file, found, after, old),
            }
        }
        for file in old.files.keys().filter(|file| !new.files.contains_key(*file)) {
            match folder.read(file) {
                Err(problem) => changes.problems.push(problem),
                Ok(None) => {}
                Ok(Some(found)) => {
                    changes.note(file, &found, old);
                    changes.remove.insert(file.clone(), text(found));
                }
            }
        }
        let after = new.text();
        match folder.read(FILE) {
            Err(problem) => changes.problems.push(problem),
            Ok(found) if found.as_deref() == Some(after.as_bytes()) => {}
            Ok(found) => {
                changes.write.insert(FILE.to_owned(), Change { before: found.map(text), after });
            }
        }
        changes
    }

    fn put(
        &mut self,
        folder: &Folder,
        file: &str,
        found: Option<Vec<u8>>,
        after: &str,
        old: &Manifest,
    ) {
        if found.as_deref() == Some(after.as_bytes()) {
            return;
        }
        if let Some(found) = &found {
            if !old.files.contains_key(file) {
                let message =
                    format!("`{}` is there already, and is not Sigweave's", folder.shown(file));
                return self.problems.push(Problem::Foreign(message));
            }
            self.note(file, found, old);
        }
        let change = Change { before: found.map(text), after: after.to_owned() };
        self.write.insert(file.to_owned(), change);
    }

    /// Notes a file that is not as it was built.
    fn note(&mut self, file: &str, found: &[u8], old: &Manifest) {
        if old.files.get(file).is_some_and(|known| *known != sha256(found)) {
            self.edited.insert(file.to_owned());
        }
    }

    /// Whether everything is as it should be.
    pub(super) fn is_empty(&self) -> bool {
        self.write.is_empty() && self.remove.is_empty()
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
