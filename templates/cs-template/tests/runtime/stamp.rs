//! Runtimes: the template under test with a stamp behind it.

use std::fs;
#[cfg(unix)]
use std::io::Write;
use std::path::Path;
#[cfg(unix)]
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::archive::{Archive, bundle, sha256};

const OWN_WORDS: &str = "bootstrap\nstatus\nverify\nshell\nrollback\nuninstall\nhelp\n-h\n-V\n\
    -q\n-v\n-qq\n-qv\n-vq\n-vv\n--path\n--progress\n--";

/// Where the Python of plans with wheels has its modules.
pub const SITE_PACKAGES: &str = "lib/python3.11/site-packages";

/// The header of the plainest vector: `demo`, which runs `python`.
fn plain_header() -> Value {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packages/cs-stamp/vectors/vectors.json");
    let index: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let cases = index["good"].as_array().unwrap();
    let plain = cases.iter().find(|case| case["file"] == "good/online.bin");
    plain.unwrap()["header"].clone()
}

/// What a stamp says, still to be changed.
pub struct Stamp {
    pub header: Value,
    pub archives: Vec<Archive>,
    /// Archives that the plan lists and the embedded bundle does not hold.
    pub left_out: Vec<Archive>,
}

/// Where the parts of a written stamp are: offset and length in the file, in stamp order.
pub type Parts = Vec<(u64, u64)>;

impl Stamp {
    /// An embedded runtime `demo` with the delegate `tool`.
    pub fn new(archives: Vec<Archive>) -> Self {
        let mut header = plain_header();
        let changes = [
            ("artifact_name", json!("demoz")),
            ("channels", json!(["http://127.0.0.1:9/channel"])),
            ("delegate", json!("tool")),
            ("docs_url", json!("https://example.com/demo/")),
            ("layout", json!("embedded")),
            ("runtime_version", json!("1.0")),
        ];
        for (key, value) in changes {
            header[key] = value;
        }
        Self {
            header,
            archives,
            left_out: Vec::new(),
        }
    }

    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.header[key] = value.into();
        self
    }

    /// Write the runtime; the template is copied in front of the stamp.
    pub fn write(&self, path: &Path) -> Parts {
        let mut bytes = fs::read(env!("CARGO_BIN_EXE_cs-template")).unwrap();
        let template_length = bytes.len() as u64;
        let [header, plan, lock] = [
            self.header.to_string().into_bytes(),
            self.plan().to_string().into_bytes(),
            b"version: 7\n".to_vec(),
        ];
        let is_carried = |archive: &&Archive| match self.header["layout"].as_str() {
            Some("embedded") => true,
            Some("online") => archive.entry["url"].is_null(),
            _ => false,
        };
        let carried: Vec<&Archive> = self.archives.iter().filter(is_carried).collect();
        let bundled = match carried.as_slice() {
            [] => Vec::new(),
            carried => bundle(carried),
        };
        let launch = self.launch();
        let digests: Vec<u8> = [&header, &plan, &lock, &Vec::new(), &launch]
            .iter()
            .flat_map(|part| sha256(part))
            .collect();
        let identity = sha256(&digests);
        let parts = [header, plan, lock, Vec::new(), bundled, launch];
        let spans = spans(&parts, template_length);
        for part in &parts {
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(&footer(&parts, &identity));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Another file takes the place: a running runtime cannot be written to.
        let _ = fs::remove_file(path);
        write_executable(path, &bytes);
        spans
    }

    fn plan(&self) -> Value {
        let packages: Vec<&Value> = self
            .archives
            .iter()
            .chain(&self.left_out)
            .map(|archive| &archive.entry)
            .collect();
        let has_wheels = packages.iter().any(|package| package["kind"] == "wheel");
        let python = json!({"version": "3.11.7", "site_packages_path": SITE_PACKAGES});
        json!({"schema_version": 1 + i32::from(has_wheels), "platform": "linux-64", "requested_specs": ["tool"],
            "python": if has_wheels { python } else { Value::Null }, "packages": packages})
    }

    fn launch(&self) -> Vec<u8> {
        let text = |key: &str| self.header[key].as_str().unwrap().to_owned();
        let is = |key: &str, value: &str| text(key) == value;
        let runtime = text("runtime");
        let user_data = is("install_scheme", "user-data");
        let flags = u32::from(is("activation", "full")) | u32::from(user_data) << 1;
        let directory = if user_data { "conda" } else { ".conda" };
        let upper = runtime.to_uppercase();
        let words = if is("commands", "self") {
            "self".to_owned()
        } else if is("delegate", "conda") {
            format!("{OWN_WORDS}\nactivate\ndeactivate\ninit")
        } else {
            OWN_WORDS.to_owned()
        };
        let strings = [
            format!("{directory}/{}", text("install_name")),
            format!("bin/{}", text("delegate")),
            format!(".{runtime}.json"),
            "{\"schema_version\":1,\"stamp\":\"".to_owned(),
            if runtime == "conda" {
                String::new()
            } else {
                format!("{upper}_PREFIX")
            },
            words,
        ];
        let mut out = Vec::new();
        out.extend_from_slice(&1u32.to_le_bytes());
        out.extend_from_slice(&flags.to_le_bytes());
        out.extend_from_slice(&6u32.to_le_bytes());
        for string in strings {
            out.extend_from_slice(&(string.len() as u16).to_le_bytes());
            out.extend_from_slice(string.as_bytes());
            out.push(0);
        }
        out
    }
}

fn spans(parts: &[Vec<u8>], template_length: u64) -> Parts {
    let mut offset = template_length;
    parts
        .iter()
        .map(|part| {
            let span = (offset, part.len() as u64);
            offset += part.len() as u64;
            span
        })
        .collect()
}

fn footer(parts: &[Vec<u8>], identity: &[u8; 32]) -> Vec<u8> {
    let total: usize = parts.iter().map(Vec::len).sum();
    let mut out = b"\x89CONDA-SHIP\r\n\x1a\n\0".to_vec();
    out.extend_from_slice(&1u32.to_le_bytes());
    out.extend_from_slice(&6u32.to_le_bytes());
    out.extend_from_slice(&(total as u64 + 512).to_le_bytes());
    out.extend_from_slice(identity);
    let mut offset = 0u64;
    let tags = ["header", "plan", "lock", "bytecode", "bundle", "launch"];
    for (tag, part) in tags.iter().zip(parts) {
        let mut name = [0; 8];
        name[..tag.len()].copy_from_slice(tag.as_bytes());
        out.extend_from_slice(&name);
        out.extend_from_slice(&offset.to_le_bytes());
        out.extend_from_slice(&(part.len() as u64).to_le_bytes());
        out.extend_from_slice(&sha256(part));
        offset += part.len() as u64;
    }
    out.resize(480, 0);
    let digest = sha256(&out);
    out.extend_from_slice(&digest);
    out
}

/// Write an executable that can be started at once. Another process does it: a child that another thread starts
/// meanwhile has a copy of every open file until it is another program, and no system starts what is open for writing.
#[cfg(unix)]
pub fn write_executable(path: &Path, bytes: &[u8]) {
    let mut writer = Command::new("/bin/sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    writer.stdin.take().unwrap().write_all(bytes).unwrap();
    assert!(writer.wait().unwrap().success());
}

#[cfg(windows)]
pub fn write_executable(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}
