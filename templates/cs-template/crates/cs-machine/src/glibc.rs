//! Which glibc does the machine have? It is read from the library itself, which is not loaded.

use std::path::{Path, PathBuf};

use cs_file::Links;

use crate::found::Found;
use crate::version::Version;

/// Where programs of conda packages name their loader: without it none of them starts.
#[cfg(target_arch = "aarch64")]
const LOADER: &str = "lib/ld-linux-aarch64.so.1";
#[cfg(not(target_arch = "aarch64"))]
const LOADER: &str = "lib64/ld-linux-x86-64.so.2";
const LIBRARY: &str = "libc.so.6";
/// Where the library may be when it is not in the loader's directory.
const DIRECTORIES: [&str; 6] = [
    "lib64",
    "usr/lib64",
    "lib/x86_64-linux-gnu",
    "lib/aarch64-linux-gnu",
    "lib",
    "usr/lib",
];
/// The largest known libraries have 2.5 MB.
const LIMIT_BYTES: u64 = 16 << 20;
/// What the library says of itself: `GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.`
const BANNER: &[u8] = b"GNU C Library ";
const VERSION: &[u8] = b"release version ";
const BANNER_LENGTH: usize = 256;

/// Find the glibc of a machine with this root directory.
pub fn detect(root: &Path) -> Found {
    if !cfg!(target_os = "linux") {
        return Found::Absent;
    }
    let loader = root.join(LOADER);
    let Ok(real) = loader.canonicalize() else {
        return Found::Absent;
    };
    let own = real.parent().map(Path::to_owned);
    let directories = DIRECTORIES.iter().map(|name| root.join(name));
    let version = own.into_iter().chain(directories).find_map(read_version);
    version.map_or(Found::Unknown, Found::Version)
}

fn read_version(directory: PathBuf) -> Option<Version> {
    let library = directory.join(LIBRARY);
    let bytes = cs_file::read(&library, Links::Followed, LIMIT_BYTES).ok()?;
    let banner = &bytes[find(&bytes, BANNER)?..];
    let banner = &banner[..banner.len().min(BANNER_LENGTH)];
    let version = &banner[find(banner, VERSION)? + VERSION.len()..];
    Version::parse(&String::from_utf8_lossy(version))
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes
        .windows(text.len())
        .position(|window| window[0] == text[0] && window == text)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs;

    fn machine(library: &[u8]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("usr/lib/somewhere");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("ld.so"), "the loader").unwrap();
        fs::write(directory.join(LIBRARY), library).unwrap();
        let loader = root.path().join(LOADER);
        fs::create_dir_all(loader.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("../usr/lib/somewhere/ld.so", loader).unwrap();
        root
    }

    #[test]
    fn the_library_beside_the_loader_says_its_version() {
        let mut library = vec![7; 1 << 20];
        library.extend(
            b"GNU C Library (Debian GLIBC 2.36-9+deb12u10) stable release version 2.36.\nCopyright",
        );
        library.extend([7; 100]);
        let root = machine(&library);
        assert_eq!(detect(root.path()), Found::Version(Version::new(&[2, 36])));
    }

    #[test]
    fn the_words_of_older_libraries_are_read_too() {
        let root = machine(
            b"GNU C Library (GNU libc) stable release version 2.17, by Roland McGrath et al.",
        );
        assert_eq!(detect(root.path()), Found::Version(Version::new(&[2, 17])));
    }

    #[test]
    fn another_library_by_that_name_is_not_known() {
        for library in [
            &b"musl"[..],
            b"GNU C Library ",
            b"GNU C Library of release version x",
        ] {
            assert_eq!(detect(machine(library).path()), Found::Unknown);
        }
    }

    #[test]
    fn without_its_loader_there_is_no_glibc() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(detect(root.path()), Found::Absent);
    }
}
