//! `.netrc`: users and passwords of hosts, read as curl, git and Python read them where they agree.
//!
//! Words are separated by white space, a word in double quotes may hold some (`\"`, `\\`, `\n`, `\r`, `\t` stand for
//! characters), and `#` begins a comment where a keyword is expected. A word that makes no sense is
//! passed over; it never costs the file.

use std::collections::HashMap;
use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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
    let home = dirs::home_dir()?;
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
        // Looked at before it is opened: opening a named pipe would wait for a writer.
        if !path.metadata()?.is_file() {
            let reason = "it is not a regular file";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
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
    /// A keyword at the beginning of a line is never the value of the line before: a forgotten value must not hand the login of
    /// one host to another.
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
mod tests {
    use super::*;

    /// All logins: host (`default` too), user, password.
    fn logins(text: &str) -> Vec<(String, String, String)> {
        let netrc = Netrc::parse(text);
        let mut found: Vec<_> = netrc
            .machines
            .into_iter()
            .chain(netrc.default.map(|login| ("default".to_owned(), login)))
            .map(|(host, login)| (host, login.user, login.password))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn files_are_read_as_curl_reads_them() {
        let one = [("a", "u", "p")].as_slice();
        for (text, expected) in [
            ("machine a login u password p", one),
            (
                "# comment\n\n  # machine z login no password no\nmachine a login u password p\n",
                one,
            ),
            (
                "machine a # comment\nlogin u # comment login no\npassword p",
                one,
            ),
            ("machine A\r\n\tlogin u\r\n\tpassword p\r\n", one),
            ("machine a password p account x login u", one),
            ("machine a user u password p", one),
            (
                "machine a login u password p what is this\nmachine a login v password w",
                one,
            ),
            ("password none machine a login u password p", one),
            (
                "macdef init\nmachine z login no password no\n\nmachine a login u password p",
                one,
            ),
            (
                "machine a login u password p\nmacdef init\nmachine z login no password no",
                one,
            ),
            ("machine a login \"u\" password \"p\"", one),
            ("machine a login u password \"p q\"", &[("a", "u", "p q")]),
            (
                r#"machine a login u password "p\"\\q""#,
                &[("a", "u", r#"p"\q"#)],
            ),
            (
                r#"machine a login u password p\q"r"#,
                &[("a", "u", r#"p\q"r"#)],
            ),
            ("machine a login u password #p#q", &[("a", "u", "#p#q")]),
            ("machine a login \"\" password p", &[("a", "", "p")]),
            (
                "machine a login u password \"p q\nmachine b login v password w",
                &[("a", "u", "p q"), ("b", "v", "w")],
            ),
            (
                "machine b login v password w default login d password e",
                &[("b", "v", "w"), ("default", "d", "e")],
            ),
            ("machine a", &[("a", "", "")]),
            (
                "machine a login\nmachine b login v password w",
                &[("a", "", ""), ("b", "v", "w")],
            ),
            (
                "machine a login\n\tpassword\ndefault\nlogin d password\n e",
                &[("a", "", ""), ("default", "d", "e")],
            ),
            ("machine\nmachine a login\nu password p", one),
            ("machine", &[]),
            ("secret secret \"secret", &[]),
            ("machine ä login ü password €", &[("ä", "ü", "€")]),
        ] {
            let found = logins(text);
            let found: Vec<_> = found
                .iter()
                .map(|(host, user, password)| (host.as_str(), user.as_str(), password.as_str()))
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_default_entry_counts_where_it_is_allowed() {
        let netrc =
            Netrc::parse("machine A.example login u password p\ndefault login d password e");
        let user = |host, allowed| netrc.find(host, allowed).map(|login| login.user.as_str());
        assert_eq!(user("a.EXAMPLE", false), Some("u"));
        assert_eq!(
            (user("b.example", true), user("b.example", false)),
            (Some("d"), None)
        );
    }

    #[test]
    fn any_text_is_read_without_a_panic() {
        let pieces = [
            "machine", "\"", "\\", "\n", " ", "#", "default", "macdef", "é", "\r", "login", "x",
        ];
        let mut random = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                text += pieces[random as usize % pieces.len()];
            }
            Netrc::parse(&text);
        }
    }

    /// A file with three hosts, other for each number.
    fn make_text(random: &mut u64) -> String {
        let mut text = String::new();
        for host in 0..3 {
            *random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let pick = |shift: u64, from: &[&str]| {
                from[(*random >> shift) as usize % from.len()].to_owned()
            };
            let space = pick(8, &[" ", "\n", "\n\t", "  "]);
            let comment = pick(16, &["\n", "\n# a comment\n", " # x\n\n"]);
            let user = pick(24, &["u", "\"u v\"", "u#1"]);
            let password = pick(32, &["p", "\"p \\\" q\"", "#p", "p\"q"]);
            let macro_definition = "macdef m\nmachine no login no password no\n\n";
            text += &pick(40, &["", macro_definition, "#comment\n"]);
            text += &format!(
                "machine h{host}.example{space}login {user}{space}password {password}{comment}"
            );
        }
        text
    }

    /// Reads many files in one process. A line end ends an entry and an empty line a file; `!` is a file that is not read.
    #[cfg(unix)]
    const PYTHON_NETRC: &str = "
import netrc, sys
for path in sys.argv[1:]:
    try:
        for h, (u, _, p) in sorted(netrc.netrc(path).hosts.items()): print(h, u, p, sep='|')
    except netrc.NetrcParseError:
        print('!')
    print()
";

    /// Python's own module, where there is one: the same logins wherever it reads the file at all.
    #[cfg(unix)]
    #[test]
    fn python_reads_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let mut random = 7;
        let texts: Vec<String> = (0..40).map(|_| make_text(&mut random)).collect();
        let paths = (0..40).map(|number| directory.path().join(number.to_string()));
        let paths: Vec<PathBuf> = paths.collect();
        for (path, text) in paths.iter().zip(&texts) {
            std::fs::write(path, text).unwrap();
        }
        let output = std::process::Command::new("python3")
            .args(["-c", PYTHON_NETRC])
            .args(&paths)
            .output();
        let Ok(output) = output else { return };
        let said = String::from_utf8(output.stdout).unwrap();
        let answers: Vec<&str> = said.split_terminator("\n\n").collect();
        assert_eq!(answers.len(), texts.len());
        let read = texts
            .iter()
            .zip(answers)
            .filter(|(_, answer)| *answer != "!");
        let mut compared = 0;
        for (text, answer) in read {
            let found: Vec<_> = logins(text)
                .iter()
                .map(|(h, u, p)| format!("{h}|{u}|{p}"))
                .collect();
            assert_eq!(found.join("\n"), answer, "{text:?}");
            compared += 1;
        }
        assert!(compared >= 30, "Python reads only {compared} of 40");
    }
}
