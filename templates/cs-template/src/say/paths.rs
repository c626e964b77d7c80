//! Paths as a person writes them: from the home directory.

use std::borrow::Cow;

use crate::cli::variables::{Lookup, read_value};

/// Shorten the absolute paths in a text: `~/` for the home directory, on systems whose shells read that.
///
/// A command stays what it is: a path in quotes, or behind `=` or `:`, where a shell does not read `~`, is whole.
pub fn shorten_paths(text: &str) -> Cow<'_, str> {
    match find_tilde(&|name| std::env::var_os(name)) {
        Some(home) if text.contains(&home) => shorten_below(text, &home).into(),
        _ => text.into(),
    }
}

/// What `~/` is in the shell of the person who reads. With sudo, that is not known: `HOME` may be that of root.
fn find_tilde(lookup: Lookup) -> Option<String> {
    let is_another_user = ["SUDO_USER", "DOAS_USER"]
        .into_iter()
        .any(|name| read_value(name, lookup).is_some());
    let home = read_value("HOME", lookup)?.into_string().ok()?;
    let home = home.trim_end_matches('/');
    let is_read = cfg!(unix) && !is_another_user && home.starts_with('/');
    is_read.then(|| format!("{home}/"))
}

fn shorten_below(text: &str, home: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, below)) = rest.split_once(home) {
        shown.push_str(before);
        let last = shown.chars().next_back();
        let begins = last.is_none_or(|last| last.is_whitespace() || "(`".contains(last));
        let goes_on = below.starts_with(|next: char| !next.is_whitespace() && next != '/');
        shown.push_str(if begins && goes_on { "~/" } else { home });
        rest = below;
    }
    shown + rest
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn find_with(variables: &[(&str, &str)]) -> Option<String> {
        find_tilde(&|wanted| {
            let mut found = variables.iter().filter(|(name, _)| *name == wanted);
            found.next().map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_home_directory_is_what_a_shell_takes_for_it() {
        for (home, tilde) in [
            ("/home/x", Some("/home/x/")),
            ("/home/x/", Some("/home/x/")),
            ("/home/x//", Some("/home/x/")),
            ("", None),
            ("/", None),
            ("//", None),
            ("home/x", None),
            ("~", None),
        ] {
            assert_eq!(find_with(&[("HOME", home)]).as_deref(), tilde, "{home:?}");
            for name in ["SUDO_USER", "DOAS_USER"] {
                assert_eq!(find_with(&[("HOME", home), (name, "x")]), None);
            }
        }
        assert_eq!(find_with(&[]), None);
    }

    #[test]
    fn a_path_below_it_is_short_wherever_it_begins() {
        for (text, shown) in [
            ("/home/x/a", "~/a"),
            ("  /home/x/.a (by you)", "  ~/.a (by you)"),
            ("into /home/x/a: no", "into ~/a: no"),
            ("see (/home/x/a) or `/home/x/b c`", "see (~/a) or `~/b c`"),
            ("/home/x/home/x/a /home/x/b", "~/home/x/a ~/b"),
        ] {
            assert_eq!(shorten_below(text, "/home/x/"), shown);
        }
    }

    #[test]
    fn what_a_shell_would_read_differently_stays() {
        for text in [
            "rm '/home/x/a b'",
            "\"/home/x/a\"",
            "--path=/home/x/a",
            "/bin:/home/x/bin",
            "file:///home/x/a",
            "/mnt/home/x/a",
            "/home/xy/a",
            "/home/x",
            "/home/x/",
            "/home/x/ and",
            "/home/x//a",
        ] {
            assert_eq!(shorten_below(text, "/home/x/"), text);
        }
    }
}
