//! What the launcher's own path and command line say: script, Python, arguments.

use crate::text::Text;

/// What belongs to a launcher.
pub struct Flavor {
    /// The end of the script's name.
    pub script: &'static str,
    /// The interpreter, in the directory of the prefix.
    pub python: &'static str,
}

/// Commands, which run in a console.
pub const COMMAND: Flavor = Flavor {
    script: "-script.py",
    python: "python.exe",
};

/// Programs with windows, which have no console.
pub const WINDOW: Flavor = Flavor {
    script: "-script.pyw",
    python: "pythonw.exe",
};

impl Flavor {
    /// Compose the interpreter's path: it is one directory above the launcher's.
    pub fn python<'a>(&self, launcher: &[u16], units: &'a mut [u16]) -> Option<&'a [u16]> {
        let (scripts, _) = split_name(launcher);
        let (prefix, _) = split_name(scripts.split_last().map_or(scripts, |(_, path)| path));
        Text::new(units)
            .with(prefix)
            .with_ascii(self.python)
            .finish()
    }

    /// Compose the command line: interpreter, script, and the arguments as they were written.
    pub fn command_line<'a>(
        &self,
        python: &[u16],
        launcher: &[u16],
        own: &[u16],
        units: &'a mut [u16],
    ) -> Option<&'a [u16]> {
        Text::new(units)
            .with_ascii("\"")
            .with(python)
            .with_ascii("\" \"")
            .with(without_ending(launcher))
            .with_ascii(self.script)
            .with_ascii("\"")
            .with(arguments(own))
            .finish()
    }
}

/// What follows the program's name on a command line, the space before it included.
///
/// A program's name has rules of its own: it ends at the first space outside of quotes, and a backslash means nothing.
#[must_use]
pub fn arguments(command_line: &[u16]) -> &[u16] {
    let mut is_quoted = false;
    let end = command_line.iter().position(|unit| {
        is_quoted ^= *unit == u16::from(b'"');
        !is_quoted && (*unit == u16::from(b' ') || *unit == u16::from(b'\t'))
    });
    end.and_then(|end| command_line.get(end..))
        .unwrap_or_default()
}

/// Split a path behind its last separator.
#[must_use]
pub fn split_name(path: &[u16]) -> (&[u16], &[u16]) {
    let is_separator = |unit: &u16| *unit == u16::from(b'\\') || *unit == u16::from(b'/');
    let start = path.iter().rposition(is_separator).map_or(0, |at| at + 1);
    path.split_at_checked(start).unwrap_or_default()
}

/// Leave out the ending of a path's last name.
fn without_ending(path: &[u16]) -> &[u16] {
    let (_, name) = split_name(path);
    let ending = name
        .iter()
        .rposition(|unit| *unit == u16::from(b'.'))
        .map_or(0, |dot| name.len() - dot);
    path.get(..path.len() - ending).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    fn python_of(flavor: &Flavor, launcher: &str) -> String {
        let mut units = [0; 200];
        String::from_utf16(flavor.python(&utf16(launcher), &mut units).unwrap()).unwrap()
    }

    fn command_line_of(flavor: &Flavor, launcher: &str, own: &str) -> String {
        let mut units = [0; 200];
        let (launcher, own) = (utf16(launcher), utf16(own));
        let line = flavor.command_line(&utf16("P"), &launcher, &own, &mut units);
        String::from_utf16(line.unwrap()).unwrap()
    }

    #[test]
    fn python_is_one_directory_up() {
        for (launcher, python) in [
            (r"C:\my prefix\Scripts\tool.exe", r"C:\my prefix\python.exe"),
            (r"\\?\C:\p\Scripts\tool.exe", r"\\?\C:\p\python.exe"),
            (
                r"\\server\share\Scripts\t.exe",
                r"\\server\share\python.exe",
            ),
            (r"C:\Scripts\tool.exe", r"C:\python.exe"),
            ("C:/p/Scripts/tool.exe", "C:/p/python.exe"),
            ("tool.exe", "python.exe"),
        ] {
            assert_eq!(python_of(&COMMAND, launcher), python);
        }
        let window = python_of(&WINDOW, r"C:\p\Scripts\tool.exe");
        assert_eq!(window, r"C:\p\pythonw.exe");
    }

    #[test]
    fn the_script_is_beside_the_launcher_and_has_its_name() {
        for (launcher, script) in [
            (r"C:\a b\tool.exe", r"C:\a b\tool-script.py"),
            (r"C:\a.b\tool.EXE", r"C:\a.b\tool-script.py"),
            (r"C:\tool-1.2.exe", r"C:\tool-1.2-script.py"),
            (r"C:\a.b\tool", r"C:\a.b\tool-script.py"),
            (r"C:\ü\日本.exe", r"C:\ü\日本-script.py"),
        ] {
            let line = command_line_of(&COMMAND, launcher, "tool");
            assert_eq!(line, format!("\"P\" \"{script}\""));
        }
        let line = command_line_of(&WINDOW, r"C:\tool.exe", "tool");
        assert_eq!(line, r#""P" "C:\tool-script.pyw""#);
    }

    #[test]
    fn arguments_stay_as_they_were_written() {
        for (own, rest) in [
            ("tool", ""),
            ("tool ", " "),
            ("tool a", " a"),
            ("tool\ta", "\ta"),
            ("tool  a  b ", "  a  b "),
            (r#""C:\a b\tool.exe" "x y" z\"#, r#" "x y" z\"#),
            (r#"C:\"a b"\tool "c"#, r#" "c"#),
            (r#""tool\" a"#, " a"),
            (r#""tool a b"#, ""),
            (r#"tool \\\"q\" "" ^%&|<>"#, r#" \\\"q\" "" ^%&|<>"#),
            ("", ""),
            (" a", " a"),
        ] {
            let own = utf16(own);
            assert_eq!(String::from_utf16(arguments(&own)).unwrap(), rest);
        }
    }

    #[test]
    fn arguments_need_not_be_text() {
        let own = [b't'.into(), b' '.into(), 0xd800, b'x'.into()];
        assert_eq!(arguments(&own), &own[1..]);
    }

    #[test]
    fn a_command_line_longer_than_the_buffer_is_refused() {
        let mut units = [0; 20];
        let long = utf16(r"C:\a\Scripts\tool.exe and more");
        assert!(COMMAND.python(&long, &mut units).is_some());
        let line = COMMAND.command_line(&long, &long, &long, &mut units);
        assert!(line.is_none());
    }
}
