"""Find the position of a key in a TOML text.

``tomli`` gives values without positions. This scanner runs only when an error is about to be raised; it trusts that
the text was parsed before, records every key that it passes, and stops without an error at anything that it does not
understand.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

KeyPath = tuple["str | int", ...]
Position = tuple[int, int]

_MAX_DEPTH = 100
KEY_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:[^\\"]|\\.|"(?!""))*"{3,5}' r"|'''(?:[^']|'(?!''))*'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]\}\n#]+")


class _Unreadable(Exception):
    """Text that is not TOML as the scanner knows it."""


@dataclass(slots=True)
class _Scanner:
    text: str
    offset: int = 0
    keys: dict[KeyPath, int] = field(default_factory=dict)
    values: dict[KeyPath, int] = field(default_factory=dict)
    duplicates: list[tuple[KeyPath, int]] = field(default_factory=list)
    closed: set[KeyPath] = field(default_factory=set)
    array_sizes: dict[KeyPath, int] = field(default_factory=dict)

    def scan(self) -> None:
        header: KeyPath = ()
        self.skip(_BLANK)
        while self.offset < len(self.text):
            if self.text[self.offset] == "[":
                header = self.scan_header()
            else:
                self.scan_pair(header, 0)
            self.skip(_BLANK)

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.offset)
        if match is not None:
            self.offset = match.end()

    def take(self, expected: str) -> None:
        if not self.text.startswith(expected, self.offset):
            raise _Unreadable
        self.offset += len(expected)

    def scan_key(self) -> list[tuple[str, int]]:
        """Return the parts of a dotted key, each with its offset."""
        parts: list[tuple[str, int]] = []
        while True:
            self.skip(_SPACE)
            match = KEY_PART.match(self.text, self.offset)
            if match is None or len(parts) > _MAX_DEPTH:
                raise _Unreadable
            parts.append((_unquote(match.group()), self.offset))
            self.offset = match.end()
            self.skip(_SPACE)
            if not self.text.startswith(".", self.offset):
                return parts
            self.offset += 1

    def record(self, base: KeyPath, parts: list[tuple[str, int]]) -> KeyPath:
        """Remember where each part of a key first appeared; descend into the last item of arrays of tables."""
        path = base
        for name, offset in parts:
            path = (*path, name)
            self.keys.setdefault(path, offset)
            if path in self.array_sizes:
                path = (*path, self.array_sizes[path] - 1)
        return path

    def scan_header(self) -> KeyPath:
        is_array = self.text.startswith("[[", self.offset)
        brackets = 2 if is_array else 1
        self.offset += brackets
        parts = self.scan_key()
        self.take("]" * brackets)
        if not is_array:
            path = self.define((), parts, self.closed)
            if not self.duplicates:
                self.keys[path] = parts[-1][1]  # [a] says more about a than an earlier [a.b] does.
            return path
        parent = self.record((), parts[:-1])
        array = (*parent, parts[-1][0])
        self.array_sizes[array] = self.array_sizes.get(array, 0) + 1
        self.closed.add(array)
        return self.record(parent, parts[-1:])

    def define(self, base: KeyPath, parts: list[tuple[str, int]], taken: Collection[KeyPath]) -> KeyPath:
        """Record a key that gets its value or header here; a key that already has one is a duplicate."""
        path = (*self.record(base, parts[:-1]), parts[-1][0])
        if path in taken:
            self.duplicates.append((path, parts[-1][1]))
        self.keys.setdefault(path, parts[-1][1])
        self.closed.add(path)
        return path

    def scan_pair(self, base: KeyPath, depth: int) -> None:
        parts = self.scan_key()
        path = self.define(base, parts, self.keys)
        # [a] may not come after a.b = 1 either.
        self.closed.update(path[:length] for length in range(len(base) + 1, len(path)))
        self.take("=")
        self.skip(_SPACE)
        self.values[path] = self.offset
        self.scan_value(path, depth)

    def scan_value(self, path: KeyPath, depth: int) -> None:
        if depth > _MAX_DEPTH or self.offset >= len(self.text):
            raise _Unreadable
        first = self.text[self.offset]
        if first == "[":
            self.scan_array(path, depth + 1)
        elif first == "{":
            self.scan_inline_table(path, depth + 1)
        else:
            pattern = _STRING if first in "\"'" else _SCALAR
            match = pattern.match(self.text, self.offset)
            if match is None:
                raise _Unreadable
            self.offset = match.end()

    def scan_array(self, path: KeyPath, depth: int) -> None:
        self.take("[")
        self.skip(_BLANK)
        index = 0
        while not self.text.startswith("]", self.offset):
            self.keys.setdefault((*path, index), self.offset)
            self.scan_value((*path, index), depth)
            self.skip_separator()
            index += 1
        self.take("]")

    def scan_inline_table(self, path: KeyPath, depth: int) -> None:
        self.take("{")
        self.skip(_BLANK)
        while not self.text.startswith("}", self.offset):
            self.scan_pair(path, depth)
            self.skip_separator()
        self.take("}")

    def skip_separator(self) -> None:
        self.skip(_BLANK)
        if self.text.startswith(",", self.offset):
            self.offset += 1
            self.skip(_BLANK)
        elif self.text[self.offset : self.offset + 1] not in ("]", "}"):
            raise _Unreadable


def _unquote(part: str) -> str:
    if part[0] == "'":
        return part[1:-1]
    if part[0] != '"':
        return part
    return re.sub(r'\\(["\\])', r"\1", part[1:-1])


def _scan(text: str) -> _Scanner:
    scanner = _Scanner(text)
    with contextlib.suppress(_Unreadable):  # What was recorded before is still right.
        scanner.scan()
    return scanner


def position_at(text: str, offset: int) -> Position:
    """Turn a character offset into a line and a column, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def locate(text: str, path: KeyPath, *, value: bool = False) -> Position | None:
    """Find a key, or the nearest table around it that the text names.

    :param text: a TOML document.
    :param path: key parts; an integer is an index into an array.
    :param value: find where the key's value begins, if the text has one.
    :returns: 1-based line and column, or ``None`` when even the first part is missing.
    """
    scanner = _scan(text)
    keys = scanner.keys
    if value and path in scanner.values:
        return position_at(text, scanner.values[path])
    for length in range(len(path), 0, -1):
        if path[:length] in keys:
            return position_at(text, keys[path[:length]])
    return None


def find_duplicate(text: str) -> tuple[KeyPath, Position, Position] | None:
    """Find the first key or table that a text defines a second time.

    :returns: the key, its second position, and its first; ``None`` when there is none.
    """
    scanner = _scan(text)
    if not scanner.duplicates:
        return None
    path, offset = min(scanner.duplicates, key=lambda duplicate: duplicate[1])
    return path, position_at(text, offset), position_at(text, scanner.keys[path])


def format_key(path: KeyPath) -> str:
    """Write a key path as TOML would: dotted, quoted where needed, indices in brackets."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            quoted = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"'
            text += f".{quoted}" if text else quoted
    return text
