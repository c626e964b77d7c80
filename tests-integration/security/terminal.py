"""What a terminal would obey, or be misled by; and the look at what a command has written."""

from __future__ import annotations

import json
import subprocess
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conftest import run_command

HOSTILE = "\x1b]0;owned\x07\x1b[31m\x9b31m\u202eowned\nforged: line\r\t\x7f\u2028end"
"""A title, colours by ESC and by CSI, text from right to left, and another line."""

FILE_NAME = HOSTILE.replace("\x1b]0;", "\x1b]2;")
"""The same as a name of a file: it has no slash."""

BIDIRECTIONAL = {"\u061c", "\u200e", "\u200f", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}


def find_unsafe(text: str) -> list[str]:
    """Find what a terminal obeys or is misled by, the ends of lines aside."""
    categories = ("Cc", "Cs", "Zl", "Zp")
    return [one for one in text if one != "\n" and (unicodedata.category(one) in categories or one in BIDIRECTIONAL)]


def run_raw(words: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a command and keep the bytes that it writes: as text, a carriage return would count as an end of line."""
    return run_command(words, text=False, **options)  # type: ignore[return-value]


def check_harmless(completed: subprocess.CompletedProcess[bytes]) -> str:
    """Look for what a terminal obeys, and for lines that somebody else than the command has made.

    :returns: everything that was written.
    """
    written = (completed.stdout + completed.stderr).decode()
    assert find_unsafe(written) == [], (completed.args, written)
    assert not [line for line in written.splitlines() if line.strip().startswith("forged")], (completed.args, written)
    return written


def check_json(text: bytes) -> None:
    """Read each line of events, or one document, as JSON."""
    for document in text.splitlines() if text.startswith(b'{"event"') else [text]:
        json.loads(document)
