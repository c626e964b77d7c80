//! The two kinds of archive, each as a stream of tar entries with `info/` first.

use std::io::{self, Read};

use bzip2::bufread::MultiBzDecoder;
use cs_archive::ReadAt;
use zstd::stream::read::Decoder as ZstdDecoder;

use crate::clean::checked_path;
use crate::fault::Fault;
use crate::info::InfoFiles;
use crate::input::{Input, Monitor};
use crate::interruption::Interruption;
use crate::limits::{LARGEST_INFO, plausible_limit};
use crate::memory::has_room_for_bzip2;
use crate::tar::{Entry, Kind, TarReader};
use crate::zip::{Span, list_spans};

/// A decoder over part of an archive. It notices cancellation even where little input becomes endless output.
pub(crate) struct Stream<'a> {
    decoder: Decoder<'a>,
    monitor: &'a Monitor<'a>,
}

enum Decoder<'a> {
    Zstd(ZstdDecoder<'static, Input<'a>>),
    Bzip2(Box<MultiBzDecoder<Input<'a>>>),
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.monitor.is_cancelled() {
            return Err(Interruption::Cancelled.into());
        }
        match &mut self.decoder {
            Decoder::Zstd(decoder) => decoder.read(buffer),
            Decoder::Bzip2(decoder) => decoder.read(buffer),
        }
    }
}

/// A tar stream, and its first entry behind `info/` when that had to be read to know that it is one.
pub(crate) type Payload<'a> = (TarReader<Stream<'a>>, Option<Entry>);

enum Format {
    Conda { info: Span, payload: Span },
    TarBz2,
}

/// A package archive.
pub(crate) struct Container<'a> {
    bytes: &'a dyn ReadAt,
    monitor: &'a Monitor<'a>,
    format: Format,
}

impl<'a> Container<'a> {
    /// Find out how the archive is laid out; its name shows its kind.
    pub(crate) fn open(
        file_name: &str,
        bytes: &'a dyn ReadAt,
        monitor: &'a Monitor<'a>,
    ) -> Result<Self, Fault> {
        let format = if file_name.ends_with(".conda") {
            let mut spans = list_spans(bytes)?;
            let info = take_span(&mut spans, "info-")?;
            let payload = take_span(&mut spans, "pkg-")?;
            Format::Conda { info, payload }
        } else if file_name.ends_with(".tar.bz2") {
            Format::TarBz2
        } else {
            return Err(Fault::damaged("neither a .conda nor a .tar.bz2 file"));
        };
        Ok(Self {
            bytes,
            monitor,
            format,
        })
    }

    /// Size of the archive in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.len()
    }

    /// Whether `info/` and the files are in one stream.
    pub(crate) fn has_info_inside(&self) -> bool {
        matches!(self.format, Format::TarBz2)
    }

    /// Collect `info/`, and get the stream of the files.
    ///
    /// In a `.tar.bz2` what is wanted of `info/` normally comes first; only when it does not is the archive read twice.
    pub(crate) fn read_info(&self, info: &mut InfoFiles) -> Result<Payload<'a>, Fault> {
        let mut tar = match &self.format {
            Format::Conda { info, .. } => TarReader::new(self.zstd(info)?, Some(LARGEST_INFO)),
            Format::TarBz2 => TarReader::new(self.bzip2()?, Some(plausible_limit(self.len()))),
        };
        while let Some(entry) = tar.next_entry()? {
            let path = checked_path(&entry)?;
            let is_info = path.starts_with("info/") || entry.kind == Kind::Directory;
            if self.has_info_inside() && !is_info && info.is_complete() {
                return Ok((tar, Some(entry)));
            }
            info.take(&path, &entry, &mut tar)?;
        }
        drop(tar);
        Ok((self.payload()?, None))
    }

    /// The stream of the files, from its start.
    pub(crate) fn payload(&self) -> Result<TarReader<Stream<'a>>, Fault> {
        match &self.format {
            Format::Conda { payload, .. } => Ok(TarReader::new(self.zstd(payload)?, None)),
            Format::TarBz2 => Ok(TarReader::new(self.bzip2()?, None)),
        }
    }

    fn zstd(&self, span: &Span) -> Result<Stream<'a>, Fault> {
        let input = Input::new(self.bytes, self.monitor, span.start, span.end);
        let decoder = ZstdDecoder::with_buffer(input).map_err(Fault::decoding)?;
        Ok(Stream {
            decoder: Decoder::Zstd(decoder),
            monitor: self.monitor,
        })
    }

    fn bzip2(&self) -> Result<Stream<'a>, Fault> {
        if !has_room_for_bzip2() {
            return Err(Fault::Memory);
        }
        let input = Input::new(self.bytes, self.monitor, 0, self.bytes.len());
        Ok(Stream {
            decoder: Decoder::Bzip2(Box::new(MultiBzDecoder::new(input))),
            monitor: self.monitor,
        })
    }
}

/// The one member whose name starts with `kind`.
fn take_span(spans: &mut Vec<Span>, kind: &str) -> Result<Span, Fault> {
    let is_wanted = |span: &Span| span.name.starts_with(kind) && span.name.ends_with(".tar.zst");
    match spans.iter().filter(|span| is_wanted(span)).count() {
        1 => {
            let at = spans.iter().position(is_wanted).unwrap_or_default();
            Ok(spans.swap_remove(at))
        }
        0 => Err(Fault::damaged(format!("no {kind}*.tar.zst in it"))),
        _ => Err(Fault::damaged(format!(
            "more than one {kind}*.tar.zst in it"
        ))),
    }
}
