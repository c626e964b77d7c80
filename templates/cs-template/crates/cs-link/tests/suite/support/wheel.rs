//! Wheels made in code, byte by byte.

use std::io::Write;

use cs_archive::Wanted;
use cs_link::{Format, Package, Wheel};
use flate2::Compression;
use flate2::write::DeflateEncoder;

/// One member of a wheel.
#[derive(Clone)]
pub struct Member {
    pub name: Vec<u8>,
    pub data: Vec<u8>,
    pub mode: u32,
    pub method: u16,
    pub flags: u16,
    /// The name that its own header has, where it is another.
    pub local_name: Option<Vec<u8>>,
    /// The size that the directory states, where it lies.
    pub stated: Option<u32>,
}

pub fn member(name: &str, data: impl AsRef<[u8]>) -> Member {
    Member {
        name: name.into(),
        data: data.as_ref().to_vec(),
        mode: 0o100_644,
        method: 8,
        flags: 0x800,
        local_name: None,
        stated: None,
    }
}

impl Member {
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    fn packed(&self) -> Vec<u8> {
        if self.method != 8 {
            return self.data.clone();
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&self.data).unwrap();
        encoder.finish().unwrap()
    }

    /// What the local header and the entry of the directory have in common.
    fn fields(&self, packed: usize, name: &[u8]) -> Vec<u8> {
        let size = self.stated.unwrap_or(self.data.len() as u32);
        [
            &20_u16.to_le_bytes()[..],
            &self.flags.to_le_bytes(),
            &self.method.to_le_bytes(),
            &[0; 4],
            &crc32fast::hash(&self.data).to_le_bytes(),
            &(packed as u32).to_le_bytes(),
            &size.to_le_bytes(),
            &(name.len() as u16).to_le_bytes(),
            &[0; 2],
        ]
        .concat()
    }
}

/// A zip archive of these members.
pub fn zip(members: &[Member]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let packed = member.packed();
        let offset = out.len() as u32;
        let local_name = member.local_name.as_ref().unwrap_or(&member.name);
        out.extend_from_slice(b"PK\x03\x04");
        out.extend(member.fields(packed.len(), local_name));
        out.extend_from_slice(local_name);
        out.extend(packed.iter());
        // Made on Unix, by version 2.0.
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend(member.fields(packed.len(), &member.name));
        directory.extend_from_slice(&[0; 6]);
        directory.extend((member.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend_from_slice(&member.name);
    }
    let (start, length) = (out.len() as u32, directory.len() as u32);
    let count = (members.len() as u16).to_le_bytes();
    out.extend(directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend(length.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out
}

pub const WHEEL: &str = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n";

/// The members of the wheel `NAME-1.0-py3-none-any.whl`; its RECORD lists nothing.
pub fn members(name: &str, files: &[Member]) -> Vec<Member> {
    let info = |file: &str, text: &str| member(&format!("{name}-1.0.dist-info/{file}"), text);
    let mut members = files.to_vec();
    members.push(info(
        "METADATA",
        &format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"),
    ));
    members.push(info("WHEEL", WHEEL));
    members.push(info("RECORD", ""));
    members
}

/// The wheel as an archive.
pub fn wheel(name: &str, files: &[Member]) -> Vec<u8> {
    zip(&members(name, files))
}

/// The wheel as a package of a job.
pub fn wheel_package(name: &str, bytes: &[u8]) -> Package {
    let file_name = format!("{name}-1.0-py3-none-any.whl");
    Package {
        name: name.into(),
        version: "1.0".into(),
        archive: Wanted {
            url: Some(format!("https://files.example.com/{file_name}")),
            file_name,
            sha256: cs_archive::sha256(bytes),
            size: None,
        },
        format: Format::Wheel(Wheel::default()),
    }
}
