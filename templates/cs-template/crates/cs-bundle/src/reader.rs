//! Entries of a tar of any flavour, as they come out of the decoder.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use cs_archive::is_memory_error;
use cs_archive::tar::{
    BLOCK_BYTES, Block, Header, padding, parse_pax_size, pax_records, until_nul,
};

use crate::error::BundleError;
use crate::expected::is_archive_name;

/// Largest extended header or long name; real ones have a few hundred bytes.
const MAX_EXTENDED_HEADER: u64 = 64 * 1024;
/// Most bytes that may follow the end of the tar: padding to a record of any usual size.
const MAX_TRAILING: u64 = 16 * 1024 * 1024;
const BUFFER: usize = 128 * 1024;
/// Most bytes that are decoded for nothing, in times of the bundle's size and for small
/// bundles: archives hardly get any smaller.
const WASTE_FACTOR: u64 = 200;
const WASTE_BYTES: u64 = 64 * 1024 * 1024;

/// What pax headers say of the entry behind them; later ones win.
#[derive(Default, Clone)]
struct Pax {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Pax {
    /// Read the records of one extended header into `self`.
    fn update(&mut self, records: &[u8]) -> Result<(), &'static str> {
        for record in pax_records(records) {
            let (key, value) = record?;
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"size" => self.size = Some(parse_pax_size(value)?),
                _ if key.starts_with(b"GNU.sparse.") => return Err("it stores a sparse file"),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A tar of any flavour as it comes out of the decoder.
pub(crate) struct TarReader<'a> {
    pub(crate) path: &'a Path,
    cancel: &'a AtomicBool,
    decoder: zstd::Decoder<'static, io::BufReader<File>>,
    buffer: Box<[u8]>,
    global: Pax,
    /// Bytes that may still be decoded without being part of a wanted archive.
    waste: u64,
}

impl<'a> TarReader<'a> {
    /// Read the bundle `file`, whose name is `path`, until `cancel` is raised.
    pub(crate) fn open(
        path: &'a Path,
        file: File,
        cancel: &'a AtomicBool,
    ) -> Result<Self, BundleError> {
        let fail = |source| BundleError::Read {
            path: path.to_owned(),
            source,
        };
        let length = file.metadata().map_err(fail)?.len();
        let decoder = zstd::Decoder::new(file).map_err(fail)?;
        Ok(Self {
            path,
            cancel,
            decoder,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            global: Pax::default(),
            waste: length
                .saturating_mul(WASTE_FACTOR)
                .saturating_add(WASTE_BYTES),
        })
    }

    /// Advance to the next archive or other top-level file; `None` at the end of the tar.
    pub(crate) fn next_entry(&mut self) -> Result<Option<(String, u64)>, BundleError> {
        let mut pax = self.global.clone();
        let mut long_name = None;
        loop {
            let block = self.read_block()?;
            if block.iter().all(|&byte| byte == 0) {
                self.finish()?;
                return Ok(None);
            }
            let damaged = |what| self.damaged(what);
            let header = Header::check(&block).map_err(damaged)?;
            let length = header.size().map_err(damaged)?;
            match header.kind() {
                b'x' => pax
                    .update(&self.read_extended(length)?)
                    .map_err(|what| self.damaged(what))?,
                b'g' => {
                    let records = self.read_extended(length)?;
                    self.global
                        .update(&records)
                        .and_then(|()| pax.update(&records))
                        .map_err(|what| self.damaged(what))?;
                }
                b'L' => long_name = Some(until_nul(&self.read_extended(length)?).to_vec()),
                kind => {
                    let name = pax.path.or(long_name).unwrap_or_else(|| header.path());
                    let name = self.check_entry(&name, kind)?;
                    return Ok(Some((name, pax.size.unwrap_or(length))));
                }
            }
        }
    }

    /// Refuse anything but regular files at the top level.
    fn check_entry(&self, name: &[u8], kind: u8) -> Result<String, BundleError> {
        let name = String::from_utf8_lossy(name).into_owned();
        let reason = match kind {
            b'0' | b'7' | 0 => match name.strip_prefix("./").unwrap_or(&name) {
                _ if name.starts_with('/') || name.contains('\\') || has_drive(&name) => {
                    "has an absolute name"
                }
                plain if plain.split('/').any(|part| part == "..") => "has '..' in its name",
                plain if plain.ends_with('/') => "is a directory",
                plain if plain.contains('/') => "is nested in a directory",
                plain if !is_archive_name(plain) => "is not a package archive",
                plain => return Ok(plain.to_owned()),
            },
            b'1' => "is a hard link",
            b'2' => "is a symbolic link",
            b'3' | b'4' => "is a device",
            b'5' => "is a directory",
            b'6' => "is a named pipe",
            _ => "is not a regular file",
        };
        Err(self.refuse(name, reason))
    }

    /// Count bytes that were not asked for, before they are decoded.
    pub(crate) fn waste(&mut self, length: u64) -> Result<(), BundleError> {
        let left = self.waste.checked_sub(length);
        self.waste = left.ok_or_else(|| self.damaged(WASTEFUL))?;
        Ok(())
    }

    fn read_block(&mut self) -> Result<Block, BundleError> {
        self.waste(BLOCK_BYTES as u64)?;
        let mut block = [0; BLOCK_BYTES];
        match self.decoder.read_exact(&mut block) {
            Ok(()) => Ok(block),
            Err(error) => Err(self.failure(error)),
        }
    }

    /// Read an extended header's data and its padding.
    fn read_extended(&mut self, length: u64) -> Result<Vec<u8>, BundleError> {
        if length > MAX_EXTENDED_HEADER {
            return Err(self.damaged("an extended header is too long"));
        }
        self.waste(length)?;
        let mut data = Vec::new();
        self.read_data(length, |chunk| {
            data.extend_from_slice(chunk);
            Ok(())
        })?;
        self.skip(padding(length))?;
        Ok(data)
    }

    pub(crate) fn skip(&mut self, length: u64) -> Result<(), BundleError> {
        self.read_data(length, |_| Ok(()))
    }

    /// Hand the next `length` bytes to `sink`, a buffer at a time.
    pub(crate) fn read_data(
        &mut self,
        mut length: u64,
        mut sink: impl FnMut(&[u8]) -> Result<(), BundleError>,
    ) -> Result<(), BundleError> {
        while length > 0 {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(BundleError::Cancelled);
            }
            let wanted = usize::try_from(length).unwrap_or(BUFFER).min(BUFFER);
            match self.decoder.read(&mut self.buffer[..wanted]) {
                Ok(0) => return Err(self.failure(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => {
                    sink(&self.buffer[..count])?;
                    length -= count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failure(error)),
            }
        }
        Ok(())
    }

    /// Decode to the end of the stream: a truncated file or a wrong checksum shows there.
    fn finish(&mut self) -> Result<(), BundleError> {
        let mut trailing = (&mut self.decoder).take(MAX_TRAILING + 1);
        match io::copy(&mut trailing, &mut io::sink()) {
            Ok(count) if count <= MAX_TRAILING => Ok(()),
            Ok(_) => Err(self.damaged("data follows the end of its tar")),
            Err(error) => Err(self.failure(error)),
        }
    }

    pub(crate) fn refuse(&self, entry: String, reason: &'static str) -> BundleError {
        BundleError::Entry {
            path: self.path.to_owned(),
            entry,
            reason,
        }
    }

    pub(crate) fn damaged(&self, what: &str) -> BundleError {
        BundleError::Damaged {
            path: self.path.to_owned(),
            what: what.to_owned(),
        }
    }

    /// Distinguish a truncated or corrupt stream from a disk that cannot be read.
    fn failure(&self, error: io::Error) -> BundleError {
        if error.raw_os_error().is_some() || is_memory_error(&error) {
            return BundleError::Read {
                path: self.path.to_owned(),
                source: error,
            };
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it is truncated"),
            _ => self.damaged(&format!("it is not a zstd-compressed tar ({error})")),
        }
    }
}

const WASTEFUL: &str =
    "its contents besides this runtime's archives unpack to more than two hundred times its size";

/// Whether a name starts with a Windows drive, `C:`.
fn has_drive(name: &str) -> bool {
    name.len() > 1 && name.as_bytes()[0].is_ascii_alphabetic() && name.as_bytes()[1] == b':'
}
