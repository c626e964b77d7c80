use std::rc::Rc;

use super::*;

const OLD: &str = "/opt/old/placeholder";
const NEW: &str = "/new";

fn replaced(mode: FileMode, bytes: &[u8], chunk_bytes: usize) -> Vec<u8> {
    replaced_for(OLD, mode, bytes, chunk_bytes)
}

fn replaced_for(old: &str, mode: FileMode, bytes: &[u8], chunk_bytes: usize) -> Vec<u8> {
    let mut replacer = Replacer::new(
        &Placeholder {
            mode,
            text: Rc::from(old),
        },
        NEW,
    );
    let mut out = Vec::new();
    for chunk in bytes.chunks(chunk_bytes) {
        replacer.push(chunk, false, &mut out);
    }
    replacer.push(b"", true, &mut out);
    out
}

/// Whatever the chunks, the result is the same.
fn check(mode: FileMode, bytes: &[u8], expected: &[u8]) {
    for chunk_bytes in [1, 2, 3, 7, 19, 20, 21, 160, 161, 400, 100_000] {
        let actual = replaced(mode, bytes, chunk_bytes);
        assert_eq!(
            String::from_utf8_lossy(&actual),
            String::from_utf8_lossy(expected),
            "in chunks of {chunk_bytes}"
        );
    }
}

#[test]
fn a_placeholder_with_a_nul_in_it_does_no_harm() {
    let odd = "/opt/old\0placeholder";
    let text = format!("x{odd}{odd}{odd}y\0z").into_bytes();
    for chunk_bytes in [1, 7, 19, 20, 21, 400] {
        let out = replaced_for(odd, FileMode::Binary, &text, chunk_bytes);
        assert_eq!(out.len(), text.len());
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn utf16_be(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[test]
fn text_takes_the_prefix_wherever_the_placeholder_stands() {
    let text = format!(
        "{OLD}{OLD}\nx {OLD}/y:{OLD}\n{}{OLD}",
        "filler ".repeat(200)
    );
    check(
        FileMode::Text,
        text.as_bytes(),
        text.replace(OLD, NEW).as_bytes(),
    );
}

#[test]
fn a_string_of_a_binary_keeps_its_length() {
    let gap = OLD.len() - NEW.len();
    for between in [0, 1, 90, 300] {
        let filler = "z".repeat(between);
        let before = format!("head\0{filler}{OLD}/lib:{OLD}/{filler}\0tail");
        let nuls = "\0".repeat(2 * gap);
        let after = format!("head\0{filler}{NEW}/lib:{NEW}/{filler}{nuls}\0tail");
        check(FileMode::Binary, before.as_bytes(), after.as_bytes());
    }
}

#[test]
fn the_last_string_of_a_binary_needs_no_nul() {
    let nuls = "\0".repeat(OLD.len() - NEW.len());
    check(
        FileMode::Binary,
        format!("\0{OLD}").as_bytes(),
        format!("\0{NEW}{nuls}").as_bytes(),
    );
    check(
        FileMode::Binary,
        format!("{OLD}/x").as_bytes(),
        format!("{NEW}/x{nuls}").as_bytes(),
    );
}

#[test]
fn wide_strings_are_found_and_end_at_a_wide_nul() {
    let gap = vec![0; 2 * (OLD.len() - NEW.len())];
    for offset in [0, 1] {
        let head = vec![b'x'; 40 + offset];
        let before = [&head[..], &utf16(&format!("a{OLD}/b")), &[0, 0], b"tail"].concat();
        let after = [
            &head[..],
            &utf16(&format!("a{NEW}/b")),
            &gap,
            &[0, 0],
            b"tail",
        ]
        .concat();
        check(FileMode::Binary, &before, &after);
    }
    let before = [&utf16_be(&format!("a{OLD}/b")), &[0, 0][..], b"tail"].concat();
    let after = [&utf16_be(&format!("a{NEW}/b")), &gap[..], &[0, 0], b"tail"].concat();
    check(FileMode::Binary, &before, &after);
}

#[test]
fn wide_text_takes_the_prefix_too() {
    let text = format!("path={OLD}/bin\n");
    check(
        FileMode::Text,
        &utf16(&text),
        &utf16(&text.replace(OLD, NEW)),
    );
    check(
        FileMode::Text,
        &utf16_be(&text),
        &utf16_be(&text.replace(OLD, NEW)),
    );
}

#[test]
fn text_similar_to_the_placeholder_is_left_alone() {
    let text = format!("{}x{}", &OLD[..OLD.len() - 1], &OLD[1..]);
    check(FileMode::Text, text.as_bytes(), text.as_bytes());
    check(FileMode::Binary, text.as_bytes(), text.as_bytes());
    check(FileMode::Binary, b"", b"");
}

#[cfg(unix)]
#[test]
fn a_first_line_is_rewritten_as_one() {
    let long = "/".repeat(120);
    let before = format!("#!{OLD}/bin/perl{long} -w\n{OLD}\n");
    check(
        FileMode::Text,
        before.as_bytes(),
        format!("#!/usr/bin/env  -w\n{NEW}\n").as_bytes(),
    );
    check(
        FileMode::Text,
        format!("#!{OLD}/x").as_bytes(),
        format!("#!{NEW}/x").as_bytes(),
    );
    check(FileMode::Text, b"#", b"#");
}

#[test]
fn little_is_held_back_whatever_comes() {
    let mut replacer = Replacer::new(
        &Placeholder {
            mode: FileMode::Binary,
            text: Rc::from(OLD),
        },
        NEW,
    );
    let mut out = Vec::new();
    replacer.push(OLD.as_bytes(), false, &mut out);
    for _ in 0..100 {
        replacer.push(&[b'x'; 10_000], false, &mut out);
        assert!(replacer.pending.len() <= 2 * 4 * OLD.len());
    }
}

/// To look for it once for each placeholder would take longer than the test runner waits; once for all takes a second.
#[test]
fn the_end_of_a_string_is_looked_for_once_however_many_placeholders_it_holds() {
    let bytes = utf16(OLD).repeat(100_000);
    let chunk_bytes = bytes.len();
    let mut expected = utf16(NEW).repeat(100_000);
    expected.resize(bytes.len(), 0);
    assert!(replaced(FileMode::Binary, &bytes, chunk_bytes) == expected);
}
