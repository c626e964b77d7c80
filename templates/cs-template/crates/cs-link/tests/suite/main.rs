//! Packages into prefixes, as files show it.
#![cfg(unix)]

mod hostile;
mod hostile_wheels;
mod interpreters;
mod layers;
mod limits;
mod linking;
mod modes;
mod programs;
mod support;
mod wheels;
