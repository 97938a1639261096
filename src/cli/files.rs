//! Which files are meant by the paths of a command line, and their texts.

use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::diagnostic::Code;

/// Largest file that is read, in bytes; the YAML reader has its own, smaller limit.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// How the names of Weave files end.
const WEAVE: &str = ".weave";

/// The rule files that a path means: itself, or all below a folder, sorted.
///
/// # Errors
/// Why the path cannot be read.
pub(super) fn rule_files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if path == Path::new("-") {
        return Ok(vec![path.to_owned()]);
    }
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let walk = WalkBuilder::new(path)
        .require_git(false)
        .follow_links(false)
        .sort_by_file_name(std::ffi::OsStr::cmp)
        .build();
    for entry in walk {
        let entry = entry.map_err(|error| error.to_string())?;
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        if is_file && is_rule_file(entry.path()) {
            let path = entry.into_path();
            files.push(path.strip_prefix("./").map(Path::to_path_buf).unwrap_or(path));
        }
    }
    Ok(files)
}

/// The folders below a folder, sorted, whatever `.gitignore` leaves of them.
pub(super) fn folders(path: &Path) -> Vec<PathBuf> {
    let mut folders = below(path, Path::is_dir);
    folders.retain(|folder| folder != path);
    folders
}

/// The test files below a folder, sorted.
pub(super) fn tests(path: &Path) -> Vec<PathBuf> {
    below(path, is_test)
}

/// Whether a file is called like a test file.
pub(super) fn is_test(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".test.yml") || name.ends_with(".test.yaml")
}

/// The files below a folder, sorted, and links that lie there.
pub(super) fn all(path: &Path) -> Vec<PathBuf> {
    below(path, |entry| !entry.is_dir() || entry.is_symlink())
}

/// What lies below a folder and is wanted.
fn below(path: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let walk = WalkBuilder::new(path).require_git(false).follow_links(false).build();
    let mut found: Vec<PathBuf> =
        walk.flatten().map(ignore::DirEntry::into_path).filter(|path| wanted(path)).collect();
    found.sort();
    found
}

/// Whether a file below a folder is taken for a rule file.
fn is_rule_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let rule = [".yml", ".yaml", WEAVE].iter().any(|extension| name.ends_with(extension));
    rule && !is_test(path)
}

/// Whether a text is Weave: by its name; standard input by its first word.
pub(super) fn is_weave(name: &str, text: &str) -> bool {
    if name != "<stdin>" {
        return name.ends_with(WEAVE);
    }
    let mut lines = text.lines().map(str::trim_start);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| line.starts_with("rule ") || line.starts_with("list "))
}

/// Whether a file looks as if it held a filter; it is read by a parser later.
pub(super) fn holds_filter(path: &Path) -> bool {
    let Ok(bytes) = read(path) else { return false };
    memchr::memmem::find_iter(&bytes, b"filter:")
        .any(|at| at == 0 || bytes.get(at - 1).is_some_and(|before| *before == b'\n'))
}

/// The bytes of a file; `-` is standard input.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let problem = |error: std::io::Error| unreadable(path, &error);
    if path == Path::new("-") {
        std::io::stdin().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(problem)?;
    } else {
        let file = std::fs::File::open(path).map_err(problem)?;
        let size = file.metadata().map_or(0, |metadata| metadata.len()).min(MAX_BYTES);
        bytes.reserve_exact(usize::try_from(size).unwrap_or(0) + 1);
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(problem)?;
    }
    if bytes.len() as u64 > MAX_BYTES {
        let code = Code::FileUnreadable.id();
        let most = MAX_BYTES >> 20;
        return Err(format!("error[{code}]: {}: larger than {most} MiB", path.display()));
    }
    Ok(bytes)
}

/// E0705 as a line.
fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("error[{}]: {}: {error}", Code::FileUnreadable.id(), path.display())
}

/// Writes a file, all of it or nothing, be it there or not.
///
/// # Errors
/// Why it cannot be written.
pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    if !path.exists() {
        std::fs::write(path, "").map_err(|error| unreadable(path, &error))?;
    }
    replace(path, text)
}

/// Writes a file that is not there yet, all of it or nothing.
///
/// # Errors
/// Why it cannot be written; [`std::io::ErrorKind::AlreadyExists`] if it is there.
pub(super) fn create(path: &Path, text: &str) -> std::io::Result<()> {
    if std::fs::symlink_metadata(path).is_ok() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    written.inspect_err(|_| {
        let _ = std::fs::remove_file(&beside);
    })
}

/// Writes a file anew, all of it or nothing.
///
/// # Errors
/// Why it cannot be written.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    // A link stays one: what it leads to is written.
    let target = std::fs::canonicalize(path).map_err(problem)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let beside = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let permissions = std::fs::metadata(&target).map_err(problem)?.permissions();
    let written = std::fs::write(&beside, text)
        .and_then(|()| std::fs::set_permissions(&beside, permissions))
        .and_then(|()| std::fs::rename(&beside, &target));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        problem(error)
    })
}

/// The project's file of the folder or the nearest folder above it.
pub(super) fn project_file(from: &Path) -> Option<PathBuf> {
    let from = std::path::absolute(from).ok()?;
    from.ancestors()
        .map(|folder| folder.join(crate::project::FILE_NAME))
        .find(|file| file.is_file())
}

/// A path relative to the current folder, where it lies there or the current folder lies beside it.
pub(super) fn as_seen_from_here(path: &Path) -> PathBuf {
    let (Ok(here), Some(folder)) = (std::env::current_dir(), path.parent()) else {
        return path.to_owned();
    };
    if let Ok(inside) = path.strip_prefix(&here) {
        return inside.to_owned();
    }
    match here.strip_prefix(folder) {
        Ok(below) => {
            let up: PathBuf = below.components().map(|_| "..").collect();
            path.file_name().map_or_else(|| path.to_owned(), |name| up.join(name))
        }
        Err(_) => path.to_owned(),
    }
}
