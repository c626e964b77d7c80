//! What is stamped on this executable?
