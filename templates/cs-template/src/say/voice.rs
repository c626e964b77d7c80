//! How the runtime speaks: to stderr, in words or as JSON events, or not at all; and how results get to stdout.
//!
//! Everything that the runtime writes to a terminal goes through this module, which is why it may
//! and others may not (`clippy.toml`). It takes lines and values, never text with line ends in it:
//! those and all else that commands a terminal come from outside, and are shown instead of obeyed.
//! Paths are short in lines for people, and whole in JSON.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use serde::Serialize;

use crate::process::console::{self, CLEAR_LINE, obeys_escapes};
use crate::process::signals;
use crate::say::error::Error;
use crate::say::escape::{escape_json, escape_line};
use crate::say::form::Form;
use crate::say::paths::shorten_paths;
use crate::say::wrap::fold;

/// Version of the JSON events.
pub const EVENTS_SCHEMA_VERSION: u32 = 1;

/// The runtime's voice.
#[derive(Debug, Clone)]
pub struct Voice {
    /// The name that messages start with.
    pub runtime: String,
    /// Sentences or events.
    pub form: Form,
    /// Nothing but errors.
    pub is_quiet: bool,
    /// Details too.
    pub is_verbose: bool,
    /// Where the runtime installs to, once that is known: a terminal's width does not break this path.
    pub prefix: PathBuf,
}

#[cfg(test)]
impl Voice {
    /// A voice that says errors alone.
    pub fn quiet() -> Self {
        Self {
            runtime: String::new(),
            form: Form::Text,
            is_quiet: true,
            is_verbose: false,
            prefix: PathBuf::new(),
        }
    }
}

/// What became of the prefix: the outcomes that `docs/reference/runtime.md` lists.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// There was none.
    Installed,
    /// Another build's was replaced and is kept.
    Replaced,
    /// The same build was installed again.
    Reinstalled,
    /// It was complete already.
    Unchanged,
    /// Another build's stays in use.
    Kept,
}

/// One JSON event: what `docs/reference/runtime.md` lists.
#[derive(Debug, Serialize, PartialEq)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event<'a> {
    /// The installation begins.
    Start {
        /// Version of the events.
        schema_version: u32,
        /// Runtime name.
        runtime: &'a str,
        /// Runtime version.
        version: &'a str,
        /// Where it is installed.
        prefix: &'a str,
        /// Number of packages.
        packages: usize,
        /// Bytes of all archives, when known.
        archive_bytes: Option<u64>,
    },
    /// Another process holds the prefix.
    Waiting {
        /// What is waited for.
        message: &'a str,
    },
    /// How far the installation is.
    Progress {
        /// Bytes of archives consumed.
        archive_bytes: u64,
        /// Bytes of all archives, when known.
        archive_bytes_total: Option<u64>,
        /// How fast it is, once that is known.
        bytes_per_second: Option<u64>,
        /// Files written.
        files: u64,
        /// Files of all packages, when known.
        files_total: Option<u64>,
        /// Packages in place.
        packages: usize,
        /// Number of packages.
        packages_total: usize,
        /// Python modules compiled.
        modules: usize,
        /// Modules to compile, once that has begun.
        modules_total: Option<usize>,
        /// Estimate of the time left, in seconds.
        seconds_left: Option<f64>,
    },
    /// Something worth knowing.
    Message {
        /// `note` or `warning`.
        level: &'a str,
        /// One sentence or more.
        message: &'a str,
    },
    /// The installation has ended well.
    Done {
        /// What became of the prefix.
        outcome: Ended,
        /// Where it is installed.
        prefix: &'a str,
        /// Files written.
        files: u64,
        /// How long it took.
        seconds: f64,
    },
    /// The runtime ends with a failure of its own.
    Error {
        /// The exit status.
        status: u8,
        /// What, where, what to do.
        message: &'a str,
    },
}

impl Voice {
    /// Whether progress may be drawn with a moving line.
    #[allow(clippy::disallowed_methods, reason = "nothing is written")]
    pub fn can_draw(&self) -> bool {
        self.form == Form::Text
            && io::stderr().is_terminal()
            && variable("TERM").is_none_or(|term| term != "dumb")
            && obeys_escapes()
    }

    /// Whether what is drawn may have colours.
    pub fn has_colours(&self) -> bool {
        self.can_draw() && variable("NO_COLOR").is_none()
    }

    /// Write an event; sentences have nothing to do with it.
    pub fn tell(&self, event: &Event) {
        if self.form == Form::Json && !self.is_quiet {
            write_event(event);
        }
    }

    /// Say one line, unless quiet.
    pub fn note(&self, message: &str) {
        self.say("note", message);
    }

    /// Say one line in the place of the bar that another process may have drawn, unless quiet.
    pub fn note_over(&self, message: &str) {
        if !self.is_quiet && self.can_draw() {
            console::LINE_IS_DRAWN.store(true, Ordering::Relaxed);
        }
        self.note(message);
    }

    /// Say one line that deserves attention, unless quiet.
    pub fn warn(&self, message: &str) {
        self.say("warning", message);
    }

    /// Say one line when asked for details.
    pub fn detail(&self, message: &str) {
        if self.is_verbose {
            self.say("note", message);
        }
    }

    fn say(&self, level: &str, message: &str) {
        if self.is_quiet {
            return;
        }
        match self.form {
            Form::Json => write_event(&Event::Message { level, message }),
            Form::Text if level == "note" => self.write_text(message),
            Form::Text => self.write_text(&format!("{level}: {message}")),
        }
    }

    /// Pass on what `source` has written: in sentences, each of its lines names it, so
    /// that none can pass for another's.
    pub fn quote(&self, source: &str, text: &str) {
        match self.form {
            Form::Json => self.note(&format!("{source}: {text}")),
            Form::Text => text
                .lines()
                .for_each(|line| self.note(&format!("{source}: {line}"))),
        }
    }

    /// Say why the runtime ends, quiet or not.
    pub fn fail(&self, error: &Error) {
        let message = error.explain();
        match self.form {
            Form::Json => write_event(&Event::Error {
                status: error.exit_status(),
                message: &message,
            }),
            Form::Text => self.write_text(&format!("error: {message}")),
        }
    }

    /// Write a sentence after the runtime's name: on a line of its own, or on as many as a terminal needs.
    fn write_text(&self, message: &str) {
        let line = render(&format!("{}: {message}", self.runtime));
        match choose_columns() {
            Some(columns) => write_line(&fold(&line, columns, &self.list_whole()).join("\n")),
            None => write_line(&line),
        }
    }

    /// Paths that a terminal does not break: the prefix, and those next to it.
    fn list_whole(&self) -> Vec<String> {
        let paths = self.prefix.ancestors().take(2);
        paths.map(|path| render(&path.to_string_lossy())).collect()
    }
}

/// Print one line to standard output.
pub fn print_line(line: &str) -> Result<(), Error> {
    print_lines([line])
}

/// Print lines to standard output.
pub fn print_lines(lines: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Error> {
    let lines = lines.into_iter();
    print(&lines.fold(String::new(), |text, line| {
        text + &render(line.as_ref()) + "\n"
    }))
}

/// Print a JSON document to standard output.
pub fn print_json(document: &impl Serialize) -> Result<(), Error> {
    let text =
        serde_json::to_string_pretty(document).map_err(|error| Error::Output(error.into()))?;
    print(&(escape_json(&text) + "\n"))
}

/// A reader that has gone because it has seen enough is not a failure.
fn print(text: &str) -> Result<(), Error> {
    if signals::has_no_output() {
        return Err(Error::NoOutput);
    }
    match write_output(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}

/// Write to the descriptor itself: the standard library does not say so if that cannot be written to.
#[cfg(unix)]
fn write_output(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let write = || rustix::io::write(rustix::stdio::stdout(), bytes);
        match rustix::io::retry_on_intr(write)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            length => bytes = &bytes[length..],
        }
    }
    Ok(())
}

/// The standard library knows how a console is written to.
#[cfg(windows)]
#[allow(clippy::disallowed_methods, reason = "the outlet")]
fn write_output(bytes: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(bytes).and_then(|()| output.flush())
}

fn write_event(event: &Event) {
    if let Ok(line) = serde_json::to_string(event) {
        write_line(&escape_json(&line));
    }
}

/// A line for people: its paths are short, and none of it commands the terminal.
fn render(line: &str) -> String {
    escape_line(&shorten_paths(line)).into_owned()
}

/// A variable of the environment, unless it is empty.
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Replace the terminal's current line by a bar, whose text is the runtime's own, or by nothing.
pub fn draw_bar(line: &str) {
    let mut outlet = lock();
    console::LINE_IS_DRAWN.store(!line.is_empty(), Ordering::Relaxed);
    outlet.write(&format!("{CLEAR_LINE}{line}"));
}

/// Ask a question, to be answered on the same line.
pub fn ask(question: &str) {
    write(&format!("{} ", render(question)));
}

/// End the line of a question that has got no answer.
pub fn end_question() {
    write("\n");
}

/// The width that lines for people are broken to: that of the terminal, if standard error is one.
#[allow(clippy::disallowed_methods, reason = "nothing is written")]
fn choose_columns() -> Option<usize> {
    console::columns().filter(|_| io::stderr().is_terminal())
}

/// Write a line, or several at once, in the place of the bar if there is one.
fn write_line(line: &str) {
    let mut outlet = lock();
    let is_drawn = console::LINE_IS_DRAWN.swap(false, Ordering::Relaxed);
    let clear = if is_drawn { CLEAR_LINE } else { "" };
    outlet.write(&format!("{clear}{line}\n"));
}

fn write(text: &str) {
    lock().write(text);
}

/// Standard error, for one thread at a time: what it finds there stays so until it has written.
struct Outlet(io::StderrLock<'static>);

#[allow(clippy::disallowed_methods, reason = "the outlet")]
fn lock() -> Outlet {
    Outlet(io::stderr().lock())
}

impl Outlet {
    /// Write in one call, so that the lines of several processes do not mix. A failure cannot be reported anywhere.
    fn write(&mut self, text: &str) {
        let _ = self.0.write_all(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_object_that_names_itself() {
        let text = serde_json::to_string(&Event::Error {
            status: 66,
            message: "gone",
        });
        assert_eq!(
            text.unwrap(),
            r#"{"event":"error","status":66,"message":"gone"}"#
        );
    }
}
