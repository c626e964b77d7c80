//! What to install, and what became of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use cs_archive::{ReadAt, Wanted};
use serde_json::value::RawValue;

/// How much of a package depends on the machine that it was built on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Noarch {
    /// Built for one platform.
    #[default]
    None,
    /// Any platform, files where the archive has them.
    Generic,
    /// Pure Python: files move to where the prefix's Python looks for them, entry points are made.
    Python,
}

/// One package of the plan.
#[derive(Clone, Debug)]
pub struct Package {
    /// Normalised name.
    pub name: String,
    /// Version, as in the record or in the wheel's file name.
    pub version: String,
    /// Its archive.
    pub archive: Wanted,
    /// What kind of package it is, and what only that kind has.
    pub format: Format,
}

/// The kinds of package.
#[derive(Clone, Debug)]
pub enum Format {
    /// A conda package, `.conda` or `.tar.bz2`.
    Conda(Conda),
    /// A wheel, `.whl`: a Python project as package indices have it.
    Wheel(Wheel),
}

/// What only a conda package has.
#[derive(Clone, Debug)]
pub struct Conda {
    /// Build string.
    pub build: String,
    /// Subdirectory of the channel, `linux-64` or `noarch`.
    pub subdir: String,
    /// What the lock says of the package; the archive's own `info/index.json` decides.
    pub noarch: Noarch,
    /// The spec that asked for this package, when the user did.
    pub requested_spec: Option<String>,
    /// The repodata record as conda keeps it in `conda-meta`, a JSON object.
    pub record: Box<RawValue>,
}

impl Conda {
    /// Where conda's records say that the package with this archive is from. They want a URL: an
    /// archive that came with the runtime gets one that names a place that need not exist.
    pub(crate) fn url<'a>(&self, archive: &'a Wanted) -> Cow<'a, str> {
        match &archive.url {
            Some(url) => url.into(),
            None => format!("file:///local/{}/{}", self.subdir, archive.file_name).into(),
        }
    }
}

/// What only a wheel has.
#[derive(Clone, Debug, Default)]
pub struct Wheel {
    /// Text of its `direct_url.json` (PEP 610); `None` for a wheel of an index.
    pub direct_url: Option<String>,
}

impl Package {
    /// What only a conda package has; `None` for a wheel.
    pub(crate) fn conda(&self) -> Option<&Conda> {
        match &self.format {
            Format::Conda(conda) => Some(conda),
            Format::Wheel(_) => None,
        }
    }
}

/// The Python that the prefix gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// Full version, `3.11.7`.
    pub version: String,
    /// Relative to the prefix, with forward slashes: `lib/python3.11/site-packages`.
    pub site_packages_path: String,
}

/// When the modules of noarch packages are compiled.
#[derive(Clone, Copy)]
pub enum Bytecode<'a> {
    /// Not here: Python compiles as it imports.
    OnImport,
    /// Now, with the Python that was just installed.
    Compile,
    /// Before: a `.tar.zst` of `__pycache__/*.pyc` files, relative to the prefix.
    Shipped(&'a dyn ReadAt),
}

/// Everything that [`install`](crate::install()) needs to know.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Exists and is empty; everything is written under it.
    pub staging: &'a Path,
    /// Where the staging directory will end up: written into text and binary placeholders.
    pub prefix: &'a Path,
    /// conda's name of the platform, `linux-64`.
    pub platform: &'a str,
    /// In install order, dependencies first.
    pub packages: &'a [Package],
    /// Required as soon as one package is noarch python.
    pub python: Option<&'a Python>,
    /// What the user asked for, for `conda-meta/history`.
    pub requested_specs: &'a [String],
    /// Worker threads, at least one.
    pub threads: usize,
    /// When modules of noarch packages are compiled.
    pub bytecode: Bytecode<'a>,
    /// Whether post-link scripts run.
    pub link_scripts: bool,
    /// Paths that no package may have, nor anything under them: the caller's own.
    pub reserved: &'a [String],
    /// Files that the caller writes when all packages are there. A package may have one
    /// as a file, which is then replaced.
    pub overwritten: &'a [&'a str],
    /// Windows only: what starts the scripts of entry points.
    pub launchers: Option<Launchers<'a>>,
}

/// Executables that start a script when they have its name.
#[derive(Clone, Copy)]
pub struct Launchers<'a> {
    /// Starts `NAME-script.py` when copied to `NAME.exe`.
    pub console: &'a [u8],
    /// Starts `NAME-script.pyw`, for programs with windows, which have no console.
    pub window: &'a [u8],
}

impl<'a> Job<'a> {
    /// The conda packages, in install order.
    pub(crate) fn conda_packages(&self) -> impl Iterator<Item = (&'a Package, &'a Conda)> {
        let packages = self.packages.iter();
        packages.filter_map(|package| Some((package, package.conda()?)))
    }
}

/// What a post-link script had to say, or what there is to say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Name of the package.
    pub package: String,
    /// What its script wrote to `.messages.txt`, or how it failed.
    pub text: String,
}

/// One path that two packages hold, or a file in place of a directory of another package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clobbered {
    /// Relative to the prefix.
    pub path: String,
    /// Index of the package whose file is there.
    pub winner: usize,
    /// Index of the package whose file is not.
    pub loser: usize,
    /// The winner's path: the same, one above it, or the same with a slash when it is a directory.
    pub to: String,
}

/// A project that a conda package has and a wheel, whose files are those that are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// The project's normalised name.
    pub project: String,
    /// Index of the wheel.
    pub winner: usize,
    /// Index of the conda package.
    pub loser: usize,
}

/// A package with files whose sizes do not match its own list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misstated {
    /// Index of the package.
    pub package: usize,
    /// How many files it has that are so.
    pub files: u64,
    /// One of them, within the archive.
    pub first: String,
    /// Size in bytes that the list states for it.
    pub stated: u64,
    /// Size in bytes that it has.
    pub actual: u64,
}

/// SHA-256 in hex of the record of each package, by the record's path: `conda-meta/*.json`, or a wheel's RECORD.
pub type Seals = BTreeMap<String, String>;

/// What became of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Files and links written, `conda-meta` aside.
    pub files: u64,
    /// Bytes written into them, and into compiled modules.
    pub bytes: u64,
    /// From post-link scripts, in install order.
    pub messages: Vec<Message>,
    /// Paths that several packages hold, sorted.
    pub clobbered: Vec<Clobbered>,
    /// Projects that a conda package has too, by name.
    pub superseded: Vec<Superseded>,
    /// Packages whose own lists are wrong, by index.
    pub misstated: Vec<Misstated>,
    /// Compiled modules put in place.
    pub compiled: u64,
    /// What the records are, for [`verify`](crate::verify()) to know them again.
    pub records: Seals,
}
