//! Help texts.

use cs_stamp::words::HELP as HELP_WORD;

use crate::cli::table::{COMMANDS, Choice, Command, GLOBALS, Set, find_command};
use crate::cli::variables::{SHARED_PREFIX, name_variable};
use crate::context::Runtime;

/// The lines of the help of the runtime, or of one command.
pub fn render_help(runtime: &Runtime, topic: Option<&'static str>) -> Vec<String> {
    let text = match topic.and_then(find_command) {
        None => render_overview(runtime),
        Some(command) if command.word == HELP_WORD => render_overview(runtime),
        Some(command) => render_command(runtime, command),
    };
    fill_in(runtime, &text)
}

fn render_command(runtime: &Runtime, command: &Command) -> String {
    let mut text = format!(
        "usage: {{own}} {}\n\n{}\n\n",
        render_usage(command),
        command.text
    );
    let operand = command.operand.iter();
    let operand = operand.map(|operand| (operand.name.to_owned(), operand.text));
    push_rows(
        &mut text,
        operand.chain(command.choices().into_iter().map(describe_choice)),
    );
    if runtime.launch.delegate_is_conda() && !command.conda_text.is_empty() {
        text.push_str(&format!("\n{}\n", command.conda_text));
    }
    text
}

/// How a command is called, without what every command takes.
fn render_usage(command: &Command) -> String {
    let mut usage = command.word.to_owned();
    for choice in command.options {
        usage.push_str(&match choice.set {
            Set::Switch(_) => format!(" [{}]", choice.names[0]),
            Set::Value(placeholder, _) => format!(" [{} {placeholder}]", choice.names[0]),
        });
    }
    if let Some(operand) = &command.operand {
        usage.push_str(&format!(" [{}]", operand.name));
    }
    usage
}

fn render_overview(runtime: &Runtime) -> String {
    let usage = if runtime.launch.self_commands {
        USAGE_SELF
    } else {
        USAGE_DIRECT
    };
    let mut text = format!("{INTRODUCTION}\n{usage}\ncommands:\n");
    let commands = COMMANDS.iter();
    push_rows(
        &mut text,
        commands.map(|command| (command.word.to_owned(), command.summary)),
    );
    text.push_str("\noptions:\n");
    let own = [
        ("-h", "show this help"),
        ("-V", "show the version of {runtime}"),
    ];
    let own = own.map(|(name, text)| (name.to_owned(), text));
    push_rows(
        &mut text,
        own.into_iter().chain(GLOBALS.iter().map(describe_choice)),
    );
    text.push_str(VARIABLES);
    if runtime.header.docs_url.is_some() {
        text.push_str("\nMore: {docs_url}\n");
    }
    text
}

fn describe_choice(choice: &'static Choice) -> (String, &'static str) {
    let names = choice.names.join(", ");
    match choice.set {
        Set::Switch(_) => (names, choice.text),
        Set::Value(placeholder, _) => (format!("{names} {placeholder}"), choice.text),
    }
}

/// Add two columns. A text may have several lines.
fn push_rows(text: &mut String, rows: impl Iterator<Item = (String, &'static str)>) {
    let rows: Vec<(String, &str)> = rows.collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, explanation) in rows {
        let mut name = name.as_str();
        for line in explanation.lines() {
            text.push_str(&format!("  {name:width$}  {line}\n"));
            name = "";
        }
    }
}

/// Put in what a text says of this runtime, line by line: a value does not make another line.
fn fill_in(runtime: &Runtime, text: &str) -> Vec<String> {
    let header = &runtime.header;
    let variable = |suffix| name_variable(&runtime.header.runtime, suffix);
    let own_prefix = runtime.launch.prefix_variable.as_deref();
    let prefix_variables = match own_prefix {
        Some(own) => format!("{SHARED_PREFIX}, {own}"),
        None => SHARED_PREFIX.to_owned(),
    };
    let docs_url = header.docs_url.as_deref().unwrap_or_default();
    let fill_in_line = |line: &str| {
        line.replace("{prefix_variables}", &prefix_variables)
            .replace("{BUNDLE}", &variable("BUNDLE"))
            .replace("{OFFLINE}", &variable("OFFLINE"))
            .replace(
                "{IGNORE_VIRTUAL_PACKAGES}",
                &variable("IGNORE_VIRTUAL_PACKAGES"),
            )
            .replace("{QUIET}", &variable("QUIET"))
            .replace("{PROGRESS}", &variable("PROGRESS"))
            .replace("{prefix}", &runtime.place.prefix.to_string_lossy())
            .replace("{runtime}", &header.runtime)
            .replace("{delegate}", &header.delegate)
            .replace("{docs_url}", docs_url)
            .replace("{version}", &header.runtime_version)
            .replace("{own}", &runtime.own_command())
            .replace("{name}", &runtime.command_name.to_string_lossy())
    };
    text.lines().map(fill_in_line).collect()
}

const INTRODUCTION: &str =
    "{runtime} {version}: installs {delegate} on its first run, then runs it.
";

const VARIABLES: &str = "
variables:
  {prefix_variables}
              the same as --path
  {BUNDLE}    directory or .bundle.tar.zst with package archives
  {OFFLINE}   1: never use the network
  {QUIET}     1: the same as -q
  {PROGRESS}  json: the same as --progress json

Installs to: {prefix}
";

const USAGE_DIRECT: &str = "\
usage: {name} [-v] [-q] [--path PATH] [ARGUMENTS OF {delegate}]
       {name} [-v] [-q] [--path PATH] COMMAND
       {name} -- ARGUMENTS OF {delegate}, never taken as a command of {name}
";

const USAGE_SELF: &str = "\
usage: {name} [ARGUMENTS OF {delegate}]
       {name} self [-v] [-q] [--path PATH] COMMAND
       {name} -- ARGUMENTS OF {delegate}, even if the first is `self`
";
