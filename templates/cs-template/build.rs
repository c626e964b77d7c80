//! Builds what an executable of its system needs: on Linux the launch fast path in front
//! (docs/explanation/launch.md), on Windows the launchers of commands.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// A launcher is copied for each command of each package, so it has no C library and little else.
const LAUNCHER_LIMIT_BYTES: u64 = 64 << 10;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let cfg = |name: &str| env::var(format!("CARGO_CFG_{name}")).unwrap_or_default();
    let (system, architecture) = (cfg("TARGET_OS"), cfg("TARGET_ARCH"));
    println!(
        "cargo::rustc-env=TEMPLATE_SUBDIR={}",
        name_subdir(&system, &architecture)
    );
    let is_static = cfg("TARGET_FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    let has_entry = system == "linux" && matches!(architecture.as_str(), "x86_64" | "aarch64");
    // A dynamic executable's first instructions are the loader's: there the entry could only come too late.
    if is_static && has_entry {
        println!("cargo::rustc-link-arg-bins=-Wl,-e,cs_entry_start");
    }
    // Room for the load command of a signature, where the linker wrote none (docs/reference/stamp-format.md).
    if system == "macos" {
        println!("cargo::rustc-link-arg-bins=-Wl,-headerpad,0x100");
    }
    if system == "windows" {
        build_launchers(&variable("TARGET"), Path::new(&variable("OUT_DIR")));
    }
}

/// conda's name of a system with a processor.
fn name_subdir(system: &str, architecture: &str) -> String {
    let system = match system {
        "macos" => "osx",
        "windows" => "win",
        other => other,
    };
    let architecture = match (system, architecture) {
        (_, "x86_64") => "64",
        ("osx" | "win", "aarch64") => "arm64",
        (_, other) => other,
    };
    format!("{system}-{architecture}")
}

/// Build the executables of cs-launcher, for the same target and with the same compiler, into the output directory.
///
/// Cargo cannot yet take an executable from a dependency (`-Z bindeps`), so this calls it
/// once more. Nothing is fetched: the crate has no dependencies.
fn build_launchers(target: &str, out: &Path) {
    println!("cargo::rerun-if-changed=Cargo.toml");
    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .args(["build", "--release", "--frozen", "--package=cs-launcher"])
        .args(["--bins", "--features=executables", "--target", target])
        .arg("--target-dir")
        .arg(out.join("launchers"))
        // Clippy checks the crate itself.
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    if !has_core(target) {
        cargo.arg("-Zbuild-std=core");
    }
    let status = cargo.status().expect("cargo starts");
    assert!(status.success(), "building the launchers: {status}");
    for name in cs_launcher::EXECUTABLES {
        let built = out
            .join("launchers")
            .join(target)
            .join("release")
            .join(name);
        let size = fs::copy(built, out.join(name)).expect("the launcher was built");
        assert!(size < LAUNCHER_LIMIT_BYTES, "{name} has {size} bytes");
    }
}

/// Whether the compiler comes with the library for this target. If not, somebody builds
/// with `-Z build-std`, which this build cannot see.
fn has_core(target: &str) -> bool {
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args(["--print=target-libdir", "--target", target]);
    let output = rustc.output().expect("rustc starts");
    let directory = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let mut entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
