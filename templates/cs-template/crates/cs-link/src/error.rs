//! The errors of this crate.

use std::fmt;

use crate::Package;
use crate::fault::Fault;
use crate::kind::Kind;

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

impl Fault {
    /// Name the package that is to blame.
    pub(crate) fn of(self, package: &Package) -> LinkError {
        self.of_subject(&package.archive.file_name)
    }

    /// Blame the shipped bytecode.
    pub(crate) fn of_bytecode(self) -> LinkError {
        self.of_subject("the shipped bytecode")
    }

    /// Name the cause. A path that cannot be written says enough, and an interruption has no cause in the package.
    pub(crate) fn of_subject(self, subject: &str) -> LinkError {
        match self {
            Self::Write { .. } | Self::Cancelled => self.into(),
            fault => LinkError {
                subject: Some(subject.to_owned()),
                fault,
            },
        }
    }
}

/// An installation that failed: while linking, or in the caller's own supplier of archives.
#[derive(Debug, thiserror::Error)]
pub enum InstallError<E> {
    /// An archive, the plan or the staging directory is to blame.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// An archive is not available.
    #[error("{0}")]
    Supplier(E),
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_package_is_named_unless_the_path_is_enough() {
        let damaged = Fault::damaged_at("x", "it is short").of_subject("demo-1-0.conda");
        assert_eq!(damaged.to_string(), "demo-1-0.conda: \"x\": it is short");
        let written = Fault::Write {
            path: "/p/x".into(),
            source: io::Error::other("no"),
        };
        assert_eq!(
            written.of_subject("demo-1-0.conda").to_string(),
            "cannot write /p/x: no"
        );
    }
}
