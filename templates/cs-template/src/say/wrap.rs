//! Text in lines that fit.

/// Break a text at its spaces into lines of at most `columns` characters, the first after `start`, the others indented.
/// A word that is longer gets a line to itself.
pub fn wrap(text: &str, columns: usize, start: &str, indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut is_empty) = (start.to_owned(), true);
    for word in text.split(' ') {
        let taken = line.chars().count() + usize::from(!is_empty) + word.chars().count();
        if !is_empty && taken > columns {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_long_as_they_can_be() {
        let lines = wrap("one two three four", 11, "  -x  ", 6);
        assert_eq!(
            lines,
            ["  -x  one", "      two", "      three", "      four"]
        );
        assert_eq!(wrap("one two three", 7, "", 2), ["one two", "  three"]);
    }

    #[test]
    fn a_long_word_has_a_line_to_itself() {
        let lines = wrap("at /a/long/path here", 8, "", 0);
        assert_eq!(lines, ["at", "/a/long/path", "here"]);
    }

    #[test]
    fn no_word_is_lost_at_any_width() {
        let text = "the first run installs, the others start what is there";
        for columns in 0..60 {
            assert_eq!(wrap(text, columns, "", 0).join(" "), text);
        }
    }
}
