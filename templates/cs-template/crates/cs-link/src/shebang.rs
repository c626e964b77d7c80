//! The first line of a script, when the prefix goes into it.

use memchr::memmem;

/// The longest first line that the kernel reads, `#!` included.
const LIMIT: usize = if cfg!(target_os = "macos") { 512 } else { 127 };

/// Put `prefix` in place of `placeholder` in a line that starts with `#!`, without its line end.
///
/// A line that the kernel would cut off, or whose interpreter has a space in its path, is written in another way: `/usr/bin/env NAME`, and for
/// Python a line for `sh` that Python itself takes for a string.
pub(crate) fn rewrite_shebang(line: &[u8], placeholder: &str, prefix: &str) -> Vec<u8> {
    if memmem::find(line, placeholder.as_bytes()).is_none() {
        return if prefix.contains(' ') || line.len() <= LIMIT {
            line.to_vec()
        } else {
            avoid_kernel(line)
        };
    }
    if prefix.contains(' ') {
        return replace_all(&avoid_kernel(line), placeholder, prefix);
    }
    let replaced = replace_all(line, placeholder, prefix);
    if replaced.len() <= LIMIT || !replaced.starts_with(b"#!") {
        replaced
    } else {
        avoid_kernel(&replaced)
    }
}

fn avoid_kernel(line: &[u8]) -> Vec<u8> {
    let Some((interpreter, options)) = split_line(line) else {
        return line.to_vec();
    };
    let name = interpreter
        .rsplit(|&byte| byte == b'/')
        .next()
        .unwrap_or(interpreter);
    if is_python(name) {
        [
            b"#!/bin/sh\n'''exec' \"",
            interpreter,
            b"\"",
            options,
            b" \"$0\" \"$@\" #'''",
        ]
        .concat()
    } else {
        [b"#!/usr/bin/env ", name, options].concat()
    }
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

fn replace_all(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut done = 0;
    for start in memmem::find_iter(bytes, from.as_bytes()) {
        out.extend_from_slice(&bytes[done..start]);
        out.extend_from_slice(to.as_bytes());
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
        let prefix = format!("/{}", "x".repeat(LIMIT - 3 - "/bin/sh".len()));
        let line = rewritten("#!/old/bin/sh", &prefix);
        assert_eq!(line.len(), LIMIT);
        assert!(line.starts_with("#!/xxx"));
        assert_eq!(
            rewritten("#!/old/bin/sh", &format!("{prefix}x")),
            "#!/usr/bin/env sh"
        );
    }
}
