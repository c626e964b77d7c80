//! The generic runtime that `cs build` stamps. `runtime` tells what happens; `docs/reference/runtime.md` what users see.

// What is written goes through `voice`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod activation;
mod arguments;
mod bootstrap;
mod condarc;
mod environment;
mod environments;
mod error;
mod escape;
mod expand;
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
mod memory;
mod nearest;
mod packages;
mod parser;
mod place;
mod privilege;
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

/// What `cs build` looks for in a file before it takes it for a template.
#[used]
static MARK: [u8; cs_stamp::MARK_LENGTH] =
    cs_stamp::template_mark(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));

fn main() -> std::process::ExitCode {
    // Linkers drop what nothing refers to, `#[used]` or not.
    std::hint::black_box(&MARK);
    runtime::run()
}
