//! Stamps written here, read, damaged, and read again.

mod support;

use std::io::Write;

use cs_stamp::{Layout, Part, Stamp, StampError, TRAILING_LIMIT_BYTES};
use support::{PLAN, Parts, header};
use tempfile::NamedTempFile;

fn file_of(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("room");
    file
}

fn open(bytes: &[u8]) -> Result<Option<Stamp>, StampError> {
    Stamp::open(file_of(bytes).path())
}

/// The stamp of a file that is kept as long as it.
fn stamp_of(bytes: &[u8]) -> (NamedTempFile, Stamp) {
    let file = file_of(bytes);
    let stamp = Stamp::open(file.path())
        .expect("an intact stamp")
        .expect("a stamp");
    (file, stamp)
}

fn message_of(error: impl std::error::Error) -> String {
    error.to_string()
}

#[test]
fn every_part_is_read_back() {
    let parts = Parts::default();
    let (_file, stamp) = stamp_of(&[b"template", &parts.write()[..]].concat());
    for (part, expected) in Part::ALL.into_iter().zip(&parts.0) {
        assert_eq!(&stamp.read_part(part).expect("intact"), expected, "{part}");
    }
    assert_eq!(stamp.part(Part::Header).offset, 8);
    let header = stamp.header().expect("a header");
    assert_eq!(header.layout, Layout::Online);
    assert_eq!(stamp.plan(&header).expect("a plan").platform, "linux-64");
    let launch = stamp.launch(&header).expect("a launch part");
    assert_eq!(launch.delegate, "bin/python");
    assert!(
        launch
            .words
            .starts_with(&cs_stamp::words::COMMANDS.join("\n"))
    );
}

#[test]
fn any_flipped_byte_is_refused_with_a_message_that_names_the_part() {
    let stamp = Parts::default().write();
    let spans = Part::ALL.map(|part| stamp_of(&stamp).1.part(part));
    for position in 0..stamp.len() - 512 {
        let mut bytes = stamp.clone();
        bytes[position] ^= 1;
        let (_file, damaged) = stamp_of(&bytes);
        for (part, span) in Part::ALL.into_iter().zip(&spans) {
            let is_hit = (span.offset..span.offset + span.length).contains(&(position as u64));
            let result = damaged.read_part(part);
            assert_eq!(
                result.is_err(),
                is_hit,
                "{part} with byte {position} flipped"
            );
            if let Err(error) = result {
                assert!(message_of(error).contains(&format!("the stamp's {part} is damaged")));
            }
        }
    }
}

#[test]
fn any_flipped_byte_of_the_footer_is_refused() {
    let stamp = Parts::default().write();
    let footer = stamp.len() - 512;
    for position in footer..stamp.len() {
        let mut bytes = stamp.clone();
        bytes[position] ^= 1;
        match open(&bytes) {
            // Without the magic there is nothing to recognise.
            Ok(found) => assert!(
                found.is_none() && position < footer + 16,
                "byte {position} flipped"
            ),
            Err(error) => {
                let message = message_of(error);
                assert!(
                    message.contains("the stamp's footer is damaged: its SHA-256 does not match"),
                    "{message}"
                );
            }
        }
    }
}

#[test]
fn a_footer_is_found_behind_as_many_bytes_as_allowed_and_not_one_more() {
    let stamp = Parts::default().write();
    let limit = TRAILING_LIMIT_BYTES as usize;
    for trailing in [
        1,
        511,
        512,
        513,
        (1 << 20) - 1,
        1 << 20,
        (1 << 20) + 1,
        limit,
    ] {
        let (_file, found) = stamp_of(&[&stamp[..], &vec![0x89; trailing]].concat());
        assert_eq!(
            found.header().expect("a header").runtime,
            "demo",
            "{trailing} bytes behind the footer"
        );
    }
    assert!(
        open(&[&stamp[..], &vec![0x89; limit + 1]].concat())
            .expect("readable")
            .is_none()
    );
}

#[test]
fn files_without_a_stamp_are_not_stamped() {
    for bytes in [&b""[..], b"x", &[0x89; 512], &vec![0; 3 << 20]] {
        assert!(open(bytes).expect("readable").is_none());
    }
}

#[test]
fn a_running_program_without_a_stamp_knows_it() {
    assert!(Stamp::open_self().expect("readable").is_none());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Stamp::open("/no/such/runtime".as_ref()).expect_err("there is none");
    assert!(message_of(error).starts_with("/no/such/runtime: cannot read the file"));
}

#[test]
fn a_part_above_its_limit_is_refused_before_it_is_read() {
    let mut parts = Parts::default();
    parts.0[0] = vec![b' '; (1 << 20) + 1];
    let error = open(&parts.write()).expect_err("too large");
    let expected = "the stamp's header is damaged: it claims more than 1048576 bytes";
    assert!(message_of(error).contains(expected));
}

#[test]
fn headers_that_cannot_be_are_refused() {
    let cases = [
        (
            r#""install_name":"demo""#,
            r#""install_name":"..""#,
            "install_name is \"..\", which is not a file name",
        ),
        (
            r#""install_name":"demo""#,
            r#""install_name":"a/b""#,
            "install_name is \"a/b\", which is not a file name",
        ),
        (
            r#""runtime":"demo""#,
            r#""runtime":"""#,
            "runtime is \"\", which is not a file name",
        ),
        (
            r#""delegate":"python""#,
            r#""delegate":"bin\\python""#,
            "delegate is \"bin\\\\python\", which is not a file name",
        ),
        (
            r#""layout":"online""#,
            r#""layout":"offline""#,
            "unknown variant `offline`",
        ),
        (r#""freeze_base":false,"#, "", "missing field `freeze_base`"),
    ];
    for (good, bad, expected) in cases {
        let mut parts = Parts::default();
        let plain = header();
        assert!(plain.contains(good), "{good}");
        parts.0[0] = plain.replace(good, bad).into_bytes();
        let message = message_of(stamp_of(&parts.write()).1.header().expect_err(bad));
        assert!(
            message.contains("the stamp's header is damaged") && message.contains(expected),
            "{message}"
        );
    }
}

#[test]
fn a_newer_schema_is_said_to_be_one_whatever_else_is_new() {
    let mut parts = Parts::default();
    parts.0[0] = br#"{"runtime":{},"schema_version":2}"#.to_vec();
    let (_file, stamp) = stamp_of(&parts.write());
    let error = stamp.header().expect_err("a newer header");
    assert_eq!(error.kind(), cs_stamp::Kind::Version);
    let message = message_of(error);
    assert!(
        message.ends_with("the stamp's header has schema version 2, this template reads version 1"),
        "{message}"
    );
}

#[test]
fn plans_that_cannot_be_are_refused() {
    let package = |file_name: &str, sha256: &str| {
        format!(
            r#"{{"build":"0","file_name":"{file_name}","md5":null,"name":"a","noarch":null,"record":{{}},
                "requested_spec":null,"sha256":"{sha256}","size":null,"subdir":"noarch","url":"u","version":"1"}}"#
        )
    };
    let digest = "0f".repeat(32);
    let cases = [
        (
            package("../a.conda", &digest),
            "packages[0].file_name is \"../a.conda\", which is not a file name",
        ),
        (package("a.conda", "0f"), "\"0f\" is not a SHA-256 in hex"),
        (
            package("a.conda", &"0g".repeat(32)),
            "is not a SHA-256 in hex",
        ),
        (
            package("a.conda", &"é".repeat(32)),
            "is not a SHA-256 in hex",
        ),
    ];
    for (bad, expected) in cases {
        let mut parts = Parts::default();
        parts.0[1] = PLAN
            .replace(r#""packages":[]"#, &format!(r#""packages":[{bad}]"#))
            .into_bytes();
        let (_file, stamp) = stamp_of(&parts.write());
        let header = stamp.header().expect("a header");
        let message = message_of(stamp.plan(&header).expect_err(&bad));
        assert!(
            message.contains("the stamp's plan is damaged") && message.contains(expected),
            "{message}"
        );
    }
}
