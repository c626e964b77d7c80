//! `.netrc`: users and passwords of hosts, read as curl, git and Python read them where they agree.
//!
//! Words are separated by white space, a word in double quotes may hold some (`\"`, `\\`, `\n`, `\r`, `\t` stand for
//! characters), and `#` begins a comment where a keyword is expected. A word that makes no sense is
//! passed over; it never costs the file.

use std::collections::HashMap;
use std::env;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cs_file::Links;

use crate::config::home;

/// What has a meaning where no value is expected.
const KEYWORDS: [&str; 7] = [
    "machine", "default", "macdef", "login", "user", "password", "account",
];

/// Most that is read of a file.
const LONGEST: u64 = 1024 * 1024;

/// A user and a password.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// What a file says.
#[derive(Default)]
pub(crate) struct Netrc {
    machines: HashMap<String, Login>,
    default: Option<Login>,
}

/// The file that `NETRC` names, else the one in the home directory, if it is there.
pub(crate) fn find_file() -> Option<PathBuf> {
    if let Some(path) = env::var_os("NETRC").filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let home = home()?;
    let names: &[&str] = if cfg!(windows) {
        &[".netrc", "_netrc"]
    } else {
        &[".netrc"]
    };
    let mut paths = names.iter().map(|name| home.join(name));
    paths.find(|path| path.exists())
}

impl Netrc {
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let file = cs_file::open(path, Links::Followed)?;
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes)?;
        Ok(Self::parse(&String::from_utf8_lossy(&bytes)))
    }

    /// The login for `host`; that of `default` only where the caller allows it.
    pub(crate) fn find(&self, host: &str, allow_default: bool) -> Option<&Login> {
        let default = self.default.as_ref().filter(|_| allow_default);
        self.machines.get(&host.to_ascii_lowercase()).or(default)
    }

    fn parse(text: &str) -> Self {
        let mut netrc = Self::default();
        let mut words = Words { rest: text };
        // Whose login the next words belong to; the first entry for a host counts, as in curl.
        let mut current: Option<Entry> = None;
        while let Some(keyword) = words.next_keyword() {
            match keyword.as_str() {
                "machine" => {
                    netrc.keep(current.take());
                    let host = words.next_value();
                    current = host.map(|host| Entry::of(Some(host.to_ascii_lowercase())));
                }
                "default" => {
                    netrc.keep(current.take());
                    current = Some(Entry::of(None));
                }
                "macdef" => words.skip_macro(),
                "login" | "user" | "password" | "account" => {
                    let Some(value) = words.next_value() else {
                        continue;
                    };
                    match (&mut current, keyword.as_str()) {
                        (Some(entry), "password") => entry.login.password = value,
                        (Some(entry), "login" | "user") => entry.login.user = value,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        netrc.keep(current);
        netrc
    }

    fn keep(&mut self, entry: Option<Entry>) {
        match entry {
            Some(Entry {
                host: Some(host),
                login,
            }) => {
                self.machines.entry(host).or_insert(login);
            }
            Some(Entry { host: None, login }) => {
                self.default.get_or_insert(login);
            }
            None => {}
        }
    }
}

struct Entry {
    /// None: `default`.
    host: Option<String>,
    login: Login,
}

impl Entry {
    fn of(host: Option<String>) -> Self {
        let login = Login::default();
        Self { host, login }
    }
}

/// The words of a file.
struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    /// The next word that is not in a comment.
    fn next_keyword(&mut self) -> Option<String> {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('#') {
                return self.next_word();
            }
            self.skip_line();
        }
    }

    /// The word after a keyword, whatever it begins with: passwords may begin with `#`.
    ///
    /// A keyword at the beginning of a line is never the value of the line before: a
    /// forgotten value must not hand the login of one host to another.
    fn next_value(&mut self) -> Option<String> {
        let next = self.rest.trim_start();
        let is_on_next_line = self.rest[..self.rest.len() - next.len()].contains('\n');
        let word = next.split(char::is_whitespace).next();
        if is_on_next_line && word.is_some_and(|word| KEYWORDS.contains(&word)) {
            return None;
        }
        self.next_word()
    }

    fn next_word(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start();
        if let Some(rest) = self.rest.strip_prefix('"') {
            return Some(self.take_quoted(rest));
        }
        let end = self.rest.find(char::is_whitespace);
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    /// What is in quotes; without a closing one, what is left of the line.
    fn take_quoted(&mut self, text: &str) -> String {
        let mut word = String::new();
        let mut letters = text.char_indices();
        let mut end = text.len();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    end = at + 1;
                    break;
                }
                '\n' | '\r' => {
                    end = at;
                    break;
                }
                '\\' => word.extend(letters.next().map(|(_, escaped)| match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                })),
                other => word.push(other),
            }
        }
        self.rest = &self.rest[self.rest.len() - text.len() + end..];
        word
    }

    fn skip_line(&mut self) {
        let end = self.rest.find('\n').map_or(self.rest.len(), |end| end + 1);
        self.rest = &self.rest[end..];
    }

    /// A macro is a name and all lines up to an empty one.
    fn skip_macro(&mut self) {
        self.skip_line();
        while !self.rest.is_empty() {
            let is_empty = self.rest.starts_with('\n') || self.rest.starts_with("\r\n");
            self.skip_line();
            if is_empty {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
