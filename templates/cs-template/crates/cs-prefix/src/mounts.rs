//! File systems that are mounted at, or somewhere in, what may be moved or removed.
//!
//! What is mounted is not this crate's: it is neither moved along nor removed. So a mount is looked for
//! before the first change, in the system's list of mounts. Only where there is no such list is every
//! entry looked at. A mount that comes later ends the sweep that meets it: see [`crate::remove`].

use std::path::{Path, PathBuf};

use crate::carry::find_immovable;
use crate::error::PrefixError;
use crate::look::{is_directory, list};
use crate::names::Names;
use crate::sys;

/// Refuse to change anything while something is mounted at or in the prefix, or the directories next to it.
pub(crate) fn refuse_mounts(names: &Names) -> Result<(), PrefixError> {
    match find_mount(names)? {
        Some(path) => Err(PrefixError::MountPoint { path }),
        None => Ok(()),
    }
}

/// Where something is mounted at or in the prefix, or the directories next to it.
pub(crate) fn find_mount(names: &Names) -> Result<Option<PathBuf>, PrefixError> {
    let directories = names.directories();
    let listed = match (names.parent.canonicalize(), sys::list_mounts()) {
        (Ok(parent), Some(mounts)) => mounts
            .iter()
            .filter_map(|mount| mount.strip_prefix(&parent).ok())
            .find(|inner| directories.iter().any(|directory| is_in(inner, directory)))
            .map(|inner| names.parent.join(inner)),
        _ => find_below(directories)?,
    };
    match listed {
        Some(path) => Ok(Some(path)),
        None => find_immovable(&names.prefix),
    }
}

/// Whether `inner`, a path in the parent of `directory`, is that directory or something in it.
fn is_in(inner: &Path, directory: &Path) -> bool {
    directory
        .file_name()
        .is_some_and(|name| inner.starts_with(name))
}

/// Look at every entry at or below some paths, without following links.
fn find_below(mut found: Vec<PathBuf>) -> Result<Option<PathBuf>, PrefixError> {
    while let Some(path) = found.pop() {
        let look = sys::is_mounted_at(&path);
        if look.map_err(|source| PrefixError::io("look at", &path, source))? {
            return Ok(Some(path));
        }
        if is_directory(&path)? {
            match list(&path) {
                // What cannot be read cannot be emptied either.
                Err(PrefixError::Denied { .. }) => {}
                entries => found.extend(entries?),
            }
        }
    }
    Ok(None)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;
    use crate::carry::carry_over;
    use crate::copy::Copying;
    use crate::names::Owner;
    use crate::obstacles::Obstacle;
    use crate::remove::{remove_tree, remove_tree_in_order};
    use crate::sys::pretend::{NO_MOUNT_LIST, NO_MOUNT_ROOTS};

    const OWNER: Owner = Owner {
        runtime: "demo",
        stamp_hex: "1",
        runtime_version: "1",
    };
    /// Which answers the system gives: whether there is a list, and whether the kernel knows the roots of mounts.
    const ANSWERS: [(bool, bool); 3] = [(true, true), (false, true), (false, false)];

    /// A prefix with a file of the user's mounted in it, until it is dropped.
    struct Place {
        directory: tempfile::TempDir,
        mount: PathBuf,
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Kind {
        Bind,
        BoundFile,
        Tmpfs,
    }

    impl Place {
        fn new(kind: Kind, at: &str) -> Self {
            let directory = tempfile::tempdir().unwrap();
            let precious = directory.path().join("precious");
            fs::create_dir(&precious).unwrap();
            fs::write(precious.join("thesis.tex"), "x").unwrap();
            let mount = directory.path().join(at);
            fs::create_dir_all(mount.parent().unwrap()).unwrap();
            let mut command = Command::new("mount");
            match kind {
                Kind::BoundFile => {
                    fs::write(&mount, "").unwrap();
                    command.arg("--bind").arg(precious.join("thesis.tex"))
                }
                Kind::Bind => {
                    fs::create_dir(&mount).unwrap();
                    command.arg("--bind").arg(&precious)
                }
                Kind::Tmpfs => {
                    fs::create_dir(&mount).unwrap();
                    command.args(["-t", "tmpfs", "tmpfs"])
                }
            };
            let status = command.arg(&mount).status();
            assert!(status.unwrap().success(), "root can mount");
            if kind == Kind::Tmpfs {
                fs::write(mount.join("thesis.tex"), "x").unwrap();
            }
            Self { directory, mount }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }

        fn names(&self) -> Names {
            Names::new(&self.path("demo"), &OWNER).unwrap()
        }

        fn assert_untouched(&self) {
            let file = if self.mount.is_dir() {
                self.mount.join("thesis.tex")
            } else {
                self.mount.clone()
            };
            assert_eq!(fs::read_to_string(file).unwrap(), "x");
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(&self.mount).status();
        }
    }

    fn answer((list, roots): (bool, bool)) {
        NO_MOUNT_LIST.set(!list);
        NO_MOUNT_ROOTS.set(!roots);
    }

    #[test]
    #[ignore = "needs root"]
    fn a_mount_is_found_wherever_it_is_and_whatever_the_system_says() {
        let places = [
            "demo",
            "demo/envs",
            "demo/lib/a b\n\\c/d",
            ".demo.previous/data",
            ".demo.staging",
            ".demo.abandoned/x",
        ];
        for (place, answers) in places.iter().flat_map(|at| ANSWERS.map(|them| (*at, them))) {
            for kind in [Kind::Bind, Kind::BoundFile, Kind::Tmpfs] {
                if kind != Kind::Tmpfs && answers == (false, false) {
                    continue; // The device is the same: nothing else shows a mount.
                }
                let made = Place::new(kind, place);
                answer(answers);
                let found = find_mount(&made.names()).unwrap();
                assert_eq!(
                    found.as_deref(),
                    Some(made.mount.as_path()),
                    "{kind:?} {answers:?}"
                );
            }
        }
    }

    #[test]
    #[ignore = "needs root"]
    fn mounts_above_and_at_neighbours_with_similar_names_do_not_matter() {
        for at in ["demo2", "demo.d/x", ".demo.previous2", "dem"] {
            for answers in ANSWERS {
                let made = Place::new(Kind::Tmpfs, at);
                fs::create_dir_all(made.path("demo/envs")).unwrap();
                answer(answers);
                assert_eq!(find_mount(&made.names()).unwrap(), None, "{at}");
            }
        }
    }

    #[test]
    #[ignore = "needs root"]
    fn a_mount_is_named_by_the_path_that_was_given() {
        let made = Place::new(Kind::Bind, "demo/data");
        let link = made.path("link");
        std::os::unix::fs::symlink(made.directory.path(), &link).unwrap();
        let names = Names::new(&link.join("demo"), &OWNER).unwrap();
        assert_eq!(find_mount(&names).unwrap(), Some(link.join("demo/data")));
    }

    #[test]
    #[ignore = "needs root"]
    fn a_sweep_stops_at_a_mount_and_names_it() {
        for (answers, kind) in [
            (ANSWERS[0], Kind::Bind),
            (ANSWERS[0], Kind::BoundFile),
            (ANSWERS[0], Kind::Tmpfs),
            (ANSWERS[2], Kind::Tmpfs),
        ] {
            for at in ["demo", "demo/data", "demo/lib/a/b/c"] {
                let made = Place::new(kind, at);
                answer(answers);
                for remove in [remove_tree, |path: &Path| {
                    remove_tree_in_order(path, "other".as_ref())
                }] {
                    if kind == Kind::BoundFile && at == "demo" {
                        continue;
                    }
                    let obstacle = remove(&made.path("demo")).unwrap_err();
                    let Obstacle::Mounted(path) = obstacle else {
                        panic!("{obstacle:?}")
                    };
                    assert_eq!(path, made.mount);
                    made.assert_untouched();
                }
            }
        }
    }

    #[test]
    #[ignore = "needs root"]
    fn a_copy_and_a_move_stop_at_a_mount() {
        for kind in [Kind::Bind, Kind::Tmpfs] {
            let made = Place::new(kind, "demo/envs");
            fs::create_dir_all(made.path("other/envs/mine")).unwrap();
            let copied = Copying::new(&|| Ok(())).copy_directory(
                &made.path("demo"),
                &made.path("copy"),
                &[],
            );
            let moved = carry_over(&made.path("demo"), &made.path("other"));
            let moved_into = carry_over(&made.path("other"), &made.path("demo"));
            for result in [copied, moved, moved_into] {
                let error = result.unwrap_err();
                assert!(
                    matches!(error, PrefixError::MountAppeared { .. }),
                    "{error}"
                );
            }
            made.assert_untouched();
            assert!(made.path("other/envs/mine").is_dir());
        }
    }
}
