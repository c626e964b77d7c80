//! Can this be a plain hand-over? Answered before any runtime starts up.
