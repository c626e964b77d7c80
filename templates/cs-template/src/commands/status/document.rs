//! What `status` reports, as `docs/reference/runtime.md` describes it.

use serde::Serialize;

/// Version of the document.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that the command shows, as `docs/reference/runtime.md` describes it.
#[derive(Debug, Serialize)]
pub struct Status<'a> {
    pub schema_version: u32,
    #[serde(flatten)]
    pub about: About<'a>,
    #[serde(flatten)]
    pub place: PlaceStatus<'a>,
    pub channels: &'a [String],
    pub requested_specs: &'a [String],
    pub packages: Vec<Package<'a>>,
    pub package_count: usize,
    pub wheel_count: usize,
    pub delegate: Delegate<'a>,
}

/// Who this runtime is.
#[derive(Debug, Serialize)]
pub struct About<'a> {
    pub runtime: &'a str,
    pub version: &'a str,
    pub artifact_name: &'a str,
    pub layout: &'static str,
    pub platform: &'a str,
    pub builder: &'a str,
    pub template: Template,
    /// Commit that it was built from.
    pub source_revision: Option<&'a str>,
    /// SHA-256 of the runtime lock, in hex.
    pub lock_sha256: String,
    pub stamp: &'a str,
    pub executable: String,
    pub docs_url: Option<&'a str>,
    pub installer: Option<&'a str>,
}

/// Which template was stamped.
#[derive(Debug, Serialize)]
pub struct Template {
    pub name: &'static str,
    pub version: &'static str,
}

/// How the prefix is, and what is around it.
#[derive(Debug, Serialize)]
pub struct PlaceStatus<'a> {
    pub prefix: String,
    pub prefix_named_by: &'a str,
    pub state: StateName,
    pub reason: Option<String>,
    pub installed: Option<Installed>,
    pub upgrade: Option<Upgrade>,
    pub rollback: Option<Previous>,
    pub being_built: bool,
    pub abandoned: Option<String>,
    pub not_writable: Option<String>,
    pub untrusted: Vec<String>,
}

/// The names of the states in `docs/explanation/prefix-lifecycle.md`, as users read them.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateName {
    NotInstalled,
    Foreign,
    Incomplete,
    Installed,
    OtherBuild,
    Changed,
}

#[derive(Debug, Serialize)]
pub struct Installed {
    pub version: String,
    pub stamp: String,
    pub package_count: usize,
    pub size_bytes: Option<u64>,
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub files: Vec<String>,
    pub requested: Vec<String>,
}

/// What replacing the prefix of another build would change.
#[derive(Debug, Serialize)]
pub struct Upgrade {
    pub version: String,
    /// Whether the next run does it.
    pub is_next: bool,
    /// Why it does not, and what does.
    pub reason: Option<String>,
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub changed: Vec<PackageChange>,
}

#[derive(Debug, Serialize)]
pub struct PackageChange {
    pub name: String,
    pub from: String,
    pub to: String,
}

#[derive(Debug, Serialize)]
pub struct Previous {
    pub version: String,
    pub stamp: String,
}

#[derive(Debug, Serialize)]
pub struct Package<'a> {
    pub kind: &'static str,
    pub name: &'a str,
    pub version: &'a str,
    /// Conda packages have one.
    pub build: Option<&'a str>,
    pub subdir: Option<&'a str>,
    pub size_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
pub struct Delegate<'a> {
    pub name: &'a str,
    pub path: String,
    pub is_present: bool,
}
