//! Text from outside, made harmless for a terminal: what it would obey is shown instead.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a terminal obeys this character, or is misled by it: control characters (Unicode's category Cc: C0, DEL
/// and C1), line and paragraph separators, and the characters that turn the direction of writing (`Bidi_Control`).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// One line of text in which no character ends the line or commands the terminal: `\n`, `\x1b`, `\u202e`.
///
/// What people write stays as it is: accents, ideographs, emoji with their joiners.
pub fn escape_line(line: &str) -> Cow<'_, str> {
    escape(line, is_unsafe, |character| match character {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\0'..='\u{ff}' => format!("\\x{:02x}", u32::from(character)),
        _ => format!("\\u{:04x}", u32::from(character)),
    })
}

/// A name in the prompt of a shell, which reads `\`, `$`, `` ` ``, `!` and `%` as a language of
/// its own, commands included: each of them, and what a terminal obeys, becomes a question mark.
pub fn replace_for_prompt(name: &str) -> String {
    let is_read = |character| is_unsafe(character) || "\\$`!%".contains(character);
    name.replace(is_read, "?")
}

/// JSON that says the same and is harmless too: outside of strings it has no such characters but the ends of its lines.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let is_inside = |character| character != '\n' && is_unsafe(character);
    escape(json, is_inside, |character| {
        format!("\\u{:04x}", u32::from(character))
    })
}

fn escape(
    text: &str,
    is_escaped: impl Fn(char) -> bool,
    show: impl Fn(char) -> String,
) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        let _ = if is_escaped(character) {
            escaped.write_str(&show(character))
        } else {
            escaped.write_char(character)
        };
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_character() -> impl Iterator<Item = char> {
        '\0'..=char::MAX
    }

    #[test]
    fn control_characters_are_escaped() {
        let text = "a\u{1b}]0;x\u{7}\n\t\r\u{7f}\u{9b}31m\u{202e}\u{2028}\u{61c}";
        let shown = r"a\x1b]0;x\x07\n\t\r\x7f\x9b31m\u202e\u2028\u061c";
        assert_eq!(escape_line(text), shown);
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "",
            "Zoë",
            "日本語",
            "עברית",
            "👩‍💻 e\u{301}",
            r"C:\new",
            "a\u{a0}b",
        ] {
            assert!(
                matches!(escape_line(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }

    #[test]
    fn no_character_ends_a_line_or_commands_the_terminal() {
        for character in every_character() {
            let text = character.to_string();
            let shown = escape_line(&text);
            assert!(!shown.contains(is_unsafe), "{character:?}");
            assert!(!shown.is_empty());
        }
    }

    #[test]
    fn a_prompt_runs_nothing() {
        let name = "a b/日本語-1.0\u{1b}[31m\n\\e$(x)`y`!1%{";
        assert_eq!(
            replace_for_prompt(name),
            "a b/日本語-1.0?[31m??e?(x)?y??1?{"
        );
    }

    #[test]
    fn json_says_the_same() {
        let text: String = every_character().collect();
        let json = serde_json::to_string_pretty(&[&text, "second"]).unwrap();
        let escaped = escape_json(&json);
        let is_inside = |character| character != '\n' && is_unsafe(character);
        assert!(!escaped.contains(is_inside));
        assert_eq!(escaped.lines().count(), 4);
        let read: Vec<String> = serde_json::from_str(&escaped).unwrap();
        assert_eq!(read, [text.as_str(), "second"]);
    }
}
