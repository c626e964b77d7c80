//! What `cmd` runs, and the list of variables that it writes then.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::run::environment::Environment;

/// How the names of variables start that exist while the scripts run, and do not reach the delegate.
const OWN: &str = "_CS_";
/// Says that a list of variables is whole: set behind the last script.
const END: &str = "_CS_ACTIVATED";

type Variable = (OsString, OsString);

/// What `cmd` runs: all scripts, one after the other, then the list of what they have set.
///
/// Their paths are in [`name_scripts`]' variables: within quotes, `cmd` takes nothing of a variable's value for an
/// operator, a caret or another variable. `call` would, and scripts of a command line come back without it.
pub fn write_line(scripts: usize) -> String {
    let runs: String = (0..scripts)
        .map(|number| format!("\"%{}%\" >nul & ", name_script(number)))
        .collect();
    format!("/d /v:off /u /s /c \"{runs}set {END}=1& set\"")
}

/// The variables that [`write_line`] relies on.
pub fn name_scripts(scripts: &[PathBuf]) -> impl Iterator<Item = (String, &PathBuf)> {
    let numbered = scripts.iter().enumerate();
    numbered.map(|(number, script)| (name_script(number), script))
}

fn name_script(number: usize) -> String {
    format!("{OWN}SCRIPT_{number}")
}

/// Take out the variables with several lines in their value: a list of lines cannot contain them.
pub fn set_aside(environment: &mut Environment) -> Vec<Variable> {
    let has_lines = |(_, value): &&Variable| {
        let bytes = value.as_encoded_bytes();
        bytes.contains(&b'\n') || bytes.contains(&b'\r')
    };
    let found: Vec<Variable> = environment.iter().filter(has_lines).cloned().collect();
    found.iter().for_each(|(name, _)| environment.remove(name));
    found
}

/// The text of a list in UTF-16.
pub fn read_list(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16_lossy(&units)
}

/// Whether the list has come to its end.
pub fn is_whole(text: &str) -> bool {
    list_variables(text).any(|(name, _)| name == END)
}

/// Set what is listed, remove what is not, and put back what was set aside.
pub fn take_over(environment: &mut Environment, text: &str, kept: Vec<Variable>) {
    let is_gone = |name: &OsString| {
        let name = name.to_string_lossy();
        // Current directories of drives, which `set` does not list, begin with an equals sign.
        !name.starts_with('=')
            && !list_variables(text).any(|(other, _)| name.eq_ignore_ascii_case(other))
    };
    let names: Vec<OsString> = environment.iter().map(|(name, _)| name.clone()).collect();
    names
        .iter()
        .filter(|name| is_gone(name))
        .for_each(|name| environment.remove(name));
    let listed = list_variables(text).map(|(name, value)| (name.into(), value.into()));
    for (name, value) in listed
        .chain(kept)
        .filter(|(name, _): &Variable| !is_own(name))
    {
        environment.set(name, value);
    }
}

fn is_own(name: &OsString) -> bool {
    name.as_encoded_bytes().starts_with(OWN.as_bytes())
}

fn list_variables(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let mut environment = Environment::default();
        for (name, value) in variables {
            environment.set(*name, *value);
        }
        environment
    }

    #[test]
    fn what_scripts_set_change_and_remove_is_taken_over() {
        let mut found = environment(&[("GONE", "1"), ("KEPT", "2"), ("=C:", "C:\\x")]);
        let text = "KEPT=3\r\nNEW=a=b\r\n_CS_ACTIVATED=1\r\n";
        assert!(is_whole(text) && !is_whole("KEPT=3\r\n"));
        take_over(&mut found, text, Vec::new());
        assert_eq!(
            found,
            environment(&[("=C:", "C:\\x"), ("KEPT", "3"), ("NEW", "a=b")])
        );
    }

    #[test]
    fn values_of_several_lines_are_not_torn() {
        let lines = ("LINES", "one\ntwo=2\r\nthree");
        let mut found = environment(&[lines, ("PLAIN", "1")]);
        let kept = set_aside(&mut found);
        assert_eq!(found, environment(&[("PLAIN", "1")]));
        take_over(&mut found, "PLAIN=1\r\n_CS_ACTIVATED=1\r\n", kept);
        assert_eq!(found, environment(&[("PLAIN", "1"), lines]));
    }

    #[test]
    fn a_list_is_read_as_utf_16() {
        let bytes: Vec<u8> = "A=\u{e4}\u{540d}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(read_list(&bytes), "A=\u{e4}\u{540d}");
    }

    #[test]
    fn every_script_runs_before_the_list_is_written() {
        let line = r#"/d /v:off /u /s /c ""%_CS_SCRIPT_0%" >nul & "%_CS_SCRIPT_1%" >nul & "#;
        let end = r#"set _CS_ACTIVATED=1& set""#;
        assert_eq!(write_line(2), format!("{line}{end}"));
        let scripts = ["a b.bat".into(), "c.bat".into()];
        let named: Vec<_> = name_scripts(&scripts).collect();
        assert_eq!(named[1], ("_CS_SCRIPT_1".to_owned(), &scripts[1]));
    }

    #[test]
    fn the_variables_that_name_the_scripts_do_not_stay() {
        let mut found = environment(&[]);
        let text = "A=1\r\n_CS_ACTIVATED=1\r\n_CS_SCRIPT_0=C:\\a.bat\r\n";
        take_over(&mut found, text, Vec::new());
        assert_eq!(found, environment(&[("A", "1")]));
    }
}
