//! Environments by name or path, as conda finds them.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use crate::cli::variables::{Lookup, read_value};
use crate::locate::condarc::{list_files, read_list, read_text};
use crate::locate::expand::expand_path;
use crate::locate::home::find_home;
use crate::say::error::Error;

/// An environment that a shell can be started in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its directory.
    pub prefix: PathBuf,
    /// What conda calls it: `base`, the name of its directory in a directory `envs`, else its path.
    pub name: String,
    /// The argument by which conda finds it.
    pub target: OsString,
}

/// Find the environment that the user means: the prefix `root` itself, a name in one of
/// conda's directories of environments, one of those that conda has noted down, or a path.
pub fn find_environment(
    root: &Path,
    wanted: Option<&OsStr>,
    lookup: Lookup,
) -> Result<Found, Error> {
    let wanted = match wanted {
        None => return Ok(Found::at(root, root.to_owned())),
        Some(wanted) if wanted == "base" || wanted == "root" => {
            return Ok(Found::at(root, root.to_owned()));
        }
        Some(wanted) => wanted,
    };
    let directories = list_directories(root, lookup);
    if is_path(wanted) {
        let expanded = expand_path(wanted, lookup).unwrap_or_else(|_| wanted.to_owned());
        let prefix = std::path::absolute(&expanded).unwrap_or_else(|_| expanded.into());
        if is_environment(&prefix) {
            return Ok(Found::at(root, prefix));
        }
    } else if let Some(prefix) = directories
        .iter()
        .map(|directory| directory.join(wanted))
        .find(|prefix| is_environment(prefix))
    {
        return Ok(Found {
            target: wanted.to_owned(),
            ..Found::at(root, prefix)
        });
    } else if let Some(prefix) = find_noted(wanted, lookup) {
        return Ok(Found::at(root, prefix));
    }
    Err(Error::NoEnvironment {
        name: wanted.to_string_lossy().into_owned(),
        prefix: root.to_owned(),
        known: name_environments(&directories),
    })
}

impl Found {
    fn at(root: &Path, prefix: PathBuf) -> Self {
        let is_named = prefix.parent().and_then(Path::file_name) == Some(OsStr::new("envs"));
        let name = match prefix.file_name() {
            _ if prefix == root => "base".into(),
            Some(name) if is_named => name.to_string_lossy(),
            _ => prefix.to_string_lossy(),
        };
        Self {
            name: name.into_owned(),
            target: prefix.clone().into_os_string(),
            prefix,
        }
    }
}

fn is_environment(prefix: &Path) -> bool {
    prefix.join("conda-meta").is_dir()
}

/// A name has no separators in it and is neither `.` nor `..`.
fn is_path(wanted: &OsStr) -> bool {
    let path = Path::new(wanted);
    let is_name = matches!(path.components().next(), Some(Component::Normal(_)));
    !is_name || path.components().count() > 1
}

/// Where conda, installed at `root`, looks for environments by name: what variables and configuration say, then the
/// prefix's own `envs` and the user's. Which of these comes first depends, as in conda, on who may write to the prefix.
fn list_directories(root: &Path, lookup: Lookup) -> Vec<PathBuf> {
    let mut own = [root.join("envs"), PathBuf::from("~/.conda/envs")];
    if !is_writable(&root.join("conda-meta/history")) {
        own.reverse();
    }
    let mut directories = Vec::new();
    for path in list_configured(root, lookup).into_iter().chain(own) {
        let expanded = expand_path(path.as_os_str(), lookup).ok();
        let absolute = expanded.and_then(|path| std::path::absolute(path).ok());
        directories.extend(absolute.filter(|path| !directories.contains(path)));
    }
    directories
}

/// The directories that variables name, then those of configuration files.
fn list_configured(root: &Path, lookup: Lookup) -> Vec<PathBuf> {
    let variable = ["CONDA_ENVS_DIRS", "CONDA_ENVS_PATH"]
        .iter()
        .find_map(|name| read_value(name, lookup));
    let of_variable = variable.iter().flat_map(std::env::split_paths);
    let mut listed: Vec<PathBuf> = of_variable.collect();
    for file in list_files(root, lookup) {
        let text = read_text(&file).unwrap_or_default();
        for item in read_list(&text, &["envs_dirs", "envs_path"]) {
            listed.extend(std::env::split_paths(&item));
        }
    }
    listed
}

/// Whether this user may write to a file: asked by opening it, which changes nothing.
fn is_writable(path: &Path) -> bool {
    std::fs::OpenOptions::new().append(true).open(path).is_ok()
}

/// An environment of this name among those that conda has noted in
/// `~/.conda/environments.txt`; none if there are several.
fn find_noted(wanted: &OsStr, lookup: Lookup) -> Option<PathBuf> {
    let file = find_home(lookup)?.join(".conda/environments.txt");
    let text = read_text(&file)?;
    let mut named = text
        .lines()
        .map(|line| PathBuf::from(line.trim()))
        .filter(|path| path.is_absolute() && path.file_name() == Some(wanted))
        .filter(|path| is_environment(path));
    let found = named.next()?;
    named.all(|other| other == found).then_some(found)
}

fn name_environments(directories: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = directories
        .iter()
        .filter_map(|directory| std::fs::read_dir(directory).ok())
        .flatten()
        .flatten()
        .filter(|entry| is_environment(&entry.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A home, a prefix in it, and environments.
    struct Bench(tempfile::TempDir);

    impl Bench {
        fn with(environments: &[&str]) -> Self {
            let bench = Self(tempfile::tempdir().unwrap());
            for name in ["root"].iter().chain(environments) {
                fs::create_dir_all(bench.path(name).join("conda-meta")).unwrap();
            }
            fs::write(bench.path("root/conda-meta/history"), "").unwrap();
            bench
        }

        fn path(&self, name: &str) -> PathBuf {
            let mut path = self.0.path().to_owned();
            path.extend(name.split('/'));
            path
        }

        fn find(&self, wanted: &str, variables: &[(&str, &str)]) -> Option<Found> {
            let lookup = |name: &str| match name {
                "HOME" | "USERPROFILE" => Some(self.0.path().into()),
                name => variables
                    .iter()
                    .find(|(other, _)| *other == name)
                    .map(|(_, value)| value.replace("{}", self.0.path().to_str().unwrap()).into()),
            };
            find_environment(&self.path("root"), Some(wanted.as_ref()), &lookup).ok()
        }
    }

    #[test]
    fn base_is_the_prefix_itself() {
        let bench = Bench::with(&[]);
        for wanted in ["base", "root"] {
            let found = bench.find(wanted, &[]).unwrap();
            assert_eq!(
                (found.prefix, found.name),
                (bench.path("root"), "base".into())
            );
        }
    }

    #[test]
    fn dots_and_separators_make_a_path() {
        for wanted in [".", "..", "./e", "../e", "a/e", "/e"] {
            assert!(is_path(wanted.as_ref()), "{wanted}");
        }
        for wanted in ["e", ".e", "e.f", "..."] {
            assert!(!is_path(wanted.as_ref()), "{wanted}");
        }
    }

    #[test]
    fn an_environment_may_be_named_by_its_path() {
        let bench = Bench::with(&["some/where", "other/envs/e"]);
        let path = bench.path("some/where");
        let found = bench.find(path.to_str().unwrap(), &[]).unwrap();
        assert_eq!(found.name, path.to_str().unwrap());
        assert_eq!(found.prefix, path);
        let found = bench.find("~/other/envs/e", &[]).unwrap();
        assert_eq!(
            (found.name.as_str(), found.prefix),
            ("e", bench.path("other/envs/e"))
        );
        assert_eq!(bench.find("~/nowhere/e", &[]), None);
    }

    #[test]
    fn names_are_looked_up_where_conda_does() {
        let own = [
            "root/envs/e",
            ".conda/envs/e",
            "configured/e",
            "variable/e",
            "noted/envs/e",
        ];
        for place in own {
            let bench = Bench::with(&[place]);
            fs::write(bench.path(".condarc"), "envs_dirs:\n  - ~/configured\n").unwrap();
            fs::create_dir_all(bench.path(".conda")).unwrap();
            let noted = format!("{}\n", bench.path("noted/envs/e").display());
            fs::write(bench.path(".conda/environments.txt"), noted).unwrap();
            for variable in ["CONDA_ENVS_DIRS", "CONDA_ENVS_PATH"] {
                let directories = [bench.path("missing"), bench.path("variable")];
                let value = std::env::join_paths(directories).unwrap();
                let found = bench.find("e", &[(variable, value.to_str().unwrap())]);
                assert_eq!(found.unwrap().prefix, bench.path(place), "{place}");
            }
            assert_eq!(bench.find("other", &[]), None);
        }
    }

    #[test]
    fn variables_win_over_configuration_and_both_over_the_prefix() {
        let bench = Bench::with(&["root/envs/e", ".conda/envs/e", "configured/e", "variable/e"]);
        fs::write(bench.path(".condarc"), "envs_dirs: [~/configured]\n").unwrap();
        let prefix = |variables: &[_]| bench.find("e", variables).unwrap().prefix;
        assert_eq!(
            prefix(&[("CONDA_ENVS_DIRS", "~/variable")]),
            bench.path("variable/e")
        );
        assert_eq!(prefix(&[]), bench.path("configured/e"));
        fs::remove_file(bench.path(".condarc")).unwrap();
        assert_eq!(prefix(&[]), bench.path("root/envs/e"));
        // conda makes a shared prefix's environments at the user's place.
        fs::remove_file(bench.path("root/conda-meta/history")).unwrap();
        assert_eq!(prefix(&[]), bench.path(".conda/envs/e"));
    }

    #[test]
    fn a_name_that_was_noted_twice_is_none() {
        let bench = Bench::with(&["a/envs/e", "b/envs/e", ".conda"]);
        let noted =
            ["a", "b"].map(|name| format!("{}\n", bench.path(name).join("envs/e").display()));
        fs::write(bench.path(".conda/environments.txt"), noted.concat()).unwrap();
        assert_eq!(bench.find("e", &[]), None);
        fs::remove_dir_all(bench.path("b")).unwrap();
        assert_eq!(bench.find("e", &[]).unwrap().prefix, bench.path("a/envs/e"));
    }
}
