//! What the delegate's environment holds: the one place that knows.
//!
//! Entries are `NAME=value` bytes, as the kernel keeps them; on Windows their WTF-8 form.

use crate::text::{equal, lists, starts_with};

/// Variables by which an outer conda, mamba or runtime describes itself. They would make the delegate take that one for
/// its own, so none of them is inherited; those that describe our prefix are set anew. What users configure
/// (`CONDARC`, `CONDA_PKGS_DIRS`, `CONDA_OVERRIDE_*`, our own `NAME_*`) is theirs and stays.
pub const STRIPPED_VARIABLES: &[u8] = b"\
CONDA_ROOT_PREFIX\n\
CONDA_PREFIX\n\
CONDA_DEFAULT_ENV\n\
CONDA_SHLVL\n\
CONDA_COMPLETION_COMMAND_NAME\n\
CONDA_PROMPT_MODIFIER\n\
CONDA_ENV_SHLVL_PS1_BACKUP\n\
CONDA_EXE\n\
CONDA_PYTHON_EXE\n\
CONDA_BAT\n\
CONDA_ROOT\n\
CONDA_ENV_PATH\n\
_CE_CONDA\n\
_CE_M\n\
_CONDA_EXE\n\
_CONDA_ROOT\n\
MAMBA_EXE\n\
MAMBA_ROOT_PREFIX";

/// Executable directories of a prefix, in the order in which they stand first on `PATH`. An empty one is the prefix.
pub const EXECUTABLE_DIRECTORIES: &[u8] = if cfg!(windows) {
    b"\nLibrary\\mingw-w64\\bin\nLibrary\\usr\\bin\nLibrary\\bin\nScripts\nbin\ncondabin"
} else {
    b"bin\ncondabin"
};

/// What follows on `PATH` when there was none: where the C library would have looked.
const DEFAULT_PATH: &[u8] = if cfg!(windows) { b"" } else { b"/bin:/usr/bin" };
const PATH_SEPARATOR: u8 = if cfg!(windows) { b';' } else { b':' };
const DIRECTORY_SEPARATOR: &[u8] = if cfg!(windows) { b"\\" } else { b"/" };

/// Collects the entries of an environment. Every method returns `None` when there is no room left.
pub trait Entries<'a> {
    /// Take over an entry as it is.
    fn keep(&mut self, entry: &'a [u8]) -> Option<()>;
    /// Append to a new entry.
    fn push(&mut self, bytes: &[u8]) -> Option<()>;
    /// End the new entry.
    fn end(&mut self) -> Option<()>;
}

/// Write the delegate's environment into `entries`: what is inherited of `inherited`, then what names `prefix`.
/// `command_name` is the runtime's file name, as the user called it.
#[inline]
pub fn write_environment<'a, E: Entries<'a>>(
    inherited: impl Iterator<Item = &'a [u8]>,
    prefix: &[u8],
    command_name: &[u8],
    entries: &mut E,
) -> Option<()> {
    let mut path = None;
    for entry in inherited {
        let (name, value) = split_entry(entry);
        if is_same_name(name, b"PATH") {
            path = path.or(value);
        } else if !is_stripped(name) {
            entries.keep(entry)?;
        }
    }
    write_entry(entries, b"CONDA_ROOT_PREFIX=", prefix)?;
    write_entry(entries, b"CONDA_PREFIX=", prefix)?;
    write_entry(entries, b"CONDA_DEFAULT_ENV=", b"base")?;
    write_entry(entries, b"CONDA_SHLVL=", b"1")?;
    write_entry(entries, b"CONDA_COMPLETION_COMMAND_NAME=", command_name)?;
    write_path(entries, prefix, path.unwrap_or(b""))
}

/// Whether a variable of this name is not inherited.
#[inline]
#[must_use]
pub fn is_stripped(name: &[u8]) -> bool {
    is_numbered(name, b"CONDA_PREFIX_")
        || is_numbered(name, b"CONDA_STACKED_")
        || lists(STRIPPED_VARIABLES, name)
}

/// Whether `name` is `start` followed by digits: one level of a stack of activated environments.
#[inline]
fn is_numbered(name: &[u8], start: &[u8]) -> bool {
    starts_with(name, start) && name.iter().skip(start.len()).all(u8::is_ascii_digit)
}

#[inline]
fn write_entry<'a, E: Entries<'a>>(entries: &mut E, name: &[u8], value: &[u8]) -> Option<()> {
    entries.push(name)?;
    entries.push(value)?;
    entries.end()
}

/// Put the prefix's directories first, unless they are already there: a runtime that starts itself, however often,
/// does not make `PATH` longer.
#[inline]
fn write_path<'a, E: Entries<'a>>(entries: &mut E, prefix: &[u8], inherited: &[u8]) -> Option<()> {
    let rest = if inherited.is_empty() {
        DEFAULT_PATH
    } else {
        inherited
    };
    entries.push(b"PATH=")?;
    if !has_directories_first(inherited, prefix) {
        for directory in EXECUTABLE_DIRECTORIES.split(|byte| *byte == b'\n') {
            entries.push(prefix)?;
            if !directory.is_empty() {
                entries.push(DIRECTORY_SEPARATOR)?;
                entries.push(directory)?;
            }
            entries.push(&[PATH_SEPARATOR])?;
        }
    }
    entries.push(rest)?;
    entries.end()
}

/// Whether the first directories of `path` are those of the prefix, in order.
#[inline]
fn has_directories_first(path: &[u8], prefix: &[u8]) -> bool {
    let mut listed = path.split(|byte| *byte == PATH_SEPARATOR);
    EXECUTABLE_DIRECTORIES
        .split(|byte| *byte == b'\n')
        .all(|directory| {
            listed
                .next()
                .and_then(|entry| after(entry, prefix))
                .is_some_and(|rest| match after(rest, DIRECTORY_SEPARATOR) {
                    Some(rest) => equal(rest, directory),
                    None => rest.is_empty() && directory.is_empty(),
                })
        })
}

#[inline]
fn after<'a>(bytes: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    if starts_with(bytes, start) {
        bytes.get(start.len()..)
    } else {
        None
    }
}

/// Name and value of an entry. A name may begin with `=`: Windows keeps current directories that way.
#[inline]
fn split_entry(entry: &[u8]) -> (&[u8], Option<&[u8]>) {
    let equals = entry.iter().skip(1).position(|byte| *byte == b'=');
    match equals.and_then(|position| entry.split_at_checked(position.wrapping_add(1))) {
        Some((name, value)) => (name, value.get(1..)),
        None => (entry, None),
    }
}

#[inline]
fn is_same_name(left: &[u8], right: &[u8]) -> bool {
    if cfg!(windows) {
        left.eq_ignore_ascii_case(right)
    } else {
        equal(left, right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Collected {
        done: Vec<String>,
        current: String,
    }

    impl Entries<'_> for Collected {
        fn keep(&mut self, entry: &[u8]) -> Option<()> {
            self.push(entry)?;
            self.end()
        }

        fn push(&mut self, bytes: &[u8]) -> Option<()> {
            self.current.push_str(str::from_utf8(bytes).ok()?);
            Some(())
        }

        fn end(&mut self) -> Option<()> {
            self.done.push(std::mem::take(&mut self.current));
            Some(())
        }
    }

    fn rewrite(inherited: &[&str]) -> Vec<String> {
        let mut entries = Collected::default();
        let inherited = inherited.iter().map(|entry| entry.as_bytes());
        write_environment(inherited, b"/p", b"demo", &mut entries).expect("room");
        entries.done
    }

    #[cfg(unix)]
    #[test]
    fn the_prefix_is_described_and_comes_first_on_path() {
        let expected = [
            "LANG=C",
            "CONDA_ROOT_PREFIX=/p",
            "CONDA_PREFIX=/p",
            "CONDA_DEFAULT_ENV=base",
            "CONDA_SHLVL=1",
            "CONDA_COMPLETION_COMMAND_NAME=demo",
            "PATH=/p/bin:/p/condabin:/usr/bin:/opt/bin",
        ];
        assert_eq!(rewrite(&["PATH=/usr/bin:/opt/bin", "LANG=C"]), expected);
    }

    #[test]
    fn an_outer_conda_leaves_no_trace() {
        let outer = [
            "CONDA_PREFIX=/o",
            "CONDA_PREFIX_1=/o",
            "CONDA_PREFIX_12=/o",
            "CONDA_STACKED_2=true",
            "CONDA_SHLVL=3",
        ];
        let rewritten = rewrite(
            &[
                &outer[..],
                &["CONDA_EXE=/o/c", "_CE_CONDA=", "MAMBA_ROOT_PREFIX=/o"],
            ]
            .concat(),
        );
        assert_eq!(rewritten.len(), 6, "{rewritten:?}");
        assert!(
            !rewritten
                .iter()
                .any(|entry| entry.contains("/o") || entry == "CONDA_SHLVL=3")
        );
    }

    #[test]
    fn what_users_configure_stays() {
        let configured = [
            "CONDARC=/c",
            "CONDA_PKGS_DIRS=/k",
            "CONDA_OVERRIDE_CUDA=12",
            "CONDA_PREFIX_DATA=1",
            "DEMO_PREFIX=/d",
            "CONDA_EXE_NOT=1",
        ];
        assert_eq!(rewrite(&configured)[..configured.len()], configured);
    }

    #[test]
    fn entries_of_any_form_are_kept_as_they_are() {
        let odd = [
            "",
            "=C:=C:\\x",
            "no equals sign",
            "EMPTY=",
            "TWO==",
            "BASH_FUNC_x%%=() { :\n}",
        ];
        assert_eq!(rewrite(&odd)[..odd.len()], odd);
    }

    #[cfg(unix)]
    #[test]
    fn path_does_not_grow_when_a_runtime_starts_itself() {
        let once = rewrite(&["PATH=/usr/bin"]);
        assert_eq!(rewrite(&[&once[5]])[5], once[5]);
        assert_eq!(
            rewrite(&["PATH=/p/bin:/usr/bin"])[5],
            "PATH=/p/bin:/p/condabin:/p/bin:/usr/bin"
        );
    }

    #[cfg(unix)]
    #[test]
    fn without_a_path_the_systems_directories_follow() {
        assert_eq!(rewrite(&[])[5], "PATH=/p/bin:/p/condabin:/bin:/usr/bin");
        assert_eq!(
            rewrite(&["PATH="])[5],
            "PATH=/p/bin:/p/condabin:/bin:/usr/bin"
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_first_of_two_paths_counts() {
        assert_eq!(
            rewrite(&["PATH=/a", "PATH=/b"])[5..],
            ["PATH=/p/bin:/p/condabin:/a"]
        );
    }
}
