//! `activation = "full"`: what scripts and variables of packages do to the delegate, and what they do not.

use std::fs;
use std::process::Stdio;

use crate::archive::Package;
use crate::sandbox::{Run, Sandbox, run, tool_packages};
use crate::stamp::Stamp;

/// The delegate shows everything that a process inherits.
const PROBE: &str = "#!/bin/sh
echo \"arguments $#:$*\"
echo \"directory $(pwd)\"
echo \"umask $(umask)\"
grep -E 'SigIgn|SigBlk' /proc/self/status
for stream in 0 1 2; do [ -e /proc/$$/fd/$stream ] && echo \"stream $stream\"; done
for open in /proc/$$/fd/*; do printf '%s ' \"${open##*/}\"; done; echo
env | grep -v -E '^(_|SCRIPT)=' | sort
cat
";

fn sandbox_with(scripts: &[(&str, &str)]) -> Sandbox {
    let mut packages = tool_packages("1.0");
    let mut active = Package::new("active", "1").script("bin/probe", PROBE);
    for (name, text) in scripts {
        active = active.file(&format!("etc/conda/activate.d/{name}"), *text);
    }
    packages.push(active.build());
    let stamp = Stamp::new(packages)
        .with("delegate", "probe")
        .with("activation", "full");
    let sandbox = Sandbox::with(&stamp);
    sandbox.run(&["-q", "bootstrap"]).ok();
    sandbox
}

fn run_probe(sandbox: &Sandbox) -> Run {
    let typed = sandbox.path("typed");
    fs::write(&typed, "typed\n").unwrap();
    let mut command = sandbox.command(&["a b", "c"]);
    run(command.stdin(fs::File::open(&typed).unwrap()))
}

/// What scripts may leave in their shell. None of it is to be seen by the delegate, or by the script after them.
#[cfg(target_os = "linux")]
const LEFT_BEHIND: [&str; 30] = [
    "set -- one two; shift",
    "shift 5",
    "set -e; false; true",
    "set -e",
    "set -u",
    "set -x",
    "set -v",
    "set -f",
    "set -a",
    "set -euf -o pipefail; cd /missing",
    "false",
    "return 3",
    "if ( broken",
    "alias command=false exec=false; shopt -s expand_aliases 2>/dev/null",
    "trap 'echo trapped; exit 9' EXIT",
    "trap 'exit 9' TERM INT HUP",
    "trap 'echo debug' DEBUG RETURN; trap 'exit 9' ERR",
    "IFS=/",
    "cd /",
    "umask 077",
    "exec </dev/null >/dev/null 2>&1",
    "exec <&- >&- 2>&-",
    "exec 3>&- 9>/dev/null",
    "cat >/dev/null",
    "exec() { :; }; command() { :; }; env() { :; }; echo() { :; }",
    "builtin() { :; }; printf() { :; }; source() { :; }",
    "readonly PATH IFS HOME LANG=C",
    "unset PATH",
    "PATH=",
    "sleep 100 >/dev/null 2>&1 &",
];

#[test]
#[cfg(target_os = "linux")]
fn scripts_leave_nothing_but_variables() {
    let expected = run_probe(&sandbox_with(&[
        ("a.sh", "export FIRST='it is'\n"),
        ("b.sh", "export SECOND=\"$FIRST $#\"\n"),
    ]))
    .ok();
    assert!(
        expected.stdout.contains("SECOND=it is 0\n"),
        "{expected:#?}"
    );
    assert!(
        expected.stdout.contains("arguments 2:a b c\n"),
        "{expected:#?}"
    );
    assert!(expected.stdout.ends_with("typed\n"), "{expected:#?}");
    for left in LEFT_BEHIND {
        let sandbox = sandbox_with(&[
            ("a.sh", &format!("export FIRST='it is'\n{left}\n")),
            ("b.sh", "export SECOND=\"$FIRST $#\"\n"),
        ]);
        let found = run_probe(&sandbox).ok();
        let found = without_home(&found.stdout).replace("LANG=C\n", "");
        assert_eq!(found, without_home(&expected.stdout), "{left}");
    }
}

/// What the delegate has shown, whatever the sandbox's directory.
#[cfg(target_os = "linux")]
fn without_home(shown: &str) -> String {
    let home = shown.lines().find_map(|line| line.strip_prefix("HOME="));
    shown.replace(home.unwrap(), "HOME")
}

#[test]
fn the_output_of_scripts_goes_to_standard_error_or_nowhere_when_quiet() {
    let sandbox = sandbox_with(&[("a.sh", "echo printed; echo failed >&2\n")]);
    let shown = run_probe(&sandbox).ok();
    assert!(!shown.stdout.contains("printed"), "{shown:#?}");
    assert_eq!(shown.stderr, "printed\nfailed\n");
    let shown = run(sandbox.command(&["-q", "x"]).stdin(Stdio::null())).ok();
    assert_eq!(shown.stderr, "failed\n");
}

#[test]
fn a_script_that_ends_its_shell_is_named_and_nothing_is_started() {
    for end in [
        "exit",
        "exit 0",
        "exit 3",
        "exec true",
        "set -n",
        "set -u; : $MISSING; :",
        ": ${MISSING:?}",
        "kill -9 $$",
    ] {
        let sandbox = sandbox_with(&[("a.sh", "export FIRST=1\n"), ("b.sh", end), ("c.sh", "")]);
        let shown = run_probe(&sandbox);
        assert_eq!(shown.stdout, "", "{end}");
        let message = shown.fails_with(66);
        assert!(
            message.contains("activate.d/b.sh ended the shell"),
            "{end}: {message}"
        );
        // The prefix stays as it is, and the runtime's own commands work.
        sandbox.run(&["status"]).ok();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn scripts_run_where_the_end_of_children_is_ignored() {
    let sandbox = sandbox_with(&[("a.sh", "export FIRST=1\n")]);
    let runtime = sandbox.runtime.to_str().unwrap();
    let arguments = ["--ignore-signal=CHLD", runtime, "x"];
    let shown = run(&mut sandbox.command_of("/usr/bin/env".as_ref(), &arguments)).ok();
    assert!(shown.stdout.contains("FIRST=1\n"), "{shown:#?}");
}

#[cfg(unix)]
#[test]
fn a_script_may_change_path_and_remove_variables() {
    let sandbox = sandbox_with(&[(
        "a.sh",
        "PATH=/first:$PATH\nunset REMOVED\nexport CHANGED=$'a\\nb'\n",
    )]);
    let mut command = sandbox.command::<&str>(&[]);
    command
        .env("REMOVED", "x")
        .env("CHANGED", "x")
        .env("SHLVL", "5")
        .env("OLDPWD", "/nowhere")
        .env("BASH_ENV", "/dev/null")
        .env("BASH_FUNC_f%%", "() { :; }")
        .env("odd.name", "kept");
    let shown = run(&mut command).ok().stdout;
    let prefix = sandbox.prefix();
    for expected in [
        format!(
            "PATH=/first:{0}/bin:{0}/condabin:/usr/bin:/bin",
            prefix.display()
        ),
        "CHANGED=a".to_owned(),
        "OLDPWD=/nowhere".to_owned(),
        "BASH_ENV=/dev/null".to_owned(),
        "SHLVL=5".to_owned(),
    ] {
        assert!(
            shown.lines().any(|line| line == expected),
            "{expected}: {shown}"
        );
    }
    assert!(!shown.contains("REMOVED"), "{shown}");
}

#[test]
fn odd_values_of_variables_are_ignored_one_by_one() {
    let mut packages = tool_packages("1.0");
    let variables = r#"{"GOOD": "1", "PORT": 8080, "FLAG": true, "LIST": [1], "PATH": "/evil", "GONE": null,
        "KEPT": "***unset***"}"#;
    packages.push(
        Package::new("active", "1")
            .file("etc/conda/env_vars.d/active.json", variables)
            .build(),
    );
    let sandbox = Sandbox::with(&Stamp::new(packages).with("activation", "full"));
    sandbox.run(&["-q", "bootstrap"]).ok();
    let state = r#"{"env_vars": {"NUMBER": 5, "PATH": "/evil"}}"#;
    fs::write(sandbox.prefix().join("conda-meta/state"), state).unwrap();
    let mut command = sandbox.command(&["environment"]);
    let shown = run(command.env("GONE", "x").env("KEPT", "inherited")).ok();
    for expected in [
        "GOOD=1",
        "PORT=8080",
        "FLAG=True",
        "NUMBER=5",
        "KEPT=inherited",
    ] {
        assert!(
            shown.stdout.lines().any(|line| line == expected),
            "{expected}: {shown:#?}"
        );
    }
    assert!(!shown.stdout.contains("/evil"), "{shown:#?}");
    assert!(!shown.stdout.contains("GONE="), "{shown:#?}");
    let warnings: Vec<&str> = shown.stderr.lines().collect();
    assert_eq!(warnings.len(), 3, "{shown:#?}");
    for (name, file) in [
        ("LIST", "active.json"),
        ("PATH", "active.json"),
        ("PATH", "conda-meta/state"),
    ] {
        let is_told =
            |line: &&str| line.contains(name) && line.contains(file) && line.contains("ignored");
        assert!(warnings.iter().any(is_told), "{name} of {file}: {shown:#?}");
    }
    assert_eq!(sandbox.run(&["-q", "x"]).ok().stderr, "");
}

#[cfg(unix)]
#[test]
fn a_shell_without_a_terminal_is_activated_in_the_same_way() {
    let sandbox = sandbox_with(&[
        (
            "a.sh",
            "export FIRST=1; set -- a b; set -e; exec >/dev/null; cd /\n",
        ),
        ("b.sh", "export SECOND=$#\n"),
    ]);
    let script = sandbox.path("script.sh");
    fs::write(&script, "false; echo $FIRST $SECOND $# $(pwd)\n").unwrap();
    let mut command = sandbox.command(&["shell"]);
    command
        .env("SHELL", "/bin/sh")
        .stdin(fs::File::open(&script).unwrap());
    let expected = format!(
        "1 0 0 {}\n",
        sandbox.path("").canonicalize().unwrap().display()
    );
    assert_eq!(run(&mut command).ok().stdout, expected);
}
