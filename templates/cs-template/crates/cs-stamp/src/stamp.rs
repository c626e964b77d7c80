//! An executable's stamp: found, then read part by part.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cs_archive::{read_file_exact_at, sha256, to_hex};
use cs_entry::footer::{FORMAT_VERSION, Fault};

use crate::footer::{Footer, describe, parse_footer};
use crate::json::Flaw;
use crate::search::{Found, find_footer};
use crate::{Bytecode, Header, Launch, Layout, Part, PartSpan, Plan, StampError};

/// Where the running executable is. Without a mounted `/proc`, as in a bare `chroot`,
/// Linux still knows by which path it was started.
fn find_self() -> io::Result<PathBuf> {
    let path = std::env::current_exe();
    #[cfg(target_os = "linux")]
    if path.is_err() {
        use std::os::unix::ffi::OsStrExt;
        let started = rustix::param::linux_execfn().to_bytes();
        return std::path::absolute(std::ffi::OsStr::from_bytes(started));
    }
    path
}

/// The stamp of one executable. Opening it reads the footer alone.
#[derive(Debug)]
pub struct Stamp {
    path: PathBuf,
    file: File,
    footer: Footer,
}

impl Stamp {
    /// Open the stamp of the executable at `path`; `None` when it is not stamped.
    pub fn open(path: &Path) -> Result<Option<Self>, StampError> {
        let path = path.to_owned();
        match File::open(&path) {
            Ok(file) => Self::from_file(path, file),
            Err(source) => Err(StampError::Io { path, source }),
        }
    }

    /// Open the stamp of the running executable; `None` when it is not stamped.
    pub fn open_self() -> Result<Option<Self>, StampError> {
        let unknown = |source| StampError::Io {
            path: "this executable".into(),
            source,
        };
        let path = find_self().map_err(unknown)?;
        // The kernel's own link leads to the running file even when an upgrade has put another one in its place.
        match File::open(if cfg!(target_os = "linux") {
            Path::new("/proc/self/exe")
        } else {
            &path
        }) {
            Ok(file) => Self::from_file(undelete(path), file),
            Err(_) => Self::open(&path),
        }
    }

    fn from_file(path: PathBuf, file: File) -> Result<Option<Self>, StampError> {
        let (bytes, offset) = match find_footer(&file) {
            Ok(Found::Footer { bytes, offset }) => (bytes, offset),
            Ok(Found::Damaged) => {
                let detail = "its SHA-256 does not match".to_owned();
                return Err(StampError::Footer { path, detail });
            }
            Ok(Found::Cut) => return Err(StampError::Cut { path }),
            Ok(Found::Misplaced(why)) => {
                return Err(StampError::Misplaced {
                    path,
                    detail: why.map(|why| format!(": {why}")).unwrap_or_default(),
                });
            }
            Ok(Found::Nothing) => return Ok(None),
            Err(source) => return Err(StampError::Io { path, source }),
        };
        match parse_footer(&bytes, offset) {
            Ok(footer) => Ok(Some(Self { path, file, footer })),
            Err(Fault::Version(found)) => Err(StampError::Version {
                path,
                found,
                supported: FORMAT_VERSION,
            }),
            Err(fault @ Fault::PartLength(index)) => Err(StampError::Part {
                path,
                part: Part::ALL[index],
                detail: describe(fault),
            }),
            Err(fault) => Err(StampError::Footer {
                path,
                detail: describe(fault),
            }),
        }
    }

    /// The executable's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open executable, for what is read in place.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The digest that names this build, in lower-case hex.
    pub fn identity_hex(&self) -> String {
        to_hex(&self.footer.identity)
    }

    /// Where `part` is in the file, and what it must hash to.
    pub fn part(&self, part: Part) -> PartSpan {
        self.footer.parts[part as usize]
    }

    /// Read all of `part`, compared with its SHA-256. Meant for parts that fit into memory: not for `bundle`.
    pub fn read_part(&self, part: Part) -> Result<Vec<u8>, StampError> {
        let span = self.part(part);
        let length = usize::try_from(span.length);
        let length =
            length.map_err(|_| self.damaged(part, "it does not fit into memory".to_owned()))?;
        let mut bytes = vec![0; length];
        read_file_exact_at(&self.file, &mut bytes, span.offset).map_err(|source| {
            StampError::Io {
                path: self.path.clone(),
                source,
            }
        })?;
        if sha256(&bytes) == span.sha256 {
            return Ok(bytes);
        }
        Err(self.damaged(part, "its SHA-256 does not match".to_owned()))
    }

    /// Read and parse the header, which the parts that are there must agree with.
    pub fn header(&self) -> Result<Header, StampError> {
        let header = self.parse(Part::Header, Header::parse)?;
        let is_there = |part| self.part(part).length > 0;
        if is_there(Part::Bytecode) != (header.bytecode == Bytecode::Shipped) {
            return Err(self.contradiction(Part::Bytecode));
        }
        let is_bundle_possible = match header.layout {
            Layout::Embedded => is_there(Part::Bundle),
            Layout::External => !is_there(Part::Bundle),
            Layout::Online => true,
        };
        if is_bundle_possible {
            Ok(header)
        } else {
            Err(self.contradiction(Part::Bundle))
        }
    }

    /// Read and parse the plan, which must agree with the stamp's header.
    pub fn plan(&self, header: &Header) -> Result<Plan, StampError> {
        let plan = self.parse(Part::Plan, Plan::parse)?;
        if plan.platform != header.platform {
            return Err(self.contradiction(Part::Plan));
        }
        let carries_local = plan
            .packages
            .iter()
            .any(|package| package.archive.url.is_none());
        let is_there = self.part(Part::Bundle).length > 0;
        if header.layout == Layout::Online && carries_local != is_there {
            Err(self.contradiction(Part::Bundle))
        } else {
            Ok(plan)
        }
    }

    /// What a later run needs. It follows from the stamp's header, and the launch part has to say the same.
    pub fn launch(&self, header: &Header) -> Result<Launch, StampError> {
        let launch = Launch::of(header, &self.identity_hex());
        if self.read_part(Part::Launch)? == launch.to_bytes() {
            Ok(launch)
        } else {
            Err(self.contradiction(Part::Launch))
        }
    }

    fn parse<T>(
        &self,
        part: Part,
        parse: impl FnOnce(&[u8]) -> Result<T, Flaw>,
    ) -> Result<T, StampError> {
        parse(&self.read_part(part)?).map_err(|flaw| match flaw {
            Flaw::Schema { found, supported } => StampError::Schema {
                path: self.path.clone(),
                part,
                found,
                supported,
            },
            Flaw::Broken(detail) => self.damaged(part, detail),
        })
    }

    fn contradiction(&self, part: Part) -> StampError {
        self.damaged(part, "it contradicts the header".to_owned())
    }

    fn damaged(&self, part: Part, detail: String) -> StampError {
        StampError::Part {
            path: self.path.clone(),
            part,
            detail,
        }
    }
}

/// The path without what Linux appends when the running file is no longer at its place.
fn undelete(path: PathBuf) -> PathBuf {
    let bytes = path.as_os_str().to_str();
    match bytes.and_then(|path| path.strip_suffix(" (deleted)")) {
        Some(original) if cfg!(target_os = "linux") && !path.exists() => original.into(),
        _ => path,
    }
}
