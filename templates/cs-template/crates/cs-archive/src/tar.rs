//! Tar headers and pax records, as any program writes them.
//!
//! Field offsets as in POSIX.1-2017, `pax`, and in GNU tar's manual, "Basic Tar Format". What
//! a header means, and what of it is refused, is for its readers to say: the linker of
//! packages, the reader of bundles. Reasons are phrases that go behind "it is damaged:".

/// Size of a tar block in bytes: headers are one block, data is padded to whole ones.
pub const BLOCK_BYTES: usize = 512;

/// One block.
pub type Block = [u8; BLOCK_BYTES];

/// Bytes of zero padding after `length` bytes of data.
pub fn padding(length: u64) -> u64 {
    length.wrapping_neg() % BLOCK_BYTES as u64
}

/// Bytes before the first NUL.
pub fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Sum of a header's bytes, those of the checksum field counted as spaces.
pub fn checksum(block: &Block) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    sum(block) - sum(&block[148..156]) + 8 * u32::from(b' ')
}

/// A header whose checksum is right.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a>(&'a Block);

impl<'a> Header<'a> {
    /// Compare a header's checksum.
    pub fn check(block: &'a Block) -> Result<Self, &'static str> {
        if parse_number(&block[148..156]) == Some(checksum(block).into()) {
            Ok(Self(block))
        } else {
            Err("a tar header's checksum is wrong")
        }
    }

    /// Kind of entry, the raw type flag.
    pub fn kind(&self) -> u8 {
        self.0[156]
    }

    /// Name as stored, with the ustar prefix in front.
    pub fn path(&self) -> Vec<u8> {
        let name = until_nul(&self.0[..100]);
        // Only POSIX ustar has a name prefix; GNU tar keeps times in the same place.
        let prefix = if self.0[257..].starts_with(b"ustar\0") {
            until_nul(&self.0[345..500])
        } else {
            b""
        };
        if prefix.is_empty() {
            name.to_vec()
        } else {
            [prefix, b"/", name].concat()
        }
    }

    /// What a link leads to.
    pub fn link(&self) -> &'a [u8] {
        until_nul(&self.0[157..257])
    }

    /// Bytes of data after the header.
    pub fn size(&self) -> Result<u64, &'static str> {
        parse_number(&self.0[124..136])
            .and_then(|size| u64::try_from(size).ok())
            .ok_or("a tar header's size is not a number")
    }

    /// Permission bits.
    pub fn mode(&self) -> Option<u32> {
        u32::try_from(parse_number(&self.0[100..108])? & 0o7777).ok()
    }

    /// Seconds since 1970.
    pub fn modified(&self) -> Option<i64> {
        parse_number(&self.0[136..148])
    }
}

/// Octal digits up to the first space or NUL, or GNU's base 256 when the first bit is set.
///
/// A field without digits is zero, as libarchive (conda's reader) and Python's `tarfile` have it: there are packages
/// with empty fields. For bundles it is as good as any other rule, since their archives are known by size and digest.
fn parse_number(field: &[u8]) -> Option<i64> {
    if field[0] & 0x80 != 0 {
        return parse_base_256(field);
    }
    let digits = field
        .iter()
        .skip_while(|&&byte| byte == b' ')
        .take_while(|&&byte| byte != b' ' && byte != 0);
    digits.copied().try_fold(0_i64, |value, byte| {
        let digit = byte.checked_sub(b'0').filter(|&digit| digit < 8)?;
        value.checked_mul(8)?.checked_add(i64::from(digit))
    })
}

/// Bit 7 of the first byte marks the encoding, bit 6 is the sign of a two's complement number.
fn parse_base_256(field: &[u8]) -> Option<i64> {
    let sign = if field[0] & 0x40 != 0 { -1 } else { 0 };
    let first = sign << 6 | i64::from(field[0] & 0x3f);
    field[1..].iter().try_fold(first, |value, &byte| {
        value.checked_mul(256)?.checked_add(i64::from(byte))
    })
}

/// The records of a pax extended header, `LENGTH KEY=VALUE\n` where the length counts the
/// whole record: key and value, or what is wrong.
pub fn pax_records(
    mut records: &[u8],
) -> impl Iterator<Item = Result<(&[u8], &[u8]), &'static str>> {
    std::iter::from_fn(move || {
        if records.is_empty() {
            return None;
        }
        let record = split_record(records);
        records = record.map_or(b"", |(_, _, rest)| rest);
        Some(match record {
            Some((key, value, _)) => Ok((key, value)),
            None => Err("an extended header is malformed"),
        })
    })
}

/// Split one record off the front.
fn split_record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().position(|&byte| byte == b' ')?;
    let length = usize::try_from(parse_decimal(&records[..space])?).ok()?;
    let record = records.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|&byte| byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], &records[length..]))
}

/// The value of a pax record `size`.
pub fn parse_pax_size(value: &[u8]) -> Result<u64, &'static str> {
    parse_decimal(value).ok_or("an extended header's size is not a number")
}

fn parse_decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(fill: impl FnOnce(&mut Block)) -> Block {
        let mut block = [0; BLOCK_BYTES];
        block[..4].copy_from_slice(b"name");
        block[257..263].copy_from_slice(b"ustar\0");
        fill(&mut block);
        let sum = format!("{:06o}\0 ", checksum(&block));
        block[148..156].copy_from_slice(sum.as_bytes());
        block
    }

    #[test]
    fn numbers_are_octal_or_base_256() {
        for (field, number) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b" 644\0   ", Some(0o644)),
            (b"  644 \0\0", Some(0o644)),
            (b"77777777", Some(0o77_777_777)),
            (&[0x80, 0, 0, 2], Some(2)),
            (&[0xff; 12], Some(-1)),
            (
                &[0x80, 0, 0, 0, 0x7f, 255, 255, 255, 255, 255, 255, 255],
                Some(i64::MAX),
            ),
            (&[0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], None),
            (b"00009\0", None),
            (b"+1234567", None),
            (b"-1234567", None),
            (b"12345678", None),
        ] {
            assert_eq!(parse_number(field), number, "{field:?}");
        }
    }

    #[test]
    fn a_field_without_digits_is_zero() {
        for field in [b"\0\0\0\0\0\0\0\0\0\0\0\0", b"            "] {
            let block = header(|block| block[124..136].copy_from_slice(field));
            assert_eq!(Header::check(&block).unwrap().size(), Ok(0));
        }
    }

    #[test]
    fn a_ustar_prefix_comes_before_the_name_and_gnu_has_none() {
        let prefixed = header(|block| block[345..348].copy_from_slice(b"a/b"));
        assert_eq!(Header::check(&prefixed).unwrap().path(), b"a/b/name");
        let gnu = header(|block| {
            block[345..348].copy_from_slice(b"a/b");
            block[257..265].copy_from_slice(b"ustar  \0");
        });
        assert_eq!(Header::check(&gnu).unwrap().path(), b"name");
    }

    #[test]
    fn a_flipped_byte_and_a_negative_size_are_refused() {
        let mut block = header(|block| block[124..136].fill(0xff));
        assert!(Header::check(&block).unwrap().size().is_err());
        block[0] ^= 1;
        assert!(Header::check(&block).is_err());
    }

    #[test]
    fn pax_records_are_split_until_one_is_malformed() {
        let records = b"9 path=x\n13 comment==\n7 none\n9 size=2\n";
        let found: Vec<_> = pax_records(records).collect();
        let malformed = Err("an extended header is malformed");
        assert_eq!(
            found[..2],
            [Ok((&b"path"[..], &b"x"[..])), Ok((b"comment", b"="))]
        );
        assert_eq!(found[2..], [malformed]);
        for record in [
            " path=x\n",
            "9 path=x",
            "99 path=x\n",
            "+9 path=x\n",
            "18446744073709551616 a=b\n",
            "0 a=b\n",
        ] {
            assert_eq!(
                pax_records(record.as_bytes()).next(),
                Some(malformed),
                "{record:?}"
            );
        }
        assert_eq!(parse_pax_size(b"12"), Ok(12));
        assert!(
            [&b""[..], b"+1", b"-1", b"1.5"]
                .into_iter()
                .all(|size| parse_pax_size(size).is_err())
        );
    }
}
