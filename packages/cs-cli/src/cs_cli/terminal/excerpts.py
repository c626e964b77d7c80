"""A line of a file with a mark under a part of it, cut to fit: long lines, tabs, wide and unprintable characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from .escaping import escape_line
from .lines import Excerpt, Line, Piece

EXCERPT_WIDTH = 160
"""Most columns that a line of a file takes, also where a stream has no width."""

_INDENT = "   "
_TAB = "    "
_LEAST_ROOM = 16


def arrange_excerpt(excerpt: Excerpt, *, width: int, unicode: bool) -> Iterator[Line]:
    """Lay an excerpt out as two lines, neither of them wider than a terminal.

    :param width: of the terminal, in columns.
    :param unicode: whether lines may be drawn with more than ASCII.
    """
    bar, dots = ("│", "…") if unicode else ("|", "...")
    gutter = f"{_INDENT}{excerpt.number} "
    room = max(min(width, EXCERPT_WIDTH) - len(gutter) - 2, _LEAST_ROOM)
    cells = [_show(character) for character in excerpt.text]
    start = min(excerpt.start, len(cells))
    first, last = _choose_window(cells, start, room, len(dots))
    opening, closing = dots if first else "", dots if last < len(cells) else ""
    before, marked = opening + "".join(cells[first:start]), "".join(cells[start : min(excerpt.end, last)])
    shown = f"{opening}{''.join(cells[first:last])}{closing}".rstrip()
    mark = "^" * max(_measure(marked), 1)
    yield _draw(gutter, bar), Piece(f" {shown}", whole=True)
    yield _draw(" " * len(gutter), bar), Piece(" " * (_measure(before) + 1), whole=True), Piece(mark, "bold red")


def _draw(gutter: str, bar: str) -> Piece:
    return Piece(f"{gutter}{bar}", "blue", whole=True)


def _show(character: str) -> str:
    return _TAB if character == "\t" else escape_line(character)


def _choose_window(cells: Sequence[str], start: int, room: int, dots: int) -> tuple[int, int]:
    """Choose which characters are shown: from the first one if the mark is visible then, else from shortly before it.

    :returns: the first one, and the one after the last.
    """
    widths = list(map(_measure, cells))
    if sum(widths) <= room:
        return 0, len(cells)
    first = 0 if sum(widths[:start]) <= room * 2 // 3 else start
    while first and sum(widths[first - 1 : start]) <= room // 3:
        first -= 1
    left = room - (dots if first else 0)
    last = first
    while last < len(cells) and sum(widths[first : last + 1]) <= left - dots:
        last += 1
    return first, last


def _measure(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(map(_width_of, text))


def _width_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
