//! What the runtime understands: one table of commands and options. Parsing, help and suggestions read it.

use std::ffi::{OsStr, OsString};

use cs_stamp::words;

use crate::cli::arguments::{BootstrapOptions, Globals, Request};
use crate::say::form::Form;

/// What the arguments have said so far.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Options that may come before a command.
    pub globals: Globals,
    /// `-h` was there.
    pub wants_help: bool,
    /// Options of `bootstrap`.
    pub bootstrap: BootstrapOptions,
    /// `--json`.
    pub as_json: bool,
    /// `--yes`.
    pub is_confirmed: bool,
    /// The command's argument.
    pub operand: Option<OsString>,
    /// What is for conda-spawn.
    pub spawn_arguments: Vec<OsString>,
}

/// A command: what help says of it, what it takes, and what is asked for with it.
#[derive(Debug)]
pub struct Command {
    /// The word itself.
    pub word: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What it does, in sentences.
    pub text: &'static str,
    /// What it passes on to a delegate that is conda.
    pub conda_text: &'static str,
    /// Options that only this command takes.
    pub options: &'static [Choice],
    /// The one argument that it takes.
    pub operand: Option<Operand>,
    /// What is asked for.
    pub request: fn(Given) -> Request,
}

/// An option.
#[derive(Debug)]
pub struct Choice {
    /// Its names, dashes included; the first is that of the usage line.
    pub names: &'static [&'static str],
    /// What it sets.
    pub set: Set,
    /// What help says of it.
    pub text: &'static str,
}

/// What an option sets.
#[derive(Debug)]
pub enum Set {
    /// It takes no value.
    Switch(fn(&mut Given)),
    /// It takes a value, which help calls so. An invalid value is returned as a message.
    Value(&'static str, fn(&mut Given, OsString) -> Result<(), String>),
}

/// An argument that is not an option.
#[derive(Debug)]
pub struct Operand {
    /// What help calls it.
    pub name: &'static str,
    /// What help says of it.
    pub text: &'static str,
    /// What it can be; anything where none are listed.
    pub words: &'static [&'static str],
}

impl Operand {
    /// Whether it can be this word.
    pub fn accepts(&self, word: &OsStr) -> bool {
        match self.words {
            [] => !word.is_empty() && !word.as_encoded_bytes().starts_with(b"-"),
            words => words.iter().any(|known| word == *known),
        }
    }
}

impl Command {
    /// All options that it takes.
    pub fn choices(&self) -> Vec<&'static Choice> {
        let all = self.options.iter().chain(&GLOBALS).chain([&HELP]);
        all.collect()
    }
}

/// The command that `word` calls.
pub fn find_command(word: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.word == word)
}

/// Options that may come before a command, and after it.
pub static GLOBALS: [Choice; 4] = [
    Choice {
        names: &["-v"],
        set: Set::Switch(|given| given.globals.is_verbose = true),
        text: "print more",
    },
    Choice {
        names: &["-q"],
        set: Set::Switch(|given| given.globals.is_quiet = true),
        text: "print only errors",
    },
    Choice {
        names: &["--path"],
        set: Set::Value("PATH", |given, path| {
            given.globals.path = Some(path.into());
            Ok(())
        }),
        text: "install at, and run from, PATH",
    },
    Choice {
        names: &["--progress"],
        set: Set::Value("json", |given, form| {
            let known = Form::parse(&form).ok_or_else(|| {
                format!(
                    "invalid value {} for --progress: use json or text",
                    form.display()
                )
            })?;
            given.globals.progress = Some(known);
            Ok(())
        }),
        text: "write one JSON event per line to stderr",
    },
];

/// Explains a command; taken by all of them.
pub static HELP: Choice = Choice {
    names: &["-h", "--help"],
    set: Set::Switch(|given| given.wants_help = true),
    text: "show this help",
};

/// What a command that reports something takes.
const JSON: Choice = Choice {
    names: &["--json"],
    set: Set::Switch(|given| given.as_json = true),
    text: "print one JSON document",
};

/// The commands, in the order of the help.
pub static COMMANDS: [Command; 7] = [
    Command {
        word: words::BOOTSTRAP,
        summary: "install now, install again, or install from a bundle",
        text: "Install {delegate} and its packages at {prefix}. The first run does this too; \
                use this command to do it beforehand, from a bundle, or again.",
        conda_text: "",
        options: &[
            Choice {
                names: &["--force"],
                set: Set::Switch(|given| given.bootstrap.is_forced = true),
                text: "install again, even if everything is installed; a changed prefix \
                is kept, and `rollback` restores it",
            },
            Choice {
                names: &["--bundle"],
                set: Set::Value("PATH", |given, path| {
                    given.bootstrap.bundle = Some(path.into());
                    Ok(())
                }),
                text: "take package archives from this directory or .bundle.tar.zst \
                (also: {BUNDLE})",
            },
            Choice {
                names: &["--offline"],
                set: Set::Switch(|given| given.bootstrap.is_offline = true),
                text: "fail instead of downloading packages that the bundle does not contain \
                (also: {OFFLINE}=1)",
            },
            Choice {
                names: &["--ignore-virtual-packages"],
                set: Set::Switch(|given| given.bootstrap.ignores_machine = true),
                text: "install even if this machine lacks what packages need, such as glibc \
                (also: {IGNORE_VIRTUAL_PACKAGES}=1)",
            },
        ],
        operand: None,
        request: |given| Request::Bootstrap(given.bootstrap),
    },
    Command {
        word: words::STATUS,
        summary: "what is installed, where, and from which packages",
        text: "Show which runtime this is, and what is installed at {prefix}.",
        conda_text: "",
        options: &[JSON],
        operand: None,
        request: |given| Request::Status {
            as_json: given.as_json,
        },
    },
    Command {
        word: words::VERIFY,
        summary: "compare what is installed with its records",
        text: "Compare every file at {prefix} with what its package recorded of it. \
                Names the packages with files that were changed, are missing, or were added.",
        conda_text: "",
        options: &[JSON],
        operand: None,
        request: |given| Request::Verify {
            as_json: given.as_json,
        },
    },
    Command {
        word: words::SHELL,
        summary: "start a shell with the environment activated",
        text: "Start a shell with {prefix}, or one of its environments, \
                activated. Leave it with `exit`.",
        conda_text: "At a terminal, this is `conda spawn` if conda-spawn is installed; its options may follow, \
                such as --replace and --stack.",
        options: &[],
        operand: Some(Operand {
            name: "ENVIRONMENT",
            text: "name of an environment, looked up where conda does, or the path of one",
            words: &[],
        }),
        request: |given| Request::Shell {
            environment: given.operand,
            spawn_arguments: given.spawn_arguments,
        },
    },
    Command {
        word: words::ROLLBACK,
        summary: "restore the version that the last upgrade replaced",
        text: "Restore the prefix that the last upgrade replaced. The newer one is kept: a second \
                rollback undoes the first.",
        conda_text: "",
        options: &[],
        operand: None,
        request: |_| Request::Rollback,
    },
    Command {
        word: words::UNINSTALL,
        summary: "remove what was installed",
        text: "Remove {prefix}, its environments, and the previous version kept by the last upgrade. \
                Asks first, and says afterwards how to remove {runtime} itself.",
        conda_text: "With other arguments, uninstall is conda's: `{own} uninstall PACKAGE` removes a package.",
        options: &[Choice {
            names: &["-y", "--yes"],
            set: Set::Switch(|given| given.is_confirmed = true),
            text: "do not ask",
        }],
        operand: None,
        request: |given| Request::Uninstall {
            is_confirmed: given.is_confirmed,
        },
    },
    Command {
        word: words::HELP,
        summary: "show this help, or that of a command: {own} help COMMAND",
        text: "Explain {runtime}, or one of its commands.",
        conda_text: "",
        options: &[],
        operand: Some(Operand {
            name: "COMMAND",
            text: "one of the commands",
            words: &words::COMMANDS,
        }),
        request: |given| {
            let topic = given.operand.as_deref().and_then(OsStr::to_str);
            Request::Help(topic.and_then(find_command).map(|command| command.word))
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_words_that_stamps_have() {
        assert_eq!(
            COMMANDS.each_ref().map(|command| command.word),
            words::COMMANDS
        );
        let names = GLOBALS.iter().flat_map(|choice| choice.names);
        let (letters, long): (Vec<&str>, Vec<&str>) = names.partition(|name| name.len() == 2);
        let pairs = letters.iter().flat_map(|one| {
            letters
                .iter()
                .map(move |other| format!("{one}{}", &other[1..]))
        });
        let mut options: Vec<String> = pairs.collect();
        options.extend(letters.into_iter().chain(long).map(str::to_owned));
        options.extend(["-h", "-V", "--"].map(str::to_owned));
        options.sort();
        let mut stamped = words::OPTIONS.map(str::to_owned);
        stamped.sort();
        assert_eq!(options, stamped);
    }

    #[test]
    fn no_command_has_two_options_of_one_name() {
        for command in &COMMANDS {
            let names: Vec<&str> = command
                .choices()
                .iter()
                .flat_map(|choice| choice.names)
                .copied()
                .collect();
            let different: std::collections::BTreeSet<&&str> = names.iter().collect();
            assert_eq!(names.len(), different.len(), "{}", command.word);
        }
    }
}
