"""Read untrusted files and JSON, in bounded memory and time."""

from __future__ import annotations

import codecs
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

VALUE_LIMIT_BYTES = 1 << 20
"""Largest value in a document that is read piece by piece, and largest small document: as Python objects, the worst
case takes 30 MB."""

DOCUMENT_LIMIT_BYTES = 16 << 20
"""Largest JSON document that is read at once: the bill of materials of ten thousand packages takes less."""

_CHUNK_BYTES = 1 << 17
_MOST_VALUES = 1_000_000
"""Of an object that is parsed at once: they take about 100 MB."""
_SKIPPED_DEPTH = 8
_SKIPPED_ITEMS = 2_000_000
_SPACES = re.compile(r"[ \t\n\r]*")
_DELIMITERS = frozenset(" \t\n\r,:]}")


def read_limited(path: Path, limit_bytes: int) -> bytes:
    """Read a regular file: reading a pipe or a device could go on for ever.

    :raises OSError: if it cannot be read.
    :raises ValueError: if it is not a regular file, or larger.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is not a regular file")
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise ValueError(f"it is larger than {limit_bytes} bytes")
    return data


def read_document(path: Path) -> Any:
    """Read a small JSON document.

    :raises OSError: if it cannot be read.
    :raises ValueError: if it is not JSON, or larger than :data:`VALUE_LIMIT_BYTES`.
    """
    return parse_document(read_limited(path, VALUE_LIMIT_BYTES))


def parse_object(data: bytes) -> dict[str, Any]:
    """Parse a JSON object that somebody may have written to be read in two ways.

    :raises ValueError: if it is not one, has a key twice, of which programs may see different values, or has more
        values than memory should be spent on.
    """
    if sum(map(data.count, (b",", b"{", b"["))) > _MOST_VALUES:
        raise ValueError(f"it has more than {_MOST_VALUES} values")
    document = _parse(data, _refuse_repetition)
    if not isinstance(document, dict):
        raise ValueError("it is not a JSON object")
    return document


def parse_document(data: bytes) -> Any:
    """Parse JSON as its specification defines it: without NaN.

    :raises ValueError: if it is not JSON, or nested too deeply.
    """
    return _parse(data, None)


def _parse(data: bytes, hook: Callable[[list[tuple[str, Any]]], Any] | None) -> Any:
    try:
        return json.loads(data, parse_constant=_refuse_constant, object_pairs_hook=hook)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def iterate_items(stream: IO[bytes], key: str) -> Iterator[Any]:
    """Yield the items of one list in a JSON object, one after the other, as they are read.

    :param stream: the document, of any size.
    :param key: key of the list, at the top level; the values of other keys are skipped.
    :raises ValueError: if there is no such list, or a value is larger than :data:`VALUE_LIMIT_BYTES`.
    """
    start = stream.read(VALUE_LIMIT_BYTES + 1)
    if len(start) <= VALUE_LIMIT_BYTES:  # most documents: reading all at once is twice as fast
        yield from _take_list(parse_document(start), key)
        return
    reader = _Reader(start, stream)
    found = False
    for name in reader.take_keys():
        if name != key:
            reader.skip_value()
        elif found:
            raise ValueError(f"the key {key!r} appears twice")
        else:
            found = True
            yield from reader.take_items()
    if reader.peek():
        raise ValueError("it has data after its end")
    if not found:
        raise ValueError(f"the list {key!r} is missing")


def _take_list(document: Any, key: str) -> list[Any]:
    items = document.get(key) if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise ValueError(f"the list {key!r} is missing")
    return items


class _Reader:
    """A walk through a JSON document that keeps nothing of what it has passed."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self._stream = rest
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._scan = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode
        self._text = self._decode(start)
        self._at = 0
        self._skipped = 0

    def peek(self) -> str:
        """Return the next character that is not a space, empty at the end of the document."""
        while True:
            self._at = _SPACES.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches nothing, too
            if self._at < len(self._text) or not self._read_more():
                return self._text[self._at : self._at + 1]

    def take_value(self) -> Any:
        """Return the next value."""
        self.peek()
        while True:
            fault: Exception | None = None
            try:
                value, end = self._scan(self._text, self._at)
                # A number may continue in what has not been read yet.
                if self._text[end : end + 1] in _DELIMITERS:
                    self._at = end
                    return value
            except RecursionError as error:
                raise ValueError("it is nested too deeply") from error
            except ValueError as error:
                fault = error
            if len(self._text) - self._at > VALUE_LIMIT_BYTES:
                raise fault or ValueError(f"a value takes more than {VALUE_LIMIT_BYTES} bytes")
            if not self._read_more():
                raise fault or ValueError("it ends too early")

    def skip_value(self, depth: int = 0) -> None:
        """Skip the next value; lists, and objects in objects, may be large."""
        if (opening := self.peek()) == "[":
            for _ in self.take_items():
                self._skipped += 1
                if self._skipped > _SKIPPED_ITEMS:
                    raise ValueError(f"it has more than {_SKIPPED_ITEMS} unknown values")
        elif opening == "{" and depth < _SKIPPED_DEPTH:
            for _ in self.take_keys():
                self.skip_value(depth + 1)
        else:
            self.take_value()

    def take_keys(self) -> Iterator[str]:
        """Yield the keys of an object; the caller takes each value."""
        for _ in self._members("{", "}"):
            name = self.take_value()
            if not isinstance(name, str):
                raise ValueError("a key is not a string")
            self._take(":")
            yield name

    def take_items(self) -> Iterator[Any]:
        """Yield the items of a list."""
        for _ in self._members("[", "]"):
            yield self.take_value()

    def _members(self, opening: str, closing: str) -> Iterator[None]:
        self._take(opening)
        if self.peek() != closing:
            yield
            while self.peek() == ",":
                self._at += 1
                yield
        self._take(closing)

    def _take(self, character: str) -> None:
        found = self.peek()
        if found != character:
            raise ValueError(f"{found!r} found instead of {character!r}")
        self._at += 1

    def _read_more(self) -> bool:
        """Read some more of the document; false at its end."""
        data = self._stream.read(_CHUNK_BYTES)
        self._text = self._text[self._at :] + self._decode(data, not data)
        self._at = 0
        return bool(data)


def _refuse_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {name[:100]!r} appears twice")
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")
