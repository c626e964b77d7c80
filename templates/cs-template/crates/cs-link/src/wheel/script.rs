//! The text of commands, as uv writes it.

use super::entry_points::EntryPoint;
use super::scheme::Scheme;
use crate::shebang::{ends_interpreter, single_quote};
use crate::system::System;

/// The first bytes of a script whose first line is to name the prefix's Python.
const PLACEHOLDER: &[u8] = b"#!python";
/// The longest first line, `#!` and line end included. uv and pip have this one number for all systems.
const LONGEST_LINE: usize = 127;

/// The first line of a script, or the lines in its place where a system would not read it whole.
fn first_line(scheme: &Scheme, is_gui: bool) -> Vec<u8> {
    let python = scheme.interpreter(is_gui).into_bytes();
    let is_too_much =
        python.len() + 3 > LONGEST_LINE || python.iter().copied().any(ends_interpreter);
    if scheme.system == System::Unix && is_too_much {
        [
            b"#!/bin/sh\n'''exec' ",
            &single_quote(&python)[..],
            b" \"$0\" \"$@\"\n' '''\n",
        ]
        .concat()
    } else {
        [b"#!", &python[..], b"\n"].concat()
    }
}

/// The script of an entry point. On Windows a launcher starts it, and needs no first line.
pub(super) fn entry_point_script(
    entry_point: &EntryPoint,
    scheme: &Scheme,
    is_gui: bool,
) -> Vec<u8> {
    let mut script = match scheme.system {
        System::Unix => first_line(scheme, is_gui),
        System::Windows => Vec::new(),
    };
    let EntryPoint {
        module, function, ..
    } = entry_point;
    let name = function.split('.').next().unwrap_or(function);
    // Where a launcher starts it, the name of the script has an ending that the command has not.
    let own_ending = match scheme.system {
        System::Unix => "",
        System::Windows => {
            "    elif sys.argv[0].endswith(\"-script.py\"):\n        sys.argv[0] = sys.argv[0][:-10]\n"
        }
    };
    let body = format!(
        "# -*- coding: utf-8 -*-
import sys
from {module} import {name}
if __name__ == \"__main__\":
    if sys.argv[0].endswith(\"-script.pyw\"):
        sys.argv[0] = sys.argv[0][:-11]
{own_ending}    elif sys.argv[0].endswith(\".exe\"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit({function}())
"
    );
    script.extend_from_slice(body.as_bytes());
    script
}

/// Whether the bytes are the start of a script whose first line is to be replaced.
pub(super) fn has_placeholder(start: &[u8]) -> bool {
    start.starts_with(PLACEHOLDER)
}

/// The lines that replace the first line of a script, which starts with the placeholder, and
/// what follows it in `start`.
pub(super) fn replace_first_line<'s>(start: &'s [u8], scheme: &Scheme) -> (Vec<u8>, &'s [u8]) {
    let end = memchr::memchr(b'\n', start).map_or(start.len(), |end| end + 1);
    let is_gui = start.get(PLACEHOLDER.len()) == Some(&b'w');
    (first_line(scheme, is_gui), &start[end..])
}
