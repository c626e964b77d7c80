//! Where the prefix is, as far as it can be said without asking the system: Linux only.

use crate::launch::Launch;
use crate::text::Text;

/// The variable that names the prefix of any runtime and wins over the runtime's own.
pub const PREFIX_VARIABLE: &[u8] = b"CONDA_SHIP_PREFIX";

/// The variable that names the prefix, and what it says; an empty one counts as none.
/// `own` is the runtime's own, empty when it has none.
#[inline]
pub fn find_variable<'n, 'v>(
    own: &'n [u8],
    get: impl Fn(&[u8]) -> Option<&'v [u8]>,
) -> Option<(&'n [u8], &'v [u8])> {
    let find = |name: &'n [u8]| match get(name) {
        Some([]) | None => None,
        Some(value) => Some((name, value)),
    };
    match find(PREFIX_VARIABLE) {
        None if own.is_empty() => None,
        None => find(own),
        found => found,
    }
}

/// Write the prefix of `launch` to `text`, from the variables that `get` knows; `None` when that
/// takes more than joining strings: a relative path, one that is not in its simplest form, no home.
#[inline]
pub fn write_prefix<'m, 'v>(
    launch: &Launch,
    get: impl Fn(&[u8]) -> Option<&'v [u8]>,
    text: &mut Text<'m>,
) -> Option<&'m [u8]> {
    if let Some((_, prefix)) = find_variable(launch.prefix_variable, &get) {
        text.push(plain(prefix)?)?;
        return text.end();
    }
    let get = |name: &[u8]| get(name).filter(|value| !value.is_empty());
    let data_home = if launch.uses_user_data() {
        get(b"XDG_DATA_HOME")
    } else {
        None
    };
    match (data_home, launch.uses_user_data()) {
        (Some(directory), _) => text.push(plain(directory)?)?,
        (None, true) => text.push(plain(get(b"HOME")?)?)?.push(b"/.local/share")?,
        (None, false) => text.push(plain(get(b"HOME")?)?)?,
    };
    text.push(b"/")?.push(launch.prefix)?.end()
}

/// `path`, if it is absolute and every component is a name: nothing that resolving would
/// change, links aside. A `$` may name a variable. What would break `PATH` or a line of
/// text is not accepted in a prefix at all, and for the full program to refuse.
#[inline]
fn plain(path: &[u8]) -> Option<&[u8]> {
    let (root, components) = path.split_first()?;
    let is_name = |component: &[u8]| !matches!(component, [] | [b'.'] | [b'.', b'.']);
    let is_plain = *root == b'/'
        && components.split(|byte| *byte == b'/').all(is_name)
        && !path
            .iter()
            .any(|byte| matches!(byte, b':' | b'$' | ..b' ' | 0x7F));
    is_plain.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(flags: u32, variables: &[(&str, &'static str)]) -> Option<String> {
        let launch = Launch {
            flags,
            prefix: b"below/demo",
            delegate: b"",
            marker: b"",
            marker_start: b"",
            prefix_variable: b"DEMO_PREFIX",
            words: b"",
        };
        let get = |name: &[u8]| {
            let found = variables
                .iter()
                .find(|(variable, _)| variable.as_bytes() == name)?;
            Some(found.1.as_bytes())
        };
        let mut memory = [0; 64];
        let (nul, prefix) =
            write_prefix(&launch, get, &mut Text::new(&mut memory))?.split_last()?;
        assert_eq!(*nul, 0);
        Some(String::from_utf8_lossy(prefix).into_owned())
    }

    #[test]
    fn variables_win_over_home_and_the_general_one_over_the_runtimes_own() {
        let all = [
            ("HOME", "/h"),
            ("DEMO_PREFIX", "/d"),
            ("CONDA_SHIP_PREFIX", "/c"),
        ];
        assert_eq!(place(0, &all).as_deref(), Some("/c"));
        assert_eq!(place(0, &all[..2]).as_deref(), Some("/d"));
        assert_eq!(place(0, &all[..1]).as_deref(), Some("/h/below/demo"));
    }

    #[test]
    fn user_data_is_where_xdg_says() {
        assert_eq!(
            place(2, &[("HOME", "/h")]).as_deref(),
            Some("/h/.local/share/below/demo")
        );
        assert_eq!(
            place(2, &[("HOME", "/h"), ("XDG_DATA_HOME", "/x")]).as_deref(),
            Some("/x/below/demo")
        );
        assert_eq!(
            place(0, &[("HOME", "/h"), ("XDG_DATA_HOME", "/x")]).as_deref(),
            Some("/h/below/demo")
        );
    }

    #[test]
    fn an_empty_variable_is_as_good_as_none() {
        assert_eq!(
            place(0, &[("HOME", "/h"), ("CONDA_SHIP_PREFIX", "")]).as_deref(),
            Some("/h/below/demo")
        );
        assert_eq!(place(0, &[("HOME", "")]), None);
    }

    #[test]
    fn paths_that_need_resolving_are_left_to_the_full_program() {
        for odd in [
            "a", "./a", "/", "/a/", "//a", "/a//b", "/a/./b", "/a/..", "~/a", "/a:b", "/a\nb",
            "/a\x7f", "/a/$b", "/a/${b}",
        ] {
            assert_eq!(
                place(0, &[("HOME", "/h"), ("CONDA_SHIP_PREFIX", odd)]),
                None,
                "{odd}"
            );
        }
        assert_eq!(
            place(0, &[("CONDA_SHIP_PREFIX", "/a/.b/..c d")]).as_deref(),
            Some("/a/.b/..c d")
        );
    }

    #[test]
    fn a_path_that_does_not_fit_is_left_to_the_full_program() {
        assert_eq!(
            place(
                0,
                &[(
                    "HOME",
                    "/0123456789012345678901234567890123456789012345678901234567890"
                )]
            ),
            None
        );
    }
}
