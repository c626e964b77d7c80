//! In which state is a managed prefix, and how does it get from one state to the next?
