//! Whole runs of runtimes: the template under test, stamped with hand-made packages.

#[cfg(unix)]
mod activation;
mod archive;
#[cfg(unix)]
mod conda;
mod documented;
mod first_run;
#[cfg(unix)]
mod handover;
mod house;
mod mark;
mod own_commands;
mod sandbox;
mod server;
mod sources;
mod stamp;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(unix)]
mod together;
mod upgrade;
mod verify;
#[cfg(unix)]
mod wheel;
#[cfg(unix)]
mod wheels;
