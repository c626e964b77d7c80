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
/// What names the prefix by default.
const INSTALL_SCHEME: &str = "install-scheme";
/// What names the prefix of one run only.
const OPTION: &str = "--path";

impl Place {
    /// Where the prefix would be if the directory above it were known: for texts only.
    pub fn unknown(launch: &Launch) -> Self {
        Self {
            prefix: launch.prefix.clone().into(),
            named_by: INSTALL_SCHEME.to_owned(),
        }
    }

    /// The path that an option named, which another run must name again.
    pub fn option(&self) -> Option<&Path> {
        (self.named_by == OPTION).then_some(self.prefix.as_path())
    }

    /// Whether the place was the runtime's own choice.
    pub fn is_default(&self) -> bool {
        self.named_by == INSTALL_SCHEME
    }
}

/// Find the prefix that the user means. `option` is the value of `--path`.
pub fn find_place(option: Option<&Path>, launch: &Launch, lookup: Lookup) -> Result<Place, Error> {
    if let Some(option) = option {
        return settle(expand(option, OPTION, lookup)?, OPTION);
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
            variable: name_prefix_variable(launch),
        })
}

/// The variable that names the prefix of this runtime, the shared one if it has none of its own.
pub fn name_prefix_variable(launch: &Launch) -> String {
    let own = launch.prefix_variable.clone();
    own.unwrap_or_else(|| SHARED_PREFIX.to_owned())
}

/// Make a path absolute and free of `.`, `..` and doubled separators. `..` is resolved as
/// the system would: through symbolic links, where the directory before it exists.
fn make_absolute(path: &Path, named_by: &str) -> Result<PathBuf, Error> {
    let absolute = std::path::absolute(path).map_err(|source| {
        Error::refuse_prefix(path, named_by, &cs_file::describe_error(&source))
    })?;
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
        let reason = "it is not valid UTF-8, and package files contain the path as text";
        return Err(Error::refuse_prefix(prefix, named_by, reason));
    };
    let separator = if cfg!(windows) { ';' } else { ':' };
    let fault = text
        .chars()
        .find(|letter| letter.is_control() || *letter == separator);
    let reason = match fault {
        None => return Ok(()),
        Some(letter) if letter == separator => {
            format!("it contains {separator:?}, which separates the directories of PATH")
        }
        Some(letter) => format!("it contains the control character {letter:?}"),
    };
    Err(Error::refuse_prefix(prefix, named_by, &reason))
}

#[cfg(all(test, unix))]
mod tests;
