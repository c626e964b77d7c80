//! Byte strings without the C library: comparing, and writing into memory that someone else owns.

/// Whether both hold the same bytes.
#[inline]
#[must_use]
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && starts_with(left, right)
}

/// Whether `bytes` begin with `start`.
#[inline]
#[must_use]
pub fn starts_with(bytes: &[u8], start: &[u8]) -> bool {
    bytes.len() >= start.len()
        && bytes
            .iter()
            .zip(start)
            .all(|(byte, expected)| byte == expected)
}

/// Whether one of the items of `list`, which newlines separate, is `item`.
#[inline]
#[must_use]
pub fn lists(list: &[u8], item: &[u8]) -> bool {
    list.split(|byte| *byte == b'\n')
        .any(|listed| equal(listed, item))
}

/// NUL-terminated strings, written one after the other into a fixed piece of memory.
#[derive(Debug)]
pub struct Text<'m> {
    free: &'m mut [u8],
    used: usize,
}

impl<'m> Text<'m> {
    /// Write into `memory`.
    #[inline]
    pub fn new(memory: &'m mut [u8]) -> Self {
        Self {
            free: memory,
            used: 0,
        }
    }

    /// Append to the string in progress; `None` when the memory is full.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) -> Option<&mut Self> {
        let end = self.used.checked_add(bytes.len())?;
        let target = self.free.get_mut(self.used..end)?;
        target
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        self.used = end;
        Some(self)
    }

    /// End the string in progress with a NUL, which is part of the result.
    #[inline]
    pub fn end(&mut self) -> Option<&'m [u8]> {
        self.push(b"\0")?;
        let (string, free) = core::mem::take(&mut self.free).split_at_mut_checked(self.used)?;
        self.free = free;
        self.used = 0;
        Some(string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_like_slices_do() {
        for (left, right) in [
            (&b""[..], &b""[..]),
            (b"a", b"a"),
            (b"a", b"ab"),
            (b"ab", b"a"),
            (b"ab", b"ac"),
        ] {
            assert_eq!(equal(left, right), left == right);
            assert_eq!(starts_with(left, right), left.starts_with(right));
        }
    }

    #[test]
    fn a_list_holds_its_items_whole() {
        assert!(lists(b"one\ntwo", b"one") && lists(b"one\ntwo", b"two"));
        assert!(
            !lists(b"one\ntwo", b"tw")
                && !lists(b"one\ntwo", b"one\ntwo")
                && !lists(b"one\ntwo", b"")
        );
    }

    #[test]
    fn strings_follow_each_other_and_end_with_a_nul() {
        let mut memory = [0xFF; 8];
        let mut text = Text::new(&mut memory);
        let first = text.push(b"ab").and_then(|text| text.push(b"c")?.end());
        assert_eq!(first, Some(&b"abc\0"[..]));
        assert_eq!(text.push(b"def").and_then(Text::end), Some(&b"def\0"[..]));
    }

    #[test]
    fn full_memory_is_reported_not_overrun() {
        let mut memory = [0; 4];
        assert!(Text::new(&mut memory).push(b"abcde").is_none());
        assert!(
            Text::new(&mut memory)
                .push(b"abcd")
                .is_some_and(|text| text.end().is_none())
        );
    }
}
