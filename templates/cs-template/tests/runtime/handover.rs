//! The hand-over: arguments, environment, streams, signals, exit status, and how little a later run does.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
#[cfg(unix)]
use std::os::unix::ffi::OsStringExt;
#[cfg(target_os = "linux")]
use std::process::Command;
use std::process::Stdio;

use crate::archive::Package;
#[cfg(target_os = "linux")]
use crate::sandbox::describe;
use crate::sandbox::{Sandbox, run, tool_packages};
use crate::stamp::Stamp;

#[test]
fn odd_arguments_survive_both_paths() {
    for activation in ["path", "full"] {
        let mut packages = tool_packages("1.0");
        packages.push(
            Package::new("active", "1")
                .file("etc/conda/activate.d/a b.sh", "export ACTIVE='yes it is'\n")
                .build(),
        );
        let sandbox = Sandbox::with(&Stamp::new(packages).with("activation", activation));
        let words: Vec<OsString> = ["", "a\nb", "$HOME `x`", "'", "-q", "--", "status"]
            .map(OsString::from)
            .into_iter()
            .chain([OsString::from_vec(vec![0xff, b'*'])])
            .collect();
        for _ in 0..2 {
            let output = sandbox.command(&words).output().unwrap();
            let expected = b"<><a\nb><$HOME `x`><'><-q><--><status><\xff*>\n";
            assert_eq!(output.stdout, expected, "{activation}: {output:?}");
        }
    }
}

#[test]
fn words_behind_two_dashes_reach_the_delegate() {
    let sandbox = Sandbox::new();
    for _ in 0..2 {
        assert_eq!(sandbox.run(&["--", "status"]).ok().stdout, "<status>\n");
        assert_eq!(sandbox.run(&["-q", "--", "-h"]).ok().stdout, "<-h>\n");
        assert_eq!(sandbox.run(&["--help"]).ok().stdout, "<--help>\n");
        assert_eq!(sandbox.run(&["--version"]).ok().stdout, "<--version>\n");
    }
}

#[test]
fn the_exit_status_is_the_delegates_own() {
    let sandbox = Sandbox::new();
    for _ in 0..2 {
        assert_eq!(sandbox.run(&["exit", "37"]).status, Some(37));
        assert_eq!(sandbox.run(&["kill", "TERM"]).signal, Some(15));
    }
}

#[test]
fn standard_input_is_the_delegates_own() {
    let sandbox = Sandbox::new();
    for _ in 0..2 {
        let mut command = sandbox.command(&["cat"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"a\0b").unwrap();
        assert_eq!(child.wait_with_output().unwrap().stdout, b"a\0b");
    }
}

#[test]
fn both_paths_give_the_same_environment() {
    let sandbox = Sandbox::new();
    let environment = || {
        let mut command = sandbox.command(&["environment"]);
        command
            .env("CONDA_PREFIX", "/outer")
            .env("CONDA_PREFIX_1", "/outer");
        command
            .env("CONDA_EXE", "/outer/bin/conda")
            .env("CONDA_SHLVL", "2")
            .env("KEPT", "a=b");
        let mut lines: Vec<String> = run(&mut command)
            .ok()
            .stdout
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    };
    let first = environment();
    assert_eq!(first, environment());
    let prefix = sandbox.prefix();
    let prefix = prefix.to_str().unwrap();
    for expected in [
        format!("CONDA_PREFIX={prefix}"),
        format!("CONDA_ROOT_PREFIX={prefix}"),
        "CONDA_DEFAULT_ENV=base".to_owned(),
        "CONDA_SHLVL=1".to_owned(),
        "CONDA_COMPLETION_COMMAND_NAME=demo".to_owned(),
        format!("PATH={prefix}/bin:{prefix}/condabin:/usr/bin:/bin"),
        "KEPT=a=b".to_owned(),
    ] {
        assert!(first.contains(&expected), "{expected} is not in {first:#?}");
    }
    assert!(
        !first.iter().any(|line| line.contains("/outer")),
        "{first:#?}"
    );
}

#[test]
fn a_full_activation_runs_scripts_and_sets_variables() {
    let mut packages = tool_packages("1.0");
    packages.push(
        Package::new("active", "1")
            .file("etc/conda/activate.d/b.sh", "export ORDER=\"$ORDER b\"\n")
            .file("etc/conda/activate.d/a.sh", "export ORDER=a\n")
            .file(
                "etc/conda/env_vars.d/active.json",
                r#"{"FROM_PACKAGE": "1", "GONE": null}"#,
            )
            .script("bin/lister", fs::read("/usr/bin/env").unwrap())
            .build(),
    );
    // Not a script: shells drop variables that are not identifiers.
    let stamp = Stamp::new(packages)
        .with("activation", "full")
        .with("delegate", "lister");
    let sandbox = Sandbox::with(&stamp);
    sandbox.run(&[]).ok();
    let state = r#"{"version": 1, "env_vars": {"FROM_USER": "it's"}}"#;
    fs::write(sandbox.prefix().join("conda-meta/state"), state).unwrap();
    let mut command = sandbox.command::<&str>(&[]);
    command.env("GONE", "x").env("BASH_FUNC_f%%", "() { :; }");
    let lines = run(&mut command).ok().stdout;
    for expected in [
        "ORDER=a b",
        "FROM_PACKAGE=1",
        "FROM_USER=it's",
        "CONDA_PROMPT_MODIFIER=(base) ",
        "BASH_FUNC_f%%=() { :; }",
    ] {
        assert!(
            lines.lines().any(|line| line == expected),
            "{expected} is not in {lines}"
        );
    }
    assert!(!lines.contains("GONE="), "{lines}");
}

#[test]
fn a_full_activation_survives_broken_scripts_and_reads_those_written_for_bash() {
    let mut packages = tool_packages("1.0");
    packages.push(
        Package::new("active", "1")
            .file("etc/conda/activate.d/a.sh", "if ( broken\n")
            .file(
                "etc/conda/activate.d/b.sh",
                "function f() { :; }\n[[ a == a ]] && export BASHISM=yes\n",
            )
            .build(),
    );
    let sandbox = Sandbox::with(&Stamp::new(packages).with("activation", "full"));
    sandbox.run(&["x"]).ok();
    fs::write(sandbox.path("file"), "export LEAKED=1\n").unwrap();
    let mut command = sandbox.command(&["environment"]);
    let lines = run(command.env("BASH_ENV", sandbox.path("file")))
        .ok()
        .stdout;
    assert!(!lines.contains("LEAKED"), "{lines}");
    if std::path::Path::new("/bin/bash").exists() {
        assert!(lines.contains("BASHISM=yes\n"), "{lines}");
    }
}

#[cfg(unix)]
#[test]
#[cfg(target_os = "linux")]
fn broken_pipes_and_ignored_signals_are_inherited() {
    let mut packages = tool_packages("1.0");
    packages.push(
        Package::new("sig", "1")
            .script("bin/sig", "#!/bin/sh\ngrep SigIgn /proc/self/status\n")
            .build(),
    );
    let sandbox = Sandbox::with(&Stamp::new(packages).with("delegate", "sig"));
    let own = "grep SigIgn /proc/self/status";
    for trap in ["", "trap '' PIPE HUP; "] {
        let runtime = format!("{trap}exec {}", sandbox.runtime.display());
        let direct = format!("{trap}{own}");
        let expected = run(&mut sandbox.command_of("/bin/sh".as_ref(), &["-c", &direct])).ok();
        for _ in 0..2 {
            let found = run(&mut sandbox.command_of("/bin/sh".as_ref(), &["-c", &runtime])).ok();
            assert_eq!(
                standard(&found.stdout),
                standard(&expected.stdout),
                "{trap}"
            );
        }
        fs::remove_dir_all(sandbox.prefix()).unwrap();
    }
}

#[cfg(unix)]
#[test]
#[cfg(target_os = "linux")]
fn streams_that_are_closed_stay_closed() {
    const SCRIPT: &str =
        "#!/bin/sh\nfor n in 0 1 2; do [ -e /proc/$$/fd/$n ] && printf $n; done; true\n";
    let mut packages = tool_packages("1.0");
    packages.push(
        Package::new("streams", "1")
            .script("bin/streams", SCRIPT)
            .build(),
    );
    let sandbox = Sandbox::with(&Stamp::new(packages).with("delegate", "streams"));
    let line = format!("exec {} <&- 2>&-", sandbox.runtime.display());
    for _ in 0..2 {
        let found = run(&mut sandbox.command_of("/bin/sh".as_ref(), &["-c", &line])).ok();
        assert_eq!(found.stdout, "1");
    }
}

/// The signals 1 to 31: those above are the C library's own.
#[cfg(target_os = "linux")]
fn standard(line: &str) -> u64 {
    let digits = line.split_whitespace().last().unwrap();
    u64::from_str_radix(digits, 16).unwrap() & 0x7fff_ffff
}

#[cfg(unix)]
#[test]
fn a_renamed_or_linked_runtime_is_the_same_runtime() {
    let sandbox = Sandbox::new();
    let link = sandbox.path("bin/other name é");
    std::os::unix::fs::symlink(&sandbox.runtime, &link).unwrap();
    for _ in 0..2 {
        let lines = run(&mut sandbox.command_of(&link, &["environment"]))
            .ok()
            .stdout;
        assert!(
            lines.contains("CONDA_COMPLETION_COMMAND_NAME=other name é\n"),
            "{lines}"
        );
    }
    assert!(sandbox.prefix().join(".demo.json").is_file());
}

#[test]
fn variables_and_options_name_the_prefix_in_order() {
    let sandbox = Sandbox::new();
    let prefix_of = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = sandbox.command(arguments);
        for (name, value) in variables {
            command.env(name, sandbox.path(value));
        }
        let lines = run(command.arg("environment")).ok().stdout;
        let line = lines
            .lines()
            .find(|line| line.starts_with("CONDA_PREFIX="))
            .unwrap();
        line.rsplit('/').next().unwrap().to_owned()
    };
    let (own, shared) = (("DEMO_PREFIX", "own"), ("CONDA_SHIP_PREFIX", "shared"));
    for _ in 0..2 {
        assert_eq!(prefix_of(&[], &[own]), "own");
        assert_eq!(prefix_of(&[], &[own, shared]), "shared");
        assert_eq!(prefix_of(&["--path", "named"], &[own, shared]), "named");
        assert_eq!(prefix_of(&["--path=x/../named"], &[]), "named");
    }
}

#[test]
fn paths_that_no_shell_expanded_are_expanded_and_not_taken_literally() {
    let sandbox = Sandbox::new();
    let home = sandbox.path("");
    for _ in 0..2 {
        for value in ["~/expanded", "$HOME/expanded", "${HOME}/expanded"] {
            for name in ["DEMO_PREFIX", "CONDA_SHIP_PREFIX"] {
                let mut command = sandbox.command(&["environment"]);
                let lines = run(command.env(name, value)).ok().stdout;
                let expected = format!("CONDA_PREFIX={}\n", home.join("expanded").display());
                assert!(lines.contains(&expected), "{name}={value}: {lines}");
            }
            let lines = sandbox.run(&["--path", value, "environment"]).ok().stdout;
            assert!(
                lines.contains(home.join("expanded").to_str().unwrap()),
                "{lines}"
            );
        }
    }
    for (value, reason) in [
        ("$MISSING/x", "the variable MISSING in it is not set"),
        ("~other/x", "write that directory in full"),
    ] {
        let message = run(sandbox.command(&["x"]).env("DEMO_PREFIX", value)).fails_with(64);
        assert!(message.contains(reason), "{message}");
        assert!(message.contains("DEMO_PREFIX"), "{message}");
        let mut command = sandbox.command(&["bootstrap"]);
        let message = run(command.env("DEMO_BUNDLE", value)).fails_with(64);
        assert!(message.contains(reason), "{message}");
        assert!(message.contains("DEMO_BUNDLE"), "{message}");
    }
    let odd: Vec<String> = sandbox
        .tree()
        .into_iter()
        .filter(|path| path.contains(['~', '$']))
        .collect();
    assert_eq!(odd, Vec::<String>::new());
}

#[test]
fn a_runtime_called_conda_ignores_the_active_environment() {
    let sandbox = Sandbox::with(&Stamp::new(tool_packages("1.0")).with("runtime", "conda"));
    for _ in 0..2 {
        let lines = run(sandbox
            .command(&["environment"])
            .env("CONDA_PREFIX", sandbox.path("active")))
        .ok()
        .stdout;
        assert!(
            lines.contains(&format!("CONDA_PREFIX={}\n", sandbox.prefix().display())),
            "{lines}"
        );
    }
}

#[test]
fn prefixes_that_would_break_path_are_refused() {
    let sandbox = Sandbox::new();
    for (path, word) in [
        ("/tmp/a:b", "separates the directories"),
        ("/tmp/a\nb", "control character"),
    ] {
        let message = sandbox.run(&["--path", path, "x"]).fails_with(64);
        assert!(message.contains(word), "{message}");
        assert!(message.contains("--path names"), "{message}");
    }
    let odd = OsStr::new("--path").to_owned();
    let message =
        run(&mut sandbox.command(&[odd, OsString::from_vec(b"/tmp/\xff".to_vec()), "x".into()]));
    assert!(message.fails_with(64).contains("not valid UTF-8"));
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_home_the_user_database_is_asked() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["status", "--json"]);
    command.env_remove("HOME");
    let home = Command::new("sh")
        .args(["-c", "getent passwd $(id -u) | cut -d: -f6"])
        .output()
        .unwrap();
    let home = String::from_utf8(home.stdout).unwrap();
    let status: serde_json::Value = serde_json::from_str(&run(&mut command).stdout).unwrap();
    assert_eq!(status["prefix"], format!("{}/.conda/demo", home.trim()));
}

#[test]
fn the_user_data_scheme_follows_xdg() {
    let sandbox =
        Sandbox::with(&Stamp::new(tool_packages("1.0")).with("install_scheme", "user-data"));
    sandbox.run(&["x"]).ok();
    let name = if cfg!(target_os = "macos") {
        "Library/Application Support/conda/demo"
    } else {
        ".local/share/conda/demo"
    };
    assert!(sandbox.path(name).join(".demo.json").is_file());
    if cfg!(target_os = "linux") {
        run(sandbox
            .command(&["x"])
            .env("XDG_DATA_HOME", sandbox.path("data")))
        .ok();
        assert!(sandbox.path("data/conda/demo/.demo.json").is_file());
    }
}

/// The point of it all: a later run opens nothing for writing, makes nothing, and starts no thread.
#[test]
#[cfg(target_os = "linux")]
fn a_later_run_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    let log = sandbox.path("strace.log");
    let runtime = sandbox.runtime.to_str().unwrap();
    let arguments = ["-o", log.to_str().unwrap(), runtime, "x"];
    let Ok(output) = sandbox.command_of("strace".as_ref(), &arguments).output() else {
        eprintln!("there is no strace here");
        return;
    };
    assert_eq!(describe(&output).stdout, "<x>\n");
    let text = fs::read_to_string(&log).unwrap();
    let calls: Vec<&str> = text.lines().collect();
    let handed_over = calls
        .iter()
        .skip(1)
        .position(|call| call.starts_with("execve("))
        .unwrap();
    for call in &calls[..=handed_over] {
        for forbidden in [
            "O_WRONLY", "O_RDWR", "O_CREAT", "mkdir", "rename", "unlink", "clone", "LOCK_EX",
        ] {
            assert!(!call.contains(forbidden), "{call}");
        }
    }
}
