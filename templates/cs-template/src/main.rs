//! The generic runtime that `cs build` stamps. `runtime` tells what happens; `docs/reference/runtime.md` what users see.

mod activation;
mod arguments;
mod bootstrap;
mod environment;
mod error;
mod help;
#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_feature = "crt-static", test)
))]
mod host;
mod kept;
mod launch;
mod launcher;
mod nearest;
mod packages;
mod parser;
mod place;
mod progress;
mod rollback;
mod runtime;
mod settings;
mod shell;
mod signals;
mod sources;
mod status;
mod text;
mod uninstall;
mod variables;
mod verify;
mod voice;

fn main() -> std::process::ExitCode {
    runtime::run()
}
