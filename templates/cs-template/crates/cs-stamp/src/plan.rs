//! The plan: the packages of this platform, in install order.

use cs_archive::{Wanted, from_hex};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::header::{check_file_name, check_line, check_schema_version};
use crate::json;

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
    #[serde(deserialize_with = "json::optional_object")]
    pub python: Option<PlanPython>,
    /// Dependencies before dependents.
    #[serde(deserialize_with = "json::objects")]
    pub packages: Vec<PlanPackage>,
    /// What the packages ask of the machine.
    #[serde(default, deserialize_with = "json::objects")]
    pub requirements: Vec<PlanRequirement>,
}

/// What a package asks of the machine: a virtual package of conda.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PlanRequirement {
    /// The package that asks.
    pub package: String,
    /// The match spec by which it asks.
    pub spec: String,
    /// The virtual package, `__glibc`.
    pub name: String,
    /// Whether a machine without it does not do.
    pub is_needed: bool,
    /// Comparisons that all have to hold, `>=2.28`.
    pub versions: Vec<String>,
    /// Lowest level of the x86-64 architecture.
    #[serde(deserialize_with = "Option::deserialize")]
    pub x86_64_level: Option<u8>,
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
    /// Where its archive can be downloaded, without credentials; `None` for a local
    /// archive, which comes with the runtime.
    #[serde(deserialize_with = "Option::deserialize")]
    pub url: Option<String>,
    /// File name of its archive.
    pub file_name: String,
    /// SHA-256 of its archive.
    #[serde(deserialize_with = "deserialize_sha256")]
    pub sha256: [u8; 32],
    /// MD5 of its archive in hex, for `conda-meta`.
    #[serde(deserialize_with = "Option::deserialize")]
    pub md5: Option<String>,
    /// Length of its archive in bytes.
    #[serde(deserialize_with = "Option::deserialize")]
    pub size: Option<u64>,
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

impl Plan {
    /// Parse and check a plan.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let plan: Self = json::parse(bytes)?;
        check_schema_version(plan.schema_version)?;
        check_file_name("platform", &plan.platform)?;
        if let Some(python) = &plan.python {
            check_site_packages(&python.site_packages_path)?;
        }
        for (index, package) in plan.packages.iter().enumerate() {
            package.check(&format!("packages[{index}]"))?;
        }
        for (index, requirement) in plan.requirements.iter().enumerate() {
            requirement.check(&format!("requirements[{index}]"))?;
        }
        Ok(plan)
    }
}

impl PlanPackage {
    /// What its archive is, and where.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            file_name: self.file_name.clone(),
            sha256: self.sha256,
            size: self.size,
            url: self.url.clone(),
        }
    }

    fn check(&self, key: &str) -> Result<(), String> {
        check_file_name(&format!("{key}.name"), &self.name)?;
        check_file_name(&format!("{key}.version"), &self.version)?;
        check_file_name(&format!("{key}.build"), &self.build)?;
        check_file_name(&format!("{key}.subdir"), &self.subdir)?;
        check_file_name(&format!("{key}.file_name"), &self.file_name)?;
        let is_archive = [".conda", ".tar.bz2"]
            .iter()
            .any(|ending| self.file_name.ends_with(ending));
        if !is_archive {
            let name = &self.file_name;
            return Err(format!(
                "{key}.file_name is {name:?}, which is not an archive"
            ));
        }
        let is_md5 = |md5: &str| md5.len() == 32 && md5.bytes().all(is_hex_digit);
        if self.md5.as_deref().is_some_and(|md5| !is_md5(md5)) {
            return Err(format!("{key}.md5 is not an MD5 in hex"));
        }
        if self.record.get().starts_with('{') {
            Ok(())
        } else {
            Err(format!("{key}.record is not an object"))
        }
    }
}

impl PlanRequirement {
    fn check(&self, key: &str) -> Result<(), String> {
        check_file_name(&format!("{key}.package"), &self.package)?;
        check_file_name(&format!("{key}.name"), &self.name)?;
        check_line(&format!("{key}.spec"), &self.spec)?;
        if let Some(text) = self.versions.iter().find(|text| !is_comparison(text)) {
            return Err(format!(
                "{key}.versions has {text:?}, which is not a comparison"
            ));
        }
        match self.x86_64_level {
            None | Some(2..=4) => Ok(()),
            Some(level) => Err(format!("{key}.x86_64_level is {level}, not 2, 3 or 4")),
        }
    }
}

/// Whether a text is an operator and a version of one to eight whole numbers.
fn is_comparison(text: &str) -> bool {
    let is_number = |part: &str| {
        (1..=9).contains(&part.len()) && part.bytes().all(|mark| mark.is_ascii_digit())
    };
    let version = text
        .strip_prefix(['<', '>'])
        .map(|rest| rest.strip_prefix('=').unwrap_or(rest));
    version
        .is_some_and(|version| version.split('.').all(is_number) && version.split('.').count() <= 8)
}

/// Refuse a path that leads out of the prefix.
fn check_site_packages(path: &str) -> Result<(), String> {
    let leads_out = path.is_empty()
        || path.starts_with('/')
        || path.contains('\\')
        || path.split('/').any(|name| name == "..");
    if leads_out {
        Err(format!(
            "python.site_packages_path is {path:?}, which is not in the prefix"
        ))
    } else {
        Ok(())
    }
}

fn is_hex_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Read 64 hexadecimal digits, in lower case.
fn deserialize_sha256<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_lower_case = text.bytes().all(is_hex_digit);
    from_hex(&text)
        .filter(|_| is_lower_case)
        .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a SHA-256 in hex")))
}
