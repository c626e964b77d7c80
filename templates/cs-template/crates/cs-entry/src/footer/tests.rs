use super::*;

const PARTS: [&[u8]; ENTRY_COUNT] = [b"header", b"plan", b"lock", b"", b"bundle", b"launch"];

/// A stamp of `parts`, its footer changed by `edit` before its digest is taken.
fn file(parts: [&[u8]; ENTRY_COUNT], edit: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut footer = vec![0; LENGTH];
    footer[..16].copy_from_slice(&magic());
    footer[VERSION_OFFSET] = 1;
    footer[ENTRY_COUNT_OFFSET] = 6;
    let mut offset = 0;
    for (index, part) in parts.iter().enumerate() {
        let entry = &mut footer[ENTRIES_OFFSET + index * ENTRY_LENGTH..][..ENTRY_LENGTH];
        entry[..8].copy_from_slice(&TAGS[index]);
        entry[8] = offset;
        entry[16] = part.len() as u8;
        entry[24..].copy_from_slice(&sha256(part));
        offset += part.len() as u8;
    }
    footer[STAMP_LENGTH_OFFSET..][..8]
        .copy_from_slice(&(u64::from(offset) + LENGTH as u64).to_le_bytes());
    let identified = [0, 1, 2, 3, 5]
        .map(|index: usize| sha256(parts[index]))
        .concat();
    footer[IDENTITY_OFFSET..ENTRIES_OFFSET].copy_from_slice(&sha256(&identified));
    edit(&mut footer);
    let digest = sha256(&footer[..DIGEST_OFFSET]);
    footer[DIGEST_OFFSET..].copy_from_slice(&digest);
    [&parts.concat()[..], &footer].concat()
}

fn read(bytes: &[u8]) -> Option<&[u8]> {
    Some(read_end(bytes, bytes.len() as u64)?.launch)
}

#[test]
fn the_magic_is_the_one_of_the_format_page() {
    assert_eq!(magic(), *b"\x89CONDA-SHIP\r\n\x1a\n\0");
}

#[test]
fn the_part_in_front_of_the_footer_is_found() {
    assert_eq!(read(&file(PARTS, |_| ())), Some(&b"launch"[..]));
    assert_eq!(read(&file([b""; 6], |_| ())), Some(&b""[..]));
}

#[test]
fn any_flipped_bit_of_footer_and_launch_part_is_noticed() {
    let intact = file(PARTS, |_| ());
    for bit in (intact.len() - LENGTH - 6) * 8..intact.len() * 8 {
        let mut bytes = intact.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(read(&bytes), None, "bit {bit}");
    }
}

#[test]
fn whatever_is_changed_before_the_digest_is_taken_is_noticed_too() {
    for bit in VERSION_OFFSET * 8..DIGEST_OFFSET * 8 {
        let bytes = file(PARTS, |footer| footer[bit / 8] ^= 1 << (bit % 8));
        // The bundle's digest is not the footer's to vouch for: the plan pins its archives.
        let bundle = ENTRIES_OFFSET + BUNDLE * ENTRY_LENGTH + 24;
        let is_bundle = (bundle..bundle + 32).contains(&(bit / 8));
        assert_eq!(read(&bytes).is_some(), is_bundle, "bit {bit}");
    }
}

#[test]
fn another_launch_part_is_another_identity() {
    let other = [PARTS[0], PARTS[1], PARTS[2], PARTS[3], PARTS[4], b"Launch"];
    let (one, other) = (file(PARTS, |_| ()), file(other, |_| ()));
    let identity =
        |bytes: &[u8]| read_end(bytes, bytes.len() as u64).map(|end| end.identity.to_vec());
    assert!(identity(&one).is_some() && identity(&other).is_some());
    assert_ne!(identity(&one), identity(&other));
}

#[test]
fn parts_have_limits() {
    for (index, limit) in PART_LIMITS.into_iter().enumerate() {
        let long = limit.saturating_add(1);
        let at = ENTRIES_OFFSET + index * ENTRY_LENGTH + 16;
        let bytes = file(PARTS, |footer| {
            footer[at..at + 8].copy_from_slice(&long.to_le_bytes())
        });
        let (parts, footer) = bytes.split_at(bytes.len() - LENGTH);
        let fault = Footer::check(footer, parts.len() as u64).unwrap_err();
        let expected = match limit {
            // It reaches beyond what numbers can say.
            u64::MAX => Fault::End,
            _ => Fault::PartLength(index),
        };
        assert_eq!(fault, expected);
    }
}

#[test]
fn a_tail_that_is_too_short_holds_nothing() {
    let intact = file(PARTS, |_| ());
    let launch = intact.len() - LENGTH - 6;
    let length = intact.len() as u64;
    for start in 0..=intact.len() {
        let found = read_end(&intact[start..], length);
        assert_eq!(found.is_some(), start <= launch, "{start}");
    }
    assert!((0..intact.len()).all(|end| read(&intact[..end]).is_none()));
    // The stamp is longer than the file.
    assert_eq!(read_end(&intact, length - 1), None);
}
