//! Where things are: the prefix, and the environments that the user may name.

mod condarc;
pub mod environments;
pub mod expand;
pub mod place;
