//! Mirrors, as rattler's tools configure them.
//!
//! The same files in the same order as `rattler_config`, which itself would bring a solver and more: system before user,
//! shared before pixi's; later files win, one mirrored URL at a time.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use rattler_networking::mirror_middleware::Mirror;
use serde::Deserialize;
use url::Url;

use crate::redact::redact_text;

/// What we read of a `config.toml`; all other keys are somebody else's.
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
                Err(error) => config
                    .warnings
                    .push(format!("cannot read {}: {error}", path.display())),
            }
        }
        config
    }

    fn merge(&mut self, path: &Path, text: &str) {
        let file: ConfigFile = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                self.warnings.push(format!(
                    "{} is ignored: {}",
                    path.display(),
                    redact_text(error.message())
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
                _ => self.warnings.push(format!(
                    "{}: the mirrors of {channel} are ignored: not a URL",
                    path.display()
                )),
            }
        }
    }

    /// The file of a `file://` mirror that has `url`'s archive. No client can fetch those, so they come first.
    pub(crate) fn find_local_mirror(&self, url: &str) -> Option<PathBuf> {
        let covers = |channel: &&Url| url.starts_with(channel.as_str());
        let channel = self
            .mirrors
            .keys()
            .filter(covers)
            .max_by_key(|channel| channel.path().len())?;
        let rest = &url[channel.as_str().len()..];
        let path = |mirror: &Url| mirror.join(rest).ok()?.to_file_path().ok();
        self.mirrors[channel]
            .iter()
            .filter(|mirror| mirror.scheme() == "file")
            .filter_map(path)
            .find(|path| path.is_file())
    }

    /// The mirrors that are fetched from.
    pub(crate) fn remote_mirrors(&self) -> HashMap<Url, Vec<Mirror>> {
        let mirror = |url: &Url| Mirror {
            url: url.clone(),
            no_zstd: false,
            no_bz2: false,
            max_failures: None,
        };
        let remote = |mirrors: &Vec<Url>| -> Vec<Mirror> {
            mirrors
                .iter()
                .filter(|url| url.scheme() != "file")
                .map(mirror)
                .collect()
        };
        let entries = self
            .mirrors
            .iter()
            .map(|(channel, mirrors)| (channel.clone(), remote(mirrors)));
        entries.filter(|(_, mirrors)| !mirrors.is_empty()).collect()
    }
}

/// A URL that stands for all below it: with a slash at the end.
fn parse_prefix(url: &str) -> Option<Url> {
    let mut url = Url::parse(url).ok()?;
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Some(url)
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
    let pixi_home =
        variable("PIXI_HOME").or_else(|| dirs::home_dir().map(|home| home.join(".pixi")));
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
            "default-channels = ['x']\n[mirrors]\n'https://a.example/c' = ['https://m1.example/']\n'https://b.example' = ['https://m2.example']",
            "[mirrors]\n'https://a.example/c' = ['https://m3.example/x', 'https://m4.example/y']",
        ]);
        let mirrors = config.remote_mirrors();
        let urls = |channel: &str| -> Vec<String> {
            mirrors[&Url::parse(channel).unwrap()]
                .iter()
                .map(|mirror| mirror.url.to_string())
                .collect()
        };
        assert_eq!(
            urls("https://a.example/c/"),
            ["https://m3.example/x/", "https://m4.example/y/"]
        );
        assert_eq!(urls("https://b.example/"), ["https://m2.example/"]);
        assert!(config.warnings.is_empty());
    }

    #[test]
    fn unusable_files_are_warnings() {
        let config = config(&[
            "mirrors = 3",
            "not toml",
            "[mirrors]\n'no url' = ['https://m.example']",
        ]);
        assert!(config.remote_mirrors().is_empty());
        assert_eq!(config.warnings.len(), 3, "{:?}", config.warnings);
        assert!(
            config.warnings[2].contains("the mirrors of no url are ignored: not a URL"),
            "{:?}",
            config.warnings
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_mirror_gives_the_path_when_it_has_the_archive() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("linux-64")).unwrap();
        fs::write(directory.path().join("linux-64/a-1-0.conda"), "data").unwrap();
        let text = format!(
            "[mirrors]\n'https://c.example/x' = ['file://{}']",
            directory.path().display()
        );
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
        assert!(config.remote_mirrors().is_empty());
    }
}
