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

/// A space at which no line breaks.
const TIE: char = '\0';

/// Break a line at its spaces into lines of at most `columns` characters, and indent all but the first by two. What may
/// be copied stays in one piece: a command in backticks, what is in double quotes if it fits, and `whole` paths.
pub fn fold(line: &str, columns: usize, whole: &[String]) -> Vec<String> {
    const INDENT: usize = 2;
    let mut tied = tie_quoted(line, columns.saturating_sub(INDENT));
    for path in whole.iter().filter(|path| path.contains(' ')) {
        tied = tied.replace(path, &tie(path));
    }
    let lines = wrap(&tied, columns, "", INDENT).into_iter();
    lines.map(|line| line.replace(TIE, " ")).collect()
}

fn tie(text: &str) -> String {
    text.replace(' ', &TIE.to_string())
}

/// Tie what is between two backticks or two double quotes, a long text in the latter excepted.
fn tie_quoted(line: &str, longest: usize) -> String {
    let mut tied = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(['`', '"']) {
        let quote = if rest[start..].starts_with('`') {
            '`'
        } else {
            '"'
        };
        let Some(length) = rest[start + 1..].find(quote) else {
            break;
        };
        let end = start + length + 2;
        let quoted = &rest[start..end];
        tied.push_str(&rest[..start]);
        if quote == '`' || quoted.chars().count() <= longest {
            tied.push_str(&tie(quoted));
        } else {
            tied.push_str(quoted);
        }
        rest = &rest[end..];
    }
    tied + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_copied_is_not_broken() {
        let line = "run `demo bootstrap --force` at \"/a b\" or /my own/place/x again";
        let whole = ["/my own/place".to_owned()];
        for columns in 0..80 {
            let lines = fold(line, columns, &whole);
            for piece in ["`demo bootstrap --force`", "/my own/place/x"] {
                assert!(lines.iter().any(|line| line.contains(piece)), "{lines:?}");
            }
            let is_whole = lines.iter().any(|line| line.contains("\"/a b\""));
            assert!(is_whole || columns < 8, "{lines:?}");
            let words: Vec<&str> = lines.iter().map(|line| line.trim_start()).collect();
            assert_eq!(words.join(" "), line);
        }
    }

    #[test]
    fn a_long_quotation_and_a_single_mark_are_ordinary_text() {
        for (line, expected) in [
            (
                "it wrote \"a b c d\"",
                ["it wrote", "  \"a b c", "  d\""].as_slice(),
            ),
            ("a `b c d e f", &["a `b c d e", "  f"]),
            ("it is \"a `b\" c` d", &["it is", "  \"a `b\"", "  c` d"]),
        ] {
            assert_eq!(fold(line, 10, &[]), expected);
        }
    }

    #[test]
    fn no_line_is_longer_than_the_terminal_if_its_words_are_not() {
        let line = "demo: error: the first run installs, the others start what is there";
        for columns in 14..80 {
            let lines = fold(line, columns, &[]);
            assert!(lines.iter().all(|line| line.len() <= columns), "{lines:?}");
            assert!(lines.iter().skip(1).all(|line| line.starts_with("  ")));
        }
    }

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
