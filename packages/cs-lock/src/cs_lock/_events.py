"""Any YAML that a lock may be written in, read event by event.

PyYAML's composer recurses, follows anchors and keeps the last of two equal keys; its events do none of that. Scalars
stay text: YAML 1.1 (which PyYAML speaks) and 1.2 (which locks are written in) disagree about ``no`` and ``1_0``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ._blocks import MAX_DEPTH, Node, Quoted
from ._errors import LockError

MAX_EVENTS = 3_000_000
"""A lock of 10,000 packages has 400,000."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_PLAIN_TAGS = frozenset({None, "!"} | {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")})
# Quoted scalars and comments, which may hold brackets that mean nothing; and brackets.
_BRACKETS = re.compile(r"""'(?:[^']|'')*(?:'|\Z)|"(?:[^"\\]|\\.)*(?:"|\Z)|(?<!\S)\#[^\n]*|[\[\]{}]""", re.DOTALL)
# What an escape in quotes may stand for and no field of a lock holds: it would reach terminals, lists and file names.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_TOO_DEEP = f"the document is nested more than {MAX_DEPTH} levels deep"

Position = tuple[int, int]
"""Line and column, both counted from 1."""


def parse_events(text: str) -> Node:
    """Read one YAML document.

    :param text: the document.
    :returns: its root, with every scalar as text or ``None``.
    :raises LockError: when it is not YAML, or uses anchors, duplicate keys or more than 64 levels.
    """
    builder = _Builder()
    for count, event in enumerate(_events(text)):
        if count > MAX_EVENTS:
            raise _fail(event, "too-large", f"the lock has more than {MAX_EVENTS} values")
        builder.take(event)
    return builder.root


def locate(text: str, keys: Iterable[str]) -> Mapping[str, Position]:
    """Find the positions of values.

    :param text: a YAML document.
    :param keys: key paths, such as ``packages[3].sha256``.
    :returns: the position of each that is there; a path that is not gets the position of its nearest parent.
    """
    wanted = set(keys)
    found: dict[str, Position] = {}
    for key in wanted:
        for parent in _parents(key):
            found.setdefault(parent, (1, 1))
    missing = set(wanted)
    try:
        for path, position in _positions(text):
            if path in found:
                found[path] = position
                missing.discard(path)
                if not missing:
                    break
    except LockError:
        # The text was readable before; what is found up to here is all that there is to know.
        pass
    return {key: next((found[path] for path in _parents(key) if found[path] != (1, 1)), (1, 1)) for key in wanted}


def _parents(key: str) -> list[str]:
    """Return the key path and the shorter ones, the longest first."""
    paths = [key]
    while key and len(paths) < MAX_DEPTH:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
        paths.append(key)
    return paths


def _events(text: str) -> Iterator[Any]:
    """Yield PyYAML's events, with its errors turned into errors of this package."""
    import yaml

    loader = yaml.CLoader if getattr(yaml, "__with_libyaml__", False) else yaml.SafeLoader
    depth = end = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            yield event
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            end = event.end_mark.index if event.end_mark else end
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark and depth + _measure_flow(text[end : mark.index]) > MAX_DEPTH:
            raise LockError(_TOO_DEEP, kind="too-deep", line=mark.line + 1, column=mark.column + 1) from error
        raise LockError(
            f"this is not valid YAML: {error.problem or error.context}",
            kind="invalid-yaml",
            line=mark.line + 1 if mark else None,
            column=mark.column + 1 if mark else None,
            hint="restore the file from version control, or lock the workspace again",
        ) from error
    except (yaml.YAMLError, RecursionError, MemoryError) as error:
        raise LockError(f"this is not valid YAML: {error}", kind="invalid-yaml") from error


def _measure_flow(text: str) -> int:
    """Return how deep the flow collections in a piece of YAML are nested.

    A parser looks ahead before it yields an event, and some give up when they see too many brackets at once, each with
    an error of its own.
    """
    depth = deepest = 0
    for bracket in _BRACKETS.findall(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket, 0)
        deepest = max(deepest, depth)
    return deepest


def _fail(event: Any, kind: str, message: str, hint: str | None = None, key: str | None = None) -> LockError:
    """Return an error at an event's position."""
    mark = event.start_mark
    return LockError(message, kind=kind, line=mark.line + 1, column=mark.column + 1, key=key or None, hint=hint)


class _Open:
    """A collection that is still open."""

    __slots__ = ("entries", "key", "path")

    def __init__(self, entries: Node, path: str) -> None:
        self.entries = entries
        self.path = path
        self.key: str | None = None

    def child_path(self) -> str:
        if isinstance(self.entries, list):
            return f"{self.path}[{len(self.entries)}]"
        return f"{self.path}.{self.key}" if self.path else str(self.key)


class _Builder:
    """A builder of the tree from events, without recursion."""

    def __init__(self) -> None:
        self.root: Node = None
        self.documents = 0
        self.stack: list[_Open] = []

    def take(self, event: Any) -> None:
        name = type(event).__name__
        if name == "ScalarEvent":
            self._add(event, _scalar_of(event))
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            self._start(event, {} if name == "MappingStartEvent" else [])
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            self.stack.pop()
        elif name == "AliasEvent":
            raise _fail(event, "anchors", "locks do not use YAML anchors and aliases", "write the value out")
        elif name == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                raise _fail(event, "several-documents", "a lock is one YAML document, and a second one starts here")

    def _start(self, event: Any, entries: Node) -> None:
        if event.anchor is not None:
            raise _fail(event, "anchors", "locks do not use YAML anchors and aliases", "write the value out")
        if len(self.stack) >= MAX_DEPTH:
            raise _fail(event, "too-deep", _TOO_DEEP)
        path = self.stack[-1].child_path() if self.stack else ""
        self._add(event, entries)
        self.stack.append(_Open(entries, path))

    def _add(self, event: Any, value: Node) -> None:
        if not self.stack:
            self.root = value
            return
        parent = self.stack[-1]
        if isinstance(parent.entries, list):
            parent.entries.append(value)
        elif parent.key is None:
            self._take_key(event, parent, value)
        else:
            parent.entries[parent.key] = value
            parent.key = None

    def _take_key(self, event: Any, parent: _Open, value: Node) -> None:
        if isinstance(value, (dict, list)):
            raise _fail(event, "invalid-key", "a key must be text", key=parent.path)
        key = "null" if value is None else str(value)
        if key in parent.entries:
            raise _fail(event, "duplicate-key", f"the key {key!r} appears twice", "keep one of them", key=parent.path)
        parent.key = key


def _scalar_of(event: Any) -> Node:
    """Return a scalar event's value: text, ``Quoted`` text, or ``None`` for a plain null."""
    if event.anchor is not None:
        raise _fail(event, "anchors", "locks do not use YAML anchors and aliases", "write the value out")
    if event.tag not in _PLAIN_TAGS:
        raise _fail(event, "unknown-tag", f"the YAML tag {event.tag!r} is not allowed in a lock", "remove it")
    control = _CONTROL.search(event.value)
    if control is not None:
        message = f"a value contains the control character U+{ord(control.group()):04X}"
        raise _fail(event, "invalid-value", message, "lock the workspace again")
    if not event.style and event.tag is None:
        return None if event.value in _NULLS else event.value
    return Quoted(event.value)


def _positions(text: str) -> Iterator[tuple[str, Position]]:
    """Yield the key path and position of every value of a document."""
    builder = _Builder()
    for event in _events(text):
        name = type(event).__name__
        if builder.stack and name in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent"):
            top = builder.stack[-1]
            if isinstance(top.entries, list) or top.key is not None:
                yield top.child_path(), (event.start_mark.line + 1, event.start_mark.column + 1)
        builder.take(event)
