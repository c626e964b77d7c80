//! The runtime's own environment variables: what their names are and what they say.

use std::ffi::OsString;
use std::path::PathBuf;

pub use cs_stamp::name_variable;

/// Looks up an environment variable; a parameter so that tests need not touch the process.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Names the user's shell.
pub const SHELL_VARIABLE: &str = if cfg!(windows) { "COMSPEC" } else { "SHELL" };
/// The variable that names the prefix of any runtime.
pub const SHARED_PREFIX: &str = "CONDA_SHIP_PREFIX";

/// What the user asked for through the environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables {
    /// `DEMO_BUNDLE`: where package archives are.
    pub bundle: Option<PathBuf>,
    /// `DEMO_OFFLINE`: never use the network.
    pub is_offline: bool,
    /// `DEMO_IGNORE_VIRTUAL_PACKAGES`: install whatever the machine has.
    pub ignores_machine: bool,
    /// `DEMO_QUIET`: say nothing but errors.
    pub is_quiet: bool,
    /// `DEMO_PROGRESS`: how progress is shown.
    pub progress: Option<OsString>,
}

/// Read the variables of `runtime`. An empty variable counts as one that is not set.
pub fn read_variables(runtime: &str, lookup: Lookup) -> Variables {
    let value = |suffix| read_value(&name_variable(runtime, suffix), lookup);
    Variables {
        bundle: value("BUNDLE").map(PathBuf::from),
        is_offline: value("OFFLINE").is_some_and(|text| is_true(&text)),
        ignores_machine: value("IGNORE_VIRTUAL_PACKAGES").is_some_and(|text| is_true(&text)),
        is_quiet: value("QUIET").is_some_and(|text| is_true(&text)),
        progress: value("PROGRESS"),
    }
}

/// Read one variable; empty counts as unset.
pub fn read_value(name: &str, lookup: Lookup) -> Option<OsString> {
    lookup(name).filter(|value| !value.is_empty())
}

/// `0`, `false`, `no` and `off` switch off; anything else switches on.
fn is_true(value: &OsString) -> bool {
    let text = value.to_string_lossy().to_ascii_lowercase();
    !matches!(text.trim(), "0" | "false" | "no" | "off" | "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_characters_than_letters_and_digits_become_underscores() {
        assert_eq!(name_variable("my-demo.2", "BUNDLE"), "MY_DEMO_2_BUNDLE");
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let found = read_variables("demo", &|_| Some(OsString::new()));
        assert_eq!(found, Variables::default());
    }

    #[test]
    fn words_of_refusal_switch_a_flag_off() {
        for word in ["0", "false", "No", "OFF"] {
            let found = read_variables("demo", &|name| {
                (name == "DEMO_OFFLINE").then(|| OsString::from(word))
            });
            assert!(!found.is_offline, "{word}");
        }
    }

    #[test]
    fn any_other_word_switches_a_flag_on() {
        let found = read_variables("demo", &|name| {
            (name == "DEMO_QUIET").then(|| OsString::from("1"))
        });
        assert!(found.is_quiet);
    }
}
