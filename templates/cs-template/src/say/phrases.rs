//! Numbers and lists as people read them.

use std::time::Duration;

/// Bytes with a decimal unit and two or three digits: `159 MB`, `1.2 GB`.
pub fn format_bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = if value < 9.95 { 1 } else { 0 };
    format!("{value:.digits$} {}", UNITS[unit])
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
        let texts =
            [0, 999, 1000, 9_940, 159_200_000, 999_600_000, 1_234_000_000].map(format_bytes);
        assert_eq!(
            texts,
            [
                "0 B", "999 B", "1.0 kB", "9.9 kB", "159 MB", "1.0 GB", "1.2 GB"
            ]
        );
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
