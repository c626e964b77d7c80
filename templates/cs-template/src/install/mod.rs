//! What an installation takes: packages, their archives, and what the runtime itself adds.

pub mod build;
pub mod entry_point_exe;
pub mod machine;
pub mod packages;
pub mod parts;
pub mod prefix_files;
pub mod sources;
