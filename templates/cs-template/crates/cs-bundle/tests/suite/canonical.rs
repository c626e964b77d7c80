//! The canonical form: inside an executable, and as a file.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use crate::support::{
    NEVER, archives, assert_holds, compress, embed, entry, entry_of_kind, expected, frame, header,
    indices, noise, pax, scratch, seal, tar, write,
};
use cs_bundle::{Kind, open_embedded, open_file};

/// Open `bytes` as the embedded bundle of the usual archives, and give the complaint.
fn refusal(bytes: &[u8]) -> String {
    let directory = scratch();
    let (file, offset, length) = embed(directory.path(), bytes);
    let error = open_embedded(file, offset, length, &expected(&archives())).unwrap_err();
    assert_eq!(error.kind(), Kind::Embedded);
    let message = error.to_string();
    assert!(
        message.starts_with("the bundle in this runtime is damaged: "),
        "{message}"
    );
    message
}

/// A framed tar of one entry with these bytes.
fn framed(entry: &[u8]) -> Vec<u8> {
    let mut tar = entry.to_vec();
    tar.resize(tar.len() + 1024, 0);
    frame(&tar)
}

#[test]
fn embedded_archives_are_read_in_place() {
    let directory = scratch();
    let (file, offset, length) = embed(directory.path(), &frame(&tar(&archives())));
    let bundle = open_embedded(file, offset, length, &expected(&archives())).unwrap();
    assert_holds(bundle, &archives(), false);
}

#[test]
fn a_canonical_file_is_read_without_spooling() {
    let directory = scratch();
    let path = write(directory.path(), &frame(&tar(&archives())));
    // The spool directory does not exist: anything that spools fails.
    let bundle = open_file(
        &path,
        &expected(&archives()),
        &directory.path().join("nowhere"),
        &NEVER,
    )
    .unwrap();
    assert_holds(bundle, &archives(), false);
}

#[test]
fn the_bundle_that_these_tests_write_is_a_zstd_frame() {
    let tar = tar(&archives());
    assert!(zstd::decode_all(&frame(&tar)[..]).unwrap() == tar);
}

#[test]
fn a_tar_of_whole_zstd_blocks_ends_with_a_full_block() {
    let archives = vec![("a-1-0.conda".to_owned(), noise(1, 131_072 * 2 - 1536))];
    let bytes = frame(&tar(&archives));
    assert_eq!(bytes.len(), 6 + 2 * (131_072 + 3));
    let directory = scratch();
    let (file, offset, length) = embed(directory.path(), &bytes);
    assert_holds(
        open_embedded(file, offset, length, &expected(&archives)).unwrap(),
        &archives,
        false,
    );
}

#[test]
fn archives_may_be_missing() {
    let directory = scratch();
    let (file, offset, length) = embed(directory.path(), &frame(&tar(&archives()[1..3])));
    let bundle = open_embedded(file, offset, length, &expected(&archives())).unwrap();
    assert_eq!(indices(&bundle), [1, 2]);
}

#[test]
fn every_flipped_byte_outside_the_archives_is_refused() {
    let archives = vec![
        ("a-1-0.conda".to_owned(), noise(1, 600)),
        ("b-1-0.conda".to_owned(), noise(2, 140_000)),
    ];
    let good = frame(&tar(&archives));
    let directory = scratch();
    let archive_ranges = [9 + 512..9 + 512 + 600, 9 + 512 + 1024 + 512..good.len()];
    let end_of_b = 9 + 512 + 1024 + 512 + 140_000 + 3;
    let outside = (0..good.len())
        .filter(|at| !archive_ranges[0].contains(at))
        .filter(|at| {
            !archive_ranges[1].contains(at) || *at >= end_of_b || (131_081..131_084).contains(at)
        });
    let (mut tried, expected) = (0, expected(&archives));
    let (file, offset, length) = embed(directory.path(), &good);
    let mut writer = fs::File::options()
        .write(true)
        .open(directory.path().join("runtime"))
        .unwrap();
    let mut put = |at: usize, byte: u8| {
        writer.seek(SeekFrom::Start(offset + at as u64)).unwrap();
        writer.write_all(&[byte]).unwrap();
    };
    for at in outside {
        put(at, good[at] ^ (1 << (at % 8)));
        let result = open_embedded(file.try_clone().unwrap(), offset, length, &expected);
        assert!(result.is_err(), "byte {at} of {}", good.len());
        put(at, good[at]);
        tried += 1;
    }
    assert!(
        open_embedded(file, offset, length, &expected).is_ok(),
        "all bytes are as they were"
    );
    assert!(tried > 2500, "{tried}");
}

#[test]
fn every_truncation_is_refused() {
    let good = frame(&tar(&archives()[..2]));
    let directory = scratch();
    let (file, offset, _) = embed(directory.path(), &good);
    for length in 0..good.len() as u64 {
        let file = file.try_clone().unwrap();
        assert!(
            open_embedded(file, offset, length, &expected(&archives())).is_err(),
            "{length} bytes"
        );
    }
}

#[test]
fn a_length_past_the_end_of_the_file_is_refused() {
    let directory = scratch();
    let (file, offset, length) = embed(directory.path(), &frame(&tar(&archives()[..2])));
    let error =
        open_embedded(file, offset, length + 1_000_000, &expected(&archives())).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the bundle in this runtime is damaged"),
        "{error}"
    );
}

#[test]
fn an_archive_that_the_plan_does_not_have_is_refused() {
    let message = refusal(&framed(&entry("z-1-0.conda", b"new")));
    assert!(
        message.contains("it contains \"z-1-0.conda\", which is not in the plan"),
        "{message}"
    );
}

#[test]
fn an_archive_of_another_size_is_refused() {
    let message = refusal(&framed(&entry("b-1-0.tar.bz2", b"short")));
    assert!(
        message.contains("b-1-0.tar.bz2 has 5 bytes, expected 700"),
        "{message}"
    );
}

#[test]
fn duplicates_and_disorder_are_refused() {
    let archives = archives();
    for pair in [[1, 1], [2, 1]] {
        let tar = tar(&pair.map(|index| archives[index].clone()));
        let message = refusal(&frame(&tar));
        assert!(
            message.contains("an entry is out of order or appears twice"),
            "{message}"
        );
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in [
        "../a-1-0.conda",
        "/a-1-0.conda",
        "x/a-1-0.conda",
        "./a-1-0.conda",
        "a-1-0.txt",
        "C:a-1-0.conda",
    ] {
        let message = refusal(&framed(&entry(name, b"data")));
        assert!(
            message.contains("an entry is not a package archive at byte 0"),
            "{message}"
        );
    }
}

#[test]
fn entries_that_are_no_regular_files_are_refused() {
    for kind in [0, b'1', b'2', b'3', b'4', b'5', b'6', b'7', b'L'] {
        let message = refusal(&framed(&entry_of_kind("a-1-0.conda", b"", kind)));
        assert!(
            message.contains("a header is not in canonical form"),
            "{message}"
        );
    }
}

#[test]
fn a_header_with_a_time_is_refused() {
    let mut bytes = entry("a-1-0.conda", b"");
    bytes[136..147].copy_from_slice(b"14000000000");
    seal(&mut bytes);
    let message = refusal(&framed(&bytes));
    assert!(
        message.contains("a header is not in canonical form"),
        "{message}"
    );
}

#[test]
fn an_entry_longer_than_the_bundle_is_refused() {
    for size in [1, 513, 1 << 32, 0o77_777_777_777] {
        let message = refusal(&framed(&header("a-1-0.conda", size, b'0')));
        assert!(
            message.contains("an entry is longer than the bundle"),
            "{message}"
        );
    }
}

#[test]
fn a_compressed_bundle_is_refused_inside_an_executable() {
    let message = refusal(&compress(&tar(&archives())));
    assert!(message.contains("the frame header is wrong"), "{message}");
}

#[test]
fn a_second_frame_is_refused() {
    let mut bytes = frame(&tar(&archives()[..2]));
    bytes.extend(frame(&[0; 512]));
    assert!(refusal(&bytes).contains("a block header is wrong"));
}

/// A bundle of one archive with this name, and a pax header with that one.
fn long_named(name: &str, pax_name: &str) -> Vec<u8> {
    let stored = &name[..name.len().min(100)];
    framed(&[pax("path", pax_name), entry(stored, &archives()[1].1)].concat())
}

#[test]
fn long_names_have_a_pax_header() {
    let name = format!("{}-1-0.conda", "n".repeat(150));
    let archives = vec![(name.clone(), archives().remove(1).1)];
    let directory = scratch();
    let (file, offset, length) = embed(directory.path(), &long_named(&name, &name));
    assert_holds(
        open_embedded(file, offset, length, &expected(&archives)).unwrap(),
        &archives,
        false,
    );
}

#[test]
fn a_pax_header_that_is_not_needed_or_not_canonical_is_refused() {
    let message = refusal(&long_named("b-1-0.tar.bz2", "b-1-0.tar.bz2"));
    assert!(
        message.contains("an extended header is not in canonical form at byte 0"),
        "{message}"
    );
    let name = format!("{}-1-0.conda", "n".repeat(150));
    let message = refusal(&long_named(&name, &format!("x{name}")));
    assert!(
        message.contains("a header is not in canonical form"),
        "{message}"
    );
    let both = [
        pax("path", &name),
        pax("path", &name),
        entry(&name[..100], b""),
    ]
    .concat();
    assert!(refusal(&framed(&both)).contains("a header is not in canonical form"));
    let message = refusal(&framed(
        &[pax("comment", &name), entry(&name[..100], b"")].concat(),
    ));
    assert!(
        message.contains("an extended header is not in canonical form"),
        "{message}"
    );
}

#[test]
fn a_bundle_may_have_no_archives() {
    let directory = scratch();
    let (file, offset, length) = embed(directory.path(), &frame(&tar(&[])));
    let bundle = open_embedded(file, offset, length, &expected(&archives())).unwrap();
    assert_eq!(indices(&bundle), []);
}
