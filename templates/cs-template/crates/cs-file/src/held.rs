//! Files that another process has open. Windows refuses to remove, rename or replace them.

use std::io;

/// How long to wait between attempts.
#[cfg(windows)]
const LOOK: std::time::Duration = std::time::Duration::from_millis(10);
/// How many attempts to make: a scanner closes a file at once, a program that runs keeps it.
#[cfg(windows)]
const ATTEMPTS: u32 = 100;

/// Try again for a second what Windows refuses because another process has something open: a virus scanner, an indexer,
/// a reader of markers. Other systems do not refuse it.
#[cfg(windows)]
pub fn insist<T>(mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..ATTEMPTS {
        match act() {
            Err(error) if is_held(&error) => std::thread::sleep(LOOK),
            other => return other,
        }
    }
    act()
}

/// Do it once: what other processes have open does not matter here.
#[cfg(not(windows))]
pub fn insist<T>(act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    act()
}

/// Whether Windows refuses something because another process has a file open there.
#[cfg(windows)]
fn is_held(error: &io::Error) -> bool {
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    // What wine answers when a directory on the way is renamed meanwhile.
    const INVALID_NAME: i32 = 123;
    const DIR_NOT_EMPTY: i32 = 145;
    const DELETE_PENDING: i32 = 303;
    let held = [
        ACCESS_DENIED,
        SHARING_VIOLATION,
        INVALID_NAME,
        DIR_NOT_EMPTY,
        DELETE_PENDING,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| held.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_error_than_that_somebody_has_a_file_open_is_final() {
        let mut attempts = 0;
        let result: io::Result<()> = insist(|| {
            attempts += 1;
            Err(io::ErrorKind::NotFound.into())
        });
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(attempts, 1);
    }

    #[cfg(windows)]
    #[test]
    fn a_file_that_is_open_elsewhere_is_removed_once_it_is_closed() {
        use std::os::windows::fs::OpenOptionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "x").unwrap();
        // As a scanner opens it that lets nobody remove it.
        let mut scanner = std::fs::File::options()
            .read(true)
            .share_mode(1)
            .open(&path)
            .ok();
        assert!(scanner.is_some());
        let mut attempts = 0;
        insist(|| {
            attempts += 1;
            if attempts == 3 {
                scanner.take();
            }
            std::fs::remove_file(&path)
        })
        .unwrap();
        assert_eq!(attempts, 3);
        assert!(!path.exists());
    }
}
