//! Where a prefix keeps what wheels bring: Python's installation scheme, as a conda prefix has it.

use crate::layout::Layout;
use crate::system::System;

/// The directories of one project in a prefix, all relative to the prefix.
pub(super) struct Scheme<'a> {
    pub(super) system: System,
    pub(super) layout: &'a Layout,
    /// The project's normalised name, for its headers.
    pub(super) project: &'a str,
    /// The final prefix as it is written into files.
    pub(super) prefix: &'a str,
}

impl Scheme<'_> {
    /// A path in `site-packages`, which is `purelib` and `platlib`.
    pub(super) fn in_site(&self, path: &str) -> String {
        format!("{}/{path}", self.layout.site_packages)
    }

    /// A path among the project's headers.
    pub(super) fn in_headers(&self, path: &str) -> String {
        let project = self.project;
        match self.system {
            System::Unix => format!("include/{}/{project}/{path}", self.layout.library()),
            System::Windows => format!("Include/{project}/{path}"),
        }
    }

    /// A path among the commands.
    pub(super) fn in_scripts(&self, path: &str) -> String {
        match self.system {
            System::Unix => format!("bin/{path}"),
            System::Windows => format!("Scripts/{path}"),
        }
    }

    /// The name that a path has among programs, and beside Python; `None` where neither is.
    pub(super) fn program_in<'p>(&self, path: &'p str) -> Option<&'p str> {
        match (path.split_once('/'), self.system) {
            (Some((directory, name)), _) => {
                let is_scripts = ["bin", "scripts"]
                    .iter()
                    .any(|known| directory.eq_ignore_ascii_case(known));
                is_scripts.then_some(name)
            }
            (None, System::Windows) => Some(path),
            (None, System::Unix) => None,
        }
    }

    /// The path of the interpreter that a script starts.
    pub(super) fn interpreter(&self, is_gui: bool) -> String {
        let prefix = self.prefix.trim_end_matches('/');
        match (self.system, is_gui) {
            (System::Unix, _) => format!("{prefix}/bin/python{}", self.layout.short_version()),
            (System::Windows, false) => format!("{prefix}/python.exe"),
            (System::Windows, true) => format!("{prefix}/pythonw.exe"),
        }
    }
}
