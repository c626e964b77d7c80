//! Numbers and lists as people read them.

use std::time::Duration;

/// Names of the units, and how many bytes they are.
const UNITS: [(&str, f64); 3] = [("kB", 1e3), ("MB", 1e6), ("GB", 1e9)];

/// The unit that a number of bytes is given in, as `cs` does: `None` for bytes.
fn choose_unit(bytes: u64) -> Option<(&'static str, f64)> {
    let fits = |(_, size): &&(&str, f64)| bytes as f64 >= 0.99995 * size;
    let larger = UNITS[1..].iter().rev().find(fits);
    larger
        .or(UNITS[..1].iter().find(|(_, size)| bytes as f64 >= *size))
        .copied()
}

/// Bytes with a decimal unit, as `cs` writes them: `17.8 MB`.
pub fn format_bytes(bytes: u64) -> String {
    match choose_unit(bytes) {
        None => format!("{bytes} B"),
        Some((unit, size)) => format!("{:.1} {unit}", bytes as f64 / size),
    }
}

/// Some bytes of a whole, both in its unit: `4.6/17.8 MB`.
pub fn format_part(part: u64, whole: u64) -> String {
    let part = part.min(whole);
    match choose_unit(whole) {
        None => format!("{part}/{whole} B"),
        Some((_, size)) => format!("{:.1}/{}", part as f64 / size, format_bytes(whole)),
    }
}

/// A duration as a clock counts: `0:05`, `1:30`, `2:05:00`.
pub fn format_clock(duration: Duration) -> String {
    let whole = duration.as_secs_f64().round() as u64;
    let (minutes, seconds) = (whole / 60, whole % 60);
    match minutes {
        0..=59 => format!("{minutes}:{seconds:02}"),
        _ => format!("{}:{:02}:{seconds:02}", minutes / 60, minutes % 60),
    }
}

/// A duration in seconds, minutes or hours: `3.2 s`, `45 s`, `1 min 30 s`, `2 h 5 min`.
pub fn format_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let whole = seconds.round() as u64;
    match whole {
        0..=9 => format!("{seconds:.1} s"),
        10..=59 => format!("{whole} s"),
        60..=3599 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// `1 package`, `2 packages`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// At most three of `names`, and how many more there are.
pub fn name_some(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [first, second, third, rest @ ..] if rest.len() > 1 => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        names => names.join(", "),
    }
}

/// A word as a shell takes it.
pub fn quote(word: &str) -> String {
    let is_plain = |byte: u8| {
        let is_separator = cfg!(windows) && byte == b'\\';
        byte.is_ascii_alphanumeric() || b"/._-+:=,".contains(&byte) || is_separator
    };
    if word.bytes().all(is_plain) {
        return word.to_owned();
    }
    #[cfg(unix)]
    return cs_link::activation::quote(word.as_ref())
        .to_string_lossy()
        .into();
    #[cfg(not(unix))]
    return format!("\"{word}\"");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_a_unit_that_keeps_them_short() {
        let texts = [
            0,
            999,
            1000,
            999_949,
            999_950,
            17_840_000,
            159_200_000,
            999_950_000,
            1_234_000_000,
        ];
        assert_eq!(
            texts.map(format_bytes),
            [
                "0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "17.8 MB", "159.2 MB", "1.0 GB",
                "1.2 GB"
            ]
        );
    }

    #[test]
    fn a_part_has_the_unit_of_its_whole() {
        assert_eq!(format_part(4_600_000, 17_840_000), "4.6/17.8 MB");
        assert_eq!(format_part(900, 1_000_000), "0.0/1.0 MB");
        assert_eq!(format_part(7, 8), "7/8 B");
        assert_eq!(format_part(9, 8), "8/8 B");
    }

    #[test]
    fn a_clock_has_hours_only_when_it_needs_them() {
        let texts =
            [0.4, 59.6, 90.0, 7500.0].map(|seconds| format_clock(Duration::from_secs_f64(seconds)));
        assert_eq!(texts, ["0:00", "1:00", "1:30", "2:05:00"]);
    }

    #[test]
    fn durations_have_the_unit_of_their_size() {
        let texts = [0.25, 9.0, 45.4, 90.0, 7500.0]
            .map(|seconds| format_duration(Duration::from_secs_f64(seconds)));
        assert_eq!(texts, ["0.2 s", "9.0 s", "45 s", "1 min 30 s", "2 h 5 min"]);
    }

    #[test]
    fn long_lists_are_cut_after_three_names() {
        assert_eq!(name_some(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
        assert_eq!(name_some(&["a", "b", "c", "d"]), "a, b, c, d");
    }
}
