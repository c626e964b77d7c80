//! A small writer of stamps.

use std::path::Path;

use ring::digest::{SHA256, digest};
use serde_json::Value;

pub const PLAN: &str = r#"{"packages":[],"platform":"linux-64","python":null,"requested_specs":[],"schema_version":1}"#;

/// The header of the plainest vector.
pub fn header() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../../packages/cs-stamp/vectors/vectors.json");
    let text = std::fs::read_to_string(path).expect("vectors.json");
    let index: Value = serde_json::from_str(&text).expect("JSON");
    let cases = index["good"].as_array().expect("a list of cases");
    let plain = cases.iter().find(|case| case["file"] == "good/online.bin");
    plain.expect("the plain vector")["header"].to_string()
}

/// The bytes of the six parts.
pub struct Parts(pub [Vec<u8>; 6]);

impl Default for Parts {
    fn default() -> Self {
        let strings = [
            ".conda/demo",
            "bin/python",
            ".demo.json",
            r#"{"schema_version":1,"stamp":""#,
            "DEMO_PREFIX",
            "bootstrap\nstatus\nverify\nshell\nrollback\nuninstall\nhelp\n-h\n-V\n\
             -q\n-v\n-qq\n-qv\n-vq\n-vv\n--path\n--progress\n--",
        ];
        let mut launch = [1_u32.to_le_bytes(), [0; 4], 6_u32.to_le_bytes()].concat();
        for string in strings {
            launch.extend((string.len() as u16).to_le_bytes());
            launch.extend([string.as_bytes(), b"\0"].concat());
        }
        let header = header();
        let parts: [&[u8]; 6] = [
            header.as_bytes(),
            PLAN.as_bytes(),
            b"the lock",
            b"",
            b"",
            &launch,
        ];
        Self(parts.map(<[u8]>::to_vec))
    }
}

impl Parts {
    /// The stamp: parts and footer.
    pub fn write(&self) -> Vec<u8> {
        let parts = self.0.concat();
        let digests: Vec<_> = self.0.iter().map(|part| digest(&SHA256, part)).collect();
        let pinned: Vec<u8> = [0, 1, 2, 3, 5]
            .iter()
            .flat_map(|index: &usize| digests[*index].as_ref().to_vec())
            .collect();
        // The magic must not stand in this program, where a test looks for it.
        let mut footer = [&cs_entry::footer::magic()[..], &[1, 0, 0, 0, 6, 0, 0, 0]].concat();
        footer.extend((parts.len() as u64 + 512).to_le_bytes());
        footer.extend(digest(&SHA256, &pinned).as_ref());
        let mut offset = 0_u64;
        for ((tag, part), digest) in ["header", "plan", "lock", "bytecode", "bundle", "launch"]
            .iter()
            .zip(&self.0)
            .zip(&digests)
        {
            footer.extend(format!("{tag:\0<8}").into_bytes());
            footer.extend(offset.to_le_bytes());
            footer.extend((part.len() as u64).to_le_bytes());
            footer.extend(digest.as_ref());
            offset += part.len() as u64;
        }
        footer.resize(480, 0);
        footer.extend(digest(&SHA256, &footer).as_ref());
        [parts, footer].concat()
    }
}
