"""What is printed, as values: lines and tables, before a stream decides how they look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .escaping import escape_line


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line.

    :ivar style: how a terminal shows it, in rich's words, such as ``bold red``.
    :ivar whole: whether a terminal's width never breaks it, so that it can be copied.
    """

    text: str
    style: str = ""
    whole: bool = False


Line = str | tuple[str | Piece, ...]
"""One line of output, in pieces where it needs them. Text from outside is a piece, or part of one."""


@dataclass(frozen=True, slots=True)
class Hanging:
    """A line with a label: where a terminal breaks it, it goes on below what follows the label.

    :ivar indent: width of the label, in characters.
    """

    line: Line
    indent: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    :ivar right: whether its cells end at the same place, as numbers do.
    :ivar optional: whether a terminal that is too narrow for all columns leaves it out, the last such one first.
    """

    head: str
    right: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Lines in columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A line of a file, with a mark under a part of it.

    :ivar number: of the line, counted from 1.
    :ivar text: the line, in which nothing is secret any more.
    :ivar start: where the marked part begins, in characters counted from 0.
    :ivar end: where it ends; beyond the text, the mark is after its end.
    """

    number: int
    text: str
    start: int
    end: int


Block = Line | Hanging | Table | Excerpt
"""What is printed at once."""


def paint(text: str, style: str) -> Piece:
    """Put text into a style, where the stream has some."""
    return Piece(text, style)


def whole(text: str) -> Piece:
    """Keep text in one piece, such as a path with spaces."""
    return Piece(text, whole=True)


def escape_pieces(line: Line) -> Iterator[Piece]:
    """Take a line apart: nothing in its pieces ends the line or commands a terminal."""
    for one in (line,) if isinstance(line, str) else line:
        piece = Piece(one) if isinstance(one, str) else one
        yield replace(piece, text=escape_line(piece.text))
