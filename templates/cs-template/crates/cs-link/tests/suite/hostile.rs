//! Archives that lie, or want out.

use std::convert::Infallible;
use std::sync::Mutex;

use crate::support::{
    Bench, Item, Recipe, bench, bzip2, file, hard_link, package_of, recipe, tar, zip,
};
#[cfg(unix)]
use crate::support::{PLACEHOLDER, symlink};
use cs_archive::{Archive, Archives, ReadAt};
use cs_link::{Fault, Kind, LinkError};
use serde_json::Value;

fn refusal(bench: &Bench, recipes: &[Recipe]) -> LinkError {
    let error = bench.link(recipes).unwrap_err();
    assert_eq!(error.kind(), Kind::Archive, "{error}");
    assert_eq!(bench.neighbours(), ["staging"]);
    error
}

fn refused(items: Vec<Item>) -> String {
    for recipe in [
        recipe("evil", items.clone()),
        recipe("evil", items).tar_bz2(),
    ] {
        let error = refusal(&bench(), std::slice::from_ref(&recipe)).to_string();
        assert!(
            error.starts_with(&format!("evil-1.0-0{}: ", recipe.suffix)),
            "{error}"
        );
        if recipe.suffix == ".tar.bz2" {
            return error;
        }
    }
    unreachable!()
}

#[test]
fn a_path_that_leads_upwards_is_refused() {
    for path in ["../outside", "share/../../outside", "a/.."] {
        let error = refused(vec![file(path, "x").unlisted()]);
        assert!(
            error.ends_with(&format!("refused {path:?}: the path leads upwards")),
            "{error}"
        );
        assert!(refused(vec![file("inside", "x").with("_path", path)]).contains("leads upwards"));
    }
}

#[test]
fn an_absolute_path_is_refused() {
    let error = refused(vec![file("/tmp/outside", "x").unlisted()]);
    assert!(
        error.ends_with("refused \"/tmp/outside\": the path is absolute"),
        "{error}"
    );
}

#[test]
fn devices_and_fifos_are_refused() {
    assert!(refused(vec![file("dev", "").kind(b'3')]).ends_with("refused \"dev\": it is a device"));
    assert!(refused(vec![file("dev", "").kind(b'4')]).ends_with("it is a device"));
    assert!(refused(vec![file("pipe", "").kind(b'6')]).ends_with("refused \"pipe\": it is a fifo"));
}

#[cfg(unix)]
#[test]
fn a_path_through_a_symbolic_link_of_the_same_package_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().to_str().unwrap();
    let error = refused(vec![symlink("share", target), file("share/x", "x")]);
    assert!(
        error.contains("refused \"share/x\": a parent directory is a symbolic link"),
        "{error}"
    );
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_path_through_a_symbolic_link_of_another_package_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().to_str().unwrap();
    let first = recipe("first", vec![symlink("lib/deep", target)]);
    let second = recipe("second", vec![file("lib/deep/er/x", "x")]);
    for reversed in [false, true] {
        let bench = Bench {
            threads: 1,
            reversed,
            ..bench()
        };
        refusal(&bench, &[first.clone(), second.clone()]);
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_in_place_of_a_file_is_replaced_and_not_followed() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    let bench = Bench {
        threads: 1,
        ..bench()
    };
    let first = recipe(
        "first",
        vec![symlink("x", outside.path().to_str().unwrap())],
    );
    bench
        .link(&[first, recipe("second", vec![file("x", "mine")])])
        .unwrap();
    assert_eq!(bench.text("x"), "mine");
    assert!(!bench.path("x").is_symlink());
    assert_eq!(std::fs::read(outside.path()).unwrap(), b"");
}

#[cfg(unix)]
#[test]
fn a_package_cannot_lead_its_records_elsewhere() {
    let outside = tempfile::tempdir().unwrap();
    refused(vec![symlink(
        "conda-meta",
        outside.path().to_str().unwrap(),
    )]);
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn packages_cannot_write_the_runtimes_own_files() {
    let own = [".demo.staging", "conda-meta/other-1.0-0.json"];
    let replaced = [
        ".condarc",
        ".demo.json",
        "conda-meta/frozen",
        "conda-meta/history",
        "conda-meta/initial-state.explicit.txt",
        ".post-link-output",
        ".messages.txt",
    ];
    let directory = |path: &str, kind: &str| file(path, "").kind(b'5').with("path_type", kind);
    for path in own.into_iter().chain(replaced) {
        let below = format!("{path}/below");
        let found = [
            refused(vec![file("first", "x"), file(&below, "x")]),
            refused(vec![symlink(&below, "x")]),
            refused(vec![directory(path, "directory")]),
            refused(vec![directory(&below, "directory")]),
        ];
        for error in found {
            assert!(error.contains(&format!("refused \"{path}")), "{error}");
        }
        let bench = bench();
        let listed_as_any = directory(path, "hardlink").with("path_type", Value::Null);
        refusal(&bench, &[recipe("evil", vec![listed_as_any])]);
        assert!(!bench.path(path).exists());
    }
    for path in own {
        refused(vec![file(path, "x")]);
        refused(vec![symlink(path, "x")]);
    }
    let outside = tempfile::NamedTempFile::new().unwrap();
    for path in replaced {
        let link = symlink(path, outside.path().to_str().unwrap());
        for item in [file(path, "mine"), link] {
            bench().link(&[recipe("demo", vec![item])]).unwrap();
        }
    }
    assert_eq!(std::fs::read(outside.path()).unwrap(), b"");
}

#[test]
fn hard_links_out_of_the_package_are_refused() {
    assert!(
        refused(vec![hard_link("x", "../../etc/passwd", 1)])
            .contains("hard link to \"../../etc/passwd\"")
    );
    assert!(refused(vec![hard_link("x", "/etc/passwd", 1)]).contains("the path is absolute"));
    let error = refused(vec![hard_link("x", "conda-meta/history", 1)]);
    assert!(error.contains(
        "\"x\": it is a hard link to \"conda-meta/history\", which is not in the archive"
    ));
    refused(vec![hard_link("x", "x", 1)]);
}

#[test]
fn archive_and_list_must_agree() {
    let error = refused(vec![file("x", "x").with("path_type", "softlink")]);
    assert!(
        error.contains("listed as a symbolic link, but it is a file"),
        "{error}"
    );
    assert!(
        refused(vec![file("x", "1"), file("x", "2")])
            .contains("\"x\": the archive contains it twice")
    );
    let mut missing = recipe("evil", vec![file("x", "x")]);
    missing
        .items
        .push(file("y", "").with("_path", "z").kind(b'5'));
    let error = refusal(&bench(), &[missing]).to_string();
    assert!(
        error.contains("\"z\": listed, but not in the archive"),
        "{error}"
    );
}

#[test]
fn an_archive_of_more_bytes_than_listed_is_stopped() {
    let bomb = vec![0; 70 * 1024 * 1024];
    let items = vec![file("a", "a"), file("bomb", bomb).unlisted()];
    let error = refusal(&bench(), &[recipe("evil", items)]).to_string();
    assert!(
        error.contains("it unpacks to more bytes than its own list of files adds up to"),
        "{error}"
    );
}

#[test]
fn an_entry_that_cannot_be_true_is_stopped_before_its_first_byte() {
    let mut items = vec![file("x", "x"), file("bomb", "").with("size_in_bytes", 1)];
    items[1].stated = Some(1 << 40);
    for recipe in [
        recipe("evil", items.clone()),
        recipe("evil", items).tar_bz2(),
    ] {
        let bench = bench();
        let error = refusal(&bench, &[recipe]).to_string();
        assert!(
            error.contains("it unpacks to more bytes than its own list of files adds up to"),
            "{error}"
        );
        assert!(!bench.path("bomb").exists());
    }
}

#[test]
fn an_archive_that_states_no_sizes_is_stopped_at_two_hundred_times_its_own() {
    let items = vec![file("zeros", vec![0; 80 * 1024 * 1024]).with("size_in_bytes", Value::Null)];
    for recipe in [
        recipe("evil", items.clone()),
        recipe("evil", items).tar_bz2(),
    ] {
        let error = refusal(&bench(), &[recipe]).to_string();
        assert!(error.contains("two hundred times its own size"), "{error}");
    }
}

#[test]
fn names_that_no_system_takes_are_refused_in_few_words() {
    for path in ["n".repeat(256), "n/".repeat(100_000)] {
        let error = refusal(&bench(), &[recipe("evil", vec![file(&path, "x")])]).to_string();
        assert!(error.contains("refused"), "{error}");
        assert!(error.len() < 1000, "{error}");
    }
}

// On Windows nothing is replaced in binaries.
#[cfg(unix)]
#[test]
fn a_prefix_that_does_not_fit_is_named_with_the_limit() {
    let mut bench = bench();
    bench.prefix = format!("/{}", "long".repeat(30)).into();
    let items = vec![
        file("first", "x"),
        file("lib/b", format!("{PLACEHOLDER}\0")).prefixed("binary"),
    ];
    let error = bench.link(&[recipe("demo", items)]).unwrap_err();
    assert_eq!(error.kind(), Kind::Prefix);
    let limit = PLACEHOLDER.len();
    assert!(
        error.to_string().contains(&format!(
            "is 121 bytes long, but \"lib/b\" has room for only {limit}"
        )),
        "{error}"
    );
    assert!(!bench.path("first").exists());
}

#[test]
fn another_archive_than_the_locked_one_is_refused_before_it_is_decoded() {
    let bench = bench();
    let demo = recipe("demo", vec![file("x", "x")]);
    let package = package_of(&demo, b"another");
    let error = bench
        .link_packages(&[package], vec![b"not even a zip".to_vec()])
        .unwrap_err();
    let Fault::Checksum { expected, actual } = &error.fault else {
        panic!("{error}")
    };
    assert_eq!(error.subject.as_deref(), Some("demo-1.0-0.conda"));
    assert!(error.to_string().contains(expected) && error.to_string().contains(actual));
    assert_eq!(expected.len(), 64);
}

#[test]
fn a_broken_archive_is_an_error_wherever_it_is_cut_or_changed() {
    for recipe in [
        recipe("demo", vec![file("x", vec![7; 500])]),
        recipe("demo", vec![file("x", "x")]).tar_bz2(),
    ] {
        let whole = recipe.bytes();
        for cut in (0..whole.len()).step_by(17) {
            let bench = bench();
            match bench.link_bytes(std::slice::from_ref(&recipe), vec![whole[..cut].to_vec()]) {
                Err(error) => assert_eq!(error.kind(), Kind::Archive, "cut at {cut}: {error}"),
                // Only padding was cut off, behind everything that counts.
                Ok(_) => assert_eq!(bench.read("x"), recipe.items[0].data, "cut at {cut}"),
            }
        }
        for at in (0..whole.len()).step_by(23) {
            let mut changed = whole.clone();
            changed[at] ^= 0xff;
            // Whatever comes of it, it comes without a panic and stays inside.
            let bench = bench();
            let _ = bench.link_bytes(std::slice::from_ref(&recipe), vec![changed]);
            assert_eq!(bench.neighbours(), ["staging"]);
        }
    }
}

#[test]
fn an_archive_of_the_wrong_shape_is_an_error() {
    let demo = recipe("demo", vec![]);
    let damaged = |bytes: Vec<u8>| {
        bench()
            .link_bytes(std::slice::from_ref(&demo), vec![bytes])
            .unwrap_err()
            .to_string()
    };
    assert!(damaged(b"PK".to_vec()).contains("no zip directory"));
    assert!(damaged(zip(&[("metadata.json", vec![])])).contains("no info-*.tar.zst in it"));
    let twice = vec![
        ("info-a.tar.zst", vec![]),
        ("info-b.tar.zst", vec![]),
        ("pkg-a.tar.zst", vec![]),
    ];
    assert!(damaged(zip(&twice)).contains("more than one info-*.tar.zst"));
    let tar_bz2 = recipe("demo", vec![]).tar_bz2();
    let error = bench()
        .link_bytes(&[tar_bz2], vec![bzip2(&tar(&[file("x", "x")]))])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("neither info/paths.json nor info/files is there"),
        "{error}"
    );
}

#[test]
fn an_entry_point_must_be_a_name() {
    for point in [
        "../evil = a:b",
        "x = a:b(); import os",
        "x = a b:c",
        ".hidden = a:b",
        "x = a",
    ] {
        let demo = recipe("evil", vec![file("site-packages/a.py", "")]);
        let point: &'static str = point.to_owned().leak();
        let error = refusal(&bench(), &[demo.python(&[point])]).to_string();
        assert!(error.contains("entry point"), "{error}");
    }
}

#[test]
fn an_archive_that_never_comes_is_named() {
    let bench = bench();
    let demo = recipe("demo", vec![]);
    let package = package_of(&demo, b"");
    let error = bench.link_packages(&[package], vec![]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 archives are missing (first: demo-1.0-0.conda)"
    );
}

/// An archive that another program changes as soon as all of it has been read once.
struct Changing {
    before: Vec<u8>,
    after: Vec<u8>,
    seen: Mutex<u64>,
}

impl ReadAt for Changing {
    fn len(&self) -> u64 {
        self.before.len() as u64
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let mut seen = self.seen.lock().unwrap();
        let bytes = if *seen < self.len() {
            &self.before
        } else {
            &self.after
        };
        let rest = &bytes[bytes.len().min(offset as usize)..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        *seen += count as u64;
        Ok(count)
    }
}

struct One(Mutex<Option<Changing>>);

impl Archives for One {
    type Error = Infallible;

    fn next(&self) -> Result<Option<Archive>, Infallible> {
        let changing = self.0.lock().unwrap().take();
        Ok(changing.map(|changing| Archive {
            index: 0,
            bytes: Box::new(changing),
            verified: false,
        }))
    }
}

#[test]
fn changes_to_an_archive_after_its_check_are_not_linked() {
    // Larger than what is kept of it in memory, and it does not get smaller by compression.
    let noise = |seed: u64| -> Vec<u8> {
        let mut state = seed;
        let mut byte = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..1_000_000).map(|_| byte()).collect()
    };
    for suffix in [".conda", ".tar.bz2"] {
        let archive = |seed| {
            let recipe = recipe("evil", vec![file("large", noise(seed)), file("x", "x")]);
            match suffix {
                ".conda" => recipe,
                _ => recipe.tar_bz2(),
            }
        };
        let (good, bad) = (archive(1), archive(2));
        let (before, mut after) = (good.bytes(), bad.bytes());
        after.resize(before.len(), 0);
        for after in [after, before[..before.len() / 2].to_vec()] {
            let bench = bench();
            let packages = [package_of(&good, &before)];
            let changing = Changing {
                before: before.clone(),
                after,
                seen: Mutex::default(),
            };
            let error = bench
                .link_from(&packages, &One(Mutex::new(Some(changing))))
                .unwrap_err();
            assert_eq!(error.kind(), Kind::Archive, "{error}");
            assert!(
                error.to_string().contains("changed by another program"),
                "{error}"
            );
        }
    }
}
