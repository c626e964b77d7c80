//! A runtime in miniature: builds small prefixes, as this process or as a process of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use cs_prefix::{
    Details, InstallError, Outcome, Owner, Policy, PrefixError, Staging, install, rollback,
};
use tempfile::TempDir;

pub const OLD: Owner = Owner {
    runtime: "demo",
    stamp_hex: "00000000000000000000000000000000000000000000000000000000000000aa",
    runtime_version: "1.0",
};
pub const NEW: Owner = Owner {
    runtime: "demo",
    stamp_hex: "00000000000000000000000000000000000000000000000000000000000000bb",
    runtime_version: "2.0",
};
pub const OTHER: Owner = Owner {
    runtime: "other",
    ..OLD
};
pub static NEVER: AtomicBool = AtomicBool::new(false);

/// Names the home directory.
pub const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
/// The directory of libraries, which Windows spells in another way.
pub const LIB: &str = if cfg!(windows) { "Lib" } else { "lib" };
/// Where Python's packages are.
pub const SITE_PACKAGES: &str = if cfg!(windows) {
    "Lib/site-packages"
} else {
    "lib/python3.11/site-packages"
};

/// A directory that stands for `~/.conda`, and the prefix in it.
pub struct Place {
    pub directory: TempDir,
    pub prefix: PathBuf,
}

/// In memory where possible: an upgrade waits for the disk, and the disk of a test machine is busy.
fn root() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if cfg!(unix) && memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    }
}

pub fn place() -> Place {
    let directory = tempfile::Builder::new()
        .prefix("cs-prefix-")
        .tempdir_in(root())
        .unwrap();
    let prefix = directory.path().join("demo");
    Place { directory, prefix }
}

impl Place {
    /// Names next to the prefix and the prefix itself, sorted.
    pub fn names(&self) -> Vec<String> {
        list(self.directory.path())
    }

    pub fn beside(&self, suffix: &str) -> PathBuf {
        self.directory.path().join(format!(".demo{suffix}"))
    }
}

pub fn list(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Fill a staging directory with what a small prefix has; a file has the version.
pub fn fill(root: &Path, version: &str) {
    let site_packages = root.join(SITE_PACKAGES);
    fs::create_dir_all(site_packages.join(format!("tool-{version}.dist-info"))).unwrap();
    fs::create_dir_all(root.join("conda-meta")).unwrap();
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::write(root.join(format!("conda-meta/tool-{version}-0.json")), "{}").unwrap();
    fs::write(root.join("bin/tool"), version).unwrap();
    fs::write(root.join(".condarc"), "solver: rattler\n").unwrap();
}

pub fn build(version: &str) -> impl FnOnce(&Staging) -> Result<Details, String> {
    move |staging| {
        fill(staging.root, version);
        Ok(Details {
            channels: vec!["https://example.org/channel".to_owned()],
            ..Details::default()
        })
    }
}

/// Install where nothing is special: no policy, no messages, nothing that cancels.
pub fn install_as<E>(
    prefix: &Path,
    owner: &Owner,
    build: impl FnOnce(&Staging) -> Result<Details, E>,
) -> Result<Outcome, InstallError<E>> {
    install_by(prefix, owner, &Policy::default(), build)
}

/// Install by a policy, without messages and with nothing that cancels.
pub fn install_by<E>(
    prefix: &Path,
    owner: &Owner,
    policy: &Policy,
    build: impl FnOnce(&Staging) -> Result<Details, E>,
) -> Result<Outcome, InstallError<E>> {
    install(prefix, owner, policy, &mut |_| {}, &NEVER, build)
}

pub fn no_build(_: &Staging) -> Result<Details, String> {
    panic!("nothing had to be built");
}

pub fn run(place: &Place, owner: &Owner, policy: &Policy) -> Result<Outcome, InstallError<String>> {
    install_by(&place.prefix, owner, policy, build(owner.runtime_version))
}

/// A later run compares the bytes that a marker starts with.
pub fn assert_marker_names(prefix: &Path, owner: &Owner) {
    let text = fs::read_to_string(prefix.join(".demo.json")).unwrap();
    let start = format!("{{\"schema_version\":1,\"stamp\":\"{}\"", owner.stamp_hex);
    assert!(text.starts_with(&start), "{text}");
}

/// Install, and hand back the place with its prefix.
pub fn installed(owner: &Owner) -> Place {
    let place = place();
    run(&place, owner, &Policy::default()).unwrap();
    place
}

/// Install 1.0, then 2.0 over it.
pub fn upgraded() -> Place {
    let place = installed(&OLD);
    run(&place, &NEW, &Policy::default()).unwrap();
    place
}

pub fn forced() -> Policy {
    Policy {
        force: true,
        ..Policy::default()
    }
}

pub fn version_of(prefix: &Path) -> String {
    fs::read_to_string(prefix.join("bin/tool")).unwrap()
}

pub fn make_environment(prefix: &Path, name: &str) {
    fs::create_dir_all(prefix.join("envs").join(name).join("conda-meta")).unwrap();
}

pub fn prefix_error(error: InstallError<String>) -> PrefixError {
    match error {
        InstallError::Prefix(error) => error,
        InstallError::Build(message) => panic!("the build failed: {message}"),
    }
}

/// Start the test `child_process` as a process that acts on `prefix`.
pub fn spawn(prefix: &Path, action: &str) -> Child {
    command(prefix, action).spawn().unwrap()
}

pub fn command(prefix: &Path, action: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "common::child_process",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    command
        .env("CS_PREFIX_CHILD", action)
        .env("CS_PREFIX_PATH", prefix);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .stdin(Stdio::null());
    command
}

/// What the child does. Prints `RESULT` and a word at the end.
#[test]
#[ignore = "the others start it, as a process of its own"]
fn child_process() {
    let Ok(action) = std::env::var("CS_PREFIX_CHILD") else {
        return;
    };
    let prefix = PathBuf::from(std::env::var_os("CS_PREFIX_PATH").unwrap());
    let (verb, owner) = action.split_once('-').unwrap();
    let owner = if owner == "old" { OLD } else { NEW };
    println!("RESULT {}", perform(verb, &prefix, &owner));
}

fn perform(verb: &str, prefix: &Path, owner: &Owner) -> String {
    let cancel = AtomicBool::new(false);
    let mut waits = 0;
    let mut waiting = |_: &cs_prefix::News| waits += 1;
    let limit = Duration::from_secs(60);
    match verb {
        "wait" => wait_to_be_killed(),
        "rollback" => describe(rollback(prefix, owner, limit, &mut waiting, &cancel)),
        "uninstall" => {
            let plan = cs_prefix::plan_uninstall(prefix, owner);
            describe(plan.and_then(|plan| plan.execute(owner, limit, &mut waiting, &cancel)))
        }
        _ => {
            let policy = Policy {
                force: verb == "force",
                ..Policy::default()
            };
            let version = owner.runtime_version;
            let outcome = install(prefix, owner, &policy, &mut waiting, &cancel, |staging| {
                slow_build(staging, version)
            });
            match outcome {
                Ok(Outcome::Installed { .. } | Outcome::Replaced { .. }) => "built".to_owned(),
                Ok(_) => format!("ready {waits}"),
                Err(error) => format!("error {error}"),
            }
        }
    }
}

fn describe<T>(result: Result<T, PrefixError>) -> String {
    result.map_or_else(|error| format!("error {error}"), |_| "done".to_owned())
}

/// Says before which directory a child is to stop in its build, and wait to be killed.
const STOP: &str = "CS_PREFIX_STOP";

/// Start `action`, and kill it in the middle of its build, before it makes this one of the twenty directories.
pub fn kill_in_build(prefix: &Path, action: &str, directory: usize) {
    let mut child = command(prefix, action)
        .env(STOP, directory.to_string())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines.map(Result::unwrap).any(|line| line.contains(STOP)),
        "the build has no such directory"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

fn wait_to_be_killed() -> ! {
    println!("{STOP}");
    loop {
        std::thread::park();
    }
}

/// A build of many small files, long enough to be killed in the middle.
fn slow_build(staging: &Staging, version: &str) -> Result<Details, String> {
    let stop = std::env::var(STOP).ok();
    for directory in 0..20 {
        if stop.as_ref() == Some(&directory.to_string()) {
            wait_to_be_killed();
        }
        let path = staging.root.join(format!("share/{directory}"));
        fs::create_dir_all(&path).map_err(|error| error.to_string())?;
        for file in 0..20 {
            fs::write(path.join(file.to_string()), vec![b'x'; 1000])
                .map_err(|error| error.to_string())?;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    fs::write(staging.scratch.join("spool"), "temporary").map_err(|error| error.to_string())?;
    fill(staging.root, version);
    Ok(Details::default())
}

/// Whether the prefix holds all that `slow_build` writes.
pub fn is_whole(prefix: &Path) -> bool {
    let count = |path: &Path| fs::read_dir(path).map_or(0, Iterator::count);
    (0..20).all(|directory| count(&prefix.join(format!("share/{directory}"))) == 20)
        && prefix.join(".demo.json").is_file()
}

pub fn result_of(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = stdout
        .lines()
        .find_map(|line| line.split_once("RESULT ").map(|(_, word)| word.to_owned()));
    line.unwrap_or_else(|| {
        panic!(
            "no result: {stdout}{}",
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

/// Something mounted, until it is dropped.
#[cfg(unix)]
pub struct Mounted(pub PathBuf);

#[cfg(unix)]
impl Mounted {
    /// A file system in memory; makes the directory.
    pub fn tmpfs(directory: &Path, options: &str) -> Self {
        fs::create_dir_all(directory).unwrap();
        Self::mount(&["-t", "tmpfs", "-o", options, "tmpfs"], directory)
    }

    /// A directory or file once more; makes its second place.
    #[cfg(target_os = "linux")]
    pub fn bind(source: &Path, place: &Path) -> Self {
        if source.is_dir() {
            fs::create_dir_all(place).unwrap()
        } else {
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, "hidden").unwrap();
        }
        Self::mount(&["--bind", source.to_str().unwrap()], place)
    }

    fn mount(options: &[&str], place: &Path) -> Self {
        let status = Command::new("mount").args(options).arg(place).status();
        assert!(status.unwrap().success(), "root can mount");
        Self(place.to_path_buf())
    }
}

#[cfg(unix)]
impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
