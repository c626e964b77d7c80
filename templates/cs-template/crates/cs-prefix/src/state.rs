//! The states of a prefix, as `docs/explanation/prefix-lifecycle.md` names them. Nothing here writes.

use std::path::{Path, PathBuf};

use crate::changes::{Changes, find_changes};
use crate::distrust::Distrust;
use crate::error::PrefixError;
use crate::foreignness::Foreignness;
use crate::look::{is_claimed, is_directory, is_empty_directory, is_there, list};
use crate::marker::{Marker, Reading};
use crate::names::{Names, Owner};
use crate::steady::look_steadily;
use crate::sys;
use crate::sys::is_absence;
use crate::trust;

/// How often a marker is looked for that is there whenever one asks: each time takes another exchange.
const MOST_LOOKS: u32 = 100;

/// In which state a prefix is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is there, or an empty directory.
    Absent,
    /// Something is there that this runtime did not make.
    Foreign {
        /// The evidence.
        why: Foreignness,
    },
    /// Made by this runtime, but the machine lost power before all of it was on the disk: the marker is empty.
    Torn,
    /// Complete, and made by exactly this stamp.
    Complete {
        /// What it says about itself.
        marker: Marker,
    },
    /// Complete, and made by another build of this runtime.
    AnotherStamp {
        /// What it says about itself.
        marker: Marker,
        /// Whether a rollback turned this stamp down in favour of that prefix.
        declined: bool,
    },
    /// As [`State::AnotherStamp`], and its user has changed it since; only [`examine`] looks that closely.
    Changed {
        /// What it says about itself.
        marker: Marker,
        /// What came and went.
        changes: Changes,
    },
}

impl State {
    /// The marker, if the prefix is this runtime's.
    pub fn marker(&self) -> Option<&Marker> {
        match self {
            Self::Absent | Self::Foreign { .. } | Self::Torn => None,
            Self::Complete { marker }
            | Self::AnotherStamp { marker, .. }
            | Self::Changed { marker, .. } => Some(marker),
        }
    }
}

/// What is around the prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// A build, upgrade or removal is going on.
    pub being_built: bool,
    /// One was killed: the next command that writes removes what it left.
    pub abandoned_staging: Option<PathBuf>,
    /// The prefix that the last upgrade replaced.
    pub previous: Option<Marker>,
    /// What is next to the prefix, or holds it, and does not count, because another user could have put it there.
    pub untrusted: Vec<Distrust>,
    /// The directory that must be writable for any change, if it is not.
    pub not_writable: Option<PathBuf>,
}

/// Find out in which state `prefix` is: a few `lstat` and one small file. Needs no write permission anywhere.
pub fn inspect(prefix: &Path, owner: &Owner) -> Result<State, PrefixError> {
    let names = Names::new(prefix, owner)?;
    let metadata = match std::fs::symlink_metadata(&names.prefix) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_below_a_file(&names) => {
            return Ok(State::Absent);
        }
        Err(error) if is_absence(&error) => {
            return Ok(State::Foreign {
                why: Foreignness::NotADirectory,
            });
        }
        Err(source) => return Err(PrefixError::io("look at", &names.prefix, source)),
    };
    if !metadata.is_symlink() && !metadata.is_dir() {
        return Ok(State::Foreign {
            why: Foreignness::NotADirectory,
        });
    }
    if let Some(why) = trust::find_distrust(&names.prefix)? {
        return Ok(if is_empty_directory(&names.prefix).unwrap_or(false) {
            State::Absent
        } else {
            State::Foreign {
                why: Foreignness::Untrusted(why),
            }
        });
    }
    if metadata.is_symlink() {
        inspect_link(&names, owner)
    } else {
        inspect_directory(&names, owner)
    }
}

/// Whether the way to the prefix leads through a file: Windows says no more than that there is no such path.
fn is_below_a_file(names: &Names) -> bool {
    cfg!(windows)
        && std::fs::metadata(nearest_existing(&names.parent)).is_ok_and(|found| found.is_file())
}

/// As [`inspect`], and look for the user's changes where another stamp's prefix is found.
pub fn examine(prefix: &Path, owner: &Owner) -> Result<State, PrefixError> {
    look_steadily(prefix, || {
        let state = inspect(prefix, owner)?;
        let State::AnotherStamp { marker, .. } = &state else {
            return Ok(state);
        };
        let changes = find_changes(prefix, marker)?;
        Ok(if changes.is_empty() {
            state
        } else {
            let marker = marker.clone();
            State::Changed { marker, changes }
        })
    })
}

/// The marker of this runtime's prefix, of whatever stamp, and what its user has changed since.
pub fn find_own_changes(
    prefix: &Path,
    owner: &Owner,
) -> Result<Option<(Marker, Changes)>, PrefixError> {
    look_steadily(prefix, || {
        let state = inspect(prefix, owner)?;
        state
            .marker()
            .map(|marker| Ok((marker.clone(), find_changes(prefix, marker)?)))
            .transpose()
    })
}

/// Look for builders, for what they left, for the previous prefix, and for the permission to change anything.
pub fn look_around(prefix: &Path, owner: &Owner) -> Result<Neighbours, PrefixError> {
    let names = Names::new(prefix, owner)?;
    let being_built = is_claimed(&names.staging)?;
    let abandoned = !being_built && trust::is_own(&names.staging)?;
    Ok(Neighbours {
        being_built,
        abandoned_staging: abandoned.then(|| names.staging.clone()),
        previous: Marker::read_ours(&names.previous, owner)?,
        untrusted: find_untrusted(&names)?,
        not_writable: find_unwritable(&names).map(Path::to_path_buf),
    })
}

/// The prefix that the last upgrade replaced, what it says about itself, and what its user has changed in it.
pub fn find_previous(
    prefix: &Path,
    owner: &Owner,
) -> Result<Option<(PathBuf, Marker, Changes)>, PrefixError> {
    let previous = Names::new(prefix, owner)?.previous;
    look_steadily(&previous, || {
        Marker::read_ours(&previous, owner)?
            .map(|marker| {
                let changes = find_changes(&previous, &marker)?;
                Ok((previous.clone(), marker, changes))
            })
            .transpose()
    })
}

/// What would be in the way of a change, because it is not relied on.
fn find_untrusted(names: &Names) -> Result<Vec<Distrust>, PrefixError> {
    let mut found = Vec::new();
    for answer in [
        trust::check_change(names),
        trust::check_directory(&names.staging),
        trust::check_directory(&names.previous),
    ] {
        match answer {
            Err(PrefixError::Untrusted { why }) => found.push(why),
            Ok(()) | Err(PrefixError::Foreign { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The directory whose permissions prevent replacing the prefix, if there is one.
pub(crate) fn find_unwritable(names: &Names) -> Option<&Path> {
    let parent = nearest_existing(&names.parent);
    if !sys::is_writable(parent) {
        return Some(parent);
    }
    // One that does not even answer is not writable either.
    let is_directory = is_directory(&names.prefix).unwrap_or(true);
    (is_directory && !sys::is_writable(&names.prefix)).then_some(&names.prefix)
}

/// The deepest ancestor of `path`, itself included, that exists.
pub(crate) fn nearest_existing(path: &Path) -> &Path {
    path.ancestors()
        .find(|ancestor| is_there(ancestor).unwrap_or(true))
        .unwrap_or(path)
}

fn inspect_link(names: &Names, owner: &Owner) -> Result<State, PrefixError> {
    let target = std::fs::read_link(&names.prefix)
        .map_err(|source| PrefixError::io("read", &names.prefix, source))?;
    match inspect_directory(names, owner)? {
        State::Absent | State::Foreign { .. } => Ok(State::Foreign {
            why: Foreignness::Link { target },
        }),
        own => Ok(own),
    }
}

/// Read the marker; none where nothing at all is. Where prefixes are exchanged in two steps, the
/// marker may be missing for an instant: a directory that lists one by then is looked at again.
fn read_marker(names: &Names, owner: &Owner) -> Result<Option<Reading>, PrefixError> {
    let marker = names.marker_in(&names.prefix);
    for _ in 0..MOST_LOOKS {
        let reading = Marker::read(&names.prefix, owner)?;
        if !matches!(reading, Reading::Nothing) {
            return Ok(Some(reading));
        }
        let found = list(&names.prefix)?;
        if !found.contains(&marker) {
            return Ok((!found.is_empty()).then_some(reading));
        }
    }
    Ok(Some(Reading::Nothing))
}

fn inspect_directory(names: &Names, owner: &Owner) -> Result<State, PrefixError> {
    let Some(reading) = read_marker(names, owner)? else {
        return Ok(State::Absent);
    };
    let why = match reading {
        Reading::Nothing => Foreignness::NoMarker {
            marker: names.marker.clone(),
        },
        Reading::Torn => return Ok(State::Torn),
        Reading::Damaged(why) => Foreignness::DamagedMarker {
            marker: names.marker.clone(),
            why,
        },
        Reading::Whole(marker) if !marker.is_of(owner) => Foreignness::OtherOwner {
            runtime: marker.runtime,
        },
        Reading::Whole(marker) if marker.stamp == owner.stamp_hex => {
            return Ok(State::Complete { marker });
        }
        Reading::Whole(marker) => {
            let declined = marker.declined.iter().any(|stamp| stamp == owner.stamp_hex);
            return Ok(State::AnotherStamp { marker, declined });
        }
    };
    Ok(State::Foreign { why })
}
