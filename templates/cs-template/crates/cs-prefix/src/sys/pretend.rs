//! Lets a test do without what its file system can do.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

thread_local! {
    /// Directories cannot be locked, as on NFS.
    pub static NO_LOCKS: Cell<bool> = const { Cell::new(false) };
    /// Directories cannot be exchanged.
    pub static NO_EXCHANGE: Cell<bool> = const { Cell::new(false) };
    /// A program that runs from a directory holds it in its place, as on Windows.
    pub static USE_HOLDS: Cell<bool> = const { Cell::new(false) };
    /// There is no list of mounts, as without /proc.
    pub static NO_MOUNT_LIST: Cell<bool> = const { Cell::new(false) };
    /// The kernel does not say of a file whether it is a mount's root.
    pub static NO_MOUNT_ROOTS: Cell<bool> = const { Cell::new(false) };
    /// Which rename or exchange from now on fails, as on a bad disk: 1 is the next; 0 when none does.
    pub static FAILING_MOVE: Cell<u32> = const { Cell::new(0) };
    /// Called before each rename and exchange.
    pub static AT_EACH_MOVE: RefCell<Box<dyn Fn()>> = RefCell::new(Box::new(|| ()));
    /// Files of this name cannot be deleted.
    pub static UNDELETABLE: Cell<&'static str> = const { Cell::new("") };
    /// Directories that cannot be renamed, as those of an image in a container. They are held open: the number of one
    /// that is removed is not another's meanwhile.
    pub static STUCK: RefCell<HashMap<u64, File>> = RefCell::default();
}

/// Whether the rename or exchange that asks is the one that fails.
pub fn move_fails() -> bool {
    AT_EACH_MOVE.with_borrow(|look| look());
    let number = FAILING_MOVE.get();
    FAILING_MOVE.set(number.saturating_sub(1));
    number == 1
}

fn inode(path: &Path) -> Option<u64> {
    let metadata = path.symlink_metadata().ok()?;
    metadata
        .is_dir()
        .then(|| std::os::unix::fs::MetadataExt::ino(&metadata))
}

/// Whether `path` is one of the directories that cannot be renamed.
pub fn is_stuck(path: &Path) -> bool {
    inode(path).is_some_and(|inode| STUCK.with_borrow(|stuck| stuck.contains_key(&inode)))
}

/// Make every directory that is under `path` now one that cannot be renamed.
pub fn make_image(path: &Path) {
    if let Some(inode) = inode(path) {
        let held = File::open(path).unwrap();
        STUCK.with_borrow_mut(|stuck| stuck.insert(inode, held));
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            make_image(&entry.path());
        }
    }
}
