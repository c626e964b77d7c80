//! Arguments into one [`Invocation`].

use std::ffi::{OsStr, OsString};

use cs_stamp::Launch;
use cs_stamp::words::{self, EXPLAINED, UNINSTALL};
use lexopt::{Arg, Parser};

use crate::cli::arguments::{Invocation, Request};
use crate::cli::nearest::find_nearest;
use crate::cli::table::{Choice, Command, GLOBALS, Given, Set, find_command};
use crate::cli::usage::UsageError;

type Parsed<T> = Result<T, UsageError>;

/// Understand `arguments` (without the program's name). Whatever is not the runtime's own goes to the
/// delegate, from the first such word on, as it came. What is its own at the start, the fast path is asked.
pub fn parse_arguments(mut arguments: Vec<OsString>, launch: &Launch) -> Parsed<Invocation> {
    let first = arguments.first().map(OsString::as_os_str);
    let is_own =
        first.is_some_and(|first| launch.as_entry().is_own_argument(first.as_encoded_bytes()));
    match first.and_then(OsStr::to_str) {
        Some("--") => Ok(Given::default().delegate(arguments.split_off(1))),
        Some("self") if is_own => parse_self(arguments, launch),
        _ if is_own => parse_direct(arguments, launch),
        _ => Ok(Given::default().delegate(arguments)),
    }
}

fn parse_direct(arguments: Vec<OsString>, launch: &Launch) -> Parsed<Invocation> {
    let (given, mut rest) = take_globals(arguments)?;
    let word = rest.first().and_then(|word| word.to_str());
    match word.and_then(|word| find_own(word, launch)) {
        Some(own) => {
            let whole = rest.clone();
            own.parse(rest.split_off(1), given, launch, whole)
        }
        None if word == Some("--") => Ok(given.delegate(rest.split_off(1))),
        None => Ok(given.delegate(rest)),
    }
}

/// Behind the word `self` everything is the runtime's own, but conda may have a `self`
/// too: it gets what the runtime does not know.
fn parse_self(arguments: Vec<OsString>, launch: &Launch) -> Parsed<Invocation> {
    let (given, mut rest) = take_globals(arguments[1..].to_vec())?;
    let Some(word) = rest.first().cloned() else {
        return Ok(given.ask(Request::Help(None)));
    };
    let known = word.to_str().and_then(|word| match word {
        "--help" => Some(Own::Help),
        "--version" => Some(Own::Version),
        word => find_own(word, launch),
    });
    match known {
        Some(own) => own.parse(rest.split_off(1), given, launch, arguments),
        None if launch.delegate_is_conda() => Ok(Given::default().delegate(arguments)),
        None => Err(UsageError {
            message: format!(
                "unknown command {}{}",
                word.display(),
                suggest(&word, &words::COMMANDS)
            ),
            command: None,
        }),
    }
}

/// What a word of the runtime's own asks for.
enum Own {
    Command(&'static Command),
    Help,
    Version,
    Explained(&'static str),
}

fn find_own(word: &str, launch: &Launch) -> Option<Own> {
    let explained = EXPLAINED.iter().find(|explained| **explained == word);
    match word {
        "-h" => Some(Own::Help),
        "-V" => Some(Own::Version),
        _ => find_command(word).map(Own::Command).or_else(|| {
            explained
                .filter(|_| launch.delegate_is_conda())
                .map(|explained| Own::Explained(explained))
        }),
    }
}

impl Own {
    /// Parse the words that follow. `whole` is what conda would get instead.
    fn parse(
        &self,
        words: Vec<OsString>,
        given: Given,
        launch: &Launch,
        whole: Vec<OsString>,
    ) -> Parsed<Invocation> {
        match self {
            Self::Command(command) => command.parse(words, given, launch, whole),
            Self::Help => Ok(given.ask(Request::Help(None))),
            Self::Version => Ok(given.ask(Request::Version)),
            Self::Explained(word) => Ok(given.ask(Request::Explain(word))),
        }
    }
}

impl Given {
    fn ask(self, request: Request) -> Invocation {
        Invocation {
            globals: self.globals,
            request,
        }
    }

    fn delegate(self, arguments: Vec<OsString>) -> Invocation {
        self.ask(Request::Delegate(arguments))
    }
}

/// Why a command cannot be carried out.
enum Refusal {
    /// It does not take this word.
    Word(OsString),
    /// What is wrong.
    Message(String),
}

impl Command {
    fn parse(
        &'static self,
        words: Vec<OsString>,
        given: Given,
        launch: &Launch,
        whole: Vec<OsString>,
    ) -> Parsed<Invocation> {
        let is_conda = launch.delegate_is_conda();
        let mut read = given.clone();
        match self.read(words, &mut read, is_conda) {
            Err(Refusal::Word(_)) if is_conda && self.word == UNINSTALL => {
                Ok(given.delegate(whole))
            }
            // It wins over everything.
            _ if read.wants_help => Ok(read.ask(Request::Help(Some(self.word)))),
            Ok(()) => Ok(Invocation {
                globals: read.globals.clone(),
                request: (self.request)(read),
            }),
            Err(refusal) => Err(self.explain(refusal)),
        }
    }

    fn read(&self, words: Vec<OsString>, given: &mut Given, is_conda: bool) -> Result<(), Refusal> {
        let (mut parser, choices) = (Parser::from_args(words), self.choices());
        loop {
            take_options(&mut parser, &choices, given).map_err(Refusal::Message)?;
            let Some(word) = next_word(&mut parser) else {
                return Ok(());
            };
            match &self.operand {
                Some(operand) if given.operand.is_none() && operand.accepts(&word) => {
                    given.operand = Some(word);
                }
                // Its one word that is not fixed is for conda-spawn too.
                Some(operand) if is_conda && operand.words.is_empty() => {
                    pass_on(&mut parser, word, &mut given.spawn_arguments);
                }
                _ => return Err(Refusal::Word(word)),
            }
        }
    }

    fn explain(&self, refusal: Refusal) -> UsageError {
        let message = match refusal {
            Refusal::Message(message) => message,
            Refusal::Word(word) => {
                let is_option = word.as_encoded_bytes().starts_with(b"-");
                let kind = if is_option { "option" } else { "argument" };
                let meant = suggest(&word, &self.list_words());
                format!("{} takes no {kind} {}{meant}", self.word, word.display())
            }
        };
        UsageError {
            message,
            command: Some(self.word),
        }
    }

    /// What it takes, as far as it is a fixed word.
    fn list_words(&self) -> Vec<&'static str> {
        let choices = self.choices();
        let names = choices.iter().flat_map(|choice| choice.names);
        let operands = self.operand.iter().flat_map(|operand| operand.words);
        operands
            .chain(names.filter(|name| name.starts_with("--")))
            .copied()
            .collect()
    }
}

/// conda-spawn has options of its own, and takes a command to run: with conda, what is
/// not an environment's name is for it.
fn pass_on(parser: &mut Parser, word: OsString, spawn_arguments: &mut Vec<OsString>) {
    let name = word.to_str().map(str::to_owned);
    spawn_arguments.push(word);
    match name.as_deref() {
        Some("--shell") => spawn_arguments.extend(next_word(parser)),
        Some("--") => spawn_arguments.extend(std::iter::from_fn(|| next_word(parser))),
        _ => {}
    }
}

/// Take the options that may come before a command from the start; returns what follows.
fn take_globals(arguments: Vec<OsString>) -> Parsed<(Given, Vec<OsString>)> {
    let (mut parser, mut given) = (Parser::from_args(arguments), Given::default());
    take_options(&mut parser, &GLOBALS.each_ref(), &mut given).map_err(|message| UsageError {
        message,
        command: None,
    })?;
    let rest = std::iter::from_fn(|| next_word(&mut parser)).collect();
    Ok((given, rest))
}

/// Take words as long as they are options among `choices`. Any other word stays as it is: it may be another program's.
fn take_options(
    parser: &mut Parser,
    choices: &[&'static Choice],
    given: &mut Given,
) -> Result<(), String> {
    while let Some(name) = next_name(parser, choices) {
        let Some(choice) = find_choice(choices, &name) else {
            continue;
        };
        match choice.set {
            Set::Switch(set) => set(given),
            Set::Value(placeholder, set) => {
                let value = parser.value().ok().filter(|value| !value.is_empty());
                let lack = || format!("{name} needs a value: {name} {placeholder}");
                set(given, value.ok_or_else(lack)?)?;
            }
        }
    }
    Ok(())
}

/// The next option of the word that is being read, or of the next word if all of that is options among `choices`.
fn next_name(parser: &mut Parser, choices: &[&'static Choice]) -> Option<String> {
    if let Some(words) = parser.try_raw_args()
        && !is_options(words.peek()?, choices)
    {
        return None;
    }
    match parser.next().ok()?? {
        Arg::Short(letter) => Some(format!("-{letter}")),
        Arg::Long(name) => Some(format!("--{name}")),
        Arg::Value(_) => None,
    }
}

fn next_word(parser: &mut Parser) -> Option<OsString> {
    parser.try_raw_args()?.next()
}

/// Whether a word is an option among `choices`, with its value if it has one
/// (`--path=P`), or several that are one letter each.
fn is_options(word: &OsStr, choices: &[&'static Choice]) -> bool {
    let find = |name: &str| find_choice(choices, name);
    let (name, has_value) = split_name(word);
    match name.strip_prefix('-').unwrap_or_default() {
        "" => false,
        long if long.starts_with('-') => match find(name).map(|choice| &choice.set) {
            Some(Set::Value(..)) => true,
            Some(Set::Switch(_)) => !has_value,
            None => false,
        },
        letters => {
            !has_value
                && letters
                    .chars()
                    .all(|letter| find(&format!("-{letter}")).is_some())
        }
    }
}

fn find_choice(choices: &[&'static Choice], name: &str) -> Option<&'static Choice> {
    choices
        .iter()
        .copied()
        .find(|choice| choice.names.contains(&name))
}

/// The part before the first `=`, as far as it is text, and whether there is one.
fn split_name(word: &OsStr) -> (&str, bool) {
    let bytes = word.as_encoded_bytes();
    let end = bytes.iter().position(|byte| *byte == b'=');
    let name = &bytes[..end.unwrap_or(bytes.len())];
    (str::from_utf8(name).unwrap_or_default(), end.is_some())
}

fn suggest(word: &OsStr, candidates: &[&str]) -> String {
    find_nearest(split_name(word).0, candidates).map_or(String::new(), |nearest| {
        format!(" (did you mean {nearest}?)")
    })
}

#[cfg(test)]
mod tests;
