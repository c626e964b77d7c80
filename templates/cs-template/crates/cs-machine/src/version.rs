//! Versions of machines: whole numbers with dots.

use std::cmp::Ordering;
use std::fmt;

/// A version of a system, a library or a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(Vec<u64>);

impl Version {
    /// The version at the start of a text: `6.1.0` of `6.1.0-13-amd64`.
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.find(|mark: char| !mark.is_ascii_digit() && mark != '.');
        let numbers = text[..end.unwrap_or(text.len())].trim_end_matches('.');
        let parts: Result<Vec<u64>, _> = numbers.split('.').map(str::parse).collect();
        parts.ok().map(Self)
    }

    /// A version of these numbers.
    pub fn new(numbers: &[u64]) -> Self {
        Self(numbers.to_vec())
    }

    /// Whether a comparison holds: `>=2.28`. One that makes no sense does.
    pub fn meets(&self, comparison: &str) -> bool {
        let start = comparison.find(|mark: char| mark.is_ascii_digit());
        let (operator, number) = comparison.split_at(start.unwrap_or(comparison.len()));
        let Some(other) = Self::parse(number) else {
            return true;
        };
        let order = self.compare(&other);
        match operator {
            ">=" => order.is_ge(),
            ">" => order.is_gt(),
            "<=" => order.is_le(),
            "<" => order.is_lt(),
            _ => true,
        }
    }

    /// Missing numbers count as zero.
    fn compare(&self, other: &Self) -> Ordering {
        let length = self.0.len().max(other.0.len());
        let padded = |version: &Self| {
            let numbers = version.0.iter().copied();
            numbers
                .chain(std::iter::repeat(0))
                .take(length)
                .collect::<Vec<u64>>()
        };
        padded(self).cmp(&padded(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u64::to_string).collect();
        formatter.write_str(&numbers.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_numbers_is_ignored() {
        for (text, shown) in [
            ("6.1.0-13-amd64", "6.1.0"),
            ("2.36\n", "2.36"),
            ("12", "12"),
            ("5.10.", "5.10"),
        ] {
            assert_eq!(Version::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "x", ".5", "1..2", "99999999999999999999999"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_compared_one_by_one_and_missing_ones_are_zero() {
        let version = Version::new(&[2, 9]);
        for (comparison, holds) in [
            (">=2.10", false),
            (">=2.9.0", true),
            (">2.9.0", false),
            ("<=2.9", true),
            ("<2.9.1", true),
            ("<2.9", false),
            ("<10", true),
        ] {
            assert_eq!(version.meets(comparison), holds, "{comparison}");
        }
    }
}
