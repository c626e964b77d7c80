//! Why a directory does not count.

use std::fmt;
use std::path::PathBuf;

use cs_entry::ownership::Doubt;

/// The number of root.
pub(crate) const ROOT: u32 = 0;

/// Why a directory does not count: another user can have put it there, or what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distrust {
    /// The directory, or the one that holds it.
    pub path: PathBuf,
    /// The number of the user that it belongs to.
    pub owner: u32,
    /// What is wrong with it.
    pub doubt: Doubt,
}

impl Distrust {
    fn name_owner(&self) -> String {
        match self.owner {
            ROOT => "root".to_owned(),
            number => format!("user {number}"),
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.doubt {
            Doubt::Owner => write!(f, "{path} belongs to {}", self.name_owner()),
            Doubt::WritableByAll => write!(f, "all users can write to {path}"),
            Doubt::WritableByGroup => {
                write!(f, "users of a group other than root's can write to {path}")
            }
        }
    }
}
