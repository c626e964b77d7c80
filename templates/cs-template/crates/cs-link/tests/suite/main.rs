//! Packages into prefixes, as files show it.

mod hostile;
#[cfg(unix)]
mod hostile_wheels;
#[cfg(unix)]
mod interpreters;
mod layers;
mod limits;
mod linking;
#[cfg(unix)]
mod modes;
mod names;
#[cfg(unix)]
mod programs;
mod support;
mod verify;
#[cfg(unix)]
mod wheels;
