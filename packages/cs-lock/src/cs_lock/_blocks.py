"""The YAML that tools write into locks, read line by line.

Locks are machine-written: block style, plain or simply quoted scalars, one line each. Reading just that is four
times as fast as a YAML library, and knows no anchors, tags or flow collections that could blow up. Whatever else
YAML allows raises ``Unsupported``, and ``cs_lock._events`` reads the document instead.
"""

from __future__ import annotations

import re
from typing import Any

Node = Any
"""``None``, ``str`` (``Quoted`` when it was in quotes), ``list`` or ``dict`` with string keys."""

MAX_DEPTH = 64
"""Locks have five levels."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_LINE = re.compile(
    r"( *)(- +)?"  # indentation, and the mark of a list item
    r"(?:([A-Za-z0-9_][A-Za-z0-9_.+-]*):(?: +|$))?"  # key
    r"""(?:([^\s\-?:,\[\]{}#&*!|>'"%@`][^\t]*)|'((?:[^'\t]|'')*)'|"([^"\\\t]*)"|(\[\]|\{\}))?"""  # value
)


class Unsupported(Exception):
    """A document with YAML that this reader does not know."""


class Quoted(str):
    """A scalar in quotation marks: a string, whatever it looks like."""

    __slots__ = ()


class _Frame:
    """A collection that is still open, and the column at which its entries start."""

    __slots__ = ("column", "entries", "pending")

    def __init__(self, column: int, entries: Node) -> None:
        self.column = column
        self.entries = entries
        self.pending: str | None = None


def parse_blocks(text: str) -> Node:
    """Read a document of plain block YAML.

    :param text: the document, with ``\\n`` line ends.
    :returns: its mapping.
    :raises Unsupported: when the document needs a full YAML reader, or is not YAML at all.
    """
    root: dict[str, Node] = {}
    stack = [_Frame(0, root)]
    match_line = _LINE.fullmatch
    for number, line in enumerate(text.split("\n")):
        # A pattern that also ate the spaces at the end would take quadratic time on a line full of them.
        match = match_line(line.rstrip(" "))
        if match is None:
            if line.lstrip(" ")[:1] == "#" or (number == 0 and line == "---"):
                continue
            raise Unsupported(line)
        indent, dash, key, plain, single, double, empty = match.groups()
        column = len(indent)
        is_open = plain is None and single is None and double is None and empty is None
        if is_open and key is None and dash is None:
            continue
        value = None if is_open else _scalar(plain, single, double, empty)
        frame = stack[-1]
        if frame.pending is not None:
            opened = _open(frame, column, dash, key, value, stack)
            if opened is None:
                continue
            frame = opened
        else:
            frame = _close(stack, column, dash is not None)
        frame = _add(frame, stack, column, dash, key, value)
        if is_open:
            frame.pending = key
    return root


def _scalar(plain: str | None, single: str | None, double: str | None, empty: str | None) -> Node:
    """Return the value of a line, ``None`` when there is none."""
    if plain is not None:
        if ": " in plain or " #" in plain or plain[-1] == ":":
            raise Unsupported(plain)
        return None if plain in _NULLS else plain
    if single is not None:
        return Quoted(single.replace("''", "'"))
    if double is not None:
        return Quoted(double)
    if empty is not None:
        return [] if empty == "[]" else {}
    return None


def _open(
    frame: _Frame, column: int, dash: str | None, key: str | None, value: Node, stack: list[_Frame]
) -> _Frame | None:
    """Give the key that waits for its value a collection or a scalar on the line below it."""
    pending, frame.pending = frame.pending, None
    if column > frame.column or (column == frame.column and dash is not None):
        if dash is None and key is None:
            frame.entries[pending] = value
            return None
        if len(stack) > MAX_DEPTH:
            raise Unsupported("depth")
        child = _Frame(column, [] if dash is not None else {})
        frame.entries[pending] = child.entries
        stack.append(child)
        return child
    return _close(stack, column, dash is not None)


def _close(stack: list[_Frame], column: int, is_item: bool) -> _Frame:
    """Leave the collections that end before this line, and return the one that it belongs to."""
    while stack[-1].column > column:
        stack.pop()
    if not is_item and stack[-1].column == column and type(stack[-1].entries) is list:
        stack.pop()
    frame = stack[-1] if stack else None
    if frame is None or frame.column != column or (type(frame.entries) is list) is not is_item:
        raise Unsupported("indentation")
    return frame


def _add(frame: _Frame, stack: list[_Frame], column: int, dash: str | None, key: str | None, value: Node) -> _Frame:
    """Add the line's key and value, or its list item, to the collection."""
    if dash is not None:
        if key is None:
            if value is None:
                raise Unsupported("empty item")
            frame.entries.append(value)
            return frame
        item: dict[str, Node] = {}
        frame.entries.append(item)
        frame = _Frame(column + len(dash), item)
        stack.append(frame)
    if key is None or key in frame.entries:
        raise Unsupported("no key, or one that is there already")
    frame.entries[key] = value
    return frame
