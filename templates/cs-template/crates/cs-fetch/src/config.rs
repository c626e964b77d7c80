//! Mirrors, as rattler's tools configure them.
//!
//! The same files in the same order as `rattler_config`, which itself would bring a solver and
//! more: system before user, shared before pixi's; later files win, one mirrored URL at a time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Deserialize;
use url::Url;

use crate::redact::redact_url;

/// The keys of a `config.toml` that are read here; other programs use the rest.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ConfigFile {
    #[serde(default)]
    mirrors: BTreeMap<String, Vec<String>>,
    authentication_override_file: Option<PathBuf>,
}

/// Settings of this machine.
#[derive(Debug, Default)]
pub(crate) struct Config {
    mirrors: BTreeMap<Url, Vec<Url>>,
    /// A credentials file that a configuration file names.
    pub(crate) authentication_file: Option<PathBuf>,
    /// What could not be used.
    pub(crate) warnings: Vec<String>,
}

impl Config {
    /// Read the files of the system and the user; unusable ones become warnings.
    pub(crate) fn load() -> Self {
        let mut config = Self::default();
        for path in config_paths() {
            match fs::read_to_string(&path) {
                Ok(text) => config.merge(&path, &text),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) => {}
                Err(error) => config.warnings.push(format!(
                    "cannot read {}: {}",
                    path.display(),
                    cs_file::describe_error(&error)
                )),
            }
        }
        config
    }

    fn merge(&mut self, path: &Path, text: &str) {
        let file: ConfigFile = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                // The parser's own message quotes what it stumbled over.
                let start = error.span().map_or(0, |span| span.start.min(text.len()));
                let line = text.as_bytes()[..start]
                    .split(|byte| *byte == b'\n')
                    .count();
                self.warnings.push(format!(
                    "{} is ignored: line {line} is not in rattler's format",
                    path.display()
                ));
                return;
            }
        };
        self.authentication_file = file
            .authentication_override_file
            .or(self.authentication_file.take());
        for (channel, mirrors) in file.mirrors {
            let parsed = mirrors
                .iter()
                .map(|mirror| parse_prefix(mirror))
                .collect::<Option<Vec<Url>>>();
            match (parse_prefix(&channel), parsed) {
                (Some(channel), Some(mirrors)) => {
                    self.mirrors.insert(channel, mirrors);
                }
                // If it is not a URL it may be anything, even a password: it is not quoted.
                (None, _) => self.warnings.push(format!(
                    "{}: mirrors are ignored: their channel is not a valid URL",
                    path.display()
                )),
                (Some(channel), None) => self.warnings.push(format!(
                    "{}: the mirrors of {} are ignored: one of them is not a valid URL",
                    path.display(),
                    redact_url(channel.as_str())
                )),
            }
        }
    }

    /// The mirrors of the channel that `url` is in, and what is behind the channel in it; the longest channel counts.
    fn find_mirrors<'a>(&self, url: &'a str) -> Option<(&[Url], &'a str)> {
        let covers = |channel: &&Url| url.starts_with(channel.as_str());
        let channel = self
            .mirrors
            .keys()
            .filter(covers)
            .max_by_key(|channel| channel.as_str().len())?;
        Some((&self.mirrors[channel], &url[channel.as_str().len()..]))
    }

    /// The file of a `file://` mirror that has `url`'s archive. No client can fetch those, so they come first.
    pub(crate) fn find_local_mirror(&self, url: &str) -> Option<PathBuf> {
        let (mirrors, rest) = self.find_mirrors(url)?;
        let path = |mirror: &Url| mirror.join(rest).ok()?.to_file_path().ok();
        mirrors
            .iter()
            .filter(|mirror| mirror.scheme() == "file")
            .filter_map(path)
            .find(|path| path.is_file())
    }

    /// Where to fetch `url` from, in this order: its mirrors, else itself. As for rattler's other tools, a channel that
    /// has mirrors is asked only if it is one of them.
    pub(crate) fn find_sources(&self, url: &Url) -> Vec<Url> {
        let Some((mirrors, rest)) = self.find_mirrors(url.as_str()) else {
            return vec![url.clone()];
        };
        let place = |mirror: &Url| {
            let mut source = mirror.clone();
            source.set_path(&format!("{}{rest}", mirror.path()));
            source
        };
        let remote = mirrors.iter().filter(|mirror| mirror.scheme() != "file");
        let sources: Vec<Url> = remote.map(place).collect();
        if sources.is_empty() {
            vec![url.clone()]
        } else {
            sources
        }
    }
}

/// A URL that includes everything under it: with a slash at the end.
fn parse_prefix(url: &str) -> Option<Url> {
    let mut url = Url::parse(url).ok().filter(|url| !url.cannot_be_a_base())?;
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Some(url)
}

/// The user's home directory. On Windows it is what `USERPROFILE` says, as for conda and the rest of the runtime.
pub(crate) fn home() -> Option<PathBuf> {
    if cfg!(windows) {
        env::home_dir()
    } else {
        dirs::home_dir()
    }
}

/// Candidates, from lowest to highest precedence.
fn config_paths() -> Vec<PathBuf> {
    let system = if cfg!(windows) {
        Path::new("C:\\ProgramData")
    } else {
        Path::new("/etc")
    };
    let variable = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let user = |tool: &str| {
        // macOS has a place of its own, but honours the variable when it is set.
        let explicit = variable("XDG_CONFIG_HOME").filter(|_| cfg!(target_os = "macos"));
        [explicit, dirs::config_dir()]
            .into_iter()
            .flatten()
            .map(|path| path.join(tool))
            .collect::<Vec<_>>()
    };
    let pixi_home = variable("PIXI_HOME").or_else(|| home().map(|home| home.join(".pixi")));
    [system.join("rattler"), system.join("pixi")]
        .into_iter()
        .chain(user("rattler"))
        .chain(variable("RATTLER_HOME"))
        .chain(user("pixi"))
        .chain(pixi_home)
        .map(|directory| directory.join("config.toml"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(texts: &[&str]) -> Config {
        let mut config = Config::default();
        for text in texts {
            config.merge(Path::new("config.toml"), text);
        }
        config
    }

    #[test]
    fn later_files_win_one_channel_at_a_time() {
        let config = config(&[
            "default-channels = ['x']\n[mirrors]\n'https://a.example/c' = ['https://m1.example/']\n\
             'https://b.example' = ['https://m2.example']",
            "[mirrors]\n'https://a.example/c' = ['https://m3.example/x', 'https://m4.example/y']",
        ]);
        let sources = |url: &str| -> Vec<String> {
            let sources = config.find_sources(&Url::parse(url).unwrap());
            sources.iter().map(Url::to_string).collect()
        };
        assert_eq!(
            sources("https://a.example/c/linux-64/a%2B-1-0.conda"),
            [
                "https://m3.example/x/linux-64/a%2B-1-0.conda",
                "https://m4.example/y/linux-64/a%2B-1-0.conda"
            ]
        );
        assert_eq!(sources("https://b.example/a"), ["https://m2.example/a"]);
        assert_eq!(sources("https://c.example/a"), ["https://c.example/a"]);
        assert!(config.warnings.is_empty());
    }

    #[test]
    fn warnings_about_unusable_files_quote_no_password() {
        let config = config(&[
            "mirrors = 's3cr3t'",
            "default-channels = []\ns3cr3t s3cr3t",
            "[mirrors]\n'u:s3cr3t@h:x' = ['https://m.example']",
            "[mirrors]\n'https://h:s3cr3t' = ['https://m.example']",
            "[mirrors]\n'https://u:s3cr3t@c.example/t/s3cr3t' = ['u:s3cr3t@m']",
        ]);
        let channel = Url::parse("https://c.example/t/s3cr3t/a").unwrap();
        assert_eq!(config.find_sources(&channel), [channel]);
        assert_eq!(config.warnings.len(), 5, "{:?}", config.warnings);
        let said = config.warnings.join("\n");
        assert!(!said.contains("s3cr3t"), "{said}");
        assert!(
            config.warnings[0].contains("line 1 is not")
                && config.warnings[1].contains("line 2 is not"),
            "{said}"
        );
        assert!(
            said.contains("the mirrors of https://c.example/t/***/ are ignored"),
            "{said}"
        );
    }

    #[test]
    fn a_file_mirror_gives_the_path_when_it_has_the_archive() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("linux-64")).unwrap();
        fs::write(directory.path().join("linux-64/a-1-0.conda"), "data").unwrap();
        let mirror = Url::from_directory_path(directory.path()).unwrap();
        let text = format!("[mirrors]\n'https://c.example/x' = ['{mirror}']");
        let config = config(&[&text]);
        let found = config.find_local_mirror("https://c.example/x/linux-64/a-1-0.conda");
        assert_eq!(found, Some(directory.path().join("linux-64/a-1-0.conda")));
        assert_eq!(
            config.find_local_mirror("https://c.example/x/linux-64/b-1-0.conda"),
            None
        );
        assert_eq!(
            config.find_local_mirror("https://c.example/xy/linux-64/a-1-0.conda"),
            None
        );
    }
}
