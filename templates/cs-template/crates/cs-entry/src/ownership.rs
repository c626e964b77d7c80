//! Who can have put a directory where it is: the part of the rule of ownership that its own attributes and those of the
//! directory above it decide.
//!
//! Stated in `docs/explanation/prefix-lifecycle.md`; the crate `cs-prefix` has the whole of it.

const WRITABLE_BY_GROUP: u32 = 0o020;
const WRITABLE_BY_ALL: u32 = 0o002;
const STICKY: u32 = 0o1000;
/// The number of root and of root's group.
const ROOT: u32 = 0;

/// What decides about a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// The number of the user that it belongs to.
    pub user: u32,
    /// The number of its group.
    pub group: u32,
    /// Permission bits, as in `st_mode`; other bits are not looked at.
    pub mode: u32,
}

/// Why a directory does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It belongs to somebody else.
    Owner,
    /// All users may write to it.
    WritableByAll,
    /// Root asks, and a group that is not root's may write to it.
    WritableByGroup,
}

impl Attributes {
    /// Why a directory with these attributes is not one of user `caller`, if it is not:
    /// it belongs to neither the caller nor root, or others may write to it. Root relies
    /// only on root; what the group of another user may do is that user's decision.
    #[inline]
    #[must_use]
    pub fn doubt(&self, caller: u32) -> Option<Doubt> {
        if self.user != caller && self.user != ROOT {
            Some(Doubt::Owner)
        } else if self.mode & WRITABLE_BY_ALL != 0 {
            Some(Doubt::WritableByAll)
        } else if caller == ROOT && self.is_writable_by_a_group() {
            Some(Doubt::WritableByGroup)
        } else {
            None
        }
    }

    /// Why what is in a directory with these attributes may have been put there by others, if it may:
    /// they may write to it, and it is not sticky. What root relies on is in directories of root's.
    #[inline]
    #[must_use]
    pub fn doubt_as_place(&self, caller: u32) -> Option<Doubt> {
        let is_sticky = self.mode & STICKY != 0;
        if caller == ROOT && self.user != ROOT {
            Some(Doubt::Owner)
        } else if self.mode & WRITABLE_BY_ALL != 0 && !is_sticky {
            Some(Doubt::WritableByAll)
        } else if caller == ROOT && self.is_writable_by_a_group() && !is_sticky {
            Some(Doubt::WritableByGroup)
        } else {
            None
        }
    }

    #[inline]
    fn is_writable_by_a_group(&self) -> bool {
        self.mode & WRITABLE_BY_GROUP != 0 && self.group != ROOT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(user: u32, group: u32, mode: u32) -> Attributes {
        Attributes { user, group, mode }
    }

    #[test]
    fn a_directory_counts_when_it_is_the_callers_or_roots_and_not_everybodys() {
        for (user, group, mode, of_user, of_root) in [
            (1000, 1000, 0o755, None, Some(Doubt::Owner)),
            (1000, 1000, 0o2775, None, Some(Doubt::Owner)),
            (0, 0, 0o775, None, None),
            (0, 4, 0o755, None, None),
            (0, 4, 0o775, None, Some(Doubt::WritableByGroup)),
            (
                0,
                0,
                0o757,
                Some(Doubt::WritableByAll),
                Some(Doubt::WritableByAll),
            ),
            (
                1000,
                0,
                0o1777,
                Some(Doubt::WritableByAll),
                Some(Doubt::Owner),
            ),
            (1001, 0, 0o700, Some(Doubt::Owner), Some(Doubt::Owner)),
        ] {
            let directory = attributes(user, group, mode);
            assert_eq!(directory.doubt(1000), of_user, "{directory:?}");
            assert_eq!(directory.doubt(0), of_root, "{directory:?}");
        }
    }

    #[test]
    fn a_place_counts_when_others_cannot_replace_its_contents() {
        for (user, group, mode, of_user, of_root) in [
            (0, 0, 0o1777, None, None),
            (
                0,
                0,
                0o777,
                Some(Doubt::WritableByAll),
                Some(Doubt::WritableByAll),
            ),
            (0, 4, 0o775, None, Some(Doubt::WritableByGroup)),
            (0, 4, 0o1775, None, None),
            (0, 0, 0o775, None, None),
            (1000, 1000, 0o775, None, Some(Doubt::Owner)),
            (1001, 1001, 0o1777, None, Some(Doubt::Owner)),
        ] {
            let place = attributes(user, group, mode);
            assert_eq!(place.doubt_as_place(1000), of_user, "{place:?}");
            assert_eq!(place.doubt_as_place(0), of_root, "{place:?}");
        }
    }
}
