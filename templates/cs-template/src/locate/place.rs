//! Which prefix is meant: an option, a variable, or the install scheme.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use cs_stamp::Launch;

use crate::cli::variables::{Lookup, SHARED_PREFIX, read_value};
use crate::locate::expand::expand_path;
use crate::locate::home::{find_home, find_user_data};
use crate::locate::verbatim::{find_real, simplify};
use crate::say::error::Error;

/// A prefix, and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The absolute path of the prefix.
    pub prefix: PathBuf,
    /// `--path`, the name of a variable, or `install-scheme`.
    pub named_by: String,
}

/// Linux accepts no longer paths.
#[cfg(target_os = "linux")]
const PATH_LIMIT_BYTES: usize = 4096;
/// What names the prefix when nobody does.
const INSTALL_SCHEME: &str = "install-scheme";

impl Place {
    /// Where the prefix would be if anybody knew below what: for texts only.
    pub fn unknown(launch: &Launch) -> Self {
        Self {
            prefix: launch.prefix.clone().into(),
            named_by: INSTALL_SCHEME.to_owned(),
        }
    }

    /// Whether the place was the runtime's own choice.
    pub fn is_default(&self) -> bool {
        self.named_by == INSTALL_SCHEME
    }
}

/// Find the prefix that the user means. `option` is the value of `--path`.
pub fn find_place(option: Option<&Path>, launch: &Launch, lookup: Lookup) -> Result<Place, Error> {
    if let Some(option) = option {
        return settle(expand(option, "--path", lookup)?, "--path");
    }
    let inherited = Inherited::read(launch, lookup);
    let variable = inherited.find_variable(launch);
    let named_by = variable.as_deref().unwrap_or(INSTALL_SCHEME);
    if let Some(prefix) = inherited.find_plain(launch) {
        return check(prefix, named_by);
    }
    let path = match &variable {
        Some(name) => expand(
            read_value(name, lookup).unwrap_or_default().as_ref(),
            name,
            lookup,
        )?,
        None => find_default(launch, lookup)?,
    };
    settle(path, named_by)
}

fn expand(path: &Path, named_by: &str, lookup: Lookup) -> Result<PathBuf, Error> {
    expand_path(path.as_os_str(), lookup)
        .map(PathBuf::from)
        .map_err(|reason| Error::refuse_prefix(path, named_by, &reason))
}

fn settle(path: PathBuf, named_by: &str) -> Result<Place, Error> {
    check(make_absolute(&path, named_by)?, named_by)
}

fn check(prefix: PathBuf, named_by: &str) -> Result<Place, Error> {
    check_prefix(&prefix, named_by)?;
    Ok(Place {
        prefix,
        named_by: named_by.to_owned(),
    })
}

/// The variables that can name the prefix, as the functions of the fast path ask for them.
struct Inherited(Vec<(String, OsString)>);

impl Inherited {
    fn read(launch: &Launch, lookup: Lookup) -> Self {
        let own = launch.prefix_variable.as_deref();
        let names = [SHARED_PREFIX, "HOME", "XDG_DATA_HOME"]
            .into_iter()
            .chain(own);
        Self(
            names
                .filter_map(|name| Some((name.to_owned(), lookup(name)?)))
                .collect(),
        )
    }

    fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let found = self.0.iter().find(|(own, _)| own.as_bytes() == name)?;
        Some(found.1.as_encoded_bytes())
    }

    /// Which variable names the prefix, if one does.
    fn find_variable(&self, launch: &Launch) -> Option<String> {
        let own = launch.as_entry().prefix_variable;
        let (name, _) = cs_entry::place::find_variable(own, |name| self.get(name))?;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    /// What the fast path takes for the prefix, where it has an answer: that is the answer then.
    #[cfg(target_os = "linux")]
    fn find_plain(&self, launch: &Launch) -> Option<PathBuf> {
        use std::os::unix::ffi::OsStringExt;
        let mut memory = [0; PATH_LIMIT_BYTES];
        let mut text = cs_entry::text::Text::new(&mut memory);
        let get = |name: &[u8]| self.get(name);
        let path = cs_entry::place::write_prefix(&launch.as_entry(), get, &mut text)?;
        let path = path.strip_suffix(b"\0")?;
        Some(OsString::from_vec(path.to_vec()).into())
    }

    /// Only Linux has the fast path.
    #[cfg(not(target_os = "linux"))]
    fn find_plain(&self, _launch: &Launch) -> Option<PathBuf> {
        None
    }
}

/// The install scheme's directory. The stamp has its last part, which begins with `.conda` or `conda`.
fn find_default(launch: &Launch, lookup: Lookup) -> Result<PathBuf, Error> {
    let base = if launch.user_data {
        find_user_data(lookup)
    } else {
        find_home(lookup)
    };
    base.map(|base| base.join(&launch.prefix))
        .ok_or_else(|| Error::NoHome {
            variable: launch
                .prefix_variable
                .clone()
                .unwrap_or_else(|| SHARED_PREFIX.to_owned()),
        })
}

/// Make a path absolute and free of `.`, `..` and doubled separators. `..` is resolved as the system would: through symbolic
/// links, where the directory before it exists.
fn make_absolute(path: &Path, named_by: &str) -> Result<PathBuf, Error> {
    let absolute = std::path::absolute(path)
        .map_err(|source| Error::refuse_prefix(path, named_by, &source.to_string()))?;
    let absolute = simplify(absolute);
    let mut clean = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                clean = find_real(&clean);
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    Ok(clean)
}

/// Refuse a path that would break the files written into it, or `PATH`.
fn check_prefix(prefix: &Path, named_by: &str) -> Result<(), Error> {
    let Some(text) = prefix.to_str() else {
        let reason = "it is not valid UTF-8, and package files hold the path as text";
        return Err(Error::refuse_prefix(prefix, named_by, reason));
    };
    let separator = if cfg!(windows) { ';' } else { ':' };
    let fault = text
        .chars()
        .find(|letter| letter.is_control() || *letter == separator);
    let reason = match fault {
        None => return Ok(()),
        Some(letter) if letter == separator => {
            format!("it holds {separator:?}, which separates the directories of PATH")
        }
        Some(letter) => format!("it holds the control character {letter:?}"),
    };
    Err(Error::refuse_prefix(prefix, named_by, &reason))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn launch() -> Launch {
        Launch {
            self_commands: false,
            full_activation: false,
            user_data: false,
            prefix: ".conda/demo".into(),
            delegate: "bin/tool".into(),
            marker: ".demo.json".into(),
            marker_start: "{".into(),
            prefix_variable: Some("DEMO_PREFIX".into()),
            words: String::new(),
        }
    }

    fn place_with(variables: &[(&str, &str)], option: Option<&str>) -> Result<Place, Error> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(present, _)| *present == name);
            found.map(|(_, value)| OsString::from(value))
        };
        find_place(option.map(Path::new), &launch(), &lookup)
    }

    #[test]
    fn the_install_scheme_is_the_last_resort() {
        let place = place_with(&[("HOME", "/h"), ("DEMO_PREFIX", "")], None).unwrap();
        assert_eq!(place.prefix, Path::new("/h/.conda/demo"));
        assert_eq!(place.named_by, "install-scheme");
    }

    #[test]
    fn option_shared_variable_own_variable_win_in_this_order() {
        let all = [("CONDA_SHIP_PREFIX", "/shared"), ("DEMO_PREFIX", "/own")];
        let option = place_with(&all, Some("/option")).unwrap();
        assert_eq!(
            (option.prefix.as_path(), option.named_by.as_str()),
            (Path::new("/option"), "--path")
        );
        assert_eq!(place_with(&all, None).unwrap().prefix, Path::new("/shared"));
        let own = place_with(&all[1..], None).unwrap();
        assert_eq!(
            (own.prefix.as_path(), own.named_by.as_str()),
            (Path::new("/own"), "DEMO_PREFIX")
        );
    }

    #[test]
    fn paths_are_made_absolute_and_simple() {
        let place = place_with(&[], Some("/a//b/./c/../d/")).unwrap();
        assert_eq!(place.prefix, Path::new("/a/b/d"));
        let relative = place_with(&[], Some("x")).unwrap().prefix;
        assert_eq!(relative, std::env::current_dir().unwrap().join("x"));
    }

    #[test]
    fn going_up_follows_symbolic_links_as_the_system_does() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("real/deep")).unwrap();
        std::os::unix::fs::symlink(root.join("real/deep"), root.join("link")).unwrap();
        let option = root.join("link/../x");
        let place = place_with(&[], option.to_str()).unwrap();
        assert_eq!(place.prefix, root.join("real/x"));
    }

    #[test]
    fn what_no_shell_has_expanded_is_expanded() {
        let variables = |name| [("HOME", "/h"), (name, "~/a/$HOME")];
        for name in ["CONDA_SHIP_PREFIX", "DEMO_PREFIX"] {
            let place = place_with(&variables(name), None).unwrap();
            assert_eq!(place.prefix, Path::new("/h/a/h"), "{name}");
        }
        let place = place_with(&[("HOME", "/h/$X")], Some("~/a")).unwrap();
        assert_eq!(place.prefix, Path::new("/h/$X/a"));
        let place = place_with(&[("HOME", "/h/$X")], None).unwrap();
        assert_eq!(place.prefix, Path::new("/h/$X/.conda/demo"));
        let message = place_with(&[("DEMO_PREFIX", "$X/a")], None).unwrap_err();
        let message = message.to_string();
        assert!(message.contains("DEMO_PREFIX"), "{message}");
        assert!(
            message.contains("the variable X in it is not set"),
            "{message}"
        );
    }

    #[test]
    fn a_prefix_that_breaks_path_is_refused() {
        let message = place_with(&[], Some("/a:b")).unwrap_err().to_string();
        assert!(
            message.contains("separates the directories of PATH"),
            "{message}"
        );
    }

    #[test]
    fn user_data_ignores_a_relative_xdg_data_home() {
        let mut launch = launch();
        launch.user_data = true;
        launch.prefix = "conda/demo".into();
        let lookup = |name: &str| match name {
            "XDG_DATA_HOME" => Some(OsString::from("relative")),
            "HOME" => Some("/h".into()),
            _ => None,
        };
        let place = find_place(None, &launch, &lookup).unwrap();
        assert!(place.prefix.starts_with("/h"), "{}", place.prefix.display());
    }

    /// All strings of up to `length` pieces.
    fn compose(pieces: &[&[u8]], length: usize) -> Vec<Vec<u8>> {
        let mut longest = vec![Vec::new()];
        let mut all = longest.clone();
        for _ in 0..length {
            let longer = longest.iter().flat_map(|string| {
                pieces
                    .iter()
                    .map(move |piece| [string.as_slice(), piece].concat())
            });
            longest = longer.collect();
            all.extend(longest.iter().cloned());
        }
        all
    }

    /// The fast path's answer counts. This says that it is the one that expanding and resolving gives, whatever the variable.
    #[cfg(target_os = "linux")]
    #[test]
    fn where_the_fast_path_has_an_answer_it_is_that_of_the_full_program() {
        use std::os::unix::ffi::OsStringExt;
        let pieces: [&[u8]; 12] = [
            b"/",
            b"a",
            b".",
            b"~",
            b"$",
            b"{",
            b"A",
            b":",
            b" ",
            b"\n",
            b"\xff",
            b"\xc2\x85",
        ];
        let mut answers = 0;
        for value in compose(&pieces, 4) {
            let value = OsString::from_vec([b"/", &value[..]].concat());
            for (variable, user_data) in [
                ("CONDA_SHIP_PREFIX", false),
                ("DEMO_PREFIX", false),
                ("HOME", false),
                ("HOME", true),
                ("XDG_DATA_HOME", true),
            ] {
                let launch = Launch {
                    user_data,
                    ..launch()
                };
                let lookup = |name: &str| (name == variable).then(|| value.clone());
                let Some(plain) = Inherited::read(&launch, &lookup).find_plain(&launch) else {
                    continue;
                };
                answers += 1;
                let resolved = if variable.ends_with("PREFIX") {
                    expand(value.as_ref(), variable, &lookup).unwrap()
                } else {
                    find_default(&launch, &lookup).unwrap()
                };
                assert_eq!(make_absolute(&resolved, variable).unwrap(), plain);
            }
        }
        assert!(answers > 1000, "{answers}");
    }
}
