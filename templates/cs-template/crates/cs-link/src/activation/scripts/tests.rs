use super::*;

/// Every shell that may have to run scripts somewhere, as far as it is here.
fn shells() -> Vec<(Shell, Command)> {
    let bash = Shell {
        program: "/bin/bash".into(),
        is_bash: true,
    };
    let posix = |program: &str| Shell {
        program: program.into(),
        is_bash: false,
    };
    let mut busybox = Command::new("/bin/busybox");
    busybox.arg("sh");
    [
        (bash, Command::new("/bin/bash")),
        (posix("/bin/dash"), Command::new("/bin/dash")),
        (posix("/bin/sh"), Command::new("/bin/sh")),
        (posix("/bin/busybox"), busybox),
    ]
    .into_iter()
    .filter(|(shell, _)| shell.program.is_file())
    .collect()
}

fn run(
    (shell, command): (Shell, Command),
    scripts: &[&str],
    environment: &[(&str, &str)],
) -> Result<Vec<Change>, ScriptFault> {
    let directory = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..scripts.len())
        .map(|number| directory.path().join(format!("it's {number}.sh")))
        .collect();
    for (path, text) in paths.iter().zip(scripts) {
        std::fs::write(path, text).unwrap();
    }
    let environment = environment
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let start = |mut command: Command| {
        let mut child = command.spawn().unwrap();
        Ok(move || Ok(child.try_wait().unwrap()))
    };
    run_scripts(&shell, &paths, command, &environment, start)
}

fn set(name: &str, value: &str) -> Change {
    (name.into(), Some(value.into()))
}

#[test]
fn every_shell_passes_on_only_exported_variables() {
    for shell in shells() {
        let name = shell.0.program.clone();
        let scripts = [
            "export A=1; B=2; unset GONE; set -- x; set -eufx; trap 'echo x' EXIT; cd /; exec >&- 2>&-",
            "export C=\"$#:$A$B\"; command() { :; }; alias exec=false; IFS=x; return 1",
            "export D='x\ny=z'; PATH=",
            "if ( broken",
        ];
        let environment = [
            ("GONE", "1"),
            ("KEPT", "1"),
            ("PATH", "/usr/bin:/bin"),
            ("odd.name", "1"),
        ];
        let found = run(shell, &scripts, &environment).unwrap();
        let expected = [
            set("A", "1"),
            set("C", "0:12"),
            set("D", "x\ny=z"),
            ("GONE".into(), None),
        ];
        assert_eq!(found, expected, "{}", name.display());
    }
}

#[test]
fn the_script_that_ends_the_shell_is_named() {
    for shell in shells() {
        let name = shell.0.program.clone();
        let fault = run(shell, &["", "exit 0", ""], &[]).unwrap_err();
        let ScriptFault::Ended { script, status } = fault else {
            panic!("{}: {fault}", name.display());
        };
        assert!(script.ends_with("it's 1.sh"), "{}", name.display());
        assert!(status.success());
    }
}

#[test]
fn as_many_variables_as_a_system_takes_come_out() {
    let large = "x".repeat(100_000);
    let script = format!("export LARGE={large}");
    for shell in shells() {
        let environment = [("OTHER", large.as_str()), ("PATH", "/bin")];
        let found = run(shell, &[&script], &environment).unwrap();
        assert!(found == [set("LARGE", &large)], "{}", found.len());
    }
}

#[test]
fn a_list_without_its_end_is_none() {
    for output in [
        &b""[..],
        b"A=1\0",
        b"A=1\0_CS_ACTIVATED=1",
        b"_CS_ACTIVATED=12\0",
    ] {
        assert_eq!(parse_environment(output), None);
    }
    let whole = parse_environment(b"A=1\0_CS_ACTIVATED=1\0").unwrap();
    assert_eq!(whole.get(OsStr::new("A")), Some(&"1".into()));
}
