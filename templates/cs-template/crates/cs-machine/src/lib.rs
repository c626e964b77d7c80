//! Whether this machine has what packages need: conda's virtual packages.
//!
//! On Linux and macOS nothing of the machine is loaded or started to find out: files are read, and the processor is
//! asked. What cannot be found out counts as enough.

mod cuda;
mod found;
mod glibc;
mod processor;
mod system;
mod version;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

pub use found::Found;
pub use version::Version;

/// What a package needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement<'a> {
    /// The virtual package: `__glibc`.
    pub name: &'a str,
    /// Whether a machine without it does not do.
    pub is_needed: bool,
    /// Comparisons that all have to hold: `>=2.28`.
    pub versions: &'a [String],
    /// Lowest level of the x86-64 architecture.
    pub x86_64_level: Option<u8>,
}

/// A machine, and the variables by which its user knows better.
pub struct Machine<'a> {
    /// The root directory.
    pub root: &'a Path,
    /// Looks up an environment variable.
    pub lookup: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Machine<'_> {
    /// What the machine has of a virtual package: as `CONDA_OVERRIDE_GLIBC` and the like say, else as it is. An empty
    /// variable stands for a machine without it, as in conda and rattler.
    pub fn find(&self, name: &str) -> Found {
        let suffix = name.trim_start_matches('_').to_ascii_uppercase();
        match (self.lookup)(&format!("CONDA_OVERRIDE_{suffix}")) {
            Some(value) => read_override(name, &value.to_string_lossy()),
            None => self.detect(name),
        }
    }

    /// The first requirement that the machine does not meet, by its index, and what the machine has of what is asked
    /// for. Each virtual package is looked for once, however many packages ask for it.
    pub fn find_unmet(&self, requirements: &[Requirement]) -> Option<(usize, Found)> {
        let mut known = BTreeMap::new();
        for (index, requirement) in requirements.iter().enumerate() {
            let found = known
                .entry(requirement.name)
                .or_insert_with(|| self.find(requirement.name));
            if !requirement.is_met(found) {
                return Some((index, found.clone()));
            }
        }
        None
    }

    fn detect(&self, name: &str) -> Found {
        match name {
            "__glibc" => glibc::detect(self.root),
            "__cuda" => cuda::detect(self.root),
            "__linux" => system::detect_linux(self.root),
            "__osx" => system::detect_macos(self.root),
            "__unix" => system::detect_unix(),
            "__win" => system::detect_windows(),
            "__archspec" => processor::detect(),
            _ => Found::Unknown,
        }
    }
}

fn read_override(name: &str, value: &str) -> Found {
    let value = value.trim();
    if value.is_empty() {
        return Found::Absent;
    }
    let found = match name {
        "__archspec" => processor::parse_level(value).map(Found::Level),
        _ => Version::parse(value).map(Found::Version),
    };
    found.unwrap_or(Found::Unknown)
}

impl Requirement<'_> {
    /// Whether what was found is enough.
    pub fn is_met(&self, found: &Found) -> bool {
        match found {
            Found::Absent => !self.is_needed,
            Found::Unknown => true,
            Found::Version(version) => self.versions.iter().all(|text| version.meets(text)),
            Found::Level(level) => self.x86_64_level.is_none_or(|needed| *level >= needed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(versions: &[String]) -> Requirement<'_> {
        Requirement {
            name: "__glibc",
            is_needed: true,
            versions,
            x86_64_level: None,
        }
    }

    #[test]
    fn what_is_not_known_is_enough_and_what_is_absent_only_if_it_is_not_needed() {
        let versions = [">=2.28".to_owned()];
        let mut needed = requirement(&versions);
        assert!(needed.is_met(&Found::Unknown));
        assert!(!needed.is_met(&Found::Absent));
        needed.is_needed = false;
        assert!(needed.is_met(&Found::Absent));
    }

    #[test]
    fn every_comparison_has_to_hold() {
        let versions = [">=2.28".to_owned(), "<3".to_owned()];
        let needed = requirement(&versions);
        for (version, is_met) in [
            ("2.27", false),
            ("2.28", true),
            ("2.99.1", true),
            ("3.0", false),
        ] {
            let found = Found::Version(Version::parse(version).unwrap());
            assert_eq!(needed.is_met(&found), is_met, "{version}");
        }
    }

    #[test]
    fn a_higher_level_of_the_processor_has_what_a_lower_one_has() {
        let needed = Requirement {
            name: "__archspec",
            x86_64_level: Some(3),
            ..requirement(&[])
        };
        assert!(!needed.is_met(&Found::Level(2)));
        assert!(needed.is_met(&Found::Level(3)));
        assert!(needed.is_met(&Found::Level(4)));
    }

    #[test]
    fn the_first_requirement_that_is_not_met_is_found_with_one_look_for_each_name() {
        let looks = std::cell::RefCell::new(Vec::new());
        let lookup = |variable: &str| {
            looks.borrow_mut().push(variable.to_owned());
            Some("2.30".into())
        };
        let machine = Machine {
            root: Path::new("/nowhere"),
            lookup: &lookup,
        };
        let bounds = [">=2.17", ">=2.28", ">=2.34", ">=2.35"].map(|bound| [bound.to_owned()]);
        let cuda = Requirement {
            name: "__cuda",
            ..requirement(&bounds[0])
        };
        let mut asked: Vec<Requirement> = bounds.iter().map(|bound| requirement(bound)).collect();
        asked.insert(1, cuda);
        let found = Found::Version(Version::new(&[2, 30]));
        assert_eq!(machine.find_unmet(&asked), Some((3, found)));
        let expected = ["CONDA_OVERRIDE_GLIBC", "CONDA_OVERRIDE_CUDA"];
        assert_eq!(looks.take(), expected);
        assert_eq!(machine.find_unmet(&asked[..3]), None);
    }

    #[test]
    fn each_system_has_its_own_virtual_package_and_none_of_another() {
        let machine = Machine {
            root: Path::new("/nowhere"),
            lookup: &|_| None,
        };
        let has = |name| machine.find(name) != Found::Absent;
        let expected = if cfg!(windows) {
            [false, false, false, true]
        } else if cfg!(target_os = "macos") {
            [true, false, true, false]
        } else {
            [true, true, false, false]
        };
        assert_eq!(["__unix", "__linux", "__osx", "__win"].map(has), expected);
        assert_eq!(machine.find("__glibc"), Found::Absent);
    }

    #[test]
    fn a_variable_takes_the_place_of_the_machine() {
        let find = |name: &str, value: &'static str| {
            let lookup = |variable: &str| {
                let named = format!(
                    "CONDA_OVERRIDE_{}",
                    name.trim_start_matches('_').to_uppercase()
                );
                (variable == named).then(|| OsString::from(value))
            };
            let root = Path::new("/nowhere");
            Machine {
                root,
                lookup: &lookup,
            }
            .find(name)
        };
        let version = Found::Version(Version::parse("2.5").unwrap());
        for name in ["__glibc", "__cuda", "__osx", "__linux", "__win"] {
            assert_eq!(find(name, "2.5"), version);
            assert_eq!(find(name, ""), Found::Absent);
        }
        assert_eq!(find("__archspec", "x86_64_v3"), Found::Level(3));
        assert_eq!(find("__archspec", "zen4"), Found::Unknown);
    }
}
