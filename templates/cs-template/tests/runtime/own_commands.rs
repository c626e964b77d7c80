//! The runtime's own commands.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

#[cfg(unix)]
use crate::archive::Package;
use crate::archive::{hex, sha256};
use crate::sandbox::{HOME, Sandbox, run, tool_packages};
use crate::stamp::Stamp;

fn status_of(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.run(&["status", "--json"]).ok().stdout).unwrap()
}

#[test]
fn status_shows_everything_before_and_after_the_first_run() {
    let sandbox = Sandbox::new();
    let before = status_of(&sandbox);
    assert_eq!(before["schema_version"], 1);
    assert_eq!(before["state"], "not-installed");
    assert_eq!(before["installed"], Value::Null);
    assert_eq!(sandbox.tree(), Vec::<String>::new());
    sandbox.run(&["x"]).ok();
    let after = status_of(&sandbox);
    for (key, expected) in [
        ("runtime", "demo"),
        ("version", "1.0"),
        ("layout", "embedded"),
        ("state", "installed"),
        ("docs_url", "https://example.com/demo/"),
        ("platform", "linux-64"),
        ("prefix_named_by", "install-scheme"),
    ] {
        assert_eq!(after[key], expected, "{key}");
    }
    assert_eq!(after["prefix"], sandbox.prefix().to_str().unwrap());
    assert_eq!(
        after["channels"],
        serde_json::json!(["http://127.0.0.1:9/channel"])
    );
    assert_eq!(after["package_count"], 2);
    assert_eq!(after["packages"][1]["name"], "tool");
    assert_eq!(after["installed"]["package_count"], 2);
    assert_eq!(after["delegate"]["name"], "tool");
    assert_eq!(after["delegate"]["is_present"], true);
}

#[test]
fn status_for_people_has_one_fact_a_line() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    let text = sandbox.run(&["status"]).ok().stdout;
    for expected in [
        "runtime     demo 1.0\n",
        "layout      embedded for linux-64\n",
        concat!(
            "built by    cs-cli 0.1.0 on cs-template ",
            env!("CARGO_PKG_VERSION"),
            "\n"
        ),
        "state       installed\n",
        "packages    2, ",
        "requested   tool\n",
        "channels    http://127.0.0.1:9/channel\n",
        "docs        https://example.com/demo/\n",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in:\n{text}");
    }
}

#[test]
fn status_says_who_built_the_runtime_and_from_what() {
    let revision = "0123456789abcdef0123456789abcdef01234567-dirty";
    let stamp = Stamp::new(tool_packages("1.0")).with("source_revision", revision);
    let sandbox = Sandbox::with(&stamp);
    let status = status_of(&sandbox);
    for (key, expected) in [
        ("builder", json!("cs-cli 0.1.0")),
        (
            "template",
            json!({"name": "cs-template", "version": env!("CARGO_PKG_VERSION")}),
        ),
        ("source_revision", json!(revision)),
        ("lock_sha256", json!(hex(&sha256(b"version: 7\n")))),
    ] {
        assert_eq!(status[key], expected, "{key}");
    }
    let text = sandbox.run(&["status"]).ok().stdout;
    assert!(
        text.contains(&format!("revision    {revision}\n")),
        "{text}"
    );
    let without = Sandbox::new();
    assert_eq!(status_of(&without)["source_revision"], Value::Null);
    assert!(!without.run(&["status"]).ok().stdout.contains("revision"));
}

#[test]
fn status_lists_every_package_when_asked_for_details() {
    let text = Sandbox::new().run(&["-v", "status"]).ok().stdout;
    let expected = "contents    extra 2 0\n            tool 1.0 0\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn status_lists_the_users_changes() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    fs::write(sandbox.prefix().join("conda-meta/mine-1-0.json"), "{}").unwrap();
    let status = status_of(&sandbox);
    assert_eq!(
        status["installed"]["added"],
        serde_json::json!(["mine-1-0"])
    );
}

#[test]
fn whatever_the_command_a_foreign_path_is_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.prefix()).unwrap();
    fs::write(sandbox.prefix().join("mine.txt"), "mine").unwrap();
    let before = sandbox.tree();
    for arguments in [
        &["x"][..],
        &["bootstrap"],
        &["bootstrap", "--force"],
        &["status"],
        &["status", "--json"],
        &["shell"],
        &["rollback"],
        &["uninstall", "-y"],
    ] {
        let message = sandbox.run(arguments).fails_with(77);
        assert!(
            message.contains("is not a prefix of this runtime"),
            "{arguments:?}: {message}"
        );
        assert_eq!(sandbox.tree(), before, "{arguments:?}");
    }
    let status = sandbox.run(&["status", "--json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["state"], "foreign");
}

#[test]
fn the_file_of_another_program_in_place_of_the_marker_is_not_called_damage_alone() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.prefix()).unwrap();
    let marker = sandbox.prefix().join(".demo.json");
    for text in [r#"{"version": 1, "packages": []}"#, "{", ""] {
        fs::write(&marker, text).unwrap();
        let message = sandbox.run(&["x"]).fails_with(77);
        let expected = "its .demo.json is another program's, or damaged (";
        assert!(message.contains(expected), "{text:?}: {message}");
        assert_eq!(fs::read_to_string(&marker).unwrap(), text);
    }
}

#[test]
fn uninstall_lists_named_environments_and_removes_everything() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    fs::create_dir_all(sandbox.prefix().join("envs/mine/conda-meta")).unwrap();
    fs::write(sandbox.prefix().join("envs/mine/conda-meta/history"), "").unwrap();
    let removed = sandbox.run(&["uninstall", "-y"]).ok().stdout;
    let named = Path::new("envs").join("mine");
    let named = format!("{} (one of your environments)\n", named.display());
    assert!(removed.contains(&named), "{removed}");
    let command = if cfg!(windows) {
        format!("del \"{}\"", sandbox.runtime.with_extension("").display())
    } else {
        format!(
            "rm {}",
            sandbox.spell(&sandbox.runtime.canonicalize().unwrap())
        )
    };
    let end = format!("To remove demo itself: {command}\n");
    assert!(removed.ends_with(&end), "{removed}");
    assert!(!sandbox.prefix().exists());
    assert_eq!(sandbox.tree(), Vec::<String>::new());
}

/// Lines for people name paths from the home directory, JSON names them in full.
#[cfg(unix)]
#[test]
fn only_json_names_the_home_directory() {
    let sandbox = Sandbox::new();
    let home = sandbox.path("").display().to_string();
    for arguments in [
        &["-v", "x"][..],
        &["bootstrap"],
        &["bootstrap", "--force"],
        &["rollback"],
        &["verify"],
        &["help"],
        &["status"],
        &["--path", ".", "status"],
        &["uninstall", "-y"],
        &["uninstall", "-y"],
    ] {
        let run = sandbox.run(arguments);
        let text = run.stdout + &run.stderr;
        assert!(!text.contains(&home), "{arguments:?}: {text}");
    }
    let events = sandbox.run(&["--progress", "json", "x"]).ok().stderr;
    let status = sandbox.run(&["status", "--json"]).ok().stdout;
    for text in [events, status] {
        assert!(!text.contains("~/"), "{text}");
        assert!(text.contains(&format!("{home}.conda/demo\"")), "{text}");
    }
}

/// Where `~` would be another directory to the person who reads, or none, paths are whole.
#[cfg(unix)]
#[test]
fn an_odd_home_is_not_shortened() {
    let sandbox = Sandbox::new();
    let prefix = sandbox.prefix().display().to_string();
    for (name, value) in [
        ("HOME", ""),
        ("HOME", "/"),
        ("HOME", "home"),
        ("SUDO_USER", "x"),
    ] {
        let mut command = sandbox.command(&["--path", &prefix, "status"]);
        let text = run(command.env(name, value)).ok().stdout;
        assert!(
            text.contains(&format!("prefix      {prefix} (")),
            "{name}={value}: {text}"
        );
    }
}

/// What a user agrees to is all that goes: each directory that is removed was listed.
#[test]
fn uninstall_removes_what_it_has_listed() {
    for (others, count) in [(&[][..], 2), (&[".conda/environments.txt"], 1)] {
        let sandbox = Sandbox::new();
        sandbox.run(&["x"]).ok();
        for path in others {
            fs::write(sandbox.path(path), "").unwrap();
        }
        let text = sandbox.run(&["uninstall", "-y"]).ok().stdout;
        let list = |start: &str, end: &str| -> Vec<String> {
            let lines = text.lines().filter_map(|line| line.strip_prefix(start));
            let names = lines.map(|line| line.strip_suffix(end).unwrap_or(line).to_owned());
            names.collect()
        };
        let removed = list("Removed ", ".");
        assert_eq!(removed, list("  ", " (nothing else is in it)"), "{text}");
        assert_eq!(removed.len(), count, "{text}");
        assert_eq!(sandbox.tree().is_empty(), others.is_empty(), "{text}");
    }
}

#[test]
fn uninstall_without_a_terminal_wants_a_confirmation() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    let message = sandbox.run(&["uninstall"]).fails_with(64);
    assert!(message.contains("`demo uninstall -y`"), "{message}");
    assert!(sandbox.prefix().exists());
}

#[test]
fn uninstall_of_nothing_says_so() {
    let text = Sandbox::new().run(&["uninstall", "-y"]).ok().stdout;
    assert!(text.starts_with("Nothing is installed at "), "{text}");
}

#[test]
fn uninstall_knows_homebrew() {
    let sandbox = Sandbox::with(&Stamp::new(tool_packages("1.0")).with("installer", "homebrew"));
    sandbox.run(&["x"]).ok();
    let text = sandbox.run(&["uninstall", "-y"]).ok().stdout;
    assert!(
        text.ends_with("To remove demo itself: brew uninstall demo\n"),
        "{text}"
    );
}

#[test]
fn the_bundle_beside_a_runtime_goes_with_it() {
    let stamp = Stamp::new(tool_packages("1.0"))
        .with("layout", "external")
        .with("bundle_file_name", "a b.bundle.tar.zst");
    let sandbox = Sandbox::with(&stamp);
    let bundle = sandbox.path("bin/a b.bundle.tar.zst");
    fs::write(&bundle, "").unwrap();
    let text = sandbox.run(&["uninstall", "-y"]).ok().stdout;
    let expected = if cfg!(windows) {
        let runtime = sandbox.runtime.with_extension("");
        format!("del \"{}\" \"{}\"\n", runtime.display(), bundle.display())
    } else {
        let paths = [&sandbox.runtime, &bundle].map(|path| path.canonicalize().unwrap());
        // A shell reads no `~` in quotes.
        format!("rm {} '{}'\n", sandbox.spell(&paths[0]), paths[1].display())
    };
    assert!(text.ends_with(&expected), "{text}");
}

#[test]
fn a_quiet_uninstall_says_nothing() {
    let sandbox = Sandbox::new();
    sandbox.run(&["-q", "x"]).ok();
    let run = sandbox.run(&["-q", "uninstall", "-y"]).ok();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
}

#[cfg(unix)]
#[test]
fn uninstall_never_follows_a_symbolic_link() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&["--path", sandbox.path("real").to_str().unwrap(), "x"])
        .ok();
    fs::create_dir_all(sandbox.path(".conda")).unwrap();
    std::os::unix::fs::symlink(sandbox.path("real"), sandbox.prefix()).unwrap();
    let message = sandbox.run(&["uninstall", "-y"]).fails_with(77);
    assert!(message.contains("is a symbolic link"), "{message}");
    assert!(sandbox.path("real/bin/tool").exists());
}

#[test]
fn help_names_every_command_and_variable() {
    let sandbox = Sandbox::new();
    let text = sandbox.run(&["-h"]).ok().stdout;
    for word in [
        "bootstrap",
        "status",
        "shell",
        "rollback",
        "uninstall",
        "--path",
        "CONDA_SHIP_PREFIX, DEMO_PREFIX",
        "DEMO_BUNDLE",
        "DEMO_OFFLINE",
        "DEMO_QUIET",
        "DEMO_PROGRESS",
        "https://example.com/demo/",
    ] {
        assert!(text.contains(word), "{word} is not in:\n{text}");
    }
    assert!(!text.contains(['{', '}']), "{text}");
    assert!(text.contains("put `--` first: `demo -- -V`"), "{text}");
    assert!(text.contains("Installs to: ~/.conda/demo\n"), "{text}");
    assert_eq!(sandbox.run(&["help"]).ok().stdout, text);
    for command in ["bootstrap", "status", "shell", "rollback", "uninstall"] {
        let text = sandbox.run(&["help", command]).ok().stdout;
        assert!(
            text.starts_with(&format!("usage: demo {command}")),
            "{text}"
        );
        assert!(!text.contains(['{', '}']), "{text}");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert_eq!(sandbox.run(&[command, "--help"]).ok().stdout, text);
        assert_eq!(sandbox.run(&[command, "-h"]).ok().stdout, text);
    }
    assert_eq!(sandbox.tree(), Vec::<String>::new());
}

#[test]
fn help_is_there_when_no_prefix_can_be() {
    let sandbox = Sandbox::new();
    let text = run(sandbox.command(&["-h"]).env(HOME, "relative"))
        .ok()
        .stdout;
    assert!(text.contains("Installs to: .conda/demo\n"), "{text}");
    let message = run(sandbox.command(&["status"]).env(HOME, "relative")).fails_with(64);
    assert!(message.contains("no home directory is known"), "{message}");
}

#[test]
fn the_version_is_the_runtimes_own() {
    assert_eq!(Sandbox::new().run(&["-V"]).ok().stdout, "demo 1.0\n");
}

#[test]
fn unknown_options_of_own_commands_are_wrong_usage() {
    let sandbox = Sandbox::new();
    for (arguments, expected) in [
        (
            &["status", "--yaml"][..],
            "status takes no option --yaml. See `demo help status`",
        ),
        (
            &["bootstrap", "now"],
            "bootstrap takes no argument now. See `demo help bootstrap`",
        ),
        (
            &["bootstrap", "--bundle"],
            "--bundle needs a value: --bundle PATH. See `demo help bootstrap`",
        ),
        (
            &["--path"],
            "--path needs a value: --path PATH. See `demo help`",
        ),
        (
            &["bootstrap", "--progress", "dots"],
            "invalid value dots for --progress: use json or text",
        ),
        (&["help", "nothing"], "help takes no argument nothing. See"),
        (
            &["help", "stauts"],
            "help takes no argument stauts (did you mean status?). See",
        ),
        (
            &["bootstrap", "--ofline"],
            "bootstrap takes no option --ofline (did you mean --offline?). See",
        ),
    ] {
        let message = sandbox.run(arguments).fails_with(64);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn with_self_every_other_word_is_the_delegates() {
    let sandbox = Sandbox::with(&Stamp::new(tool_packages("1.0")).with("commands", "self"));
    for _ in 0..2 {
        for words in [
            &["status"][..],
            &["-h"],
            &["-q", "x"],
            &["--path", "y"],
            &["help"],
        ] {
            let expected: String = words.iter().map(|word| format!("<{word}>")).collect();
            assert_eq!(sandbox.run(words).ok().stdout, expected + "\n");
        }
        assert_eq!(sandbox.run(&["--", "self"]).ok().stdout, "<self>\n");
    }
    assert!(
        sandbox
            .run(&["self", "status"])
            .ok()
            .stdout
            .starts_with("runtime     demo 1.0\n")
    );
    assert_eq!(sandbox.run(&["self", "-V"]).ok().stdout, "demo 1.0\n");
    assert!(
        sandbox
            .run(&["self"])
            .ok()
            .stdout
            .contains("demo self [-v]")
    );
    let message = sandbox.run(&["self", "dance"]).fails_with(64);
    assert!(
        message.contains("unknown command dance. See `demo self help`"),
        "{message}"
    );
    assert!(
        sandbox
            .run(&["self", "-q", "uninstall", "-y"])
            .ok()
            .stdout
            .is_empty()
    );
}

#[cfg(unix)]
#[test]
fn words_that_change_the_running_shell_are_explained_for_conda() {
    let mut packages = tool_packages("1.0");
    packages.push(
        Package::new("conda", "25")
            .script("bin/conda", "#!/bin/sh\necho \"conda $*\"\n")
            .build(),
    );
    let sandbox = Sandbox::with(&Stamp::new(packages).with("delegate", "conda"));
    for word in ["activate", "deactivate", "init"] {
        let message = sandbox.run(&[word, "x"]).fails_with(64);
        assert!(message.contains("demo -- "), "{message}");
        assert!(message.contains("shell"), "{message}");
        assert_eq!(
            sandbox.run(&["--", word]).ok().stdout,
            format!("conda {word}\n")
        );
    }
    assert_eq!(
        Sandbox::new().run(&["activate"]).ok().stdout,
        "<activate>\n"
    );
}

#[cfg(unix)]
#[test]
fn a_shell_that_is_not_interactive_finds_the_prefix_first() {
    let sandbox = Sandbox::new();
    let script = sandbox.path("script.sh");
    fs::write(&script, "command -v tool; echo $CONDA_DEFAULT_ENV\n").unwrap();
    let mut command = sandbox.command(&["shell"]);
    command
        .env("SHELL", "/bin/sh")
        .stdin(fs::File::open(&script).unwrap());
    let expected = format!("{}/bin/tool\nbase\n", sandbox.prefix().display());
    assert_eq!(run(&mut command).ok().stdout, expected);
}

#[cfg(unix)]
#[test]
fn a_shell_in_an_environment_finds_that_environment_first() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    let environment = sandbox.prefix().join("envs/mine");
    fs::create_dir_all(environment.join("conda-meta")).unwrap();
    let script = sandbox.path("script.sh");
    fs::write(&script, "echo $CONDA_PREFIX; echo $PATH\n").unwrap();
    let mut command = sandbox.command(&["shell", "mine"]);
    command
        .env("SHELL", "/bin/sh")
        .stdin(fs::File::open(&script).unwrap());
    let (root, environment) = (sandbox.prefix(), environment.display());
    let expected = format!(
        "{environment}\n{environment}/bin:{environment}/condabin:{}/condabin:/usr/bin:/bin\n",
        root.display()
    );
    assert_eq!(run(&mut command).ok().stdout, expected);
    let message = sandbox.run(&["shell", "yours"]).fails_with(64);
    assert!(
        message.contains("there is no environment yours"),
        "{message}"
    );
    assert!(message.contains("The environments are: mine."), "{message}");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_not_a_failure() {
    let sandbox = Sandbox::new();
    let line = format!(
        "{{ {} help; echo $? >&2; }} | true",
        sandbox.runtime.display()
    );
    let run = run(&mut sandbox.command_of("/bin/sh".as_ref(), &["-c", &line]));
    assert_eq!(run.stderr, "0\n");
}

#[cfg(unix)]
#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_a_failure() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["help"]);
    command.stdout(
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap(),
    );
    let message = run(&mut command).fails_with(74);
    let expected = "cannot write the output: No space left on device. Check where it goes";
    assert!(message.contains(expected), "{message}");
}

#[cfg(unix)]
#[test]
fn output_is_never_lost_with_status_0() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    for (words, redirection, expected) in [
        (
            "status",
            ">&-",
            "standard output is closed. If you do not need it",
        ),
        ("status --json", ">&-", "standard output is closed. "),
        ("-V", ">&-", "standard output is closed. "),
        ("verify", ">&-", "standard output is closed. "),
        ("uninstall -y", ">&-", "standard output is closed. "),
        (
            "status",
            "1</dev/null",
            "Bad file descriptor. Check where it goes",
        ),
    ] {
        let line = format!("{} {words} {redirection}", sandbox.runtime.display());
        let run = run(&mut sandbox.command_of("/bin/sh".as_ref(), &["-c", &line]));
        let message = run.fails_with(74);
        let expected = format!("demo: error: cannot write the output: {expected}");
        assert!(message.starts_with(&expected), "{line}: {message}");
    }
    assert!(sandbox.prefix().exists());
    sandbox.run(&["status"]).ok();
}

#[test]
fn a_bundle_that_was_not_needed_is_said_not_to_have_been_used() {
    let sandbox = Sandbox::new();
    sandbox.run(&["x"]).ok();
    let odd = sandbox.path("a b");
    fs::create_dir(&odd).unwrap();
    for (bundle, expected) in [
        (
            "nope",
            "demo: warning: the bundle nope does not exist; it was not needed, \
             because everything is installed\n",
        ),
        (
            "a b",
            "demo: the bundle a b was not used, because everything is installed. \
             To install it again, run `demo bootstrap --force --bundle 'a b'`.\n",
        ),
    ] {
        let run = sandbox.run(&["bootstrap", "--bundle", bundle]).ok();
        if cfg!(unix) {
            assert_eq!(run.stderr, expected);
        }
        let quiet = sandbox.run(&["-q", "bootstrap", "--bundle", bundle]).ok();
        assert_eq!(quiet.stderr, "");
    }
    let mut command = sandbox.command(&["bootstrap"]);
    let run = run(command.env("DEMO_BUNDLE", "nope")).ok();
    assert_eq!(run.stderr, "");
}
