//! An environment's folder: what may be written there, and how all of it is written or nothing.
//!
//! 1. New files are written to `.sigweave/stage`, beside the outputs: a full disk ends here.
//! 2. `.sigweave/commit.json`, which lists what goes where, is renamed into place: from now on the
//!    build counts, whatever happens.
//! 3. Files are renamed to their places, those no longer produced are removed, the stage goes.
//!
//! A build that was killed before 2 left nothing but the stage, which the next one removes; one that
//! was killed after 2 is completed by the next one. A lock of the operating system keeps two builds
//! apart; it ends with the process.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::manifest::{FILE, Manifest, is_inside};

/// The folder within the folder that is Sigweave's own.
pub(super) const OWN: &str = ".sigweave";

/// What lies in it: held while a build writes, what it is about to do, new files, and for git.
const LOCK: &str = "lock";
const COMMIT: &str = "commit.json";
const STAGE: &str = "stage";
const IGNORE: &str = ".gitignore";

/// Why a folder cannot be used.
#[derive(Debug, Clone)]
pub(super) enum Problem {
    /// It is not in the project, or holds rules.
    Outside(String),
    /// Something else lies where an output goes.
    Foreign(String),
    /// The manifest cannot be relied on.
    Manifest(String),
    /// Another build writes it.
    Locked,
    /// The operating system refuses.
    Io(String),
}

/// An environment's folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    /// Where it is.
    pub(super) path: PathBuf,
    /// As the project calls it.
    pub(super) name: String,
}

/// What a build does.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Commit {
    /// Files by their numbers in the stage.
    write: BTreeMap<String, u32>,
    /// Files that go.
    remove: Vec<String>,
}

impl Folder {
    /// The folder of this name in the project.
    ///
    /// # Errors
    /// If it leads out of the project by a symbolic link, or holds rules.
    pub(super) fn open(root: &Path, name: &str, rules: &[PathBuf]) -> Result<Self, Problem> {
        let path = root.join(name);
        let real = real(&path)?;
        let project = real_of(root)?;
        if !real.starts_with(&project) || real == project {
            let message =
                if real == project { "is the project itself" } else { "leads out of the project" };
            return Err(Problem::Outside(format!("`{name}` {message}")));
        }
        for folder in rules {
            let Ok(folder) = fs::canonicalize(folder) else { continue };
            if folder.starts_with(&real) {
                let message = format!("`{name}` holds rules");
                return Err(Problem::Outside(message));
            }
        }
        Ok(Self { path, name: name.trim_end_matches('/').to_owned() })
    }

    /// As the project calls a file of it.
    pub(super) fn shown(&self, file: &str) -> String {
        format!("{}/{file}", self.name)
    }

    /// Its manifest; an empty one where there is none.
    ///
    /// # Errors
    /// Why it cannot be relied on.
    pub(super) fn manifest(&self) -> Result<Manifest, String> {
        match fs::read(self.path.join(FILE)) {
            Ok(bytes) => Manifest::parse(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Manifest::default()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The content of a file, if there is one.
    ///
    /// # Errors
    /// If something else is there, or on the way.
    pub(super) fn read(&self, file: &str) -> Result<Option<Vec<u8>>, Problem> {
        let mut at = self.path.clone();
        let mut parts = Path::new(file).components().peekable();
        while let Some(part) = parts.next() {
            at.push(part);
            let last = parts.peek().is_none();
            let metadata = match fs::symlink_metadata(&at) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(io_problem(&at, &error)),
                Ok(metadata) => metadata,
            };
            let shown = self.shown(file);
            if metadata.is_symlink() {
                return Err(Problem::Foreign(format!(
                    "`{shown}` is, or lies behind, a symbolic link"
                )));
            }
            if metadata.is_dir() == last {
                let what = if last { "a folder" } else { "a file" };
                return Err(Problem::Foreign(format!("{what} is in the way of `{shown}`")));
            }
        }
        fs::read(&at).map(Some).map_err(|error| io_problem(&at, &error))
    }

    /// Keeps other builds away, and completes one that was killed.
    ///
    /// # Errors
    /// If another build is at work, or the folder cannot be written.
    pub(super) fn lock(&self) -> Result<Locked<'_>, Problem> {
        let own = self.path.join(OWN);
        if fs::symlink_metadata(&own).is_ok_and(|metadata| !metadata.is_dir()) {
            return Err(Problem::Foreign(format!("`{}` is no folder", self.shown(OWN))));
        }
        // What comes with a repository may be anything: no file of ours is a link to elsewhere.
        for name in [LOCK, COMMIT, STAGE, IGNORE, super::inputs::STATE] {
            if own.join(name).is_symlink() {
                let shown = self.shown(&format!("{OWN}/{name}"));
                return Err(Problem::Foreign(format!("`{shown}` is a symbolic link")));
            }
        }
        fs::create_dir_all(&own).map_err(|error| io_problem(&own, &error))?;
        let path = own.join(LOCK);
        let file = File::create(&path).map_err(|error| io_problem(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Problem::Locked),
            Err(TryLockError::Error(error)) => return Err(io_problem(&path, &error)),
        }
        let locked = Locked { folder: self, own, _lock: file };
        locked.recover()?;
        Ok(locked)
    }
}

/// A folder that no other build writes.
#[derive(Debug)]
pub(super) struct Locked<'a> {
    folder: &'a Folder,
    own: PathBuf,
    _lock: File,
}

impl Locked<'_> {
    /// Writes and removes files, all or nothing.
    ///
    /// # Errors
    /// What the operating system says; before the commit nothing has changed.
    pub(super) fn put(
        &self,
        write: &BTreeMap<String, Vec<u8>>,
        remove: &[String],
    ) -> Result<(), Problem> {
        let stage = self.own.join(STAGE);
        self.stage(&stage, write, remove).inspect_err(|_| {
            let _ = fs::remove_dir_all(&stage);
        })?;
        self.recover()
    }

    /// Steps 1 and 2.
    fn stage(
        &self,
        stage: &Path,
        write: &BTreeMap<String, Vec<u8>>,
        remove: &[String],
    ) -> Result<(), Problem> {
        fs::create_dir_all(stage).map_err(|error| io_problem(stage, &error))?;
        put(&self.own.join(IGNORE), b"*\n")?;
        let mut commit = Commit { write: BTreeMap::new(), remove: remove.to_vec() };
        for (number, (file, bytes)) in (0_u32..).zip(write) {
            put(&stage.join(number.to_string()), bytes)?;
            commit.write.insert(file.clone(), number);
        }
        let text = serde_json::to_vec(&commit).unwrap_or_default();
        let (new, path) = (stage.join("commit"), self.own.join(COMMIT));
        put(&new, &text)?;
        fs::rename(&new, &path).map_err(|error| io_problem(&path, &error))
    }

    /// Step 3, also of a build that was killed; without a commit, only the stage goes.
    fn recover(&self) -> Result<(), Problem> {
        let (path, stage) = (self.own.join(COMMIT), self.own.join(STAGE));
        let remove_stage = || match fs::remove_dir_all(&stage) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_problem(&stage, &error))
            }
            Err(_) | Ok(()) => Ok(()),
        };
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return remove_stage(),
            Err(error) => return Err(io_problem(&path, &error)),
            Ok(bytes) => bytes,
        };
        let commit: Commit = serde_json::from_slice(&bytes).unwrap_or_default();
        let writes = commit.write.iter().filter(|(file, _)| *file == FILE || is_inside(file));
        for (file, number) in writes {
            let staged = stage.join(number.to_string());
            if staged.is_file() {
                // Nothing but files and folders may lie on the way.
                self.folder.read(file)?;
                let target = self.folder.path.join(file);
                let parent = target.parent().unwrap_or(&self.folder.path);
                fs::create_dir_all(parent).map_err(|error| io_problem(parent, &error))?;
                fs::rename(&staged, &target).map_err(|error| io_problem(&target, &error))?;
            }
        }
        for file in commit.remove.iter().filter(|file| is_inside(file)) {
            if self.folder.read(file)?.is_some() {
                let target = self.folder.path.join(file);
                fs::remove_file(&target).map_err(|error| io_problem(&target, &error))?;
                self.prune(&target);
            }
        }
        fs::remove_file(&path).map_err(|error| io_problem(&path, &error))?;
        remove_stage()
    }

    /// Removes the folders of a removed file that are empty now.
    fn prune(&self, file: &Path) {
        let above = file.ancestors().skip(1).take_while(|folder| *folder != self.folder.path);
        for folder in above {
            if fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }

    /// What the last build remembers for itself.
    ///
    /// # Errors
    /// What the operating system says.
    pub(super) fn remember(&self, name: &str, text: &str) -> Result<(), Problem> {
        put(&self.own.join(name), text.as_bytes())
    }
}

/// Writes a file of our own.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let written = File::create(path).and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| io_problem(path, &error))
}

/// Where a path really leads, also if its end does not exist yet.
fn real(path: &Path) -> Result<PathBuf, Problem> {
    let path = std::path::absolute(path).map_err(|error| io_problem(path, &error))?;
    for folder in path.ancestors() {
        match fs::symlink_metadata(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_problem(folder, &error)),
            Ok(_) => {
                let rest = path.strip_prefix(folder).unwrap_or(Path::new(""));
                let real = real_of(folder)?;
                return Ok(if rest == Path::new("") { real } else { real.join(rest) });
            }
        }
    }
    Ok(path)
}

fn real_of(path: &Path) -> Result<PathBuf, Problem> {
    let path = if path == Path::new("") { Path::new(".") } else { path };
    fs::canonicalize(path).map_err(|error| io_problem(path, &error))
}

fn io_problem(path: &Path, error: &io::Error) -> Problem {
    Problem::Io(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("out")).unwrap();
        let folder = Folder::open(root.path(), "out", &[]).unwrap();
        (root, folder)
    }

    fn files(list: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        list.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn all_files_are_written_and_those_no_longer_produced_go() {
        let (_root, folder) = folder();
        let locked = folder.lock().unwrap();
        locked.put(&files(&[("a", "1"), ("b/c", "2")]), &[]).unwrap();
        locked.put(&files(&[("a", "3")]), &["b/c".to_owned()]).unwrap();
        assert_eq!(folder.read("a").unwrap().unwrap(), b"3");
        assert!(!folder.path.join("b").exists());
        assert!(!folder.path.join(OWN).join("stage").exists());
    }

    #[test]
    fn a_build_killed_before_its_commit_never_was() {
        let (_root, folder) = folder();
        let locked = folder.lock().unwrap();
        locked.put(&files(&[("a", "1")]), &[]).unwrap();
        let stage = folder.path.join(OWN).join("stage");
        fs::create_dir_all(&stage).unwrap();
        fs::write(stage.join("0"), "half").unwrap();
        drop(locked);
        folder.lock().unwrap();
        assert_eq!(folder.read("a").unwrap().unwrap(), b"1");
        assert!(!stage.exists());
    }

    #[test]
    fn a_build_killed_after_its_commit_is_completed() {
        let (_root, folder) = folder();
        let locked = folder.lock().unwrap();
        locked.put(&files(&[("old", "1")]), &[]).unwrap();
        let stage = folder.path.join(OWN).join("stage");
        locked.stage(&stage, &files(&[("a", "2"), ("b", "3")]), &["old".to_owned()]).unwrap();
        // It had come as far as its first file.
        fs::rename(stage.join("0"), folder.path.join("a")).unwrap();
        drop(locked);
        folder.lock().unwrap();
        assert_eq!(folder.read("a").unwrap().unwrap(), b"2");
        assert_eq!(folder.read("b").unwrap().unwrap(), b"3");
        assert!(folder.read("old").unwrap().is_none());
    }

    #[test]
    fn two_builds_do_not_write_at_once() {
        let (_root, folder) = folder();
        let _first = folder.lock().unwrap();
        assert!(matches!(folder.lock(), Err(Problem::Locked)));
    }

    #[test]
    fn a_forged_commit_leaves_the_rest_of_the_disk_alone() {
        let (root, folder) = folder();
        fs::write(root.path().join("victim"), "x").unwrap();
        let own = folder.path.join(OWN);
        fs::create_dir_all(own.join("stage")).unwrap();
        fs::write(own.join("stage/0"), "y").unwrap();
        fs::write(
            own.join("commit.json"),
            r#"{"write": {"../victim": 0}, "remove": ["../victim"]}"#,
        )
        .unwrap();
        folder.lock().unwrap();
        assert_eq!(fs::read_to_string(root.path().join("victim")).unwrap(), "x");
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_not_followed() {
        let (root, folder) = folder();
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), root.path().join("link")).unwrap();
        for name in ["link", "link/deep/er"] {
            assert!(
                matches!(Folder::open(root.path(), name, &[]), Err(Problem::Outside(_))),
                "{name}"
            );
        }
        std::os::unix::fs::symlink(elsewhere.path().join("x"), folder.path.join("a.kql")).unwrap();
        assert!(matches!(folder.read("a.kql"), Err(Problem::Foreign(_))));
        let own = folder.path.join(OWN);
        fs::create_dir_all(&own).unwrap();
        for name in [LOCK, COMMIT, STAGE, IGNORE, super::super::inputs::STATE] {
            std::os::unix::fs::symlink(elsewhere.path().join("x"), own.join(name)).unwrap();
            assert!(matches!(folder.lock(), Err(Problem::Foreign(_))), "{name}");
            fs::remove_file(own.join(name)).unwrap();
        }
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
