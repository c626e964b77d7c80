//! Tar headers: the one canonical form, and what other programs write.

/// Size of a tar block in bytes: headers are one block, data is padded to whole ones.
pub(crate) const TAR_BLOCK: usize = 512;
/// Longest name that a header holds; longer ones have a pax header in front.
pub(crate) const MAX_SHORT_NAME: usize = 100;
/// Largest size that eleven octal digits hold.
const MAX_OCTAL_SIZE: u64 = 0o77_777_777_777;
/// Name of the entry that holds a long name.
pub(crate) const PAX_NAME: &str = "././@PaxHeader";
/// Type flag of a regular file.
pub(crate) const REGULAR: u8 = b'0';
/// Type flag of a pax extended header.
pub(crate) const EXTENDED: u8 = b'x';

/// One header block.
pub(crate) type Block = [u8; TAR_BLOCK];

/// Bytes of zero padding after `length` bytes of data.
pub(crate) fn padding(length: u64) -> u64 {
    length.wrapping_neg() % TAR_BLOCK as u64
}

/// Render the canonical header: ustar, mode 0644, everything else that could vary is zero or empty.
///
/// Of a name longer than [`MAX_SHORT_NAME`] the first bytes are stored.
pub(crate) fn render_header(name: &str, length: u64, kind: u8) -> Block {
    let mut block = [0; TAR_BLOCK];
    let stored = name.len().min(MAX_SHORT_NAME);
    block[..stored].copy_from_slice(&name.as_bytes()[..stored]);
    for (offset, field) in [
        (100, "0000644\0"),
        (108, "0000000\0"),
        (116, "0000000\0"),
        (136, "00000000000\0"),
    ] {
        block[offset..offset + field.len()].copy_from_slice(field.as_bytes());
    }
    if length > MAX_OCTAL_SIZE {
        block[124] = 0x80;
        block[128..136].copy_from_slice(&length.to_be_bytes());
    } else {
        block[124..135].copy_from_slice(format!("{length:011o}").as_bytes());
    }
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let checksum = format!("{:06o}\0 ", checksum(&block));
    block[148..156].copy_from_slice(checksum.as_bytes());
    block
}

/// Render the data of the pax header of a long name, padded to a block.
pub(crate) fn render_path_record(name: &str) -> Option<(u64, Block)> {
    // The length counts its own digits; one more round settles it when they become more.
    let rest = " path=\n".len() + name.len();
    let mut length = rest;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    let mut block = [0; TAR_BLOCK];
    block
        .get_mut(..length)?
        .copy_from_slice(format!("{length} path={name}\n").as_bytes());
    Some((length as u64, block))
}

/// Sum of all bytes, those of the checksum field counted as spaces.
fn checksum(block: &Block) -> u64 {
    let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
    let field: u64 = block[148..156].iter().map(|&byte| u64::from(byte)).sum();
    sum - field + 8 * u64::from(b' ')
}

/// What a header says, whoever wrote it.
#[derive(Debug)]
pub(crate) struct Header {
    /// Name as stored, with the ustar prefix in front.
    pub(crate) name: Vec<u8>,
    /// Bytes of data after the header.
    pub(crate) length: u64,
    /// Kind of entry, the raw type flag.
    pub(crate) kind: u8,
}

/// Read a header of any tar flavour; the reason when it is none.
pub(crate) fn parse_header(block: &Block) -> Result<Header, &'static str> {
    if parse_number(&block[148..156]) != Some(checksum(block)) {
        return Err("a header's checksum is wrong");
    }
    let length = parse_number(&block[124..136]).ok_or("a header's size is no number")?;
    // Only POSIX ustar has a name prefix; GNU tar keeps times in the same place.
    let prefix = if &block[257..263] == b"ustar\0" {
        until_nul(&block[345..500])
    } else {
        b""
    };
    let mut name = prefix.to_vec();
    if !prefix.is_empty() {
        name.push(b'/');
    }
    name.extend_from_slice(until_nul(&block[..100]));
    Ok(Header {
        name,
        length,
        kind: block[156],
    })
}

/// Bytes before the first NUL.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Octal digits, or GNU's base 256 when the first bit is set; negative numbers are none.
fn parse_number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        if field[0] & 0x40 != 0 {
            return None;
        }
        let first = u64::from(field[0] & 0x3f);
        return field[1..].iter().try_fold(first, |value, &byte| {
            value.checked_mul(256)?.checked_add(byte.into())
        });
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    if text.is_empty() || text.starts_with('+') {
        return None;
    }
    u64::from_str_radix(text, 8).ok()
}

/// The `path` and `size` records of a pax extended header; later ones win.
#[derive(Debug, Default, Clone)]
pub(crate) struct Pax {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
}

impl Pax {
    /// Read the records of one extended header into `self`.
    pub(crate) fn update(&mut self, mut records: &[u8]) -> Result<(), &'static str> {
        while !records.is_empty() {
            let (key, value, rest) =
                split_record(records).ok_or("an extended header is malformed")?;
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"size" => {
                    self.size =
                        Some(parse_decimal(value).ok_or("an extended header's size is no number")?)
                }
                _ if key.starts_with(b"GNU.sparse.") => return Err("it stores a sparse file"),
                _ => {}
            }
            records = rest;
        }
        Ok(())
    }
}

/// Split `LENGTH KEY=VALUE\n` off the front; the length counts the whole record.
fn split_record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().position(|&byte| byte == b' ')?;
    let length = usize::try_from(parse_decimal(&records[..space])?).ok()?;
    let record = records.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|&byte| byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], &records[length..]))
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

    #[test]
    fn sizes_of_any_length_are_read_as_they_were_written() {
        for length in [
            0,
            1,
            511,
            MAX_OCTAL_SIZE,
            MAX_OCTAL_SIZE + 1,
            1 << 40,
            u64::MAX,
        ] {
            let header = parse_header(&render_header("a-1-0.conda", length, REGULAR)).unwrap();
            assert_eq!((header.length, header.kind), (length, REGULAR));
            assert_eq!(header.name, b"a-1-0.conda");
        }
        let large = render_header("a-1-0.conda", 1 << 33, REGULAR);
        assert_eq!(large[124..136], [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        for field in [
            b"        ",
            b"12 34   ",
            b"+1234567",
            b"-1234567",
            b"12345678",
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(parse_number(field), None, "{field:?}");
        }
        assert_eq!(parse_number(b" 644\0   "), Some(0o644));
    }

    #[test]
    fn path_records_count_their_own_length() {
        for length in [1, 91, 92, 93, 255] {
            let name = "n".repeat(length);
            let (size, block) = render_path_record(&name).unwrap();
            let mut pax = Pax::default();
            pax.update(&block[..size as usize]).unwrap();
            assert_eq!(pax.path.as_deref(), Some(name.as_bytes()));
        }
        assert!(render_path_record(&"n".repeat(600)).is_none());
    }
}
