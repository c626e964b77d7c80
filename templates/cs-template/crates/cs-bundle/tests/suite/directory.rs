//! A bundle that is a directory.

use std::fs;

use crate::support::{archives, assert_holds, expected, indices, scratch};
use cs_archive::Wanted;
use cs_bundle::{BundleError, Kind, open_directory};

#[test]
fn finds_the_expected_archives_and_ignores_other_files() {
    let directory = scratch();
    for (name, data) in archives() {
        fs::write(directory.path().join(name), data).unwrap();
    }
    fs::write(directory.path().join("README.txt"), "not an archive").unwrap();
    fs::write(directory.path().join("other-1-0.conda"), "not in the lock").unwrap();
    let bundle = open_directory(directory.path(), &expected(&archives())).unwrap();
    assert_holds(bundle, &archives(), false);
}

#[test]
fn finds_what_is_there_of_the_expected_archives() {
    let directory = scratch();
    let (name, data) = archives().remove(1);
    fs::write(directory.path().join(name), data).unwrap();
    let bundle = open_directory(directory.path(), &expected(&archives())).unwrap();
    assert_eq!(indices(&bundle), [1]);
}

#[cfg(unix)]
#[test]
fn skips_symbolic_links_and_directories() {
    let directory = scratch();
    let archives = archives();
    fs::write(directory.path().join("elsewhere"), &archives[1].1).unwrap();
    std::os::unix::fs::symlink("elsewhere", directory.path().join(&archives[1].0)).unwrap();
    fs::create_dir(directory.path().join(&archives[2].0)).unwrap();
    let bundle = open_directory(directory.path(), &expected(&archives)).unwrap();
    assert_eq!(indices(&bundle), []);
}

#[test]
fn refuses_an_archive_of_another_size() {
    let directory = scratch();
    fs::write(directory.path().join("b-1-0.tar.bz2"), "short").unwrap();
    let error = open_directory(directory.path(), &expected(&archives())).unwrap_err();
    assert_eq!(error.kind(), Kind::Mismatch);
    let message = error.to_string();
    assert!(message.contains("b-1-0.tar.bz2 in the bundle"), "{message}");
    assert!(
        message.contains("has 5 bytes, but the runtime lock says 700"),
        "{message}"
    );
}

#[test]
fn notices_an_archive_that_changes_after_it_was_found() {
    let directory = scratch();
    let archives = vec![archives().remove(1)];
    let path = directory.path().join(&archives[0].0);
    fs::write(&path, &archives[0].1).unwrap();
    let bundle = open_directory(directory.path(), &expected(&archives)).unwrap();
    fs::write(&path, "changed").unwrap();
    let error = bundle[0].bytes.read_at(&mut [0; 10], 0).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("was changed while it was in use"),
        "{error}"
    );
}

#[test]
fn refuses_names_that_lead_out_of_the_directory() {
    let directory = scratch();
    for name in [
        "../a-1-0.conda",
        "/a-1-0.conda",
        "a/b-1-0.conda",
        "a\\b-1-0.conda",
        "..",
        "a-1-0.zip",
        ".conda",
    ] {
        let wanted = [Wanted {
            file_name: name.to_owned(),
            sha256: [0; 32],
            size: None,
            url: None,
        }];
        let error = open_directory(directory.path(), &wanted).unwrap_err();
        assert!(matches!(error, BundleError::FileName { .. }), "{error}");
        assert!(
            error
                .to_string()
                .contains("is not the name of a package archive"),
            "{error}"
        );
    }
}

#[test]
fn says_that_the_directory_does_not_exist() {
    let directory = scratch();
    let error = open_directory(&directory.path().join("nowhere"), &[]).unwrap_err();
    assert_eq!(error.kind(), Kind::Missing);
    assert!(
        error.to_string().starts_with("cannot open the bundle"),
        "{error}"
    );
}
