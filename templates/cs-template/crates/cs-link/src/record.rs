//! `conda-meta/NAME-VERSION-BUILD.json`: what conda remembers of an installed package.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{BufReader, BufWriter, Write};
use std::rc::Rc;

use cs_archive::{from_hex, to_hex};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::clean::clean_path;
use crate::clobber::fold;
use crate::fault::Fault;
use crate::paths::FileMode;
use crate::shared::{Shared, write_fault};
use crate::tree::{Hand, replace_file};
use crate::{Conda, Package};

/// How a path came to be, in conda's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PathKind {
    #[serde(rename = "hardlink")]
    File,
    #[serde(rename = "softlink")]
    SoftLink,
    #[serde(rename = "directory")]
    Directory,
    #[serde(rename = "pyc_file")]
    Compiled,
    #[serde(rename = "unix_python_entry_point")]
    UnixEntryPoint,
    #[serde(rename = "windows_python_entry_point_script")]
    WindowsEntryPointScript,
    #[serde(rename = "windows_python_entry_point_exe")]
    WindowsEntryPointExe,
}

/// How the placeholder was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ModeName {
    Text,
    Binary,
}

impl From<FileMode> for ModeName {
    fn from(mode: FileMode) -> Self {
        match mode {
            FileMode::Text => Self::Text,
            FileMode::Binary => Self::Binary,
        }
    }
}

/// A SHA-256, which JSON has as hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) [u8; 32]);

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.serialize_str(&to_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let hex = Cow::<str>::deserialize(json)?;
        from_hex(&hex)
            .map(Self)
            .ok_or_else(|| de::Error::custom("not 64 hex digits"))
    }
}

/// One path of an installed package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PathRecord {
    #[serde(rename = "_path")]
    pub(crate) path: String,
    pub(crate) path_type: PathKind,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) no_link: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256_in_prefix: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) size_in_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file_mode: Option<ModeName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prefix_placeholder: Option<Rc<str>>,
    /// Where a symbolic link leads. Only this program knows the key; conda ignores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) link_target: Option<String>,
}

impl PathRecord {
    /// A path of which nothing but its kind is known.
    pub(crate) fn new(path: String, path_type: PathKind) -> Self {
        Self {
            path,
            path_type,
            no_link: false,
            sha256: None,
            sha256_in_prefix: None,
            size_in_bytes: None,
            file_mode: None,
            prefix_placeholder: None,
            link_target: None,
        }
    }
}

#[derive(Serialize)]
struct Record<'a> {
    #[serde(flatten)]
    package: Map<String, Value>,
    files: Files<'a>,
    paths_data: PathsData<&'a [PathRecord]>,
}

/// The paths alone.
struct Files<'a>(&'a [PathRecord]);

impl Serialize for Files<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_seq(self.0.iter().map(|record| &record.path))
    }
}

/// The part of a record that is read back; the rest follows from the plan.
#[derive(Deserialize)]
struct Stored {
    paths_data: PathsData<Vec<PathRecord>>,
}

/// The paths in the record's own form.
#[derive(Serialize, Deserialize)]
pub(crate) struct PathsData<P> {
    pub(crate) paths: P,
    paths_version: u8,
}

/// conda's number for a package whose files were copied, not linked.
const LINK_COPY: u8 = 3;

/// Write a package's record.
pub(crate) fn write_record(
    shared: &Shared,
    hand: &mut Hand,
    package: (&Package, &Conda),
    mut paths: Vec<PathRecord>,
) -> Result<(), Fault> {
    sort_paths(&mut paths);
    store_paths(shared, hand, package, &paths)
}

/// What the record says of the package itself.
pub(crate) fn compose_fields(
    (package, conda): (&Package, &Conda),
) -> Result<Map<String, Value>, Fault> {
    let mut fields: Map<String, Value> = serde_json::from_str(conda.record.get())
        .map_err(|error| Fault::Plan(format!("its record is not a JSON object: {error}")))?;
    fields
        .entry("fn")
        .or_insert_with(|| package.archive.file_name.clone().into());
    fields
        .entry("url")
        .or_insert_with(|| conda.url(&package.archive).into_owned().into());
    fields.insert(
        "link".into(),
        serde_json::json!({"source": "", "type": LINK_COPY}),
    );
    // conda always has these; there is no cache that they could name.
    fields.insert("extracted_package_dir".into(), "".into());
    fields.insert("package_tarball_full_path".into(), "".into());
    let specs: Vec<&str> = conda.requested_spec.as_deref().into_iter().collect();
    fields.insert("requested_specs".into(), specs.into());
    if let Some(spec) = &conda.requested_spec {
        fields.insert("requested_spec".into(), spec.clone().into());
    }
    Ok(fields)
}

/// Take paths out of a package's record, and add others.
pub(crate) fn edit_record(
    shared: &Shared,
    hand: &mut Hand,
    package: (&Package, &Conda),
    lost: &HashSet<Cow<str>>,
    added: Vec<PathRecord>,
) -> Result<(), Fault> {
    let mut paths = read_paths(shared, hand, package)?;
    paths.retain(|path| !lost.contains(&fold(&path.path)));
    paths.extend(added);
    sort_paths(&mut paths);
    store_paths(shared, hand, package, &paths)
}

/// The paths that a package's record lists.
pub(crate) fn read_paths(
    shared: &Shared,
    hand: &mut Hand,
    package: (&Package, &Conda),
) -> Result<Vec<PathRecord>, Fault> {
    let path = record_path(package)?;
    let file = hand
        .open_file(&path)
        .map_err(|error| write_fault(shared, &path, error))?;
    let stored: Stored = serde_json::from_reader(BufReader::with_capacity(64 * 1024, file))
        .map_err(|error| write_fault(shared, &path, error.into()))?;
    Ok(stored.paths_data.paths)
}

/// Order by the parts of the path, so that a directory's content stays together.
fn sort_paths(paths: &mut [PathRecord]) {
    paths.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
}

/// Write a package's record with these paths, in this order.
pub(crate) fn store_paths(
    shared: &Shared,
    hand: &mut Hand,
    package: (&Package, &Conda),
    paths: &[PathRecord],
) -> Result<(), Fault> {
    let record = Record {
        package: compose_fields(package)?,
        files: Files(paths),
        paths_data: PathsData {
            paths,
            paths_version: 1,
        },
    };
    let path = record_path(package)?;
    let write = |hand: &mut Hand| -> std::io::Result<()> {
        let mut out = BufWriter::with_capacity(64 * 1024, replace_file(hand, &path)?);
        serde_json::to_writer_pretty(&mut out, &record)?;
        out.write_all(b"\n")?;
        out.flush()
    };
    write(hand).map_err(|error| write_fault(shared, &path, error))
}

/// Where a package's record is.
pub(crate) fn record_path((package, conda): (&Package, &Conda)) -> Result<String, Fault> {
    let name = format!("{}-{}-{}.json", package.name, package.version, conda.build);
    match clean_path(name.as_bytes()) {
        Ok(clean) if clean == name && !name.contains('/') => Ok(format!("conda-meta/{name}")),
        _ => Err(Fault::Plan(format!(
            "{name:?} cannot be the name of its record"
        ))),
    }
}
