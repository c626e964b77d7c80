//! The packages of a plan, each an archive to install: conda packages and wheels.

use cs_archive::{Wanted, from_hex};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::header::{check_file_name, check_line};
use crate::json;

/// One package.
#[derive(Debug)]
pub struct PlanPackage {
    /// Package name; of a wheel the project's name in normal form.
    pub name: String,
    /// Package version.
    pub version: String,
    /// What its archive is, and where it can be downloaded, without credentials. A local archive, which comes with
    /// the runtime, has no URL.
    pub archive: Wanted,
    /// MD5 of its archive in hex; wheels have none.
    pub md5: Option<String>,
    /// What kind of archive it is, and what only this kind has.
    pub format: PlanFormat,
}

/// The kinds of archive.
#[derive(Debug)]
pub enum PlanFormat {
    /// A conda package.
    Conda(PlanConda),
    /// A wheel.
    Wheel(PlanWheel),
}

/// What only conda packages have.
#[derive(Debug, Deserialize)]
pub struct PlanConda {
    /// Build string.
    pub build: String,
    /// The conda subdir that it comes from.
    pub subdir: String,
    /// Whether it fits every platform, and how.
    #[serde(deserialize_with = "json::optional_word")]
    pub noarch: Option<PlanNoarch>,
    /// The match spec by which the workspace asks for it.
    #[serde(deserialize_with = "Option::deserialize")]
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

/// What only wheels have.
#[derive(Debug, Deserialize)]
pub struct PlanWheel {
    /// Text of its `direct_url.json`, if it has one.
    #[serde(deserialize_with = "Option::deserialize")]
    pub direct_url: Option<String>,
}

/// What every package has.
#[derive(Deserialize)]
struct Common {
    name: String,
    version: String,
    #[serde(deserialize_with = "Option::deserialize")]
    url: Option<String>,
    file_name: String,
    #[serde(deserialize_with = "deserialize_sha256")]
    sha256: [u8; 32],
    #[serde(deserialize_with = "Option::deserialize")]
    md5: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "json::present_word")]
    kind: Option<PlanKind>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PlanKind {
    Wheel,
}

impl<'de> Deserialize<'de> for PlanPackage {
    /// Read twice: what every package has, then what its kind has.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let common: Common = json::object(text)?;
        let format = match common.kind {
            None => PlanFormat::Conda(json::object(text)?),
            Some(PlanKind::Wheel) => PlanFormat::Wheel(json::object(text)?),
        };
        Ok(Self {
            name: common.name,
            version: common.version,
            archive: Wanted {
                file_name: common.file_name,
                sha256: common.sha256,
                size: common.size,
                url: common.url,
            },
            md5: common.md5,
            format,
        })
    }
}

impl PlanPackage {
    /// What only conda packages have, if it is one.
    pub fn conda(&self) -> Option<&PlanConda> {
        match &self.format {
            PlanFormat::Conda(conda) => Some(conda),
            PlanFormat::Wheel(_) => None,
        }
    }

    /// Whether it is a wheel.
    pub fn is_wheel(&self) -> bool {
        self.conda().is_none()
    }

    pub(crate) fn check(&self, key: &str) -> Result<(), String> {
        check_file_name(&format!("{key}.name"), &self.name)?;
        check_file_name(&format!("{key}.version"), &self.version)?;
        check_file_name(&format!("{key}.file_name"), &self.archive.file_name)?;
        match &self.format {
            PlanFormat::Conda(conda) => self.check_conda(conda, key),
            PlanFormat::Wheel(wheel) => self.check_wheel(wheel, key),
        }
    }

    fn check_conda(&self, conda: &PlanConda, key: &str) -> Result<(), String> {
        self.check_suffix(
            key,
            "an archive of a conda package",
            &[".conda", ".tar.bz2"],
        )?;
        check_file_name(&format!("{key}.build"), &conda.build)?;
        check_file_name(&format!("{key}.subdir"), &conda.subdir)?;
        let is_md5 = |md5: &str| md5.len() == 32 && md5.bytes().all(is_hex_digit);
        if self.md5.as_deref().is_some_and(|md5| !is_md5(md5)) {
            return Err(format!("{key}.md5 is not an MD5 in hex"));
        }
        if conda.record.get().starts_with('{') {
            Ok(())
        } else {
            Err(format!("{key}.record is not an object"))
        }
    }

    fn check_wheel(&self, wheel: &PlanWheel, key: &str) -> Result<(), String> {
        self.check_suffix(key, "a wheel", &[".whl"])?;
        if !is_normal_form(&self.name) {
            let name = &self.name;
            return Err(format!(
                "{key}.name is {name:?}, which is not in normal form"
            ));
        }
        if self.md5.is_some() {
            return Err(format!("{key}.md5 is not null"));
        }
        let direct_url = wheel.direct_url.as_deref().unwrap_or_default();
        check_line(&format!("{key}.direct_url"), direct_url)
    }

    fn check_suffix(&self, key: &str, what: &str, suffixes: &[&str]) -> Result<(), String> {
        let name = &self.archive.file_name;
        if suffixes.iter().any(|suffix| name.ends_with(suffix)) {
            Ok(())
        } else {
            Err(format!("{key}.file_name is {name:?}, which is not {what}"))
        }
    }
}

/// Whether a project's name is words of small letters and digits with single dashes between them (PEP 503).
fn is_normal_form(name: &str) -> bool {
    let is_letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    name.split('-')
        .all(|word| !word.is_empty() && word.bytes().all(is_letter))
}

fn is_hex_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Read 64 hexadecimal digits, in lower case.
fn deserialize_sha256<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_lower_case = text.bytes().all(is_hex_digit);
    from_hex(&text)
        .filter(|_| is_lower_case)
        .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a SHA-256 in hex")))
}
