//! What post-link scripts wrote with the staging directory's path in it.

use std::borrow::Cow;
use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use memchr::memmem::Finder;

use crate::clean::with_slashes;
use crate::clobber::Claims;
use crate::fault::Fault;
use crate::paths::{FileMode, Placeholder};
use crate::placeholder::Replacer;
use crate::untouched::Untouched;
use crate::{Job, LinkError};

const CHUNK_BYTES: usize = 128 * 1024;

/// Put the final prefix in place of the staging directory's path in everything that has changed since `start`.
///
/// Only a bytecode file is not changed but removed: Python writes it anew. Returns what has not changed.
pub(crate) fn relocate_changes<'c>(
    job: &Job,
    start: &Metadata,
    claims: &'c Claims,
    cancel: &AtomicBool,
) -> Result<Untouched<'c>, LinkError> {
    let mut untouched = Untouched::new(claims);
    let Some(staging) = job.staging.to_str() else {
        return Ok(untouched);
    };
    let Some(prefix) = job.prefix.to_str() else {
        return Ok(untouched);
    };
    let spellings = Spellings::of(staging, prefix, cfg!(windows));
    let walk = Walk {
        staging,
        prefix,
        finders: spellings.finders(),
        spellings,
        start,
        cancel,
    };
    let mut directories = vec![job.staging.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = fs::read_dir(&directory).map_err(|source| error_at(&directory, source))?;
        for entry in entries {
            let path = entry.map_err(|source| error_at(&directory, source))?.path();
            if !walk.visit(&path, &mut directories)?
                && let Some(path) = name_within(&path, job.staging)
            {
                untouched.add(&path);
            }
        }
    }
    Ok(untouched)
}

/// A path of the staging directory as records have it.
fn name_within<'p>(path: &'p Path, staging: &Path) -> Option<Cow<'p, str>> {
    let path = path.strip_prefix(staging).ok()?.to_str()?;
    Some(with_slashes(path))
}

/// Create a file in the same directory, under an unused name.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut number = 0_u32;
    loop {
        let copy = path.with_file_name(format!(".relocated-{number}"));
        match File::create_new(&copy) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            created => return created.map(|file| (copy, file)),
        }
    }
}

fn error_at(path: &Path, source: io::Error) -> LinkError {
    Fault::Write {
        path: path.to_owned(),
        source,
    }
    .into()
}

struct Walk<'a> {
    staging: &'a str,
    prefix: &'a str,
    spellings: Spellings,
    finders: Vec<Finder<'static>>,
    start: &'a Metadata,
    cancel: &'a AtomicBool,
}

impl Walk<'_> {
    /// Put one path right; whether it has changed.
    fn visit(&self, path: &Path, directories: &mut Vec<PathBuf>) -> Result<bool, LinkError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(Fault::Cancelled.into());
        }
        let metadata = fs::symlink_metadata(path).map_err(|source| error_at(path, source))?;
        if metadata.is_dir() {
            directories.push(path.to_owned());
        }
        if !changed_since(&metadata, self.start) {
            return Ok(false);
        }
        let relocated = if metadata.is_symlink() {
            self.relocate_link(path)
        } else if metadata.is_file() {
            self.relocate_file(path, &metadata)
        } else {
            Ok(())
        };
        relocated.map_err(|source| error_at(path, source))?;
        Ok(true)
    }

    #[cfg(unix)]
    fn relocate_link(&self, path: &Path) -> io::Result<()> {
        let target = fs::read_link(path)?;
        match target.strip_prefix(self.staging) {
            Err(_) => Ok(()),
            Ok(rest) => {
                fs::remove_file(path)?;
                std::os::unix::fs::symlink(Path::new(self.prefix).join(rest), path)
            }
        }
    }

    /// Symbolic links need privileges here; scripts do not make them.
    #[cfg(not(unix))]
    fn relocate_link(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn relocate_file(&self, path: &Path, metadata: &Metadata) -> io::Result<()> {
        let Some(mode) = self.find(path)? else {
            return Ok(());
        };
        if path.extension().is_some_and(|extension| extension == "pyc") {
            return cs_file::insist(|| fs::remove_file(path));
        }
        if mode == FileMode::Binary && self.prefix.len() > self.staging.len() {
            // There is no room for the longer path; what is there is all that a script could have meant.
            return Ok(());
        }
        let (copy, file) = create_beside(path)?;
        self.rewrite(path, file, mode)?;
        fs::set_permissions(&copy, metadata.permissions())?;
        cs_file::insist(|| fs::rename(&copy, path))
    }

    /// Whether the file holds the staging directory's path, and whether it is text.
    fn find(&self, path: &Path) -> io::Result<Option<FileMode>> {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; CHUNK_BYTES];
        let (mut kept, mut found, mut mode) = (0, false, FileMode::Text);
        loop {
            let count = file.read(&mut buffer[kept..])?;
            if count == 0 {
                return Ok(found.then_some(mode));
            }
            let filled = &buffer[..kept + count];
            if filled.contains(&0) {
                mode = FileMode::Binary;
            }
            found |= self.finders.iter().any(|one| one.find(filled).is_some());
            let keep = filled.len().min(self.longest());
            let from = filled.len() - keep;
            buffer.copy_within(from..from + keep, 0);
            kept = keep;
        }
    }

    /// Bytes of the longest form that is looked for.
    fn longest(&self) -> usize {
        let lengths = self.finders.iter().map(|one| one.needle().len());
        lengths.max().unwrap_or(0)
    }

    fn rewrite(&self, path: &Path, copy: File, mode: FileMode) -> io::Result<()> {
        let placeholder = Placeholder {
            mode,
            text: Rc::from(self.staging),
        };
        let mut replacer = self
            .spellings
            .complete(Replacer::new(&placeholder, self.prefix));
        let mut input = BufReader::with_capacity(CHUNK_BYTES, File::open(path)?);
        let mut output = BufWriter::with_capacity(CHUNK_BYTES, copy);
        let (mut chunk, mut settled) = (vec![0; CHUNK_BYTES], Vec::new());
        loop {
            let count = input.read(&mut chunk)?;
            settled.clear();
            replacer.push(&chunk[..count], count == 0, &mut settled);
            output.write_all(&settled)?;
            if count == 0 {
                return output.flush();
            }
        }
    }
}

/// The forms in which scripts write the staging directory's path, each with the final prefix in the same form.
struct Spellings {
    /// Text, in UTF-8 and UTF-16.
    texts: Vec<(String, String)>,
    /// Bytes of the code pages that programs of the system write in.
    bytes: Vec<(Vec<u8>, Vec<u8>)>,
    is_windows: bool,
}

impl Spellings {
    fn of(staging: &str, prefix: &str, is_windows: bool) -> Self {
        let mut texts = vec![(staging.to_owned(), prefix.to_owned())];
        if is_windows {
            // As programs with other roots write it, and as JSON and Python do.
            texts.push((staging.replace('\\', "/"), prefix.replace('\\', "/")));
            texts.push((staging.replace('\\', r"\\"), prefix.replace('\\', r"\\")));
        }
        let bytes = encode_in_code_pages(&texts);
        Self {
            texts,
            bytes,
            is_windows,
        }
    }

    fn finders(&self) -> Vec<Finder<'static>> {
        let as_utf8 = self.texts.iter().map(|(text, _)| text.as_bytes().to_vec());
        let wide = self.texts.iter().filter(|_| self.is_windows);
        let as_utf16 =
            wide.map(|(text, _)| text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        let bytes = self.bytes.iter().map(|(bytes, _)| bytes.clone());
        as_utf8
            .chain(as_utf16)
            .chain(bytes)
            .map(|needle: Vec<u8>| Finder::new(&needle).into_owned())
            .collect()
    }

    /// Have a replacer of the first form replace the others too.
    fn complete(&self, replacer: Replacer) -> Replacer {
        let others = self.texts.iter().skip(1);
        let replacer = others.fold(replacer, |one, (from, to)| one.and(from, to));
        let bytes = self.bytes.iter();
        bytes.fold(replacer, |one, (from, to)| one.and_bytes(from, to))
    }
}

#[cfg(not(windows))]
fn encode_in_code_pages(_: &[(String, String)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    Vec::new()
}

/// What is not ASCII, in the code pages of old programs and of the console.
#[cfg(windows)]
fn encode_in_code_pages(texts: &[(String, String)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    use windows_sys::Win32::Globalization::{CP_ACP, CP_OEMCP};
    let mut encoded = Vec::new();
    for (from, to) in texts
        .iter()
        .filter(|(from, to)| !(from.is_ascii() && to.is_ascii()))
    {
        for page in [CP_ACP, CP_OEMCP] {
            let pair = (encode_in(page, from), encode_in(page, to));
            if !pair.0.is_empty() && !encoded.contains(&pair) && pair.0 != from.as_bytes() {
                encoded.push(pair);
            }
        }
    }
    encoded
}

/// A text in a code page, with replacements for what it lacks; empty if there is no such page.
#[cfg(windows)]
fn encode_in(page: u32, text: &str) -> Vec<u8> {
    use std::ptr::{null, null_mut};
    use windows_sys::Win32::Globalization::WideCharToMultiByte;
    let wide: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = vec![0_u8; wide.len() * 4];
    let (length, room) = (wide.len() as i32, bytes.len() as i32);
    // SAFETY: both buffers have the lengths that are said.
    let written = unsafe {
        let target = bytes.as_mut_ptr();
        WideCharToMultiByte(
            page,
            0,
            wide.as_ptr(),
            length,
            target,
            room,
            null(),
            null_mut(),
        )
    };
    bytes.truncate(usize::try_from(written).unwrap_or(0));
    bytes
}

#[cfg(unix)]
fn changed_since(metadata: &Metadata, start: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (metadata.ctime(), metadata.ctime_nsec()) >= (start.ctime(), start.ctime_nsec())
}

#[cfg(not(unix))]
fn changed_since(metadata: &Metadata, start: &Metadata) -> bool {
    match (metadata.modified(), start.modified()) {
        (Ok(changed), Ok(start)) => changed >= start,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relocate(text: &[u8], mode: FileMode) -> Vec<u8> {
        let (staging, prefix) = (r"C:\a b\.demo.staging", r"C:\a b\demo");
        let placeholder = Placeholder {
            mode,
            text: Rc::from(staging),
        };
        let spellings = Spellings::of(staging, prefix, true);
        let is_found = |one: &Finder| one.find(text).is_some();
        assert!(spellings.finders().iter().any(is_found), "{text:?}");
        let mut out = Vec::new();
        let mut replacer = spellings.complete(Replacer::new(&placeholder, prefix));
        replacer.push(text, true, &mut out);
        out
    }

    #[test]
    fn every_form_of_a_windows_path_is_put_right() {
        for (written, expected) in [
            (r"x=C:\a b\.demo.staging\y", r"x=C:\a b\demo\y"),
            ("x=C:/a b/.demo.staging/y", "x=C:/a b/demo/y"),
            (
                r#"{"x": "C:\\a b\\.demo.staging\\y"}"#,
                r#"{"x": "C:\\a b\\demo\\y"}"#,
            ),
        ] {
            let text = relocate(written.as_bytes(), FileMode::Text);
            assert_eq!(String::from_utf8(text).unwrap(), expected);
            let wide = |text: &str| -> Vec<u8> {
                text.encode_utf16().flat_map(u16::to_le_bytes).collect()
            };
            assert_eq!(relocate(&wide(written), FileMode::Text), wide(expected));
        }
    }

    #[test]
    fn elsewhere_a_path_has_one_form() {
        let spellings = Spellings::of("/a/.demo.staging", "/a/demo", false);
        assert_eq!(spellings.finders().len(), 1);
    }

    #[cfg(windows)]
    #[test]
    fn code_pages_are_looked_for_where_they_differ() {
        assert!(Spellings::of(r"C:\plain", r"C:\p", true).bytes.is_empty());
        let spellings = Spellings::of("C:\\\u{fc}\\.d.staging", "C:\\\u{fc}\\d", true);
        assert!(
            spellings
                .bytes
                .iter()
                .any(|(from, to)| from.contains(&0xfc) && to.contains(&0xfc))
        );
    }
}
