//! What a build depends on, as one hash: if it is that of the last build, nothing is compiled.
//!
//! The hash is over the program, the project file with what the command line sets, the platform file,
//! the user's templates, and every rule file and list with its path. It is kept in `.sigweave/state.json` of
//! the environment's folder, which is not committed: a fresh clone compiles.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::folder::{Folder, OWN};
use super::manifest::{FILE, Manifest, sha256};
use crate::cli::files;
use crate::project::{Environment, Project};

/// The name of the file.
pub(super) const STATE: &str = "state.json";

/// What the last build remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    /// The hash of its inputs.
    pub(super) inputs: String,
    /// The hash of the manifest that it wrote.
    pub(super) manifest: String,
    /// How many warnings there were.
    pub(super) warnings: usize,
}

/// A hash in the making. Each part is preceded by its length, so that no two lists are alike.
pub(super) struct Inputs {
    hash: Sha256,
}

impl Inputs {
    /// The program: its version, and which build of it.
    pub(super) fn new() -> Self {
        let mut inputs = Self { hash: Sha256::new() };
        inputs.add(env!("CARGO_PKG_VERSION").as_bytes());
        let built = std::env::current_exe().and_then(std::fs::metadata);
        if let Ok(metadata) = built {
            inputs.add(&metadata.len().to_le_bytes());
            inputs.add(format!("{:?}", metadata.modified().ok()).as_bytes());
        }
        inputs
    }

    /// Adds a part.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.hash.update((bytes.len() as u64).to_le_bytes());
        self.hash.update(bytes);
    }

    /// Adds files with their paths.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(super) fn add_files(&mut self, paths: &[PathBuf]) -> Result<(), Vec<String>> {
        let read = |path: &PathBuf| files::read(path).map(|bytes| sha256(&bytes));
        let hashes: Vec<Result<String, String>> = paths.par_iter().map(read).collect();
        for (path, hash) in paths.iter().zip(hashes) {
            self.add(path.as_os_str().as_encoded_bytes());
            self.add(hash.map_err(|problem| vec![problem])?.as_bytes());
        }
        Ok(())
    }

    /// Adds the files of the project's lists that are there.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(super) fn add_lists(&mut self, project: &Project, root: &Path) -> Result<(), Vec<String>> {
        let paths = project.lists.values().map(|list| root.join(&list.file.node));
        self.add_files(&paths.filter(|path| path.is_file()).collect::<Vec<_>>())
    }

    /// The hash, with what an environment adds of its own: its platform and overlays.
    pub(super) fn of(&self, name: &str, environment: &Environment, root: &Path) -> String {
        let mut own = Self { hash: self.hash.clone() };
        own.add(name.as_bytes());
        let overlays = environment.overlays.iter().map(|overlay| &overlay.node);
        for file in std::iter::once(&environment.platform.node).chain(overlays) {
            own.add(&std::fs::read(root.join(file)).unwrap_or_default());
        }
        own.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The state of the last build, if nothing has changed since: neither inputs nor outputs.
pub(super) fn unchanged(folder: &Folder, inputs: &str) -> Option<(State, Manifest)> {
    let own = folder.path.join(OWN);
    if own.join("commit.json").exists() {
        return None;
    }
    let bytes = std::fs::read(own.join(STATE)).ok()?;
    let state: State = serde_json::from_slice(&bytes).ok()?;
    let manifest = std::fs::read(folder.path.join(FILE)).ok()?;
    if state.inputs != inputs || state.manifest != sha256(&manifest) {
        return None;
    }
    let manifest = Manifest::parse(&manifest).ok()?;
    let files: Vec<(&String, &String)> = manifest.files.iter().collect();
    let same = |(file, hash): &(&String, &String)| {
        folder.read(file).is_ok_and(|found| found.is_some_and(|bytes| sha256(&bytes) == **hash))
    };
    files.par_iter().all(same).then_some((state, manifest))
}
