//! Whose directories count: the rule of ownership, as `docs/explanation/prefix-lifecycle.md` states it.
//!
//! Anybody can write a marker. What a directory says about itself counts only when
//! no user but the calling one, and root, can have put it there. What follows relies on
//! that: a directory that counts cannot be exchanged by others while it is worked on.

use std::fs::File;
use std::io;
use std::path::Path;

use cs_entry::ownership::{Attributes, Doubt};

use crate::distrust::{Distrust, ROOT};
use crate::error::PrefixError;
use crate::foreignness::Foreignness;
use crate::names::Names;
use crate::sys::is_absence;
use crate::sys::{self, Seen};

/// As many links in a row as Linux follows.
const LINKS_LIMIT: usize = 40;

/// Why the directory at `path`, or behind the link there, must not be run by the user who
/// asks; `None` when it may be, or when there is nothing.
///
/// A directory of a third user may be run, though not by root, where only that user and root can have put it.
pub fn find_distrust(path: &Path) -> Result<Option<Distrust>, PrefixError> {
    let fail = |source| PrefixError::io("look at", path, source);
    let caller = sys::caller();
    let mut place = path.to_path_buf();
    for _ in 0..LINKS_LIMIT {
        let seen = match sys::look_at(&place) {
            Err(error) if is_absence(&error) => return Ok(None),
            seen => seen.map_err(fail)?,
        };
        let distrust = find_doubt(&place, &seen, caller).map_err(fail)?;
        if distrust.is_some() && !may_run(&place, &seen, caller).map_err(fail)? {
            return Ok(distrust);
        }
        if !seen.is_link {
            return Ok(None);
        }
        let target = std::fs::read_link(&place).map_err(fail)?;
        place = place.parent().unwrap_or(&place).join(target);
    }
    Ok(None)
}

/// Refuse to change a prefix, even one that does not exist yet, that others can change or could exchange meanwhile.
pub(crate) fn check_change(names: &Names) -> Result<(), PrefixError> {
    check_place(names)?;
    check_directory(&names.prefix)
}

/// Refuse a parent in which others can exchange what this crate makes; one that does not
/// exist yet will be the runtime's own.
pub(crate) fn check_place(names: &Names) -> Result<(), PrefixError> {
    let found = find_doubt_of_place(&names.parent, sys::caller());
    refuse(found.map_err(|source| PrefixError::io("look at", &names.parent, source))?)
}

/// Refuse what is next to a prefix and is not a real directory, or is another user's; nothing there is fine.
pub(crate) fn check_directory(path: &Path) -> Result<(), PrefixError> {
    let seen = match sys::look_at(path) {
        Err(error) if is_absence(&error) => return Ok(()),
        seen => seen.map_err(|source| PrefixError::io("look at", path, source))?,
    };
    if !seen.is_directory {
        return Err(PrefixError::foreign(path, Foreignness::NotADirectory));
    }
    refuse(doubt_itself(path, &seen.attributes, sys::caller()))
}

/// Whether there is a real directory that counts as the asking user's; the one that holds it is
/// not looked at. What cannot be looked at is an error: environments may depend on the answer.
pub(crate) fn is_own(path: &Path) -> Result<bool, PrefixError> {
    match sys::look_at(path) {
        Err(error) if is_absence(&error) => Ok(false),
        Err(source) => Err(PrefixError::io("look at", path, source)),
        Ok(seen) => Ok(seen.is_directory && seen.attributes.doubt(sys::caller()).is_none()),
    }
}

/// Whether an open directory counts as the asking user's.
pub(crate) fn counts(directory: &File) -> bool {
    sys::look_at_open(directory).is_ok_and(|attributes| attributes.doubt(sys::caller()).is_none())
}

fn refuse(distrust: Option<Distrust>) -> Result<(), PrefixError> {
    distrust.map_or(Ok(()), |why| Err(PrefixError::Untrusted { why }))
}

/// The first two parts of the rule: the directory itself, and the one that holds it.
fn find_doubt(path: &Path, seen: &Seen, caller: u32) -> io::Result<Option<Distrust>> {
    match (doubt_itself(path, &seen.attributes, caller), path.parent()) {
        (None, Some(parent)) => find_doubt_of_place(parent, caller),
        (distrust, _) => Ok(distrust),
    }
}

fn doubt_itself(path: &Path, attributes: &Attributes, caller: u32) -> Option<Distrust> {
    attributes
        .doubt(caller)
        .map(|doubt| describe(path, attributes, doubt))
}

fn find_doubt_of_place(parent: &Path, caller: u32) -> io::Result<Option<Distrust>> {
    let attributes = match sys::look_through(parent) {
        Err(error) if is_absence(&error) => return Ok(None),
        attributes => attributes?,
    };
    let doubt = attributes.doubt_as_place(caller);
    Ok(doubt.map(|doubt| describe(parent, &attributes, doubt)))
}

fn describe(path: &Path, attributes: &Attributes, doubt: Doubt) -> Distrust {
    Distrust {
        path: path.to_path_buf(),
        owner: attributes.user,
        doubt,
    }
}

/// The third part of the rule, for a directory or link of another user: whether only that user and root can
/// have put it there. Going up, each directory belongs to one of the two; in root's, no other user may make anything.
fn may_run(path: &Path, seen: &Seen, caller: u32) -> io::Result<bool> {
    let user = seen.attributes.user;
    let is_third = user != caller && user != ROOT;
    if caller == ROOT || !is_third || seen.attributes.doubt(user).is_some() {
        return Ok(false);
    }
    let Some(parent) = path.parent() else {
        return Ok(false);
    };
    let mut holds_theirs = true;
    for directory in parent.canonicalize()?.ancestors() {
        let attributes = sys::look_through(directory)?;
        if !keeps_others_out(&attributes, user, holds_theirs) {
            return Ok(false);
        }
        holds_theirs = attributes.user == user;
    }
    Ok(true)
}

/// Whether only `user` and root can have put into this directory what is in it:
/// something of that user's, or of root's.
fn keeps_others_out(attributes: &Attributes, user: u32, holds_theirs: bool) -> bool {
    let doubt = match attributes.user {
        ROOT if holds_theirs => attributes.doubt(ROOT),
        owner if owner == user || owner == ROOT => attributes.doubt_as_place(user),
        _ => return false,
    };
    doubt.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: u32 = 1000;

    fn attributes(user: u32, group: u32, mode: u32) -> Attributes {
        Attributes { user, group, mode }
    }

    #[test]
    fn a_third_users_things_count_where_only_that_user_and_root_can_make_any() {
        for (user, group, mode, holds_theirs, counts) in [
            (USER, USER, 0o755, true, true),
            (USER, USER, 0o775, true, true),
            (USER, USER, 0o777, true, false),
            (0, 0, 0o755, true, true),
            (0, 0, 0o775, true, true),
            (0, 50, 0o2775, true, false),
            (0, 50, 0o2775, false, true),
            (0, 0, 0o1777, true, false),
            (0, 0, 0o1777, false, true),
            (0, 0, 0o777, false, false),
            (2000, 2000, 0o755, true, false),
            (2000, 2000, 0o755, false, false),
        ] {
            let directory = attributes(user, group, mode);
            assert_eq!(
                keeps_others_out(&directory, USER, holds_theirs),
                counts,
                "{directory:?} {holds_theirs}"
            );
        }
    }

    #[test]
    fn every_reason_for_distrust_has_a_text() {
        let distrust = |owner, doubt| Distrust {
            path: "/tmp/demo".into(),
            owner,
            doubt,
        };
        for (distrust, text) in [
            (
                distrust(2001, Doubt::Owner),
                "/tmp/demo belongs to user 2001",
            ),
            (
                distrust(0, Doubt::WritableByAll),
                "all users can write to /tmp/demo",
            ),
            (
                distrust(0, Doubt::WritableByGroup),
                "users of a group other than root's can write to /tmp/demo",
            ),
        ] {
            assert_eq!(distrust.to_string(), text);
        }
    }
}
