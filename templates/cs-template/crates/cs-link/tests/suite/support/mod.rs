//! Package archives made in code, and a job to link them.
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use cs_archive::{Archive, Archives, Progress, ReadAt, Wanted};
use cs_link::{
    Bytecode, Conda, Format, InstallError, Job, Launchers, LinkError, Noarch, Package, Python,
    Report,
};
use serde_json::{Value, json};

#[cfg(unix)]
pub mod wheel;
mod witness;

use witness::Witness;

pub const PLACEHOLDER: &str =
    "/opt/placeholder_placeholder_placeholder_placeholder_placeholder_placeholder_placeholder";
pub const MODIFIED: u64 = 1_600_000_000;

/// One tar entry, and what `paths.json` says of it.
#[derive(Clone)]
pub struct Item {
    pub path: String,
    pub kind: u8,
    pub data: Vec<u8>,
    pub link: String,
    pub mode: u32,
    pub listed: Option<Value>,
    /// Size in tar's header when it lies.
    pub stated: Option<u64>,
}

pub fn file(path: &str, data: impl AsRef<[u8]>) -> Item {
    let data = data.as_ref().to_vec();
    let listed = json!({
        "_path": path, "path_type": "hardlink", "size_in_bytes": data.len(), "sha256": "ab".repeat(32),
    });
    Item {
        path: path.into(),
        kind: b'0',
        data,
        link: String::new(),
        mode: 0o664,
        listed: Some(listed),
        stated: None,
    }
}

pub fn symlink(path: &str, target: &str) -> Item {
    let listed = json!({"_path": path, "path_type": "softlink", "size_in_bytes": 0});
    Item {
        kind: b'2',
        link: target.into(),
        listed: Some(listed),
        ..file(path, "")
    }
}

pub fn hard_link(path: &str, target: &str, size: usize) -> Item {
    let mut item = Item {
        kind: b'1',
        link: target.into(),
        ..file(path, "")
    };
    item.set("size_in_bytes", json!(size));
    item
}

impl Item {
    pub fn set(&mut self, key: &str, value: Value) {
        self.listed.as_mut().expect("a listed item")[key] = value;
    }

    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.set(key, value.into());
        self
    }

    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    pub fn kind(mut self, kind: u8) -> Self {
        self.kind = kind;
        self
    }

    pub fn unlisted(mut self) -> Self {
        self.listed = None;
        self
    }

    pub fn prefixed(self, mode: &str) -> Self {
        self.with("file_mode", mode)
            .with("prefix_placeholder", PLACEHOLDER)
    }
}

/// A package to be.
#[derive(Clone)]
pub struct Recipe {
    pub name: String,
    pub items: Vec<Item>,
    pub noarch: Option<&'static str>,
    pub entry_points: Vec<&'static str>,
    pub suffix: &'static str,
    pub info_last: bool,
    pub info: Option<Vec<(String, Vec<u8>)>>,
}

pub fn recipe(name: &str, items: Vec<Item>) -> Recipe {
    Recipe {
        name: name.into(),
        items,
        noarch: None,
        entry_points: Vec::new(),
        suffix: ".conda",
        info_last: false,
        info: None,
    }
}

impl Recipe {
    pub fn python(mut self, entry_points: &[&'static str]) -> Self {
        self.noarch = Some("python");
        self.entry_points = entry_points.to_vec();
        self
    }

    pub fn tar_bz2(mut self) -> Self {
        self.suffix = ".tar.bz2";
        self
    }

    fn info_items(&self) -> Vec<Item> {
        if let Some(info) = &self.info {
            return info
                .iter()
                .map(|(name, data)| file(&format!("info/{name}"), data))
                .collect();
        }
        let paths: Vec<&Value> = self
            .items
            .iter()
            .filter_map(|item| item.listed.as_ref())
            .collect();
        let mut items = vec![
            file(
                "info/index.json",
                json!({"name": self.name, "noarch": self.noarch}).to_string(),
            ),
            file("info/about.json", "{}"),
            file(
                "info/paths.json",
                json!({"paths": paths, "paths_version": 1}).to_string(),
            ),
        ];
        if self.noarch == Some("python") {
            let noarch = json!({"type": "python", "entry_points": self.entry_points});
            items.push(file(
                "info/link.json",
                json!({"noarch": noarch, "package_metadata_version": 1}).to_string(),
            ));
        }
        items
    }

    pub fn bytes(&self) -> Vec<u8> {
        let info = self.info_items();
        if self.suffix == ".tar.bz2" {
            let parts = if self.info_last {
                [self.items.clone(), info]
            } else {
                [info, self.items.clone()]
            };
            return bzip2(&tar(&parts.concat()));
        }
        zip(&[
            ("metadata.json", b"{}".to_vec()),
            (
                &format!("pkg-{}.tar.zst", self.name),
                zstd::encode_all(&tar(&self.items)[..], 3).unwrap(),
            ),
            (
                &format!("info-{}.tar.zst", self.name),
                zstd::encode_all(&tar(&info)[..], 3).unwrap(),
            ),
        ])
    }
}

pub fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A tar with names as they are given, however wrong.
pub fn tar(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        if item.path.len() > 100 {
            append(
                &mut out,
                b'L',
                b"././@LongLink",
                item.path.as_bytes(),
                b"",
                (0o644, None),
            );
        }
        append(
            &mut out,
            item.kind,
            item.path.as_bytes(),
            &item.data,
            item.link.as_bytes(),
            (item.mode, item.stated),
        );
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn append(
    out: &mut Vec<u8>,
    kind: u8,
    path: &[u8],
    data: &[u8],
    link: &[u8],
    (mode, stated): (u32, Option<u64>),
) {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &path[..path.len().min(100)]);
    put(100, format!("{mode:07o}").as_bytes());
    let size = stated.unwrap_or(data.len() as u64);
    // Base 256, where octal has no room.
    match size >> 33 {
        0 => put(124, format!("{size:011o}").as_bytes()),
        _ => put(124, &[&[0x80, 0, 0, 0][..], &size.to_be_bytes()].concat()),
    }
    put(136, format!("{MODIFIED:011o}").as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link);
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(512), 0);
}

/// A zip of stored members.
pub fn zip(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let (length, name_length) = (
            (data.len() as u32).to_le_bytes(),
            (name.len() as u16).to_le_bytes(),
        );
        let fields = [
            &[10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
            &length,
            &length,
            &name_length,
            &[0, 0],
        ]
        .concat();
        directory.extend_from_slice(&[b"PK\x01\x02\x0a\x00", &fields[..], &[0; 10]].concat());
        directory.extend_from_slice(&(out.len() as u32).to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&[b"PK\x03\x04", &fields[..], name.as_bytes(), data].concat());
    }
    let (start, length) = (
        (out.len() as u32).to_le_bytes(),
        (directory.len() as u32).to_le_bytes(),
    );
    let count = (members.len() as u16).to_le_bytes();
    out.extend_from_slice(&directory);
    out.extend_from_slice(
        &[
            b"PK\x05\x06\0\0\0\0",
            &count[..],
            &count,
            &length,
            &start,
            &[0, 0],
        ]
        .concat(),
    );
    out
}

pub struct Bytes(pub Vec<u8>);

impl ReadAt for Bytes {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = &self.0[usize::try_from(offset).unwrap().min(self.0.len())..];
        // Short reads are allowed, so make some.
        let count = rest.len().min(buffer.len()).min(50_000);
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

struct Queue {
    archives: Mutex<VecDeque<(usize, Vec<u8>)>>,
    witness: Witness,
}

impl Archives for Queue {
    type Error = Infallible;

    fn next(&self) -> Result<Option<Archive>, Infallible> {
        self.witness.look();
        let next = self.archives.lock().unwrap().pop_front();
        Ok(next.map(|(index, bytes)| Archive {
            index,
            bytes: Box::new(Bytes(bytes)),
            verified: false,
        }))
    }
}

pub struct Silent;

impl Progress for Silent {}

/// A staging directory, and how to fill it.
pub struct Bench {
    pub directory: tempfile::TempDir,
    pub prefix: PathBuf,
    pub python: Option<Python>,
    pub threads: usize,
    pub reversed: bool,
    pub shipped: Option<Vec<u8>>,
    pub compile: bool,
    pub cancel: AtomicBool,
    pub requested_specs: Vec<String>,
}

pub fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("staging")).unwrap();
    Bench {
        directory,
        prefix: "/opt/final".into(),
        python: Some(Python {
            version: "3.11.7".into(),
            site_packages_path: "lib/python3.11/site-packages".into(),
        }),
        threads: 2,
        reversed: false,
        shipped: None,
        compile: false,
        cancel: AtomicBool::new(false),
        requested_specs: vec!["demo >=1".into()],
    }
}

pub fn package_of(recipe: &Recipe, bytes: &[u8]) -> Package {
    package_with(recipe, bytes, Vec::new())
}

fn package_with(recipe: &Recipe, bytes: &[u8], depends: Vec<&str>) -> Package {
    let record = json!({"name": recipe.name, "version": "1.0", "build": "0", "build_number": 3, "depends": depends});
    let file_name = format!("{}-1.0-0{}", recipe.name, recipe.suffix);
    Package {
        name: recipe.name.clone(),
        version: "1.0".into(),
        archive: Wanted {
            url: Some(format!("https://example.com/channel/noarch/{file_name}")),
            file_name,
            sha256: cs_archive::sha256(bytes),
            size: Some(bytes.len() as u64),
        },
        format: Format::Conda(Conda {
            build: "0".into(),
            subdir: "noarch".into(),
            noarch: Noarch::None,
            requested_spec: None,
            record: serde_json::value::to_raw_value(&record).unwrap(),
        }),
    }
}

impl Bench {
    pub fn staging(&self) -> PathBuf {
        self.directory.path().join("staging")
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.staging().join(path)
    }

    pub fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn text(&self, path: &str) -> String {
        String::from_utf8(self.read(path)).unwrap()
    }

    pub fn record(&self, name: &str) -> Value {
        serde_json::from_slice(&self.read(&format!("conda-meta/{name}-1.0-0.json"))).unwrap()
    }

    pub fn path_record(&self, name: &str, path: &str) -> Value {
        let record = self.record(name);
        let paths = record["paths_data"]["paths"].as_array().unwrap();
        paths
            .iter()
            .find(|entry| entry["_path"] == path)
            .unwrap_or_else(|| panic!("{path} is not recorded"))
            .clone()
    }

    /// Link packages that each depend on all before them.
    pub fn link(&self, recipes: &[Recipe]) -> Result<Report, LinkError> {
        self.link_bytes(recipes, recipes.iter().map(Recipe::bytes).collect())
    }

    pub fn link_bytes(
        &self,
        recipes: &[Recipe],
        archives: Vec<Vec<u8>>,
    ) -> Result<Report, LinkError> {
        let packages: Vec<Package> = recipes
            .iter()
            .zip(&archives)
            .enumerate()
            .map(|(index, (recipe, bytes))| {
                let before = recipes[..index].iter().map(|recipe| recipe.name.as_str());
                package_with(recipe, bytes, before.collect())
            })
            .collect();
        self.link_packages(&packages, archives)
    }

    pub fn link_packages(
        &self,
        packages: &[Package],
        archives: Vec<Vec<u8>>,
    ) -> Result<Report, LinkError> {
        let mut queue: VecDeque<_> = archives.into_iter().enumerate().collect();
        if self.reversed {
            queue.make_contiguous().reverse();
        }
        let queue = Queue {
            archives: Mutex::new(queue),
            witness: Witness::new(self.staging()),
        };
        self.link_from(packages, &queue)
    }

    pub fn link_from(
        &self,
        packages: &[Package],
        archives: &dyn Archives<Error = Infallible>,
    ) -> Result<Report, LinkError> {
        let shipped = self.shipped.clone().map(Bytes);
        let staging = self.staging();
        let job = Job {
            staging: &staging,
            prefix: &self.prefix,
            platform: "linux-64",
            packages,
            python: self.python.as_ref(),
            requested_specs: &self.requested_specs,
            threads: self.threads,
            bytecode: match &shipped {
                Some(bytes) => Bytecode::Shipped(bytes),
                None if self.compile => Bytecode::Compile,
                None => Bytecode::OnImport,
            },
            link_scripts: true,
            reserved: &[".demo.staging".into()],
            overwritten: &[".condarc", ".demo.json", "conda-meta/frozen"],
            launchers: cfg!(windows).then_some(Launchers {
                console: b"a launcher",
                window: b"a launcher of windows",
            }),
        };
        cs_link::install(&job, archives, &Silent, &self.cancel).map_err(|error| match error {
            InstallError::Link(error) => error,
            InstallError::Supplier(never) => match never {},
        })
    }

    /// Everything below the staging directory's parent: nothing else may appear there.
    pub fn neighbours(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Where commands of packages are.
pub const SCRIPTS: &str = if cfg!(windows) { "Scripts" } else { "bin" };

/// The script of an entry point. On Windows a program next to it starts it.
pub fn script_of(command: &str) -> String {
    let ending = if cfg!(windows) { "-script.py" } else { "" };
    format!("{SCRIPTS}/{command}{ending}")
}

/// Whether two names are of one file: what comes to one is in the other.
pub fn are_one(one: &Path, other: &Path) -> bool {
    let length = |path: &Path| std::fs::metadata(path).unwrap().len();
    let before = length(one);
    let file = std::fs::OpenOptions::new().write(true).open(one).unwrap();
    file.set_len(before + 1).unwrap();
    let is_one = length(other) == before + 1;
    file.set_len(before).unwrap();
    is_one
}

#[cfg(unix)]
pub fn mode_of(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

pub fn modified(path: &Path) -> u64 {
    let time = std::fs::symlink_metadata(path).unwrap().modified().unwrap();
    time.duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

#[cfg(unix)]
const ALONE: &str = "CS_LINK_ALONE";

/// Whether this process runs one test alone, started by [`run_alone`].
#[cfg(unix)]
pub fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

/// Run a test of this program in a process of its own, with more variables.
#[cfg(unix)]
pub fn run_alone(test: &str, variables: &[(&str, &str)]) {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--include-ignored", "--exact", test])
        .env(ALONE, "1");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed"), "{variables:?}: {text}");
}

/// Compiled modules as they come with a runtime.
#[cfg(unix)]
pub fn compress(items: &[Item]) -> Vec<u8> {
    zstd::encode_all(&tar(items)[..], 3).unwrap()
}
