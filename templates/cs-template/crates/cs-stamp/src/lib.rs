//! What is stamped on this executable?
//!
//! Reads what `docs/reference/stamp-format.md` describes. [`Stamp::open_self`] finds the footer, which is all that is
//! read then; each part is read, checked against its limit and its SHA-256, and parsed when it is asked for.

#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod error;
mod footer;
mod header;
mod json;
mod launch;
mod length;
mod mark;
mod packages;
mod place;
mod plan;
mod search;
mod stamp;
pub mod words;

pub use error::{Kind, StampError};
pub use footer::{Part, PartSpan, TRAILING_LIMIT_BYTES};
pub use header::*;
pub use launch::{Launch, name_variable};
pub use length::ends_as_linked;
pub use mark::{MARK_LENGTH, template_mark};
pub use packages::{PlanConda, PlanFormat, PlanNoarch, PlanPackage, PlanWheel};
pub use plan::{Plan, PlanPython, PlanRequirement};
pub use stamp::Stamp;
