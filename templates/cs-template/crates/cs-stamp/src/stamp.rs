//! An executable's stamp: found, then read part by part.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::bytes::{read_exact_at, sha256};
use crate::footer::{self, FOOTER_LENGTH, Footer, FooterFault, TRAILING_LIMIT_BYTES};
use crate::{Header, Launch, Part, PartSpan, Plan, StampError};

/// How much of the file's end one step of the search reads.
const SEARCH_STEP: u64 = 1 << 20;

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
        let file = File::open(path).map_err(|source| StampError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::from_file(path.to_owned(), file)
    }

    /// Open the stamp of the running executable; `None` when it is not stamped.
    pub fn open_self() -> Result<Option<Self>, StampError> {
        let path = std::env::current_exe().map_err(|source| StampError::Io {
            path: PathBuf::from("(this executable)"),
            source,
        })?;
        // The kernel's own link still leads to the running file when its path has been replaced by an upgrade.
        let opened = if cfg!(target_os = "linux") {
            File::open("/proc/self/exe")
        } else {
            File::open(&path)
        };
        let file = opened.or_else(|_| File::open(&path));
        let file = file.map_err(|source| StampError::Io {
            path: path.clone(),
            source,
        })?;
        Self::from_file(path, file)
    }

    fn from_file(path: PathBuf, file: File) -> Result<Option<Self>, StampError> {
        let found = find_footer(&file).map_err(|source| StampError::Io {
            path: path.clone(),
            source,
        })?;
        let (bytes, offset) = match found {
            Found::Nothing => return Ok(None),
            Found::Damaged => {
                return Err(StampError::Footer {
                    path,
                    detail: "its SHA-256 does not match".to_owned(),
                });
            }
            Found::Footer { bytes, offset } => (bytes, offset),
        };
        match footer::parse_footer(&bytes, offset) {
            Ok(footer) => Self { path, file, footer }.check_limits().map(Some),
            Err(FooterFault::Structure(detail)) => Err(StampError::Footer { path, detail }),
            Err(FooterFault::Version(found)) => Err(StampError::Version {
                path,
                found,
                supported: footer::FORMAT_VERSION,
            }),
        }
    }

    fn check_limits(self) -> Result<Self, StampError> {
        for part in Part::ALL {
            let length = self.part(part).length;
            if let Some(limit) = part.limit_bytes().filter(|limit| length > *limit) {
                return Err(StampError::TooLarge {
                    path: self.path,
                    part,
                    length,
                    limit,
                });
            }
        }
        Ok(self)
    }

    /// The executable's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open executable, for what is read in place.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The digest that names this build.
    pub fn identity(&self) -> [u8; 32] {
        self.footer.identity
    }

    /// The digest that names this build, in lower-case hex.
    pub fn identity_hex(&self) -> String {
        self.footer
            .identity
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Where `part` is in the file, and what it must hash to.
    pub fn part(&self, part: Part) -> PartSpan {
        self.footer.parts[part as usize]
    }

    /// Read all of `part`, compared with its SHA-256. Meant for the parts that fit into memory: not for `bundle`.
    pub fn read_part(&self, part: Part) -> Result<Vec<u8>, StampError> {
        let span = self.part(part);
        let length = usize::try_from(span.length)
            .map_err(|_| self.damaged(part, "it does not fit into memory".to_owned()))?;
        let mut bytes = vec![0; length];
        read_exact_at(&self.file, &mut bytes, span.offset).map_err(|source| StampError::Io {
            path: self.path.clone(),
            source,
        })?;
        if sha256(&bytes) != span.sha256 {
            return Err(self.damaged(part, "its SHA-256 does not match".to_owned()));
        }
        Ok(bytes)
    }

    /// Read and parse the header.
    pub fn header(&self) -> Result<Header, StampError> {
        self.parse(Part::Header, Header::parse)
    }

    /// Read and parse the plan.
    pub fn plan(&self) -> Result<Plan, StampError> {
        self.parse(Part::Plan, Plan::parse)
    }

    /// Read and parse the launch part.
    pub fn launch(&self) -> Result<Launch, StampError> {
        self.parse(Part::Launch, Launch::parse)
    }

    fn parse<T>(
        &self,
        part: Part,
        parse: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<T, StampError> {
        parse(&self.read_part(part)?).map_err(|detail| self.damaged(part, detail))
    }

    fn damaged(&self, part: Part, detail: String) -> StampError {
        StampError::Part {
            path: self.path.clone(),
            part,
            detail,
        }
    }
}

enum Found {
    Nothing,
    Damaged,
    Footer { bytes: Vec<u8>, offset: u64 },
}

/// Find the last valid footer among the file's last 512 bytes + 16 MiB, last place first.
fn find_footer(file: &File) -> io::Result<Found> {
    let file_length = file.metadata()?.len();
    let first_offset = file_length.saturating_sub(TRAILING_LIMIT_BYTES + FOOTER_LENGTH as u64);
    if let Some(offset) = file_length.checked_sub(FOOTER_LENGTH as u64) {
        let mut bytes = vec![0; FOOTER_LENGTH];
        read_exact_at(file, &mut bytes, offset)?;
        if footer::is_footer(&bytes) {
            return Ok(Found::Footer { bytes, offset });
        }
    }
    let mut is_damaged = false;
    let mut window_end = file_length;
    while window_end > first_offset {
        let window_start = window_end.saturating_sub(SEARCH_STEP).max(first_offset);
        let read_end = (window_end + FOOTER_LENGTH as u64 - 1).min(file_length);
        let mut window = vec![0; (read_end - window_start) as usize];
        read_exact_at(file, &mut window, window_start)?;
        let start_count = (window_end - window_start) as usize;
        for start in magic_hits(&window, start_count) {
            let Some(bytes) = window
                .get(start..start + FOOTER_LENGTH)
                .filter(|bytes| footer::is_footer(bytes))
            else {
                is_damaged = true;
                continue;
            };
            return Ok(Found::Footer {
                bytes: bytes.to_vec(),
                offset: window_start + start as u64,
            });
        }
        window_end = window_start;
    }
    Ok(if is_damaged {
        Found::Damaged
    } else {
        Found::Nothing
    })
}

/// Where the magic stands in `window`, among its first `start_count` offsets, last first.
fn magic_hits(window: &[u8], start_count: usize) -> impl Iterator<Item = usize> {
    let magic = footer::magic();
    (0..start_count)
        .rev()
        .filter(move |start| window[*start] == magic[0] && window[*start..].starts_with(&magic))
}
