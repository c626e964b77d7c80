//! Windows: no directory locks and no exchange. A file next to the staging directory is the claim's
//! lock, and the fallbacks of `swap` take the exchange's place.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};

use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_ADD_FILE, FILE_ADD_SUBDIRECTORY, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_DELETE_ON_CLOSE, GetDiskFreeSpaceExW, GetFileInformationByHandle,
};

use cs_entry::ownership::Attributes;
use cs_file::insist;

use super::answers::{Attempt, Exchange, Room, Seen};

/// Of a directory that no other user can change.
const UNDOUBTED: Attributes = Attributes {
    user: 0,
    group: 0,
    mode: 0,
};

/// Directories cannot be locked here.
pub(crate) fn try_lock(path: &Path) -> io::Result<Attempt> {
    std::fs::symlink_metadata(path).map(|_| Attempt::Unsupported)
}

/// Whether the lock of a claim is on its directory, wherever that is renamed to.
pub(crate) const CLAIM_FOLLOWS_DIRECTORY: bool = false;

/// Take the claim on the staging directory: a file next to it that no other process can
/// open, and that goes with its handle,
/// however this process ends.
pub(crate) fn try_claim(staging: &Path) -> io::Result<Attempt> {
    std::fs::symlink_metadata(staging)?;
    let path = lock_beside(staging);
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .share_mode(0)
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE)
        .open(&path);
    match opened {
        Ok(file) => Ok(Attempt::Locked(file)),
        Err(error) if is_error(&error, ERROR_SHARING_VIOLATION) => Ok(Attempt::Held),
        // One that is being deleted cannot be opened either.
        Err(error) if is_error(&error, ERROR_ACCESS_DENIED) && path.symlink_metadata().is_ok() => {
            Ok(Attempt::Held)
        }
        Err(_) => Ok(Attempt::Unsupported),
    }
}

/// Whether another process holds that claim at this moment. A file that a power failure has left
/// is not a claim.
pub(crate) fn is_claimed(staging: &Path) -> io::Result<bool> {
    let opened = File::open(lock_beside(staging));
    Ok(opened.is_err_and(|error| is_error(&error, ERROR_SHARING_VIOLATION)))
}

fn lock_beside(staging: &Path) -> PathBuf {
    let mut path = OsString::from(staging);
    path.push(".lock");
    path.into()
}

fn is_error(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == i32::try_from(code).ok()
}

/// As above.
pub(crate) fn try_lock_shared(path: &Path) -> io::Result<Attempt> {
    try_lock(path)
}

/// Never asked: nothing is ever locked.
pub(crate) fn share_lock(_locked: &File) -> bool {
    false
}

/// Never asked either.
pub(crate) fn is_behind(_locked: &File, _path: &Path) -> bool {
    false
}

/// Windows has no lock on a directory.
pub(crate) fn is_locked(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Whether the directory is there that a claim is about: no other process moves or removes it.
pub(crate) fn is_same(_locked: &File, path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The access control lists are checked when a file is used, so nothing is doubted here.
pub(crate) fn caller() -> u32 {
    UNDOUBTED.user
}

/// As above.
pub(crate) fn look_at(path: &Path) -> io::Result<Seen> {
    let metadata = std::fs::symlink_metadata(path)?;
    Ok(Seen {
        attributes: UNDOUBTED,
        is_link: metadata.is_symlink(),
        is_directory: metadata.is_dir(),
    })
}

/// As above.
pub(crate) fn look_through(path: &Path) -> io::Result<Attributes> {
    std::fs::metadata(path).map(|_| UNDOUBTED)
}

/// As above.
pub(crate) fn look_at_open(_directory: &File) -> io::Result<Attributes> {
    Ok(UNDOUBTED)
}

/// As above; the number of a file's names is not known.
pub(crate) fn is_sole_and_own(_file: &File) -> bool {
    true
}

/// What tells the directory that `path` leads to from all others; none when there is none.
pub(crate) fn identify(path: &Path) -> Option<(u64, u64)> {
    let mut options = OpenOptions::new();
    options
        .access_mode(0)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
    let directory = insist(|| options.open(path)).ok()?;
    let mut found = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open, and the other pointer is to a structure that may be filled.
    let known = unsafe { GetFileInformationByHandle(directory.as_raw_handle(), &raw mut found) };
    let index = u64::from(found.nFileIndexHigh) << 32 | u64::from(found.nFileIndexLow);
    (known != 0).then_some((found.dwVolumeSerialNumber.into(), index))
}

/// Volumes mounted on directories are links here, and links are neither replaced nor followed.
pub(crate) fn is_mount_point(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

/// As above.
pub(crate) fn is_mounted_at(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

/// None that matter, as above.
pub(crate) fn list_mounts() -> Option<Vec<std::path::PathBuf>> {
    Some(Vec::new())
}

/// Not in one step.
pub(crate) fn exchange(_one: &Path, _other: &Path) -> io::Result<Exchange> {
    Ok(Exchange::Unsupported)
}

/// Whether the user may make entries in `directory`: it can be opened for that. One that has gone
/// meanwhile is not in the way.
pub(crate) fn is_writable(directory: &Path) -> bool {
    let opened = OpenOptions::new()
        .access_mode(FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .open(directory);
    opened.map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |_| true)
}

/// Not distinguished from missing permission.
pub(crate) fn is_read_only(_directory: &Path) -> bool {
    false
}

/// Clear the read-only attribute.
pub(crate) fn make_writable(directory: &Path) -> io::Result<()> {
    let mut permissions = std::fs::metadata(directory)?.permissions();
    #[expect(
        clippy::permissions_set_readonly_false,
        reason = "there are no bits for others here"
    )]
    permissions.set_readonly(false);
    std::fs::set_permissions(directory, permissions)
}

/// Make a directory; it inherits the permissions of the one above.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    std::fs::create_dir(path)
}

/// Make a new file; it inherits the permissions of the directory.
pub(crate) fn make_file(path: &Path) -> io::Result<File> {
    File::create_new(path)
}

/// Whether a program that runs from a directory holds it in its place: it does, and so does an open file.
pub(crate) fn use_holds_directories() -> bool {
    true
}

/// Rename a file or directory. The system refuses that while another process has a file open there, be it to read a
/// marker. It also refuses to replace an empty directory, which goes first; one with contents stays.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    insist(|| {
        let _ = std::fs::remove_dir(to);
        std::fs::rename(from, to)
    })
}

/// Give a file the name of another, which it replaces.
pub(crate) fn replace_file(from: &Path, to: &Path) -> io::Result<()> {
    rename(from, to)
}

/// Nothing of the kind is known here.
pub(crate) fn is_stuck(_directory: &Path, _occupied: &Path) -> bool {
    false
}

/// Hard links are copied as files of their own.
pub(crate) fn link_identity(_metadata: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Never asked: nothing is ever stuck.
pub(crate) fn copy_special(from: &Path, to: &Path, _metadata: &Metadata) -> io::Result<()> {
    std::fs::copy(from, to).map(drop)
}

/// Copying a file has copied them.
pub(crate) fn copy_attributes(_from: &Path, _to: &Path, _metadata: &Metadata) -> io::Result<()> {
    Ok(())
}

/// What this user may still write; there is no limit to the number of files.
pub(crate) fn measure_room(directory: &Path) -> Room {
    let path: Vec<u16> = directory.as_os_str().encode_wide().chain([0]).collect();
    let mut bytes = 0;
    // SAFETY: the path ends with NUL, and the other pointers are to a number or null, which stands for none.
    let known = unsafe {
        GetDiskFreeSpaceExW(
            path.as_ptr(),
            &raw mut bytes,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    Room {
        bytes: (known != 0).then_some(bytes),
        files: None,
    }
}

/// NTFS journals names.
pub(crate) fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Not possible without administrator's rights; the marker alone is flushed.
pub(crate) fn sync_tree(_directory: &Path) -> io::Result<()> {
    Ok(())
}
