//! Where the bytes of members go.

use crate::fault::Fault;

/// Takes the bytes of a member, a piece at a time.
pub(super) type Sink<'s> = &'s mut dyn FnMut(&[u8]) -> Result<(), Fault>;
