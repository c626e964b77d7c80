//! What a person at a terminal sees. `script` is the terminal; where there is none, there is nothing to test.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::archive::Package;
use crate::sandbox::{Run, Sandbox, run, tool_packages};
use crate::stamp::Stamp;

/// Run a command line of the runtime at a terminal, with these lines as typed input.
fn run_at_terminal(
    sandbox: &Sandbox,
    line: &str,
    input: &str,
    variables: &[(&str, &str)],
) -> Option<Run> {
    Command::new("script").arg("--version").output().ok()?;
    let typed = sandbox.path("typed");
    fs::write(&typed, input).unwrap();
    let line = format!("{} {line}", sandbox.runtime.display());
    let mut command = sandbox.command_of(Path::new("script"), &["-qec", &line, "/dev/null"]);
    command
        .env("TERM", "xterm")
        .stdin(fs::File::open(&typed).unwrap());
    for (name, value) in variables {
        command.env(name, value);
    }
    Some(run(&mut command))
}

#[test]
fn a_bar_leaves_no_trace_but_two_lines() {
    let sandbox = Sandbox::new();
    let Some(shown) = run_at_terminal(&sandbox, "x", "", &[]) else {
        return;
    };
    assert_eq!(shown.status, Some(0), "{shown:#?}");
    assert!(shown.stdout.contains("\r\u{1b}[2K"), "{shown:#?}");
    assert!(
        shown.stdout.contains("installed 2 packages in "),
        "{shown:#?}"
    );
    assert!(shown.stdout.ends_with("<x>\r\n"), "{shown:#?}");
}

#[test]
fn nothing_moves_where_nothing_can() {
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let sandbox = Sandbox::new();
        let Some(shown) = run_at_terminal(&sandbox, "x", "", &[variable]) else {
            return;
        };
        assert!(!shown.stdout.contains('\u{1b}'), "{shown:#?}");
    }
}

#[test]
fn start_up_files_do_not_undo_the_activation() {
    for (shell, file) in [("/bin/bash", ".bashrc"), ("/bin/sh", ".sh init")] {
        let sandbox = Sandbox::new();
        fs::write(
            sandbox.path(file),
            "PATH=/mine:$PATH\nalias greet='echo hello from here'\n\
             export CONDA_PREFIX=/mine CONDA_SHLVL=2 CONDA_PROMPT_MODIFIER='(mine) '\n\
             PS1='(mine) > '\n",
        )
        .unwrap();
        sandbox.run(&["x"]).ok();
        let variables = [("SHELL", shell), ("ENV", "$HOME/.sh init")];
        let typed = "echo PATH is $PATH.\ngreet\necho ENV is $ENV.\n\
                     echo CONDA is $CONDA_PREFIX $CONDA_SHLVL.\nexit 7\n";
        let Some(shown) = run_at_terminal(&sandbox, "shell", typed, &variables) else {
            return;
        };
        let prefix = sandbox.prefix();
        let prefix = prefix.display();
        let expected = format!("PATH is {prefix}/bin:{prefix}/condabin:/mine:/usr/bin:/bin.");
        assert!(
            shown.stdout.contains(&expected),
            "{expected} is not in {shown:#?}"
        );
        assert!(shown.stdout.contains("hello from here\r\n"), "{shown:#?}");
        assert!(shown.stdout.contains("(base) > "), "{shown:#?}");
        assert!(!shown.stdout.contains("(mine) "), "{shown:#?}");
        let expected = format!("CONDA is {prefix} 1.");
        assert!(shown.stdout.contains(&expected), "{shown:#?}");
        assert!(
            shown.stdout.contains("ENV is $HOME/.sh init."),
            "{shown:#?}"
        );
        assert_eq!(shown.status, Some(7), "{shown:#?}");
    }
}

#[test]
fn uninstall_asks_and_takes_no_for_an_answer() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    let Some(shown) = run_at_terminal(&sandbox, "uninstall", "n\n", &[]) else {
        return;
    };
    assert_eq!(shown.status, Some(64), "{shown:#?}");
    assert!(shown.stdout.contains("Remove it? [y/N] "), "{shown:#?}");
    assert!(shown.stdout.contains("nothing was removed"), "{shown:#?}");
    assert!(sandbox.prefix().exists());
    let Some(shown) = run_at_terminal(&sandbox, "uninstall", "y\n", &[]) else {
        return;
    };
    assert_eq!(shown.status, Some(0), "{shown:#?}");
    assert!(!sandbox.prefix().exists());
}

#[test]
fn at_a_terminal_a_shell_is_conda_spawn_where_that_is_installed() {
    let mut packages = tool_packages("1.0");
    packages.push(
        Package::new("conda", "26")
            .script("bin/conda", "#!/bin/sh\necho \"conda $*.\"\n")
            .build(),
    );
    packages.push(Package::new("conda-spawn", "0.1").file("x", "x").build());
    let sandbox = Sandbox::with(&Stamp::new(packages).with("delegate", "conda"));
    sandbox.run(&["x"]).ok();
    for place in ["envs/mine/conda-meta", "elsewhere/e/conda-meta"] {
        fs::create_dir_all(sandbox.prefix().join(place)).unwrap();
    }
    let prefix = sandbox.prefix();
    let elsewhere = prefix.join("elsewhere/e");
    for (line, expected) in [
        ("shell", format!("conda spawn {}.", prefix.display())),
        ("shell mine", "conda spawn mine.".to_owned()),
        (
            "shell --replace mine",
            "conda spawn mine --replace.".to_owned(),
        ),
        ("shell mine --stack", "conda spawn mine --stack.".to_owned()),
        (
            "shell mine -- ls -q",
            "conda spawn mine -- ls -q.".to_owned(),
        ),
        (
            "shell ~/.conda/demo/elsewhere/e",
            format!("conda spawn {}.", elsewhere.display()),
        ),
    ] {
        let Some(shown) = run_at_terminal(&sandbox, line, "", &[]) else {
            return;
        };
        assert!(shown.stdout.contains(&expected), "{line}: {shown:#?}");
    }
}

#[test]
fn scripts_do_not_leave_options_in_an_interactive_shell() {
    let mut packages = tool_packages("1.0");
    packages.push(
        Package::new("active", "1")
            .file(
                "etc/conda/activate.d/a.sh",
                "set -- a b; set -eu; export FIRST=1\n",
            )
            .file("etc/conda/activate.d/b.sh", "export SECOND=$#\n")
            .build(),
    );
    let sandbox = Sandbox::with(&Stamp::new(packages));
    sandbox.run(&["x"]).ok();
    for shell in ["/bin/bash", "/bin/sh", "/usr/bin/zsh"] {
        if !Path::new(shell).exists() {
            continue;
        }
        let typed = "false\necho is $FIRST $SECOND $# $UNSET.\nexit 7\n";
        let Some(shown) = run_at_terminal(&sandbox, "shell", typed, &[("SHELL", shell)]) else {
            return;
        };
        assert!(shown.stdout.contains("is 1 0 0 ."), "{shell}: {shown:#?}");
        assert_eq!(shown.status, Some(7), "{shell}: {shown:#?}");
    }
}

/// zsh, for one, does not give back the value of `ZDOTDIR` when that holds such characters.
#[test]
fn shells_are_activated_whatever_the_path_of_the_prefix_holds() {
    let sandbox = Sandbox::new();
    for name in ["Älter à Ирина 中🎉", "it's a \"b\" $HOME `id` \\"] {
        let prefix = sandbox.path(name);
        let named = prefix.to_str().unwrap().replace('$', "$$");
        for shell in ["/bin/bash", "/bin/sh", "/usr/bin/zsh", "/usr/bin/fish"] {
            if !Path::new(shell).exists() {
                continue;
            }
            let variables = [
                ("SHELL", shell),
                ("CONDA_SHIP_PREFIX", &named),
                ("LC_ALL", "C.UTF-8"),
            ];
            let typed = "printf 'at %s, %s.\\n' \"$CONDA_PREFIX\" (command -v tool)\nexit 7\n";
            let typed = if shell.ends_with("fish") {
                typed.to_owned()
            } else {
                typed.replace("(command -v tool)", "\"$(command -v tool)\"")
            };
            let Some(shown) = run_at_terminal(&sandbox, "bootstrap", "", &variables) else {
                return;
            };
            assert_eq!(shown.status, Some(0), "{shown:#?}");
            let shown = run_at_terminal(&sandbox, "shell", &typed, &variables).unwrap();
            let prefix = prefix.display();
            let expected = format!("at {prefix}, {prefix}/bin/tool.");
            assert!(shown.stdout.contains(&expected), "{shell}: {shown:#?}");
            assert_eq!(shown.status, Some(7), "{shell}: {shown:#?}");
        }
    }
}
