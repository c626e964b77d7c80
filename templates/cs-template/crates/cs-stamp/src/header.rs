//! The header: what this runtime is and how it behaves.

use serde::Deserialize;

use crate::json::{self, Flaw};

/// The header's keys, as `docs/reference/stamp-format.md` lists them. Unknown keys are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Header {
    /// Version of this schema.
    pub schema_version: i64,
    /// Who wrote the stamp, `cs-cli X.Y.Z`.
    pub builder: String,
    /// The runtime's name; its variables and its marker are named after it.
    pub runtime: String,
    /// The runtime's version.
    pub runtime_version: String,
    /// Executable name and file stem of this layout.
    pub artifact_name: String,
    /// Where users get the packages.
    #[serde(deserialize_with = "crate::json::word")]
    pub layout: Layout,
    /// The conda subdir that the plan is for.
    pub platform: String,
    /// File name, without a path, of the executable that receives the user's arguments.
    pub delegate: String,
    /// Where the builder found it, relative to the prefix, if it looked.
    #[serde(deserialize_with = "Option::deserialize")]
    pub delegate_path: Option<String>,
    /// Where to read more.
    #[serde(deserialize_with = "Option::deserialize")]
    pub docs_url: Option<String>,
    /// Where the prefix is by default.
    #[serde(deserialize_with = "crate::json::word")]
    pub install_scheme: InstallScheme,
    /// The last component of that place.
    pub install_name: String,
    /// How the runtime reached the user, `homebrew` for instance.
    #[serde(deserialize_with = "Option::deserialize")]
    pub installer: Option<String>,
    /// Text of the `.condarc` to write.
    #[serde(deserialize_with = "Option::deserialize")]
    pub condarc: Option<String>,
    /// Whether to write the CEP 22 marker.
    pub freeze_base: bool,
    /// Who compiles Python modules, and when.
    #[serde(deserialize_with = "crate::json::word")]
    pub bytecode: Bytecode,
    /// Which words are the runtime's own.
    #[serde(deserialize_with = "crate::json::word")]
    pub commands: Commands,
    /// What happens to the prefix of an older build.
    #[serde(deserialize_with = "crate::json::word")]
    pub on_upgrade: OnUpgrade,
    /// How the delegate's environment is prepared.
    #[serde(deserialize_with = "crate::json::word")]
    pub activation: Activation,
    /// Channel URLs, without credentials.
    pub channels: Vec<String>,
    /// File name of the bundle next to an `external` runtime.
    #[serde(deserialize_with = "Option::deserialize")]
    pub bundle_file_name: Option<String>,
    /// Size of the installed prefix, where the builder knew it.
    #[serde(deserialize_with = "Option::deserialize")]
    pub installed_size_bytes: Option<u64>,
    /// Number of files of the installed prefix, where the builder knew it.
    #[serde(deserialize_with = "Option::deserialize")]
    pub installed_file_count: Option<u64>,
    /// Length of the longest prefix that fits over every binary placeholder, where there
    /// is one and the builder knew it.
    #[serde(deserialize_with = "Option::deserialize")]
    pub prefix_limit_bytes: Option<usize>,
    /// Commit of the workspace's repository in hex, with `-dirty` behind it if tracked files differed from it.
    #[serde(deserialize_with = "Option::deserialize")]
    pub source_revision: Option<String>,
}

/// Where users get the packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Over the network.
    Online,
    /// In a bundle next to the runtime.
    External,
    /// In a bundle inside the runtime.
    Embedded,
}

/// Where the prefix is by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum InstallScheme {
    /// `~/.conda/INSTALL_NAME`.
    CondaHome,
    /// `conda/INSTALL_NAME` in the platform's directory for user data.
    UserData,
}

/// Who compiles Python modules, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum Bytecode {
    /// Python, as it imports them.
    OnImport,
    /// The runtime, before first use.
    Bootstrap,
    /// The builder; they are in the stamp.
    Shipped,
}

/// Which words are the runtime's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum Commands {
    /// `RUNTIME status`.
    Direct,
    /// `RUNTIME self status`.
    #[serde(rename = "self")]
    SelfWord,
}

/// What happens to the prefix of an older build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum OnUpgrade {
    /// It is replaced, and kept for a rollback.
    Replace,
    /// It stays in use.
    Keep,
}

/// How the delegate's environment is prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// The prefix's directories come first on `PATH`.
    Path,
    /// Activation variables and `activate.d` scripts too.
    Full,
}

/// The schema version that this crate reads.
const SCHEMA_VERSION: i64 = 1;

impl Header {
    /// Parse and check a header. Names that become paths must be plain file names: they
    /// decide what is written and removed.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        json::check_schema(bytes, &[SCHEMA_VERSION])?;
        let header: Self = json::parse(bytes)?;
        check_file_name("runtime", &header.runtime)?;
        check_file_name("artifact_name", &header.artifact_name)?;
        check_file_name("platform", &header.platform)?;
        check_file_name("delegate", &header.delegate)?;
        if let Some(path) = &header.delegate_path {
            check_relative_path("delegate_path", path)?;
        }
        check_file_name("install_name", &header.install_name)?;
        if let Some(name) = &header.bundle_file_name {
            check_file_name("bundle_file_name", name)?;
        }
        check_line("builder", &header.builder)?;
        check_line("runtime_version", &header.runtime_version)?;
        if let Some(revision) = &header.source_revision {
            check_line("source_revision", revision)?;
        }
        Ok(header)
    }
}

/// Refuse anything but one plain path component.
pub(crate) fn check_file_name(key: &str, name: &str) -> Result<(), String> {
    check_line(key, name)?;
    if matches!(name, "" | "." | "..") || name.contains(['/', '\\']) {
        Err(format!("{key} is {name:?}, which is not a file name"))
    } else {
        Ok(())
    }
}

/// Refuse anything but plain path components with `/` between them, drives and streams of Windows too.
fn check_relative_path(key: &str, path: &str) -> Result<(), String> {
    let is_plain = |part: &str| check_file_name(key, part).is_ok() && !part.contains(':');
    if path.split('/').all(is_plain) {
        Ok(())
    } else {
        Err(format!("{key} is {path:?}, which is not a relative path"))
    }
}

/// Refuse control characters, ends of lines among them.
pub(crate) fn check_line(key: &str, text: &str) -> Result<(), String> {
    if text.contains(|letter: char| letter.is_ascii_control()) {
        Err(format!("{key} is {text:?}, which has control characters"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use crate::Stamp;

    #[test]
    fn the_headers_of_good_vectors_match_their_index() {
        let vectors =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../packages/cs-stamp/vectors");
        let text = std::fs::read_to_string(vectors.join("vectors.json")).expect("vectors.json");
        let index: Value = serde_json::from_str(&text).expect("JSON");
        let cases = index["good"].as_array().expect("a list of cases");
        assert!(cases.len() > 5);
        for case in cases {
            let file = case["file"].as_str().expect("a file");
            let stamp = Stamp::open(&vectors.join(file)).expect("an intact stamp");
            let header = stamp.expect("a stamp").header().expect("a header");
            let read = serde_json::to_value(header).expect("JSON");
            assert_eq!(read, case["header"], "{file}");
        }
    }
}
