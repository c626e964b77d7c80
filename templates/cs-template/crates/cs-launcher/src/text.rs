//! Text of the kind that Windows takes: UTF-16, with a zero at the end, in memory of a fixed size.

/// Windows takes no longer path and no longer command line, the zero at the end included.
pub const LIMIT: usize = 32_767;

/// Text that is being put together.
pub struct Text<'a> {
    units: &'a mut [u16],
    length: usize,
    is_complete: bool,
}

impl<'a> Text<'a> {
    /// Start with nothing.
    pub fn new(units: &'a mut [u16]) -> Self {
        Self {
            units,
            length: 0,
            is_complete: true,
        }
    }

    /// Add text.
    #[must_use]
    pub fn with(mut self, text: &[u16]) -> Self {
        for unit in text {
            self.add(*unit);
        }
        self
    }

    /// Add text of ASCII characters.
    #[must_use]
    pub fn with_ascii(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.add(u16::from(byte));
        }
        self
    }

    /// Add a number in decimal digits.
    #[must_use]
    pub fn with_number(mut self, number: u32) -> Self {
        let mut unit = 1_000_000_000;
        while unit > number && unit > 1 {
            unit /= 10;
        }
        while unit > 0 {
            self.add(u16::from(b'0') + (number / unit % 10) as u16);
            unit /= 10;
        }
        self
    }

    /// The text, without the zero after it; none if there was no room for all of it.
    #[must_use]
    pub fn finish(mut self) -> Option<&'a [u16]> {
        self.add(0);
        let units: &'a [u16] = self.units;
        units
            .get(..self.length.saturating_sub(1))
            .filter(|_| self.is_complete)
    }

    fn add(&mut self, unit: u16) {
        match self.units.get_mut(self.length) {
            Some(free) => {
                *free = unit;
                self.length += 1;
            }
            None => self.is_complete = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn text_is_the_added_parts_and_a_final_zero() {
        let mut units = [7; 12];
        let text = Text::new(&mut units)
            .with(&utf16("ü"))
            .with_ascii(" is ")
            .with_number(120);
        assert_eq!(text.finish(), Some(&*utf16("ü is 120")));
        assert_eq!(units[8..], [0, 7, 7, 7]);
    }

    #[test]
    fn numbers_have_all_their_digits_and_no_others() {
        for number in [0, 9, 10, 305, u32::MAX] {
            let mut units = [0; 20];
            let text = Text::new(&mut units).with_number(number);
            assert_eq!(text.finish(), Some(&*utf16(&number.to_string())));
        }
    }

    #[test]
    fn text_without_room_for_its_zero_is_none() {
        for (room, expected) in [(4, Some(&*utf16("abc"))), (3, None), (0, None)] {
            let mut units = vec![0; room];
            assert_eq!(Text::new(&mut units).with_ascii("abc").finish(), expected);
        }
    }
}
