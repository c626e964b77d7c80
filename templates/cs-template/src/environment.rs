//! The environment of a process in the prefix. What it holds is written down once, in `cs_entry`, which later runs use too.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cs_entry::environment::{EXECUTABLE_DIRECTORIES, Entries, write_environment};

/// Variables and their values, each name once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// The environment that the delegate in `prefix` gets from a process with the variables `inherited`.
    pub fn for_delegate(
        inherited: impl Iterator<Item = (OsString, OsString)>,
        prefix: &Path,
        command_name: &OsStr,
    ) -> Self {
        let inherited: Vec<Vec<u8>> = inherited.map(|pair| join_entry(&pair)).collect();
        let mut collected = Collector::default();
        // Only a collector with a limit ever says that there is no room left.
        let _ = write_environment(
            inherited.iter().map(Vec::as_slice),
            prefix.as_os_str().as_encoded_bytes(),
            command_name.as_encoded_bytes(),
            &mut collected,
        );
        Self(
            collected
                .entries
                .iter()
                .map(|entry| split_entry(entry))
                .collect(),
        )
    }

    /// The value of a variable.
    #[cfg(test)]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        let found = self.0.iter().find(|(present, _)| present == name);
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
        self.0.retain(|(present, _)| present != name);
    }

    /// All variables.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &(OsString, OsString)> {
        self.0.iter()
    }
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

fn join_entry((name, value): &(OsString, OsString)) -> Vec<u8> {
    [name.as_encoded_bytes(), b"=", value.as_encoded_bytes()].concat()
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    fn delegate_environment(inherited: &[(&str, &str)]) -> Environment {
        let inherited = inherited
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Environment::for_delegate(inherited, Path::new("/p"), OsStr::new("demo"))
    }

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

    #[test]
    fn values_that_are_not_text_survive() {
        let odd = OsString::from_vec(vec![b'=', 0xff, b'\n']);
        let inherited = [(OsString::from("ODD"), odd.clone())].into_iter();
        let environment = Environment::for_delegate(inherited, Path::new("/p"), OsStr::new("demo"));
        assert_eq!(environment.get("ODD"), Some(odd.as_os_str()));
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
