//! Names of zip members: UTF-8 where a flag says so, else code page 437, as in CPython's `zipfile`.

/// What the bytes from 0x80 on are in code page 437.
const CODE_PAGE_437: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The name as text; `None` if it is not what it is said to be.
pub(super) fn decode_name(raw: &[u8], is_utf8: bool) -> Option<String> {
    if is_utf8 || raw.is_ascii() {
        return std::str::from_utf8(raw).ok().map(str::to_owned);
    }
    Some(raw.iter().map(|&byte| decode_byte(byte)).collect())
}

fn decode_byte(byte: u8) -> char {
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(at) => CODE_PAGE_437
            .chars()
            .nth(at.into())
            .unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_cpython_reads_them() {
        // Checked with bytes(range(256)).decode("cp437").
        assert_eq!(CODE_PAGE_437.chars().count(), 128);
        for (raw, is_utf8, name) in [
            (&b"plain.py"[..], false, Some("plain.py")),
            (b"\x81ber\xe1", false, Some("überß")),
            ("über".as_bytes(), true, Some("über")),
            (b"\x81ber", true, None),
            (b"\x80\xff", false, Some("Ç\u{a0}")),
        ] {
            assert_eq!(decode_name(raw, is_utf8).as_deref(), name);
        }
    }
}
