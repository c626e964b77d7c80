//! `entry_points.txt`: the commands of a wheel.

use std::collections::BTreeMap;

use crate::fault::Fault;

/// A command that calls a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntryPoint {
    pub(super) command: String,
    pub(super) module: String,
    pub(super) function: String,
}

/// All commands of a wheel, those of one kind by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct EntryPoints {
    pub(super) console: Vec<EntryPoint>,
    pub(super) gui: Vec<EntryPoint>,
}

impl EntryPoints {
    /// Whether there is a command of this name.
    pub(super) fn has(&self, command: &str) -> bool {
        let mut all = self.console.iter().chain(&self.gui);
        all.any(|entry_point| entry_point.command == command)
    }
}

const FILE: &str = "entry_points.txt";

/// Parse the file as uv does: lines `NAME = MODULE:FUNCTION [EXTRAS]` in sections, of which two are about commands.
pub(super) fn parse_entry_points(text: &[u8], python_minor: &str) -> Result<EntryPoints, Fault> {
    let text = std::str::from_utf8(text).map_err(|_| Fault::damaged_at(FILE, "it is not UTF-8"))?;
    let mut console = BTreeMap::new();
    let mut gui = BTreeMap::new();
    let mut section = None;
    for line in text.lines() {
        let line = line.split(['#', ';']).next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[') {
            section = match name.split(']').next().unwrap_or_default().trim() {
                "console_scripts" => Some(&mut console),
                "gui_scripts" => Some(&mut gui),
                _ => None,
            };
        } else if let (Some(section), false) = (&mut section, line.is_empty()) {
            let entry_point = parse_line(line)?;
            section.insert(entry_point.command.clone(), entry_point);
        }
    }
    let mut console: Vec<EntryPoint> = console.into_values().collect();
    name_pip_by_version(&mut console, python_minor);
    let gui = gui.into_values().collect();
    Ok(EntryPoints { console, gui })
}

fn parse_line(line: &str) -> Result<EntryPoint, Fault> {
    let refuse = |reason: &str| Fault::damaged_at(FILE, format!("{line:?}: {reason}"));
    let (command, value) = line.split_once('=').ok_or_else(|| refuse("no '=' in it"))?;
    let (module, rest) = value
        .split_once(':')
        .ok_or_else(|| refuse("no ':' in it"))?;
    let (function, extras) = match rest.split_once('[') {
        Some((function, extras)) => (function, Some(extras.trim_end())),
        None => (rest, None),
    };
    let (module, function) = (module.trim(), function.trim());
    if !is_reference(module) || !is_reference(function) {
        return Err(refuse("module and function must be names"));
    }
    if extras.is_some_and(|extras| !extras.ends_with(']')) {
        return Err(refuse("the extras do not end"));
    }
    let command = command.trim();
    if command.is_empty() || command.contains(['/', '\\', '\0']) || matches!(command, "." | "..") {
        let reason = "the command is not a plain file name";
        return Err(Fault::hostile(FILE, format!("{line:?}: {reason}")));
    }
    Ok(EntryPoint {
        command: command.to_owned(),
        module: module.to_owned(),
        function: function.to_owned(),
    })
}

/// Whether the text may stand in Python code for a module or function: nothing but letters, digits, `_`, `.` and `-`.
fn is_reference(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '-');
    !text.is_empty() && text.chars().all(is_plain)
}

/// `pip3.N` is for the Python that pip is put in place for, whatever the wheel calls it.
fn name_pip_by_version(console: &mut Vec<EntryPoint>, python_minor: &str) {
    console.retain(|entry_point| {
        let minor = entry_point.command.strip_prefix("pip3.");
        minor.is_none_or(|minor| minor.parse::<u8>().is_err())
    });
    let template = console
        .iter()
        .find(|entry_point| entry_point.command == "pip3");
    console.extend(template.cloned().map(|entry_point| EntryPoint {
        command: format!("pip3.{python_minor}"),
        ..entry_point
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<[String; 3]>, String> {
        let parsed =
            parse_entry_points(text.as_bytes(), "11").map_err(|fault| fault.to_string())?;
        let all = parsed.console.into_iter().chain(parsed.gui);
        Ok(all
            .map(|one| [one.command, one.module, one.function])
            .collect())
    }

    fn one(line: &str) -> Result<[String; 3], String> {
        parse(&format!("[console_scripts]\n{line}\n")).map(|mut all| all.remove(0))
    }

    #[test]
    fn a_command_calls_a_function_of_a_module() {
        for (line, expected) in [
            ("run = a.b:main", ["run", "a.b", "main"]),
            ("run=a:b.c.d [x, y]", ["run", "a", "b.c.d"]),
            ("  two words = m : f[cli] ", ["two words", "m", "f"]),
            ("Run = a:b # of old", ["Run", "a", "b"]),
        ] {
            assert_eq!(one(line).unwrap(), expected.map(str::to_owned), "{line}");
        }
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for line in [
            "run",
            "run: a:b",
            "run = a",
            "run = :b",
            "run = a:",
            "run = a:b()",
            "run = a b:c",
            "run = a:b [x",
            "../x = a:b",
            "a/b = a:b",
            "a\\b = a:b",
            ".. = a:b",
            " = a:b",
        ] {
            assert!(one(line).is_err(), "{line}");
        }
    }

    #[test]
    fn only_sections_of_commands_count_and_the_last_of_a_name() {
        let text = "[other]\nnonsense\n[console_scripts]\na = m:f\n; no\n# no\na = m:g\n\
                    [gui_scripts]\nw = m:h\n[console_scripts]\nb = m:i\n";
        let commands: Vec<String> = parse(text)
            .unwrap()
            .into_iter()
            .map(|one| one.join(" "))
            .collect();
        assert_eq!(commands, ["a m g", "b m i", "w m h"]);
    }

    #[test]
    fn pip_is_called_by_the_version_of_its_python() {
        let text = "[console_scripts]\npip = p:m\npip3 = p:m\npip3.9 = p:m\npip3.x = p:m\nother3.9 = p:m\n";
        let commands: Vec<String> = parse(text)
            .unwrap()
            .into_iter()
            .map(|[command, ..]| command)
            .collect();
        assert_eq!(commands, ["other3.9", "pip", "pip3", "pip3.x", "pip3.11"]);
    }
}
