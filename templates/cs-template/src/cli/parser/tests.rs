use super::*;

use crate::cli::arguments::{BootstrapOptions, Globals};
use crate::cli::table::COMMANDS;
use crate::say::form::Form;

/// What a stamp says of the runtime's own words.
#[derive(Clone, Copy)]
struct Words {
    stand_behind_self: bool,
    delegate_is_conda: bool,
}

const DIRECT: Words = Words {
    stand_behind_self: false,
    delegate_is_conda: false,
};
const SELF: Words = Words {
    stand_behind_self: true,
    ..DIRECT
};

const CONDA: Words = Words {
    delegate_is_conda: true,
    ..DIRECT
};
const CONDA_SELF: Words = Words {
    delegate_is_conda: true,
    ..SELF
};

impl Words {
    fn launch(self) -> Launch {
        let delegate = if self.delegate_is_conda {
            "bin/conda"
        } else {
            "bin/tool"
        };
        Launch {
            self_commands: self.stand_behind_self,
            full_activation: false,
            user_data: false,
            prefix: ".conda/demo".into(),
            delegate: delegate.into(),
            marker: ".demo.json".into(),
            marker_start: "{".into(),
            prefix_variable: Some("DEMO_PREFIX".into()),
            words: cs_stamp::words::join_words(self.stand_behind_self, self.delegate_is_conda),
        }
    }
}

fn parse(line: &str, words: Words) -> Parsed<Invocation> {
    let arguments = line.split_whitespace().map(OsString::from).collect();
    parse_arguments(arguments, &words.launch())
}

fn request(line: &str, words: Words) -> Request {
    parse(line, words).unwrap().request
}

fn delegate(words: &[&str]) -> Request {
    Request::Delegate(words.iter().map(OsString::from).collect())
}

#[test]
fn no_arguments_go_to_the_delegate() {
    assert_eq!(request("", DIRECT), delegate(&[]));
    assert_eq!(request("", SELF), delegate(&[]));
}

#[test]
fn words_that_are_not_own_go_to_the_delegate_with_all_that_follows() {
    assert_eq!(
        request("-c pass status", DIRECT),
        delegate(&["-c", "pass", "status"])
    );
    assert_eq!(
        request("list --path x", DIRECT),
        delegate(&["list", "--path", "x"])
    );
}

#[test]
fn leading_options_are_own_whatever_follows() {
    let invocation = parse("-q -v --path /x list -q", DIRECT).unwrap();
    assert_eq!(invocation.request, delegate(&["list", "-q"]));
    let expected = Globals {
        path: Some("/x".into()),
        is_quiet: true,
        is_verbose: true,
        progress: None,
    };
    assert_eq!(invocation.globals, expected);
}

#[test]
fn letters_may_be_joined() {
    let globals = parse("-qv x", DIRECT).unwrap().globals;
    assert!(globals.is_quiet && globals.is_verbose);
}

#[test]
fn values_may_be_joined_to_their_options() {
    let globals = parse("--path=/x=y status", DIRECT).unwrap().globals;
    assert_eq!(globals.path, Some("/x=y".into()));
}

#[test]
fn long_help_and_version_are_the_delegates_unless_a_command_stands_before() {
    assert_eq!(request("--help", DIRECT), delegate(&["--help"]));
    assert_eq!(request("--version", DIRECT), delegate(&["--version"]));
    assert_eq!(
        request("status --help", DIRECT),
        Request::Help(Some("status"))
    );
    assert_eq!(request("-h", DIRECT), Request::Help(None));
    assert_eq!(request("-V", DIRECT), Request::Version);
}

#[test]
fn two_dashes_pass_everything_on() {
    assert_eq!(
        request("-- status --json", DIRECT),
        delegate(&["status", "--json"])
    );
    assert_eq!(request("-q -- -- x", DIRECT), delegate(&["--", "x"]));
    assert_eq!(
        request("-- self status", SELF),
        delegate(&["self", "status"])
    );
}

#[test]
fn behind_self_everything_is_own() {
    assert_eq!(
        request("self status", SELF),
        Request::Status { as_json: false }
    );
    assert_eq!(request("self --version", SELF), Request::Version);
    assert_eq!(request("self --help", SELF), Request::Help(None));
    assert_eq!(request("self", SELF), Request::Help(None));
    assert_eq!(request("status", SELF), delegate(&["status"]));
    assert_eq!(
        request("-q self status", SELF),
        delegate(&["-q", "self", "status"])
    );
}

#[test]
fn bootstrap_has_its_options() {
    let expected = BootstrapOptions {
        is_forced: true,
        bundle: Some("b".into()),
        is_offline: true,
        ignores_machine: true,
    };
    let line = "bootstrap --force --bundle b --offline --ignore-virtual-packages --progress json";
    let invocation = parse(line, DIRECT).unwrap();
    assert_eq!(invocation.request, Request::Bootstrap(expected));
    assert_eq!(invocation.globals.progress, Some(Form::Json));
}

#[test]
fn global_options_may_follow_a_command() {
    let invocation = parse("status -q --path /x --json", DIRECT).unwrap();
    assert!(invocation.globals.is_quiet);
    assert_eq!(invocation.request, Request::Status { as_json: true });
}

#[test]
fn a_shell_takes_one_environment() {
    let expected = Request::Shell {
        environment: Some("mine".into()),
        spawn_arguments: Vec::new(),
    };
    assert_eq!(request("shell mine", DIRECT), expected);
    assert!(parse("shell mine yours", DIRECT).is_err());
    assert!(parse("shell --stack", DIRECT).is_err());
}

#[test]
fn words_that_shell_does_not_know_go_to_conda_spawn() {
    for (line, environment, arguments) in [
        ("shell --replace mine", Some("mine"), &["--replace"][..]),
        (
            "shell --shell fish mine",
            Some("mine"),
            &["--shell", "fish"],
        ),
        ("shell --shell=fish", None, &["--shell=fish"]),
        (
            "shell mine -- ls -q --help",
            Some("mine"),
            &["--", "ls", "-q", "--help"],
        ),
        ("shell mine ls", Some("mine"), &["ls"]),
    ] {
        let expected = Request::Shell {
            environment: environment.map(OsString::from),
            spawn_arguments: arguments.iter().map(OsString::from).collect(),
        };
        assert_eq!(request(line, CONDA), expected, "{line}");
    }
}

#[test]
fn condas_uninstall_differs_from_the_runtimes_own() {
    for (line, is_own) in [
        ("uninstall", true),
        ("uninstall -y", true),
        ("uninstall --path /x --yes -qv", true),
        ("uninstall --path=/x", true),
        ("uninstall x", false),
        ("uninstall -y x", false),
        ("uninstall --path /x y", false),
        ("uninstall -n t x", false),
        ("uninstall --yes=1", false),
    ] {
        for (words, start) in [(CONDA, ""), (CONDA_SELF, "self ")] {
            let line = format!("{start}{line}");
            let found = request(&line, words);
            let expected = delegate(&line.split_whitespace().collect::<Vec<_>>());
            assert_eq!(found != expected, is_own, "{line}: {found:?}");
        }
    }
}

#[test]
fn a_self_of_condas_own_gets_unknown_words_as_they_came() {
    for line in ["self install x -q", "self -q install x", "self --json"] {
        let invocation = parse(line, CONDA_SELF).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(invocation.request, delegate(&words));
        assert_eq!(invocation.globals, Globals::default(), "{line}");
    }
    assert!(parse("self install x", SELF).is_err());
}

#[test]
fn words_of_conda_are_own_for_conda_only() {
    assert_eq!(request("activate x", CONDA), Request::Explain("activate"));
    assert_eq!(request("activate x", DIRECT), delegate(&["activate", "x"]));
}

#[test]
fn unknown_words_behind_a_command_are_refused() {
    let error = parse("uninstall --all", DIRECT).unwrap_err();
    assert_eq!(error.message, "uninstall takes no option --all");
    assert_eq!(error.command, Some("uninstall"));
}

#[test]
fn an_option_without_its_value_is_refused() {
    let error = parse("bootstrap --bundle", DIRECT).unwrap_err();
    assert_eq!(error.message, "--bundle needs a value: --bundle PATH");
}

#[test]
fn options_of_one_command_are_refused_by_the_others() {
    for line in ["status --force", "bootstrap --json", "status --json=1"] {
        let message = parse(line, DIRECT).unwrap_err().message;
        let (command, option) = line.split_once(' ').unwrap();
        assert!(
            message.starts_with(&format!("{command} takes no option {option}")),
            "{message}"
        );
    }
}

#[test]
fn every_option_that_a_command_takes_is_suggested_for_it() {
    for command in &COMMANDS {
        let choices = command.choices();
        let names = choices.iter().flat_map(|choice| choice.names);
        for name in names.filter(|name| name.starts_with("--")) {
            let slip = format!("{} {name}x", command.word);
            let message = parse(&slip, DIRECT).unwrap_err().message;
            let meant = format!("(did you mean {name}?)");
            assert!(message.ends_with(&meant) || *name == "--help", "{message}");
        }
    }
}

#[test]
fn help_wins_over_errors_before_and_after_it() {
    for line in [
        "status -h --yaml",
        "status --help --path",
        "bootstrap -qh --force",
    ] {
        let command = line.split_whitespace().next().unwrap();
        let topic = find_command(command).map(|command| command.word);
        assert_eq!(request(line, DIRECT), Request::Help(topic), "{line}");
    }
}

/// Arguments that a stamp's words keep, or nearly.
fn list_first_arguments() -> Vec<String> {
    let letters = ["-", "q", "v", "h", "V", "=", "x"];
    let mut strings = vec![String::new()];
    let mut all = Vec::new();
    for _ in 0..4 {
        let longer = strings
            .iter()
            .flat_map(|start| letters.map(|letter| format!("{start}{letter}")));
        strings = longer.collect();
        all.extend(strings.iter().cloned());
    }
    let words = cs_stamp::words::join_words(false, true);
    let words = words
        .split('\n')
        .chain(["self", "--help", "--version", "tool", "é"]);
    all.extend(words.flat_map(|word| {
        [
            word.to_owned(),
            format!("{word}=x"),
            format!("{word}x"),
            format!(" {word}"),
        ]
    }));
    all
}

#[test]
fn whatever_the_fast_path_hands_over_the_full_program_hands_over_as_it_came() {
    for words in [DIRECT, SELF, CONDA, CONDA_SELF] {
        let launch = words.launch();
        for first in list_first_arguments() {
            if launch.as_entry().is_own_argument(first.as_bytes()) {
                continue;
            }
            let arguments = [first.as_str(), "status", "-q"]
                .map(OsString::from)
                .to_vec();
            let found = parse_arguments(arguments.clone(), &launch).unwrap();
            let expected = Given::default().delegate(arguments);
            assert_eq!(found, expected, "{first}");
        }
    }
}

#[test]
fn whatever_the_fast_path_keeps_is_asked_of_the_runtime() {
    for words in [DIRECT, SELF, CONDA, CONDA_SELF] {
        let launch = words.launch();
        for first in launch.words.split('\n') {
            // Behind the option or its value comes a command: neither goes to the delegate.
            let behind = match first {
                "--path" => "/x status",
                "--progress" => "json status",
                "-q" | "-v" | "-qq" | "-qv" | "-vq" | "-vv" | "self" => "status",
                "--" => continue,
                _ => "",
            };
            let found = request(&format!("{first} {behind}"), words);
            assert!(!matches!(found, Request::Delegate(_)), "{first}: {found:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn values_and_delegate_arguments_keep_every_byte() {
    use std::os::unix::ffi::OsStringExt;
    let odd = |start: &str| OsString::from_vec([start.as_bytes(), b"/\xff=\xc3\n"].concat());
    let parse =
        |arguments: &[OsString]| parse_arguments(arguments.to_vec(), &CONDA.launch()).unwrap();
    for path in [
        vec![odd("--path=")],
        vec!["--path".into(), odd("")],
        vec!["-q".into(), odd("--path=")],
    ] {
        let rest = [odd("--x="), odd("-q"), "--path".into()];
        let invocation = parse(&[&path[..], &rest[..]].concat());
        assert_eq!(invocation.globals.path, Some(odd("").into()));
        assert_eq!(invocation.request, Request::Delegate(rest.to_vec()));
    }
    let bundle = parse(&["bootstrap".into(), odd("--bundle=")]);
    let Request::Bootstrap(options) = bundle.request else {
        panic!("{bundle:?}");
    };
    assert_eq!(options.bundle, Some(odd("").into()));
    let shell = ["shell".into(), odd("--x="), odd(""), odd("-q")];
    let expected = Request::Shell {
        environment: Some(odd("")),
        spawn_arguments: vec![odd("--x="), odd("-q")],
    };
    assert_eq!(parse(&shell).request, expected);
    let uninstall = ["uninstall".into(), odd("--path="), odd("")];
    assert_eq!(
        parse(&uninstall).request,
        Request::Delegate(uninstall.to_vec())
    );
}
