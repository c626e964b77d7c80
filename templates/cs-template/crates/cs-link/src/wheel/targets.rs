//! Where the members of a wheel go.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::contents::Contents;
use super::interpreters::is_interpreter;
use super::scheme::Scheme;
use crate::Job;
use crate::clean::{check_windows_name, clean_path};
use crate::clobber::fold;
use crate::fault::Fault;
use crate::reserved::check_path;
use crate::scripts::is_link_script;
use crate::system::System;
use crate::zip::Member;

/// Where a member goes, relative to the prefix.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) path: String,
    /// A command, whose first line may have to name the prefix's Python.
    pub(super) is_script: bool,
}

/// Files of `.dist-info` that the wheel's own are replaced by.
const REPLACED: [&str; 4] = ["RECORD", "INSTALLER", "REQUESTED", "direct_url.json"];

/// Finds out where everything of a wheel goes, and refuses what may not go there.
pub(super) struct Targets<'a> {
    job: &'a Job<'a>,
    scheme: &'a Scheme<'a>,
    contents: &'a Contents,
    /// Everything that is placed, by its folded path: the number of its member, or none where it is made.
    taken: HashMap<String, Option<usize>>,
}

impl<'a> Targets<'a> {
    pub(super) fn new(job: &'a Job<'a>, scheme: &'a Scheme<'a>, contents: &'a Contents) -> Self {
        Self {
            job,
            scheme,
            contents,
            taken: HashMap::new(),
        }
    }

    /// The target of each member; `None` for those that are left out. `made` is what comes besides, and stays.
    pub(super) fn find_all(
        mut self,
        members: &[Member],
        made: &[String],
    ) -> Result<Vec<Option<Target>>, Fault> {
        for path in made {
            self.check(path)?;
            self.taken.insert(fold(path).into_owned(), None);
        }
        let mut names = HashSet::with_capacity(members.len());
        let found = members.iter().map(|member| {
            if names.insert(&*member.name) {
                self.find(&member.name)
            } else {
                let reason = "the archive contains it twice";
                Err(Fault::damaged_at(&*member.name, reason))
            }
        });
        let mut targets: Vec<_> = found.collect::<Result<_, Fault>>()?;
        // What is in .data comes later, and replaces what is not.
        for is_data in [false, true] {
            for (number, member) in members.iter().enumerate() {
                if self.is_data(&member.name) == is_data {
                    self.take(number, &mut targets)?;
                }
            }
        }
        self.check_directories(targets.iter().flatten().map(|target| &*target.path))?;
        self.check_directories(made.iter().map(String::as_str))?;
        Ok(targets)
    }

    /// Where the member of this name goes.
    fn find(&self, name: &str) -> Result<Option<Target>, Fault> {
        let clean = clean_name(name, self.scheme.system)?;
        if name.ends_with('/') {
            return Ok(None);
        }
        let stem = &*self.contents.stem;
        let (top, rest) = clean.split_once('/').unwrap_or((&clean, ""));
        if top.strip_suffix(".dist-info") == Some(stem) && REPLACED.contains(&rest) {
            return Ok(None);
        }
        if !self.is_data(&clean) {
            return Ok(Some(Target::file(self.scheme.in_site(&clean))));
        }
        let path = match rest.split_once('/') {
            Some(("purelib" | "platlib", rest)) => self.scheme.in_site(rest),
            Some(("headers", rest)) => self.scheme.in_headers(rest),
            Some(("data", rest)) => rest.to_owned(),
            Some(("scripts", script)) => return self.find_script(name, script),
            _ => {
                let reason = "wheels have data, headers, platlib, purelib and scripts there";
                return Err(Fault::damaged_at(name, reason));
            }
        };
        Ok(Some(Target::file(path)))
    }

    fn find_script(&self, name: &str, script: &str) -> Result<Option<Target>, Fault> {
        if script.contains('/') {
            return Err(Fault::damaged_at(name, "a directory is not a script"));
        }
        let endings = [".exe", "-script.py", ".pya"];
        let command = endings
            .iter()
            .find_map(|ending| script.strip_suffix(ending));
        let is_entry_point = self.contents.entry_points.has(command.unwrap_or(script));
        Ok((!is_entry_point).then(|| Target {
            path: self.scheme.in_scripts(script),
            is_script: true,
        }))
    }

    fn is_data(&self, name: &str) -> bool {
        let rest = name.strip_prefix(&*self.contents.stem);
        rest.is_some_and(|rest| rest == ".data" || rest.starts_with(".data/"))
    }

    /// Give a member its target. Of two with one target the later one stays.
    fn take(&mut self, number: usize, targets: &mut [Option<Target>]) -> Result<(), Fault> {
        let Some(target) = &targets[number] else {
            return Ok(());
        };
        self.check(&target.path)?;
        match self.taken.entry(fold(&target.path).into_owned()) {
            Entry::Vacant(vacant) => {
                vacant.insert(Some(number));
            }
            Entry::Occupied(mut occupied) => match *occupied.get() {
                Some(other) => {
                    occupied.insert(Some(number));
                    targets[other] = None;
                }
                None => targets[number] = None,
            },
        }
        Ok(())
    }

    /// Refuse what belongs to the runtime, to conda or to Python itself.
    fn check(&self, path: &str) -> Result<(), Fault> {
        check_path(self.job, path, false)?;
        let folded = fold(path);
        let mut overwritten = self.job.overwritten.iter();
        if folded.starts_with("conda-meta/") || overwritten.any(|&name| folded == fold(name)) {
            let reason = "the file there does not belong to a package";
            return Err(Fault::hostile(path, reason));
        }
        match self.scheme.program_in(path) {
            Some(name) if is_interpreter(name) => Err(Fault::hostile(path, "it is Python itself")),
            Some(name) if is_link_script(name) => {
                let reason = "it would run as the script of a conda package";
                Err(Fault::hostile(path, reason))
            }
            _ => Ok(()),
        }
    }

    /// Refuse a wheel with a file where it has a directory too.
    fn check_directories<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Result<(), Fault> {
        let mut last = "";
        for path in paths {
            let above = path.rsplit_once('/').map_or("", |(above, _)| above);
            if above == last {
                continue;
            }
            last = above;
            let mut ends = above
                .match_indices('/')
                .map(|(end, _)| end)
                .chain([above.len()]);
            if let Some(end) = ends.find(|&end| self.taken.contains_key(&*fold(&path[..end]))) {
                let reason = "the wheel has files under it, and it is one";
                return Err(Fault::damaged_at(&path[..end], reason));
            }
        }
        Ok(())
    }
}

impl Target {
    fn file(path: String) -> Self {
        Self {
            path,
            is_script: false,
        }
    }
}

/// The name of a member as a path that stays where it is put, on the system that the prefix is for.
fn clean_name(name: &str, system: System) -> Result<String, Fault> {
    if name.contains('\\') {
        return Err(Fault::hostile(name, "a backslash is in its name"));
    }
    let clean = clean_path(name.as_bytes()).map_err(|reason| Fault::hostile(name, reason))?;
    if system == System::Windows {
        let names = clean.split('/').map(check_windows_name);
        names
            .collect::<Result<(), _>>()
            .map_err(|reason| Fault::hostile(name, reason))?;
    }
    Ok(clean)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::layout::Layout;
    use crate::{Bytecode, Python};

    /// Where a member of the wheel `demo-1.0` goes, or why it may not.
    fn target(name: &str, system: System) -> Result<Option<String>, String> {
        let windows = system == System::Windows;
        let python = Python {
            version: "3.13.1".into(),
            site_packages_path: if windows {
                "Lib/site-packages".into()
            } else {
                "lib/python3.13t/site-packages".into()
            },
        };
        let scheme = Scheme {
            system,
            layout: &Layout::new(&python).unwrap(),
            project: "demo",
            prefix: "/opt/x",
        };
        let contents = Contents {
            stem: "demo-1.0".into(),
            rows: Default::default(),
            entry_points: Default::default(),
        };
        let job = Job {
            staging: Path::new("/s"),
            prefix: Path::new("/opt/x"),
            platform: "win-64",
            packages: &[],
            python: Some(&python),
            requested_specs: &[],
            threads: 1,
            bytecode: Bytecode::OnImport,
            link_scripts: true,
            reserved: &[".demo.staging".into()],
            overwritten: &[".demo.json"],
            launchers: None,
        };
        let targets = Targets::new(&job, &scheme, &contents);
        let found = targets.find(name).map_err(|fault| fault.to_string())?;
        found
            .map(|target| targets.check(&target.path).map(|()| target.path))
            .transpose()
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn each_scheme_has_its_place_on_each_system() {
        for (name, unix, windows) in [
            (
                "demo/x.py",
                "lib/python3.13t/site-packages/demo/x.py",
                "Lib/site-packages/demo/x.py",
            ),
            (
                "demo-1.0.data/purelib/x",
                "lib/python3.13t/site-packages/x",
                "Lib/site-packages/x",
            ),
            (
                "demo-1.0.data/headers/a/x.h",
                "include/python3.13t/demo/a/x.h",
                "Include/demo/a/x.h",
            ),
            ("demo-1.0.data/scripts/run", "bin/run", "Scripts/run"),
            ("demo-1.0.data/data/share/x", "share/x", "share/x"),
        ] {
            assert_eq!(target(name, System::Unix), Ok(Some(unix.to_owned())));
            assert_eq!(target(name, System::Windows), Ok(Some(windows.to_owned())));
        }
        for name in [
            "demo-1.0.dist-info/INSTALLER",
            "demo-1.0.dist-info/RECORD",
            "demo/",
        ] {
            assert_eq!(target(name, System::Unix), Ok(None));
        }
    }

    #[test]
    fn names_that_windows_takes_for_others_are_refused_there() {
        for name in [
            "a:b",
            "nul.txt",
            "demo/x.",
            "demo/com1/x",
            "demo-1.0.data/data/c:/x",
            "a?",
        ] {
            assert!(target(name, System::Windows).is_err(), "{name}");
            // A machine with Windows refuses them whatever the runtime is for.
            let on_unix = target(name, System::Unix);
            assert_eq!(on_unix.is_ok(), cfg!(not(windows)), "{name}");
        }
    }

    #[test]
    fn python_itself_is_at_another_place_on_windows() {
        for (path, on_unix, on_windows) in [
            ("data/python.exe", true, false),
            ("data/pythonw.exe", true, false),
            ("data/Scripts/python3.exe", false, false),
            ("data/bin/python3.13", false, false),
            ("scripts/python", false, false),
            ("scripts/ipython", true, true),
        ] {
            let name = format!("demo-1.0.data/{path}");
            assert_eq!(target(&name, System::Unix).is_ok(), on_unix, "{path}");
            assert_eq!(target(&name, System::Windows).is_ok(), on_windows, "{path}");
        }
    }
}
