//! Digests as text.

/// Lower-case hex, as digests are written in plans and messages.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// Thirty-two bytes of hex, in either case.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_as_they_were_written() {
        let digest: [u8; 32] = std::array::from_fn(|at| (at * 37) as u8);
        let text = to_hex(&digest);
        assert!(text.starts_with("00254a6f94"), "{text}");
        assert_eq!(from_hex(&text), Some(digest));
        assert_eq!(from_hex(&text.to_uppercase()), Some(digest));
    }

    #[test]
    fn only_64_hex_digits_are_a_digest() {
        let good = "0".repeat(64);
        for bad in [
            &good[1..],
            &format!("{good}0"),
            &good.replacen('0', "g", 1),
            &good.replacen('0', "+", 1),
        ] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }
}
