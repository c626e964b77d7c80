"""How text may look on a stream: colours, width, letters."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from .escaping import escape_line

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_LEAST_WIDTH = 64


@dataclass(frozen=True, slots=True)
class Painted:
    """A piece of a line, and its colours.

    :ivar names: ``bold``, ``dim``, ``red``, ``green``, ``yellow``, ``cyan``.
    """

    text: str
    names: tuple[str, ...]


Line = str | tuple[str | Painted, ...]
"""One line of output, in pieces where it has colours. Text from outside is a piece, or part of one."""


def paint(text: str, *names: str) -> Painted:
    """Put text into colours, where the stream has some."""
    return Painted(text, names)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """What a stream can show.

    :ivar width: columns; ``None`` where lines may have any length.
    :ivar unicode: whether it takes more than ASCII.
    """

    colors: bool = False
    width: int | None = None
    unicode: bool = True

    def render(self, line: Line) -> str:
        """Render a line for the stream: nothing in it ends the line or commands a terminal, but for the colours."""
        pieces = (line,) if isinstance(line, str) else line
        return "".join(escape_line(one) if isinstance(one, str) else self._paint(one) for one in pieces)

    def _paint(self, piece: Painted) -> str:
        text = escape_line(piece.text)
        if not self.colors or not text:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in piece.names)}m{text}\x1b[0m"


def style_of(stream: TextIO, environ: Mapping[str, str] = os.environ) -> TextStyle:
    """Find out what a stream can show: colours on a terminal only, and never with ``NO_COLOR``.

    :param environ: where ``NO_COLOR`` (no-color.org) and ``TERM`` are looked up.
    """
    unicode = "utf" in (getattr(stream, "encoding", None) or "").lower()
    if not stream.isatty():
        return TextStyle(unicode=unicode)
    colors = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return TextStyle(colors=colors, width=max(shutil.get_terminal_size().columns, _LEAST_WIDTH), unicode=unicode)
