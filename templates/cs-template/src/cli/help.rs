//! Help texts.

use std::io::IsTerminal;

use cs_stamp::words::HELP as HELP_WORD;

use crate::cli::table::{COMMANDS, Choice, Command, GLOBALS, Set, find_command};
use crate::cli::variables::{SHARED_PREFIX, name_variable};
use crate::context::Runtime;
use crate::process::console;
use crate::say::paths::shorten_paths;
use crate::say::wrap::wrap;

/// A part of a help text. What it says of this runtime is put in before its lines are broken.
enum Block {
    /// The ways to call something: broken between options, never in one.
    Usage(Vec<String>),
    /// Lines as they are.
    Lines(String),
    /// Text, broken into lines.
    Text(&'static str),
    /// Two columns; the second is broken into lines.
    Rows(Vec<(String, &'static str)>),
}

/// The lines of the help of the runtime, or of one command.
pub fn render_help(runtime: &Runtime, topic: Option<&'static str>) -> Vec<String> {
    let blocks = match topic.and_then(find_command) {
        None => list_overview(runtime),
        Some(command) if command.word == HELP_WORD => list_overview(runtime),
        Some(command) => list_command(runtime, command),
    };
    let (values, columns) = (Values::of(runtime), choose_columns());
    let render = |block: &Block| render_block(block, &values, columns);
    blocks.iter().flat_map(render).collect()
}

/// Longer lines are hard to read.
const COLUMNS: usize = 80;

fn choose_columns() -> usize {
    match console::columns() {
        Some(columns) if is_read_by_people() => columns.min(COLUMNS),
        _ => COLUMNS,
    }
}

#[allow(clippy::disallowed_methods, reason = "nothing is written")]
fn is_read_by_people() -> bool {
    std::io::stdout().is_terminal()
}

fn list_command(runtime: &Runtime, command: &'static Command) -> Vec<Block> {
    let usage = format!("{{own}} {}", render_usage(command));
    let operand = command.operand.iter();
    let operand = operand.map(|operand| (operand.name.to_owned(), operand.text));
    let options = command.choices().into_iter().map(describe_choice);
    let mut blocks = vec![
        Block::Usage(vec![usage]),
        Block::Lines("\n".to_owned()),
        Block::Text(command.text),
        Block::Lines("\n".to_owned()),
        Block::Rows(operand.chain(options).collect()),
    ];
    if runtime.launch.delegate_is_conda() && !command.conda_text.is_empty() {
        blocks.push(Block::Lines("\n".to_owned()));
        blocks.push(Block::Text(command.conda_text));
    }
    blocks
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

fn list_overview(runtime: &Runtime) -> Vec<Block> {
    let (usage, options) = if runtime.launch.self_commands {
        (USAGE_SELF, "options:")
    } else {
        (USAGE_DIRECT, "options, before any other word:")
    };
    let commands = COMMANDS.iter();
    let commands = commands.map(|command| (command.word.to_owned(), command.summary));
    let own = [
        ("-h", "show this help"),
        ("-V", "show the version of {runtime}"),
    ];
    let own = own.map(|(name, text)| (name.to_owned(), text)).into_iter();
    let mut blocks = vec![
        Block::Text(INTRODUCTION),
        Block::Lines("\n".to_owned()),
        Block::Usage(usage.map(str::to_owned).to_vec()),
        Block::Lines("\ncommands:\n".to_owned()),
        Block::Rows(commands.collect()),
        Block::Lines(format!("\n{options}\n")),
        Block::Rows(own.chain(GLOBALS.iter().map(describe_choice)).collect()),
        Block::Lines("\n".to_owned()),
    ];
    if !runtime.launch.self_commands {
        blocks.extend([Block::Text(SWALLOWED), Block::Lines("\n".to_owned())]);
    }
    blocks.push(Block::Lines("variables:\n".to_owned()));
    let variables = VARIABLES.iter();
    let variables = variables.map(|(name, text)| ((*name).to_owned(), *text));
    blocks.push(Block::Rows(variables.collect()));
    blocks.push(Block::Lines("\nInstalls to: {prefix}\n".to_owned()));
    if runtime.header.docs_url.is_some() {
        blocks.push(Block::Lines("\nMore: {docs_url}\n".to_owned()));
    }
    blocks
}

fn describe_choice(choice: &'static Choice) -> (String, &'static str) {
    let names = choice.names.join(", ");
    match choice.set {
        Set::Switch(_) => (names, choice.text),
        Set::Value(placeholder, _) => (format!("{names} {placeholder}"), choice.text),
    }
}

fn render_block(block: &Block, values: &Values, columns: usize) -> Vec<String> {
    match block {
        Block::Usage(ways) => wrap_usages(ways.iter().map(|way| values.put_into(way)), columns),
        Block::Lines(text) => text.lines().map(|line| values.put_into(line)).collect(),
        Block::Text(text) => wrap(&values.put_into(text), columns, "", 0),
        Block::Rows(rows) => render_rows(rows, values, columns),
    }
}

fn wrap_usages(usages: impl Iterator<Item = String>, columns: usize) -> Vec<String> {
    const START: &str = "usage: ";
    let starts = std::iter::once(START).chain(std::iter::repeat("       "));
    let wrapped = usages
        .zip(starts)
        .map(|(usage, start)| wrap_usage(&usage, columns, start));
    wrapped.flatten().collect()
}

fn wrap_usage(usage: &str, columns: usize, start: &str) -> Vec<String> {
    // A space that is not one while lines are broken.
    const TIE: char = '\u{a0}';
    let (mut tied, mut is_inside) = (String::new(), false);
    for letter in usage.chars() {
        is_inside = letter == '[' || (is_inside && letter != ']');
        tied.push(if is_inside && letter == ' ' {
            TIE
        } else {
            letter
        });
    }
    let lines = wrap(&tied, columns, start, start.len()).into_iter();
    lines.map(|line| line.replace(TIE, " ")).collect()
}

/// A first column that leaves no room for the second has lines to itself.
fn render_rows(rows: &[(String, &str)], values: &Values, columns: usize) -> Vec<String> {
    const GAP: usize = 2;
    let put_in = |(name, text): &(String, &str)| (values.put_into(name), values.put_into(text));
    let rows: Vec<(String, String)> = rows.iter().map(put_in).collect();
    let widths = rows.iter().map(|(name, _)| name.chars().count());
    let fitting = widths.filter(|width| *width <= columns / 3);
    let width = fitting.max().unwrap_or(0);
    let indent = GAP + width + GAP;
    let mut lines = Vec::new();
    for (name, text) in &rows {
        let mut start = format!("{:GAP$}{name:width$}{:GAP$}", "", "");
        if name.chars().count() > width {
            lines.push(start.trim_end().to_owned());
            start = " ".repeat(indent);
        }
        lines.extend(wrap(text, columns, &start, indent));
    }
    lines
}

/// What a text says of this runtime, by the names that texts have for it.
struct Values(Vec<(&'static str, String)>);

impl Values {
    fn of(runtime: &Runtime) -> Self {
        let header = &runtime.header;
        let variable = |suffix| name_variable(&header.runtime, suffix);
        let prefix_variables = match runtime.launch.prefix_variable.as_deref() {
            Some(own) => format!("{SHARED_PREFIX}, {own}"),
            None => SHARED_PREFIX.to_owned(),
        };
        let prefix = runtime.place.prefix.to_string_lossy();
        let docs_url = header.docs_url.clone().unwrap_or_default();
        Self(vec![
            ("{prefix_variables}", prefix_variables),
            ("{BUNDLE}", variable("BUNDLE")),
            ("{OFFLINE}", variable("OFFLINE")),
            (
                "{IGNORE_VIRTUAL_PACKAGES}",
                variable("IGNORE_VIRTUAL_PACKAGES"),
            ),
            ("{QUIET}", variable("QUIET")),
            ("{PROGRESS}", variable("PROGRESS")),
            ("{prefix}", shorten_paths(&prefix).into_owned()),
            ("{runtime}", header.runtime.clone()),
            ("{delegate}", header.delegate.clone()),
            ("{docs_url}", docs_url),
            ("{version}", header.runtime_version.clone()),
            ("{own}", runtime.own_command()),
            (
                "{name}",
                runtime.command_name.to_string_lossy().into_owned(),
            ),
        ])
    }

    fn put_into(&self, text: &str) -> String {
        let values = self.0.iter();
        values.fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
    }
}

const INTRODUCTION: &str =
    "{runtime} {version}: installs {delegate} on its first run, then runs it.";

const SWALLOWED: &str = "\
    All else goes to {delegate}, `--help` and `--version` too. For options or commands of {delegate} \
    that are listed here, put `--` first: `{name} -- -V`.";

/// Each with the option that it stands for.
const VARIABLES: [(&str, &str); 5] = [
    ("{prefix_variables}", "the same as --path"),
    (
        "{BUNDLE}",
        "directory or .bundle.tar.zst with package archives",
    ),
    ("{OFFLINE}", "1: never use the network"),
    ("{QUIET}", "1: the same as -q"),
    ("{PROGRESS}", "json: the same as --progress json"),
];

const USAGE_DIRECT: [&str; 3] = [
    "{name} [-v] [-q] [--path PATH] [ARGUMENTS OF {delegate}]",
    "{name} [-v] [-q] [--path PATH] COMMAND",
    "{name} -- ARGUMENTS OF {delegate}, never taken as a command of {name}",
];

const USAGE_SELF: [&str; 3] = [
    "{name} [ARGUMENTS OF {delegate}]",
    "{name} self [-v] [-q] [--path PATH] COMMAND",
    "{name} -- ARGUMENTS OF {delegate}, even if the first is `self`",
];
