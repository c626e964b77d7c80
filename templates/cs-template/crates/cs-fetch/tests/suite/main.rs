//! Archives from servers of all kinds.

mod download;
mod environment;
mod fetcher;
mod mirrors;
mod redirects;
mod registry;
mod resolve;
mod support;
