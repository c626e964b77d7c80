//! The plan: the packages of this platform, in install order.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::header::{check_file_name, check_schema_version};

/// What a first run installs.
#[derive(Debug, Deserialize)]
pub struct Plan {
    /// Version of this schema.
    pub schema_version: u32,
    /// The conda subdir that the packages are for.
    pub platform: String,
    /// Match specs that the workspace asks for.
    pub requested_specs: Vec<String>,
    /// The Python among the packages.
    pub python: Option<PlanPython>,
    /// Dependencies before dependents.
    pub packages: Vec<PlanPackage>,
}

/// The Python that noarch packages meet in the prefix.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PlanPython {
    /// Its version, `3.11.7`.
    pub version: String,
    /// Its site-packages directory, relative to the prefix.
    pub site_packages_path: String,
}

/// One package.
#[derive(Debug, Deserialize)]
pub struct PlanPackage {
    /// Package name.
    pub name: String,
    /// Package version.
    pub version: String,
    /// Build string.
    pub build: String,
    /// The conda subdir that it comes from.
    pub subdir: String,
    /// Where its archive can be downloaded, without credentials; `None` for a local archive, which comes with the runtime.
    #[serde(deserialize_with = "Option::deserialize")]
    pub url: Option<String>,
    /// File name of its archive.
    pub file_name: String,
    /// SHA-256 of its archive.
    #[serde(deserialize_with = "deserialize_sha256")]
    pub sha256: [u8; 32],
    /// MD5 of its archive in hex, for `conda-meta`.
    pub md5: Option<String>,
    /// Length of its archive in bytes.
    pub size: Option<u64>,
    /// Whether it fits every platform, and how.
    pub noarch: Option<PlanNoarch>,
    /// The match spec by which the workspace asks for it.
    pub requested_spec: Option<String>,
    /// The repodata record as conda writes it to `conda-meta`, verbatim.
    pub record: Box<RawValue>,
}

/// The kinds of package that fit every platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanNoarch {
    /// Files as they are.
    Generic,
    /// Files whose place depends on the Python that they meet.
    Python,
}

impl Plan {
    /// Parse and check a plan.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let plan: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        check_schema_version(plan.schema_version)?;
        for (index, package) in plan.packages.iter().enumerate() {
            check_file_name(&format!("packages[{index}].file_name"), &package.file_name)?;
        }
        Ok(plan)
    }
}

/// Read 64 hexadecimal digits.
fn deserialize_sha256<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_sha256(&text)
        .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no SHA-256 in hex")))
}

fn parse_sha256(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
        *byte = (high? << 4 | low?) as u8;
    }
    Some(digest)
}
