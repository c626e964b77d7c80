//! The first line of a script, when the prefix goes into it.

use memchr::memmem;

/// The longest first line that the kernel reads, `#!` included: Linux before 5.1 cuts off
/// after 127 bytes, macOS after 512. conda has the same two numbers.
pub(crate) const SHEBANG_LIMIT: usize = if cfg!(target_os = "macos") { 512 } else { 127 };

/// Put `prefix` in place of `placeholder` in a line that starts with `#!`, without its line end.
///
/// A line that the kernel would cut off, or whose interpreter has white space in its path, is written in
/// another way: `/usr/bin/env NAME`, and for Python a line for `sh` that Python itself takes for a string.
pub(crate) fn rewrite_shebang(line: &[u8], placeholder: &str, prefix: &str) -> Vec<u8> {
    let holds_prefix = memmem::find(line, placeholder.as_bytes()).is_some();
    let replaced = replace_all(line, placeholder, prefix.as_bytes());
    let must_avoid = if prefix.bytes().any(ends_interpreter) {
        holds_prefix
    } else {
        replaced.len() > SHEBANG_LIMIT
    };
    if must_avoid {
        avoid_kernel(line, placeholder, prefix)
    } else {
        replaced
    }
}

/// Whether the kernel, or a program that reads lines, would take the interpreter's path to end here.
pub(crate) fn ends_interpreter(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn avoid_kernel(line: &[u8], placeholder: &str, prefix: &str) -> Vec<u8> {
    let Some((interpreter, options)) = split_line(line) else {
        return replace_all(line, placeholder, prefix.as_bytes());
    };
    let name = interpreter
        .rsplit(|&byte| byte == b'/')
        .next()
        .unwrap_or(interpreter);
    if is_python(name) {
        let interpreter = replace_all(interpreter, placeholder, prefix.as_bytes());
        let in_options = if is_plain(prefix) {
            prefix.as_bytes().to_vec()
        } else {
            quote(prefix.as_bytes())
        };
        exec_line(
            &interpreter,
            &replace_all(options, placeholder, &in_options),
        )
    } else {
        let line = [b"#!/usr/bin/env ", name, options].concat();
        replace_all(&line, placeholder, prefix.as_bytes())
    }
}

/// Two lines that `sh` takes for a command which starts `interpreter`, and Python for a comment and a string.
pub(crate) fn exec_line(interpreter: &[u8], options: &[u8]) -> Vec<u8> {
    let quoted = quote(interpreter);
    [EXEC_START, &quoted, options, b" \"$0\" \"$@\" #'''"].concat()
}

const EXEC_START: &[u8] = b"#!/bin/sh\n'''exec' ";

/// Quote a path such that `sh` takes it as it is, within what Python takes for a
/// string in three single quotation marks.
///
/// In double quotation marks as rattler does it, unless something in the path has a
/// meaning there, for `sh` or for Python.
fn quote(path: &[u8]) -> Vec<u8> {
    let is_ordinary = !path
        .iter()
        .any(|byte| matches!(byte, b'$' | b'`' | b'"' | b'\\'))
        && memmem::find(path, b"'''").is_none();
    if is_ordinary {
        return [b"\"", path, b"\""].concat();
    }
    single_quote(path)
}

/// Quote a path in single quotation marks such that `sh` takes it as it is, within what Python takes for a
/// string in three of them.
pub(crate) fn single_quote(path: &[u8]) -> Vec<u8> {
    let mut out = vec![b'\''];
    for &byte in path {
        match byte {
            b'\'' => out.extend_from_slice(b"'\"'\"'"),
            // Python reads two of them as one too; alone they would be the start of one of its escapes.
            b'\\' => out.extend_from_slice(b"'\"\\\\\"'"),
            byte => out.push(byte),
        }
    }
    out.push(b'\'');
    out
}

/// Whether no shell sees anything but letters in the text.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"/._-+=@%:,".contains(&byte)
    })
}

/// Whether the line behind such a first line may start an interpreter in the prefix, and
/// the prefix must not be in it unchanged.
///
/// pip writes scripts like that where its own prefix is too long for a first line, as it is while packages are built.
pub(crate) fn may_need_second_line(first: &[u8], prefix: &str) -> bool {
    first.starts_with(b"#!") && first.trim_ascii_end().ends_with(b"/sh") && !is_plain(prefix)
}

/// The second line of a script with the prefix in place of the placeholder, where it is
/// of that kind; without its line end.
pub(crate) fn rewrite_second_line(line: &[u8], placeholder: &str, prefix: &str) -> Option<Vec<u8>> {
    let rest = line.strip_prefix(b"'''exec' ")?;
    let (interpreter, rest) = match rest.first()? {
        mark @ (b'"' | b'\'') => {
            let end = memchr::memchr(*mark, &rest[1..])?;
            (&rest[1..1 + end], &rest[end + 2..])
        }
        _ => rest.split_at(memchr::memchr(b' ', rest)?),
    };
    memmem::find(interpreter, placeholder.as_bytes())?;
    let quoted = quote(&replace_all(interpreter, placeholder, prefix.as_bytes()));
    let rest = replace_in_words(rest, placeholder, prefix.as_bytes());
    Some([b"'''exec' ", &quoted[..], &rest].concat())
}

/// Replace within the words of a command, such that `sh` takes what is put in as it
/// stands, within double quotation marks too.
fn replace_in_words(words: &[u8], from: &str, to: &[u8]) -> Vec<u8> {
    let quoted = quote(to);
    let within_marks = [b"\"", &quoted[..], b"\""].concat();
    let mut out = Vec::with_capacity(words.len());
    let mut done = 0;
    for start in memmem::find_iter(words, from.as_bytes()) {
        out.extend_from_slice(&words[done..start]);
        let marks = memchr::memchr_iter(b'"', &words[..start]).count();
        out.extend_from_slice(match marks % 2 {
            0 => &quoted,
            _ => &within_marks,
        });
        done = start + from.len();
    }
    out.extend_from_slice(&words[done..]);
    out
}

/// Interpreter, and the rest of the line with its leading space. Spaces within the path are escaped by a backslash.
fn split_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let after = line.strip_prefix(b"#!")?;
    let spaces = after.iter().take_while(|&&byte| byte == b' ').count();
    let after = &after[spaces..];
    if !after.starts_with(b"/") || after.contains(&b'\n') {
        return None;
    }
    let mut end = 0;
    while end < after.len() {
        match after[end] {
            b'\\' if after.get(end + 1) == Some(&b' ') => end += 2,
            b' ' | b'\r' | b'\t' => break,
            _ => end += 1,
        }
    }
    Some((&after[..end], &after[end..]))
}

/// `python`, `python3`, `python3.11`.
fn is_python(name: &[u8]) -> bool {
    let Some(version) = name.strip_prefix(b"python") else {
        return false;
    };
    let mut parts = version.split(|&byte| byte == b'.');
    let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    version.is_empty() || (parts.by_ref().take(2).all(is_number) && parts.next().is_none())
}

fn replace_all(bytes: &[u8], from: &str, to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut done = 0;
    for start in memmem::find_iter(bytes, from.as_bytes()) {
        out.extend_from_slice(&bytes[done..start]);
        out.extend_from_slice(to);
        done = start + from.len();
    }
    out.extend_from_slice(&bytes[done..]);
    out
}

#[cfg(all(test, not(target_os = "macos")))]
mod tests {
    use super::*;

    const OLD: &str = "/old";

    fn rewritten(line: &str, prefix: &str) -> String {
        String::from_utf8(rewrite_shebang(line.as_bytes(), OLD, prefix)).unwrap()
    }

    #[test]
    fn a_short_line_takes_the_prefix() {
        assert_eq!(
            rewritten("#!/old/bin/python3 -E", "/new"),
            "#!/new/bin/python3 -E"
        );
        assert_eq!(rewritten("#! /old/bin/sh", "/new"), "#! /new/bin/sh");
        assert_eq!(rewritten("#!/bin/sh", "/with space"), "#!/bin/sh");
    }

    #[test]
    fn a_line_that_becomes_too_long_goes_by_env_or_sh() {
        let long = format!("/{}", "x".repeat(130));
        assert_eq!(
            rewritten("#!/old/bin/perl -w", &long),
            "#!/usr/bin/env perl -w"
        );
        let expected =
            format!("#!/bin/sh\n'''exec' \"{long}/bin/python3.11\" -E \"$0\" \"$@\" #'''");
        assert_eq!(rewritten("#!/old/bin/python3.11 -E", &long), expected);
        assert_eq!(
            rewritten("#!/old/bin/python3-config", &long),
            "#!/usr/bin/env python3-config"
        );
    }

    #[test]
    fn a_prefix_with_a_space_goes_by_env_or_sh() {
        assert_eq!(
            rewritten("#!/old/bin/perl -w", "/with space"),
            "#!/usr/bin/env perl -w"
        );
        let expected = "#!/bin/sh\n'''exec' \"/with space/bin/python\" \"$0\" \"$@\" #'''";
        assert_eq!(rewritten("#!/old/bin/python", "/with space"), expected);
    }

    #[test]
    fn the_longest_line_that_the_kernel_reads_stays() {
        let prefix = format!("/{}", "x".repeat(SHEBANG_LIMIT - 3 - "/bin/sh".len()));
        let line = rewritten("#!/old/bin/sh", &prefix);
        assert_eq!(line.len(), SHEBANG_LIMIT);
        assert!(line.starts_with("#!/xxx"));
        assert_eq!(
            rewritten("#!/old/bin/sh", &format!("{prefix}x")),
            "#!/usr/bin/env sh"
        );
    }
}
