//! What was probably meant by a word that does not exist.

/// The one of `candidates` that is most like `word`; none when more than a third of its letters would have to change.
pub fn find_nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let limit = word.chars().count() / 3;
    let changes = candidates
        .iter()
        .map(|candidate| (count_changes(word, candidate), *candidate));
    let nearest = changes.min_by_key(|(count, _)| *count)?;
    (nearest.0 <= limit).then_some(nearest.1)
}

/// How many letters must be added, removed or replaced to turn one word into the other (Levenshtein's distance).
fn count_changes(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (position, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[position + 1];
            row[position + 1] = replaced.min(diagonal + 1).min(row[position] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted() {
        for (from, to, count) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("same", "same", 0),
        ] {
            assert_eq!(count_changes(from, to), count, "{from} {to}");
        }
    }

    #[test]
    fn a_slip_is_put_right_and_another_word_is_not() {
        let words = ["--force", "--offline", "status"];
        assert_eq!(find_nearest("--offlin", &words), Some("--offline"));
        assert_eq!(find_nearest("--froce", &words), Some("--force"));
        assert_eq!(find_nearest("stauts", &words), Some("status"));
        for other in ["", "x", "--yaml", "dance"] {
            assert_eq!(find_nearest(other, &words), None, "{other}");
        }
    }
}
