//! The errors of this crate.

use std::fmt;

use crate::fault::Fault;

/// What a failure means: one word for the caller, who turns it into a status and advice.
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
    /// The prefix is longer than a package can hold, or cannot be written into files.
    Prefix,
    /// A program that was started failed, or could not be started: the byte compiler, a shell.
    Program,
    /// The plan asks for what cannot be.
    Plan,
    /// The caller asked to stop.
    Cancelled,
}

/// Why a job was not carried out. The text says what is wrong and where; what to do is the caller's to say.
#[derive(Debug)]
pub struct LinkError {
    /// File name of the package that is to blame, or another name of what is.
    pub subject: Option<String>,
    /// What went wrong.
    pub fault: Fault,
}

impl LinkError {
    /// What the failure means.
    pub fn kind(&self) -> Kind {
        self.fault.kind()
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Some(subject) => write!(f, "{subject}: {}", self.fault),
            None => self.fault.fmt(f),
        }
    }
}

impl std::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.fault.source()
    }
}

impl From<Fault> for LinkError {
    fn from(fault: Fault) -> Self {
        Self {
            subject: None,
            fault,
        }
    }
}

/// An installation that failed: while linking, or in the caller's own supplier of archives.
#[derive(Debug, thiserror::Error)]
pub enum InstallError<E> {
    /// An archive, the plan or the staging directory is to blame.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// An archive cannot be had.
    #[error("{0}")]
    Supplier(E),
}
