//! What happens to a build when something goes wrong: killed, nothing left on the disk, a folder that
//! cannot be written, other builds at the same time. Previous outputs are intact, nothing is left over,
//! and the next build heals.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::build::{RULE, project, tree};
use super::{code, command, run, stderr};

const RULES: usize = 40;

const PROJECT: &str = "[environments.soc]\ntarget = 'kql'\nplatform = 'sentinel'\n\
    formats = ['query', 'sentinel-yaml', 'sentinel-arm', 'probe']\n";

/// What is built.
fn outputs(folder: &Path) -> Vec<(PathBuf, String)> {
    tree(&folder.join("build/soc"))
}

fn write_rules(folder: &Path, program: &str) {
    for number in 0..RULES {
        let id = format!("0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c{number:04}");
        let rule = RULE
            .replace("name: certutil\n", &format!("name: rule_{number}\n"))
            .replace("0f0c7bd2-7b0a-4a0c-9c0e-2f6a4b7c7a10", &id)
            .replace("certutil.exe", &format!("{program}{number}.exe"));
        fs::write(folder.join(format!("rules/rule_{number}.yml")), rule).unwrap();
    }
}

/// A project that was built with the program `old`.
fn built() -> tempfile::TempDir {
    let folder = project(PROJECT, &[("a.yml", RULE)]);
    fs::remove_file(folder.path().join("rules/a.yml")).unwrap();
    write_rules(folder.path(), "old");
    let output = run(folder.path(), &["build"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    folder
}

/// Nothing of a build is left but what it remembers.
fn assert_tidy(folder: &Path) {
    for entry in fs::read_dir(folder.join("build/soc/.sigweave")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(["lock", "state.json", ".gitignore"].contains(&name.as_str()), "{name} is left");
    }
}

#[test]
fn a_build_that_is_killed_leaves_the_old_or_is_completed() {
    const KILLS: u32 = 10;
    let folder = built();
    let path = folder.path();
    let mut old = outputs(path);
    let mut length = Duration::from_millis(400);
    let mut killed = 0;
    for kill in 0..KILLS {
        write_rules(path, &format!("program{kill}x"));
        let mut build = command(path, &["build"]).stderr(Stdio::null()).spawn().unwrap();
        // Spread over the build, a little differently each time.
        std::thread::sleep(length * (2 * kill + 1) / (2 * KILLS - 1));
        build.kill().unwrap();
        killed += usize::from(!build.wait().unwrap().success());
        let half = outputs(path);
        let committed = path.join("build/soc/.sigweave/commit.json").exists();
        let begun = Instant::now();
        let output = run(path, &["build"]);
        length = begun.elapsed().max(Duration::from_millis(20));
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let new = outputs(path);
        assert_eq!(new.len(), old.len());
        assert!(committed || half == old || half == new, "neither old nor new after kill {kill}");
        assert_eq!(code(&run(path, &["build", "--check"])), 0);
        assert_tidy(path);
        old = new;
    }
    assert!(killed > 0, "no build was killed in time");
}

#[test]
fn builds_at_the_same_time_do_not_mix() {
    let folder = built();
    let path = folder.path();
    write_rules(path, "new");
    let spawn = || {
        let mut build = command(path, &["build"]);
        build.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let builds: Vec<_> = (0..4).map(|_| spawn()).collect();
    let ended: Vec<_> = builds.into_iter().map(|build| build.wait_with_output().unwrap()).collect();
    for output in &ended {
        let locked = stderr(output).contains("E0717");
        assert!(code(output) == 0 || code(output) == 1 && locked, "{}", stderr(output));
    }
    assert!(ended.iter().any(|output| code(output) == 0));
    assert_eq!(code(&run(path, &["build", "--check"])), 0);
    assert_tidy(path);
}

/// A shell command in the project that runs the build as its last step; none where there is no shell.
#[cfg(unix)]
fn shell(folder: &Path, script: &str) -> std::process::Output {
    let script = script.replace("BUILD", &format!("'{}' build", env!("CARGO_BIN_EXE_sigweave")));
    let mut shell = Command::new("sh");
    shell.current_dir(folder).args(["-c", &script]).env("NO_COLOR", "1").output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_disk_without_room_leaves_the_previous_outputs() {
    let folder = built();
    let old = outputs(folder.path());
    write_rules(folder.path(), "new");
    // No file may become longer than a block: the queries fit, the artifacts do not.
    let output = shell(folder.path(), "trap '' XFSZ; ulimit -f 1; exec BUILD");
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("E0705"), "{}", stderr(&output));
    assert!(outputs(folder.path()) == old);
    assert_tidy(folder.path());
    assert_eq!(code(&run(folder.path(), &["build"])), 0);
    assert_eq!(code(&run(folder.path(), &["build", "--check"])), 0);
}

#[cfg(unix)]
#[test]
fn a_disk_without_room_leaves_no_half_of_a_project() {
    let folder = tempfile::tempdir().unwrap();
    let init = format!("'{}' init", env!("CARGO_BIN_EXE_sigweave"));
    let script = format!("trap '' XFSZ; ulimit -f 0; exec {init}");
    let output = shell(folder.path(), &script);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(outputs(folder.path()).is_empty());
    assert!(!folder.path().join("sigweave.toml").exists());
    assert_eq!(code(&run(folder.path(), &["init"])), 0);
}

/// Who may not write everywhere: nobody in root's place.
#[cfg(unix)]
fn unprivileged(folder: &Path) -> Option<&'static str> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    if fs::metadata(folder).ok()?.uid() != 0 {
        return Some("exec BUILD");
    }
    let setpriv = Command::new("setpriv").arg("--version").output().is_ok();
    let reachable = |path: &Path| {
        let mode = |folder: &Path| fs::metadata(folder).map_or(0, |data| data.permissions().mode());
        path.ancestors().all(|folder| mode(folder) & 0o1 != 0)
    };
    if !setpriv || !reachable(Path::new(env!("CARGO_BIN_EXE_sigweave"))) {
        return None;
    }
    let everything = Command::new("chown").args(["-R", "65534:65534"]).arg(folder).status();
    everything.ok().filter(std::process::ExitStatus::success)?;
    chown(folder, Some(65534), Some(65534)).ok()?;
    Some("exec setpriv --reuid=65534 --regid=65534 --clear-groups BUILD")
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let folder = built();
    let old = outputs(folder.path());
    let Some(script) = unprivileged(folder.path()) else { return };
    write_rules(folder.path(), "new");
    let own = folder.path().join("build/soc/.sigweave");
    let allow = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    // The whole folder, then only the one into which files are staged.
    for locked in [folder.path().join("build/soc"), own.clone()] {
        fs::remove_dir_all(&own).unwrap();
        if locked == own {
            fs::create_dir(&own).unwrap();
        }
        allow(&locked, 0o555);
        let output = shell(folder.path(), script);
        allow(&locked, 0o777);
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        assert!(stderr(&output).contains("Permission denied"), "{}", stderr(&output));
        assert!(stderr(&output).contains("E0705"), "{}", stderr(&output));
        assert!(outputs(folder.path()) == old);
        fs::create_dir_all(&own).unwrap();
    }
    assert_eq!(code(&run(folder.path(), &["build"])), 0);
    assert_tidy(folder.path());
}
