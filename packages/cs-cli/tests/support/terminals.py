"""Terminals: one that is only said to be one, and real ones."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Iterable, Mapping, Sequence

from cs_cli.terminal.formatted import print_formatted
from cs_cli.terminal.lines import Block
from cs_cli.terminal.plain import render_plain

COLORS = re.compile(r"\x1b\[[0-9;]+m")
"""What rich writes to change colours."""


class FakeTerminal(io.StringIO):
    """A stream that says that it is a terminal; ``COLUMNS`` is its width."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def show(*blocks: Block, stream: io.StringIO | None = None) -> str:
    """Return what a stream gets, a terminal unless another is given."""
    stream = stream or FakeTerminal()
    print_formatted(blocks, stream)
    return stream.getvalue()


def to_plain(blocks: Iterable[Block]) -> list[str]:
    """Return the lines that a pipe gets."""
    return [line for block in blocks for line in render_plain(block)]


def run_at_terminal(words: Sequence[str], columns: int, environ: Mapping[str, str]) -> str:
    """Run a command at a terminal of its own, and return what it writes there; line ends are the terminal's."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    process = subprocess.Popen(words, stdin=inner, stdout=inner, stderr=inner, env={**inherited, **environ})
    os.close(inner)
    written = b""
    while piece := _read(outer):
        written += piece
    os.close(outer)
    process.wait()
    return written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""  # nobody holds the other end any more


def answer_at_terminal(
    words: Sequence[str], question: str, answer: bytes, environ: Mapping[str, str]
) -> tuple[int, str]:
    """Run a command at a terminal that controls it, and answer when it asks.

    :param answer: what is typed: ``b"\\x03"`` is Ctrl-C, ``b"\\x04"`` ends the input.
    :returns: exit status, negative for a signal, and what the command writes.
    """
    outer, inner = pty.openpty()
    process = subprocess.Popen(
        words,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env={**os.environ, **environ},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(inner)
    written = b""
    is_answered = False
    while piece := _read(outer):
        written += piece
        if not is_answered and question.encode() in written:
            os.write(outer, answer)
            is_answered = True
    os.close(outer)
    return process.wait(), written.decode()
