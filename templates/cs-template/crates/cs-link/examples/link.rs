//! Link a plan's archives from a directory: `link STAGING PREFIX plan.json ARCHIVE_DIR [THREADS] [BYTECODE]`.
//!
//! The plan is a stamp's (`docs/reference/stamp-format.md`). BYTECODE is `on-import` (default), `bootstrap`, or a `.tar.zst` of compiled
//! modules. For the differential test and for measurements.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use cs_archive::{Archive, ArchiveError, Archives, Progress, ReadAt};
use cs_link::{Bytecode, Job, Noarch, Package, Python, largest_first};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Plan {
    platform: String,
    requested_specs: Vec<String>,
    python: Option<PlannedPython>,
    packages: Vec<Planned>,
}

#[derive(Deserialize)]
struct PlannedPython {
    version: String,
    site_packages_path: String,
}

#[derive(Deserialize)]
struct Planned {
    name: String,
    version: String,
    build: String,
    subdir: String,
    url: String,
    file_name: String,
    sha256: String,
    size: Option<u64>,
    noarch: Option<String>,
    requested_spec: Option<String>,
    record: Box<RawValue>,
}

impl Planned {
    fn into_package(self) -> Package {
        let mut sha256 = [0; 32];
        for (byte, at) in sha256.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&self.sha256[at..at + 2], 16).expect("sha256 is hex");
        }
        Package {
            name: self.name,
            version: self.version,
            build: self.build,
            subdir: self.subdir,
            url: self.url,
            file_name: self.file_name,
            sha256,
            size: self.size,
            noarch: match self.noarch.as_deref() {
                Some("python") => Noarch::Python,
                Some(_) => Noarch::Generic,
                None => Noarch::None,
            },
            requested_spec: self.requested_spec,
            record: self.record,
        }
    }
}

struct OnDisk(File, u64);

impl OnDisk {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self(file, length))
    }
}

impl ReadAt for OnDisk {
    fn len(&self) -> u64 {
        self.1
    }

    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, buffer, offset)
    }
}

struct Directory {
    path: PathBuf,
    left: Mutex<VecDeque<(usize, String)>>,
}

impl Archives for Directory {
    fn next(&self) -> Result<Option<Archive>, ArchiveError> {
        let Some((index, name)) = self.left.lock().expect("no thread panics").pop_front() else {
            return Ok(None);
        };
        match OnDisk::open(&self.path.join(name)) {
            Ok(bytes) => Ok(Some(Archive {
                index,
                bytes: Box::new(bytes),
                verified: false,
            })),
            Err(error) => Err(ArchiveError {
                index: Some(index),
                source: error.into(),
            }),
        }
    }
}

struct Silent;

impl Progress for Silent {}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [staging, prefix, plan, directory, rest @ ..] = arguments.as_slice() else {
        return Err("usage: link STAGING PREFIX plan.json ARCHIVE_DIR [THREADS] [BYTECODE]".into());
    };
    let plan: Plan = serde_json::from_slice(&std::fs::read(plan)?)?;
    let packages: Vec<Package> = plan
        .packages
        .into_iter()
        .map(Planned::into_package)
        .collect();
    let python = plan.python.map(|python| Python {
        version: python.version,
        site_packages_path: python.site_packages_path,
    });
    let shipped;
    let bytecode = match rest.get(1).map_or("on-import", String::as_str) {
        "on-import" => Bytecode::OnImport,
        "bootstrap" => Bytecode::Compile,
        path => {
            shipped = OnDisk::open(Path::new(path))?;
            Bytecode::Shipped(&shipped)
        }
    };
    let order = largest_first(&packages)
        .into_iter()
        .map(|index| (index, packages[index].file_name.clone()));
    let archives = Directory {
        path: directory.into(),
        left: Mutex::new(order.collect()),
    };
    let staging = std::path::absolute(staging)?;
    std::fs::create_dir_all(&staging)?;
    let job = Job {
        staging: &staging,
        prefix: Path::new(prefix),
        platform: &plan.platform,
        packages: &packages,
        python: python.as_ref(),
        requested_specs: &plan.requested_specs,
        threads: rest.first().map_or(Ok(2), |threads| threads.parse())?,
        bytecode,
        link_scripts: true,
        reserved: &[],
        overwritten: &[],
        launcher: None,
    };
    let start = std::time::Instant::now();
    let report = cs_link::install(&job, &archives, &Silent, &AtomicBool::new(false))
        .map_err(|error| error.to_string())?;
    println!("{report:#?}\n{:.3} s", start.elapsed().as_secs_f64());
    Ok(())
}
