"""What a terminal would obey, or be misled by; and the look at what a command has written."""

from __future__ import annotations

import codecs
import json
import os
import re
import struct
import subprocess
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .commands import run_command

if sys.platform != "win32":  # where a test that wants a terminal is skipped
    import fcntl
    import pty
    import termios

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


class Dialogue:
    """A command on a terminal of its own, and the user there. Leaving the context waits for its end."""

    def __init__(
        self,
        words: Sequence[str | Path],
        *,
        has_keys: bool = False,
        is_console: bool = False,
        columns: int = 0,
        **options: Any,
    ) -> None:
        """Start the command.

        :param has_keys: the terminal is the one whose keys interrupt the command.
        :param columns: width of the terminal; 0 if it does not know its width.
        :param is_console: wine makes a console of it, which is so wide that it breaks no line.
        """
        self.raw = b""
        """All that was read, as it arrived."""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a character may arrive in two pieces
        self._terminal, stream = pty.openpty()
        modes = termios.tcgetattr(stream)
        modes[1] &= ~termios.OPOST  # an end of line stays what it is
        modes[3] &= ~termios.ECHO
        if columns:
            fcntl.ioctl(stream, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
        if is_console:
            fcntl.ioctl(stream, termios.TIOCSWINSZ, struct.pack("4H", 24, 400, 0, 0))
            modes[0] &= ~termios.ICRNL  # wine does this too, but only when a program reads
        termios.tcsetattr(stream, termios.TCSANOW, modes)
        words = [str(word) for word in words]
        options |= {"stdin": stream, "stdout": stream, "stderr": stream, "start_new_session": True}
        if has_keys:
            options["preexec_fn"] = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self._process = subprocess.Popen(words, **options)
        os.close(stream)

    def __enter__(self) -> Dialogue:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is not None:  # a command that waits for an answer would not end
                self._process.kill()
            self.read()
            self._process.wait(60)
        finally:
            self._process.kill()
            os.close(self._terminal)

    def type(self, keys: str) -> None:
        """Type something."""
        os.write(self._terminal, keys.encode())

    def read(self, until: str | None = None) -> str:
        """Read what the command writes, up to some text or to the end; colours and cleared lines left out."""
        written = ""
        while until is None or until not in written:
            piece = _read(self._terminal)
            if not piece:
                break
            self.raw += piece
            written = _leave_out(written + self._decoder.decode(piece))
        return written

    def wait(self) -> int:
        """Wait for the command's end and return its exit status."""
        return self._process.wait(60)


def run_on_terminal(words: Sequence[str | Path], keys: str = "", **options: Any) -> str:
    """Run a command on a terminal of its own, and return what it writes there.

    :param keys: what is typed.
    """
    with Dialogue(words, **options) as dialogue:
        dialogue.type(keys)
        return dialogue.read()


def _leave_out(written: str) -> str:
    """Leave out colours, cleared lines, and what wine's console says about its cursor and its title."""
    return re.sub(r"\x1b\[[0-9;]+m|\r\x1b\[2K|\x1b\[\?25[lh]|\x1b\[K|\x1b\[1C|\x1b\][^\x07]*\x07", "", written)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""  # no process holds the other end any more


def check_harmless(completed: subprocess.CompletedProcess[bytes]) -> str:
    """Look for what a terminal obeys, and for lines that the command itself did not make.

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
