use cs_archive::tar::{Block, checksum};

use super::*;

fn header(kind: u8, path: &str, size: &[u8]) -> Block {
    let mut header = [0; BLOCK_BYTES];
    header[..path.len()].copy_from_slice(path.as_bytes());
    header[100..107].copy_from_slice(b"0000755");
    header[124..124 + size.len()].copy_from_slice(size);
    header[136..147].copy_from_slice(b"00000000012");
    header[156] = kind;
    header[257..263].copy_from_slice(b"ustar\0");
    seal(header)
}

fn seal(mut header: Block) -> Block {
    let sum = format!("{:06o}\0 ", checksum(&header));
    header[148..156].copy_from_slice(sum.as_bytes());
    header
}

fn padded(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    data.resize(data.len().next_multiple_of(BLOCK_BYTES), 0);
    data
}

fn entries(bytes: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, Fault> {
    let mut tar = TarReader::new(bytes, None);
    let mut entries = Vec::new();
    while let Some(entry) = tar.next_entry()? {
        let mut data = Vec::new();
        while data.len() < entry.size as usize {
            data.extend_from_slice(tar.chunk()?);
        }
        entries.push((entry, data));
    }
    Ok(entries)
}

#[test]
fn pax_headers_override_path_link_size_and_time() {
    let records = b"13 path=long\n14 linkpath=l\n9 size=3\n14 mtime=77.5\n15 comment=a=b\n";
    let tar = [
        &header(b'x', "PaxHeader", format!("{:o}", records.len()).as_bytes())[..],
        &padded(records),
        &header(b'0', "short", b"0"),
        &padded(b"abc"),
        &[0; 1024],
    ]
    .concat();
    let entries = entries(&tar).unwrap();
    let (entry, data) = &entries[0];
    assert_eq!(
        (&entry.path[..], &entry.link[..], entry.size, entry.modified),
        (&b"long"[..], &b"l"[..], 3, 77)
    );
    assert_eq!(data, b"abc");
}

#[test]
fn sizes_may_be_in_base_256() {
    let tar = [
        &header(b'0', "a", &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2])[..],
        &padded(b"hi"),
    ]
    .concat();
    assert_eq!(entries(&tar).unwrap()[0].1, b"hi");
}

#[test]
fn a_slash_at_the_end_makes_an_old_file_a_directory() {
    assert_eq!(
        entries(&header(0, "d/", b"0")).unwrap()[0].0.kind,
        Kind::Directory
    );
}

#[test]
fn a_header_with_a_wrong_sum_and_a_negative_size_are_refused() {
    let mut wrong = header(b'0', "a", b"0");
    wrong[0] = b'b';
    assert!(entries(&wrong).is_err());
    assert!(entries(&header(b'0', "a", &[0xff; 12])).is_err());
}

#[test]
fn a_stream_that_ends_within_an_entry_is_cut_short() {
    let whole = [&header(b'0', "a", b"1000")[..], &padded(&[1; 512])].concat();
    for cut in [1, 511, 512, 600, 1000] {
        assert!(entries(&whole[..cut]).is_err(), "{cut}");
    }
    assert_eq!(entries(&whole).unwrap().len(), 1);
}

#[test]
fn no_more_than_the_limit_is_read() {
    let whole = [&header(b'0', "a", b"1000")[..], &padded(&[1; 512])].concat();
    let mut tar = TarReader::new(
        &whole[..],
        Some(Limit {
            bytes: 600,
            reason: "too much",
        }),
    );
    let fault = tar
        .next_entry()
        .and_then(|_| tar.chunk().map(drop))
        .unwrap_err();
    assert!(matches!(fault, Fault::Hostile { .. }), "{fault:?}");
}

#[test]
fn a_small_file_comes_in_one_piece() {
    let data = vec![3; BUFFER_BYTES / 2];
    let size = format!("{:o}", data.len());
    let whole = [&header(b'0', "a", size.as_bytes())[..], &padded(&data)]
        .concat()
        .repeat(3);
    let mut tar = TarReader::new(&whole[..], None);
    for _ in 0..3 {
        tar.next_entry().unwrap().unwrap();
        assert_eq!(tar.chunk().unwrap().len(), data.len());
        assert_eq!(tar.chunk().unwrap(), b"");
    }
}
