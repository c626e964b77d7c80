//! Puts the launch fast path in front of a static executable (docs/explanation/launch.md).

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let cfg = |name: &str| env::var(format!("CARGO_CFG_{name}")).unwrap_or_default();
    let is_static = cfg("TARGET_FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    let has_entry =
        cfg("TARGET_OS") == "linux" && matches!(cfg("TARGET_ARCH").as_str(), "x86_64" | "aarch64");
    // A dynamic executable's first instructions are the loader's: there the entry could only come too late.
    if is_static && has_entry {
        println!("cargo::rustc-link-arg-bins=-Wl,-e,cs_entry_start");
    }
}
