//! Link a plan's archives from a directory: `link STAGING PREFIX plan.json ARCHIVE_DIR [THREADS] [BYTECODE]`.
//!
//! The plan is a stamp's (`docs/reference/stamp-format.md`). BYTECODE is `on-import` (default),
//! `bootstrap`, or a `.tar.zst` of compiled modules. For the differential test and for measurements.

use std::cmp::Reverse;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use cs_archive::{Archive, Progress, Queue, Wanted, WholeFile, from_hex};
use cs_link::{Bytecode, Conda, Format, Job, Noarch, Package, Python, Wheel};
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
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    direct_url: Option<String>,
    build: Option<String>,
    subdir: Option<String>,
    url: Option<String>,
    file_name: String,
    sha256: String,
    size: Option<u64>,
    noarch: Option<String>,
    requested_spec: Option<String>,
    record: Option<Box<RawValue>>,
}

impl Planned {
    fn into_package(self) -> Package {
        Package {
            name: self.name,
            version: self.version,
            archive: Wanted {
                file_name: self.file_name,
                sha256: from_hex(&self.sha256).expect("sha256 is hex"),
                size: self.size,
                url: self.url,
            },
            format: match self.kind.as_deref() {
                Some("wheel") => Format::Wheel(Wheel {
                    direct_url: self.direct_url,
                }),
                _ => Format::Conda(Conda {
                    build: self.build.expect("a conda package has a build string"),
                    subdir: self.subdir.expect("a conda package has a subdir"),
                    noarch: match self.noarch.as_deref() {
                        Some("python") => Noarch::Python,
                        Some(_) => Noarch::Generic,
                        None => Noarch::None,
                    },
                    requested_spec: self.requested_spec,
                    record: self.record.expect("a conda package has a record"),
                }),
            },
        }
    }
}

fn open(path: &Path) -> io::Result<WholeFile> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    Ok(WholeFile::new(file, length))
}

/// All archives, largest first: the last ones are small, and no thread waits long for another.
fn open_all(packages: &[Package], directory: &Path) -> io::Result<Queue> {
    let open = |(index, package): (usize, &Package)| {
        Ok(Archive {
            index,
            bytes: Box::new(open(&directory.join(&package.archive.file_name))?),
            verified: false,
        })
    };
    let archives: io::Result<Vec<Archive>> = packages.iter().enumerate().map(open).collect();
    let mut archives = archives?;
    archives.sort_by_key(|archive| Reverse(archive.bytes.len()));
    Ok(Queue::new(archives))
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
            shipped = open(Path::new(path))?;
            Bytecode::Shipped(&shipped)
        }
    };
    let archives = open_all(&packages, Path::new(directory))?;
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
        launchers: None,
    };
    let start = std::time::Instant::now();
    let report = cs_link::install(&job, &archives, &Silent, &AtomicBool::new(false))
        .map_err(|error| error.to_string())?;
    println!("{report:#?}\n{:.3} s", start.elapsed().as_secs_f64());
    Ok(())
}
