//! From one version of a runtime to another, in words.

use std::cmp::Ordering;

use crate::process::console::is_unicode;

/// What replaces what.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The version in place.
    pub from: &'a str,
    /// The one that takes its place.
    pub to: &'a str,
}

impl Change<'_> {
    /// `upgrading 1.0 → 2.0`
    pub fn name_work(self) -> String {
        match compare(self.from, self.to) {
            Some(Ordering::Less) => format!("upgrading {}", self.versions()),
            Some(Ordering::Greater) => format!("downgrading {}", self.versions()),
            Some(Ordering::Equal) => format!("replacing {} with another build of it", self.from),
            None => format!("replacing {}", self.versions()),
        }
    }

    /// `upgraded`
    pub fn name_end(self) -> &'static str {
        match compare(self.from, self.to) {
            Some(Ordering::Less) => "upgraded",
            Some(Ordering::Greater) => "downgraded",
            _ => "replaced",
        }
    }

    /// `upgrades 1.0 to 2.0`, of the next run.
    pub fn name_plan(self) -> String {
        let Self { from, to } = self;
        match compare(from, to) {
            Some(Ordering::Less) => format!("upgrades {from} to {to}"),
            Some(Ordering::Greater) => format!("downgrades {from} to {to}"),
            Some(Ordering::Equal) => format!("replaces {from} with this build of it"),
            None => format!("replaces {from} with {to}"),
        }
    }

    /// `1.0 → 2.0`
    pub fn versions(self) -> String {
        let arrow = if is_unicode() { "→" } else { "->" };
        format!("{} {arrow} {}", self.from, self.to)
    }
}

/// Which of two versions is older; `None` unless they differ in a number.
fn compare(left: &str, right: &str) -> Option<Ordering> {
    let split = |version: &str| -> Vec<String> {
        version
            .split(['.', '-', '_', '+'])
            .map(str::to_owned)
            .collect()
    };
    let (left, right) = (split(left), split(right));
    for index in 0..left.len().max(right.len()) {
        let part = |parts: &[String]| parts.get(index).map_or("0".to_owned(), String::clone);
        let (left, right) = (part(&left), part(&right));
        if left == right {
            continue;
        }
        let (Ok(left), Ok(right)) = (left.parse::<u64>(), right.parse::<u64>()) else {
            return None;
        };
        if left != right {
            return Some(left.cmp(&right));
        }
    }
    Some(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (left, right, expected) in [
            ("1.0", "2.0", Some(Ordering::Less)),
            ("1.9", "1.10", Some(Ordering::Less)),
            ("1.10.0", "1.9", Some(Ordering::Greater)),
            ("1.0", "1.0.0", Some(Ordering::Equal)),
            ("2026.01", "2026.1", Some(Ordering::Equal)),
            ("1.0", "1.0.1", Some(Ordering::Less)),
            ("1.0rc1", "1.0", None),
            ("1.0-dev", "1.0", None),
            ("2.0rc1", "1.0", Some(Ordering::Greater)),
            ("1.0rc1", "1.0rc2", None),
            ("2.0.dev", "1.0", Some(Ordering::Greater)),
        ] {
            assert_eq!(compare(left, right), expected, "{left} {right}");
            let reverse = compare(right, left);
            assert_eq!(reverse, expected.map(Ordering::reverse), "{right} {left}");
        }
    }

    #[test]
    fn each_direction_has_its_words() {
        for (from, to, work, end) in [
            ("1.0", "2.0", "upgrading 1.0 ", "upgraded"),
            ("2.0", "1.0", "downgrading 2.0 ", "downgraded"),
            (
                "1.0",
                "1.0",
                "replacing 1.0 with another build of it",
                "replaced",
            ),
            ("1.0rc1", "1.0", "replacing 1.0rc1 ", "replaced"),
        ] {
            let change = Change { from, to };
            assert!(change.name_work().starts_with(work));
            assert_eq!(change.name_end(), end);
        }
    }
}
