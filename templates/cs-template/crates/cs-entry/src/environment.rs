//! The environment of a program that the runtime starts in the prefix, for the delegate, `shell` and activation.
//! Link scripts run while the prefix is built, in another one: `crates/cs-link/src/scripts/environment.rs`.
//!
//! Entries are `NAME=value` bytes, as the kernel keeps them; on Windows their WTF-8 form.

use crate::text::{equal, lists, starts_with};

/// Variables by which an outer conda, mamba or runtime describes itself. They would make the
/// delegate take that one for its own, so none of them is inherited. What users configure
/// (`CONDARC`, `CONDA_PKGS_DIRS`, `CONDA_OVERRIDE_*`, our own `NAME_*`) belongs to them and stays.
pub const INSTALLATION_VARIABLES: &[u8] = b"\
CONDA_ROOT_PREFIX\n\
CONDA_COMPLETION_COMMAND_NAME\n\
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

/// Variables that say which environment is active. They stay with an environment that stays active; else they
/// describe the prefix or are not inherited. Numbered ones (`CONDA_PREFIX_1`, `CONDA_STACKED_2`) belong to them.
pub const ACTIVE_VARIABLES: &[u8] = b"\
CONDA_PREFIX\n\
CONDA_DEFAULT_ENV\n\
CONDA_SHLVL\n\
CONDA_PROMPT_MODIFIER\n\
CONDA_ENV_SHLVL_PS1_BACKUP";

/// Executable directories of a prefix, in their order at the start of `PATH`. An empty one is the prefix.
pub const EXECUTABLE_DIRECTORIES: &[u8] = if cfg!(windows) {
    b"\nLibrary\\mingw-w64\\bin\nLibrary\\usr\\bin\nLibrary\\bin\nScripts\nbin\ncondabin"
} else {
    b"bin\ncondabin"
};

/// What follows on `PATH` when there was none: where the C library would have looked.
const DEFAULT_PATH: &[u8] = if cfg!(windows) { b"" } else { b"/bin:/usr/bin" };
const PATH_SEPARATOR: u8 = if cfg!(windows) { b';' } else { b':' };
const DIRECTORY_SEPARATOR: &[u8] = if cfg!(windows) { b"\\" } else { b"/" };

/// Whether names of variables and files do not depend on capitals.
const IGNORES_CASE: bool = cfg!(windows);

/// Collects the entries of an environment. Every method returns `None` when there is no room left.
pub trait Entries<'a> {
    /// Take over an entry as it is.
    fn keep(&mut self, entry: &'a [u8]) -> Option<()>;
    /// Append to a new entry.
    fn push(&mut self, bytes: &[u8]) -> Option<()>;
    /// End the new entry.
    fn end(&mut self) -> Option<()>;
}

/// The variables that a process in the prefix gets.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The managed prefix.
    pub prefix: &'a [u8],
    /// The runtime's file name, as the user called it.
    pub command_name: &'a [u8],
    /// The delegate is conda: it knows its own root, and works on the environment that is active.
    pub delegate_is_conda: bool,
    /// The process takes the place of whatever environment is active.
    pub replaces_active: bool,
}

/// Write the delegate's environment into `entries`: what is inherited of `inherited`, then what names the prefix.
#[inline]
pub fn write_environment<'a, E: Entries<'a>>(
    inherited: impl Iterator<Item = &'a [u8]> + Clone,
    context: &Context,
    entries: &mut E,
) -> Option<()> {
    let active = find_active(inherited.clone(), context);
    let mut path = None;
    for entry in inherited {
        let (name, value) = split_entry(entry);
        if is_same_name(name, b"PATH") {
            path = path.or(value);
        } else if active.is_some() && says_what_is_active(name) || !is_stripped(name) {
            entries.keep(entry)?;
        }
    }
    if !context.delegate_is_conda {
        write_entry(entries, b"CONDA_ROOT_PREFIX=", context.prefix)?;
    }
    if active.is_none() {
        write_entry(entries, b"CONDA_PREFIX=", context.prefix)?;
        write_entry(entries, b"CONDA_DEFAULT_ENV=", b"base")?;
        write_entry(entries, b"CONDA_SHLVL=", b"1")?;
    }
    write_entry(
        entries,
        b"CONDA_COMPLETION_COMMAND_NAME=",
        context.command_name,
    )?;
    write_path(entries, context, active, path.unwrap_or(b""))
}

/// The environment that is active and stays so. conda works on whatever environment is
/// active; to any other delegate only those under its own prefix mean anything.
#[inline]
pub fn find_active<'a>(
    inherited: impl Iterator<Item = &'a [u8]>,
    context: &Context,
) -> Option<&'a [u8]> {
    let mut active = None;
    for entry in inherited {
        let (name, value) = split_entry(entry);
        if is_same_name(name, b"CONDA_PREFIX") {
            active = active.or(value);
        }
    }
    active.filter(|active| {
        !active.is_empty()
            && !context.replaces_active
            && (context.delegate_is_conda || is_environment_of(active, context.prefix))
    })
}

/// Whether `path` is `envs/NAME` under `prefix`.
#[inline]
fn is_environment_of(path: &[u8], prefix: &[u8]) -> bool {
    let mut rest = after(path, prefix);
    for part in [DIRECTORY_SEPARATOR, b"envs", DIRECTORY_SEPARATOR] {
        rest = match rest {
            Some(rest) => after(rest, part),
            None => None,
        };
    }
    rest.is_some_and(|name| !name.is_empty())
}

/// Whether a variable of this name is not inherited.
#[inline]
#[must_use]
pub fn is_stripped(name: &[u8]) -> bool {
    is_stripped_on(name, IGNORES_CASE)
}

#[inline]
fn is_stripped_on(name: &[u8], ignores_case: bool) -> bool {
    is_active_on(name, ignores_case) || lists_on(INSTALLATION_VARIABLES, name, ignores_case)
}

/// Whether a variable of this name says which environment is active, or which was before.
#[inline]
fn says_what_is_active(name: &[u8]) -> bool {
    is_active_on(name, IGNORES_CASE)
}

#[inline]
fn is_active_on(name: &[u8], ignores_case: bool) -> bool {
    is_numbered(name, b"CONDA_PREFIX_", ignores_case)
        || is_numbered(name, b"CONDA_STACKED_", ignores_case)
        || lists_on(ACTIVE_VARIABLES, name, ignores_case)
}

/// Whether `name` is `start` followed by digits: one level of a stack of activated environments.
#[inline]
fn is_numbered(name: &[u8], start: &[u8], ignores_case: bool) -> bool {
    match name.split_at_checked(start.len()) {
        Some((first, rest)) => {
            is_same_on(first, start, ignores_case) && rest.iter().all(u8::is_ascii_digit)
        }
        None => false,
    }
}

/// Whether the lines of `names` have `name` among them.
#[inline]
fn lists_on(names: &[u8], name: &[u8], ignores_case: bool) -> bool {
    if !ignores_case {
        return lists(names, name);
    }
    names
        .split(|byte| *byte == b'\n')
        .any(|other| is_same_on(other, name, ignores_case))
}

#[inline]
fn write_entry<'a, E: Entries<'a>>(entries: &mut E, name: &[u8], value: &[u8]) -> Option<()> {
    entries.push(name)?;
    entries.push(value)?;
    entries.end()
}

/// Put the prefix's directories first, unless they are already there: a runtime that starts itself, however often,
/// does not make `PATH` longer.
///
/// The directories of an environment that stays active keep their place before them.
/// conda gets `PATH` as it is then: it puts the directories of one environment in place
/// of those of the active one, and the prefix's would stay behind in every environment.
#[inline]
fn write_path<'a, E: Entries<'a>>(
    entries: &mut E,
    context: &Context,
    active: Option<&[u8]>,
    inherited: &[u8],
) -> Option<()> {
    let elsewhere = active.filter(|active| !equal(active, context.prefix));
    entries.push(b"PATH=")?;
    if elsewhere.is_some() && context.delegate_is_conda && !inherited.is_empty() {
        entries.push(inherited)?;
        return entries.end();
    }
    let front_length = elsewhere.map_or(0, |active| end_of_environment(inherited, active));
    let (front, rest) = inherited.split_at_checked(front_length)?;
    entries.push(front)?;
    let mut separator: &[u8] = match front.last() {
        None | Some(&PATH_SEPARATOR) => b"",
        Some(_) => &[PATH_SEPARATOR],
    };
    if !has_directories_first(rest, context.prefix) {
        for directory in EXECUTABLE_DIRECTORIES.split(|byte| *byte == b'\n') {
            entries.push(separator)?;
            entries.push(context.prefix)?;
            if !directory.is_empty() {
                entries.push(DIRECTORY_SEPARATOR)?;
                entries.push(directory)?;
            }
            separator = &[PATH_SEPARATOR];
        }
    }
    let rest = if inherited.is_empty() {
        DEFAULT_PATH
    } else {
        rest
    };
    if !rest.is_empty() {
        entries.push(separator)?;
        entries.push(rest)?;
    }
    entries.end()
}

/// How much of `path` comes up to the last directory of `environment`, the separator behind it included.
#[inline]
fn end_of_environment(path: &[u8], environment: &[u8]) -> usize {
    let mut position = 0_usize;
    let mut end = 0;
    for directory in path.split(|byte| *byte == PATH_SEPARATOR) {
        position = position.wrapping_add(directory.len()).wrapping_add(1);
        let is_own = after(directory, environment)
            .is_some_and(|rest| rest.is_empty() || starts_with(rest, DIRECTORY_SEPARATOR));
        if is_own {
            end = position;
        }
    }
    // The last directory has no separator behind it.
    if end < path.len() { end } else { path.len() }
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
fn after<'a>(path: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    let (first, rest) = path.split_at_checked(start.len())?;
    if is_same_name(first, start) {
        Some(rest)
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

/// Whether both name the same variable or file: Windows does not distinguish upper from lower case.
#[inline]
#[must_use]
pub fn is_same_name(left: &[u8], right: &[u8]) -> bool {
    is_same_on(left, right, IGNORES_CASE)
}

#[inline]
fn is_same_on(left: &[u8], right: &[u8], ignores_case: bool) -> bool {
    if ignores_case {
        left.eq_ignore_ascii_case(right)
    } else {
        equal(left, right)
    }
}

#[cfg(test)]
mod tests;
