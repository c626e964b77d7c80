//! The environment of a process in the prefix. What it holds is written down once, in
//! `cs_entry`, which later runs use too.

#[cfg(unix)]
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cs_entry::environment::{
    Context, EXECUTABLE_DIRECTORIES, Entries, find_active, is_same_name, write_environment,
};

/// Variables and their values, each name once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// The environment that a process in the prefix of `context` gets from one with the variables `inherited`.
    pub fn for_process(
        inherited: impl Iterator<Item = (OsString, OsString)>,
        context: &Context,
    ) -> Self {
        let inherited = join_entries(inherited);
        let mut collected = Collector::default();
        // Only a collector with a limit ever says that there is no room left.
        let _ = write_environment(inherited.iter().map(Vec::as_slice), context, &mut collected);
        Self(
            collected
                .entries
                .iter()
                .map(|entry| split_entry(entry))
                .collect(),
        )
    }

    /// Variables by name; of two with one name the first counts, as it does in C.
    #[cfg(unix)]
    pub fn to_map(&self) -> BTreeMap<OsString, OsString> {
        self.iter().rev().cloned().collect()
    }

    /// The value of a variable.
    #[cfg(test)]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        let found = self.0.iter().find(|(present, _)| is_same(present, name));
        found.map(|(_, value)| value.as_os_str())
    }

    /// Set a variable.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let name = name.into();
        self.remove(&name);
        self.0.push((name, value.into()));
    }

    /// Remove a variable.
    pub fn remove(&mut self, name: impl AsRef<OsStr>) {
        let name = name.as_ref();
        self.0.retain(|(present, _)| !is_same(present, name));
    }

    /// All variables.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &(OsString, OsString)> {
        self.0.iter()
    }
}

/// Whether two variables of these names are one.
fn is_same(left: &OsStr, right: impl AsRef<OsStr>) -> bool {
    is_same_name(left.as_encoded_bytes(), right.as_ref().as_encoded_bytes())
}

/// Whether an environment that is active among `inherited` stays so.
pub fn keeps_active(
    inherited: impl Iterator<Item = (OsString, OsString)>,
    context: &Context,
) -> bool {
    let inherited = join_entries(inherited);
    find_active(inherited.iter().map(Vec::as_slice), context).is_some()
}

/// The prefix's directories with executables, first one first.
pub fn executable_directories(prefix: &Path) -> Vec<PathBuf> {
    EXECUTABLE_DIRECTORIES
        .split(|byte| *byte == b'\n')
        .filter_map(|directory| str::from_utf8(directory).ok())
        .map(|directory| match directory {
            "" => prefix.to_owned(),
            directory => prefix.join(directory),
        })
        .collect()
}

/// Join directories as `PATH` has them.
pub fn join_directories(directories: &[PathBuf]) -> OsString {
    let separator = if cfg!(windows) { ";" } else { ":" };
    let mut joined = OsString::new();
    for directory in directories {
        if !joined.is_empty() {
            joined.push(separator);
        }
        joined.push(directory);
    }
    joined
}

#[derive(Default)]
struct Collector {
    entries: Vec<Vec<u8>>,
    open: Vec<u8>,
}

impl<'a> Entries<'a> for Collector {
    fn keep(&mut self, entry: &'a [u8]) -> Option<()> {
        self.entries.push(entry.to_vec());
        Some(())
    }

    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        self.open.extend_from_slice(bytes);
        Some(())
    }

    fn end(&mut self) -> Option<()> {
        self.entries.push(std::mem::take(&mut self.open));
        Some(())
    }
}

fn join_entries(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<Vec<u8>> {
    variables
        .map(|(name, value)| [name.as_encoded_bytes(), b"=", value.as_encoded_bytes()].concat())
        .collect()
}

/// Split at the first `=` that is not the name's first character: Windows has names that begin with one.
fn split_entry(entry: &[u8]) -> (OsString, OsString) {
    let equals = entry.iter().skip(1).position(|byte| *byte == b'=');
    let (name, value) = entry.split_at(equals.map_or(entry.len(), |position| position + 1));
    let value = value.strip_prefix(b"=").unwrap_or(value);
    let [name, value] = [name, value].map(|bytes| {
        // SAFETY: entries are joined from encoded bytes of whole strings and ASCII, and split at ASCII characters.
        unsafe { OsString::from_encoded_bytes_unchecked(bytes.to_vec()) }
    });
    (name, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: Context = Context {
        prefix: b"/p",
        command_name: b"demo",
        delegate_is_conda: false,
        replaces_active: false,
    };

    fn delegate_environment(inherited: &[(&str, &str)]) -> Environment {
        let inherited = inherited
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Environment::for_process(inherited, &CONTEXT)
    }

    #[cfg(unix)]
    #[test]
    fn the_delegate_finds_the_prefix_first_on_path() {
        let environment = delegate_environment(&[("PATH", "/usr/bin")]);
        let path = environment.get("PATH").unwrap();
        assert_eq!(path, "/p/bin:/p/condabin:/usr/bin");
        assert_eq!(environment.get("CONDA_PREFIX").unwrap(), "/p");
    }

    #[test]
    fn an_outer_environment_does_not_leak() {
        let environment = delegate_environment(&[("CONDA_PREFIX_1", "/o"), ("CONDA_EXE", "/o/c")]);
        assert_eq!(environment.get("CONDA_PREFIX_1"), None);
        assert_eq!(environment.get("CONDA_EXE"), None);
        assert_eq!(environment.get("CONDA_SHLVL").unwrap(), "1");
    }

    #[cfg(unix)]
    #[test]
    fn values_that_are_not_text_survive() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(vec![b'=', 0xff, b'\n']);
        let inherited = [(OsString::from("ODD"), odd.clone())].into_iter();
        let environment = Environment::for_process(inherited, &CONTEXT);
        assert_eq!(environment.get("ODD"), Some(odd.as_os_str()));
    }

    #[test]
    fn capitals_make_another_variable_on_unix_alone() {
        let mut environment = Environment::default();
        environment.set("Name", "1");
        environment.set("NAME", "2");
        let first = environment.get("Name").unwrap();
        assert_eq!(first, if cfg!(windows) { "2" } else { "1" });
        environment.remove("name");
        assert_eq!(environment.get("NAME").is_none(), cfg!(windows));
    }

    #[test]
    fn setting_a_variable_replaces_it() {
        let mut environment = delegate_environment(&[]);
        environment.set("CONDA_PREFIX", "/q");
        let found = environment
            .iter()
            .filter(|(name, _)| name == "CONDA_PREFIX");
        assert_eq!(found.count(), 1);
    }
}
