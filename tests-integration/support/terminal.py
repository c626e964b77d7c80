"""What a terminal would obey, or be misled by; and the look at what a command has written."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import termios
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .commands import run_command

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


def run_on_terminal(words: Sequence[str | Path], keys: str = "", **options: Any) -> str:
    """Run a command on a terminal of its own, and return what it writes there, colours and cleared lines left out.

    :param keys: what is typed.
    """
    terminal, stream = pty.openpty()
    try:
        modes = termios.tcgetattr(stream)
        modes[1] &= ~termios.OPOST  # an end of line stays what it is
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(stream, termios.TCSANOW, modes)
        words = [str(word) for word in words]
        process = subprocess.Popen(words, stdin=stream, stdout=stream, stderr=stream, start_new_session=True, **options)
        os.close(stream)
        os.write(terminal, keys.encode())
        written = b"".join(iter(lambda: _read(terminal), b""))
        process.wait(60)
    finally:
        os.close(terminal)
    return re.sub(r"\x1b\[[0-9;]+m|\r\x1b\[2K", "", written.decode())


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""  # nobody holds the other end any more


def check_harmless(completed: subprocess.CompletedProcess[bytes]) -> str:
    """Look for what a terminal obeys, and for lines that somebody else than the command has made.

    :returns: everything that was written.
    """
    return check_text((completed.stdout + completed.stderr).decode())


def check_text(written: str) -> str:
    """Do the same with text that was written."""
    assert find_unsafe(written) == [], written
    assert not [line for line in written.splitlines() if line.strip().startswith("forged")], written
    return written


def check_json(text: bytes) -> None:
    """Read each line of events, or one document, as JSON."""
    for document in text.splitlines() if text.startswith(b'{"event"') else [text]:
        json.loads(document)
