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
    let line = format!("{} {line}", sandbox.runtime.display());
    run_line_at_terminal(sandbox, &line, input, variables)
}

/// Run a command line at a terminal, with these lines as typed input.
fn run_line_at_terminal(
    sandbox: &Sandbox,
    line: &str,
    input: &str,
    variables: &[(&str, &str)],
) -> Option<Run> {
    Command::new("script").arg("--version").output().ok()?;
    let typed = sandbox.path("typed");
    fs::write(&typed, input).unwrap();
    let mut command = sandbox.command_of(Path::new("script"), &["-qec", line, "/dev/null"]);
    command
        .env("TERM", "xterm")
        .stdin(fs::File::open(&typed).unwrap());
    for (name, value) in variables {
        command.env(name, value);
    }
    Some(run(&mut command))
}

/// A package that takes the time of a few frames of the bar.
fn slow_packages() -> Vec<crate::archive::Archive> {
    let mut packages = tool_packages("1.0");
    let script = "#!/bin/sh\nsleep 1\n";
    packages.push(
        Package::new("slow", "1")
            .script("bin/.slow-post-link.sh", script)
            .build(),
    );
    packages
}

#[test]
fn a_bar_leaves_no_trace_but_two_lines() {
    let sandbox = Sandbox::with(&Stamp::new(slow_packages()));
    let variables = [("LC_ALL", "C.UTF-8")];
    let Some(shown) = run_at_terminal(&sandbox, "x", "", &variables) else {
        return;
    };
    assert!(shown.stdout.contains("━━━━"), "{shown:#?}");
    assert!(shown.stdout.contains("100%  "), "{shown:#?}");
    assert!(shown.stdout.contains("finishing ⠙"), "{shown:#?}");
    assert_eq!(shown.status, Some(0), "{shown:#?}");
    assert!(shown.stdout.contains("\r\u{1b}[2K"), "{shown:#?}");
    assert!(
        shown
            .stdout
            .contains("\r\u{1b}[2Kdemo: installed 3 packages in "),
        "{shown:#?}"
    );
    assert!(shown.stdout.ends_with("<x>\r\n"), "{shown:#?}");
}

#[test]
fn a_terminal_shows_what_it_can() {
    for (variables, colours, unicode, moves) in [
        (&[("LC_ALL", "C.UTF-8")][..], true, true, true),
        (
            &[("LC_ALL", "C.UTF-8"), ("NO_COLOR", "1")],
            false,
            true,
            true,
        ),
        (&[("LC_ALL", "C")], false, false, true),
        (
            &[("LC_ALL", "C.UTF-8"), ("TERM", "dumb")],
            false,
            false,
            false,
        ),
    ] {
        let sandbox = Sandbox::with(&Stamp::new(slow_packages()));
        let Some(shown) = run_at_terminal(&sandbox, "x", "", variables) else {
            return;
        };
        let text = &shown.stdout;
        assert_eq!(text.contains("\u{1b}[32m"), colours, "{shown:#?}");
        assert_eq!(!text.is_ascii(), unicode, "{shown:#?}");
        assert_eq!(text.contains('\u{1b}'), moves, "{shown:#?}");
    }
}

#[test]
fn the_help_fits_a_narrow_terminal() {
    for (commands, help) in [("direct", &["help"][..]), ("self", &["self", "help"])] {
        let stamp = Stamp::new(tool_packages("1.0")).with("commands", commands);
        let sandbox = Sandbox::with(&stamp);
        let line = format!(
            "stty cols 50; {} {}",
            sandbox.runtime.display(),
            help.join(" ")
        );
        let Some(shown) = run_line_at_terminal(&sandbox, &line, "", &[]) else {
            return;
        };
        let (usage, _) = shown.stdout.split_once("commands:").unwrap();
        let (_, usage) = usage.split_once("usage: ").unwrap();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let wide = sandbox.run(help).ok().stdout;
        assert!(words(&wide).contains(&words(usage)), "{shown:#?}");
        assert!(
            shown.stdout.lines().all(|line| line.trim_end().len() <= 50),
            "{shown:#?}"
        );
    }
}

#[test]
fn messages_fit_the_terminal_and_what_may_be_copied_stays_whole() {
    let sandbox = Sandbox::new();
    let prefix = sandbox.path("my own/a b");
    sandbox.run(&["--path", prefix.to_str().unwrap(), "x"]).ok();
    let words = format!(
        "{} --path '{}' bootstrap --bundle nope",
        sandbox.runtime.display(),
        prefix.display()
    );
    let piped = run(&mut sandbox.command_of("/bin/sh".as_ref(), &["-c", &words])).stderr;
    assert_eq!(piped.lines().count(), 1, "{piped}");
    for columns in [20, 50, 80, 140] {
        let line = format!("stty cols {columns}; {words} >/dev/null");
        let Some(shown) = run_line_at_terminal(&sandbox, &line, "", &[]) else {
            return;
        };
        let lines: Vec<&str> = shown.stdout.lines().collect();
        assert!(lines.iter().all(|line| line.len() <= columns), "{shown:#?}");
        assert!(lines[1..].iter().all(|line| line.starts_with("  ")));
        let joined: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
        assert_eq!(joined.join(" "), piped.trim_end());
        assert_eq!(lines.len() == 1, columns == 140, "{shown:#?}");
    }
    let taken = sandbox.path("my own/taken by another");
    fs::write(&taken, "").unwrap();
    let line = format!(
        "stty cols 30; {} --path '{}' bootstrap",
        sandbox.runtime.display(),
        taken.display()
    );
    let shown = run_line_at_terminal(&sandbox, &line, "", &[]).unwrap();
    let path = "demo: error:\r\n  ~/my own/taken by another is\r\n";
    assert!(shown.stdout.contains(path), "{shown:#?}");
}

#[test]
fn an_interrupted_bar_leaves_no_frame() {
    let script = "#!/bin/sh\nsleep 1\nkill -INT $(cat \"$HOME/number\")\nsleep 9\n";
    let mut packages = tool_packages("1.0");
    packages.push(
        Package::new("slow", "1")
            .script("bin/.slow-post-link.sh", script)
            .build(),
    );
    let sandbox = Sandbox::with(&Stamp::new(packages));
    let line = format!("echo $$ > number; exec {} x", sandbox.runtime.display());
    let Some(shown) = run_line_at_terminal(&sandbox, &line, "", &[]) else {
        return;
    };
    assert_eq!(shown.status, Some(130), "{shown:#?}");
    let end = "\r\u{1b}[2Kdemo: error: interrupted; nothing has changed.\r\n";
    assert!(shown.stdout.ends_with(end), "{shown:#?}");
}

#[cfg(unix)]
#[test]
fn a_note_about_another_process_does_not_end_its_bar() {
    let sandbox = Sandbox::with(&Stamp::new(slow_packages()));
    let runtime = sandbox.runtime.display();
    let line = format!("{runtime} x & {runtime} x; wait");
    let Some(shown) = run_line_at_terminal(&sandbox, &line, "", &[]) else {
        return;
    };
    let note = "\r\u{1b}[2Kdemo: another process is working on ";
    assert!(shown.stdout.contains(note), "{shown:#?}");
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
        assert!(shown.stdout.contains("(demo) > "), "{shown:#?}");
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
    assert_eq!(shown.status, Some(0), "{shown:#?}");
    assert!(shown.stdout.contains("Remove it? [y/N] "), "{shown:#?}");
    assert!(shown.stdout.ends_with("Nothing removed.\r\n"), "{shown:#?}");
    assert!(!shown.stdout.contains("error"), "{shown:#?}");
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
            .script(
                "bin/conda",
                "#!/bin/sh\necho \"conda $*. [$CONDA_ENV_PROMPT]\"\n",
            )
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
        let expected = format!("{expected} [({{name}}) ]");
        assert!(shown.stdout.contains(&expected), "{line}: {shown:#?}");
    }
    // A prompt that the user has chosen stays.
    fs::write(sandbox.path(".condarc"), "env_prompt: '<{name}> '\n").unwrap();
    let shown = run_at_terminal(&sandbox, "shell", "", &[]).unwrap();
    assert!(shown.stdout.contains(". []"), "{shown:#?}");
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

/// What is in front of the prompt is the runtime's name or that of an environment; the prompt stays the user's own.
#[test]
fn the_prompt_names_the_runtime() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    fs::create_dir_all(sandbox.prefix().join("envs/mine/conda-meta")).unwrap();
    fs::create_dir_all(sandbox.path(".config/fish")).unwrap();
    for (file, text) in [
        (".bashrc", "PS1='%> '\n"),
        (".zshrc", "PS1='%%> '\n"),
        (
            ".config/fish/config.fish",
            "function fish_prompt; echo -n '%> '; end\n",
        ),
        (".xonshrc", "$PROMPT = '{env_name}%> '\n"),
    ] {
        fs::write(sandbox.path(file), text).unwrap();
    }
    for shell in [
        "/bin/bash",
        "/usr/bin/zsh",
        "/usr/bin/fish",
        "/usr/bin/xonsh",
    ] {
        if !Path::new(shell).exists() {
            continue;
        }
        for (line, expected) in [("shell", "(demo) %> "), ("shell mine", "(mine) %> ")] {
            let variables = [("SHELL", shell), ("LC_ALL", "C.UTF-8"), ("ZDOTDIR", "")];
            let Some(shown) = run_at_terminal(&sandbox, line, "exit\n", &variables) else {
                return;
            };
            assert!(shown.stdout.contains(expected), "{shell}: {shown:#?}");
            assert!(!shown.stdout.contains("(base)"), "{shell}: {shown:#?}");
        }
    }
    let status = sandbox.run(&["status"]).ok().stdout;
    assert!(status.contains("state       installed\n"), "{status}");
}
