//! The entry, linked into a static program and run: what the delegate sees, and when the full program takes over.

use crate::support;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use cs_entry::environment::{Context, Entries, write_environment};
use cs_entry::footer;
use cs_entry::sha256::sha256;

const MARKER_START: &str = r#"{"schema_version":1,"stamp":""#;
const FULL_ACTIVATION: u32 = 1;
const USER_DATA: u32 = 2;

static PROBE: LazyLock<PathBuf> = LazyLock::new(support::compile_probe);

/// Wait for the other tests of this process: a child forked by one of them while this one writes an executable would
/// keep it open for writing, and no system starts such a file.
fn take_turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A launch part and the footer behind it.
fn write_stamp(flags: u32, words: &str) -> Vec<u8> {
    write_stamp_for("probe", flags, words)
}

fn write_stamp_for(delegate: &str, flags: u32, words: &str) -> Vec<u8> {
    let delegate = format!("bin/{delegate}");
    let prefix = if flags & USER_DATA == 0 {
        ".conda/demo"
    } else {
        "conda/demo"
    };
    let strings = [
        prefix,
        delegate.as_str(),
        ".demo.json",
        MARKER_START,
        "DEMO_PREFIX",
        words,
    ];
    let mut launch = [
        1_u32.to_le_bytes(),
        flags.to_le_bytes(),
        6_u32.to_le_bytes(),
    ]
    .concat();
    for string in strings {
        launch.extend((string.len() as u16).to_le_bytes());
        launch.extend([string.as_bytes(), b"\0"].concat());
    }
    let mut footer = [0; footer::LENGTH];
    footer[..16].copy_from_slice(&footer::magic());
    footer[footer::VERSION_OFFSET] = 1;
    footer[footer::ENTRY_COUNT_OFFSET] = footer::ENTRY_COUNT as u8;
    let tags = ["header", "plan", "lock", "bytecode", "bundle", "launch"];
    for (index, tag) in tags.into_iter().enumerate() {
        let part = if tag == "launch" { &launch[..] } else { b"" };
        let entry = &mut footer[footer::ENTRIES_OFFSET + index * footer::ENTRY_LENGTH..]
            [..footer::ENTRY_LENGTH];
        entry[..tag.len()].copy_from_slice(tag.as_bytes());
        entry[16..24].copy_from_slice(&(part.len() as u64).to_le_bytes());
        entry[24..].copy_from_slice(&sha256(part));
    }
    let length = (launch.len() + footer::LENGTH) as u64;
    footer[footer::STAMP_LENGTH_OFFSET..][..8].copy_from_slice(&length.to_le_bytes());
    let digests = [b"", b"", b"", b"", &launch[..]].map(sha256).concat();
    footer[footer::IDENTITY_OFFSET..footer::ENTRIES_OFFSET].copy_from_slice(&sha256(&digests));
    let digest = sha256(&footer[..footer::DIGEST_OFFSET]);
    footer[footer::DIGEST_OFFSET..].copy_from_slice(&digest);
    launch.extend(footer);
    launch
}

/// The identity in a stamp, in hex.
fn identity(stamp: &[u8]) -> String {
    let footer = &stamp[stamp.len() - footer::LENGTH..];
    let identity = &footer[footer::IDENTITY_OFFSET..footer::ENTRIES_OFFSET];
    identity.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A home with a runtime and its prefix.
struct Home {
    directory: tempfile::TempDir,
    /// Of the runtime's stamp, in hex.
    identity: String,
}

impl Home {
    fn new() -> Self {
        Self::with_stamp(&write_stamp(0, "status\nhelp\n-h\n--path"))
    }

    fn with_stamp(stamp: &[u8]) -> Self {
        Self::with_end(stamp, identity(stamp))
    }

    /// A runtime whose file ends with `stamp`, and a prefix that the stamp with `identity` made.
    fn with_end(stamp: &[u8], identity: String) -> Self {
        let home = Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
            identity,
        };
        let mut runtime = fs::read(&*PROBE).expect("the probe");
        runtime.extend([b'x'; 4096]);
        runtime.extend(stamp);
        fs::write(home.runtime(), runtime).expect("a runtime");
        fs::set_permissions(home.runtime(), fs::Permissions::from_mode(0o755))
            .expect("an executable");
        home.install(&home.path(".conda/demo"));
        home
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory
            .path()
            .canonicalize()
            .expect("a real directory")
            .join(below)
    }

    fn runtime(&self) -> PathBuf {
        self.path("demo")
    }

    fn prefix(&self) -> PathBuf {
        self.path(".conda/demo")
    }

    fn install(&self, prefix: &Path) {
        fs::create_dir_all(prefix.join("bin")).expect("a prefix");
        fs::write(
            prefix.join(".demo.json"),
            format!("{MARKER_START}{}\",\"more\":true}}\n", self.identity),
        )
        .expect("a marker");
        fs::copy(&*PROBE, prefix.join("bin/probe")).expect("a delegate");
    }

    /// A command with `HOME`, `PATH` and nothing else.
    fn command(&self) -> Command {
        let mut command = Command::new(self.runtime());
        let home = self.directory.path().canonicalize();
        command.env_clear().env("PATH", "/usr/bin:/bin");
        command.env("HOME", home.expect("a real directory"));
        command
    }
}

/// What the probe says.
#[derive(Debug, Default)]
struct Report {
    executable: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<OsString>,
    /// What it has open, standard streams aside.
    descriptors: Vec<OsString>,
}

impl Report {
    fn variable(&self, name: &str) -> Option<&OsStr> {
        let start = format!("{name}=");
        let entry = self
            .environment
            .iter()
            .find(|entry| entry.as_bytes().starts_with(start.as_bytes()))?;
        Some(OsStr::from_bytes(&entry.as_bytes()[start.len()..]))
    }
}

fn run(command: &mut Command) -> Report {
    let output = command.output().expect("the runtime starts");
    assert!(output.status.success(), "{output:?}");
    let mut report = Report::default();
    for item in output
        .stdout
        .split(|byte| *byte == 0)
        .filter(|item| !item.is_empty())
    {
        let value = OsString::from_vec(item[1..].to_vec());
        match item[0] {
            b'x' => report.executable = value.into(),
            b'a' => report.arguments.push(value),
            b'd' => report.descriptors.push(value),
            _ => report.environment.push(value),
        }
    }
    report.environment.sort();
    report
}

/// The rules, carried out with the standard library, as the full program does.
#[derive(Default)]
struct Collected {
    done: Vec<OsString>,
    current: Vec<u8>,
}

impl Entries<'_> for Collected {
    fn keep(&mut self, entry: &[u8]) -> Option<()> {
        self.done.push(OsString::from_vec(entry.to_vec()));
        Some(())
    }

    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        self.current.extend(bytes);
        Some(())
    }

    fn end(&mut self) -> Option<()> {
        self.done
            .push(OsString::from_vec(std::mem::take(&mut self.current)));
        Some(())
    }
}

/// The environment that the rules give a delegate in `prefix` for the variables of `command`.
fn apply_rules(command: &Command, prefix: &Path, delegate_is_conda: bool) -> Vec<OsString> {
    let inherited: Vec<OsString> = command
        .get_envs()
        .map(|(name, value)| [name, value.expect("only set")].join(OsStr::new("=")))
        .collect();
    let context = Context {
        prefix: prefix.as_os_str().as_bytes(),
        command_name: b"demo",
        delegate_is_conda,
        replaces_active: false,
    };
    let mut expected = Collected::default();
    let inherited = inherited.iter().map(|entry| entry.as_bytes());
    write_environment(inherited, &context, &mut expected).expect("room");
    expected.done.sort();
    expected.done
}

/// Assert that the entry left the start to the full program, without a trace.
fn assert_stands_aside(home: &Home, command: &mut Command, why: &str) {
    let arguments: Vec<OsString> = command.get_args().map(OsStr::to_owned).collect();
    let report = run(command);
    assert_eq!(report.executable, home.runtime(), "{why}");
    assert_eq!(report.arguments[0], home.runtime(), "{why}");
    assert_eq!(report.arguments[1..], arguments, "{why}");
    assert_eq!(report.variable("CONDA_SHLVL"), None, "{why}");
    assert_holds_nothing(home, &report);
}

/// Assert that no directory of `home` is open, and with that locked.
fn assert_holds_nothing(home: &Home, report: &Report) {
    let mut descriptors = report.descriptors.iter().map(Path::new);
    assert!(
        !descriptors.any(|path| path.starts_with(home.path(""))),
        "{report:?}"
    );
}

#[test]
fn the_delegate_gets_its_own_path_and_the_arguments_byte_by_byte() {
    let _turn = take_turn();
    let home = Home::new();
    let arguments = [
        &b"-c"[..],
        b"",
        b"two words",
        b"line\nbreak",
        b"\xff\xfe",
        b"status",
    ]
    .map(OsStr::from_bytes);
    let report = run(home.command().args(arguments));
    let delegate = home.prefix().join("bin/probe");
    assert_eq!(report.executable, delegate);
    assert_eq!(report.arguments[0], delegate);
    assert_eq!(report.arguments[1..], arguments);
}

#[test]
fn the_delegates_environment_follows_the_rules() {
    let _turn = take_turn();
    let home = Home::new();
    let mut command = home.command();
    command.envs([
        ("LANG", "C"),
        ("EMPTY", ""),
        ("DEMO_QUIET", "1"),
        ("CONDA_PKGS_DIRS", "/p"),
    ]);
    command.envs([
        ("CONDA_PREFIX", "/outer"),
        ("CONDA_PREFIX_1", "/o"),
        ("CONDA_EXE", "/outer/bin/conda"),
        ("_CE_M", ""),
    ]);
    let prefix = home.prefix();
    let expected = apply_rules(&command, &prefix, false);
    let report = run(&mut command);
    assert_eq!(report.environment, expected);
    let path = format!("{0}/bin:{0}/condabin:/usr/bin:/bin", prefix.display());
    assert_eq!(report.variable("PATH"), Some(OsStr::new(&path)));
    assert_eq!(report.variable("CONDA_PREFIX"), Some(prefix.as_os_str()));
    assert_eq!(report.variable("CONDA_EXE"), None);
    assert_eq!(report.variable("CONDA_PKGS_DIRS"), Some(OsStr::new("/p")));
    assert_eq!(
        report.variable("CONDA_COMPLETION_COMMAND_NAME"),
        Some(OsStr::new("demo"))
    );
}

/// `{prefix}` stands for the prefix.
const ACTIVE_ENVIRONMENTS: [&[(&str, &str)]; 7] = [
    &[],
    &[("CONDA_PREFIX", "")],
    &[
        ("CONDA_PREFIX", "{prefix}"),
        ("CONDA_SHLVL", "2"),
        ("CONDA_PREFIX_1", "/o"),
    ],
    &[
        ("CONDA_PREFIX", "{prefix}/envs/t"),
        ("CONDA_DEFAULT_ENV", "t"),
        ("CONDA_SHLVL", "1"),
        ("PATH", "{prefix}/envs/t/bin:/usr/bin"),
    ],
    &[
        ("CONDA_PREFIX", "/o/envs/t"),
        ("CONDA_DEFAULT_ENV", "t"),
        ("CONDA_SHLVL", "2"),
        ("CONDA_PREFIX_1", "/o"),
        ("CONDA_STACKED_2", "true"),
        ("CONDA_PROMPT_MODIFIER", "(t) "),
        ("CONDA_EXE", "/o/bin/conda"),
        ("CONDA_ROOT_PREFIX", "/o"),
        ("PATH", "/o/envs/t/bin:/o/condabin:/usr/bin"),
    ],
    &[("CONDA_PREFIX", "/o"), ("PATH", "")],
    &[
        ("CONDA_PREFIX", "{prefix}/envs/t"),
        ("PATH", "/a:{prefix}/envs/t/bin"),
    ],
];

#[test]
fn an_active_environment_is_seen_as_the_rules_say_by_conda_and_by_others() {
    let _turn = take_turn();
    for delegate in ["conda", "probe"] {
        let home = Home::with_stamp(&write_stamp_for(delegate, 0, "status"));
        let prefix = home.prefix();
        if delegate != "probe" {
            fs::rename(prefix.join("bin/probe"), prefix.join("bin").join(delegate))
                .expect("a delegate");
        }
        for variables in ACTIVE_ENVIRONMENTS {
            let mut command = home.command();
            for (name, value) in variables {
                let prefix = prefix.to_str().expect("a plain path");
                command.env(name, value.replace("{prefix}", prefix));
            }
            let expected = apply_rules(&command, &prefix, delegate == "conda");
            let report = run(&mut command);
            assert_eq!(report.executable, prefix.join("bin").join(delegate));
            assert_eq!(report.environment, expected, "{delegate}: {variables:?}");
        }
    }
}

#[test]
fn variables_name_the_prefix_and_the_general_one_wins() {
    let _turn = take_turn();
    let home = Home::new();
    let [own, general] = ["own place", "general"].map(|name| home.path(name));
    home.install(&own);
    home.install(&general);
    let mut command = home.command();
    command.env("DEMO_PREFIX", &own);
    assert_eq!(
        run(&mut command).variable("CONDA_PREFIX"),
        Some(own.as_os_str())
    );
    command.env("CONDA_SHIP_PREFIX", &general);
    assert_eq!(
        run(&mut command).variable("CONDA_PREFIX"),
        Some(general.as_os_str())
    );
    command.env("CONDA_SHIP_PREFIX", "").env("DEMO_PREFIX", "");
    assert_eq!(
        run(&mut command).variable("CONDA_PREFIX"),
        Some(home.prefix().as_os_str()),
        "empty is as good as none"
    );
}

#[test]
fn user_data_is_found_as_xdg_says() {
    let _turn = take_turn();
    let home = Home::with_stamp(&write_stamp(USER_DATA, "status"));
    let [share, elsewhere] =
        [".local/share/conda/demo", "elsewhere/conda/demo"].map(|name| home.path(name));
    home.install(&share);
    home.install(&elsewhere);
    let mut command = home.command();
    assert_eq!(
        run(&mut command).variable("CONDA_PREFIX"),
        Some(share.as_os_str())
    );
    command.env("XDG_DATA_HOME", home.path("elsewhere"));
    assert_eq!(
        run(&mut command).variable("CONDA_PREFIX"),
        Some(elsewhere.as_os_str())
    );
}

#[test]
fn a_script_can_be_the_delegate_and_its_exit_status_counts() {
    let _turn = take_turn();
    let home = Home::new();
    let delegate = home.prefix().join("bin/probe");
    fs::write(&delegate, "#!/bin/sh\nexit \"$1\"\n").expect("a script");
    assert_eq!(
        home.command()
            .arg("7")
            .status()
            .expect("the runtime starts")
            .code(),
        Some(7)
    );
}

#[test]
fn it_stands_aside_for_the_runtimes_own_words() {
    let _turn = take_turn();
    let home = Home::new();
    for first in ["status", "help", "-h", "--path", "--path=/x", "--"] {
        assert_stands_aside(&home, home.command().args([first, "-c"]), first);
    }
    let home = Home::with_stamp(&write_stamp(0, "self"));
    assert_stands_aside(&home, home.command().args(["self", "status"]), "self");
    assert_eq!(run(home.command().arg("status")).arguments[1], "status");
}

#[test]
fn it_stands_aside_for_an_environment_it_does_not_understand() {
    let _turn = take_turn();
    let home = Home::new();
    assert_stands_aside(&home, home.command().env_remove("HOME"), "no home");
    for (name, value) in [
        ("HOME", "relative"),
        ("HOME", "/"),
        ("CONDA_SHIP_PREFIX", "a/b"),
        ("DEMO_PREFIX", "/a/../b"),
        ("DEMO_PREFIX", "~/b"),
        ("CONDA_SHIP_PREFIX", "/a/$HOME"),
    ] {
        assert_stands_aside(&home, home.command().env(name, value), value);
    }
    let many = (0..1024).map(|number| (format!("V{number}"), "v"));
    assert_stands_aside(&home, home.command().envs(many), "too many variables");
    assert_stands_aside(
        &home,
        home.command().env("PATH", "/long:".repeat(8000)),
        "too long a PATH",
    );
}

#[test]
fn it_stands_aside_for_a_prefix_that_is_not_this_builds() {
    let _turn = take_turn();
    let home = Home::new();
    fs::write(
        home.prefix().join(".demo.json"),
        MARKER_START.replace('3', "4"),
    )
    .expect("a marker");
    assert_stands_aside(&home, &mut home.command(), "marker of another build");
    fs::write(home.prefix().join(".demo.json"), &MARKER_START[..20]).expect("a marker");
    assert_stands_aside(&home, &mut home.command(), "short marker");
    fs::remove_file(home.prefix().join(".demo.json")).expect("there was one");
    assert_stands_aside(&home, &mut home.command(), "no marker");
}

#[test]
fn it_stands_aside_when_the_delegate_does_not_start() {
    let _turn = take_turn();
    let home = Home::new();
    fs::remove_file(home.prefix().join("bin/probe")).expect("there was one");
    assert_stands_aside(&home, home.command().arg("-c"), "no delegate");
}

#[test]
fn it_stands_aside_for_a_full_activation() {
    let _turn = take_turn();
    let home = Home::with_stamp(&write_stamp(FULL_ACTIVATION, "status"));
    assert_stands_aside(&home, &mut home.command(), "full activation");
}

#[test]
fn it_stands_aside_for_anything_but_an_intact_stamp() {
    let _turn = take_turn();
    let intact = write_stamp(0, "status");
    for position in (0..intact.len()).step_by(37) {
        let mut stamp = intact.clone();
        stamp[position] ^= 0x10;
        let home = Home::with_end(&stamp, identity(&intact));
        assert_stands_aside(
            &home,
            &mut home.command(),
            &format!("byte {position} flipped"),
        );
    }
    for stamp in [
        [&intact[..], b"signature"].concat(),
        intact[..intact.len() - 1].to_vec(),
        Vec::new(),
    ] {
        let home = Home::with_end(&stamp, identity(&intact));
        assert_stands_aside(
            &home,
            &mut home.command(),
            "trailing bytes, a missing byte, no stamp",
        );
    }
}

#[test]
fn it_leaves_a_changed_stamp_with_a_new_digest_to_the_full_program() {
    let _turn = take_turn();
    let intact = write_stamp(0, "status");
    let start = intact.len() - footer::LENGTH;
    for (what, position) in [
        ("the number of parts", footer::ENTRY_COUNT_OFFSET),
        ("the stamp's length", footer::STAMP_LENGTH_OFFSET + 5),
        ("the identity", footer::IDENTITY_OFFSET),
        ("a tag", footer::ENTRIES_OFFSET),
        ("an offset", footer::ENTRIES_OFFSET + 8),
        ("a length", footer::ENTRIES_OFFSET + 16),
        ("a part's digest", footer::ENTRIES_OFFSET + 24),
        ("a reserved byte", footer::RESERVED_OFFSET),
    ] {
        let mut stamp = intact.clone();
        stamp[start + position] ^= 1;
        let digest = sha256(&stamp[start..start + footer::DIGEST_OFFSET]);
        stamp[start + footer::DIGEST_OFFSET..].copy_from_slice(&digest);
        let home = Home::with_end(&stamp, identity(&intact));
        assert_stands_aside(&home, &mut home.command(), what);
    }
}

#[test]
fn another_launch_part_does_not_run_the_prefix_of_the_published_one() {
    let _turn = take_turn();
    let published = identity(&write_stamp(0, "status"));
    for (what, changed) in [
        ("another delegate", write_stamp_for("other", 0, "status")),
        ("other words", write_stamp(0, "states")),
    ] {
        let home = Home::with_end(&changed, published.clone());
        fs::copy(&*PROBE, home.path(".conda/demo/bin/other")).expect("a delegate");
        assert_stands_aside(&home, &mut home.command(), what);
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a file of this user");
}

#[test]
fn it_stands_aside_for_a_prefix_that_others_may_have_put_there() {
    let _turn = take_turn();
    let home = Home::new();
    let [prefix, parent] = [home.prefix(), home.path(".conda")];
    for (directory, mode, why) in [
        (&prefix, 0o757, "all users may write to the prefix"),
        (&prefix, 0o1777, "the same, sticky"),
        (&parent, 0o777, "all users may exchange the prefix"),
    ] {
        set_mode(directory, mode);
        assert_stands_aside(&home, &mut home.command(), why);
        set_mode(directory, 0o755);
    }
    for (directory, mode) in [(&parent, 0o1777), (&prefix, 0o700)] {
        set_mode(directory, mode);
        assert_eq!(
            run(&mut home.command()).executable,
            prefix.join("bin/probe")
        );
    }
}

#[test]
fn it_stands_aside_for_links_and_pipes() {
    let _turn = take_turn();
    let home = Home::new();
    let [prefix, elsewhere] = [home.prefix(), home.path(".conda/elsewhere")];
    let marker = prefix.join(".demo.json");
    fs::rename(&marker, home.path("marker")).expect("one file system");
    std::os::unix::fs::symlink(home.path("marker"), &marker).expect("a link");
    assert_stands_aside(&home, &mut home.command(), "the marker is a link");
    fs::remove_file(&marker).expect("there was one");
    let made = Command::new("mkfifo").arg(&marker).status();
    assert!(made.expect("mkfifo runs").success());
    assert_stands_aside(&home, &mut home.command(), "the marker is a pipe");
    fs::remove_file(&marker).expect("there was one");
    fs::rename(home.path("marker"), &marker).expect("one file system");
    fs::rename(&prefix, &elsewhere).expect("one file system");
    std::os::unix::fs::symlink(&elsewhere, &prefix).expect("a link");
    assert_stands_aside(&home, &mut home.command(), "the prefix is a link");
}

#[test]
fn it_stands_aside_while_the_prefix_is_being_exchanged_and_leaves_nothing_locked() {
    let _turn = take_turn();
    let home = Home::new();
    let held = fs::File::open(home.prefix()).expect("a directory");
    held.lock().expect("no other process has it");
    assert_stands_aside(&home, &mut home.command(), "locked");
    held.unlock().expect("it was locked");
    held.lock_shared().expect("no other process has it");
    let delegate = home.prefix().join("bin/probe");
    assert_eq!(run(&mut home.command()).executable, delegate);
    held.unlock().expect("it was locked");
    assert_holds_nothing(&home, &run(&mut home.command()));
    // A delegate that does not start leaves the full program nothing either.
    fs::remove_file(&delegate).expect("there was one");
    assert_stands_aside(&home, &mut home.command(), "no delegate");
}
