//! Wheels that lie, or want out: each is named, and nothing outside of its place is written.

use std::collections::BTreeMap;

use crate::support::wheel::{Member, member, members, wheel, wheel_package, zip};
use crate::support::{Bench, bench, compress, file};

fn refused(bytes: Vec<u8>) -> String {
    let bench = bench();
    let package = wheel_package("demo", &bytes);
    let error = bench.link_packages(&[package], vec![bytes]).unwrap_err();
    assert_eq!(bench.neighbours(), ["staging"]);
    let text = error.to_string();
    let rest = text.strip_prefix("demo-1.0-py3-none-any.whl: ");
    rest.unwrap_or_else(|| panic!("{text}")).to_owned()
}

fn data(path: &str) -> String {
    format!("demo-1.0.data/{path}")
}

#[test]
fn a_target_that_is_not_for_wheels_is_refused_before_anything_is_written() {
    for (path, reason) in [
        ("../outside".to_owned(), "leads upwards"),
        ("/etc/passwd".into(), "absolute"),
        ("a\\b".into(), "a backslash"),
        ("a/\0".into(), "contains a NUL"),
        (data("data/../../outside"), "leads upwards"),
        (
            data("data/conda-meta/history"),
            "does not belong to a package",
        ),
        (
            data("data/conda-meta/x.json"),
            "does not belong to a package",
        ),
        (
            data("data/conda-meta/frozen"),
            "does not belong to a package",
        ),
        (data("data/.demo.json"), "does not belong to a package"),
        (data("data/.condarc"), "does not belong to a package"),
        (data("data/.demo.staging/x"), "does not belong to a package"),
        (data("data/bin/python3.11"), "it is Python itself"),
        (data("scripts/python"), "it is Python itself"),
        (data("scripts/Python3.exe"), "it is Python itself"),
        (
            data("scripts/.python-post-link.sh"),
            "would run as the script of a conda package",
        ),
        (
            data("data/Scripts/.x-pre-unlink.BAT"),
            "would run as the script of a conda package",
        ),
        (data("scripts/deep/er"), "a directory is not a script"),
        (data("other/x"), "wheels have data, headers"),
        (data("x"), "wheels have data, headers"),
    ] {
        let error = refused(wheel("demo", &[member("first", ""), member(&path, "x")]));
        assert!(error.contains(reason), "{path}: {error}");
    }
}

#[test]
fn an_entry_point_is_a_file_name_and_not_an_interpreter() {
    for (line, reason) in [
        ("python3 = a:b", "it is Python itself"),
        (
            ".x-post-link.sh = a:b",
            "would run as the script of a conda package",
        ),
        ("../x = a:b", "not a plain file name"),
        ("a/b = a:b", "not a plain file name"),
        ("x = a:b()\\nimport os", "must be names"),
    ] {
        let text = format!("[gui_scripts]\n{line}\n");
        let error = refused(wheel(
            "demo",
            &[member("demo-1.0.dist-info/entry_points.txt", text)],
        ));
        assert!(error.contains(reason), "{line}: {error}");
    }
}

#[test]
fn what_is_not_a_wheel_of_the_project_is_refused() {
    let replace = |file: &str, text: Option<&str>| {
        let path = format!("demo-1.0.dist-info/{file}");
        let mut members = members("demo", &[]);
        members.retain(|member| member.name != path.as_bytes());
        members.extend(text.map(|text| member(&path, text)));
        zip(&members)
    };
    for (bytes, reason) in [
        (
            replace("WHEEL", None),
            "demo-1.0.dist-info/WHEEL is missing",
        ),
        (
            replace("RECORD", None),
            "demo-1.0.dist-info/RECORD is missing",
        ),
        (
            replace("METADATA", None),
            "demo-1.0.dist-info/METADATA is missing",
        ),
        (
            replace("WHEEL", Some("Wheel-Version: 2.0\n")),
            "this runtime knows 1.x",
        ),
        (
            replace("METADATA", Some("Name: other\n")),
            "of the project \"other\", not \"demo\"",
        ),
        (
            wheel("demo", &[member("x-1.dist-info/METADATA", "")]),
            "more than one .dist-info",
        ),
        (zip(&[member("x", "")]), "no .dist-info directory"),
        (b"not a zip".to_vec(), "no zip directory"),
        (Vec::new(), "no zip directory"),
    ] {
        let error = refused(bytes);
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

/// A wheel with one member that lies, and what is said of it.
fn lies() -> Vec<(Vec<u8>, &'static str)> {
    let demo = || member("demo/x.bin", vec![b'x'; 5000]);
    let with = |change: &dyn Fn(&mut Member)| {
        let mut one = demo();
        change(&mut one);
        wheel("demo", &[one])
    };
    let mut hidden = wheel("demo", &[demo()]);
    hidden.extend_from_slice(b"trailing");
    let twice = wheel("demo", &[member("x", "1"), member("x", "2")]);
    let under = wheel("demo", &[member("x", "1"), member("x/y", "2")]);
    vec![
        (with(&|one| one.flags |= 1), "it is encrypted"),
        (with(&|one| one.method = 12), "compressed by method 12"),
        (
            with(&|one| one.local_name = Some(b"demo/y.bin".to_vec())),
            "does not match the zip directory",
        ),
        (
            with(&|one| one.stated = Some(4999)),
            "more bytes than the zip directory says",
        ),
        (with(&|one| one.stated = Some(5001)), "its length differs"),
        (
            with(&|one| one.stated = Some(u32::MAX - 1)),
            "two hundred times its own size",
        ),
        (
            with(&|one| one.name = b"demo/\xff".to_vec()),
            "not the UTF-8",
        ),
        (hidden, "no zip directory"),
        (twice, "the archive contains it twice"),
        (under, "the wheel has files under it"),
    ]
}

#[test]
fn a_member_that_lies_is_refused() {
    for (bytes, reason) in lies() {
        let error = refused(bytes);
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

#[test]
fn members_that_share_their_bytes_are_refused() {
    let members: Vec<Member> = (0..3)
        .map(|number| member(&format!("m{number}"), "same"))
        .collect();
    let mut bytes = wheel("demo", &members);
    let entries: Vec<usize> = (0..bytes.len() - 4)
        .filter(|&at| bytes[at..].starts_with(b"PK\x01\x02"))
        .collect();
    // The second member's header is that of the first one.
    let first: [u8; 4] = bytes[entries[0] + 42..entries[0] + 46].try_into().unwrap();
    bytes[entries[1] + 42..entries[1] + 46].copy_from_slice(&first);
    let error = refused(bytes);
    assert!(error.contains("also those of another member"), "{error}");
}

#[test]
fn a_wheel_of_too_many_directories_for_its_size_is_refused() {
    let deep = "d/".repeat(200);
    let files: Vec<Member> = (0..300)
        .map(|number| member(&format!("{number}/{deep}x"), ""))
        .collect();
    let error = refused(wheel("demo", &files));
    assert!(error.contains("too many for its size"), "{error}");
}

#[test]
fn a_long_record_is_read_and_an_endless_one_refused() {
    let record = |text: String| {
        let mut members = members("demo", &[member("x.py", "")]);
        let is_record = |member: &&mut Member| member.name.ends_with(b"RECORD");
        let record = members.iter_mut().find(is_record).unwrap();
        (record.data, record.method) = (text.into_bytes(), 0);
        zip(&members)
    };
    let bench = bench();
    let rows = (0..100_000).map(|row| format!("dangling/{row}.py,sha256=x,1\n"));
    let bytes = record(rows.collect());
    bench
        .link_packages(&[wheel_package("demo", &bytes)], vec![bytes])
        .unwrap();
    let text = bench.text("lib/python3.11/site-packages/demo-1.0.dist-info/RECORD");
    assert_eq!(text.lines().count(), 6);
    assert!(refused(record("x".repeat(65 << 20))).contains("larger than 64 MiB"));
}

/// Every file below the staging directory; the history has the time in it.
fn tree(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![bench.staging()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if !path.starts_with(bench.path("conda-meta")) {
                found.insert(
                    path.display()
                        .to_string()
                        .replace(&*bench.staging().to_string_lossy(), ""),
                    std::fs::read(path).unwrap(),
                );
            }
        }
    }
    found
}

#[test]
fn whatever_byte_is_changed_the_wheel_is_refused_or_gives_the_same_files() {
    let files = [
        member("demo/__init__.py", "x = 1\n".repeat(20)),
        member(&data("scripts/tool"), "#!python\nprint(1)\n"),
        member(&data("data/share/x"), [7; 99]).mode(0o100_755),
        member(
            "demo-1.0.dist-info/entry_points.txt",
            "[console_scripts]\nrun = demo:main\n",
        ),
    ];
    let whole = wheel("demo", &files);
    let link = |bytes: Vec<u8>| {
        let bench = bench();
        let result = bench.link_packages(&[wheel_package("demo", &bytes)], vec![bytes]);
        assert_eq!(bench.neighbours(), ["staging"]);
        result.map(|_| tree(&bench))
    };
    let expected = link(whole.clone()).unwrap();
    let mut refusals = 0;
    for at in 0..whole.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            match link(bytes) {
                Ok(found) => assert_eq!(found, expected, "{at} {change:#x}"),
                Err(_) => refusals += 1,
            }
        }
    }
    assert!(refusals > whole.len(), "{refusals} of {}", whole.len());
}

#[test]
fn shipped_bytecode_of_nothing_is_refused_beside_wheels_too() {
    let mut bench = bench();
    bench.shipped = Some(compress(&[file(
        "lib/python3.11/site-packages/__pycache__/no.cpython-311.pyc",
        "",
    )]));
    let bytes = wheel("demo", &[member("demo.py", "")]);
    let error = bench
        .link_packages(&[wheel_package("demo", &bytes)], vec![bytes])
        .unwrap_err();
    assert!(
        error.to_string().contains("does not belong to a module"),
        "{error}"
    );
}
