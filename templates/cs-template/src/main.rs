//! The generic runtime that `cs build` stamps. `dispatch` shows what happens;
//! `docs/reference/runtime.md` what users see.

// What is written goes through `say::voice`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod commands;
mod context;
mod dispatch;
mod install;
mod locate;
mod process;
mod run;
mod say;

/// What `cs build` looks for in a file before it takes it for a template.
#[used]
static MARK: [u8; cs_stamp::MARK_LENGTH] = cs_stamp::template_mark(
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_VERSION"),
    env!("TEMPLATE_SUBDIR"),
);

fn main() -> std::process::ExitCode {
    // Linkers drop what nothing refers to, `#[used]` or not.
    std::hint::black_box(&MARK);
    dispatch::run()
}
