//! Where things are: the prefix, and the environments that the user may name.

mod condarc;
pub mod environments;
pub mod expand;
mod home;
pub mod place;
pub mod verbatim;
