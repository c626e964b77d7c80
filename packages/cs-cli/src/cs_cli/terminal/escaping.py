"""Untrusted text, made safe for a terminal: control characters are shown as escapes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_UNSAFE = r"\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Control characters (Unicode's category Cc: C0, DEL and C1), line and paragraph separators, characters that turn the
direction of writing (``Bidi_Control``), and surrogates, which stand for bytes of file names that are not UTF-8.
Ends of lines are apart: JSON has its own."""

_IN_LINES = re.compile(rf"[\n{_UNSAFE}]")
_IN_JSON = re.compile(f"[{_UNSAFE}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape_line(line: str) -> str:
    r"""Show the characters that end a line or command a terminal: ``\n``, ``\x1b``, ``\u202e``.

    What people write stays as it is: accents, ideographs, emoji with their joiners.
    """
    return _IN_LINES.sub(lambda match: _SHORT.get(match[0]) or _show(match[0]), line)


def dump_json(document: Mapping[str, Any], *, indent: int | None, compact: bool = False, is_ascii: bool = False) -> str:
    """Write a document as JSON, keys sorted, with the same characters escaped: its values stay the same.

    :param indent: ``None`` for everything on one line.
    :param compact: leave out the space after commas and colons.
    :param is_ascii: escape everything beyond ASCII.
    """
    separators = (",", ":") if compact else None
    text = json.dumps(document, indent=indent, separators=separators, sort_keys=True, ensure_ascii=is_ascii)
    # Only strings hold any of them, ends of lines aside.
    return _IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _show(character: str) -> str:
    return f"\\x{ord(character):02x}" if character < "\u0100" else f"\\u{ord(character):04x}"
