//! `manifest.json` of an environment's folder: which files are Sigweave's, and what each is made from.
//!
//! The manifest lies beside the outputs and is committed with them. It may come from anybody, so no
//! path in it is trusted: one that leads out of the folder makes it unreadable.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The name of the file.
pub(super) const FILE: &str = "manifest.json";

/// What an environment's folder holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// The version of Sigweave.
    pub(super) sigweave: String,
    /// The environment.
    pub(super) environment: String,
    /// Its query language.
    pub(super) target: String,
    /// Its platform.
    pub(super) platform: String,
    /// The Kibana space that its rules are meant for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) space: Option<String>,
    /// Its rules, by source and name.
    pub(super) rules: Vec<Entry>,
    /// Files with the SHA-256 of their content.
    pub(super) files: BTreeMap<String, String>,
}

/// A rule that was built, or refused as agreed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// The file that it stands in, relative to the project.
    pub(super) source: String,
    /// Its name.
    pub(super) name: String,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// The SHA-256 of its file's text ([`text_sha256`]).
    pub(super) sha256: String,
    /// What its plan is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plan: Option<String>,
    /// `exact`, `overridden`, `refused`, or what it gives up.
    pub(super) exactness: String,
    /// Its own files; those that all rules share are not listed.
    pub(super) files: Vec<String>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Why it cannot be relied on.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let files = manifest.rules.iter().flat_map(|rule| &rule.files).chain(manifest.files.keys());
        match files.into_iter().find(|file| !is_inside(file)) {
            Some(file) => Err(format!("`{file}` is no path within the folder")),
            None => Ok(manifest),
        }
    }

    /// Its text.
    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// Whether a path leads to a file below a folder, and not to what is Sigweave's own there.
pub(super) fn is_inside(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    let plain = parts.clone().all(|part| matches!(part, Component::Normal(_)));
    let own = parts.next().is_some_and(|first| first.as_os_str() == super::folder::OWN);
    plain && !own && !path.is_empty() && path != FILE && !path.contains('\\')
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a text whose lines end in `\n`, so that it is the same however git checks it out.
pub(super) fn text_sha256(text: &str) -> String {
    sha256(text.replace("\r\n", "\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_of_a_manifest_leads_out_of_the_folder() {
        for path in ["a.kql", "sentinel-yaml/a.yml"] {
            assert!(is_inside(path), "{path}");
        }
        for path in [
            "../a",
            "/etc/x",
            "a/../../b",
            "",
            ".sigweave/lock",
            "manifest.json",
            "a\\..\\b",
            "./a",
        ] {
            assert!(!is_inside(path), "{path}");
        }
        let mut manifest = Manifest::default();
        manifest.files.insert("../../x".to_owned(), String::new());
        assert!(Manifest::parse(manifest.text().as_bytes()).unwrap_err().contains("`../../x`"));
        assert!(Manifest::parse(b"<<<<<<< HEAD").is_err());
    }

    #[test]
    fn hashes_are_those_of_the_standard() {
        assert!(sha256(b"abc").starts_with("ba7816bf8f01cfea"));
    }
}
