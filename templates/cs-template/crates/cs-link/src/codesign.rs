//! Signing programs again whose bytes have changed (macOS).

use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use cs_archive::Sha256;

use crate::fault::Fault;
use crate::tree::Hand;

/// First four bytes of the kinds of Mach-O file, in both byte orders.
const MAGICS: [u32; 6] = [
    0xcafe_babe,
    0xbeba_feca,
    0xfeed_face,
    0xcefa_edfe,
    0xfeed_facf,
    0xcffa_edfe,
];

/// Whether the system looks for a signature in this file.
pub(crate) fn needs_signature(hand: &mut Hand, path: &str, mode: u32) -> bool {
    if mode & 0o111 != 0 {
        return true;
    }
    let mut magic = [0; 4];
    let read = hand
        .open_file(path)
        .and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && MAGICS.contains(&u32::from_be_bytes(magic))
}

/// Sign a file ad hoc; its new size and SHA-256.
pub(crate) fn sign(
    hand: &mut Hand,
    full_path: &Path,
    path: &str,
) -> Result<(u64, [u8; 32]), Fault> {
    let fault = |source| Fault::Write {
        path: full_path.to_owned(),
        source,
    };
    let status = Command::new("/usr/bin/codesign")
        .args([
            "--sign",
            "-",
            "--force",
            "--preserve-metadata=identifier,entitlements,requirements",
        ])
        .arg(full_path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(fault)?;
    if !status.success() {
        return Err(fault(io::Error::other(format!(
            "codesign failed ({status})"
        ))));
    }
    hash_file(hand, path).map_err(fault)
}

fn hash_file(hand: &mut Hand, path: &str) -> io::Result<(u64, [u8; 32])> {
    let mut file = hand.open_file(path)?;
    let mut context = Sha256::new();
    let (mut buffer, mut size) = (vec![0; 64 * 1024], 0);
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((size, context.finish()));
        }
        context.update(&buffer[..count]);
        size += count as u64;
    }
}
