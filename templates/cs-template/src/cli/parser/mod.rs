//! Arguments into one [`Invocation`].

use std::ffi::{OsStr, OsString};
use std::vec::IntoIter;

use crate::cli::arguments::{
    BootstrapOptions, COMMANDS, EXPLAINED, Globals, Invocation, Request, Words,
};
use crate::cli::usage::UsageError;

use crate::cli::nearest::find_nearest;
use crate::say::form::Form;

type Parsed<T> = Result<T, UsageError>;

/// Understand `arguments` (without the program's name).
pub fn parse_arguments(arguments: Vec<OsString>, words: Words) -> Parsed<Invocation> {
    let mut arguments = arguments.into_iter();
    let first = arguments.as_slice().first().and_then(|word| word.to_str());
    match (words.stand_behind_self, first) {
        (false, _) => parse_direct(arguments, words),
        (true, Some("self")) => parse_self(arguments, words),
        (true, first) => {
            if first == Some("--") {
                arguments.next();
            }
            Ok(Invocation {
                globals: Globals::default(),
                request: Request::Delegate(arguments.collect()),
            })
        }
    }
}

/// Whatever is not the runtime's own goes to the delegate, from the first such word on.
fn parse_direct(arguments: IntoIter<OsString>, words: Words) -> Parsed<Invocation> {
    let mut parser = Parser::new(arguments);
    parser.take_globals()?;
    let request = match parser.peek() {
        Some("--") => {
            parser.words.next();
            Request::Delegate(parser.words.collect())
        }
        Some(word) => match own_word(word, words) {
            Some(word) => {
                let whole = parser.words.as_slice().to_vec();
                return parser.parse_command(word, words, whole);
            }
            None => Request::Delegate(parser.words.collect()),
        },
        None => Request::Delegate(parser.words.collect()),
    };
    Ok(Invocation {
        globals: parser.globals,
        request,
    })
}

/// Behind the word `self` everything is the runtime's own, but conda may have a `self` too: it gets what the runtime does not know.
fn parse_self(arguments: IntoIter<OsString>, words: Words) -> Parsed<Invocation> {
    let whole: Vec<OsString> = arguments.as_slice().to_vec();
    let mut parser = Parser::new(arguments);
    parser.words.next();
    parser.take_globals()?;
    let Some(word) = parser.words.as_slice().first().cloned() else {
        return Ok(Invocation {
            globals: parser.globals,
            request: Request::Help(None),
        });
    };
    let known = word.to_str().and_then(|word| match word {
        "--help" => Some("-h"),
        "--version" => Some("-V"),
        word => own_word(word, words),
    });
    match known {
        Some(known) => parser.parse_command(known, words, whole),
        None if words.delegate_is_conda => Ok(Invocation {
            globals: Globals::default(),
            request: Request::Delegate(whole),
        }),
        None => Err(UsageError {
            message: format!(
                "unknown command {}{}",
                word.display(),
                suggest(&word, &COMMANDS)
            ),
            command: None,
        }),
    }
}

fn own_word(word: &str, words: Words) -> Option<&'static str> {
    let explained: &[&'static str] = if words.delegate_is_conda {
        &EXPLAINED
    } else {
        &[]
    };
    COMMANDS
        .iter()
        .chain(&["-h", "-V"])
        .chain(explained)
        .find(|own| **own == word)
        .copied()
}

struct Parser {
    words: IntoIter<OsString>,
    globals: Globals,
}

impl Parser {
    fn new(words: IntoIter<OsString>) -> Self {
        Self {
            words,
            globals: Globals::default(),
        }
    }

    fn peek(&self) -> Option<&str> {
        self.words.as_slice().first()?.to_str()
    }

    fn take_globals(&mut self) -> Parsed<()> {
        while self.take_global(None)? {}
        Ok(())
    }

    /// Take one of `-q`, `-v`, `--path PATH`, `--progress FORM`, if it comes next.
    fn take_global(&mut self, command: Option<&'static str>) -> Parsed<bool> {
        let Some(word) = self.words.as_slice().first() else {
            return Ok(false);
        };
        match split_option(word) {
            (letters, None) if is_letters(letters) => {
                self.globals.is_quiet |= letters.contains('q');
                self.globals.is_verbose |= letters.contains('v');
            }
            ("--progress", value) => {
                self.words.next();
                let form = self.take_value("--progress", "json", value, command)?;
                let refuse = || UsageError {
                    message: format!(
                        "invalid value {} for --progress: use json or text",
                        form.display()
                    ),
                    command,
                };
                self.globals.progress = Some(Form::parse(&form).ok_or_else(refuse)?);
                return Ok(true);
            }
            ("--path", value) => {
                self.words.next();
                let path = self.take_value("--path", "PATH", value, command)?;
                self.globals.path = Some(path.into());
                return Ok(true);
            }
            _ => return Ok(false),
        }
        self.words.next();
        Ok(true)
    }

    fn take_value(
        &mut self,
        option: &str,
        placeholder: &str,
        value: Option<OsString>,
        command: Option<&'static str>,
    ) -> Parsed<OsString> {
        value
            .or_else(|| self.words.next())
            .filter(|value| !value.is_empty())
            .ok_or_else(|| UsageError {
                message: format!("{option} needs a value: {option} {placeholder}"),
                command,
            })
    }

    /// Parse the command `word`, which comes next. `whole` is what conda would be told instead.
    fn parse_command(
        mut self,
        word: &'static str,
        words: Words,
        whole: Vec<OsString>,
    ) -> Parsed<Invocation> {
        self.words.next();
        if word == "uninstall" && words.delegate_is_conda && !is_own_uninstall(&self.words) {
            return Ok(Invocation {
                globals: self.globals,
                request: Request::Delegate(whole),
            });
        }
        let request = match word {
            "bootstrap" => self.parse_bootstrap()?,
            "status" => self.parse_status()?,
            "shell" => self.parse_shell(words)?,
            "rollback" => self.parse_plain(word, Request::Rollback)?,
            "uninstall" => self.parse_uninstall()?,
            "-V" => Request::Version,
            "help" => self.parse_help()?,
            "-h" => Request::Help(None),
            other => Request::Explain(other),
        };
        Ok(Invocation {
            globals: self.globals,
            request,
        })
    }

    /// Feed each remaining word to `take`, which returns false for one that it does not know. `-h` wins over everything.
    fn parse_options(
        &mut self,
        command: &'static str,
        mut take: impl FnMut(&mut Self, &str, Option<OsString>, OsString) -> Parsed<bool>,
    ) -> Parsed<Option<Request>> {
        loop {
            if self.take_global(Some(command))? {
                continue;
            }
            let Some(word) = self.words.next() else {
                return Ok(None);
            };
            if word == "-h" || word == "--help" {
                return Ok(Some(Request::Help(Some(command))));
            }
            let (name, value) = split_option(&word);
            let name = name.to_owned();
            if !take(self, &name, value, word.clone())? {
                return Err(refuse_word(command, &word));
            }
        }
    }

    fn parse_plain(&mut self, command: &'static str, request: Request) -> Parsed<Request> {
        let help = self.parse_options(command, |_, _, _, _| Ok(false))?;
        Ok(help.unwrap_or(request))
    }

    fn parse_bootstrap(&mut self) -> Parsed<Request> {
        let command = Some("bootstrap");
        let mut options = BootstrapOptions::default();
        let help = self.parse_options("bootstrap", |parser, name, value, _| {
            match (name, value) {
                ("--force", None) => options.is_forced = true,
                ("--offline", None) => options.is_offline = true,
                ("--bundle", value) => {
                    let path = parser.take_value("--bundle", "PATH", value, command)?;
                    options.bundle = Some(path.into());
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(help.unwrap_or(Request::Bootstrap(options)))
    }

    fn parse_status(&mut self) -> Parsed<Request> {
        let mut as_json = false;
        let help = self.parse_options("status", |_, name, value, _| {
            let is_known = name == "--json" && value.is_none();
            as_json |= is_known;
            Ok(is_known)
        })?;
        Ok(help.unwrap_or(Request::Status { as_json }))
    }

    fn parse_uninstall(&mut self) -> Parsed<Request> {
        let mut is_confirmed = false;
        let help = self.parse_options("uninstall", |_, name, value, _| {
            let is_known = matches!(name, "-y" | "--yes") && value.is_none();
            is_confirmed |= is_known;
            Ok(is_known)
        })?;
        Ok(help.unwrap_or(Request::Uninstall { is_confirmed }))
    }

    /// conda-spawn has options of its own, and takes a command to run: with conda, what is not an environment's name is for it.
    fn parse_shell(&mut self, words: Words) -> Parsed<Request> {
        let mut environment = None;
        let mut spawn_arguments = Vec::new();
        let help = self.parse_options("shell", |parser, name, value, word| {
            let is_name = environment.is_none() && !is_option(&word) && !word.is_empty();
            match (is_name, words.delegate_is_conda) {
                (true, _) => environment = Some(word),
                (false, false) => return Ok(false),
                (false, true) => {
                    spawn_arguments.push(word);
                    match (name, value) {
                        ("--shell", None) => spawn_arguments.extend(parser.words.next()),
                        ("--", _) => spawn_arguments.extend(&mut parser.words),
                        _ => {}
                    }
                }
            }
            Ok(true)
        })?;
        Ok(help.unwrap_or(Request::Shell {
            environment,
            spawn_arguments,
        }))
    }

    fn parse_help(&mut self) -> Parsed<Request> {
        let mut topic = None;
        let help = self.parse_options("help", |_, _, _, word| {
            let command = COMMANDS.iter().find(|command| word == **command);
            let is_known = topic.is_none() && command.is_some();
            if is_known {
                topic = command.copied();
            }
            Ok(is_known)
        })?;
        Ok(help.unwrap_or(Request::Help(topic)))
    }
}

/// Whether `arguments` of `uninstall` are for the runtime: options of its own and nothing else.
fn is_own_uninstall(arguments: &IntoIter<OsString>) -> bool {
    let mut arguments = arguments.as_slice().iter();
    while let Some(word) = arguments.next() {
        match split_option(word) {
            ("-y" | "--yes" | "-h" | "--help", None) | ("--path" | "--progress", Some(_)) => {}
            ("--path" | "--progress", None) => {
                arguments.next();
            }
            (letters, None) if is_letters(letters) => {}
            _ => return false,
        }
    }
    true
}

/// Split `--name=value`. A value that is not valid UTF-8 can be given as a word of its own.
fn split_option(word: &OsStr) -> (&str, Option<OsString>) {
    let text = word.to_str().unwrap_or_default();
    match text.split_once('=') {
        Some((name, value)) if name.starts_with("--") => (name, Some(value.into())),
        _ => (text, None),
    }
}

/// `-q`, `-v`, or several such letters at once.
fn is_letters(option: &str) -> bool {
    option.strip_prefix('-').is_some_and(|letters| {
        !letters.is_empty() && letters.chars().all(|letter| matches!(letter, 'q' | 'v'))
    })
}

fn is_option(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-")
}

fn refuse_word(command: &'static str, word: &OsStr) -> UsageError {
    let kind = if is_option(word) {
        "option"
    } else {
        "argument"
    };
    let meant = suggest(word, list_options(command));
    UsageError {
        message: format!("{command} takes no {kind} {}{meant}", word.display()),
        command: Some(command),
    }
}

/// What a command takes, as far as it is a fixed word.
fn list_options(command: &str) -> &'static [&'static str] {
    match command {
        "bootstrap" => &["--force", "--bundle", "--offline", "--path", "--progress"],
        "status" => &["--json", "--path"],
        "uninstall" => &["--yes", "--path"],
        "help" => &COMMANDS,
        _ => &["--path"],
    }
}

fn suggest(word: &OsStr, candidates: &[&str]) -> String {
    let (name, _) = split_option(word);
    find_nearest(name, candidates).map_or(String::new(), |nearest| {
        format!(" (did you mean {nearest}?)")
    })
}

#[cfg(test)]
mod tests;
