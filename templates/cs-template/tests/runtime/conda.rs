//! Runtimes whose delegate is conda: a program that prints its arguments, instead of conda itself.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::archive::Package;
use crate::sandbox::{Sandbox, run, tool_packages};
use crate::stamp::Stamp;

const CONDA: &str = "#!/bin/sh
case \"$1\" in
  environment) env ;;
  *) for word in \"$@\"; do printf '<%s>' \"$word\"; done; echo ;;
esac
";

fn stamp(with_spawn: bool) -> Stamp {
    let mut packages = tool_packages("1.0");
    packages.push(
        Package::new("conda", "26")
            .script("bin/conda", CONDA)
            .build(),
    );
    if with_spawn {
        packages.push(Package::new("conda-spawn", "0.1").file("x", "x").build());
    }
    Stamp::new(packages).with("delegate", "conda")
}

fn make_environment(path: &Path) {
    fs::create_dir_all(path.join("conda-meta")).unwrap();
    fs::write(path.join("conda-meta/history"), "").unwrap();
}

/// The variables by which an environment is active, and `PATH`, which is not conda's to change.
const ACTIVE: [(&str, &str); 7] = [
    ("CONDA_PREFIX", "/o/envs/t"),
    ("CONDA_PREFIX_1", "/o"),
    ("CONDA_DEFAULT_ENV", "t"),
    ("CONDA_SHLVL", "2"),
    ("CONDA_STACKED_2", "true"),
    ("CONDA_PROMPT_MODIFIER", "(t) "),
    ("PATH", "/o/envs/t/bin:/o/condabin:/usr/bin:/bin"),
];

#[test]
fn an_active_environment_stays_active() {
    for activation in ["path", "full"] {
        let sandbox = Sandbox::with(&stamp(false).with("activation", activation));
        for _ in 0..2 {
            let mut command = sandbox.command(&["environment"]);
            let foreign = [("CONDA_EXE", "/o/bin/conda"), ("CONDA_ROOT_PREFIX", "/o")];
            let lines = run(command.envs(ACTIVE).envs(foreign)).ok().stdout;
            for (name, value) in ACTIVE {
                let expected = format!("{name}={value}");
                assert!(
                    lines.lines().any(|line| line == expected),
                    "{expected}: {lines}"
                );
            }
            for name in ["CONDA_EXE=", "CONDA_ROOT_PREFIX="] {
                assert!(!lines.contains(name), "{name}: {lines}");
            }
        }
    }
}

#[test]
fn without_an_active_environment_the_prefix_is_active_and_no_root_is_named() {
    let sandbox = Sandbox::with(&stamp(false));
    for _ in 0..2 {
        let lines = sandbox.run(&["environment"]).ok().stdout;
        let prefix = sandbox.prefix();
        for expected in [
            format!("CONDA_PREFIX={}", prefix.display()),
            "CONDA_DEFAULT_ENV=base".to_owned(),
            "CONDA_SHLVL=1".to_owned(),
            format!("PATH={0}/bin:{0}/condabin:/usr/bin:/bin", prefix.display()),
        ] {
            assert!(
                lines.lines().any(|line| line == expected),
                "{expected}: {lines}"
            );
        }
        assert!(!lines.contains("CONDA_ROOT_PREFIX="), "{lines}");
    }
}

/// `demo shell t`, and `demo environment` in it.
#[cfg(unix)]
#[test]
fn programs_started_in_a_shell_use_the_shells_environment() {
    let sandbox = Sandbox::with(&stamp(false));
    sandbox.run(&["-q", "bootstrap"]).ok();
    let environment = sandbox.prefix().join("envs/t");
    make_environment(&environment);
    let script = sandbox.path("script.sh");
    fs::write(
        &script,
        format!("{} environment\n", sandbox.runtime.display()),
    )
    .unwrap();
    let mut command = sandbox.command(&["shell", "t"]);
    command
        .envs(ACTIVE)
        .env("CONDA_PREFIX", "/o/envs/other")
        .env("SHELL", "/bin/sh")
        .stdin(fs::File::open(&script).unwrap());
    let lines = run(&mut command).ok().stdout;
    for expected in [
        format!("CONDA_PREFIX={}", environment.display()),
        "CONDA_DEFAULT_ENV=t".to_owned(),
        "CONDA_SHLVL=1".to_owned(),
    ] {
        assert!(
            lines.lines().any(|line| line == expected),
            "{expected}: {lines}"
        );
    }
    for name in ["CONDA_PREFIX_1=", "CONDA_STACKED_2=", "CONDA_ROOT_PREFIX="] {
        assert!(!lines.contains(name), "{name}: {lines}");
    }
    let path = format!("PATH={0}/bin:", environment.display());
    assert!(lines.contains(&path), "{lines}");
}

#[test]
fn uninstall_with_arguments_is_condas() {
    for (commands, own) in [("direct", &[][..]), ("self", &["self"])] {
        let sandbox = Sandbox::with(&stamp(false).with("commands", commands));
        sandbox.run(&[own, &["-q", "bootstrap"]].concat()).ok();
        let uninstall = |words: &[&str]| sandbox.run(&[own, &["uninstall"], words].concat());
        for words in [
            &["numpy"][..],
            &["numpy", "-y"],
            &["-y", "numpy"],
            &["--name", "t", "--all"],
            &["--forse"],
        ] {
            let whole = [own, &["uninstall"], words].concat();
            let expected: String = whole.iter().map(|word| format!("<{word}>")).collect();
            assert_eq!(uninstall(words).ok().stdout, expected + "\n");
        }
        let message = uninstall(&[]).fails_with(64);
        assert!(message.contains("uninstall -y`"), "{message}");
        assert!(message.contains("`demo remove PACKAGE`"), "{message}");
        assert!(uninstall(&["--help"]).ok().stdout.starts_with("usage: "));
        uninstall(&["-y", "-q"]).ok();
        assert!(!sandbox.prefix().exists());
    }
}

#[test]
fn uninstall_takes_no_arguments_with_other_delegates() {
    let sandbox = Sandbox::new();
    let message = sandbox.run(&["uninstall", "numpy"]).fails_with(64);
    assert!(
        message.contains("tool's own uninstall is `demo -- uninstall`"),
        "{message}"
    );
}

#[test]
fn condas_own_self_command_gets_what_the_runtime_does_not_know() {
    let sandbox = Sandbox::with(&stamp(false).with("commands", "self"));
    for words in [
        &["install", "x"][..],
        &["update", "--all"],
        &["--json"],
        &["-q", "remove", "x"],
    ] {
        let whole = [&["self"], words].concat();
        let expected: String = whole.iter().map(|word| format!("<{word}>")).collect();
        assert_eq!(sandbox.run(&whole).ok().stdout, expected + "\n");
    }
    assert!(
        sandbox
            .run(&["self", "status"])
            .ok()
            .stdout
            .starts_with("runtime ")
    );
    assert!(
        sandbox
            .run(&["self"])
            .ok()
            .stdout
            .contains("demo self [-v]")
    );
}

#[cfg(unix)]
#[test]
fn without_a_terminal_conda_spawn_is_not_used() {
    let sandbox = Sandbox::with(&stamp(true));
    sandbox.run(&["-q", "bootstrap"]).ok();
    make_environment(&sandbox.prefix().join("envs/mine"));
    let script = sandbox.path("script.sh");
    fs::write(&script, "echo $CONDA_DEFAULT_ENV\n").unwrap();
    let mut command = sandbox.command(&["shell", "mine"]);
    command
        .env("SHELL", "/bin/sh")
        .stdin(fs::File::open(&script).unwrap());
    assert_eq!(run(&mut command).ok().stdout, "mine\n");
    let mut command = sandbox.command(&["shell", "mine", "--stack"]);
    let message = run(command.stdin(Stdio::null())).fails_with(64);
    assert!(
        message.contains("shell does not accept --stack here: it needs a terminal"),
        "{message}"
    );
    let code = sandbox.run(&["shell", "mine", "--hook", "--shell", "fish"]);
    assert_eq!(code.ok().stdout, "<spawn><mine><--hook><--shell><fish>\n");
}

#[test]
fn words_for_conda_spawn_are_refused_without_it() {
    let sandbox = Sandbox::with(&stamp(false));
    let message = sandbox.run(&["shell", "--replace"]).fails_with(64);
    assert!(
        message.contains("conda-spawn, which is not among the packages"),
        "{message}"
    );
}

#[test]
fn a_frozen_prefix_names_the_command_that_makes_another_environment() {
    for (delegate, command) in [
        ("conda", "`demo create --name NAME PACKAGE`"),
        ("tool", "`conda create --name NAME PACKAGE`"),
    ] {
        let frozen = stamp(false)
            .with("delegate", delegate)
            .with("freeze_base", true);
        let sandbox = Sandbox::with(&frozen);
        sandbox.run(&["-q", "bootstrap"]).ok();
        let text = fs::read_to_string(sandbox.prefix().join("conda-meta/frozen")).unwrap();
        assert!(text.contains(command), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_shell_finds_environments_where_conda_does() {
    let sandbox = Sandbox::with(&stamp(false));
    sandbox.run(&["-q", "bootstrap"]).ok();
    fs::write(sandbox.path(".condarc"), "envs_dirs:\n  - ~/configured\n").unwrap();
    for place in ["configured/a", ".conda/envs/b", "variable/c"] {
        make_environment(&sandbox.path(place));
    }
    let script = sandbox.path("script.sh");
    fs::write(&script, "echo $CONDA_PREFIX\n").unwrap();
    for (name, place) in [
        ("a", "configured/a"),
        ("b", ".conda/envs/b"),
        ("c", "variable/c"),
        ("~/configured/a", "configured/a"),
    ] {
        let mut command = sandbox.command(&["shell", name]);
        command
            .env("SHELL", "/bin/sh")
            .env("CONDA_ENVS_DIRS", sandbox.path("variable"))
            .stdin(fs::File::open(&script).unwrap());
        let expected = format!("{}\n", sandbox.path(place).display());
        assert_eq!(run(&mut command).ok().stdout, expected, "{name}");
    }
}
