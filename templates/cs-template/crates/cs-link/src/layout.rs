//! Where the files of a noarch python package go.

use crate::Python;
use crate::clean::clean_path;

/// What a package needs to know of the prefix's Python.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// `3.11`.
    short_version: String,
    /// Relative to the prefix.
    pub(crate) site_packages: String,
}

/// Where scripts and entry points go.
pub(crate) const SCRIPTS: &str = if cfg!(windows) { "Scripts" } else { "bin" };

impl Layout {
    /// Describe where `python` keeps things, or say what is wrong with the description.
    pub(crate) fn new(python: &Python) -> Result<Self, String> {
        let mut parts = python.version.split('.');
        let short_version = match (parts.next(), parts.next()) {
            (Some(major), Some(minor)) if is_number(major) && is_number(minor) => {
                format!("{major}.{minor}")
            }
            _ => return Err(format!("{:?} is not a Python version", python.version)),
        };
        let site_packages = clean_path(python.site_packages_path.as_bytes()).map_err(|reason| {
            format!(
                "site-packages path {:?}: {reason}",
                python.site_packages_path
            )
        })?;
        Ok(Self {
            short_version,
            site_packages,
        })
    }

    /// The interpreter, relative to the prefix.
    pub(crate) fn interpreter(&self) -> String {
        if cfg!(windows) {
            "python.exe".to_owned()
        } else {
            format!("bin/python{}", self.short_version)
        }
    }

    /// `3.11`.
    pub(crate) fn short_version(&self) -> &str {
        &self.short_version
    }

    /// `11` of `3.11`.
    pub(crate) fn minor_version(&self) -> &str {
        self.short_version.rsplit('.').next().unwrap_or_default()
    }

    /// What CPython puts into the names of compiled modules: `cpython-311`.
    pub(crate) fn cache_tag(&self) -> String {
        format!("cpython-{}", self.short_version.replace('.', ""))
    }

    /// What the directory of Python's own modules is called on Unix: `python3.11`, `python3.13t`.
    pub(crate) fn library(&self) -> String {
        let above = self.site_packages.rsplit('/').nth(1).unwrap_or_default();
        if above.starts_with("python") {
            above.to_owned()
        } else {
            format!("python{}", self.short_version)
        }
    }

    /// Where a path of a noarch python package moves to; `None` if it does not move.
    pub(crate) fn target(&self, source: &str) -> Option<String> {
        let (directory, rest) = source.split_once('/')?;
        match directory {
            "site-packages" => Some(format!("{}/{rest}", self.site_packages)),
            "python-scripts" => Some(format!("{SCRIPTS}/{rest}")),
            _ => None,
        }
    }

    /// Whether Python would compile this file of a noarch package when it imports it.
    pub(crate) fn is_module(&self, target: &str) -> bool {
        target.ends_with(".py")
            && target
                .strip_prefix(&self.site_packages)
                .is_some_and(|rest| rest.starts_with('/'))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
