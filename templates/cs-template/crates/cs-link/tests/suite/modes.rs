//! Who may read, write and run what is linked.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use crate::support::{self, Recipe, bench, file, mode_of, recipe, symlink, tar};
use rustix::fs::{Mode, RawMode};
use rustix::process::umask;

/// What is made of a mode: the umask takes its bits, nothing is for everybody to write
/// to, and nothing runs as its owner.
fn expected(mode: u32, mask: u32) -> u32 {
    mode & 0o777 & !mask & !0o002
}

fn demo(modes: &[u32]) -> Recipe {
    let mut items: Vec<_> = modes
        .iter()
        .map(|&mode| file(&format!("share/{mode:o}"), "x").mode(mode))
        .collect();
    items.push(file("site-packages/demo.py", "x = 1\n").mode(0o666));
    let script = "echo > $PREFIX/written; mkdir $PREFIX/made; chmod 600 $PREFIX/share/644";
    items.push(file("bin/.demo-post-link.sh", script).mode(0o777));
    items.push(symlink("share/link", "644"));
    recipe("demo", items).python(&["demo = demo:main"])
}

const COMPILED: &str = "lib/python3.11/site-packages/__pycache__/demo.cpython-311.pyc";

/// Every entry below a directory.
fn walk(directory: &Path, each: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        each(&path);
        if path.is_dir() && !path.is_symlink() {
            walk(&path, each);
        }
    }
}

#[test]
fn modes_follow_the_umask_and_nothing_is_for_everybody_to_write_to() {
    check_modes(
        "modes::modes_follow_the_umask_and_nothing_is_for_everybody_to_write_to",
        None,
    );
}

#[test]
#[ignore = "needs root"]
fn everything_is_of_the_group_of_a_directory_that_hands_its_group_down() {
    check_modes(
        "modes::everything_is_of_the_group_of_a_directory_that_hands_its_group_down",
        Some(12_345),
    );
}

/// Link a package under several umasks into a directory that hands down its group.
fn check_modes(test: &str, group: Option<u32>) {
    // The umask is the whole process's, and with it that of other tests.
    if !support::is_alone() {
        return support::run_alone(test, &[]);
    }
    let modes = [
        0o644, 0o664, 0o666, 0o600, 0o444, 0o400, 0o755, 0o775, 0o777, 0o700, 0o555, 0o4755,
        0o2775, 0o1777, 0o6777,
    ];
    for mask in [0, 0o002, 0o022, 0o027, 0o077] {
        let mut bench = bench();
        bench.shipped = Some(zstd::encode_all(&tar(&[file(COMPILED, "x")])[..], 3).unwrap());
        chown(bench.staging(), None, group).unwrap();
        // Changing the group may take the bit away.
        std::fs::set_permissions(bench.staging(), PermissionsExt::from_mode(0o2775)).unwrap();
        let group = std::fs::metadata(bench.staging()).unwrap().gid();
        umask(Mode::from_raw_mode(mask as RawMode));
        let linked = bench.link(&[demo(&modes)]);
        umask(Mode::from_raw_mode(0o022));
        assert_eq!(linked.unwrap().messages, []);
        for mode in modes.into_iter().filter(|&mode| mode != 0o644) {
            let path = bench.path(&format!("share/{mode:o}"));
            assert_eq!(
                mode_of(&path),
                expected(mode, mask),
                "{mode:o} under {mask:o}"
            );
        }
        for (path, mode) in [
            ("bin/demo", 0o777),
            ("conda-meta/demo-1.0-0.json", 0o666),
            ("conda-meta/history", 0o666),
            ("conda-meta/initial-state.explicit.txt", 0o666),
            (COMPILED, 0o666),
            ("written", 0o666),
            ("share/644", 0o600),
        ] {
            assert_eq!(
                mode_of(&bench.path(path)),
                expected(mode, mask),
                "{path} under {mask:o}"
            );
        }
        walk(&bench.staging(), &mut |path| {
            let metadata = std::fs::symlink_metadata(path).unwrap();
            if metadata.is_dir() {
                let mode = metadata.mode() & 0o7777;
                assert_eq!(
                    mode,
                    0o2000 | expected(0o777, mask),
                    "{} under {mask:o}",
                    path.display()
                );
            }
            assert!(
                metadata.is_symlink() || metadata.mode() & 0o002 == 0,
                "{}",
                path.display()
            );
            assert_eq!(metadata.gid(), group, "{}", path.display());
        });
    }
}
