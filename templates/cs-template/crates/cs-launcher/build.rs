//! Links the executables without a C library: with one, they would be larger, or need its DLL.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let cfg = |name: &str| env::var(format!("CARGO_CFG_{name}")).unwrap_or_default();
    let (system, environment) = (cfg("TARGET_OS"), cfg("TARGET_ENV"));
    let arguments: &[&str] = match (system.as_str(), environment.as_str()) {
        ("windows", "msvc") => &["/NODEFAULTLIB"],
        ("windows", _) => &["-nostartfiles", "-Wl,-e,mainCRTStartup"],
        _ => &[],
    };
    for argument in arguments {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}
