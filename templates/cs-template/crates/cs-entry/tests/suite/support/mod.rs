//! Compiles the crate by itself: without cargo, in a second, the way a static template links it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The only target on which the entry exists and this machine can run it.
pub const TARGET: &str = if cfg!(target_arch = "aarch64") {
    "aarch64-unknown-linux-gnu"
} else {
    "x86_64-unknown-linux-gnu"
};

/// Run rustc in the way that a static template is compiled.
pub fn compile(source: &str, output: &Path, arguments: &[&str]) {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let status = Command::new(rustc)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "--edition",
            "2024",
            "--target",
            TARGET,
            "-C",
            "panic=abort",
            "-C",
            "target-feature=+crt-static",
        ])
        .args(linker_argument())
        .args(arguments)
        .arg("-o")
        .args([output, Path::new(source)])
        .status()
        .expect("rustc runs");
    assert!(status.success(), "rustc {source} {arguments:?}");
}

/// The linker that cargo uses for this target, when the tests run on a machine of another kind.
fn linker_argument() -> Option<OsString> {
    let name = TARGET.to_uppercase().replace('-', "_");
    let linker = std::env::var_os(format!("CARGO_TARGET_{name}_LINKER"))?;
    let mut argument = OsString::from("-Clinker=");
    argument.push(linker);
    Some(argument)
}

/// Compile the probe with the entry in front of it, once for all test processes that have the same sources.
pub fn compile_probe() -> PathBuf {
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("probe-{}", digest_sources()));
    if !shared.exists() {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let library = directory.path().join("libcs_entry.rlib");
        compile(
            "src/lib.rs",
            &library,
            &[
                "--crate-name",
                "cs_entry",
                "--crate-type",
                "lib",
                "-C",
                "opt-level=3",
            ],
        );
        let probe = directory.path().join("probe");
        let library = format!("cs_entry={}", library.display());
        compile(
            "tests/programs/probe.rs",
            &probe,
            &["--extern", &library, "-C", "link-arg=-Wl,-e,cs_entry_start"],
        );
        std::fs::rename(probe, &shared).expect("one file system");
    }
    shared
}

fn digest_sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = ["src", "src/linux", "tests/programs", "tests/suite/support"]
        .iter()
        .flat_map(|directory| std::fs::read_dir(root.join(directory)).expect("a directory"));
    let mut files: Vec<PathBuf> = listed
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.retain(|path| path.is_file());
    files.sort();
    let sources: Vec<u8> = files
        .iter()
        .flat_map(|path| std::fs::read(path).expect("a source"))
        .collect();
    let digest = cs_entry::sha256::sha256(&sources);
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
