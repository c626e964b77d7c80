//! Bundles built in code, good and bad.
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use cs_archive::{Archive, ReadAt, Wanted, sha256};
use tempfile::TempDir;

/// The flag of a caller that never wants to stop.
pub static NEVER: AtomicBool = AtomicBool::new(false);

/// A directory that goes away with the test.
pub fn scratch() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// Bytes that no compressor likes, different for each seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// The archives of most tests: an empty one, a small one, one that ends on a tar block, and two that span zstd blocks.
pub fn archives() -> Vec<(String, Vec<u8>)> {
    static ARCHIVES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    let sizes = [
        ("a-1-0.conda", 0),
        ("b-1-0.tar.bz2", 700),
        ("c-1-0.conda", 1024),
        ("d-1-0.conda", 300_000),
        ("e-1.0-py3-none-any.whl", 131_072 * 2),
    ];
    let archive =
        |(seed, (name, size)): (usize, (&str, usize))| (name.to_owned(), noise(seed as u64, size));
    ARCHIVES
        .get_or_init(|| sizes.into_iter().enumerate().map(archive).collect())
        .clone()
}

/// What the lock says of `archives`.
pub fn expected(archives: &[(String, Vec<u8>)]) -> Vec<Wanted> {
    let expect = |(name, data): &(String, Vec<u8>)| Wanted {
        file_name: name.clone(),
        sha256: sha256(data),
        size: Some(data.len() as u64),
        url: None,
    };
    archives.iter().map(expect).collect()
}

/// One header: ustar, canonical unless `kind` says otherwise.
pub fn header(name: &str, size: u64, kind: u8) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(b"00000000000\0");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    block
}

/// Write a header's checksum.
pub fn seal(block: &mut [u8]) {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block[..512].iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// One entry: header, data, padding.
pub fn entry(name: &str, data: &[u8]) -> Vec<u8> {
    entry_of_kind(name, data, b'0')
}

/// One entry of any kind.
pub fn entry_of_kind(name: &str, data: &[u8], kind: u8) -> Vec<u8> {
    let mut bytes = header(name, data.len() as u64, kind);
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// A pax extended header with one record.
pub fn pax(key: &str, value: &str) -> Vec<u8> {
    let mut length = key.len() + value.len() + 3;
    length += length.to_string().len();
    let record = format!("{length} {key}={value}\n");
    assert_eq!(record.len(), length);
    entry_of_kind("././@PaxHeader", record.as_bytes(), b'x')
}

/// A whole tar of regular files.
pub fn tar(archives: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes: Vec<u8> = archives
        .iter()
        .flat_map(|(name, data)| entry(name, data))
        .collect();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// The canonical framing: raw blocks of 128 KiB.
pub fn frame(tar: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38];
    let count = tar.chunks(131_072).len();
    for (index, chunk) in tar.chunks(131_072).enumerate() {
        let header = (chunk.len() as u32) << 3 | u32::from(index + 1 == count);
        bytes.extend_from_slice(&header.to_le_bytes()[..3]);
        bytes.extend_from_slice(chunk);
    }
    bytes
}

/// A bundle as other programs write it: compressed.
pub fn compress(tar: &[u8]) -> Vec<u8> {
    zstd::encode_all(tar, 3).unwrap()
}

/// Write a bundle into `directory`.
pub fn write(directory: &Path, bytes: &[u8]) -> PathBuf {
    let path = directory.join("x.bundle.tar.zst");
    fs::write(&path, bytes).unwrap();
    path
}

/// Open `bytes` as a file and as part of an executable.
pub fn embed(directory: &Path, bytes: &[u8]) -> (File, u64, u64) {
    let mut file = b"an executable, 23 bytes".to_vec();
    file.extend_from_slice(bytes);
    file.extend_from_slice(b"footer");
    let path = directory.join("runtime");
    fs::write(&path, file).unwrap();
    (File::open(path).unwrap(), 23, bytes.len() as u64)
}

/// Read a whole archive, `step` bytes at a time.
pub fn read_all(archive: &dyn ReadAt, step: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; step];
    loop {
        match archive.read_at(&mut buffer, bytes.len() as u64).unwrap() {
            0 => return bytes,
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Which of the expected archives a bundle has.
pub fn indices(bundle: &[Archive]) -> Vec<usize> {
    let mut indices: Vec<usize> = bundle.iter().map(|archive| archive.index).collect();
    indices.sort_unstable();
    indices
}

/// Compare a bundle's archives with `archives`, whatever their order.
pub fn assert_holds(bundle: Vec<Archive>, archives: &[(String, Vec<u8>)], verified: bool) {
    let mut found = 0;
    let mut last = u64::MAX;
    for archive in bundle {
        assert_eq!(archive.verified, verified);
        assert!(archive.bytes.len() <= last, "largest first");
        last = archive.bytes.len();
        assert_eq!(archive.bytes.len(), archives[archive.index].1.len() as u64);
        for step in [1 << 20, 4096, 777] {
            assert!(
                read_all(&*archive.bytes, step) == archives[archive.index].1,
                "bytes of {}",
                archives[archive.index].0
            );
        }
        found += 1;
    }
    assert_eq!(found, archives.len());
}
