//! Where things are: the prefix, and the environments that the user may name.

pub mod condarc;
pub mod environments;
pub mod expand;
pub mod home;
pub mod place;
pub mod verbatim;
