//! Everything that can go wrong while linking.

use std::io;
use std::path::PathBuf;

use cs_archive::{ArchiveError, is_memory_error};

/// What kind of failure a [`LinkError`] is, for exit statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An archive is missing, damaged, hostile, or not the one that was locked.
    Archive,
    /// The disk is full or failing.
    Io,
    /// There is not enough memory.
    Memory,
    /// The staging directory cannot be written for another reason: permissions, a read-only file system.
    CannotWrite,
    /// The prefix is longer than a package can hold.
    PrefixTooLong,
    /// A program that was started failed, or could not be started: the byte compiler, a shell.
    Program,
    /// The plan asks for what cannot be.
    Plan,
    /// The supplier of archives failed; its own error says how.
    Supplier,
    /// The caller asked to stop.
    Cancelled,
}

/// Why a job was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The archive is not the one that was locked.
    #[error("{package}: the archive's SHA-256 is {actual}, the lock says {expected}")]
    Checksum {
        /// File name of the package.
        package: String,
        /// Lower-case hex.
        expected: String,
        /// Lower-case hex.
        actual: String,
    },
    /// The archive cannot be decoded, or contradicts itself.
    #[error("{package}: {}{reason}", at(.entry))]
    Damaged {
        /// File name of the package.
        package: String,
        /// Path within the archive, when one entry is to blame.
        entry: Option<String>,
        /// What is wrong.
        reason: String,
    },
    /// The archive tries to reach out of the prefix, or to take more room than it says.
    #[error("{package}: refused {entry:?}: {reason}")]
    Hostile {
        /// File name of the package.
        package: String,
        /// Path within the archive.
        entry: String,
        /// Why it is refused.
        reason: String,
    },
    /// The archive's bytes cannot be read.
    #[error("{package}: the archive cannot be read: {source}")]
    Read {
        /// File name of the package.
        package: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Something below the staging directory cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The path, below the staging directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The prefix does not fit where the package holds a placeholder for it.
    #[error(
        "{package}: the prefix {} is {length} bytes long, {path:?} has room for {limit}; choose a shorter path",
        prefix.display()
    )]
    PrefixTooLong {
        /// File name of the package.
        package: String,
        /// The file with the placeholder.
        path: String,
        /// The final prefix.
        prefix: PathBuf,
        /// Its length in bytes.
        length: usize,
        /// The placeholder's length in bytes.
        limit: usize,
    },
    /// The prefix cannot be written into files.
    #[error("the prefix {} is not valid UTF-8 and cannot be written into files", .0.display())]
    PrefixNotUnicode(PathBuf),
    /// A noarch python package without a Python.
    #[error("{package}: a noarch python package needs a Python, and the plan has none")]
    MissingPython {
        /// File name of the package.
        package: String,
    },
    /// The plan has no such package, or says something impossible of it.
    #[error("{package}: {reason}")]
    Plan {
        /// File name of the package.
        package: String,
        /// What is wrong.
        reason: String,
    },
    /// The supplier ran out of archives before every package was there.
    #[error("{} archives are missing (first: {})", packages.len(), packages[0])]
    Missing {
        /// File names, in install order, at least one.
        packages: Vec<String>,
    },
    /// A decoder cannot have the memory that it needs.
    #[error("{package}: there is not enough memory to unpack it")]
    Memory {
        /// File name of the package.
        package: String,
    },
    /// The byte compiler failed.
    #[error("compiling Python modules failed ({status}){}", tail(.output))]
    Compile {
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        output: String,
    },
    /// A program cannot be started.
    #[error("cannot run {}: {source}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The shipped bytecode cannot be used.
    #[error("the shipped bytecode is damaged: {reason}")]
    Bytecode {
        /// What is wrong.
        reason: String,
    },
    /// An archive cannot be had.
    #[error(transparent)]
    Supplier(#[from] ArchiveError),
    /// The caller asked to stop.
    #[error("interrupted")]
    Cancelled,
}

fn at(entry: &Option<String>) -> String {
    entry
        .as_ref()
        .map(|entry| format!("{entry:?}: "))
        .unwrap_or_default()
}

/// An error is one line, whatever a program has written.
fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    match lines.as_slice() {
        [] => String::new(),
        lines => format!(": {}", lines.join(" | ")),
    }
}

impl LinkError {
    /// What kind of failure this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Checksum { .. }
            | Self::Damaged { .. }
            | Self::Hostile { .. }
            | Self::Bytecode { .. }
            | Self::Missing { .. } => Kind::Archive,
            Self::Memory { .. } => Kind::Memory,
            Self::Read { source, .. } | Self::Write { source, .. } if is_memory_error(source) => {
                Kind::Memory
            }
            // Somebody has changed it.
            Self::Read { source, .. } if source.kind() == io::ErrorKind::InvalidData => {
                Kind::Archive
            }
            Self::Read { .. } => Kind::Io,
            Self::Write { source, .. } if is_disk_failure(source) => Kind::Io,
            Self::Write { .. } => Kind::CannotWrite,
            Self::PrefixTooLong { .. } | Self::PrefixNotUnicode(_) => Kind::PrefixTooLong,
            Self::Compile { .. } | Self::Spawn { .. } => Kind::Program,
            Self::MissingPython { .. } | Self::Plan { .. } => Kind::Plan,
            Self::Supplier(_) => Kind::Supplier,
            Self::Cancelled => Kind::Cancelled,
        }
    }

    /// The operating system's error, when there is one.
    pub fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } | Self::Spawn { source, .. } => {
                Some(source)
            }
            _ => None,
        }
    }
}

/// Whether the disk is full, over quota or failing, or this process is at a limit: nothing that permissions could mend.
fn is_disk_failure(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    const EIO: i32 = 5;
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(error.kind(), FileTooLarge | StorageFull | QuotaExceeded)
        || (cfg!(unix) && matches!(error.raw_os_error(), Some(EIO | ENFILE | EMFILE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of_write(kind: io::ErrorKind) -> Kind {
        LinkError::Write {
            path: "x".into(),
            source: kind.into(),
        }
        .kind()
    }

    #[test]
    fn a_full_disk_is_told_from_a_forbidden_one() {
        assert_eq!(kind_of_write(io::ErrorKind::StorageFull), Kind::Io);
        assert_eq!(kind_of_write(io::ErrorKind::QuotaExceeded), Kind::Io);
        assert_eq!(kind_of_write(io::ErrorKind::FileTooLarge), Kind::Io);
        assert_eq!(
            kind_of_write(io::ErrorKind::PermissionDenied),
            Kind::CannotWrite
        );
        assert_eq!(
            kind_of_write(io::ErrorKind::ReadOnlyFilesystem),
            Kind::CannotWrite
        );
    }

    #[test]
    fn a_lack_of_memory_is_no_fault_of_the_disk() {
        assert_eq!(kind_of_write(io::ErrorKind::OutOfMemory), Kind::Memory);
    }

    #[cfg(unix)]
    #[test]
    fn a_failing_disk_is_an_input_output_error() {
        let error = LinkError::Write {
            path: "x".into(),
            source: io::Error::from_raw_os_error(5),
        };
        assert_eq!(error.kind(), Kind::Io);
        assert!(error.io_error().is_some());
    }
}
