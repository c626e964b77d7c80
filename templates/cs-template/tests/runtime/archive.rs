//! Package archives and bundles, made in memory.

use serde_json::{Value, json};

/// Mode of a symbolic link, whose content is where it leads.
const LINK: u32 = 0o120_777;

/// A package in the making.
pub struct Package {
    pub name: String,
    pub version: String,
    files: Vec<(String, Vec<u8>, u32)>,
}

/// A finished archive and what a plan says of it.
pub struct Archive {
    pub file_name: String,
    pub bytes: Vec<u8>,
    pub entry: Value,
}

impl Package {
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            files: Vec::new(),
        }
    }

    pub fn file(self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.add(path, content.into(), 0o644)
    }

    pub fn script(self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.add(path, content.into(), 0o755)
    }

    pub fn link(self, path: &str, target: &str) -> Self {
        self.add(path, target.into(), LINK)
    }

    fn add(mut self, path: &str, content: Vec<u8>, mode: u32) -> Self {
        self.files.push((path.to_owned(), content, mode));
        self
    }

    pub fn build(self) -> Archive {
        let stem = format!("{}-{}-0", self.name, self.version);
        let index = json!({"name": self.name, "version": self.version, "build": "0", "build_number": 0,
            "subdir": "linux-64", "depends": [], "arch": "x86_64", "platform": "linux"});
        let paths: Vec<Value> = self
            .files
            .iter()
            .map(|(path, content, mode)| {
                let kind = if *mode == LINK {
                    "softlink"
                } else {
                    "hardlink"
                };
                json!({"_path": path, "path_type": kind, "sha256": hex(&sha256(content)),
                    "size_in_bytes": content.len()})
            })
            .collect();
        let paths = json!({"paths": paths, "paths_version": 1});
        let info = vec![
            (
                "info/index.json".to_owned(),
                index.to_string().into_bytes(),
                0o644,
            ),
            (
                "info/paths.json".to_owned(),
                paths.to_string().into_bytes(),
                0o644,
            ),
        ];
        let members = [
            (
                "metadata.json".to_owned(),
                br#"{"conda_pkg_format_version": 2}"#.to_vec(),
            ),
            (format!("pkg-{stem}.tar.zst"), compress(&tar(&self.files))),
            (format!("info-{stem}.tar.zst"), compress(&tar(&info))),
        ];
        let bytes = zip(&members);
        let file_name = format!("{stem}.conda");
        let url = format!("http://127.0.0.1:9/channel/linux-64/{file_name}");
        let digest = hex(&sha256(&bytes));
        let record = json!({"name": self.name, "version": self.version, "build": "0", "build_number": 0,
            "subdir": "linux-64", "depends": [], "fn": file_name, "url": url, "sha256": digest,
            "size": bytes.len(), "channel": "http://127.0.0.1:9/channel"});
        let entry = json!({"name": self.name, "version": self.version, "build": "0", "subdir": "linux-64",
            "url": url, "file_name": file_name, "sha256": digest, "md5": null, "size": bytes.len(),
            "noarch": null, "requested_spec": self.name, "record": record});
        Archive {
            file_name,
            bytes,
            entry,
        }
    }
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).unwrap()
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    ring::digest::digest(&ring::digest::SHA256, bytes)
        .as_ref()
        .try_into()
        .unwrap()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A tar in the bundle's canonical form.
fn tar(files: &[(String, Vec<u8>, u32)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content, mode) in files {
        out.extend_from_slice(&header(name, content, *mode));
        if *mode != LINK {
            out.extend_from_slice(content);
        }
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn header(name: &str, content: &[u8], mode: u32) -> [u8; 512] {
    let is_link = mode == LINK;
    let size = if is_link { 0 } else { content.len() };
    let mut block = [0; 512];
    let mut put = |offset: usize, text: &str| {
        block[offset..offset + text.len()].copy_from_slice(text.as_bytes());
    };
    put(0, name);
    put(100, &format!("{:07o}", mode & 0o777));
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, "00000000000");
    put(148, "        ");
    put(156, if is_link { "2" } else { "0" });
    if is_link {
        put(157, &String::from_utf8_lossy(content));
    }
    put(257, "ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// A bundle in canonical form.
pub fn bundle(archives: &[&Archive]) -> Vec<u8> {
    let mut files: Vec<_> = archives
        .iter()
        .map(|archive| (archive.file_name.clone(), archive.bytes.clone(), 0o644))
        .collect();
    files.sort();
    let tar = tar(&files);
    let mut out = b"\x28\xb5\x2f\xfd\x00\x38".to_vec();
    let chunks: Vec<&[u8]> = tar.chunks(131_072).collect();
    for (index, chunk) in chunks.iter().enumerate() {
        let is_last = u32::from(index + 1 == chunks.len());
        let value = chunk.len() as u32 * 8 + is_last;
        out.extend_from_slice(&value.to_le_bytes()[..3]);
        out.extend_from_slice(chunk);
    }
    out
}

/// A zip whose members are stored.
pub fn zip(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in members {
        let offset = out.len() as u32;
        let mut common = Vec::new();
        common.extend_from_slice(&[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]);
        common.extend_from_slice(&crc32(content).to_le_bytes());
        common.extend_from_slice(&(content.len() as u32).to_le_bytes());
        common.extend_from_slice(&(content.len() as u32).to_le_bytes());
        common.extend_from_slice(&(name.len() as u16).to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(content);
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let (start, count) = (out.len() as u32, members.len() as u16);
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}
