//! Bundles that other programs wrote.

use std::fs;
use std::sync::atomic::AtomicBool;

use crate::support::{
    self, NEVER, archives, assert_holds, compress, entry, entry_of_kind, expected, header, indices,
    noise, pax, scratch, seal, tar, write,
};
use cs_bundle::{Kind, open_file};

/// Open a compressed tar of these entries as the bundle of the usual archives, and give the complaint.
fn refusal(entries: &[Vec<u8>]) -> String {
    let mut tar = entries.concat();
    tar.resize(tar.len() + 1024, 0);
    refusal_of_bytes(&compress(&tar))
}

fn refusal_of_bytes(bytes: &[u8]) -> String {
    let directory = scratch();
    let spool = scratch();
    let path = write(directory.path(), bytes);
    let error = open_file(&path, &expected(&archives()), spool.path(), &NEVER).unwrap_err();
    let kinds = [Kind::Damaged, Kind::Entry, Kind::Mismatch];
    assert!(kinds.contains(&error.kind()), "{error}");
    assert_eq!(
        fs::read_dir(spool.path()).unwrap().count(),
        0,
        "nothing is left"
    );
    error.to_string()
}

#[test]
fn a_compressed_bundle_is_spooled_and_verified() {
    let directory = scratch();
    let spool = scratch();
    let path = write(directory.path(), &compress(&tar(&archives())));
    let bundle = open_file(&path, &expected(&archives()), spool.path(), &NEVER).unwrap();
    let count_names = || fs::read_dir(spool.path()).unwrap().count();
    // On Windows its name goes with the last handle.
    assert!(cfg!(windows) || count_names() == 0, "the file has a name");
    assert_holds(bundle, &archives(), true);
    assert_eq!(count_names(), 0);
}

#[test]
fn several_frames_are_one_bundle() {
    let tar = tar(&archives());
    let directory = scratch();
    let bytes = [compress(&tar[..1000]), compress(&tar[1000..])].concat();
    let path = write(directory.path(), &bytes);
    assert_holds(
        open_file(&path, &expected(&archives()), directory.path(), &NEVER).unwrap(),
        &archives(),
        true,
    );
}

#[test]
fn other_archives_are_ignored() {
    let directory = scratch();
    let entries = [
        entry("other-1-0.conda", &noise(9, 5000)),
        entry("b-1-0.tar.bz2", &archives()[1].1),
        vec![0; 10_240],
    ];
    let path = write(directory.path(), &compress(&entries.concat()));
    let bundle = open_file(&path, &expected(&archives()), directory.path(), &NEVER).unwrap();
    assert_eq!(indices(&bundle), [1]);
}

#[test]
fn unwanted_members_are_not_decoded_to_their_end() {
    // The header alone says so: what follows is never there.
    let error = refusal(&[header("other-1-0.conda", 4 << 30, b'0')]);
    assert!(error.contains("two hundred times its size"), "{error}");
    let entries: Vec<_> = (0..5)
        .map(|number| entry(&format!("other-{number}-0.conda"), &vec![0; 16 << 20]))
        .collect();
    assert!(refusal(&entries).contains("two hundred times its size"));
    // Headers that belong to nothing count too.
    let name = vec![b'n'; 60_000];
    let headers = vec![entry_of_kind("x", &name, b'L'); 1300];
    assert!(refusal(&headers).contains("two hundred times its size"));
}

#[test]
fn a_large_bundle_may_hold_much_else() {
    let directory = scratch();
    let mut entries: Vec<_> = (0..70)
        .map(|number| entry(&format!("other-{number}-0.conda"), &noise(number, 1 << 20)))
        .collect();
    entries.push(entry("b-1-0.tar.bz2", &archives()[1].1));
    entries.push(vec![0; 10_240]);
    let path = write(directory.path(), &compress(&entries.concat()));
    let bundle = open_file(&path, &expected(&archives()), directory.path(), &NEVER).unwrap();
    assert_eq!(indices(&bundle), [1]);
}

#[test]
fn long_names_of_gnu_and_pax_are_understood() {
    let name = format!("{}-1-0.conda", "n".repeat(150));
    let archives = vec![(name.clone(), noise(1, 700))];
    let stored = entry(&name[..99], &archives[0].1);
    let gnu = entry_of_kind("././@LongLink", format!("{name}\0").as_bytes(), b'L');
    for extended in [gnu, pax("path", &name)] {
        let directory = scratch();
        let path = write(
            directory.path(),
            &compress(&[extended, stored.clone(), vec![0; 1024]].concat()),
        );
        assert_holds(
            open_file(&path, &expected(&archives), directory.path(), &NEVER).unwrap(),
            &archives,
            true,
        );
    }
}

#[test]
fn sizes_in_pax_and_base_256_are_understood() {
    let archives = vec![archives().remove(1)];
    let mut base_256 = entry("b-1-0.tar.bz2", &archives[0].1);
    base_256[124..136].copy_from_slice(&[
        0x80,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        700u16.to_be_bytes()[0],
        700u16.to_be_bytes()[1],
    ]);
    seal(&mut base_256);
    let mut wrong_size = entry("b-1-0.tar.bz2", &archives[0].1);
    wrong_size[124..136].copy_from_slice(b"00000000000\0");
    seal(&mut wrong_size);
    for entries in [vec![base_256], vec![pax("size", "700"), wrong_size]] {
        let directory = scratch();
        let path = write(
            directory.path(),
            &compress(&[entries.concat(), vec![0; 1024]].concat()),
        );
        assert_holds(
            open_file(&path, &expected(&archives), directory.path(), &NEVER).unwrap(),
            &archives,
            true,
        );
    }
}

#[test]
fn a_leading_dot_slash_is_the_top_level() {
    let archives = vec![archives().remove(1)];
    let directory = scratch();
    let path = write(
        directory.path(),
        &compress(&[entry("./b-1-0.tar.bz2", &archives[0].1), vec![0; 1024]].concat()),
    );
    assert_holds(
        open_file(&path, &expected(&archives), directory.path(), &NEVER).unwrap(),
        &archives,
        true,
    );
}

#[test]
fn entries_that_no_bundle_may_have_are_refused() {
    let cases: [(&str, u8, &str); 14] = [
        ("x/b-1-0.tar.bz2", b'0', "is nested in a directory"),
        ("../b-1-0.tar.bz2", b'0', "has '..' in its name"),
        ("x\\..\\b-1-0.tar.bz2", b'0', "has an absolute name"),
        ("C:b-1-0.tar.bz2", b'0', "has an absolute name"),
        ("README.txt", b'0', "is not a package archive"),
        ("/b-1-0.tar.bz2", b'0', "has an absolute name"),
        ("b-1-0.tar.bz2/", b'0', "is a directory"),
        ("./", b'5', "is a directory"),
        ("b-1-0.tar.bz2", b'1', "is a hard link"),
        ("b-1-0.tar.bz2", b'2', "is a symbolic link"),
        ("b-1-0.tar.bz2", b'3', "is a device"),
        ("b-1-0.tar.bz2", b'4', "is a device"),
        ("b-1-0.tar.bz2", b'6', "is a named pipe"),
        ("b-1-0.tar.bz2", b'S', "is not a regular file"),
    ];
    for (name, kind, reason) in cases {
        let message = refusal(&[entry_of_kind(name, b"", kind)]);
        assert!(message.contains(reason), "{message}");
        assert!(message.contains(&format!("{name:?}")), "{message}");
    }
}

#[test]
fn a_name_that_pax_moves_elsewhere_is_refused() {
    let message = refusal(&[pax("path", "../evil.conda"), entry("b-1-0.tar.bz2", b"")]);
    assert!(
        message.contains("\"../evil.conda\" has '..' in its name"),
        "{message}"
    );
}

#[test]
fn duplicates_are_refused() {
    let twice = entry("b-1-0.tar.bz2", &archives()[1].1);
    assert!(refusal(&[twice.clone(), twice]).contains("\"b-1-0.tar.bz2\" appears twice"));
    assert!(
        refusal(&[entry("o.conda", b""), entry("./o.conda", b"")])
            .contains("\"o.conda\" appears twice")
    );
}

#[test]
fn another_size_than_the_lock_says_is_refused() {
    let message = refusal(&[entry("b-1-0.tar.bz2", b"short")]);
    assert!(
        message.contains("has 5 bytes, but the runtime lock says 700"),
        "{message}"
    );
}

#[test]
fn other_bytes_than_the_lock_says_are_refused() {
    let message = refusal(&[entry("b-1-0.tar.bz2", &noise(99, 700))]);
    assert!(message.contains("b-1-0.tar.bz2 in the bundle"), "{message}");
    assert!(message.contains("its SHA-256 is "), "{message}");
}

#[test]
fn every_truncation_is_refused() {
    let good = compress(&tar(&archives()[..3]));
    for length in (0..good.len()).step_by(7) {
        let message = refusal_of_bytes(&good[..length]);
        assert!(
            message.contains("is damaged: it is truncated"),
            "{length}: {message}"
        );
    }
}

#[test]
fn a_file_that_is_not_zstd_is_refused() {
    let message = refusal_of_bytes(&tar(&archives()));
    assert!(
        message.contains("it is not a zstd-compressed tar"),
        "{message}"
    );
    let message = refusal_of_bytes(&compress(&noise(5, 5000)));
    assert!(
        message.contains("a tar header's checksum is wrong"),
        "{message}"
    );
}

#[test]
fn an_oversized_extended_header_is_refused() {
    let message = refusal(&[header("././@LongLink", 1 << 30, b'L')]);
    assert!(
        message.contains("an extended header is too long"),
        "{message}"
    );
}

#[test]
fn malformed_extended_headers_are_refused() {
    for record in [
        "",
        " path=x\n",
        "9 path=x",
        "99 path=x\n",
        "5 pat\n",
        "18446744073709551616 a=b\n",
        "0 a=b\n",
    ] {
        let mut tar = entry_of_kind("p", record.as_bytes(), b'x');
        tar.extend(entry("b-1-0.tar.bz2", b"short"));
        let message = refusal(&[tar]);
        let empty = record.is_empty() && message.contains("has 5 bytes");
        assert!(
            empty || message.contains("an extended header is malformed"),
            "{record:?}: {message}"
        );
    }
}

#[test]
fn a_flood_of_entries_is_refused() {
    let mut tar = Vec::new();
    for number in 0..100_002 {
        tar.extend(header(&format!("p-{number}-0.conda"), 0, b'0'));
    }
    let message = refusal_of_bytes(&compress(&tar));
    assert!(message.contains("it has too many entries"), "{message}");
}

#[test]
fn data_after_the_tar_is_bounded() {
    let mut bytes = tar(&archives()[..1]);
    bytes.resize(bytes.len() + 17 * 1024 * 1024, 0);
    let message = refusal_of_bytes(&compress(&bytes));
    assert!(
        message.contains("data follows the end of its tar"),
        "{message}"
    );
}

#[test]
fn raising_the_flag_stops_the_decoding() {
    let directory = scratch();
    let path = write(directory.path(), &compress(&tar(&archives())));
    let raised = AtomicBool::new(true);
    let error = open_file(&path, &expected(&archives()), directory.path(), &raised).unwrap_err();
    assert_eq!(error.kind(), Kind::Cancelled, "{error}");
}

#[test]
fn an_unwritable_spool_directory_is_named() {
    let directory = scratch();
    let path = write(directory.path(), &compress(&tar(&archives())));
    let error = open_file(
        &path,
        &expected(&archives()),
        &directory.path().join("nowhere"),
        &NEVER,
    )
    .unwrap_err();
    assert_eq!(error.kind(), Kind::Spool);
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn a_directory_is_not_a_bundle_file() {
    let directory = scratch();
    let error = open_file(
        directory.path(),
        &expected(&archives()),
        directory.path(),
        &NEVER,
    )
    .unwrap_err();
    assert!(error.to_string().contains("it is a directory"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_not_waited_for() {
    let directory = scratch();
    let path = directory.path().join("x.bundle.tar.zst");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let error = open_file(&path, &expected(&archives()), directory.path(), &NEVER).unwrap_err();
    assert!(
        error.to_string().contains("it is not a regular file"),
        "{error}"
    );
}

#[test]
fn whatever_happens_to_a_bundle_no_wrong_archive_comes_out_verified() {
    let archives = &archives()[..3];
    let (directory, expected) = (scratch(), expected(archives));
    let good = [pax("path", "a-1-0.conda"), tar(archives)].concat();
    let mut opened = 0;
    for seed in 0..3000 {
        let mut tar = good.clone();
        // One to four bytes anywhere, half of them in the first header blocks.
        for change in noise(seed, 4 * (1 + seed as usize % 4)).chunks(4) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]]));
            let range = if change[3] % 2 == 0 { tar.len() } else { 2048 };
            tar[at % range] = change[2];
        }
        let path = write(directory.path(), &compress(&tar));
        let Ok(bundle) = open_file(&path, &expected, directory.path(), &NEVER) else {
            continue;
        };
        opened += 1;
        for archive in bundle {
            assert!(archive.verified);
            assert!(
                support::read_all(&*archive.bytes, 4096) == archives[archive.index].1,
                "seed {seed}"
            );
        }
    }
    assert!(opened > 10, "{opened}");
}
