//! What the delegate's environment holds: the one place that knows.
//!
//! Entries are `NAME=value` bytes, as the kernel keeps them; on Windows their WTF-8 form.

use crate::text::{equal, lists, starts_with};

/// Variables by which an outer conda, mamba or runtime describes itself. They would make the delegate take that one for
/// its own, so none of them is inherited. What users configure (`CONDARC`, `CONDA_PKGS_DIRS`, `CONDA_OVERRIDE_*`, our own
/// `NAME_*`) belongs to them and stays.
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

/// Variables that say which environment is active. They stay with an environment that stays active; else they describe the
/// prefix or are not inherited. Numbered ones (`CONDA_PREFIX_1`, `CONDA_STACKED_2`) belong to them.
pub const ACTIVE_VARIABLES: &[u8] = b"\
CONDA_PREFIX\n\
CONDA_DEFAULT_ENV\n\
CONDA_SHLVL\n\
CONDA_PROMPT_MODIFIER\n\
CONDA_ENV_SHLVL_PS1_BACKUP";

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

/// What a process in the prefix is told.
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

/// The environment that is active and stays so. conda works on whatever environment is active; to any other delegate only those
/// below its own prefix mean anything.
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

/// Whether `path` is `envs/NAME` below `prefix`.
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
/// The directories of an environment that stays active keep their place before them. conda gets `PATH` as it is then: it puts
/// the directories of one environment in place of those of the active one, and the prefix's would stay behind in every environment.
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

/// Whether both name the same variable or file: Windows does not tell upper from lower case.
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

    const OTHER: Context = Context {
        prefix: b"/p",
        command_name: b"demo",
        delegate_is_conda: false,
        replaces_active: false,
    };
    const CONDA: Context = Context {
        delegate_is_conda: true,
        ..OTHER
    };

    fn rewrite(inherited: &[&str]) -> Vec<String> {
        rewrite_for(&OTHER, inherited)
    }

    fn rewrite_for(context: &Context, inherited: &[&str]) -> Vec<String> {
        let mut entries = Collected::default();
        let inherited = inherited.iter().map(|entry| entry.as_bytes());
        write_environment(inherited, context, &mut entries).expect("room");
        entries.done
    }

    fn value_of<'a>(entries: &'a [String], name: &str) -> Option<&'a str> {
        entries
            .iter()
            .find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
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
    fn on_windows_capitals_make_no_other_name() {
        for (name, stripped) in [
            ("CONDA_PREFIX", true),
            ("Conda_Prefix", true),
            ("conda_prefix_12", true),
            ("Conda_Stacked_1", true),
            ("conda_exe", true),
            ("conda_prefix_data", false),
            ("condarc", false),
            ("conda_ex", false),
        ] {
            let is_exact = name.bytes().all(|byte| !byte.is_ascii_lowercase());
            assert_eq!(is_stripped_on(name.as_bytes(), true), stripped, "{name}");
            let unix = is_stripped_on(name.as_bytes(), false);
            assert_eq!(unix, stripped && is_exact, "{name}");
        }
    }

    #[cfg(windows)]
    #[test]
    fn an_outer_environment_in_other_capitals_is_described_anew() {
        let rewritten = rewrite(&["Conda_Prefix=/o", "conda_exe=/o/c", "conda_shlvl=7"]);
        assert!(!rewritten.iter().any(|entry| entry.contains("/o")));
        assert_eq!(value_of(&rewritten, "CONDA_PREFIX"), Some("/p"));
        assert_eq!(value_of(&rewritten, "CONDA_SHLVL"), Some("1"));
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

    /// What `conda activate` leaves in a shell: an environment on top of another conda's base.
    const ACTIVE: [&str; 7] = [
        "CONDA_PREFIX=/o/envs/t",
        "CONDA_PREFIX_1=/o",
        "CONDA_STACKED_2=true",
        "CONDA_DEFAULT_ENV=t",
        "CONDA_SHLVL=2",
        "CONDA_PROMPT_MODIFIER=(t) ",
        "PATH=/o/envs/t/bin:/o/condabin:/usr/bin",
    ];

    #[test]
    fn for_conda_an_active_environment_stays_as_it_is() {
        let mut rewritten = rewrite_for(&CONDA, &[&ACTIVE[..], &["CONDA_EXE=/o/c"]].concat());
        let mut expected = [&ACTIVE[..], &["CONDA_COMPLETION_COMMAND_NAME=demo"]].concat();
        rewritten.sort();
        expected.sort();
        assert_eq!(rewritten, expected);
    }

    #[test]
    fn another_delegate_and_a_new_shell_take_the_place_of_a_foreign_environment() {
        let shell = Context {
            replaces_active: true,
            ..CONDA
        };
        for context in [OTHER, shell] {
            let rewritten = rewrite_for(&context, &ACTIVE);
            for (name, value) in [
                ("CONDA_PREFIX", Some("/p")),
                ("CONDA_DEFAULT_ENV", Some("base")),
                ("CONDA_SHLVL", Some("1")),
                ("CONDA_PREFIX_1", None),
                ("CONDA_STACKED_2", None),
                ("CONDA_PROMPT_MODIFIER", None),
            ] {
                assert_eq!(value_of(&rewritten, name), value, "{name}");
            }
        }
    }

    #[test]
    fn conda_finds_its_own_root() {
        for inherited in [&["CONDA_ROOT_PREFIX=/o"][..], &ACTIVE] {
            let rewritten = rewrite_for(&CONDA, inherited);
            assert_eq!(value_of(&rewritten, "CONDA_ROOT_PREFIX"), None);
            let rewritten = rewrite(inherited);
            assert_eq!(value_of(&rewritten, "CONDA_ROOT_PREFIX"), Some("/p"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn environments_of_the_prefix_stay_active_whatever_the_delegate() {
        for (active, stays) in [
            ("/p/envs/t", true),
            ("/p/envs/t/deeper", true),
            ("/p/envs/", false),
            ("/p/envs", false),
            ("/p/other/t", false),
            ("/pp/envs/t", false),
            ("/o/envs/t", false),
            ("", false),
        ] {
            let entry = format!("CONDA_PREFIX={active}");
            let rewritten = rewrite(&[&entry, "CONDA_SHLVL=3"]);
            let expected = if stays { (active, "3") } else { ("/p", "1") };
            let found = ["CONDA_PREFIX", "CONDA_SHLVL"].map(|name| value_of(&rewritten, name));
            assert_eq!(found, [Some(expected.0), Some(expected.1)], "{active}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_directories_of_an_active_environment_stay_before_those_of_the_prefix() {
        let active = "CONDA_PREFIX=/p/envs/t";
        for (context, path, expected) in [
            (
                OTHER,
                "/p/envs/t/bin:/a",
                "/p/envs/t/bin:/p/bin:/p/condabin:/a",
            ),
            (
                OTHER,
                "/v:/p/envs/t/bin",
                "/v:/p/envs/t/bin:/p/bin:/p/condabin",
            ),
            (
                OTHER,
                "/p/envs/t2/bin:/a",
                "/p/bin:/p/condabin:/p/envs/t2/bin:/a",
            ),
            (
                OTHER,
                "/p/envs/t/bin:/p/bin:/p/condabin:/a",
                "/p/envs/t/bin:/p/bin:/p/condabin:/a",
            ),
            (OTHER, "", "/p/bin:/p/condabin:/bin:/usr/bin"),
            (CONDA, "/p/envs/t/bin:/a", "/p/envs/t/bin:/a"),
            (CONDA, "/a", "/a"),
            (CONDA, "", "/p/bin:/p/condabin:/bin:/usr/bin"),
        ] {
            let rewritten = rewrite_for(&context, &[active, &format!("PATH={path}")]);
            assert_eq!(value_of(&rewritten, "PATH"), Some(expected), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_prefix_itself_may_be_active_for_conda() {
        let active = [
            "CONDA_PREFIX=/p",
            "CONDA_SHLVL=2",
            "CONDA_PREFIX_1=/o",
            "PATH=/a",
        ];
        let rewritten = rewrite_for(&CONDA, &active);
        assert_eq!(value_of(&rewritten, "CONDA_SHLVL"), Some("2"));
        assert_eq!(value_of(&rewritten, "CONDA_PREFIX_1"), Some("/o"));
        assert_eq!(value_of(&rewritten, "PATH"), Some("/p/bin:/p/condabin:/a"));
    }
}
